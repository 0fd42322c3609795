"""Whose each case is, which slice and which frame: told by its name, a pattern, a table, or the files it came from."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from atlaskit.errors import InputError
from atlaskit.readers.names import place_of
from atlaskit.shape import join
from atlaskit.tracking.sequences import LARGEST

PARTS = ("subject", "study", "slice", "frame", "time")
"""What a pattern may find in the name of a case, as groups of these names, and a table may have as columns."""
IDS = ("case", "sequence", "study", "subject")
"""Columns of a table that say whose its rows are, the finest first; a column ``id`` is one of them, as its values say."""
NUMBERS = ("slice", "frame", "time_ms", "spacing_mm", "slice_mm", "frame_ms")
"""Columns of a table that say something of cases, in numbers."""
SIZES = ("spacing_mm", "slice_mm", "frame_ms")
"""Those of them that nothing has that is not above 0."""
DIGITS = 10
"""Of the largest number that a slice or frame may have."""


def placed(known: pd.DataFrame, pattern: str | None, table: pd.DataFrame | None) -> tuple[pd.DataFrame, list[str]]:
    """Say of each case what is known of its place.

    What the table says counts more than the pattern, that more than the store, and that more than names alone.

    Parameters
    ----------
    known : DataFrame
        What the store knows: ``case``, ``subject``, ``frame``, ``slice``, ``time_ms`` and ``slice_mm``.
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
    found["slice"] = _from_names(known, "slice", [name.slice for name in names])
    found["frame"] = _from_names(known, "frame", [name.frame for name in names])
    if pattern is not None:
        for part, column in _matched(known["case"].tolist(), pattern).items():
            found[part] = column.to_numpy()
    found["sequence"] = _sequence(found)
    if table is None:
        return _settled(found), []
    if not len(table):
        raise InputError("The table must have a row for each case, sequence, study or subject; it has none below its header.")
    found, notes = _beside(found, table)
    return _settled(found), notes


def placeable(known: pd.DataFrame, pattern: str | None) -> list[bool]:
    """Which cases have a frame: files that gave no landmarks may be called anything.

    Parameters
    ----------
    known : DataFrame
        As for `placed`.
    pattern : str, optional
    """
    try:
        compiled = None if pattern is None else re.compile(pattern)
    except re.error:
        return [True] * len(known)  # which `placed` says
    names = [place_of(case) for case in known["case"]]
    numbers = [_from_names(known, part, [getattr(name, part) for name in names]) for part in ("slice", "frame")]
    usable = [slice_ < LARGEST and 0 <= frame < LARGEST for slice_, frame in zip(*numbers, strict=True)]
    if compiled is None:
        return usable
    matches = [compiled.search(case) for case in known["case"]]
    parts = [part for part in ("slice", "frame", "time") if part in compiled.groupindex]
    whole = [match and all((match[part] or "").strip() for part in compiled.groupindex) and match for match in matches]
    found = [match and all(re.fullmatch(r"[0-9]{1,9}", match[part]) for part in parts) for match in whole]
    return [bool(of) and (bool(parts) or by_name) for of, by_name in zip(found, usable, strict=True)]


def _from_names(known: pd.DataFrame, part: str, told: list[int]) -> pd.Series:
    """Numbers of slices or frames, of any size: the store's, and where it has none those of names."""
    numbers = [int(own) if own >= 0 else other for own, other in zip(known[part], told, strict=True)]
    return pd.Series(numbers, index=known.index, dtype=object)


def _settled(found: pd.DataFrame) -> pd.DataFrame:
    """Cases with their sequences, and slices and frames in 32 bits, which names alone may go beyond."""
    for part in ("slice", "frame"):
        numbers = [int(number) for number in found[part]]
        beyond = next((k for k, number in enumerate(numbers) if number >= LARGEST), None)
        if beyond is not None:
            raise _too_large(part, f"that of {found['case'].iloc[beyond]!r} is {numbers[beyond]}")
        found[part] = np.array(numbers, dtype=np.int64)
    return found.assign(sequence=_sequence(found))


def _too_large(part: str, came: str) -> InputError:
    return InputError(
        f"Numbers of slices and frames must be below 2**31; {came}: say what the {part} is by --pattern or --table."
    )


def _sequence(found: pd.DataFrame) -> list[str]:
    """As `atlaskit.tracking.sequences` names them."""
    return [f"{study}_s{z:03d}" if z >= 0 else study for study, z in zip(found["study"], found["slice"], strict=True)]


def _padded(names: pd.Series, found: pd.DataFrame) -> list[str]:
    """Names of sequences; those that are none as `_sequence` would write them: A05_s2 and A05_s02 are A05_s002."""
    given, known = names.astype(str).tolist(), set(found["sequence"])
    places = [place_of(name) for name in given]
    made = _sequence(pd.DataFrame({"study": [place.study for place in places], "slice": [place.slice for place in places]}))
    return [name if name in known else other for name, other in zip(given, made, strict=True)]


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
    made: dict[str, pd.Series] = {}
    for part in parts:
        values = ["" if match is None else match[part] or "" for match in matches]
        nothing = next((case for case, value in zip(cases, values, strict=True) if not value.strip()), None)
        if nothing is not None:
            do = "mend the pattern, or leave the group out"
            raise InputError(f"The group {part!r} of --pattern must find something; in {nothing!r} it finds nothing: {do}.")
        made[part] = pd.Series(_whole(values, part) if part in ("slice", "frame", "time") else values, dtype=object)
    if "time" in made:
        time = made.pop("time")
        made = {"frame": time, "time_ms": time.astype(float), **made}
    if "study" not in made and "subject" in made:
        made["study"] = made["subject"]
    return made


def _whole(values: Sequence[str], part: str) -> list[int]:
    wrong = next((value for value in values if not re.fullmatch(r"[0-9]+", value)), None)
    if wrong is not None:
        do = f"write it as (?P<{part}>[0-9]+)"
        raise InputError(f"The group {part!r} of --pattern must find whole numbers; it finds {wrong!r}: {do}.")
    beyond = next((value for value in values if len(value.lstrip("0")) > DIGITS or int(value) >= LARGEST), None)
    if beyond is not None:
        raise _too_large(part, f"--pattern finds {beyond}")
    return [int(value) for value in values]


def _beside(found: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a table beside the cases, in place of what was known."""
    table = _named(found, table)
    if "sequence" in table:
        table = table.assign(sequence=_padded(table["sequence"], found))
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
            column = _numbers(column, str(name))
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
    ids = {name: table["id"].astype(str) for name in IDS} | {"sequence": pd.Series(_padded(table["id"], found))}
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


def _numbers(column: pd.Series, name: str) -> pd.Series:
    """A column of numbers; missing ones stay missing."""
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    whole, least = name in ("slice", "frame"), -1 if name == "slice" else 0
    wrong = ~(np.isfinite(numbers) & (numbers > 0 if name in SIZES else numbers >= least))
    wrong = (wrong | (numbers % 1 != 0) if whole else wrong) & column.notna()
    if wrong.any():
        need = "finite numbers above 0" if name in SIZES else f"{'whole' if whole else 'finite'} numbers from 0 on"
        raise InputError(f"Column {name!r} of the table must hold {need}, or nothing; it holds {column[wrong].iloc[0]}.")
    if whole and (numbers >= LARGEST).any():
        raise _too_large(name, f"column {name!r} of the table holds {numbers.max():.0f}")
    return numbers


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
