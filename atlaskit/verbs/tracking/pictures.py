"""The pictures of `atlaskit.track`: one beat in full, all studies small, groups on average, and a film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import plot, tracking
from atlaskit.errors import counted
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.comparing import ALL, Averages
from atlaskit.verbs.tracking.masks import Planes
from atlaskit.verbs.tracking.tracked import Tracked
from atlaskit.verbs.tracking.volumes import Volume
from atlaskit.verbs.whole import whole

FILM = "tracks_beat.gif"
PER_CENT = 100.0
LABELS = {
    "volume": "change of volume since ED (%)",
    "area": "change of area since ED (%)",
    "thickening": "wall thickening (%)",
}

Array = NDArray[np.float64]


def shown_sequence(tracked: Tracked, wanted: str | None, function: pd.DataFrame) -> tuple[Study, int]:
    """The study and sequence to show: the one asked for, or a middle slice, by default of median change of area."""
    asked = next((study for study in tracked.studies if study.name == wanted), None)
    if asked is not None:
        return asked, _fullest(tracked, asked)
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
    x = _places(tracked, study, q)
    flags = {"interpolated": tracked.prepared.interpolated[q, :frames], "outliers": tracked.prepared.outlier[q, :frames]}
    strains = {key: values[q, :frames] for key, values in measured.strain.items()}
    areas = {key: values[q, :frames] for key, values in measured.area.items()}
    if frames > 1:
        label = f"area ({source.unit}²)"
        yield "curves", plot.beat(x, areas, strains, unit=_unit(tracked), label=label, ed=ed, es=es, **flags, title=name)[0]
    if ed:
        yield from _motion(tracked, study, q)


def _motion(tracked: Tracked, study: Study, q: int) -> Iterator[tuple[str, Any]]:
    """Paths of the landmarks of one sequence, and how far they get, in frames that are like their neighbours."""
    source, prepared, (ed, es) = tracked.source, tracked.prepared, _marks(study)
    own = prepared.points[q, : study.frames]
    left = (prepared.outlier & ~prepared.interpolated)[q, : study.frames] & np.isfinite(own).any((1, 2))
    unlike = [f"{word} is an outlier" for word, at in (("end-diastole", ed[0]), ("end-systole", es[0])) if left[at]]
    left[[ed[0], es[0]]] = False  # without these there is nothing to measure from, or to show
    words = [f"{counted(int(left.sum()), 'outlier')} left out"] if left.any() else []
    closed = bool(prepared.closed[q])
    points = _past(own, left, periodic=closed)
    title = ", ".join([source.sequences.names[q], *words, *unlike])
    first: dict[str, Any] = {"ed": ed[0], "es": es[0], "unit": source.unit, "title": title}
    if np.isfinite(points).any():
        way: dict[str, Any] = {"periodic": closed, "frame_numbers": source.sequences.frames[q, : study.frames]}
        yield "trajectories", plot.trajectories(points, source.topology, **way, **first)
    if np.isfinite(points[ed[0]]).any():
        yield "motion", plot.motion_map(points, source.topology, **first)


def _past(points: Array, left: NDArray[np.bool_], *, periodic: bool) -> Array:
    """Points (T, L, 2) less those of some frames (T,): straight lines lead past these from one known neighbour to the other."""
    known = np.where(left, np.nan, np.isfinite(points).any((1, 2)))
    between = left & (tracking.bridged(known, periodic=periodic) == 1)
    kept = np.where(left[:, None, None], np.nan, points)
    return np.where(between[:, None, None], tracking.bridged(kept, axis=0, periodic=periodic), kept)


def _unit(tracked: Tracked) -> Literal["ms", "frame"]:
    return "ms" if tracked.source.sequences.time_unit == "ms" else "frame"


def _places(tracked: Tracked, study: Study, q: int) -> Array:
    """Where the frames of a sequence lie on an axis: at their times, or at the numbers that files and tables call them by."""
    sequences = tracked.source.sequences
    places = sequences.time if _unit(tracked) == "ms" else sequences.frames
    return places[q, : study.frames].astype(np.float64)


def _marks(study: Study) -> tuple[list[int], list[int]]:
    return study.beats.ed.tolist(), study.beats.es.tolist()


def _studies(tracked: Tracked, function: pd.DataFrame, average: Averages) -> Iterator[tuple[str, Any]]:
    """A small panel of each examination's volume, where there are volumes, else of its area, with what it ejects.

    The volume of a single one is drawn large; its area is among the curves of its sequence.
    """
    volumes = {each.name: each for each in tracked.volumes}
    studies = {each.name: each.studies[0] for each in tracked.examinations() if each.volume is not None or not volumes}
    group = _groups(tracked, average)
    order = sorted(studies, key=lambda name: (name not in group, group.get(name, ""), name))
    studies = {name: studies[name] for name in order if len(studies[name].beats.ed)}
    said = _said(function, volumes)
    if len(studies) == 1 and volumes:
        (only,) = (volumes[name] for name in studies)
        if np.isfinite(only.ml).any():
            yield "volume", _volume(tracked, only, said)
    if len(studies) < 2:
        return
    grid = plot.multiples(
        {name: _places(tracked, study, study.slices[0]) for name, study in studies.items()},
        {name: volumes[name].ml if volumes else study.curve for name, study in studies.items()},
        unit=_unit(tracked),
        label="volume (ml)" if volumes else f"area ({tracked.source.unit}²)",
        notes={name: "\n".join(lines) for name, lines in said.items()},
        groups=group or None,
        ed={name: study.beats.ed.tolist() for name, study in studies.items()},
        es={name: study.beats.es.tolist() for name, study in studies.items()},
        interpolated={name: volume.interpolated > 0 for name, volume in volumes.items()},
    )
    yield "studies", grid[0]


def _said(function: pd.DataFrame, volumes: dict[str, Volume]) -> dict[str, list[str]]:
    """What each examination ejects, the mean of its beats, and how many slices its volume leaves out, in words."""
    share = "ef" if volumes else "fac"
    known = function.groupby("study")[share].mean().dropna() if share in function else pd.Series(dtype=float)
    words = {str(name): [f"{share.upper()} {PER_CENT * value:.0f} %"] for name, value in known.items()}
    for name, left in ((name, len(volume.left_out)) for name, volume in volumes.items()):
        words.setdefault(name, []).extend([f"{counted(left, 'slice')} left out"] if left else [])
    return words


def _volume(tracked: Tracked, volume: Volume, said: dict[str, list[str]]) -> Any:
    """The volume of one examination over its frames."""
    study = volume.studies[0]
    ed, es = _marks(study)
    return plot.curves(
        _places(tracked, study, study.slices[0]),
        volume.ml,
        unit=_unit(tracked),
        label="volume (ml)",
        ed=ed,
        es=es,
        interpolated=volume.interpolated > 0,
        title=f"{volume.name}\n{', '.join(said[volume.name])}",
    )


def _groups(tracked: Tracked, average: Averages) -> dict[str, str]:
    """The group of every examination that has one, drawn or not, so that a group has one colour in all pictures."""
    group = dict(zip(average.subjects, average.groups, strict=True))
    subjects = tracked.source.sequences.subjects
    found = {each.name: group.get(subjects[each.studies[0].slices[0]], ALL) for each in tracked.examinations()}
    return {name: own for name, own in found.items() if own != ALL}


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
        x=_places(tracked, study, q),
        unit=_unit(tracked),
        label=f"area ({unit}²)",
        ed=ed,
        es=es,
        frame_numbers=sequences.frames[q, : study.frames],
        interpolated=tracked.prepared.interpolated[q, : study.frames],
        outliers=tracked.prepared.outlier[q, : study.frames],
        title=sequences.names[q],
    )
