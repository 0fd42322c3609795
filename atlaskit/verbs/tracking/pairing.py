"""Two views of one heart, which are of two beats: the frames of one at the phases of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit.tracking import View
from atlaskit.verbs.tracking.beats import Study

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Match:
    """Which frames of a second view are at the phases of the T frames of a first.

    Attributes
    ----------
    low, high : (T,) int array
        The frames before and after that phase; the same where it is that of a frame.
    share : (T,) float array
        How far it is from the one to the other; NaN where the second view does not reach.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    share: Array

    @property
    def as_numbered(self) -> bool:
        """Whether frames of equal numbers belong together."""
        return bool((self.low == np.arange(len(self.low))).all() and (self.share == 0).all())

    def at(self, values: NDArray[Any]) -> Array:
        """(T, ...) numbers of the second view (T2, ...) at the phases of the first, on straight lines between frames."""
        share = self.share.reshape(-1, *(1,) * (values.ndim - 1))
        line = (1 - share) * values[self.low] + share * values[self.high]
        return np.asarray(np.where(share == 0, values[self.low], line))

    def view(self, other: View) -> View:
        """A view with all of its frames at the phases of the first."""
        return View(self.at(other.axis_mm), self.at(other.widths_mm), self.at(other.area_mm2))


def match(one: Study, other: Study) -> Match:
    """Match the frames of two views: phases of each beat meet, time runs evenly between them, and frame by frame beyond."""
    count = min(len(one.beats.ed), len(other.beats.ed))
    closed = one.periodic and other.periodic and count == 1
    known, wanted = (_anchors(study, count, closed) for study in (one, other))
    frame = np.arange(one.frames, dtype=np.float64)
    if closed:
        frame = np.where(frame < known[0], frame + one.frames, frame)
    order = np.argsort(known)
    place = frame.copy()
    if count:
        place = np.interp(frame, known[order], wanted[order]) + frame - np.clip(frame, known.min(), known.max())
    place = np.round(place % other.frames if closed else place, 9)
    outside = (place < 0) | (place > other.frames - (0 if closed else 1))
    low = np.clip(np.floor(place), 0, other.frames - 1).astype(np.int64)
    share = np.where(outside, np.nan, place - low)
    high = np.where(share > 0, (low + 1) % other.frames, low)
    return Match(low, high, share)


def _anchors(study: Study, count: int, closed: bool) -> Array:
    """Frames of both phases of some beats; of one that closes, up to the next end-diastole."""
    ed, es = study.beats.ed[:count].astype(np.float64), study.beats.es[:count].astype(np.float64)
    if closed:
        return np.array([ed[0], es[0] if es[0] > ed[0] else es[0] + study.frames, ed[0] + study.frames])
    return np.concatenate([ed, es])
