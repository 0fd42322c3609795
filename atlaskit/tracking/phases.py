"""End-diastole and end-systole from curves of area or volume, and the beats of a curve that holds several."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from atlaskit.errors import InputError
from atlaskit.tracking.bridging import bridged
from atlaskit.tracking.curves import Array
from atlaskit.tracking.timing import count_of, numbers, times_of

REPEATS = 0.3
"""Autocorrelation from which a curve is taken to repeat itself."""
DEPTH = 0.4
"""Depth of a systole, at least, as a share of the curve's range (5th to 95th percentile)."""
SOFT = 1 / 16
"""Standard deviation of the blur under which beats are sought, in beats."""


@dataclass(frozen=True)
class Phases:
    """End-diastole and end-systole of beats, one each of (...) curves.

    Attributes
    ----------
    ed, es : (...) int array
        Frames of greatest and of least value; -1 where a curve has no value at all.
    ed_time, es_time : (...) float array
        The top of the parabola through that frame and its two neighbours, in the unit of the times given, in frames without;
        the frame's own where a neighbour is a gap. In a periodic beat that may be up to half a step before the first frame.
    """

    ed: NDArray[np.int64]
    es: NDArray[np.int64]
    ed_time: Array
    es_time: Array


@dataclass(frozen=True)
class Beats:
    """The whole beats of one curve, each from end-diastole to the frame before the next.

    Attributes
    ----------
    ed, es : (B,) int array
        Frames of greatest and least value.
    stop : (B,) int array
        The frame at which the next beat begins: the next end-diastole, or the end of the curve.
    """

    ed: NDArray[np.int64]
    es: NDArray[np.int64]
    stop: NDArray[np.int64]


def phases(curve: ArrayLike, *, time: ArrayLike | None = None, periodic: bool = True, harmonics: int | None = None) -> Phases:
    """Find end-diastole and end-systole of one beat: where an area or volume is greatest and least.

    Parameters
    ----------
    curve : (..., T) array
        Area or volume of the cavity; NaN in gaps, which are neither. Of frames that are equal the first.
    time : (..., T) array, optional
        At even steps. Frame numbers unless given.
    periodic : bool
        The frame after the last is the first.
    harmonics : int, optional
        Seek on the curve's mean and so many harmonics of the beat instead of on the curve itself, so that one noisy frame
        does not decide. Off by default: on real cines it does not find the frame that readers choose more often.

    Returns
    -------
    Phases

    Raises
    ------
    InputError
        For fewer than 3 frames, for harmonics of a curve that is not periodic, or more than half the frames.
    """
    values = numbers(curve, "Curves")
    if values.ndim < 1 or values.shape[-1] < 3:
        raise InputError(f"Phases need curves of at least 3 frames; got an array of shape {values.shape}.")
    known = np.isfinite(values)
    sought = values if harmonics is None else _harmonics(values, harmonics, periodic)
    ed, ed_off = _top(np.where(known, sought, np.nan), periodic)
    es, es_off = _top(np.where(known, -sought, np.nan), periodic)
    times = times_of(time, values.shape)
    step = (times[..., -1] - times[..., 0]) / (values.shape[-1] - 1)
    when = [
        np.where(frame < 0, np.nan, np.take_along_axis(times, np.maximum(frame, 0)[..., None], -1)[..., 0] + off * step)
        for frame, off in ((ed, ed_off), (es, es_off))
    ]
    return Phases(ed, es, *when)


def beats(curve: ArrayLike, *, least: int = 5) -> Beats:
    """Cut a curve of several beats at its end-diastoles.

    Its period is the first peak of the autocorrelation. Systoles are the valleys of the curve, blurred by a sixteenth of that
    period, which lie at least half a period apart and go at least 0.4 of its range deep. Between two systoles is one
    end-diastole; what comes before the first and after the last is a part of a beat, and is kept where it is whole.

    Parameters
    ----------
    curve : (T,) array
        Area or volume of the cavity at even steps; gaps are bridged by straight lines, and are neither phase.
    least : int
        Frames of a beat, at least.

    Returns
    -------
    Beats
        A curve that does not repeat itself is one beat from its first frame to its last; its end-diastole may then be later
        than its end-systole.

    Raises
    ------
    InputError
        For more than one curve, or one with fewer than 3 values.
    """
    values, least = numbers(curve, "Curves"), count_of(least, 1, "The frames of a beat")
    if values.ndim != 1 or np.isfinite(values).sum() < 3:
        raise InputError(f"Beats are sought in one curve of at least 3 values; got an array of shape {values.shape}.")
    known = np.flatnonzero(np.isfinite(values))
    whole = np.interp(np.arange(len(values)), known, values[known])
    period = _period(whole, least)
    if period is None:
        return _one(values)
    soft = gaussian_filter1d(whole, SOFT * period, mode="nearest")
    return _cut(values, soft, period)


