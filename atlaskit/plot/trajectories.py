"""The course of landmarks over a beat: their paths, and how far each one gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, TwoSlopeNorm
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from atlaskit.contours import resample
from atlaskit.errors import InputError
from atlaskit.plot.arrows import draw_arrows, spaced
from atlaskit.plot.colorbar import ERRORS, draw_bar
from atlaskit.plot.courses import Floats, frames_of, known_mean, places_of
from atlaskit.plot.labels import label_shapes
from atlaskit.plot.maps import colour_edges, map_axes
from atlaskit.plot.style import INK, PALE, TEXT_PT, Points, draw_outline, present_loops, window
from atlaskit.topology import Topology

BEAT = LinearSegmentedColormap.from_list("atlaskit_beat", ["#141432", "#C8431A", "#E8A800", "#3391D0", "#141432"], N=256)
"""Colours of a beat: dark at end-diastole, warm in systole, light at end-systole, blue in diastole, dark again."""

_GAP = 0.08
_FINE = 200  # points along an outline that names keep clear of
_LIGHT = "#D0D0D0"
_SYSTOLE, _DIASTOLE = 2.8, 0.9  # widths of paths, so that both are seen where the way back is the way there


@dataclass(frozen=True)
class _Look:
    """Colours of paths: (T, L) values, their scale and colours, and the words of the colour bar."""

    values: Floats
    scale: Normalize
    colors: Colormap
    words: str
    ticks: Mapping[float, str] | None = None


def trajectories(
    points: Points,
    topology: Topology,
    *,
    color: Literal["time", "displacement"] = "time",
    ed: int = 0,
    es: int | None = None,
    periodic: bool = True,
    on: Literal["mean", "ed"] = "mean",
    frame_numbers: ArrayLike | None = None,
    every: int | None = None,
    arrows: bool = False,
    unit: str = "px",
    most: float | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the paths that landmarks take over a beat.

    Landmarks of masks are places on an outline, not material points: a path along the outline is not motion of the tissue.

    Parameters
    ----------
    points : (T, L, 2) array
        Landmarks of each frame, (x, y), y down. A NaN is a gap, and paths are broken there.
    topology : Topology
    color : {"time", "displacement"}
        Colour paths by the phase of the beat, or by the distance from the place at end-diastole.
    ed, es : int
        Frames of end-diastole and end-systole; without `es` the outline and the tick of end-systole are left out.
    periodic : bool
        The frame after the last is frame 0 again: paths are closed, and the phase runs from `ed` around to `ed`.
    on : {"mean", "ed"}
        The outline that is drawn dark: the mean over all frames, or that of end-diastole.
    frame_numbers : (T,) array of int, optional
        What frames are called beside the colours of an open beat; numbers from 0 unless given.
    every : int, optional
        Draw the paths of every so many landmarks of a loop; by default as many as can be read.
    arrows : bool
        Draw an arrow on each path from its place at end-diastole to that at end-systole.
    unit : str
        Of the landmarks, for the colour bar.
    most : float, optional
        End of the colour bar of displacements, so that several pictures can share it.
    title : str, optional
    ax : Axes, optional
        Where to draw, with room for the colour bar at the right and the note below; by default a new figure.

    Returns
    -------
    Axes
        One line collection of paths, and outlines: the chosen one, and in grey those of end-diastole and end-systole.

    Raises
    ------
    InputError
        When no frame has landmarks, a phase is none of the frames, or these have not a number each, in ascending order.
    """
    points, ed, es = _checked(points, ed, es)
    numbers = places_of(np.arange(len(points)) if frame_numbers is None else frame_numbers)
    if len(numbers) != len(points):
        raise InputError(f"Each of the {len(points)} frames needs a number; got {len(numbers)}.")
    mean = known_mean(points)
    base = mean if on == "mean" or not np.isfinite(points[ed]).any() else points[ed]
    chosen = [loop[:: every or 1] if every else spaced(loop, mean, gap=_GAP) for _, loop in present_loops(mean, topology)]
    kept = np.unique(np.concatenate(chosen)) if chosen else np.zeros(0, dtype=np.int64)
    note = f"paths of {len(kept)} of {int(np.isfinite(mean).all(axis=1).sum())} landmarks"
    note += "; dots: end-diastole" if np.isfinite(points[ed]).any() else "; no outline at end-diastole"
    if color == "time" and periodic and es is not None:
        note += "; broad: systole"
    note = _alone(points) or note
    ax = map_axes(ax, window(points), title, f"{note}\n")  # a line for the legend
    _draw_outlines(ax, points, topology, base, (ed, es), on if base is not mean else "mean")
    if color == "displacement":
        look = _by_distance(points, ed, unit, most)
    else:
        look = _by_phase(points, ed, es) if periodic else _by_frame(points, numbers, ed, es)
    _draw_paths(ax, points[:, kept], look.values[:, kept], look, periodic=periodic)
    ax.plot(*points[ed, kept].T, "o", color=INK, markersize=2.4, markeredgecolor="white", markeredgewidth=0.3, zorder=4)
    if arrows and es is not None:
        there = kept[np.isfinite(points[[ed, es]][:, kept]).all(axis=(0, 2))]
        draw_arrows(ax, points[ed, there], points[es, there] - points[ed, there], color=INK, width=0.8)
    draw_bar(ax, look.scale, look.words, colors=look.colors, ticks=look.ticks)
    paths = points[np.isfinite(points).all(axis=2)]
    label_shapes(ax, base, topology, every=None, around=np.vstack([paths, *_fine(points, topology, (ed, es))]))
    return ax


