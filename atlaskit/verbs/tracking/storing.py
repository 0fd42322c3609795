"""Groups of the store that hold the tracks: arrays that xarray opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from atlaskit.landmarks import AXIS, text
from atlaskit.store import write_group
from atlaskit.verbs.tracking.comparing import Averages
from atlaskit.verbs.tracking.tracked import Tracked

GROUP = "tracks"


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
    frame, landmark = ("sequence", "frame"), ("sequence", "frame", "landmark", "axis")
    each = (*frame, "structure")
    names = tracked.source.topology.structures
    ed, es = _phases(tracked)
    columns: dict[str, tuple[tuple[str, ...], Any, str]] = {
        "study": (("sequence",), text(sequences.studies), "the examination that a sequence is a slice of"),
        "subject": (("sequence",), text(sequences.subjects), "whom it was made of"),
        "slice": (("sequence",), sequences.slices.astype(np.int32), "-1 where there is none"),
        "number": (frame, sequences.frames.astype(np.int32), "of each frame; -1 beyond the end of a sequence"),
        "time": (frame, sequences.time, sequences.time_unit),
        "phase": (frame, tracked.phase, "0 at end-diastole to 1 at the next; NaN outside whole beats"),
        "ed": (frame, ed, "the frame is end-diastole of a whole beat"),
        "es": (frame, es, "the frame is end-systole of a whole beat"),
        "case": (frame, text(tracked.source.cases.ravel().tolist()).reshape(sequences.rows.shape), "empty in gaps"),
        "interpolated": (frame, prepared.interpolated, "the frame is a gap that was filled"),
        "outlier": (frame, prepared.outlier, "the frame is unlike its neighbours"),
        "points": (landmark, prepared.points.astype(np.float32), f"{tracked.source.unit}; NaN in gaps"),
        "displacement": (
            landmark,
            measured.displacement.astype(np.float32),
            f"{tracked.source.unit} since the reference frame",
        ),
        "velocity": (landmark, measured.velocity.astype(np.float32), f"{tracked.source.unit} per {sequences.time_unit}"),
        "area": (each, _stacked(measured.area, names), f"{tracked.source.unit}2"),
        "length": (each, _stacked(measured.length, names), f"of the closed outline, {tracked.source.unit}"),
        "strain": (each, _stacked(measured.strain, names), "of the length since end-diastole, a share"),
    }
    if measured.thickness is not None and measured.thickening is not None:
        columns["thickness"] = (frame, measured.thickness, f"of the wall, {tracked.source.unit}")
        columns["thickening"] = (frame, measured.thickening, "since end-diastole, a share")
    coords = {
        "sequence": text(sequences.names),
        "structure": text(names),
        "axis": text(AXIS),
        "landmark": tracked.source.landmarks.astype(np.int32),
    }
    described = {name: (dims, values, {"description": words}) for name, (dims, values, words) in columns.items()}
    return xr.Dataset(described, coords)


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
    frames = max(len(volume.ml) for volume in tracked.volumes)
    ml = np.full((len(tracked.volumes), frames), np.nan)
    for row, volume in zip(ml, tracked.volumes, strict=True):
        row[: len(volume.ml)] = volume.ml
    methods = text([volume.method for volume in tracked.volumes])
    columns = {"volume_ml": (("study", "frame"), ml), "method": (("study",), methods)}
    return xr.Dataset(columns, {"study": text([volume.name for volume in tracked.volumes])})


def _average(average: Averages) -> xr.Dataset:
    curves = {name: (("subject", "phase"), values) for name, values in average.curves.items()}
    beside = {"group": (("subject",), text(average.groups)), "es_phase": (("subject",), average.es)}
    return xr.Dataset({**curves, **beside}, {"subject": text(average.subjects), "phase": average.phase})
