"""What is measured on every frame of every sequence: outlines made ready, then motion, areas, lengths and the wall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit import tracking
from atlaskit.topology import Topology
from atlaskit.tracking import Sequences
from atlaskit.tracking.smoothing import change
from atlaskit.verbs.tracking.beats import Study, find_beats
from atlaskit.verbs.tracking.roles import Roles

Array = NDArray[np.float64]
Frames = NDArray[np.int64]


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
class Prepared:
    """Landmarks ready to be measured, and what was done to each.

    Attributes
    ----------
    points : (Q, T, L, 2) float array
    interpolated, outlier : (Q, T) bool array
    outlier_score : (Q, T) float array
    outlier_of : (Q, T) str array
        Structure and attribute that are farthest off, such as "cavity size"; "" where there is no score.
    along_before, along, across : (Q,) float array
        Jitter along the outlines before and after, and across them.
    moved_rms, moved_most, area_change : (Q,) float array
        By steadying and smoothing: distances, and the largest change of an outline's area as a share of it.
    """

    points: Array
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


@dataclass(frozen=True)
class Measured:
    """Curves of Q sequences; (Q, T) float arrays with NaN in gaps.

    Attributes
    ----------
    area, length, strain : dict of str to array
        By structure. Area of a ring without its hole; length, and strain of it since end-diastole, a share, of the outline.
    cavity : array
        Area inside the outline of the cavity, the hole of a ring included.
    thickness, thickening : array or None
        Of the wall, where there is one; the latter a share since end-diastole.
    segments : dict of str to (Q, T, K) array
        Experimental: strain and thickening by parts of the outline.
    rest : (Q, T) int array
        The frame that strain is measured from; -1 beyond the end of a sequence, and where there is no beat.
    displacement, velocity : (Q, T, L, 2) array
    drift : (Q, T, 2) array
    path_length : (Q, L) array
    """

    area: dict[str, Array]
    length: dict[str, Array]
    strain: dict[str, Array]
    cavity: Array
    thickness: Array | None
    thickening: Array | None
    segments: dict[str, Array]
    rest: Frames
    displacement: Array
    velocity: Array
    drift: Array
    path_length: Array


def alike(sequences: Sequences, studies: tuple[Study, ...]) -> Iterator[tuple[Frames, int, bool]]:
    """Sequences that can be worked on at once: their numbers, their frames, and whether they close."""
    closed = np.zeros(len(sequences), dtype=bool)
    for study in studies:
        closed[study.slices] = study.periodic
    for frames in np.unique(sequences.lengths):
        for periodic in (False, True):
            chosen = np.flatnonzero((sequences.lengths == frames) & (closed == periodic))
            if len(chosen):
                yield chosen, int(frames), periodic


def prepare(sequences: Sequences, topology: Topology, studies: tuple[Study, ...], choices: Choices) -> Prepared:
    """Find jumps, then steady, fill and smooth landmarks as asked."""
    shape = sequences.rows.shape
    points, score = sequences.points.copy(), np.full(shape, np.nan)
    filled, outlier, worst = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool), np.full(shape, -1)
    figures = np.full((6, len(sequences)), np.nan)
    for chosen, frames, periodic in alike(sequences, studies):
        part, time = points[chosen, :frames], sequences.time[chosen, :frames]
        if frames >= 3:
            jumped = tracking.jumps(part, topology.loops, time, periodic=periodic)
            outlier[chosen, :frames], score[chosen, :frames] = jumped.flags, jumped.scores
            number = jumped.loop * len(tracking.ATTRIBUTES) + jumped.attribute
            worst[chosen, :frames] = np.where(jumped.loop < 0, -1, number)
        if choices.drop_outliers:
            part = np.where(outlier[chosen, :frames, None, None], np.nan, part)
        made, done, changed = _made_ready(part, topology, time, periodic, choices)
        points[chosen, :frames], filled[chosen, :frames] = made, done
        figures[:, chosen] = [*_jitters(part, made, topology, periodic), *changed]
    attributes = [f"{name} {attribute}" for name in topology.structures for attribute in tracking.ATTRIBUTES]
    return Prepared(points, filled, outlier, score, np.array([*attributes, ""])[worst], *figures)


def _made_ready(
    points: Array, topology: Topology, time: Array, periodic: bool, choices: Choices
) -> tuple[Array, NDArray[np.bool_], Array]:
    """Landmarks as asked, which frames were filled, and (3, Q) how far the rest moved and how areas changed."""
    count = points.shape[1]
    made = points
    if choices.steady and count >= 3:
        made = tracking.steady(made, topology.loops, time, periodic=periodic).points
    if choices.smooth != "none" and count >= 3:
        made = tracking.smooth(made, time, method=choices.smooth, periodic=periodic).points  # type: ignore[arg-type]
    areas = [(tracking.area(made, loop), tracking.area(points, loop)) for loop in topology.loops]
    worst = np.max([_most(np.abs(after / before - 1)) for after, before in areas], axis=0)
    figures = np.array([*change(points, made), worst])
    filled = np.zeros(points.shape[:2], dtype=bool)
    if choices.fill:
        done = tracking.fill(made, time, periodic=periodic, longest=choices.fill)
        made, filled = done.points, done.frames
    return made, filled, figures


def _jitters(before: Array, after: Array, topology: Topology, periodic: bool) -> tuple[Array, Array, Array]:
    """(Q,) jitter along before and after, and across."""
    one, other = (tracking.jitter(points, topology.loops, periodic=periodic) for points in (before, after))
    return one.along_rms, other.along_rms, other.across_rms


def _most(values: Array) -> Array:
    """(Q,) the greatest known value of each; NaN where nothing is known."""
    flat = values.reshape(len(values), -1)
    most = np.where(np.isfinite(flat), flat, -np.inf).max(axis=1)
    return np.where(np.isfinite(most), most, np.nan)


def studies_of(sequences: Sequences, topology: Topology, roles: Roles, points: Array, choices: Choices) -> tuple[Study, ...]:
    """The beats of every study, on the areas of its cavity."""
    return find_beats(sequences, tracking.area(points, topology.loop_of(roles.cavity).tolist()), choices.cyclic)


def measure(
    sequences: Sequences,
    topology: Topology,
    roles: Roles,
    studies: tuple[Study, ...],
    points: Array,
    choices: Choices,
    *,
    base: tuple[int, int] | None = None,
) -> Measured:
    """Measure every frame; with the hinges of a base, the length of the cavity's outline is that without the valve plane."""
    rest = _rest(sequences, studies)
    loops = dict(zip(topology.structures, topology.loops, strict=True))
    inside = {name: tracking.area(points, loop) for name, loop in loops.items()}
    length = {name: tracking.perimeter(points, loop) for name, loop in loops.items()}
    if base is not None:
        length[roles.cavity] = tracking.length(points, tracking.run(points, loops[roles.cavity], base))
    thickness = None if roles.wall is None else tracking.wall_thickness(points, loops[roles.cavity], loops[roles.wall])
    return Measured(
        area=_without_holes(inside, topology),
        length=length,
        strain={name: since(values, rest) for name, values in length.items()},
        cavity=inside[roles.cavity],
        thickness=thickness,
        thickening=None if thickness is None else since(thickness, rest),
        segments=_segments(points, loops, roles, rest, choices.segments),
        rest=rest,
        **_motion(sequences, loops[roles.cavity], studies, points, rest, choices),
    )


