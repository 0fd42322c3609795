"""Landmark polygons against the mask they came from: overlap, distance and validity."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import fill, perimeter, resample

_EDGES = 16  # to a block: some 100 blocks for a contour


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


def surface_distances(
    points: NDArray[np.floating] | Sequence[NDArray[np.floating]], *contours: NDArray[np.floating]
) -> tuple[float, float]:
    """Symmetric distances between a closed polygon and the boundary of a mask, sampled at most 1 px apart.

    Parameters
    ----------
    points : (n, 2) array or sequence of them
        Closed polygon, pixels; several where a structure has several edges.
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
    Distances run from samples to edges, not to samples, so equal polygons are 0 apart. About 0.5 ms for a lung at 512 px.
    """
    polygons = [points] if isinstance(points, np.ndarray) else points
    if not all(np.isfinite(polygon).all() for polygon in (*polygons, *contours)):
        return float("nan"), float("nan")
    there = _nearest(polygons, contours)
    back = _nearest(contours, polygons)
    hd95 = max(float(np.percentile(there, 95)), float(np.percentile(back, 95)))
    return hd95, float(np.concatenate([there, back]).mean())


def edge_distances(points: NDArray[np.floating], polygons: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distances from points to the nearest place on the edges of closed polygons, of many pairs at once.

    Parameters
    ----------
    points : (..., m, 2) array
    polygons : (..., n, 2) array
        One for each set of points.

    Returns
    -------
    (..., m) float array
        NaN where a point of the set or of its polygon is not finite.
    """
    samples = np.ascontiguousarray(points, dtype=np.float64)
    lines = np.ascontiguousarray(np.concatenate([polygons, polygons[..., :1, :]], axis=-2), dtype=np.float64)
    known = np.isfinite(samples).all(axis=(-1, -2)) & np.isfinite(lines).all(axis=(-1, -2))
    found = np.full(samples.shape[:-1], np.nan)
    for place in zip(*np.nonzero(known), strict=True):
        found[place] = _to_edges(samples[place], lines[place])
    return found


def _nearest(sources: Sequence[NDArray[np.floating]], targets: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Distances from samples on all of some polygons to the nearest of others."""
    return np.concatenate([np.min([_distances(source, target) for target in targets], axis=0) for source in sources])


def _distances(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distance to one closed polygon from samples about 1 px apart on another."""
    samples = resample(source, max(int(np.ceil(perimeter(source))), 3))
    distances: NDArray[np.float64] = _to_edges(samples, np.vstack([target, target[:1]]).astype(np.float64))
    return distances


@numba.njit(cache=True, nogil=True)
def _to_edges(samples, line):  # type: ignore[no-untyped-def]
    """Distance of each sample to an open line (m + 1, 2).

    Edges lie in blocks whose boxes tell which can be nearer than the edge that was nearest to the sample before.
    """
    edges = len(line) - 1
    blocks = (edges + _EDGES - 1) // _EDGES
    box = np.empty((4, blocks))
    for b in range(blocks):
        part = line[b * _EDGES : min((b + 1) * _EDGES, edges) + 1]
        box[0, b], box[1, b] = part[:, 0].min(), part[:, 0].max()
        box[2, b], box[3, b] = part[:, 1].min(), part[:, 1].max()
    found = np.empty(len(samples))
    away = np.empty(blocks)
    nearest = 0
    for k in range(len(samples)):
        x, y = samples[k, 0], samples[k, 1]
        for b in range(blocks):
            dx = max(box[0, b] - x, x - box[1, b], 0.0)
            dy = max(box[2, b] - y, y - box[3, b], 0.0)
            away[b] = dx * dx + dy * dy
        least = _to_edge(x, y, line, nearest)
        for b in range(blocks):
            if away[b] < least:
                for e in range(b * _EDGES, min((b + 1) * _EDGES, edges)):
                    square = _to_edge(x, y, line, e)
                    if square < least:
                        least, nearest = square, e
        found[k] = np.sqrt(least)
    return found


@numba.njit(cache=True, nogil=True)
def _to_edge(x, y, line, e):  # type: ignore[no-untyped-def]
    """Squared distance of a point to edge e of a line."""
    ex, ey = line[e + 1, 0] - line[e, 0], line[e + 1, 1] - line[e, 1]
    px, py = x - line[e, 0], y - line[e, 1]
    along = min(max((px * ex + py * ey) / max(ex * ex + ey * ey, 1e-12), 0.0), 1.0)
    dx, dy = px - along * ex, py - along * ey
    return dx * dx + dy * dy


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
    flat = points.astype(np.float64).reshape(-1, *points.shape[-2:])
    counts = np.array([_crossings(polygon) for polygon in flat], dtype=np.int64)
    return counts.reshape(points.shape[:-2])


@numba.njit(cache=True, nogil=True)
def _crossings(points):  # type: ignore[no-untyped-def]
    """Count for one polygon: two edges meet when their boxes do and each straddles the other's line."""
    n = len(points)
    line = np.vstack((points, points[:1])) - points[0]
    low, high = np.minimum(line[:-1], line[1:]), np.maximum(line[:-1], line[1:])
    count = 0
    for i in range(n):
        ex, ey = line[i + 1, 0] - line[i, 0], line[i + 1, 1] - line[i, 1]
        for j in range(i + 2, n - 1 if i == 0 else n):
            if low[i, 0] <= high[j, 0] and low[j, 0] <= high[i, 0] and low[i, 1] <= high[j, 1] and low[j, 1] <= high[i, 1]:
                a = ex * (line[j, 1] - line[i, 1]) - ey * (line[j, 0] - line[i, 0])
                b = ex * (line[j + 1, 1] - line[i, 1]) - ey * (line[j + 1, 0] - line[i, 0])
                fx, fy = line[j + 1, 0] - line[j, 0], line[j + 1, 1] - line[j, 1]
                c = fx * (line[i, 1] - line[j, 1]) - fy * (line[i, 0] - line[j, 0])
                d = fx * (line[i + 1, 1] - line[j, 1]) - fy * (line[i + 1, 0] - line[j, 0])
                count += a * b <= 0 and c * d <= 0
    return count
