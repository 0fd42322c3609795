"""Volumes of a cavity, ml, from areas of slices across its short axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError, nearest
from atlaskit.tracking.bridging import bridged
from atlaskit.tracking.curves import Array
from atlaskit.tracking.timing import numbers, spread

MM3_PER_ML = 1000.0
ENDS = (None, "first", "last")
"""Which end of a stack is the base, where that is said."""
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
    left_out : (..., Z) bool array
        Slices that have areas and count in no frame.
    """

    ml: Array
    filled: NDArray[np.bool_]
    absent: NDArray[np.bool_]
    left_out: NDArray[np.bool_]


def by_slices(
    areas: ArrayLike, slice_mm: ArrayLike, *, missing: str = "refuse", base: str | None = None, periodic: bool = True
) -> SliceVolume:
    """Sum areas across the short axis over slices: area times the distance between slices.

    Parameters
    ----------
    areas : (..., Z, T) array
        Square mm, slices in order from end to end of the stack; NaN where a slice has no outline in a frame. Slices at the ends
        that have none in any frame lie outside the cavity; one between others that has none is missing in every frame.
    slice_mm : (...) array
        Distance between the slices' middles, mm (thickness and gap).
    missing : {"refuse", "interpolate", "common", "zero"}
        What a missing area means.

        ``refuse``: the volume of its frame is unknown.
        ``interpolate``: where it is missing for at most a tenth of the beat, it lies on a straight line in time. A slice
        beyond the last whole one at the base counts where the cavity is in it when largest and leaves it once, about when
        smallest, as the plane of the valve comes down; another one there is left out of all frames. Of what is then
        missing, that between two slices lies on a straight line between them, and that at the ends is 0.
        ``common``: gaps of at most a tenth of the beat are bridged in time, and slices that still lack a frame are left out of
        all, so that frames compare and volumes are too small by those (`left_out`). Where a slice between those that count has
        no outline in any frame, the volume is unknown.
        ``zero``: it is 0.
    base : {"first", "last"}, optional
        The end of the stack at the base, for ``interpolate``. Unless given, that whose outermost whole slice is larger.
    periodic : bool
        The frame after the last is the first, so that gaps are bridged across the end.

    Returns
    -------
    SliceVolume

    Raises
    ------
    InputError
        When the distance between slices is unknown or not positive, or for another word for `missing` or `base`.

    Notes
    -----
    An outline that a model misses is not an absent cavity, and lasts shorter; as zero it makes an end-systole of a fault. A
    cavity that closes at the apex is absent indeed, and an area interpolated there is an invention. At the base a cavity does
    not close: the plane of the valve moves through the slice, or the model does not know it; a slice that comes and goes there
    makes the stacks of two phases unlike.
    """
    values, height = numbers(areas, "Areas of slices"), numbers(slice_mm, "Distances between slices")
    if values.ndim < 2 or 0 in values.shape[-2:]:
        raise InputError(f"Areas of slices need the shape (..., slices, frames); got {values.shape}.")
    height = spread(height, values.shape[:-2], "A distance between slices is needed for all stacks")
    if not (np.isfinite(height).all() and (height > 0).all()):
        raise InputError("A volume needs the distance between slices in mm; it is unknown here: give the spacing of the masks.")
    if (values < 0).any():
        raise InputError(f"Areas must be 0 or more; the least is {np.nanmin(values):g}: take their size without sign.")
    for word, words in ((missing, MISSING), (base, ENDS)):
        if word not in words:
            raise InputError(f"{word!r} says nothing of missing slices; {nearest(str(word), [str(each) for each in words])}")
    found = _without_lost(values, missing, periodic, base)
    return SliceVolume(
        found.sum(axis=-2) * height[..., None] / MM3_PER_ML,
        np.isnan(values) & (found > 0),
        (np.isnan(values) | (values > 0)) & (found == 0),
        (values > 0).any(axis=-1) & (np.nan_to_num(found) == 0).all(axis=-1),
    )


def _without_lost(areas: Array, missing: str, periodic: bool, base: str | None) -> Array:
    """Areas as the slices count, NaN in frames that no slice has: those say nothing of a slice, and do not part its frames."""
    seen = _in_time(areas, periodic)[0] if missing in IN_TIME else areas
    stacks, there = areas.reshape(-1, *areas.shape[-2:]), np.isfinite(seen).any(axis=-2).reshape(-1, areas.shape[-1])
    found = np.full(stacks.shape, np.nan)
    for pattern in np.unique(there, axis=0):
        rows = np.flatnonzero((there == pattern).all(axis=1))
        if pattern.any():
            frames = np.flatnonzero(pattern)
            counted = MISSING[missing](stacks[rows][..., frames], periodic, base)
            found[rows[:, None], :, frames] = counted.swapaxes(1, 2)  # as numpy puts what two indices choose first
    return found.reshape(areas.shape)


