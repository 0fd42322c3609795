"""Groups of subjects: their average beats, their indices, and the paths of their shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import tracking
from atlaskit.errors import InputError, counted, nearest
from atlaskit.shape import align
from atlaskit.shape.groups import holm
from atlaskit.tracking.volumes import BRIEF
from atlaskit.verbs.tracking.beats import LEAST_CYCLE, Study
from atlaskit.verbs.tracking.function import INDICES, by_subject, change_of
from atlaskit.verbs.tracking.rows import as_text
from atlaskit.verbs.tracking.tracked import Tracked

PHASES = 50
"""Phases of an average beat."""
PATH_PHASES = 16
"""Phases of the path of a shape: enough for a beat, few enough that noise does not lengthen it much."""
ALL = "all"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Averages:
    """Average beats.

    Attributes
    ----------
    subjects : tuple of str
    groups : tuple of str
        Of each subject; "all" where none were asked for.
    phase : (P,) float array
    curves : dict of str to (N, P) array
        Of each subject: size of the cavity since end-diastole (volume, else area), strain, thickening.
    es : (N,) float array
        Phase of end-systole.
    short : int
        Studies left out, as they hold no whole beat or too few of its frames to tell a course.
    """

    subjects: tuple[str, ...]
    groups: tuple[str, ...]
    phase: Array
    curves: dict[str, Array]
    es: Array
    short: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of who is averaged."""
        which = counted(self.short, "study", "studies")
        left = f"{which} without a whole beat of {LEAST_CYCLE} known frames left out of average beats"
        return (left,) if self.short else ()

    @property
    def table(self) -> pd.DataFrame:
        """A row per group, curve and phase: mean, sd and n of subjects."""
        parts = []
        for group in dict.fromkeys(self.groups):
            own = np.array([name == group for name in self.groups])
            for name, values in self.curves.items():
                mean = tracking.average(values[own])
                columns = {"group": group, "curve": name, "phase": self.phase, "mean": mean.mean, "sd": mean.sd, "n": mean.n}
                parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def groups_of(table: pd.DataFrame, column: str | None) -> dict[str, str]:
    """The group of each subject that has one, by a column of the table of sequences.

    Raises
    ------
    InputError
        When there is no such column, nothing is in it, or a subject has several groups.
    """
    if column is None:
        return {subject: ALL for subject in dict.fromkeys(table["subject"])}
    if column not in table:
        raise InputError(
            f"--group is a column of the table that is constant in a sequence; {column!r} is none: "
            f"{nearest(column, [str(name) for name in table])}"
        )
    known = table.dropna(subset=[column])
    several = known.groupby("subject")[column].nunique()
    if (several > 1).any():
        came = f"{several[several > 1].index[0]!r} has {int(several.max())} in {column!r}"
        raise InputError(f"A subject is of one group; {came}: mend the table, or say who is who by --subject COLUMN.")
    if known.empty:
        raise InputError(f"--group is a column with groups in it; {column!r} is empty: fill it, or name another one.")
    first = known.groupby("subject")[column].first()
    return dict(zip(map(str, first.index), as_text(first), strict=True))


def averages(tracked: Tracked, groups: dict[str, str]) -> Averages:
    """Bring beats to a common phase; beats and studies of a subject are averaged first, slices summed as for `function_table`.

    Between end-diastole and end-systole alone a course would be made up, so studies of few frames are left out.
    """
    subjects = tuple(sorted(groups))
    short = 0
    of_studies: dict[str, list[tuple[dict[str, Array], float]]] = {name: [] for name in subjects}
    for study in tracked.studies:
        subject = tracked.source.sequences.subjects[study.slices[0]]
        if subject not in groups or not len(study.beats.ed):
            continue
        if not study.whole.any() or np.isfinite(study.curve).sum() < LEAST_CYCLE:
            short += 1
        else:
            of_studies[subject].append(_normal(tracked, study))
    names = list(dict.fromkeys(name for own in of_studies.values() for curves, _ in own for name in curves))
    blank = np.full(PHASES, np.nan)
    curves = {
        name: np.array([_mean([each.get(name, blank) for each, _ in of_studies[subject]] or [blank]) for subject in subjects])
        for name in names
    }
    es = np.array([_mean([np.array([at]) for _, at in of_studies[subject]] or [blank[:1]])[0] for subject in subjects])
    return Averages(subjects, tuple(groups[name] for name in subjects), np.arange(PHASES) / PHASES, curves, es, short)


def _normal(tracked: Tracked, study: Study) -> tuple[dict[str, Array], float]:
    """Curves of a study at the phases, means over its beats, and the phase of end-systole; slices as for `function_table`."""
    measured, cavity = tracked.measured, tracked.roles.cavity
    volume = tracked.volume_of(study)
    size = (volume.ml if volume else study.curve)[None]
    sums = {"volume" if volume else "area": size, "strain": _of(measured.length[cavity], study)}
    if measured.thickness is not None:
        sums["thickening"] = _of(measured.thickness, study)
    parts: dict[str, list[Array]] = {name: [] for name in sums}
    for beat in np.flatnonzero(study.whole).tolist():
        ed, es = int(study.beats.ed[beat]), int(study.beats.es[beat])
        for name, values in sums.items():
            parts[name].append(_beat(change_of(values, ed, es)[None], study, beat))
    phases = study.phases(study.beats.es)[study.whole]
    return {name: _mean(np.concatenate(values)) for name, values in parts.items()}, float(np.mean(phases))


