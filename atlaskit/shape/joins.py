"""A table of covariates beside the cases: joined by case or subject, and one case per subject or blocks, as asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest, some
from atlaskit.shape.strata import block_means

Array = NDArray[np.floating]

REFUSE, AVERAGE, BLOCK = "refuse", "average", "block"
SEVERAL = (REFUSE, AVERAGE, BLOCK)
"""What may become of several cases of a subject."""
FILE = r"\.(?:png|tiff?|jpe?g|bmp|npy|npz|mha|mhd|nrrd|dcm|nii(?:\.gz)?)$"
"""What may end an id that is the name of a file."""


@dataclass(frozen=True)
class Joined:
    """A table with a row for each case.

    Attributes
    ----------
    table : DataFrame of N rows
        In the order of the cases and indexed by them; rows of unmatched cases are missing values.
    unmatched : tuple of str
        Ids of cases, or subjects, that the table lacks.
    unused : tuple of str
        Ids of the table that no case has.
    """

    table: pd.DataFrame
    unmatched: tuple[str, ...]
    unused: tuple[str, ...]


@dataclass(frozen=True)
class Gathered:
    """Shapes and a table, with one case per subject or the subjects as blocks.

    Attributes
    ----------
    shapes : (M, ...) float array
    table : DataFrame of M rows
    within : str or None
        The column to give as ``within`` to a design.
    left_out : tuple of str
        Columns that are not numbers and differ between the averaged cases of a subject.
    """

    shapes: NDArray[np.float64]
    table: pd.DataFrame
    within: str | None
    left_out: tuple[str, ...]


def ids_of(table: pd.DataFrame, key: str, wanted: Sequence[str]) -> pd.Series:
    """The ids in a column as text, without a file's suffix where only so they are wanted; missing ones stay missing."""
    ids = table[key].dropna().astype(str).str.strip()
    ids = ids[ids != ""]
    bare = ids.str.replace(FILE, "", case=False, regex=True)
    return ids.where(ids.isin(wanted) | ~bare.isin(wanted), bare)


def join(
    cases: Sequence[str],
    table: pd.DataFrame,
    *,
    key: str,
    subjects: Sequence[str] | None = None,
    otherwise: str = "name another column (--id)",
) -> Joined:
    """Find the row of a table that each case belongs to.

    Parameters
    ----------
    cases : sequence of N str
        Ids of the cases.
    table : DataFrame
    key : str
        Column of the table that holds ids: of cases, or of subjects where these are given. Names of files are ids too.
    subjects : sequence of N str, optional
        Whom each case belongs to, to join by subject; they become the column ``subject`` where the table has none.
    otherwise : str
        What to do about ids that come twice or do not match, as the sentence that refuses them says it.

    Returns
    -------
    Joined

    Raises
    ------
    InputError
        Where there is no such column, it is empty, an id comes twice, or none matches.
    """
    if key not in table:
        raise InputError(f"The column of ids must be in the table; {key!r} is not: {nearest(key, map(str, table))}")
    wanted = pd.Index([str(name) for name in (cases if subjects is None else subjects)])
    ids = ids_of(table.reset_index(drop=True), key, list(wanted))
    rows = table.iloc[ids.index].set_axis(pd.Index(ids), axis=0)
    if rows.empty:
        raise InputError(f"The column of ids must hold some, but {key!r} is empty in every row: choose another column.")
    twice = rows.index[rows.index.duplicated()].unique()
    if len(twice):
        do = f"keep one of each, or {otherwise}"
        raise InputError(f"Every id must have one row of the table; {some(twice, 3)} have more in {key!r}: {do}.")
    unmatched, unused = wanted.unique().difference(rows.index), rows.index.difference(wanted)
    if len(unmatched) == wanted.nunique():
        come = f"cases are like {some(wanted[:3])}, {key!r} is like {some(rows.index[:3])}"
        raise InputError(f"Ids must be the same in both, but none is: {come}; {otherwise}.")
    found = rows.reindex(wanted).set_axis(pd.Index([str(case) for case in cases], name="case"), axis=0)
    if subjects is not None and "subject" not in found:
        found = found.assign(subject=wanted.to_numpy())
    return Joined(found, tuple(unmatched), tuple(unused))


def gather(shapes: Array, table: pd.DataFrame, *, subject: str, several: str = REFUSE) -> Gathered:
    """Decide what becomes of several cases of a subject.

    Parameters
    ----------
    shapes : (N, ...) array
        Aligned shapes.
    table : DataFrame of N rows
    subject : str
        Column of the subjects.
    several : str
        ``average`` takes the mean shape of each subject and the mean of its numbers; ``block`` keeps all cases, as repeated
        measures of their subject; ``refuse`` is for cohorts that should have one case each.

    Returns
    -------
    Gathered

    Raises
    ------
    InputError
        Where the choice is unknown, the column is missing or lacks values, or a subject has several cases and none was made.
    """
    if several not in SEVERAL:
        raise InputError(f"Several cases of a subject: {', '.join(SEVERAL)}; {several!r} came: {nearest(several, SEVERAL)}")
    if subject not in table or table[subject].isna().any():
        raise InputError(f"Every case must have a subject; column {subject!r} is missing or has gaps: join the table first.")
    known = np.asarray(shapes, dtype=np.float64)
    codes, names = pd.factorize(table[subject])
    if len(names) == len(table):
        return Gathered(known, table, None, ())
    if several == REFUSE:
        twice = [str(name) for name in names[np.bincount(codes) > 1]]
        came = f"{some(twice, 3)} have several"
        raise InputError(f"Each subject must have one case, but {came}: take their average, or permute within subject.")
    if several == BLOCK:
        return Gathered(known, table, subject, ())
    means = block_means(known.reshape(len(known), -1), codes.astype(np.int64)).reshape(-1, *known.shape[1:])
    averaged, left_out = _averaged(table, codes, pd.Index(names.astype(str), name="case"))
    return Gathered(means, averaged, None, left_out)


def _averaged(table: pd.DataFrame, codes: NDArray[np.intp], names: pd.Index) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One row for each subject, and the columns that cannot be averaged."""
    columns, left_out = {}, []
    for name, column in table.items():
        groups = column.groupby(codes)
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            columns[name] = groups.mean()
        elif (groups.nunique(dropna=False) == 1).all():
            columns[name] = groups.first()
        else:
            left_out.append(str(name))
    return pd.DataFrame(columns).set_axis(names, axis=0), tuple(left_out)
