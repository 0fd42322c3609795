"""Sequences and their times, checked once where they enter."""

from __future__ import annotations

from numbers import Integral
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError

Array = NDArray[np.float64]
Frames = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


def numbers(values: ArrayLike, what: str) -> Array:
    """Any values as float64; `InputError` for what is no array of real numbers."""
    try:
        array = np.asarray(values)
        if not np.iscomplexobj(array):
            return array.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        pass
    raise InputError(f"{what} must be an array of real numbers; got a {type(values).__name__} that is none.")


def whole(values: ArrayLike, what: str, do: str) -> NDArray[np.int64]:
    """Any values as int64; `InputError`, with what is to do, for what is no array of whole numbers."""
    told = numbers(values, what)
    wrong = ~(np.isfinite(told) & (np.floor(told) == told) & (np.abs(told) < np.iinfo(np.int64).max))
    if wrong.any():
        raise InputError(f"{what} must be whole numbers; got {told[wrong].flat[0]:g}: {do}.")
    return told.astype(np.int64)


def frames_of(frames: ArrayLike, shape: tuple[int, ...], count: int) -> Frames:
    """(...) a frame of each curve of so many frames; negative where there is none. `InputError` for what is no frame."""
    told = whole(frames, "Frames", "count from 0, and give -1 where there is none")
    if told.size and told.max() >= count:
        raise InputError(f"A frame of {count} has a number up to {count - 1}; got {told.max()}: count from 0.")
    return spread(told, shape, "A frame is needed for all curves")


def spread(values: NDArray[Scalar], shape: tuple[int, ...], what: str) -> NDArray[Scalar]:
    """Values for all or for each of a shape, as that shape; `InputError` for those that do not fit, beginning with what is."""
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        raise InputError(f"{what} or for each of {shape}; got an array of shape {values.shape}: give as many.") from None


def count_of(value: object, least: int, what: str) -> int:
    """A whole number of some size at least; `InputError` for anything else."""
    if not isinstance(value, Integral) or value < least:
        raise InputError(f"{what} must be a whole number of {least} or more; got {value!r}: give one.")
    return int(value)


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


def times_of(time: ArrayLike | None, shape: tuple[int, ...]) -> Array:
    """(..., T) times of frames, or frame numbers; `InputError` unless there is one for each."""
    times = np.arange(shape[-1], dtype=np.float64) if time is None else numbers(time, "Times")
    what = f"A time is needed for each of {shape[-1]} frames, of one sequence"
    if times.shape[-1:] != shape[-1:]:
        raise InputError(f"{what} or of each; got an array of shape {times.shape}: give as many, or none to count frames.")
    return spread(times, shape, what)


def frame_times(points: Array, time: ArrayLike | None) -> Array:
    """(..., T) times of the frames of sequences (..., T, L, 2), or frame numbers; `InputError` unless they increase."""
    times = times_of(time, points.shape[:-2])
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
