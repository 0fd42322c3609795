"""Function of each study, a row per beat: volumes, ejection fraction, changes of area, strain and thickening."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.tracking import phases
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.columns import FUNCTION, IDENTITY, beside
from atlaskit.verbs.tracking.pairing import match
from atlaskit.verbs.tracking.tracked import Examination, Tracked
from atlaskit.verbs.tracking.volumes import Volume

MINUTE_MS = 60_000.0
INDICES = ("ef", "fac", "strain", "strain_peak", "thickening")
"""Shares that say how well a cavity works, of which groups are compared; strain is of the cavity's outline."""

Array = NDArray[np.float64]


def function_table(tracked: Tracked, group: str | None = None) -> pd.DataFrame:
    """A row per examination and beat: who it is, with the column of its group, what was measured, and the table's columns.

    An examination is a study, or two views that make a volume. Change of area, strain and thickening are those of sums over the
    slices that have an outline at end-diastole and end-systole, so that a large slice counts for more than the apex, and
    means over views. ``strain`` is that of the cavity's outline at end-systole, ``strain_peak`` its least of the beat.
    """
    whose = tracked.source.table
    rows, said = [], []
    for each in tracked.examinations():
        slices = np.concatenate([study.slices for study in each.studies])
        told = {str(name): _same(whose[name].iloc[slices]) for name in whose if name not in IDENTITY}
        who = {"study": each.name, "subject": _same(whose["subject"].iloc[slices])}
        for beat in range(min(len(study.beats.ed) for study in each.studies)):
            rows.append({**who, "slices": len(slices), "beat": beat, **_beat(tracked, each, beat)})
            said.append(told)
    table = pd.DataFrame(rows, columns=None if rows else ["study", "subject"])
    timed = tracked.source.sequences.time_unit == "ms"
    measured = table if timed else table.drop(columns=["ed_ms", "es_ms", "beats_per_minute"], errors="ignore")
    return beside(measured, pd.DataFrame(said, index=table.index), FUNCTION, group)


def _same(column: pd.Series) -> object:
    """What all slices of a study say alike."""
    return column.iloc[0] if column.nunique(dropna=False) == 1 else np.nan


def _beat(tracked: Tracked, each: Examination, beat: int) -> dict[str, object]:
    """What is measured on one beat of an examination."""
    sequences, study = tracked.source.sequences, each.studies[0]
    ed, es = int(study.beats.ed[beat]), int(study.beats.es[beat])
    time, numbers = sequences.time[study.slices[0]], sequences.frames[study.slices[0]]
    row: dict[str, object] = {"ed": int(numbers[ed]), "es": int(numbers[es]), "ed_ms": time[ed], "es_ms": time[es]}
    row["beats_per_minute"] = MINUTE_MS / study.lasts(beat)
    if each.volume is not None:
        flags = [np.asarray(tracked.prepared.outlier[view.slices, : view.frames].any(0)) for view in each.studies]
        unlike = np.any([match(study, view).at(own) > 0 for view, own in zip(each.studies, flags, strict=True)], axis=0)
        row |= _volumes(each.volume, study, _inside(study, beat), ed, es, unlike)
    views = pd.DataFrame([_outlines(tracked, view, beat) for view in each.studies])
    means = {str(name): value for name, value in views.mean().items()}
    return {**row, "strain_is": tracked.strain, **means, "slices_measured": int(views["slices_measured"].sum())}


def _inside(study: Study, beat: int) -> slice:
    """The frames of a beat."""
    ed, es, stop = (int(values[beat]) for values in (study.beats.ed, study.beats.es, study.beats.stop))
    return slice(None, study.frames) if study.periodic else slice(min(ed, es), stop)


def _outlines(tracked: Tracked, study: Study, beat: int) -> dict[str, float]:
    """Changes of the outlines of one study in a beat."""
    measured, roles, unit = tracked.measured, tracked.roles, tracked.source.unit
    ed, es = int(study.beats.ed[beat]), int(study.beats.es[beat])
    inside = _inside(study, beat)
    areas, lengths = measured.cavity[study.slices], measured.length[roles.cavity][study.slices]
    strain = change_of(lengths, ed, es)
    both = int(np.isfinite(areas[:, [ed, es]]).all(1).sum())
    row = {"slices_measured": both, "fac": -change_of(areas, ed, es)[es], "strain": strain[es]}
    row["strain_peak"] = _least(strain[inside])
    if roles.wall is not None and measured.thickness is not None:
        thickness = measured.thickness[study.slices]
        common = np.isfinite(thickness[:, [ed, es]]).all(1)
        row["strain_outer"] = change_of(measured.length[roles.wall][study.slices], ed, es)[es]
        row |= {f"thickness_{name}_{unit}": _mean(thickness[common, at]) for name, at in (("ed", ed), ("es", es))}
        row["thickening"] = change_of(thickness, ed, es)[es]
    return row


def change_of(values: Array, ed: int, es: int) -> Array:
    """(T,) relative change since end-diastole of sums over the slices (Z, T) known at both ends; NaN where one is a gap."""
    common = np.isfinite(values[:, [ed, es]]).all(1)
    total = values[common].sum(0)
    return total / total[ed] - 1 if common.any() and total[ed] > 0 else np.full(values.shape[1], np.nan)


def _volumes(volume: Volume, study: Study, inside: slice, ed: int, es: int, unlike: NDArray[np.bool_]) -> dict[str, object]:
    """Volumes at both ends of a beat: at its phases where slices were summed, else greatest and least, as views differ.

    Frames that are unlike their neighbours (T,) are neither, where others are known.
    """
    first, last = volume.ml[ed], volume.ml[es]
    trusted = np.where(unlike, np.nan, volume.ml)[inside]
    sought = trusted if np.isfinite(trusted).sum() >= 3 else volume.ml[inside]
    if volume.method != "slices" and np.isfinite(sought).sum() >= 3:
        found = phases(sought, periodic=study.periodic)
        first, last = volume.ml[inside][[int(found.ed), int(found.es)]]
    ejected = first - last
    return {
        "edv_ml": first,
        "esv_ml": last,
        "sv_ml": ejected,
        "ef": ejected / first if first > 0 else np.nan,
        "slices_interpolated": int(volume.interpolated[[ed, es]].max()),
        "slices_absent": int(volume.absent[[ed, es]].max()),
        "slices_left_out": len(volume.left_out),
    }


def _mean(values: NDArray[np.floating]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _least(values: Array) -> float:
    """The least known value; NaN where none is known."""
    known = values[np.isfinite(values)]
    return float(known.min()) if len(known) else np.nan


def by_subject(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The mean of each subject over its beats, then over its studies."""
    kept = [name for name in columns if name in table]
    return table.groupby(["subject", "study"])[kept].mean().groupby("subject").mean()
