"""The template of a corpus: rounds of assignment of every contour to the running mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from atlaskit.assignment import Array, Indices, cyclic_start, unwrap
from atlaskit.frames import Frames, frames, mean_moments
from atlaskit.groupwise.placing import Board, assigned, place
from atlaskit.groupwise.template import MARGIN, SLIGHT, Template, View, Weights, heeding, looks_of
from atlaskit.joining import share
from atlaskit.pose import upright
from atlaskit.signatures import LOOK
from atlaskit.topology import Topology
from atlaskit.walls import find_walls

SMOOTH_TURNING = 0.012
"""Variance of the turning along a loop (square radians) below which its own corners say little and its neighbours must."""
CORNERED = 0.05
"""A loop less smooth than this, from 0 to 1, has no need of its neighbours: it lies the same whether they are there or not."""


def fit_template(
    samples: Array,
    topology: Topology,
    *,
    weights: Weights | None = None,
    rounds: int = 5,
    free: bool = False,
    mirror: bool = False,
    shared: bool = False,
) -> Template:
    """Align a corpus jointly and assign every contour to the running mean.

    Parameters
    ----------
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where a structure is absent. Every structure is present somewhere.
    topology : Topology
        Its loops say how many landmarks each structure gets.
    weights : Weights, optional
    rounds : int
        Assignments to the mean; the first leaves out contact, so that a loop's corners are known before they are judged.
    free, mirror : bool
        Whether the cases lie in any pose, and may be reflected: they are turned onto each other, and once more onto the
        template that this gives.
    shared : bool
        Whether structures that touch in most cases share the landmarks along their walls. The topology of the template is
        then a new one.

    Returns
    -------
    Template

    Notes
    -----
    About 1 ms per contour and round at 128 landmarks; memory is that of the samples and their signatures.
    """
    weights = weights or Weights()

    def fitted(straight: Array) -> Template:
        apart = _fit_upright(straight, topology, weights, rounds, None)
        return _join(straight, apart, rounds) if shared else apart

    def turned(turn: NDArray[np.float64] | None) -> Template:
        posed = Frames(np.zeros((len(samples), 2)), np.ones(len(samples)), turn)
        return replace(fitted(posed.to_unit(posed.facing(samples))), free=True, mirror=mirror)

    if not free:
        return fitted(samples)
    first = turned(upright(samples, mean_moments(samples)[2] + SLIGHT, mirror=mirror))
    return turned(first.frames(samples).turn)


def _join(samples: Array, apart: Template, rounds: int) -> Template:
    """The template whose structures share their walls, made from one whose loops are disjoint."""
    points = place(apart, samples)
    joined = share(apart.topology, find_walls(samples, points, apart.points, apart.topology))
    if joined.topology == apart.topology:
        return apart
    found = apart.frames(samples)
    unit = found.to_unit(samples)
    starts = []
    for s, loop in enumerate(apart.topology.loops):
        chosen = _nearest(unit[:, s], found.to_unit(points)[:, list(loop)])
        starts.append(_along(unwrap(chosen, samples.shape[2]), joined.turns[s], samples.shape[2]))
    return _fit_upright(samples, joined.topology, apart.weights, rounds, starts)


def _nearest(contours: Array, points: Array) -> Indices:
    """(N, n) samples of (N, M, 2) contours at (N, n, 2) points that lie on them."""
    return np.stack([np.linalg.norm(c[None] - p[:, None], axis=-1).argmin(1) for c, p in zip(contours, points, strict=True)])


def _along(chosen: Indices, turns: Array, samples: int) -> Indices:
    """Samples at places along loops, from the unwrapped samples (N, n) of evenly numbered landmarks."""
    n = chosen.shape[1]
    whole = np.concatenate([chosen, chosen + samples, chosen[:, :1] + 2 * samples], axis=1)
    at = np.stack([np.interp(turns * n, np.arange(2 * n + 1), row) for row in whole])
    return np.round(at).astype(np.int64)


def _fit_upright(
    samples: Array, topology: Topology, weights: Weights, rounds: int, starts: Sequence[Indices] | None
) -> Template:
    """The template of cases that lie alike; `starts` says per loop where to begin."""
    centre, radius, anchor = mean_moments(samples)
    found = frames(samples, centre, radius, anchor)
    unit, m = found.to_unit(samples), samples.shape[2]
    looks = looks_of(unit, found, topology)
    present = ~np.isnan(unit[:, :, 0, 0])
    means, smooth = [], np.zeros(len(topology.loops))
    board = Board(len(unit), topology)
    for s, loop in enumerate(topology.loops):
        here = np.flatnonzero(present[:, s])
        place, look, known = unit[here, s], looks[here, s], board.known(here, s)
        middle = cyclic_start(place, len(loop)) if starts is None else starts[s][here]
        for turn in range(rounds):
            points, seen = _mean_at(place, middle), _mean_look(look, middle, present[here])
            smooth[s] = _smoothness(seen[:, 2]) if turn else 0.0
            view = View.of(topology, s, weights, float(radius[s]), smooth[s])
            goal = np.broadcast_to(points, (len(here), *points.shape)), heeding(seen, present[here])
            band = m // (8 if turn or starts is not None else 4)
            chosen = assigned(view, goal, (place, look), middle, known=known, arcs=board.arcs[s], band=band)
            middle = unwrap(chosen, m)
        board.put(here, s, np.take_along_axis(place, chosen[..., None], axis=1))
        means.append(_mean_look(look, middle, present[here]))
    mean = np.nanmean(board.points(), axis=0)
    low, high = mean.min(0), mean.max(0)
    extent, offset = float((high - low).max()) * (1 + 2 * MARGIN), (low + high) / 2
    return Template(
        topology=topology,
        points=(mean - offset) / extent + 0.5,
        centre=(centre - offset) / extent + 0.5,
        radius=radius / extent,
        anchor=anchor,
        signatures=tuple(means),
        smooth=smooth,
        weights=weights,
    )


def _smoothness(turning: Array) -> float:
    """From 0, a loop whose mean turning has corners of its own, to 1; exactly 0 where neighbours must not matter at all."""
    graded = 1 / (1 + (turning.var() / SMOOTH_TURNING) ** 4)
    return max(0.0, float(graded) - CORNERED) / (1 - CORNERED)


def _mean_at(values: Array, chosen: Indices) -> NDArray[np.float64]:
    """(n, F) mean over cases of (N, M, F) values at the (N, n) chosen samples."""
    taken = np.take_along_axis(values, (chosen % values.shape[1])[..., None], axis=1)
    mean: NDArray[np.float64] = taken.mean(0)
    return mean


def _mean_look(looks: Array, chosen: Indices, present: Array) -> NDArray[np.float64]:
    """(n, LOOK + S) mean signatures at the chosen samples; contact with a structure over the cases that have it."""
    mean = _mean_at(looks, chosen)
    mean[:, LOOK:] /= np.maximum(present.mean(0), 1 / len(present))
    return mean