def _of(values: Array, study: Study) -> Array:
    """(Z, T) a measure of the slices of a study, brief gaps of theirs bridged, so that no slice comes and goes in a sum."""
    return tracking.bridged(values[study.slices, : study.frames], periodic=study.periodic, longest=BRIEF * study.frames)


def _beat(values: Array, study: Study, beat: int, phases: int = PHASES) -> Array:
    """(Z, P) curves of one beat at the phases."""
    ed, stop = (np.full(len(values), found[beat]) for found in (study.beats.ed, study.beats.stop))
    return tracking.normalise(values, study.time, ed=ed, stop=None if study.periodic else stop, n=phases)


def _mean(curves: Array | list[Array]) -> Array:
    """Mean over the first axis of what is known; NaN where nothing is."""
    return tracking.average(np.asarray(curves)).mean


def index_contrasts(function: pd.DataFrame, groups: dict[str, str], permutations: int, seed: int) -> pd.DataFrame:
    """Indices of function compared between groups, a row per index and pair; subjects are what is dealt out anew.

    An index that is known in one group only is left out, such as the ejection fraction where only its studies have slices.
    Of one subject each there is no p: there is nothing to exchange that would make a difference. All p of the table together
    are adjusted as p_holm.
    """
    table = by_subject(function, INDICES)
    table = table.loc[_by_group(table.index[table.index.isin(list(groups))].tolist(), groups)]
    group = np.array([groups[str(subject)] for subject in table.index])
    parts = []
    for name in table:
        if len(set(group)) < 2 or len(set(group[table[name].notna()])) > 1:
            part = tracking.contrast(table[name].to_numpy(), group.tolist(), permutations=permutations, seed=seed)
            part.insert(0, "index", str(name))
            part["p"] = part["p"].where((part["n_a"] > 1) | (part["n_b"] > 1))
            parts.append(part)
    if not parts:
        return pd.DataFrame()
    found = pd.concat(parts, ignore_index=True)
    p = found["p"].to_numpy()
    adjusted = np.full(len(p), np.nan)
    adjusted[np.isfinite(p)] = holm(p[np.isfinite(p)])
    found.insert(list(found).index("p") + 1, "p_holm", adjusted)
    return found


def _by_group(subjects: list[str], groups: dict[str, str]) -> list[str]:
    """Subjects in the order of their groups' names, so that pairs of groups come in one order in all tables."""
    return sorted(subjects, key=lambda name: (groups[name], name))


def path_contrasts(tracked: Tracked, groups: dict[str, str], permutations: int, seed: int) -> tuple[tracking.Paths | None, str]:
    """Paths of shape through the beat, compared between groups, or None; and why, or who is left out.

    Every sequence is brought to size 1 at its end-diastole, so that contraction is part of its shape and the size of
    the heart is not, and all frames are aligned together; phases are means over the beats, slices and studies of a subject.
    """
    shapes, left = _shapes(tracked, groups)
    complete = {name: shapes[name] for name in _by_group(list(shapes), groups)}
    counts = pd.Series([groups[name] for name in complete]).value_counts()
    gaps = f"{counted(left, 'sequence')} with gaps or without a whole beat left out of paths of shape (--fill)" if left else ""
    if len(counts) < 2 or counts.min() < 2:
        why = "paths of shape are compared between groups of two or more subjects with whole beats"
        return None, f"{why}; {gaps}" if gaps else why
    flat = np.concatenate([np.concatenate(own) for own in complete.values()])
    aligned = align(flat, scale="none").points.reshape(-1, PATH_PHASES, *flat.shape[1:])
    ends = np.cumsum([len(own) for own in complete.values()])[:-1]
    means = np.array([part.mean(0) for part in np.split(aligned, ends)])
    group = [groups[name] for name in complete]
    return tracking.paths(means, group, periodic=True, permutations=permutations, seed=seed), gaps


def _shapes(tracked: Tracked, groups: dict[str, str]) -> tuple[dict[str, list[Array]], int]:
    """Of each subject its beats, of each sequence: (P, L, 2) landmarks at the phases, of size 1 at end-diastole.

    And how many sequences have none: their frames have gaps, or no beat is whole.
    """
    shapes: dict[str, list[Array]] = {}
    left = 0
    for study in tracked.studies:
        subject = tracked.source.sequences.subjects[study.slices[0]]
        for q in study.slices if subject in groups else ():
            found = [shape for shape in _courses(tracked.prepared.points[q, : study.frames], study) if np.isfinite(shape).all()]
            left += not found
            for shape in found:
                first = shape[0] - shape[0].mean(0)
                shapes.setdefault(subject, []).append(shape / np.linalg.norm(first))
    return shapes, left


def _courses(points: Array, study: Study) -> list[Array]:
    """(P, L, 2) landmarks of a sequence at the phases, of each whole beat; of two frames, straight there and back."""
    if len(study.beats.ed) and np.isfinite(study.curve).sum() == 2:
        there = 1 - np.abs(2 * np.arange(PATH_PHASES) / PATH_PHASES - 1)[:, None, None]
        return [(1 - there) * points[study.beats.ed] + there * points[study.beats.es]]
    flat = points.reshape(len(points), -1).T
    beats = (_beat(flat, study, beat, PATH_PHASES) for beat in np.flatnonzero(study.whole).tolist())
    return [beat.T.reshape(PATH_PHASES, *points.shape[1:]) for beat in beats]
