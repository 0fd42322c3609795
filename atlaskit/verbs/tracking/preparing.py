"""Landmarks made ready to be measured: jumps found, landmarks steadied, smoothed and gaps filled as asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit import tracking
from atlaskit.topology import Topology
from atlaskit.tracking import Sequences
from atlaskit.tracking.smoothing import change
from atlaskit.verbs.tracking.beats import Study, closed_of, drifts

Array = NDArray[np.float64]
Frames = NDArray[np.int64]

EVERY = 2**31
"""Sequences that are worked on at a time where all of them must be."""
AT_ONCE = 32
"""Sequences that are worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Choices:
    """What is done to landmarks before they are measured.

    Attributes
    ----------
    cyclic : bool or None
        Whether a sequence is one beat that closes upon itself; None: seen from its curve.
    steady : bool
        Landmarks slide along their outlines, so that they tremble less.
    drop_outliers : bool
        Frames unlike their neighbours become gaps.
    fill : int
        Frames of a gap that is interpolated, at most; 0: none.
    smooth : {"none", "fourier", "savgol", "rts"}
    keep_drift : bool
        Displacements contain how the whole outline moves.
    reference : int or None
        Number of the frame that displacement is measured from, which every study has; None: end-diastole.
    segments : int
        Parts of the outlines of cavity and wall; 0: none.
    """

    cyclic: bool | None = None
    steady: bool = True
    drop_outliers: bool = False
    fill: int = 0
    smooth: str = "none"
    keep_drift: bool = True
    reference: int | None = None
    segments: int = 6


@dataclass(frozen=True)
class Unlike:
    """Frames unlike their neighbours.

    Attributes
    ----------
    flags : (Q, T) bool array
    scores : (Q, T) float array
    names : (Q, T) str array
        Structure and attribute that are farthest off, such as "cavity size"; "" where there is no score.
    """

    flags: NDArray[np.bool_]
    scores: Array
    names: NDArray[np.str_]


@dataclass(frozen=True)
class Prepared:
    """Landmarks ready to be measured, and what was done to each.

    Attributes
    ----------
    points : (Q, T, L, 2) float array
    closed : (Q,) bool array
        Sequences whose first frame follows their last, in shape and place.
    gaps, interpolated, outlier : (Q, T) bool array
        Frames without an outline of the cavity, by the masks or because it was dropped; frames that were filled; and those
        unlike their neighbours.
    outlier_score : (Q, T) float array
    outlier_of : (Q, T) str array
        Structure and attribute that are farthest off, such as "cavity size"; "" where there is no score.
    along_before, along, across : (Q,) float array
        Jitter along the outlines before and after, and across them.
    moved_rms, moved_most, area_change : (Q,) float array
        By steadying and smoothing: distances, and the largest change of an outline's area as a share of it.
    """

    points: Array
    closed: NDArray[np.bool_]
    gaps: NDArray[np.bool_]
    interpolated: NDArray[np.bool_]
    outlier: NDArray[np.bool_]
    outlier_score: Array
    outlier_of: NDArray[np.str_]
    along_before: Array
    along: Array
    across: Array
    moved_rms: Array
    moved_most: Array
    area_change: Array


def alike(sequences: Sequences, closed: NDArray[np.bool_], at_once: int = EVERY) -> Iterator[tuple[Frames, int, bool]]:
    """Sequences that can be worked on at once: their numbers, their frames, and whether they are closed (Q,)."""
    for frames in np.unique(sequences.lengths):
        for periodic in (False, True):
            chosen = np.flatnonzero((sequences.lengths == frames) & (closed == periodic))
            for start in range(0, len(chosen), at_once):
                yield chosen[start : start + at_once], int(frames), periodic


