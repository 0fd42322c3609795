"""The course of a value over the frames of a sequence: its line, what is known of its frames, phases and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from atlaskit.errors import InputError
from atlaskit.plot.charts import chart_axes, legend_above
from atlaskit.plot.labels import label_style, shortened
from atlaskit.plot.style import INK, NAME_PT, TEXT_PT

Floats = NDArray[np.float64]
Unit = Literal["ms", "phase", "frame"]
Flags = ArrayLike | Mapping[str, ArrayLike] | None
"""Which frames something holds for: (T,) bool for all curves, or by the name of a curve."""

Curves = Mapping[str, ArrayLike] | pd.DataFrame
"""Values over the frames by name, such as that of a structure; columns of a table have names too."""

Marks = int | Sequence[int] | None

X_LABELS: dict[str, str] = {"ms": "time (ms)", "phase": "phase of the beat", "frame": "frame"}

MOST_CURVES = 8
"""More curves than there are colours cannot be told apart."""

NOTHING = "no value in any frame"
"""What axes without a curve say, where no more is known."""

_EMPTY = "#EDEDED"
_HEADROOM, _FOOTROOM = 0.13, 0.05  # of the range of values: words of phases, and a rim below
_ED, _ES = "-", (0, (4, 2))  # lines of phases
_TURNS = 0.3  # of the range of x, at whose end words stand before their line
_WORD_PT = 62.0  # of a phase in full, with a gap
_MANY_MARKS, _MANY_BEATS = 12, 6
_LINE_PT = 8.5
_FEW_FRAMES = 60
_TITLE = 46  # letters that a figure of one column has room for


def beat_axes(ax: Axes | None, size_in: tuple[float, float], unit: Unit, label: str) -> Axes:
    """Axes of a chart over the frames of a sequence; of a new figure if none are given."""
    ax = chart_axes(ax, size_in, X_LABELS[unit], label)
    if unit == "frame":
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    return ax


def places_of(x: ArrayLike) -> Floats:
    """(T,) places of frames on the axis; `InputError` where they are unknown or not in ascending order."""
    places = np.asarray(x, dtype=np.float64)
    if places.ndim != 1 or not len(places) or not np.isfinite(places).all() or (np.diff(places) <= 0).any():
        raise InputError(
            f"Frames need known times, phases or numbers in ascending order; got {np.array2string(places, threshold=6)}: "
            "where times are unknown, take frame numbers."
        )
    return places


def named(values: ArrayLike | Curves, frames: int) -> dict[str, Floats]:
    """Curves by name as (T,) arrays, one value per frame; `InputError` for other lengths or too many curves."""
    given = values if isinstance(values, (Mapping, pd.DataFrame)) else {"": values}
    curves = {str(name): np.asarray(each, dtype=np.float64) for name, each in given.items()}
    for name, each in curves.items():
        if each.shape != (frames,):
            raise InputError(f"A curve needs one value for each of the {frames} frames; {name!r} has the shape {each.shape}.")
    if len(curves) > MOST_CURVES:
        raise InputError(f"At most {MOST_CURVES} curves can be told apart; got {len(curves)}: draw multiples or an average.")
    return curves


def flags_of(flags: Flags, name: str, frames: int) -> NDArray[np.bool_]:
    """(T,) the frames for which something holds, of one curve."""
    given = flags.get(name) if isinstance(flags, Mapping) else flags
    return np.zeros(frames, dtype=bool) if given is None else np.asarray(given, dtype=bool)


def frames_of(marks: Marks, frames: int) -> list[int]:
    """Frames of a phase as a list; `InputError` for one that the sequence does not have."""
    given = [] if marks is None else [int(each) for each in np.atleast_1d(np.asarray(marks))]
    beyond = [each for each in given if not 0 <= each < frames]
    if beyond:
        raise InputError(f"A phase must be one of the {frames} frames, 0 to {frames - 1}; got {beyond[0]}.")
    return given


def draw_course(
    ax: Axes, x: Floats, y: Floats, color: str, *, hollow: NDArray[np.bool_], crossed: NDArray[np.bool_], width: float = 1.2
) -> None:
    """Draw a curve with gaps as gaps, dashes through hollow dots where it is interpolated, and crosses on outliers."""
    dots = 2.4 * width if len(x) <= _FEW_FRAMES else 1.2 * width
    ax.plot(x, np.where(hollow, np.nan, y), "-o", color=color, linewidth=width, markersize=dots, markeredgewidth=0, zorder=3)
    if hollow.any():
        beside = hollow | np.append(hollow[1:], False) | np.append(False, hollow[:-1])
        ax.plot(x, np.where(beside, y, np.nan), color=color, linewidth=0.7 * width, linestyle=(0, (2, 1.2)), zorder=2)
        ax.plot(x[hollow], y[hollow], **_hollow(color, dots), zorder=3)
    if crossed.any():
        ax.plot(x[crossed], y[crossed], **_crossed(), zorder=4)


def _hollow(color: str, dots: float = 3.0) -> dict[str, Any]:
    return {"linestyle": "", "marker": "o", "color": color, "markersize": 1.3 * dots, "mfc": "white", "markeredgewidth": 0.8}


def _crossed() -> dict[str, Any]:
    return {"linestyle": "", "marker": "x", "color": INK, "markersize": 5.5, "markeredgewidth": 1.2}


def shade_gaps(ax: Axes, x: Floats, gap: NDArray[np.bool_]) -> None:
    """Shade the frames in which nothing is known, half-way to their neighbours."""
    half = np.diff(x) / 2 if len(x) > 1 else np.array([0.5])
    left, right = x - np.append(half[:1], half[: len(x) - 1]), x + np.append(half[: len(x) - 1], half[-1:])
    for frame in np.flatnonzero(gap):
        ax.axvspan(left[frame], right[frame], color=_EMPTY, linewidth=0, zorder=0)


def set_range(ax: Axes, values: Iterable[Floats]) -> None:
    """Show all values and 0, with room for words on top; `InputError` never, an empty picture is one from 0 to 1."""
    flat = np.concatenate([np.ravel(each) for each in values] or [np.zeros(0)])
    flat = flat[np.isfinite(flat)]
    low, high = (min(flat.min(), 0.0), max(flat.max(), 0.0)) if flat.size else (0.0, 1.0)
    span = (high - low) or 1.0
    ax.set_ylim(low - _FOOTROOM * span * (low < 0), high + _HEADROOM * span)
    if low < 0:
        ax.axhline(0, color=INK, linewidth=0.5, zorder=1)


def mark_phases(ax: Axes, x: Floats, ed: list[int], es: list[int], *, words: bool = True) -> None:
    """Draw a line at each end-diastole and end-systole, and name them at the top of the axes."""
    at = [(x[frame], "ED", "end-diastole", _ED) for frame in ed] + [(x[frame], "ES", "end-systole", _ES) for frame in es]
    span = float(np.ptp(x)) or 1.0
    after = [place - x[0] < (1 - _TURNS) * span for place, *_ in at]
    figure = ax.get_figure(root=True)
    if words and len(at) == 2 and figure is not None:
        figure.draw_without_rendering()  # what has room depends on the place of the axes, which their layout decides
    wide = ax.get_window_extent().width * 72.0 / ax.figure.dpi * abs(at[0][0] - at[-1][0]) / span if at else 0.0
    roomy = len(at) == 1 or (len(at) == 2 and wide > _WORD_PT * (1 if len(set(after)) == 1 else 2))
    for k, (place, short, full, dashes) in enumerate(at):
        ax.axvline(place, **_phase(dashes), zorder=1)
        if not words or (len(at) > _MANY_MARKS and k not in (len(ed) - 1, len(ed))):
            continue  # one of each kind says what the lines are
        ax.annotate(
            full if roomy else short, (place, 0.99), xycoords=ax.get_xaxis_transform(), xytext=(2 if after[k] else -2, 0),
            textcoords="offset points", **(label_style(TEXT_PT, INK) | {"ha": "left" if after[k] else "right", "va": "top"}),
        )  # fmt: skip


def phase_key(*, ed: bool, es: bool) -> list[Artist]:
    """Entries of a legend for the lines of phases."""
    lines = ((ed, "end-diastole (ED)", _ED), (es, "end-systole (ES)", _ES))
    return [Line2D([], [], **_phase(dashes), label=words) for used, words, dashes in lines if used]


def _phase(dashes: Any) -> dict[str, Any]:
    return {"color": INK, "linewidth": 0.7, "linestyle": dashes, "alpha": 0.75}


def separate_beats(ax: Axes, x: Floats, ed: list[int]) -> None:
    """Shade every second beat, from one end-diastole to the next, and number them; a single beat needs no number."""
    ends = [*sorted(ed), len(x) - 1]
    if len(ed) < 2:
        return
    for number, (first, last) in enumerate(pairwise(ends), start=1):
        if last == first:
            continue
        if number % 2 == 0:
            ax.axvspan(x[first], x[last], color="#F3F6F9", linewidth=0, zorder=-1)
        if 2 * (last - first) < max(np.diff(ends)):
            continue  # a rest of a beat is not counted
        words = f"beat {number}" if len(ed) < _MANY_BEATS else f"{number}"
        ax.annotate(
            words, (x[first], 0.02), xycoords=ax.get_xaxis_transform(), xytext=(3, 0), textcoords="offset points",
            **(label_style(TEXT_PT, INK) | {"ha": "left", "va": "bottom"}),
        )  # fmt: skip


def name_ends(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write names right of the axes, each of (height in data, name, colour) at its height or as near as others allow."""
    figure = ax.get_figure(root=True)
    if not ends or figure is None:
        return
    figure.draw_without_rendering()  # heights on the page need the place of the axes, which their layout decides
    order = np.argsort([height for height, *_ in ends])
    on_page = ax.transData.transform([(0.0, ends[k][0]) for k in order])[:, 1] * 72.0 / figure.dpi
    steps = _LINE_PT * np.arange(len(ends))
    spread = isotonic_regression(on_page - steps).x + steps
    for k, before, after in zip(order, on_page, spread, strict=True):
        height, name, color = ends[k]
        style = label_style(TEXT_PT, color) | {"ha": "left", "fontweight": "bold", "annotation_clip": False}
        ax.annotate(
            name,
            (1.0, height),
            xycoords=ax.get_yaxis_transform(),
            xytext=(5, after - before),
            textcoords="offset points",
            **style,
        )


