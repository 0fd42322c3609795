"""Small changes of a mask whose effect on every landmark is known: turned, scaled, shifted, and one pixel larger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from atlaskit.contours import boundaries, perimeter, resample
from atlaskit.metrics import normals

TURN_DEG, ZOOM, SHIFT, GROWTH_PX = 5.0, 0.05, 0.03, 1.0
"""Rotation, scale, shift as a part of the image, and dilation."""
_MARGIN = 3

Array = NDArray[np.floating]
Planes = NDArray[np.bool_]


@dataclass(frozen=True)
class Moved:
    """A changed mask, on a canvas that holds all of it.

    Attributes
    ----------
    planes : (S, h, w) bool array
    origin : (2,) float array
        Where pixel (0, 0) of the canvas lies in the pixels of the mask.
    """

    planes: Planes
    origin: NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """Points p to ``matrix @ (p - middle) + middle + shift``; the shift is in parts of the image's width and height."""

    matrix: NDArray[np.float64]
    shift: tuple[float, float] = (0.0, 0.0)

    def points(self, points: Array, planes: Planes) -> NDArray[np.float64]:
        """Where points (..., 2) go, pixels."""
        middle, step = self._middle(planes), self._step(planes)
        moved: NDArray[np.float64] = (points - middle) @ self.matrix.T + middle + step
        return moved

    def mask(self, planes: Planes) -> Moved:
        """The planes moved by linear interpolation and cut at 1/2; nothing that leaves the image is cut off."""
        box = _box(planes)
        corners = np.array([(x, y) for x in box[:, 0] for y in box[:, 1]], dtype=np.float64)
        target = self.points(corners, planes)
        low = np.floor(target.min(axis=0)).astype(int) - _MARGIN
        high = np.ceil(target.max(axis=0)).astype(int) + _MARGIN + 1
        first = box[0].astype(int) - _MARGIN
        inverse = np.linalg.inv(self.matrix)
        middle = self._middle(planes)
        start = inverse @ (low - middle - self._step(planes)) + middle - first  # of the canvas's first pixel, in the crop
        moved = [
            ndimage.affine_transform(
                crop, inverse[::-1, ::-1], offset=start[::-1], output_shape=tuple((high - low)[::-1]), order=1
            )
            for crop in _crop(planes, box).astype(np.float32)
        ]
        return Moved(np.stack(moved) >= 0.5, low.astype(np.float64))

    def _middle(self, planes: Planes) -> NDArray[np.float64]:
        """The middle of all structures: turned about it, they move least."""
        middle: NDArray[np.float64] = _box(planes).mean(axis=0)
        return middle

    def _step(self, planes: Planes) -> NDArray[np.float64]:
        return np.array(self.shift) * planes.shape[:0:-1]


@dataclass(frozen=True)
class Dilation:
    """Structures grown by some pixels along their outward normals."""

    growth_px: float

    def points(self, points: Array, planes: Planes) -> NDArray[np.float64]:
        """Where the landmarks (n, 2) of one closed polygon go."""
        grown: NDArray[np.float64] = points + self.growth_px * normals(points[None])[0]
        return grown

    def mask(self, planes: Planes) -> Moved:
        """The planes with every pixel whose centre lies within reach of their sub-pixel boundary."""
        box = _box(planes)
        grown = np.stack([self._grow(crop) for crop in _crop(planes, box)])
        return Moved(grown, box[0] - _MARGIN)

    def _grow(self, plane: Planes) -> Planes:
        if not plane.any():
            return plane
        lines = [resample(line, int(4 * perimeter(line)) + 3) for line in boundaries(plane)]
        ring = ndimage.binary_dilation(plane, np.ones((3, 3), bool), iterations=int(np.ceil(self.growth_px)) + 1) & ~plane
        rows, columns = np.nonzero(ring)
        away, _ = cKDTree(np.concatenate(lines)).query(np.column_stack([columns, rows]))
        grown = plane.copy()
        grown[rows, columns] = away <= self.growth_px
        return grown


def _box(planes: Planes) -> NDArray[np.float64]:
    """First and last pixel, [[left, top], [right, bottom]], of all structures."""
    columns, rows = (np.flatnonzero(planes.any(axis=axes)) for axes in ((0, 1), (0, 2)))
    return np.array([[columns[0], rows[0]], [columns[-1], rows[-1]]], dtype=np.float64)


def _crop(planes: Planes, box: NDArray[np.float64]) -> Planes:
    """The planes within a box, with an empty margin."""
    (left, top), (right, bottom) = box.astype(int)
    return np.pad(planes[:, top : bottom + 1, left : right + 1], ((0, 0), (_MARGIN,) * 2, (_MARGIN,) * 2))


def turned(degrees: float) -> Affine:
    """A rotation; positive is clockwise on screen."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return Affine(np.array([[c, -s], [s, c]]))


Warp = Affine | Dilation

WARPS: Mapping[str, Warp] = {
    f"turned {TURN_DEG:+g} degrees": turned(TURN_DEG),
    f"turned {-TURN_DEG:+g} degrees": turned(-TURN_DEG),
    f"scaled {ZOOM:+.0%}": Affine(np.eye(2) * (1 + ZOOM)),
    f"scaled {-ZOOM:+.0%}": Affine(np.eye(2) * (1 - ZOOM)),
    f"shifted {SHIFT:.0%}": Affine(np.eye(2), (SHIFT, SHIFT)),
    f"dilated {GROWTH_PX:g} px": Dilation(GROWTH_PX),
}
"""The changes by name."""
