import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from atlaskit.plot import error_map, methods
from atlaskit.plot.correspondence import ERRORS


@pytest.fixture
def errors(topology):
    return {"left disc": (np.array([0.0, 4.0, 7.5]), np.array([1.0, 3.0, np.nan])), "bar": (np.array([2.0]), np.array([6.0]))}


def test_circles_lie_at_the_tied_positions_largest_below(points, topology, errors):
    ax = error_map(points, topology, errors)
    left, bar = ax.collections
    np.testing.assert_allclose(left.get_offsets(), points[[4, 0]])
    assert left.get_array().tolist() == [3.0, 1.0] and left.get_sizes()[0] > left.get_sizes()[1]
    np.testing.assert_allclose(bar.get_offsets(), points[[34]])
    assert all(dots.norm.vmin == 0 and dots.norm.vmax == 6 and dots.get_cmap() is ERRORS for dots in ax.collections)


def test_outlines_names_and_a_bar_with_its_unit(points, topology, errors):
    ax = error_map(points, topology, errors, unit="mm", what="slip", title="a\nb")
    assert [line.get_label() for line in ax.lines] == list(topology.structures)
    assert [text.get_text() for text in ax.texts] == list(topology.structures), "no numbers unless asked"
    assert ax.child_axes[0].get_ylabel() == "slip (mm)"
    assert "16" in [text.get_text() for text in error_map(points, topology, errors, every=8).texts]
    bottom, top = ax.get_ylim()
    assert top < bottom and ax.get_aspect() == 1.0


def test_named_positions_have_their_names_outside_the_outline(points, topology, errors):
    named = {"left disc": {4.0: "apex"}, "no structure": {1.0: "?"}}
    texts = {text.get_text(): text for text in error_map(points, topology, errors, named=named).texts}
    assert set(texts) == {"apex", *topology.structures}
    np.testing.assert_allclose(texts["apex"].xy, points[4])
    np.testing.assert_allclose(texts["apex"].xyann, (0, -11), atol=1)  # node 4 is the lowest of the disc, y down


def test_titles_stand_in_the_middle_of_a_new_figure_and_over_given_axes(points, topology, errors):
    assert error_map(points, topology, errors, title="mine").figure.get_suptitle() == "mine"
    assert methods(["a"], {"lung": [1.0]}, title="mine").figure.get_suptitle() == "mine"
    for draw in (
        lambda ax: error_map(points, topology, errors, title="mine", ax=ax),
        lambda ax: methods(["a"], {"b": [1.0]}, title="mine", ax=ax),
    ):
        ax = draw(Figure().add_subplot())
        assert ax.get_title() == "mine" and not ax.figure.get_suptitle()


def test_missing_structures_and_no_errors_at_all_still_draw(no_bar, topology, errors):
    assert len(error_map(no_bar, topology, errors).collections) == 1
    empty = error_map(no_bar, topology, {"left disc": (np.array([1.0]), np.array([np.nan]))})
    empty.get_figure(root=True).savefig(io.BytesIO(), format="png")


def test_methods_stand_from_top_to_bottom_with_a_dot_per_structure():
    ax = methods(["plain", "ours"], {"lung": [4.0, 2.0], "heart": [8.0, 1.0]}, unit="mm")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["plain", "ours"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    lung, heart, mean = ax.lines
    assert (lung.get_xdata().tolist(), heart.get_xdata().tolist()) == ([4, 2], [8, 1])
    assert mean.get_xdata().tolist() == [6.0, 1.5] and "(mm)" in ax.get_xlabel()
    *_, spread = methods(["plain", "ours"], {"lung": [4.0, 2.0]}, most=[9.0, 7.0]).lines
    assert spread.get_xdata().tolist() == [9, 7] and spread.get_label() == "95th percentile"
