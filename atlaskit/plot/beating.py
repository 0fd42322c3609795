"""A case that beats: its masks and landmarks frame by frame, beside the curve of what is measured on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray

from atlaskit.contours import signed_areas
from atlaskit.errors import InputError
from atlaskit.plot.cases import painted, tints
from atlaskit.plot.courses import MOST_CURVES, Curves, Floats, Marks, Unit, beat_axes, draw_courses, frames_of, named, places_of
from atlaskit.plot.labels import shortened
from atlaskit.plot.style import (
    INK,
    NAME_PT,
    PALE,
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

Masks = NDArray[np.bool_] | Callable[[int], NDArray[np.bool_]]

_WIDE_IN, _TALL_IN = 6.4, 3.0
_DPI = 110  # of a film: 704 pixels wide
_LEFT, _RIGHT = (0.01, 0.1, 0.43, 0.76), (0.53, 0.15, 0.31, 0.66)
_TITLE = 70
_PACE_MS, _LOOP_MS = 60, 1000
_SAYS: dict[str, Any] = {
    "ha": "center", "va": "bottom", "fontsize": NAME_PT + 1, "color": INK, "zorder": 5,
    "bbox": {"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 2},
}  # fmt: skip
_DOT: dict[str, Any] = {"marker": "o", "markersize": 7, "markeredgecolor": "white", "zorder": 6}


@dataclass(frozen=True)
class _Film:
    """What changes from frame to frame, and what it changes to."""

    points: Floats
    topology: Topology
    codes: list[NDArray[np.uint8]] | None
    words: list[str]
    x: Floats
    curves: Mapping[str, Floats]
    image: Any
    outlines: list[Line2D]
    says: Text
    head: Text
    cursor: Line2D
    dots: list[Line2D]

    def show(self, frame: int) -> list[Artist]:
        """Set everything to a frame."""
        empty = self.codes is not None and not self.codes[frame].any()
        if self.codes is not None:
            self.image.set_data(self.codes[frame])
        present = dict(present_loops(self.points[frame], self.topology))
        for index, line in enumerate(self.outlines):
            loop = self.points[frame, present[index]] if index in present else np.full((1, 2), np.nan)
            line.set_data(*np.vstack([loop, loop[:1]]).T)
            line.set_linestyle((0, (3, 1.5)) if empty else "-")  # landmarks without a mask were filled in
        self.says.set_text("no mask in this frame" if empty else "" if present else "no landmarks in this frame")
        self.head.set_text(self.words[frame])
        self.cursor.set_xdata([self.x[frame]] * 2)
        for dot, y in zip(self.dots, self.curves.values(), strict=True):
            dot.set_data([self.x[frame]], [y[frame]])
        return [*self.outlines, self.says, self.head, self.cursor, *self.dots, *([self.image] if self.image else [])]


def beating(
    points: Points,
    topology: Topology,
    masks: Masks | None = None,
    *,
    values: ArrayLike | Curves | None = None,
    x: ArrayLike | None = None,
    unit: Unit = "frame",
    label: str = "area (px²)",
    ed: Marks = None,
    es: Marks = None,
    frame_numbers: ArrayLike | None = None,
    interpolated: ArrayLike | None = None,
    outliers: ArrayLike | None = None,
    interval_ms: int | None = None,
    most: int = 60,
    title: str | None = None,
) -> FuncAnimation:
    """Film a case: at the left its masks with the landmarks' outlines over them, at the right the curves with a moving dot.

    Save it with ``animation.save(path, writer="pillow")`` as a GIF, which needs nothing of matplotlib beside, or show it in a
    notebook with ``animation.to_jshtml()``.

    Parameters
    ----------
    points : (T, L, 2) array
        Landmarks of each frame, (x, y) pixels, y down. NaN where a frame has none.
    topology : Topology
    masks : (T, S, H, W) bool array, or callable of a frame that returns (S, H, W), optional
        The planes of the topology's structures, in its order. Shown as pixels, the smallest over the larger.
    values : (T,) array, or mapping of str to (T,) array, or DataFrame, optional
        The curves; by default the area of each structure's outline.
    x : (T,) array, optional
        Times, phases or frame numbers, ascending; frame numbers by default.
    unit : {"ms", "phase", "frame"}
        What `x` is.
    label : str
        What the curves are, with their unit.
    ed, es : int or sequence of int, optional
        Frames of end-diastole and end-systole of each beat, counted from 0. The outline of the first end-diastole stays, grey.
    frame_numbers : (T,) array of int, optional
        What frames are called over the picture; by default `x` where that is in frames, else numbers from 0.
    interpolated, outliers : (T,) bool array, optional
        Frames that were filled in, and those that do not fit their neighbours.
    interval_ms : int, optional
        How long a frame is shown; by default 60, and of few frames longer, so that a loop lasts a second.
    most : int
        Of more frames every second, third and so on is shown, and always both phases; each for as much longer.
    title : str, optional

    Returns
    -------
    FuncAnimation
        Of T frames or fewer, in a loop.

    Raises
    ------
    InputError
        When there is neither a landmark nor a pixel of a mask in any frame, or masks or curves do not fit the frames.
    """
    course: Floats = np.asarray(points, dtype=np.float64)
    frames = len(course)
    phases = frames_of(ed, frames), frames_of(es, frames)
    place = np.arange(frames, dtype=np.float64) if x is None else places_of(x)
    if place.shape != (frames,):
        raise InputError(f"A film needs one place on its axis for each of its {frames} frames; got {place.shape}.")
    numbers = _numbers(place if unit == "frame" else np.arange(frames), frame_numbers)
    codes = _codes(masks, frames, topology) if masks is not None else None
    curves = named(_areas(course, topology) if values is None else values, frames)
    figure = Picture(figsize=(_WIDE_IN, _TALL_IN), dpi=_DPI, facecolor="white")
    figure.text(0.5, 0.985, shortened(title or "", _TITLE), ha="center", va="top", fontsize=NAME_PT, color=INK)
    left, right = (
        shape_axes(figure.add_axes(_LEFT), _box(course, codes)),
        beat_axes(figure.add_axes(_RIGHT), (0, 0), unit, label),
    )
    known = {name: color_of(k) for k, name in enumerate(topology.structures)}
    colors = {name: known.get(name, color_of(k)) for k, name in enumerate(curves)}
    draw_courses(right, place, curves, colors, marks=(ed, es), flags=(interpolated, outliers))
    rest = course[phases[0][0]] if phases[0] else np.full_like(course[0], np.nan)
    _draw_key(left, rest=bool(present_loops(rest, topology)), masks=codes is not None)
    for _, loop in present_loops(rest, topology):
        draw_outline(left, rest[loop], PALE, width=0.9, dots=0, label="end-diastole", zorder=1)
    film = _Film(
        points=course, topology=topology, codes=codes, words=_words(numbers, place, unit, *phases), x=place,
        curves=curves,
        image=_image(left, codes, topology), outlines=_lines(left, topology),
        says=left.text(0.5, 0.01, "", transform=left.transAxes, **_SAYS), head=left.set_title("", fontsize=NAME_PT + 1, pad=4),
        cursor=right.axvline(place[0], color=INK, linewidth=0.6, alpha=0.5),
        dots=[right.plot([], [], color=colors[name], **_DOT)[0] for name in curves],
    )  # fmt: skip
    step = -(-frames // max(most, 1))
    shown = sorted({*range(0, frames, step), *phases[0], *phases[1]})
    pace = _PACE_MS * step if interval_ms is None else interval_ms * step
    if interval_ms is None and len(shown) * pace < _LOOP_MS:
        pace = _LOOP_MS // max(len(shown), 2)
    return FuncAnimation(figure, film.show, frames=shown, interval=pace, blit=False, repeat=True)


def _codes(masks: Masks, frames: int, topology: Topology) -> list[NDArray[np.uint8]]:
    """The picture of each frame's mask, as numbers of structures."""
    given = len(topology.structures)
    codes = []
    for frame in range(frames):
        planes = masks(frame) if callable(masks) else masks[frame] if frame < len(masks) else np.zeros(0, dtype=bool)
        if planes.ndim != 3 or len(planes) != given:
            raise InputError(
                f"A film needs a plane of each of the {given} structures in every frame; frame {frame} has {planes.shape}."
            )
        codes.append(painted(dict(enumerate(planes)), planes.shape[1:]))
    if len({code.shape for code in codes}) > 1:
        raise InputError(f"A film needs masks of one size; got {sorted({code.shape for code in codes})}.")
    return codes


