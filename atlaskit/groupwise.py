"""Correspondence before any network: joint alignment and an order-preserving assignment to the running mean.

The mean of all cases is the template that a network starts from; the same assignment, with the network's prediction in
place of the mean's position, is the boundary fit.

Structures are aligned together, by translation and scale, and by rotation only where a corpus has no common pose. A
near-round structure that were aligned by a rotation of its own would slip along itself; one without corners is held by
where it touches its neighbours instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from atlaskit.assignment import LOOK, Array, Indices, assign, cyclic_start, signatures, unwrap
from atlaskit.contours import resample
from atlaskit.frames import Frames, frames, mean_moments, moments
from atlaskit.pose import turns, upright
from atlaskit.topology import Topology

SMOOTH_TURNING = 0.012
"""Variance of the turning along a loop (square radians) below which its own corners say little and its neighbours must."""
CORNERED = 0.05
"""A loop less smooth than this, from 0 to 1, has no need of its neighbours: it lies the same whether they are there or not."""
SLIGHT = 1e-6
"""What a structure that anchors no frame still says of a case's rotation, where no other is there."""
MARGIN = 0.15
"""Room around the mean shape in the unit frame, on each side, as a part of its extent."""


@dataclass(frozen=True)
class Weights:
    """What an assignment weighs, per landmark; every term is a squared difference to what is wanted.

    Attributes
    ----------
    position : float
        Distance in units of the structure's root mean square radius.
    tangent : float
        Between unit tangents.
    turning : float
        Radians, over `atlaskit.assignment.TURNING_SPAN` of the contour: what places sharp corners.
    bend : float
        Radians, over `atlaskit.assignment.BEND_SPAN`: what is left where outlines are rough.
    contact : float
        Nearness to each other structure (0 far, 1 touching), for loops without corners of their own.
    spacing : float
        Step over mean step, less one.
    """

    position: float = 0.1
    tangent: float = 0.5
    turning: float = 3.0
    bend: float = 1.0
    contact: float = 4.0
    spacing: float = 1.0


@dataclass(frozen=True)
class Template:
    """Mean of the groupwise aligned contours, and what it takes to bring another case into its frame.

    Attributes
    ----------
    topology : Topology
    points : (L, 2) float array
        Mean landmarks, (x, y) in the unit frame [0, 1] x [0, 1].
    centre, radius : (S, 2) and (S,) float arrays
        Mean centroid and root mean square radius of each contour, unit frame.
    anchor : (S,) float array
        How much each structure says about a case's frame: its size, and little when it is often missing.
    signatures : tuple of (n, LOOK + S) float arrays
        Per loop the mean tangent, turning, bend and contact at its landmarks.
    smooth : (S,) float array
        From 0, a loop with corners, to 1, one that is smooth all around and needs its neighbours.
    weights : Weights
        Those that the template was made with.
    free : bool
        Cases lie in any pose, and are turned onto the template.
    mirror : bool
        Cases may be reflected too.
    """

    topology: Topology
    points: NDArray[np.float64]
    centre: NDArray[np.float64]
    radius: NDArray[np.float64]
    anchor: NDArray[np.float64]
    signatures: tuple[NDArray[np.float64], ...]
    smooth: NDArray[np.float64]
    weights: Weights
    free: bool = False
    mirror: bool = False

    def frames(self, samples: Array) -> Frames:
        """Where cases lie.

        Parameters
        ----------
        samples : (N, S, M, 2) array
            Contour samples, pixels; NaN where absent.
        """
        turn = None
        if self.free:
            found = moments(samples, self.centre, self.radius, self.anchor)
            mean = np.stack([resample(self.points[list(loop)], samples.shape[2]) for loop in self.topology.loops])
            turn = turns(samples, mean, found, self.anchor + SLIGHT, mirror=self.mirror)
        return frames(samples, self.centre, self.radius, self.anchor, turn=turn)


