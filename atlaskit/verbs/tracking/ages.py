"""Ages of cases in a column, and the order of each subject's cases by them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest
from atlaskit.verbs.tracking.rows import numbers_of


def ages_of(known: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """(N,) the ages of cases; NaN where a case has none.

    Parameters
    ----------
    known : DataFrame of N rows
        What is known of each case.
    column : str
        A name in it: of the user's table, or ``frame`` and ``time_ms``, which names and files tell too.

    Raises
    ------
    InputError
        When there is no such column, or it holds something else than numbers above 0.
    """
    if column not in known:
        raise InputError(
            f"--growth is a column of ages in --table; {column!r} is none: {nearest(column, [str(name) for name in known])}"
        )
    told = known[column].mask(known[column] < 0) if column in ("frame", "slice") else known[column]  # -1: there is none
    return numbers_of(told, column, above_0=True, cases=known["case"].tolist()).to_numpy(dtype=np.float64)


def by_age(known: pd.DataFrame, column: str) -> pd.DataFrame:
    """The cases of a subject as the frames of one sequence, in order of their ages."""
    aged = known.assign(time_ms=ages_of(known, column))
    order = aged.sort_values(["time_ms", "case"], kind="stable").groupby("subject").cumcount()
    return known.assign(study=known["subject"], sequence=known["subject"], slice=-1, frame=order, time_ms=np.nan)
