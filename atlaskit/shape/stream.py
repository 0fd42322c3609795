"""Alignment and modes of more cases than fit in memory: a few passes over blocks, and the same answer as at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape.cloud import Array, Cloud, Complex, Scale
from atlaskit.shape.model import ShapeModel, from_covariance
from atlaskit.shape.procrustes import align, align_to

SETTLED = 1e-11
"""Movement of the mean, over its size, below which it has come to rest."""
PASSES = 50


@dataclass(frozen=True)
class Streamed:
    """What passes over all cases found; `align_to` the mean and `ShapeModel.scores` give any part of them.

    Attributes
    ----------
    mean : (L, 2) float array
        As `atlaskit.shape.Alignment.mean`.
    model : ShapeModel
        Of the tangent coordinates.
    cases, passes : int
    """

    mean: NDArray[np.float64]
    model: ShapeModel
    cases: int
    passes: int


def stream(
    blocks: Callable[[], Iterable[Array]], *, scale: Scale = "full", modes: int | float = 1.0, onto: Array | None = None
) -> Streamed:
    """Align cases that come in blocks, and find their modes.

    Parameters
    ----------
    blocks : callable
        Gives all cases anew each time it is called: arrays (n, L, 2), nothing absent.
    scale, onto
        As in `atlaskit.shape.align`.
    modes : int or float
        How many, or the least that explain a share of the variance.

    Raises
    ------
    InputError
        For absent landmarks, no cases, and what `align` refuses.

    Notes
    -----
    The alignment of the first block is nearly that of all: 3 to 6 passes more bring the mean to rest, and one gathers the
    covariance. Memory is that of a block and of a matrix (2 L, 2 L).
    """
    first = _first(blocks)
    mean: Complex = (align(first, scale=scale).mean if len(first) > 1 else first[0]) @ np.array([1, 1j])
    passes, moved, turns = 0, np.inf, complex(1)
    while moved > SETTLED and passes < PASSES:
        mean, moved, turns = _pass(blocks, mean, scale)
        passes += 1
    mean = mean * _upright(mean, turns, onto)
    middle: NDArray[np.float64] = np.stack([mean.real, mean.imag], axis=-1)
    average, covariance, cases = _spread(blocks, middle, scale)
    return Streamed(middle, from_covariance(average, covariance, cases, modes=modes), cases, passes + 2)


def _first(blocks: Callable[[], Iterable[Array]]) -> NDArray[np.float64]:
    """The first block that holds any case."""
    for block in blocks():
        if len(block):
            return np.asarray(block, dtype=np.float64)
    raise InputError("A stream of shapes needs cases; there are none.")


def _pass(blocks: Callable[[], Iterable[Array]], mean: Complex, scale: Scale) -> tuple[Complex, float, complex]:
    """The mean after one round over all cases, how far it moved, and by what cases are turned in all."""
    total: Complex = np.zeros(len(mean), complex)
    heft, turns, cloud = np.zeros(len(mean)), 0j, None
    for block in blocks():
        if len(block) == 0:
            continue
        points = np.asarray(block, dtype=np.float64)
        if not np.isfinite(points).all():
            raise InputError("A stream of shapes needs every landmark of every case; leave out those that are absent in some.")
        cloud = Cloud.of(points[..., 0] + 1j * points[..., 1], np.ones(points.shape[1]), translate=True, mirror=False)
        factor, turn, flip, _ = cloud.fit(mean, scale, True)
        part, weight = cloud.totals(mean, factor * turn, flip, np.ones(len(points)))
        total, heft, turns = total + part, heft + weight, turns + complex(turn.sum())
    assert cloud is not None
    new = cloud.normed(np.asarray(total / heft), scale)
    return new, cloud.norm(new - mean) / cloud.norm(new), turns


def _upright(mean: Complex, turns: complex, onto: Array | None) -> complex:
    """What turns the mean onto another shape, or else so that cases are turned by nothing on average."""
    to = turns.conjugate()
    if onto is not None:
        goal = np.asarray(onto, dtype=np.float64) @ np.array([1, 1j])
        to = complex((mean.conj() * (goal - goal.mean())).sum())
    return to / abs(to) if abs(to) > 1e-9 else 1.0


def _spread(
    blocks: Callable[[], Iterable[Array]], mean: NDArray[np.float64], scale: Scale
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Average (L, 2) and covariance (2 L, 2 L) of the tangent coordinates of all cases, and how many there are."""
    count, total, square = 0, np.zeros(mean.size), np.zeros((mean.size, mean.size))
    for block in blocks():
        if len(block):
            off = (align_to(block, mean, scale=scale).tangent - mean).reshape(len(block), -1)
            count, total, square = count + len(off), total + off.sum(0), square + off.T @ off
    if count < 2:
        raise InputError(f"Modes need 2 or more cases; the stream has {count}.")
    average = total / count
    return mean + average.reshape(mean.shape), (square - count * np.outer(average, average)) / (count - 1), count
