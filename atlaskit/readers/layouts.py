"""What a layout finds in a folder: the entries that give cases, told from names alone, before any pixel is read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from atlaskit.corpus import Rejected
from atlaskit.readers.formats import FORMATS, extension, stem

LABELS, BITS, FILES = "labels", "bits", "files"
"""How pixels code structures: one value each, one bit each, or one file each."""

_NUMPY = (".npy", ".npz")


@dataclass(frozen=True)
class Entry:
    """A file, or a set of structure files, that gives one case or one per slice and frame.

    Attributes
    ----------
    id : str
        Case id before a slice or frame is added.
    source : str
        Relative path; see `atlaskit.corpus.Case`.
    owner : str
        The name that the subject is read from.
    frame : int
        Frame number where the layout tells it.
    """

    id: str
    source: str
    owner: str
    frame: int = -1


@dataclass(frozen=True)
class Found:
    """A folder as one layout sees it.

    Attributes
    ----------
    entries : tuple of Entry
    coding : {'labels', 'bits', 'files'} or None
        None: tell labels from bits by looking at values.
    names : dict
        Label name to pixel values, where the folder names its labels; with ``coding='files'`` value i is
        ``parts[i - 1]``.
    parts : tuple of str
        Folder or file name of each structure, for ``coding='files'``.
    ignored : frozenset of int
        Values that mean "unknown", so no structure.
    rejected : tuple of Rejected
    notes : tuple of str
    """

    entries: tuple[Entry, ...]
    coding: str | None = None
    names: dict[str, tuple[int, ...]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    ignored: frozenset[int] = frozenset()
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reader:
    """One layout: ``fits(folder)`` says whether a folder is of this layout, ``find(folder)`` lists its entries."""

    fits: Callable[[Path], bool]
    find: Callable[[Path], Found]


def mask_files(folder: Path) -> list[Path]:
    """The files of one folder that may be masks, sorted by name.

    Hidden files and previews are none. NumPy files are masks only where there are no others, here or one folder down:
    beside masks they are a network's probabilities or somebody's tables.
    """
    files = _masklike(folder)
    pictures = [p for p in files if extension(p.name) not in _NUMPY]
    if pictures or not files:
        return pictures
    below = (p for sub in subfolders(folder) for p in _masklike(sub))
    return [] if any(extension(p.name) not in _NUMPY for p in below) else files


def _masklike(folder: Path) -> list[Path]:
    with os.scandir(folder) as found:  # a corpus may hold 100 000 files: no stat and no Path before they are chosen
        names = [f.name for f in found if not f.name.startswith((".", "preview_")) and extension(f.name) and _is_file(f)]
    return [folder / name for name in sorted(names)]


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it may be read as a file; a link that leads nowhere is found out when it is read."""
    try:
        return entry.is_file()
    except OSError:
        return True


def left_out(folder: Path) -> tuple[str, ...]:
    """What a flat folder holds beside its masks that might be taken for more of them, one note each."""
    tables = len(_masklike(folder)) - len(mask_files(folder))
    below = [sub.name for sub in subfolders(folder) if mask_files(sub)]
    notes = [f"{tables} NumPy files beside the masks were not read."] if tables else []
    return (*notes, *([f"Folders inside were not read: {', '.join(below)}."] if below else []))


def subfolders(folder: Path) -> list[Path]:
    """The visible folders in a folder, sorted by name."""
    with os.scandir(folder) as found:
        return [folder / name for name in sorted(f.name for f in found if f.is_dir() and not f.name.startswith("."))]


def unique(entries: Iterable[Entry]) -> tuple[tuple[Entry, ...], tuple[Rejected, ...]]:
    """Entries in order of their ids, and those whose id another one already has (the earlier format wins)."""
    order = list(FORMATS)
    kept: dict[str, Entry] = {}
    rejected: list[Rejected] = []
    for entry in sorted(entries, key=lambda e: (e.id, order.index(extension(e.source) or order[0]), e.source)):
        first = kept.setdefault(entry.id, entry)
        if first is not entry:
            rejected.append(Rejected(entry.source, f"Case ids must be unique; {first.source} is already {entry.id!r}."))
    return tuple(kept[name] for name in sorted(kept)), tuple(rejected)


def flat_entries(folder: Path, root: Path) -> list[Entry]:
    """One entry per mask file of a folder."""
    return [Entry(stem(p.name), p.relative_to(root).as_posix(), stem(p.name)) for p in mask_files(folder)]


def commonest(items: Iterable[str]) -> str:
    """The item that occurs most often, the first in the alphabet among equals."""
    counts = Counter(items)
    return min(counts, key=lambda item: (-counts[item], item))