def _areas(points: Floats, topology: Topology) -> dict[str, Floats]:
    """The area of each structure over the frames, of as many as can be told apart."""
    names = topology.structures[:MOST_CURVES]
    return {name: np.abs(signed_areas(points[:, topology.polygon(k)])) for k, name in enumerate(names)}


def _box(points: Floats, codes: list[NDArray[np.uint8]] | None) -> Floats:
    """A window around all landmarks and masks of all frames."""
    rows, columns = np.nonzero(np.max(codes, axis=0)) if codes else (np.zeros(0), np.zeros(0))
    box = window(np.vstack([points.reshape(-1, 2), np.column_stack([columns, rows])]), margin=0.06)
    if not np.isfinite(points).any() and not rows.size:
        raise InputError("A film needs landmarks or a mask in one frame at least; these are all gaps.")
    return box


def _image(ax: Axes, codes: list[NDArray[np.uint8]] | None, topology: Topology) -> Any:
    """The image of the masks; None without."""
    if codes is None:
        return None
    box, count = (ax.get_xlim(), ax.get_ylim()), len(topology.structures)
    image = ax.imshow(codes[0], cmap=ListedColormap(tints(count)), vmin=0, vmax=count, interpolation="nearest")
    ax.set(xlim=box[0], ylim=box[1])  # imshow shows the whole image
    return image


