"""Gaps of sequences, filled on request and marked."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError
from atlaskit.tracking.smoothers import Known, Patterns
from atlaskit.tracking.timing import Array, Frames, frame_times, neighbours, present, sequences, steps

LONGEST = 2
"""Frames of a gap that is filled, at most, unless asked otherwise."""


@dataclass(frozen=True)
class Filled:
    """Sequences with gaps filled: (..., T, L, 2) `points`, and (..., T) `frames` of which landmarks are interpolated."""

    points: Array
    frames: NDArray[np.bool_]


def fill(points: ArrayLike, time: ArrayLike | None = None, *, periodic: bool = False, longest: int = LONGEST) -> Filled:
    """Interpolate the landmarks of short gaps in time, each for itself.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Gaps are NaN.
    time : (..., T) array, optional
        Frame numbers unless given.
    periodic : bool
        The frame after the last is the first again, so that a gap may lie across the end. Else gaps at the ends stay.
    longest : int
        Frames of a gap that is filled, at most; longer ones stay.

    Returns
    -------
    Filled

    Raises
    ------
    InputError
        For another shape, times that do not increase, or a negative `longest`.

    Notes
    -----
    On the cubic in time through the two known frames before the gap and the two after it; on a straight line where there are
    no such four.
    """
    points = sequences(points)
    if not (isinstance(longest, Real) and longest >= 0):
        raise InputError(f"The longest gap that is filled must be 0 frames or more; got {longest!r}: give a number.")
    patterns = Patterns.of(points, frame_times(points, time))
    matrices, filled = _interpolation(patterns.times, patterns.known, periodic, longest)
    values = patterns.apply(matrices, points, filled)
    frames: Known = np.asarray(filled[patterns.of_landmark].any(axis=1)).reshape(points.shape[:-2])
    return Filled(np.where(present(points)[..., None], points, values), frames)


def _interpolation(times: Array, known: Known, periodic: bool, longest: int) -> tuple[Array, Known]:
    """(G, T, T) maps of known frames to those of gaps, and (G, T) the frames that are filled."""
    count = times.shape[1]
    copies, middle = (3, slice(count, 2 * count)) if periodic else (1, slice(count))
    beat = steps(times, periodic=True).sum(axis=-1, keepdims=True)
    times = np.concatenate([times + turn * beat for turn in range(copies)], axis=-1)
    last, after = neighbours(np.tile(known, copies))
    first, final = _beyond(last, -1), _beyond(after, 1)
    between = (last >= 0) & (after < times.shape[1])
    filled = between & (after - last - 1 <= longest) & ~np.tile(known, copies)
    four = between & (first >= 0) & (final < times.shape[1])
    straight, cubic = _lagrange(times, (last, after)), _lagrange(times, (first, last, after, final))
    matrices = np.where(four[..., None], cubic, straight)[:, middle]
    return matrices.reshape(len(times), count, copies, count).sum(axis=2), filled[:, middle]


def _beyond(nearest: Frames, by: int) -> Frames:
    """The known frame after (1) or before (-1) the nearest known one; T or -1 for none."""
    count, none = nearest.shape[1], -1 if by < 0 else nearest.shape[1]
    inside = (nearest + by >= 0) & (nearest + by < count)
    return np.where(inside, np.take_along_axis(nearest, np.clip(nearest + by, 0, count - 1), axis=1), none)


def _lagrange(times: Array, frames: tuple[Frames, ...]) -> Array:
    """(G, T, T) values at all times (G, T) of the polynomials through some frames (G, T) around each."""
    groups, count = times.shape
    at = [np.clip(frame, 0, count - 1) for frame in frames]
    when = [np.take_along_axis(times, frame, axis=1) for frame in at]
    matrices = np.zeros((groups, count, count))
    group, row = np.ogrid[:groups, :count]
    for i, frame in enumerate(at):
        weight = np.ones_like(times)
        for j, other in enumerate(when):
            apart = when[i] - other
            weight *= 1.0 if i == j else (times - other) / np.where(apart == 0, 1.0, apart)  # no map where two frames are one
        matrices[group, row, frame] += weight
    return matrices
