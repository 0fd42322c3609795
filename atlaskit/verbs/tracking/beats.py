"""The beats of each study: one curve over its slices, and where end-diastole and end-systole lie on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.tracking import Beats, Sequences, beats, by_slices, phases
from atlaskit.tracking.volumes import MM3_PER_ML

LEAST_CYCLE = 8
"""Frames from which one beat may be taken to close upon itself."""
CLOSES = 0.3
"""Share of its range by which a closed beat may jump from its last frame to its first."""

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
    beats : Beats
    periodic : bool
        The frame after the last is the first again.
    """

    name: str
    slices: NDArray[np.int64]
    frames: int
    curve: Array
    beats: Beats
    periodic: bool

    def rest(self) -> NDArray[np.int64]:
        """(T,) the end-diastole that each frame is measured from: that of its beat; the first one before it."""
        beat = np.searchsorted(self.beats.ed, np.arange(self.frames), side="right") - 1
        return np.asarray(self.beats.ed[np.clip(beat, 0, None)])


def find_beats(sequences: Sequences, areas: Array, cyclic: bool | None) -> tuple[Study, ...]:
    """Find the beats of every study.

    Parameters
    ----------
    sequences : Sequences
    areas : (Q, T) array
        Of the cavity.
    cyclic : bool, optional
        Whether a sequence is one beat that closes upon itself; seen from the curve unless given.
    """
    return tuple(
        _study(name, own, areas[own, : int(sequences.lengths[own[0]])], cyclic) for name, own in sequences.of_studies().items()
    )


def _study(name: str, slices: NDArray[np.int64], areas: Array, cyclic: bool | None) -> Study:
    frames = areas.shape[1]
    curve = areas[0]
    if len(slices) > 1:
        curve = MM3_PER_ML * by_slices(areas, 1.0, missing="interpolate", periodic=bool(cyclic)).ml
    known = np.isfinite(curve)
    if frames < 3 or known.sum() < 3:
        return Study(name, slices, frames, curve, _ends(curve), False)
    several = beats(curve)
    if len(several.ed) > 1 and not cyclic:
        return Study(name, slices, frames, curve, several, False)
    closed = _closes(curve) if cyclic is None else cyclic
    found = phases(curve, periodic=closed)
    one = Beats(np.array([found.ed]).ravel(), np.array([found.es]).ravel(), np.array([frames]))
    return Study(name, slices, frames, curve, one, closed)


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
