"""Numbers of subjects, such as ejection fractions, compared between groups."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape.permutations import PERMUTATIONS, p_value
from atlaskit.tracking.exchanges import exchanges, numbered
from atlaskit.tracking.timing import curves_of


def contrast(
    values: Sequence[float] | NDArray[np.floating],
    group: Sequence[str],
    *,
    within: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the mean of a number between each two groups, by dealing the subjects out to the groups anew.

    Parameters
    ----------
    values : (N,) array
        One number per subject; those without (NaN) are left out.
    group : sequence of N str
    within : sequence of N str, optional
        Subjects are exchanged only where this is the same.
    permutations : int
        Beside the observed order. Where there are not more ways to deal the subjects out, each is taken once.
    seed : int

    Returns
    -------
    DataFrame
        A row for each two groups with a subject each: a, b, n_a, n_b, mean_a, mean_b, sd_a, sd_b, difference (of b less a),
        p (two-sided), arrangements (how many ways p counts) and exact (whether these are all there are).

    Raises
    ------
    InputError
        Where lengths differ or nobody can be exchanged.

    Examples
    --------
    >>> contrast([60, 62, 64, 40, 42, 44], ["control"] * 3 + ["infarct"] * 3)[["difference", "p", "exact"]].values.tolist()
    [[-20.0, 0.1, True]]
    """
    numbers = curves_of(values)
    code, names = numbered(group, len(numbers), "group")
    blocks = np.zeros(len(numbers), dtype=np.int64) if within is None else numbered(within, len(numbers), "within")[0]
    known = np.isfinite(numbers)
    rows = []
    for a, b in combinations(range(len(names)), 2):
        both = np.flatnonzero(known & ((code == a) | (code == b)))
        second = code[both] == b
        if second.all() or not second.any():
            continue
        dealt, exact = exchanges(second, blocks[both], permutations, seed)
        rows.append({"a": names[a], "b": names[b], **_row(numbers[both], dealt, exact)})
    if not rows:
        came = ", ".join(f"{name!r} has {int((known & (code == k)).sum())}" for k, name in enumerate(names))
        raise InputError(
            f"Groups are compared where two have a subject with the number; {came or 'there are none'}: "
            "give numbers of two groups or more."
        )
    return pd.DataFrame(rows)


def _row(numbers: NDArray[np.float64], dealt: NDArray[np.bool_], exact: bool) -> dict[str, object]:
    """Of one pair, from arrangements (B, n) of which the first is the observed one."""
    n = dealt[0].sum()
    total = dealt @ numbers
    difference = total / n - (numbers.sum() - total) / (len(numbers) - n)
    parts = [numbers[~dealt[0]], numbers[dealt[0]]]
    sd = [float(part.std(ddof=1)) if len(part) > 1 else np.nan for part in parts]
    return {
        **{f"n_{k}": len(part) for k, part in zip("ab", parts, strict=True)},
        **{f"mean_{k}": float(part.mean()) for k, part in zip("ab", parts, strict=True)},
        **{f"sd_{k}": value for k, value in zip("ab", sd, strict=True)},
        "difference": float(difference[0]),
        "p": float(p_value(np.abs(difference))),
        "arrangements": len(dealt),
        "exact": exact,
    }
