"""The fixed graph: one list of landmarks and, per structure, a closed loop of landmark indices.

Loops that share no index are the paper's independent graph; loops that share indices are its unified graph. Everything
downstream reads loops only, so both take one code path.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError

LEAST_NODES = 16
"""Nodes that a loop has at the coarsest level, at least."""


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
    """

    structures: tuple[str, ...]
    loops: tuple[tuple[int, ...], ...]
    levels: int = 3

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

    @property
    def n_landmarks(self) -> int:
        """L, the number of landmarks."""
        return 1 + max(node for loop in self.loops for node in loop)

    @cached_property
    def sha256(self) -> str:
        """Fingerprint that an atlas, a network and a store share; a mismatch is one clear error."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """The topology as canonical JSON text (contract: ``structures`` with ``name`` and ``loop``, ``n_landmarks``)."""
        named = [{"name": n, "loop": list(p)} for n, p in zip(self.structures, self.loops, strict=True)]
        document = {"structures": named, "n_landmarks": self.n_landmarks, "levels": self.levels}
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Topology:
        """Read what `to_json` wrote; raises `InputError` for anything else."""
        try:
            document: dict[str, Any] = json.loads(text)
            named = document["structures"]
            names = tuple(str(item["name"]) for item in named)
            loops = tuple(tuple(int(node) for node in item["loop"]) for item in named)
            levels = int(document.get("levels", 1))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"A topology is JSON with 'structures', each a 'name' and a 'loop'; got {text[:60]!r}.") from error
        return cls(structures=names, loops=loops, levels=levels)

    def loop_of(self, structure: str) -> NDArray[np.int64]:
        """(n,) landmark indices of one structure's loop."""
        return np.asarray(self.loops[self.structures.index(structure)], dtype=np.int64)

    def padded_loops(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Loops as one (S, n_max) index array, padded by repeating the first node, with the mask of real entries."""
        longest = max(len(loop) for loop in self.loops)
        index = np.array([[*loop, *[loop[0]] * (longest - len(loop))] for loop in self.loops], dtype=np.int64)
        real = np.array([[k < len(loop) for k in range(longest)] for loop in self.loops])
        return index, real

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
    """Disjoint loops, sized by contour length as in the paper: round(scale x length), at least 16 per coarsest loop.

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
        n = max(round(scale * length), LEAST_NODES * step) if wanted is None else wanted
        n = -(-n // step) * step
        loops.append(tuple(range(first, first + n)))
        first += n
    return Topology(tuple(lengths_px), tuple(loops), levels)
