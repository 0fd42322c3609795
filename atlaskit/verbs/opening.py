"""``atlaskit.open``: what an atlas directory holds, each part of it read when it is first used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from atlaskit import store
from atlaskit.errors import InputError, NotFoundError, StoreError, nearest
from atlaskit.landmarks import Status
from atlaskit.shape import ShapeModel
from atlaskit.topology import Topology
from atlaskit.verbs.parts import JOINT, read_model
from atlaskit.verbs.population import Population, Unit, population
from atlaskit.verbs.tracking.storing import GROUP

LANDMARKS, SUMMARY, NETWORK = "landmarks.zarr", "fit.json", "network.pt"
TABLES = ("shape", "compare", "evaluate", "tracks")
"""Folders of an atlas in which commands leave tables."""
ABOUT_CASES = ("subject", "frame", "slice", "time_ms", "status")
"""What says which case a row is, and whether it counts; beside its id."""


@dataclass(frozen=True, repr=False)
class Atlas:
    """An atlas directory, or a landmark store alone; `open` gives it, and nothing is read before it is used.

    Attributes
    ----------
    folder : Path or None
        The atlas directory; None for a store that was opened alone.
    store : Path
        Where the landmarks are, or will be.
    """

    folder: Path | None
    store: Path

    @cached_property
    def landmarks(self) -> xr.Dataset:
        """The landmarks of all cases, lazily: `NotFoundError` before any were extracted.

        Coordinates are ``case``, ``structure``, ``landmark`` and ``axis``, and along ``case`` also ``subject``, ``frame``,
        ``slice``, ``time_ms`` and ``status`` (0 ok, 1 flagged, 2 rejected, 255 pending). ``points`` are pixels of each case's
        mask, and ``points * spacing_mm`` mm. The landmarks of a structure, in order, are those that ``topology.loop_of`` lists.
        """
        return store.read(self.store).set_coords(list(ABOUT_CASES))

    @cached_property
    def topology(self) -> Topology:
        """The structures, and the loop of landmarks around each."""
        return store.open_store(self.store).topology

    @cached_property
    def template(self) -> NDArray[np.float64] | None:
        """(L, 2) landmarks that the fit started from, in a 1 x 1 frame; None where the store has none."""
        found = store.open_store(self.store).template()
        return None if found is None else found.astype(np.float64)

    @cached_property
    def fit(self) -> dict[str, Any] | None:
        """What was fitted, and how well: ``fit.json``; None where there is none."""
        path = self._file(SUMMARY)
        if path is None:
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path} must be what `atlaskit fit` wrote; it is no JSON ({error}): fit again.") from error
        return dict(found)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that commands have written, such as "shape/scores"."""
        folders = [self.folder / name for name in TABLES] if self.folder else []
        return tuple(f"{folder.name}/{path.stem}" for folder in folders for path in sorted(folder.glob("*.csv")))

    def table(self, name: str) -> pd.DataFrame:
        """Read one of `tables`; `InputError` for a name that is none."""
        if self.folder is None or name not in self.tables:
            raise InputError(f"A table must be one that a command has written; {name!r} is not: {nearest(name, self.tables)}")
        types = {"case": str, "subject": str}  # "None" may be a case or a group: only what is empty is missing
        return pd.read_csv(self.folder / f"{name}.csv", dtype=types, keep_default_na=False, na_values=[""])

    def population(self, structures: Sequence[str] | str = (), *, unit: Unit = "auto") -> Population:
        """The cases that statistics can use, and their landmarks in one unit.

        Parameters
        ----------
        structures : str or sequence of str
            All of them unless given; cases that lack one are left out, and counted.
        unit : {"auto", "px", "mm"}
            "auto" is mm where every case has a pixel size, and px where none has; a mixture is refused.

        Returns
        -------
        Population
            Its ``points`` (N, n, 2) are what `atlaskit.shape.align` takes, its ``topology`` what `atlaskit.plot` draws them by.

        Raises
        ------
        NotFoundError, StoreError
        InputError
            For another structure or unit, fewer than 3 complete cases, and pixel sizes known of some cases only.
        """
        return population(self.store, structures=structures, unit=unit)

    def model(self, part: str = JOINT) -> ShapeModel:
        """The shape model that `shape_pca` found last: of all structures together, or of one; `NotFoundError` before."""
        return read_model(self.store, part)

    @property
    def tracks(self) -> xr.Dataset:
        """The sequences that `track` followed last, lazily: points, areas and strains through time; `NotFoundError` before.

        Volumes and average beats are beside: ``atlas.arrays("tracks/volumes")`` and ``atlas.arrays("tracks/average")``.
        """
        return self.arrays(GROUP)

    def arrays(self, name: str) -> xr.Dataset:
        """Read a group of the store, such as "tracks/average", lazily; `NotFoundError` where it has none of the name."""
        if not _is_group(self.store / name):
            made = "run `atlaskit track` first" if name == GROUP else "name another"
            raise NotFoundError(f"Arrays must be a group of {self.store}; it has no {name!r}: {made}.")
        return store.read_group(self.store, name)

    def __repr__(self) -> str:
        """What there is, a line each."""
        lines = [f"Atlas {self.folder or self.store}"]
        if self.fit:
            lines.append(f"  fitted to {len(self.fit['split']['fit'])} cases")
        if not self.store.exists():
            return "\n".join([*lines, "  no landmarks yet: atlaskit extract"])
        status = self.landmarks["status"].to_numpy()
        counts = [f"{(status == kind).sum()} {kind.name.lower()}" for kind in Status if (status == kind).any()]
        each = zip(self.topology.structures, self.topology.loops, strict=True)
        lines.append(f"  {len(status)} cases: {', '.join(counts) or 'none'}")
        lines.append(f"  {self.topology.n_landmarks} landmarks: " + ", ".join(f"{name} ({len(loop)})" for name, loop in each))
        return "\n".join([*lines, *([f"  tables: {', '.join(self.tables)}"] if self.tables else [])])

    def _file(self, name: str) -> Path | None:
        """A file of the directory that is there."""
        path = None if self.folder is None else self.folder / name
        return path if path and path.is_file() else None


