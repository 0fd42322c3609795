"""A film shows the mask, the landmarks and the value of each frame, and says where something is missing."""

import warnings

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from atlaskit.contours import signed_area
from atlaskit.errors import InputError
from atlaskit.phantom import cine
from atlaskit.plot import PALETTE, beating
from atlaskit.topology import Topology

T = 6


@pytest.fixture(scope="module")
def case():
    """Landmarks (6, 24, 2), planes (6, 2, 64, 64) and topology of a beating phantom."""
    phantom = cine(1, frames=T, size=64)
    points = np.concatenate([phantom.landmarks[name] for name in phantom.structures], axis=1)
    topology = Topology(phantom.structures, (tuple(range(12)), tuple(range(12, 24))), levels=1)
    return points, np.stack([phantom.mask(frame).planes for frame in range(T)]), topology


def at(film, frame):
    """Both axes of a film at a frame; a film that is never shown warns when it goes."""
    film._draw_was_started = True
    film._func(frame)
    return film._fig.axes


def said(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def test_each_frame_has_its_pixels_outlines_and_dot(case):
    points, planes, topology = case
    film = beating(points, topology, planes, x=40.0 * np.arange(T), unit="ms", ed=0, es=2)
    left, right = at(film, 3)
    image = np.asarray(left.images[0].get_array())
    np.testing.assert_array_equal(image, np.where(planes[3, 0], 1, np.where(planes[3, 1], 2, 0)))
    for index, name in enumerate(topology.structures):
        line = next(line for line in left.lines if line.get_label() == name)
        loop = points[3, topology.loop_of(name)]
        np.testing.assert_allclose(line.get_xydata(), [*loop, loop[0]])
        assert to_hex(line.get_color()).upper() == PALETTE[index]
    dots = np.array([line.get_xydata()[0] for line in right.lines if line.get_markersize() == 7])
    areas = [abs(signed_area(points[3, topology.loop_of(name)])) for name in topology.structures]
    np.testing.assert_allclose(dots, [[120, areas[0]], [120, areas[1]]])
    assert left.get_title() == "frame 3 · 120 ms · diastole" and not said(left)
    assert at(film, 0)[0].get_title() == "frame 0 · 0 ms · end-diastole"
    assert at(film, 2)[0].get_title().endswith("end-systole") and at(film, 1)[0].get_title().endswith("· systole")
    later = beating(points, topology, x=40.0 * np.arange(T), unit="ms", frame_numbers=np.arange(8, 8 + T))
    assert at(later, 1)[0].get_title() == "frame 9 · 40 ms"
    assert at(beating(points, topology, x=np.arange(8, 8 + T)), 1)[0].get_title() == "frame 9", "where x is in frames"
    bottom, top = left.get_ylim()
    assert top < bottom < 63, "only the heart, y down"


def test_gaps_say_what_is_missing_and_landmarks_without_a_mask_are_dashed(case):
    points, planes, topology = (np.array(each) if isinstance(each, np.ndarray) else each for each in case)
    planes[[1, 2]], points[[2, 3]] = False, np.nan
    film = beating(points, topology, lambda frame: planes[frame])
    assert not said(at(film, 0)[0])
    assert said(at(film, 1)[0]) == said(at(film, 2)[0]) == ["no mask in this frame"]
    left = at(film, 3)[0]
    assert said(left) == ["no landmarks in this frame"]
    (words,) = (text for text in left.texts if text.get_text())
    box = words.get_window_extent().transformed(left.transAxes.inverted())
    assert box.y0 >= 0 and box.y1 < 0.15, "below the outlines"
    assert [line.is_dashed() for line in at(film, 1)[0].lines] == [True, True]
    left, right = at(film, 2)
    assert not any(np.isfinite(line.get_xydata()).all() for line in left.lines)
    assert not any(np.isfinite(line.get_ydata()).all() for line in right.lines if line.get_markersize() == 7)
    assert [line.is_dashed() for line in at(film, 0)[0].lines] == [False, False]


def test_a_film_is_a_small_gif_of_all_frames_and_the_same_every_time(case, tmp_path):
    points, planes, topology = case
    for name in ("a.gif", "b.gif"):
        beating(points, topology, planes, title="$a case_" * 20).save(tmp_path / name, writer="pillow")
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == T and film.info["loop"] == 0 and film.size == (704, 330)
    assert (tmp_path / "a.gif").stat().st_size < 1_500_000 * T / 30
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_of_many_frames_some_are_shown_and_always_both_phases(case):
    points, _, topology = case
    film = beating(points, topology, ed=0, es=3, most=3, interval_ms=50)
    at(film, 0)
    assert [*film.new_frame_seq()] == [0, 2, 3, 4] and film._interval == 100


def test_each_beat_has_its_phases(case):
    points, _, topology = case
    film = beating(np.concatenate([points, points]), topology, ed=[1, 7], es=[3, 9], most=4)
    words = [at(film, frame)[0].get_title().split(" · ")[1] for frame in range(2 * T)]
    beat = ["end-diastole", "systole", "end-systole", "diastole", "diastole", "diastole"]
    assert words == ["diastole", *beat, *beat[:5]]
    assert [*film.new_frame_seq()] == [0, 1, 3, 6, 7, 9], "every third, and all phases"
    assert at(beating(points, topology, ed=4, es=1), 0)[0].get_title().endswith("systole"), "a beat that closes"


@pytest.mark.parametrize(("frames", "interval"), [(1, 500), (2, 500), (6, 166)])
def test_few_frames_are_shown_for_longer(case, frames, interval):
    points, _, topology = case
    film = beating(points[:frames], topology)
    at(film, 0)
    assert film._interval == interval
    many = beating(np.concatenate([points] * 4), topology)
    at(many, 0)
    assert many._interval == 60


def test_a_film_plays_in_a_notebook(case):
    points, _, topology = case
    html = beating(points[:2], topology, values={"strain": [0.0, -0.1]}, label="strain").to_jshtml()
    assert html.count("data:image/png") == 2


def test_a_film_of_what_is_not_there_is_refused(case):
    points, planes, topology = case
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for options, message in (
            ({"points": points * np.nan}, "all gaps"),
            ({"masks": planes[:, :1]}, "each of the 2 structures"),
            ({"masks": planes[:3]}, "frame 3 has"),
            ({"values": [1.0]}, "one value for each of the 6"),
            ({"x": [1.0]}, "one place on its axis"),
            ({"frame_numbers": [1]}, "a number for each of its 6"),
            ({"es": 6}, "one of the 6 frames"),
            ({"masks": lambda frame: planes[frame, :, frame:]}, "masks of one size"),
        ):
            with pytest.raises(InputError, match=message):
                beating(**({"points": points, "topology": topology} | options))
