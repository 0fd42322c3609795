"""The graph in which loops share the landmarks along their walls.

A wall belongs to the earlier of its structures; the later one borrows its landmarks. Both ends of a wall are landmarks of
their own, so in each case the wall reaches exactly as far as the contact does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from atlaskit.topology import Topology
from atlaskit.walls import SAME, Wall, overlap

SLIVER = 1e-3
"""Room along a loop for the landmarks between two ends that fall together, as a part of the loop."""


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
            if overlap((0, start, stop), (0, wall.start, wall.stop)) > SAME:
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
