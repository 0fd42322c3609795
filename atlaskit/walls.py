"""Where structures touch: the stretches that two loops share, and the graph in which they share landmarks.

Derived from the whole corpus: a wall is where the outlines of two structures lie together in most cases. A wall belongs
to the earlier of its structures; the later one borrows its landmarks. Both ends of a wall are landmarks of their own, so
in each case the wall reaches exactly as far as the contact does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
SLIVER = 1e-3
"""Room along a loop for the landmarks between two ends that fall together, as a part of the loop."""


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
            mine = _runs(_share(dense[later], samples[:, owner]))
            theirs = _runs(_share(dense[owner], samples[:, later]))
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


def _matched(
    run: tuple[float, float], others: Sequence[tuple[float, float]], later: int, owner: int, middle: Sequence[Array]
) -> Wall | None:
    """The wall of a run along the later loop and the run of the owner's that lies beside it."""
    mine, theirs = middle[later], middle[owner]
    at = round(sum(run) / 2 * DENSE)
    beside = int(np.linalg.norm(theirs - mine[at % DENSE], axis=1).argmin())
    for start, stop in others:
        if (beside / DENSE - start) % 1 <= stop - start:
            along = mine[(at + 2) % DENSE] - mine[(at - 2) % DENSE]
            there = theirs[(beside + 2) % DENSE] - theirs[(beside - 2) % DENSE]
            ends = (start, stop) if along @ there > 0 else (stop, start)
            return Wall(later, owner, *map(float, (*run, *ends)))
    return None


def _taken(wall: Wall, walls: Sequence[Wall]) -> bool:
    """Whether a part of the stretch, on either loop, is borrowed already: it is then shared through the first owner."""
    mine = (wall.structure, wall.start, wall.stop)
    theirs = (wall.owner, min(wall.owner_start, wall.owner_stop), max(wall.owner_start, wall.owner_stop))
    return any(_overlap(part, (w.structure, w.start, w.stop)) > SAME for w in walls for part in (mine, theirs))


def _overlap(a: tuple[int, float, float], b: tuple[int, float, float]) -> float:
    """Turns that two stretches of one loop have in common; 0 for different loops."""
    if a[0] != b[0]:
        return 0.0
    return max(min(a[2], b[2] + turn) - max(a[1], b[1] + turn) for turn in (-2, -1, 0, 1, 2))


@dataclass(frozen=True)
class Shared:
    """A topology whose loops share landmarks, and where its landmarks lie along the disjoint loops it was made from.

    Attributes
    ----------
    topology : Topology
    turns : tuple of (n,) float arrays
        Per loop, increasing, in turns along the disjoint loop.
    """

    topology: Topology
    turns: tuple[NDArray[np.float64], ...]


def share(topology: Topology, walls: Sequence[Wall]) -> Shared:
    """Join disjoint loops along their walls.

    Between two ends of walls lie 2 or more times 2^(levels - 1) edges, so that both loops keep the same landmarks everywhere.

    Parameters
    ----------
    topology : Topology
        Of disjoint loops; says how many landmarks each is worth.
    walls : sequence of Wall

    Returns
    -------
    Shared
    """
    cuts = _cuts(walls, len(topology.loops))
    builder = _Builder(2 ** (topology.levels - 1))
    for s, loop in enumerate(topology.loops):
        builder.add(len(loop), cuts[s], [wall for wall in walls if wall.structure == s])
    joined = replace(topology, loops=tuple(map(tuple, builder.loops)))
    return Shared(joined, tuple(builder.turns))


def _cuts(walls: Sequence[Wall], structures: int) -> list[list[float]]:
    """Per loop the ends of walls, in [0, 1), those nearly the same once."""
    cuts: list[list[float]] = []
    for s in range(structures):
        ends = [end for wall in walls for end in _ends(wall, s)]
        kept: list[float] = []
        for end in sorted(end % 1 for end in ends):
            if all(min((end - k) % 1, (k - end) % 1) > SAME for k in kept):
                kept.append(end)
        cuts.append(kept)
    return cuts


