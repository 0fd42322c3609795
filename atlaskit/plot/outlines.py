"""Outlines of structures in their colours; a wall that structures share has those of all of them, in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from atlaskit.plot.style import Points, color_of, draw_outline, present_loops
from atlaskit.topology import Topology

_DASH, _BROADER = 3.0, 1.8
"""Length of a dash in widths of its line, and width of a wall's line in that of others."""

Wall = tuple[tuple[int, ...], list[int]]
"""The structures that share a wall, and its landmarks in order."""


def draw_outlines(ax: Axes, points: Points, topology: Topology, *, width: float, dots: float) -> None:
    """Draw every structure that is all there: a line labelled with its name, and dashes where others share it."""
    present = present_loops(points, topology)
    for index, loop in present:
        draw_outline(ax, points[loop], color_of(index), width=width, dots=dots, label=topology.structures[index])
    for owners, path in walls(topology):
        if {*owners} <= {index for index, _ in present}:
            x, y = points[path].T
            for style in _dashes(owners, width):
                ax.plot(x, y, **style)


def wall_key(topology: Topology, width: float) -> dict[tuple[Line2D, ...], str]:
    """Handle and words of a legend's entry for shared walls, in the colours of the first; none without shared walls."""
    first = next(walls(topology), None)
    return {tuple(Line2D([], [], **style) for style in _dashes(first[0], width)): "shared wall"} if first else {}


def walls(topology: Topology) -> Iterator[Wall]:
    """Each stretch of outline that two structures or more have in common, once; a ring has the edge of its hole too."""
    of: dict[frozenset[int], tuple[int, ...]] = {}
    for structure in range(len(topology.loops)):
        polygon = topology.polygon(structure)
        once = Counter(map(frozenset, pairwise((*polygon, polygon[0]))))  # a slit is passed there and back
        of |= {edge: (*of.get(edge, ()), structure) for edge, times in once.items() if times == 1}
    drawn: set[frozenset[int]] = set()
    for loop in topology.loops:
        found = [(edge, of.get(edge, ())) for edge in map(frozenset, pairwise((*loop, loop[0])))]
        yield from _stretches(loop, [owners if edge not in drawn and len(owners) > 1 else () for edge, owners in found])
        drawn.update(edge for edge, _ in found)


def _stretches(loop: tuple[int, ...], owners: list[tuple[int, ...]]) -> Iterator[Wall]:
    """The walls along a loop, from the owners of the edge after each landmark; nobody's edges are left out."""
    n = len(loop)
    start = next((k for k in range(n) if owners[k] != owners[k - 1]), 0)
    turned = [(loop[k % n], owners[k % n]) for k in range(start, start + n)]
    path: list[int] = []
    for (landmark, own), (after, then) in pairwise([*turned, (turned[0][0], ())]):
        path = [*(path or [landmark]), after]
        if own != then:
            if own:
                yield own, path
            path = []


def _dashes(owners: tuple[int, ...], width: float) -> list[dict[str, Any]]:
    """Styles of the lines over each other that give a wall the colours of its structures in turn."""
    period = len(owners) * _DASH
    return [
        {
            "color": color_of(index),
            "linewidth": _BROADER * width,
            "dash_capstyle": "butt",
            "linestyle": (period - k * _DASH, (_DASH, period - _DASH)),
        }
        for k, index in enumerate(owners)
    ]
