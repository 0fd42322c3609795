"""A table of covariates beside the aligned shapes of a store: read, joined, and one case per subject where that is asked."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, NotFoundError, counted, some
from atlaskit.shape import align, gather, join
from atlaskit.shape.formula import read as read_formula
from atlaskit.shape.joins import ids_of
from atlaskit.shape.variables import SIZE
from atlaskit.verbs.population import Population

IDS = ("case", "subject", "id")
"""Columns of a table that say whose row it is unless another is named: the one that knows most cases, or else most subjects."""
MISSING = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None")
"""What programs write for a number that is missing."""
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


def read_table(table: Path | str | pd.DataFrame, key: str | None, ids: Sequence[str] = IDS) -> pd.DataFrame:
    """A table of covariates from a CSV; ids stay text.

    Only what is empty is missing, as "None" or "NA" may be a group or an id; in a column of numbers such words are missing too.

    Raises
    ------
    NotFoundError, InputError
        Where there is no such file, or it is no table.
    """
    if isinstance(table, pd.DataFrame):
        _named_once(list(map(str, table)), "The table")
        return table
    path = Path(table)
    if not path.is_file():
        raise NotFoundError(f"No table at {path}; --table takes a CSV with a row for each case or subject.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file, strict=True) if any(row)]
    except UnicodeError as error:
        raise InputError(f"{path} must be text in UTF-8; it is in another encoding: save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise InputError(f"{path} must be a CSV with a row for each case or subject; it is not ({error}).") from error
    if not rows:
        raise InputError(f"{path} must be a CSV with a row for each case or subject; it is empty: look at the file.")
    return _framed(path, rows, {*ids, *([key] if key else [])})


def _framed(path: Path, rows: list[list[str]], ids: set[str]) -> pd.DataFrame:
    """Rows of text below their names as a table; columns of ids stay text."""
    names = [name.strip() for name in rows[0]]
    if len(names) == 1 and names[0] not in ids and any(mark in names[0] for mark in ";|\t "):
        raise InputError(f"{path} must have commas between its columns; it has something else: save it with commas.")
    _named_once([name for name in names if name], str(path))
    names = [name or f"column {k + 1}" for k, name in enumerate(names)]
    for number, row in enumerate(rows[1:], start=1):
        if any(row[len(names) :]):
            came = f"row {number} has {len(row)}"
            raise InputError(f"A row of {path} must have a value for each of its {len(names)} names; {came}: mend it.")
    full = [[value or np.nan for value in (row + [""] * len(names))[: len(names)]] for row in rows[1:]]
    read = pd.DataFrame(full, columns=pd.Index(names), dtype=object)
    return pd.DataFrame({name: column if name in ids else _numbers(column) for name, column in read.items()})


def _named_once(names: list[str], what: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{what} must name each column once; {some(twice)} came twice: rename or delete one of each.")


def _numbers(column: pd.Series) -> pd.Series:
    """A column of text as numbers, where it holds nothing but these and words for missing ones."""
    text = column.mask(column.isin(MISSING))
    numbers = pd.to_numeric(text, errors="coerce")
    return numbers if text.notna().any() and (numbers.notna() == text.notna()).all() else column


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
    _, columns, _ = read_formula(formula, map(str, table))
    beside, known, notes = _beside(people, table, key)
    if SIZE in beside and SIZE in columns:
        notes.append("size is the centroid size of the landmarks, not the column of that name")
    aligned = align(people.points[known], scale="full" if scale else "none", onto=people.template)
    several = "average" if average else "block" if within == SUBJECT else "refuse"
    gathered = gather(aligned.tangent, beside[known].assign(**{SIZE: aligned.size}), subject=SUBJECT, several=several)
    for name in gathered.left_out:
        if name in (*columns, within):
            raise InputError(f"A subject must have one {name!r} to be averaged; it differs in some: permute within subject.")
    if average and len(gathered.table) < known.sum():
        notes.append(f"{known.sum()} cases were averaged to {len(gathered.table)} subjects")
    if within == SUBJECT and gathered.within is None:
        notes.append("each subject has one case: there is nothing to permute within it")
    size = gathered.table[SIZE].to_numpy(dtype=np.float64)
    blocks = gathered.within if within in (None, SUBJECT) else within
    return Covariates(gathered.shapes, gathered.table.drop(columns=SIZE), size, blocks, within == SUBJECT, tuple(notes))


def _beside(people: Population, table: pd.DataFrame, key: str | None) -> tuple[pd.DataFrame, NDArray[np.bool_], list[str]]:
    """The row of each case with its subject, which cases have one, and what did not match."""
    key, of_cases = _ids(people, table, key)
    joined = join(people.cases, table, key=key, subjects=None if of_cases else people.subjects)
    known = ~joined.table[key].isna().to_numpy()
    whose = pd.Series(people.subjects, index=joined.table.index)
    if of_cases and SUBJECT in joined.table:  # what the table says is meant; names of files are a guess
        whose = joined.table[SUBJECT].astype(object).where(joined.table[SUBJECT].notna(), whose)
    notes = (
        [f"{counted(len(joined.unmatched), 'id')} not in {key!r} of the table: {some(joined.unmatched)}"]
        if joined.unmatched
        else []
    )
    notes += (
        [f"{counted(len(joined.unused), 'row')} of the table match no case with these structures: {some(joined.unused)}"]
        if joined.unused
        else []
    )
    return joined.table.assign(**{SUBJECT: whose.astype(str)}), known, notes


def _ids(people: Population, table: pd.DataFrame, key: str | None) -> tuple[str, bool]:
    """The column of ids, and whether they are those of cases."""
    found = [key] if key else [name for name in IDS if name in table]
    if not found:
        like = next((name for name in map(str, table) if name.strip().lower() in IDS), None)
        came, do = f"it has {some(list(map(str, table)))}", f"--id {like!r}" if like else "name theirs"
        raise InputError(f"A table must have ids in a column called {', '.join(IDS)} or as --id says; {came}: {do}.")
    for wanted, of_cases in ((people.cases, True), (people.subjects, False)):
        known = {name: ids_of(table, name, wanted).isin(wanted).sum() for name in found if name in table}
        best = max(known, key=lambda name: known[name], default=found[0])
        if known.get(best):
            return best, of_cases
    return found[0], False
