"""Closed surfaces of each study: a table of what they enclose in every frame, and files of both ends of the beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest
from atlaskit.surfaces import Surface, enclose, write_surface
from atlaskit.tracking import fill
from atlaskit.tracking.volumes import BRIEF, MM3_PER_ML
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.source import Source
from atlaskit.verbs.tracking.tracked import Tracked
from atlaskit.verbs.tracking.volumes import distance
from atlaskit.verbs.whole import as_files, whole

FORMATS = ("vtk", "ply", "stl")
LEVELS = 32
"""Levels of every surface, so that all have the same vertices."""
LEAST_SLICES = 2


def check_format(name: str | None) -> None:
    """Refuse a format that surfaces cannot be written in."""
    if name is not None and name not in FORMATS:
        raise InputError(f"--surfaces is {', '.join(FORMATS)}; got {name!r}: {nearest(name, FORMATS)}")


def close_stacks(tracked: Tracked, missing: str) -> tuple[pd.DataFrame, dict[str, Surface]]:
    """Close the outlines of every study that has slices.

    Parameters
    ----------
    tracked : Tracked
    missing : str
        What a missing outline means for volumes: with "interpolate", brief gaps in time are filled here too.

    Returns
    -------
    table : DataFrame
        A row per study, structure and frame: the volume that the surface encloses, which of a ring contains its hole, its area,
        on how many slices it rests, how many of these are interpolated in time, and how many levels are, across missing slices.
    surfaces : dict of str to Surface
        One at end-diastole and one at end-systole, of each study and structure, by the name of its file.

    Raises
    ------
    InputError
        When sizes are unknown, or no study has two slices.
    """
    source = tracked.source
    source.check_mm("Surfaces are in mm")
    studies = [study for study in tracked.studies if len(study.slices) >= LEAST_SLICES]
    if not studies:
        raise InputError(f"Surfaces need studies of {LEAST_SLICES} slices or more; there is none: leave out --surfaces.")
    rows, named = [], []
    for study in studies:
        for name in source.topology.structures:
            stack, bridged = _stack(tracked, study, name, missing == "interpolate")
            surface = _enclosed(source, study, stack)
            rows.append(_table(source, study, name, surface, stack, bridged))
            ends = {"ed": int(study.beats.ed[0]), "es": int(study.beats.es[0])} if len(study.beats.ed) else {}
            named += [(f"{study.name}_{name}_{end}", surface[frame]) for end, frame in ends.items()]
    known = [(name, surface) for name, surface in named if np.isfinite(surface.vertices).all()]
    return pd.concat(rows, ignore_index=True), as_files("surface", known)


def replace_surfaces(surfaces: Mapping[str, Surface], form: str | None, folder: Path) -> tuple[Path, ...]:
    """Write surfaces as files of a format of `FORMATS`; all that an earlier run left go first."""
    for old in [path for ending in FORMATS for path in folder.glob(f"surface_*.{ending}")]:
        old.unlink()
    made = {folder / f"{name}.{form}": surface for name, surface in surfaces.items()}
    for path, surface in made.items():
        whole(path, lambda draft, surface=surface: write_surface(draft, surface), suffixed=True)  # type: ignore[misc]
    return tuple(made)


@dataclass(frozen=True)
class _Stack:
    """Outlines (Z, T, n, 2) of one structure, on slices of these numbers (Z,)."""

    points: NDArray[np.float64]
    numbers: NDArray[np.int64]

    @property
    def present(self) -> NDArray[np.bool_]:
        """(Z, T) slices that are there."""
        return np.asarray(np.isfinite(self.points).all((-1, -2)))


def _stack(tracked: Tracked, study: Study, name: str, bridge: bool) -> tuple[_Stack, NDArray[np.bool_]]:
    """The slices of a study that its volume counts, brief gaps of theirs bridged if asked for, and (Z, T) which these are."""
    source, volume = tracked.source, tracked.volume_of(study)
    slices = study.slices if volume is None else study.slices[~np.isin(study.slices, volume.left_out)]
    points = tracked.prepared.points[slices, : study.frames][:, :, source.topology.loop_of(name)]
    longest = int(BRIEF * study.frames) if bridge else 0
    filled = fill(points, source.sequences.time[slices, : study.frames], periodic=study.periodic, longest=longest)
    return _Stack(filled.points, source.sequences.slices[slices]), filled.frames


def _enclosed(source: Source, study: Study, stack: _Stack) -> Surface:
    """Surfaces of all frames of a study, (T,); NaN where a frame has fewer than two slices."""
    there = stack.present.sum(axis=0) >= LEAST_SLICES
    known = np.where(there[:, None, None, None], stack.points.swapaxes(0, 1), np.nan)
    return enclose(known, stack.numbers * distance(source, study), levels=LEVELS)


def _table(
    source: Source, study: Study, name: str, surface: Surface, stack: _Stack, bridged: NDArray[np.bool_]
) -> pd.DataFrame:
    columns = {
        "study": study.name,
        "subject": source.sequences.subjects[study.slices[0]],
        "structure": name,
        "frame": source.sequences.frames[study.slices[0], : study.frames],
        "volume_ml": surface.volume_mm3 / MM3_PER_ML,
        "surface_mm2": surface.area_mm2,
        "slices": stack.present.sum(axis=0),
        "slices_interpolated": bridged.sum(axis=0),
        "levels_interpolated": surface.interpolated.sum(-1),
    }
    return pd.DataFrame(columns)
