"""Which way a case lies: the rotation, and where asked the reflection, that brings its contours onto the mean's.

For corpora without a common orientation (bones, cells, fish). All structures of a case turn together. Each contour may
start anywhere, so every angle is judged by the best cyclic start of each contour at that angle, all starts at once by
Fourier transform; the best of a grid of angles is then refined in closed form. Bends count beside positions: they do not
turn with a case, and tell its head from its tail and its left from its right where the coarse shape is nearly symmetric.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit.assignment import best_turn
from atlaskit.frames import Array, Frames, Moments, rotations
from atlaskit.signatures import BEND_SPAN, turning_over

ANGLES = 72
"""Angles that are tried: one every 5 degrees."""
ROUNDS = 6
"""Rounds of alignment to the running mean, where there is no template yet."""
BENDS = 1.0
"""What the agreement of wide bends, in radians, counts beside that of positions, in units of the size."""
REFERENCES = 24
"""Cases that are tried as the first mean, at most."""

Complex = NDArray[np.complexfloating]


def turns(samples: Array, mean: Array, found: Moments, weight: Array, *, mirror: bool) -> NDArray[np.float64]:
    """Turn each case onto a mean.

    Parameters
    ----------
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where absent.
    mean : (S, M, 2) array
        Closed contours of the mean at equal arc length, unit frame; NaN where unknown.
    found : Moments
        Of the samples and the mean.
    weight : (S,) array
        How much each structure says.
    mirror : bool
        Whether a case may be reflected.

    Returns
    -------
    (N, 2, 2) float array
        Matrices from the unit frame to pixels; the determinant of a mirrored case is -1.
    """
    shape = _complex((samples - found.middle[:, None, None]) / np.maximum(found.size, 1e-12)[:, None, None, None])
    middles, size = found.mean_middle, np.maximum(found.mean_size, 1e-12)
    goal = _complex((mean - middles[:, None, None]) / size[:, None, None, None])
    angle, score = _angles(shape, goal, weight)
    turned = rotations(angle)
    if mirror:
        angle, mirrored = _angles(np.conj(shape[..., ::-1]), goal, weight)
        flipped = np.array([[1.0, 0.0], [0.0, -1.0]]) @ rotations(angle)
        turned = np.where((mirrored > score)[:, None, None], flipped, turned)
    return turned


def upright(samples: Array, weight: Array, *, mirror: bool) -> NDArray[np.float64]:
    """Turn all cases of a corpus alike, where there is no mean to turn them to.

    The first mean is the case that all others fit best; its own way to lie becomes everybody's.

    Parameters
    ----------
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where absent.
    weight : (S,) array
        How much each structure says, above 0 for one at least.
    mirror : bool

    Returns
    -------
    (N, 2, 2) float array
        As in `turns`.
    """
    shape = np.where(weight[:, None, None] > 0, samples, np.nan)
    shape = np.where(np.isnan(shape).all((1, 2, 3), keepdims=True), samples, shape)
    middle = np.nanmean(shape, axis=(1, 2))
    size = np.sqrt(np.nanmean(np.square(shape - middle[:, None, None]).sum(-1), axis=(1, 2)))
    found = Moments(middle, size, np.zeros_like(middle), np.ones_like(size))
    unit = (samples - middle[:, None, None]) / np.maximum(size, 1e-12)[:, None, None, None]
    mean = unit[_reference(unit, weight, mirror)]
    for _ in range(ROUNDS):
        posed = Frames(middle, np.maximum(size, 1e-12), turns(samples, mean, found, weight, mirror=mirror))
        mean = _mean(posed.to_unit(posed.facing(samples)) - 0.5, mean)
    assert posed.turn is not None
    return posed.turn


def _complex(points: Array) -> Complex:
    """(..., 2) points as complex numbers; 0 where unknown."""
    numbers: Complex = np.nan_to_num(points @ np.array([1, 1j]))
    return numbers


def _angles(shape: Complex, goal: Complex, weight: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) angles that turn the goals onto (N, S, M) shapes best, and how well they agree."""
    agreement = _correlation(shape, goal) * weight[:, None]
    bends = BENDS * _correlation(_bends(shape), _bends(goal)).real * weight[:, None]
    tried = 2 * np.pi * np.arange(ANGLES) / ANGLES
    scores = np.stack([((np.exp(-1j * angle) * agreement).real + bends).max(-1).sum(1) for angle in tried], axis=1)
    angle = tried[scores.argmax(1)]
    for _ in range(3):  # at the best starts for an angle the best angle is known
        at = ((np.exp(-1j * angle)[:, None, None] * agreement).real + bends).argmax(-1)
        angle = np.angle(np.take_along_axis(agreement, at[..., None], axis=-1).sum((1, 2)))
    return angle, ((np.exp(-1j * angle)[:, None, None] * agreement).real + bends).max(-1).sum(1)


def _correlation(a: NDArray[Any], b: NDArray[Any]) -> Complex:
    """Cyclic correlation along the last axis: how well b, begun at each sample of a, agrees with it."""
    correlation: Complex = np.fft.ifft(np.fft.fft(a) * np.conj(np.fft.fft(b)))
    return correlation


def _bends(shape: Complex) -> NDArray[np.float64]:
    """Wide bends along contours (..., S, M) of complex numbers, less their mean."""
    bends = turning_over(np.stack([shape.real, shape.imag], axis=-1), BEND_SPAN)
    return np.asarray(bends - bends.mean(-1, keepdims=True))


def _reference(unit: Array, weight: Array, mirror: bool) -> int:
    """The case of the most complete ones that the others agree with best."""
    complete = np.flatnonzero(_known(unit).sum(1) == _known(unit).sum(1).max())
    tried = complete[np.linspace(0, len(complete) - 1, min(REFERENCES, len(complete))).astype(int)]
    shapes = _complex(unit[tried])
    scores = np.zeros(len(tried))
    for k, goal in enumerate(shapes):
        score = _angles(shapes, goal[None], weight)[1]
        if mirror:
            score = np.maximum(score, _angles(np.conj(shapes[..., ::-1]), goal[None], weight)[1])
        scores[k] = score.sum()
    return int(tried[scores.argmax()])


def _known(samples: Array) -> NDArray[np.bool_]:
    """(N, S) presence."""
    return ~np.isnan(samples[:, :, 0, 0])


def _mean(straight: Array, mean: Array) -> NDArray[np.float64]:
    """The mean (S, M, 2) of turned contours, each begun where it fits the last mean best; NaN where none is present."""
    result = np.full(mean.shape, np.nan)
    count = np.arange(mean.shape[1])
    for s in range(len(mean)):
        here = straight[~np.isnan(straight[:, s, 0, 0]), s]
        if len(here):
            shift = best_turn(here, mean[s] if not np.isnan(mean[s]).any() else here[0])
            result[s] = np.take_along_axis(here, ((shift[:, None] + count) % len(count))[..., None], axis=1).mean(0)
    return result
