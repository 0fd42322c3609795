"""Numbers beside landmarks and names beside structures, put where they cover no outline and no other label.

All placing is done in typographic points on the page, so that it is the same for pixels and for unit frames. Each
label in turn takes the cheapest of some spots; it pays for distance, for crossing an outline and for what it covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from atlaskit.contours import perimeter, resample, signed_area
from atlaskit.plot.style import NAME_PT, SMALL_PT, Points, color_of, present_loops
from atlaskit.topology import Topology

Floats = NDArray[np.float64]

_HALO = [withStroke(linewidth=1.6, foreground="white")]
_TURNS = np.radians([0, 20, -20, 40, -40, 60, -60, 80, -80, 180, 150, -150])
_GAPS_PT = (3.0, 5.0, 7.5, 10.5)
_RING_PT = 2.0
_INK_PT = 1.5
_CLEAR_PT = 3.0
_GRID = 61
_DOT_TURNS = np.radians(np.arange(0, 360, 15))
_NEAR_PT = 100.0
_LETTERS = 16
_WITHIN = 0.9  # of the nodes of an outline that another one goes around, which it may touch


@dataclass(frozen=True)
class _Page:
    """Axes with the outlines on them, in points, and the boxes (middle, half size) that labels have taken so far."""

    ax: Axes
    outlines: list[Floats]
    ink: Floats
    taken: list[Floats] = field(default_factory=list)

    def take(self, spots: Floats, cost: Floats, size: Floats) -> tuple[int, bool]:
        """Take the spot where a label of this size costs least, what it would cover included; False if that is a label."""
        half = size / 2 + 0.8
        covered = cKDTree(self.ink / half).query_ball_point(spots / half, 1.0, p=np.inf, return_length=True)
        boxes = np.array(self.taken).reshape(-1, 2, 2)
        clashes = (np.abs(spots[:, None] - boxes[:, 0]) < half + boxes[:, 1]).all(axis=2).sum(axis=1)
        best = int(np.argmin(cost + 3.0 * covered + 20.0 * clashes))
        free = not clashes[best]
        if free:
            self.taken.append(np.array([spots[best], half]))
        return best, free


def label_shapes(
    ax: Axes,
    points: Points,
    topology: Topology,
    *,
    every: int | None,
    color: str | None = None,
    around: Points | None = None,
) -> None:
    """Number every so many landmarks along each outline, outside it, and write each structure's name.

    Parameters
    ----------
    ax : Axes
        With its final limits and aspect.
    points : (L, 2) array
        Landmarks; structures with missing ones are skipped.
    topology : Topology
    every : int or None
        Nodes along a loop from one number to the next; None for names alone.
    color : str, optional
        One colour for all labels instead of each structure's own.
    around : (K, 2) array, optional
        Points of something else in the picture, close to each other, that labels keep clear of.
    """
    loops = present_loops(points, topology)
    if not loops:
        return
    ax.apply_aspect()
    on_page = ax.transData.transform(np.nan_to_num(points)) * 72.0 / ax.figure.dpi
    outlines = [on_page[loop] for _, loop in loops]
    ink = np.vstack([resample(line, 8 + int(perimeter(line) / _INK_PT)) for line in outlines])
    if around is not None:
        ink = np.vstack([ink, ax.transData.transform(around) * 72.0 / ax.figure.dpi])
    page = _Page(ax, outlines, ink)
    steps = [range(0, len(loop), every) if every else range(0) for _, loop in loops]
    numbered = {int(loop[k]): (own, k) for own, (_, loop) in enumerate(loops) for k in steps[own]}
    page.taken.extend(np.array([on_page[landmark], [_RING_PT, _RING_PT]]) for landmark in numbered)
    middles = [_middle(page, own, _size(topology.structures[index], NAME_PT)) for own, (index, _) in enumerate(loops)]
    colors = [color or color_of(index) for index, _ in loops]
    for landmark, (own, k) in numbered.items():
        step = _step(page, own, k, _size(str(landmark), SMALL_PT))
        x, y = (float(value) for value in points[landmark])
        ax.plot([x], [y], "o", ms=3.2, mfc="white", mec=colors[own], mew=0.8)
        if step is None:
            continue  # a number left out says more than two over each other
        ax.annotate(str(landmark), (x, y), xytext=step, textcoords="offset points", **label_style(SMALL_PT, colors[own]))
    for (index, _), color, (x, y) in zip(loops, colors, middles, strict=True):
        ax.text(x, y, topology.structures[index], fontweight="bold", **label_style(NAME_PT, color))


def _step(page: _Page, own: int, k: int, size: Floats) -> tuple[float, float] | None:
    """Step from a node to the middle of its number: outside its own outline unless that is crowded, across no other.

    None where it would cover another label.
    """
    node = page.outlines[own][k]
    steps, cost = _around(page.outlines[own], k, size)
    for index, outline in enumerate(page.outlines):
        within = Path(outline).contains_points(node + steps)
        cost += 4.0 * within if index == own else 5.0 * (within != Path(outline).contains_point(node))
    best, free = page.take(node + steps, cost, size)
    return (float(steps[best, 0]), float(steps[best, 1])) if free else None


def _around(outline: Floats, k: int, size: Floats) -> tuple[Floats, Floats]:
    """Steps from a node outwards to a label's middle, the nearest and straightest cheapest, and what each costs."""
    tangent = outline[(k + 1) % len(outline)] - outline[k - 1]
    outward = np.array([tangent[1], -tangent[0]]) * np.sign(signed_area(outline))
    angle = np.tile(np.arctan2(outward[1], outward[0]) + _TURNS, len(_GAPS_PT))
    gap = np.repeat(_GAPS_PT, len(_TURNS))
    direction = np.column_stack([np.cos(angle), np.sin(angle)])
    half_size = np.abs(direction) @ size / 2
    return direction * (gap + half_size)[:, None], 0.6 * gap + np.tile(1 - np.cos(_TURNS), len(_GAPS_PT))


