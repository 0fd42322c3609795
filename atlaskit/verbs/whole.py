"""Files that appear whole or not at all: tables and pictures; and their names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

Value = TypeVar("Value")

LONGEST = 80
"""Letters of a file's name, at most; a disk takes 255 bytes."""


def whole(path: Path, write: Callable[[Path], object], *, suffixed: bool = False) -> None:
    """Let something be written beside a file and take its place; the folder is made.

    Parameters
    ----------
    path : Path
    write : callable
        Called with the name of the draft.
    suffixed : bool
        The draft ends in the file's own suffix, for what tells a format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.partial{path.suffix if suffixed else ''}")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_table(path: Path, table: pd.DataFrame, *, digits: int) -> None:
    """Write a table as CSV, numbers with so many significant digits."""
    whole(path, lambda draft: table.to_csv(draft, index=False, float_format=f"%.{digits}g"))


def save_picture(path: Path, axes: Any) -> None:
    """Save the figure of some axes as PNG."""
    whole(path, lambda draft: axes.get_figure(root=True).savefig(draft, format="png"))


def as_files(kind: str, of: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Each value under the name of a file; a number tells those apart that would have the same, on any disk.

    Examples
    --------
    >>> as_files("map", [("log(age)", 1), ("Log_Age", 2)])
    {'map_log_age': 1, 'map_Log_Age_2': 2}
    """
    made: dict[str, Value] = {}
    taken: set[str] = set()
    for name, value in of:
        plain = f"{kind}_" + "".join(letter if letter.isalnum() else "_" for letter in name).strip("_")
        plain = plain[:LONGEST].rstrip("_")
        free = next(name for k in count(1) if (name := plain if k == 1 else f"{plain}_{k}").lower() not in taken)
        taken.add(free.lower())
        made[free] = value
    return made


def replace_tables(tables: Mapping[Path, pd.DataFrame], old: Iterable[Path]) -> tuple[Path, ...]:
    """Write tables; those that an earlier run may have left and this one has not go first."""
    for path in set(old) - tables.keys():
        path.unlink(missing_ok=True)
    for path, table in tables.items():
        write_table(path, table, digits=8)
    return tuple(tables)


def replace_pictures(kind: str, pictures: Iterable[tuple[str, Any]], folder: Path) -> tuple[Path, ...]:
    """Save pictures, axes by name, under names of files; all of the kind that an earlier run left go first."""
    paths = {folder / f"{name}.png": axes for name, axes in as_files(kind, pictures).items()}
    for old in folder.glob(f"{kind}_*.png"):
        old.unlink()
    for path, axes in paths.items():
        save_picture(path, axes)
    return tuple(paths)