def _outside(areas: Array) -> Array:
    """Areas with those of slices beyond the ends of the cavity set to 0; all NaN where it is in none."""
    seen = np.asarray(np.isfinite(areas).any(axis=-1))
    beyond = ~seen & ~_between(seen) & seen.any(axis=-1, keepdims=True)
    return np.where(beyond[..., None], 0.0, areas)


def _between(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(..., Z) which slices lie between two that are there."""
    return np.asarray(np.maximum.accumulate(there, axis=-1) & np.maximum.accumulate(there[..., ::-1], axis=-1)[..., ::-1])


def _zero(areas: Array) -> Array:
    """Areas with every missing one of a frame set to 0; all NaN of frames without any."""
    return np.where(np.isnan(areas) & ~np.isnan(areas).all(axis=-2, keepdims=True), 0.0, areas)


def _in_time(areas: Array, periodic: bool) -> tuple[Array, NDArray[np.bool_]]:
    """Areas with brief gaps bridged, and (..., Z) which slices are whole then."""
    known = bridged(areas, periodic=periodic, longest=BRIEF * areas.shape[-1])
    return known, np.asarray(np.isfinite(known).all(axis=-1))


def _interpolate(areas: Array, periodic: bool, base: str | None) -> Array:
    known, whole = _in_time(areas, periodic)
    left_out = _beyond(known, whole, base) & ~_leaves(known, whole, periodic)
    return _zero(bridged(np.where(left_out[..., None], np.nan, known), axis=-2))


def _beyond(known: Array, whole: NDArray[np.bool_], base: str | None) -> NDArray[np.bool_]:
    """(..., Z) the slices beyond the last whole one at the base; none where one slice or none is whole and no base is given."""
    before = ~np.maximum.accumulate(whole, axis=-1)
    after = ~np.maximum.accumulate(whole[..., ::-1], axis=-1)[..., ::-1]
    size = np.where(whole, known.sum(axis=-1), 0.0)  # of slices that are not whole NaN, and not asked for
    first, last = (np.take_along_axis(each, each.astype(bool).argmax(-1)[..., None], -1) for each in (size, size[..., ::-1]))
    at_first, at_last = (first > last, last > first) if base is None else (base == "first", base == "last")
    return np.asarray(whole.any(axis=-1, keepdims=True) & ((before & at_first) | (after & at_last)))


def _leaves(known: Array, whole: NDArray[np.bool_], periodic: bool) -> NDArray[np.bool_]:
    """(..., Z) slices that the cavity leaves once, about the frame of its least area, and is in at that of its greatest."""
    total = np.where(whole[..., None], known, 0.0).sum(axis=-2)
    there = np.isfinite(known)
    full, least = (
        np.take_along_axis(there, np.broadcast_to(frame[..., None, None], (*there.shape[:-1], 1)), axis=-1)[..., 0]
        for frame in (total.argmax(axis=-1), total.argmin(axis=-1))
    )
    before = np.roll(there, 1, axis=-1)
    starts = before & ~there if periodic else np.concatenate([~there[..., :1], (before & ~there)[..., 1:]], axis=-1)
    return np.asarray((starts.sum(axis=-1) == 1) & full & ~least)


def _common(areas: Array, periodic: bool) -> Array:
    known, whole = _in_time(areas, periodic)
    nowhere = np.isnan(areas).all(axis=-1) & _between(whole)  # part of the cavity, and nothing would tell that it is left out
    summed = whole.any(axis=-1, keepdims=True) & ~nowhere
    return np.where(whole[..., None], known, np.where(summed[..., None], 0.0, np.nan))


MISSING: dict[str, Callable[[Array, bool, str | None], Array]] = {
    "refuse": lambda areas, periodic, base: _outside(areas),
    "interpolate": _interpolate,
    "common": lambda areas, periodic, base: _common(areas, periodic),
    "zero": lambda areas, periodic, base: _zero(areas),
}
IN_TIME = ("interpolate", "common")
"""Those that bridge brief gaps in time."""
