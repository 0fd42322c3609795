"""What a closed surface of triangles measures, and whether it is closed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Faces = NDArray[np.integer[Any]]


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
    a, b, c = _corners(vertices - np.mean(vertices, axis=-2, keepdims=True), faces)
    signed: NDArray[np.float64] = np.einsum("...fi,...fi->...", a, np.cross(b, c)) / 6
    return signed


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
    a, b, c = _corners(vertices, faces)
    total: NDArray[np.float64] = np.linalg.norm(np.cross(b - a, c - a), axis=-1).sum(axis=-1) / 2
    return total


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


def _edges(faces: Faces) -> Faces:
    """(3 F, 2) directed edges."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def _corners(vertices: Array, faces: Faces) -> tuple[NDArray[np.float64], ...]:
    """Three (..., F, 3) corners of triangles."""
    points = np.asarray(vertices, dtype=np.float64)
    return tuple(points[..., faces[:, k], :] for k in range(3))
