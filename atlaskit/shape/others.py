"""Each case against the model of all other cases, without fitting N models: a rank-one downdate of one decomposition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dlasd4

from atlaskit.shape.model import Array, pca

FAINTEST = 1e-14
"""The least share of a case's distance to the mean along any mode, so that a root beside a pole stays a number."""


@dataclass(frozen=True)
class LeftOut:
    """One case and the first M modes of all others.

    Attributes
    ----------
    variance : (M,) float array
        Of the others along their modes; 0 where they vary no more.
    along : (M,) float array
        Where the case lies along the modes, from the mean of the others.
    rest : (M + 1, K) float array
        The case less its reconstruction by 0, 1, ... M modes, along a basis.
    basis : (K, L, 2) float array
        Orthonormal.
    """

    variance: NDArray[np.float64]
    along: NDArray[np.float64]
    rest: NDArray[np.float64]
    basis: NDArray[np.float64]

    @property
    def off(self) -> NDArray[np.float64]:
        """(M + 1, L, 2) the case less its reconstructions: O(M K L)."""
        return np.asarray(self.rest @ self.basis.reshape(len(self.basis), -1)).reshape(-1, *self.basis.shape[1:])

    @property
    def distance(self) -> NDArray[np.float64]:
        """(M + 1,) distances of the case to its reconstructions."""
        return np.asarray(np.linalg.norm(self.rest, axis=1))


@dataclass(frozen=True)
class Others:
    """One decomposition of N cases from which that of all but one follows.

    The scatter of all but case i is that of all, diag(strength) along the `basis`, less N / (N - 1) z z' with z the place of
    the case in the basis. Its eigenvalues are the roots of the secular equation, one between any two neighbours in `strength`,
    and its eigenvectors are (strength - root)^-1 z.

    Attributes
    ----------
    basis : (K, L, 2) float array
        All modes of all cases.
    strength : (K,) float array
        Sums of squares along the basis, decreasing.
    inside : (N, K) float array
        Each case along the basis, from the mean of all.
    gaps : (K,) float array
        Square roots of what the sums of squares lack to the largest, strictly increasing.

    References
    ----------
    Golub, SIAM Review 15 (1973); Gu & Eisenstat, SIAM J. Matrix Anal. Appl. 16 (1995).
    """

    basis: NDArray[np.float64]
    strength: NDArray[np.float64]
    inside: NDArray[np.float64]
    gaps: NDArray[np.float64]

    @classmethod
    def of(cls, points: Array) -> Others:
        """Decompose aligned cases (N, L, 2)."""
        model = pca(points)
        strength = model.variance * (len(points) - 1)
        inside = model.scores(points) * np.sqrt(model.variance)
        return cls(model.modes, strength, inside, _apart(strength))

    @property
    def most(self) -> int:
        """The modes that all but one of the cases can have."""
        return min(len(self.strength), len(self.inside) - 2)

    def without(self, case: int, modes: int) -> LeftOut:
        """One case and the first modes of all others, `most` at most: O(M K)."""
        n, z = len(self.inside), self.inside[case]
        grown = n / (n - 1)  # how much further a case lies from the mean of the others than from that of all
        length = float(np.linalg.norm(z))
        if length == 0:
            return LeftOut(self.strength[:modes] / (n - 2), np.zeros(modes), np.zeros((modes + 1, len(z))), self.basis)
        unit = np.where(np.abs(z) < FAINTEST * length, FAINTEST, z / length)
        roots, vectors = np.empty(modes), np.empty((modes, len(z)))
        for m in range(modes):
            less, _, more, _ = dlasd4(m, self.gaps, unit, grown * length**2)
            roots[m] = self.strength[m] + less[m] * more[m]
            vectors[m] = unit / (less * more)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        there = roots > FAINTEST * self.strength[0]
        along = np.where(there, vectors @ z * grown, 0.0)
        rest = grown * z - np.vstack([np.zeros(len(z)), np.cumsum(along[:, None] * vectors, axis=0)])
        return LeftOut(np.where(there, roots, 0.0) / (n - 2), along, rest, self.basis)


def _apart(strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square roots of what decreasing numbers lack to the largest; equal ones are moved apart by the least there is."""
    gaps = np.sqrt(strength[:1] - strength)
    least = 4 * np.finfo(float).eps
    for k in range(1, len(gaps)):
        gaps[k] = max(gaps[k], gaps[k - 1] * (1 + least), least * np.sqrt(strength[0]))
    return np.asarray(gaps)
