"""The two sides of a body: how their mean shapes differ, and how asymmetric each case is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from atlaskit.plot.arrows import draw_arrows, spaced
from atlaskit.plot.charts import COLUMN_IN, chart_axes, draw_groups, split
from atlaskit.plot.labels import name_dots
from atlaskit.plot.style import DPI, INK, PAGE_IN, PALE, TEXT_PT, Picture, color_of, draw_outline, shape_axes, window
from atlaskit.shape import Symmetry

_HEAD_IN, _LEAST_IN, _TALLEST_IN = 0.3, 2.4, 3.6
_CHART_LEFT_IN, _FOOT_IN = 0.8, 0.45
_DASHED = (0, (4, 1.5))


def sides(
    found: Symmetry,
    pair: tuple[str, str],
    ratio: Sequence[float] | NDArray[np.float64],
    *,
    cases: Sequence[str] | None = None,
    colors: tuple[int, int] = (0, 1),
    named: int = 5,
) -> NDArray[np.object_]:
    """Draw how the mean shapes of two sides differ, and each case's asymmetry against the sizes of its sides.

    Parameters
    ----------
    found : Symmetry
        As of `atlaskit.shape.matching_symmetry`, of closed outlines.
    pair : pair of str
        Names of the left structure and of the right one, which is drawn as in a mirror.
    ratio : (N,) array
        Left size over right size.
    cases : (N,) sequence of str, optional
        Names, for the most asymmetric ones.
    colors : pair of int
        Places of the two structures in the topology, for their colours.
    named : int
        How many cases are named at most.

    Returns
    -------
    (2,) array of Axes
        Two outlines at one size, y down, with arrows from the right to the left one at their true length; and a dot for each
        case, whose asymmetry contains the error of its mask and landmarks.
    """
    left, right = found.mean + found.directional, found.mean - found.directional
    shape, chart = _figure(window(np.stack([left, right]), margin=0.03))
    tints = [color_of(index) for index in colors]
    draw_outline(shape, right, tints[1], width=1.2, dots=0, linestyle=_DASHED, label=pair[1])
    draw_outline(shape, left, tints[0], width=1.4, dots=0, label=pair[0])
    roots = spaced(np.arange(len(left)), left)
    draw_arrows(shape, right[roots], (left - right)[roots], color=INK, width=0.5)
    handles = [
        Line2D([], [], color=tints[0], linewidth=1.4, label=f"{pair[0]} (mean of {len(found.fluctuating)})"),
        Line2D([], [], color=tints[1], linewidth=1.2, linestyle=_DASHED, label=f"{pair[1]} in a mirror, at the same size"),
    ]
    chart.figure.legend(handles=handles, loc="upper left", ncols=2, fontsize=TEXT_PT, frameon=False)
    xy = np.column_stack([np.asarray(ratio, dtype=np.float64), found.fluctuating])
    chart_axes(chart, (0, 0), f"area of {pair[0]} / {pair[1]}", "fluctuating asymmetry and error\n(centroid size = 1)")
    draw_groups(chart, xy, split(None, np.ones(len(xy), dtype=bool)))
    chart.axvline(1.0, color=PALE, linewidth=0.7, linestyle=_DASHED, zorder=0)
    chart.set_ylim(bottom=0)
    chart.margins(0.08)
    chart.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    if cases is not None:
        most = np.argsort(-found.fluctuating)[:named]
        name_dots(chart, xy[most], [cases[k] for k in most], among=xy, color=INK)
    return np.array([shape, chart], dtype=object)


def _figure(box: NDArray[np.float64]) -> tuple[Axes, Axes]:
    """Axes for the shapes at the left, and for a chart at the right."""
    wide, high = box[1] - box[0]
    height = min(max((PAGE_IN - COLUMN_IN) * high / wide, _LEAST_IN), _TALLEST_IN)
    tall = height + _HEAD_IN
    figure = Picture(figsize=(PAGE_IN, tall), dpi=DPI, facecolor="white")
    shape = figure.add_axes((0.02, 0.0, (PAGE_IN - COLUMN_IN) / PAGE_IN - 0.02, height / tall))
    left = PAGE_IN - COLUMN_IN + _CHART_LEFT_IN
    chart = figure.add_axes((left / PAGE_IN, _FOOT_IN / tall, (PAGE_IN - left - 0.1) / PAGE_IN, (height - _FOOT_IN) / tall))
    return shape_axes(shape, box), chart
