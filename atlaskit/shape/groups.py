"""How groups differ: distances between their least-squares means, by residual randomisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest
from atlaskit.shape.contrasts import home, span, unexplained
from atlaskit.shape.design import Design
from atlaskit.shape.permutations import PERMUTATIONS, draw, effect_size, f_values, p_value
from atlaskit.shape.strata import Stratum, inverse

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Pairs:
    """How the levels of a factor differ.

    Attributes
    ----------
    table : DataFrame
        Columns distance (Procrustes), F, Z, p, p_holm (adjusted for the number of pairs); indexed by the pair of levels.
    means : (G, ...) float array
        Least-squares means of the levels, as shapes.
    levels : tuple of str
    stratum : str
        Where they were compared: cases, or between or within blocks.
    permutations, seed : int
    """

    table: pd.DataFrame
    means: NDArray[np.float64]
    levels: tuple[str, ...]
    stratum: str
    permutations: int
    seed: int


@dataclass(frozen=True)
class LevelMeans:
    """Least-squares means of the levels of a factor.

    Attributes
    ----------
    stratum : Stratum
        The units that they are means of.
    levels : tuple of str
    weights : (u, G) float array
        Of the units, for each level's difference from the mean of all.
    """

    stratum: Stratum
    levels: tuple[str, ...]
    weights: NDArray[np.float64]

    @property
    def means(self) -> NDArray[np.float64]:
        """(G, D) coordinates."""
        return self.stratum.mean + self.weights.T @ self.stratum.shapes


def pairwise(shapes: Array, design: Design, factor: str, *, permutations: int = PERMUTATIONS, seed: int = 0) -> Pairs:
    """Compare the levels of a factor two by two, at the mean of all covariates.

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes, a row for each row of the table of the design.
    design : Design
    factor : str
        A column that is a factor of the design.
    permutations : int
        Beside the observed order.
    seed : int
        The same as of an `anova` gives the same permutations.

    Returns
    -------
    Pairs

    Raises
    ------
    InputError
        Where the factor is none of the design's, or cannot be tested.

    Notes
    -----
    Least-squares means are predictions of the full model at the mean of the numbers, averaged over the levels of other
    factors. The residuals that are exchanged for a pair are those of the full model in which only that pair is the same, so a
    third group that is far away takes nothing from the others. Z and p are of F: permuted residuals of a model with covariates
    are a little too small, so a distance alone would be significant too often in small cohorts. A factor that is constant in
    every block is compared on means of blocks.

    References
    ----------
    Collyer, Sekora and Adams, Heredity 115 (2015). Holm, A simple sequentially rejective multiple test procedure,
    Scandinavian Journal of Statistics 6 (1979).
    """
    found = level_means(shapes, design, factor)
    pairs = list(combinations(range(len(found.levels)), 2))
    moved = draw(found.stratum.exchange, permutations, seed)
    random = np.stack([_f_values(found, design, moved, a, b) for a, b in pairs], axis=1)
    p = p_value(random)
    distance = [np.linalg.norm(found.means[a] - found.means[b]) for a, b in pairs]
    table = pd.DataFrame(
        {"distance": distance, "F": random[0], "Z": effect_size(random), "p": p, "p_holm": holm(p)},
        index=pd.MultiIndex.from_tuples([(found.levels[a], found.levels[b]) for a, b in pairs], names=["a", "b"]),
    )
    means = found.means.reshape(-1, *np.shape(shapes)[1:])
    return Pairs(table, means, found.levels, found.stratum.name, permutations, seed)


def _f_values(found: LevelMeans, design: Design, moved: NDArray[np.int32], a: int, b: int) -> NDArray[np.float64]:
    """(B,) F of the difference of two levels over permutations of the residuals of the model in which they are the same."""
    _, left_df = unexplained(found.stratum, design, list(range(len(design.terms))))
    return f_values(*contrast(found, (found.levels[a], found.levels[b])), moved, left_df)[1]


def contrast(found: LevelMeans, levels: Sequence[str]) -> tuple[Array, NDArray[np.float64], slice]:
    """What a test of the difference of two levels needs, or of one level from the mean of all: as `split` of terms."""
    at = [found.levels.index(level) for level in levels]
    other = found.weights[:, at[1]] if len(at) == 2 else found.weights.mean(axis=1)
    unit = (found.weights[:, at[0]] - other)[:, None]
    unit = unit / np.linalg.norm(unit)
    rest, shapes = span(found.stratum.matrix, unit), found.stratum.shapes
    return shapes - rest @ (rest.T @ shapes), np.hstack([unit, rest]), slice(0, 1)


def level_means(shapes: Array, design: Design, factor: str) -> LevelMeans:
    """Least-squares means of the levels of a factor, in the stratum that can test it.

    Parameters
    ----------
    shapes : (N, ...) array
    design : Design
    factor : str

    Raises
    ------
    InputError
        Where the factor is none of the design's, or cannot be tested.
    """
    terms = design.naming(factor)
    if factor not in design.levels or not terms:
        hint = nearest(factor, [name for name in design.levels if design.naming(name)])
        raise InputError(f"Groups must be levels of a factor of {design.formula!r}; {factor!r} is no such factor: {hint}")
    main = min(terms, key=lambda term: len(design.parts[term]))
    stratum, _ = home(shapes, design, design.terms[main])
    levels = design.levels[factor]
    from_mean = design.reference(factor, levels) - stratum.mean_row
    return LevelMeans(stratum, levels, inverse(stratum.matrix).T @ from_mean.T)


def holm(p: Array) -> NDArray[np.float64]:
    """(m,) p-values adjusted for all of them.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
