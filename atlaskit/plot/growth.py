"""Growth: predicted shapes along age, and the size of each subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from atlaskit.plot.charts import COLUMN_IN, chart_axes, legend_above, split
from atlaskit.plot.colorbar import ERRORS, axes_with_room, draw_bar
from atlaskit.plot.style import INK, PALE, Points, draw_outline, present_loops, shape_axes, window
from atlaskit.topology import Topology

_FEW = 40
"""Landmarks that are shown one by one."""
_TALL_IN = 2.9
_ROUND = ((1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0))
_STEPS = (5.0, 2.0, 1.0)
_FEWEST_TICKS, _MOST_TICKS = 3, 6
_SET_AGES, _ALIKE = 12, 1e-9
"""More ages than this are no set ones, to which each subject came; and by what share two are taken for one."""
_ONE_SIZE = 1.02
"""Ratio of the largest to the smallest of shapes that count as of one size; predicted ones without size differ by less."""


def growth(
    shapes: Points,
    ages: NDArray[np.float64],
    topology: Topology,
    *,
    seen: ArrayLike | None = None,
    factor: float = 1.0,
    unit: str = "",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw shapes that are predicted along age over each other, from light to dark.

    Parameters
    ----------
    shapes : (V, L, 2) array
        Aligned; a structure with a NaN is skipped.
    ages : (V,) array
        Above 0, in order; colours go with their logarithm.
    topology : Topology
    seen : (M,) array, optional
        Ages that there are cases of: where they are few, up to six of them are written at the colour bar, in place of
        round ones.
    factor : float
        How many times farther from their mean shapes are drawn than they are, which the title says.
    unit : str
        Of the ages.
    title : str, optional
    ax : Axes, optional
        Where to draw, with room for the colour bar at the right; by default a new figure.

    Returns
    -------
    Axes
        A line for each structure and age, the oldest on top; few landmarks are dots on it. Where shapes are without size,
        the title says that all are drawn at one.
    """
    shapes, ages = np.asarray(shapes, dtype=np.float64), np.asarray(ages, dtype=np.float64)
    notes = "; ".join(filter(None, [_size_note(shapes), f"change \u00d7 {factor:g}" if factor != 1 else ""]))
    words = "\n".join(filter(None, [title, notes])) or None
    shapes = shapes.mean(axis=0) + factor * (shapes - shapes.mean(axis=0))
    box = window(shapes)
    ax = shape_axes(ax if ax is not None else axes_with_room(box, words), box, title=words if ax is not None else None)
    scale = LogNorm(float(ages.min()), float(ages.max()) if np.ptp(ages) > 0 else float(ages.min()) * 2)
    dots = 3.0 if topology.n_landmarks <= _FEW else 0.0
    for age, shape in zip(ages, shapes, strict=True):
        for index, loop in present_loops(shape, topology):
            label = f"{topology.structures[index]}, {age:g} {unit}".strip()
            draw_outline(ax, shape[loop], ERRORS(scale(age)), width=1.1, dots=dots, label=label)
    ticks = _bar_ticks(ages, None if seen is None else np.unique(np.asarray(seen, dtype=np.float64)))
    said = {float(value): f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in ticks}
    draw_bar(ax, scale, _words("age", unit), ticks=said)
    return ax


