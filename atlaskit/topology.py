"""The fixed graph: one list of landmarks and, per structure, a closed loop of landmark indices.

Loops that share no index are the paper's independent graph; loops that share indices are its unified graph. Everything
downstream reads loops only, so both take one code path. A ring is its outer loop with the loop of what fills its hole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from atlaskit.config import MOST_NODES
from atlaskit.errors import InputError, nearest

LEAST_NODES = 16
"""Nodes that a loop has at the coarsest level, at least."""


class Hole(NamedTuple):
    """The hole of a ring, which another structure fills; a slit between two landmarks joins the two loops to one polygon."""

    ring: int
    filler: int
    outer: int
    inner: int


@dataclass(frozen=True)
class Topology:
    """Structures as closed loops over one list of landmarks.

    Attributes
    ----------
    structures : tuple of str
        The S names.
    loops : tuple of tuple of int
        Per structure the landmark indices along its closed boundary, in order.
    levels : int
        Resolutions of the graph decoder: each level keeps every second node of a loop.
    holes : tuple of Hole
        Rings, whose loop is their outer edge only: structure and filler by number, slit by landmark.
    """

    structures: tuple[str, ...]
    loops: tuple[tuple[int, ...], ...]
    levels: int = 3
    holes: tuple[Hole, ...] = ()

    def __post_init__(self) -> None:
        if not len(set(self.structures)) == len(self.structures) == len(self.loops) > 0:
            raise InputError(f"A topology needs one loop per uniquely named structure; got {list(self.structures)}.")
        if self.levels < 1:
            raise InputError(f"A topology needs at least 1 level; got {self.levels}.")
        step = 2 ** (self.levels - 1)
        for name, loop in zip(self.structures, self.loops, strict=True):
            if len(loop) < 3 * step or len(loop) % step:
                raise InputError(
                    f"The loop of {name!r} needs a multiple of {step} nodes, at least {3 * step}; it has {len(loop)}."
                )
        used = sorted({node for loop in self.loops for node in loop})
        if used != list(range(len(used))):
            raise InputError("The loops of a topology must use the landmark indices 0 to L - 1 without a gap.")
        for hole in self.holes:
            known = (
                min(hole.ring, hole.filler) >= 0 and max(hole.ring, hole.filler) < len(self.loops) and hole.ring != hole.filler
            )
            if not known or hole.outer not in self.loops[hole.ring] or hole.inner not in self.loops[hole.filler]:
                raise InputError(f"A hole joins a landmark of its ring's loop to one of the loop that fills it; got {hole}.")

    @property
    def n_landmarks(self) -> int:
        """L, the number of landmarks."""
        return 1 + max(node for loop in self.loops for node in loop)

    @cached_property
    def sha256(self) -> str:
        """Fingerprint that an atlas, a network and a store share; a mismatch is one clear error."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """The topology as canonical JSON text (contract: ``structures`` with ``name`` and ``loop``, ``n_landmarks``).

        The ``loop`` of a ring is its `polygon`, with the outer edge apart as ``outline``, and ``holes`` beside.
        """
        named: list[dict[str, Any]] = []
        for s, (name, loop) in enumerate(zip(self.structures, self.loops, strict=True)):
            outline = {"outline": list(loop)} if self.polygon(s) != loop else {}
            named.append({"name": name, "loop": list(self.polygon(s)), **outline})
        document: dict[str, Any] = {"structures": named, "n_landmarks": self.n_landmarks, "levels": self.levels}
        if self.holes:
            document["holes"] = [hole._asdict() for hole in self.holes]
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Topology:
        """Read what `to_json` wrote; raises `InputError` for anything else."""
        try:
            document: dict[str, Any] = json.loads(text)
            named = document["structures"]
            names = tuple(str(item["name"]) for item in named)
            loops = tuple(tuple(int(node) for node in item.get("outline", item["loop"])) for item in named)
            levels = int(document.get("levels", 1))
            holes = tuple(Hole(**{key: int(item[key]) for key in Hole._fields}) for item in document.get("holes", ()))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"A topology is JSON with 'structures', each a 'name' and a 'loop'; got {text[:60]!r}.") from error
        return cls(structures=names, loops=loops, levels=levels, holes=holes)

    def loop_of(self, structure: str) -> NDArray[np.int64]:
        """(n,) landmark indices of one structure's loop, in order; `InputError` for a name that is none."""
        if structure not in self.structures:
            raise InputError(
                f"A structure must be one of the topology; {structure!r} is not: {nearest(structure, self.structures)}"
            )
        return np.asarray(self.loops[self.structures.index(structure)], dtype=np.int64)

    def only(self, structures: Sequence[str]) -> Topology:
        """The loops of some structures, in one level; their landmarks are numbered anew in ascending order."""
        kept = [self.structures.index(name) for name in self.structures if name in structures]
        used = np.unique(np.concatenate([self.loop_of(name) for name in structures])).tolist()
        new = {node: index for index, node in enumerate(used)}
        holes = tuple(
            Hole(kept.index(hole.ring), kept.index(hole.filler), new[hole.outer], new[hole.inner])
            for hole in self.holes
            if hole.ring in kept and hole.filler in kept
        )
        loops = tuple(tuple(new[node] for node in self.loops[s]) for s in kept)
        return Topology(tuple(self.structures[s] for s in kept), loops, levels=1, holes=holes)

    def polygon(self, structure: int) -> tuple[int, ...]:
        """Landmarks of the closed polygon that encloses a structure's area: its loop, and around its holes by way of slits."""
        polygon = list(self.loops[structure])
        for hole in self.holes:
            if hole.ring == structure:
                inner = self.loops[hole.filler]
                first = inner.index(hole.inner)
                around = [*inner[first::-1], *inner[:first:-1], hole.inner]
                at = polygon.index(hole.outer)
                polygon[at + 1 : at + 1] = [*around, hole.outer]
        return tuple(polygon)

    def fills(self) -> tuple[tuple[int, int], ...]:
        """Rings and what fills them, by number."""
        return tuple((hole.ring, hole.filler) for hole in self.holes)

    def padded_loops(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Loops as one (S, n_max) index array, padded by repeating the first node, with the mask of real entries."""
        longest = max(len(loop) for loop in self.loops)
        index = np.array([[*loop, *[loop[0]] * (longest - len(loop))] for loop in self.loops], dtype=np.int64)
        real = np.array([[k < len(loop) for k in range(longest)] for loop in self.loops])
        return index, real

    def touching(self) -> NDArray[np.bool_]:
        """(S, S) which loops share a wall: two landmarks or more."""
        sets = [set(loop) for loop in self.loops]
        return np.array([[a is not b and len(a & b) > 1 for b in sets] for a in sets])

    def arcs(self, structure: int) -> NDArray[np.int64]:
        """(n,) number of the stretch between ends of walls that the edge to each landmark of a loop belongs to."""
        of: dict[tuple[int, int], list[int]] = {}
        for s, loop in enumerate(self.loops):
            for a, b in zip((loop[-1], *loop), loop, strict=False):
                of.setdefault((min(a, b), max(a, b)), []).append(s)
        loop = self.loops[structure]
        owners = [of[min(a, b), max(a, b)] for a, b in zip((loop[-1], *loop), loop, strict=False)]
        changes = np.array([owners[k] != owners[k - 1] for k in range(len(loop))])
        return np.cumsum(changes) % max(int(changes.sum()), 1)

    def edges(self) -> NDArray[np.int64]:
        """(E, 2) landmark index pairs, each undirected edge once, sorted."""
        pairs = {(min(a, b), max(a, b)) for loop in self.loops for a, b in zip(loop, (*loop[1:], loop[0]), strict=True)}
        return np.array(sorted(pairs), dtype=np.int64)

    def coarser(self) -> tuple[Topology, NDArray[np.int64], NDArray[np.int64]]:
        """The next coarser graph: every second node of each loop.

        Returns
        -------
        topology : Topology
            With one level less.
        kept : (L_coarse,) int array
            The landmark index here of each coarse landmark.
        parents : (L, 2) int array
            Coarse indices whose mean is each landmark's start: itself twice where it was kept, else its two neighbours.
        """
        if self.levels < 2:
            raise InputError("A topology of one level has no coarser graph.")
        kept = np.array(sorted({node for loop in self.loops for node in loop[::2]}), dtype=np.int64)
        new = {int(node): index for index, node in enumerate(kept)}
        parents = np.zeros((self.n_landmarks, 2), dtype=np.int64)
        for loop in self.loops:
            for k, node in enumerate(loop):
                before, after = (node, node) if node in new else (loop[k - 1], loop[(k + 1) % len(loop)])
                parents[node] = new[before], new[after]
        loops = tuple(tuple(new[node] for node in loop[::2]) for loop in self.loops)
        return Topology(self.structures, loops, self.levels - 1), kept, parents


def independent(
    lengths_px: Mapping[str, float],
    *,
    nodes: int | Mapping[str, int] | None = None,
    scale: float = 0.05,
    levels: int = 3,
) -> Topology:
    """Disjoint loops, sized by contour length as in the paper: round(scale x length), 16 per coarsest loop to 512.

    Parameters
    ----------
    lengths_px : mapping
        Mean contour length of each structure, pixels, in the order of the structures.
    nodes : int or mapping, optional
        Nodes of every loop, or by structure, instead of the rule; rounded up to a multiple of 2^(levels-1).
    scale : float
        Nodes per pixel of contour.
    levels : int
        Resolutions of the graph.

    References
    ----------
    Gaggion et al., Mask-HybridGNet, arXiv 2602.21179 (2026).
    """
    step = 2 ** (levels - 1)
    loops: list[tuple[int, ...]] = []
    first = 0
    for name, length in lengths_px.items():
        wanted = nodes.get(name) if isinstance(nodes, Mapping) else nodes
        n = min(max(round(scale * length), LEAST_NODES * step), MOST_NODES) if wanted is None else wanted
        n = -(-n // step) * step
        loops.append(tuple(range(first, first + n)))
        first += n
    return Topology(tuple(lengths_px), tuple(loops), levels)
