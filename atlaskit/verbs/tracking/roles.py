"""Which structure plays which part: told by the user, or seen from how the outlines lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import signed_areas
from atlaskit.errors import InputError, counted, nearest
from atlaskit.topology import Topology
from atlaskit.tracking import Sequences

ROLES = ("cavity", "wall")
"""What a structure may be: the cavity that contracts, and the outer outline of the wall around it."""
THIN = 0.02
"""Share of the area inside its outer outline that a wall has at least; with less it was not drawn."""
INSIDE = 0.9
"""Share of the landmarks of the inner outline that lie in the outer one, for a wall to be taken for one."""
INWARDS = 0.1
"""Of their way to the middle, by which landmarks of the inner outline are drawn in first, so that outlines may touch."""
FRAMES = 100
"""From which it is told whether outlines are nested, at most."""
LANDMARKS = 64
"""Of the inner outline that are looked at, about."""

Array = NDArray[np.float64]


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


def roles_of(texts: Sequence[str] | str, topology: Topology, points: Array) -> Roles:
    """Read roles as the user gives them, and tell a cavity that is not given from how outlines lie.

    The cavity is then the innermost of a chain of nested outlines, and the wall, unless it is given, the smallest that contains
    it, in whatever order structures are. Of several chains it is the longest that counts, and of equally long ones that of the
    largest cavity. Where nothing is nested the cavity is the first structure and has no wall; nor has one that is given alone.

    Parameters
    ----------
    texts : str or sequence of str
        ``ROLE=STRUCTURE`` each.
    topology : Topology
    points : (Q, T, L, 2) array
        From which nested outlines are told.

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
    if "cavity" in given:
        _check_around(given, topology, points)
        return Roles(given["cavity"], given.get("wall"), False)
    around = _around(topology, points)
    within = [name for name in topology.structures if around[name] and given.get("wall") in (None, *around[name])]
    if "wall" in given and not within:
        raise InputError(f"No outline lies inside {given['wall']!r}: say which is the cavity with --role cavity=STRUCTURE.")
    if not within:
        return Roles(topology.structures[0], None, True)
    areas = {name: _area(points, topology, name) for name in topology.structures}
    cavity = max(within, key=lambda name: (len(around[name]), areas[name]))
    return Roles(cavity, given.get("wall") or min(around[cavity], key=areas.__getitem__), True)


def _check_around(given: dict[str, str], topology: Topology, points: Array) -> None:
    """Refuse a wall that lies inside its cavity."""
    cavity, wall = given["cavity"], given.get("wall")
    if wall is not None and _area(points, topology, wall) < _area(points, topology, cavity) * (1 - THIN):
        raise InputError(
            f"The outer outline of a wall lies around its cavity; {wall!r} is smaller than {cavity!r}: exchange them in --role."
        )


def _area(points: Array, topology: Topology, name: str) -> float:
    """Of a structure's outline, in the middle of the frames that have it."""
    areas = np.abs(signed_areas(points[..., topology.loop_of(name), :]))
    return float(np.median(areas[np.isfinite(areas)])) if np.isfinite(areas).any() else np.nan


def _around(topology: Topology, points: Array) -> dict[str, list[str]]:
    """The outlines that each structure lies in."""
    frames = points.reshape(-1, *points.shape[-2:])
    loops = {name: topology.loop_of(name) for name in topology.structures}
    known = {name: np.isfinite(frames[:, loop]).all((1, 2)) for name, loop in loops.items()}

    def lies_in(inner: str, outer: str) -> bool:
        both = np.flatnonzero(known[inner] & known[outer])
        some = frames[both[np.linspace(0, len(both) - 1, min(len(both), FRAMES)).astype(np.int64)]]
        return inner != outer and len(both) > 0 and _nested(some[:, loops[inner]], some[:, loops[outer]])

    return {inner: [outer for outer in loops if lies_in(inner, outer)] for inner in loops}


def _nested(inner: Array, outer: Array) -> bool:
    """Whether an outline (F, n, 2) lies in another (F, m, 2), in the middle of the frames."""
    smaller = np.abs(signed_areas(inner)) < np.abs(signed_areas(outer))  # of two that are one, neither is in the other
    drawn = inner + INWARDS * (inner.mean(1, keepdims=True) - inner)
    share = _inside(drawn[:, :: max(inner.shape[1] // LANDMARKS, 1)], outer).mean(1)
    return bool(np.median(share * smaller) >= INSIDE)


def _inside(points: Array, polygons: Array) -> NDArray[np.bool_]:
    """(F, n) which points (F, n, 2) lie in the polygon (F, m, 2) of their frame: their rays cut it an odd number of times."""
    x, y = np.moveaxis(points[:, :, None], -1, 0)
    x0, y0 = np.moveaxis(polygons[:, None], -1, 0)
    x1, y1 = np.roll(x0, -1, axis=-1), np.roll(y0, -1, axis=-1)
    passed = (y0 <= y) != (y1 <= y)
    beyond = ((x1 - x0) * (y - y0) > (x - x0) * (y1 - y0)) == (y1 > y0)
    return np.asarray((passed & beyond).sum(-1) % 2 == 1)


def without_wall(sequences: Sequences, topology: Topology, roles: Roles) -> tuple[Sequences, tuple[str, ...]]:
    """Sequences in which the wall is missing where its outline is that of the cavity, and what a user should know of it.

    Readers often draw the outer outline at end-diastole alone; a union of cavity and wall is the cavity then.
    """
    if roles.wall is None:
        return sequences, ()
    inner, outer = topology.loop_of(roles.cavity).tolist(), topology.loop_of(roles.wall).tolist()
    areas = [np.abs(signed_areas(sequences.points[:, :, loop])) for loop in (inner, outer)]
    bare = np.isfinite(areas[1]) & (np.abs(areas[1] - areas[0]) <= THIN * areas[1])
    if not bare.any():
        return sequences, ()
    points, own = sequences.points.copy(), [node for node in outer if node not in inner]
    points[bare[..., None] & np.isin(np.arange(points.shape[2]), own)] = np.nan
    words = f"no wall is drawn around {roles.cavity!r} in {counted(int(bare.sum()), 'frame')}: {roles.wall!r} is missing there"
    return replace(sequences, points=points), (words,)