def _harmonics(values: Array, harmonics: int, periodic: bool) -> Array:
    """(..., T) the mean and some harmonics of periodic curves, straight lines across their gaps."""
    count = values.shape[-1]
    if not periodic or count_of(harmonics, 1, "The number of harmonics") > count // 2:
        raise InputError(f"Harmonics, 1 to {count // 2} for {count} frames, smooth a periodic curve; got {harmonics}.")
    spectrum = np.fft.rfft(np.nan_to_num(bridged(values, periodic=True)), axis=-1)
    spectrum[..., harmonics + 1 :] = 0
    return np.fft.irfft(spectrum, count, axis=-1)


def _top(values: Array, periodic: bool) -> tuple[NDArray[np.int64], Array]:
    """(...) the frame of greatest value, -1 for none, and how many frames from it a parabola has its top, half at most."""
    count = values.shape[-1]
    frame = np.where(np.isnan(values), -np.inf, values).argmax(axis=-1)
    none = np.isnan(values).all(axis=-1)
    near = frame[..., None] + np.arange(-1, 2)
    inside = periodic | ((near >= 0) & (near < count))
    before, here, after = np.moveaxis(np.where(inside, np.take_along_axis(values, near % count, axis=-1), np.nan), -1, 0)
    bend = before - 2 * here + after
    off = np.divide(0.5 * (before - after), bend, out=np.zeros_like(here), where=bend < 0)  # where=False of NaN too
    return np.where(none, -1, frame), np.clip(off, -0.5, 0.5)


def _period(curve: Array, least: int) -> float | None:
    """Frames after which a curve repeats itself, None where it does not."""
    count = len(curve)
    centred = curve - curve.mean()
    spectrum = np.abs(np.fft.rfft(centred, 2 * count)) ** 2
    lagged = np.fft.irfft(spectrum)[:count]
    if lagged[0] <= count * np.finfo(np.float64).eps * curve.mean() ** 2:  # constant: rounding repeats itself too
        return None
    alike = lagged / lagged[0] * count / np.arange(count, 0, -1)  # as many products as there are at each lag
    reach = min(count, max(round(0.7 * count), least + 2))
    peaks, _ = find_peaks(gaussian_filter1d(alike[:reach], 1.0), height=REPEATS)
    peaks = peaks[peaks >= least]
    if not len(peaks):
        return None
    strong = peaks[alike[peaks] >= 0.8 * alike[peaks].max()]
    return float(strong[0])


def _cut(values: Array, soft: Array, period: float) -> Beats:
    """Beats between the tops of a soft curve, one top between any two of its valleys; phases are on the curve itself, near."""
    count, reach = len(values), max(round(SOFT * period), 1)
    low, high = np.percentile(soft, [5, 95])
    edged = np.concatenate([[high], soft, [high]])  # a systole may lie at either end
    valleys = find_peaks(-edged, distance=max(round(0.5 * period), 1), prominence=DEPTH * (high - low))[0] - 1
    bounds = [-1, *valleys.tolist(), count]
    tops = [first + 1 + int(soft[first + 1 : last].argmax()) for first, last in pairwise(bounds) if last > first + 1]
    tops = [top for top in tops if soft[top] >= high - DEPTH * (high - low)]
    if len(tops) < 2:
        return _one(values)
    ed = [_nearby(values, top, reach) for top in tops]
    ends = np.array([*ed[1:-1], count if ed[-1] == count - 1 else ed[-1]])  # a top on the last frame may be cut off
    es = [_nearby(-values, int(valleys[(valleys > top) & (valleys < after)][0]), reach) for top, after in pairwise(tops)]
    return Beats(np.array(ed[:-1]), np.array(es), ends)


def _nearby(values: Array, frame: int, reach: int) -> int:
    """The frame of greatest value at most so far from another; that one where all near it are gaps."""
    first = max(frame - reach, 0)
    near = values[first : frame + reach + 1]
    return first + int(np.nanargmax(near)) if np.isfinite(near).any() else frame


def _one(values: Array) -> Beats:
    """A whole curve as one beat."""
    found = phases(values, periodic=False)
    return Beats(found.ed[None], found.es[None], np.array([len(values)]))
