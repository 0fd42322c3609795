"""What a closed surface of triangles measures, and whether it is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Faces = NDArray[np.integer[Any]]

BATCH = 300_000
"""Corners that are measured at a time, at most: as many as stay near the processor."""


def volume(vertices: Array, faces: Faces) -> NDArray[np.float64]:
    """Signed volume that closed surfaces of the same triangles enclose: positive where these point outwards.

    Parameters
    ----------
    vertices : (..., V, 3) array
        mm, of any number of surfaces.
    faces : (F, 3) int array

    Returns
    -------
    (...) float array
        mm3, a thousand of which are a ml; NaN where vertices are.

    Notes
    -----
    Divergence theorem: the sum of the tetrahedra from one point to all triangles. The point is the mean of the vertices, as
    far-away ones would cost digits.
    """
    return _measured(_volume, vertices, faces)


def area(vertices: Array, faces: Faces) -> NDArray[np.float64]:
    """Area of surfaces of the same triangles, their ends included.

    Parameters
    ----------
    vertices : (..., V, 3) array
        mm.
    faces : (F, 3) int array

    Returns
    -------
    (...) float array
        mm2; NaN where vertices are.
    """
    return _measured(_area, vertices, faces)


def is_closed(faces: Faces) -> bool:
    """Whether each edge belongs to two triangles that run along it in opposite directions: no hole, and one outside."""
    edges = _edges(faces)
    both = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    there = np.unique(edges, axis=0)
    return len(there) == len(edges) == len(both)


def euler(faces: Faces) -> int:
    """Vertices - edges + triangles: 2 of a closed surface in one piece without handles."""
    undirected = np.unique(np.sort(_edges(faces), axis=1), axis=0)
    return len(np.unique(faces)) - len(undirected) + len(faces)


def _measured(measure: Callable[[Array, Faces], Array], vertices: Array, faces: Faces) -> NDArray[np.float64]:
    """(...) what each surface of (..., V, 3) measures, some at a time: their triangles take far more room than they do."""
    points = np.asarray(vertices, dtype=np.float64)
    flat = points.reshape(-1, *points.shape[-2:])
    step = max(1, BATCH // faces.size)
    parts = [measure(flat[start : start + step], faces) for start in range(0, len(flat), step)]
    return np.concatenate([np.zeros(0), *parts]).reshape(points.shape[:-2])


def _volume(vertices: Array, faces: Faces) -> Array:
    """(B,) signed volumes."""
    a, b, c = _corners(vertices - vertices.mean(axis=1, keepdims=True), faces)
    across = _cross(b, c)
    return np.asarray(sum((a[k] * across[k]).sum(axis=1) for k in range(3)) / 6)


def _area(vertices: Array, faces: Faces) -> Array:
    """(B,) areas."""
    a, b, c = _corners(vertices, faces)
    across = _cross(b - a, c - a)
    return np.asarray(np.sqrt(sum(part * part for part in across)).sum(axis=1) / 2)


def _edges(faces: Faces) -> Faces:
    """(3 F, 2) directed edges."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def _corners(vertices: Array, faces: Faces) -> tuple[Array, ...]:
    """Three (3, B, F) corners of triangles: an array for each of x, y and z, which is faster than their triples."""
    apart = np.ascontiguousarray(np.moveaxis(vertices, 2, 0))
    return tuple(np.take(apart, faces[:, k], axis=2) for k in range(3))


def _cross(a: Array, b: Array) -> tuple[Array, ...]:
    """Three components of the product of (3, B, F) vectors."""
    return tuple(a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1)))
