"""How well two readings of the same quantity agree: their difference against their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from atlaskit.errors import InputError
from atlaskit.plot.charts import COLUMN_IN, chart_axes, draw_groups, legend_above, split
from atlaskit.plot.courses import name_ends, set_title
from atlaskit.plot.labels import shortened
from atlaskit.plot.style import INK, PALE

LIMIT_SD = 1.96
"""Limits of agreement in standard deviations of the differences: 95 % of a normal population."""

_RIM = 0.08
_LETTERS = 14  # of a reading's name, for two to fit beside the axis


def agreement(
    first: ArrayLike,
    second: ArrayLike,
    groups: Sequence[Any] | None = None,
    *,
    names: tuple[str, str] = ("first", "second"),
    unit: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the difference of two readings against their mean, with bias and limits of agreement.

    Parameters
    ----------
    first, second : (N,) array
        Two readings of each case in the same unit; a case with a NaN in either is left out.
    groups : (N,) sequence, optional
        A name for each case, for its colour and marker.
    names : pair of str
        Of the two readings.
    unit : str
        Of the readings, such as "% points".
    title : str, optional
    ax : Axes, optional
        Where to draw, with room at the right for numbers; by default a new figure.

    Returns
    -------
    Axes
        One scatter per group, a line at the bias and, from two cases on, at the limits of 1.96 standard deviations (N - 1)
        around it; positive where the first reading is larger.

    Raises
    ------
    InputError
        When the readings differ in number, or no case has both.

    References
    ----------
    Bland and Altman, Lancet 327, 307-310 (1986).
    """
    a, b = (np.asarray(each, dtype=np.float64) for each in (first, second))
    if a.shape != b.shape or a.ndim != 1 or not np.isfinite(a - b).any():
        raise InputError(f"Agreement needs both readings of one case at least; got readings of shape {a.shape} and {b.shape}.")
    difference = a - b
    known = np.isfinite(difference)
    short = [shortened(name, _LETTERS) for name in names]
    measure = f" ({unit})" if unit else ""
    ax = chart_axes(ax, (COLUMN_IN, 2.6), f"mean of both{measure}", f"{short[0]} \u2212 {short[1]}{measure}")
    handles = draw_groups(ax, np.column_stack([(a + b) / 2, difference]), split(groups, known))
    bias = float(difference[known].mean())
    spread = LIMIT_SD * float(difference[known].std(ddof=1)) if known.sum() > 1 else np.nan
    ax.axhline(0, color=PALE, linewidth=0.6, zorder=0)
    heights = [bias, bias + spread, bias - spread] if np.isfinite(spread) else [bias]
    for height, dashes in zip(heights, ("-", "--", "--"), strict=False):
        ax.axhline(height, color=INK, linewidth=0.9, linestyle=dashes, zorder=1)
    low, high = min(difference[known].min(), *heights, 0.0), max(difference[known].max(), *heights, 0.0)
    rim = _RIM * ((high - low) or 1.0)
    ax.set_ylim(low - rim, high + rim)
    digits = max(0, 1 - math.floor(math.log10((high - low) or 1.0)) + 1)
    words = [f"{word} {height:+.{digits}f}" for word, height in zip(("bias", "limit", "limit"), heights, strict=False)]
    named = dict(zip([word.replace("-", "\u2212") for word in words], heights, strict=True))
    legend_above(ax, handles, columns=3)
    set_title(ax, title, over_key=True)
    name_ends(ax, [(height, name, INK) for name, height in named.items()])
    return ax
