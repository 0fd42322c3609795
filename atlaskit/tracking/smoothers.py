"""Linear maps of known frames, in matrices: smoothers, one for all landmarks that share times and gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.tracking.timing import Array, present, steps

Known = NDArray[np.bool_]

DIGITS = 6
"""Decimals of a mean step to which times are told apart."""
DIFFUSE = 1e8
"""Variance of what is not known at first, in variances of the measurement noise."""


@dataclass(frozen=True)
class Patterns:
    """What smoothers depend on, apart from the landmarks.

    Attributes
    ----------
    times : (G, T) float array
        Times of each pattern, in mean steps from its first frame.
    known : (G, T) bool array
        Frames that are no gap.
    of_landmark : (R, L) int array
        The pattern of each landmark of R sequences.
    """

    times: Array
    known: Known
    of_landmark: NDArray[np.int64]

    @classmethod
    def of(cls, points: Array, times: Array) -> Patterns:
        """The patterns of landmarks (..., T, L, 2) at times (..., T)."""
        count, landmarks = points.shape[-3:-1]
        times = times.reshape(-1, count)
        mean = np.nanmean(steps(times, periodic=True), axis=-1, keepdims=True)
        when, which = np.unique(np.round((times - times[:, :1]) / mean, DIGITS), axis=0, return_inverse=True)
        known = np.moveaxis(present(points).reshape(-1, count, landmarks), 1, 2)
        bits = np.packbits(known, axis=-1)
        number = np.broadcast_to(which.reshape(-1, 1, 1).astype(np.int64), (*known.shape[:2], 1))
        key = np.concatenate([np.ascontiguousarray(number).view(np.uint8), bits], axis=-1)
        joined = np.ascontiguousarray(key).view(np.dtype((np.void, key.shape[-1])))[..., 0]
        _, first, pattern = np.unique(joined, return_index=True, return_inverse=True)
        row, landmark = np.unravel_index(first, known.shape[:2])
        return cls(when[which.ravel()[row]], known[row, landmark], pattern.reshape(known.shape[:2]))

    def apply(self, matrices: Array, points: Array, frames: Known | None = None) -> Array:
        """Landmarks (..., T, L, 2) by the (G, T, T) matrix of their pattern, in its known frames or other (G, T) ones."""
        count, landmarks = points.shape[-3:-1]
        series = np.moveaxis(points.reshape(-1, count, landmarks, 2), 1, 0).reshape(count, -1, 2)
        moved = np.full_like(series, np.nan)
        order = np.argsort(self.of_landmark, axis=None, kind="stable")
        ends = np.cumsum(np.bincount(self.of_landmark.ravel(), minlength=len(matrices)))[:-1]
        wanted = self.known if frames is None else frames
        for matrix, known, to, rows in zip(matrices, self.known, wanted, np.split(order, ends)[: len(matrices)], strict=True):
            values = matrix[np.ix_(to, known)] @ series[np.ix_(known, rows)].reshape(-1, 2 * len(rows))
            moved[np.ix_(to, rows)] = values.reshape(-1, len(rows), 2)
        return np.moveaxis(moved.reshape(count, -1, landmarks, 2), 0, 1).reshape(points.shape)


def harmonics(times: Array, known: Known, *, order: int) -> Array:
    """(G, T, T) least-squares fits of a beat's mean and first harmonics to its known frames."""
    beat = steps(times, periodic=True).sum(axis=-1)[:, None, None]
    angle = 2 * np.pi * times[..., None] * np.arange(1, order + 1) / beat
    basis = np.concatenate([np.ones_like(angle[..., :1]), np.cos(angle), np.sin(angle)], axis=-1)
    return _fit(basis, known)


