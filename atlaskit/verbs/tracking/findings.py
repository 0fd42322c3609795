"""What is found of beats, or of growth: tables, words and pictures of either."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from atlaskit.errors import counted, some
from atlaskit.verbs.tracking.columns import IDENTITY, renamed
from atlaskit.verbs.tracking.comparing import Averages, averages, index_contrasts, path_contrasts
from atlaskit.verbs.tracking.function import function_table
from atlaskit.verbs.tracking.growing import Grown, grow, growth_pictures, growth_tables, growth_words
from atlaskit.verbs.tracking.masks import planes_of
from atlaskit.verbs.tracking.pictures import clear_film, draw_film, shown_sequence, track_pictures
from atlaskit.verbs.tracking.source import Source
from atlaskit.verbs.tracking.tables import curve_table, frame_table, segment_table, sequence_table, volume_table
from atlaskit.verbs.tracking.tracked import Tracked
from atlaskit.verbs.whole import replace_pictures

TABLES = (
    "function", "sequences", "frames", "curves", "volumes", "segments", "average", "groups", "paths", "surfaces",
    "growth", "growth_subjects", "growth_cases", "growth_shapes",
)  # fmt: skip
"""Names of all tables that a run may leave."""


@dataclass(frozen=True)
class Findings:
    """What a run found, before it is written.

    Attributes
    ----------
    source : Source
    tables : dict of str to DataFrame
        By the name of the file.
    words, notes : tuple of str
    tracked : Tracked or None
    averages : Averages or None
    grown : Grown or None
    """

    source: Source
    tables: dict[str, pd.DataFrame]
    words: tuple[str, ...]
    notes: tuple[str, ...]
    tracked: Tracked | None = None
    averages: Averages | None = None
    grown: Grown | None = None

    def table(self, name: str) -> pd.DataFrame:
        """A table; empty where there is none of the name."""
        return self.tables.get(name, pd.DataFrame())

    def counts(self) -> dict[str, int]:
        """How many studies, sequences and frames there are, and how many of these are missing, filled in, or outliers."""
        sequences = self.source.sequences
        counts = {
            "studies": len(set(sequences.studies)),
            "sequences": len(sequences),
            "frames": int((sequences.rows >= 0).sum()),
        }
        if self.tracked is None:
            return {**counts, "gaps": 0, "interpolated": 0, "outliers": 0}
        prepared = self.tracked.prepared
        marked = {"interpolated": int(prepared.interpolated.sum()), "outliers": int(prepared.outlier.sum())}
        return {**counts, "gaps": int(self.tracked.prepared.gaps.sum()), **marked}


def grown_findings(source: Source, column: str, permutations: int, seed: int) -> Findings:
    """Growth of shape and size with the ages in a column of the table."""
    grown, notes = grow(source, column, permutations, seed)
    return Findings(source, growth_tables(grown, source), tuple(growth_words(grown)), tuple(notes), grown=grown)


def beat_findings(
    tracked: Tracked, groups: dict[str, str], *, compared: str | None, permutations: int, seed: int, smooth: str = "none"
) -> Findings:
    """Beats, function, and groups where a column of these is compared.

    Parameters
    ----------
    tracked : Tracked
    groups : dict of str to str
        The group of each subject.
    compared : str or None
        The column that groups are of; None: they are not compared.
    permutations, seed : int
    smooth : str
        How landmarks were smoothed, of which it is said how much it changed.
    """
    function, average = function_table(tracked, compared), averages(tracked, groups)
    tables = {
        "function": function,
        "sequences": sequence_table(tracked, compared),
        "frames": frame_table(tracked),
        "curves": curve_table(tracked),
        "volumes": volume_table(tracked),
        "segments": segment_table(tracked),
        "average": average.table,
    }
    notes = [*_notes(tracked, function), *_unlike(tracked), *average.notes, *_changed(tracked, smooth)]
    if compared is not None:
        paths, why = path_contrasts(tracked, groups, permutations, seed)
        tables["groups"] = index_contrasts(function, groups, permutations, seed)
        tables["paths"] = pd.DataFrame() if paths is None else paths.table.reset_index()
        left = sorted(set(tracked.source.sequences.subjects) - set(groups))
        notes += [f"{counted(len(left), 'subject')} without {compared!r}: {some(left)}"] if left else []
        notes += [why] if why else []
    return Findings(tracked.source, tables, (), tuple(notes), tracked, average)


def _notes(tracked: Tracked, function: pd.DataFrame) -> list[str]:
    """What a user should know of how this was found."""
    notes = [tracked.roles.sentence()] if tracked.roles.guessed else []
    notes += tracked.notes
    notes += [*_untimed(tracked.source), *_beatless(tracked)]
    filled, absent = (
        sum(int(getattr(volume, name).sum()) for volume in tracked.volumes) for name in ("interpolated", "absent")
    )
    if filled + absent:
        every = sum(len(volume.studies[0].slices) * len(volume.ml) for volume in tracked.volumes)
        words = f"{filled} areas of slices were interpolated and {absent} taken as 0"
        notes.append(f"for volumes, {words}, of {every} in all frames (--missing)")
    short = [volume.name for volume in tracked.volumes if len(volume.left_out)]
    if short:
        notes.append(f"slices that come and go are left out of the volumes of {some(short)} (slices_left_out; --missing)")
    if {"edv_ml", "esv_ml"} <= set(function):
        none = function.loc[function[["edv_ml", "esv_ml"]].isna().any(axis=1), "study"].unique()
        measured = [name for name in none if name in {volume.name for volume in tracked.volumes}]
        words = "slices lack an outline at end-diastole or end-systole, and so there is no ejection fraction"
        notes += [f"{words}, of {some(measured)} (--missing)"] if measured else []
    if "slices_measured" in function:
        fewer = function.loc[function["slices_measured"] < function["slices"], "study"].unique().tolist()
        words = "change of area, strain and thickening are without slices that lack an outline at end-diastole or end-systole"
        notes += [f"{words} in {some(fewer)} (slices_measured)"] if fewer else []
    return notes + renamed(str(name) for name in tracked.source.table if name not in IDENTITY)


def _untimed(source: Source) -> list[str]:
    """Whose time is unknown, and what stands in its place."""
    names, untimed = source.known["case"], source.sequences.untimed
    if len(untimed) == len(names):
        return ["the time between frames is unknown, so times are frame numbers (--frame-ms)"]
    lacking = untimed if len(untimed) else np.flatnonzero(source.known["time_ms"].isna())
    instead = "so times are frame numbers (--frame-ms)" if len(untimed) else "and taken from that of frames beside them"
    words = f"the time of {len(lacking)} of {len(names)} cases is unknown, such as"
    return [f"{words} {names.iloc[lacking[0]]!r}, {instead}"] if len(lacking) else []


def _beatless(tracked: Tracked) -> list[str]:
    """Studies that function cannot be told of."""
    every = tracked.examinations()
    names = [each.name for each in every if not all(len(study.beats.ed) for study in each.studies)]
    words = f"no beat, and no row in function.csv, of {len(names)} of {counted(len(every), 'study', 'studies')}"
    return [f"{words}, as fewer than two frames show how large the cavity is: {some(names)}"] if names else []


def _changed(tracked: Tracked, smooth: str) -> list[str]:
    """How much smoothing in time moved landmarks, steadying included, and changed areas."""
    rms, area = tracked.prepared.moved_rms, tracked.prepared.area_change
    if smooth == "none" or not np.isfinite(rms).any():
        return []
    moved = f"{np.sqrt(np.nanmean(np.square(rms))):.2g} {tracked.source.unit}"
    most = f"{100 * np.nanmax(area):.3g} % at most, in {tracked.source.sequences.names[int(np.nanargmax(area))]}"
    return [f"smoothing ({smooth}) moved landmarks by {moved} (rms) and areas by {most}"]


def _unlike(tracked: Tracked) -> list[str]:
    """Where the frames are that are unlike their neighbours, and what can be done with them."""
    counts = tracked.prepared.outlier.sum(axis=1)
    order = [int(q) for q in np.argsort(-counts, kind="stable") if counts[q]]
    names = [f"{tracked.source.sequences.names[q]} {counted(int(counts[q]), 'frame')}" for q in order]
    dropped = bool((tracked.prepared.gaps & tracked.prepared.outlier).all(where=tracked.prepared.outlier))
    words = "made gaps" if dropped else "choose no phase, and count all the same (--drop-outliers)"
    return [f"{counted(int(counts.sum()), 'frame')} unlike their neighbours {words}: {some(names, 3)}"] if names else []


def draw_findings(
    found: Findings, network: Path, *, show: str | None, film: bool, folder: Path
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Draw and save what was found, in place of the pictures of an earlier run; and why the film has no masks.

    Parameters
    ----------
    found : Findings
    network : Path
        The ``network.pt`` that says what structures are made of, for the masks in the film.
    show : str or None
        The sequence to show in full.
    film : bool
    folder : Path
    """
    clear_film(folder)
    if found.grown is not None:
        return replace_pictures("tracks", growth_pictures(found.grown, found.source), folder), ()
    assert found.tracked is not None and found.averages is not None
    tracked, function = found.tracked, found.tables["function"]
    study, q = shown_sequence(tracked, show, function)
    paths = replace_pictures("tracks", track_pictures(tracked, function, found.averages, study, q), folder)
    if not film:
        return paths, ()
    planes = planes_of(tracked.source, network)
    shown = None if isinstance(planes, str) else planes
    films = draw_film(tracked, study, q, shown, folder)
    return (*paths, *films), (planes,) if isinstance(planes, str) else ()
