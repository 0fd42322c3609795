"""The cases of a store that statistics can use: who they are, and their landmarks in one unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from atlaskit import store
from atlaskit.errors import InputError
from atlaskit.landmarks import Status
from atlaskit.topology import Topology

LEAST_CASES = 3
"""Cases that statistics of shape need."""

Unit = Literal["auto", "px", "mm"]
Known = Literal["px", "mm"]


@dataclass(frozen=True)
class Population:
    """N cases that have every landmark of some structures, in the order of their ids.

    Attributes
    ----------
    store : Path
    topology : Topology
    structures : tuple of str
    cases, subjects : tuple of str
        The ids, and whom each belongs to.
    frame : (N,) int array
        Position in time; -1 where there is none.
    status : tuple of str
        "ok" or "flagged".
    points : (N, L, 2) float array
        All landmarks of the topology; NaN for those of other structures.
    unit : {"mm", "px"}
    template : (L, 2) float array or None
        Says which way is up.
    left_out : tuple of str
        A sentence for each reason why cases of the store are not here.
    """

    store: Path
    topology: Topology
    structures: tuple[str, ...]
    cases: tuple[str, ...]
    subjects: tuple[str, ...]
    frame: NDArray[np.int64]
    status: tuple[str, ...]
    points: NDArray[np.float64]
    unit: Known
    template: NDArray[np.float64] | None
    left_out: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per case: who it is."""
        return pd.DataFrame({"case": self.cases, "subject": self.subjects, "frame": self.frame})

    def landmarks_of(self, structures: Sequence[str]) -> NDArray[np.int64]:
        """Indices of the landmarks of some structures, each once, ascending."""
        return np.unique(np.concatenate([self.topology.loop_of(name) for name in structures]))


def population(path: Path, *, structures: Sequence[str] = (), unit: Unit = "auto") -> Population:
    """Read what a store holds of some structures.

    Parameters
    ----------
    path : Path
    structures : sequence of str
        All of them unless given.
    unit : {"auto", "px", "mm"}
        "auto" is mm where every case has a pixel size, and px where none has; a mixture is refused.

    Raises
    ------
    NotFoundError, StoreError
        As `atlaskit.store.open_store`.
    InputError
        For a structure that the store does not have, fewer than 3 complete cases, and pixel sizes known of some cases only.
    """
    opened = store.open_store(path)
    topology = opened.topology
    names = tuple(structures) or topology.structures
    used = np.unique(np.concatenate([topology.loop_of(name) for name in names]))
    every = store.read(path)
    status = every["status"].to_numpy()
    placed = np.flatnonzero((status == Status.OK) | (status == Status.FLAGGED))
    rows = every[["case", "subject", "frame", "status", "points", "spacing_mm"]].isel(case=placed).load()
    complete = np.isfinite(rows["points"].to_numpy()[:, used]).all((1, 2))
    rows = rows.isel(case=np.flatnonzero(complete)).sortby("case")
    left_out = _left_out(len(status) - len(placed), int((~complete).sum()), names)
    if rows.sizes["case"] < LEAST_CASES:
        reasons = f" ({'; '.join(left_out)})" if left_out else ""
        raise InputError(
            f"Statistics of shape need {LEAST_CASES} or more cases with {', '.join(names)}; "
            f"{path} has {rows.sizes['case']}{reasons}."
        )
    points, known = _in_unit(rows, unit, path)
    points[:, np.setdiff1d(np.arange(topology.n_landmarks), used)] = np.nan
    template = opened.template()
    return Population(
        store=path,
        topology=topology,
        structures=names,
        cases=tuple(map(str, rows["case"].to_numpy())),
        subjects=tuple(map(str, rows["subject"].to_numpy())),
        frame=rows["frame"].to_numpy().astype(np.int64),
        status=tuple(Status(value).name.lower() for value in rows["status"].to_numpy().tolist()),
        points=points,
        unit=known,
        template=None if template is None else template.astype(np.float64),
        left_out=left_out,
    )


def _left_out(without: int, incomplete: int, names: Sequence[str]) -> tuple[str, ...]:
    """Why cases are missing, in words."""
    lacks = f"without {'one of ' if len(names) > 1 else ''}{', '.join(names)}"
    reasons = [(without, "pending or rejected"), (incomplete, lacks)]
    return tuple(f"{n} case{'s' if n > 1 else ''} {why} left out" for n, why in reasons if n)


def _in_unit(rows: xr.Dataset, unit: Unit, path: Path) -> tuple[NDArray[np.float64], Known]:
    """Landmarks in mm, where asked or where every pixel size is known, else in pixels."""
    points = rows["points"].to_numpy().astype(np.float64)
    spacing = rows["spacing_mm"].to_numpy().astype(np.float64)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(spacing).all(1))
    if unit == "px" or (unit == "auto" and not known.any()):
        return points, "px"
    if not known.all():
        raise InputError(
            f"Sizes in mm need a pixel size for every case; {path} has one for {known.sum()} of {len(known)}: "
            "leave the others out, or ask for --unit px."
        )
    return points * spacing[:, None], "mm"
