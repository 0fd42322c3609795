"""Landmarks onto contours, in order and once around: a cyclic dynamic programme."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

PLACES = 32
"""Places that are told apart from one sample to the next: so fine that it does not show, so coarse that rounding in a network
that predicts does not either."""
HALF = 0.49
SETTLING = 30
"""Sweeps along a loop to the places between samples."""
LONGEST_STEP = 2.5
"""Longest step between consecutive landmarks, in mean steps."""

Array = NDArray[np.floating]
Indices = NDArray[np.int64]


def cyclic_start(samples: Array, n: int, *, goal: Array | None = None) -> Indices:
    """Where to begin: n landmarks at equal steps along each contour, turned so that they lie best on a goal.

    Parameters
    ----------
    samples : (N, M, 2) array
        Contour samples in one common frame.
    n : int
    goal : (N, n, 2) array, optional
        Wanted landmarks; their own spacing is kept. Without it the mean of the contours, started at their topmost points,
        is sought in three rounds.

    Returns
    -------
    (N, n) int array
        Unwrapped samples, increasing along the loop.
    """
    count = samples.shape[1]
    if goal is not None:
        length = np.linalg.norm(np.roll(goal, -1, 1) - goal, axis=-1)
        arc = np.cumsum(length, axis=1) / np.maximum(length.sum(1, keepdims=True), 1e-12)
        arc = np.concatenate([np.zeros((len(arc), 1)), arc[:, :-1]], axis=1)
        places = np.round(arc * count).astype(np.int64)
        even = _spread(goal, arc, count)
        wanted: Indices = places + best_turn(samples, even)[:, None]
        return wanted
    start = samples[..., 1].argmin(1)
    along = np.arange(count)
    for _ in range(3):
        turned = np.take_along_axis(samples, ((start[:, None] + along) % count)[..., None], axis=1)
        start = best_turn(samples, np.broadcast_to(turned.mean(0), samples.shape))
    steps: Indices = np.round(np.arange(n) * count / n).astype(np.int64)
    turned_to: Indices = start[:, None] + steps
    return turned_to


def _spread(goal: Array, arc: Array, count: int) -> NDArray[np.float64]:
    """Closed loops (N, n, 2) with their arc fractions (N, n), as (N, count, 2) points at equal arc length."""
    at = np.arange(count) / count
    closed = np.concatenate([goal, goal[:, :1]], axis=1)
    ends = np.concatenate([arc, np.ones((len(arc), 1))], axis=1)
    return np.stack([np.stack([np.interp(at, e, c[:, k]) for k in range(2)], -1) for e, c in zip(ends, closed, strict=True)])


def best_turn(samples: Array, goal: Array) -> Indices:
    """(N,) cyclic shifts that bring (N, M, 2) samples nearest to goals (N, M, 2), or all to one (M, 2)."""
    here, there = samples @ [1, 1j], goal @ [1, 1j]
    agreement = np.fft.ifft(np.fft.fft(here) * np.conj(np.fft.fft(there))).real
    shift: Indices = agreement.argmax(1)
    return shift


def at_places(values: Array, places: Array) -> NDArray[np.float64]:
    """(N, n, F) of (N, M, F) values along closed contours, at (N, n) places that may lie between samples."""
    low = np.floor(places).astype(np.int64)
    along = (places - low)[..., None]
    ends = [np.take_along_axis(values, ((low + k) % values.shape[1])[..., None], axis=1) for k in (0, 1)]
    found: NDArray[np.float64] = (1 - along) * ends[0] + along * ends[1]
    return found


def unwrap(chosen: Indices, samples: int) -> Indices:
    """Samples (N, n) in [0, M) as increasing numbers that pass M instead of starting again."""
    steps = np.diff(chosen, axis=1) % samples
    return np.concatenate([chosen[:, :1], chosen[:, :1] + np.cumsum(steps, axis=1)], axis=1)


@numba.njit(cache=True, nogil=True)
def _sweep(cost, step_cost, middle, band, first, anchor, back):  # type: ignore[no-untyped-def]
    """Least cost of walking the landmarks ``first, first + 1, ...``; state k stands for sample middle - band + k.

    With ``anchor >= 0`` the walk starts in that state. `back` receives the state that each state came from.
    """
    n, m = cost.shape
    states, longest = 2 * band + 1, step_cost.shape[1]
    best = np.full(states, np.inf, np.float32)
    for k in range(states):
        if anchor < 0:
            best[k] = cost[first, (middle[first] - band + k) % m]
    if anchor >= 0:
        best[anchor] = 0.0
    for t in range(1, back.shape[0]):
        node = (first + t) % n
        gap = middle[node] - middle[(node - 1) % n]
        gap = gap + m if node == 0 else gap
        new = np.full(states, np.inf, np.float32)
        for step in range(1, longest + 1):
            shift = step - gap
            extra = step_cost[node, step - 1]
            for k in range(max(0, shift), min(states, states + shift)):
                value = best[k - shift] + extra
                if value < new[k]:
                    new[k] = value
                    back[t, k] = k - shift
        for k in range(states):
            new[k] += cost[node, (middle[node] - band + k) % m]
        best = new
    return best


@numba.njit(cache=True, nogil=True)
def _assign_one(cost, step_cost, middle, band):  # type: ignore[no-untyped-def]
    """Cyclic assignment of one loop: an open walk of one and a half rounds finds an anchor, a closed walk the rest."""
    n, m = cost.shape
    rounds = n + n // 2
    back = np.zeros((rounds, 2 * band + 1), np.int32)
    best = _sweep(cost, step_cost, middle, band, 0, -1, back)
    state = np.argmin(best)
    half = rounds // 2
    for t in range(rounds - 1, half, -1):
        state = back[t, state]
    first = half % n
    back = np.zeros((n + 1, 2 * band + 1), np.int32)
    best = _sweep(cost, step_cost, middle, band, first, state, back)
    chosen = np.empty(n, np.int64)
    if not np.isfinite(best[state]):
        for node in range(n):
            chosen[node] = middle[node] % m
        return chosen
    for t in range(n, 0, -1):
        node = (first + t) % n
        chosen[node] = (middle[node] - band + state) % m
        state = back[t, state]
    return chosen


@numba.njit(cache=True, nogil=True)
def _settle(cost, chosen, steps, spacing):  # type: ignore[no-untyped-def]
    """Places between samples: from the best samples of one loop to the minimum of a parabola through each one's neighbours.

    The sum of all parabolas and of the spacing is quadratic; nearly half a sample is the furthest that any landmark goes, so
    that none meets another.
    """
    n, m = cost.shape
    slope, bend, off = np.empty(n), np.empty(n), np.zeros(n)
    for k in range(n):
        at = chosen[k]
        before, here, after = cost[k, (at - 1) % m], cost[k, at % m], cost[k, (at + 1) % m]
        slope[k], bend[k] = (after - before) / 2, max(after + before - 2 * here, 0.0)
    for _ in range(SETTLING):
        for k in range(n):
            ahead, behind = (k + 1) % n, (k - 1) % n
            here, there = 2 * spacing / steps[k] ** 2, 2 * spacing / steps[ahead] ** 2
            short = (chosen[k] - chosen[behind]) % m - off[behind] - steps[k]
            long = (chosen[ahead] - chosen[k]) % m + off[ahead] - steps[ahead]
            stiff = bend[k] + here + there
            if stiff > 0:
                off[k] = min(max((there * long - here * short - slope[k]) / stiff, -HALF), HALF)
    return chosen + np.round(off * PLACES) / PLACES


def assign(
    target: Array,
    features: Array,
    middle: Indices,
    *,
    spacing: float,
    band: int,
    weight: Array | None = None,
    steps: Array | None = None,
    between: bool = False,
    workers: int | None = None,
) -> NDArray[Any]:
    """Assign the n landmarks of a loop to samples of N contours: in order, once around, at least cost.

    Parameters
    ----------
    target : (N, n, F) or (n, F) array
        What each landmark should look like; the cost of a sample is the squared difference to its features.
    features : (N, M, F) array
        Features of the samples.
    middle : (N, n) int array
        Samples around which to search, unwrapped: increasing along the loop, by less than M in all.
    spacing : float
        Weight of (step / wanted step - 1)^2.
    band : int
        How far from `middle` to search, in samples.
    weight : (N, n, F) array, optional
        Factors of the squared differences.
    steps : (N, n) array, optional
        Wanted steps to each landmark from the one before, in samples; all the same unless given.
    between : bool
        Places between samples too, so that landmarks do not depend on where samples happen to lie.
    workers : int, optional
        Threads; one per core unless given.

    Returns
    -------
    (N, n) int array
        Sample of each landmark, in [0, M); with `between` a float array, in (-1/2, M - 1/2).

    Notes
    -----
    About n x 2 band x 2.5 M / n operations per contour: 0.3 ms for 128 landmarks with a band of 32 among 512.
    """
    n, samples = middle.shape[1], features.shape[1]
    target = np.broadcast_to(target, (len(features), *target.shape[-2:]))
    steps = np.full((len(features), n), samples / n) if steps is None else steps

    def one(case: int) -> NDArray[Any]:
        cost = _costs(target[case], features[case], None if weight is None else weight[case])
        each: NDArray[Any] = _assign_one(cost, _step_costs(steps[case], spacing), middle[case], band)
        return _settle(cost, each, steps[case], spacing) if between else each

    if workers == 1 or len(features) < 8:
        return np.stack([one(case) for case in range(len(features))])
    with threadpool_limits(1), ThreadPoolExecutor(workers or cpu_count()) as pool:
        return np.stack(list(pool.map(one, range(len(features)))))


def _costs(wanted: Array, found: Array, weight: Array | None) -> NDArray[np.float32]:
    """(n, M) weighted squared differences of (n, F) and (M, F) features."""
    if weight is None:
        cost = np.square(wanted).sum(1)[:, None] + np.square(found).sum(1) - 2 * wanted @ found.T
    else:
        cost = (weight * np.square(wanted)).sum(1)[:, None] + weight @ np.square(found).T - 2 * (weight * wanted) @ found.T
    costs: NDArray[np.float32] = cost.astype(np.float32)
    return costs


def _step_costs(steps: Array, spacing: float) -> NDArray[np.float32]:
    """(n, longest) costs of each step, 1 sample and more, to each landmark."""
    taken = np.arange(1, max(2, int(LONGEST_STEP * steps.max())) + 1)
    costs: NDArray[np.float32] = (spacing * np.square(taken / steps[:, None] - 1)).astype(np.float32)
    return costs
