"""How a heart works, from curves: fractional change, strain and thickening.

Landmarks from masks are places on an outline, not material points of the tissue. The length of a whole outline and the area
that it encloses do not change when landmarks slide along it; that of a segment does, and is marked experimental.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError
from atlaskit.metrics import edge_distances
from atlaskit.tracking.curves import Array, Outlines, along, area, length, perimeter
from atlaskit.tracking.timing import count_of, curves_of, frames_of


@dataclass(frozen=True)
class Segmental:
    """A quantity by segment of an outline. Experimental: landmarks that slide along the outline carry the segments with them.

    Attributes
    ----------
    values : (..., T, K) float array
        Relative change since end-diastole, K segments.
    segments : tuple of tuple of int
        The landmarks of each.
    experimental : bool
        True: to be told wherever the values are.
    """

    values: Array
    segments: tuple[tuple[int, ...], ...]
    experimental: bool = True


def at_frame(curve: NDArray[np.floating], frame: ArrayLike) -> Array:
    """The values (...) of curves (..., T) at one frame for all or of each (...); NaN where the frame is negative: none."""
    values = curves_of(curve)
    frames = frames_of(frame, values.shape[:-1], values.shape[-1])
    taken = np.take_along_axis(values, np.maximum(frames, 0)[..., None], axis=-1)[..., 0]
    return np.where(frames < 0, np.nan, taken)


def strain(lengths: NDArray[np.floating], ed: ArrayLike) -> Array:
    """Engineering strain (L(t) - L_ED) / L_ED of a contour's length.

    Parameters
    ----------
    lengths : (..., T) array
        Of a closed outline in short axis (`perimeter`: circumferential strain), or of an open one without the valve plane in
        long axis (`length`: longitudinal strain).
    ed : (...) int array
        The frame of end-diastole; one for all, or of each.

    Returns
    -------
    (..., T) float array
        A share, 0 at end-diastole and negative where the outline is shorter; NaN in gaps, and all NaN without end-diastole.
    """
    values = curves_of(lengths)
    rest = at_frame(values, ed)[..., None]
    return np.asarray(values / np.where(rest > 0, rest, np.nan) - 1)


def fractional_area_change(areas: NDArray[np.floating], ed: ArrayLike, es: ArrayLike) -> Array:
    """The share of a cavity's area that end-systole lacks, (A_ED - A_ES) / A_ED.

    Parameters
    ----------
    areas : (..., T) array
    ed, es : (...) int array
        Frames of end-diastole and end-systole.

    Returns
    -------
    (...) float array
    """
    return -at_frame(strain(areas, ed), es)


def ejection_fraction(volumes: NDArray[np.floating], ed: ArrayLike, es: ArrayLike) -> Array:
    """The share of a cavity's volume that a beat ejects, (EDV - ESV) / EDV.

    Parameters
    ----------
    volumes : (..., T) array
    ed, es : (...) int array
        Frames of end-diastole and end-systole.

    Returns
    -------
    (...) float array
    """
    return fractional_area_change(volumes, ed, es)


def wall_thickness(points: Outlines, inner: Sequence[int], outer: Sequence[int], *, closed: bool = True) -> Array:
    """Mean thickness of the wall between two nested outlines, in every frame.

    The area between them over the mean of their lengths: exact for concentric circles, whole or cut in half, and free of where
    landmarks lie.

    Parameters
    ----------
    points : (..., T, L, 2) array
    inner, outer : sequence of int
        Landmarks along the two outlines.
    closed : bool
        False: lines that run the same way and stay open, such as `run` gives them without a valve plane; straight lines between
        their ends bound the wall.

    Returns
    -------
    (..., T) float array
        In the points' unit; NaN in gaps of either.
    """
    if closed:
        between = area(points, outer) - area(points, inner)
        return np.asarray(2 * between / (perimeter(points, outer) + perimeter(points, inner)))
    between = area(points, (*inner, *reversed(outer)))
    return np.asarray(2 * between / (length(points, outer) + length(points, inner)))


def wall_distances(points: Outlines, inner: Sequence[int], outer: Sequence[int], *, closed: bool = True) -> Array:
    """The wall's thickness at each landmark of its inner outline: the distance to the nearest place on the outer one.

    Parameters
    ----------
    points : (..., T, L, 2) array
    inner, outer : sequence of int
        Landmarks along the two outlines.
    closed : bool
        False: the outer line is open, and no place between its ends is on it.

    Returns
    -------
    (..., T, n) float array
        In the points' unit and the order of `inner`; NaN in gaps of either.
    """
    line = outer if closed else (*outer, *outer[-2:0:-1])  # there and back, as edges are those of closed polygons
    return edge_distances(along(points, inner), along(points, line))


def thickening(thickness: NDArray[np.floating], ed: ArrayLike) -> Array:
    """Radial thickening (h(t) - h_ED) / h_ED of a wall.

    Parameters
    ----------
    thickness : (..., T) array
        As of `wall_thickness`.
    ed : (...) int array
        The frame of end-diastole; one for all, or of each.

    Returns
    -------
    (..., T) float array
        A share, 0 at end-diastole and positive where the wall is thicker.
    """
    return strain(thickness, ed)


def segmental_strain(points: Outlines, path: Sequence[int], ed: ArrayLike, *, segments: int = 6) -> Segmental:
    """Strain of the parts of a contour, cut into equal shares of its landmarks. Experimental, see `Segmental`.

    Parameters
    ----------
    points : (..., T, L, 2) array
    path : sequence of int
        Landmarks along the line: a closed outline repeats its first at the end.
    ed : (...) int array
        The frame of end-diastole; one for all, or of each.
    segments : int

    Returns
    -------
    Segmental
        Adjoining segments share a landmark.

    Raises
    ------
    InputError
        When there are more segments than steps between landmarks.
    """
    parts = _shares(path, len(path) - 1, segments)
    curves = [strain(length(points, part), ed) for part in parts]
    return Segmental(np.stack(curves, axis=-1), parts)


def segmental_thickening(
    points: Outlines, inner: Sequence[int], outer: Sequence[int], ed: ArrayLike, *, segments: int = 6, closed: bool = True
) -> Segmental:
    """Thickening of the wall behind parts of its inner outline, equal shares of its landmarks. Experimental, see `Segmental`.

    Parameters
    ----------
    points : (..., T, L, 2) array
    inner, outer : sequence of int
        Landmarks along the two outlines.
    ed : (...) int array
        The frame of end-diastole; one for all, or of each.
    segments : int
    closed : bool
        False: the lines are open.

    Returns
    -------
    Segmental
        Of the mean of `wall_distances` over each segment's landmarks; where two meet, a landmark is of the one that it begins,
        and of both along open lines, so that either direction is the same.

    Raises
    ------
    InputError
        When there are more segments than steps between landmarks.
    """
    parts = _shares((*inner, inner[0]) if closed else inner, len(inner) - (not closed), segments)
    distances = wall_distances(points, inner, outer, closed=closed)
    place = {landmark: k for k, landmark in enumerate(inner)}
    means = [distances[..., [place[landmark] for landmark in part[: -1 if closed else None]]].mean(axis=-1) for part in parts]
    return Segmental(np.stack([thickening(mean, ed) for mean in means], axis=-1), parts)


def _shares(path: Sequence[int], steps: int, segments: int) -> tuple[tuple[int, ...], ...]:
    """A path cut into parts of as equal numbers of steps as there can be; neighbours share the landmark between them."""
    if count_of(segments, 1, "The number of segments") > steps:
        raise InputError(f"An outline of {steps} steps can be cut into 1 to {steps} segments; got {segments}.")
    ends = np.round(np.linspace(0, steps, segments + 1)).astype(int).tolist()
    return tuple(tuple(path[first : last + 1]) for first, last in pairwise(ends))
