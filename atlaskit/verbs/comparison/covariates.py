"""A table of covariates beside the aligned shapes of a store: read, joined, and one case per subject where that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, NotFoundError
from atlaskit.shape import align, gather, join
from atlaskit.shape.formula import needed, terms_of
from atlaskit.shape.joins import ids_of
from atlaskit.shape.variables import SIZE
from atlaskit.verbs.population import Population

IDS = ("case", "subject", "id")
"""Columns of a table that say whose row it is unless another is named, the first that there is."""
SUBJECT = "subject"
"""What names the subjects of cases, as blocks of repeated measures."""


@dataclass(frozen=True)
class Covariates:
    """Aligned shapes and the table beside them.

    Attributes
    ----------
    points : (N, L, 2) float array
        Of the landmarks of the structures asked for.
    table : DataFrame of N rows
    size : (N,) float array
        Centroid sizes.
    within : str or None
        Column of the blocks to permute within.
    between : bool
        Whether blocks are subjects, which are compared with each other too.
    notes : tuple of str
        Which ids did not match.
    """

    points: NDArray[np.float64]
    table: pd.DataFrame
    size: NDArray[np.float64]
    within: str | None
    between: bool
    notes: tuple[str, ...]


def read_table(table: Path | str | pd.DataFrame, key: str | None) -> pd.DataFrame:
    """A table of covariates from a CSV; ids stay text.

    Raises
    ------
    NotFoundError, InputError
        Where there is no such file, or it is no table.
    """
    if isinstance(table, pd.DataFrame):
        return table
    path = Path(table)
    if not path.is_file():
        raise NotFoundError(f"No table at {path}; --table takes a CSV with a row for each case or subject.")
    try:
        read = pd.read_csv(path, dtype=dict.fromkeys((*IDS, key or IDS[0]), str), compression=None)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        words = str(error).strip().split("\n")[0]
        raise InputError(f"{path} must be a CSV with a row for each case or subject; it is not ({words}).") from error
    if read.shape[1] == 1 and any(mark in str(read.columns[0]) for mark in ";\t"):
        raise InputError(f"{path} must have commas between its columns; it has something else: save it with commas.")
    return read


def covariates(
    people: Population, table: pd.DataFrame, formula: str, *, key: str | None, within: str | None, average: bool, scale: bool
) -> Covariates:
    """Align the cases that a table knows, and decide what becomes of several of a subject.

    Parameters
    ----------
    people : Population
    table : DataFrame
    formula : str
        Says which columns must be there.
    key : str or None
        Column of the ids.
    within : str or None
        Column to permute within, `SUBJECT` for repeated measures.
    average : bool
        Whether a subject is the mean of its cases.
    scale : bool
        Whether cases are brought to one size.

    Raises
    ------
    InputError
        Where ids do not match, or subjects have several cases and nothing was said about them.
    """
    if average and within == SUBJECT:
        raise InputError("Cases of a subject are averaged or permuted within it, not both: leave out one of the two.")
    columns, _ = needed(terms_of(formula))
    beside, known, notes = _beside(people, table, key)
    if SIZE in beside and SIZE in columns:
        notes.append("size is the centroid size of the landmarks, not the column of that name")
    aligned = align(people.points[known], scale="full" if scale else "none", onto=people.template)
    several = "average" if average else "block" if within == SUBJECT else "refuse"
    gathered = gather(aligned.tangent, beside[known].assign(**{SIZE: aligned.size}), subject=SUBJECT, several=several)
    for name in gathered.left_out:
        if name in (*columns, within):
            raise InputError(f"A subject must have one {name!r} to be averaged; it differs in some: permute within subject.")
    if within == SUBJECT and gathered.within is None:
        notes.append("each subject has one case: there is nothing to permute within it")
    size = gathered.table[SIZE].to_numpy(dtype=np.float64)
    blocks = gathered.within if within in (None, SUBJECT) else within
    return Covariates(gathered.shapes, gathered.table.drop(columns=SIZE), size, blocks, within == SUBJECT, tuple(notes))


def _beside(people: Population, table: pd.DataFrame, key: str | None) -> tuple[pd.DataFrame, NDArray[np.bool_], list[str]]:
    """The row of each case with its subject, which cases have one, and what did not match."""
    key = key or next((name for name in IDS if name in table), None)
    if key is None:
        came = f"it has {_some(list(map(str, table)))}"
        raise InputError(f"A table must have ids in a column called {', '.join(IDS)} or as --id says; {came}: name theirs.")
    of_cases = key in table and ids_of(table, key, people.cases).isin(people.cases).any()
    joined = join(people.cases, table, key=key, subjects=None if of_cases else people.subjects)
    known = ~joined.table[key].isna().to_numpy()
    whose = pd.Series(people.subjects, index=joined.table.index)
    if of_cases and SUBJECT in joined.table:  # what the table says is meant; names of files are a guess
        whose = joined.table[SUBJECT].astype(object).where(joined.table[SUBJECT].notna(), whose)
    notes = (
        [f"{_count(joined.unmatched, 'id')} not in {key!r} of the table: {_some(joined.unmatched)}"] if joined.unmatched else []
    )
    notes += (
        [f"{_count(joined.unused, 'row')} of the table match no case with these structures: {_some(joined.unused)}"]
        if joined.unused
        else []
    )
    return joined.table.assign(**{SUBJECT: whose.astype(str)}), known, notes


def _count(ids: Sequence[str], what: str) -> str:
    return f"{len(ids)} {what}{'' if len(ids) == 1 else 's'}"


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