def motion_map(
    points: Points,
    topology: Topology,
    *,
    ed: int = 0,
    es: int | None = None,
    unit: str = "px",
    most: float | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how far each landmark gets from its place at end-diastole, on the outline of end-diastole.

    Parameters
    ----------
    points : (T, L, 2) array
        Landmarks of each frame, (x, y), y down. A NaN is a gap, of which nothing is known.
    topology : Topology
    ed, es : int
        Frames of end-diastole and end-systole; the outline of the latter is drawn in grey if it is given.
    unit : str
        Of the landmarks, for the colour bar.
    most : float, optional
        End of the colour bar, so that several maps can share it; the greatest displacement unless given.
    title : str, optional
    ax : Axes, optional
        Where to draw, with room for the colour bar at the right; by default a new figure.

    Returns
    -------
    Axes
        The edges of end-diastole, coloured by the greatest distance of any frame.

    Raises
    ------
    InputError
        When the frame of end-diastole has no landmarks, or a phase is none of the frames.
    """
    points, ed, es = _checked(points, ed, es)
    if not np.isfinite(points[ed]).any():
        raise InputError(f"Displacements need landmarks at end-diastole; frame {ed} is a gap: choose another frame.")
    away = np.linalg.norm(points - points[ed], axis=2)
    peak = np.where(np.isfinite(away).any(axis=0), np.nanmax(np.nan_to_num(away, nan=0.0), axis=0), np.nan)
    note = "grey: end-systole" if es is not None and np.isfinite(points[es]).any() else ""
    ax = map_axes(ax, window(points if es is None else points[[ed, es]]), title, _alone(points) or note)
    if es is not None:
        for _, loop in present_loops(points[es], topology):
            draw_outline(ax, points[es, loop], PALE, width=1.0, dots=0, label="end-systole", zorder=1)
    colour_edges(ax, points[ed], peak, topology, f"greatest distance from end-diastole ({unit})", most)
    label_shapes(ax, points[ed], topology, every=None, around=np.vstack(_fine(points, topology, (ed, es))))
    return ax


def _checked(points: Points, ed: int, es: int | None) -> tuple[Floats, int, int | None]:
    """What a picture of motion needs: frames with landmarks, and phases that are frames."""
    course: Floats = np.asarray(points, dtype=np.float64)
    if course.ndim != 3 or not np.isfinite(course).any():
        what = "are all gaps" if course.ndim == 3 else f"have the shape {course.shape}"
        raise InputError(f"A picture of motion needs landmarks (T, L, 2) in one frame at least; these {what}.")
    frames_of([each for each in (ed, es) if each is not None], len(course))
    return course, ed, es


def _alone(points: Floats) -> str:
    """Why there is no motion, where one frame alone has an outline; else empty."""
    return "an outline in one frame alone: no motion is known" if np.isfinite(points).any((1, 2)).sum() == 1 else ""


def _fine(points: Floats, topology: Topology, frames: tuple[int | None, ...]) -> list[Floats]:
    """Points along the outlines of some frames, close to each other, which names keep clear of."""
    shown = [points[frame] for frame in frames if frame is not None]
    return [np.zeros((0, 2)), *(resample(each[loop], _FINE) for each in shown for _, loop in present_loops(each, topology))]


def _draw_outlines(ax: Axes, points: Floats, topology: Topology, base: Floats, phases: tuple[int, int | None], on: str) -> None:
    """The outline that paths lie on, and faint ones of both phases, with words below."""
    dashes_of: dict[str, Any] = {"end-diastole": "-", "end-systole": (0, (4, 2))}
    entries = [Line2D([], [], color=_LIGHT, linewidth=2.2, label="end-diastole" if on == "ed" else "mean")]
    for (name, dashes), frame in zip(dashes_of.items(), phases, strict=True):
        present = present_loops(points[frame], topology) if frame is not None else []
        for _, loop in present:
            draw_outline(ax, points[frame, loop], PALE, width=0.8, dots=0, label=name, linestyle=dashes, zorder=1)
        if present and (name, on) != ("end-diastole", "ed"):
            entries.append(Line2D([], [], color=PALE, linewidth=0.8, linestyle=dashes, label=name))
    for _, loop in present_loops(base, topology):
        draw_outline(ax, base[loop], _LIGHT, width=2.2, dots=0, label="base", zorder=0.5)
    ax.legend(
        handles=entries, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, fontsize=TEXT_PT, frameon=False,
        handlelength=1.6, borderaxespad=1.6,
    )  # fmt: skip


def _by_distance(points: Floats, ed: int, unit: str, most: float | None) -> _Look:
    """Colours of the distance from the place at end-diastole, or from the mean where that frame is a gap."""
    known = np.isfinite(points[ed]).any()
    away = np.linalg.norm(points - (points[ed] if known else known_mean(points)), axis=2)
    greatest = float(np.nanmax(away, initial=0.0)) if most is None else most
    return _Look(
        away, Normalize(0.0, greatest or 1.0), ERRORS, f"distance from {'end-diastole' if known else 'the mean'} ({unit})"
    )


def _by_frame(points: Floats, numbers: Floats, ed: int, es: int | None) -> _Look:
    """Colours of frames from the first to the last, which are called by their numbers."""
    first, last = float(numbers[0]), max(float(numbers[-1]), float(numbers[0]) + 1)
    frame = np.broadcast_to(numbers[:, None], points.shape[:2])
    ticks = {place: f"{place:.0f}" for place in (first, last)}
    ticks |= {float(numbers[at]): f"{numbers[at]:.0f}, {word}" for at, word in ((ed, "ED"), (es, "ES")) if at is not None}
    return _Look(frame, Normalize(first, last), ERRORS, "frame", ticks)


def _by_phase(points: Floats, ed: int, es: int | None) -> _Look:
    """Colours of a beat from end-diastole around to end-diastole, with end-systole half-way."""
    frames = len(points)
    phase = np.broadcast_to((((np.arange(frames) - ed) % frames) / frames)[:, None], points.shape[:2])
    turn = 0.0 if es is None else ((es - ed) % frames) / frames
    ticks = {0.0: "ED", 1.0: "ED"} | ({turn: "ES"} if turn else {})
    return _Look(phase, TwoSlopeNorm(turn or 0.5, 0.0, 1.0), BEAT, "phase of the beat", ticks)


def _draw_paths(ax: Axes, points: Floats, values: Floats, look: _Look, *, periodic: bool) -> None:
    """Draw the path of each landmark, its edges coloured by their middle; a beat's systole broad, under its diastole."""
    order = np.arange(len(points) + (periodic and len(points) > 2)) % len(points)
    segments = np.stack([points[order[:-1]], points[order[1:]]], axis=2).reshape(-1, 2, 2)
    before, after = values[order[:-1]].ravel(), values[order[1:]].ravel()
    beat = look.colors is BEAT
    middle = (before + np.where(beat & (after < before), after + 1, after)) / 2  # the last frame of a beat leads to phase 1
    broad = beat & (np.asarray(look.scale(middle)) < 0.5)
    drawn = np.flatnonzero(np.isfinite(segments).all(axis=(1, 2)))
    drawn = drawn[np.argsort(~broad[drawn], kind="stable")]
    widths = np.where(broad, _SYSTOLE, _DIASTOLE)[drawn]
    style: dict[str, Any] = {"linewidths": widths, "capstyle": "round", "zorder": 2, "label": "paths"}
    ax.add_collection(LineCollection([*segments[drawn]], array=middle[drawn], cmap=look.colors, norm=look.scale, **style))
