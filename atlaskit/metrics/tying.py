"""True landmarks tied to fixed positions along landmark polygons, and read off there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import Points
from atlaskit.errors import InputError

FRACTIONS = 16
"""Places along each edge at which a true landmark can be tied."""

_BLOCK = 2**21  # distances held at once: some 50 MB


def tie(points: NDArray[np.floating], truth: NDArray[np.floating]) -> NDArray[np.float64]:
    """Tie each true landmark to the position along the polygon that is nearest on average.

    Parameters
    ----------
    points : (N, n, 2) array
        Closed landmark polygons of one structure.
    truth : (N, K, 2) array
        True landmarks of the same cases; NaN where missing.

    Returns
    -------
    (K,) float array
        Landmark index plus the fraction of the way to the next, in [0, n).

    Raises
    ------
    InputError
        When a true landmark and the structure are together in no case.
    """
    n, k = points.shape[1], truth.shape[1]
    positions = np.arange(n * FRACTIONS) / FRACTIONS
    total, count = np.zeros((k, len(positions))), np.zeros(k, dtype=np.int64)
    step = max(_BLOCK // (k * len(positions)), 1)
    for first in range(0, len(points), step):
        places = place(points[first : first + step], positions)
        true = truth[first : first + step]
        dx = true[:, :, None, 0] - places[:, None, :, 0]
        dy = true[:, :, None, 1] - places[:, None, :, 1]
        distance = np.sqrt(dx * dx + dy * dy)
        known = np.isfinite(distance[:, :, 0])
        total += np.where(known[:, :, None], distance, 0.0).sum(axis=0)
        count += known.sum(axis=0)
    if k and count.min() == 0:
        missing = np.flatnonzero(count == 0).tolist()
        raise InputError(f"Each true landmark must be in a training case with its structure; {missing} are in none.")
    best: NDArray[np.float64] = positions[np.argmin(total, axis=1)]
    return best


def place(points: NDArray[np.floating], positions: NDArray[np.floating]) -> Points:
    """Points (N, K, 2) that lie at fixed positions (K,) along closed polygons (N, n, 2): what `tie` gives, read off."""
    low = np.floor(positions).astype(np.int64)
    along = (positions - low)[:, None]
    n = points.shape[1]
    placed: Points = (1 - along) * points[:, low % n] + along * points[:, (low + 1) % n]
    return placed
