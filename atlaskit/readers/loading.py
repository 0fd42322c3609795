"""Loading one case: pixels to structure planes. A corpus's plan is small and picklable: worker processes take it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atlaskit.corpus import Case
from atlaskit.errors import InputError
from atlaskit.masks import Mask, Structure
from atlaskit.readers.formats import read_volume
from atlaskit.readers.layouts import BITS, FILES
from atlaskit.readers.volume import Volume


@dataclass(frozen=True)
class Plan:
    """What every case of a corpus shares.

    Attributes
    ----------
    root : Path
    coding : {'labels', 'bits', 'files'}
    parts : tuple of str
        See `atlaskit.readers.layouts.Found`.
    plane : str or None
        The plane that was asked for.
    by_name : bool
        Files number the same label names differently, so that each is read by its own names.
    """

    root: Path
    coding: str
    parts: tuple[str, ...] = ()
    plane: str | None = None
    by_name: bool = False


def load(plan: Plan, structures: tuple[Structure, ...], case: Case) -> Mask:
    """Read one case of a corpus.

    Raises
    ------
    InputError
        When its files are missing, damaged, no label maps, or of different sizes.
    """
    if plan.coding == FILES:
        return _load_files(plan, structures, case)
    volume = read_volume(plan.root / case.source, plan.plane)
    labels = one_plane(volume, case.frame, case.slice)
    bits = plan.coding == BITS
    values = [own_values(s, volume) if plan.by_name else s.values for s in structures]
    planes = np.stack([_plane(labels, of, bits) for of in values])
    return Mask(planes, tuple(s.name for s in structures), volume.spacing_mm, volume.slice_mm, len(volume.labels))


def own_values(structure: Structure, volume: Volume) -> tuple[int, ...]:
    """The values that a structure's labels have in one file: by the file's own names, else as plain values."""
    own = {name: value for value, name in volume.names.items()}
    plain = {label: int(label) for label in structure.labels if label.isdigit() and int(label) not in volume.names}
    numbers = plain | own
    return tuple(numbers[label] for label in structure.labels if label in numbers)


def one_plane(volume: Volume, frame: int, slice_: int) -> NDArray[np.unsignedinteger]:
    """The (H, W) labels of one frame and slice; a file with a single one needs no number."""
    frames, slices = volume.labels.shape[:2]
    plane: NDArray[np.unsignedinteger] = volume.labels[frame if frames > 1 else 0, slice_ if slices > 1 else 0]
    return plane


def part_path(plan: Plan, source: str, value: int) -> Path:
    """The file of one structure of a case."""
    part = plan.parts[value - 1]
    return plan.root / source.replace("*", part) if "*" in source else plan.root / source / part


def read_parts(plan: Plan, source: str, values: frozenset[int]) -> dict[int, Volume]:
    """The structure files of a case that exist; raises `InputError` when there are none or their sizes differ."""
    paths = {value: part_path(plan, source, value) for value in sorted(values)}
    volumes = {value: read_volume(path, plan.plane) for value, path in paths.items() if path.exists()}
    if not volumes:  # the size of a case that lacks every structure asked for
        volumes = {0: read_volume(first_file(plan, source), plan.plane)}
    shapes = {volume.labels.shape for volume in volumes.values()}
    if len(shapes) > 1:
        listed = ", ".join(sorted(f"{w} x {h}" + (f" x {t * z}" if t * z > 1 else "") for t, z, h, w in shapes))
        raise InputError(f"{source}: the files of one case must have one size; got {listed}.")
    return volumes


def first_file(plan: Plan, source: str) -> Path:
    """The first file of a case that exists; raises `InputError` when there is none."""
    if plan.coding != FILES:
        return plan.root / source
    paths = (part_path(plan, source, value) for value in range(1, len(plan.parts) + 1))
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        raise InputError(f"{source}: a case must have at least one structure file; there is none.")
    return path


def _load_files(plan: Plan, structures: tuple[Structure, ...], case: Case) -> Mask:
    wanted = frozenset(value for structure in structures for value in structure.values)
    volumes = read_parts(plan, case.source, wanted)
    parts = {value: one_plane(volume, case.frame, case.slice) > 0 for value, volume in volumes.items()}
    empty = np.zeros(next(iter(parts.values())).shape, dtype=bool)
    united = [[parts.get(value, empty) for value in structure.values] or [empty] for structure in structures]
    planes = np.stack([np.logical_or.reduce(planes) for planes in united])
    one = next(iter(volumes.values()))
    return Mask(planes, tuple(s.name for s in structures), one.spacing_mm, one.slice_mm, len(one.labels))


def _plane(labels: NDArray[np.unsignedinteger], values: tuple[int, ...], bits: bool) -> NDArray[np.bool_]:
    """The pixels of some values; among bits, a value that is no single bit means nothing."""
    plane = np.zeros(labels.shape, dtype=bool)
    for value in values:
        if value <= np.iinfo(labels.dtype).max and not (bits and value & (value - 1)):
            plane |= (labels & labels.dtype.type(value)) != 0 if bits else labels == value
    return plane
