"""Which structure plays which part: told by the user, or seen from how the outlines lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import signed_areas
from atlaskit.errors import InputError, nearest
from atlaskit.topology import Topology

ROLES = ("cavity", "wall")
"""What a structure may be: the cavity that contracts, and the outer outline of the wall around it."""
INSIDE = 0.9
"""Share of the frames in which the inner outline lies in the middle of the outer one, for a wall to be taken for one."""


@dataclass(frozen=True)
class Roles:
    """Names of structures in their roles.

    Attributes
    ----------
    cavity : str
    wall : str or None
        The outer outline of the wall around the cavity.
    guessed : bool
        Whether a role was told from how the outlines lie.
    """

    cavity: str
    wall: str | None
    guessed: bool

    def sentence(self) -> str:
        """What was taken for what."""
        wall = f", the outer outline of its wall {self.wall!r}" if self.wall else ""
        return f"the cavity is {self.cavity!r}{wall}: --role says otherwise"


def roles_of(texts: Sequence[str] | str, topology: Topology, points: NDArray[np.float64]) -> Roles:
    """Read roles as the user gives them; what is not given is guessed.

    Parameters
    ----------
    texts : str or sequence of str
        ``ROLE=STRUCTURE`` each.
    topology : Topology
    points : (Q, T, L, 2) array
        From which nested outlines are told: without roles the cavity is the inner one of two, or the first structure.

    Raises
    ------
    InputError
        For an unknown role or structure, or one that comes twice.
    """
    given: dict[str, str] = {}
    for text in [texts] if isinstance(texts, str) else texts:
        role, _, name = (part.strip() for part in text.partition("="))
        if role not in ROLES or not name:
            raise InputError(f"--role is ROLE=STRUCTURE, ROLE one of {', '.join(ROLES)}; got {text!r}.")
        if name not in topology.structures:
            raise InputError(f"No structure is called {name!r}: {nearest(name, topology.structures)}")
        if role in given or name in given.values():
            raise InputError(f"A role is one structure's and a structure has one role; {text!r} is the second: leave one out.")
        given[role] = name
    nested = _nested(topology, points)
    if "cavity" in given:
        return Roles(given["cavity"], given.get("wall"), False)
    if "wall" in given:
        inner = next((inner for inner, outer in nested if outer == given["wall"]), None)
        if inner is None:
            raise InputError(f"No outline lies inside {given['wall']!r}: say which is the cavity with --role cavity=STRUCTURE.")
        return Roles(inner, given["wall"], True)
    inner, outer = nested[0] if nested else (topology.structures[0], None)
    return Roles(inner, outer, len(topology.structures) > 1)


def _nested(topology: Topology, points: NDArray[np.float64]) -> list[tuple[str, str]]:
    """Pairs of structures (inner, outer) of which one lies within the other in nearly every frame, by size and middle."""
    loops = [points[..., topology.loop_of(name), :] for name in topology.structures]
    areas = [np.abs(signed_areas(loop)) for loop in loops]
    pairs = []
    for i, inner in enumerate(topology.structures):
        for o, outer in enumerate(topology.structures):
            known = np.isfinite(areas[i]) & np.isfinite(areas[o])
            if i == o or not known.any():
                continue
            low, high = loops[o][known].min(-2), loops[o][known].max(-2)
            within = (loops[i][known].min(-2) >= low - 1).all(-1) & (loops[i][known].max(-2) <= high + 1).all(-1)
            if (within & (areas[i][known] < areas[o][known])).mean() >= INSIDE:
                pairs.append((inner, outer))
    return pairs
