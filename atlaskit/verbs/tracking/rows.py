"""The rows of a user's table beside the cases that they are of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_hashable

from atlaskit.errors import InputError, counted, nearest, some
from atlaskit.readers.names import place_of
from atlaskit.shape import join
from atlaskit.shape.joins import ids_of
from atlaskit.tracking.sequences import LARGEST
from atlaskit.verbs.comparison.covariates import read_table

IDS = ("case", "sequence", "study", "subject")
"""What ids in a table are of, the finest first, and columns of them; those in columns ``case`` and ``id`` may be of any."""
ANY, PLURAL = ("case", "id"), {"study": "studies"}
NUMBERS = ("slice", "frame", "time_ms", "spacing_mm", "slice_mm", "frame_ms")
"""Columns of a table that say something of cases, in numbers."""
SIZES = ("spacing_mm", "slice_mm", "frame_ms")
"""Those of them that nothing has that is not above 0."""
PHASES = {"ed": 0, "diastole": 0, "es": 1, "systole": 1}
"""Frames that have names."""


def read(table: Path | str | pd.DataFrame, key: str | None, subject: str | None) -> pd.DataFrame:
    """A user's table, whose columns of ids and of subjects are text."""
    found = read_table(table, key, ids=("id", *IDS, *([] if subject is None else [subject])))
    found = found.set_axis([str(name) for name in found], axis=1)
    for column, option in ((key, "--id"), (subject, "--subject")):
        if column is not None and column not in found:
            hint = nearest(column, map(str, found))
            raise InputError(f"{option} is a column of the table; {column!r} is none: {hint}")
    nested = next((name for name in found if not found[name].map(is_hashable).all()), None)
    if nested is not None:
        raise InputError(f"A cell of the table must hold one value; some of {nested!r} hold more: leave that column out.")
    return found


