"""Gaps in curves: straight lines across those that are short enough."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.tracking.timing import Array, curves_of, neighbours


def bridged(values: NDArray[np.floating], *, axis: int = -1, periodic: bool = False, longest: float = np.inf) -> Array:
    """Fill gaps between two known values by a straight line between them; gaps at the ends stay, unless the beat is periodic.

    Parameters
    ----------
    values : array
        NaN in gaps.
    axis : int
        Along which values follow one another at even steps.
    periodic : bool
        After the last value comes the first.
    longest : float
        Values in a row that are filled, at most; longer gaps stay.

    Returns
    -------
    array of the same shape
    """
    if not (isinstance(longest, Real) and longest >= 0):
        raise InputError(f"The longest gap that is bridged must be 0 values or more; got {longest!r}: give a number.")
    curves = np.moveaxis(curves_of(values), axis, -1)
    n = curves.shape[-1]
    laid = np.concatenate([curves] * 3, axis=-1) if periodic else curves
    place = np.arange(laid.shape[-1])
    known = np.isfinite(laid)
    before, after = neighbours(known)
    share = (place - before) / np.maximum(after - before, 1)
    low = np.take_along_axis(laid, np.maximum(before, 0), axis=-1)
    high = np.take_along_axis(laid, np.minimum(after, len(place) - 1), axis=-1)
    short = (before >= 0) & (after < len(place)) & (after - before - 1 <= longest)
    filled = np.where(known, laid, np.where(short, low + share * (high - low), np.nan))
    return np.moveaxis(filled[..., n : 2 * n] if periodic else filled, -1, axis)
