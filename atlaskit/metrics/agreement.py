"""How far two measurements of the same things agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from atlaskit.errors import InputError

LEAST = 3
"""Pairs that limits of agreement need, at least."""


@dataclass(frozen=True)
class Agreement:
    """Differences a - b of n pairs of measurements, in their unit.

    Attributes
    ----------
    n : int
        Pairs of which both are known.
    bias : float
        Mean difference.
    bias_interval : (float, float)
        Its confidence interval (Student's t), of the share asked for.
    sd : float
        Standard deviation of the differences.
    lower, upper : float
        Limits of agreement, bias -+ 1.96 sd.
    r : float
        Pearson's correlation; NaN where one of the two does not vary. It says nothing of bias.
    mae : float
        Mean absolute difference.
    """

    n: int
    bias: float
    bias_interval: tuple[float, float]
    sd: float
    lower: float
    upper: float
    r: float
    mae: float


def agreement(a: ArrayLike, b: ArrayLike, *, confidence: float = 0.95) -> Agreement:
    """Compare two measurements of the same things, as bias and limits of agreement.

    Parameters
    ----------
    a, b : (N,) array
        The measurement in question and the reference; a pair of which one is NaN is left out.
    confidence : float
        Share of the interval around the bias.

    Raises
    ------
    InputError
        When the two differ in number, or fewer than three pairs are known.

    References
    ----------
    Bland and Altman, Lancet 327 (1986) 307-310.
    """
    first, second = np.asarray(a, dtype=np.float64).ravel(), np.asarray(b, dtype=np.float64).ravel()
    if first.shape != second.shape:
        raise InputError(f"Two measurements of the same things must be equal in number; got {first.size} and {second.size}.")
    known = np.isfinite(first) & np.isfinite(second)
    first, second = first[known], second[known]
    n, off = int(known.sum()), first - second
    if n < LEAST:
        raise InputError(f"Limits of agreement need at least {LEAST} pairs of which both are known; got {n}.")
    bias, sd = float(off.mean()), float(off.std(ddof=1))
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sd / np.sqrt(n)
    varied = min(float(np.ptp(first)), float(np.ptp(second))) > 0
    return Agreement(
        n=n,
        bias=bias,
        bias_interval=(bias - reach, bias + reach),
        sd=sd,
        lower=bias - 1.96 * sd,
        upper=bias + 1.96 * sd,
        r=float(np.corrcoef(first, second)[0, 1]) if varied else float("nan"),
        mae=float(np.abs(off).mean()),
    )
