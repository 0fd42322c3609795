"""The sequences of a landmark store, in one unit, and what a table says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.contours import signed_areas
from atlaskit.errors import InputError, counted
from atlaskit.landmarks import Status
from atlaskit.store import open_store
from atlaskit.topology import Topology
from atlaskit.tracking import Sequences, sequences
from atlaskit.verbs.population import Unit, names_of
from atlaskit.verbs.tracking.ages import by_age
from atlaskit.verbs.tracking.cases import known_cases
from atlaskit.verbs.tracking.places import Whose
from atlaskit.verbs.tracking.rows import read
from atlaskit.verbs.tracking.sizes import check_above_0, of_sequences, pixel_sizes

SIZE = "--spacing-mm, or a column spacing_mm of the table"
"""What tells the size of a pixel."""
LEAST_AREA = 1e-9
"""Share of the square of its longer side that an outline encloses which is one."""


@dataclass(frozen=True)
class Source:
    """Q sequences of a store.

    Attributes
    ----------
    store : Path
    topology : Topology
        Of the structures asked for, with their n landmarks numbered from 0.
    landmarks : (n,) int array
        Their numbers in the store.
    sequences : Sequences
        Points in `unit`.
    cases : (Q, T) array of str
        Ids; "" where there is none.
    spacing_mm : (Q, 2) float array
        What pixels were multiplied by; NaN where the unit is pixels.
    slice_mm : (Q,) float array
        Distance between the slices of the study; NaN where unknown.
    known : DataFrame of N rows
        What is known of each case, by ``sequences.rows``.
    template : (n, 2) array or None
        Says which way is up.
    table : DataFrame of Q rows
        Sequence, study, subject, slice, and what the table says of each that is the same in all its frames.
    notes : tuple of str
    in_pixels : bool
        Whether that was asked for.
    """

    store: Path
    topology: Topology
    landmarks: NDArray[np.int64]
    sequences: Sequences
    cases: NDArray[np.str_]
    spacing_mm: NDArray[np.float64]
    slice_mm: NDArray[np.float64]
    known: pd.DataFrame
    template: NDArray[np.float64] | None
    table: pd.DataFrame
    notes: tuple[str, ...]
    in_pixels: bool = False

    @property
    def unit(self) -> str:
        """Of the points: "mm" or "px"."""
        return "mm" if np.isfinite(self.spacing_mm).all() else "px"

    @property
    def why_pixels(self) -> str:
        """Why the unit is pixels, where it is."""
        return "--unit px was asked for" if self.in_pixels else f"the size of a pixel is unknown ({SIZE})"

    def check_mm(self, what: str) -> None:
        """Refuse what is measured in mm where points are in pixels."""
        if self.unit == "px" and self.in_pixels:
            raise InputError(f"{what}, but --unit px was asked for: leave out --unit px.")
        if self.unit == "px":
            raise InputError(f"{what}, but the size of a pixel is unknown: give {SIZE}.")


def read_source(
    store: Path,
    *,
    structures: Sequence[str] | str = (),
    pattern: str | None = None,
    table: Path | str | pd.DataFrame | None = None,
    key: str | None = None,
    subject: str | None = None,
    compared: bool = False,
    unit: Unit = "auto",
    spacing_mm: float | None = None,
    slice_mm: float | None = None,
    frame_ms: float | None = None,
    ages: str | None = None,
    views: Sequence[str] = (),
) -> Source:
    """Read the sequences of a store.

    Parameters
    ----------
    store : Path
    structures : str or sequence of str
        All of them unless given.
    pattern : str, optional
        See `placed`.
    table : path or DataFrame, optional
        See `placed`; its columns ``spacing_mm``, ``slice_mm`` and ``frame_ms`` count too.
    key, subject : str, optional
        Columns of ids and of subjects, see `placed`.
    compared : bool
        Whether groups of subjects are, so that it is said who tells subjects apart.
    unit : {"auto", "px", "mm"}
        "auto" is mm where every pixel size is known.
    spacing_mm, slice_mm, frame_ms : float, optional
        Of all cases, in place of what files say.
    ages : str, optional
        Column of the table by which the cases of a subject are in order, in place of frames and slices.
    views : sequence of str
        What names of studies hold that are views of one heart; it is no part of a subject's name.

    Raises
    ------
    InputError, NotFoundError, StoreError
    """
    check_above_0({"--spacing-mm": spacing_mm, "--slice-mm": slice_mm, "--frame-ms": frame_ms})
    opened = open_store(store)
    names = names_of(structures) or opened.topology.structures
    used = np.unique(np.concatenate([opened.topology.loop_of(name) for name in names]))
    standing = np.flatnonzero(np.isin(opened.column("status"), (Status.OK, Status.FLAGGED)))
    if not len(standing):
        raise InputError(f"Sequences need cases; {store} has none that were placed: run `atlaskit extract`.")
    whose = Whose(pattern, None if table is None else read(table, key, subject), key, subject, ages, compared, frame_ms)
    known, also, notes = known_cases(opened, standing, whose, views)
    placed_by = known if ages is None else by_age(known, ages)
    sizes = pixel_sizes(known, opened.column("spacing_mm")[standing], unit, spacing_mm)
    points = opened.column("points")[standing][:, used].astype(np.float64)
    empty = _forget_impossible(points, opened.topology.only(names))
    flat = [f"{counted(empty, 'outline')} that enclose nothing count as missing"] if empty else []
    found = sequences(
        points if sizes is None else points * sizes[:, None],
        study=placed_by["study"].tolist(),
        frame=placed_by["frame"].to_numpy(),
        slice_=placed_by["slice"].to_numpy(),
        subject=placed_by["subject"].tolist(),
        time=placed_by["time_ms"].to_numpy(dtype=np.float64),
        also=also,
    )
    _check_times(found)
    template = opened.template()
    spacing, apart = _sizes(known, found, sizes, slice_mm, one=ages is None)
    notes += [] if ages else _open_rings(opened.topology, names)
    return Source(
        store=store,
        topology=opened.topology.only(names),
        landmarks=used,
        sequences=found,
        cases=np.where(found.rows >= 0, known["case"].to_numpy(dtype=str)[found.rows], ""),
        spacing_mm=spacing,
        slice_mm=apart,
        known=known,
        template=None if template is None else template[used].astype(np.float64),
        table=_beside(placed_by, found),
        notes=(*notes, *_doubts(found, ages), *flat),
        in_pixels=unit == "px",
    )


def _forget_impossible(points: NDArray[np.float64], topology: Topology) -> int:
    """Make NaN of landmarks at infinity, and of outlines that lie on a point or a line; how many of these there are."""
    points[~np.isfinite(points).all(-1)] = np.nan
    outlines = [points[:, list(loop)] - points[:, loop[:1]] for loop in topology.loops]  # from nearby, so that digits stay
    empty = [np.abs(signed_areas(own)) <= LEAST_AREA * np.ptp(own, axis=1).max(-1) ** 2 for own in outlines]
    for flat, loop in zip(empty, topology.loops, strict=True):
        points[np.ix_(flat, list(loop))] = np.nan
    return int(np.sum(empty))


def _doubts(found: Sequences, ages: str | None) -> list[str]:
    """What looks as if names were not understood."""
    apart = ages is None and (found.rows >= 0).sum() > 1 and bool((found.lengths == 1).all())
    return ["every study has one frame: say what names mean with --pattern or --table"] if apart else []


def _open_rings(topology: Topology, names: Sequence[str]) -> list[str]:
    """Rings without what fills their hole, which nothing but that tells."""
    pairs = [(topology.structures[ring], topology.structures[filler]) for ring, filler in topology.fills()]
    return [
        f"areas of {ring!r} contain its hole, as {filler!r} was not asked for (--structures)"
        for ring, filler in pairs
        if ring in names and filler not in names
    ]


def _check_times(found: Sequences) -> None:
    """Refuse times that stand still or go back."""
    wrong = np.argwhere(np.diff(found.time, axis=1) <= 0)
    if len(wrong):
        q, t = wrong[0].tolist()
        one, other = (f"frame {found.frames[q, k]} is at {found.time[q, k]:g} ms" for k in (t, t + 1))
        raise InputError(
            f"Times must increase from frame to frame; of {found.names[q]!r} {one} and {other}: "
            "give --frame-ms, or times in --table."
        )


def _sizes(
    known: pd.DataFrame, found: Sequences, pixels: NDArray[np.float64] | None, slice_mm: float | None, *, one: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(Q, 2) sizes of pixels and (Q,) distances between slices; `one`: the cases of a sequence must have the same."""
    first = found.rows[np.arange(len(found)), (found.rows >= 0).argmax(1)]
    spacing = np.full((len(found), 2), np.nan)
    apart = np.full(len(found), np.nan if slice_mm is None else slice_mm)
    if pixels is not None:
        spacing = of_sequences(pixels, found, "The size of pixels", "--spacing-mm") if one else pixels[first]
    if slice_mm is None and one:
        told = known["slice_mm"].to_numpy(dtype=np.float64)
        apart = of_sequences(told, found, "The distance between slices", "--slice-mm")
    return spacing, apart


def _beside(known: pd.DataFrame, found: Sequences) -> pd.DataFrame:
    """A row per sequence: who it is, and columns of the table that do not change within it."""
    identity = {"sequence": found.names, "study": found.studies, "subject": found.subjects, "slice": found.slices}
    own = {"case", "frame", "time_ms", "frame_ms", "spacing_mm", "slice_mm", *identity}
    made = pd.DataFrame(identity)
    groups = known.groupby("sequence", sort=False)
    for name in [str(name) for name in known if name not in own]:
        if (groups[name].nunique(dropna=False) <= 1).all():
            made[name] = groups[name].first().reindex(made["sequence"]).to_numpy()
    return made
