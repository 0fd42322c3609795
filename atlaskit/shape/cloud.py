"""Cases as complex numbers, and how they fit a mean: a round of alignment is a few products of matrices and vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError

Array = NDArray[np.floating]
Complex = NDArray[np.complexfloating[Any, Any]]
Scale = Literal["full", "unit", "none"]

RESISTANT = 1.345
"""Distances beyond so many typical ones count less in a robust mean (Huber 1964)."""


@dataclass(frozen=True)
class Cloud:
    """Cases as complex numbers, ready for rounds of products of matrices and vectors.

    Attributes
    ----------
    z : (N, L) complex array
        Landmarks less `centre`; 0 where absent.
    known : (N, L) bool array
    share : (N, L) float array
        The weight of each known landmark, 0 where absent.
    heavy : (N, L) complex array
        `share` times `z`.
    centre : (N,) complex array
    norm_2 : (N,) float array
        Weighted squared size.
    translate, mirror : bool
    """

    z: Complex
    known: NDArray[np.bool_]
    share: NDArray[np.float64]
    heavy: Complex
    centre: Complex
    norm_2: NDArray[np.float64]
    translate: bool
    mirror: bool

    @classmethod
    def of(cls, z: Complex, weights: NDArray[np.float64], *, translate: bool, mirror: bool) -> Cloud:
        """Centre cases; refuses those whose landmarks are one point."""
        known = ~np.isnan(z)
        share = known * weights
        z = np.where(known, z, 0)
        centre = (share * z).sum(1) / np.maximum(share.sum(1), 1e-300) if translate else np.zeros(len(z), complex)
        z = np.where(known, z - centre[:, None], 0)
        norm_2 = (share * np.abs(z) ** 2).sum(1)
        if (norm_2 <= 0).any():
            raise InputError(f"Each case needs landmarks that are not one point; case {int(norm_2.argmin())} has none apart.")
        return cls(z, known, share, share * z, centre, norm_2, translate, mirror)

    def norm(self, mean: Complex) -> float:
        """Weighted size of a mean."""
        return float(np.sqrt((self.share.max(0) * np.abs(mean) ** 2).sum()))

    def first_mean(self, scale: Scale) -> Complex:
        """A case with all landmarks, or where there is none the cases' average as they lie."""
        whole = (self.known == self.known.any(0)).all(1)
        if whole.any():
            return self.normed(self.z[int(whole.argmax())], scale)
        count = np.maximum(self.share.sum(0), 1e-300)
        return self.normed((self.heavy / np.sqrt(self.norm_2)[:, None]).sum(0) / count, scale)

    def fit(
        self, mean: Complex, scale: Scale, rotate: bool
    ) -> tuple[NDArray[np.float64], Complex, NDArray[np.bool_], NDArray[np.float64]]:
        """Fit each case to a mean.

        Parameters
        ----------
        mean : (L,) complex array
        scale : {"full", "unit", "none"}
        rotate : bool

        Returns
        -------
        factor : (N,) float array
        turn : (N,) complex array
            Of length 1.
        flip : (N,) bool array
            Whether a case is conjugated first.
        cosine : (N,) float array
            Of the shape distance.
        """
        inner = self.heavy.conj() @ mean
        flip = np.zeros(len(inner), dtype=bool)
        if self.mirror:
            other = self.heavy @ mean
            flip = np.abs(other) > np.abs(inner)
            inner = np.where(flip, other, inner)
        reach = np.abs(inner) if rotate else inner.real
        turn = (
            np.where(np.abs(inner) > 0, inner / np.maximum(np.abs(inner), 1e-300), 1)
            if rotate
            else np.ones(len(inner), complex)
        )
        same = self._square_of_known(mean)
        cosine = reach / np.sqrt(np.maximum(self.norm_2 * same, 1e-300))
        factor = {"full": reach / self.norm_2, "unit": np.sqrt(same / self.norm_2), "none": np.ones(len(inner))}[scale]
        return factor, turn, flip, cosine

    def _shift(self, mean: Complex) -> Complex:
        """(N,) where the centre of each case's landmarks lies in the mean."""
        return (self.share @ mean) / self.share.sum(1) if self.translate else np.zeros(len(self.share), complex)

    def _square_of_known(self, mean: Complex) -> NDArray[np.float64]:
        """(N,) squared size of the mean's landmarks that each case has."""
        square: NDArray[np.float64] = self.share @ np.abs(mean) ** 2
        return np.asarray(square - self.share.sum(1) * np.abs(self._shift(mean)) ** 2)

    def aligned(self, mean: Complex, turned: Complex, flip: NDArray[np.bool_]) -> Complex:
        """(N, L) cases turned and scaled by (N,) complex factors, and moved onto the mean."""
        z = np.where(flip[:, None], self.z.conj(), self.z) if flip.any() else self.z
        return turned[:, None] * z + self._shift(mean)[:, None]

    def totals(
        self, mean: Complex, turned: Complex, flip: NDArray[np.bool_], counts: NDArray[np.float64]
    ) -> tuple[Complex, NDArray[np.float64]]:
        """(L,) sums of the aligned cases, without making them, and of their weights; those of several clouds add up."""
        pull = counts * turned
        total = np.where(flip, 0, pull) @ self.heavy + (self.share.T @ (counts * self._shift(mean)))
        if flip.any():
            total = total + np.where(flip, pull, 0) @ self.heavy.conj()
        return total, counts @ self.share

    def normed(self, mean: Complex, scale: Scale) -> Complex:
        """A mean centred, and of size 1 where cases are scaled."""
        weight = self.share.max(0)
        mean = mean - (weight * mean).sum() / weight.sum() if self.translate else mean
        return mean if scale == "none" else mean / self.norm(mean)

    def resistant(self, mean: Complex, turned: Complex, flip: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(N,) what each case counts: less the further it lies from the mean."""
        off = np.sqrt((self.share * np.abs(self.aligned(mean, turned, flip) - mean) ** 2).sum(1) / self.share.sum(1))
        return np.asarray(np.minimum(1.0, RESISTANT * np.median(off) / np.maximum(off, 1e-300)))

    def upright(self, mean: Complex, onto: Array | None) -> complex:
        """What turns the mean onto another shape, or else so that cases are turned by nothing on average."""
        if onto is None:
            _, turn, flip, _ = self.fit(mean, "unit", rotate=True)
            to = np.where(flip, 0, turn).sum().conj()
        else:
            goal = np.asarray(onto, dtype=np.float64) @ np.array([1, 1j])
            weight = np.where(np.isnan(goal), 0, self.share.max(0))
            goal = np.nan_to_num(goal - np.nansum(weight * goal) / weight.sum())
            to = (weight * mean.conj() * goal).sum()
        return complex(to / abs(to)) if abs(to) > 1e-9 else 1.0

    def size(self, mean: Complex) -> NDArray[np.float64]:
        """(N,) centroid sizes; of incomplete cases in proportion to the mean's, which is NaN where no case has a landmark."""

        def squared(z: Complex) -> NDArray[np.float64]:
            count = self.known.sum(1, keepdims=True)
            middle = np.where(self.known, z, 0).sum(1, keepdims=True) / count
            return np.asarray(np.where(self.known, np.abs(z - middle) ** 2, 0).sum(1))

        every, there = np.nan_to_num(mean), mean[~np.isnan(mean)]
        whole = float((np.abs(there - there.mean()) ** 2).sum())
        part = squared(np.broadcast_to(every, self.z.shape))
        return np.asarray(np.sqrt(squared(self.z) * whole / np.maximum(part, 1e-300)))
