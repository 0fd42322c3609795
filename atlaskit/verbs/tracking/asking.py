"""What `track` may be asked for: checked before anything is read, and what depends on sequences as soon as they are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from atlaskit.errors import InputError, nearest
from atlaskit.tracking import Sequences
from atlaskit.tracking.apical import CONVENTIONS
from atlaskit.tracking.smoothing import WINDOW
from atlaskit.tracking.volumes import MISSING
from atlaskit.verbs.population import Unit
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.meshes import check_format
from atlaskit.verbs.tracking.volumes import METHODS, VIEWS

WORDS: dict[str, Sequence[str]] = {
    "unit": get_args(Unit),
    "smooth": ("none", "fourier", "savgol", "rts"),
    "volume": METHODS,
    "missing": tuple(MISSING),
    "convention": CONVENTIONS,
}
"""Options that are one of some words."""
LEAST = {"reference": 0, "fill": 0, "segments": 0, "permutations": 19, "seed": 0}
"""Options that are whole numbers, and the least that each may be."""
OF_TABLES = {"key": "--id", "subject": "--subject", "group": "--group", "growth": "--growth"}
"""Options that name a column."""
OF_VOLUMES = {"missing": ("auto", "slices"), "convention": ("biplane",)}
"""Options that say something of volumes by some methods only."""
OF_BEATS = {
    "roles": "--role", "slice_mm": "--slice-mm", "frame_ms": "--frame-ms", "cyclic": "--cyclic/--open",
    "reference": "--reference", "steady": "--no-steady", "smooth": "--smooth", "fill": "--fill", "keep_drift": "--no-drift",
    "segments": "--segments", "volume": "--volume", "missing": "--missing", "views": "--views", "base": "--base",
    "convention": "--convention", "group": "--group", "surfaces": "--surfaces", "show": "--show",
}  # fmt: skip
"""Options that say something of beats only, as the command line calls them."""


def check(given: Mapping[str, Any], usual: Mapping[str, Any], table: object) -> None:
    """Refuse what no sequence can be asked for.

    Parameters
    ----------
    given : mapping of str to object
        Options of `track`.
    usual : mapping of str to object
        What they are where nobody says otherwise.
    table : path, DataFrame or None

    Raises
    ------
    InputError
    """
    for name, words in WORDS.items():
        if given[name] not in words:
            raise InputError(f"--{name} is one of {', '.join(words)}; got {given[name]!r}: {nearest(str(given[name]), words)}")
    for name, least in LEAST.items():
        number = given[name]
        told = number is not None or usual[name] is not None
        if told and not (isinstance(number, Integral) and int(number) >= least):
            raise InputError(f"--{name} must be a whole number of {least} or more; got {number}.")
    if not isinstance(table, str | Path | pd.DataFrame | None):
        raise InputError(f"--table is the path of a CSV, or a DataFrame; got a {type(table).__name__}.")
    check_format(given["surfaces"])
    _check_base(given["base"])
    if given["growth"] is not None:
        _check_growth(given, usual)
    _check_views(tuple(given["views"]), given["volume"])
    vain = [name for name, methods in OF_VOLUMES.items() if given[name] != usual[name] and given["volume"] not in methods]
    if vain:
        raise InputError(
            f"--{vain[0]} is of volumes by {', '.join(OF_VOLUMES[vain[0]])}: ask for one with --volume, or leave it out; "
            f"got {given['volume']}."
        )
    named = next((spoken for name, spoken in OF_TABLES.items() if given[name] is not None), None)
    if named and table is None:
        raise InputError(f"{named} is a column of a table, but there is none: give --table.")


def _check_base(base: object) -> None:
    pair = list(base) if isinstance(base, Sequence) else []
    if base is not None and not (len(pair) == 2 and all(isinstance(landmark, Integral) for landmark in pair)):
        raise InputError(f"--base is two landmarks, such as 12,40; got {base!r}.")


def _check_views(views: tuple[str, ...], volume: str) -> None:
    """As many as the method can use; without any every study is one view."""
    if views and volume not in VIEWS:
        raise InputError(f"--views are of volumes by {', '.join(VIEWS)}: ask for one of these with --volume; got {volume}.")
    if volume in VIEWS and len(views) not in VIEWS[volume]:
        counts = " or ".join(str(count) for count in VIEWS[volume])
        raise InputError(f"--volume {volume} needs {counts} parts of names in --views, such as '2CH,4CH'; got {len(views)}.")
    if len(set(views)) < len(views):
        raise InputError(f"--views are two parts of names that tell views apart; got {views[0]!r} twice.")


def _check_growth(given: Mapping[str, Any], usual: Mapping[str, Any]) -> None:
    """Growth has no beats, so that options of these would be said in vain."""
    vain = [spoken for name, spoken in OF_BEATS.items() if given[name] != usual[name] and given[name] not in ([], ())]
    if vain:
        raise InputError(
            f"--growth takes the place of beats, and what is said of these counts for nothing: leave out {', '.join(vain)}."
        )


def check_frames(sequences: Sequences, reference: int | None) -> None:
    """Refuse a reference that is the number of no frame of some study."""
    for name, own in sequences.of_studies().items():
        numbers = sequences.frames[own][sequences.rows[own] >= 0]
        if reference is not None and reference not in numbers:
            raise InputError(
                f"--reference is the number of a frame of every study; {name!r} has no outline in {reference}, "
                f"but in {numbers.min()} to {numbers.max()}: name another, or leave it out for end-diastole."
            )


def check_smooth(studies: Sequence[Study], method: str) -> None:
    """Refuse a way of smoothing that some study is too short for, or does not close for."""
    long = [study for study in studies if study.frames >= 3]  # shorter ones are left as they are
    short = next((study for study in long if method == "savgol" and study.frames < WINDOW), None)
    if short is not None:
        raise InputError(
            f"--smooth savgol needs {WINDOW} frames of every study; {short.name!r} has {short.frames}: take --smooth rts."
        )
    open_ = [study.name for study in long if method == "fourier" and not study.periodic]
    if open_:
        raise InputError(
            f"--smooth fourier needs one beat that closes upon itself; {len(open_)} of {len(studies)} studies are not seen to, "
            f"such as {open_[0]!r}: say --cyclic where they do, or take --smooth rts."
        )
