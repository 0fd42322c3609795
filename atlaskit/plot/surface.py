"""Closed surfaces in space, shaded, with values as colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba
from matplotlib.patches import Patch
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from numpy.typing import NDArray

from atlaskit.plot.colorbar import ERRORS
from atlaskit.plot.style import DPI, INK, PALETTE, SHAPE_IN, SMALL_PT, TEXT_PT, Picture

Array = NDArray[np.floating[Any]]
_VIEW_DEG = (18.0, -58.0)
_LIGHT = np.array([-0.1, -0.7, 0.7]) / np.linalg.norm([-0.1, -0.7, 0.7])
_MARKED = "slice missing: interpolated"


def surface(
    vertices: Array,
    faces: NDArray[np.integer[Any]],
    values: Array | None = None,
    *,
    interpolated: NDArray[np.bool_] | None = None,
    label: str = "",
    unit: str = "mm",
    color: str = PALETTE[0],
    title: str | None = None,
    ax: Axes3D | None = None,
) -> Axes3D:
    """Draw one surface in equal aspect, seen from the side and a little from above, with slices upwards.

    Parameters
    ----------
    vertices : (V, 3) array
        (x, y, z), x and y as in the image. Axes are right-handed: this is how things are where slices follow each other away
        from the viewer of the images; else turn z before.
    faces : (F, 3) int array
        Corners of the triangles, counter-clockwise seen from outside.
    values : (V,) array, optional
        Colours, with a colour bar; a triangle has the mean of its corners.
    interpolated : (V,) bool array, optional
        As in ``Surface.point_data``: triangles that touch such vertices are drawn with dark edges, and a key says why.
    label : str
        What the values are, for the colour bar.
    unit : str
        Of the vertices.
    color : str
        Without values.
    title : str, optional
    ax : Axes3D, optional
        Where to draw, of projection ``3d``; by default a new figure.

    Returns
    -------
    Axes3D
    """
    corners: NDArray[np.float64] = np.asarray(vertices, dtype=np.float64)[faces]
    ax = _new_axes(bar=values is not None) if ax is None else ax
    body: NDArray[np.float64] = np.tile(to_rgba(color), (len(faces), 1))
    if values is not None:
        body = _coloured(ax, np.asarray(values, dtype=np.float64)[faces].mean(axis=1), label)
    marked = np.zeros(len(faces), dtype=bool) if interpolated is None else np.asarray(interpolated)[faces].any(axis=1)
    body = _lit(corners, body)
    edges = np.where(marked[:, None], to_rgba(INK), body)  # in their own colour, edges hide the seams between triangles
    widths = np.where(marked, 0.3, 0.2)
    ax.add_collection3d(Poly3DCollection(corners, facecolors=body, edgecolors=edges, linewidths=widths))
    if marked.any():
        key = Patch(facecolor="white", edgecolor=INK, linewidth=0.5, hatch="xxxx", label=_MARKED)
        ax.legend(handles=[key], loc="upper left", fontsize=SMALL_PT, frameon=False, bbox_to_anchor=(0.0, 1.0))
    _in_space(ax, corners.reshape(-1, 3), unit)
    if title:
        ax.set_title(title, fontsize=TEXT_PT, color=INK, pad=0)
    return ax


def _new_axes(*, bar: bool) -> Axes3D:
    """Axes of a new figure, with room for a colour bar."""
    figure = Picture(figsize=(SHAPE_IN + 0.6 * bar, SHAPE_IN), dpi=DPI, facecolor="white")
    ax = figure.add_axes((0.0, 0.0, 0.94 - 0.12 * bar, 0.98), projection="3d")
    assert isinstance(ax, Axes3D)
    return ax


def _coloured(ax: Axes3D, values: NDArray[np.float64], label: str) -> NDArray[np.float64]:
    """(F, 4) colours of values, with a bar that says what they are."""
    scale = Normalize(float(values.min()), float(values.max()))
    bar = ax.figure.colorbar(ScalarMappable(scale, ERRORS), ax=ax, shrink=0.6, pad=0.1, aspect=22)
    bar.set_label(label, fontsize=TEXT_PT, color=INK)
    bar.ax.tick_params(labelsize=SMALL_PT, length=2, width=0.5, colors=INK)
    bar.outline.set_linewidth(0.5)
    colours: NDArray[np.float64] = np.asarray(ERRORS(scale(values)))
    return colours


def _lit(corners: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F, 4) colours in a light from above the viewer's left; what lies in the shade keeps a third of its brightness."""
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    bright = 0.67 + 0.33 * normal @ _LIGHT
    lit: NDArray[np.float64] = np.column_stack([colours[:, :3] * bright[:, None], colours[:, 3:]])
    return lit


def _in_space(ax: Axes3D, vertices: NDArray[np.float64], unit: str) -> None:
    """Limits, equal aspect, a view without vanishing point, and quiet axes with their unit."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    rim = 0.02 * (high - low).max()
    ax.set(**{f"{name}lim": (low[k] - rim, high[k] + rim) for k, name in enumerate("xyz")})
    for k, axis in enumerate((ax.xaxis, ax.yaxis, ax.zaxis)):
        axis.set_pane_color((1.0, 1.0, 1.0, 0.0))
        axis.line.set_color("#B0B0B0")
        axis.set_tick_params(labelsize=SMALL_PT, pad=-3, colors=INK)
        axis.set_label_text(f"{'xyz'[k]} ({unit})", fontsize=SMALL_PT, color=INK)
        axis.labelpad = -8
    ax.locator_params(nbins=4)
    ax.set_box_aspect(high - low + 2 * rim, zoom=1.05)
    ax.set_proj_type("ortho")
    ax.view_init(*_VIEW_DEG)
    ax.grid(visible=False)
