"""``atlaskit track``: landmarks in time, the beats that they make, and what these say of function."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from atlaskit import __version__
from atlaskit.errors import InputError, nearest
from atlaskit.store import drop_group, open_store
from atlaskit.tracking.jumps import THRESHOLD
from atlaskit.verbs.population import Unit
from atlaskit.verbs.tracing import Progress, silent
from atlaskit.verbs.tracking.asking import check, check_frames, check_smooth
from atlaskit.verbs.tracking.bases import bases_of
from atlaskit.verbs.tracking.comparing import groups_of
from atlaskit.verbs.tracking.findings import TABLES, beat_findings, draw_findings, grown_findings
from atlaskit.verbs.tracking.measuring import measure, studies_of
from atlaskit.verbs.tracking.meshes import close_stacks, replace_surfaces
from atlaskit.verbs.tracking.preparing import Choices, find_unlike, prepare
from atlaskit.verbs.tracking.result import TrackResult
from atlaskit.verbs.tracking.roles import roles_of, without_wall
from atlaskit.verbs.tracking.rows import sequence_called
from atlaskit.verbs.tracking.source import Source, read_source
from atlaskit.verbs.tracking.storing import GROUP, write_tracks
from atlaskit.verbs.tracking.tracked import Tracked
from atlaskit.verbs.tracking.volumes import Asked, volumes_of
from atlaskit.verbs.whole import replace_tables, whole

ACCOUNT = "track.json"
"""Beside the tables: how they were made."""


def track(
    *,
    atlas: str | Path = "atlas",
    store: str | Path | None = None,
    structures: Sequence[str] | str = (),
    table: Path | str | pd.DataFrame | None = None,
    key: str | None = None,
    subject: str | None = None,
    pattern: str | None = None,
    roles: Sequence[str] = (),
    unit: Unit = "auto",
    spacing_mm: float | None = None,
    slice_mm: float | None = None,
    frame_ms: float | None = None,
    cyclic: bool | None = None,
    reference: int | None = None,
    steady: bool = True,
    smooth: str = "none",
    drop_outliers: bool = False,
    fill: int = 0,
    keep_drift: bool = True,
    segments: int = 6,
    volume: str = "auto",
    missing: str = "interpolate",
    views: Sequence[str] = (),
    base: tuple[int, int] | None = None,
    convention: str = "guideline",
    group: str | None = None,
    growth: str | None = None,
    permutations: int = 999,
    surfaces: str | None = None,
    show: str | None = None,
    film: bool = True,
    seed: int = 0,
    report: Progress = silent,
) -> TrackResult:
    """Follow the landmarks of sequences through time.

    Parameters
    ----------
    atlas : path
        Its landmarks are read, and tables, pictures and the group ``tracks`` of the store are written.
    store : path, optional
        Another landmark store than the atlas's.
    structures : str or sequence of str
        All of them unless given.
    table : path or DataFrame, optional
        With ids of cases, sequences, studies or subjects in a column of such a name, or in ``id`` or ``case``, and any of the
        columns subject, study, slice, frame (a number, or ED or ES), time_ms (in a table of cases time too), frame_ms,
        spacing_mm and slice_mm. Others, such as groups and ages, are kept beside what is found.
    key : str, optional
        Another column of ids.
    subject : str, optional
        Column that says whom a study was made of, in place of one called subject.
    pattern : str, optional
        Regular expression on the names of cases with any of the groups subject, study, slice, frame and time.
    roles : sequence of str
        ``cavity=STRUCTURE`` and ``wall=STRUCTURE``, the outer outline of the wall; seen from the outlines unless given.
    unit : {"auto", "px", "mm"}
    spacing_mm, slice_mm, frame_ms : float, optional
        Size of a pixel, distance between slices and time between frames of all cases, in place of what files say.
    cyclic : bool, optional
        Whether a sequence is one beat that closes upon itself; seen from its curve unless given.
    reference : int, optional
        Number of the frame, as the tables have it, that displacement is measured from; end-diastole unless given.
    steady : bool
        Let landmarks slide along their outlines so that they tremble less; outlines stay.
    smooth : {"none", "fourier", "savgol", "rts"}
        Smooth landmarks in time, which changes outlines: by how much is in ``sequences.csv``.
    drop_outliers : bool
        Take frames unlike their neighbours for gaps.
    fill : int
        Longest gap, in frames, that is interpolated; such frames are marked.
    keep_drift : bool
        Whether displacements contain how the whole outline moves.
    segments : int
        Parts of the outline, whose strain is experimental; 0 for none.
    volume : {"auto", "slices", "simpson", "biplane", "area-length", "none"}
        "auto" sums slices where sizes are known and a study has three or more.
    missing : {"refuse", "interpolate", "common", "zero"}
        What a slice without an outline means for a volume over slices: see `atlaskit.tracking.by_slices`.
    views : sequence of str
        What the names of the two views of a study hold, such as "2CH" and "4CH".
    base : (int, int), optional
        Landmarks of the cavity at the hinges of the valve; the corners of its mean outline at its straight side unless given.
        The wall ends beside them.
    convention : {"guideline", "camus"}
        Of discs in two views.
    group : str, optional
        Column of the table whose groups are compared; subjects are permuted.
    growth : str, optional
        Column of ages in the table: growth of shape and size within subjects is found in place of beats.
    permutations : int
        19 at least.
    surfaces : {"vtk", "ply", "stl"}, optional
        Write closed surfaces of studies with slices.
    show : str, optional
        The sequence of pictures and film; that of the median change of area unless given.
    film : bool
    seed : int
        Of the permutations.
    report : callable
        Called as ``report(stage, done, total)``.

    Returns
    -------
    TrackResult

    Raises
    ------
    InputError, NotFoundError, StoreError

    Notes
    -----
    Landmarks of masks are places on an outline, not material points of the tissue: areas, volumes and strains of whole outlines
    do not depend on where they lie along it; strains of segments and paths along the outline do.
    """
    began = time.perf_counter()
    given = {name: value for name, value in locals().items() if name not in ("began", "report", "table", "store")}
    choices = Choices(
        cyclic=cyclic, steady=steady, drop_outliers=drop_outliers, fill=fill, smooth=smooth, keep_drift=keep_drift,
        reference=reference, segments=segments,
    )  # fmt: skip
    asked = Asked(volume, missing, tuple(views), base, convention)
    check(given, {name: option.default for name, option in inspect.signature(track).parameters.items()}, table)
    report("tracking", 0, 4)
    source = read_source(
        Path(atlas) / "landmarks.zarr" if store is None else Path(store),
        structures=structures, pattern=pattern, table=table, key=key, subject=subject, compared=group is not None, unit=unit,
        spacing_mm=spacing_mm, slice_mm=slice_mm, frame_ms=frame_ms, ages=growth, views=views,
    )  # fmt: skip
    show = None if show is None else sequence_called(show, source.sequences.names)
    known = dict.fromkeys((*source.sequences.studies, *source.sequences.names))
    if show is not None and show not in known:
        raise InputError(f"--show is the name of a sequence or study; {show!r} is none: {nearest(show, known)}")
    groups = groups_of(source.table, group)
    report("tracking", 1, 4)
    if growth is not None:
        found = grown_findings(source, growth, permutations, seed)
    else:
        tracked = _tracked(source, roles, choices, asked)
        found = beat_findings(tracked, groups, compared=group, permutations=permutations, seed=seed, smooth=smooth)
    report("tracking", 2, 4)
    closed, stacks = close_stacks(found.tracked, missing) if surfaces and found.tracked else (pd.DataFrame(), {})
    folder, figures = Path(atlas) / "tracks", Path(atlas) / "figures"
    (folder / ACCOUNT).unlink(missing_ok=True)
    files = replace_surfaces(stacks, surfaces, folder / "surfaces")
    if found.tracked and found.averages:
        write_tracks(found.tracked, found.averages, given)
    else:
        drop_group(source.store, GROUP)  # of an earlier run
    tables = write_tables(folder, {**found.tables, "surfaces": closed})
    report("tracking", 3, 4)
    pictures, more = draw_findings(found, Path(atlas) / "network.pt", show=show, film=film, folder=figures)
    report("tracking", 4, 4)
    result = TrackResult(
        store=source.store,
        unit=source.unit,
        time_unit=source.sequences.time_unit,
        options=given,
        counts=found.counts(),
        function=found.table("function"),
        groups=found.table("groups"),
        paths=found.table("paths"),
        growth=found.table("growth"),
        findings=found.words,
        tables=tables,
        pictures=pictures,
        surfaces=files,
        notes=tuple(dict.fromkeys([*source.notes, *found.notes, *more])),
        seconds=round(time.perf_counter() - began, 3),
    )
    write_account(result, folder)
    return result


def _tracked(source: Source, texts: Sequence[str], choices: Choices, asked: Asked) -> Tracked:
    """Make landmarks ready, find the beats, and measure."""
    sequences, topology = source.sequences, source.topology
    check_frames(sequences, choices.reference)
    roles = roles_of(texts, topology, sequences.points)
    sequences, bare = without_wall(sequences, topology, roles)
    source = replace(source, sequences=sequences)
    first = studies_of(sequences, topology, roles, sequences.points, choices)
    unlike = find_unlike(sequences, topology, first, roles.cavity)
    trusted = studies_of(sequences, topology, roles, sequences.points, choices, unlike.flags)
    check_smooth(trusted, choices.smooth)
    bases = bases_of(source, trusted, roles, sequences.points, asked)
    hinges = [hinge for base in bases.values() for hinge in base]
    prepared = prepare(sequences, topology, trusted, choices, unlike, cavity=roles.cavity, still=hinges)
    studies = studies_of(sequences, topology, roles, prepared.points, choices, unlike.flags)
    measured = measure(sequences, topology, roles, studies, prepared, choices, bases=bases)
    areas = measured.cavity
    volumes, why = volumes_of(source, studies, roles.cavity, areas, prepared.points, asked, bases.get(roles.cavity))
    strain = "longitudinal" if bases else "circumferential"
    return Tracked(source, roles, studies, prepared, measured, volumes, strain, (*bare, *why))


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> tuple[Path, ...]:
    """Write tables; an empty one is not written, and those of an earlier run go."""
    made = {folder / f"{name}.csv": table for name, table in tables.items() if len(table)}
    return replace_tables(made, (folder / f"{name}.csv" for name in TABLES))


def write_account(result: TrackResult, folder: Path) -> None:
    """Write ``track.json``: what was found, of which landmarks, and how."""
    opened = open_store(result.store)
    origin = {"atlaskit": __version__, "topology_sha256": opened.topology.sha256, "network_sha256": opened.network_sha256}
    limit = {"outlier_threshold": THRESHOLD} if result.options["growth"] is None else {}  # of `outlier_score` in ``frames.csv``
    tables = ("function", "groups", "paths", "growth", "seconds")
    said = {name: value for name, value in result.to_dict().items() if name not in tables}
    text = json.dumps({**origin, **limit, **said}, indent=2, default=str)
    whole(folder / ACCOUNT, lambda draft: draft.write_text(text, encoding="utf-8"))
