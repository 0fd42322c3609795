"""Paths of landmarks and maps of motion show where landmarks go."""

import io

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.quiver import Quiver

from atlaskit.contours import resample
from atlaskit.errors import InputError
from atlaskit.plot import motion_map, trajectories
from atlaskit.plot.arrows import spaced
from atlaskit.topology import Topology

T, ES = 10, 4


@pytest.fixture
def beats(points):
    """(10, 48, 2): every structure shrinks towards the middle of the picture and comes back."""
    share = np.array([0, 1, 2, 3, 4, 3.2, 2.4, 1.6, 1.2, 0.8]) / 20
    return points + share[:, None, None] * (np.array([60.0, 50.0]) - points)


@pytest.fixture
def pulse():
    """A wall of few landmarks around a cavity at both phases, and its topology."""
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    points = np.stack([np.vstack([0.6 * circle, circle]), np.vstack([0.4 * circle, 0.86 * circle])])
    return points, Topology(("cavity", "epi"), (tuple(range(16)), tuple(range(16, 32))), levels=1)


def paths(ax):
    return next(each for each in ax.collections if isinstance(each, LineCollection) and each.get_label() == "paths")


def note(ax):
    return next(text.get_text() for text in ax.texts if text.get_text().startswith("paths"))


def test_paths_lead_through_every_frame_and_close_where_the_beat_is_periodic(beats, topology):
    ax = trajectories(beats, topology, es=ES, every=1)
    segments = np.array(paths(ax).get_segments())
    assert len(segments) == T * 48
    expected = np.stack([beats, np.roll(beats, -1, axis=0)], axis=2).reshape(-1, 4)
    np.testing.assert_allclose(np.sort(segments.reshape(-1, 4), axis=0), np.sort(expected, axis=0))
    assert len(paths(trajectories(beats, topology, every=1, periodic=False)).get_segments()) == (T - 1) * 48
    bottom, top = ax.get_ylim()
    assert top < bottom and note(ax).startswith("paths of 48 of 48 landmarks; dots: end-diastole; broad: systole")


@pytest.mark.parametrize("ed", [0, 3])
def test_phases_run_from_end_diastole_around_with_end_systole_half_way(beats, topology, ed):
    turned = np.roll(beats, ed, axis=0)
    ax = trajectories(turned, topology, ed=ed, es=(ed + ES) % T, every=1)
    drawn = paths(ax)
    np.testing.assert_allclose(np.unique(drawn.get_array().round(9)), (np.arange(T) + 0.5) / T)
    assert drawn.norm(ES / T) == pytest.approx(0.5)
    first = np.flatnonzero(np.isclose(drawn.get_array(), 0.5 / T))
    np.testing.assert_allclose(sorted(np.array(drawn.get_segments())[first, 0].tolist()), sorted(turned[ed].tolist()))
    broad = np.array(drawn.get_linewidths()) > 2
    np.testing.assert_array_equal(broad, drawn.get_array() < ES / T)
    (bar,) = ax.child_axes
    assert {tick.get_text() for tick in bar.get_yticklabels()} == {"ED", "ES"}
    np.testing.assert_allclose(sorted(bar.get_yticks()), [0, ES / T, 1])


def test_colours_of_displacement_are_distances_from_end_diastole(beats, topology):
    ax = trajectories(beats, topology, color="displacement", es=ES, every=1, unit="mm", arrows=True)
    away = np.linalg.norm(beats - beats[0], axis=2)
    assert paths(ax).norm.vmax == pytest.approx(away.max())
    middle = (away + np.roll(away, -1, axis=0)) / 2
    np.testing.assert_allclose(np.sort(paths(ax).get_array()), np.sort(middle.ravel()))
    assert ax.child_axes[0].get_ylabel() == "distance from end-diastole (mm)"
    (arrows,) = [each for each in ax.collections if isinstance(each, Quiver)]
    np.testing.assert_allclose(np.column_stack([arrows.U, arrows.V]), beats[ES] - beats[0])


def test_gaps_break_paths_and_absent_structures_have_none(beats, topology):
    beats[6] = np.nan
    beats[:, 32:] = np.nan
    ax = trajectories(beats, topology, es=ES, every=1)
    segments = np.array(paths(ax).get_segments())
    assert len(segments) == (T - 2) * 32 and np.isfinite(segments).all()
    assert note(ax).startswith("paths of 32 of 32")
    beats[0] = np.nan
    assert "no outline at end-diastole" in note(trajectories(beats, topology))


def test_a_single_outline_says_that_it_has_no_motion(beats, topology):
    beats[1:] = np.nan
    for ax in (trajectories(beats, topology, es=ES), motion_map(beats, topology, es=ES)):
        assert "an outline in one frame alone: no motion is known" in [text.get_text().strip() for text in ax.texts]
    beats[1] = beats[0]
    assert "grey" not in " ".join(text.get_text() for text in motion_map(beats, topology, es=ES).texts), "nothing grey is drawn"


