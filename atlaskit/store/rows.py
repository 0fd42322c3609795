"""An open store: which rows are to do, and how results are written shard by shard."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from atlaskit.corpus import Case
from atlaskit.errors import InputError
from atlaskit.landmarks import FIELDS, IDENTITY, Record, Status, check_record, identity, sizes_of
from atlaskit.store.disk import array_of, consolidate, reading, resize, sweep_beside, writing
from atlaskit.topology import Topology

_NOTHING: Record = {name: field.fill for name, field in FIELDS.items() if name not in IDENTITY}


@dataclass(frozen=True)
class LandmarkStore:
    """An open landmark store; `open_store` and `open_or_create` make it.

    Attributes
    ----------
    path : Path
    topology : Topology
    network_sha256 : str
        Fingerprint of the network that gives the landmarks.
    group : zarr.Group
    """

    path: Path
    topology: Topology
    network_sha256: str
    group: zarr.Group

    @property
    def n_cases(self) -> int:
        """Rows, pending ones included."""
        return int(self._array("status").shape[0])

    @property
    def shard(self) -> int:
        """Cases per shard."""
        shards = self._array("status").shards
        assert shards is not None
        return int(shards[0])

    @property
    def sizes(self) -> dict[str, int]:
        """Lengths of the dimensions beside ``case``."""
        return sizes_of(self.topology, int(self._array("latent").shape[1]))

    def shards(self, job: int = 1, jobs: int = 1) -> range:
        """Shards that one of several jobs owns, 1 <= job <= jobs; with others beside it, it writes to no other."""
        if not 1 <= job <= jobs:
            raise InputError(f"A shard range i/n needs 1 <= i <= n; got {job}/{jobs}.")
        return range(job - 1, -(-self.n_cases // self.shard), jobs)

    def rows(self, shard: int) -> range:
        """Rows of one shard."""
        return range(shard * self.shard, min((shard + 1) * self.shard, self.n_cases))

    def column(self, name: str, rows: range | None = None) -> NDArray[Any]:
        """One of `FIELDS`, all rows or some consecutive ones, in memory."""
        part = slice(None) if rows is None else slice(rows.start, rows.stop)
        if FIELDS[name].later and name not in self.group:  # an older store, open for reading
            return np.full(FIELDS[name].shape(self.n_cases, self.sizes), FIELDS[name].fill, FIELDS[name].numpy_dtype)[part]
        with reading(self.path):
            return np.asarray(self._array(name)[part])

    def template(self) -> NDArray[np.float32] | None:
        """(L, 2) template in the 1 x 1 frame; None where the store has none."""
        with reading(self.path):
            if "template" not in self.group:
                return None
            return np.asarray(array_of(self.group, "template/points")[:], dtype=np.float32)

    def pending(self, source_sha: Mapping[str, str] | None = None) -> NDArray[np.int64]:
        """Rows that are still to do.

        Parameters
        ----------
        source_sha : mapping, optional
            Fingerprint of each case's source as it is now, by case id. A done case whose fingerprint differs is to do
            again; a case left out counts as unchanged.

        Returns
        -------
        (n,) int array
            Ascending.
        """
        todo = self.column("status") == Status.PENDING
        if source_sha is not None:
            known = zip(self.column("case").tolist(), self.column("source_sha").tolist(), strict=True)
            todo |= np.array([source_sha.get(case, sha) != sha for case, sha in known], dtype=bool)
        return np.flatnonzero(todo)

    def write_shard(self, shard: int, records: Mapping[int, Record]) -> None:
        """Write the results of some cases of one shard, as a whole shard.

        Parameters
        ----------
        shard : int
            This process must be the only one that writes to it.
        records : mapping of int to mapping
            By row: values of `FIELDS`, ``status`` among them. What a record leaves out becomes missing, but who the
            case is stays; other rows stay as they are.

        Raises
        ------
        InputError
            For a row of another shard or a value of another shape.
        StoreError
            When the disk is full or read-only, or the shard is damaged.

        Notes
        -----
        The whole shard is read and written again: call it every half minute or so, not for every case.
        """
        rows, sizes = self.rows(shard), self.sizes
        for row, record in records.items():
            if row not in rows:
                raise InputError(f"A record of shard {shard} must have a row in {rows}; got {row}.")
            check_record(record, sizes)
        self._sweep(f"*/c/{shard}.*.partial", f"*/c/{shard}/**/*.partial")
        self._merge(shard, {row: {"status": Status.PENDING} for row in records})  # no case counts while it changes
        self._merge(shard, {row: {**_NOTHING, **record} for row, record in records.items()})

    def append_cases(self, cases: Iterable[Case]) -> int:
        """Add the cases that the store does not have yet, pending, after its last row.

        No other process may be writing to the store.

        Returns
        -------
        int
            How many were added.
        """
        known = set(self.column("case").tolist())
        new = [case for case in cases if case.id not in known]
        if new:
            self.sweep()
            first = self.n_cases
            with writing(self.path):
                resize(self.group, first + len(new), [name for name in FIELDS if name != "status"])
                self.identify(first, new)
                resize(self.group, first + len(new), ["status"])  # from here on the new rows count
                consolidate(self.path)
        return len(new)

    def identify(self, first: int, cases: Sequence[Case]) -> None:
        """Write who the cases are, in consecutive rows; part of making a store and of adding cases."""
        size = self.shard
        for shard in range(first // size, -(-(first + len(cases)) // size)):
            rows = range(max(shard * size, first), min((shard + 1) * size, first + len(cases)))
            self._merge(shard, {row: identity(cases[row - first]) for row in rows})

    def record_origin(self, origin: Mapping[str, str]) -> None:
        """Say in the attributes where the masks lie that were last extracted; no other process may be writing to the store."""
        if any(self.group.attrs.get(name) != text for name, text in origin.items()):
            with writing(self.path):
                self.group.attrs.update(dict(origin))
                consolidate(self.path)

    def sweep(self) -> None:
        """Remove what killed writers left behind; no other process may be writing to the store."""
        self._sweep("**/*.partial")
        sweep_beside(self.path)

    def _sweep(self, *patterns: str) -> None:
        with writing(self.path):
            for pattern in patterns:
                for leftover in list(self.path.glob(pattern)):
                    if leftover.is_dir():
                        shutil.rmtree(leftover, ignore_errors=True)
                    else:
                        leftover.unlink(missing_ok=True)

    def _array(self, name: str) -> zarr.Array[Any]:
        with reading(self.path):
            return array_of(self.group, name)

    def _merge(self, shard: int, records: Mapping[int, Record]) -> None:
        """Read a shard, set some rows and write it whole, field by field in the order of `FIELDS`: status last."""
        given = {name for record in records.values() for name in record}
        size = self.shard
        first = shard * size
        for name in (name for name in FIELDS if name in given):
            array = self._array(name)
            last = min(first + size, array.shape[0])
            with reading(self.path):
                block = np.array(array[first:last])
            for row, record in records.items():
                if name in record:
                    block[row - first] = record[name]
            with writing(self.path):
                array[first:last] = block
