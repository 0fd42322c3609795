"""What charts share: axes with small type, and groups by colour and by marker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from atlaskit.plot.style import DPI, INK, NAME_PT, PALE, TEXT_PT, Picture, color_of

COLUMN_IN = 3.5
"""Width of a figure in one column of a page, inches."""

CROWD = 1000
"""More cases than this are pixels in a drawing of lines."""

DASHES = ("-", (0, (6, 1.5)), (0, (2, 1)), (0, (6, 1, 1.5, 1)))
"""Lines of groups, told apart without colour."""

NO_GROUP = "no group"
"""What cases of no group are called."""

MOST_DOTS = 10_000
"""Of more cases than this so many are drawn as dots: beyond, dots hide one another."""

_MARKERS = "o^sDvPX"
_MOST_INK = 4000.0  # area of all markers together, square points, before they shrink


@dataclass(frozen=True)
class Group:
    """Some of the cases, and how they look.

    Attributes
    ----------
    name : str
        Empty where all cases are one group.
    rows : (N,) bool array
    color, marker : str
    dashes : matplotlib line style
        Of its line or ellipse.
    """

    name: str
    rows: NDArray[np.bool_]
    color: str
    marker: str
    dashes: Any = "-"

    def words(self, dots: int) -> str:
        """What a legend says of so many dots."""
        n = int(self.rows.sum())
        count = f"n = {n}" if dots == n else f"n = {n}, {dots} shown"
        return f"{self.name} ({count})" if self.name else count


def split(groups: Sequence[Any] | None, known: NDArray[np.bool_]) -> list[Group]:
    """Groups in their order among the (N,) known cases; those of no group come last, in grey."""
    if groups is None:
        return [Group("", known, color_of(0), _MARKERS[0])]
    kinds = pd.Categorical(groups).remove_unused_categories()
    found = [
        Group(str(name), known & (kinds.codes == k), color_of(k), _MARKERS[k % len(_MARKERS)], DASHES[k % len(DASHES)])
        for k, name in enumerate(kinds.categories)
    ]
    found.append(Group(NO_GROUP, known & (kinds.codes < 0), PALE, "."))
    return [group for group in found if group.rows.any()]


def draw_groups(ax: Axes, xy: NDArray[np.float64], groups: Sequence[Group]) -> list[Line2D]:
    """Draw cases (N, 2) as one scatter per group, small groups over large ones; returns handles for a legend.

    Of more than 10 000 cases so many are drawn, the same share of each group and the same cases every time.
    """
    n = sum(int(group.rows.sum()) for group in groups)
    share = min(1.0, MOST_DOTS / max(n, 1))
    area = float(np.clip(_MOST_INK / max(share * n, 1), 1.2, 14.0))
    alpha = float(np.clip(25.0 / np.sqrt(max(share * n, 1)), 0.15, 0.75))
    handles = []
    for group in groups:
        rows = np.flatnonzero(group.rows)
        rows = rows if share == 1 else np.random.default_rng(0).choice(rows, int(np.ceil(share * len(rows))), replace=False)
        ax.scatter(
            xy[rows, 0], xy[rows, 1], s=area, color=group.color, marker=group.marker, alpha=alpha, linewidths=0,
            zorder=2 - group.rows.sum() / n, rasterized=n > CROWD, label=group.name,
        )  # fmt: skip
        label = group.words(len(rows))
        handles.append(
            Line2D([], [], linestyle="", marker=group.marker, color=group.color, markersize=4, markeredgewidth=0, label=label)
        )
    return handles


def chart_axes(ax: Axes | None, size_in: tuple[float, float], x: str, y: str) -> Axes:
    """Axes with two thin spines, small ticks and the labels of both axes; of a new figure if none are given."""
    if ax is None:
        ax = Picture(figsize=size_in, dpi=DPI, facecolor="white", layout="constrained").add_subplot()
    ax.tick_params(labelsize=TEXT_PT, width=0.6, length=2.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_linewidth(0.6)
    ax.set_xlabel(x, fontsize=NAME_PT, color=INK)
    ax.set_ylabel(y, fontsize=NAME_PT, color=INK)
    return ax


def legend_above(ax: Axes, handles: Sequence[Artist], *, columns: int = 2) -> None:
    """Put a legend over axes, where it covers no case."""
    ax.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, fontsize=TEXT_PT, frameon=False,
        borderaxespad=0.2, handletextpad=0.4, columnspacing=1.2,
    )  # fmt: skip


def group_line(group: Group, *, crowded: bool) -> dict[str, Any]:
    """Look of a group's line: its colour and dashes, in a crowd with a white rim so that it is seen."""
    rim = [withStroke(linewidth=2.6, foreground="white")] if crowded else []
    return {"color": group.color, "linestyle": group.dashes, "linewidth": 1.2, "zorder": 3, "path_effects": rim}
