"""Landmark polygons against true landmarks: whether an index keeps its anatomical place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest
from atlaskit.metrics.directions import tangents
from atlaskit.metrics.tying import place, tie
from atlaskit.topology import Topology

OVERALL = "overall"
"""The row that is the mean of the structures."""


@dataclass(frozen=True)
class Offsets:
    """How far some points lie from where they should.

    Attributes
    ----------
    positions : (K,) float array
        Where along the polygon they are expected: landmark index plus the fraction of the way to the next.
    offset : (N, K, 2) float array
        Found less wanted, pixels; NaN where unknown.
    tangent : (N, K, 2) float array
        Unit tangent of the polygon there.
    spacing_mm : (N, 2) float array
        Pixel size of each case; NaN where unknown.
    """

    positions: NDArray[np.float64]
    offset: NDArray[np.float64]
    tangent: NDArray[np.float64]
    spacing_mm: NDArray[np.float64]

    def lengths(self, unit: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Distance, and its parts along and across the polygon, each (N, K); the unit is ``px`` or ``mm``."""
        scale = self.spacing_mm[:, None] if unit == "mm" else 1.0
        offset, tangent = self.offset * scale, self.tangent * scale
        tangent = tangent / np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-12)
        slip = np.abs((offset * tangent).sum(axis=2))
        normal = np.abs(offset[..., 0] * tangent[..., 1] - offset[..., 1] * tangent[..., 0])
        return np.linalg.norm(offset, axis=2), slip, normal

    def summary(self) -> dict[str, float]:
        """Mean, median, 95th percentile, root mean square, slip and normal error in px and mm, and the cases counted."""
        figures = {key: value for unit in ("px", "mm") for key, value in _summary(*self.lengths(unit), unit).items()}
        return figures | {"cases": int(np.isfinite(self.offset[..., 0]).any(axis=1).sum())}

    def at(self, landmark: int) -> Offsets:
        """The offsets of one of the K points."""
        one = slice(landmark, landmark + 1)
        return Offsets(self.positions[one], self.offset[:, one], self.tangent[:, one], self.spacing_mm)


def _summary(
    length: NDArray[np.floating], slip: NDArray[np.floating], normal: NDArray[np.floating], unit: str
) -> dict[str, float]:
    """Figures of the lengths that are known; NaN where none is."""
    known = np.isfinite(length)
    length, slip, normal = (values[known] if known.any() else np.array([np.nan]) for values in (length, slip, normal))
    values = {
        "mean": length.mean(),
        "median": np.median(length),
        "p95": np.percentile(length, 95),
        "rms": np.sqrt(np.square(length).mean()),
        "slip": slip.mean(),
        "normal": normal.mean(),
    }
    return {f"{key}_{unit}": float(value) for key, value in values.items()}


def by_structure(points: NDArray[np.floating], topology: Topology) -> dict[str, NDArray[np.floating]]:
    """Landmarks (N, L, 2) as one closed polygon (N, n, 2) per structure."""
    return {name: points[:, list(loop)] for name, loop in zip(topology.structures, topology.loops, strict=True)}


def training_part(n: int, *, train_fraction: float = 0.7, seed: int = 0) -> NDArray[np.bool_]:
    """Draw the part of n cases on which true landmarks are tied.

    Parameters
    ----------
    n : int
    train_fraction : float
    seed : int

    Returns
    -------
    (n,) bool array
    """
    train = np.zeros(n, dtype=bool)
    train[np.random.default_rng(seed).permutation(n)[: round(train_fraction * n)]] = True
    return train


def offsets(
    points: NDArray[np.floating],
    truth: NDArray[np.floating],
    *,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_] | None = None,
    spacing_mm: NDArray[np.floating] | None = None,
) -> Offsets:
    """Tie the true landmarks of one structure on some cases and measure them on others.

    Parameters
    ----------
    points : (N, n, 2) array
        Closed landmark polygons, pixels.
    truth : (N, K, 2) array
        True landmarks of the same cases, pixels; NaN where missing.
    train, test : (N,) bool arrays
        Where to tie, and where to measure: on all other cases unless given.
    spacing_mm : (N, 2) array, optional
        Pixel size of each case; NaN where unknown.

    Returns
    -------
    Offsets
        Of the cases to measure.
    """
    test = ~train if test is None else test
    spacing = np.full((len(points), 2), np.nan) if spacing_mm is None else np.asarray(spacing_mm, dtype=np.float64)
    positions = tie(points[train], truth[train])
    offset = place(points[test], positions) - truth[test]
    return Offsets(positions, offset, tangents(points[test], positions), spacing[test])


