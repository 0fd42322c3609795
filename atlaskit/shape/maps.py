"""Where a term matters: a test at each landmark, all from the same permutations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from atlaskit.errors import InputError, nearest
from atlaskit.shape.contrasts import home, others, split, unexplained
from atlaskit.shape.design import Design
from atlaskit.shape.groups import contrast, level_means
from atlaskit.shape.permutations import PERMUTATIONS, draw, p_value, projected
from atlaskit.shape.strata import Stratum

Array = NDArray[np.floating]


@dataclass(frozen=True)
class LandmarkMap:
    """Where a term matters.

    Attributes
    ----------
    table : DataFrame
        A row for each landmark: T2, its p, q (the false discovery rate at which it is found, Benjamini and Hochberg) and
        p_max (family-wise, from the greatest T2 of each permutation).
    term : str
    levels : tuple of str
        What was compared of a factor; empty where the term was tested.
    stratum : str
        Where it was tested: cases, or between or within blocks.
    permutations, seed : int
    """

    table: pd.DataFrame
    term: str
    levels: tuple[str, ...]
    stratum: str
    permutations: int
    seed: int


def landmark_map(
    shapes: Array,
    design: Design,
    term: str,
    *,
    levels: Sequence[str] = (),
    kind: str = "II",
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> LandmarkMap:
    """Test a term at each landmark, or how levels of a factor differ there.

    Parameters
    ----------
    shapes : (N, L, 2) array
        Aligned shapes, a row for each row of the table of the design.
    design : Design
    term : str
        One of `Design.terms`; a factor where levels are given.
    levels : one or two str
        Two levels to compare as `pairwise` does, or one with the mean of all.
    kind : str
        Type of the sums of squares, as in `anova`.
    permutations : int
        Beside the observed order.
    seed : int
        The same as of an `anova` gives the same permutations.

    Returns
    -------
    LandmarkMap

    Raises
    ------
    InputError
        Where shapes are no landmarks, the term or levels are none of the design's, or cannot be tested.

    Notes
    -----
    T2 is the residual degrees of freedom times the trace of E^-1 H (Lawley and Hotelling), with E and H the (2, 2) sums of
    squares and products of residuals and of the term; for a term of one column that is the T2 of Hotelling. It does not
    change where the coordinates of a landmark are turned or stretched. Aligned landmarks are never independent: a
    difference at one moves all others a little.

    References
    ----------
    Nichols and Holmes, Nonparametric permutation tests for functional neuroimaging, Human Brain Mapping 15 (2002).
    Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995).
    """
    if shapes.ndim != 3 or shapes.shape[2] != 2:
        raise InputError(f"A map needs landmarks (N, L, 2); an array of shape {shapes.shape} came: keep the landmarks apart.")
    stratum, (residuals, basis, added) = _asked(shapes, design, term, tuple(levels), kind)
    _, left_df = unexplained(stratum, design, list(range(len(design.terms))))
    moved = draw(stratum.exchange, permutations, seed)
    total = _products(residuals.reshape(len(residuals), 1, -1, 2))
    t2 = np.empty((len(moved), shapes.shape[1]))
    for rows, found in projected(residuals, basis, moved):
        apart = found.reshape(*found.shape[:2], -1, 2)
        t2[rows] = left_df * _trace(_products(apart[added]), total - _products(apart))
    p = p_value(t2)
    greatest = np.concatenate([t2[:1], np.repeat(t2[1:].max(axis=1, keepdims=True), t2.shape[1], axis=1)])
    columns = {"T2": t2[0], "p": p, "q": false_discovery_control(p), "p_max": p_value(greatest)}
    table = pd.DataFrame(columns, index=pd.RangeIndex(t2.shape[1], name="landmark"))
    return LandmarkMap(table, term, tuple(levels), stratum.name, permutations, seed)


def _asked(
    shapes: Array, design: Design, term: str, levels: tuple[str, ...], kind: str
) -> tuple[Stratum, tuple[Array, NDArray[np.float64], slice]]:
    """What the test of a term, or of levels of a factor, needs, and where it is done."""
    if not levels:
        stratum, number = home(shapes, design, term)
        return stratum, split(stratum, design, others(design, number, kind), [number])
    found = level_means(shapes, design, term)
    if len(levels) > 2 or len(set(levels)) < len(levels) or not set(levels) <= set(found.levels):
        raise InputError(f"A map is of one or two levels of {term!r}; {levels} came: {nearest('', found.levels)}")
    return found.stratum, contrast(found, levels)


def _products(values: Array) -> NDArray[np.float64]:
    """(3, b, L) sums of xx, yy and xy over the first axis of (p, b, L, 2) values."""
    x, y = values[..., 0], values[..., 1]
    return np.stack([np.einsum("pbl,pbl->bl", one, other) for one, other in ((x, x), (y, y), (x, y))])


def _trace(term: Array, left: Array) -> NDArray[np.float64]:
    """(b, L) traces of E^-1 H from their products, 0 where nothing varies at a landmark."""
    size = left[0] * left[1] - left[2] ** 2
    trace = left[1] * term[0] + left[0] * term[1] - 2 * left[2] * term[2]
    known = size > np.finfo(np.float64).eps * np.maximum(left[0] * left[1], np.finfo(np.float64).tiny)
    found: NDArray[np.float64] = np.divide(trace, size, out=np.zeros_like(trace), where=known)
    return found
