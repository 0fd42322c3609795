"""Beats on a common phase, and their average over subjects."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError
from atlaskit.tracking.curves import Array
from atlaskit.tracking.function import at_frame
from atlaskit.tracking.timing import count_of, curves_of, frames_of, times_of


@dataclass(frozen=True)
class Average:
    """Mean of curves over subjects at every phase.

    Attributes
    ----------
    mean, sd : (...) float array
        Over the curves that have a value there; NaN where there is none, the standard deviation also where there is one only.
    n : (...) int array
        How many that are.
    """

    mean: Array
    sd: Array
    n: NDArray[np.int64]


def normalise(
    values: ArrayLike,
    time: ArrayLike | None = None,
    *,
    ed: ArrayLike = 0,
    stop: ArrayLike | None = None,
    es: ArrayLike | None = None,
    es_phase: float | None = None,
    n: int = 100,
) -> Array:
    """Resample beats to the phases 0, 1/n, ... (n - 1)/n, from end-diastole (0) to the next (1), by straight lines in time.

    Parameters
    ----------
    values : (..., T) array
        Curves; NaN in gaps. One beat each, where the frame after the last is the first again, unless `stop` is given.
    time : (..., T) array, optional
        Increasing. Frame numbers unless given. What is left of the beat after the last frame is the mean step.
    ed : (...) int array
        The frame of end-diastole, of which the phase is 0.
    stop : (...) int array, optional
        The frame at which the next beat begins, in curves that hold several (`Beats.stop`); T is their end.
    es : (...) int array, optional
        The frame of end-systole, for `es_phase`.
    es_phase : float, optional
        Phase, between 0 and 1, to which end-systole is brought in every beat: time runs evenly before and after it. Systole
        hardly shortens when the heart beats faster, diastole does; curves of unlike heart rates agree better so.
    n : int

    Returns
    -------
    (..., n) float array
        NaN between two frames of which one is a gap, and where a beat has no end-diastole (-1).

    Raises
    ------
    InputError
        When times do not increase, a beat stops before it begins, or end-systole is to be aligned and is not inside the beat.
    """
    curves = curves_of(values)
    shape, count = curves.shape[:-1], curves.shape[-1]
    times = times_of(time, curves.shape)
    if count < 2 or not (np.diff(times, axis=-1) > 0).all():
        raise InputError("A beat needs at least 2 frames and times that increase; check the times.")
    first = frames_of(ed, shape, count)
    last = None if stop is None else frames_of(stop, shape, count + 1)
    if count_of(n, 1, "The number of phases") and last is not None and (last <= first).any():
        raise InputError("A beat stops after its end-diastole; give the 'ed' and 'stop' of one beat.")
    period = (times[..., -1] - times[..., 0]) * count / (count - 1)
    times = np.concatenate([times, times + period[..., None]], axis=-1)
    curves = np.concatenate([curves, curves if stop is None else np.full_like(curves, np.nan)], axis=-1)
    if stop is not None:
        curves[..., count] = curves[..., count - 1]  # the step after the last frame, where a beat ends with the curve
    start = at_frame(times, first)
    end = start + period if last is None else at_frame(times, last)
    phase = np.broadcast_to(np.arange(n) / n, (*shape, n))
    if es_phase is not None:
        phase = _bent(phase, (at_frame(times, -1 if es is None else es) - start) % period / (end - start), es_phase)
    return _sampled(curves, times, start[..., None] + phase * (end - start)[..., None])


def average(values: ArrayLike, *, axis: int = 0) -> Average:
    """Average curves of equal phases, leaving gaps out.

    Parameters
    ----------
    values : array
        NaN where there is none. Average the beats and slices of a subject first: subjects are what varies.
    axis : int
        That of the subjects.

    Returns
    -------
    Average
    """
    curves = curves_of(values)
    n = np.isfinite(curves).sum(axis=axis)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of phases that no curve has
        return Average(np.nanmean(curves, axis=axis), np.nanstd(curves, axis=axis, ddof=1), n)


def _bent(phase: Array, share: Array, es_phase: float) -> Array:
    """Phases (..., n) at even steps as shares of the beat, where end-systole at a share (...) has a given phase."""
    inside = (share > 0) & (share < 1)
    if not (isinstance(es_phase, Real) and 0 < es_phase < 1) or not (inside | np.isnan(share)).all() or np.isnan(share).all():
        raise InputError(
            "End-systole can be aligned at a phase between 0 and 1, and when it lies inside every beat; give 'es'."
        )
    early = phase * (share / es_phase)[..., None]
    late = 1 - (1 - phase) * ((1 - share) / (1 - es_phase))[..., None]
    return np.where(phase <= es_phase, early, late)


def _sampled(curves: Array, times: Array, wanted: Array) -> Array:
    """(..., n) values of curves (..., T) at wanted times (..., n), on straight lines between frames."""
    low = np.clip((times[..., None, :] <= wanted[..., None] + 1e-9).sum(axis=-1) - 1, 0, times.shape[-1] - 2)
    first, second = np.take_along_axis(times, low, axis=-1), np.take_along_axis(times, low + 1, axis=-1)
    share = np.clip((wanted - first) / (second - first), 0, 1)
    early, late = np.take_along_axis(curves, low, axis=-1), np.take_along_axis(curves, low + 1, axis=-1)
    exact = np.where(share < 1e-9, early, np.where(share > 1 - 1e-9, late, early + share * (late - early)))
    return np.where(np.isnan(wanted), np.nan, exact)
