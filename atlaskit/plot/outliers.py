"""Cases that are unlike the others: how far each lies, and what the most unusual ones look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from atlaskit.plot.charts import chart_axes, legend_above
from atlaskit.plot.colorbar import draw_bar, draw_coloured
from atlaskit.plot.labels import name_dots, shortened
from atlaskit.plot.style import (
    DPI,
    INK,
    PAGE_IN,
    PALE,
    PALETTE,
    TEXT_PT,
    Picture,
    Points,
    draw_outline,
    present_loops,
    shape_axes,
    window,
)
from atlaskit.shape import Outliers
from atlaskit.topology import Topology

_CHART_IN, _BAR_IN, _HEAD_IN = 2.75, 0.62, 0.34
_LEFT_IN, _FOOT_IN, _GAP_IN, _LEGEND_IN = 0.6, 0.42, 0.08, 0.52
_COLUMNS = 3
_TALLEST_IN = 2.2
_LIMIT: dict[str, Any] = {"color": INK, "linewidth": 0.7, "linestyle": (0, (4, 3))}


def outliers(
    found: Outliers,
    points: Points,
    mean: Points,
    topology: Topology,
    *,
    cases: Sequence[str] | None = None,
    unit: str = "centroid size = 1",
    most: int = 6,
) -> NDArray[np.object_]:
    """Draw how far all cases are from the others, and the most unusual ones over the mean.

    Parameters
    ----------
    found : Outliers
        Of these cases.
    points : (N, L, 2) array
        Aligned.
    mean : (L, 2) array
    topology : Topology
        Of these landmarks.
    cases : (N,) sequence of str, optional
        Names, as in the table; numbers from 0 unless given.
    unit : str
        Of the points, for the colour bar.
    most : int
        How many cases are drawn at most.

    Returns
    -------
    (1 + K,) array of Axes
        The distances along the modes and beyond them with their limits, the K cases by name if they are unlike the others.
        Cases that are so only by their distance to the mean, which has no axis, have a mark of their own. Then each of the K,
        y down: the mean in grey, and the case coloured by its distance to the mean, all by one colour bar.
    """
    names = list(range(len(points))) if cases is None else list(cases)
    shown = found.table.head(most)
    rows = [names.index(name) for name in shown["case"]]
    box = window(np.concatenate([points[rows], mean[None]]), margin=0.03)
    chart, panels = _figure(box, len(rows))
    _draw_distances(chart, found, most)
    off = np.linalg.norm(points[rows] - mean, axis=2)
    scale = Normalize(0.0, float(off.max()) or 1.0)
    for ax, row, away, (_, seen) in zip(panels, rows, off, shown.iterrows(), strict=True):
        shape_axes(ax, box)
        ax.set_title(f"{shortened(str(seen['case']))}\n{_ways(seen)}", fontsize=TEXT_PT, color=INK, pad=2)
        for index, loop in present_loops(mean, topology):
            draw_outline(ax, mean[loop], PALE, width=0.8, dots=0, label="mean", zorder=1)
            draw_coloured(ax, points[row][loop], away[loop], scale, label=topology.structures[index], width=1.4)
    strip = chart.figure.add_axes((1 - _BAR_IN / PAGE_IN, 0.0, _BAR_IN / PAGE_IN, 1.0))
    strip.set_axis_off()
    draw_bar(strip, scale, f"distance to the mean ({unit})", place=(0.1, 0.2, 0.12, 0.6))
    return np.array([chart, *panels], dtype=object)


def _ways(row: pd.Series) -> str:
    """In which ways a case is unlike the others."""
    return ", ".join(way for way in ("far", "unlikely", "beyond") if row[way]) or "within the limits"


def _figure(box: NDArray[np.float64], cases: int) -> tuple[Axes, list[Axes]]:
    """Axes for the chart at the left, and for the cases in rows at its right."""
    columns = min(cases, _COLUMNS)
    rows = -(-cases // columns)
    width = (PAGE_IN - _CHART_IN - _BAR_IN) / columns
    height = min(width * float(np.divide(*(box[1] - box[0])[::-1])), _TALLEST_IN)
    tall = max(rows * (height + _HEAD_IN), _CHART_IN)
    figure = Picture(figsize=(PAGE_IN, tall), dpi=DPI, facecolor="white")
    side = _CHART_IN - _LEFT_IN - 3 * _GAP_IN
    place = (_LEFT_IN / PAGE_IN, _FOOT_IN / tall, side / PAGE_IN, min(1 - (_FOOT_IN + _LEGEND_IN) / tall, side / tall))
    chart = chart_axes(figure.add_axes(place), (0, 0), "distance along the modes (sd)", "distance beyond the modes")
    panels = []
    for case in range(cases):
        row, column = divmod(case, columns)
        left, bottom = _CHART_IN + column * width, tall - (row + 1) * (height + _HEAD_IN)
        panels.append(figure.add_axes((left / PAGE_IN, bottom / tall, width / PAGE_IN, height / tall)))
    return chart, panels


def _draw_distances(ax: Axes, found: Outliers, named: int) -> None:
    """A dot for each case, the most unlike the others by name, and the limits."""
    along, beyond = found.limits["mahalanobis"], found.limits["residual"]
    xy = found.table[["mahalanobis", "residual"]].to_numpy(dtype=np.float64)
    kinds = _kinds(found)
    strange = ~kinds[0].rows
    ax.set_xlim(0, 1.12 * max(along, xy[:, 0].max()))
    ax.set_ylim(0, 1.12 * max(beyond, xy[:, 1].max(), 1e-12))
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    style: dict[str, Any] = {"linestyle": "", "markeredgewidth": 0, "alpha": 0.8, "rasterized": len(xy) > 1000}
    for kind in kinds:
        ax.plot(*xy[kind.rows].T, kind.marker, color=kind.color, markersize=kind.size, **style)
    ax.axvline(along, zorder=0, **_LIMIT)
    ax.axhline(beyond, zorder=0, **_LIMIT)
    names = [str(name) for name in found.table["case"][strange][:named]]
    name_dots(ax, xy[strange][:named], names, among=xy, color=INK)
    handles = [
        Line2D([], [], linestyle="", marker=kind.marker, color=kind.color, markersize=kind.size + 0.3, label=kind.label)
        for kind in kinds
        if kind.rows.any()
    ]
    handles += [Line2D([], [], label="both limits", **_LIMIT), Line2D([], [], color=PALE, linewidth=1.2, label="mean shape")]
    legend_above(ax, handles)


@dataclass(frozen=True)
class _Kind:
    """Some of the cases (N,), and how they look."""

    name: str
    rows: NDArray[np.bool_]
    marker: str
    color: str
    size: float

    @property
    def label(self) -> str:
        """What a legend says."""
        return f"{self.name} ({self.rows.sum()})"


def _kinds(found: Outliers) -> tuple[_Kind, ...]:
    """Cases like the others, those beyond the limits that lines show, and those that are only far from the mean."""
    crossing = found.table[["unlikely", "beyond"]].any(axis=1).to_numpy()
    far = found.table["far"].to_numpy() & ~crossing
    return (
        _Kind("like the others", ~crossing & ~far, "o", PALETTE[0], 2.4),
        _Kind("unlikely or beyond", crossing, "^", PALETTE[1], 4.2),
        _Kind("only far from mean", far, "D", PALETTE[6], 3.4),
    )
