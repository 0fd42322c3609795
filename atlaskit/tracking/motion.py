"""Where landmarks go: displacement, velocity, path length, drift, and how much they tremble along and across their outline.

The landmarks of masks are not material points: what moves an outline across itself is seen, what moves along it is only what
the landmarks make of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from atlaskit.errors import InputError
from atlaskit.metrics import tangents
from atlaskit.tracking.moments import centroids
from atlaskit.tracking.timing import Array, frame_times, sequences, steps

Loops = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Trajectories:
    """What landmarks do in time. NaN where a frame that is needed is a gap.

    Attributes
    ----------
    displacement : (..., T, L, 2) float array
        From the reference frame.
    velocity : (..., T, L, 2) float array
        Per unit of time.
    path_length : (..., L) float array
        The whole way of each landmark, back to the first frame where the beat is periodic.
    drift : (..., T, 2) float array
        How far the centroid of the outline is from where it is in the reference frame, whether removed or not.
    drift_removed : bool
        Displacement, velocity and path length are without drift.
    """

    displacement: Array
    velocity: Array
    path_length: Array
    drift: Array
    drift_removed: bool


@dataclass(frozen=True)
class Jitter:
    """Second differences in time of landmarks, p[t-1] - 2 p[t] + p[t+1], along their outline and across it.

    Attributes
    ----------
    along : (..., T, L) float array
        The tangential part. NaN at a gap and beside it, at the ends of a sequence, and for landmarks of no loop.
    across : (..., T, L) float array
        The normal part, positive to the right of the way the loop runs.
    """

    along: Array
    across: Array

    @property
    def along_rms(self) -> Array:
        """(...,) root mean square of `along` over the frames and landmarks of each sequence."""
        return _rms(self.along)

    @property
    def across_rms(self) -> Array:
        """(...,) root mean square of `across` over the frames and landmarks of each sequence."""
        return _rms(self.across)


def trajectories(
    points: ArrayLike,
    time: ArrayLike | None = None,
    *,
    loop: Sequence[int] | None = None,
    reference: ArrayLike = 0,
    remove_drift: bool = False,
    periodic: bool = False,
) -> Trajectories:
    """Displacement, velocity, path length and drift of the landmarks of sequences.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Any one unit; gaps are NaN.
    time : (..., T) array, optional
        Increasing, in any one unit; frame numbers unless given.
    loop : sequence of int, optional
        The landmarks of the closed outline whose centroid drifts; all of them, in order, unless given.
    reference : int or (...,) int array
        Frame from which displacement and drift are measured, one for all sequences or one for each.
    remove_drift : bool
        Move every frame back by its drift first.
    periodic : bool
        The frame after the last is the first again.

    Returns
    -------
    Trajectories

    Raises
    ------
    InputError
        For another shape, times that do not increase, or a reference that is no frame.
    """
    points = sequences(points)
    moved = drift(points, loop, reference=reference)
    kept = points - moved[..., None, :] if remove_drift else points
    return Trajectories(
        displacement=displacement(kept, reference),
        velocity=velocity(kept, time, periodic=periodic),
        path_length=path_length(kept, periodic=periodic),
        drift=moved,
        drift_removed=remove_drift,
    )


def drift(points: ArrayLike, loop: Sequence[int] | None = None, *, reference: ArrayLike = 0) -> Array:
    """How far the centroid of an outline's area moves, which does not depend on where the landmarks lie along the outline.

    Parameters
    ----------
    points : (..., T, L, 2) array
    loop : sequence of int, optional
        The landmarks of the closed outline, in order; all of them unless given.
    reference : int or (...,) int array
        Frame in which it is zero.

    Returns
    -------
    (..., T, 2) float array
    """
    points = sequences(points)
    centre = centroids(points if loop is None else points[..., list(loop), :])
    return centre - _at(centre[..., None, :], reference)[..., 0, :]


def displacement(points: ArrayLike, reference: ArrayLike = 0) -> Array:
    """Where landmarks are from where they were in a reference frame.

    Parameters
    ----------
    points : (..., T, L, 2) array
    reference : int or (...,) int array
        One frame for all sequences or one for each; a sequence of which it is a gap has no displacement.

    Returns
    -------
    (..., T, L, 2) float array

    Raises
    ------
    InputError
        For a reference that is no frame.
    """
    points = sequences(points)
    return points - _at(points, reference)


def velocity(points: ArrayLike, time: ArrayLike | None = None, *, periodic: bool = False) -> Array:
    """Central differences in time, exact for a parabola also where frames are unequal steps apart.

    Parameters
    ----------
    points : (..., T, L, 2) array
    time : (..., T) array, optional
        Frame numbers unless given.
    periodic : bool
        The frame after the last is the first again, a mean step later. Else the two ends have the difference to their only
        neighbour.

    Returns
    -------
    (..., T, L, 2) float array
        NaN beside a gap.
    """
    points = sequences(points)
    after = steps(frame_times(points, time), periodic=periodic)[..., None, None]
    before = np.roll(after, 1, axis=-3)
    forward = (np.roll(points, -1, axis=-3) - points) / after
    backward = np.roll(forward, 1, axis=-3)
    central = (before * forward + after * backward) / (before + after)
    if not periodic:
        central[..., 0, :, :], central[..., -1, :, :] = forward[..., 0, :, :], backward[..., -1, :, :]
    return np.asarray(central)


def path_length(points: ArrayLike, *, periodic: bool = False) -> Array:
    """Length of the way of each landmark, straight from frame to frame.

    Parameters
    ----------
    points : (..., T, L, 2) array
    periodic : bool
        The way leads back to the first frame.

    Returns
    -------
    (..., L) float array
        NaN for a landmark that a frame lacks: `fill` gaps first.
    """
    points = sequences(points)
    closed = np.concatenate([points, points[..., :1, :, :]], axis=-3) if periodic else points
    return np.asarray(np.linalg.norm(np.diff(closed, axis=-3), axis=-1).sum(axis=-2))


def jitter(points: ArrayLike, loops: Loops, *, periodic: bool = False) -> Jitter:
    """How landmarks tremble from frame to frame, along their outlines apart from across them.

    True motion has small second differences too, of either kind; what a landmark does along a smooth outline is mostly noise.

    Parameters
    ----------
    points : (..., T, L, 2) array
    loops : sequence of sequence of int
        Landmarks along each closed outline, in order; one of several loops takes the tangent of the first.
    periodic : bool
        The frame after the last is the first again.

    Returns
    -------
    Jitter
    """
    points = sequences(points)
    second = np.roll(points, 1, axis=-3) - 2 * points + np.roll(points, -1, axis=-3)
    if not periodic:
        second[..., [0, -1], :, :] = np.nan
    x, y = np.moveaxis(outline_tangents(points, loops), -1, 0)
    return Jitter(along=second[..., 0] * x + second[..., 1] * y, across=second[..., 1] * x - second[..., 0] * y)


def outline_tangents(points: Array, loops: Loops) -> Array:
    """(..., T, L, 2) unit tangents of closed outlines at their landmarks; NaN for landmarks of no loop."""
    unit = np.full_like(points, np.nan)
    for loop in reversed(loops):
        outline = points[..., list(loop), :]
        flat = tangents(outline.reshape(-1, *outline.shape[-2:]), np.arange(len(loop), dtype=np.float64))
        unit[..., list(loop), :] = flat.reshape(outline.shape)
    return unit


def _at(points: Array, reference: ArrayLike) -> Array:
    """(..., 1, L, 2) the reference frame of each sequence."""
    frame = np.asarray(reference)
    count, lead = points.shape[-3], points.shape[:-3]
    if frame.dtype.kind not in "iu" or frame.min(initial=0) < 0 or frame.max(initial=0) >= count:
        raise InputError(f"A reference must be the number of one of {count} frames; got {reference!r}.")
    if frame.shape not in ((), lead):
        raise InputError(f"A reference is one frame for all sequences or one for each of {lead}; got the shape {frame.shape}.")
    chosen = np.broadcast_to(frame, lead)[..., None, None, None]
    found: Array = np.take_along_axis(points, chosen, axis=-3)
    return found


def _rms(values: Array) -> Array:
    """(...,) root mean square of what is known of (..., T, L); NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=(-2, -1))
    total = np.where(known, values, 0.0)
    return np.asarray(np.sqrt(np.square(total).sum(axis=(-2, -1)) / np.where(count == 0, np.nan, count)))
