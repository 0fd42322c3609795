"""What shape depends on, in one call: analysis of variance, groups, maps of landmarks, regressions and allometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, some
from atlaskit.shape.allometry import LOG_SIZE, Allometry, allometry, predict
from atlaskit.shape.anova import Anova, anova
from atlaskit.shape.contrasts import arrangements
from atlaskit.shape.design import Design, design
from atlaskit.shape.groups import Pairs, pairwise
from atlaskit.shape.maps import LandmarkMap, landmark_map
from atlaskit.shape.permutations import PERMUTATIONS
from atlaskit.shape.strata import strata
from atlaskit.shape.variables import SIZE

Array = NDArray[np.floating]

SIGNIFICANT = 0.05
"""False discovery rate at which a landmark counts as found."""
PERCENTILES = (5.0, 50.0, 95.0)
"""Of a number's values, where shapes are predicted."""
MOST_PAIRED, MOST_LEVELS = 4, 12
"""Levels of a factor that are mapped two by two, more of them with the mean of all; and levels that are compared at all."""


@dataclass(frozen=True)
class Difference:
    """Two mean shapes and where they differ.

    Attributes
    ----------
    levels : tuple of str
        The two levels, or one that is compared with the mean of all.
    first, second : (L, 2) float array
        Least-squares means: of the two levels, or of all and of the one.
    map : LandmarkMap
    """

    levels: tuple[str, ...]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    map: LandmarkMap

    @property
    def words(self) -> str:
        """Which shape leads to which."""
        return " to ".join(self.levels if len(self.levels) == 2 else ("mean of all", *self.levels))


@dataclass(frozen=True)
class Prediction:
    """Shapes that a model predicts along a number, all else held at its mean.

    Attributes
    ----------
    variable : str
    term : str or None
        The one main effect that the number has, whose map says where it matters; None where there are several, as of a square.
    values : (V,) float array
        Ascending: the 5th, 50th and 95th percentile of the cases.
    shapes : (V, L, 2) float array
    """

    variable: str
    term: str | None
    values: NDArray[np.float64]
    shapes: NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """What the shapes of some cases depend on.

    Attributes
    ----------
    design : Design
        The cases with all values, and the model.
    anova : Anova
    pairs : dict of str to Pairs
        For each factor, its levels two by two.
    maps : dict of str to LandmarkMap
        For each term, where it matters.
    differences : dict of str to tuple of Difference
        For each factor, the means of its levels and where they differ.
    regressions : dict of str to Prediction
        For each number that the formula names.
    allometry : Allometry or None
        Where the formula names ``size``: a model of its own, of log size and the first factor of the formula and of nothing
        else, as `Allometry.formula` says.
    notes : tuple of str
        A sentence each on what a reader should know: who was left out, what was tested where.
    """

    design: Design
    anova: Anova
    pairs: dict[str, Pairs]
    maps: dict[str, LandmarkMap]
    differences: dict[str, tuple[Difference, ...]]
    regressions: dict[str, Prediction]
    allometry: Allometry | None
    notes: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """The analysis of variance: df, SS, MS, R2, F, Z, p for each stratum and term."""
        return self.anova.table

    def __str__(self) -> str:
        """The analysis of variance, the pairs of each factor, how many landmarks each term moves, and allometry."""
        parts = [f"shape {self.design.formula}, {len(self.design)} shapes, type {self.anova.kind}", shown(self.table)]
        parts += [f"{name}, two by two\n{shown(each.table)}" for name, each in self.pairs.items()]
        found = [f"  {term}: {(m.table['q'] < SIGNIFICANT).sum()} of {len(m.table)}" for term, m in self.maps.items()]
        parts.append("\n".join([f"landmarks that move, at a false discovery rate of {SIGNIFICANT}", *found]))
        if self.allometry is not None:
            parts.append(f"allometry: shape {self.allometry.formula}\n{shown(self.allometry.anova.table)}")
        return "\n\n".join(parts)


def shown(table: pd.DataFrame) -> str:
    """A table of tests as text."""
    return table.to_string(float_format=lambda value: f"{value:.4g}", na_rep="")


