"""Training curves: what each loss term weighs, and what validation says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator
from numpy.typing import NDArray

from atlaskit.plot.style import DPI, INK, PAGE_IN, PALE, PALETTE, TEXT_PT, Picture, color_of

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Record = Mapping[str, Any]

_DICE_TICKS = (0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)


def loss_curves(log: Sequence[Record] | pd.DataFrame, *, title: str | None = None) -> Figure:
    """Draw a training log: weighted loss terms at the left, validation at the right.

    Parameters
    ----------
    log : sequence of mapping, or DataFrame
        Records of ``log.jsonl``, with ``step`` or ``epoch``, ``losses`` and ``weights`` (by term), and in some epochs
        ``validation`` with ``dice`` and ``pull_px`` (by structure, or one number).
    title : str, optional

    Returns
    -------
    Figure
        Axes: the loss terms, then validation Dice and the distance to the groupwise positions where the log has them.
    """
    records: Sequence[Any] = log if isinstance(log, Sequence) else log.to_dict("records")
    figure = Picture(figsize=(PAGE_IN, 3.0), dpi=DPI, facecolor="white", layout="constrained")
    if title:
        figure.suptitle(title, fontsize=TEXT_PT + 2, color=INK)
    count = "step" if all("step" in record for record in records) else "epoch"
    epoch = np.array([record[count] for record in records], dtype=np.float64)
    dice, pull = (_by_name([_part(_part(r, "validation"), key) for r in records]) for key in ("dice", "pull_px"))
    right = [(curves, draw) for curves, draw in ((dice, _draw_dice), (pull, _draw_pull)) if curves]
    grid = figure.add_gridspec(max(len(right), 1), 2 if right else 1)
    terms = figure.add_subplot(grid[:, 0])
    _draw_terms(terms, epoch, _weighted(records))
    for row, (curves, draw) in enumerate(right):
        draw(figure.add_subplot(grid[row, 1], sharex=terms), epoch, curves)
    for ax in (terms, *figure.axes[-1:]):
        ax.set_xlabel(count, fontsize=TEXT_PT)
    for ax in figure.axes[1:-1]:
        ax.tick_params(labelbottom=False)
    figure.align_ylabels(figure.axes[1:])
    return figure


def _part(record: Any, key: str) -> Any:
    """One entry of a record that may be missing, or NaN as pandas fills it."""
    return record.get(key) if isinstance(record, Mapping) else None


def _by_name(parts: Sequence[Any]) -> dict[str, Floats]:
    """One value per epoch for each name; a bare number is named "all", what is missing is NaN."""
    tables = [part if isinstance(part, Mapping) else {} if part is None else {"all": part} for part in parts]
    names = dict.fromkeys(name for table in tables for name in table)
    curves = {name: np.array([table.get(name, np.nan) for table in tables], dtype=np.float64) for name in names}
    return {name: curve for name, curve in curves.items() if np.isfinite(curve).any()}


def _weighted(records: Sequence[Record]) -> dict[str, Floats]:
    """Loss terms times their weights, NaN where a term is off; a term without a weight counts once."""
    losses = _by_name([_part(record, "losses") for record in records])
    weights = _by_name([_part(record, "weights") for record in records])
    terms = {name: curve * np.nan_to_num(weights.get(name, np.ones(1)), nan=1.0) for name, curve in losses.items()}
    return {name: np.where(curve > 0, curve, np.nan) for name, curve in terms.items()}


def _draw_terms(ax: Axes, epoch: Floats, terms: Mapping[str, Floats]) -> None:
    """Draw each term, and their sum in black, on a log axis."""
    ax.set_yscale("log")
    curves = {"total": np.nansum([*terms.values()], axis=0), **terms} if terms else {}
    for k, (name, curve) in enumerate(curves.items()):
        color = color_of(k - 1) if k else INK
        dashed = "--" if k > len(PALETTE) else "-"
        ax.plot(epoch, curve, label=name, color=color, linewidth=0.9 if k else 1.4, linestyle=dashed)
    _finish(ax, "weighted loss (log scale)")


def _draw_dice(ax: Axes, epoch: Floats, curves: Mapping[str, Floats]) -> None:
    """Draw validation Dice per structure on a logit axis, which keeps .99 and .995 apart."""
    _draw_validation(ax, epoch, {name: np.clip(curve, 0.01, 0.9999) for name, curve in curves.items()})
    ax.set_yscale("logit")
    ax.yaxis.set_major_locator(FixedLocator(_DICE_TICKS))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_locator(NullLocator())
    _finish(ax, "validation Dice\n(logit scale)")


def _draw_pull(ax: Axes, epoch: Floats, curves: Mapping[str, Floats]) -> None:
    """Draw the distance of validation landmarks to their groupwise positions."""
    _draw_validation(ax, epoch, curves)
    ax.set_ylim(bottom=0)
    _finish(ax, "distance to groupwise\nlandmarks (mask px)")


def _draw_validation(ax: Axes, epoch: Floats, curves: Mapping[str, Floats]) -> None:
    """Draw one dotted line per structure through the epochs that have a value."""
    for k, (name, curve) in enumerate(curves.items()):
        seen = np.isfinite(curve)
        style: dict[str, Any] = {"linewidth": 1.0, "marker": "o", "markersize": 1.8, "clip_on": False}
        ax.plot(epoch[seen], curve[seen], color=color_of(k), label=name, **style)


def _finish(ax: Axes, ylabel: str) -> None:
    """Give axes their publication style, and each line its name at its right end instead of a legend."""
    ax.set_ylabel(ylabel, fontsize=TEXT_PT)
    ax.tick_params(labelsize=TEXT_PT, width=0.6, length=2.5)
    ax.tick_params(which="minor", width=0.4, length=1.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_linewidth(0.6)
    ax.grid(axis="y", color=PALE, alpha=0.25, linewidth=0.5)
    _name_lines(ax)


def _name_lines(ax: Axes) -> None:
    """Write each line's name at the right, moved up or down just enough to keep clear of the others."""
    curves = [(line, np.asarray(line.get_xydata(), dtype=np.float64)) for line in ax.lines]
    ends = {line: xy[np.isfinite(xy).all(axis=1)][-1] for line, xy in curves if np.isfinite(xy).all(axis=1).any()}
    if not ends:
        return
    ax.margins(x=0)
    right, _ = ax.get_xlim()[1], ax.get_ylim()  # asking settles the limits, which the transforms below need
    height = (ax.transScale + ax.transLimits).transform(np.array([*ends.values()]))[:, 1]
    order = np.argsort(height, kind="stable")
    gap = 1.25 * TEXT_PT / (ax.get_window_extent().height * 72.0 / ax.figure.dpi)
    for k, level in zip(order, _spread(height[order], gap), strict=True):
        line, end = [*ends.items()][k]
        color = str(line.get_color())
        style: dict[str, Any] = {"fontsize": TEXT_PT, "color": color, "va": "center", "textcoords": "axes fraction"}
        if end[0] == right:  # a term that ended early is named without a leader across the others
            leader = {"arrowstyle": "-", "color": color, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 1}
            style["arrowprops"] = {**leader, "relpos": (0, 0.5)}
        ax.annotate(str(line.get_label()), tuple(end), xytext=(1.05, float(level)), annotation_clip=False, **style)


def _spread(heights: Floats, gap: float) -> Floats:
    """Sorted heights moved little so that neighbours are a gap apart, within 0 and 1 where there is room."""
    steps = gap * np.arange(len(heights))
    free = heights - steps
    rising = (np.maximum.accumulate(free) + np.minimum.accumulate(free[::-1])[::-1]) / 2
    spread: Floats = np.clip(rising, 0, max(1 - steps[-1], 0)) + steps
    return spread
