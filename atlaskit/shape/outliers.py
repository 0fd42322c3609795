"""Cases that are unlike all others: far from their mean, unlikely along their modes, or beyond these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from atlaskit.errors import InputError
from atlaskit.shape.model import Array, pca
from atlaskit.shape.others import Others

FENCE = 1.5
"""Interquartile ranges above the upper quartile beyond which a value is that of an outlier (Tukey 1977)."""
EVEN = 2 / 3
"""Power of a distance that is nearly normal where its square is a sum of squares (Wilson & Hilferty 1931)."""
ROUNDING = 1e-9
"""Share of the greatest distance that is none, so that cases without anything beyond their modes are not told apart."""
WAYS = {"distance": "far", "mahalanobis": "unlikely", "residual": "beyond"}
"""What is measured, and what a case is called that has too much of it."""


@dataclass(frozen=True)
class Outliers:
    """N cases, each measured by the mean and modes of all others.

    Attributes
    ----------
    table : DataFrame
        A row for each `case`, the one that is most beyond its limits, in whichever way, first. `distance` is to the mean of the
        others; `mahalanobis` is along their modes, in standard deviations, and `p` the share of normal cases that lie as far;
        `residual` is the distance to the reconstruction by the modes. `far`, `unlikely` and `beyond` say which of these are an
        outlier's.
    modes : int
        M.
    limits : dict of str to float
        By name, the `distance`, `mahalanobis` and `residual` beyond which a case is an outlier.
    """

    table: pd.DataFrame
    modes: int
    limits: dict[str, float]

    def __repr__(self) -> str:
        """How many cases are outliers."""
        return f"Outliers({len(self.unusual)} of {len(self.table)} cases, by {self.modes} modes of the others)"

    @property
    def unusual(self) -> pd.DataFrame:
        """The rows of cases that are outliers in any way."""
        return self.table[self.table[list(WAYS.values())].any(axis=1)]


def outliers(points: Array, *, modes: int | float = 0.95, level: float = 0.001, cases: Sequence[str] | None = None) -> Outliers:
    """Find the cases that are unlike all others.

    Parameters
    ----------
    points : (N, L, 2) array
        Aligned, in tangent space: `atlaskit.shape.Alignment.tangent`. Nothing absent.
    modes : int or float
        How many, or the least that explain a share of the variance; no more than N - 2.
    level : float
        Share of normal cases that count as unlikely.
    cases : sequence of str, optional
        Names; numbers from 0 unless given.

    Returns
    -------
    Outliers

    Raises
    ------
    InputError
        For fewer than 4 cases, cases that do not differ, another number of names, or a level that is no share.

    Notes
    -----
    Each case is left out of the mean and the modes that judge it, as it would draw both towards itself. What only one case has
    is no mode of the others: such an outlier is far and beyond, and need not be unlikely. Several that are alike still hide one
    another. With n others, n (n - M) / ((n^2 - 1) M) times the squared Mahalanobis distance of one more normal case is F
    distributed (Hotelling): a chi-square that took variances for known would call too many unlikely. A distance is far, and a
    residual beyond, above Tukey's fence of their powers 2/3. 1000 cases of 400 landmarks and 20 modes: 0.5 s.

    References
    ----------
    Dryden & Mardia, Statistical Shape Analysis (2016); Jackson & Mudholkar, Control procedures for residuals associated with
    principal component analysis, Technometrics 21 (1979), on what lies beyond the modes; Wilson & Hilferty, PNAS 17 (1931).
    """
    points = np.asarray(points, dtype=np.float64)
    wanted = len(pca(points, modes=modes).modes)
    if len(points) < 4 or not wanted or not 0 < level < 1 or (cases is not None and len(cases) != len(points)):
        named = "no names" if cases is None else f"{len(cases)} names"
        came = f"{len(points)} cases with {wanted} modes, {named} and level={level}"
        raise InputError(
            f"Outliers need 4 or more cases that differ, a name for each or none, and a level in (0, 1); got {came}."
        )
    others = Others.of(points)
    wanted = min(wanted, others.most)
    table = pd.DataFrame([_measures(others, case, wanted) for case in range(len(points))], columns=list(WAYS))
    n = len(points) - 1
    grown = (n**2 - 1) * wanted / (n * (n - wanted))  # of F, as the others' mean and variances are estimates
    rounding = ROUNDING * float(table["distance"].max())
    limits = {name: _fence(table[name].to_numpy()) + rounding for name in WAYS}
    limits["mahalanobis"] = float(np.sqrt(grown * stats.f.isf(level, wanted, n - wanted)))
    for name, way in WAYS.items():
        table[way] = table[name] > limits[name]
    table.insert(0, "case", range(len(points)) if cases is None else list(cases))
    table.insert(3, "p", stats.f.sf(table["mahalanobis"] ** 2 / grown, wanted, n - wanted))
    order = np.argsort(-(table[list(WAYS)] / pd.Series(limits)).max(axis=1).to_numpy(), kind="stable")
    return Outliers(table.iloc[order].reset_index(drop=True), wanted, limits)


def _measures(others: Others, case: int, modes: int) -> tuple[float, float, float]:
    """Distances of a case from the mean of the others, along their modes, and from its reconstruction by these."""
    left = others.without(case, modes)
    there = left.variance > 0
    along = float(np.sqrt((left.along[there] ** 2 / left.variance[there]).sum()))
    return float(left.distance[0]), along, float(left.distance[-1])


def _fence(distances: NDArray[np.float64]) -> float:
    """The distance above which one is an outlier's."""
    low, high = np.percentile(distances**EVEN, [25, 75])
    return float((high + FENCE * (high - low)) ** (1 / EVEN))