def _bar_ticks(ages: NDArray[np.float64], seen: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Ages to write: those of cases, spread in their logarithm, where these came at set ages; else round ones."""
    low, high = float(ages.min()), float(ages.max())
    inside = np.zeros(0) if seen is None else seen[(seen >= low * (1 - _ALIKE)) & (seen <= high * (1 + _ALIKE))]
    if not len(inside) and len(ages) <= _MOST_TICKS + 2:
        return ages
    if not 0 < len(inside) <= _SET_AGES:
        return _ticks(low, high)
    spread = np.linspace(np.log(inside[0]), np.log(inside[-1]), min(len(inside), _MOST_TICKS))
    return np.unique(inside[np.abs(np.log(inside) - spread[:, None]).argmin(axis=1)])


def _size_note(shapes: Points) -> str:
    """What a reader has to know of several shapes (V, L, 2) without size: that the older are not drawn larger."""
    about = shapes - np.nanmean(shapes, axis=1, keepdims=True)
    sizes = np.sqrt(np.nansum(about**2, axis=(1, 2)))
    return "all ages drawn at one size" if len(sizes) > 1 and sizes.max() <= _ONE_SIZE * sizes.min() else ""


def size_curves(
    age: NDArray[np.float64],
    size: NDArray[np.float64],
    subject: Sequence[Any],
    *,
    group: Sequence[Any] | None = None,
    fitted: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    unit: str = "",
    size_unit: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the size of each subject against age, both on logarithmic axes, on which a power of age is a straight line.

    Parameters
    ----------
    age, size : (N,) array
        Above 0; a case with a NaN is left out.
    subject : sequence of N
        Cases of one subject are joined by a line, in order of age.
    group : sequence of N, optional
        A name for each case, whose colour its subject's line has.
    fitted : pair of (V,) arrays, optional
        Ages and sizes of a curve to draw over them, such as ``Growth.ages`` and ``Growth.sizes``.
    unit, size_unit : str
        Of ages and sizes.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
    """
    age, size = np.asarray(age, dtype=np.float64), np.asarray(size, dtype=np.float64)
    who = np.array([str(name) for name in subject], dtype=object)
    known = np.isfinite(age) & np.isfinite(size)
    ax = chart_axes(ax, (COLUMN_IN, _TALL_IN), _words("age", unit), _words("centroid size", size_unit))
    ax.set(xscale="log", yscale="log")
    handles = [handle for part in split(group, known) for handle in _draw_subjects(ax, age, size, who, part)]
    if fitted is not None:
        line = ax.plot(*fitted, color=INK, linewidth=1.8, zorder=4, label="fitted within subjects")
        handles += line
    _plain_ticks(ax, age[known], size[known])
    legend_above(ax, handles)
    return ax


def _words(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _draw_subjects(ax: Axes, age: Points, size: Points, who: NDArray[np.object_], part: Any) -> list[Line2D]:
    """A line for each subject of a group; returns a handle for the legend."""
    names = list(dict.fromkeys(who[part.rows]))
    look = {"color": part.color if part.name else PALE, "linewidth": 0.7, "marker": part.marker, "markersize": 2.2}
    for name in names:
        rows = np.flatnonzero(part.rows & (who == name))
        rows = rows[np.argsort(age[rows], kind="stable")]
        ax.plot(age[rows], size[rows], markeredgewidth=0, alpha=0.8, zorder=2, label=f"_{name}", **look)
    words = f"{len(names)} subjects" if len(names) > 1 else "1 subject"
    return [Line2D([], [], label=f"{part.name} ({words})" if part.name else words, **look)]


def _plain_ticks(ax: Axes, age: Points, size: Points) -> None:
    """Ticks at few round numbers, written as such and not as powers of ten."""
    for axis, values in ((ax.xaxis, age), (ax.yaxis, size)):
        if len(values):
            axis.set_major_locator(FixedLocator(_ticks(float(values.min()), float(values.max())).tolist()))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}" if value >= 1e5 else f"{value:.6g}"))
        axis.set_minor_locator(NullLocator())


def _ticks(low: float, high: float) -> NDArray[np.float64]:
    """Round numbers between two: three to six about evenly spaced in their logarithm, else in equal steps.

    Examples
    --------
    >>> _ticks(7, 150).tolist()
    [7.0, 15.0, 30.0, 70.0, 150.0]
    >>> _ticks(840, 1540).tolist()
    [1000.0, 1200.0, 1400.0]
    >>> _ticks(515, 927).tolist()
    [600.0, 700.0, 800.0, 900.0]
    """
    decades = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in _ROUND:
        every = np.sort(np.multiply.outer(10.0**decades, np.array(steps)).ravel())
        inside = every[(every >= low * (1 - 1e-9)) & (every <= high * (1 + 1e-9))]
        if len(inside) >= _FEWEST_TICKS:
            return inside[:: -(-len(inside) // _MOST_TICKS)]
    return _even_ticks(low, high)


def _even_ticks(low: float, high: float) -> NDArray[np.float64]:
    """Multiples between two of the largest round step of which there are enough."""
    if high <= low * (1 + 1e-6):
        return np.array([low])
    decade = np.floor(np.log10(high - low))
    for step in (step * 10.0**power for power in (decade, decade - 1) for step in _STEPS):
        first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
        if last - first + 1 >= _FEWEST_TICKS:
            break
    return np.asarray(np.arange(first, last + 1) * step)
