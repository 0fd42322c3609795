"""Values over a beat: the curves of a sequence, and the mean curves of groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError
from atlaskit.plot.charts import COLUMN_IN, Group, chart_axes, group_line, legend_above, split
from atlaskit.plot.courses import (
    NOTHING,
    Curves,
    Flags,
    Floats,
    Marks,
    Unit,
    beat_axes,
    draw_courses,
    frames_of,
    known_frames,
    known_mean,
    last_height,
    name_ends,
    named,
    places_of,
    say,
    set_range,
    set_title,
)
from atlaskit.plot.labels import shortened
from atlaskit.plot.style import DPI, PALE, Picture, color_of

_TALL_IN, _TWO_IN = 2.4, 4.0


def curves(
    x: ArrayLike,
    values: ArrayLike | Curves,
    *,
    unit: Unit = "ms",
    label: str = "",
    ed: Marks = None,
    es: Marks = None,
    interpolated: Flags = None,
    outliers: Flags = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw values of a sequence over its frames, with its phases and what is known of its frames.

    Parameters
    ----------
    x : (T,) array
        Times, phases or frame numbers, ascending.
    values : (T,) array, or mapping of str to (T,) array, or DataFrame
        One curve, or some by name such as that of a structure, 8 at most. A NaN is a gap, and the line is broken there.
    unit : {"ms", "phase", "frame"}
        What `x` is.
    label : str
        What the values are, with their unit, such as "area (mm²)".
    ed, es : int or sequence of int, optional
        Frames of end-diastole and end-systole. Where there are several end-diastoles, each begins a beat, and the beats are
        shaded in turn and numbered.
    interpolated : (T,) bool array, or mapping of str to such, optional
        Frames whose values were filled in: hollow dots on dashes. Of all curves, or by name.
    outliers : (T,) bool array, or mapping of str to such, optional
        Frames that do not fit their neighbours: crosses.
    title : str, optional
    ax : Axes, optional
        Where to draw, with room at the right for names; by default a new figure.

    Returns
    -------
    Axes
        For each curve a line with a dot per frame, and lines at the phases; 0 is always shown. Frames in which no curve has a
        value are shaded.

    Raises
    ------
    InputError
        For curves of another length than `x`, for more of them than can be told apart, and for a phase outside the frames.
    """
    x = places_of(x)
    drawn = named(values, len(x))
    colors = {name: color_of(k) for k, name in enumerate(drawn)}
    ax = beat_axes(ax, (COLUMN_IN, _TALL_IN), unit, label)
    draw_courses(ax, x, drawn, colors, marks=(ed, es), flags=(interpolated, outliers), title=title)
    return ax


def beat(
    x: ArrayLike,
    areas: Curves,
    strains: Curves,
    *,
    unit: Unit = "ms",
    label: str = "area (px²)",
    ed: Marks = None,
    es: Marks = None,
    interpolated: Flags = None,
    outliers: Flags = None,
    title: str | None = None,
) -> NDArray[np.object_]:
    """Draw the areas of structures over a beat, and the strain of their contours below.

    Parameters
    ----------
    x : (T,) array
        Times, phases or frame numbers, ascending.
    areas : mapping of str to (T,) array, or DataFrame
        By structure, in the unit that `label` says; a NaN is a gap.
    strains : mapping of str to (T,) array, or DataFrame
        By structure, as a share of the length at end-diastole: -0.2 is drawn as -20 %.
    unit : {"ms", "phase", "frame"}
        What `x` is.
    label : str
        Of the upper axes.
    ed, es : int or sequence of int, optional
        Frames of end-diastole and end-systole.
    interpolated, outliers : (T,) bool array, or mapping of str to such, optional
        Frames whose values were filled in, and those that do not fit their neighbours; as in `curves`.
    title : str, optional

    Returns
    -------
    (2,) array of Axes
        Areas and strains over the same x; a structure has one colour in both. Without any strain the lower ones say why.

    Raises
    ------
    InputError
        As `curves` does.
    """
    x = places_of(x)
    percent = {str(name): 100 * np.asarray(each, dtype=np.float64) for name, each in strains.items()}
    drawn = named(areas, len(x)), named(percent, len(x))
    colors = {name: color_of(k) for k, name in enumerate(dict.fromkeys([*drawn[0], *drawn[1]]))}
    figure = Picture(figsize=(COLUMN_IN, _TWO_IN), dpi=DPI, facecolor="white", layout="constrained")
    upper, lower = figure.subplots(2, sharex=True)
    chart_axes(upper, (0, 0), "", label).tick_params(labelbottom=False)
    beat_axes(lower, (0, 0), unit, "strain (%)")
    marks, flags = (ed, es), (interpolated, outliers)
    draw_courses(upper, x, drawn[0], colors, marks=marks, flags=flags, title=title)
    outlined = known_frames(drawn[0], len(x))
    why = _why_no_strain(outlined, frames_of(ed, len(x)))
    draw_courses(lower, x, drawn[1], colors, marks=marks, flags=flags, words=False, key=False, gap=~outlined, nothing=why)
    return np.array([upper, lower], dtype=object)


