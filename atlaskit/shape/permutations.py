"""Residual randomisation: what the residuals of a reduced model give where they are exchanged between units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from atlaskit.shape.design import TOLERANCE, Design
from atlaskit.shape.strata import Stratum

Array = NDArray[np.floating]
Ints = NDArray[np.int64]

PERMUTATIONS = 999
"""As many as a test makes where no other number is asked for."""
BATCH = 4_000_000
"""Numbers of a batch of permutations, at most."""
TYPES = ("I", "II", "III")


def draw(exchange: Ints, count: int, seed: int) -> Ints:
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
    """
    order = np.argsort(exchange, kind="stable")
    random = np.random.default_rng(seed).random((count, len(exchange)))
    if exchange[order[0]] != exchange[order[-1]]:
        random += exchange  # sorted by group first, by chance inside
    moved = np.empty((1 + count, len(exchange)), dtype=np.int64)
    moved[0] = np.arange(len(exchange))
    moved[1:, order] = random.argsort(axis=1)
    return moved


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


def span(columns: Array, given: Array) -> NDArray[np.float64]:
    """(u, p) orthonormal directions that (u, c) columns add to (u, g) orthonormal ones."""
    size = np.linalg.norm(columns, axis=0)
    unit = columns[:, size > 0] / size[size > 0]
    rest = unit - given @ (given.T @ unit)
    left, strength, _ = np.linalg.svd(rest - given @ (given.T @ rest), full_matrices=False)
    found: NDArray[np.float64] = left[:, strength > TOLERANCE]
    return found


def others(design: Design, term: int, kind: str) -> list[int]:
    """The terms of the reduced model that a term is added to.

    Type I: those before it; II: all that do not contain it; III: all.
    """
    if kind == "I":
        return list(range(term))
    rest = [k for k in range(len(design.terms)) if k != term]
    return rest if kind == "III" else [k for k in rest if not design.parts[term] <= design.parts[k]]


def split(stratum: Stratum, design: Design, reduced: list[int], own: list[int]) -> tuple[Array, NDArray[np.float64], slice]:
    """What a test of some terms beyond a reduced model needs.

    Returns
    -------
    residuals : (u, D) float array
        Of the reduced model.
    basis : (u, p) float array
        Orthonormal directions of the full model.
    added : slice
        Those of them that the terms add to the reduced model.
    """
    matrix, units = stratum.matrix, len(stratum.matrix)
    first = span(matrix[:, np.isin(design.term, reduced)], np.zeros((units, 0)))
    added = span(matrix[:, np.isin(design.term, own)], first)
    known = np.hstack([first, added])
    basis = np.hstack([known, span(matrix, known)])
    residuals = stratum.shapes - first @ (first.T @ stratum.shapes)
    return residuals, basis, slice(first.shape[1], known.shape[1])


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
