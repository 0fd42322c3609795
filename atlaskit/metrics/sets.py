"""Many shapes against many: the nearest by mean landmark distance, and overlaps of polygons on one raster."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Planes = NDArray[np.float32]

SIZE = 64
"""Pixels along each side of the raster: overlaps of lungs and hearts are then off by 0.002, their means by less than 0.001."""


def nearest_distance(points: Array, others: Array) -> NDArray[np.float64]:
    """Mean landmark distance from each shape to the nearest of others.

    Parameters
    ----------
    points : (R, L, 2) array
    others : (N, L, 2) array
        In the same frame.

    Returns
    -------
    (R,) float array

    Notes
    -----
    The search is in single precision: 0.03 s for 1000 shapes and 500 others of 208 landmarks.
    """
    middle = others.mean(0)
    x, y, u, v = (
        np.ascontiguousarray((shapes - middle)[..., axis], dtype=np.float32) for shapes in (points, others) for axis in (0, 1)
    )
    found: NDArray[np.float64] = np.linalg.norm(points - others[_nearest(x, y, u, v)], axis=2).mean(1)
    return found


@numba.njit(cache=True, nogil=True)
def _nearest(x, y, u, v):  # type: ignore[no-untyped-def]
    """Which of others (N, L) is at the least sum of distances from each shape (R, L)."""
    nearest = np.zeros(len(x), np.int64)
    for r in range(len(x)):
        least = np.inf
        for i in range(len(u)):
            total = _sum_of_distances(x[r], y[r], u[i], v[i])
            if total < least:
                least, nearest[r] = total, i
    return nearest


@numba.njit(cache=True, nogil=True, fastmath=True)
def _sum_of_distances(x, y, u, v):  # type: ignore[no-untyped-def]
    """Of the landmarks of one shape to those of another."""
    total = np.float32(0)
    for k in range(len(x)):
        dx, dy = x[k] - u[k], y[k] - v[k]
        total += np.sqrt(dx * dx + dy * dy)
    return total


def filled(polygons: Array, low: Array, high: Array) -> Planes:
    """Closed polygons on one raster, by non-zero winding.

    Parameters
    ----------
    polygons : (B, n, 2) array
    low, high : (2,) array
        Corners of the raster; what lies outside does not count.

    Returns
    -------
    (B, `SIZE` * `SIZE`) float array
        1 where the centre of a pixel is inside, else 0.
    """
    scaled = (np.asarray(polygons, dtype=np.float64) - low) * (SIZE / (high - low)) - 0.5
    planes: Planes = _fill(scaled)
    return planes


@numba.njit(cache=True, nogil=True)
def _fill(polygons):  # type: ignore[no-untyped-def]
    """(B, SIZE * SIZE) pixels, whose centres have whole coordinates, inside closed polygons."""
    planes = np.zeros((len(polygons), SIZE * SIZE), np.float32)
    winding = np.empty((SIZE, SIZE + 1), np.int16)
    for b in range(len(polygons)):
        winding[:] = 0
        x0, y0 = polygons[b, -1]
        for x1, y1 in polygons[b]:
            step = -1 if y1 > y0 else 1
            slope = (x1 - x0) / (y1 - y0) if y1 != y0 else 0.0
            for row in range(max(int(np.ceil(min(y0, y1))), 0), min(int(np.ceil(max(y0, y1))), SIZE)):
                at = int(np.ceil(x0 + (row - y0) * slope))
                winding[row, min(max(at, 0), SIZE)] += step
            x0, y0 = x1, y1
        _spread(winding, planes[b].reshape(SIZE, SIZE))
    return planes


@numba.njit(cache=True, nogil=True)
def _spread(winding, plane):  # type: ignore[no-untyped-def]
    """Write a plane (SIZE, SIZE): 1 where the steps (SIZE, SIZE + 1) of a row add up to other than 0."""
    for row in range(SIZE):
        turns = 0
        for column in range(SIZE):
            turns += winding[row, column]
            if turns != 0:
                plane[row, column] = 1


def tanimoto(planes: Planes, others: Planes) -> NDArray[np.float64]:
    """Tanimoto overlaps of every plane with every other, intersection over union, as one product of matrices.

    Parameters
    ----------
    planes : (R, P) float array
        1 or 0.
    others : (N, P) float array

    Returns
    -------
    (R, N) float array
        1 where both are empty.
    """
    share = others.mean(0)
    varies = np.flatnonzero((share > 0) & (share < 1))  # pixels that all of the others have need no product with each
    always, area = (planes @ np.stack([share == 1, np.ones_like(share)], axis=1).astype(np.float32)).T
    both = planes.take(varies, axis=1) @ others.take(varies, axis=1).T + always[:, None]
    union = area[:, None] + others.sum(1) - both
    return np.where(union > 0, both / np.maximum(union, 1), 1.0).astype(np.float64)
