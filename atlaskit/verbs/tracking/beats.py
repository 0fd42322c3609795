"""The beats of each study: one curve over its slices, and where end-diastole and end-systole lie on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import signed_areas
from atlaskit.tracking import Beats, Sequences, beats, by_slices, phases
from atlaskit.tracking.moments import centroids
from atlaskit.tracking.volumes import MM3_PER_ML

LEAST_CYCLE = 8
"""Frames from which one beat may be taken to close upon itself."""
CLOSES = 0.3
"""Share of its range by which a closed beat may jump from its last frame to its first."""
AWAY, HALF, FEW = 0.2, 0.5, 3
"""An outline that is elsewhere at the end by more than these shares of its radius and of its whole way, seen over so many
frames, has drifted: of the slices of real cines, which are held still, 3 in 100 count as such."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Study:
    """One examination: its slices, a curve of the size of its cavity, and the beats on that.

    Attributes
    ----------
    name : str
    slices : (Z,) int array
        Its sequences, in order of their slices.
    frames : int
        How many there are, gaps included.
    curve : (T,) float array
        Sum of areas over slices, or the area of the only one; NaN where it is unknown.
    time : (T,) float array
        Of each frame.
    beats : Beats
    whole : (B,) bool array
        Beats that the curve holds from one end-diastole to the next; others have phases, and no course to average.
    periodic : bool
        The frame after the last is the first again.
    """

    name: str
    slices: NDArray[np.int64]
    frames: int
    curve: Array
    time: Array
    beats: Beats
    whole: NDArray[np.bool_]
    periodic: bool

    def lasts(self, beat: int) -> float:
        """Time from the end-diastole of a beat to the next; NaN where that is not seen."""
        if self.frames < 3 or not self.whole[beat]:
            return float("nan")
        step = (self.time[-1] - self.time[0]) / (self.frames - 1)
        if self.periodic:
            return float(step * self.frames)
        ed, stop = int(self.beats.ed[beat]), int(self.beats.stop[beat])
        end = self.time[stop] if stop < self.frames else self.time[-1] + step
        return float(end - self.time[ed])

    def phases(self, frames: NDArray[np.integer]) -> Array:
        """Place of each frame in its beat, by time: 0 at end-diastole to 1 at the next; NaN outside whole beats."""
        found = np.full(len(frames), np.nan)
        for beat, (ed, stop) in enumerate(zip(self.beats.ed, self.beats.stop, strict=True)):
            inside = self.whole[beat] & (self.periodic | ((frames >= ed) & (frames < stop)))
            share = (self.time[frames[inside]] - self.time[ed]) / self.lasts(beat)
            found[inside] = share % 1 if self.periodic else share
        return found

    def rest(self) -> NDArray[np.int64]:
        """(T,) the end-diastole that each frame is measured from: that of its beat; the first one before it."""
        beat = np.searchsorted(self.beats.ed, np.arange(self.frames), side="right") - 1
        return np.asarray(self.beats.ed[np.clip(beat, 0, None)])


def find_beats(
    sequences: Sequences, areas: Array, cyclic: bool | None, doubtful: NDArray[np.bool_] | None = None
) -> tuple[Study, ...]:
    """Find the beats of every study.

    Parameters
    ----------
    sequences : Sequences
    areas : (Q, T) array
        Of the cavity.
    cyclic : bool, optional
        Whether a sequence is one beat that closes upon itself; seen from the curve unless given.
    doubtful : (Q, T) bool array, optional
        Frames that are neither end of a beat: an outline unlike its neighbours is most often a fault.
    """
    trusted = areas if doubtful is None else np.where(doubtful, np.nan, areas)
    studies = []
    for name, own in sequences.of_studies().items():
        frames = int(sequences.lengths[own[0]])
        sought = trusted[own, :frames]
        if doubtful is not None and len(own) > 1:  # in a stack, an area that is missing may mean an absent cavity
            sought = np.array([_beside(*each) for each in zip(sought, doubtful[own, :frames], strict=True)])
        curve, told = (_together(each, bool(cyclic)) for each in (areas[own, :frames], sought))
        if np.isfinite(told).sum() < min(3, np.isfinite(curve).sum()):
            told = curve  # doubtful frames are better than none
        studies.append(Study(name, own, frames, curve, sequences.time[own[0], :frames], *_beats_of(told, cyclic)))
    return tuple(studies)


