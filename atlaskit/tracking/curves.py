"""Areas and lengths of outlines through time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import lengths, signed_areas
from atlaskit.errors import InputError
from atlaskit.tracking.timing import numbers, whole

Array = NDArray[np.float64]
Outlines = NDArray[np.floating]


def area(points: Outlines, loop: Sequence[int]) -> Array:
    """Area of a structure in every frame, of the polygon through its landmarks.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Pixels or mm; a gap is NaN.
    loop : sequence of int
        The structure's landmarks along its closed outline.

    Returns
    -------
    (..., T) float array
        Unsigned, in the square of the points' unit; NaN in gaps.

    Notes
    -----
    A polygon of n landmarks on a smooth outline encloses a share of about 6.6 / n^2 less than the outline (0.16 % for 64),
    the same in every frame, so that it cancels in ratios: fractional area change and ejection fraction.
    """
    return np.abs(signed_areas(along(points, loop)))


def perimeter(points: Outlines, loop: Sequence[int]) -> Array:
    """Length of a structure's closed outline in every frame.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Pixels or mm; a gap is NaN.
    loop : sequence of int
        The structure's landmarks along its closed outline.

    Returns
    -------
    (..., T) float array
        In the points' unit; NaN in gaps.
    """
    outline = along(points, loop)
    return lengths(outline) + lengths(outline[..., [-1, 0], :])


def length(points: Outlines, path: Sequence[int]) -> Array:
    """Length of an open run of landmarks in every frame, such as the outline of a ventricle without its valve plane.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Pixels or mm; a gap is NaN.
    path : sequence of int
        Landmarks in order along the line, two at least; `run` gives them.

    Returns
    -------
    (..., T) float array
        In the points' unit; NaN in gaps.
    """
    if len(path) < 2:
        raise InputError(f"A line needs at least 2 landmarks; got {len(path)}.")
    return lengths(along(points, path))


def run(points: Outlines, loop: Sequence[int], base: tuple[int, int]) -> tuple[int, ...]:
    """The landmarks of a closed outline from one hinge of its base around to the other, without those between on the base.

    Of the two ways around it is the one that is longer in all known frames together: a valve plane is short, its wall long.

    Parameters
    ----------
    points : (..., L, 2) array
    loop : sequence of int
        Landmarks along the closed outline.
    base : (int, int)
        The two hinges, landmarks of the loop. The same twice is the whole outline, cut open there.

    Returns
    -------
    tuple of int

    Raises
    ------
    InputError
        When a hinge is not on the loop.
    """
    order = list(loop)
    if not set(base) <= set(order):
        raise InputError(f"The two hinges of a base must be landmarks of its outline, {len(order)} in number; got {base}.")
    first, last = order.index(base[0]), order.index(base[1])
    if first == last:
        return (*order[first:], *order[: first + 1])
    one = [order[(first + k) % len(order)] for k in range((last - first) % len(order) + 1)]
    other = [order[(first - k) % len(order)] for k in range((first - last) % len(order) + 1)]
    here, there = (float(np.nansum(length(points, path))) for path in (one, other))
    return tuple(one if here >= there else other)


def along(points: Outlines, path: Sequence[int]) -> Array:
    """(..., n, 2) the landmarks of a path, in its order."""
    array = numbers(points, "Landmarks")
    if array.ndim < 2 or array.shape[-1] != 2:
        raise InputError(f"Landmarks must be an array (..., L, 2); got the shape {array.shape}.")
    chosen = np.atleast_1d(whole(path, "Landmarks of a path", "number them from 0"))
    if not chosen.size:
        raise InputError("A path needs landmarks; got none.")
    if chosen.min() < 0 or chosen.max() >= array.shape[-2]:
        raise InputError(
            f"Landmarks of a path must be among the {array.shape[-2]} there are; got {chosen.min()} to {chosen.max()}."
        )
    if (np.diff(chosen) == 1).all():  # a view, not a copy
        return np.asarray(array[..., chosen[0] : chosen[-1] + 1, :])
    return np.asarray(array[..., chosen, :])
