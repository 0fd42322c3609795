"""The cases of a store that statistics can use: who they are, and their landmarks in one unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.landmarks import Status
from atlaskit.shape.ahead import ahead
from atlaskit.store import LandmarkStore, open_store
from atlaskit.topology import Topology

LEAST_CASES = 3
"""Cases that statistics of shape need."""

Unit = Literal["auto", "px", "mm"]


@dataclass(frozen=True)
class Population:
    """N cases that have every landmark of some structures, in the order of their ids.

    Attributes
    ----------
    store : Path
    topology : Topology
        Of these structures alone, with their n landmarks numbered from 0, as they are in `points`.
    structures : tuple of str
        In the order in which they were asked for.
    landmarks : (n,) int array
        The numbers that the landmarks have in the store.
    cases, subjects : tuple of str
        The ids, and whom each belongs to.
    rows : (N,) int array
        Where each case stands in the store.
    frame : (N,) int array
        Position in time; -1 where there is none.
    status : tuple of {"ok", "flagged"}
        What `extract` said of each.
    spacing_mm : (N, 2) float array or None
        What pixels are multiplied by; None where the unit is pixels.
    template : (n, 2) float array or None
        Says which way is up.
    left_out : tuple of str
        A sentence for each reason why cases of the store are not here.
    """

    store: Path
    topology: Topology
    structures: tuple[str, ...]
    landmarks: NDArray[np.int64]
    cases: tuple[str, ...]
    subjects: tuple[str, ...]
    rows: NDArray[np.int64]
    frame: NDArray[np.int64]
    status: tuple[str, ...]
    spacing_mm: NDArray[np.float64] | None
    template: NDArray[np.float64] | None
    left_out: tuple[str, ...]

    def __len__(self) -> int:
        """N, the number of cases."""
        return len(self.cases)

    def __repr__(self) -> str:
        """How many cases of what."""
        of = f"{len(self.landmarks)} landmarks of {', '.join(self.structures)}, {self.unit}"
        return f"Population({'; '.join([f'{len(self)} cases', of, *self.left_out])})"

    @property
    def unit(self) -> Literal["px", "mm"]:
        """Of `points`: "mm" or "px"."""
        return "px" if self.spacing_mm is None else "mm"

    @property
    def table(self) -> pd.DataFrame:
        """One row per case: who it is."""
        return pd.DataFrame({"case": self.cases, "subject": self.subjects, "frame": self.frame})

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """(N, n, 2) landmarks, (x, y) in `unit`; read from the store when they are first used."""
        points = np.empty((len(self), len(self.landmarks), 2))
        for at, part in self.blocks():
            points[at] = part
        return points

    def blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Read points shard by shard, the next ones while the last is worked on: positions (b,) here, points (b, n, 2)."""
        opened, order = self._opened, np.argsort(self.rows)
        ends = np.searchsorted(self.rows[order], [0, *(opened.rows(shard).stop for shard in opened.shards())])

        def read(shard: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
            rows, at = opened.rows(shard), order[ends[shard] : ends[shard + 1]]
            points = _of(opened.column("points", rows)[self.rows[at] - rows.start], self.landmarks).astype(np.float64)
            return at, points if self.spacing_mm is None else points * self.spacing_mm[at, None]

        yield from ahead(read, [shard for shard in opened.shards() if ends[shard + 1] > ends[shard]], threads=1)

    @cached_property
    def _opened(self) -> LandmarkStore:
        return open_store(self.store)


def population(path: Path, *, structures: Sequence[str] | str = (), unit: Unit = "auto") -> Population:
    """Find out what a store holds of some structures.

    Parameters
    ----------
    path : Path
    structures : str or sequence of str
        All of them unless given.
    unit : {"auto", "px", "mm"}
        "auto" is mm where every case has a pixel size, and px where none has; a mixture is refused.

    Raises
    ------
    NotFoundError, StoreError
        As `atlaskit.store.open_store`.
    InputError
        For a structure that the store does not have or that comes twice, another unit, fewer than 3 complete cases, and pixel
        sizes that are none or known of some cases only.
    """
    if unit not in get_args(Unit):
        raise InputError(f"unit is one of {', '.join(get_args(Unit))}; {unit!r} came: take one of these.")
    opened = open_store(path)
    names = names_of(structures) or opened.topology.structures
    used = np.unique(np.concatenate([opened.topology.loop_of(name) for name in names]))
    placed = np.isin(opened.column("status"), (Status.OK, Status.FLAGGED))
    complete, apart = _known(opened, used)
    rows, flat = np.flatnonzero(placed & complete & apart), opened.column("case")[placed & complete & ~apart]
    left_out = _left_out(int((~placed).sum()), int((placed & ~complete).sum()), names, sorted(flat.tolist()))
    if len(rows) < LEAST_CASES:
        reasons = f" ({'; '.join(left_out)})" if left_out else ""
        raise InputError(
            f"Statistics of shape need {LEAST_CASES} or more cases with {', '.join(names)}; {path} has {len(rows)}{reasons}."
        )
    ids = opened.column("case")[rows]
    order = np.argsort(ids)
    rows, template = rows[order], opened.template()
    return Population(
        store=path,
        topology=opened.topology.only(names),
        structures=names,
        landmarks=used,
        cases=tuple(ids[order].tolist()),
        subjects=tuple(opened.column("subject")[rows].tolist()),
        rows=rows,
        frame=opened.column("frame")[rows].astype(np.int64),
        status=tuple(Status(value).name.lower() for value in opened.column("status")[rows].tolist()),
        spacing_mm=_spacing(opened.column("spacing_mm")[rows], unit, path, ids[order].tolist()),
        template=None if template is None else template[used].astype(np.float64),
        left_out=left_out,
    )


def names_of(structures: Sequence[str] | str) -> tuple[str, ...]:
    """Names of structures, each of which comes once."""
    names = (structures,) if isinstance(structures, str) else tuple(structures)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InputError(f"Structures must be named once each; {', '.join(map(repr, twice))} came twice: leave out the second.")
    return names


def _known(opened: LandmarkStore, used: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(rows,) whether a case has all of some landmarks, and whether they are not all one point."""

    def read(shard: int) -> NDArray[np.bool_]:
        points = _of(opened.column("points", opened.rows(shard)), used)
        return np.array([np.isfinite(points).all((1, 2)), (points != points[:, :1]).any((1, 2))])

    complete, apart = np.concatenate([np.zeros((2, 0), dtype=bool), *ahead(read, opened.shards(), threads=1)], axis=1)
    return complete, apart


def _of(points: NDArray[np.floating], landmarks: NDArray[np.int64]) -> NDArray[np.floating]:
    """(N, n, 2) some landmarks, ascending; not copied where they are all."""
    return points if len(landmarks) == points.shape[1] else np.take(points, landmarks, axis=1)


def _left_out(without: int, incomplete: int, names: Sequence[str], flat: Sequence[str]) -> tuple[str, ...]:
    """Why cases are missing, in words."""
    lacks = f"without {'one of ' if len(names) > 1 else ''}{', '.join(names)}"
    one_point = f"whose landmarks are one point ({', '.join(flat[:3])}{', ...' if len(flat) > 3 else ''})"
    reasons = [(without, "pending or rejected"), (incomplete, lacks), (len(flat), one_point)]
    return tuple(f"{n} case{'s' if n > 1 else ''} {why} left out" for n, why in reasons if n)


def _spacing(spacing: NDArray[np.float64], unit: Unit, path: Path, cases: Sequence[str]) -> NDArray[np.float64] | None:
    """Pixel sizes where mm are asked for or every size is known, else None."""
    known: NDArray[np.bool_] = np.asarray(np.isfinite(spacing).all(1))
    if unit == "px" or (unit == "auto" and not known.any()):
        return None
    if not known.all():
        raise InputError(
            f"Sizes in mm need a pixel size for every case; {path} has one for {known.sum()} of {len(known)}: "
            "leave the others out, or ask for --unit px."
        )
    wrong = (spacing <= 0).any(1)
    if wrong.any():
        k = int(wrong.argmax())
        came = f"{cases[k]} in {path} has {spacing[k, 0]:g} x {spacing[k, 1]:g} mm"
        raise InputError(f"Pixel sizes must be greater than 0; {came}: extract it anew, or ask for --unit px.")
    return spacing.astype(np.float64)