def _beside(areas: Array, doubtful: NDArray[np.bool_]) -> Array:
    """(T,) areas of a slice with doubtful ones as the frames beside them have it."""
    known = np.flatnonzero(np.isfinite(areas))
    if not len(known) or not doubtful.any():
        return areas
    return np.where(doubtful, np.interp(np.arange(len(areas)), known, areas[known]), areas)


def closed_of(sequences: Sequences, studies: tuple[Study, ...]) -> NDArray[np.bool_]:
    """(Q,) sequences of beats that close."""
    closed = np.zeros(len(sequences), dtype=bool)
    for study in studies:
        closed[study.slices] = study.periodic
    return closed


def drifts(sequences: Sequences, closed: NDArray[np.bool_], loop: list[int]) -> Array:
    """(Q, 2) how far an outline drifts in a unit of time where its beat closes (Q,) and its place does not; 0 elsewhere."""
    found = np.zeros((len(sequences), 2))
    for q in np.flatnonzero(closed & (sequences.lengths >= 2 * FEW)):
        frames = sequences.lengths[q]
        outlines, time = sequences.points[q, :frames][:, loop], sequences.time[q, :frames]
        known = np.asarray(np.isfinite(outlines).all((-1, -2)))
        if known[:FEW].any() and known[-FEW:].any():
            found[q] = _drift(outlines, known) / (time[-FEW:][known[-FEW:]].mean() - time[:FEW][known[:FEW]].mean())
    return found


def _drift(outlines: Array, known: NDArray[np.bool_]) -> Array:
    """(2,) from the median place of the first few outlines (T, n, 2), which no jump moves, to that of the last; 0 if little."""
    centre = centroids(outlines)
    away = np.nanmedian(centre[-FEW:], axis=0) - np.nanmedian(centre[:FEW], axis=0)
    radius = np.sqrt(np.abs(signed_areas(outlines[known])).mean() / np.pi)
    far = max(AWAY * radius, HALF * float(np.linalg.norm(np.ptp(centre[known], axis=0))))
    return np.asarray(away if np.linalg.norm(away) > far else np.zeros(2))


def _together(areas: Array, periodic: bool) -> Array:
    """(T,) areas of the slices (Z, T) of a study together."""
    if len(areas) == 1:
        return np.asarray(areas[0])
    summed: Array = MM3_PER_ML * by_slices(areas, 1.0, missing="interpolate", periodic=periodic).ml
    return summed


def _beats_of(curve: Array, cyclic: bool | None) -> tuple[Beats, NDArray[np.bool_], bool]:
    """The beats of a curve, which of them are whole, and whether it closes."""
    frames = len(curve)
    if frames < 3 or np.isfinite(curve).sum() < 3:
        ends = _ends(curve)
        return ends, np.zeros(len(ends.ed), dtype=bool), False
    several = beats(curve)
    if (len(several.ed) > 1 or several.stop[0] < frames) and not cyclic:  # cut at an end-diastole that follows
        return several, np.ones(len(several.ed), dtype=bool), False
    closed = _closes(curve) if cyclic is None else cyclic
    found = phases(curve, periodic=closed)
    ed, es = int(found.ed), int(found.es)
    return Beats(np.array([ed]), np.array([es]), np.array([frames])), np.array([closed or _returns(curve, ed, es)]), closed


def _ends(curve: Array) -> Beats:
    """Greatest and least of two frames; no beat where one of them is all there is."""
    if np.isfinite(curve).sum() < 2:
        none = np.zeros(0, dtype=np.int64)
        return Beats(none, none, none)
    return Beats(np.array([np.nanargmax(curve)]), np.array([np.nanargmin(curve)]), np.array([len(curve)]))


def _closes(curve: Array) -> bool:
    """Whether the last frame is as near to the first as neighbours are."""
    known = np.flatnonzero(np.isfinite(curve))
    jump = abs(curve[known[-1]] - curve[known[0]])
    return len(curve) >= LEAST_CYCLE and bool(jump <= CLOSES * np.ptp(curve[known]))


def _returns(curve: Array, ed: int, es: int) -> bool:
    """Whether an open curve comes back from end-systole to nearly what it was at end-diastole: the beat is whole."""
    known = curve[np.isfinite(curve)]
    return len(curve) >= LEAST_CYCLE and ed < es and bool(curve[ed] - known[-1] <= CLOSES * np.ptp(known))
