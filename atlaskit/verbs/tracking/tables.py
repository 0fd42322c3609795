"""The tables of `atlaskit.track`, one value of `Tracked` each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.tracking import average
from atlaskit.verbs.tracking.columns import IDENTITY, SEQUENCES, beside
from atlaskit.verbs.tracking.tracked import Tracked

Array = NDArray[np.float64]


def frame_table(tracked: Tracked) -> pd.DataFrame:
    """A row per sequence and frame: which case it is, whether it is a gap, filled in or unlike its neighbours, and the wall."""
    sequences, prepared, measured = tracked.source.sequences, tracked.prepared, tracked.measured
    unit = tracked.source.unit
    q, t = np.nonzero(sequences.frames >= 0)
    table = _identity(tracked, q, t)
    table["case"] = tracked.source.cases[q, t]
    table["gap"] = prepared.gaps[q, t]
    table["interpolated"], table["outlier"] = prepared.interpolated[q, t], prepared.outlier[q, t]
    table["outlier_score"], table["outlier_of"] = prepared.outlier_score[q, t], prepared.outlier_of[q, t]
    table[f"drift_x_{unit}"], table[f"drift_y_{unit}"] = measured.drift[q, t].T
    table[f"displacement_{unit}"] = _mean(np.linalg.norm(measured.displacement, axis=-1))[q, t]
    if measured.thickness is not None and measured.thickening is not None:
        table[f"thickness_{unit}"], table["thickening"] = measured.thickness[q, t], measured.thickening[q, t]
    return table


def curve_table(tracked: Tracked) -> pd.DataFrame:
    """A row per sequence, frame and structure: its area (of a ring without its hole), length, and strain since end-diastole."""
    measured, unit = tracked.measured, tracked.source.unit
    q, t = np.nonzero(tracked.source.sequences.frames >= 0)
    parts = []
    for name in tracked.source.topology.structures:
        values = {
            f"area_{unit}2": measured.area[name],
            f"length_{unit}": measured.length[name],
            "strain": measured.strain[name],
        }
        part = _identity(tracked, q, t).assign(structure=name, **{key: column[q, t] for key, column in values.items()})
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def sequence_table(tracked: Tracked, group: str | None = None) -> pd.DataFrame:
    """A row per sequence: who, with its group, what is missing, how landmarks tremble and move, and the rest of the table."""
    sequences, prepared, measured = tracked.source.sequences, tracked.prepared, tracked.measured
    unit = tracked.source.unit
    whose = tracked.source.table
    table = whose[list(IDENTITY)].copy()
    table["frames"], table["gaps"] = sequences.lengths, prepared.gaps.sum(1)
    table["interpolated"], table["outliers"] = prepared.interpolated.sum(1), prepared.outlier.sum(1)
    table["closes"] = prepared.closed
    table[f"path_length_{unit}"] = _mean(measured.path_length)
    for name in ("along_before", "along", "across"):
        table[f"jitter_{name}_{unit}"] = getattr(prepared, name)
    for name in ("moved_rms", "moved_most"):
        table[f"{name}_{unit}"] = getattr(prepared, name)
    table["moved_area_change"] = prepared.area_change
    return beside(table, whose.drop(columns=list(IDENTITY)), SEQUENCES, group)


def volume_table(tracked: Tracked) -> pd.DataFrame:
    """A row per study and frame: the volume, and of how many slices the area was interpolated or taken for none."""
    parts = []
    for volume in tracked.volumes:
        q = volume.studies[0].slices[0]
        frames = len(volume.ml)
        columns = {
            "study": volume.name,
            "subject": tracked.source.sequences.subjects[q],
            "method": volume.method,
            "frame": tracked.source.sequences.frames[q, :frames],
            _time(tracked): tracked.source.sequences.time[q, :frames],
            "phase": tracked.phase[q, :frames],
            "volume_ml": volume.ml,
            "slices_interpolated": volume.interpolated,
            "slices_absent": volume.absent,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def segment_table(tracked: Tracked) -> pd.DataFrame:
    """A row per sequence, frame and segment of the outline, from one landmark to another; experimental, as its headings say."""
    q, t = np.nonzero(tracked.source.sequences.frames >= 0)
    found, parts = tracked.measured.segments, []
    for k, part in enumerate(tracked.measured.parts):
        first, last = tracked.source.landmarks[[part[0], part[-1]]]
        values = {f"{name}_experimental": column[q, t, k] for name, column in found.items()}
        parts.append(_identity(tracked, q, t).assign(segment=k, from_landmark=first, to_landmark=last, **values))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _identity(tracked: Tracked, q: NDArray[np.intp], t: NDArray[np.intp]) -> pd.DataFrame:
    """Which sequence and frame each row is."""
    sequences = tracked.source.sequences
    who = tracked.source.table[["sequence", "study", "subject", "slice"]].iloc[q].reset_index(drop=True)
    return who.assign(frame=sequences.frames[q, t], **{_time(tracked): sequences.time[q, t]}, phase=tracked.phase[q, t])


def _time(tracked: Tracked) -> str:
    return "time_ms" if tracked.source.sequences.time_unit == "ms" else "time_frames"


def _mean(values: Array) -> Array:
    """Means over the last axis of what is known there; NaN where nothing is."""
    return average(values, axis=-1).mean
