"""A formula and a table as a design: a matrix of named terms, and which cases it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest
from atlaskit.shape.formula import Coding, columns_of, read, reckoned
from atlaskit.shape.variables import typed, variables, vary

Array = NDArray[np.floating]

TOLERANCE = 1e-7
"""A column of unit length that adds less than this to the others adds nothing."""
STILL = 1e-11
"""A column that differs from its mean by less than this, of its own length, is constant but for rounding."""
LEAST, MOST = 1e-100, 1e100
"""Numbers whose squares can still be summed."""


@dataclass(frozen=True)
class Design:
    """What may explain the shape of n cases, of the N rows of a table.

    Attributes
    ----------
    formula : str
    matrix : (n, P) float array
        The intercept first; factors are coded by deviations from their mean, so that the tests of type III mean what they
        should: an effect at the mean of the other factors.
    term : (P,) int array
        Which of `terms` a column belongs to; -1 for the intercept.
    terms : tuple of str
        In the order in which type I adds them.
    parts : tuple of frozenset of str
        The parts of each term, one for a main effect.
    values : DataFrame of n rows
        What the formula names, the centroid size among them, and the blocks; factors as strings, indexed by the case's id.
    levels : dict of str to tuple of str
        The levels of each factor.
    kept : (n,) int array
        Rows of the table; the others lack a value.
    cases : int
        N.
    missing : dict of str to int
        How many rows lack a value, by column.
    dropped : tuple of str
        Ids of the rows that are not kept.
    within : str or None
        The column that says which cases are of one block, a subject as a rule.
    between : bool
        Whether terms are tested between blocks too, or within them only.
    blocks : (n,) int array or None
        The block of each case, from 0.
    coding : Coding
        How values become rows of the matrix.
    """

    formula: str
    matrix: NDArray[np.float64]
    term: NDArray[np.int64]
    terms: tuple[str, ...]
    parts: tuple[frozenset[str], ...]
    values: pd.DataFrame
    levels: dict[str, tuple[str, ...]]
    kept: NDArray[np.int64]
    cases: int
    missing: dict[str, int]
    dropped: tuple[str, ...]
    within: str | None
    between: bool
    blocks: NDArray[np.int64] | None
    coding: Coding

    def __len__(self) -> int:
        return len(self.matrix)

    def rows(self, values: pd.DataFrame) -> NDArray[np.float64]:
        """The (M, P) rows of the matrix at M rows of values, a column for each of `Design.values`."""
        return self.coding.rows(values, {})

    def naming(self, variable: str) -> list[int]:
        """The terms that a variable of the table has a part in."""
        return [k for k, parts in enumerate(self.parts) if any(variable in columns_of(part)[0] for part in parts)]

    def reference(
        self, variable: str, values: Sequence[str | float], *, at: Mapping[str, str | float] | None = None
    ) -> NDArray[np.float64]:
        """The (V, P) rows at V values of a variable, other numbers at their mean and averaged over all levels of other factors.

        Parameters
        ----------
        variable : str
            A column of `Design.values`.
        values : sequence of V
            Levels of a factor, or numbers.
        at : mapping of str to str or float, optional
            Values of other variables, in place of their mean.

        Raises
        ------
        InputError
            Where a variable is none of the design's, or a level none of a factor's.
        """
        fixed = {name: [value] for name, value in (at or {}).items()}
        for name, asked in (*fixed.items(), (variable, values)):
            self._knows(name, asked)
        grid = pd.DataFrame({variable: list(values)})
        for name in [name for name in self.coding.names if name != variable]:
            other = fixed.get(name) or self.levels.get(name) or [float(self.values[name].mean())]
            grid = grid.merge(pd.DataFrame({name: list(other)}), how="cross")
        rows: NDArray[np.float64] = self.rows(grid).reshape(len(values), -1, self.matrix.shape[1]).mean(axis=1)
        return rows

    def _knows(self, name: str, asked: Sequence[str | float]) -> None:
        """Check that a variable is one of the design's, and what is asked of a factor are its levels."""
        if name not in self.coding.names:
            hint = nearest(name, self.coding.names)
            raise InputError(f"A prediction must be along a variable of {self.formula!r}; {name!r} is none: {hint}")
        for value in set(asked) - set(self.levels.get(name, asked)):
            raise InputError(f"{name!r} must be one of its levels; {value!r} came: {nearest(str(value), self.levels[name])}")