def correspondence_error(
    points: Mapping[str, NDArray[np.floating]],
    truth: Mapping[str, NDArray[np.floating]],
    *,
    train: NDArray[np.bool_] | None = None,
    train_fraction: float = 0.7,
    seed: int = 0,
    spacing_mm: NDArray[np.floating] | None = None,
) -> pd.DataFrame:
    """How far true landmarks lie from the fixed positions along the landmark polygons that stand for them.

    Each true landmark is tied to the one position that is nearest on average over a training part of the cases; the
    distance is then measured on the other cases. Absent structures and missing landmarks (NaN) are left out.

    Parameters
    ----------
    points : mapping of str to (N, n, 2) array
        Closed landmark polygons by structure, pixels; `by_structure` makes them.
    truth : mapping of str to (N, K, 2) array
        True landmarks of the same cases, pixels; a subset of the structures.
    train : (N,) bool array, optional
        The training cases, instead of a seeded split.
    train_fraction : float
        Share of the cases that a seeded split trains on.
    seed : int
    spacing_mm : (N, 2) array, optional
        Pixel size of each case; NaN where unknown.

    Returns
    -------
    DataFrame
        A row per structure and ``overall`` (the mean of the structures); columns ``mean_px``, ``median_px``, ``p95_px``,
        ``rms_px``; ``slip_px`` and ``normal_px``, the mean error along and across the polygon; the same in ``_mm`` (NaN
        without spacing); and ``cases``, the test cases counted.

    Raises
    ------
    InputError
        When a true structure has no landmarks, counts of cases differ, or a structure is in no training case.
    """
    rows = {}
    for name, true, part in _parts(points, truth, train, train_fraction, seed):
        rows[name] = offsets(points[name], true, train=part, spacing_mm=spacing_mm).summary()
    return with_overall(pd.DataFrame.from_dict(rows, orient="index").rename_axis("structure"))


def landmark_error(
    points: Mapping[str, NDArray[np.floating]],
    truth: Mapping[str, NDArray[np.floating]],
    *,
    train: NDArray[np.bool_] | None = None,
    train_fraction: float = 0.7,
    seed: int = 0,
    spacing_mm: NDArray[np.floating] | None = None,
) -> pd.DataFrame:
    """The figures of `correspondence_error` for each true landmark on its own.

    Parameters
    ----------
    points, truth, train, train_fraction, seed, spacing_mm
        As in `correspondence_error`.

    Returns
    -------
    DataFrame
        A row per true landmark: ``structure``, ``landmark`` (its place in the truth), ``position`` along the polygon that
        it is tied to, then the columns of `correspondence_error`.

    Raises
    ------
    InputError
        As `correspondence_error`.
    """
    rows = []
    for name, true, part in _parts(points, truth, train, train_fraction, seed):
        found = offsets(points[name], true, train=part, spacing_mm=spacing_mm)
        for k, position in enumerate(found.positions):
            rows.append({"structure": name, "landmark": k, "position": position, **found.at(k).summary()})
    return pd.DataFrame(rows)


def _parts(
    points: Mapping[str, NDArray[np.floating]],
    truth: Mapping[str, NDArray[np.floating]],
    train: NDArray[np.bool_] | None,
    train_fraction: float,
    seed: int,
) -> Sequence[tuple[str, NDArray[np.floating], NDArray[np.bool_]]]:
    """Each true structure with its landmarks and the cases to tie them on."""
    n_cases = len(next(iter(points.values()), ()))
    part = training_part(n_cases, train_fraction=train_fraction, seed=seed) if train is None else train
    for name, true in truth.items():
        if name not in points:
            raise InputError(f"Truth must name structures of the landmarks; got {name!r}: {nearest(name, points)}")
        if not len(points[name]) == len(true) == len(part):
            raise InputError(f"Truth needs the {len(points[name])} cases of the landmarks; {name!r} has {len(true)}.")
    return [(name, true, part) for name, true in truth.items()]


def with_overall(table: pd.DataFrame) -> pd.DataFrame:
    """A table by structure with one more row, ``overall``: the mean of the structures, and the most cases of any."""
    counts = table.select_dtypes("integer").columns
    overall = table.mean().to_frame(OVERALL).T
    overall[counts] = table[counts].max().to_numpy()
    return pd.concat([table, overall]).rename_axis("structure").astype(dict.fromkeys(counts, "int64"))