def _lines(ax: Axes, topology: Topology) -> list[Line2D]:
    """An empty outline for each structure."""
    style: dict[str, Any] = {"linewidth": 1.0, "marker": "o", "markersize": 1.8, "markeredgewidth": 0, "zorder": 3}
    names = topology.structures
    return [ax.plot([], [], color=color_of(index), label=name, **style)[0] for index, name in enumerate(names)]


def _numbers(usual: ArrayLike, given: ArrayLike | None) -> NDArray[np.float64]:
    """(T,) what frames are called; `InputError` where not every one has a name."""
    numbers = np.asarray(usual if given is None else given, dtype=np.float64)
    if numbers.shape != np.shape(usual):
        raise InputError(f"A film needs a number for each of its {len(np.asarray(usual))} frames; got {numbers.shape}.")
    return numbers


def _words(numbers: Floats, x: Floats, unit: Unit, ed: list[int], es: list[int]) -> list[str]:
    """What is said over each frame: its number, its time and its phase."""
    words = []
    for frame, place in enumerate(x):
        phase = _phase(frame, len(x), ed, es)
        at = {"ms": f" \u00b7 {place:.0f} ms", "phase": f" \u00b7 phase {place:.2f}", "frame": ""}[unit]
        words.append(f"frame {numbers[frame]:.0f}{at}" + (f" \u00b7 {phase}" if phase else ""))
    return words


def _phase(frame: int, frames: int, ed: list[int], es: list[int]) -> str:
    """The phase of a frame in words; between phases it is that which the last one began, of the beat before at the start."""
    if frame in ed or frame in es:
        return "end-diastole" if frame in ed else "end-systole"
    if not (ed and es):
        return ""
    since_ed, since_es = (min((frame - each) % frames for each in phases) for phases in (ed, es))
    return "systole" if since_ed < since_es else "diastole"


def _draw_key(ax: Axes, *, rest: bool, masks: bool) -> None:
    """Say what pixels and lines are."""
    handles: list[Any] = [Line2D([], [], color=INK, linewidth=1.3, marker="o", markersize=2.5, label="landmarks")]
    if masks:
        handles.append(Patch(facecolor=to_rgba(color_of(0), tints(1)[1][3]), linewidth=0, label="mask (pixels)"))
    if rest:
        handles.append(Line2D([], [], color=PALE, linewidth=0.9, label="end-diastole"))
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, fontsize=TEXT_PT, frameon=False,
        handlelength=1.4, columnspacing=1.0, borderaxespad=0.2,
    )  # fmt: skip
