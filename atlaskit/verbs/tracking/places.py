"""Whose each case is, which slice and which frame: told by its name, a pattern, a table, or the files it came from."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from atlaskit.errors import InputError
from atlaskit.readers.names import place_of
from atlaskit.shape import join

PARTS = ("subject", "study", "slice", "frame", "time")
"""What a pattern may find in the name of a case, as groups of these names, and a table may have as columns."""
IDS = ("case", "sequence", "study", "subject")
"""Columns of a table that say whose its rows are, the finest first; a column ``id`` is one of them, as its values say."""
NUMBERS = ("slice", "frame", "time_ms", "spacing_mm", "slice_mm", "frame_ms")
"""Columns of a table that say something of cases, in numbers."""


def placed(known: pd.DataFrame, pattern: str | None, table: pd.DataFrame | None) -> tuple[pd.DataFrame, list[str]]:
    """Say of each case what is known of its place.

    What the table says counts more than the pattern, that more than the store, and that more than names alone.

    Parameters
    ----------
    known : DataFrame
        What the store knows: ``case``, ``subject``, ``frame``, ``slice``, ``time_ms``, ``spacing_mm`` and ``slice_mm``.
    pattern : str, optional
        Regular expression with groups named as `PARTS`.
    table : DataFrame, optional
        With a column ``case``, ``sequence``, ``study`` or ``subject`` that says whose its rows are.

    Returns
    -------
    table : DataFrame
        As given, with ``study`` and ``sequence``, and the other columns of the table.
    notes : list of str
        What did not match.

    Raises
    ------
    InputError
        For a pattern or table that cannot be used.
    """
    names = [place_of(case) for case in known["case"]]
    found = known.assign(study=[name.study for name in names])
    found["slice"] = np.where(known["slice"] >= 0, known["slice"], [name.slice for name in names])
    found["frame"] = np.where(known["frame"] >= 0, known["frame"], [name.frame for name in names])
    if pattern is not None:
        for part, column in _matched(known["case"].tolist(), pattern).items():
            found[part] = column.to_numpy()
    found["sequence"] = _sequence(found)
    if table is None:
        return found, []
    found, notes = _beside(found, table)
    return found.assign(sequence=_sequence(found)), notes


def _sequence(found: pd.DataFrame) -> list[str]:
    """As `atlaskit.tracking.sequences` names them."""
    return [f"{study}_s{z:03d}" if z >= 0 else study for study, z in zip(found["study"], found["slice"], strict=True)]


def _matched(cases: Sequence[str], pattern: str) -> dict[str, pd.Series]:
    """The parts that a pattern finds in every name."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"--pattern must be a regular expression; {pattern!r} is none ({error}).") from error
    parts = list(compiled.groupindex)
    if not parts or set(parts) - set(PARTS):
        came = ", ".join(parts) or "none"
        raise InputError(f"--pattern needs groups named {', '.join(PARTS)}, such as (?P<frame>\\d+); it has {came}.")
    matches = [compiled.search(case) for case in cases]
    unmatched = [case for case, match in zip(cases, matches, strict=True) if match is None]
    if unmatched:
        raise InputError(f"--pattern must match every case; it does not match {len(unmatched)}, such as {unmatched[0]!r}.")
    {part: [match[part] for match in matches if match is not None] for part in parts}
    made: dict[str, pd.Series] = {}
    for part in parts:
        values = [str(match[part]) for match in matches if match is not None]
        made[part] = pd.Series(_whole(values, part) if part in ("slice", "frame", "time") else values, dtype=object)
    if "time" in made:
        time = made.pop("time")
        made = {"frame": time, "time_ms": time.astype(float), **made}
    if "study" not in made and "subject" in made:
        made["study"] = made["subject"]
    return made


def _whole(values: Sequence[str], part: str) -> list[int]:
    wrong = next((value for value in values if not re.fullmatch(r"[0-9]{1,9}", value or "")), None)
    if wrong is not None:
        raise InputError(f"The group {part!r} of --pattern must find whole numbers; it finds {wrong!r}.")
    return [int(value) for value in values]


def _beside(found: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a table beside the cases, in place of what was known."""
    table = _named(found, table)
    if "sequence" in table:  # A05_s02 and A05_s002 are one
        own = [place_of(name) for name in table["sequence"].astype(str)]
        table = table.assign(
            sequence=_sequence(pd.DataFrame({"study": [p.study for p in own], "slice": [p.slice for p in own]}))
        )
    key = _key(found, table)
    ids = found[key].tolist()
    unique = list(dict.fromkeys(ids))
    joined = join(unique, table, key=key)
    rows = joined.table.drop(columns=key).loc[ids].reset_index(drop=True)
    made = found.copy()
    for name in rows:
        column = rows[name].reset_index(drop=True)
        if name in NUMBERS:
            column = _numbers(column, str(name), found)
        elif name in ("subject", "study"):
            column = column.where(column.isna(), column.astype(str))
        made[str(name)] = column.where(column.notna(), found[name]).to_numpy() if name in found else column.to_numpy()
    for name in ("slice", "frame"):
        made[name] = made[name].astype(np.int64)
    notes = [f"{len(joined.unmatched)} ids of cases are not in {key!r} of the table: {_some(joined.unmatched)}"]
    unused = [f"{len(joined.unused)} rows of the table match no case: {_some(joined.unused)}"]
    return made, [*(notes if joined.unmatched else []), *(unused if joined.unused else [])]


def _named(found: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """A table whose column ``id`` has the name of what its values are."""
    if "id" not in table or any(name in table for name in IDS):
        return table
    ids = table["id"].astype(str)
    return table.rename(columns={"id": next((name for name in IDS if ids.isin(found[name]).any()), "case")})


def _key(found: pd.DataFrame, table: pd.DataFrame) -> str:
    """The column that says whose the rows of a table are: the finest of those whose ids match."""
    possible = [name for name in IDS if name in table]
    matching = [name for name in possible if table[name].astype(str).isin(found[name]).any()]
    if not possible:
        came = _some([str(name) for name in table])
        raise InputError(f"The table of sequences needs ids in a column id, case, sequence, study or subject; it has {came}.")
    if not matching:
        name = possible[0]
        come = f"{name}s are like {found[name].iloc[0]!r}, the table's like {str(table[name].iloc[0])!r}"
        raise InputError(f"Ids of the table must be those of cases, sequences, studies or subjects, but none is: {come}.")
    return matching[0]


def _numbers(column: pd.Series, name: str, found: pd.DataFrame) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column.notna() & numbers.isna()
    whole = name in ("slice", "frame") and bool((numbers.dropna() % 1 != 0).any())
    if wrong.any() or whole or (numbers < (-1 if name == "slice" else 0)).any():
        raise InputError(f"Column {name!r} of the table must hold {'whole ' if whole else ''}numbers from 0 on; it does not.")
    return numbers


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
