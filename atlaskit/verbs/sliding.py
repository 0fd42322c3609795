"""Landmarks of a population that slide along their outlines before they are aligned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape import align, corners, slide
from atlaskit.topology import Topology

Slide = Literal["none", "bending", "distance"]

ROUNDS = {"bending": 100, "distance": 5}
"""Rounds at most. The distance to the mean goes on to fall while landmarks drift far, so it is left early."""


@dataclass(frozen=True)
class Slid:
    """Where landmarks have slid to.

    Attributes
    ----------
    criterion : {"bending", "distance"}
        What the sliding made small.
    points : (N, L, 2) float array
        In the frame and unit of the input.
    fixed : (K,) int array
        Landmarks that stayed: corners, and those of several structures.
    way : (N, L) float array
        How far each has slid.
    left : float
        Share of the criterion that is left.
    """

    criterion: str
    points: NDArray[np.float64]
    fixed: NDArray[np.int64]
    way: NDArray[np.float64]
    left: float

    def sentence(self, unit: str) -> str:
        """What the sliding did, in words."""
        free = np.setdiff1d(np.arange(self.way.shape[1]), self.fixed)
        kind = "bending energy" if self.criterion == "bending" else "squared distance to the mean"
        far = f"{self.way[:, free].mean():.3g} {unit} on average" if len(free) else "nothing"
        stayed = f"{len(self.fixed)} stayed"
        return f"{len(free)} landmarks slid along their outlines by {far}, {stayed}; {self.left:.0%} of the {kind} is left"


def slid(points: NDArray[np.float64], topology: Topology, criterion: Slide) -> Slid | None:
    """Slide the landmarks of each structure between the corners of its mean outline; nothing where not asked.

    Parameters
    ----------
    points : (N, L, 2) float array
    topology : Topology
        Of these landmarks.
    criterion : {"none", "bending", "distance"}

    Raises
    ------
    InputError
        For another criterion, or as `atlaskit.shape.slide`.

    Notes
    -----
    Each structure slides for itself, by its own outline: between structures that touch, the spline from one case to another
    bends without end, and that would outweigh all else. Landmarks of several structures stay.
    """
    if criterion not in get_args(Slide):
        raise InputError(f"Landmarks slide by {', '.join(get_args(Slide))}; got {criterion!r}.")
    if criterion == "none":
        return None
    several = np.flatnonzero(np.bincount(np.concatenate(topology.loops)) > 1)
    moved, stay, measured = points.copy(), set(several.tolist()), np.zeros(2)
    for loop in map(np.asarray, topology.loops):
        own = [tuple(range(len(loop)))]
        fixed = np.union1d(corners(align(points[:, loop]).mean, own), np.flatnonzero(np.isin(loop, several)))
        stay |= set(loop[fixed].tolist())
        if len(fixed) == len(loop):
            continue
        found = slide(points[:, loop], own, fixed=fixed.tolist(), criterion=criterion, rounds=ROUNDS[criterion])
        moved[:, loop] = found.points
        measured += found.criterion[[0, -1]]
    way = np.linalg.norm(moved - points, axis=2)
    return Slid(criterion, moved, np.array(sorted(stay)), way, float(measured[1] / max(measured[0], 1e-300)))
