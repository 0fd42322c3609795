from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from atlaskit.contours import resample
from atlaskit.plot import PALETTE, template
from atlaskit.plot.outlines import walls
from atlaskit.plot.style import MOST_CASES
from atlaskit.topology import Hole, Topology


def outlines(ax):
    return {line.get_label(): line for line in ax.lines if not str(line.get_label()).startswith("_")}


def numbers(ax):
    return [text.get_text() for text in ax.texts if isinstance(text, Annotation)]


def names(ax):
    return [text.get_text() for text in ax.texts if not isinstance(text, Annotation)]


def drawn(ax):
    FigureCanvasAgg(ax.figure).draw()
    return ax.figure.canvas.get_renderer()


def text_box(text, renderer):
    if isinstance(text, Annotation):
        text.update_positions(renderer)
    return Text.get_window_extent(text, renderer)  # an annotation's own extent would hold its node too


def test_every_structure_is_one_closed_line_in_its_colour(points, topology):
    lines = outlines(template(points, topology))
    assert list(lines) == ["left disc", "right disc", "bar"]
    for k, (name, line) in enumerate(lines.items()):
        loop = points[topology.loop_of(name)]
        np.testing.assert_array_equal(line.get_xydata(), np.vstack([loop, loop[:1]]))
        assert to_hex(line.get_color()).upper() == PALETTE[k].upper()


def test_image_orientation_and_equal_aspect(points, topology):
    ax = template(points, topology)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < points[:, 0].min() < points[:, 0].max() < right
    assert top < points[:, 1].min() < points[:, 1].max() < bottom
    assert ax.get_aspect() == 1.0


def test_the_new_figure_has_the_shape_of_the_window(points, topology):
    ax = template(points, topology)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    width, height = ax.figure.get_size_inches()
    assert width / height == pytest.approx((right - left) / (bottom - top))


@pytest.mark.parametrize(("every", "expected"), [(8, "0 8 16 24 32 40"), (6, "0 6 12 16 22 28 32 38 44")])
def test_numbers_are_landmark_indices(points, topology, every, expected):
    ax = template(points, topology, every=every)
    assert numbers(ax) == expected.split()
    for text in ax.texts[:-3]:
        np.testing.assert_array_equal(text.xy, points[int(text.get_text())])


def test_names_are_written_once_each(points, topology):
    assert names(template(points, topology)) == list(topology.structures)


@pytest.mark.parametrize("unit", [1.0, 0.001, 50.0])
def test_labels_cover_no_outline_and_no_other_label(points, topology, unit):
    ax = template(points * unit, topology, every=4)
    renderer = drawn(ax)
    ink = np.vstack([resample(ax.transData.transform(points[list(loop)] * unit), 400) for loop in topology.loops])
    boxes = [text_box(text, renderer) for text in ax.texts]
    for k, box in enumerate(boxes):
        inside = (ink > [box.x0, box.y0]) & (ink < [box.x1, box.y1])
        assert not inside.all(axis=1).any(), ax.texts[k].get_text()
        assert not any(box.overlaps(other) for other in boxes[:k]), ax.texts[k].get_text()


def test_names_stand_in_their_structures_where_there_is_room(points, topology):
    ax = template(points, topology)
    for text in ax.texts[-3:-1]:
        middle = points[topology.loop_of(text.get_text())].mean(axis=0)
        assert np.linalg.norm(np.array(text.get_position()) - middle) < 20


def test_shared_landmarks_are_numbered_once():
    turn = np.radians([90, 135, 180, 225, 270, 315, 0, 45])
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    halves = Topology(("left", "right"), ((0, 1, 2, 3, 4), (4, 5, 6, 7, 0)), levels=1)
    assert sorted(numbers(template(circle, halves, every=2)), key=int) == ["0", "2", "4", "6"]


@pytest.fixture
def ring():
    """A chamber beside a ring whose hole another chamber fills, and its landmarks."""
    turn = 2 * np.pi * np.arange(32) / 32
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    chamber = circle[8:25] * [1.6, 1.0]
    points = np.vstack([circle, 0.8 * circle, chamber[1:-1]])
    loops = (tuple(range(32)), tuple(range(32, 64)), (*range(24, 7, -1), *range(64, 79)))
    return points, Topology(("wall", "cavity", "right"), loops, levels=1, holes=(Hole(0, 1, 0, 32),))


def test_shared_walls_are_found_once_with_all_who_share_them(ring):
    found = dict(walls(ring[1]))
    assert found == {(0, 1): [*range(32, 64), 32], (0, 2): [*range(8, 25)]}


def test_shared_walls_have_dashes_of_both_colours_and_a_key(ring, topology, points):
    ax = template(*ring)
    dashed = [to_hex(line.get_color()).upper() for line in ax.lines if line.is_dashed()]
    assert dashed == [PALETTE[k].upper() for k in (0, 2, 0, 1)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["shared wall"]
    assert template(points, topology).get_legend() is None


def test_the_name_of_a_ring_stands_outside_as_between_its_outlines_it_names_neither(ring):
    for names in (("w", "cavity", "right"), ("a wall of muscle", "cavity", "right")):
        ax = template(ring[0], replace(ring[1], structures=names))
        (wall,) = (text for text in ax.texts if text.get_text() == names[0])
        assert np.linalg.norm(wall.get_position()) > 1
        (cavity,) = (text for text in ax.texts if text.get_text() == "cavity")
        assert np.linalg.norm(cavity.get_position()) < 0.2


def test_the_name_of_a_thick_wall_stands_outside_too():
    turn = 2 * np.pi * np.arange(32) / 32
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    ax = template(np.vstack([0.3 * circle, circle]), Topology(("cavity", "epi"), (tuple(range(32)), tuple(range(32, 64)))))
    (epi,) = (text for text in ax.texts if text.get_text() == "epi")
    assert 1 < np.linalg.norm(epi.get_position()) < 1.4


def test_missing_structure_is_skipped(no_bar, topology):
    ax = template(no_bar, topology)
    assert list(outlines(ax)) == names(ax) == ["left disc", "right disc"]
    assert np.isfinite([*ax.get_xlim(), *ax.get_ylim()]).all()


def test_nothing_to_draw_gives_empty_axes(points, topology):
    ax = template(np.full_like(points, np.nan), topology)
    assert not ax.lines and not ax.texts


def test_cloud_is_drawn_behind_and_thinned(points, topology):
    cloud = points + np.arange(2 * MOST_CASES)[:, None, None] * 0.01
    ax = template(points, topology, cloud=cloud)
    dots = [line for line in ax.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in dots] == [MOST_CASES * 16] * 3
    assert all(line.zorder < outline.zorder for line in dots for outline in outlines(ax).values())
    assert ax.get_xlim()[1] > cloud[..., 0].max()


def test_given_axes_are_used(points, topology):
    ax = Figure().subplots()
    assert template(points, topology, ax=ax) is ax
