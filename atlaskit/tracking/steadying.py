"""Landmarks made steady: they slide along their own outlines, so that their way is smooth in time and the outlines stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.contours import signed_areas
from atlaskit.errors import InputError
from atlaskit.tracking.motion import Loops
from atlaskit.tracking.smoothers import Patterns, constant_velocity
from atlaskit.tracking.smoothing import CUTOFF, change
from atlaskit.tracking.splines import Curves
from atlaskit.tracking.timing import Array, count_of, frame_times, present, sequences

ROUNDS = 2
"""How often the way of the landmarks is smoothed and they slide to where it passes."""
STEPS = 2
"""Steps along the outline a round."""
CLOSEST, FARTHEST = 0.2, 1.6
"""Shares of the way between two landmarks that it becomes, at least and at most: they stay in order, and see every bump."""
RELAXATIONS = 20
"""How often landmarks too close or too far apart push and pull one another, before a whole outline slides less far."""
AT_ONCE = 2**16
"""Landmarks that are worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Steadied:
    """Landmarks that have slid along their outlines.

    Attributes
    ----------
    points : (..., T, L, 2) float array
        Gaps are still gaps.
    rms : (...,) float array
        Root mean square distance that landmarks of a sequence were moved.
    largest : (...,) float array
        The largest.
    area_change : (...,) float array
        Largest change of the area of an outline, as a share of it, over the loops and frames of a sequence.
    """

    points: Array
    rms: Array
    largest: Array
    area_change: Array


