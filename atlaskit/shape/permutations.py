"""Residual randomisation: what the residuals of a reduced model give where they are exchanged between units."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError

Array = NDArray[np.floating]
Ints = NDArray[np.int32]

PERMUTATIONS = 999
"""As many as a test makes where no other number is asked for."""
LEAST, MOST = 19, 1_000_000
"""Permutations of a test: fewer can find nothing at 0.05, more do not fit in memory."""
BATCH = 4_000_000
"""Numbers of a batch of permutations, at most."""


def draw(exchange: NDArray[np.int64], count: int, seed: int) -> Ints:
    """Permutations that exchange only units of one number.

    Parameters
    ----------
    exchange : (u,) int array
    count : int
    seed : int

    Returns
    -------
    (1 + count, u) int array
        Where each unit goes; in the first row, it stays.

    Raises
    ------
    InputError
        Where the count is no whole number from 19 to 1 000 000, or the seed none from 0.
    """
    if not _whole(count) or not LEAST <= count <= MOST:
        raise InputError(f"permutations must be a whole number from {LEAST} to {MOST}; {count!r} came: take 999, for one.")
    if not _whole(seed) or seed < 0:
        raise InputError(f"seed must be a whole number, 0 or more; {seed!r} came: take 0, for one.")
    order = np.argsort(exchange, kind="stable")
    rng, step = np.random.default_rng(seed), max(1, BATCH // len(exchange))
    moved = np.empty((1 + count, len(exchange)), dtype=np.int32)
    moved[0] = np.arange(len(exchange))
    for start in range(1, 1 + count, step):
        rows = slice(start, min(start + step, 1 + count))
        random = rng.random((rows.stop - rows.start, len(exchange)))
        moved[rows, order] = (random + exchange).argsort(axis=1)  # by group first, by chance inside
    return moved


def _whole(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)


def projected(residuals: Array, basis: Array, moved: Ints) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Project residuals on some directions after each permutation, in batches.

    The fitted values of the reduced model do not matter: what is asked of the directions beyond it has no part in them.

    Parameters
    ----------
    residuals : (u, D) array
    basis : (u, p) array
        Directions.
    moved : (B, u) int array
        As of `draw`.

    Yields
    ------
    slice, (p, b, D) array
        Some rows of `moved` and the projections.
    """
    units, directions = basis.shape
    step = max(1, BATCH // max(1, directions * max(units, residuals.shape[1])))
    across = np.ascontiguousarray(basis.T)
    for start in range(0, len(moved), step):
        rows = slice(start, min(start + step, len(moved)))
        turned = np.take(across, moved[rows].ravel(), axis=1).reshape(-1, units)
        yield rows, (turned @ residuals).reshape(directions, -1, residuals.shape[1])


def f_values(residuals: Array, basis: Array, added: slice, moved: Ints, left_df: int) -> tuple[float, NDArray[np.float64]]:
    """Sum of squares of some directions, and its F over permutations of the residuals of the model without them.

    Parameters
    ----------
    residuals : (u, D) array
        Of the reduced model.
    basis : (u, p) array
        Orthonormal directions of the full model.
    added : slice
        Those of them that are tested.
    moved : (B, u) int array
        As of `draw`.
    left_df : int
        Residual degrees of freedom of the full model.

    Returns
    -------
    float, (B,) float array
    """
    residuals = in_few_columns(residuals)
    squares = np.empty((basis.shape[1], len(moved)))
    for rows, found in projected(residuals, basis, moved):
        squares[:, rows] = np.einsum("pbd,pbd->pb", found, found)
    own, df = squares[added].sum(axis=0), max(added.stop - added.start, 1)
    whole, number = np.square(residuals).sum(), np.finfo(np.float64)
    left = np.maximum(whole - squares.sum(axis=0), number.eps * whole + number.tiny)  # of a perfect fit, rounding errors
    f: NDArray[np.float64] = own / df / (left / left_df)
    return float(own[0]), f


def in_few_columns(shapes: Array) -> Array:
    """(u, D) shapes turned into as many columns as there are units, where there are more: lengths and angles stay."""
    if shapes.shape[1] <= shapes.shape[0]:
        return shapes
    turned: NDArray[np.float64] = np.linalg.qr(shapes.T, mode="r").T  # type: ignore[attr-defined]
    return turned


def p_value(values: Array) -> NDArray[np.float64]:
    """Share of permutations, the observed one among them, that give at least the observed value: (B, ...) to (...).

    References
    ----------
    Phipson and Smyth, Permutation p-values should never be zero, Statistical Applications in Genetics and Molecular Biology
    9 (2010).
    """
    share: NDArray[np.float64] = np.mean(values >= values[0] * (1 - 1e-10), axis=0)  # equal values differ by rounding
    return share


def effect_size(values: Array) -> NDArray[np.float64]:
    """Standardised logarithm of the observed value, the first of (B, ...), over all permutations: (...).

    References
    ----------
    Collyer, Sekora and Adams, A method for analysis of phenotypic change for phenotypes described by high-dimensional data,
    Heredity 115 (2015).
    """
    logs = np.log(np.maximum(values, np.finfo(np.float64).tiny))
    size: NDArray[np.float64] = (logs[0] - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), np.finfo(np.float64).tiny)
    return size
