"""Where closed outlines turn sharply: landmarks that anatomy fixes, between which others may slide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import resample
from atlaskit.shape.model import Array
from atlaskit.signatures import SAMPLES, turning_over

SPAN = 0.05
"""Part of an outline over which its turning is measured."""
SHARP_RAD = np.pi / 4
"""Turning from which a bend is a corner."""


def corners(mean: Array, loops: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Find the landmarks at the corners of a mean shape, one of each loop at least.

    Parameters
    ----------
    mean : (L, 2) array
    loops : sequence of sequence of int
        Landmarks along each closed outline, in order.

    Returns
    -------
    (K,) int array
        Landmarks, ascending: where an outline turns by 45 degrees or more over a twentieth of its length, and more than around.
        Of an outline without a corner it is the landmark at which it turns most: with none fixed, all of a smooth outline could
        drift around it together, which bends next to nothing and which no criterion holds.
    """
    found: set[int] = set()
    for loop in loops:
        turning = _turning(np.asarray(mean, dtype=np.float64)[list(loop)])
        reach = max(1, round(SPAN * len(loop)))
        around = np.stack([np.roll(turning, k) for k in range(-reach, reach + 1)])
        sharp = (turning >= around.max(0)) & (turning >= SHARP_RAD)
        sharp[turning.argmax()] = True
        found |= {loop[k] for k in np.flatnonzero(sharp).tolist()}
    return np.array(sorted(found), dtype=np.int64)


def _turning(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) angles, radians, by which a closed polygon (n, 2) turns around each of its points."""
    length = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
    share = np.concatenate([[0.0], np.cumsum(length)[:-1]]) / max(float(length.sum()), 1e-300)
    turning = np.abs(turning_over(resample(outline, SAMPLES), SPAN))
    return np.asarray(turning[np.round(share * SAMPLES).astype(np.int64) % SAMPLES])
