"""Which way closed landmark polygons run: tangents, outward normals, and how these vary over cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def tangents(points: Array, positions: Array) -> NDArray[np.float64]:
    """Unit tangents of closed polygons at fixed positions.

    Parameters
    ----------
    points : (N, n, 2) array
        Closed polygons.
    positions : (K,) array
        Landmark index plus the fraction of the way to the next.

    Returns
    -------
    (N, K, 2) float array
        The direction of the edge; at a landmark that of the line between its two neighbours.
    """
    n = points.shape[1]
    low = np.floor(positions).astype(np.int64)
    before = np.where(positions > low, low, low - 1)
    along = points[:, (low + 1) % n].astype(np.float64) - points[:, before % n]
    unit: NDArray[np.float64] = along / np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-12)
    return unit


def normals(points: Array) -> NDArray[np.float64]:
    """(N, n, 2) unit normals that point out of closed polygons (N, n, 2), at their landmarks."""
    along = tangents(points, np.arange(points.shape[1], dtype=np.float64))
    x, y = points[..., 0].astype(np.float64), points[..., 1].astype(np.float64)
    area = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1)
    outward: NDArray[np.float64] = np.stack([along[..., 1], -along[..., 0]], axis=2) * np.sign(area)[:, None, None]
    return outward


def normal_spread(points: Array) -> NDArray[np.float64]:
    """How much the normal at each landmark turns from case to case.

    Parameters
    ----------
    points : (N, n, 2) array
        Closed polygons of one structure in a common frame; a case with a NaN is left out.

    Returns
    -------
    (n,) float array
        Circular standard deviation over the cases, degrees; NaN for fewer than two cases.

    References
    ----------
    Mardia and Jupp, Directional Statistics (2000): sqrt(-2 ln R) with R the length of the mean unit vector.
    """
    known = points[np.isfinite(points).all(axis=(1, 2))]
    if len(known) < 2:
        return np.full(points.shape[1], np.nan)
    length = np.linalg.norm(normals(known).mean(axis=0), axis=1)
    spread: NDArray[np.float64] = np.degrees(np.sqrt(-2 * np.log(np.clip(length, 1e-12, 1.0))))
    return spread


def edge_variation(points: Array) -> NDArray[np.float64]:
    """(N,) standard deviation of the edge lengths of closed polygons (N, n, 2) over their mean; 0 is even spacing."""
    length = np.linalg.norm(np.roll(points, -1, axis=1) - points, axis=2)
    variation: NDArray[np.float64] = length.std(axis=1) / np.maximum(length.mean(axis=1), 1e-12)
    return variation