def _why_no_strain(outlined: NDArray[np.bool_], ed: list[int]) -> str:
    """Why nothing is known of strain, by the frames with an outline and those of end-diastole."""
    if not outlined.any() or (ed and outlined[ed].any()):
        return NOTHING
    return "no outline at end-diastole" if ed else "no end-diastole is known"


def average(
    phase: ArrayLike,
    values: ArrayLike,
    groups: Sequence[Any] | None = None,
    *,
    label: str = "",
    es: ArrayLike | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean course of a value over the beat for each group of subjects.

    Parameters
    ----------
    phase : (P,) array
        Phases from 0 at end-diastole to 1 at the next.
    values : (N, P) array
        A row per subject, at these phases; NaN where nothing is known.
    groups : (N,) sequence, optional
        A name for each subject; a categorical keeps its order. What is missing there is drawn in grey.
    label : str
        What the values are, with their unit.
    es : (N,) array, optional
        Phase of end-systole of each subject; a diamond on a group's mean curve marks their mean.
    title : str, optional
    ax : Axes, optional
        Where to draw, with room at the right for names; by default a new figure.

    Returns
    -------
    Axes
        A thin line per subject; per group its mean over those with a value and a band of one standard deviation (from two
        subjects on), named at the right with their number.

    Raises
    ------
    InputError
        When the values do not have a column for each phase.
    """
    phase, table = places_of(phase), np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(phase):
        raise InputError(f"An average needs a row per subject of {len(phase)} phases; got values of shape {table.shape}.")
    parts = [replace(each, name=shortened(each.name)) for each in split(groups, np.asarray(np.isfinite(table).any(axis=1)))]
    ax = beat_axes(ax, (COLUMN_IN, _TALL_IN + 0.2), "phase", label)
    set_title(ax, title, over_key=True)
    means = [_draw_group(ax, phase, table, group) for group in parts]
    set_range(ax, [table])
    ax.set_xlim(phase.min(), phase.max())
    banded = any((np.isfinite(table[group.rows]).sum(axis=0) > 1).any() for group in parts)
    legend_above(ax, _average_key(banded=banded, with_es=es is not None), columns=3)
    for group, mean in zip(parts, means, strict=True):
        at = np.nan if es is None else float(known_mean(np.asarray(es, dtype=np.float64)[group.rows]))
        diamond: dict[str, Any] = {"marker": "D", "markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.8}
        ax.plot([at], [np.interp(at, phase, mean)], color=group.color, zorder=5, **diamond)
    if not np.isfinite(table).any():
        say(ax, "no subject has a value")
    ends = [(last_height(mean), group) for group, mean in zip(parts, means, strict=True)]
    name_ends(ax, [(height, group.words(int(group.rows.sum())), group.color) for height, group in ends if height is not None])
    return ax


def _draw_group(ax: Axes, phase: Floats, table: Floats, group: Group) -> Floats:
    """Draw the subjects of a group, their mean and its band; returns the (P,) mean, NaN where nobody has a value."""
    rows = table[group.rows]
    alpha = float(np.clip(3.0 / max(len(rows), 1), 0.06, 0.35))
    ax.plot(phase, rows.T, color=group.color, linewidth=0.5, alpha=alpha, zorder=1)
    n, mean = np.isfinite(rows).sum(axis=0), known_mean(rows)
    sd = np.where(n > 1, np.sqrt(np.nansum((rows - mean) ** 2, axis=0) / np.maximum(n - 1, 1)), np.nan)
    ax.fill_between(phase, mean - sd, mean + sd, color=group.color, alpha=0.18, linewidth=0, zorder=2)
    ax.plot(phase, mean, **(group_line(group, crowded=False) | {"linewidth": 1.8, "label": group.name}))
    return mean


def _average_key(*, banded: bool, with_es: bool) -> list[Artist]:
    """What thin lines, bands and diamonds are."""
    diamond = Line2D([], [], linestyle="", marker="D", color=PALE, markersize=4.5, markeredgewidth=0, label="end-systole")
    return [
        Line2D([], [], color=PALE, linewidth=0.5, label="subject"),
        *([Patch(color=PALE, alpha=0.4, linewidth=0, label="mean ± sd")] if banded else []),
        *([diamond] if with_es else []),
    ]
