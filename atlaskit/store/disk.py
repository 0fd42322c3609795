"""The arrays as they lie on disk, and what is said when the disk fails."""

from __future__ import annotations

import json
import math
import shutil
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from atlaskit.errors import AtlasError, StoreError
from atlaskit.landmarks import FIELDS, labels_of
from atlaskit.topology import Topology

CHUNK = 256
"""Cases per chunk: what a reader fetches at least."""
ABANDONED_S = 3600.0
"""What is being made beside a store, and is so old, is nobody's."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what zarr raises for damaged files into one `StoreError`."""
    try:
        yield
    except AtlasError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        words = str(error).strip().split("\n")[0] or type(error).__name__
        raise StoreError(f"The landmark store {path} is damaged ({words}); make it anew with --overwrite.") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a full, read-only or forbidden disk into one `StoreError`."""
    try:
        yield
    except AtlasError:
        raise
    except OSError as error:
        words = error.strerror or str(error)
        raise StoreError(
            f"The landmark store {path} must be writable: {words}; what was written stays, so run again after a remedy."
        ) from error


def draft_beside(path: Path) -> Path:
    """A place of its own beside a store for what is to be moved into it whole; `sweep_beside` finds what is left there."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")


def sweep_beside(path: Path) -> None:
    """Remove what killed writers left beside a store."""
    for draft in path.parent.glob(f"{path.name}.*.partial"):
        with suppress(FileNotFoundError):  # another process may be done with it
            if time.time() - draft.stat().st_mtime > ABANDONED_S:  # a younger one may be another process's
                shutil.rmtree(draft, ignore_errors=True)


def lay_out(
    path: Path, topology: Topology, sizes: Mapping[str, int], n: int, shard: int, template: NDArray[np.floating] | None
) -> zarr.Group:
    """Make the group with its empty arrays; its attributes come later."""
    group = zarr.create_group(path, zarr_format=3)
    for name in FIELDS:
        add_array(group, name, n, sizes, shard)
    labels = labels_of(topology)
    _put_labels(group, labels)
    if template is not None:
        beside = group.create_group("template")
        _put_labels(beside, {dim: labels[dim] for dim in ("landmark", "axis")})
        values = np.asarray(template, dtype=np.float32)
        beside.create_array("points", data=values, dimension_names=("landmark", "axis"))
    return group


def add_array(group: zarr.Group, name: str, n: int, sizes: Mapping[str, int], shard: int) -> None:
    """Make one of the per-case arrays, with nothing known of n cases."""
    field = FIELDS[name]
    rest = field.shape(n, sizes)[1:]
    group.create_array(
        name,
        shape=(n, *rest),
        chunks=(math.gcd(CHUNK, shard), *rest),
        shards=(shard, *rest),
        dtype=str if field.dtype == "str" else field.dtype,
        fill_value=field.fill,
        dimension_names=("case", *field.dims),
        attributes={"description": field.doc},
    )


def _put_labels(group: zarr.Group, labels: Mapping[str, NDArray[Any]]) -> None:
    for dim, names in labels.items():
        group.create_array(dim, data=names, dimension_names=(dim,))


def array_of(group: zarr.Group, name: str) -> zarr.Array[Any]:
    """Open an array with the shape that it has on disk now."""
    array = group[name]
    if not isinstance(array, zarr.Array):
        raise _no_array(name, group.store_path)
    return array


def shape_on_disk(path: Path, name: str) -> tuple[int, ...]:
    """Shape of an array by its metadata alone, () where there is none: zarr takes a millisecond for each that it opens."""
    metadata = path / name / "zarr.json"
    if not metadata.is_file():
        return ()
    found = json.loads(metadata.read_text(encoding="utf-8"))
    if found["node_type"] != "array":
        raise _no_array(name, path)
    return tuple(found["shape"])


def _no_array(name: str, place: object) -> StoreError:
    return StoreError(f"A landmark store holds an array {name!r}; {place} has a group there.")


def resize(group: zarr.Group, n: int, names: Iterable[str]) -> None:
    """Give some per-case arrays n rows."""
    for name in names:
        array = array_of(group, name)
        array.resize((n, *array.shape[1:]))


def consolidate(path: Path) -> None:
    """Write the metadata of every array into the group, for readers that open it as one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata")  # says only that others may not read it
        zarr.consolidate_metadata(path)
