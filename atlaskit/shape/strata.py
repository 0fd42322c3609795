"""Which cases a term is tested on: all, the means of blocks, or what happens within blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError, some
from atlaskit.shape.design import STILL, Design

Array = NDArray[np.floating]

CASES, BETWEEN, WITHIN = "cases", "between", "within"


@dataclass(frozen=True)
class Stratum:
    """A part of the variation of shape, with its own error.

    Attributes
    ----------
    name : str
        ``cases`` without blocks; else ``between`` blocks or ``within`` them.
    shapes : (u, D) float array
        Of u units, about their mean: cases, means of blocks, or cases about the mean of their block.
    matrix : (u, P) float array
        The design in the same units; columns that do not vary here are 0.
    mean : (D,) float array
        Of the units.
    mean_row : (P,) float array
        Of the design in these units.
    exchange : (u,) int array
        Units of one number may be exchanged.
    means : int
        How many means were taken off, lost to the residual degrees of freedom.
    weight : float
        Cases for one unit: sums of squares count cases.
    """

    name: str
    shapes: NDArray[np.float64]
    matrix: NDArray[np.float64]
    mean: NDArray[np.float64]
    mean_row: NDArray[np.float64]
    exchange: NDArray[np.int64]
    means: int
    weight: float

    def varies(self, design: Design, term: int) -> bool:
        """Whether a term differs between the units of this stratum."""
        return bool(self.matrix[:, design.term == term].any())


def strata(shapes: Array, design: Design) -> tuple[Stratum, ...]:
    """Take the variation of shape apart: all cases without blocks, else between blocks and within blocks.

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes, a row for each row of the table of the design.
    design : Design

    Returns
    -------
    tuple of Stratum

    Raises
    ------
    InputError
        Where shapes are not one per case, or not known, or a term that is tested within blocks only varies in none.

    Notes
    -----
    Repeated measures of a subject are alike, so they are no independent evidence of what differs between subjects. Between
    blocks, the units are therefore plain means of blocks, whatever the number of their cases; to exchange them is to permute
    blocks as wholes. Weights by the number of cases would make the units of blocks with many cases differ more than others
    and the test too liberal. Within blocks, shapes and terms are taken about the means of their block, which is the model
    with a constant for each block, and cases are exchanged in their block only. Where nothing is tested between blocks, what
    they differ in is a part of the total, and of nothing else.
    """
    flat = responses(shapes, design)
    if design.blocks is None:
        nobody = np.zeros(len(design), dtype=np.int64)
        return (_stratum(CASES, flat, design.matrix, nobody, nobody),)
    within = _stratum(WITHIN, flat, design.matrix, design.blocks, design.blocks)
    if not design.between:
        return _set_aside(flat, design, within), within
    between, matrix = block_means(flat, design.blocks), block_means(design.matrix, design.blocks)
    free = np.zeros(len(between), dtype=np.int64)
    weight = len(flat) / len(between)
    return (
        _stratum(BETWEEN, between, matrix, free, free, weight=weight),
        within,
    )


def _set_aside(flat: Array, design: Design, within: Stratum) -> Stratum:
    """What blocks differ in, a row for each case, where no term is tested."""
    constant = [name for k, name in enumerate(design.terms) if not within.varies(design, k)]
    if constant:
        came = f"{some(constant, 3)} never does"
        do = "leave it out, or test between blocks too, if these are subjects with repeated cases"
        raise InputError(f"What is tested within {design.within!r} must vary inside it, but {came}: {do}.")
    nobody = np.zeros(len(flat), dtype=np.int64)
    held = _stratum(BETWEEN, flat - within.shapes, 0 * design.matrix, nobody, nobody)
    return replace(held, mean_row=design.matrix.mean(axis=0), means=len(flat) - within.means + 1)


def responses(shapes: Array, design: Design) -> NDArray[np.float64]:
    """(n, D) coordinates of the cases that a design keeps.

    Raises
    ------
    InputError
        Where shapes are not one per row of its table, or some are not known.
    """
    if len(shapes) != design.cases:
        raise InputError(
            f"There must be one shape for each row of the table; {len(shapes)} came for {design.cases} rows: join them first."
        )
    flat = np.asarray(shapes, dtype=np.float64).reshape(len(shapes), -1)[design.kept]
    unknown = np.flatnonzero(~np.isfinite(flat).all(axis=1))
    if len(unknown):
        names = some(design.values.index[unknown], 3)
        raise InputError(
            f"Every landmark must be known; {names} lack some: leave out these cases, or the structures they lack."
        )
    return flat


def block_means(values: Array, blocks: NDArray[np.int64]) -> NDArray[np.float64]:
    """(b, D) means of (n, D) values over blocks that are numbered from 0."""
    counts = np.bincount(blocks)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    means: NDArray[np.float64] = np.add.reduceat(values[np.argsort(blocks, kind="stable")], first, axis=0) / counts[:, None]
    return means


def inverse(matrix: Array) -> NDArray[np.float64]:
    """(P, u) pseudo-inverse of a (u, P) matrix, whose columns may be in units that are far apart."""
    size = np.abs(matrix).max(axis=0)
    size = np.where(size > 0, size, 1.0)
    found: NDArray[np.float64] = np.linalg.pinv(matrix / size) / size[:, None]
    return found


def _stratum(
    name: str, shapes: Array, matrix: Array, about: NDArray[np.int64], exchange: NDArray[np.int64], *, weight: float = 1.0
) -> Stratum:
    """Shapes and a design about the means of some groups of units; rounding errors of what does not vary become 0."""
    centred = matrix - block_means(matrix, about)[about]
    still = np.linalg.norm(centred, axis=0) < STILL * np.linalg.norm(matrix, axis=0)
    return Stratum(
        name=name,
        shapes=shapes - block_means(shapes, about)[about],
        matrix=np.where(still, 0.0, centred),
        mean=shapes.mean(axis=0),
        mean_row=matrix.mean(axis=0),
        exchange=exchange,
        means=int(about.max()) + 1,
        weight=weight,
    )
