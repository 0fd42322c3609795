"""The template: the mean of a corpus, and what it takes to bring another case onto it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from atlaskit.assignment import Array
from atlaskit.contours import resample
from atlaskit.frames import Frames, frames, moments
from atlaskit.pose import turns
from atlaskit.signatures import LOOK, signatures
from atlaskit.topology import Hole, Topology
from atlaskit.walls import TOUCH_PX

MARGIN = 0.15
"""Room around the mean shape in the unit frame, on each side, as a part of its extent."""
SLIGHT = 1e-6
"""What a structure that anchors no frame still says of a case's rotation, where no other is there."""


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
        Radians, over `atlaskit.signatures.TURNING_SPAN` of the contour: what places sharp corners.
    bend : float
        Radians, over `atlaskit.signatures.BEND_SPAN`: what is left where outlines are rough.
    contact : float
        Nearness to each other structure (0 far, 1 touching), for loops that share a wall with it or lack corners of their own.
    spacing : float
        Step over mean step, less one.
    """

    position: float = 0.1
    tangent: float = 1.0
    turning: float = 4.0
    bend: float = 1.0
    contact: float = 4.0
    spacing: float = 2.0


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

    def straightened(self, found: Frames, samples: Array, near: Array) -> Frames:
        """Where cases lie that are not quite upright in their frames: all structures of a case are turned together.

        Loops with corners say how, and others only where there are none: on a smooth one landmarks can slide, and what it
        says must not move its neighbours.

        Parameters
        ----------
        found : Frames
            Of these cases.
        samples : (N, S, M, 2) array
            Contour samples, pixels; NaN where absent.
        near : (N, L, 2) array
            Where about their landmarks lie, pixels; NaN where absent.
        """
        says = np.zeros(len(self.points))
        for s, loop in enumerate(self.topology.loops):
            says[list(loop)] = np.maximum(says[list(loop)], 1 - self.smooth[s] + SLIGHT)
        turn = found.turned_onto(near, self.points, says)
        return frames(samples, self.centre, self.radius, self.anchor, turn=turn)

    def view(self, s: int, weights: Weights | None = None) -> View:
        """How the contours of structure s are compared with its loop."""
        return View.of(self.topology, s, weights or self.weights, float(self.radius[s]), float(self.smooth[s]))


def with_holes(template: Template, fills: Sequence[tuple[int, int]]) -> Template:
    """The same template with rings: each slit joins the nearest landmarks of a ring and of what fills it."""
    holes = []
    for ring, filler in fills:
        outer, inner = (np.asarray(template.topology.loops[s]) for s in (ring, filler))
        away = np.linalg.norm(template.points[outer][:, None] - template.points[inner], axis=-1)
        i, k = np.unravel_index(int(away.argmin()), away.shape)
        holes.append(Hole(ring, filler, int(outer[i]), int(inner[k])))
    return replace(template, topology=replace(template.topology, holes=tuple(holes)))


@dataclass(frozen=True)
class View:
    """How the contours of one structure are compared with its loop.

    Attributes
    ----------
    position : float
        Weight of a squared distance in the unit frame.
    look : (LOOK + S,) float array
        Weight of each part of a signature.
    spacing : float
    """

    position: float
    look: NDArray[np.float64]
    spacing: float

    @classmethod
    def of(cls, topology: Topology, s: int, weights: Weights, radius: float, smooth: float) -> View:
        """The view of structure s: contact counts where it shares a wall, and for loops without corners of their own."""
        contact = weights.contact * np.where(topology.touching()[s], 1.0, smooth)
        own = [weights.tangent, weights.tangent, weights.turning, weights.bend]
        return cls(weights.position / radius**2, np.array([*own, *contact]), weights.spacing)

    def features(self, points: Array, looks: Array) -> NDArray[np.float32]:
        """Positions and signatures (..., 2 + LOOK + S), scaled so that a squared distance between two is their cost."""
        return np.concatenate([points * np.sqrt(self.position), looks * np.sqrt(self.look)], -1).astype(np.float32)


def looks_of(unit: Array, found: Frames, topology: Topology) -> NDArray[np.float64]:
    """(N, S, M, LOOK + S) signatures of contours; contact is sharp where walls are shared, and soft elsewhere."""
    return signatures(unit, reach=TOUCH_PX / found.scale if topology.touching().any() else None)


def heeding(look: NDArray[np.float64], present: Array) -> NDArray[np.float64]:
    """(N, n, LOOK + S) wanted signatures of N cases: a missing neighbour is unknown, not far away.

    Parameters
    ----------
    look : (n, LOOK + S) array
    present : (N, S) array
    """
    wanted: NDArray[np.float64] = np.repeat(look[None], len(present), axis=0)
    wanted[:, :, LOOK:] *= present[:, None]
    return wanted
