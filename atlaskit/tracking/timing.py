"""Sequences and their times, checked once where they enter."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError

Array = NDArray[np.float64]
Frames = NDArray[np.int64]


def numbers(values: ArrayLike, what: str) -> Array:
    """Any values as float64; `InputError` for what is no array of real numbers."""
    try:
        array = np.asarray(values)
        if not np.iscomplexobj(array):
            return array.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        pass
    raise InputError(f"{what} must be an array of real numbers; got a {type(values).__name__} that is none.")


def curves_of(values: ArrayLike) -> Array:
    """Curves as float64 (..., T); `InputError` for a single number and what is none."""
    curves = numbers(values, "Curves")
    if not curves.ndim:
        raise InputError("Curves must be an array (..., frames); got a single value.")
    return curves


def sequences(points: ArrayLike) -> Array:
    """Landmarks of sequences as float64 (..., T, L, 2); `InputError` for any other shape."""
    checked = numbers(points, "Landmarks of sequences")
    if checked.ndim < 3 or checked.shape[-1] != 2 or 0 in checked.shape[-3:]:
        raise InputError(f"Landmarks of sequences need the shape (..., frames, landmarks, 2); got {checked.shape}.")
    return checked


def frame_times(points: Array, time: ArrayLike | None) -> Array:
    """(..., T) times of the frames of sequences (..., T, L, 2), or frame numbers; `InputError` unless they increase."""
    shape = points.shape[:-2]
    times = np.arange(shape[-1], dtype=np.float64) if time is None else numbers(time, "Times")
    try:
        times = np.broadcast_to(times, shape)
    except ValueError:
        raise InputError(
            f"A time is needed for each of {shape[-1]} frames, of one sequence or of each; got an array of shape {times.shape}."
        ) from None
    if not (np.isfinite(times).all() and (np.diff(times, axis=-1) > 0).all()):
        raise InputError("Times must be known and increase from frame to frame; leave them out to count frames instead.")
    return times


def steps(times: Array, *, periodic: bool) -> Array:
    """(..., T) time from each frame to the next; after the last the mean step where the beat is periodic, else NaN.

    The length of a beat is no part of its frames: the mean step closes it.
    """
    after = np.diff(times, axis=-1)
    mean = after.mean(axis=-1, keepdims=True) if after.shape[-1] else np.ones_like(times)
    return np.concatenate([after, mean if periodic else np.full_like(mean, np.nan)], axis=-1)


def present(points: Array) -> NDArray[np.bool_]:
    """(..., T, L) where landmarks (..., T, L, 2) are known."""
    return np.asarray(np.isfinite(points).all(axis=-1))


def neighbours(known: NDArray[np.bool_]) -> tuple[Frames, Frames]:
    """(..., T) the nearest known frame at or before each, -1 for none, and at or after each, T for none."""
    count = known.shape[-1]
    frame = np.arange(count)
    before = np.maximum.accumulate(np.where(known, frame, -1), axis=-1)
    after = np.minimum.accumulate(np.where(known, frame, count)[..., ::-1], axis=-1)[..., ::-1]
    return before, after