def fit_template(
    samples: Array,
    topology: Topology,
    *,
    weights: Weights | None = None,
    rounds: int = 5,
    free: bool = False,
    mirror: bool = False,
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

    Returns
    -------
    Template

    Notes
    -----
    About 1 ms per contour and round at 128 landmarks; memory is that of the samples and their signatures.
    """
    weights = weights or Weights()
    if not free:
        return _fit_upright(samples, topology, weights, rounds)
    turn: NDArray[np.float64] | None = upright(samples, mean_moments(samples)[2] + SLIGHT, mirror=mirror)
    for _ in range(2):
        posed = Frames(np.zeros((len(samples), 2)), np.ones(len(samples)), turn)
        template = _fit_upright(posed.to_unit(posed.facing(samples)), topology, weights, rounds)
        template = replace(template, free=True, mirror=mirror)
        turn = template.frames(samples).turn
    return template


def _fit_upright(samples: Array, topology: Topology, weights: Weights, rounds: int) -> Template:
    """The template of cases that lie alike."""
    centre, radius, anchor = mean_moments(samples)
    unit = frames(samples, centre, radius, anchor).to_unit(samples)
    looks = signatures(unit)
    mean = np.zeros((topology.n_landmarks, 2))
    means: list[NDArray[np.float64]] = []
    smooth = np.zeros(len(topology.loops))
    for s, loop in enumerate(topology.loops):
        here = np.flatnonzero(~np.isnan(unit[:, s, 0, 0]))
        place, look = unit[here, s], looks[here, s]
        middle = cyclic_start(place, len(loop))
        for turn in range(rounds):
            points, seen = _mean_at(place, middle), _mean_at(look, middle)
            smooth[s] = _smoothness(seen[:, 2]) if turn else 0.0
            wanted = _features(points, seen, weights, radius[s], smooth[s])
            found = _features(place, look, weights, radius[s], smooth[s])
            band = samples.shape[2] // (8 if turn else 4)
            middle = unwrap(assign(wanted, found, middle, spacing=weights.spacing, band=band), samples.shape[2])
        mean[list(loop)] = _mean_at(place, middle)
        means.append(_mean_at(look, middle))
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
        Pixels; NaN where absent.
    """
    weights = weights or template.weights
    found = template.frames(samples)
    samples = found.facing(samples)
    unit, m = found.to_unit(samples), samples.shape[2]
    looks = signatures(unit)
    wanted = np.broadcast_to(template.points, (len(unit), *template.points.shape))
    wanted = wanted if predicted is None else found.to_unit(predicted)
    present = ~np.isnan(unit[:, :, 0, 0])
    points = np.full(wanted.shape, np.nan)
    for s, ids in enumerate(template.topology.loops):
        here, loop = np.flatnonzero(present[:, s]), np.asarray(ids)
        if here.size == 0:
            continue
        look = np.repeat(template.signatures[s][None], len(here), axis=0)
        look[:, :, LOOK:] *= present[here, None]  # a missing neighbour is unknown, not far away
        goal, radius, smooth = wanted[here[:, None], loop], template.radius[s], template.smooth[s]
        chosen = assign(
            _features(goal, look, weights, radius, smooth),
            _features(unit[here, s], looks[here, s], weights, radius, smooth),
            cyclic_start(unit[here, s], len(loop), goal=goal),
            spacing=weights.spacing,
            band=m // 4 if predicted is None else m // 12,
            workers=workers,
        )
        points[here[:, None], loop] = samples[here[:, None], s, chosen]
    return points


def _smoothness(turning: Array) -> float:
    """From 0, a loop whose mean turning has corners of its own, to 1; exactly 0 where neighbours must not matter at all."""
    graded = 1 / (1 + (turning.var() / SMOOTH_TURNING) ** 4)
    return max(0.0, float(graded) - CORNERED) / (1 - CORNERED)


def _mean_at(values: Array, chosen: Indices) -> NDArray[np.float64]:
    """(n, F) mean over cases of (N, M, F) values at the (N, n) chosen samples."""
    taken = np.take_along_axis(values, (chosen % values.shape[1])[..., None], axis=1)
    mean: NDArray[np.float64] = taken.mean(0)
    return mean


def _features(points: Array, looks: Array, weights: Weights, radius: float, smooth: float) -> NDArray[np.float32]:
    """Positions and signatures (..., 2 + LOOK + S), scaled so that a squared distance between two is their cost."""
    structures = looks.shape[-1] - LOOK
    look = [weights.tangent, weights.tangent, weights.turning, weights.bend, *[weights.contact * smooth] * structures]
    return np.concatenate([points * (np.sqrt(weights.position) / radius), looks * np.sqrt(look)], -1).astype(np.float32)