def compare(
    points: Array,
    formula: str,
    table: pd.DataFrame,
    *,
    size: Array | None = None,
    within: str | None = None,
    between: bool = True,
    kind: str = "II",
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Comparison:
    """Test what shapes depend on, and show how they do.

    Parameters
    ----------
    points : (N, L, 2) array
        Aligned shapes: the ``tangent`` of an `Alignment`.
    formula : str
        As of `design`, such as ``~ group + age + log(size)``.
    table : DataFrame of N rows
        A row for each case, in their order; see `join` for a table in another.
    size : (N,) array, optional
        Centroid sizes, what ``size`` means in the formula.
    within : str, optional
        Column of the blocks that cases are permuted within: subjects with repeated measures, or the sites of a study.
    between : bool
        True for subjects, which are compared with each other too; False for blocks that are not, like sites. See `design`.
    kind : str
        Type of the sums of squares: I, II or III, as in `anova`.
    permutations : int
        Beside the observed order.
    seed : int

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        As of `design`, `anova` and `landmark_map`.

    Notes
    -----
    All tests use the same permutations. With 1000 cases of 208 landmarks and three terms they take a second or two.
    """
    plan = design(formula, table, size=size, within=within, between=between)
    how: dict[str, Any] = {"permutations": permutations, "seed": seed}
    tests = anova(points, plan, kind=kind, **how)
    factors = [name for name in plan.levels if _own_terms(plan, name)]
    pairs = {name: pairwise(points, plan, name, **how) for name in factors if len(plan.levels[name]) <= MOST_LEVELS}
    growth, unsaid = _allometry(points, plan, factors, how) if size is not None and SIZE in plan.coding.names else (None, [])
    return Comparison(
        design=plan,
        anova=tests,
        pairs=pairs,
        maps={term: landmark_map(points, plan, term, kind=kind, **how) for term in plan.terms},
        differences={name: tuple(_differences(points, plan, name, each, how)) for name, each in pairs.items()},
        regressions={name: _prediction(points, plan, name) for name in plan.coding.names if name not in plan.levels},
        allometry=growth,
        notes=(*_missing(plan), *_strata(points, plan, permutations), *_many(plan, factors), *unsaid),
    )


def _own_terms(plan: Design, variable: str) -> list[str]:
    """The main effects that a variable has."""
    return [plan.terms[k] for k in plan.naming(variable) if len(plan.parts[k]) == 1]


def _differences(points: Array, plan: Design, factor: str, pairs: Pairs, how: dict[str, Any]) -> list[Difference]:
    """How the levels of a factor differ: few of them two by two, many each from the mean of all."""
    means = dict(zip(pairs.levels, pairs.means, strict=True))
    sides: list[tuple[str, ...]] = list(combinations(means, 2)) if len(means) <= MOST_PAIRED else [(name,) for name in means]
    every = pairs.means.mean(axis=0)
    return [
        Difference(
            levels=names,
            first=means[names[0]] if len(names) == 2 else every,
            second=means[names[-1]],
            map=landmark_map(points, plan, factor, levels=names, **how),
        )
        for names in sides
    ]


def _prediction(points: Array, plan: Design, variable: str) -> Prediction:
    """Shapes along a number; from end to end where nine cases in ten have the same."""
    known, own = plan.values[variable].to_numpy(dtype=np.float64), _own_terms(plan, variable)
    values = np.unique(np.percentile(known, PERCENTILES))
    values = values if len(values) > 1 else np.array([known.min(), known.max()])
    term = own[0] if len(own) == 1 else None
    return Prediction(variable, term, values, predict(points, plan, variable, values.tolist()))


def _allometry(points: Array, plan: Design, factors: Sequence[str], how: dict[str, Any]) -> tuple[Allometry, list[str]]:
    """Shape and size of the cases of a model, in the groups of its first factor if these can have slopes of their own."""
    shapes, values = np.asarray(points)[plan.kept], plan.values
    subject = None if plan.within is None else values[plan.within].tolist()
    size, how = values[SIZE].to_numpy(dtype=np.float64), {**how, "subject": subject, "between": plan.between}
    found: Allometry | None = None
    notes: list[str] = []
    if factors:
        try:
            found = allometry(shapes, size, group=values[factors[0]].tolist(), **how)
            found = replace(found, formula=f"~ {LOG_SIZE} * {factors[0]}", group=factors[0])
        except InputError as error:
            notes.append(f"no slopes for each {factors[0]}: {error}")
    found = found or allometry(shapes, size, **how)
    other = [name for name in plan.coding.names if name not in (SIZE, found.group)]
    if other:
        notes.append(f"allometry is a model of its own, shape {found.formula}, without {', '.join(other)}")
    return _named(found, plan), notes


def _named(found: Allometry, plan: Design) -> Allometry:
    """The same, with rows of its table for the groups and blocks of a design called as they are there."""
    names = {"group": found.group, f"{LOG_SIZE}:group": f"{LOG_SIZE}:{found.group}", "subject": plan.within}
    return replace(found, anova=replace(found.anova, table=found.anova.table.rename(index=names, level="term")))


def _missing(plan: Design) -> list[str]:
    """Who lacks a value, and which."""
    if not plan.missing:
        return []
    which = ", ".join(f"{count} without {name}" for name, count in plan.missing.items())
    return [f"{len(plan.dropped)} left out, {which}: {some(plan.dropped, 3)}"]


def _strata(points: Array, plan: Design, permutations: int) -> list[str]:
    """Where terms are tested, and where few permutations are possible."""
    found = []
    if plan.within is not None and plan.between:
        found.append(f"what is constant in a {plan.within} is tested between them, what changes, within")
    elif plan.within is not None:
        found.append(f"cases are permuted inside the levels of {plan.within} only; what these differ in is set aside")
    for part in strata(points, plan):
        ways = arrangements(part) if part.matrix.any() else np.inf
        if ways <= permutations:
            where = "" if part.name == "cases" else f" {part.name} {plan.within}"
            found.append(f"only {ways:.0f} different permutations{where} are possible: no p can be below {1 / ways:.3g}")
    return found


def _many(plan: Design, factors: Sequence[str]) -> list[str]:
    """Factors whose levels are not compared."""
    many = {name: len(plan.levels[name]) for name in factors if len(plan.levels[name]) > MOST_LEVELS}
    return [f"the {count} levels of {name} are too many to compare two by two" for name, count in many.items()]
