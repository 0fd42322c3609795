"""Groups of the store that hold the tracks: arrays that xarray opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from atlaskit.landmarks import AXIS, text
from atlaskit.store import write_group
from atlaskit.tracking.jumps import THRESHOLD
from atlaskit.verbs.tracking.comparing import Averages
from atlaskit.verbs.tracking.tracked import Tracked

GROUP = "tracks"

Column = tuple[tuple[str, ...], Any, str, str]
"""Dimensions and values of an array, what it is, and its unit."""


def write_tracks(tracked: Tracked, average: Averages, options: Mapping[str, object]) -> None:
    """Write ``tracks`` into the store: sequences, and in groups of it the volumes and average beats.

    Parameters
    ----------
    tracked : Tracked
    average : Averages
    options : mapping of str to object
        Those of the run, as attributes.
    """
    made = {**options, "unit": tracked.source.unit, "time_unit": tracked.source.sequences.time_unit}
    parts = {"": _sequences(tracked).assign_attrs({name: str(value) for name, value in made.items()})}
    if tracked.volumes:
        parts["volumes"] = _volumes(tracked)
    if average.curves:
        parts["average"] = _average(average)
    write_group(tracked.source.store, GROUP, parts)


def _sequences(tracked: Tracked) -> xr.Dataset:
    sequences, prepared, measured = tracked.source.sequences, tracked.prepared, tracked.measured
    unit, names = tracked.source.unit, tracked.source.topology.structures
    frame, landmark = ("sequence", "frame"), ("sequence", "frame", "landmark", "axis")
    each = (*frame, "structure")
    ed, es = _phases(tracked)
    columns: dict[str, Column] = {
        "study": (("sequence",), text(sequences.studies), "the examination that a sequence is a slice of", ""),
        "subject": (("sequence",), text(sequences.subjects), "whom it was made of", ""),
        "slice": (("sequence",), sequences.slices.astype(np.int32), "-1 where there is none", ""),
        "number": (frame, sequences.frames.astype(np.int32), "of each frame; -1 beyond the end of a sequence", ""),
        "time": (frame, sequences.time, "of each frame", sequences.time_unit),
        "phase": (frame, tracked.phase, "0 at end-diastole to 1 at the next; NaN outside whole beats", ""),
        "ed": (frame, ed, "the frame is end-diastole of a beat", ""),
        "es": (frame, es, "the frame is end-systole of a beat", ""),
        "case": (frame, _texts(tracked.source.cases), "empty in gaps", ""),
        "interpolated": (frame, prepared.interpolated, "the frame is a gap that was filled", ""),
        "outlier": (frame, prepared.outlier, "the frame is unlike its neighbours", ""),
        "outlier_score": (frame, prepared.outlier_score, f"{_SCORE}; an outlier has more than {THRESHOLD}", ""),
        "outlier_of": (frame, _texts(prepared.outlier_of), "what is farthest off; empty where there is no score", ""),
        "points": (landmark, prepared.points.astype(np.float32), "x right, y down; NaN in gaps", unit),
        "displacement": (landmark, measured.displacement.astype(np.float32), "since the reference frame", unit),
        "velocity": (landmark, measured.velocity.astype(np.float32), "NaN beside gaps", f"{unit} / {sequences.time_unit}"),
        "drift": ((*frame, "axis"), measured.drift, "of the centroid of the cavity since the reference frame", unit),
        "path_length": (("sequence", "landmark"), measured.path_length, "of the whole way; NaN where a frame lacks it", unit),
        "area": (each, _stacked(measured.area, names), "inside the outline; of a ring, without its hole", f"{unit}2"),
        "length": (each, _stacked(measured.length, names), f"of {_measured_line(tracked)}", unit),
        "strain": (each, _stacked(measured.strain, names), "of the length since end-diastole, a share", "1"),
    }
    if measured.thickness is not None and measured.thickening is not None:
        columns["thickness"] = (frame, measured.thickness, "of the wall", unit)
        columns["thickening"] = (frame, measured.thickening, "of the wall since end-diastole, a share", "1")
    for name, values in measured.segments.items():
        columns[f"segment_{name}"] = ((*frame, "segment"), values, "experimental: of a part of the outline, a share", "1")
    if measured.parts:
        ends = tracked.source.landmarks[[[part[0], part[-1]] for part in measured.parts]].astype(np.int32)
        columns["segment_landmarks"] = (("segment", "end"), ends, "first and last of each segment", "")
    coords = {
        "sequence": text(sequences.names),
        "structure": text(names),
        "axis": text(AXIS),
        "landmark": tracked.source.landmarks.astype(np.int32),
    }
    return xr.Dataset(_described(columns), coords)


_SCORE = "errors against neighbours in usual errors, root mean square over attributes"


def _texts(values: NDArray[np.str_]) -> NDArray[Any]:
    """Text in any shape."""
    return text(values.ravel().tolist()).reshape(values.shape)


def _measured_line(tracked: Tracked) -> str:
    """What lengths are measured along."""
    whole = "the closed outline"
    return whole if tracked.strain == "circumferential" else f"{whole}; of cavity and wall without the valve plane"


def _described(columns: Mapping[str, Column]) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
    """Columns with their words and units as attributes."""
    return {
        name: (dims, values, {"description": words} | ({"units": unit} if unit else {}))
        for name, (dims, values, words, unit) in columns.items()
    }


def _phases(tracked: Tracked) -> NDArray[np.bool_]:
    """(2, Q, T) which frames are end-diastole, and which end-systole; all slices of a study have the same."""
    found = np.zeros((2, *tracked.source.sequences.rows.shape), dtype=bool)
    for study in tracked.studies:
        for marks, frames in zip(found, (study.beats.ed, study.beats.es), strict=True):
            marks[np.ix_(study.slices, frames)] = True
    return found


def _stacked(curves: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return np.stack([curves[name] for name in names], axis=-1)


def _volumes(tracked: Tracked) -> xr.Dataset:
    volumes, sequences, frame = tracked.volumes, tracked.source.sequences, ("study", "frame")
    frames = max(len(volume.ml) for volume in volumes)
    first = [volume.studies[0].slices[0] for volume in volumes]
    columns: dict[str, Column] = {
        "subject": (("study",), text([sequences.subjects[q] for q in first]), "whom it was made of", ""),
        "method": (("study",), text([volume.method for volume in volumes]), "how the volume was found", ""),
        "time": (frame, _long([sequences.time[q] for q in first], frames, np.nan), "of each frame", sequences.time_unit),
        "volume_ml": (frame, _long([volume.ml for volume in volumes], frames, np.nan), "of the cavity", "ml"),
        "interpolated": (frame, _long([volume.interpolated for volume in volumes], frames, 0), "slices whose area was", ""),
        "absent": (frame, _long([volume.absent for volume in volumes], frames, 0), "slices whose area was taken as 0", ""),
        "left_out": (("study",), [len(volume.left_out) for volume in volumes], "slices that count in no frame", ""),
    }
    return xr.Dataset(_described(columns), {"study": text([volume.name for volume in volumes])})


def _long(rows: Sequence[NDArray[Any]], frames: int, beyond: float) -> NDArray[Any]:
    """(N, T) rows of unlike lengths, with one value beyond the end of each."""
    return np.stack([np.pad(row[:frames], (0, max(frames - len(row), 0)), constant_values=beyond) for row in rows])


def _average(average: Averages) -> xr.Dataset:
    columns: dict[str, Column] = {
        name: (("subject", "phase"), values, "mean beat, of what it is at end-diastole, a share", "1")
        for name, values in average.curves.items()
    }
    columns["group"] = (("subject",), text(average.groups), "that was compared", "")
    columns["es_phase"] = (("subject",), average.es, "of end-systole", "")
    return xr.Dataset(_described(columns), {"subject": text(average.subjects), "phase": average.phase})
