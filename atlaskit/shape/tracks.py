"""Closed contours as tracks: landmarks are arc lengths along them, and stay in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import signed_area
from atlaskit.errors import InputError
from atlaskit.shape.model import Array

SAME = 1e-9
"""Share of a contour's length within which two places are one."""

Loops = Sequence[Sequence[int]]
Line = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A closed contour whose first point is repeated, (m + 1, 2), and the arc length of each point."""


@dataclass(frozen=True)
class Tracks:
    """The contours of N cases along S loops, which have P landmarks one after the other; those of two loops count twice.

    Attributes
    ----------
    loops : tuple of slice
        Where each loop lies among the P.
    nodes : (P,) int array
        Landmarks.
    lines : tuple of tuple of Line
        Per case and loop.
    """

    loops: tuple[slice, ...]
    nodes: NDArray[np.int64]
    lines: tuple[tuple[Line, ...], ...]

    @classmethod
    def of(cls, points: Array, loops: Loops, contours: Sequence[Sequence[Array]] | None) -> Tracks:
        """The contours of cases (N, L, 2), those of the landmarks themselves where there are no others."""
        polygons = [[case[list(loop)] for loop in loops] for case in points]
        contours = polygons if contours is None else contours
        if len(contours) != len(points) or any(len(own) != len(loops) for own in contours):
            raise InputError(f"Each of the {len(points)} cases needs a contour for each of the {len(loops)} loops.")
        lines = (map(_line, own, ordered) for own, ordered in zip(contours, polygons, strict=True))
        ends = np.cumsum([0, *map(len, loops)])
        parts = tuple(slice(int(first), int(last)) for first, last in pairwise(ends))
        return cls(parts, np.concatenate([np.asarray(loop, dtype=np.int64) for loop in loops]), tuple(map(tuple, lines)))

    def places(self, points: Array) -> NDArray[np.float64]:
        """(N, P) arc lengths at which the contours are nearest to landmarks (N, L, 2)."""
        found = np.empty((len(points), len(self.nodes)))
        for case, own in enumerate(self.lines):
            for number, (loop, line) in enumerate(zip(self.loops, own, strict=True)):
                found[case, loop] = _nearest(points[case, self.nodes[loop]], line)
                if _ahead(found[case, loop], line[1][-1]).sum() > 1.5 * line[1][-1]:
                    came = f"in case {case}, loop {number}, they do not"
                    raise InputError(f"Landmarks must come in order along their contour; {came}.")
        return found

    def at(self, places: Array, cases: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n, P, 2) points of some cases at arc lengths (n, P)."""
        found = np.empty((*places.shape, 2))
        for row, case in enumerate(cases):
            for loop, (line, arc) in zip(self.loops, self.lines[case], strict=True):
                for axis in (0, 1):
                    found[row, loop, axis] = np.interp(places[row, loop] % arc[-1], arc, line[:, axis])
        return found

    def gaps(self, places: Array) -> NDArray[np.float64]:
        """(N, P) arc lengths to the next landmark."""
        after = np.empty(places.shape)
        for number, loop in enumerate(self.loops):
            around = np.array([[own[number][1][-1]] for own in self.lines])
            after[:, loop] = _ahead(places[:, loop], around)
        return after

    def before(self, after: Array) -> NDArray[np.float64]:
        """(N, P) of each landmark what (N, P) is of the gap after it, of the gap before it."""
        return np.concatenate([np.roll(after[:, loop], 1, axis=1) for loop in self.loops], axis=1)


def _ahead(places: Array, around: Array | float) -> NDArray[np.float64]:
    """(..., n) arc lengths to the next landmark of a loop; one that is behind by rounding is at the same place."""
    slack = SAME * around
    return np.asarray(np.maximum((np.roll(places, -1, axis=-1) - places + slack) % around - slack, 0))


def _line(contour: Array, landmarks: Array) -> Line:
    """A closed contour that runs as its landmarks do."""
    contour = np.asarray(contour, dtype=np.float64)
    contour = contour[::-1] if signed_area(contour) * signed_area(landmarks) < 0 else contour
    line = np.concatenate([contour, contour[:1]])
    return line, np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def _nearest(points: Array, line: Line) -> NDArray[np.float64]:
    """(n,) arc lengths of the places on a contour nearest to points (n, 2)."""
    if np.array_equal(points, line[0][:-1]):  # the contour's own points are where they are, though it may cross itself there
        return line[1][:-1]
    edge, length = np.diff(line[0], axis=0), np.diff(line[1])
    off = points[:, None] - line[0][:-1]
    along = np.clip((off * edge).sum(2) / np.maximum(length**2, 1e-300), 0, 1)
    nearest = np.square(off - along[..., None] * edge).sum(2).argmin(1)
    return np.asarray(line[1][nearest] + along[np.arange(len(points)), nearest] * length[nearest])
