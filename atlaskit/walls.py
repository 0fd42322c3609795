"""Where structures touch: the stretches that two loops share.

Derived from the whole corpus: a wall is where the outlines of two structures lie together in most cases. A wall belongs
to the earlier of its structures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from atlaskit.topology import Topology

Array = NDArray[np.floating]

DENSE = 256
"""Places along each loop at which contact is asked for."""
TOUCH_PX = 2.0
"""Outlines closer than this touch; each of two neighbours is traced up to half a pixel within its own pixels."""
MOST = 0.5
"""Share of the cases in which a place must touch to be of a wall."""
GAP, LEAST = 0.03, 0.05
"""A shorter gap in a wall is none, and a shorter wall neither, as parts of a loop."""
SAME = 0.025
"""Ends of walls that are nearer along a loop are one landmark, as a part of the loop."""


@dataclass(frozen=True)
class Wall:
    """A stretch of one loop that lies along an earlier one; places in turns along each loop.

    Attributes
    ----------
    structure, owner : int
        Who borrows, and the earlier structure whose landmarks these are.
    start, stop : float
        Along the borrower's loop, ``start < stop``.
    owner_start, owner_stop : float
        The same ends along the owner's loop; decreasing where the two run against each other.
    """

    structure: int
    owner: int
    start: float
    stop: float
    owner_start: float
    owner_stop: float


def find_walls(samples: Array, points: Array, mean: Array, topology: Topology) -> tuple[Wall, ...]:
    """Find the walls of a corpus.

    Parameters
    ----------
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where absent.
    points : (N, L, 2) array
        Landmarks of disjoint loops on these contours, pixels.
    mean : (L, 2) array
        Their template.
    topology : Topology
        Of disjoint loops.

    Returns
    -------
    tuple of Wall
        In order of the borrowers.
    """
    dense = [_dense(points[:, list(loop)]) for loop in topology.loops]
    middle = [_dense(mean[None, list(loop)])[0] for loop in topology.loops]
    walls: list[Wall] = []
    for later in range(1, len(dense)):
        for owner in range(later):
            shares = _share(dense[later], samples[:, owner]), _share(dense[owner], samples[:, later])
            mine, theirs = (_runs(share) for share in shares)
            if shares[1].min() >= MOST:  # what lies in the arms of another has no ends of its own
                theirs = [_beside(run, middle[later], middle[owner]) for run in mine]
            elif shares[0].min() >= MOST:
                mine = [_beside(run, middle[owner], middle[later]) for run in theirs]
            for run in mine:
                wall = _matched(run, theirs, later, owner, middle)
                if wall is not None and not _taken(wall, walls):
                    walls.append(wall)
    return tuple(walls)


def _dense(polygons: Array) -> Array:
    """(N, n, 2) closed polygons at `DENSE` places, equal numbers of landmarks apart."""
    n = polygons.shape[1]
    at = np.arange(DENSE) * n / DENSE
    low = at.astype(int)
    along = (at - low)[:, None]
    dense: Array = (1 - along) * polygons[:, low] + along * polygons[:, (low + 1) % n]
    return dense


def _share(places: Array, contours: Array) -> NDArray[np.float64]:
    """(DENSE,) share of cases in which each place touches another structure's contours (N, M, 2)."""
    both = np.flatnonzero(~np.isnan(places[:, 0, 0]) & ~np.isnan(contours[:, 0, 0]))
    touching = np.zeros(places.shape[1])
    for case in both:
        step = np.linalg.norm(np.diff(contours[case], axis=0), axis=1).mean()
        distance, _ = cKDTree(contours[case]).query(places[case])
        touching += distance < np.hypot(TOUCH_PX, step / 2)
    return touching / max(len(both), 1)


def _runs(share: Array) -> list[tuple[float, float]]:
    """The stretches, in turns, in which most cases touch; none where all of a loop does."""
    touching = share >= MOST
    if touching.all() or not touching.any():
        return []
    first = int(np.flatnonzero(~touching)[0])
    ends = np.flatnonzero(np.diff(np.concatenate([[0], np.roll(touching, -first).astype(int), [0]])))
    runs: list[tuple[float, float]] = []
    for start, stop in ends.reshape(-1, 2) + first:
        if runs and start / DENSE - runs[-1][1] < GAP:
            runs[-1] = (runs[-1][0], stop / DENSE)
        else:
            runs.append((start / DENSE, stop / DENSE))
    return [(start, stop - 1 / DENSE) for start, stop in runs if stop - start >= LEAST]


def _beside(run: tuple[float, float], own: Array, other: Array) -> tuple[float, float]:
    """The stretch, in turns, of another mean loop that lies beside a run of one."""
    at = [round(turn * DENSE) % DENSE for turn in (run[0], sum(run) / 2, run[1])]
    first, beside, last = (int(np.linalg.norm(other - own[k], axis=1).argmin()) for k in at)
    if not _same_way(own, at[1], other, beside):
        first, last = last, first
    return first / DENSE, (first + (last - first) % DENSE) / DENSE


def _same_way(one: Array, i: int, other: Array, k: int) -> bool:
    """Whether two dense loops run in the same direction at place i of one and place k of the other."""
    along, there = (loop[(at + 2) % DENSE] - loop[(at - 2) % DENSE] for loop, at in ((one, i), (other, k)))
    return bool(along @ there > 0)


def _matched(
    run: tuple[float, float], others: Sequence[tuple[float, float]], later: int, owner: int, middle: Sequence[Array]
) -> Wall | None:
    """The wall of a run along the later loop and the run of the owner's that lies beside it."""
    mine, theirs = middle[later], middle[owner]
    at = round(sum(run) / 2 * DENSE)
    beside = int(np.linalg.norm(theirs - mine[at % DENSE], axis=1).argmin())
    for start, stop in others:
        if (beside / DENSE - start) % 1 <= stop - start:
            ends = (start, stop) if _same_way(mine, at, theirs, beside) else (stop, start)
            return Wall(later, owner, *map(float, (*run, *ends)))
    return None


def _taken(wall: Wall, walls: Sequence[Wall]) -> bool:
    """Whether a part of the stretch, on either loop, is borrowed already: it is then shared through the first owner."""
    mine = (wall.structure, wall.start, wall.stop)
    theirs = (wall.owner, min(wall.owner_start, wall.owner_stop), max(wall.owner_start, wall.owner_stop))
    return any(overlap(part, (w.structure, w.start, w.stop)) > SAME for w in walls for part in (mine, theirs))


def overlap(a: tuple[int, float, float], b: tuple[int, float, float]) -> float:
    """Turns that two stretches of one loop have in common; 0 for different loops."""
    if a[0] != b[0]:
        return 0.0
    return max(min(a[2], b[2] + turn) - max(a[1], b[1] + turn) for turn in (-2, -1, 0, 1, 2))
