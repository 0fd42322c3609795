"""Masks with the landmarks that describe them: one case, or a grid of cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from atlaskit.contours import fill
from atlaskit.masks import Mask
from atlaskit.plot.labels import label_shapes
from atlaskit.plot.style import (
    DPI,
    INK,
    PAGE_IN,
    PALE,
    TEXT_PT,
    Points,
    color_of,
    draw_outline,
    present_loops,
    shape_axes,
    window,
)
from atlaskit.topology import Topology

_EVERY = 8
_TINT = 0.28
_TITLE = 34
_BEYOND = "#E6E6E6"


def case(
    mask: Mask,
    points: Points,
    topology: Topology,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    numbers: bool = False,
    network: Points | None = None,
) -> Axes:
    """Draw a mask's structures as translucent areas and its landmarks as polygons over them, cropped to what is there.

    Pixels on which mask and polygon disagree are dark. What lies beyond the image is grey.

    Parameters
    ----------
    mask : Mask
    points : (L, 2) array
        Landmarks, (x, y) pixels of the mask. A structure with a NaN has no polygon.
    topology : Topology
    ax : Axes, optional
        Where to draw; by default a new figure.
    title : str, optional
    numbers : bool
        Number every eighth landmark and name the structures.
    network : (L, 2) array, optional
        The network's own landmarks, dashed.

    Returns
    -------
    Axes
        One image per structure in the mask, one line per structure with landmarks.
    """
    box = _content(mask, points)
    ax = shape_axes(ax, box, title=title)
    ax.add_patch(Rectangle(tuple(box[0]), *(box[1] - box[0]), color=_BEYOND, linewidth=0, zorder=-2))
    ax.add_patch(Rectangle((-0.5, -0.5), *mask.image_size, color="white", linewidth=0, zorder=-1))
    polygons = {topology.structures[index]: points[loop] for index, loop in present_loops(points, topology)}
    for index, name in enumerate(topology.structures):
        if name in mask.structures:
            whole = points[list(topology.polygon(index))]
            area = whole if np.isfinite(whole).all() else polygons.get(name)
            _draw_plane(ax, mask.planes[mask.structures.index(name)], area, color_of(index))
    for index, name in enumerate(topology.structures):
        if name in polygons:
            draw_outline(ax, polygons[name], color_of(index), width=0.7, dots=1.5, label=name)
    if network is not None:
        for _, loop in present_loops(network, topology):
            draw_outline(ax, network[loop], INK, width=0.5, dots=0, linestyle=(0, (3, 2)))
    if numbers:
        label_shapes(ax, points, topology, every=_EVERY)
    return ax


def cases(
    items: Sequence[tuple[str, Mask, Points]], topology: Topology, *, suptitle: str | None = None, columns: int = 4
) -> Figure:
    """Draw a grid of cases under one legend, each as `case` does.

    Parameters
    ----------
    items : sequence of (title, mask, points)
        Row by row.
    topology : Topology
    suptitle : str, optional
        Title of the whole figure.
    columns : int
        Panels in a row, at most.

    Returns
    -------
    Figure
        As wide as a page; as many Axes as items.
    """
    columns = max(1, min(columns, len(items)))
    rows = max(1, math.ceil(len(items) / columns))
    side = PAGE_IN / max(columns, 3)
    lines = max((title.count("\n") + 1 for title, _, _ in items), default=0)
    size = (side * columns, rows * (side + 0.13 * lines) + 0.6)
    figure = Figure(figsize=size, dpi=DPI, facecolor="white")
    figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.03)
    for place, (title, mask, points) in enumerate(items, start=1):
        case(mask, points, topology, ax=figure.add_subplot(rows, columns, place), title=_fitting(title))
    if suptitle:
        figure.suptitle(suptitle, fontsize=TEXT_PT + 2, color=INK)
    _draw_key(figure, topology)
    return figure


def _fitting(title: str) -> str:
    """A title whose lines fit over a panel: long ids lose their middle."""
    half = _TITLE // 2
    lines = title.split("\n")
    return "\n".join(line if len(line) <= _TITLE else f"{line[:half]}\u2026{line[-half:]}" for line in lines)


def _content(mask: Mask, points: Points) -> NDArray[np.float64]:
    """Find a square window around every pixel of the structures and every landmark."""
    rows = np.flatnonzero(mask.planes.any(axis=(0, 2)))
    columns = np.flatnonzero(mask.planes.any(axis=(0, 1)))
    corners = [(columns[k], rows[k]) for k in (0, -1)] if rows.size else []
    box = window(np.vstack([points, *np.array(corners, dtype=np.float64).reshape(-1, 1, 2)]), margin=0.06)
    half = (box[1] - box[0]).max() / 2
    middle = box.mean(axis=0)
    return np.array([middle - half, middle + half])


def _draw_plane(ax: Axes, plane: NDArray[np.bool_], polygon: Points | None, color: str) -> None:
    """Tint a structure's pixels, and darken those on which its polygon disagrees."""
    if not plane.any():
        return
    height, width = plane.shape
    code = plane.astype(np.uint8)
    if polygon is not None:
        code[fill(polygon, (width, height)) != plane] = 2
    tints = ListedColormap([(1.0, 1.0, 1.0, 0.0), to_rgba(color, _TINT), to_rgba(INK, 0.85)])
    box = ax.get_xlim(), ax.get_ylim()
    ax.imshow(code, cmap=tints, vmin=0, vmax=2, interpolation="nearest")
    ax.set(xlim=box[0], ylim=box[1])  # imshow shows the whole image


def _draw_key(figure: Figure, topology: Topology) -> None:
    """Add the legend under all panels, in as few rows as its widest entry allows."""
    tints = [color_of(index) for index in range(len(topology.structures))]
    handles: list[Any] = [
        Patch(facecolor=to_rgba(tint, _TINT), edgecolor=tint, linewidth=0.7, label=name)
        for tint, name in zip(tints, topology.structures, strict=True)
    ]
    handles += [
        Line2D([], [], color=PALE, linewidth=0.7, marker="o", markersize=2.2, label="landmarks"),
        Patch(facecolor=INK, label="disagreement"),
        Patch(facecolor=_BEYOND, label="outside the image"),
    ]
    widest = (0.6 * max(len(str(handle.get_label())) for handle in handles) + 5) * TEXT_PT / 72
    rows = math.ceil(len(handles) * widest / figure.get_figwidth())
    columns = math.ceil(len(handles) / rows)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=TEXT_PT, frameon=False)
