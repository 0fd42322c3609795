"""How many cases a study needs: two-sample power by simulation from a fitted model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape.contrasts import unexplained
from atlaskit.shape.design import Design
from atlaskit.shape.groups import LevelMeans, level_means
from atlaskit.shape.permutations import in_few_columns, p_value
from atlaskit.shape.strata import WITHIN

Array = NDArray[np.floating]

SIZES = (10, 20, 50, 100, 200)
"""Cases in a group that are tried."""


@dataclass(frozen=True)
class Power:
    """How often a study of two groups would find their difference.

    Attributes
    ----------
    table : DataFrame
        Columns power and se (of the simulation), indexed by n, the cases (subjects, where the model has blocks) in each group.
    distance : float
        Procrustes distance between the groups that was simulated.
    observed : float
        That of the fitted model, of which noise is a part.
    alpha : float
    simulations, permutations, seed : int
    factor : str
        Whose levels the two groups are.
    levels : tuple of str
        The two.
    """

    table: pd.DataFrame
    distance: float
    observed: float
    alpha: float
    simulations: int
    permutations: int
    seed: int
    factor: str = ""
    levels: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The two groups; empty where they have no names."""
        return " to ".join(self.levels)

    def needed(self, power: float = 0.8) -> float | None:
        """Cases in a group that reach a power, between the sizes that were tried; None where none of them does."""
        reached = np.maximum.accumulate(self.table["power"].to_numpy())
        if power <= reached[0] or power > reached[-1]:
            return float(self.table.index[0]) if power <= reached[0] else None
        k = int(np.argmax(reached >= power))
        share = (power - reached[k - 1]) / (reached[k] - reached[k - 1])
        low, high = np.log(self.table.index[[k - 1, k]].to_numpy(dtype=np.float64))
        return float(np.exp(low + share * (high - low)))


def power(
    shapes: Array,
    design: Design,
    factor: str,
    *,
    levels: tuple[str, str] | None = None,
    sizes: Sequence[int] = SIZES,
    effect: float = 1.0,
    alpha: float = 0.05,
    simulations: int = 200,
    permutations: int = 199,
    seed: int = 0,
) -> Power:
    """Simulate studies of two groups from a fitted model, and count those that find a difference.

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes, a row for each row of the table of the design.
    design : Design
    factor : str
        A column that is a factor of the design.
    levels : two of its levels, optional
        Needed where there are more than two.
    sizes : sequence of int
        Cases in each group; subjects where the factor differs between blocks.
    effect : float
        How many times the estimated difference there is.
    alpha : float
        Level of the test.
    simulations, permutations : int
        Studies for each size, and permutations in each.
    seed : int

    Returns
    -------
    Power

    Raises
    ------
    InputError
        Where the factor cannot be compared, varies within blocks, or the levels are not two of its own.

    Notes
    -----
    A simulated case is a residual of the model with all terms, drawn with replacement and enlarged for the degrees of freedom
    the model took, plus half the difference of the groups or minus that. The distance between two estimated means is longer
    than that of the true ones, by what noise adds over all coordinates; the simulated difference is shortened for that, to
    nothing where noise explains all of it.
    """
    found = level_means(shapes, design, factor)
    if found.stratum.name == WITHIN and design.between:
        raise InputError(f"Power is of two groups of subjects, but {factor!r} varies within {design.within!r}: compare means.")
    a, b = _two(found, factor, levels)
    shift = found.means[b] - found.means[a]
    residuals, left_df = unexplained(found.stratum, design, list(range(len(design.terms))))
    noise = np.square(residuals).sum() / left_df * np.square(found.weights[:, b] - found.weights[:, a]).sum()
    observed = float(np.linalg.norm(shift))
    kept = effect * np.sqrt(max(0.0, 1.0 - float(noise) / observed**2))
    enlarged = residuals * np.sqrt(len(residuals) / left_df)
    *drawn, simulated = in_few_columns(np.vstack([enlarged, kept * shift]))
    rng = np.random.default_rng(seed)
    share = [_found(rng, np.stack(drawn), simulated, n, alpha, simulations, permutations) for n in sizes]
    spread = [np.sqrt(p * (1 - p) / simulations) for p in share]
    table = pd.DataFrame({"power": share, "se": spread}, index=pd.Index(list(sizes), name="n"))
    pair = (found.levels[a], found.levels[b])
    return Power(table, kept * observed, observed, alpha, simulations, permutations, seed, factor, pair)


def _two(found: LevelMeans, factor: str, levels: tuple[str, str] | None) -> tuple[int, int]:
    """The numbers of the two levels to compare."""
    asked = found.levels if levels is None else levels
    if len(asked) != 2 or len(set(asked)) != 2 or not set(asked) <= set(found.levels):
        came, known = ", ".join(map(str, asked)), ", ".join(found.levels)
        raise InputError(f"Power is of two levels of {factor!r} ({known}); {came} came: give two of them as levels.")
    return found.levels.index(asked[0]), found.levels.index(asked[1])


def _found(
    rng: np.random.Generator, residuals: Array, shift: Array, n: int, alpha: float, simulations: int, permutations: int
) -> float:
    """The share of simulated studies of n cases in each group that find a difference."""
    group = np.repeat([-1.0, 1.0], n)
    signs = np.vstack([group, rng.permuted(np.tile(group, (permutations, 1)), axis=1)])
    hits = 0
    for _ in range(simulations):
        study = residuals[rng.integers(len(residuals), size=2 * n)] + np.outer(group / 2, shift)
        between = np.square(signs @ (study - study.mean(axis=0))).sum(axis=1)  # F grows with it, as the total stays
        hits += bool(p_value(between) <= alpha)
    return hits / simulations
