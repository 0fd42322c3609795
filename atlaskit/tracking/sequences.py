"""Cases put in their places: which belong to one sequence, in which order, and where frames are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError

NONE = -1
"""No slice, no frame."""
LARGEST = 2**31
"""Above every number of a slice or frame: they fit into 32 bits wherever they are stored."""
DENSE = 0.5
"""A study with more than this share of the steps from its first to its last frame has gaps where the others are missing."""

EVEN = 0.1
"""Share of their mean by which the steps in time of a study may differ, for a time that is unknown to be told by the others."""


@dataclass(frozen=True)
class Sequences:
    """Q sequences of at most T frames, each one slice of a study through time.

    Attributes
    ----------
    points : (Q, T, L, 2) float array
        Landmarks; NaN where a frame, or a structure of it, is missing.
    names, studies, subjects : tuple of str
        Of each sequence: its own id, the examination it is a slice of, and whom that was made of.
    slices : (Q,) int array
        Position in the study; -1 where there is none.
    frames : (Q, T) int array
        Frame numbers as they came; -1 beyond the end of a study, but not in a gap.
    time : (Q, T) float array
        In `time_unit`; in gaps that of the frames beside them. NaN beyond the end.
    time_unit : str
        "ms" or "frame", or what the caller says.
    rows : (Q, T) int array
        Which of the cases given each frame is; -1 where there is none.
    untimed : (K,) int array
        The cases whose time is not known, nor told by others of their study; where there is one, times are frame numbers.
    """

    points: NDArray[np.float64]
    names: tuple[str, ...]
    studies: tuple[str, ...]
    subjects: tuple[str, ...]
    slices: NDArray[np.int64]
    frames: NDArray[np.int64]
    time: NDArray[np.float64]
    time_unit: str
    rows: NDArray[np.int64]
    untimed: NDArray[np.int64]

    def __len__(self) -> int:
        """Q, the number of sequences."""
        return len(self.names)

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """(Q, T) bool array: frames of a study that the sequence has no case for."""
        return np.asarray((self.frames != NONE) & (self.rows == NONE))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(Q,) int array: frames of each sequence, gaps included."""
        return np.asarray((self.frames != NONE).sum(1))

    def of_studies(self) -> dict[str, NDArray[np.int64]]:
        """The sequences of each study, in order of their slices."""
        found: dict[str, list[int]] = {}
        for q in np.argsort(self.slices, kind="stable"):
            found.setdefault(self.studies[q], []).append(int(q))
        return {study: np.array(found[study]) for study in sorted(found)}


