"""Landmarks onto the boundaries of cases: each loop in turn, walls that are shared by the loop that owns them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from atlaskit.assignment import Array, Indices, assign, at_places, cyclic_start
from atlaskit.frames import Frames
from atlaskit.groupwise.template import Template, View, Weights, heeding, looks_of
from atlaskit.topology import Topology

BACK = 32
"""Samples that shared landmarks may lie against the order of a later loop, as its boundary is not quite the same."""
PIN = 1000.0
"""How many times more than elsewhere position counts for a shared landmark that an earlier loop has put somewhere."""


def place(
    template: Template,
    samples: Array,
    *,
    predicted: Array | None = None,
    weights: Weights | None = None,
    workers: int | None = None,
) -> NDArray[np.float64]:
    """Landmarks on the boundaries of any cases, in order: near the wanted positions and alike to the template.

    Parameters
    ----------
    template : Template
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where absent.
    predicted : (N, L, 2) array, optional
        Wanted positions, pixels: the boundary fit of a network's landmarks. Without it the template's own positions are
        wanted: the groupwise landmarks.
    weights : Weights, optional
        Those of the template unless given.
    workers : int, optional
        Threads; one per core unless given.

    Returns
    -------
    (N, L, 2) float array
        Pixels; NaN where absent. A landmark of several structures lies in the middle of their boundaries.
    """
    upright = template.frames(samples)
    near = predicted
    if near is None:  # where landmarks lie tells how a case is tilted, and that where they lie
        near = _placed(template, upright, samples, predicted, near, weights, workers)
    found = template.straightened(upright, samples, near)
    return _placed(template, found, samples, predicted, near, weights, workers)


def _placed(
    template: Template,
    found: Frames,
    samples: Array,
    predicted: Array | None,
    near: Array | None,
    weights: Weights | None,
    workers: int | None,
) -> NDArray[np.float64]:
    """Landmarks as of `place`, of cases that lie as `found` says; sought near some, if there are any."""
    topology = template.topology
    unit = found.to_unit(found.facing(samples))
    looks = looks_of(unit, found, topology)
    mean = np.broadcast_to(template.points, (len(unit), *template.points.shape))
    wanted, start = (mean if points is None else found.to_unit(points) for points in (predicted, near))
    present = ~np.isnan(unit[:, :, 0, 0])
    board = Board(len(unit), topology)
    for s, ids in enumerate(topology.loops):
        here, loop = np.flatnonzero(present[:, s]), np.asarray(ids)
        if here.size == 0:
            continue
        goal, place = wanted[here[:, None], loop], unit[here, s]
        chosen = assigned(
            template.view(s, weights),
            (goal, heeding(template.signatures[s], present[here])),
            (place, looks[here, s]),
            cyclic_start(place, len(loop), goal=start[here[:, None], loop]),
            known=board.known(here, s),
            arcs=board.arcs[s],
            band=samples.shape[2] // (4 if near is None else 12),
            between=True,
            workers=workers,
        )
        board.put(here, s, at_places(place, chosen))
    return found.to_pixels(board.points())


class Board:
    """Where loops have put the landmarks of N cases so far.

    Parameters
    ----------
    n : int
    topology : Topology
    """

    def __init__(self, n: int, topology: Topology) -> None:
        self.loops = [np.asarray(loop) for loop in topology.loops]
        self.arcs = [topology.arcs(s) if topology.touching()[s].any() else None for s in range(len(self.loops))]
        self.total = np.zeros((n, topology.n_landmarks, 2))
        self.count = np.zeros((n, topology.n_landmarks, 1))

    def put(self, here: Indices, s: int, points: Array) -> None:
        """Take the (H, n, 2) landmarks of structure s in some cases."""
        self.total[here[:, None], self.loops[s]] += points
        self.count[here[:, None], self.loops[s]] += 1

    def known(self, here: Indices, s: int) -> NDArray[np.float64] | None:
        """(H, n, 2) what earlier loops say of a loop's landmarks, NaN where nothing; None where none is shared."""
        if self.arcs[s] is None:
            return None
        at = here[:, None], self.loops[s]
        return np.where(self.count[at] > 0, self.total[at] / np.maximum(self.count[at], 1), np.nan)

    def points(self) -> NDArray[np.float64]:
        """(N, L, 2) landmarks: the mean of what their loops say; NaN where none does."""
        return np.where(self.count > 0, self.total / np.maximum(self.count, 1), np.nan)


def assigned(
    view: View,
    goal: tuple[Array, Array],
    found: tuple[Array, Array],
    middle: Indices,
    *,
    known: Array | None,
    arcs: Indices | None,
    band: int,
    between: bool = False,
    workers: int | None = None,
) -> NDArray[Any]:
    """Assign one loop's landmarks to the contours of N cases.

    Parameters
    ----------
    view : View
    goal : pair of (N, n, 2) and (N, n, F) arrays
        Positions and signatures that are wanted.
    found : pair of (N, M, 2) and (N, M, F) arrays
        Those of the contours' samples.
    middle : (N, n) int array
        Where to search, see `assign`.
    known : (N, n, 2) array or None
        Where earlier loops have put landmarks; NaN for the others.
    arcs : (n,) int array or None
        The stretch between ends of walls that each landmark's edge is of; steps are even within each.
    band, between, workers
        As in `assign`.

    Returns
    -------
    (N, n) array
        As of `assign`.
    """
    target = view.features(*goal)
    weight, steps = None, None
    if known is not None and arcs is not None:
        pinned = ~np.isnan(known[..., 0])
        middle = np.stack([_through(*each) for each in zip(found[0], known, middle, strict=True)])
        steps = _even_steps(middle, arcs, found[0].shape[1])
        weight = np.where(pinned[..., None], 0.0, np.ones_like(target))
        weight[pinned, :2] = PIN
        target[pinned, :2] = known[pinned] * np.sqrt(view.position)
    features = view.features(*found)
    return assign(
        target,
        features,
        middle,
        weight=weight,
        steps=steps,
        spacing=view.spacing,
        band=band,
        between=between,
        workers=workers,
    )


def _through(contour: Array, known: Array, middle: Indices) -> Indices:
    """Where to search in one case: at the samples nearest to what is known, and evenly between them."""
    pinned = np.flatnonzero(~np.isnan(known[:, 0]))
    if pinned.size < 2:
        return middle
    n, samples = len(middle), len(contour)
    nearest: Indices = np.asarray(cKDTree(contour).query(known[pinned])[1], dtype=np.int64)
    steps = np.diff(nearest, append=nearest[:1]) % samples
    steps[steps > samples - BACK] = 0  # a few samples back are none forward
    at = nearest[0] + np.concatenate([[0], np.cumsum(steps[:-1])])
    ends, places = np.append(pinned, pinned[0] + n), np.append(at, nearest[0] + samples)
    through: Indices = np.round(np.interp(np.arange(pinned[0], pinned[0] + n), ends, places)).astype(np.int64)
    return np.roll(np.where(np.arange(pinned[0], pinned[0] + n) < n, through, through - samples), pinned[0])


def _even_steps(middle: Indices, arcs: Indices, samples: int) -> NDArray[np.float64]:
    """(N, n) steps to each landmark from the one before, evened out within each arc."""
    gaps = (middle - np.roll(middle, 1, axis=1)) % samples
    count = np.bincount(arcs)
    total = gaps @ np.eye(len(count))[arcs]
    even: NDArray[np.float64] = np.maximum(total / count, 0.5)[:, arcs]
    return even
