"""Errors along the mean shape, and the errors of several methods beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from atlaskit.metrics import place
from atlaskit.plot.colorbar import ERRORS, axes_with_room, draw_bar
from atlaskit.plot.labels import label_shapes, label_style
from atlaskit.plot.style import (
    DPI,
    INK,
    PALE,
    SHAPE_IN,
    SMALL_PT,
    TEXT_PT,
    Picture,
    Points,
    color_of,
    draw_outline,
    present_loops,
    shape_axes,
    window,
)
from atlaskit.topology import Topology

_SMALLEST_PT, _LARGEST_PT = 2.2, 10.0
_CROWD = 40  # more circles along an outline are smaller

Errors = Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating]]]


def error_map(
    points: Points,
    topology: Topology,
    errors: Errors,
    *,
    unit: str = "px",
    what: str = "mean error",
    every: int | None = None,
    named: Mapping[str, Mapping[float, str]] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw circles along the mean outlines, larger and darker where the error is.

    Parameters
    ----------
    points : (L, 2) array
        Mean landmarks (x, y), y down, in any unit. A structure with a NaN is skipped.
    topology : Topology
    errors : mapping of str to pair of (K,) arrays
        By structure, positions along its polygon (landmark index plus the fraction of the way to the next), and errors there;
        NaN is left out.
    unit, what : str
        Of the errors; what the colour bar says.
    every : int, optional
        Number every so many landmarks; none unless given.
    named : mapping of str to mapping of float to str, optional
        By structure, what to write beside some of its positions.
    title : str, optional
    ax : Axes, optional
        Where to draw, with room to its right for the colour bar; by default a new figure.

    Returns
    -------
    Axes
        One line per structure, one scatter per structure with errors, and a colour bar from 0 to the greatest error.
    """
    box = window(points)
    ax = shape_axes(axes_with_room(box, title), box) if ax is None else shape_axes(ax, box, title=title)
    known = [values[np.isfinite(values)] for _, values in errors.values()]
    most = max((float(values.max()) for values in known if values.size), default=0.0) or 1.0
    scale = Normalize(0.0, most)
    crowd = max((values.size for values in known), default=0)
    largest = _LARGEST_PT * min(1.0, np.sqrt(_CROWD / max(crowd, 1)))
    for index, loop in present_loops(points, topology):
        name = topology.structures[index]
        draw_outline(ax, points[loop], PALE, width=0.8, dots=0, label=name, zorder=1)
        if name in errors:
            positions, values = (array[np.isfinite(errors[name][1])] for array in errors[name])
            x, y = place(points[loop][None].astype(np.float64), positions)[0].T
            size = _SMALLEST_PT + (largest - _SMALLEST_PT) * values / most
            order = np.argsort(-size, kind="stable")  # the small ones over the large
            ax.scatter(
                x[order], y[order], s=size[order] ** 2, c=values[order], cmap=ERRORS, norm=scale,
                edgecolors="white", linewidths=0.4, zorder=2, label=name,
            )  # fmt: skip
            _write_names(ax, points[loop], (named or {}).get(name, {}))
    label_shapes(ax, points, topology, every=every, color=INK)
    draw_bar(ax, scale, f"{what} ({unit})")
    return ax


def _write_names(ax: Axes, loop: Points, names: Mapping[float, str]) -> None:
    """Write names at positions along a loop, outwards of it."""
    middle = loop.mean(axis=0)
    for position, name in names.items():
        spot = place(loop[None].astype(np.float64), np.array([position]))[0, 0]
        x, y = 11.0 * (spot - middle) / max(float(np.linalg.norm(spot - middle)), 1e-9)
        ax.annotate(name, spot, xytext=(x, -y), textcoords="offset points", **label_style(SMALL_PT, INK))


def methods(
    names: Sequence[str],
    errors: Mapping[str, Sequence[float]],
    *,
    most: Sequence[float] = (),
    unit: str = "px",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean errors of some methods, one row each, a dot per structure and a bar for their mean.

    Parameters
    ----------
    names : sequence of str
        The methods, from top to bottom.
    errors : mapping of str to sequence of float
        By structure the error of each method.
    most : sequence of float
        Of each method the 95th percentile of the errors; a thin line leads to it.
    unit : str
    title : str, optional
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        One line per structure, a vertical tick with its value per method for the mean, and one for the 95th percentile.
    """
    if ax is None:
        ax = _rows_figure(len(names), title)
    elif title:
        ax.set_title(title, fontsize=TEXT_PT, color=INK, pad=18)
    row = np.arange(len(names))
    mean = np.mean([np.asarray(values, dtype=np.float64) for values in errors.values()], axis=0)
    ax.hlines(row, 0, mean, color="#E6E6E6", linewidth=6, zorder=0)
    for index, (structure, values) in enumerate(errors.items()):
        ax.plot(values, row, "o", color=color_of(index), markersize=4, markeredgewidth=0, label=structure)
    for y, value in zip(row, mean, strict=True):
        ax.annotate(f"{value:.1f}", (value, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=SMALL_PT)
    ax.plot(mean, row, "|", color=INK, markersize=9, markeredgewidth=1.2, label="mean")
    if most:
        ax.hlines(row, mean, most, color=PALE, linewidth=0.6, zorder=0.5)
        ax.plot(most, row, "|", color=PALE, markersize=6, markeredgewidth=0.8, label="95th percentile")
    ax.set_yticks(row, names, fontsize=TEXT_PT)
    ax.set_ylim(len(names) - 0.5, -0.6)
    ax.set_xlim(left=0)
    ax.set_xlabel(f"distance of true landmarks ({unit})", fontsize=TEXT_PT)
    ax.tick_params(labelsize=TEXT_PT, length=2, width=0.5)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.legend(fontsize=SMALL_PT, frameon=False, ncols=len(errors) + 2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return ax


def _rows_figure(rows: int, title: str | None) -> Axes:
    strip = 0.16 * (1 + title.count("\n")) if title else 0.0
    figure = Picture(figsize=(SHAPE_IN + 1.6, 0.34 * rows + 1.0 + strip), dpi=DPI, facecolor="white")
    figure.set_layout_engine("constrained")
    figure.suptitle(title or "", fontsize=TEXT_PT, color=INK)
    return figure.add_subplot()
