"""Smooth closed curves through landmarks, and places along them: landmark number plus share of the way to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.tracking.timing import Array

Complex = NDArray[np.complex128]
"""Points as x + iy: half the passes over memory."""

LEAST = 1e-12
"""Length below which two landmarks are one."""


@dataclass(frozen=True)
class Curves:
    """Piecewise cubic curves through N closed outlines of n landmarks.

    Attributes
    ----------
    coefficients : tuple of four (N n,) complex arrays
        Of the powers of the share of the way, for the stretch after each landmark.
    landmarks : int
        n.
    """

    coefficients: tuple[Complex, Complex, Complex, Complex]
    landmarks: int

    @classmethod
    def through(cls, outlines: Complex) -> Curves:
        """Curves through (N, n) landmarks, with the tangent of the parabola, by chord length, of each and its neighbours."""
        chord = _next(outlines) - outlines
        after = np.abs(chord)
        slope = chord / np.maximum(after, LEAST)
        before = np.roll(after, 1, axis=1)
        own = (before * slope + after * np.roll(slope, 1, axis=1)) / np.maximum(before + after, LEAST)
        start, end = own * after, _next(own) * after
        parts = (outlines, start, 3 * chord - 2 * start - end, start + end - 2 * chord)
        return cls((parts[0].ravel(), parts[1].ravel(), parts[2].ravel(), parts[3].ravel()), outlines.shape[1])

    def at(self, places: Array) -> tuple[Complex, Complex]:
        """(N, m) points at places (N, m), and their derivatives by place."""
        whole = np.floor(places)
        row = np.arange(len(places))[:, None] * self.landmarks
        index = whole.astype(np.int64) % self.landmarks + row
        share = places - whole
        c0, c1, c2, c3 = (np.take(c, index) for c in self.coefficients)
        return c0 + share * (c1 + share * (c2 + share * c3)), c1 + share * (2 * c2 + 3 * share * c3)

    def towards(self, targets: Complex, places: Array, steps: int) -> Array:
        """Places (N, m) after Gauss-Newton steps, of one landmark at most, to where the curve comes nearest to targets."""
        for _ in range(steps):
            here, along = self.at(places)
            off = targets - here
            move = (off.real * along.real + off.imag * along.imag) / np.maximum(along.real**2 + along.imag**2, LEAST)
            places = places + np.clip(move, -1.0, 1.0)
        return places


def _next(values: Complex) -> Complex:
    return np.roll(values, -1, axis=1)
