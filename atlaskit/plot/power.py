"""How many cases a study needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter, ScalarFormatter

from atlaskit.plot.charts import COLUMN_IN, DASHES, chart_axes, legend_above
from atlaskit.plot.style import PALE, TEXT_PT, color_of
from atlaskit.shape import Power

_ENTRY_IN = 0.2
_ENTRY = 48  # letters that a legend as wide as the axes has room for


def power(found: Power | Mapping[str, Power], *, target: float = 0.8, ax: Axes | None = None) -> Axes:
    """Draw the share of studies that would find a difference, against the number of their cases.

    Parameters
    ----------
    found : Power, or mapping of str to Power
        By what is compared, such as "control to disease".
    target : float
        Power that a study should have; the legend says how many cases that needs.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        One line and one band of a standard error of the simulation for each comparison, and a line at the target. The title of
        the legend is the factor, where all are of one.
    """
    named = {found.words: found} if isinstance(found, Power) else dict(found)
    ax = chart_axes(ax, (COLUMN_IN, 2.5 + _ENTRY_IN * len(named)), "cases in each group", "power")
    lines: list[Artist] = []
    ax.axhline(target, color=PALE, linewidth=0.6, zorder=0)
    for k, (name, each) in enumerate(named.items()):
        n, share, error = (np.asarray(values) for values in (each.table.index, each.table["power"], each.table["se"]))
        ax.fill_between(n, share - error, share + error, color=color_of(k), alpha=0.25, linewidth=0)
        words = _words(name, _needed(each, target))
        look: dict[str, Any] = {"color": color_of(k), "linestyle": DASHES[k % len(DASHES)], "linewidth": 1.2}
        lines += ax.plot(n, share, marker="o", markersize=3, label=words, **look)
    ax.set_xscale("log")
    ax.set_xticks(n, labels=[f"{value:g}" for value in n])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.tick_params(which="minor", length=0)
    ax.set_ylim(0.0, 1.02)
    band = Patch(color=PALE, alpha=0.4, linewidth=0, label="± 1 standard error of the simulation")
    legend_above(ax, [*lines, band], columns=1)
    factors = {each.factor for each in named.values()}
    legend = ax.get_legend()
    if legend is not None and len(factors) == 1 and factors != {""}:
        legend.set_title(factors.pop(), prop=FontProperties(size=TEXT_PT))
        legend.set_alignment("left")
    return ax


def _words(name: str, needed: str) -> str:
    """An entry of the legend, of two lines where one would be cut off."""
    return f"{name}:{' ' if len(name) + len(needed) < _ENTRY else chr(10)}{needed}" if name else needed


def _needed(found: Power, target: float) -> str:
    """How many cases a power needs, in words."""
    needed, most, least = found.needed(target), found.table.index[-1], found.table.index[0]
    if needed is None:
        return f"{100 * target:g} % needs more than {most}"
    return f"{100 * target:g} % needs {np.ceil(needed):.0f}" + (" or fewer" if needed <= least else "")
