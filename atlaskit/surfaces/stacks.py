"""A stack of outlines as levels: where they lie, which are there, and what lies between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError

Array = NDArray[np.floating[Any]]

LEAST_LANDMARKS = 3
SAME = 1e-9
"""Share of a stack's length within which two heights are one."""


@dataclass(frozen=True)
class Stack:
    """Outlines of B cases on Z slices, and the heights of these.

    Attributes
    ----------
    points : (B, Z, n, 2) float array
        NaN in slices that are missing.
    heights : (B, Z) float array
        mm along the stack, ascending.
    edges : (B, Z + 1) float array or None
        Heights of the faces of the slabs that slices stand for, half-way between slices; None of one slice without thickness.
    sign : float
        -1 where positions descend and heights are their negatives.
    present : (B, Z) bool array
    """

    points: NDArray[np.float64]
    heights: NDArray[np.float64]
    edges: NDArray[np.float64] | None
    sign: float
    present: NDArray[np.bool_]

    @property
    def ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(B,) first and last slice that is there; 0 and Z - 1 of a case without any."""
        return self.present.argmax(axis=1), self.present.shape[1] - 1 - self.present[:, ::-1].argmax(axis=1)

    def levels(self, count: int | None) -> NDArray[np.float64]:
        """(B, K) heights of the levels: those of the slices between both ends, or so many in equal steps between these."""
        first, last = self.ends
        if count is not None:
            steps = np.linspace(0.0, 1.0, count)
            low, high = (np.take_along_axis(self.heights, end[:, None], axis=1) for end in (first, last))
            return np.asarray(low + steps * (high - low))
        there = self.present.any(axis=1)
        spans = set(zip(first[there].tolist(), last[there].tolist(), strict=True)) or {(0, self.present.shape[1] - 1)}
        if len(spans) > 1:
            came = f"here they span {len(spans)} different ranges"
            raise InputError(f"Stacks that share vertices must span the same slices, but {came}: give levels=16, for one.")
        ((start, stop),) = spans
        return self.heights[:, start : stop + 1]

    def at(self, levels: Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(B, K, n, 2) outlines at heights between both ends, linear between those there, and (B, K) whether any was not."""
        below = np.maximum.accumulate(np.where(self.present, np.arange(self.present.shape[1]), 0), axis=1)
        above = _next(self.present)
        slack = SAME * np.ptp(self.heights, axis=1)[:, None, None]
        under = np.maximum((self.heights[:, None] <= levels[..., None] + slack).sum(axis=2) - 1, 0)
        lower = np.take_along_axis(self.heights, under, axis=1)
        over = np.where(np.abs(levels - lower) <= slack[..., 0], under, np.minimum(under + 1, self.present.shape[1] - 1))
        a, b = np.take_along_axis(below, under, axis=1), np.take_along_axis(above, over, axis=1)
        from_a, gap = (levels - np.take_along_axis(self.heights, a, axis=1)), _between(self.heights, a, b)
        share = np.where(gap > 0, from_a / np.where(gap > 0, gap, 1.0), 0.0)[..., None, None]
        found = (1 - share) * _taken(self.points, a) + share * _taken(self.points, b)
        here = np.take_along_axis(self.present, under, axis=1) & np.take_along_axis(self.present, over, axis=1)
        return found, ~here

    def outer(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(B,) heights half a slice before the first and after the last slice that is there."""
        if self.edges is None:
            raise InputError("One slice must have a thickness to enclose anything; a position came: give the spacing, in mm.")
        first, last = self.ends
        rows = np.arange(len(first))
        return self.edges[rows, first], self.edges[rows, last + 1]


def read(points: Array, slice_mm: float | Array) -> Stack:
    """Check a stack.

    Parameters
    ----------
    points : (..., Z, n, 2) array
    slice_mm : float or (..., Z) array
        Spacing, or the position of each slice.

    Raises
    ------
    InputError
        Where these are no outlines, a slice has some landmarks only, or positions neither ascend nor descend.
    """
    stacks = np.asarray(points, dtype=np.float64)
    if stacks.ndim < 3 or stacks.shape[-1] != 2 or stacks.shape[-2] < LEAST_LANDMARKS or not stacks.size:
        raise InputError(f"A stack is an array (..., slices, landmarks, 2) of 3 landmarks or more; got {stacks.shape}.")
    flat = stacks.reshape(-1, *stacks.shape[-3:])
    there = np.asarray(np.isfinite(flat).all(axis=3))
    if (there.any(axis=2) & ~there.all(axis=2)).any() or np.isinf(flat).any():
        raise InputError("A slice must have all of its landmarks as finite numbers, or none: make all of a missing slice NaN.")
    heights, edges = _heights(np.asarray(slice_mm, dtype=np.float64), stacks.shape[:-2])
    steps = np.diff(heights, axis=1)
    sign = -1.0 if steps.size and steps[0, 0] < 0 else 1.0
    if not np.isfinite(heights).all() or not (sign * steps > 0).all():
        came = "spacing must be above 0, and positions of all stacks finite and all ascending, or all descending"
        raise InputError(f"Slices need places in order: {came}. Sort slices by position.")
    return Stack(flat, sign * heights, None if edges is None else sign * edges, sign, np.asarray(there.all(axis=2)))


def _heights(slice_mm: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """(B, Z) positions and (B, Z + 1) half-way between them; of one position, nobody knows."""
    slices = shape[-1]
    if slice_mm.ndim == 0:
        spacing = slice_mm if slice_mm > 0 else np.nan
        count = int(np.prod(shape[:-1]))
        return np.tile(spacing * np.arange(slices), (count, 1)), np.tile(spacing * (np.arange(slices + 1) - 0.5), (count, 1))
    try:
        heights = np.broadcast_to(slice_mm, shape).reshape(-1, slices)
    except ValueError as error:
        came = f"positions {slice_mm.shape} came for stacks {shape}"
        raise InputError(f"Slices need one spacing, or a position each; {came}.") from error
    if slices == 1:
        return heights, None
    middle = (heights[:, 1:] + heights[:, :-1]) / 2
    ends = heights[:, [0]] - (middle[:, [0]] - heights[:, [0]]), heights[:, [-1]] + (heights[:, [-1]] - middle[:, [-1]])
    return heights, np.concatenate([ends[0], middle, ends[1]], axis=1)


def _next(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(B, Z) the nearest slice from each on that is there; the last one where none is."""
    last = present.shape[1] - 1
    found: NDArray[np.int64] = np.minimum.accumulate(np.where(present, np.arange(last + 1), last)[:, ::-1], axis=1)[:, ::-1]
    return found


def _between(heights: Array, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """(B, K) from slices a up to slices b, mm."""
    return np.asarray(np.take_along_axis(heights, b, axis=1) - np.take_along_axis(heights, a, axis=1))


def _taken(points: Array, slices: NDArray[np.int64]) -> NDArray[np.float64]:
    """(B, K, n, 2) outlines of slices (B, K)."""
    return np.asarray(np.take_along_axis(points, slices[..., None, None], axis=1))
