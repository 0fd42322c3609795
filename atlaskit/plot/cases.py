"""Masks with the landmarks that describe them: one case, or a grid of cases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from atlaskit.contours import fill
from atlaskit.masks import Mask
from atlaskit.plot.labels import label_shapes
from atlaskit.plot.outlines import draw_outlines, wall_key
from atlaskit.plot.style import (
    DPI,
    INK,
    PAGE_IN,
    PALE,
    TEXT_PT,
    Picture,
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
_WIDTH = 0.7
_TITLE = 34
_BEYOND = "#E6E6E6"
_NEAR = 0.01  # px


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
    """Draw a mask's structures as tinted areas and its landmarks as polygons over them, cropped to what is there.

    Where structures lie over each other, the smallest has the pixel. Pixels on which a mask and its polygon disagree are dark.
    What lies beyond the image is grey.

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
        An image of the mask, one line per structure with landmarks, and dashes over the walls that structures share.
    """
    box = _content(mask, points)
    ax = shape_axes(ax, box, title=title)
    if (box[0] < -0.5 - _NEAR).any() or (box[1] > np.array(mask.image_size) - 0.5 + _NEAR).any():
        ax.add_patch(Rectangle(tuple(box[0]), *(box[1] - box[0]), color=_BEYOND, linewidth=0, zorder=-2))
        ax.add_patch(Rectangle((-0.5, -0.5), *mask.image_size, color="white", linewidth=0, zorder=-1))
    if mask.planes.any():
        _draw_planes(ax, mask, points, topology)
    draw_outlines(ax, points, topology, width=_WIDTH, dots=1.5)
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
    figure = Picture(figsize=size, dpi=DPI, facecolor="white")
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
    """Find a square window around every pixel of the structures and every landmark, in the image as far as that goes."""
    rows = np.flatnonzero(mask.planes.any(axis=(0, 2)))
    columns = np.flatnonzero(mask.planes.any(axis=(0, 1)))
    corners = [(columns[k], rows[k]) for k in (0, -1)] if rows.size else []
    content = np.vstack([points, *np.array(corners, dtype=np.float64).reshape(-1, 1, 2)])
    box, tight = window(content, margin=0.06), window(content, margin=0.0)
    half = (box[1] - box[0]).max() / 2
    low, high = np.minimum(tight[0], -0.5), np.maximum(tight[1], np.array(mask.image_size) - 0.5)
    room = np.maximum((high - low) / 2 - half, 0.0)
    middle = np.clip(box.mean(axis=0), (low + high) / 2 - room, (low + high) / 2 + room)
    return np.array([middle - half, middle + half])


def _draw_planes(ax: Axes, mask: Mask, points: Points, topology: Topology) -> None:
    """Tint the pixels of each structure, the smallest over the larger, and darken those on which a polygon disagrees."""
    names = topology.structures
    planes = {k: mask.planes[mask.structures.index(name)] for k, name in enumerate(names) if name in mask.structures}
    code = painted(planes, mask.planes.shape[1:])
    wrong = 1 + len(names)
    for index, plane in planes.items():
        outlines = (
            points[list(topology.polygon(index))],
            points[list(topology.loops[index])],
        )  # without its filler a ring is whole
        polygon = next((outline for outline in outlines if np.isfinite(outline).all()), None)
        if plane.any() and polygon is not None:
            code[fill(polygon, mask.image_size) != plane] = wrong
    box = ax.get_xlim(), ax.get_ylim()
    ax.imshow(code, cmap=ListedColormap([*tints(len(names)), to_rgba(INK, 0.85)]), vmin=0, vmax=wrong, interpolation="nearest")
    ax.set(xlim=box[0], ylim=box[1])  # imshow shows the whole image


def painted(planes: Mapping[int, NDArray[np.bool_]], size: tuple[int, ...]) -> NDArray[np.uint8]:
    """(H, W) number of the structure that has each pixel, from 1, the smallest over the larger; 0 where there is none."""
    code = np.zeros(size, dtype=np.uint8)
    for index, plane in sorted(planes.items(), key=lambda item: -np.count_nonzero(item[1])):
        code[plane] = 1 + index
    return code


def tints(structures: int) -> list[tuple[float, float, float, float]]:
    """Colours of what `painted` numbers: clear, and a light tint of each structure."""
    return [(1.0, 1.0, 1.0, 0.0), *(to_rgba(color_of(index), _TINT) for index in range(structures))]


def _draw_key(figure: Figure, topology: Topology) -> None:
    """Add the legend under all panels, in as few rows as its widest entry allows."""
    colors = [color_of(index) for index in range(len(topology.structures))]
    handles: list[Any] = [
        Patch(facecolor=to_rgba(tint, _TINT), edgecolor=tint, linewidth=0.7, label=name)
        for tint, name in zip(colors, topology.structures, strict=True)
    ]
    handles += [
        Line2D([], [], color=PALE, linewidth=_WIDTH, marker="o", markersize=2.2, label="landmarks"),
        Patch(facecolor=INK, label="disagreement"),
    ]
    if any(ax.patches for ax in figure.axes):
        handles.append(Patch(facecolor=_BEYOND, label="outside the image"))
    entries = {handle: str(handle.get_label()) for handle in handles} | wall_key(topology, _WIDTH)
    widest = (0.6 * max(map(len, entries.values())) + 5) * TEXT_PT / 72
    rows = math.ceil(len(entries) * widest / figure.get_figwidth())
    columns = math.ceil(len(entries) / rows)
    style: dict[str, Any] = {"fontsize": TEXT_PT, "frameon": False, "handler_map": {tuple: HandlerTuple(1, 0)}}
    figure.legend([*entries], [*entries.values()], loc="outside lower center", ncols=columns, **style)
