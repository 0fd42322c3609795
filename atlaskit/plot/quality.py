"""How good a shape model is, against the number of its modes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from atlaskit.plot.charts import DASHES, chart_axes
from atlaskit.plot.style import DPI, PAGE_IN, PALE, TEXT_PT, Picture, color_of
from atlaskit.shape import Quality

Floats = NDArray[np.float64]


def quality(
    found: Quality | pd.DataFrame | Mapping[str, Quality | pd.DataFrame],
    *,
    unit: str = "centroid size = 1",
    title: str | None = None,
) -> NDArray[np.object_]:
    """Draw compactness, generalisation and specificity of one shape model or of some, with bands of one standard error.

    Parameters
    ----------
    found : Quality, its table, or a mapping of str to them
        By name of the model, what `atlaskit.shape.quality` found.
    unit : str
        Of the cases, and so of the distances.
    title : str, optional
        Such as the number of cases.

    Returns
    -------
    (1 + 2 U,) array of Axes
        Compactness, then generalisation and specificity by each of U measures; one line per model and panel.
    """
    named = {name: each.table if isinstance(each, Quality) else each for name, each in _named(found).items()}
    measures = list(dict.fromkeys(measure for table in named.values() for measure in table["measure"]))
    figure = Picture(figsize=(PAGE_IN, 0.4 + 2.0 * len(measures)), dpi=DPI, facecolor="white", layout="constrained")
    figure.suptitle(title or "", fontsize=TEXT_PT + 1)
    grid = figure.add_gridspec(len(measures), 3)
    compact = chart_axes(figure.add_subplot(grid[0, 0]), (0, 0), "number of modes", "compactness\n(% of variance)")
    for k, (name, table) in enumerate(named.items()):
        once = table.drop_duplicates("modes")
        modes, value, error = (once[column].to_numpy() for column in ("modes", "compactness", "compactness_se"))
        _band(compact, k, modes, 100 * value, 100 * error)
        compact.lines[-1].set_label(name)
    compact.set_ylim(top=101)
    axes = [compact]
    words = {"landmarks": f"distance of landmarks,\n{unit}", "overlap": "1 \u2212 overlap of areas"}
    for row, measure in enumerate(measures):
        for column, what in enumerate(("generalisation", "specificity"), start=1):
            label = f"{what}\n({words.get(measure, measure)})"
            ax = chart_axes(figure.add_subplot(grid[row, column]), (0, 0), "number of modes", label)
            _draw(ax, named, measure, what)
            axes.append(ax)
    handles = [
        *(compact.lines if len(named) > 1 else []),
        Patch(color=PALE, alpha=0.4, linewidth=0, label="± 1 standard error"),
    ]
    compact.legend(handles=handles, loc="lower right", fontsize=TEXT_PT, frameon=False)
    return np.array(axes, dtype=object)


def _named(found: Quality | pd.DataFrame | Mapping[str, Quality | pd.DataFrame]) -> Mapping[str, Quality | pd.DataFrame]:
    return {"": found} if isinstance(found, Quality | pd.DataFrame) else found


def _draw(ax: Axes, named: Mapping[str, pd.DataFrame], measure: str, what: str) -> None:
    """One figure of every model, by one measure."""
    for k, table in enumerate(named.values()):
        rows = table[table["measure"] == measure]
        modes, value, error = (rows[name].to_numpy(dtype=np.float64) for name in ("modes", what, f"{what}_se"))
        _band(ax, k, modes, value, error)


def _band(ax: Axes, k: int, modes: Floats, value: Floats, error: Floats) -> None:
    """A line with a band of one standard error."""
    ax.fill_between(modes, value - error, value + error, color=color_of(k), alpha=0.25, linewidth=0)
    ax.plot(modes, value, **_line(k))


def _line(k: int) -> dict[str, Any]:
    """Look of the lines of one model."""
    return {"color": color_of(k), "linestyle": DASHES[k % len(DASHES)], "linewidth": 1.2}
