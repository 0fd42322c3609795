"""Volumes of a cavity, ml, from areas of slices across its short axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError, nearest
from atlaskit.tracking.bridging import bridged
from atlaskit.tracking.curves import Array

MM3_PER_ML = 1000.0
BRIEF = 0.1
"""Longest gap in time, as a share of the beat, that is taken for a fault of the masks rather than for an absent cavity."""


@dataclass(frozen=True)
class SliceVolume:
    """Volumes by summation over slices.

    Attributes
    ----------
    ml : (..., T) float array
        NaN in frames of which a slice that the volume needs has no area.
    filled : (..., Z, T) bool array
        Areas that were interpolated.
    absent : (..., Z, T) bool array
        Areas that were taken for zero, or left out in every frame.
    """

    ml: Array
    filled: NDArray[np.bool_]
    absent: NDArray[np.bool_]


def by_slices(areas: ArrayLike, slice_mm: ArrayLike, *, missing: str = "refuse", periodic: bool = True) -> SliceVolume:
    """Sum areas across the short axis over slices: area times the distance between slices.

    Parameters
    ----------
    areas : (..., Z, T) array
        Square mm, slices in order from end to end of the stack; NaN where a slice has no outline in a frame. A slice that has
        none in any frame lies outside the cavity.
    slice_mm : (...) array
        Distance between the slices' middles, mm (thickness and gap).
    missing : {"refuse", "interpolate", "common", "zero"}
        What a missing area means. ``refuse``: frames that lack one have no volume. ``interpolate``: where it is missing for at
        most a tenth of the beat it is on a straight line in time; where slices on both sides have areas, on a straight line
        between those; else the cavity has left the slice, at its apex or through its base, and it is 0. ``common``: gaps of at
        most a tenth of the beat are bridged in time, and slices that still lack a frame are left out. ``zero``: always 0.
    periodic : bool
        The frame after the last is the first, so that gaps are bridged across the end.

    Returns
    -------
    SliceVolume

    Raises
    ------
    InputError
        When the distance between slices is unknown or not positive, or for another word for `missing`.

    Notes
    -----
    An outline that a model misses is not an absent cavity, and zero makes an end-systolic volume of such faults; a cavity that
    has left a slice is absent indeed, and an area interpolated there invents volume. They differ in how long they last.
    """
    values, height = np.asarray(areas, dtype=np.float64), np.asarray(slice_mm, dtype=np.float64)
    if values.ndim < 2:
        raise InputError(f"Areas of slices need the shape (..., slices, frames); got {values.shape}.")
    if not (np.isfinite(height).all() and (height > 0).all()):
        raise InputError("A volume needs the distance between slices in mm; it is unknown here: give the spacing of the masks.")
    if missing not in MISSING:
        raise InputError(f"What a missing slice means must be known; got {missing!r}: {nearest(missing, MISSING)}")
    found = MISSING[missing](values, periodic)
    return SliceVolume(
        found.sum(axis=-2) * height[..., None] / MM3_PER_ML,
        np.isnan(values) & (found > 0),
        (np.isnan(values) | (values > 0)) & (found == 0),
    )


def _outside(areas: Array) -> Array:
    """Areas with those of slices that the cavity never reaches set to 0; all NaN where it reaches none."""
    never = np.isnan(areas).all(axis=-1, keepdims=True) & ~np.isnan(areas).all(axis=(-1, -2), keepdims=True)
    return np.where(never, 0.0, areas)


def _zero(areas: Array, periodic: bool) -> Array:
    """Areas with every missing one of a frame set to 0; all NaN of frames without any."""
    return np.where(np.isnan(areas) & ~np.isnan(areas).all(axis=-2, keepdims=True), 0.0, areas)


def _in_time(areas: Array, periodic: bool) -> Array:
    return bridged(areas, periodic=periodic, longest=BRIEF * areas.shape[-1])


def _interpolate(areas: Array, periodic: bool) -> Array:
    return _zero(bridged(_in_time(areas, periodic), axis=-2), periodic)


def _common(areas: Array, periodic: bool) -> Array:
    known = _in_time(areas, periodic)
    whole = np.isfinite(known).all(axis=-1, keepdims=True)
    return np.where(whole, known, np.where(np.any(whole, axis=-2, keepdims=True), 0.0, np.nan))


MISSING: dict[str, Callable[[Array, bool], Array]] = {
    "refuse": lambda areas, periodic: _outside(areas),
    "interpolate": _interpolate,
    "common": _common,
    "zero": _zero,
}
