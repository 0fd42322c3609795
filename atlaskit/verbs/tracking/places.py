"""Whose each case is, which slice and which frame: told by its name, a pattern, a table, or the files it came from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from atlaskit.errors import InputError
from atlaskit.readers.names import place_of
from atlaskit.tracking.sequences import LARGEST
from atlaskit.verbs.tracking.rows import beside, key_of, sequence_names, too_large

PARTS = ("subject", "study", "slice", "frame", "time")
"""What a pattern may find in the name of a case, as groups of these names, and a table may have as columns."""
DIGITS = 10
"""Of the largest number that a slice or frame may have."""


@dataclass(frozen=True)
class Whose:
    """What says whose a case is, and when it was, beside its name.

    Attributes
    ----------
    pattern : str or None
        Regular expression with groups named as `PARTS`.
    table : DataFrame or None
    key, subject : str or None
        Its columns of ids and of subjects, where they are not called so.
    ages : str or None
        Column of ages, in place of frames.
    compared : bool
        Whether groups of subjects are, so that it matters who tells them apart.
    frame_ms : float or None
        Time between frames, of all cases.
    """

    pattern: str | None = None
    table: pd.DataFrame | None = None
    key: str | None = None
    subject: str | None = None
    ages: str | None = None
    compared: bool = False
    frame_ms: float | None = None


def placed(
    known: pd.DataFrame,
    pattern: str | None,
    table: pd.DataFrame | None,
    *,
    key: str | None = None,
    subject: str | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Say of each case what is known of its place.

    What the table says counts more than the pattern, that more than the store, and that more than names alone.

    Parameters
    ----------
    known : DataFrame
        What the store knows: ``case``, ``subject``, ``frame``, ``slice``, ``time_ms`` and ``slice_mm``.
    pattern : str, optional
        Regular expression with groups named as `PARTS`.
    table : DataFrame, optional
        With a column of ids, of cases, sequences, studies or subjects, that says whose its rows are.
    key, subject : str, optional
        Its columns of ids and of subjects, where they are not called so.

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
    found = _by_names(known, pattern)
    if table is None:
        return _settled(found), []
    if not len(table):
        raise InputError("The table must have a row for each case, sequence, study or subject; it has none below its header.")
    found, notes = beside(found, table, key=key, subject=subject)
    return _settled(found), notes


def told_by_names(known: pd.DataFrame, whose: Whose) -> bool:
    """Whether names of files alone tell subjects apart: neither a pattern nor the table does; `known` as for `placed`."""
    if whose.pattern is not None and "subject" in re.compile(whose.pattern).groupindex:
        return False
    if whose.table is None or whose.subject is not None or "subject" in whose.table:
        return whose.table is None
    return key_of(_by_names(known, whose.pattern), whose.table, whose.key)[1] != "subject"


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


def _by_names(known: pd.DataFrame, pattern: str | None) -> pd.DataFrame:
    """Places as the store, names and a pattern tell them."""
    names = [place_of(case) for case in known["case"]]
    found = known.assign(study=[name.study for name in names])
    found["slice"] = _from_names(known, "slice", [name.slice for name in names])
    found["frame"] = _from_names(known, "frame", [name.frame for name in names])
    if pattern is not None:
        for part, column in _matched(known["case"].tolist(), pattern).items():
            found[part] = column.to_numpy()
    return found.assign(sequence=sequence_names(found["study"], found["slice"]))


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
            raise too_large(part, f"that of {found['case'].iloc[beyond]!r} is {numbers[beyond]}")
        found[part] = np.array(numbers, dtype=np.int64)
    return found.assign(sequence=sequence_names(found["study"], found["slice"]))


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
        raise too_large(part, f"--pattern finds {beyond}")
    return [int(value) for value in values]
