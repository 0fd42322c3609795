"""Groups beside the landmarks of a store: what later commands found, readable by xarray too."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from atlaskit.store.disk import consolidate, reading, writing
from atlaskit.store.opening import open_store


def write_group(path: Path, name: str, parts: Mapping[str, xr.Dataset]) -> None:
    """Put datasets into a store as a group, in place of the one of that name, whole or not at all.

    Parameters
    ----------
    path : Path
        A landmark store.
    name : str
        Of the group.
    parts : mapping of str to Dataset
        The groups within it by name; "" is the group itself. Names along ``case`` say which cases each has: it need not have
        all.

    Raises
    ------
    NotFoundError, StoreError
        As `open_store`; and when the disk is full or read-only.
    """
    open_store(path)
    target, draft = path / name, path / f"{uuid.uuid4().hex}.partial"
    with writing(path):
        try:
            for part, found in {"": xr.Dataset(), **parts}.items():
                found.to_zarr(draft, group=part or None, mode="a", consolidated=False, zarr_format=3)
            shutil.rmtree(target, ignore_errors=True)
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        consolidate(path)


def read_group(path: Path, name: str) -> xr.Dataset:
    """Read a group that `write_group` put into a store; its arrays are loaded when they are first used."""
    with reading(path):
        found: xr.Dataset = xr.open_zarr(path, group=name, chunks=None, consolidated=False)
    return found
