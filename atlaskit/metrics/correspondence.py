"""Landmark polygons against true landmarks: whether an index keeps its anatomical place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.contours import Points
from atlaskit.errors import InputError, nearest
from atlaskit.topology import Topology

FRACTIONS = 16
"""Places along each edge at which a true landmark can be tied."""

_BLOCK = 2**21  # distances held at once: some 50 MB


def by_structure(points: NDArray[np.floating], topology: Topology) -> dict[str, NDArray[np.floating]]:
    """Landmarks (N, L, 2) as one closed polygon (N, n, 2) per structure."""
    return {name: points[:, list(loop)] for name, loop in zip(topology.structures, topology.loops, strict=True)}


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
        A row per structure and ``overall`` (the mean of the structures); columns ``mean_px``, ``median_px``,
        ``p95_px``, ``mean_mm``, ``median_mm``, ``p95_mm`` (NaN without spacing) and ``cases``, the test cases counted.

    Raises
    ------
    InputError
        When a true structure has no landmarks, counts of cases differ, or a structure is in no training case.
    """
    n_cases = len(next(iter(points.values()), ()))
    if train is None:
        train = np.zeros(n_cases, dtype=bool)
        train[np.random.default_rng(seed).permutation(n_cases)[: round(train_fraction * n_cases)]] = True
    spacing = np.full((n_cases, 2), np.nan) if spacing_mm is None else np.asarray(spacing_mm, dtype=np.float64)
    rows = {}
    for name, true in truth.items():
        if name not in points:
            raise InputError(f"Truth must name structures of the landmarks; got {name!r}: {nearest(name, points)}")
        if not len(points[name]) == len(true) == len(train):
            raise InputError(f"Truth needs the {len(points[name])} cases of the landmarks; {name!r} has {len(true)}.")
        placed = place(points[name][~train], tie(points[name][train], true[train]))
        offset = placed - true[~train]
        millimetres = _summary(offset * spacing[~train, None], "mm")
        met = np.count_nonzero(np.isfinite(offset[..., 0]).any(axis=1))
        rows[name] = _summary(offset, "px") | millimetres | {"cases": met}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("structure")
    overall = table.mean().to_frame("overall").T.assign(cases=table["cases"].max())
    return pd.concat([table, overall]).rename_axis("structure").astype({"cases": int})


def _summary(offset: NDArray[np.floating], unit: str) -> dict[str, float]:
    """Mean, median and 95th percentile of the lengths of (N, K, 2) offsets that are known."""
    length = np.linalg.norm(offset, axis=2)
    length = length[np.isfinite(length)]
    if length.size == 0:
        length = np.array([np.nan])
    values = {"mean": length.mean(), "median": np.median(length), "p95": np.percentile(length, 95)}
    return {f"{key}_{unit}": float(value) for key, value in values.items()}


def tie(points: NDArray[np.floating], truth: NDArray[np.floating]) -> NDArray[np.float64]:
    """Tie each true landmark to the position along the polygon that is nearest on average.

    Parameters
    ----------
    points : (N, n, 2) array
        Closed landmark polygons of one structure.
    truth : (N, K, 2) array
        True landmarks of the same cases; NaN where missing.

    Returns
    -------
    (K,) float array
        Landmark index plus the fraction of the way to the next, in [0, n).

    Raises
    ------
    InputError
        When a true landmark and the structure are together in no case.
    """
    n, k = points.shape[1], truth.shape[1]
    positions = np.arange(n * FRACTIONS) / FRACTIONS
    total, count = np.zeros((k, len(positions))), np.zeros(k, dtype=np.int64)
    step = max(_BLOCK // (k * len(positions)), 1)
    for first in range(0, len(points), step):
        places = place(points[first : first + step], positions)
        true = truth[first : first + step]
        dx = true[:, :, None, 0] - places[:, None, :, 0]
        dy = true[:, :, None, 1] - places[:, None, :, 1]
        distance = np.sqrt(dx * dx + dy * dy)
        known = np.isfinite(distance[:, :, 0])
        total += np.where(known[:, :, None], distance, 0.0).sum(axis=0)
        count += known.sum(axis=0)
    if k and count.min() == 0:
        missing = np.flatnonzero(count == 0).tolist()
        raise InputError(f"Each true landmark must be in a training case with its structure; {missing} are in none.")
    best: NDArray[np.float64] = positions[np.argmin(total, axis=1)]
    return best


def place(points: NDArray[np.floating], positions: NDArray[np.floating]) -> Points:
    """Points (N, K, 2) that lie at fixed positions (K,) along closed polygons (N, n, 2): what `tie` gives, read off."""
    low = np.floor(positions).astype(np.int64)
    along = (positions - low)[:, None]
    n = points.shape[1]
    placed: Points = (1 - along) * points[:, low % n] + along * points[:, (low + 1) % n]
    return placed
