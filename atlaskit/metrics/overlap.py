"""Landmark polygons against the mask they came from: overlap, distance and validity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from atlaskit.contours import Points, fill, perimeter, resample

_BLOCK = 2**20  # pairs of edges looked at together: some 100 MB


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Dice overlap of two planes of one shape; NaN when both are empty."""
    total = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero(a & b) / total if total else float("nan")


def polygon_dice(points: NDArray[np.floating], plane: NDArray[np.bool_]) -> float:
    """Dice of a filled polygon against the plane as given.

    Parameters
    ----------
    points : (n, 2) array
        Closed polygon, pixels; what leaves the image does not count.
    plane : (H, W) bool array

    Returns
    -------
    float
        NaN when a coordinate is not finite (the structure is absent) or when both are empty.

    Notes
    -----
    Only the polygon's bounding box is filled: 0.2 ms for a lung at 512 x 512.
    """
    if not np.isfinite(points).all():
        return float("nan")
    size = np.array(plane.shape[::-1])
    left, top = np.clip(np.floor(points.min(axis=0)), 0, size).astype(int)
    right, bottom = np.clip(np.ceil(points.max(axis=0)) + 1, 0, size).astype(int)
    inside = fill(points - np.array([left, top]), (max(right - left, 0), max(bottom - top, 0)))
    total = np.count_nonzero(inside) + np.count_nonzero(plane)
    return 2 * np.count_nonzero(inside & plane[top:bottom, left:right]) / total if total else float("nan")


def surface_distances(points: NDArray[np.floating], *contours: NDArray[np.floating]) -> tuple[float, float]:
    """Symmetric distances between a closed polygon and the boundary of a mask, sampled at most 1 px apart.

    Parameters
    ----------
    points : (n, 2) array
        Closed polygon, pixels.
    *contours : (m, 2) arrays
        Closed polygons, pixels: the boundary, with those of islands and holes where it has any.

    Returns
    -------
    hd95_px : float
        The larger of the two directed 95th percentiles.
    assd_px : float
        Mean over the samples of all polygons. Both NaN when a coordinate is not finite.

    Notes
    -----
    Distances run from samples to edges, not to samples, so equal polygons are 0 apart. About 1 ms for a lung at 512 px.
    """
    if not all(np.isfinite(polygon).all() for polygon in (points, *contours)):
        return float("nan"), float("nan")
    there = np.min([_distances(points, contour) for contour in contours], axis=0)
    back = np.concatenate([_distances(contour, points) for contour in contours])
    hd95 = max(float(np.percentile(there, 95)), float(np.percentile(back, 95)))
    return hd95, float(np.concatenate([there, back]).mean())


def _distances(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distance to one closed polygon from samples about 1 px apart on another."""
    samples = resample(source, max(int(np.ceil(perimeter(source))), 3))
    dense = _dense(target)
    _, near = cKDTree(dense, balanced_tree=False).query(samples)
    before = _to_edge(samples, dense[near - 1], dense[near])
    after = _to_edge(samples, dense[near], dense[(near + 1) % len(dense)])
    distances: NDArray[np.float64] = np.minimum(before, after)
    return distances


def _dense(points: NDArray[np.floating]) -> Points:
    """Add points to a polygon until no edge is longer than 1 px; its vertices stay."""
    edge = np.roll(points, -1, axis=0) - points
    pieces = np.maximum(np.ceil(np.linalg.norm(edge, axis=1)), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(points)), pieces)
    along = (np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[owner]
    dense: Points = points[owner] + along[:, None] * edge[owner]
    return dense


def _to_edge(samples: Points, a: Points, b: Points) -> NDArray[np.float64]:
    """Distance of each sample to its own edge from a to b."""
    edge = b - a
    length2 = np.maximum((edge**2).sum(axis=1), 1e-12)
    along = np.clip(((samples - a) * edge).sum(axis=1) / length2, 0.0, 1.0)
    distance: NDArray[np.float64] = np.linalg.norm(samples - a - along[:, None] * edge, axis=1)
    return distance


def self_intersections(points: NDArray[np.floating]) -> NDArray[np.int64]:
    """Pairs of non-adjacent edges of a closed polygon that cross or touch; 0 for a simple polygon.

    Parameters
    ----------
    points : (..., n, 2) array
        One polygon or a batch of them; NaN crosses nothing.

    Returns
    -------
    (...) int array
        Zero-dimensional for one polygon.
    """
    n = points.shape[-2]
    flat = points.astype(np.float64).reshape(-1, n, 2)
    step = max(_BLOCK // n**2, 1)
    counts = [_crossings(flat[k : k + step]) for k in range(0, len(flat), step)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *counts]).reshape(points.shape[:-2])


def _crossings(points: Points) -> NDArray[np.int64]:
    """Count for N polygons: two edges meet when their boxes do and each straddles the other's line."""
    start = points - points[:, :1]
    stop = np.roll(start, -1, axis=1)
    (ex, ey), (x, y) = np.moveaxis(stop - start, 2, 0), np.moveaxis(start, 2, 0)
    side = ex[:, :, None] * (y[:, None] - y[:, :, None]) - ey[:, :, None] * (x[:, None] - x[:, :, None])
    straddles = side * np.roll(side, -1, axis=2) <= 0
    low, high = np.minimum(start, stop), np.maximum(start, stop)
    boxes = (low[:, :, None] <= high[:, None]).all(axis=3)
    n = points.shape[1]
    gap = (np.arange(n)[None] - np.arange(n)[:, None]) % n
    apart = (gap > 1) & (gap < n - 1)
    both = straddles & boxes
    pairs: NDArray[np.int64] = (both & both.transpose(0, 2, 1) & apart).sum(axis=(1, 2)) // 2
    return pairs