def beside(
    found: pd.DataFrame, table: pd.DataFrame, *, key: str | None = None, subject: str | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a table beside the cases, in place of what was known.

    Parameters
    ----------
    found : DataFrame of N rows
        Cases with their studies, subjects and sequences.
    table : DataFrame
    key : str, optional
        Column of ids; one of `IDS` or ``id`` unless given.
    subject : str, optional
        Column of the subjects, in place of one called so.

    Returns
    -------
    DataFrame of N rows
    list of str
        What did not match.

    Raises
    ------
    InputError
        For a table that cannot be used.
    """
    column, kind = key_of(found, table, key)
    table = table.reset_index(drop=True)
    table = table.assign(**{column: _ids(found, table, column, kind)})
    ids = found[kind].tolist()
    joined = join(list(dict.fromkeys(ids)), table, key=column, otherwise=_finer(kind))
    rows = joined.table.loc[ids].reset_index(drop=True)
    made = found.copy()
    if subject is not None:
        made["subject"] = _over(as_text(rows[subject]), found["subject"])
    said = {"case", "sequence", *([] if subject is None else ["subject"]), *({column} & {*IDS, *ANY})}
    for name in [str(name) for name in rows if name not in said]:
        values, called = rows[name], _called(name, kind, table)
        if called in NUMBERS:
            values = numbers_of(
                _phases(values) if called == "frame" else values, name, above_0=called in SIZES, cases=made["case"].tolist()
            )
        elif name in ("subject", "study"):
            values = as_text(values)
        made[called] = _over(values, found[called]) if called in found else values.to_numpy()
    notes = [
        f"{counted(len(joined.unmatched), kind, PLURAL.get(kind))} not in {column!r} of the table: {some(joined.unmatched)}"
    ]
    unused = [f"{counted(len(joined.unused), 'unused row')} of the table: {some(joined.unused)}"]
    return made, [*(notes if joined.unmatched else []), *(unused if joined.unused else [])]


def key_of(found: pd.DataFrame, table: pd.DataFrame, key: str | None = None) -> tuple[str, str]:
    """The column that says whose the rows of a table are, and what most of its ids are of; of several the finest."""
    pairs = [(name, kind) for kind in IDS for name in ((key,) if key else dict.fromkeys((kind, *ANY))) if name in table]
    if not pairs:
        came = some([str(name) for name in table])
        raise InputError(
            f"The table of sequences needs ids in a column id, case, sequence, study or subject; it has {came}: "
            "name the column of ids by --id."
        )
    first = next((name for name, kind in pairs if _known(found, table, name, kind)), None)
    if first is not None:
        kinds = [kind for name, kind in pairs if name == first]
        return first, max(kinds, key=lambda kind: _known(found, table, first, kind))
    name, kind = pairs[0]
    one = next(iter(_ids(found, table, name, kind).dropna()), None)
    come = f"a {kind} here is {found[kind].iloc[0]!r}, one in column {name!r} {one!r}"
    raise InputError(
        f"Ids of the table must be those of cases, sequences, studies or subjects, but none is: {come}: "
        "name another column of ids by --id."
    )


def check_numbered(known: pd.DataFrame, table: pd.DataFrame) -> None:
    """Refuse cases that have no frame, not by the table either."""
    none = known["frame"] < 0
    if none.any():
        came = f"{int(none.sum())} of {len(none)} have none, such as {known['case'][none].iloc[0]!r}"
        columns = ", ".join(map(str, table))
        do = f"give the table a column frame, with numbers or ED and ES; it has {columns}"
        do = "fill the column frame of the table" if "frame" in table else do
        raise InputError(f"Every case of a sequence needs a frame number; {came}: {do}.")


def as_text(column: pd.Series) -> pd.Series:
    """Values as text; whole numbers without the point that they have only where others are missing."""
    whole = [isinstance(value, float) and value.is_integer() for value in column]
    text = [str(int(value) if point else value) for value, point in zip(column, whole, strict=True)]
    return pd.Series(text, index=column.index, dtype=object).mask(column.isna())


def _ids(found: pd.DataFrame, table: pd.DataFrame, column: str, kind: str) -> pd.Series:
    """A column of ids as those of cases, sequences, studies or subjects are written; missing ones stay missing."""
    wanted = set(found[kind])
    ids = ids_of(table.assign(**{column: as_text(table[column])}), column, list(wanted))
    written = [sequence_called(name, wanted) for name in ids] if kind == "sequence" else ids.tolist()
    return pd.Series(written, index=ids.index, dtype=object).reindex(table.index)


def _known(found: pd.DataFrame, table: pd.DataFrame, column: str, kind: str) -> int:
    """How many ids in a column are of a kind."""
    return int(_ids(found, table, column, kind).isin(found[kind]).sum())


def _finer(kind: str) -> str:
    """What to do where ids of a kind come twice."""
    names = IDS[: IDS.index(kind)]
    return f"say whose each row is in a column {' or '.join(names)}" if names else "name another column of ids by --id"


def _called(name: str, kind: str, table: pd.DataFrame) -> str:
    """What a column of a table is for `track`: ``time`` of cases is that of their frames."""
    return "time_ms" if name == "time" and kind == "case" and "time_ms" not in table else name


def _over(values: pd.Series, known: pd.Series) -> NDArray[Any]:
    """What a table says, and where it says nothing what was known."""
    return values.where(values.notna(), known).to_numpy()


def _phases(column: pd.Series) -> pd.Series:
    """A column of numbers in which end-diastole and end-systole may have their names."""
    named = column.astype(str).str.strip().str.lower().map(PHASES)
    return column.astype(object).mask(named.notna(), named)


def numbers_of(column: pd.Series, name: str, *, above_0: bool, cases: Sequence[str]) -> pd.Series:
    """A column of numbers, one for each case; missing ones stay missing.

    Parameters
    ----------
    column : Series of N values
    name : str
        Of the column: slices and frames are whole numbers.
    above_0 : bool
        Whether each must be, as sizes and ages are.
    cases : sequence of N str

    Raises
    ------
    InputError
        For anything else than such numbers.
    """
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    whole, least = name in ("slice", "frame") and not above_0, -1 if name == "slice" else 0
    wrong = ~(np.isfinite(numbers) & (numbers > 0 if above_0 else numbers >= least))
    wrong = (wrong | (numbers % 1 != 0) if whole else wrong) & column.notna()
    if wrong.any():
        need = "finite numbers above 0" if above_0 else f"{'whole' if whole else 'finite'} numbers from 0 on"
        came = f"{column[wrong].iloc[0]} for {cases[int(np.argmax(wrong))]!r}"
        raise InputError(f"Column {name!r} must hold {need}, or nothing; it holds {came}: mend it, or leave it empty there.")
    if whole and (numbers >= LARGEST).any():
        raise too_large(name, f"column {name!r} of the table holds {numbers.max():.0f}")
    return numbers


def sequence_called(name: str, known: Collection[str]) -> str:
    """The name of a sequence as `sequence_names` writes it: A05_s2 and A05_s02 are A05_s002."""
    place = place_of(name)
    numbered = re.sub(r"_s(\d+)$", lambda match: f"_s{int(match[1]):03d}", name)
    by_place = sequence_names([place.study], [place.slice]) if place.frame < 0 else []  # what has a frame is a case
    made = (name, numbered, *by_place)
    return next((each for each in made if each in known), name)


def sequence_names(studies: Iterable[str], slices: Iterable[int]) -> list[str]:
    """As `atlaskit.tracking.sequences` names them."""
    return [f"{study}_s{z:03d}" if z >= 0 else study for study, z in zip(studies, slices, strict=True)]


def too_large(part: str, came: str) -> InputError:
    """What is said of a number that does not fit."""
    return InputError(
        f"Numbers of slices and frames must be below 2**31; {came}: say what the {part} is by --pattern or --table."
    )