def known_mean(values: Floats) -> Floats:
    """Mean over the first axis of what is known; NaN, without a warning, where nothing is."""
    n = np.isfinite(values).sum(axis=0)
    mean: Floats = np.where(n > 0, np.nansum(values, axis=0) / np.maximum(n, 1), np.nan)
    return mean


def known_frames(curves: Mapping[str, Floats], frames: int) -> NDArray[np.bool_]:
    """(T,) the frames in which a curve has a value."""
    return np.asarray(np.any([np.zeros(frames, dtype=bool), *(np.isfinite(y) for y in curves.values())], axis=0))


def last_height(y: Floats) -> float | None:
    """The last known value of a curve; None where there is none."""
    known = y[np.isfinite(y)]
    return float(known[-1]) if known.size else None


def set_title(ax: Axes, title: str | None, *, over_key: bool) -> None:
    """Write a title of one or more lines over axes, and over the legend that may lie between."""
    if title:
        lines = [shortened(line, _TITLE) for line in title.splitlines()]
        ax.set_title("\n".join(lines), fontsize=NAME_PT, color=INK, pad=16 if over_key else 5, loc="left")


def say(ax: Axes, words: str) -> None:
    """Write in the middle of empty axes why they are empty."""
    ax.text(0.5, 0.5, words, transform=ax.transAxes, **label_style(TEXT_PT, INK))


