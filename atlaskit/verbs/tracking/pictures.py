"""The pictures of `atlaskit.track`: one beat in full, all studies small, groups on average, and a film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import plot
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.comparing import ALL, Averages
from atlaskit.verbs.tracking.masks import Planes
from atlaskit.verbs.tracking.tracked import Tracked
from atlaskit.verbs.whole import whole

FILM = "tracks_beat.gif"
PER_CENT = 100.0
LABELS = {
    "volume": "volume since ED (%)",
    "area": "area since ED (%)",
    "thickening": "wall thickening (%)",
}

Array = NDArray[np.float64]


def shown_sequence(tracked: Tracked, wanted: str | None, function: pd.DataFrame) -> tuple[Study, int]:
    """The study and sequence to show: the one asked for, or the middle slice of the study with the median change of area."""
    if wanted is not None:
        q = tracked.source.sequences.names.index(wanted)
        return next(study for study in tracked.studies if q in study.slices), q
    change = function.groupby("study")["fac"].mean().dropna() if "fac" in function else pd.Series(dtype=float)
    order = change.sort_values(kind="stable").index
    first = {each.name: each.studies[0] for each in tracked.examinations()}
    study = first[order[len(order) // 2]] if len(order) else tracked.studies[0]
    return study, _fullest(tracked, study)


def _fullest(tracked: Tracked, study: Study) -> int:
    """The slice nearest to the middle of those with the fewest gaps."""
    known = np.isfinite(tracked.measured.cavity[study.slices]).sum(1)
    best = np.flatnonzero(known == known.max())
    return int(study.slices[best[len(best) // 2]])


def track_pictures(
    tracked: Tracked, function: pd.DataFrame, average: Averages, study: Study, q: int
) -> Iterator[tuple[str, Any]]:
    """Axes by name: one sequence in full, all studies small, and average beats.

    Parameters
    ----------
    tracked : Tracked
    function : DataFrame
        As of `function_table`.
    average : Averages
    study : Study
    q : int
        The sequence to show in full, and its study, as of `shown_sequence`.
    """
    yield from _in_full(tracked, study, q)
    yield from _studies(tracked, function, average)
    for curve, values in average.curves.items():
        if len(average.subjects) > 1 and np.isfinite(values).any():
            groups = None if set(average.groups) == {ALL} else list(average.groups)
            label = LABELS.get(curve, f"{tracked.strain} {curve} (%)")
            yield f"average {curve}", plot.average(average.phase, PER_CENT * values, groups, label=label, es=average.es)


def clear_film(folder: Path) -> None:
    """Take away the film of an earlier run."""
    (folder / FILM).unlink(missing_ok=True)


def draw_film(tracked: Tracked, study: Study, q: int, planes: Planes | None, folder: Path) -> tuple[Path, ...]:
    """Save a film of a sequence beside its masks.

    Parameters
    ----------
    tracked : Tracked
    study : Study
    q : int
        The sequence, and its study.
    planes : callable or None
        The planes of the structures in a frame of a sequence.
    folder : Path
    """
    if not np.isfinite(tracked.prepared.points[q]).any():
        return ()
    animation = _film(tracked, study, q, planes)
    whole(folder / FILM, lambda draft: animation.save(draft, writer="pillow"), suffixed=True)
    return (folder / FILM,)


def _in_full(tracked: Tracked, study: Study, q: int) -> Iterator[tuple[str, Any]]:
    """Curves, paths and motion of one sequence."""
    measured, source, sequences = tracked.measured, tracked.source, tracked.source.sequences
    frames, name = study.frames, sequences.names[q]
    ed, es = _marks(study)
    x = sequences.time[q, :frames]
    flags = {"interpolated": tracked.prepared.interpolated[q, :frames], "outliers": tracked.prepared.outlier[q, :frames]}
    strains = {key: values[q, :frames] for key, values in measured.strain.items()}
    areas = {key: values[q, :frames] for key, values in measured.area.items()}
    if frames > 1:
        label = f"area ({source.unit}²)"
        yield "curves", plot.beat(x, areas, strains, unit=_unit(tracked), label=label, ed=ed, es=es, **flags, title=name)[0]
    points = tracked.prepared.points[q, :frames]
    if ed and np.isfinite(points[ed[0]]).any():
        first: dict[str, Any] = {"ed": ed[0], "es": es[0], "unit": source.unit, "title": name}
        yield "trajectories", plot.trajectories(points, source.topology, periodic=study.periodic, **first)
        yield "motion", plot.motion_map(points, source.topology, **first)


def _unit(tracked: Tracked) -> Literal["ms", "frame"]:
    return "ms" if tracked.source.sequences.time_unit == "ms" else "frame"


def _marks(study: Study) -> tuple[list[int], list[int]]:
    return study.beats.ed.tolist(), study.beats.es.tolist()


def _studies(tracked: Tracked, function: pd.DataFrame, average: Averages) -> Iterator[tuple[str, Any]]:
    """A small panel of each examination's volume, where there are volumes, else of its area, with what it ejects."""
    volumes = {each.name: each.ml for each in tracked.volumes}
    studies = {each.name: each.studies[0] for each in tracked.examinations() if each.volume is not None or not volumes}
    studies = {name: study for name, study in studies.items() if len(study.beats.ed)}
    if len(studies) < 2:
        return
    share = "ef" if volumes else "fac"
    known = function.groupby("study")[share].mean().dropna() if share in function else pd.Series(dtype=float)
    said = {str(name): f"{share.upper()} {PER_CENT * value:.0f} %" for name, value in known.items()}
    group = dict(zip(average.subjects, average.groups, strict=True))
    whose = {name: tracked.source.sequences.subjects[study.slices[0]] for name, study in studies.items()}
    times = tracked.source.sequences.time
    grid = plot.multiples(
        {name: times[study.slices[0], : study.frames] for name, study in studies.items()},
        {name: volumes.get(name, study.curve) for name, study in studies.items()},
        unit=_unit(tracked),
        label="volume (ml)" if volumes else f"area ({tracked.source.unit}²)",
        notes=said,
        groups={name: group[subject] for name, subject in whose.items() if group.get(subject, ALL) != ALL} or None,
        ed={name: int(study.beats.ed[0]) for name, study in studies.items()},
        es={name: int(study.beats.es[0]) for name, study in studies.items()},
    )
    yield "studies", grid[0]


def _film(tracked: Tracked, study: Study, q: int, planes: Planes | None) -> Any:
    """The sequence beside its masks, in pixels."""
    spacing = tracked.source.spacing_mm[q]
    points = tracked.prepared.points[q, : study.frames] / (spacing if np.isfinite(spacing).all() else 1.0)
    sequences, unit = tracked.source.sequences, tracked.source.unit
    masks = None if planes is None else (lambda frame: planes(q, frame))
    ed, es = _marks(study)
    return plot.beating(
        points,
        tracked.source.topology,
        masks,
        values={name: values[q, : study.frames] for name, values in tracked.measured.area.items()},
        x=sequences.time[q, : study.frames],
        unit=_unit(tracked),
        label=f"area ({unit}²)",
        ed=ed[0] if ed else None,
        es=es[0] if es else None,
        interpolated=tracked.prepared.interpolated[q, : study.frames],
        outliers=tracked.prepared.outlier[q, : study.frames],
        title=sequences.names[q],
    )