def _ends(wall: Wall, s: int) -> tuple[float, ...]:
    """The ends of a wall along one structure's loop; nothing where it has no part in it."""
    if s == wall.structure:
        return (wall.start, wall.stop)
    return (wall.owner_start, wall.owner_stop) if s == wall.owner else ()


class _Builder:
    """Loops of landmark indices, one after the other.

    Parameters
    ----------
    step : int
        Edges between cuts are a multiple of this.
    """

    def __init__(self, step: int) -> None:
        self.step, self.count = step, 0
        self.loops: list[list[int]] = []
        self.turns: list[NDArray[np.float64]] = []
        self.at_cut: list[dict[int, int]] = []
        self.cuts: list[list[float]] = []

    def new(self, count: int) -> list[int]:
        """Fresh landmarks."""
        self.count += count
        return list(range(self.count - count, self.count))

    def add(self, n: int, cuts: list[float], borrowed: Sequence[Wall]) -> None:
        """Add a loop that is worth n landmarks, cut at places, some of whose stretches are borrowed."""
        if not cuts:
            self.loops.append(self.new(n))
            self.turns.append(np.arange(n) / n)
        else:
            self._add_cut(n, cuts, borrowed)
        self.cuts.append(cuts)
        self.at_cut.append({k: self.loops[-1][self._index(cut)] for k, cut in enumerate(cuts)})

    def _index(self, turn: float) -> int:
        """Place in the last loop of the landmark nearest to a turn."""
        away = (self.turns[-1] - turn + 0.5) % 1 - 0.5
        return int(np.abs(away).argmin())

    def _add_cut(self, n: int, cuts: list[float], borrowed: Sequence[Wall]) -> None:
        """Lay the stretches between cuts one after the other: borrowed ones as they are, the others anew."""
        ends = [*cuts[1:], cuts[0] + 1]
        lent = [self._lent(start, stop, borrowed) for start, stop in zip(cuts, ends, strict=True)]
        fresh = {k: self.new(1)[0] for k in range(len(cuts)) if not lent[k - 1] and not lent[k]}
        loop: list[int] = []
        turns: list[NDArray[np.float64]] = []

        def lay(nodes: list[int], start: float, stop: float) -> None:
            loop.extend(nodes[:-1])
            turns.append(np.linspace(start, stop, len(nodes))[:-1])

        for k, (start, stop) in enumerate(zip(cuts, ends, strict=True)):
            left = lent[k - 1][-1] if lent[k - 1] else lent[k][0] if lent[k] else fresh[k]
            right = lent[k][0] if lent[k] else left
            if left != right:  # two owners whose walls end at the same place, but not in the same landmark
                lay([left, *self.new(self.step - 1), right], start, start + SLIVER)
            after = (k + 1) % len(cuts)
            last = lent[after][0] if lent[after] else fresh.get(after, -1)
            edges = max(2, round(n * (stop - start) / self.step)) * self.step  # two steps: the shortest loop has three
            lay(lent[k] or [right, *self.new(edges - 1), last], start + SLIVER * (left != right), stop)
        self.loops.append(loop)
        self.turns.append(np.concatenate(turns))

    def _lent(self, start: float, stop: float, borrowed: Sequence[Wall]) -> list[int]:
        """Landmarks of the owner's along a stretch, both ends included; none where it is not borrowed."""
        for wall in borrowed:
            if _overlap((0, start, stop), (0, wall.start, wall.stop)) > SAME:
                low, high = sorted((wall.owner_start, wall.owner_stop))
                loop = self.loops[wall.owner]
                first, last = (loop.index(self._cut_node(wall.owner, end)) for end in (low, high))
                nodes = loop[first : last + 1] if first < last else loop[first:] + loop[: last + 1]
                return nodes if wall.owner_start < wall.owner_stop else nodes[::-1]
        return []

    def _cut_node(self, owner: int, end: float) -> int:
        """The landmark at an end of a wall along its owner's loop."""
        away = [abs((cut - end + 0.5) % 1 - 0.5) for cut in self.cuts[owner]]
        return self.at_cut[owner][int(np.argmin(away))]