def design(
    formula: str, table: pd.DataFrame, *, size: Array | None = None, within: str | None = None, between: bool = True
) -> Design:
    """Read a formula against a table.

    Parameters
    ----------
    formula : str
        Like ``~ group + age + log(size)``; ``a:b`` is an interaction, ``a * b`` is ``a + b + a:b``, ``C(stage)`` takes a
        number as a factor. Text and truth values are factors anyway.
    table : DataFrame of N rows
        A row for each case, in their order; the index names the cases.
    size : (N,) array, optional
        Centroid sizes, what ``size`` means in the formula.
    within : str, optional
        Column of the blocks: cases of one block are never exchanged with another's.
    between : bool
        True where blocks are subjects, a sample of those that there might be, and cases their repeated measures: what is
        constant in each is then tested on the means of blocks. False where blocks are no sample, like the sites of a study:
        how they differ is set aside, and terms are tested inside blocks only.

    Returns
    -------
    Design
        Of the rows that have all values, with the others counted and named.

    Raises
    ------
    InputError
        Where a column is unknown, constant or of one level only, or where terms follow from one another.

    Notes
    -----
    Missing values are dropped, never filled in.
    """
    terms, names, as_factors = read(formula, map(str, table))
    frame = variables(table, names, size, within)
    complete = frame.notna().all(axis=1).to_numpy()
    values, levels = typed(frame[complete], as_factors, within)
    vary(values[names], formula)
    reckoned(terms, levels)
    coding = Coding.of(formula, terms, values[names], levels)
    found = Design(
        formula=formula,
        matrix=coding.rows(values, levels),
        term=coding.term,
        terms=tuple(term.name() for term in terms),
        parts=tuple(frozenset(part.name() for part in term.factors) for term in terms),
        values=values,
        levels=levels,
        kept=np.flatnonzero(complete),
        cases=len(table),
        missing={str(name): int(count) for name, count in frame.isna().sum().items() if count},
        dropped=tuple(map(str, frame.index[~complete])),
        within=within,
        between=between,
        blocks=_blocks(values[within], within) if within else None,
        coding=coding,
    )
    _check(found)
    return found


def _blocks(values: pd.Series, within: str) -> NDArray[np.int64]:
    """(n,) numbers of the blocks."""
    blocks, names = pd.factorize(values)
    if len(names) in (1, len(values)):
        came = "all are in one" if len(names) == 1 else "each has one case"
        raise InputError(f"{within!r} must hold several blocks and blocks several cases, but {came}: leave it out.")
    return blocks.astype(np.int64)


def _check(found: Design) -> None:
    """That every number can be reckoned with, and that no term follows from those before it."""
    for column, k in zip(found.matrix.T, found.term, strict=True):
        if k >= 0:
            _usable(column, found.terms[k])
    if len(found) <= found.matrix.shape[1]:
        missing = "".join(f"; {name!r} is missing in {count}" for name, count in found.missing.items())
        came = f"{len(found)} cases came for {found.matrix.shape[1]} columns{missing}"
        raise InputError(f"A model needs more cases than columns, but {came}: leave terms out of {found.formula!r}.")
    unit = _unit(found)
    for k, term in enumerate(found.terms):
        before, own = unit[:, (found.term >= 0) & (found.term < k)], unit[:, found.term == k]
        weights, *_ = np.linalg.lstsq(before, own, rcond=None)
        if np.linalg.svd(own - before @ weights, compute_uv=False).min() < TOLERANCE:
            loose = np.abs(weights).max(axis=1, initial=0.0) > TOLERANCE
            earlier = found.term[(found.term >= 0) & (found.term < k)][loose]
            follows = " and ".join(repr(found.terms[j]) for j in np.unique(earlier))
            follows = follows or "its own levels, some of which never occur together"
            raise InputError(
                f"Terms must not follow from one another, but {term!r} does from {follows}: leave one of them out."
            )


def _usable(column: Array, term: str) -> None:
    """Check that a column of a term is finite, and neither very great nor very small."""
    if not np.isfinite(column).all():
        raise InputError(
            f"{term!r} must be a finite number in every case; it is not in some: look for zeros or negative values."
        )
    largest = float(np.abs(column).max())
    if largest > MOST or 0 < largest < LEAST:
        raise InputError(f"{term!r} must be of a size to reckon with; it is {largest:.3g} at most: change its unit.")


def _unit(found: Design) -> NDArray[np.float64]:
    """The matrix about the means of its columns, each of length 1: 0 where a column of a factor does not vary."""
    about = found.matrix - found.matrix.mean(axis=0)
    length, whole = np.linalg.norm(about, axis=0), np.linalg.norm(found.matrix, axis=0)
    still = length <= STILL * whole
    for k in np.unique(found.term[still & (found.term >= 0)]):
        if not any(columns_of(part)[0] & set(found.levels) for part in found.parts[k]) and (found.term == k).sum() == 1:
            column = found.matrix[:, found.term == k]
            came, do = "hardly varies beside its mean", "centre it before, as a column of the table"
            if np.ptp(column) <= 4 * np.finfo(np.float64).eps * np.abs(column).max():
                came, do = f"is {column[0, 0]:.6g} in every case", f"leave it out of {found.formula!r}"
            raise InputError(f"What may explain shape must vary, but {found.terms[k]!r} {came}: {do}.")
    unit: NDArray[np.float64] = np.where(still, 0.0, about) / np.where(still, 1.0, length)
    return unit
