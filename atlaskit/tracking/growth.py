"""Growth: shape and size against the logarithm of age, within subjects that were seen several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape import Anova, Design, anova, design, predict
from atlaskit.shape.permutations import PERMUTATIONS
from atlaskit.shape.strata import WITHIN

Array = NDArray[np.floating]

FORMULA = "~ log(age)"
TERM = "log(age)"
STEPS = 7
"""Ages that are predicted, unless given."""


@dataclass(frozen=True)
class Growth:
    """How shape and size go with age inside subjects.

    Attributes
    ----------
    table : DataFrame
        Rows ``shape`` and ``log size``, of the test of log age within subjects: df, SS, MS, R2, R2_within, F, Z, p. R2 is the
        share of all variation, that between subjects included; R2_within the share of the variation within subjects.
    anova, size_anova : Anova
        The whole tables that these rows are from.
    ages : (V,) float array
        Ascending, in the unit of the ages given.
    shapes : (V, ...) float array
        Predicted at these ages, for the mean subject.
    sizes : (V,) float array
        Centroid sizes predicted at these ages, for the mean subject: a power of age.
    exponent : float
        Of that power: the change of log size for one unit of log age, common to all subjects.
    subjects : DataFrame
        A row for each subject: n, its own exponent, ``size``, the centroid size that its own line gives at the geometric mean
        of all ages, and R2 of that line. NaN where all of its ages are the same.
    """

    table: pd.DataFrame
    anova: Anova
    size_anova: Anova
    ages: NDArray[np.float64]
    shapes: NDArray[np.float64]
    sizes: NDArray[np.float64]
    exponent: float
    subjects: pd.DataFrame


def growth(
    shapes: Array,
    size: Array,
    age: Array,
    subject: Sequence[str],
    *,
    ages: Sequence[float] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Growth:
    """Fit growth curves to subjects seen at several ages.

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes without size: tangent coordinates.
    size : (N,) array
        Centroid sizes.
    age : (N,) array
        Above 0, in any unit, such as days.
    subject : sequence of N str
        Whom a case belongs to.
    ages : sequence of V float, optional
        Where shapes are predicted; by default 7 from the least to the greatest age, in equal steps of their logarithm.
    permutations : int
        Beside the observed order.
    seed : int

    Returns
    -------
    Growth

    Raises
    ------
    InputError
        Where ages or sizes are not above 0, landmarks are missing, or no subject was seen at two ages.

    Notes
    -----
    The model is shape = its subject's own mean + slope x log age, and log size likewise. Shapes are exchanged between the ages
    of one subject only, so differences between subjects, those of their ages among them, explain nothing. A straight line
    against log age says that growth slows down as age goes on; look at the size curves before it is believed. Predictions
    outside the ages that were seen are extrapolations.

    References
    ----------
    Bookstein, Morphometric Tools for Landmark Data, Cambridge University Press (1991): the rat skulls. Mitteroecker et al., A
    comparison of cranial ontogenetic trajectories among great apes and humans, J. Human Evolution 46 (2004).
    """
    table = _table(shapes, size, age, subject)
    model = design(FORMULA, table, within="subject")
    logs = np.log(table["size"].to_numpy())[:, None]
    of_shape, of_size = (anova(values, model, permutations=permutations, seed=seed) for values in (shapes, logs))
    grid = _grid(table["age"].to_numpy(), ages)
    line = _predicted(logs, model, np.array([1.0, np.e]))[:, 0]
    return Growth(
        table=pd.concat([_tested(of_shape), _tested(of_size)]).set_axis(["shape", "log size"]),
        anova=of_shape,
        size_anova=of_size,
        ages=grid,
        shapes=_predicted(shapes, model, grid),
        sizes=np.exp(_predicted(logs, model, grid)[:, 0]),
        exponent=float(line[1] - line[0]),
        subjects=_subjects(table),
    )


def _tested(found: Anova) -> pd.DataFrame:
    """The row of log age, with its share of all that varies within subjects."""
    within = pd.DataFrame(found.table.xs(WITHIN))
    row = within.loc[[TERM]].astype(float)
    row.insert(4, "R2_within", row["SS"] / max(float(within["SS"].sum()), np.finfo(np.float64).tiny))
    return row


def _predicted(values: Array, model: Design, ages: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V, ...) what a model predicts at ages."""
    return predict(values, model, "age", ages.tolist())


def _table(shapes: Array, size: Array, age: Array, subject: Sequence[str]) -> pd.DataFrame:
    """Who, when and how large, a row for each shape."""
    counts = {"shapes": len(shapes), "sizes": len(size), "ages": len(age), "subjects": len(subject)}
    if len(set(counts.values())) > 1:
        came = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise InputError(f"Growth needs a size, an age and a subject for each shape; {came} came.")
    table = pd.DataFrame({"subject": [*subject], "age": np.asarray(age, float), "size": np.asarray(size, float)})
    for name in ("age", "size"):
        bad = ~(table[name] > 0) | np.isinf(table[name])
        if bad.any():
            came = f"{name} is {table[name][bad].iloc[0]:g} in case {bad.idxmax()}"
            raise InputError(
                f"Ages and sizes must be above 0, as their logarithms are taken, but {came}: leave out such cases."
            )
    if table["subject"].isna().any():
        raise InputError(f"Each case must have a subject; {table['subject'].isna().sum()} have none: leave them out.")
    seen = table.groupby("subject")["age"].nunique()
    if (seen < 2).all():
        came = f"none of {len(seen)} has two"
        raise InputError(f"Growth is seen in subjects of two ages or more, but {came}: look at the subjects' names.")
    return table


def _grid(age: NDArray[np.float64], ages: Sequence[float] | None) -> NDArray[np.float64]:
    """(V,) ages to predict at, ascending."""
    grid = np.geomspace(age.min(), age.max(), STEPS) if ages is None else np.sort(np.asarray(ages, dtype=np.float64))
    if grid.ndim != 1 or not len(grid) or not (grid > 0).all() or not np.isfinite(grid).all():
        raise InputError(f"Ages to predict at must be numbers above 0; {ages!r} came.")
    return grid


def _subjects(table: pd.DataFrame) -> pd.DataFrame:
    """The line of each subject."""
    x, y = np.log(table["age"]), np.log(table["size"])
    by = table["subject"].to_numpy()
    dx, dy = x - x.groupby(by).transform("mean"), y - y.groupby(by).transform("mean")
    xx, xy, yy = ((a * b).groupby(by).sum() for a, b in ((dx, dx), (dx, dy), (dy, dy)))
    seen = xx > np.finfo(np.float64).eps * (x**2).groupby(by).sum()
    slope = (xy / xx).where(seen)
    at = y.groupby(by).mean() + slope * (x.mean() - x.groupby(by).mean())
    found = pd.DataFrame({"n": x.groupby(by).size(), "exponent": slope, "size": np.exp(at), "R2": slope * xy / yy})
    found.index.name = "subject"
    return found
