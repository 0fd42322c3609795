"""Layouts with one binary file per structure: a folder per structure, a folder per case, or a folder that is a case."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import TypeVar

import numpy as np

from atlaskit.errors import InputError
from atlaskit.readers.formats import extension, is_flat, read_volume, stem
from atlaskit.readers.layouts import FILES, Entry, Found, commonest, mask_files, subfolders
from atlaskit.readers.names import frame_number

_STATISTICS = "statistics.json"  # TotalSegmentator writes it beside the masks of one case
_LOOK = 8

_T = TypeVar("_T")


def is_per_structure(folder: Path) -> bool:
    """``<structure>/<case>.png``, all binary."""
    return _is_nested_binary(folder) and not _folders_are_cases(folder)


def is_per_case(folder: Path) -> bool:
    """``<case>/<structure>.nii.gz``, all binary, or one folder of binary volumes that share their shape."""
    if mask_files(folder):
        return _is_one_case(folder)
    return _is_nested_binary(folder) and _folders_are_cases(folder)


def find_per_structure(folder: Path) -> Found:
    """Every folder is a structure; files of one name are one case, and a missing file is an absent structure."""
    parts = [sub for sub in subfolders(folder) if mask_files(sub)]
    files = sorted({path.name for part in parts for path in mask_files(part)})
    stems = {stem(name): name for name in reversed(files)}
    entries = tuple(Entry(name, f"*/{stems[name]}", name) for name in sorted(stems))
    return _found(entries, [part.name for part in parts], [part.name for part in parts])


def find_per_case(folder: Path) -> Found:
    """Every folder is a case and every file in it a structure; a missing file is an absent structure."""
    cases = [folder] if mask_files(folder) else [sub for sub in subfolders(folder) if mask_files(sub)]
    files = [path for case in cases for path in mask_files(case)]
    ending = commonest(extension(path.name) or "" for path in files) if files else ""
    names = sorted({stem(path.name) for path in files})
    entries = tuple(Entry(case.resolve().name, case.relative_to(folder).as_posix(), case.resolve().name) for case in cases)
    return _found(entries, names, [name + ending for name in names])


def _found(entries: tuple[Entry, ...], names: list[str], parts: list[str]) -> Found:
    return Found(entries, FILES, {name: (i + 1,) for i, name in enumerate(names)}, tuple(parts))


def _is_nested_binary(folder: Path) -> bool:
    """Folders that repeat each other's file names, none of them frame numbers, and hold binary masks only."""
    if mask_files(folder):
        return False
    groups = [files for sub in subfolders(folder) if (files := mask_files(sub))]
    stems = Counter(name for group in groups for name in {stem(path.name) for path in group})
    if not stems or all(frame_number(name) is not None for name in stems):
        return False
    repeated = sum(count > 1 for count in stems.values()) >= len(stems) / 2
    return (repeated or _has_statistics(folder)) and _look_binary(groups)


def _folders_are_cases(folder: Path) -> bool:
    """Whether folders rather than files are cases.

    TotalSegmentator's statistics say so. Else cases are what is numbered, and of two equally numbered sets the larger.
    """
    if _has_statistics(folder):
        return True
    groups = [sub for sub in subfolders(folder) if mask_files(sub)]
    stems = {stem(path.name) for sub in groups for path in mask_files(sub)}
    by_folder, by_file = _numbered([sub.name for sub in groups]), _numbered(sorted(stems))
    return len(groups) > len(stems) if abs(by_folder - by_file) < 0.2 else by_folder > by_file


def _numbered(names: list[str]) -> float:
    """The share of names that hold a digit."""
    return sum(any(c.isdigit() for c in name) for name in names) / max(len(names), 1)


def _has_statistics(folder: Path) -> bool:
    return any((sub / _STATISTICS).is_file() for sub in subfolders(folder))


def _is_one_case(folder: Path) -> bool:
    """A flat folder of binary volumes of one shape, either with TotalSegmentator's statistics or hardly numbered."""
    files = mask_files(folder)
    if len(files) < 2 or any(extension(path.name) not in (".nii.gz", ".nii", ".nrrd", ".mha") for path in files):
        return False
    try:
        if any(is_flat(path) for path in files[:_LOOK]):
            return False
        shapes = {read_volume(path).labels.shape for path in _sample(files)}
    except InputError:
        return False
    named = (folder / _STATISTICS).is_file() or _numbered([stem(path.name) for path in files]) < 0.5
    return len(shapes) == 1 and named and _look_binary([files])


def _look_binary(groups: list[list[Path]]) -> bool:
    """Whether some files of each group, chosen by a fixed seed, hold one value beside 0; damaged ones tell nothing."""
    values: set[int] = set()
    for path in (path for group in _sample(groups) for path in _sample(group, _LOOK if len(groups) == 1 else 2)):
        try:
            found = {int(v) for v in np.unique(read_volume(path).labels)} - {0}
        except InputError:
            continue
        if len(found) > 1:
            return False
        values |= found
    return len(values) == 1


def _sample(items: list[_T], most: int = _LOOK) -> list[_T]:
    return random.Random(0).sample(items, min(most, len(items)))
