"""Frames that do not belong between their neighbours: another slice, a failed segmentation, a mixed-up order."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError
from atlaskit.tracking.moments import moments
from atlaskit.tracking.motion import Loops
from atlaskit.tracking.timing import Array, frame_times, sequences, steps

ATTRIBUTES = ("x", "y", "size", "aspect", "slant")
"""What an outline is measured by: centroid, logarithm of the mean radius, and how much wider than high, or slanted, it is."""
THRESHOLD = 3.2
"""Usual errors, on average over the attributes, beyond which a frame is a jump."""
BESIDE = 0.5
"""Share of the score of the next frame, or the one before, that a jump has at least."""
LEAST = 0.005
"""Usual error of an attribute, at least; a share of the mean radius."""
ACROSS = ((-1, 1), (-2, 1), (-1, 2))
"""Pairs of neighbours between which a frame is expected on a line. Beside a jump, one of them is without it."""
BEYOND = ((1, 2), (2, 3), (-2, -1), (-3, -2))
"""Pairs for frames that lack one of these, as the ends of a sequence do: on a line that goes on."""

FAR = np.log(10) / 2
"""By how much the logarithm of a radius is off where the area is a tenth of the usual one, or ten times as large."""
LEAST_KNOWN = 3
"""Frames of a sequence from which its usual area is told."""


@dataclass(frozen=True)
class Jumps:
    """Frames of sequences that do not belong between their neighbours.

    Attributes
    ----------
    flags : (..., T) bool array
        The jumps.
    scores : (..., T) float array
        How far a frame's attributes are from what its neighbours make expected, in usual errors; from the usual area of its
        sequence where too few neighbours are known. NaN in gaps, and where too few frames are.
    loop : (..., T) int array
        The loop of the attribute that is farthest off, by number; -1 where there is no score.
    attribute : (..., T) int array
        Its number in `ATTRIBUTES`; -1 where there is no score.
    usual : (loops, 5) float array
        The usual error of each attribute, as a share of the mean radius.
    threshold : float
    """

    flags: NDArray[np.bool_]
    scores: Array
    loop: NDArray[np.int64]
    attribute: NDArray[np.int64]
    usual: Array
    threshold: float


def jumps(
    points: ArrayLike, loops: Loops, time: ArrayLike | None = None, *, periodic: bool = False, threshold: float = THRESHOLD
) -> Jumps:
    """Find frames whose outlines jump: each against its neighbours in time.

    Parameters
    ----------
    points : (..., T, L, 2) array
        All sequences of a kind together, any one unit; gaps are NaN.
    loops : sequence of sequence of int
        Landmarks along each closed outline, in order.
    time : (..., T) array, optional
        Frame numbers unless given.
    periodic : bool
        The frame after the last is the first again, a mean step later.
    threshold : float
        Usual errors beyond which a frame is a jump.

    Returns
    -------
    Jumps

    Raises
    ------
    InputError
        For another shape, times that do not increase, no loop, or a threshold that is not positive.

    Notes
    -----
    Attributes are of the area that an outline encloses, so that it does not matter where its landmarks lie along it, and are
    shares of its mean radius: one that moves by its radius has an error of 1. The error of a_t is
    a_t - (a_{t-1} + a_{t+1}) / 2, by time where steps differ. The usual error is the median of its size over all frames of all
    sequences, times 1.4826 to be a normal standard deviation, and never below 0.005. A score is the root mean square over the
    attributes of errors in usual errors.

    Beside a jump the error is half of the jump. So each frame is also compared with what t - 2 and t + 1, and t - 1 and t + 2,
    make expected, of which one leaves the jump out, and the least score counts; and a frame beside one of over twice its score
    is none. Two bad frames in a row are found where the change is large; three hide one another. Where one of these pairs is
    missing, by a gap or at an end, lines through two frames on one side count too, by the usual error of such lines. This is
    larger, and so has to be a jump of the first or the last frame. A frame amid gaps, without any such pair, is judged by the
    median area of its sequence: a tenth of it, or ten times as much, has the score of the threshold.

    On 53 sequences of 6 pigs, 99.2 % of frames that were exchanged for that of another slice are found (98 % of those from
    12 mm away, all from farther away) and 0.6 % of the frames as they are flagged: ``benchmarks/tracking.py jumps``. Without
    a periodic beat it is 95.7 %, of the first and last frame 77 %.

    References
    ----------
    Painchaud et al., Echocardiography segmentation with enforced temporal consistency, IEEE Transactions on Medical Imaging 41
    (2022), on errors of attributes.
    """
    points = sequences(points)
    if not (len(loops) and isinstance(threshold, Real) and threshold > 0):
        raise InputError(f"Jumps need one loop or more and a threshold above 0; got {len(loops)} and {threshold}.")
    values = np.concatenate([_attributes(points[..., list(loop), :]) for loop in loops], axis=-1)
    times = frame_times(points, time)
    size = np.abs(np.stack([_error(values, times, pair, periodic) for pair in (*ACROSS, *BEYOND)]))
    usual = np.stack([_usual(errors) for errors in size])
    usual[: len(ACROSS)] = usual[0]
    scores, worst = _least(np.stack([errors / own for errors, own in zip(size, usual, strict=True)]))
    lone, of_loop = _lone(values[..., ATTRIBUTES.index("size") :: len(ATTRIBUTES)])
    alone = np.isnan(scores) & np.isfinite(lone)
    scores, worst = np.where(alone, threshold * lone, scores), np.where(alone, of_loop, worst)
    absent = np.isnan(scores)
    loop, attribute = (np.where(absent, -1, part) for part in np.divmod(worst, len(ATTRIBUTES)))
    return Jumps(
        flagged(scores, threshold, periodic=periodic), scores, loop, attribute, usual[0].reshape(len(loops), -1), threshold
    )


def _attributes(outlines: Array) -> Array:
    """(..., T, 5) of outlines (..., T, n, 2), as shares of their mean radius over the frames."""
    signed, centre, spread = moments(outlines)
    area = np.where(signed == 0, np.nan, np.abs(signed))
    log_radius = 0.5 * np.log(area / np.pi)
    radius = np.exp(_mean(log_radius))
    wider = 2 * np.pi * (spread[..., 0] - spread[..., 1]) / area
    slant = 4 * np.pi * spread[..., 2] / area
    return np.stack([centre[..., 0] / radius, centre[..., 1] / radius, log_radius, wider, slant], axis=-1)


def _error(values: Array, times: Array, pair: tuple[int, int], periodic: bool) -> Array:
    """(..., T, A) difference of attributes (..., T, A) from the line through two neighbours; NaN where one is not there."""
    count = times.shape[-1]
    beat = steps(times, periodic=True).sum(axis=-1, keepdims=True)
    expected = np.zeros_like(values)
    frames = [np.arange(count) + offset for offset in pair]
    when = [times[..., frame % count] + beat * (frame // count) for frame in frames]
    share = (times - when[0]) / (when[1] - when[0])
    for frame, weight in zip(frames, (1 - share, share), strict=True):
        there = (periodic | (frame // count == 0))[:, None]
        expected += np.where(there, weight[..., None] * values[..., frame % count, :], np.nan)
    return values - expected


def _least(scores: Array) -> tuple[Array, NDArray[np.int64]]:
    """(..., T) the least over the pairs of the root mean square of scores (pairs, ..., T, A), and which is the worst there."""
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0.0)
    count = known.sum(axis=-1)
    mean = np.where(count == 0, np.inf, np.sqrt(np.square(filled).sum(axis=-1) / np.maximum(count, 1)))
    mean[len(ACROSS) :, np.isfinite(mean[: len(ACROSS)]).all(axis=0)] = np.inf
    chosen = mean.argmin(axis=0)[None]
    least = np.take_along_axis(mean, chosen, axis=0)[0]
    worst: NDArray[np.int64] = np.take_along_axis(filled.argmax(axis=-1), chosen, axis=0)[0]
    return np.where(np.isinf(least), np.nan, least), worst


def _lone(sizes: Array) -> tuple[Array, NDArray[np.int64]]:
    """(..., T) how far logarithms of radii (..., T, loops) are from their medians, in `FAR`, and which attribute that is."""
    known = np.isfinite(sizes)
    enough = known.sum(axis=-2, keepdims=True) >= LEAST_KNOWN
    usual = np.nanmedian(np.where(enough, sizes, 0.0), axis=-2, keepdims=True)
    off = np.where(known & enough, np.abs(sizes - usual), -np.inf) / FAR
    loop = off.argmax(axis=-1)
    most = np.take_along_axis(off, loop[..., None], axis=-1)[..., 0]
    return np.where(np.isinf(most), np.nan, most), loop * len(ATTRIBUTES) + ATTRIBUTES.index("size")


def flagged(scores: Array, threshold: float, *, periodic: bool) -> NDArray[np.bool_]:
    """(..., T) scores (..., T) beyond the threshold, but for frames beside one of over twice their score."""
    known = np.nan_to_num(scores, nan=0.0)
    ends = known if periodic else np.zeros_like(known)
    around = np.concatenate([ends[..., -1:], known, ends[..., :1]], axis=-1)
    return np.asarray((known > threshold) & (known >= BESIDE * np.maximum(around[..., :-2], around[..., 2:])))


def _mean(values: Array) -> Array:
    """(..., 1) mean of what is known of (..., T); NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=-1, keepdims=True)
    return np.asarray(np.where(known, values, 0.0).sum(axis=-1, keepdims=True) / np.where(count == 0, np.nan, count))


def _usual(errors: Array) -> Array:
    """(A,) medians of what is known of (..., A), as the standard deviations they stand for."""
    known = [column[np.isfinite(column)] for column in errors.reshape(-1, errors.shape[-1]).T]
    return np.array([max(1.4826 * np.median(column), LEAST) if len(column) else LEAST for column in known])
