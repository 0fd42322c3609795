"""What sliding makes small: the bending energy of thin-plate splines, or the distance, from a mean to shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from atlaskit.shape.model import Array

RIDGE = 1e-10
"""Share of the mean diagonal added to it, for steps that bend nothing, such as those around a circle."""

SLACK = 1e-9
"""Centroid sizes by which a gap may fall lower than it should, by rounding."""
NOTHING = 1e-12
"""Of one: a residual of least distance programming this small says that no step does what is asked for."""


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

    def steps(
        self, shapes: Array, nodes: NDArray[np.int64], tangents: Array, order: Array | None = None, room: Array | None = None
    ) -> NDArray[np.float64]:
        """The steps along tangents after which shapes bend least, or lie nearest to the mean.

        Parameters
        ----------
        shapes : (n, L, 2) array
            Aligned.
        nodes : (K,) int array
            Landmarks that slide.
        tangents : (n, K, 2) array
            Of length 1.
        order : (G, K) array, optional
            Each row times the steps says how a gap between two landmarks grows.
        room : (n, G) array, optional
            How much each gap may shrink, 0 or more; without bounds unless given. Of use where neighbours move together, not
            for the distance.

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
            root = linalg.cholesky(system, lower=True)
            steps[case] = linalg.cho_solve((root, True), -(along * (self.matrix[nodes] @ shape)).sum(1))
            if order is not None and room is not None:
                steps[case] = _within(steps[case], root, order, room[case])
        return steps


def _within(best: Array, root: Array, order: Array, room: Array) -> NDArray[np.float64]:
    """The steps s (K,) that raise the criterion least beyond that of the best, with order s >= -room.

    Only gaps that have fallen too low in the meantime are conditions, until no more fall.
    """
    steps, low = np.array(best, dtype=np.float64), np.zeros(len(room), dtype=bool)
    while (falls := (order @ steps < -room - SLACK) & ~low).any():
        low |= falls
        steps = _nearest(best, root, order[low], -room[low])
    return steps


def _nearest(best: Array, root: Array, rows: Array, least: Array) -> NDArray[np.float64]:
    """The steps s (K,) nearest to the best, by the system whose lower root is given, with rows s >= least.

    Least distance programming by non-negative least squares (Lawson & Hanson, Solving Least Squares Problems, 1974, chapter
    23): in t = R' (s - best), with R R' the system, what the criterion rises by is |t|^2.
    """
    stacked = np.vstack([linalg.solve_triangular(root, rows.T, lower=True), least - rows @ best])
    goal = np.append(np.zeros(len(best)), 1.0)
    try:
        rest = stacked @ optimize.nnls(stacked, goal)[0] - goal
    except RuntimeError:  # no end in sight: the case stays where it is for a round
        return np.zeros(len(best))
    if rest[-1] > -NOTHING:
        return np.zeros(len(best))
    return np.asarray(best + linalg.solve_triangular(root, rest[:-1] / -rest[-1], lower=True, trans="T"))
