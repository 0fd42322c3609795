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
        Of one row where no case lacks a landmark.
    share : (N, L) float array
        The weight of each known landmark, 0 where absent; as many rows as `known`.
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
        whole = bool(known.all())
        known = known[:1] if whole else known
        share = known * weights
        z = z if whole else np.where(known, z, 0)
        weight = np.maximum(share.sum(1), 1e-300)
        centre = _rows(share, z) / weight if translate else np.zeros(len(z), complex)
        z = z - centre[:, None] if whole else np.where(known, z - centre[:, None], 0)
        norm_2 = _rows(share, _square(z))
        if (norm_2 <= 0).any():
            raise InputError(f"Each case needs landmarks that are not one point; case {int(norm_2.argmin())} has none apart.")
        return cls(z, known, share, z if (share == 1).all() else share * z, centre, norm_2, translate, mirror)

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
        inner = (self.heavy @ mean.conj()).conj()
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
        """Where the centre of each case's landmarks lies in the mean: (N,), or (1,) where no case lacks any."""
        return (self.share @ mean) / self.share.sum(1) if self.translate else np.zeros(len(self.share), complex)

    def _square_of_known(self, mean: Complex) -> NDArray[np.float64]:
        """Squared size of the mean's landmarks that each case has: (N,), or (1,) where no case lacks any."""
        square: NDArray[np.float64] = self.share @ _square(mean)
        return np.asarray(square - self.share.sum(1) * np.abs(self._shift(mean)) ** 2)

    def aligned(self, mean: Complex, turned: Complex, flip: NDArray[np.bool_]) -> Complex:
        """(N, L) cases turned and scaled by (N,) complex factors, and moved onto the mean."""
        z = np.where(flip[:, None], self.z.conj(), self.z) if flip.any() else self.z
        return turned[:, None] * z + self._shift(mean)[:, None]

    def with_absent(self, z: Complex) -> Complex:
        """(N, L) landmarks, NaN where a case has none."""
        return z if self.known.all() else np.where(self.known, z, complex("nan+nanj"))

    def totals(
        self, mean: Complex, turned: Complex, flip: NDArray[np.bool_], counts: NDArray[np.float64]
    ) -> tuple[Complex, NDArray[np.float64]]:
        """(L,) sums of the aligned cases, without making them, and of their weights; those of several clouds add up."""
        pull = counts * turned
        total = np.where(flip, 0, pull) @ self.heavy + self._shares(counts * self._shift(mean))
        if flip.any():
            total = total + np.where(flip, pull, 0) @ self.heavy.conj()
        return total, self._shares(counts)

    def _shares(self, values: Any) -> Any:
        """(L,) sums over the cases of (N,) values, each times the share of its case."""
        return (values if len(self.share) == len(self.z) else values.sum(keepdims=True)) @ self.share

    def normed(self, mean: Complex, scale: Scale) -> Complex:
        """A mean centred, and of size 1 where cases are scaled."""
        weight = self.share.max(0)
        mean = mean - (weight * mean).sum() / weight.sum() if self.translate else mean
        return mean if scale == "none" else mean / self.norm(mean)

    def offsets(self, mean: Complex, turned: Complex, flip: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(N,) root of the mean squared distance of each case's landmarks to the mean's."""
        return np.asarray(np.sqrt(_rows(self.share, _square(self.aligned(mean, turned, flip) - mean)) / self.share.sum(1)))

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
            one, there = self.known.astype(np.float64), z if self.known.all() else np.where(self.known, z, 0)
            middle = _rows(one, there) / one.sum(1)
            return np.asarray(_rows(one, _square(there - middle[:, None])))

        there = mean[~np.isnan(mean)]
        whole = float(_square(there - there.mean()).sum())
        part = squared(np.nan_to_num(mean)[None])
        return np.asarray(np.sqrt(squared(self.z) * whole / np.maximum(part, 1e-300)))


def limit_of(offsets: NDArray[np.float64]) -> float:
    """The distance to the mean beyond which cases count less in a robust one."""
    return RESISTANT * float(np.median(offsets))


def resistant(offsets: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """(N,) what each case counts: 1 within a limit, and less the further it lies beyond."""
    return np.asarray(np.minimum(1.0, max(limit, 1e-300) / np.maximum(offsets, 1e-300)))


def _square(z: Complex) -> NDArray[np.float64]:
    """Squared absolute values, without the root that `abs` takes first."""
    return np.asarray(z.real**2 + z.imag**2)


def _rows(share: NDArray[np.float64], values: Any) -> Any:
    """(N,) sums over the landmarks of (N, L) values, each times its share: of its own case, or the same for all."""
    return values @ share[0] if len(share) == 1 else (share * values).sum(1)
