"""Cases as dots: along two modes, and along size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy import stats

from atlaskit.errors import InputError
from atlaskit.plot.charts import COLUMN_IN, CROWD, Group, chart_axes, draw_groups, group_line, legend_above, split
from atlaskit.plot.labels import name_dots
from atlaskit.plot.style import DPI, INK, PALE, TEXT_PT, Picture, Points, draw_outline, present_loops, shape_axes, window
from atlaskit.shape.allometry import ENDS
from atlaskit.topology import Topology

Floats = NDArray[np.float64]

LEAST = 6
"""Cases that a group has at least where an ellipse is drawn around it."""

_NAMED = 8
_STRIP_IN = 1.5
_INSET = (0.47, 0.42)


def scores(
    scores: Points,
    groups: Sequence[Any] | None = None,
    *,
    pair: tuple[int, int] = (0, 1),
    explained: Points | None = None,
    coverage: float = 0.95,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cases along two modes, with the mean and an ellipse of each group.

    Parameters
    ----------
    scores : (N, M) array
        In standard deviations; a case with a NaN is left out. Of more than 10 000 cases so many are drawn as dots, a fixed
        draw; means and ellipses are always those of all.
    groups : (N,) sequence, optional
        A name for each case; a categorical keeps its order. What is missing there is drawn in grey.
    pair : pair of int
        The modes along x and y, from 0.
    explained : (M,) array, optional
        Share of the variance of each mode, for the labels of the axes: `ShapeModel.explained`.
    coverage : float
        Share of a group's normal population that its ellipse is expected to hold.
    names : (N,) sequence of str, optional
        Of the cases: those furthest outside the ellipse of their group are named.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        One scatter per group; one line per ellipse, of groups of 6 cases or more; one line per mean.

    Raises
    ------
    InputError
        For modes that the scores do not have.
    """
    shape = np.shape(scores)
    if len(shape) != 2 or not all(0 <= mode < shape[1] for mode in pair):
        raise InputError(f"Cases are drawn along two of their modes, {pair}; got scores of shape {shape}: take more modes.")
    xy = np.asarray(scores, dtype=np.float64)[:, list(pair)]
    parts = split(groups, np.isfinite(xy.sum(axis=1)))
    ax = chart_axes(ax, (COLUMN_IN, COLUMN_IN + 0.1), *(_axis(mode, explained) for mode in pair))
    ax.axhline(0, color=PALE, linewidth=0.4, zorder=0)
    ax.axvline(0, color=PALE, linewidth=0.4, zorder=0)
    handles = draw_groups(ax, xy, parts)
    for group in parts:
        _draw_spread(ax, xy[group.rows], group, coverage, group_line(group, crowded=len(xy) > CROWD))
    ax.set_aspect("equal", adjustable="datalim")
    handles.append(Line2D([], [], linestyle="", marker="o", color=INK, markersize=6.5, label="mean"))
    if any(group.rows.sum() >= LEAST for group in parts):
        handles.append(Line2D([], [], color=INK, linewidth=1.2, label=f"{100 * coverage:g} % ellipse"))
    legend_above(ax, handles)
    if names is not None:
        _name_outside(ax, xy, parts, coverage, names)
    return ax


def _name_outside(ax: Axes, xy: Floats, parts: Sequence[Group], coverage: float, names: Sequence[str]) -> None:
    """Name the cases furthest outside the ellipses of their groups."""
    far = np.zeros(len(xy))
    for group in parts:
        own = xy[group.rows]
        if len(own) >= LEAST:
            off = own - own.mean(axis=0)
            far[group.rows] = np.sqrt((off @ np.linalg.pinv(np.cov(own.T)) * off).sum(axis=1)) / _radius(len(own), coverage)
    outside = [case for case in np.argsort(-far)[:_NAMED] if far[case] > 1]
    figure = ax.get_figure(root=True)
    if figure is not None:
        figure.draw_without_rendering()  # names need the place of the axes, which their layout decides
    name_dots(ax, xy[outside], [names[case] for case in outside], among=xy[np.isfinite(xy).all(axis=1)], color=INK)


def _axis(mode: int, explained: Points | None) -> str:
    share = "" if explained is None else f", {100 * explained[mode]:.1f} % of variance"
    return f"score of mode {mode + 1} (sd){share}"


def _draw_spread(ax: Axes, xy: Floats, group: Group, coverage: float, line: dict[str, Any]) -> None:
    """The ellipse and the mean of one group."""
    if len(xy) >= LEAST:
        ax.plot(*ellipse(xy, coverage).T, **line)
    ax.plot(
        *xy.mean(axis=0)[:, None], group.marker, color=group.color, markersize=7.0, markeredgecolor="white",
        markeredgewidth=1.0, zorder=4,
    )  # fmt: skip


