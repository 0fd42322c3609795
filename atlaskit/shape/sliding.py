"""Landmarks that slide along their contours until they fit the mean best: what lies along a curve is not known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape.bending import Goal, bending_energy
from atlaskit.shape.model import Array
from atlaskit.shape.procrustes import Alignment, align
from atlaskit.shape.tracks import Loops, Tracks

Criterion = Literal["bending", "distance"]
CRITERIA = ("bending", "distance")

ROUNDS = 100
HALVINGS = 8
"""How often a step is halved, at most, before a case stays as it is for a round."""
CLOSEST = 0.5
"""Share of a gap between two landmarks that is left of it at least, so that they stay in order and apart."""
PATIENCE = 5
"""Rounds without a new least value that end the sliding: a new mean shape may raise the criterion for a while."""
ROUNDING = 1e-20
"""Criterion of shapes of size 1 that differ by rounding alone: what lowers it further is noise."""
TOLERANCE = 1e-3
"""Share of the least value that counts as a new one."""


@dataclass(frozen=True)
class Sliding:
    """N cases whose landmarks have slid along their contours.

    Attributes
    ----------
    points : (N, L, 2) float array
        In the frame of the input.
    alignment : Alignment
        The cases as they have slid, all of one size.
    criterion : (rounds + 1,) float array
        Mean over the cases of the bending energy, or squared distance, to the mean shape: before, and after each round up to
        the one that is returned, which has the least.
    """

    points: NDArray[np.float64]
    alignment: Alignment
    criterion: NDArray[np.float64]


def slide(
    points: Array,
    loops: Loops,
    *,
    contours: Sequence[Sequence[Array]] | None = None,
    fixed: Sequence[int] = (),
    criterion: Criterion = "bending",
    rounds: int = ROUNDS,
) -> Sliding:
    """Slide landmarks along closed contours.

    Parameters
    ----------
    points : (N, L, 2) array
        Any one unit. Nothing absent.
    loops : sequence of sequence of int
        Landmarks along each structure's closed contour, in order: `atlaskit.Topology.loops`. Landmarks of no loop, or of
        several, stay where they are.
    contours : sequence of sequence of (m, 2) array, optional
        Per case the closed polygon of each loop, which landmarks are put on and stay on; the polygons of the landmarks
        themselves unless given.
    fixed : sequence of int
        Landmarks that stay where they are, such as those of anatomy.
    criterion : {"bending", "distance"}
        What is made small: the bending energy of the thin-plate spline from the mean to each case, by which neighbours move
        together, or the Procrustes distance, by which each landmark moves alone.
    rounds : int
        At most.

    Returns
    -------
    Sliding

    Raises
    ------
    InputError
        For absent landmarks, another criterion, landmarks that are not there, contours that are not one per loop of each case,
        or along which the landmarks do not come in the order of the loop.

    Notes
    -----
    A round aligns the cases, solves for the best steps along the tangents, T = -(U' B U)^-1 U' B Y with B the bending-energy
    matrix of the mean, under the condition that no gap between two landmarks falls below half of what it was, and moves each
    landmark so far along its contour: to first order where a step off along the tangent and back would put it, and never onto
    another stretch. Steps are halved until a case does not rise. The next mean is another one, and with it B, so that the
    criterion may rise for some rounds before it falls on: five rounds without a new least value end the sliding, and that with
    the least is returned. Without the condition landmarks run into one another, where B has no bound. O(N L^3) a round.

    References
    ----------
    Bookstein, Landmark methods for forms without landmarks, Medical Image Analysis 1 (1997); Gunz, Mitteroecker & Bookstein,
    Semilandmarks in three dimensions, in Modern Morphometrics in Physical Anthropology (2005).
    """
    points = _checked(points, loops, fixed, criterion)
    tracks = Tracks.of(points, loops, contours)
    sliders = _sliders(tracks.nodes, fixed)
    places = tracks.places(points)
    points[:, tracks.nodes[sliders]] = tracks.at(places, np.arange(len(points)))[:, sliders]
    slid = _measured(points, None, np.empty(0), criterion)
    order, gaps = _order(tracks, sliders), tracks.gaps(places)
    now = best = slid
    for _ in range(rounds):
        if best.criterion[-1] <= ROUNDING:
            break
        moved, places = _round(now, tracks, places, sliders, criterion, order, gaps)
        now = _measured(moved, now.alignment.mean, now.criterion, criterion)
        if now.criterion[-1] < (1 - TOLERANCE) * best.criterion[-1]:
            best = now
        if len(now.criterion) - len(best.criterion) >= PATIENCE:
            break
    return best


def _checked(points: Array, loops: Loops, fixed: Sequence[int], criterion: str) -> NDArray[np.float64]:
    """Complete landmarks, and only such as are there."""
    points = np.array(points, dtype=np.float64)
    if points.ndim != 3 or points.shape[2] != 2 or not np.isfinite(points).all():
        raise InputError(
            "Sliding needs every landmark of every case as (N, L, 2); leave out cases or structures that are absent."
        )
    if criterion not in CRITERIA:
        raise InputError(f"criterion is one of {', '.join(CRITERIA)}; got {criterion!r}.")
    strange = sorted({node for loop in (*loops, fixed) for node in loop if not 0 <= node < points.shape[1]})
    if strange or any(len(loop) < 3 for loop in loops):
        raise InputError(f"Loops have 3 or more of the landmarks 0 to {points.shape[1] - 1}; got {strange or loops!r}.")
    return np.asarray(points)


def _sliders(nodes: NDArray[np.int64], fixed: Sequence[int]) -> NDArray[np.int64]:
    """(K,) which of the loops' landmarks (P,) slide: those of one loop that are not fixed."""
    once = np.bincount(nodes)[nodes] == 1
    return np.flatnonzero(once & ~np.isin(nodes, list(fixed)))


def _order(tracks: Tracks, sliders: NDArray[np.int64]) -> NDArray[np.float64]:
    """(P, K) how the gap after each landmark of the loops grows with the steps of those that slide."""
    steps = np.eye(len(tracks.nodes))
    after = steps.copy()
    for loop in tracks.loops:
        after[loop] = np.roll(steps[loop], -1, axis=0)
    return np.asarray((after - steps)[:, sliders])


def _goal(alignment: Alignment, criterion: Criterion) -> Goal:
    """What the landmarks slide for: the mean as it is now."""
    return Goal(alignment.mean, bending_energy(alignment.mean) if criterion == "bending" else None)


def _measured(points: Array, onto: Array | None, before: NDArray[np.float64], criterion: Criterion) -> Sliding:
    """Cases with their alignment, and the criterion by their own mean."""
    alignment = align(points, scale="unit", onto=onto)
    value = _goal(alignment, criterion).values(alignment.points).mean()
    return Sliding(np.asarray(points), alignment, np.append(before, value))


def _round(
    slid: Sliding,
    tracks: Tracks,
    places: Array,
    sliders: NDArray[np.int64],
    criterion: Criterion,
    order: Array,
    gaps: Array,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cases' landmarks, and their arc lengths along the contours, after steps that let no case rise."""
    pose, goal, nodes = slid.alignment, _goal(slid.alignment, criterion), tracks.nodes[sliders]
    turn = pose.factor * np.exp(1j * pose.rotation_rad)
    after = tracks.gaps(places)
    nearer = np.maximum(np.minimum(tracks.before(after), after), after.mean(1, keepdims=True) / 100)
    tangents = _turned(_tangents(tracks, places, nearer / 4)[:, sliders], turn / pose.factor)
    room = np.maximum(after - CLOSEST * gaps, 0)
    steps = np.zeros(places.shape)
    steps[:, sliders] = goal.steps(pose.points, nodes, tangents, order, room * pose.factor[:, None]) / pose.factor[:, None]
    if criterion == "distance":  # each moves alone, and two may come from both ends of a gap
        steps = np.clip(steps, -tracks.before(room) / 2, room / 2)
    steps /= np.maximum(np.abs(steps).max(1) / after.mean(1), 1)[:, None]  # a tangent is no contour for longer than a gap
    points, places, least = slid.points.copy(), np.array(places), goal.values(pose.points)
    rising = np.arange(len(points))
    for _ in range(HALVINGS):
        moved = slid.points[rising]
        moved[:, nodes] = tracks.at(places[rising] + steps[rising], rising)[:, sliders]
        good = goal.values(_turned(moved - pose.centre[rising, None], turn[rising])) <= least[rising]
        points[rising[good]] = moved[good]
        places[rising[good]] += steps[rising[good]]
        rising = rising[~good]
        steps[rising] /= 2
    return np.asarray(points), np.asarray(places)


def _tangents(tracks: Tracks, places: Array, reach: Array) -> NDArray[np.float64]:
    """(N, P, 2) unit vectors along chords of the contours from one arc length before each place to one after."""
    every = np.arange(len(places))
    chord = tracks.at(places + reach, every) - tracks.at(places - reach, every)
    return np.asarray(chord / np.maximum(np.linalg.norm(chord, axis=2, keepdims=True), 1e-300))


def _turned(points: Array, by: Array) -> NDArray[np.float64]:
    """Points (n, K, 2) times complex numbers (n,)."""
    z = (points[..., 0] + 1j * points[..., 1]) * by[:, None]
    return np.stack([z.real, z.imag], axis=-1)
