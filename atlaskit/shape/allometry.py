"""How shape goes with a number: multivariate regression, its score and predicted shapes; with size, that is allometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest
from atlaskit.shape.anova import Anova, anova
from atlaskit.shape.design import Design, design
from atlaskit.shape.permutations import PERMUTATIONS
from atlaskit.shape.strata import inverse, strata

Array = NDArray[np.floating]

LOG_SIZE = "log(size)"
STEPS = 5
"""Sizes that shapes are predicted at."""
ENDS = (5.0, 95.0)
"""Percentiles of the sizes that occur, between which shapes are predicted: the extremes are single cases."""


@dataclass(frozen=True)
class Regression:
    """How shape goes with a term of one column.

    Attributes
    ----------
    term : str
    x : (n,) float array
        The term in each case.
    slope : (...) float array
        Change of shape for one unit of the term, as a shape.
    score : (n,) float array
        How far each case is along the slope, Procrustes distance.
    """

    term: str
    x: NDArray[np.float64]
    slope: NDArray[np.float64]
    score: NDArray[np.float64]


@dataclass(frozen=True)
class Allometry:
    """How shape goes with size.

    Attributes
    ----------
    formula : str
        The model that `anova` tests.
    group : str or None
        What the groups are levels of, as the formula has it; None without groups.
    anova : Anova
        Of log centroid size, of the groups if any, and of their interaction: whether groups go different ways with size.
    regression : Regression
        On log centroid size by the slope common to all groups: that of the model without the interaction, which type II tests.
    sizes : (V,) float array
        Evenly spaced in log, from the 5th to the 95th percentile of the cases.
    common : (V, ...) float array
        Shapes at these sizes along the common slope, from the mean shape of the cases at their mean log size.
    predicted : dict of str to (V, ...) float array
        Shapes at these sizes, for each group by its own slope; ``all`` without groups.
    """

    formula: str
    group: str | None
    anova: Anova
    regression: Regression
    sizes: NDArray[np.float64]
    common: NDArray[np.float64]
    predicted: dict[str, NDArray[np.float64]]


def allometry(
    shapes: Array,
    size: Array,
    *,
    group: Sequence[str] | None = None,
    subject: Sequence[str] | None = None,
    between: bool = True,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Allometry:
    """Regress shape on log centroid size.

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes without size.
    size : (N,) array
        Centroid sizes.
    group : sequence of N str, optional
        Groups, whose slopes may differ.
    subject : sequence of N str, optional
        Whom a case belongs to, where subjects have several.
    between : bool
        Whether subjects are compared with each other too, as in `design`.
    permutations : int
        Beside the observed order.
    seed : int

    Returns
    -------
    Allometry

    Raises
    ------
    InputError
        As of `design` and `anova`, and where groups or subjects are not one for each case.

    References
    ----------
    Drake and Klingenberg, The pace of morphological change, Proceedings of the Royal Society B 275 (2008): the score.
    Monteiro, Multivariate regression models and geometric morphometrics, Systematic Biology 48 (1999).
    """
    columns = {name: list(values) for name, values in (("group", group), ("subject", subject)) if values is not None}
    for name, values in columns.items():
        if len(values) != len(shapes):
            raise InputError(
                f"{name} must have a value for each of the {len(shapes)} cases; {len(values)} came: give one each."
            )
    table = pd.DataFrame(columns, index=pd.RangeIndex(len(shapes)))
    blocks: dict[str, Any] = {"size": size, "within": None if subject is None else "subject", "between": between}
    model = design(f"~ {LOG_SIZE}" if group is None else f"~ {LOG_SIZE} * group", table, **blocks)
    parallel = model if group is None else design(f"~ {LOG_SIZE} + group", table, **blocks)
    low, high = np.percentile(model.values["size"], ENDS)
    sizes = np.geomspace(low, high, STEPS)
    places = {"all": {}} if group is None else {level: {"group": level} for level in model.levels["group"]}
    along = regress(shapes, parallel, LOG_SIZE)
    away = np.log(sizes) - along.x.mean()
    return Allometry(
        formula=model.formula,
        group=None if group is None else "group",
        anova=anova(shapes, model, permutations=permutations, seed=seed),
        regression=along,
        sizes=sizes,
        common=np.mean(np.asarray(shapes, dtype=np.float64)[model.kept], axis=0) + np.multiply.outer(away, along.slope),
        predicted={name: predict(shapes, model, "size", sizes.tolist(), at=at) for name, at in places.items()},
    )


def regress(shapes: Array, design: Design, term: str) -> Regression:
    """The slope of shape along a term, the others held, and the score of each case.

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes, a row for each row of the table of the design.
    design : Design
    term : str
        One of `Design.terms`, of one column, like ``age`` or ``log(size)``.

    Returns
    -------
    Regression

    Raises
    ------
    InputError
        Where there is no such term, or it has several columns.
    """
    if term not in design.terms:
        raise InputError(
            f"A regression must be on a term of {design.formula!r}; {term!r} is none: {nearest(term, design.terms)}"
        )
    columns = np.flatnonzero(design.term == design.terms.index(term))
    if len(columns) > 1:
        raise InputError(f"A slope belongs to a term of one column; {term!r} has {len(columns)}: use predict, or pairwise.")
    slope = coefficients(shapes, design)[columns[0]]
    flat = np.asarray(shapes, dtype=np.float64).reshape(len(shapes), -1)[design.kept]
    score = (flat - flat.mean(axis=0)) @ slope / max(float(np.linalg.norm(slope)), np.finfo(np.float64).tiny)
    return Regression(term, design.matrix[:, columns[0]], slope.reshape(np.shape(shapes)[1:]), score)


def predict(
    shapes: Array,
    design: Design,
    variable: str,
    values: Sequence[str | float],
    *,
    at: Mapping[str, str | float] | None = None,
) -> NDArray[np.float64]:
    """Shapes that a model predicts along a variable, at the mean of all others.

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes, a row for each row of the table of the design.
    design : Design
    variable : str
        A column that the formula names, like ``age``, or ``size``.
    values : sequence of V
        Levels of a factor, or numbers.
    at : mapping of str to str or float, optional
        Values of other variables, in place of their mean.

    Returns
    -------
    (V, ...) float array

    Raises
    ------
    InputError
        Where a variable is none of the design's, or a level none of a factor's.
    """
    rows = design.reference(variable, values, at=at)
    part = strata(shapes, design)[0]
    flat = part.mean + (rows - part.mean_row) @ coefficients(shapes, design)
    predicted: NDArray[np.float64] = flat.reshape(-1, *np.shape(shapes)[1:])
    return predicted


def coefficients(shapes: Array, design: Design) -> NDArray[np.float64]:
    """(P, D) least-squares coefficients, 0 for the intercept.

    With blocks, those of columns that vary within blocks come from there, free of what subjects differ in; the others from
    means of blocks, adjusted for the first.
    """
    *coarser, finest = strata(shapes, design)
    found: NDArray[np.float64] = inverse(finest.matrix) @ finest.shapes
    for part in coarser:
        still = ~finest.matrix.any(axis=0)
        found[still] = inverse(part.matrix[:, still]) @ (part.shapes - part.matrix @ found)
    return found
