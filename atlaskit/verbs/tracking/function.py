"""Function of each study, a row per beat: volumes, ejection fraction, changes of area, strain and thickening."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.tracking import phases
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.tracked import Tracked

MINUTE_MS = 60_000.0
INDICES = ("ef", "fac", "strain", "strain_peak", "thickening")
"""Shares that say how well a cavity works, of which groups are compared; strain is of the cavity's outline."""

Array = NDArray[np.float64]


def function_table(tracked: Tracked) -> pd.DataFrame:
    """A row per study and beat, with the columns of the user's table.

    Volumes are those of the study's slices or views, changes and strains means over the slices that have an outline at
    end-diastole and end-systole; ``strain`` of the cavity's outline at end-systole, ``strain_peak`` its least of the beat.
    """
    sequences = tracked.source.sequences
    whose = tracked.source.table
    own = [str(name) for name in whose if name not in ("sequence", "slice")]
    rows = []
    for study in tracked.studies:
        said: dict[str, object] = {name: _same(whose[name].iloc[study.slices]) for name in own}
        for beat in range(len(study.beats.ed)):
            rows.append({**said, "slices": len(study.slices), "beat": beat, **_beat(tracked, study, beat)})
    table = pd.DataFrame(rows, columns=None if rows else ["study", "subject"])
    return table if sequences.time_unit == "ms" else table.drop(columns=["ed_ms", "es_ms", "beats_per_minute"], errors="ignore")


def _same(column: pd.Series) -> object:
    """What all slices of a study say alike."""
    return column.iloc[0] if column.nunique(dropna=False) == 1 else np.nan


def _beat(tracked: Tracked, study: Study, beat: int) -> dict[str, object]:
    """What is measured on one beat of a study."""
    sequences, measured = tracked.source.sequences, tracked.measured
    ed, es, stop = (int(values[beat]) for values in (study.beats.ed, study.beats.es, study.beats.stop))
    time, numbers = sequences.time[study.slices[0]], sequences.frames[study.slices[0]]
    step = float(np.nanmean(np.diff(time[: study.frames]))) if study.frames > 1 else np.nan
    frames = study.frames if study.periodic else stop - ed
    row: dict[str, object] = {"ed": int(numbers[ed]), "es": int(numbers[es]), "ed_ms": time[ed], "es_ms": time[es]}
    row["beats_per_minute"] = MINUTE_MS / (frames * step) if frames > 2 else np.nan
    inside = slice(None, study.frames) if study.periodic else slice(ed, stop)
    cavity, wall = tracked.roles.cavity, tracked.roles.wall
    areas = measured.area[cavity][study.slices]
    row |= _volumes(tracked, study, inside, ed, es)
    row["fac"] = _mean(1 - areas[:, es] / areas[:, ed])
    strain = measured.strain[cavity][study.slices]
    row["strain_is"] = tracked.strain
    row |= {"strain": _mean(strain[:, es]), "strain_peak": _mean(_least(strain[:, inside]))}
    if wall is not None and measured.thickness is not None and measured.thickening is not None:
        thickness = measured.thickness[study.slices]
        row |= {"strain_wall": _mean(measured.strain[wall][study.slices, es])}
        unit = tracked.source.unit
        row |= {f"thickness_ed_{unit}": _mean(thickness[:, ed]), f"thickness_es_{unit}": _mean(thickness[:, es])}
        row["thickening"] = _mean(measured.thickening[study.slices, es])
    return row


def _volumes(tracked: Tracked, study: Study, inside: slice, ed: int, es: int) -> dict[str, object]:
    """Volumes at the two ends of a beat: greatest and least of it, which are those of the phases where slices were summed."""
    volume = next((each for each in tracked.volumes if each.studies[0] is study), None)
    if volume is None:
        return {}
    first, last = volume.ml[ed], volume.ml[es]
    if volume.method != "slices" and np.isfinite(volume.ml[inside]).sum() >= 3:
        found = phases(volume.ml[inside], periodic=study.periodic)
        first, last = volume.ml[inside][[int(found.ed), int(found.es)]]
    ejected = first - last
    return {
        "edv_ml": first,
        "esv_ml": last,
        "sv_ml": ejected,
        "ef": ejected / first if first > 0 else np.nan,
        "slices_interpolated": int(volume.interpolated[[ed, es]].max()),
    }


def _mean(values: NDArray[np.floating]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _least(values: Array) -> Array:
    """(Z,) the least known value of each slice; NaN where none is known."""
    least = np.where(np.isfinite(values), values, np.inf).min(axis=1)
    return np.where(np.isfinite(least), least, np.nan)


def by_subject(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The mean of each subject over its beats, then over its studies."""
    kept = [name for name in columns if name in table]
    return table.groupby(["subject", "study"])[kept].mean().groupby("subject").mean()