def sequences(
    points: NDArray[np.floating],
    *,
    study: Sequence[str],
    frame: Sequence[int] | NDArray[np.integer],
    slice_: Sequence[int] | NDArray[np.integer] | None = None,
    subject: Sequence[str] | None = None,
    time: Sequence[float] | NDArray[np.floating] | None = None,
    time_unit: str = "ms",
    also: Mapping[str, Mapping[int, float]] | None = None,
) -> Sequences:
    """Put N cases into sequences.

    A sequence is one slice of a study. Its frames are all of the study's between the first and the last, in steps of the
    greatest common divisor of those between its numbers, so that what is missing in one slice, or in all, is a gap. Where a
    study has no more than half of these, as frames named by day have, its frames are those that there are.

    Parameters
    ----------
    points : (N, L, 2) array
        NaN where a case lacks a structure.
    study : sequence of N str
        The examination that a case is part of.
    frame : sequence of N int
        Position in time, any numbers in order.
    slice_ : sequence of N int, optional
        Position across the study; -1 where there is none.
    subject : sequence of N str, optional
        Whom the study was made of; the study itself unless given.
    time : sequence of N float, optional
        When the frame was; NaN where unknown. A frame has that of its other slices, or, where three frames of its study or more
        are timed and these evenly, lies between them or goes on from them. Frame numbers from 0 where any stays unknown.
    time_unit : str
        Of `time`.
    also : mapping of str to mapping of int to float, optional
        By study: frames that are known to be there though no case has landmarks of them, and their times; NaN where unknown.

    Returns
    -------
    Sequences
        Ordered by study, then slice.

    Raises
    ------
    InputError
        When lengths differ, a frame number is missing, no whole number or 2**31 or more, or two cases have one place.

    Examples
    --------
    >>> found = sequences(np.zeros((4, 8, 2)), study=["a", "a", "a", "b"], frame=[3, 1, 4, 2])
    >>> found.frames.tolist(), found.rows.tolist()
    ([[1, 2, 3, 4], [2, -1, -1, -1]], [[1, -1, 0, 2], [3, -1, -1, -1]])
    """
    if np.ndim(points) != 3 or np.shape(points)[2] != 2:
        raise InputError(f"Landmarks of cases need the shape (cases, landmarks, 2); got {np.shape(points)}.")
    n = len(points)
    numbered = _whole(frame, "frame")
    slices = np.full(n, NONE) if slice_ is None else _whole(slice_, "slice")
    subject = study if subject is None else subject
    _check(n, study, numbered, slices, subject, time)
    keys = sorted({(study[k], int(slices[k])) for k in range(n)})
    place = {key: q for q, key in enumerate(keys)}
    within: dict[str, list[int]] = {}
    for k, name in enumerate(study):
        within.setdefault(name, []).append(k)
    empty = also or {}
    numbers = {name: _numbers(np.append(numbered[own], sorted(empty.get(name, ())))) for name, own in within.items()}
    column = {name: {int(number): t for t, number in enumerate(own)} for name, own in numbers.items()}
    frames = np.full((len(keys), max(map(len, numbers.values()), default=0)), NONE)
    rows = np.full(frames.shape, NONE)
    for q, (name, _) in enumerate(keys):
        frames[q, : len(numbers[name])] = numbers[name]
    for k in range(n):
        rows[place[study[k], int(slices[k])], column[study[k]][int(numbered[k])]] = k
    there = rows != NONE
    placed = np.full((*frames.shape, *points.shape[1:]), np.nan)
    placed[there] = points[rows[there]]
    whose = {name: subject[own[0]] for name, own in within.items()}
    when = _timed(frames, rows, keys, np.full(n, np.nan) if time is None else np.asarray(time, dtype=np.float64), empty)
    untimed = np.sort(rows[there & np.isnan(when)])
    counted = len(untimed) > 0 or bool(np.isnan(when[frames != NONE]).any())
    return Sequences(
        points=placed,
        names=tuple(name if z == NONE else f"{name}_s{z:03d}" for name, z in keys),
        studies=tuple(name for name, _ in keys),
        subjects=tuple(whose[name] for name, _ in keys),
        slices=np.array([z for _, z in keys], dtype=np.int64),
        frames=frames,
        time=_counted(frames) if counted else when,
        time_unit="frame" if counted else time_unit,
        rows=rows,
        untimed=untimed,
    )


