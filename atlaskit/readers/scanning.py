"""Looking into files once: their size, spacing, and which values stand in which slice and frame."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.readers.bits import are_bits, bits_of, may_be_bits
from atlaskit.readers.formats import is_flat, read_volume
from atlaskit.readers.layouts import BITS, FILES, LABELS, Entry
from atlaskit.readers.loading import Plan, first_file, read_parts
from atlaskit.readers.volume import Volume

SAMPLE = 64
"""Files looked into, at a fixed seed, to tell the coding of a folder."""
FEW = 8
"""Files of them that are looked into closely, and whole volumes at most."""
SCAN_ALL = 2000
"""Up to as many single-plane files are all looked into for labels; of more, this many at a fixed seed."""
_COUNTABLE = 1 << 16


@dataclass(frozen=True)
class Scan:
    """What one entry holds.

    Attributes
    ----------
    values : dict
        (frame, slice) to the values other than 0 that stand there: the single bits for bits, the files' numbers for
        files.
    shape : (T, Z) pair of int
    image_size : (width, height)
    spacing_mm : (x, y) pair of float
    frame_ms : float
    names : dict
        Label names by value that the file gives.
    """

    values: dict[tuple[int, int], frozenset[int]]
    shape: tuple[int, int]
    image_size: tuple[int, int]
    spacing_mm: tuple[float, float]
    frame_ms: float
    names: dict[int, str]


def scan(plan: Plan, entry: Entry, parts: frozenset[int]) -> Scan:
    """Look into one entry; `parts` are the structure files that matter, for ``coding='files'``."""
    if plan.coding == FILES:
        volumes = read_parts(plan, entry.source, parts)
        found = {value: _values(volume) for value, volume in volumes.items()}
        places = next(iter(found.values()))
        values = {at: frozenset(v for v, of in found.items() if of[at] and v in parts) for at in places}
        return _scan(next(iter(volumes.values())), values)
    volume = read_volume(plan.root / entry.source, plan.plane)
    values = _values(volume)
    return _scan(volume, {at: bits_of(v) for at, v in values.items()} if plan.coding == BITS else values)


def _scan(volume: Volume, values: dict[tuple[int, int], frozenset[int]]) -> Scan:
    frames, slices, height, width = volume.labels.shape
    return Scan(values, (frames, slices), (width, height), volume.spacing_mm, volume.frame_ms, volume.names)


def _values(volume: Volume) -> dict[tuple[int, int], frozenset[int]]:
    frames, slices = volume.labels.shape[:2]
    return {(t, z): distinct(volume.labels[t, z]) for t in range(frames) for z in range(slices)}


def distinct(plane: NDArray[np.unsignedinteger]) -> frozenset[int]:
    """The values of a plane other than 0."""
    if plane.dtype.itemsize < 4 or int(plane.max()) < _COUNTABLE:
        return frozenset(np.flatnonzero(np.bincount(plane.ravel())).tolist()) - {0}
    return frozenset(np.unique(plane).tolist()) - {0}


def needs_pixels(plan: Plan, entry: Entry) -> bool:
    """Whether an entry may hold more than one plane, so that only its pixels tell which of them are cases."""
    return not is_flat(first_file(plan, entry.source))


def sample(count: int, most: int) -> list[int]:
    """Indices of at most so many of `count` entries, at a fixed seed, in order."""
    return list(range(count)) if count <= most else sorted(random.Random(0).sample(range(count), most))


def told_coding(plan: Plan, entries: Sequence[Entry]) -> str:
    """Labels or bits, told from a sample of the files; damaged ones tell nothing."""
    some = [entries[index] for index in sample(len(entries), SAMPLE)]
    values: set[int] = set()
    for number, entry in enumerate(some):
        volume = _readable(plan, entry)
        values |= distinct(_rows(volume)) if volume else set()
        if volume and volume.labels.shape[:2] != (1, 1) and number >= FEW:
            break
    if not may_be_bits(values):
        return LABELS
    volumes = (_readable(plan, entry) for entry in some[:FEW])
    return BITS if are_bits([_rows(volume) for volume in volumes if volume], values) else LABELS


def _readable(plan: Plan, entry: Entry) -> Volume | None:
    try:
        return read_volume(plan.root / entry.source, plan.plane)
    except InputError:
        return None


def _rows(volume: Volume) -> NDArray[np.unsignedinteger]:
    """All planes of a volume below each other."""
    rows: NDArray[np.unsignedinteger] = volume.labels.reshape(-1, volume.labels.shape[-1])
    return rows
