"""Alignment and modes of more cases than fit in memory: a few passes over blocks, and the same answer as at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape.ahead import ahead
from atlaskit.shape.cloud import Array, Cloud, Complex, Scale, limit_of, resistant
from atlaskit.shape.model import ShapeModel, from_covariance
from atlaskit.shape.procrustes import Alignment, align, align_to, as_complex

SETTLED = 1e-10
"""Movement of the mean, over its size, below which it has come to rest."""
PASSES = 100
FIRST = 4096
"""Cases whose own alignment is where the passes over all start."""
BITE = 512
"""Cases that are worked on at once: their landmarks stay in the processor's cache."""

Blocks = Callable[[], Iterable[Array]]


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

    def __repr__(self) -> str:
        """How many cases passed how often, and their model."""
        return f"Streamed({self.cases} cases in {self.passes} passes, {self.model})"

    @property
    def table(self) -> pd.DataFrame:
        """As `ShapeModel.table`."""
        return self.model.table


def stream(
    blocks: Blocks,
    *,
    scale: Scale = "full",
    modes: int | float | str = 1.0,
    robust: bool = False,
    onto: Array | None = None,
    seed: int = 0,
) -> Streamed:
    """Align cases that come in blocks, and find their modes.

    Parameters
    ----------
    blocks : callable
        Gives all cases anew each time it is called: arrays (n, L, 2), nothing absent.
    scale, robust, onto
        As in `atlaskit.shape.align`.
    modes : int, float or {"all", "parallel"}
        As in `atlaskit.shape.pca`; cases are not shuffled for a parallel analysis but drawn, normal and independent, which for
        many cases is the same.
    seed : int
        Of the draws.

    Raises
    ------
    InputError
        For absent landmarks, no cases, and what `align` refuses.

    Notes
    -----
    The alignment of the first cases is nearly that of all: 3 to 6 passes more bring the mean to rest, and one gathers the
    covariance; a robust mean takes some more passes. Memory is that of a block and of a matrix (2 L, 2 L).
    """
    first = align(_first(blocks), scale=scale, robust=robust)
    state = _State(as_complex(first.mean), _limit(first) if robust else None)
    passes = 0
    while state.moved > SETTLED and passes < PASSES:
        state, passes = _pass(blocks, state, scale), passes + 1
    mean = state.mean * _upright(state, onto)
    middle: NDArray[np.float64] = np.stack([mean.real, mean.imag], axis=-1)
    average, covariance, cases = _spread(blocks, middle, scale)
    model = from_covariance(average, covariance, cases, modes=modes, seed=seed)
    return Streamed(middle, model, cases, passes + 2)


@dataclass(frozen=True)
class _State:
    """The mean after a pass, the distance beyond which cases count less in the next, and how that pass went."""

    mean: Complex
    limit: float | None
    moved: float = np.inf
    turns: complex = 1


def _bites(blocks: Blocks) -> Iterator[NDArray[np.float64]]:
    """All cases, some at a time."""
    for block in blocks():
        points = np.asarray(block, dtype=np.float64)
        if not np.isfinite(points).all():
            raise InputError("A stream of shapes needs every landmark of every case; leave out those that are absent in some.")
        yield from (points[k : k + BITE] for k in range(0, len(points), BITE))


def _first(blocks: Blocks) -> NDArray[np.float64]:
    """The first cases."""
    found = list(islice(_bites(blocks), FIRST // BITE))
    if not found:
        raise InputError("A stream of shapes needs cases; there are none.")
    return np.concatenate(found)


def _limit(first: Alignment) -> float:
    """The distance beyond which cases count less in a robust mean, of the first cases."""
    return limit_of(np.sqrt(np.square(first.points - first.mean).sum(2).mean(1)))


def _pass(blocks: Blocks, state: _State, scale: Scale) -> _State:
    """One round over all cases: each fitted to the mean, and their average the next one."""
    mean, limit = state.mean, state.limit

    def fitted(points: NDArray[np.float64]) -> tuple[Complex, float, complex, NDArray[np.float64]]:
        cloud = Cloud.of(as_complex(points), np.ones(len(mean)), translate=True, mirror=False)
        factor, turn, flip, _ = cloud.fit(mean, scale, True)
        offsets = np.zeros(0) if limit is None else cloud.offsets(mean, factor * turn, flip)
        counts = np.ones(len(points)) if limit is None else resistant(offsets, limit)
        return cloud.totals(mean, factor * turn, flip, counts)[0], float(counts.sum()), complex(turn.sum()), offsets

    totals, counts, turns, offsets = zip(*ahead(fitted, _bites(blocks)), strict=True)
    new = np.asarray(sum(totals)) / sum(counts)
    new = new - new.mean()
    new = new if scale == "none" else new / np.linalg.norm(new)
    moved = float(np.linalg.norm(new - mean) / np.linalg.norm(new))
    return _State(new, None if limit is None else limit_of(np.concatenate(offsets)), moved, sum(turns))


def _upright(state: _State, onto: Array | None) -> complex:
    """What turns the mean onto another shape, or else so that cases are turned by nothing on average."""
    to = state.turns.conjugate()
    if onto is not None:
        goal = as_complex(onto)
        to = complex((state.mean.conj() * (goal - goal.mean())).sum())
    return to / abs(to) if abs(to) > 1e-9 else 1.0


def _spread(blocks: Blocks, mean: NDArray[np.float64], scale: Scale) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Average (L, 2) and covariance (2 L, 2 L) of the tangent coordinates of all cases, and how many there are."""

    def sums(points: NDArray[np.float64]) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
        off = (align_to(points, mean, scale=scale).tangent - mean).reshape(len(points), -1)
        return len(off), off.sum(0), off.T @ off

    count, total, square = 0, np.zeros(mean.size), np.zeros((mean.size, mean.size))
    for part in ahead(sums, _bites(blocks)):
        count, total = count + part[0], total + part[1]
        square += part[2]
    average = total / count
    return mean + average.reshape(mean.shape), (square - count * np.outer(average, average)) / (count - 1), count
