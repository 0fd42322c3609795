"""Sub-pixel closed polygons from structure planes, and pixels from polygons.

Coordinates are (x, y) in pixels, pixel centres on integers, x right, y down. Every contour is closed (the first point
is not repeated) and runs so that its signed area is positive: clockwise as seen on screen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Points = NDArray[np.float64]

_EIGHT = np.ones((3, 3), dtype=bool)

LARGEST_MOVE = 0.25
"""Distance in pixels that a blurred boundary is moved to regain its area, at most; a smaller blur is tried beyond it."""


@dataclass(frozen=True)
class Contour:
    """The outer boundary of a plane's largest component, and an account of what it leaves out.

    Attributes
    ----------
    points : (n, 2) float array
        Closed polygon, (x, y) pixels.
    components : int
        8-connected components in the plane, the modelled one included.
    hole_px : int
        Background pixels that the largest component encloses.
    touches_border : bool
        The plane reaches the edge of the image, so part of the boundary is the image's and not the structure's.
    """

    points: Points
    components: int
    hole_px: int
    touches_border: bool


def trace(plane: NDArray[np.bool_], *, smooth: float = 1.0) -> Contour | None:
    """Trace the sub-pixel boundary of the largest component of a plane.

    The component is padded, blurred by a light Gaussian and cut at the level that keeps its pixel area, so that the
    polygon's area is unbiased at any size.

    Parameters
    ----------
    plane : (H, W) bool array
    smooth : float
        Standard deviation of the Gaussian, pixels; 0 follows the pixel edges' midpoints.

    Returns
    -------
    Contour or None
        None when the plane is empty.

    Notes
    -----
    About 1 ms at 512 x 512: only the bounding box is touched.
    """
    rows = np.flatnonzero(plane.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(plane[rows[0] : rows[-1] + 1].any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    height, width = plane.shape
    touches = bool(top == 0 or left == 0 or bottom == height or right == width)
    crop = plane[top:bottom, left:right]
    labels, components = ndimage.label(crop, structure=_EIGHT)
    if components > 1:
        crop = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    filled = _without_holes(crop)
    points = _boundary(filled, smooth) + np.array([left, top], dtype=np.float64)
    return Contour(points, int(components), int(filled.sum() - crop.sum()), touches)


def boundaries(plane: NDArray[np.bool_], *, smooth: float = 1.0) -> list[Points]:
    """The sub-pixel boundary of everything in a plane: of each component, then of each hole.

    Parameters
    ----------
    plane : (H, W) bool array
    smooth : float
        As in `trace`.

    Returns
    -------
    list of (n, 2) float arrays
        Closed polygons, pixels, all positively oriented.
    """
    filled = _without_holes(plane)
    lines = []
    for part, structure in ((plane, _EIGHT), (filled & ~plane, None)):
        labels, _ = ndimage.label(part, structure=structure)
        for index, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
            found = trace(labels[rows, columns] == index, smooth=smooth)
            assert found is not None
            lines.append(found.points + np.array([columns.start, rows.start]))
    return lines


def _without_holes(component: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A component with its enclosed background filled; background connects through edges only."""
    outside, regions = ndimage.label(np.pad(~component, 1, constant_values=True))
    if regions == 1:
        return component
    filled: NDArray[np.bool_] = (outside != outside[0, 0])[1:-1, 1:-1]
    return filled


def _boundary(filled: NDArray[np.bool_], smooth: float) -> Points:
    """The longest iso-line of a blurred component, moved along its normals to enclose the component's pixel area."""
    pad = 2 + int(np.ceil(3 * smooth))
    image = np.pad(filled, pad).astype(np.float32)
    points = np.zeros((0, 2))
    area = float(filled.sum())
    for sigma in (smooth, smooth / 2, 0.0):  # a small or thin structure may vanish, shrink or fall apart under the blur
        points, lines = _march(ndimage.gaussian_filter(image, sigma, mode="constant") if sigma > 0 else image)
        if lines == 1 and abs(area - signed_area(points)) < LARGEST_MOVE * perimeter(points):
            break
    return _with_area(points - pad, area)