def prepare(
    sequences: Sequences,
    topology: Topology,
    studies: tuple[Study, ...],
    choices: Choices,
    unlike: Unlike,
    *,
    cavity: str,
    still: Collection[int] = (),
) -> Prepared:
    """Steady, fill and smooth landmarks as asked; nothing rests on frames that are unlike their neighbours.

    A beat that closes does so without its drift. Landmarks that are still do not slide: between hinges lengths are measured.
    """
    loop = topology.loop_of(cavity).tolist()
    closed = closed_of(sequences, studies)
    drift = drifts(sequences, closed, loop)
    points, filled = sequences.points.copy(), np.zeros(sequences.rows.shape, dtype=bool)
    figures = np.full((6, len(sequences)), np.nan)
    for chosen, frames, periodic in alike(sequences, closed, AT_ONCE):
        moved, time = _moved(sequences, drift, chosen, frames), sequences.time[chosen, :frames]
        part, flags = points[chosen, :frames] - moved, unlike.flags[chosen, :frames]
        trusted = np.where(flags[..., None, None], np.nan, part)
        made, done = _made_ready(trusted, topology, time, periodic, choices, still)
        if choices.drop_outliers:
            part = trusted
        else:  # nothing rests on them, and they stay as they are
            made, done = np.where(flags[..., None, None], part, made), done & ~flags
        changed = _changes(part, np.where(done[..., None, None], np.nan, made), topology)
        points[chosen, :frames], filled[chosen, :frames] = made + moved, done
        figures[:, chosen] = [*_jitters(part, made, topology, periodic), *changed]
    gaps = (sequences.frames >= 0) & ~np.isfinite(sequences.points[:, :, loop]).all((-1, -2))
    gaps |= unlike.flags & choices.drop_outliers
    closes = closed & ~drift.any(axis=1)
    return Prepared(points, closes, gaps, filled, unlike.flags, unlike.scores, unlike.names, *figures)


def find_unlike(sequences: Sequences, topology: Topology, studies: tuple[Study, ...], cavity: str) -> Unlike:
    """Frames unlike their neighbours, by the usual errors of all sequences that are as long, and closed or not."""
    closed = closed_of(sequences, studies)
    drift = drifts(sequences, closed, topology.loop_of(cavity).tolist())
    shape = sequences.rows.shape
    flags, scores, worst = np.zeros(shape, dtype=bool), np.full(shape, np.nan), np.full(shape, -1)
    for chosen, frames, periodic in alike(sequences, closed):
        if frames >= 3:
            part = sequences.points[chosen, :frames] - _moved(sequences, drift, chosen, frames)
            found = tracking.jumps(part, topology.loops, sequences.time[chosen, :frames], periodic=periodic)
            flags[chosen, :frames], scores[chosen, :frames] = found.flags, found.scores
            number = found.loop * len(tracking.ATTRIBUTES) + found.attribute
            worst[chosen, :frames] = np.where(found.loop < 0, -1, number)
    names = [f"{name} {attribute}" for name in topology.structures for attribute in tracking.ATTRIBUTES]
    return Unlike(flags, scores, np.array([*names, ""])[worst])


def _moved(sequences: Sequences, drift: Array, chosen: Frames, frames: int) -> Array:
    """(R, T, 1, 2) how far some sequences have drifted since their first frame."""
    time = sequences.time[chosen, :frames]
    return np.asarray((drift[chosen, None] * (time - time[:, :1])[..., None])[..., None, :])


def _made_ready(
    points: Array, topology: Topology, time: Array, periodic: bool, choices: Choices, still: Collection[int]
) -> tuple[Array, NDArray[np.bool_]]:
    """Landmarks as asked, and which frames were filled."""
    count = points.shape[1]
    made = points
    if choices.steady and count >= 3:
        made = tracking.steady(made, topology.loops, time, periodic=periodic, still=still).points
    if choices.smooth != "none" and count >= 3:
        made = tracking.smooth(made, time, method=choices.smooth, periodic=periodic).points  # type: ignore[arg-type]
    filled = np.zeros(points.shape[:2], dtype=bool)
    if choices.fill:
        done = tracking.fill(made, time, periodic=periodic, longest=choices.fill)
        made, filled = done.points, done.frames
    return made, filled


def _changes(before: Array, after: Array, topology: Topology) -> Array:
    """(3, Q) how far landmarks moved, root mean square and most, and by what share the area of an outline changed at most."""
    areas = [(tracking.area(after, loop), tracking.area(before, loop)) for loop in topology.loops]
    worst = np.max([_most(np.abs(now / was - 1)) for now, was in areas], axis=0)
    return np.array([*change(before, after), worst])


def _jitters(before: Array, after: Array, topology: Topology, periodic: bool) -> tuple[Array, Array, Array]:
    """(Q,) jitter along before and after, and across."""
    one, other = (tracking.jitter(points, topology.loops, periodic=periodic) for points in (before, after))
    return one.along_rms, other.along_rms, other.across_rms


def _most(values: Array) -> Array:
    """(Q,) the greatest known value of each; NaN where nothing is known."""
    flat = values.reshape(len(values), -1)
    most = np.where(np.isfinite(flat), flat, -np.inf).max(axis=1)
    return np.where(np.isfinite(most), most, np.nan)
