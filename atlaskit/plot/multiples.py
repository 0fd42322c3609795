"""Small multiples: the curve of each subject or group in a panel of its own, all on the same axes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError
from atlaskit.plot.charts import NO_GROUP
from atlaskit.plot.courses import (
    NOTHING,
    X_LABELS,
    Flags,
    Floats,
    Marks,
    Unit,
    beat_axes,
    draw_course,
    flags_of,
    frames_of,
    known_mean,
    mark_key,
    mark_phases,
    phase_key,
    places_of,
    say,
    set_range,
)
from atlaskit.plot.labels import shortened
from atlaskit.plot.style import DPI, INK, NAME_PT, PAGE_IN, PALE, SMALL_PT, TEXT_PT, Picture, color_of

_PANEL_IN, _EDGE_IN, _LINE_IN = 1.0, 0.7, 0.11
_MOST_COLUMNS = 6


def multiples(
    x: ArrayLike | Mapping[str, ArrayLike],
    panels: Mapping[str, ArrayLike],
    *,
    unit: Unit = "ms",
    label: str = "",
    notes: Mapping[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    ed: Mapping[str, Marks] | None = None,
    es: Mapping[str, Marks] | None = None,
    interpolated: Flags = None,
    outliers: Flags = None,
    most: int = 24,
    title: str | None = None,
) -> NDArray[np.object_]:
    """Draw a small panel for each subject or group, in the order given, on shared axes.

    Parameters
    ----------
    x : (T,) array, or mapping of str to (T,) array
        Times, phases or frame numbers; of all panels or by name.
    panels : mapping of str to (T,) or (K, T) array
        One curve of a subject, or K curves of a group, which are drawn thin under their mean. A NaN is a gap.
    unit : {"ms", "phase", "frame"}
        What `x` is.
    label : str
        What the values are, with their unit.
    notes : mapping of str to str, optional
        What stands below the name of a panel, such as "FAC 52 %", in one line or more.
    groups : mapping of str to str, optional
        The group of each panel, for its colour: in order of the names of all groups that are told here, of panels or not, as
        `average` has them. A panel without a group is grey.
    ed, es : mapping of str to int or sequence of int, optional
        Frames of end-diastole and end-systole of each panel; one of each for every beat.
    interpolated, outliers : (T,) bool array, or mapping of str to such, optional
        Frames whose values were filled in, and those that do not fit their neighbours; of single curves.
    most : int
        How many panels are drawn at most, the first of each group in turn; the figure says how many are left out.
    title : str, optional

    Returns
    -------
    (n,) array of Axes
        Of one figure as wide as a page; labels stand at its left and lower edge only, and one key below.

    Raises
    ------
    InputError
        Without panels, or when a curve does not have one value for each x.
    """
    if not panels:
        raise InputError("Small multiples need at least one panel; got none: give curves by the name of their subject.")
    shown = {name: np.asarray(panels[name], dtype=np.float64) for name in _chosen(panels, groups or {}, max(most, 1))}
    places = {name: places_of(x[name] if isinstance(x, Mapping) else x) for name in shown}
    for name, values in shown.items():
        if values.ndim not in (1, 2) or values.shape[-1] != len(places[name]):
            raise InputError(
                f"A panel needs one value for each of the {len(places[name])} frames; {name!r} has the shape {values.shape}."
            )
    look = _looks(groups or {})
    colors = {name: look.get((groups or {}).get(name, ""), PALE if groups else color_of(0)) for name in shown}
    said = {name: (notes or {}).get(name, "") for name in shown}
    grid = _grid(len(shown), unit, lines=max(note.count("\n") for note in said.values()))
    marks = {name: [frames_of((each or {}).get(name), len(places[name])) for each in (ed, es)] for name in shown}
    for ax, (name, values) in zip(grid, shown.items(), strict=True):
        flags = [flags_of(each, name, len(places[name])) for each in (interpolated, outliers)]
        _draw_panel(ax, places[name], values, colors[name], flags, marks[name])
        set_range(ax, shown.values())
        words = f"{shortened(name)}\n{said[name]}" if notes else shortened(name)
        ax.set_title(words, fontsize=SMALL_PT + 0.5, color=INK, pad=2)
    _finish(grid, X_LABELS[unit], label, _words(title, len(shown), len(panels), bool(groups)))
    drawn = {(groups or {}).get(name, NO_GROUP): color for name, color in colors.items()} if groups else {}
    handles = _group_lines(drawn) if list(drawn) != list(shown) else []
    _draw_key(grid, [*handles, *_signs(shown, (interpolated, outliers), marks)])
    return grid


def _looks(groups: Mapping[str, str]) -> dict[str, str]:
    """The colour of each group, as charts of the same groups have it: in order of their names, of all that are told."""
    return {kind: color_of(k) for k, kind in enumerate(sorted(set(groups.values())))}


def _grid(count: int, unit: Unit, *, lines: int = 0) -> NDArray[np.object_]:
    """Axes of a new figure in rows of up to six, which share their ranges; only those at the edge have numbers.

    There is room above each for a name, a note, and some more lines of it.
    """
    columns = min(count, _MOST_COLUMNS if count > 8 else 4)
    rows = math.ceil(count / columns)
    tall = (_PANEL_IN if columns > 4 else 1.3 * _PANEL_IN) + _LINE_IN * lines
    figure = Picture(figsize=(PAGE_IN, _EDGE_IN + rows * tall), dpi=DPI)
    figure.set_layout_engine("constrained", h_pad=0.03, w_pad=0.03)
    cells: list[Axes] = [*figure.subplots(rows, max(columns, 3), sharex=True, sharey=True, squeeze=False)[:, :columns].ravel()]
    for ax in [each for each in figure.axes if each not in cells[:count]]:
        ax.remove()
    for k, ax in enumerate(cells[:count]):
        beat_axes(ax, (0, 0), unit, "").set_xlabel("")
        ax.tick_params(labelsize=SMALL_PT, labelbottom=k + columns >= count, labelleft=k % columns == 0)
    return np.array(cells[:count], dtype=object)


def _draw_panel(
    ax: Axes, x: Floats, values: Floats, color: str, flags: list[NDArray[np.bool_]], marks: list[list[int]]
) -> None:
    """One curve with its flags, or many under their mean, and lines at the phases."""
    if not np.isfinite(values).any():
        say(ax, NOTHING.replace(" in", "\nin"))
        return
    mark_phases(ax, x, *marks, words=False)
    if values.ndim == 1:
        hollow, crossed = (each & np.isfinite(values) for each in flags)
        draw_course(ax, x, values, color, hollow=hollow, crossed=crossed, width=0.9)
        return
    ax.plot(x, values.T, color=color, linewidth=0.4, alpha=0.35, zorder=1)
    ax.plot(x, known_mean(values), color=color, linewidth=1.4, zorder=3)


def _chosen(panels: Iterable[str], groups: Mapping[str, str], most: int) -> list[str]:
    """The first panels of each group, as many of one as of another where there are so many, in the order given."""
    place: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for name in panels:
        place[name] = seen[groups.get(name, "")]
        seen[groups.get(name, "")] += 1
    kept = set(sorted(place, key=place.__getitem__)[:most])
    return [name for name in place if name in kept]


def _words(title: str | None, shown: int, given: int, grouped: bool) -> str:
    """The title of the figure, with how many panels it leaves out."""
    which = f"{shown} of {given}, the first of each group" if grouped else f"the first {shown} of {given}"
    left = f"{which}; {given - shown} left out" if shown < given else ""
    return " \u2013 ".join(part for part in (title, left) if part)


def _finish(grid: NDArray[np.object_], x: str, y: str, title: str) -> None:
    """Write what all panels share: the labels of both axes, and the title."""
    figure = grid[0].get_figure(root=True)
    last = grid[max(k for k, ax in enumerate(grid) if ax.yaxis.get_tick_params()["labelleft"]) :]
    last[(len(last) - 1) // 2].set_xlabel(x, fontsize=NAME_PT, color=INK)  # a legend does not see the figure's own label
    figure.supylabel(y, fontsize=NAME_PT, color=INK)
    if title:
        figure.suptitle(title, fontsize=NAME_PT, color=INK)


def _group_lines(groups: Mapping[str, str]) -> list[Artist]:
    """Entries of a legend for groups, by their colours."""
    order = sorted(groups, key=lambda kind: (kind == NO_GROUP, kind))
    return [Line2D([], [], color=groups[kind], linewidth=1.4, label=kind) for kind in order]


def _signs(
    shown: Mapping[str, Floats], flags: tuple[Flags, Flags], marks: Mapping[str, Sequence[Sequence[int]]]
) -> list[Artist]:
    """Entries of a legend for the signs of frames and the lines of phases that are in use."""
    hollow, crossed = (
        any((flags_of(each, name, y.shape[-1]) & np.isfinite(y)).any() for name, y in shown.items() if y.ndim == 1)
        for each in flags
    )
    ed, es = (any(marks[name][k] for name, y in shown.items() if np.isfinite(y).any()) for k in range(2))
    return [*mark_key(hollow=hollow, crossed=crossed, gap=False), *phase_key(ed=ed, es=es)]


def _draw_key(grid: NDArray[np.object_], handles: Sequence[Artist]) -> None:
    """Add a legend below all panels, once for all of them."""
    if handles:
        grid[0].get_figure(root=True).legend(
            handles=handles, loc="outside lower center", ncols=min(len(handles), 6), fontsize=TEXT_PT, frameon=False
        )