@numba.njit(cache=True, nogil=True)
def _march(image):  # type: ignore[no-untyped-def]
    """The iso-line at 1/2 of greatest area, (n, 2) as (x, y), and how many iso-lines there are.

    Marching squares as a walk: each step crosses from a pixel above 1/2 to a neighbour below it, and the walk keeps the
    former to its right. Diagonal pixels above 1/2 are connected.
    """
    height, width = image.shape
    seen = np.zeros((height, width), np.bool_)
    best = np.zeros((0, 2))
    greatest, lines = -1.0, 0
    line = np.empty((4 * height * width // 2 + 8, 2))
    for top in range(1, height):
        for left in range(1, width):
            if image[top, left] <= 0.5 or image[top, left - 1] > 0.5 or seen[top, left]:
                continue
            r, c, dr, dc, n, area = top, left, 0, -1, 0, 0.0
            while n == 0 or r != top or c != left or dr != 0 or dc != -1:
                seen[r, c] |= dc == -1
                high, low = image[r, c], image[r + dr, c + dc]
                part = (high - 0.5) / (high - low)
                line[n, 0], line[n, 1] = c + part * dc, r + part * dr
                if n > 0:
                    area += line[n - 1, 0] * line[n, 1] - line[n, 0] * line[n - 1, 1]
                n += 1
                ahead_r, ahead_c = dc, -dr
                if image[r + dr + ahead_r, c + dc + ahead_c] > 0.5:
                    r, c, dr, dc = r + dr + ahead_r, c + dc + ahead_c, -ahead_r, -ahead_c
                elif image[r + ahead_r, c + ahead_c] > 0.5:
                    r, c = r + ahead_r, c + ahead_c
                else:
                    dr, dc = ahead_r, ahead_c
            area += line[n - 1, 0] * line[0, 1] - line[0, 0] * line[n - 1, 1]
            lines += 1
            if area > greatest:
                greatest = area
                best = line[:n].copy()
    return best, lines


def _with_area(points: Points, area: float) -> Points:
    """Move a polygon along its normals by the one distance that gives it the wanted area (first order)."""
    offset = (area - signed_area(points)) / max(perimeter(points), 1e-9)
    closed = np.vstack([points[-1:], points, points[:1]])
    tangent = closed[2:] - closed[:-2]
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    return points + offset * np.column_stack([tangent[:, 1], -tangent[:, 0]])


def signed_areas(points: NDArray[np.floating]) -> Points:
    """Signed areas (...) of closed polygons (..., n, 2); positive where one runs clockwise on screen (y down)."""
    x, y = points[..., 0] - points[..., :1, 0], points[..., 1] - points[..., :1, 1]  # nearby, where far-off places would cancel
    twice = (x[..., :-1] * y[..., 1:] - x[..., 1:] * y[..., :-1]).sum(axis=-1)
    return np.asarray(0.5 * twice, dtype=np.float64)


def signed_area(points: NDArray[np.floating]) -> float:
    """Signed area of a closed polygon, square pixels; positive when it runs clockwise on screen (y down)."""
    return float(signed_areas(points))


def lengths(points: NDArray[np.floating]) -> Points:
    """Lengths (...) of open lines (..., n, 2)."""
    step = points[..., 1:, :] - points[..., :-1, :]
    return np.asarray(np.sqrt(step[..., 0] ** 2 + step[..., 1] ** 2).sum(axis=-1), dtype=np.float64)


def perimeter(points: NDArray[np.floating]) -> float:
    """Length of a closed polygon, pixels."""
    return float(lengths(points)) + float(np.hypot(*(points[0] - points[-1])))


def resample(points: NDArray[np.floating], n: int, *, start: float = 0.0) -> Points:
    """Place n points at equal arc length along a closed polygon.

    Parameters
    ----------
    points : (m, 2) array
        Closed polygon, pixels.
    n : int
    start : float
        Where the first point lies, as a fraction of the perimeter from ``points[0]``.

    Returns
    -------
    (n, 2) float array
    """
    closed = np.vstack([points, points[:1]]).astype(np.float64)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = ((start + np.arange(n) / n) % 1.0) * arc[-1]
    return np.column_stack([np.interp(at, arc, closed[:, 0]), np.interp(at, arc, closed[:, 1])])


def fill(points: NDArray[np.floating], image_size: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels whose centres lie inside a closed polygon (non-zero winding, so folds never cancel).

    Parameters
    ----------
    points : (n, 2) array
        Closed polygon, (x, y) pixels; may leave the image and may cross itself.
    image_size : (width, height)

    Returns
    -------
    (height, width) bool array
    """
    width, height = image_size
    x0, y0 = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    down = y1 > y0  # every edge is cut from its top end, so that two polygons which share it agree on its pixels
    x0, y0, x1, y1 = np.where(down, (x0, y0, x1, y1), (x1, y1, x0, y0))
    first = np.clip(np.ceil(y0), 0, height).astype(np.int64)
    last = np.clip(np.ceil(y1), 0, height).astype(np.int64)  # half-open: a shared vertex counts once
    count = last - first
    edge = np.repeat(np.arange(len(x0)), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    along = (row - y0[edge]) / (y1[edge] - y0[edge])
    column = np.clip(np.ceil(x0[edge] + along * (x1[edge] - x0[edge])), 0, width).astype(np.int64)
    winding = np.zeros((height, width + 1), dtype=np.int32)
    np.add.at(winding, (row, column), np.where(down[edge], -1, 1))
    inside: NDArray[np.bool_] = np.cumsum(winding[:, :width], axis=1) != 0
    return inside
