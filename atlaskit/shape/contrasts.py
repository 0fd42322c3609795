"""What a term adds to a reduced model, in the stratum that can test it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from atlaskit.errors import InputError, nearest
from atlaskit.shape.design import TOLERANCE, Design
from atlaskit.shape.strata import BETWEEN, Stratum, strata

Array = NDArray[np.floating]

TYPES = ("I", "II", "III")


def home(shapes: Array, design: Design, term: str) -> tuple[Stratum, int]:
    """Where one term is tested, within blocks if it varies there, and its number.

    Raises
    ------
    InputError
        Where there is no such term, or no degrees of freedom for its error.
    """
    if term not in design.terms:
        hint = nearest(term, design.terms)
        raise InputError(f"What is tested must be a term of {design.formula!r}; {term!r} is none: {hint}")
    number, parts = design.terms.index(term), strata(shapes, design)
    stratum = [part for part in parts if part.varies(design, number)][-1]
    testable(stratum, design, parts[-1])
    return stratum, number


def testable(stratum: Stratum, design: Design, finest: Stratum) -> list[int]:
    """The terms that a stratum can test: those that vary in it, where that leaves residual degrees of freedom.

    Parameters
    ----------
    stratum : Stratum
    design : Design
    finest : Stratum
        Within blocks, where there are blocks: what varies there as well need not be tested between too few of them.

    Raises
    ------
    InputError
        Where no degrees of freedom are left for a term that varies in this stratum only.
    """
    terms = [term for term in range(len(design.terms)) if stratum.varies(design, term)]
    if unexplained(stratum, design, terms)[1] > 0:
        return terms
    here = [design.terms[term] for term in terms if stratum is finest or not finest.varies(design, term)]
    if here:
        came = f"{stratum.matrix.shape[0]} {'blocks' if stratum.name == BETWEEN else 'cases'} leave none for {', '.join(here)}"
        raise InputError(f"An error term needs degrees of freedom, but {came}: leave terms out, or bring more cases.")
    return []


def unexplained(stratum: Stratum, design: Design, terms: list[int]) -> tuple[NDArray[np.float64], int]:
    """(u, D) residuals of the model with some terms, and their degrees of freedom."""
    fitted = span(stratum.matrix[:, np.isin(design.term, terms)], np.zeros((len(stratum.matrix), 0)))
    left = stratum.shapes - fitted @ (fitted.T @ stratum.shapes)
    return left, len(stratum.shapes) - stratum.means - fitted.shape[1]


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

    Raises
    ------
    InputError
        Where the type is none of these.
    """
    if kind not in TYPES:
        raise InputError(f"The type of sums of squares must be I, II or III; {kind!r} came: choose one of them.")
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


def arrangements(stratum: Stratum) -> float:
    """In how many ways the units of a stratum can be exchanged so that the model sees them differently.

    Examples
    --------
    >>> group = np.repeat([1.0, -1.0], 3)[:, None]
    >>> nobody = np.zeros(6, dtype=np.int64)
    >>> round(arrangements(Stratum("cases", group, group, group[0], group[0], nobody, 1, 1.0)))
    20
    """
    size = np.abs(stratum.matrix).max(axis=0)
    seen = (stratum.matrix / np.where(size > 0, size, 1.0)).round(9)
    _, alike = np.unique(np.column_stack([stratum.exchange, seen]), axis=0, return_counts=True)
    with np.errstate(over="ignore"):
        return float(np.exp(gammaln(np.bincount(stratum.exchange) + 1).sum() - gammaln(alike + 1).sum()))
