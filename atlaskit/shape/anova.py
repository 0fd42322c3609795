"""Procrustes analysis of variance by residual randomisation: how much of the variation of shape a term explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.shape.contrasts import others, split, testable, unexplained
from atlaskit.shape.design import Design
from atlaskit.shape.permutations import PERMUTATIONS, draw, effect_size, f_values, p_value
from atlaskit.shape.strata import BETWEEN, Stratum, strata

Array = NDArray[np.floating]

RESIDUALS, TOTAL = "residuals", "total"


@dataclass(frozen=True)
class Anova:
    """What explains shape.

    Attributes
    ----------
    table : DataFrame
        Columns df, SS, MS, R2, F, Z, p. Rows are indexed by stratum (``cases``; with blocks ``between`` and ``within``) and
        term; ``residuals`` ends each stratum, ``total`` the table. Blocks that are not compared have one row of their name.
    random : DataFrame
        F of each tested row (columns, named as the rows of `table`) over permutations; the observed one comes first.
    kind : str
        Type of the sums of squares: I, II or III.
    n : int
        Cases.
    permutations, seed : int
    """

    table: pd.DataFrame
    random: pd.DataFrame
    kind: str
    n: int
    permutations: int
    seed: int


def anova(shapes: Array, design: Design, *, kind: str = "II", permutations: int = PERMUTATIONS, seed: int = 0) -> Anova:
    """Test each term of a design by exchanging the residuals of the model without it (Freedman and Lane).

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes, a row for each row of the table of the design; the design says which are kept.
    design : Design
    kind : str
        I adds terms in the order of the formula; II adds a term to all that do not contain it, and is right where interactions
        are absent; III adds it to all others: an effect at the mean of the other factors and at 0 of covariates that it
        interacts with (``center(age)`` moves that to their mean).
    permutations : int
        Beside the observed order, which counts as one of them: the least p is 1 / (1 + permutations).
    seed : int

    Returns
    -------
    Anova

    Raises
    ------
    InputError
        Where the type is unknown, a shape is missing, or too few cases or blocks are left for an error term.

    Notes
    -----
    A sum of squares is a sum of squared Procrustes distances, over all coordinates. F is that of a term over the residuals of
    the model with all terms, for each permutation anew; Z is the standardised logarithm of F; R2 is the share of the total.

    With blocks, each term is tested in each stratum it varies in, with the error of that stratum: a term that is constant in
    every block (sex of a subject) against the means of blocks, which are permuted as wholes; one that varies inside blocks
    (phase) against what varies there, and exchanged there only. One that does both (age in a longitudinal cohort) has a row in
    each, since differences between subjects and changes of a subject may disagree. Sums of squares of means of blocks count
    the mean number of cases in a block, so in a balanced design all add up to the total over cases. Frames near in time are
    more alike than others, which no exchange within blocks respects: compare phases, not neighbouring frames. A design that
    tests nothing between blocks has one row for what these differ in, called as their column and without a test.

    Cost: a product (pB, n) (n, min(n, D)) for each term, of B permutations and p columns.

    References
    ----------
    Freedman and Lane, A nonstochastic interpretation of reported significance levels, Journal of Business & Economic
    Statistics 1 (1983). Collyer and Adams, RRPP: An R package for fitting linear models to high-dimensional data using residual
    randomization, Methods in Ecology and Evolution 9 (2018). Goodall, Procrustes methods in the statistical analysis of shape,
    Journal of the Royal Statistical Society B 53 (1991). Winkler et al., Permutation inference for the general linear model,
    NeuroImage 92 (2014): exchangeability blocks.
    """
    rows: dict[tuple[str, str], dict[str, float]] = {}
    random: dict[tuple[str, str], NDArray[np.float64]] = {}
    parts = strata(shapes, design)
    for stratum in parts:
        terms = testable(stratum, design, parts[-1])
        remains, left_df = unexplained(stratum, design, terms)
        left = stratum.weight * float(np.square(remains).sum())
        moved = draw(stratum.exchange, permutations, seed)
        for term in terms:
            key = (stratum.name, design.terms[term])
            residuals, basis, added = split(stratum, design, others(design, term, kind), [term])
            square, random[key] = f_values(residuals, basis, added, moved, left_df)
            rows[key] = _row(stratum.weight * square, added.stop - added.start, random[key])
        rows[stratum.name, _left_name(stratum, design)] = {"df": left_df, "SS": left, "MS": left / left_df}
    total = sum(part.weight * float(np.square(part.shapes).sum()) for part in parts)
    rows[TOTAL, TOTAL] = {"df": len(design) - 1, "SS": total}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["df", "SS", "MS", "F", "Z", "p"])
    table.insert(3, "R2", table["SS"] / total)
    table.index.names = ["stratum", "term"]
    return Anova(table.astype({"df": int}), pd.DataFrame(random), kind, len(design), permutations, seed)


def _left_name(stratum: Stratum, design: Design) -> str:
    """Residuals, or the blocks where these are set aside: what they differ in is no error that anything is tested by."""
    aside = stratum.name == BETWEEN and not design.between
    return design.within or RESIDUALS if aside else RESIDUALS


def _row(square: float, df: int, random: NDArray[np.float64]) -> dict[str, float]:
    """A line of the table; a term that others explain away has neither F nor p."""
    if df == 0:
        return {"df": 0, "SS": 0.0}
    tests = {"F": random[0], "Z": effect_size(random), "p": p_value(random)}
    return {"df": df, "SS": square, "MS": square / df, **{name: float(value) for name, value in tests.items()}}