def ellipse(xy: Floats, coverage: float) -> Floats:
    """Region of prediction of a normal population.

    Parameters
    ----------
    xy : (N, 2) array
        A sample.
    coverage : float
        Share of further cases that lie within, expected.

    Returns
    -------
    (121, 2) float array
        Its closed outline: Hotelling's T2 of one more case at the quantile of F(2, N - 2).
    """
    radius = _radius(len(xy), coverage)
    values, axes = np.linalg.eigh(np.cov(xy.T))
    turn = np.linspace(0, 2 * np.pi, 121)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    outline: Floats = xy.mean(axis=0) + radius * circle * np.sqrt(np.maximum(values, 0)) @ axes.T
    return outline


def _radius(n: int, coverage: float) -> float:
    """Mahalanobis distance from the mean of n cases at which the ellipse lies."""
    return float(np.sqrt(2 * (n**2 - 1) / (n * (n - 2)) * stats.f.ppf(coverage, 2, n - 2)))


def allometry(
    size: Points,
    score: Points,
    groups: Sequence[Any] | None = None,
    *,
    pooled: bool = False,
    shapes: Points | None = None,
    mean: Points | None = None,
    topology: Topology | None = None,
    at: tuple[float, float] | None = None,
    unit: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw regression scores against log size, with fitted lines, and the shapes predicted at both ends.

    Parameters
    ----------
    size : (N,) array
        Centroid sizes.
    score : (N,) array
        Regression scores: shapes along the direction in which size changes them. A case with a NaN is left out.
    groups : (N,) sequence, optional
        A name for each case.
    pooled : bool
        One line through all cases, instead of one for each group.
    shapes : (2, L, 2) array, optional
        Shapes predicted at a small and at a large size; drawn to the right over the mean, in one colour, as colours are groups.
    mean : (L, 2) array, optional
        The mean shape, in grey; halfway between the two unless given.
    topology : Topology, optional
        Of the shapes; drawn only with it.
    at : pair of float, optional
        The sizes that the shapes are predicted at; the 5th and the 95th percentile of the cases unless given.
    unit : str
        Of the sizes.
    ax : Axes, optional
        Where to draw, with room to the right for shapes; by default a new figure.

    Returns
    -------
    Axes
        One scatter per group, and the lines; the shapes are its child axes, the large one first.
    """
    ax = _wide_axes() if ax is None and shapes is not None else ax
    xy = np.column_stack([np.log(np.asarray(size, dtype=np.float64)), np.asarray(score, dtype=np.float64)])
    known = np.isfinite(xy).all(axis=1)
    parts = split(groups, known)
    ax = chart_axes(ax, (COLUMN_IN, 2.9), f"log centroid size{f' (ln {unit})' if unit else ''}", "regression score")
    handles = draw_groups(ax, xy, parts)
    fitted = [Group("", known, INK, "")] if pooled else parts
    for group in fitted:
        x, y = xy[group.rows].T
        if np.ptp(x) > 0:
            ends = np.array([x.min(), x.max()])
            line = group_line(group, crowded=len(xy) > CROWD)
            ax.plot(ends, np.polynomial.Polynomial.fit(x, y, 1)(ends), **line)
    legend_above(ax, handles)
    if shapes is not None and topology is not None:
        sizes = at or np.percentile(np.exp(xy[known, 0]), ENDS)
        titles = [f"shape at {value:.4g} {unit}".rstrip() for value in sizes]
        _draw_insets(ax, shapes, shapes.mean(axis=0) if mean is None else mean, topology, titles)
    return ax


def _wide_axes() -> Axes:
    """Axes of a new figure with a strip for shapes at its right."""
    figure = Picture(figsize=(COLUMN_IN + _STRIP_IN, 2.9), dpi=DPI, facecolor="white")
    figure.set_layout_engine("constrained", rect=(0, 0, COLUMN_IN / (COLUMN_IN + _STRIP_IN), 1))
    return figure.add_subplot()


def _draw_insets(ax: Axes, shapes: Points, mean: Points, topology: Topology, titles: Sequence[str]) -> None:
    """Two shapes to the right, the large one above, where high scores are, over the mean."""
    box = window(np.stack([*shapes, mean]), margin=0.04)
    for k, bottom in ((1, 0.54), (0, 0.06)):
        inset = shape_axes(ax.inset_axes((1.04, bottom, *_INSET)), box)
        inset.set_in_layout(False)
        inset.set_title(titles[k], fontsize=TEXT_PT, color=INK, pad=2)
        for points, color, name in ((mean, PALE, "mean"), (shapes[k], INK, "predicted")):
            for _, loop in present_loops(points, topology):
                draw_outline(inset, points[loop], color, width=0.8, dots=0, label=name)
    handles = [Line2D([], [], color=color, linewidth=1.0, label=name) for color, name in ((INK, "predicted"), (PALE, "mean"))]
    inset.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, fontsize=TEXT_PT, frameon=False,
        borderaxespad=0.2, handlelength=1.2, handletextpad=0.4, columnspacing=1.0,
    )  # fmt: skip
