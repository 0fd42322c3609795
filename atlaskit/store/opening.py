"""Making, opening and reading stores: what is wrong with one is said here, once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from atlaskit.corpus import Case
from atlaskit.errors import InputError, NotFoundError, StoreError
from atlaskit.landmarks import FIELDS, FORMAT, FORMAT_VERSION, Status, attributes, sizes_of
from atlaskit.store.disk import add_array, array_of, consolidate, draft_beside, lay_out, reading, resize, shape_on_disk, writing
from atlaskit.store.rows import LandmarkStore
from atlaskit.topology import Topology

SHARD = 4096
"""Cases per shard: the least that one of several jobs owns."""


def open_or_create(
    path: str | Path,
    *,
    topology: Topology,
    network_sha256: str,
    cases: Sequence[Case],
    latent_size: int,
    template: NDArray[np.floating] | None = None,
    shard: int = SHARD,
    overwrite: bool = False,
    origin: Mapping[str, str] | None = None,
) -> LandmarkStore:
    """Open the store of this topology and network for writing, or make it with every case pending.

    A new store appears whole or not at all; of two processes that make it at once, both open the one that came first.

    Parameters
    ----------
    path : path
        Where the store is or shall be; its parents are made.
    topology : Topology
    network_sha256 : str
        Fingerprint of the network.
    cases : sequence of Case
        Rows of a new store, in this order; a store that is there keeps its own (see `LandmarkStore.append_cases`).
    latent_size : int
        Length of ``z``.
    template : (L, 2) array, optional
        Template in the 1 x 1 frame.
    shard : int
        Cases per shard of a new store.
    overwrite : bool
        Replace a store that is there, whatever its state.
    origin : mapping of str to str, optional
        Further attributes of a new store: where its masks lie (see `LandmarkStore.record_origin`).

    Raises
    ------
    StoreError
        When something else is at the path, the store belongs to another topology or network or is damaged, or the disk
        is full or read-only.
    """
    path = Path(path)
    if overwrite and path.exists():
        _check_is_store(path)
        if FORMAT not in (path / "zarr.json").read_text(encoding="utf-8", errors="replace"):  # it may well be damaged
            raise StoreError(f"{path} must be a landmark store to be replaced; it is other data: choose another place.")
    if overwrite or not path.exists():
        draft = draft_beside(path)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                group = lay_out(draft, topology, sizes_of(topology, latent_size), len(cases), shard, template)
                group.attrs.update({**(origin or {}), **attributes(topology, network_sha256)})
                LandmarkStore(draft, topology, network_sha256, group).identify(0, cases)
                consolidate(draft)
                _move(draft, path, overwrite)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return open_store(path, mode="r+", expect_topology=topology, expect_network=network_sha256)


def _move(draft: Path, path: Path, overwrite: bool) -> None:
    """Put a finished draft in its place; without overwrite, a store that came first stays."""
    if overwrite and path.exists():
        old = path.rename(draft_beside(path))
        draft.rename(path)
        shutil.rmtree(old, ignore_errors=True)
        return
    try:
        draft.rename(path)
    except OSError:
        if not path.exists():
            raise


def open_store(
    path: str | Path,
    *,
    mode: Literal["r", "r+"] = "r",
    expect_topology: Topology | None = None,
    expect_network: str | None = None,
) -> LandmarkStore:
    """Open a landmark store that is there.

    Parameters
    ----------
    path : path
    mode : {"r", "r+"}
        Read only, or write too; writing repairs an addition of cases that was interrupted.
    expect_topology : Topology, optional
        What the store must belong to.
    expect_network : str, optional
        Fingerprint of the network that the store must belong to.

    Raises
    ------
    NotFoundError
        When nothing is there.
    StoreError
        When it is no landmark store, of a newer version, of another topology or network, incomplete or damaged.
    """
    path = Path(path)
    _check_is_store(path)
    with reading(path):
        group = zarr.open_group(path, mode=mode, use_consolidated=False)
        attrs = dict(group.attrs)
    topology = _topology_of(path, attrs)
    network_sha256 = str(attrs.get("network_sha256", ""))
    if expect_topology is not None and expect_topology.sha256 != topology.sha256:
        raise _of_another(path, "topology", expect_topology.sha256, topology.sha256)
    if expect_network is not None and expect_network != network_sha256:
        raise _of_another(path, "network", expect_network, network_sha256)
    _check_arrays(path, group, topology, repair=mode == "r+")
    return LandmarkStore(path, topology, network_sha256, group)


def read(path: str | Path) -> xr.Dataset:
    """Read a store as a landmark set; its arrays are loaded when they are first used.

    Parameters
    ----------
    path : path

    Returns
    -------
    xarray.Dataset
        As `atlaskit.landmarks.landmark_set` builds in memory; pending cases are in it too.

    Raises
    ------
    NotFoundError, StoreError
        As `open_store`.
    """
    open_store(path)
    with reading(Path(path)):
        dataset: xr.Dataset = xr.open_zarr(path, chunks=None, consolidated=False)
    return dataset.assign({name: _unknown(name, dataset) for name in FIELDS if name not in dataset.variables})


def _unknown(name: str, dataset: xr.Dataset) -> xr.DataArray:
    """What an older store says of a field that came later."""
    field = FIELDS[name]
    shape = field.shape(dataset.sizes["case"], {str(dim): n for dim, n in dataset.sizes.items()})
    return xr.DataArray(np.full(shape, field.fill, field.numpy_dtype), dims=("case", *field.dims))


def _check_is_store(path: Path) -> None:
    """Refuse what has not even the file that every Zarr group has."""
    if not path.exists():
        raise NotFoundError(f"A landmark store must be at {path}; nothing is there: run `atlaskit extract` first.")
    if not (path / "zarr.json").is_file():
        raise StoreError(f"{path} must be a landmark store; it is something else: choose another place.")


def _topology_of(path: Path, attrs: dict[str, Any]) -> Topology:
    """Check the attributes and give the topology that they hold."""
    if attrs.get("format") != FORMAT:
        raise StoreError(f"{path} must be a landmark store ({FORMAT}); its format is {attrs.get('format')!r}.")
    version = attrs.get("format_version")
    if version != FORMAT_VERSION:
        raise StoreError(f"{path} must have format version {FORMAT_VERSION}; it has {version}: use a newer atlaskit.")
    text = str(attrs.get("topology", ""))
    try:
        topology = Topology.from_json(text)
    except InputError as error:
        raise StoreError(f"The landmark store {path} is damaged: {error}") from error
    if not attrs.get("topology_sha256") == topology.sha256 == hashlib.sha256(text.encode()).hexdigest():
        raise StoreError(f"The landmark store {path} is damaged: its topology does not match its own fingerprint.")
    return topology


def _of_another(path: Path, what: str, wanted: str, found: str) -> StoreError:
    return StoreError(
        f"The landmark store {path} must belong to this atlas ({what} {wanted[:8]}); it belongs to another "
        f"({what} {found[:8] or 'none'}): choose another --out or replace it with --overwrite."
    )


def _check_arrays(path: Path, group: zarr.Group, topology: Topology, *, repair: bool) -> None:
    """Check that every array is there with one number of cases; an addition cut short is undone or named."""
    with reading(path):
        shapes = {name: shape for name in FIELDS if (shape := shape_on_disk(path, name))}
        missing = [name for name in FIELDS if name not in shapes]
        lost = [name for name in missing if not FIELDS[name].later]
        if lost:
            raise StoreError(f"The landmark store {path} lacks {', '.join(lost)}: make it anew with --overwrite.")
    sizes = sizes_of(topology, shapes["latent"][-1])
    n = shapes["status"][0]
    if any(shape[1:] != FIELDS[name].shape(n, sizes)[1:] for name, shape in shapes.items()):
        raise StoreError(f"The landmark store {path} is damaged: its arrays do not fit its topology.")
    uneven = [name for name, shape in shapes.items() if shape[0] != n]
    if uneven and not repair:
        raise StoreError(f"Adding cases to {path} was interrupted; run `atlaskit extract` again to repair it.")
    if uneven or (missing and repair):
        with writing(path):
            resize(group, n, uneven)
            for name in missing:
                add_array(group, name, n, sizes, _shard_of(group))
            consolidate(path)
    if n:
        _check_rows(path, group)


def _check_rows(path: Path, group: zarr.Group) -> None:
    """Check that cases have names, and done ones their landmarks, as far as the files that are there tell."""
    with reading(path):
        status, names = (np.asarray(array_of(group, name)[:]) for name in ("status", "case"))
    done = np.flatnonzero((status == Status.OK) | (status == Status.FLAGGED)) // _shard_of(group)
    lost = [shard for shard in np.unique(done).tolist() if not _has_content(path / "points" / "c" / str(shard))]
    if lost or (names == "").any():
        raise StoreError(f"The landmark store {path} is damaged: files of it are gone; make it anew with --overwrite.")


def _shard_of(group: zarr.Group) -> int:
    """Cases per shard."""
    shards = array_of(group, "points").shards
    assert shards is not None
    return int(shards[0])


def _has_content(folder: Path) -> bool:
    return any(file.is_file() and file.stat().st_size > 0 for file in folder.rglob("*"))