def local_polynomials(times: Array, known: Known, *, periodic: bool, window: int, degree: int) -> Array:
    """(G, T, T) of each frame the polynomial fitted to the known frames of a window around it (Savitzky-Golay)."""
    groups, count = times.shape
    start = np.arange(count) - window // 2
    frames = (start if periodic else np.clip(start, 0, count - window))[:, None] + np.arange(window)
    beats = np.floor_divide(frames, count) * steps(times, periodic=True).sum(axis=-1)[:, None, None]
    from_here = times[:, frames % count] + beats - times[..., None]
    basis = from_here[..., None] ** np.arange(degree + 1) / window ** np.arange(degree + 1)
    here = known[:, frames % count]
    value = np.linalg.pinv(basis * here[..., None])[..., 0, :] * here  # the constant term, as time is counted from the frame
    matrices = np.zeros((groups, count, count))
    row = np.arange(count)
    for k in range(window):
        matrices[:, row, frames[:, k] % count] += value[..., k]
    return _keeping_constants(matrices)


def constant_velocity(times: Array, known: Known, *, periodic: bool, cutoff: float) -> Array:
    """(G, T, T) Rauch-Tung-Striebel smoothers of a motion of nearly constant velocity; a beat lies between its like.

    The state is a position and a velocity, of which nothing is known at first; q is the density of the white acceleration in
    variances of the measurement noise.
    """
    count = times.shape[1]
    copies = 3 if periodic else 1  # the middle one of three beats has left the unknown start behind
    after = np.tile(steps(times, periodic=True), copies)
    matrix = _rts(after[:, :-1], np.tile(known, copies), (2 * np.pi / cutoff) ** 4)
    middle = matrix[:, count : 2 * count] if periodic else matrix
    return _keeping_constants(middle.reshape(len(times), count, copies, count).sum(axis=2))


def _rts(after: Array, known: Known, q: float) -> Array:
    """(G, T, T) smoothed positions of unit measurements, one in each frame; `after` are the T - 1 steps."""
    groups, count = known.shape
    state, spread = np.zeros((groups, 2, count)), np.broadcast_to(DIFFUSE * np.eye(2), (groups, 2, 2))
    move, noise = _moves(after, q)
    filtered = []
    for t in range(count):
        if t:
            state, spread = move[:, t - 1] @ state, _moved(move[:, t - 1], spread) + noise[:, t - 1]
        gain = np.where(known[:, t, None], spread[:, :, 0] / (spread[:, 0, :1] + 1), 0.0)
        off = (np.arange(count) == t) - state[:, 0]
        keep = np.eye(2) - gain[:, :, None] * np.array([1.0, 0.0])
        state = state + gain[:, :, None] * off[:, None]
        spread = _moved(keep, spread) + gain[:, :, None] * gain[:, None]  # Joseph's form, which stays symmetric and positive
        filtered.append((state, spread))
    smooth = [state]
    for t in reversed(range(count - 1)):
        state, spread = filtered[t]
        ahead = _moved(move[:, t], spread) + noise[:, t]
        back = np.linalg.solve(ahead, move[:, t] @ spread).swapaxes(1, 2)
        smooth.append(state + back @ (smooth[-1] - move[:, t] @ state))
    return np.stack(smooth[::-1], axis=1)[:, :, 0]


def _moves(after: Array, q: float) -> tuple[Array, Array]:
    """(G, T - 1, 2, 2) how position and velocity go on over each step, and the spread that a white acceleration adds."""
    one, none = np.ones_like(after), np.zeros_like(after)
    move = np.stack([one, after, none, one], axis=-1)
    noise = q * np.stack([after**3 / 3, after**2 / 2, after**2 / 2, after], axis=-1)
    return move.reshape(*after.shape, 2, 2), noise.reshape(*after.shape, 2, 2)


def _moved(by: Array, spread: Array) -> Array:
    return by @ spread @ by.swapaxes(-1, -2)


def _fit(basis: Array, known: Known) -> Array:
    """(G, T, T) projections of known frames onto the columns of a basis (G, T, K)."""
    basis = basis * known[..., None]
    return _keeping_constants(basis @ np.linalg.pinv(basis))


def _keeping_constants(matrices: Array) -> Array:
    """Matrices whose rows sum to 1 in spite of rounding; a row of a gap is left as it is."""
    total = matrices.sum(axis=-1, keepdims=True)
    return matrices / np.where(np.abs(total) > 0.5, total, 1.0)