def _middle(page: _Page, own: int, size: Floats) -> tuple[float, float]:
    """Middle of a structure's name, in data units: in the structure where there is room, else beside it.

    A structure around another one, such as the wall around a cavity, has it outside: between two outlines it names neither.
    """
    outline, scale = page.outlines[own], 72.0 / page.ax.figure.dpi
    edges = page.ax.get_window_extent().get_points() * scale
    low = np.maximum(outline.min(axis=0) - size, edges[0] + size / 2)
    high = np.minimum(outline.max(axis=0) + size, edges[1] - size / 2)
    spots = np.stack(np.meshgrid(*np.linspace(low, high, _GRID).T), axis=-1).reshape(-1, 2)
    owner = np.full(len(spots), -1)
    for index in sorted(range(len(page.outlines)), key=lambda each: -abs(signed_area(page.outlines[each]))):
        owner[Path(page.outlines[index]).contains_points(spots)] = index  # the smallest outline around a spot owns it
    inside = np.linalg.norm(spots - outline.mean(axis=0), axis=1)
    beside = np.linalg.norm(spots[:, None] - outline, axis=2).min(axis=1)
    around = any(Path(outline).contains_points(other).mean() > _WITHIN for k, other in enumerate(page.outlines) if k != own)
    outside = beside / 5.0 + np.where(owner < 0, 8.0, 16.0)
    cost = outside if around else np.where(owner == own, inside / 20.0, outside)
    best, _ = page.take(spots, cost, size + _CLEAR_PT)
    x, y = page.ax.transData.inverted().transform(spots[best] / scale)
    return float(x), float(y)


def name_dots(ax: Axes, dots: Points, names: Sequence[str], *, among: Points, color: str) -> None:
    """Write names beside some dots of a chart, over no other dot and no other name; a name without room is left out.

    Parameters
    ----------
    ax : Axes
        With its final limits and place.
    dots : (K, 2) array
        The most important first.
    names : sequence of str
        Long ones are shortened.
    among : (N, 2) array
        All dots.
    color : str
    """
    scale = 72.0 / ax.figure.dpi
    if not len(dots):
        return
    ink, named = ax.transData.transform(among) * scale, ax.transData.transform(dots) * scale
    page = _Page(ax, [], ink[np.abs(ink[:, None] - named).max(axis=2).min(axis=1) < _NEAR_PT])
    low, high = ax.get_window_extent().get_points() * scale
    direction = np.column_stack([np.cos(_DOT_TURNS), np.sin(_DOT_TURNS)])
    for dot, at, name in zip(dots, named, map(shortened, names), strict=True):
        size = _size(name, SMALL_PT)
        steps = np.concatenate([direction * (gap + np.abs(direction) @ size / 2)[:, None] for gap in _GAPS_PT[:3]])
        spots = at + steps
        outside = ((spots - size / 2 < low) | (spots + size / 2 > high)).any(axis=1)
        away = np.linalg.norm(np.maximum(np.abs(spots[:, None] - page.ink) - size / 2, 0), axis=2)
        own = np.linalg.norm(np.maximum(np.abs(steps) - size / 2, 0), axis=1)
        mistaken = (away < own[:, None] + _RING_PT).sum(axis=1) > 1  # about as near to another dot
        best, free = page.take(spots, np.linalg.norm(steps, axis=1) / 10 + 8.0 * mistaken + 40.0 * outside, size)
        if free and not outside[best]:
            line = {"arrowstyle": "-", "linewidth": 0.4, "color": color, "shrinkA": 0, "shrinkB": 1.5}
            style = label_style(SMALL_PT, color) | {"arrowprops": line if mistaken[best] else None}
            ax.annotate(name, (float(dot[0]), float(dot[1])), xytext=steps[best], textcoords="offset points", **style)


def shortened(name: str, letters: int = _LETTERS) -> str:
    """A name of a case with its middle left out where it is long, as what tells names apart is at their ends."""
    half = letters // 2
    return name if len(name) <= letters else f"{name[: half - 1]}\u2026{name[-half:]}"


def _size(text: str, points: float) -> Floats:
    """Width and height of a short text, about."""
    return np.array([0.66 * points * len(text), 1.05 * points])


def label_style(size: float, color: str) -> dict[str, Any]:
    """Look of a label: centred on its spot, with a white halo."""
    return {"fontsize": size, "color": color, "ha": "center", "va": "center_baseline", "path_effects": _HALO}