def test_few_paths_of_many_landmarks_are_drawn_evenly_around_the_loop():
    turn = 2 * np.pi * np.arange(256) / 256
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    beats = np.stack([circle, 0.8 * circle, 0.9 * circle])
    ax = trajectories(beats, Topology(("disc",), (tuple(range(256)),), levels=1), es=1)
    roots = np.array(paths(ax).get_segments()).reshape(3, -1, 2, 2)[0, :, 0]
    assert 16 <= len(roots) <= 64
    kept = spaced(np.arange(256), circle, gap=0.08)
    assert len({*np.diff([*kept, 256])}) == 1


@pytest.mark.filterwarnings("error")
def test_a_shape_without_extent_keeps_one_arrow() -> None:
    assert spaced(np.arange(9), np.full((9, 2), 4.0)).tolist() == [0]


def test_outlines_are_the_mean_and_both_phases_in_grey(beats, topology):
    ax = trajectories(beats, topology, es=ES)
    lines = {
        label: [line for line in ax.lines if line.get_label() == label] for label in ("base", "end-diastole", "end-systole")
    }
    assert {label: len(found) for label, found in lines.items()} == {"base": 3, "end-diastole": 3, "end-systole": 3}
    np.testing.assert_allclose(lines["base"][1].get_xydata()[:-1], beats.mean(axis=0)[16:32])
    np.testing.assert_allclose(lines["end-systole"][0].get_xydata()[:-1], beats[ES, :16])
    assert [text.get_text() for text in ax.get_legend().texts] == ["mean", "end-diastole", "end-systole"]
    on_ed = trajectories(beats, topology, es=ES, on="ed")
    assert [text.get_text() for text in on_ed.get_legend().texts] == ["end-diastole", "end-systole"]


def test_a_motion_map_colours_end_diastole_by_the_greatest_distance_of_any_frame(beats, topology):
    beats[5] = np.nan
    ax = motion_map(beats, topology, es=ES, unit="mm", title="$a_")
    ax.get_figure(root=True).savefig(io.BytesIO(), format="png")
    peak = np.linalg.norm(beats[ES] - beats[0], axis=1)
    edges = next(each for each in ax.collections if each.get_label() == "left disc")
    np.testing.assert_allclose(edges.get_array(), (peak[:16] + np.roll(peak[:16], -1)) / 2)
    np.testing.assert_allclose(edges.get_segments()[2], beats[0, 2:4])
    assert ax.child_axes[0].get_ylabel() == "greatest distance from end-diastole (mm)"


@pytest.mark.parametrize("picture", [trajectories, motion_map])
def test_motion_needs_landmarks_and_phases_that_are_frames(picture, beats, topology):
    with pytest.raises(InputError, match="all gaps"):
        picture(beats * np.nan, topology)
    with pytest.raises(InputError, match="shape"):
        picture(beats[0], topology)
    with pytest.raises(InputError, match="one of the 10 frames"):
        picture(beats, topology, es=10)
    with pytest.raises(InputError, match="Each of the 10 frames needs a number; got 2"):
        trajectories(beats, topology, frame_numbers=[8, 19])
    for frames in (1, 2):
        assert picture(beats[:frames], topology, es=frames - 1).collections
    beats[0] = np.nan
    with pytest.raises(InputError, match="frame 0 is a gap"):
        motion_map(beats, topology)


@pytest.mark.parametrize("picture", [trajectories, motion_map])
def test_names_cover_no_outline_of_either_phase(picture, pulse):
    points, topology = pulse
    ax = picture(points, topology, es=1, title="a")
    ax.get_figure(root=True).draw_without_rendering()
    outer = points[:, topology.loop_of("epi")]
    ink = np.vstack([resample(ax.transData.transform(outline), 400) for outline in outer])
    (name,) = (text.get_window_extent() for text in ax.texts if text.get_text() == "epi")
    assert not ((ink > [name.x0, name.y0]) & (ink < [name.x1, name.y1])).all(axis=1).any()


@pytest.mark.parametrize("aspect", [(0.1, 1.0), (0.35, 1.0), (1.0, 0.1)], ids=["needle", "narrow", "flat"])
@pytest.mark.parametrize("picture", [trajectories, motion_map])
def test_all_words_lie_inside_the_figure_at_any_aspect(picture, aspect, beats, topology):
    ax = picture(beats * aspect, topology, es=ES, unit="mm", title="patient0001_2CH, a long name of forty letters")
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    legend = [] if ax.get_legend() is None else [ax.get_legend()]
    words = [*ax.texts, *legend, figure.texts[0], ax.child_axes[0].yaxis.label]
    for each in words:
        extent, page = each.get_window_extent(), figure.bbox
        inside = extent.x0 >= page.x0 and extent.y0 >= page.y0 and extent.x1 <= page.x1 and extent.y1 <= page.y1
        assert inside, getattr(each, "get_text", lambda: "legend")()
