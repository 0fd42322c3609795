"""What is measured on every frame of every sequence: motion, areas, lengths and the wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit import tracking
from atlaskit.topology import Topology
from atlaskit.tracking import Sequences
from atlaskit.verbs.tracking.beats import Study, find_beats
from atlaskit.verbs.tracking.preparing import AT_ONCE, Array, Choices, Frames, Prepared, alike
from atlaskit.verbs.tracking.roles import Roles


@dataclass(frozen=True)
class Measured:
    """Curves of Q sequences; (Q, T) float arrays with NaN in gaps.

    Attributes
    ----------
    area, length, strain : dict of str to array
        By structure. Area of a ring without its hole; length, and strain of it since end-diastole, a share, of the outline;
        without the base where one is known.
    cavity : array
        Area inside the outline of the cavity, the hole of a ring included.
    thickness, thickening : array or None
        Of the wall, where there is one; the latter a share since end-diastole.
    segments : dict of str to (Q, T, K) array
        Experimental: strain and thickening by parts of the outline.
    parts : tuple of K tuples of int
        Landmarks of these parts, in order along the outline; neighbours share one.
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
    parts: tuple[tuple[int, ...], ...]
    rest: Frames
    displacement: Array
    velocity: Array
    drift: Array
    path_length: Array


def studies_of(
    sequences: Sequences,
    topology: Topology,
    roles: Roles,
    points: Array,
    choices: Choices,
    doubtful: NDArray[np.bool_] | None = None,
) -> tuple[Study, ...]:
    """The beats of every study, on the areas of its cavity; doubtful frames (Q, T) are neither end of one."""
    return find_beats(sequences, tracking.area(points, topology.loop_of(roles.cavity).tolist()), choices.cyclic, doubtful)


def measure(
    sequences: Sequences,
    topology: Topology,
    roles: Roles,
    studies: tuple[Study, ...],
    prepared: Prepared,
    choices: Choices,
    *,
    bases: Mapping[str, tuple[int, int]] | None = None,
) -> Measured:
    """Measure every frame; where the hinges of bases are known, lengths, segments and the wall are those of open outlines."""
    rest, points = _rest(sequences, studies), prepared.points
    loops = dict(zip(topology.structures, topology.loops, strict=True))
    inside = {name: tracking.area(points, loop) for name, loop in loops.items()}
    length = {name: tracking.perimeter(points, loop) for name, loop in loops.items()}
    opened = {name: tracking.run(points, loops[name], base) for name, base in (bases or {}).items()}
    length |= {name: tracking.length(points, line) for name, line in opened.items()}
    lines, closed = {**loops, **opened}, not opened
    inner, outer = lines[roles.cavity], None if roles.wall is None else lines[roles.wall]
    thickness = None if outer is None else tracking.wall_thickness(points, inner, outer, closed=closed)
    segments, parts = _segments(points, inner, outer, rest, choices.segments, closed)
    return Measured(
        area=_without_holes(inside, topology),
        length=length,
        strain={name: since(values, rest) for name, values in length.items()},
        cavity=inside[roles.cavity],
        thickness=thickness,
        thickening=None if thickness is None else since(thickness, rest),
        segments=segments,
        parts=parts,
        rest=rest,
        **_motion(sequences, loops[roles.cavity], prepared.closed, points, rest, choices),
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


def _segments(
    points: Array, inner: tuple[int, ...], outer: tuple[int, ...] | None, rest: Frames, count: int, closed: bool
) -> tuple[dict[str, Array], tuple[tuple[int, ...], ...]]:
    """Strain of parts of the cavity's outline and thickening of the wall behind them, (Q, T, K) each; and their landmarks."""
    if not count:
        return {}, ()
    first = np.maximum(rest[:, 0], 0)
    path = (*inner, inner[0]) if closed else inner
    found = {"strain": tracking.segmental_strain(points, path, first, segments=count)}
    if outer is not None:
        found["thickening"] = tracking.segmental_thickening(points, inner, outer, first, segments=count, closed=closed)
    return {name: since(1 + part.values, rest) for name, part in found.items()}, found["strain"].segments


def _motion(
    sequences: Sequences, loop: tuple[int, ...], closed: NDArray[np.bool_], points: Array, rest: Frames, choices: Choices
) -> dict[str, Array]:
    """Displacement, velocity, drift and path length, each sequence from its reference frame."""
    found = {
        "displacement": np.full_like(points, np.nan),
        "velocity": np.full_like(points, np.nan),
        "drift": np.full((*points.shape[:2], 2), np.nan),
        "path_length": np.full((len(points), points.shape[2]), np.nan),
    }
    for chosen, frames, periodic in alike(sequences, closed, AT_ONCE):
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
