"""Symmetry of shapes with two sides: what cases and their mirror images share, and in what they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.contours import signed_area
from atlaskit.errors import InputError
from atlaskit.shape.model import Array
from atlaskit.shape.procrustes import align

PERMUTATIONS = 999
BLOCK = 1000
"""Cases inside which sides are exchanged between cases, as each of them is compared with each."""


@dataclass(frozen=True)
class Symmetry:
    """N shapes and their mirror images, aligned together: symmetric + asymmetric is the one, symmetric - asymmetric the other.

    Attributes
    ----------
    mean : (L, 2) float array
        Of the shapes and their mirror images: the symmetric consensus, of centroid size 1.
    symmetric : (N, L, 2) float array
        The mean of each shape and its mirror image.
    asymmetric : (N, L, 2) float array
        Half their difference.
    directional : (L, 2) float array
        The asymmetry that all have: the mean of the asymmetric components.
    fluctuating : (N,) float array
        Distance of each case's asymmetry from the directional one; the error of its mask and landmarks is in it.
    table : DataFrame
        Procrustes analysis of variance, columns source, df, SS, MS, R2, F, p as of `atlaskit.shape.anova`. Sources are
        "individual", "side" (directional asymmetry), "individual x side" (fluctuating asymmetry), and "total". The first two
        are tested against the third by F; p is by permutation, NaN where nothing can be exchanged.
    """

    mean: NDArray[np.float64]
    symmetric: NDArray[np.float64]
    asymmetric: NDArray[np.float64]
    directional: NDArray[np.float64]
    fluctuating: NDArray[np.float64]
    table: pd.DataFrame


def object_symmetry(
    points: Array,
    partner: Sequence[int] | NDArray[np.int64],
    *,
    subjects: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Symmetry:
    """Symmetry of shapes that hold both sides: each is compared with its mirror image, relabelled.

    Parameters
    ----------
    points : (N, L, 2) array
        Any unit and pose. Nothing absent.
    partner : (L,) int array
        The landmark of the other side that corresponds to each; itself on the midline. `mirror_partners` finds it.
    subjects : sequence of str, optional
        Whom each case belongs to: cases of a subject change sides together in the test.
    permutations : int
        How often sides are exchanged at random.
    seed : int

    Returns
    -------
    Symmetry

    Raises
    ------
    InputError
        For absent landmarks, fewer than 2 cases, partners that are not partners of each other, or not one subject per case.

    Notes
    -----
    Cases are measured once, so "individual x side" is fluctuating asymmetry and the error of landmarks and masks together: it
    is what individuals and sides are tested against, and is not tested itself. Only replicate landmarks would tell the two
    apart. A df counts cases and sides; times the dimensions of shape it is Goodall's, which changes MS, and no F.

    Where sides do not differ, those of a case can be exchanged, which turns the sign of its asymmetric component;
    p = (1 + number of random F that reach the F found) / (1 + permutations). F takes cases for independent; where subjects have
    several, only p of the side allows for that. Halves of one shape cannot be exchanged between cases: "individual" has no p
    here, but in `matching_symmetry`.

    References
    ----------
    Mardia, Bookstein & Moreton, Statistical assessment of bilateral symmetry of shapes, Biometrika 87 (2000); Klingenberg,
    Barluenga & Meyer, Shape analysis of symmetric structures, Evolution 56 (2002).
    """
    points, partners = _complete(points), np.asarray(partner)
    landmarks = np.arange(points.shape[1])
    if partners.shape != landmarks.shape or not np.isin(partners, landmarks).all() or (partners[partners] != landmarks).any():
        raise InputError(
            f"partner names for each of the {len(landmarks)} landmarks one whose partner it is in turn; got {partner!r}."
        )
    return _compared(points, points[:, partners] * [-1, 1], subjects, permutations, seed)


def matching_symmetry(
    left: Array,
    right: Array,
    *,
    subjects: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Symmetry:
    """Symmetry of two separate structures, such as hands: each left one is compared with the mirror image of the right one.

    Parameters
    ----------
    left, right : (N, L, 2) array
        The sides of the same cases, landmark k of one corresponding to landmark k of the other. Any unit and pose.
    subjects : sequence of str, optional
        As in `object_symmetry`, like the rest.
    permutations : int
    seed : int

    Returns
    -------
    Symmetry
        Of the left sides; where the sides lie to each other does not count.

    Raises
    ------
    InputError
        For absent landmarks, fewer than 2 cases, sides of unequal shape, or not one subject per case.

    Notes
    -----
    As of `object_symmetry`, and "individual" has a p where each subject has one case: if sides of a case were no more alike
    than those of different cases, its right side could be that of any other. Of more than 1000 cases, any other of a thousand.

    References
    ----------
    Klingenberg & McIntyre, Geometric morphometrics of developmental instability, Evolution 52 (1998); Klingenberg, Barluenga &
    Meyer, Shape analysis of symmetric structures, Evolution 56 (2002).
    """
    left, right = _complete(left), _complete(right)
    if left.shape != right.shape:
        raise InputError(f"Both sides need the same cases and landmarks; got {left.shape} and {right.shape}.")
    return _compared(left, right * [-1, 1], subjects, permutations, seed, apart=True)


def mirror_partners(points: Array, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> NDArray[np.int64]:
    """Find which landmarks of closed loops mirror each other.

    Parameters
    ----------
    points : (N, L, 2) array
        Cases in any pose; their mean shape decides.
    pairs : sequence of pairs of sequence of int
        The loop of a left structure and that of the right one, of equally many landmarks; a structure across the midline is
        paired with itself. Together they have every landmark once.

    Returns
    -------
    (L,) int array
        As `object_symmetry` takes it. A loop is run through against its partner's direction, from the start at which the whole
        mean shape, with the places of structures to each other, is most like its mirror image.

    Raises
    ------
    InputError
        For absent landmarks, fewer than 2 cases, loops of different length, or landmarks in no pair or in several.
    """
    mean = align(_complete(points), scale="unit").mean
    used = sorted(node for left, right in pairs for node in {*left, *right})
    if used != list(range(len(mean))) or any(len(left) != len(right) for left, right in pairs):
        raise InputError(f"Pairs are two loops of equally many landmarks, and have each of the {len(mean)} landmarks once.")
    z = mean @ [1, 1j]
    rights = [_against(mean, list(left), list(right)) for left, right in pairs]
    fits = [
        np.fft.ifft(np.fft.fft(z[list(left)]) * np.fft.fft(z[right])) for (left, _), right in zip(pairs, rights, strict=True)
    ]
    weights = [1 if set(left) == set(right) else 2 for left, right in pairs]
    axes = np.exp(-1j * np.angle(np.concatenate(fits)))  # the best axis is the best one of some landmark pairing
    total = sum(weight * (axes[:, None] * fit).real.max(1) for weight, fit in zip(weights, fits, strict=True))
    axis = axes[np.argmax(total)]
    partner = np.empty(len(mean), dtype=np.int64)
    for (left, _), right, fit in zip(pairs, rights, fits, strict=True):
        other = np.asarray(right)[(int((axis * fit).real.argmax()) - np.arange(len(left))) % len(left)]
        partner[list(left)], partner[other] = other, list(left)
    return partner


def _against(mean: Array, left: list[int], right: list[int]) -> list[int]:
    """The right loop, turned to run the way of the left one, as against which its mirror image runs."""
    return right if signed_area(mean[left]) * signed_area(mean[right]) > 0 else right[::-1]


def _complete(points: Array) -> NDArray[np.float64]:
    """Landmarks of 2 cases or more, all of them there."""
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 3 or points.shape[2] != 2 or len(points) < 2 or not np.isfinite(points).all():
        raise InputError(
            f"Symmetry needs every landmark of 2 or more cases as (N, L, 2); got {points.shape}, or absent landmarks."
        )
    return np.asarray(points)


def _compared(
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    subjects: Sequence[str] | None,
    permutations: int,
    seed: int,
    *,
    apart: bool = False,
) -> Symmetry:
    """Symmetry of shapes (N, L, 2) with their mirror images, in the pose of the shapes; apart, sides change cases too."""
    if subjects is not None and len(subjects) != len(one):
        raise InputError(f"Each of the {len(one)} cases needs a subject; got {len(subjects)}.")
    both = align(np.concatenate([one, other]), onto=align(one).mean)
    first, second = np.split(both.points, 2)
    symmetric, asymmetric = (first + second) / 2, (first - second) / 2
    directional = asymmetric.mean(0)
    fluctuating = np.linalg.norm(asymmetric - directional, axis=(1, 2))
    owner = np.arange(len(one)) if subjects is None else np.unique(np.asarray(subjects, dtype=str), return_inverse=True)[1]
    single = apart and len(np.unique(owner)) == len(one)
    p = [
        _p_of_individual(first, second, permutations, seed) if single else np.nan,
        _p_of_side(asymmetric, owner, permutations, seed),
    ]
    squares = [np.square(symmetric - symmetric.mean(0)).sum(), len(one) * np.square(directional).sum(), (fluctuating**2).sum()]
    return Symmetry(both.mean, symmetric, asymmetric, directional, fluctuating, _anova(2 * np.array(squares), len(one), p))


def _anova(ss: NDArray[np.float64], n: int, p: list[float]) -> pd.DataFrame:
    """The table of n cases with two sides: sums of squares of individual, side and both, p of the first two."""
    df = np.array([n - 1, 1, n - 1])
    ms = ss / df
    columns = {
        "source": ["individual", "side", "individual x side", "total"],
        "df": [*df, df.sum()],
        "SS": [*ss, ss.sum()],
        "MS": [*ms, np.nan],
        "R2": [*ss / max(ss.sum(), 1e-300), 1.0],
        "F": [*ms[:2] / max(ms[2], 1e-300), np.nan, np.nan],
        "p": [*p, np.nan, np.nan],
    }
    return pd.DataFrame(columns)


def _p_of_side(asymmetric: Array, owner: NDArray[np.intp], permutations: int, seed: int) -> float:
    """How often exchanged sides have a mean asymmetry as large; F rises with it, as the sum of all squares stays."""
    flat = asymmetric.reshape(len(asymmetric), -1)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(permutations, owner.max() + 1))[:, owner]
    found = np.square(signs @ flat).sum(1)
    reached = np.square(flat.sum(0)).sum() * (1 - 1e-9)
    return float((1 + (found >= reached).sum()) / (1 + permutations))


def _p_of_individual(first: Array, second: Array, permutations: int, seed: int) -> float:
    """How often sides of different cases are as alike as those of the same; F rises with it, as sums of squares stay in all."""
    rng, found, reached = np.random.default_rng(seed), np.zeros(permutations), 0.0
    one, other = ((side - side.mean(0)).reshape(len(side), -1) for side in (first, second))
    for start in range(0, len(one), BLOCK):
        alike = one[start : start + BLOCK] @ other[start : start + BLOCK].T
        reached += float(np.trace(alike))
        rows = np.arange(len(alike))
        found += [alike[rows, rng.permutation(len(alike))].sum() for _ in range(permutations)]
    return float((1 + (found >= reached - 1e-9 * abs(reached)).sum()) / (1 + permutations))