def steady(
    points: ArrayLike,
    loops: Loops,
    time: ArrayLike | None = None,
    *,
    periodic: bool = False,
    cutoff: float = CUTOFF,
    rounds: int = ROUNDS,
    still: Collection[int] = (),
) -> Steadied:
    """Take the tremble along the outline from landmarks that were placed frame by frame.

    Where a landmark lies along a smooth outline is hardly seen in one mask, so it trembles from frame to frame. Each landmark
    slides along the curve through its own frame's landmarks to where its way, smoothed in time, comes nearest. The outline
    stays what it is, and with it area, length and every strain of the whole outline; of an open one, where its ends are still.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Any one unit; gaps are NaN.
    loops : sequence of sequence of int
        Landmarks along each closed outline, in order. Landmarks of no loop, or of several, stay where they are.
    time : (..., T) array, optional
        Frame numbers unless given.
    periodic : bool
        The frame after the last is the first again, a mean step later.
    cutoff : float
        Frames of an oscillation that the smooth way halves: `smooth`, method "rts". True motion along the outline, such as
        twist, is kept as far as it is slower.
    rounds : int
        How often.
    still : collection of int
        Landmarks that stay where they are, such as the hinges of a valve, between which a length is measured.

    Returns
    -------
    Steadied

    Raises
    ------
    InputError
        For another shape, times that do not increase, or a cutoff of 2 frames or less.

    Notes
    -----
    The order of landmarks is kept, and each way between two becomes 0.2 to 1.6 of what it was. On the cine phantom a twist of
    0.2 rad that needs a third of a beat of 30 frames loses 1 % of itself, and 2 % with a cutoff of 8. 1000 sequences of 30
    frames and 128 landmarks: 3 s.
    """
    points = sequences(points)
    rounds = count_of(rounds, 0, "How often landmarks are steadied")
    if not (isinstance(cutoff, Real) and cutoff > 2):
        raise InputError(f"Steadying needs a cutoff of more than 2 frames; got {cutoff}.")
    count, landmarks = points.shape[-3:-1]
    flat = points.reshape(-1, count, landmarks, 2)
    times = frame_times(points, time).reshape(-1, count)
    often = Counter([*(node for loop in loops for node in loop), *set(still)])
    steadied, area = flat.copy(), np.zeros(len(flat))
    for first in range(0, len(flat), max(AT_ONCE // (count * landmarks), 1)):
        part = slice(first, first + max(AT_ONCE // (count * landmarks), 1))
        for loop in loops:
            fixed = np.array([often[node] > 1 for node in loop])
            before = flat[part][:, :, list(loop)]
            after = _slid(before, times[part], fixed, periodic, cutoff, rounds)
            steadied[part][:, :, list(loop)] = after
            enclosed = signed_areas(before)
            changed = np.abs(signed_areas(after) / np.where(enclosed == 0, np.nan, enclosed) - 1)
            area[part] = np.fmax(area[part], np.nan_to_num(changed).max(axis=1))
    found = steadied.reshape(points.shape)
    return Steadied(found, *change(points, found), area.reshape(points.shape[:-3]))


def _slid(outlines: Array, times: Array, still: NDArray[np.bool_], periodic: bool, cutoff: float, rounds: int) -> Array:
    """Outlines (R, T, n, 2) whose landmarks have slid along them; those that are still stay."""
    there = np.asarray(present(outlines).all(axis=2))[..., None, None]
    shape = outlines.shape
    patterns = Patterns.of(outlines, times)
    smoother = constant_velocity(patterns.times, patterns.known, periodic=periodic, cutoff=cutoff)
    curves = Curves.through(_complex(outlines))
    begin = np.arange(shape[2], dtype=np.float64)
    places = np.broadcast_to(begin, (shape[0] * shape[1], shape[2]))
    now = np.where(there, outlines, np.nan)
    for _ in range(rounds):
        way = _complex(patterns.apply(smoother, now))
        places = np.where(still, begin, curves.towards(way, places, STEPS))
        places = in_order(places, still)
        on = curves.at(places)[0]
        now = np.where(there, np.stack([on.real, on.imag], axis=-1).reshape(shape), np.nan)
    return np.where(still[:, None] | ~there, outlines, now)


def in_order(places: Array, still: NDArray[np.bool_]) -> Array:
    """Places (N, n) along closed curves of n landmarks, pushed apart until each is behind the next; those that are still stay.

    Where pushing does not do, all landmarks of the outline go back towards their own places, 0 to n - 1, as far as they must.
    """
    landmarks = places.shape[1]
    begin = np.arange(landmarks)
    free = (~still).astype(np.float64)
    after = np.roll(free, -1)
    share = np.divide(free, free + after, out=np.zeros(landmarks), where=free + after > 0)  # of a push, to the one behind
    ahead = np.divide(after, free + after, out=np.zeros(landmarks), where=free + after > 0)
    wrong = (_wrong(_ahead(places)) != 0).any(axis=1)
    pushed = places[wrong]
    for _ in range(RELAXATIONS):
        short = _wrong(_ahead(pushed))
        pushed = pushed - share * short + np.roll(ahead * short, 1, axis=1)
    change = _ahead(pushed) - 1  # from a way of 1, and linear in how far the landmarks slide
    least, most = change.min(axis=1, keepdims=True), change.max(axis=1, keepdims=True)
    kept = np.minimum((CLOSEST - 1) / np.minimum(least, CLOSEST - 1), (FARTHEST - 1) / np.maximum(most, FARTHEST - 1))
    apart = places.copy()
    apart[wrong] = begin + (pushed - begin) * kept
    return apart


def _wrong(ahead: Array) -> Array:
    """How much longer ways should be; negative where they are too long."""
    return np.clip(ahead, CLOSEST, FARTHEST) - ahead


def _ahead(places: Array) -> Array:
    """(N, n) ways to the next landmark around closed curves."""
    return np.concatenate([np.diff(places, axis=1), places[:, :1] + places.shape[1] - places[:, -1:]], axis=1)


def _complex(outlines: Array) -> NDArray[np.complex128]:
    """(R T, n) of outlines (R, T, n, 2), zero in gaps."""
    known = np.nan_to_num(outlines)
    flat: NDArray[np.complex128] = (known[..., 0] + 1j * known[..., 1]).reshape(-1, outlines.shape[2])
    return flat
