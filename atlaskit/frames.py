"""Where a case lies: the translation, scale and, where asked, rotation between its pixels and the template's unit frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

ANCHORED = 0.9
"""A structure that is present so much less often than the commonest one says nothing about where a case lies."""


@dataclass(frozen=True)
class Frames:
    """Where N cases lie: pixels = centre + scale * turn @ (unit - 1/2).

    Attributes
    ----------
    centre : (N, 2) float array
        Pixels.
    scale : (N,) float array
        Pixels per unit.
    turn : (N, 2, 2) float array or None
        Rotations, with a reflection where the determinant is -1; None where no case is turned.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    turn: NDArray[np.float64] | None = None

    def to_unit(self, points: Array) -> NDArray[np.float64]:
        """(N, ..., 2) points from pixels to the unit frame."""
        shape = (-1, *[1] * (points.ndim - 2))
        turned = (points - self.centre.reshape(*shape, 2)) / self.scale.reshape(*shape, 1)
        return _turned(turned, None if self.turn is None else self.turn.swapaxes(1, 2)) + 0.5

    def to_pixels(self, points: Array) -> NDArray[np.float64]:
        """(N, ..., 2) points from the unit frame to pixels."""
        shape = (-1, *[1] * (points.ndim - 2))
        turned = _turned(points - 0.5, self.turn)
        pixels: NDArray[np.float64] = turned * self.scale.reshape(*shape, 1) + self.centre.reshape(*shape, 2)
        return pixels

    def turned_onto(self, landmarks: Array, goal: Array, weight: Array) -> NDArray[np.float64]:
        """How cases must be turned instead, so that (N, L, 2) landmarks, pixels, lie best on (L, 2) goals, unit frame.

        The rotation of weighted least squares (Schoenemann 1966) between each case's known landmarks and their goals.

        Parameters
        ----------
        landmarks : (N, L, 2) array
            NaN where unknown.
        goal : (L, 2) array
        weight : (L,) array
            How much each landmark says, above 0.

        Returns
        -------
        (N, 2, 2) float array
            As `turn`; that of a case without landmarks stays.
        """
        here = self.to_unit(landmarks)
        share = np.where(np.isnan(here[..., 0]), 0.0, weight)
        share /= np.maximum(share.sum(1, keepdims=True), 1e-12)
        lies, goes = np.nan_to_num(here) @ [1, 1j], goal @ [1, 1j]
        middles = (share * lies).sum(1) * (share * goes).sum(1).conj()
        turned = rotations(np.angle((share * lies * goes.conj()).sum(1) - middles))
        return turned if self.turn is None else self.turn @ turned

    def facing(self, samples: Array) -> Array:
        """(N, S, M, 2) contours, those of mirrored cases backwards, so that all run the same way round in the unit frame."""
        if self.turn is None:
            return samples
        mirrored = np.linalg.det(self.turn) < 0
        return np.where(mirrored[:, None, None, None], samples[:, :, ::-1], samples) if mirrored.any() else samples


def rotations(angle: Array) -> NDArray[np.float64]:
    """(N, 2, 2) matrices that turn by (N,) angles, radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)


def _turned(points: Array, turn: Array | None) -> NDArray[np.float64]:
    """(N, ..., 2) points, each case's multiplied by its (2, 2) matrix."""
    turned: NDArray[np.float64] = points if turn is None else np.einsum("nij,n...j->n...i", turn, points)  # type: ignore[assignment]
    return turned


@dataclass(frozen=True)
class Moments:
    """Middle and size of N cases, and those of the mean with what each of them lacks left out.

    Attributes
    ----------
    middle, mean_middle : (N, 2) float arrays
        Pixels, and unit frame.
    size, mean_size : (N,) float arrays
        Root mean square radius, pixels, and unit frame.
    """

    middle: NDArray[np.float64]
    size: NDArray[np.float64]
    mean_middle: NDArray[np.float64]
    mean_size: NDArray[np.float64]


def moments(samples: Array, centre: Array, radius: Array, anchor: Array) -> Moments:
    """Moments of the present structures of each case, and of the same structures of the mean.

    Parameters
    ----------
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where absent.
    centre, radius, anchor : (S, 2), (S,), (S,) arrays
        As in `Template`.
    """
    here, reach = centres(samples)
    weight = np.where(np.isnan(reach), 0.0, anchor)
    weight = np.where(weight.sum(1, keepdims=True) > 0, weight, np.where(np.isnan(reach), 0.0, 1.0))
    weight = weight / np.maximum(weight.sum(1, keepdims=True), 1e-12)
    here, reach = np.nan_to_num(here), np.nan_to_num(reach)
    middle, size = _size(here, reach, weight)
    mean_middle, mean_size = _size(np.broadcast_to(centre, here.shape), np.broadcast_to(radius, reach.shape), weight)
    return Moments(middle, size, mean_middle, mean_size)


def frames(samples: Array, centre: Array, radius: Array, anchor: Array, *, turn: NDArray[np.float64] | None = None) -> Frames:
    """The translation and scale that bring each case's present structures onto the mean's, by their moments.

    Parameters
    ----------
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where absent.
    centre, radius, anchor : (S, 2), (S,), (S,) arrays
        As in `Template`.
    turn : (N, 2, 2) array, optional
        How the cases are turned, see `atlaskit.pose`.
    """
    found = moments(samples, centre, radius, anchor)
    scale = np.maximum(found.size, 1e-6) / np.maximum(found.mean_size, 1e-12)
    away = _turned(found.mean_middle - 0.5, turn)
    return Frames(found.middle - scale[:, None] * away, scale, turn)


def centres(samples: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centroid (N, S, 2) and root mean square radius (N, S) of contour samples."""
    centre = samples.mean(axis=2)
    radius = np.sqrt(np.square(samples - centre[:, :, None]).sum(-1).mean(2))
    return centre, radius


def _size(centre: Array, radius: Array, weight: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted centre (N, 2) and root mean square radius (N,) of several structures together."""
    middle = (weight[..., None] * centre).sum(1)
    square = (weight * (radius**2 + np.square(centre - middle[:, None]).sum(-1))).sum(1)
    return middle, np.sqrt(square)


def mean_moments(samples: Array) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean centre (S, 2), radius (S,) and anchor (S,) of the structures of a corpus, by rounds of alignment of moments."""
    here, reach = centres(samples)
    present = ~np.isnan(reach)
    length = np.nanmean(np.where(present, reach, np.nan), axis=0)
    share = present.mean(0)
    anchor = np.where(share >= ANCHORED * share.max(), length, 0.0)
    anchor = anchor / anchor.sum()
    complete = int(np.argmax(present.sum(1)))
    centre, radius = here[complete], reach[complete]
    size = float(np.nanmean(radius))
    known = ~np.isnan(radius)
    centre, radius = np.where(known[:, None], centre / size, 0.0), np.where(known, radius / size, 0.0)
    for _ in range(8):
        found = frames(samples, centre, radius, np.where(radius > 0, anchor, 0.0))
        unit = (here - found.centre[:, None]) / found.scale[:, None, None] + 0.5
        centre, radius = np.nanmean(unit, axis=0), np.nanmean(reach / found.scale[:, None], axis=0)
        weight = anchor / anchor.sum()
        middle, spread = _size(centre[None], radius[None], weight[None])
        centre, radius = (centre - middle) / spread[0], radius / spread[0]
    return centre, radius, anchor
