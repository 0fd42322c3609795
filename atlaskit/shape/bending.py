"""What sliding makes small: the bending energy of thin-plate splines, or the distance, from a mean to shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from atlaskit.shape.model import Array

RIDGE = 1e-10
"""Share of the mean diagonal added to it, for steps that bend nothing, such as those around a circle."""


def bending_energy(mean: Array) -> NDArray[np.float64]:
    """The bending-energy matrix B (L, L) of landmarks (L, 2): y' B y, over both coordinates y, is what a spline to y bends.

    The kernel r^2 log r of the thin-plate spline, inverted on what is orthogonal to affine maps, which bend nothing.
    """
    squared = np.square(mean[:, None] - mean[None]).sum(2)
    kernel = 0.5 * squared * np.log(np.maximum(squared, 1e-300))
    rest = linalg.qr(np.column_stack([np.ones(len(mean)), mean]))[0][:, 3:]
    return np.asarray(rest @ linalg.solve(rest.T @ kernel @ rest, rest.T, assume_a="sym"))


@dataclass(frozen=True)
class Goal:
    """A mean shape (L, 2) that others shall be near to, with its bending-energy matrix (L, L) if bending is what counts."""

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64] | None

    def values(self, shapes: Array) -> NDArray[np.float64]:
        """(n,) bending energies of aligned shapes (n, L, 2), or their squared distances to the mean."""
        if self.matrix is None:
            return np.asarray(np.square(shapes - self.mean).sum((1, 2)))
        return np.asarray((shapes * (self.matrix @ shapes)).sum((1, 2)))

    def steps(self, shapes: Array, nodes: NDArray[np.int64], tangents: Array) -> NDArray[np.float64]:
        """The steps along tangents after which shapes bend least, or lie nearest to the mean.

        Parameters
        ----------
        shapes : (n, L, 2) array
            Aligned.
        nodes : (K,) int array
            Landmarks that slide.
        tangents : (n, K, 2) array
            Of length 1.

        Returns
        -------
        (n, K) float array
        """
        if self.matrix is None:
            return np.asarray((tangents * (self.mean - shapes)[:, nodes]).sum(2))
        part, steps = self.matrix[np.ix_(nodes, nodes)], np.empty(tangents.shape[:2])
        for case, (shape, along) in enumerate(zip(shapes, tangents, strict=True)):
            system = part * (along @ along.T)
            system[np.diag_indices_from(system)] += RIDGE * np.trace(system) / len(nodes)
            steps[case] = linalg.solve(system, -(along * (self.matrix[nodes] @ shape)).sum(1), assume_a="pos")
        return steps
