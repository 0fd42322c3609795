"""The modes of a population: shapes along each of them, and how much each explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from atlaskit.plot.arrows import draw_arrows, readable_factor, spaced
from atlaskit.plot.charts import COLUMN_IN, chart_axes
from atlaskit.plot.outlines import draw_outlines, wall_key
from atlaskit.plot.style import (
    DPI,
    INK,
    NAME_PT,
    PAGE_IN,
    PALE,
    PALETTE,
    TEXT_PT,
    Picture,
    color_of,
    draw_outline,
    present_loops,
    shape_axes,
    window,
)
from atlaskit.shape import ShapeModel
from atlaskit.topology import Topology

_WIDTH = 0.8
_SIDE_IN, _HEAD_IN, _FOOT_IN, _LINE_IN = 0.62, 0.22, 0.15, 0.15
_ENTRY_IN, _LETTER_IN = 0.42, 0.054  # of a legend, about
_ABREAST = 4
_MARGIN = 0.05
_GAP = 0.045  # of arrows: panels are small

Grid = NDArray[np.object_]


def modes(
    model: ShapeModel,
    topology: Topology,
    *,
    first: int = 4,
    deviations: Sequence[float] = (-3, -2, -1, 1, 2, 3),
    arrows: bool = False,
    factor: float | None = None,
) -> Grid:
    """Draw what the first modes do to the mean shape, each with its share of the variance.

    Parameters
    ----------
    model : ShapeModel
    topology : Topology
        Of the model's landmarks.
    first : int
        How many modes; those of the model where it has fewer.
    deviations : sequence of float
        How far along each mode, in standard deviations: one column each.
    arrows : bool
        Instead of outlines, one panel per mode with arrows from the mean to +1 standard deviation.
    factor : float, optional
        How many times longer the arrows are than the displacements; the same for all modes, and the picture says it. By
        default the largest round number that can be read.

    Returns
    -------
    (M, D) array of Axes
        One row per mode and one column per deviation, all in one window, y down, the mean in grey; with `arrows` (M,).
    """
    count = min(first, len(model.modes))
    return _arrows(model, topology, count, factor) if arrows else _outlines(model, topology, count, deviations)


def _outlines(model: ShapeModel, topology: Topology, count: int, deviations: Sequence[float]) -> Grid:
    """Rows of modes, columns of deviations."""
    steps = np.asarray(deviations, dtype=np.float64)
    shapes = np.stack([model.reconstruct(np.outer(steps, np.eye(count)[mode])) for mode in range(count)])
    box = window(np.concatenate([shapes.reshape(-1, *model.mean.shape), model.mean[None]]), margin=_MARGIN)
    key = _key(topology, f"mean (n = {model.cases})")
    grid = _panels(box, count, len(steps), key, side=_SIDE_IN, head=_HEAD_IN, heads=1)
    for (mode, column), ax in np.ndenumerate(grid):
        _draw_mean(ax, model, topology)
        draw_outlines(ax, shapes[mode, column], topology, width=_WIDTH, dots=0)
        if mode == 0:
            ax.set_title(f"{steps[column]:+g} sd".replace("-", "\u2212"), fontsize=NAME_PT, color=INK, pad=3)
    for mode, ax in enumerate(grid[:, 0]):
        ax.text(
            -0.05, 0.5, _words(model, mode).replace(": ", "\n"), transform=ax.transAxes, ha="right", va="center",
            multialignment="right", fontsize=NAME_PT, color=INK,
        )  # fmt: skip
    return grid


def _arrows(model: ShapeModel, topology: Topology, count: int, factor: float | None) -> Grid:
    """One panel per mode, some abreast."""
    shift = model.modes[:count] * np.sqrt(model.variance[:count, None, None])
    factor = readable_factor(shift, model.mean) if factor is None else factor
    box = window(np.concatenate([model.mean + factor * shift, model.mean[None]]), margin=_MARGIN)
    columns = min(count, _ABREAST)
    rows = math.ceil(count / columns)
    key = _key(topology, f"mean (n = {model.cases}); arrows: +1 sd \u00d7 {factor:g}", walls=False)
    cells = _panels(box, rows, columns, key, side=0.0, head=_HEAD_IN, heads=rows).ravel()
    for ax in cells[count:]:
        ax.remove()
    for mode, ax in enumerate(cells[:count]):
        _draw_mean(ax, model, topology)
        for index, loop in present_loops(model.mean, topology):
            roots = spaced(loop, model.mean, gap=_GAP)
            draw_arrows(ax, model.mean[roots], factor * shift[mode, roots], color=color_of(index), width=0.6)
        ax.set_title(_words(model, mode), fontsize=NAME_PT, color=INK, pad=3)
    return np.array(cells[:count], dtype=object)


def _panels(
    box: NDArray[np.float64], rows: int, columns: int, key: dict[Any, str], *, side: float, head: float, heads: int
) -> Grid:
    """Axes of a new figure as wide as a page over a legend, each a window of one size; so many rows have a head."""
    width = min((PAGE_IN - side) / columns, PAGE_IN / 3)
    height = width * float(np.divide(*(box[1] - box[0])[::-1]))
    wide = side + columns * width
    lines = math.ceil(sum(_ENTRY_IN + _LETTER_IN * len(words) for words in key.values()) / wide)
    tall = rows * height + heads * head + _FOOT_IN + _LINE_IN * lines
    figure = Picture(figsize=(wide, tall), dpi=DPI, facecolor="white")
    grid = np.empty((rows, columns), dtype=object)
    for row, column in np.ndindex(rows, columns):
        top = head * min(row + 1, heads) + (row + 1) * height
        place = ((side + column * width) / wide, 1 - top / tall, width / wide, height / tall)
        grid[row, column] = shape_axes(figure.add_axes(place), box)
    figure.legend(
        [*key], [*key.values()], handler_map={tuple: HandlerTuple(1, 0)}, loc="lower center", ncols=math.ceil(len(key) / lines),
        fontsize=TEXT_PT, frameon=False, borderaxespad=0.3, columnspacing=1.2, handlelength=1.6,
    )  # fmt: skip
    return grid


def _draw_mean(ax: Axes, model: ShapeModel, topology: Topology) -> None:
    for _, loop in present_loops(model.mean, topology):
        draw_outline(ax, model.mean[loop], PALE, width=_WIDTH, dots=0, label="mean", zorder=1)


def _words(model: ShapeModel, mode: int) -> str:
    """A mode and its share of the variance."""
    return f"mode {mode + 1}: {100 * model.explained[mode]:.1f} %"


def _key(topology: Topology, mean: str, *, walls: bool = True) -> dict[Any, str]:
    """Handle and words of each structure, of shared walls and of the mean, for the legend."""
    key: dict[Any, str] = {
        Line2D([], [], color=color_of(index), linewidth=1.4): name for index, name in enumerate(topology.structures)
    }
    key |= wall_key(topology, _WIDTH) if walls else {}
    return key | {Line2D([], [], color=PALE, linewidth=_WIDTH): mean}


def scree(model: ShapeModel, *, chosen: int | None = None, most: int = 20, ax: Axes | None = None) -> Axes:
    """Draw the share of the variance that each mode explains, and all modes up to it.

    Parameters
    ----------
    model : ShapeModel
        With all its modes, if those beyond the chosen ones are to be seen.
    chosen : int, optional
        How many modes are kept: where a dashed line ends them.
    most : int
        How many modes are shown at most, if not more are chosen.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        One bar per mode, darker for the chosen ones, and one line for their sum, in percent.
    """
    shown = min(len(model.variance), max(most, (chosen or 0) + 2))
    share = 100 * model.explained
    mode = np.arange(1, shown + 1)
    ax = chart_axes(ax, (COLUMN_IN, 2.5), f"mode (n = {model.cases} cases)", "variance explained (%)")
    kept = mode <= (chosen or shown)
    ax.bar(mode, share[:shown], width=0.75, color=[PALETTE[0] if k else "#A9CCE3" for k in kept], label="of each mode")
    ax.plot(mode, share.cumsum()[:shown], "o-", color=INK, linewidth=0.9, markersize=2.4, label="of all modes up to it")
    if chosen:
        ax.axvline(chosen + 0.5, color=INK, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
        words = f"{chosen} mode{'s' if chosen > 1 else ''}: {share[:chosen].sum():.1f} %"
        left = chosen <= shown / 2
        ax.annotate(
            words, (chosen + 0.5, 50), xytext=(4 if left else -4, 0), textcoords="offset points", color=INK,
            ha="left" if left else "right", va="center", fontsize=TEXT_PT,
        )  # fmt: skip
    ax.set_xlim(0.3, shown + 0.7)
    ax.set_ylim(0, 103)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=TEXT_PT, frameon=False, borderaxespad=0.2)
    return ax
