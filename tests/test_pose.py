"""Any pose: planted rotations and reflections are found, and landmarks come back in the source frame."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit.contours import resample, signed_area
from atlaskit.frames import Frames, mean_moments, moments
from atlaskit.groupwise import Template, fit_template, place
from atlaskit.pose import turns, upright
from atlaskit.topology import independent

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
SAMPLES = 128


def fish(rng: np.random.Generator) -> Array:
    """An outline without symmetry and its eye, (2, SAMPLES, 2), a little different each time."""
    angle = 2 * np.pi * np.arange(400) / 400
    radius = 1 + 0.35 * np.cos(angle) + 0.2 * np.sin(2 * angle) + 0.1 * np.cos(5 * angle + 0.4)
    radius = radius + rng.normal(0, 0.02) * np.cos(3 * angle)
    body = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    eye = [0.8, -0.25] + 0.12 * np.column_stack([1.5 * np.cos(angle), np.sin(angle)])
    return np.stack([resample(body, SAMPLES), resample(eye, SAMPLES)])


def school(seed: int, n: int, *, mirror: bool = False) -> tuple[Array, Frames]:
    """Fish turned anyhow, of sizes from 1 to 20, and how they lie; contours run the positive way round."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-np.pi, np.pi, n)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    if mirror:
        turn[::2] = turn[::2] @ np.diag([1.0, -1.0])
    posed = Frames(rng.uniform(-200, 200, (n, 2)), np.exp(rng.uniform(0, np.log(20), n)), turn)
    samples = posed.facing(posed.to_pixels(np.stack([fish(rng) for _ in range(n)])))
    start = rng.integers(0, SAMPLES, n)
    return np.stack([np.roll(case, shift, axis=1) for case, shift in zip(samples, start, strict=True)]), posed


@cache
def template(mirror: bool) -> Template:
    topology = independent({"body": 400.0, "eye": 80.0}, nodes=32)
    return fit_template(school(1, 16, mirror=mirror)[0], topology, free=True, mirror=mirror)


def angles_apart(found: Array, true: Array) -> Array:
    """Degrees between rotations (N, 2, 2), less what is common to all."""
    relative = np.einsum("nji,njk->nik", true, found)
    angle = np.degrees(np.arctan2(relative[:, 1, 0], relative[:, 0, 0]))
    spread = np.exp(1j * np.radians(angle))
    apart: Array = np.degrees(np.abs(np.angle(spread / spread.mean())))
    return apart


@given(SEEDS, st.booleans())
@settings(max_examples=10, deadline=None)
def test_planted_turns_are_found(seed: int, mirror: bool) -> None:
    samples, posed = school(seed, 6, mirror=mirror)
    turn = upright(samples, mean_moments(samples)[2], mirror=mirror)
    assert posed.turn is not None
    same = np.linalg.det(turn) * np.linalg.det(posed.turn)
    assert (same > 0).all() or (same < 0).all(), "all are mirrored, or none, beside the truth"
    if (same > 0).all():
        assert angles_apart(turn, posed.turn).max() < 3


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_a_turn_is_a_rotation_and_a_reflection_only_where_asked(seed: int) -> None:
    samples, _ = school(seed, 4, mirror=True)
    found = moments(samples, template(False).centre, template(False).radius, template(False).anchor)
    mean = np.stack([resample(template(False).points[list(loop)], SAMPLES) for loop in template(False).topology.loops])
    for mirror in (False, True):
        turn = turns(samples, mean, found, template(False).anchor, mirror=mirror)
        assert turn @ turn.swapaxes(1, 2) == pytest.approx(np.broadcast_to(np.eye(2), turn.shape), abs=1e-9)
        assert mirror or (np.linalg.det(turn) > 0).all()


@given(SEEDS, st.booleans())
@settings(max_examples=10, deadline=None)
def test_landmarks_turn_with_the_case(seed: int, mirror: bool) -> None:
    """Landmarks in the source frame: the same anatomical places, whatever the pose, size and starting point."""
    samples, posed = school(seed, 5, mirror=mirror)
    other = posed.to_unit(posed.facing(samples))
    found, straight = (place(template(mirror), cases, workers=1) for cases in (samples, other))
    body = np.linalg.norm(posed.to_unit(found) - straight, axis=-1)[:, :32]
    step = np.linalg.norm(np.diff(straight[:, :32], axis=1), axis=-1).mean()
    assert body.max() < step, "less than from one landmark to the next"


def test_mirrored_loops_run_backwards_in_the_source_frame() -> None:
    samples, posed = school(3, 6, mirror=True)
    points = place(template(True), samples, workers=1)
    assert posed.turn is not None
    way = np.array([np.sign(signed_area(case[:32])) for case in points])
    assert abs(way.sum()) == 0, "half of the school is mirrored"
    for case, contour in zip(points, samples, strict=True):
        step = np.linalg.norm(np.diff(contour[0], axis=0), axis=-1).max()
        assert np.linalg.norm(case[:32, None] - contour[0], axis=-1).min(1).max() < step / 2
