"""What a contour looks like at each of its samples: direction, corners, bends, and what it touches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from atlaskit.contours import Contour, resample

SAMPLES = 512
"""Samples at equal arc length that stand for a contour."""
TURNING_SPAN = 0.02
"""Part of the contour over which turning and tangent are measured: long enough to ignore pixels, short enough for corners."""
SMOOTHING = 0.004
"""Standard deviation of the blur along a contour before it is looked at, as a part of its length: pixels must not show."""
BEND_SPAN = 0.08
"""The same for wide bends, which still tell where outlines are too rough for their corners to."""
LOOK = 4
"""Columns of a signature before those of contact: tangent (2), turning, bend."""
CONTACT_RANGE = 0.07
"""Distance at which two structures no longer count as touching, in units of the shape's root mean square radius."""

Array = NDArray[np.floating]


def sample_contours(contours: Sequence[Contour | None], *, samples: int = SAMPLES) -> NDArray[np.float64]:
    """Contours of one case as an (S, samples, 2) array in pixels; NaN where a structure is absent."""
    absent = np.full((samples, 2), np.nan)
    return np.stack([absent if contour is None else resample(contour.points, samples) for contour in contours])


def signatures(samples: Array, *, reach: Array | None = None) -> NDArray[np.float64]:
    """What a contour looks like at each sample: tangent (2), turning (1), bend (1), contact with each structure (S).

    Parameters
    ----------
    samples : (N, S, M, 2) array
        Any frame; NaN where absent.
    reach : (N,) array, optional
        Distance at which contact fades; `CONTACT_RANGE` of each case's root mean square radius unless given.

    Returns
    -------
    (N, S, M, LOOK + S) float array
        Unit tangent, turning over `TURNING_SPAN` and `BEND_SPAN` in radians, and contact exp(-(distance / reach)^2); 0 for
        itself and for absent structures.
    """
    smooth = gaussian_filter1d(samples, SMOOTHING * samples.shape[2], axis=2, mode="wrap")
    behind, ahead = _chords(smooth, TURNING_SPAN)
    along = ahead + behind
    tangent = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-12)
    turning, bend = _turning(behind, ahead), turning_over(smooth, BEND_SPAN)
    fades = [None] * len(samples) if reach is None else reach.tolist()
    contact = np.stack([_contact(case, fade) for case, fade in zip(samples, fades, strict=True)])
    return np.concatenate([tangent, turning[..., None], bend[..., None], contact], axis=-1)


def turning_over(samples: Array, span: float) -> Array:
    """(..., M) angles, radians, by which closed contours (..., M, 2) turn over a part of their length around each sample."""
    return _turning(*_chords(samples, span))


def _chords(samples: Array, span: float) -> tuple[Array, Array]:
    """Chords to and from each sample, of half a span each."""
    half = max(1, round(span * samples.shape[-2] / 2))
    return samples - np.roll(samples, half, -2), np.roll(samples, -half, -2) - samples


def _turning(behind: Array, ahead: Array) -> Array:
    """Angle from one chord to the next, radians."""
    cross = behind[..., 0] * ahead[..., 1] - behind[..., 1] * ahead[..., 0]
    angle: Array = np.arctan2(cross, (ahead * behind).sum(-1))
    return angle


def _contact(case: Array, reach: float | None) -> NDArray[np.float64]:
    """(S, M, S) nearness of each sample of one case to each other structure."""
    structures = case.shape[0]
    contact = np.zeros((*case.shape[:2], structures))
    present = np.flatnonzero(~np.isnan(case[:, 0, 0]))
    if present.size < 2:
        return contact
    every = case[present].reshape(-1, 2)
    reach = reach or CONTACT_RANGE * float(np.sqrt(np.square(every - every.mean(0)).sum(1).mean()))
    trees = {other: cKDTree(case[other]) for other in present}
    for own in present:
        for other in present[present != own]:
            distance, _ = trees[other].query(case[own], distance_upper_bound=3 * reach)
            contact[own, :, other] = np.exp(-np.square(distance / reach))
    return contact