def _without_holes(inside: dict[str, Array], topology: Topology) -> dict[str, Array]:
    """Areas of structures from those inside their outlines; a hole that nothing fills is none, as for the figures of a case."""
    area = dict(inside)
    for ring, filler in topology.fills():
        name, hole = topology.structures[ring], inside[topology.structures[filler]]
        area[name] = area[name] - np.nan_to_num(hole, nan=0.0)
    return area


def since(values: Array, rest: Frames) -> Array:
    """(Q, T, ...) relative change of values (Q, T, ...) since each frame's own end-diastole."""
    at = np.maximum(rest, 0).reshape(*rest.shape, *(1,) * (values.ndim - 2))
    start = np.take_along_axis(values, at, axis=1)
    known = (rest >= 0).reshape(at.shape) & (start > 0)
    return np.asarray(values / np.where(known, start, np.nan) - 1)


def _rest(sequences: Sequences, studies: tuple[Study, ...]) -> Frames:
    rest = np.full(sequences.rows.shape, -1)
    for study in studies:
        if len(study.beats.ed):
            rest[study.slices, : study.frames] = study.rest()
    return rest


def _segments(points: Array, loops: dict[str, tuple[int, ...]], roles: Roles, rest: Frames, count: int) -> dict[str, Array]:
    """Strain of parts of the cavity's outline, and thickening of the wall behind them, (Q, T, K) each."""
    if not count:
        return {}
    inner, first = loops[roles.cavity], np.maximum(rest[:, 0], 0)
    found = {"strain": tracking.segmental_strain(points, (*inner, inner[0]), first, segments=count)}
    if roles.wall is not None:
        found["thickening"] = tracking.segmental_thickening(points, inner, loops[roles.wall], first, segments=count)
    return {name: since(1 + part.values, rest) for name, part in found.items()}


def _motion(
    sequences: Sequences, loop: tuple[int, ...], studies: tuple[Study, ...], points: Array, rest: Frames, choices: Choices
) -> dict[str, Array]:
    """Displacement, velocity, drift and path length, each sequence from its reference frame."""
    found = {
        "displacement": np.full_like(points, np.nan),
        "velocity": np.full_like(points, np.nan),
        "drift": np.full((*points.shape[:2], 2), np.nan),
        "path_length": np.full((len(points), points.shape[2]), np.nan),
    }
    for chosen, frames, periodic in alike(sequences, studies):
        first = np.maximum(rest[chosen, 0], 0)
        named = (sequences.frames[chosen, :frames] == choices.reference).argmax(1)
        reference = first if choices.reference is None else named
        part = tracking.trajectories(
            points[chosen, :frames],
            sequences.time[chosen, :frames],
            loop=loop,
            reference=reference,
            remove_drift=not choices.keep_drift,
            periodic=periodic,
        )
        for name in ("displacement", "velocity", "drift"):
            found[name][chosen, :frames] = getattr(part, name)
        found["path_length"][chosen] = part.path_length
    return found
