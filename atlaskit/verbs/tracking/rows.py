"""The rows of a user's table beside the cases that they are of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from atlaskit.errors import InputError
from atlaskit.readers.names import place_of
from atlaskit.shape import join
from atlaskit.tracking.sequences import LARGEST

IDS = ("case", "sequence", "study", "subject")
"""Columns of a table that say whose its rows are, the finest first; a column ``id`` is one of them, as its values say."""
NUMBERS = ("slice", "frame", "time_ms", "spacing_mm", "slice_mm", "frame_ms")
"""Columns of a table that say something of cases, in numbers."""
SIZES = ("spacing_mm", "slice_mm", "frame_ms")
"""Those of them that nothing has that is not above 0."""


def beside(found: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a table beside the cases, in place of what was known."""
    table = _named(found, table)
    if "sequence" in table:
        table = table.assign(sequence=padded(table["sequence"], found))
    key = _key(found, table)
    ids = found[key].tolist()
    unique = list(dict.fromkeys(ids))
    finer = "say whose each row is in a column case, sequence or study"
    joined = join(unique, table, key=key, otherwise=finer)
    own = [name for name in joined.table if name in (key, "case", "sequence")]  # who the cases are is known
    rows = joined.table.drop(columns=own).loc[ids].reset_index(drop=True)
    made = found.copy()
    for name in rows:
        column = rows[name].reset_index(drop=True)
        if name in NUMBERS:
            column = numbers_of(column, str(name), above_0=name in SIZES, cases=made["case"].tolist())
        elif name in ("subject", "study"):
            column = column.where(column.isna(), column.astype(str))
        made[str(name)] = column.where(column.notna(), found[name]).to_numpy() if name in found else column.to_numpy()
    notes = [f"{len(joined.unmatched)} ids of cases are not in {key!r} of the table: {_some(joined.unmatched)}"]
    unused = [f"{len(joined.unused)} rows of the table match no case: {_some(joined.unused)}"]
    return made, [*(notes if joined.unmatched else []), *(unused if joined.unused else [])]


def _named(found: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """A table whose column ``id`` has the name of what its values are."""
    if "id" not in table:
        return table
    ids = {name: table["id"].astype(str) for name in IDS} | {"sequence": pd.Series(padded(table["id"], found))}
    fits = next((name for name in IDS if name not in table and ids[name].isin(found[name]).any()), None)
    return table if fits is None and any(name in table for name in IDS) else table.rename(columns={"id": fits or "case"})


def _key(found: pd.DataFrame, table: pd.DataFrame) -> str:
    """The column that says whose the rows of a table are: the finest of those whose ids match."""
    possible = [name for name in IDS if name in table]
    matching = [name for name in possible if table[name].astype(str).isin(found[name]).any()]
    if not possible:
        came = _some([str(name) for name in table])
        raise InputError(f"The table of sequences needs ids in a column id, case, sequence, study or subject; it has {came}.")
    if not matching:
        name = possible[0]
        come = f"a {name} here is {found[name].iloc[0]!r}, one of the table {str(table[name].iloc[0])!r}"
        raise InputError(f"Ids of the table must be those of cases, sequences, studies or subjects, but none is: {come}.")
    return matching[0]


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


def padded(names: pd.Series, found: pd.DataFrame) -> list[str]:
    """Names of sequences; those that are none as `sequence_names` would write them: A05_s2 and A05_s02 are A05_s002."""
    given, known = names.astype(str).tolist(), set(found["sequence"])
    places = [place_of(name) for name in given]
    made = sequence_names(
        pd.DataFrame({"study": [place.study for place in places], "slice": [place.slice for place in places]})
    )
    return [name if name in known else other for name, other in zip(given, made, strict=True)]


def sequence_names(found: pd.DataFrame) -> list[str]:
    """As `atlaskit.tracking.sequences` names them."""
    return [f"{study}_s{z:03d}" if z >= 0 else study for study, z in zip(found["study"], found["slice"], strict=True)]


def too_large(part: str, came: str) -> InputError:
    """What is said of a number that does not fit."""
    return InputError(
        f"Numbers of slices and frames must be below 2**31; {came}: say what the {part} is by --pattern or --table."
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
