"""Groups beside the landmarks of a store: what later commands found, readable by xarray too."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import xarray as xr

from atlaskit.store.disk import consolidate, draft_beside, reading, sweep_beside, writing
from atlaskit.store.opening import open_store

AGAIN = 20
"""How often what another process changed meanwhile is tried again."""
TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.EACCES}
"""What systems say where a folder is to be moved to and another came first."""


def write_group(path: Path, name: str, parts: Mapping[str, xr.Dataset]) -> None:
    """Put datasets into a store as a group, in place of the one of that name, whole or not at all.

    Of two processes that write one group at once, the one that is done last wins.

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
    draft = draft_beside(path)  # so that nobody who reads the store meets a half
    with writing(path):
        sweep_beside(path)
        try:
            for part, found in {"": xr.Dataset(), **parts}.items():
                found.to_zarr(draft, group=part or None, mode="a", consolidated=False, zarr_format=3)
            _replace(draft, path / name, path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        _consolidate(path)


def drop_group(path: Path, name: str) -> None:
    """Take a group out of a store, where it has one of the name.

    Parameters
    ----------
    path : Path
    name : str
    """
    if not (path / name).is_dir():
        return
    with writing(path):
        old = draft_beside(path)
        with suppress(FileNotFoundError):
            (path / name).rename(old)
        shutil.rmtree(old, ignore_errors=True)
        _consolidate(path)


def _replace(draft: Path, target: Path, store: Path) -> None:
    """Move a draft to where a group is, or none; of processes that do so at once the last one wins."""
    for attempt in range(AGAIN):
        old = draft_beside(store)
        try:
            with suppress(FileNotFoundError):
                target.rename(old)
            draft.rename(target)
        except OSError as error:
            if error.errno not in TAKEN or attempt == AGAIN - 1:
                raise
        else:
            return
        finally:
            shutil.rmtree(old, ignore_errors=True)


def _consolidate(path: Path) -> None:
    """Write the metadata of all groups into the store; one that another process replaces meanwhile is looked for again."""
    for attempt in range(AGAIN):
        try:
            consolidate(path)
        except FileNotFoundError:
            if attempt == AGAIN - 1:
                raise
        else:
            return


def read_group(path: Path, name: str) -> xr.Dataset:
    """Read a group that `write_group` put into a store; its arrays are loaded when they are first used."""
    with reading(path):
        found: xr.Dataset = xr.open_zarr(path, group=name, chunks=None, consolidated=False)
    return found
