"""What closed outlines enclose, whatever places their landmarks have along them."""

from __future__ import annotations

import numpy as np

from atlaskit.tracking.timing import Array


def centroids(outlines: Array) -> Array:
    """(..., 2) centroids of the area of closed polygons (..., n, 2); NaN for one that encloses nothing."""
    return moments(outlines)[1]


def moments(outlines: Array) -> tuple[Array, Array, Array]:
    """Area, centroid and spread of what closed polygons (..., n, 2) enclose.

    The spread (..., 3) is that of x, of y, and of both together: central second moments over the area. NaN, as the centroid
    (..., 2), where nothing is enclosed.
    """
    start = outlines[..., :1, :]
    x, y = np.moveaxis(outlines - start, -1, 0)
    x2, y2 = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    cross = x * y2 - x2 * y
    area = 0.5 * cross.sum(axis=-1)
    over = 1 / np.where(area == 0, np.nan, area)
    cx, cy = ((cross * (a + b)).sum(axis=-1) / 6 * over for a, b in ((x, x2), (y, y2)))
    xx, yy = ((cross * (a * a + a * b + b * b)).sum(axis=-1) / 12 * over for a, b in ((x, x2), (y, y2)))
    xy = (cross * (x * y2 + 2 * x * y + 2 * x2 * y2 + x2 * y)).sum(axis=-1) / 24 * over
    centre = np.stack([cx, cy], axis=-1) + start[..., 0, :]
    return area, centre, np.stack([xx - cx * cx, yy - cy * cy, xy - cx * cy], axis=-1)
