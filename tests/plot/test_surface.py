"""Pictures of surfaces show what is enclosed, where it lies, and what was not there."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from atlaskit.plot import surface
from atlaskit.plot.style import INK
from atlaskit.surfaces import Surface, enclose


@pytest.fixture
def bowl() -> Surface:
    """A cup that widens, with one slice missing."""
    angle = 2 * np.pi * np.arange(12) / 12
    stack = np.array([8.0, 12.0, np.nan, 16.0])[:, None, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return enclose(stack, 6.0)


def drawn(ax) -> Poly3DCollection:
    (body,) = [artist for artist in ax.collections if isinstance(artist, Poly3DCollection)]
    return body


def test_every_triangle_is_drawn_in_equal_aspect_with_its_unit(bowl: Surface) -> None:
    ax = surface(bowl.vertices, bowl.faces, unit="px", title="a cup")
    ax.get_figure(root=True).savefig(io.BytesIO(), format="png")
    assert len(drawn(ax).get_facecolor()) == len(bowl.faces)
    lengths = [np.ptp(limits) for limits in (ax.get_xlim(), ax.get_ylim(), ax.get_zlim())]
    aspect = np.asarray(ax._box_aspect)
    np.testing.assert_allclose(aspect / aspect.max(), np.array(lengths) / max(lengths), rtol=1e-6)
    assert [ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel(), ax.get_title()] == ["x (px)", "y (px)", "z (px)", "a cup"]


def test_light_falls_on_the_top_and_not_on_the_bottom(bowl: Surface) -> None:
    ax = surface(bowl.vertices, bowl.faces)
    ax.get_figure(root=True).savefig(io.BytesIO(), format="png")
    flat = np.array([np.ptp(bowl.vertices[face, 2]) == 0 for face in bowl.faces])
    top = flat & (bowl.vertices[bowl.faces].mean(axis=1)[:, 2] > 0)
    brightness = drawn(ax)._facecolor3d[:, :3].sum(axis=1)
    assert brightness[top].min() > brightness[flat & ~top].max()


def test_values_are_colours_with_a_bar(bowl: Surface) -> None:
    ax = surface(bowl.vertices, bowl.faces, bowl.vertices[:, 2], label="height (mm)")
    (bar,) = [other for other in ax.get_figure(root=True).axes if other is not ax]
    assert bar.get_ylabel() == "height (mm)"
    assert len(np.unique(drawn(ax)._facecolor3d, axis=0)) > 12


def test_what_rests_on_a_missing_slice_has_edges_and_a_key(bowl: Surface) -> None:
    marks = bowl.point_data["interpolated"]
    ax = surface(bowl.vertices, bowl.faces, interpolated=marks)
    edged = (drawn(ax)._edgecolor3d == to_rgba(INK)).all(axis=1)
    np.testing.assert_array_equal(edged, marks[bowl.faces].any(axis=1))
    assert 0 < edged.sum() < len(edged)
    assert "interpolated" in ax.get_legend().get_texts()[0].get_text()
    assert surface(bowl.vertices, bowl.faces, interpolated=np.zeros(len(marks), dtype=bool)).get_legend() is None


def test_axes_of_the_caller_are_used(bowl: Surface) -> None:
    ax = surface(bowl.vertices, bowl.faces)
    assert surface(bowl.vertices, bowl.faces, ax=ax) is ax
    assert len(ax.collections) == 2