def _whole(values: Sequence[int] | NDArray[np.integer], what: str) -> NDArray[np.int64]:
    """(N,) whole numbers that fit into 32 bits."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.full(1, np.nan)
    wrong = ~(np.isfinite(numbers) & (np.floor(numbers) == numbers) & (np.abs(numbers) < LARGEST))
    if numbers.ndim != 1 or wrong.any():
        came = f"; got {numbers[wrong][0]:g}" if numbers.ndim == 1 and np.isfinite(numbers[wrong]).any() else ""
        raise InputError(f"Every {what} number of cases must be a whole number below 2**31{came}.")
    return numbers.astype(np.int64)


def _check(
    n: int,
    study: Sequence[str],
    frame: NDArray[np.int64],
    slices: NDArray[np.int64],
    subject: Sequence[str],
    time: Sequence[float] | NDArray[np.floating] | None,
) -> None:
    """Refuse columns of different lengths, cases without a frame, and two cases in one place."""
    lengths = {len(column) for column in (study, frame, slices, subject, *([] if time is None else [time]))}
    if lengths != {n}:
        raise InputError(f"Every case needs a study, a frame and a slice; {n} cases came with columns of {sorted(lengths)}.")
    nobody = next((name for name in (*study, *subject) if not isinstance(name, str)), "")
    if nobody != "":
        raise InputError(f"Studies and subjects of cases must be named by text; got {nobody!r}.")
    if (frame < 0).any():
        k = int(np.argmax(frame < 0))
        raise InputError(
            f"Every case of a sequence needs a frame number; {int((frame < 0).sum())} of {n} have none, such as one of "
            f"{study[k]!r}: name files with _t012, or say what names mean with --pattern or --table."
        )
    seen: dict[tuple[str, int, int], int] = {}
    whose: dict[str, str] = {}
    without: dict[str, bool] = {}
    for k in range(n):
        other = seen.setdefault((study[k], int(slices[k]), int(frame[k])), k)
        if other != k:
            at = f"frame {frame[k]}" + ("" if slices[k] == NONE else f" of slice {slices[k]}")
            raise InputError(
                f"A frame of a sequence must be one case; {at} of {study[k]!r} comes twice: "
                "tell studies apart with --pattern or --table."
            )
        if (slices[k] == NONE) != without.setdefault(study[k], slices[k] == NONE):
            raise InputError(
                f"The slices of a study must all have a number; some frames of {study[k]!r} have one and some have none: "
                "tell studies apart, or number slices, with --pattern or --table."
            )
        owner = whose.setdefault(study[k], subject[k])
        if owner != subject[k]:
            raise InputError(
                f"A study must be one subject's; {study[k]!r} is of {owner!r} and of {subject[k]!r}: "
                "say whose it is by --pattern, or in a column subject of --table."
            )


def _numbers(frame: NDArray[np.int64]) -> NDArray[np.int64]:
    """The frame numbers of a study, with those that are missing between them unless most are."""
    own = np.unique(frame.astype(np.int64))
    step = max(int(np.gcd.reduce(np.diff(own))), 1)  # every second frame of a cine is all that there is of it
    count = int(own[-1] - own[0]) // step + 1
    return own[0] + step * np.arange(count) if len(own) > DENSE * count else own


def _counted(frames: NDArray[np.int64]) -> NDArray[np.float64]:
    """Frame numbers from 0 as times."""
    return np.where(frames != NONE, frames - frames[:, :1], np.nan)


def _timed(
    frames: NDArray[np.int64],
    rows: NDArray[np.int64],
    keys: Sequence[tuple[str, int]],
    time: NDArray[np.float64],
    also: Mapping[str, Mapping[int, float]],
) -> NDArray[np.float64]:
    """(Q, T) times of frames; of gaps on the line between frames beside them, of any slice; NaN where nothing tells."""
    placed = np.where(rows != NONE, time[rows], np.nan)
    slices_of: dict[str, list[int]] = {}
    for q, (name, _) in enumerate(keys):
        slices_of.setdefault(name, []).append(q)
    for own in slices_of.values():
        known = np.isfinite(placed[own])
        mean = np.where(known, placed[own], 0).sum(0) / np.maximum(known.sum(0), 1)
        lost = also.get(keys[own[0]][0], {})
        told = np.array([lost.get(int(number), np.nan) for number in frames[own[0]]])
        line = _line(frames[own[0]], np.where(known.any(0), mean, told), (rows[own] != NONE).any(0))
        placed[own] = np.where(known, placed[own], np.where(frames[own] != NONE, line, np.nan))
    return placed


def _line(frames: NDArray[np.int64], time: NDArray[np.float64], there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(T,) times with those that are unknown, NaN; of frames that some slice has only where all others are even."""
    known = np.isfinite(time)
    number, when = frames[known], time[known]
    if not len(when):
        return time
    steps = np.diff(when) / np.diff(number)
    even = len(steps) > 1 and bool(np.ptp(steps) <= EVEN * steps.mean())
    beyond = frames - np.clip(frames, number[0], number[-1])
    step = steps.mean() if len(steps) else np.nan
    line = np.interp(frames, number, when) + np.where(beyond == 0, 0.0, step * beyond)
    return np.where(known | ~there | even, line, np.nan)