def mark_key(*, hollow: bool, crossed: bool, gap: bool) -> list[Artist]:
    """Entries of a legend for the signs that are in use."""
    entries = [
        (hollow, Line2D([], [], **_hollow(INK), label="interpolated")),
        (crossed, Line2D([], [], **_crossed(), label="outlier")),
        (gap, Patch(color=_EMPTY, label="gap (no outline)")),
    ]
    return [entry for used, entry in entries if used]


def draw_courses(
    ax: Axes,
    x: Floats,
    curves: Mapping[str, Floats],
    colors: Mapping[str, str],
    *,
    marks: tuple[Marks, Marks] = (None, None),
    flags: tuple[Flags, Flags] = (None, None),
    words: bool = True,
    key: bool = True,
    title: str | None = None,
    gap: NDArray[np.bool_] | None = None,
    nothing: str = NOTHING,
) -> None:
    """Draw curves with their gaps, flags (interpolated, outliers), phases (ed, es) and names; and why there is `nothing`."""
    frames = len(x)
    if not np.ptp(x):
        ax.set_xlim(x[0] - 0.5, x[0] + 0.5)
    ed, es = (frames_of(each, frames) for each in marks)
    set_range(ax, curves.values())
    known = known_frames(curves, frames)
    gap = ~known if gap is None else gap
    shade_gaps(ax, x, gap)
    separate_beats(ax, x, ed)
    used = np.zeros(2, dtype=bool)
    for name, y in curves.items():
        hollow, crossed = (flags_of(each, name, frames) & np.isfinite(y) for each in flags)
        draw_course(ax, x, y, colors[name], hollow=hollow, crossed=crossed)
        used |= [hollow.any(), crossed.any()]
    handles = mark_key(hollow=bool(used[0]), crossed=bool(used[1]), gap=bool(gap.any()))
    if key and handles:
        legend_above(ax, handles, columns=3)
    set_title(ax, title, over_key=key and bool(handles))
    if not known.any():
        say(ax, nothing)
    ends = {name: last_height(y) for name, y in curves.items() if name}
    middle = float(np.mean(ax.get_ylim()))
    called = {name: shortened(name) + (" (none)" if height is None else "") for name, height in ends.items()}
    name_ends(ax, [(middle if height is None else height, called[name], colors[name]) for name, height in ends.items()])
    mark_phases(ax, x, ed, es, words=words)
