"""How good a shape model is, against the number of its modes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from atlaskit.plot.charts import DASHES, chart_axes
from atlaskit.plot.style import DPI, PAGE_IN, PALE, TEXT_PT, color_of


def quality(tables: pd.DataFrame | Mapping[str, pd.DataFrame], *, title: str | None = None) -> NDArray[np.object_]:
    """Draw compactness, generalisation and specificity of one shape model or of some, with bands of one standard error.

    Parameters
    ----------
    tables : DataFrame, or mapping of str to DataFrame
        By name of the model: columns modes, compactness (a share), generalisation, generalisation_se, specificity,
        specificity_se and unit. A table may have rows in several units, such as of distance and of overlap.
    title : str, optional
        Such as the number of cases.

    Returns
    -------
    (1 + 2 U,) array of Axes
        Compactness, then generalisation and specificity in each of U units; one line per model and panel.
    """
    named = {"": tables} if isinstance(tables, pd.DataFrame) else dict(tables)
    units = list(dict.fromkeys(unit for table in named.values() for unit in table["unit"]))
    figure = Figure(figsize=(PAGE_IN, 0.4 + 2.0 * len(units)), dpi=DPI, facecolor="white", layout="constrained")
    figure.suptitle(title or "", fontsize=TEXT_PT + 1)
    grid = figure.add_gridspec(len(units), 3)
    compact = chart_axes(figure.add_subplot(grid[0, 0]), (0, 0), "number of modes", "compactness\n(% of variance)")
    for k, (name, table) in enumerate(named.items()):
        once = table.drop_duplicates("modes")
        compact.plot(once["modes"], 100 * once["compactness"], label=name, **_line(k))
    compact.set_ylim(top=101)
    axes = [compact]
    for row, unit in enumerate(units):
        for column, what in enumerate(("generalisation", "specificity"), start=1):
            ax = chart_axes(figure.add_subplot(grid[row, column]), (0, 0), "number of modes", f"{what}\n({unit})")
            _draw(ax, named, unit, what)
            axes.append(ax)
    handles = [
        *(compact.lines if len(named) > 1 else []),
        Patch(color=PALE, alpha=0.4, linewidth=0, label="± 1 standard error"),
    ]
    compact.legend(handles=handles, loc="lower right", fontsize=TEXT_PT, frameon=False)
    return np.array(axes, dtype=object)


def _draw(ax: Axes, named: Mapping[str, pd.DataFrame], unit: str, what: str) -> None:
    """One measure of every model, in one unit."""
    for k, table in enumerate(named.values()):
        rows = table[table["unit"] == unit]
        modes, value, error = (rows[name].to_numpy(dtype=np.float64) for name in ("modes", what, f"{what}_se"))
        ax.fill_between(modes, value - error, value + error, color=color_of(k), alpha=0.25, linewidth=0)
        ax.plot(modes, value, **_line(k))


def _line(k: int) -> dict[str, Any]:
    """Look of the lines of one model."""
    return {"color": color_of(k), "linestyle": DASHES[k % len(DASHES)], "linewidth": 1.2}