def open(path: Path | str = "atlas") -> Atlas:
    """Open an atlas directory, or a landmark store.

    Parameters
    ----------
    path : path
        What `atlaskit.fit` or `atlaskit.extract` wrote. The store ``landmarks.zarr`` of an atlas opens the atlas.

    Returns
    -------
    Atlas

    Raises
    ------
    NotFoundError
        When nothing is there.
    StoreError
        When it is neither, or its store is damaged.

    Examples
    --------
    Shapes of hearts, and the modes in which they vary::

        atlas = atlaskit.open("atlas")
        people = atlas.population(["heart"])
        aligned = atlaskit.shape.align(people.points, onto=people.template)
        model = atlaskit.shape.pca(aligned.tangent)
        atlaskit.plot.modes(model, people.topology)
    """
    place = Path(path)
    if not place.exists():
        raise NotFoundError(f"An atlas must be at {place}; nothing is there: run `atlaskit fit` first, or name its directory.")
    if (place / "zarr.json").is_file():
        inside = place.name == LANDMARKS and _is_atlas(place.parent)
        atlas = Atlas(place.parent if inside else None, place)
    elif _is_atlas(place) or (place / LANDMARKS).is_dir():
        atlas = Atlas(place, place / LANDMARKS)
    else:
        raise StoreError(f"{place} must be an atlas directory or a landmark store; it is something else: name another place.")
    if atlas.store.exists():
        store.open_store(atlas.store)  # what is wrong with it is said now
    return atlas


def _is_atlas(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (SUMMARY, NETWORK))


def _is_group(place: Path) -> bool:
    about = place / "zarr.json"
    return about.is_file() and json.loads(about.read_text(encoding="utf-8")).get("node_type") == "group"
