import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit.frames import Frames, frames, mean_moments, rotations

SEEDS = st.integers(0, 10_000)
ANGLE = 2 * np.pi * np.arange(64) / 64
CIRCLE = np.column_stack([np.cos(ANGLE), np.sin(ANGLE)])

CENTRE = np.array([[0.3, 0.4], [0.7, 0.5], [0.5, 0.8]])
RADIUS = np.array([0.2, 0.15, 0.1])
ANCHOR = np.array([0.5, 0.3, 0.2])
MEAN = CENTRE[:, None] + RADIUS[:, None, None] * CIRCLE
"""Three circles in the unit frame, (S, M, 2): a circle's root mean square radius is its radius."""


def poses(seed: int, n: int = 4) -> Frames:
    rng = np.random.default_rng(seed)
    return Frames(rng.uniform(-500, 500, (n, 2)), rng.uniform(1, 900, n))


def varied(seed: int, n: int = 6) -> NDArray[np.float64]:
    """(n, 3, 64, 2) circles whose sizes and places differ, posed anywhere."""
    rng = np.random.default_rng(seed)
    centre = CENTRE + rng.normal(0, 0.02, (n, 3, 2))
    radius = RADIUS * rng.uniform(0.8, 1.2, (n, 3))
    return poses(seed, n).to_pixels(centre[:, :, None] + radius[:, :, None, None] * CIRCLE)


def test_the_unit_frame_by_hand() -> None:
    frame = Frames(np.array([[100.0, 50.0]]), np.array([40.0]))
    assert frame.to_unit(np.array([[[100.0, 50.0], [120.0, 30.0]]])).tolist() == [[[0.5, 0.5], [1.0, 0.0]]]
    assert frame.to_pixels(np.array([[[0.0, 0.75]]])).tolist() == [[[80.0, 60.0]]]


@given(SEEDS, st.sampled_from([(3,), (5, 2), (3, 7, 1)]))
@settings(max_examples=20)
def test_there_and_back(seed: int, shape: tuple[int, ...]) -> None:
    points = np.random.default_rng(seed).normal(size=(4, *shape, 2))
    there = poses(seed)
    assert there.to_unit(there.to_pixels(points)) == pytest.approx(points, abs=1e-9)
    assert there.to_pixels(there.to_unit(points)) == pytest.approx(points, abs=1e-9)


@given(SEEDS)
@settings(max_examples=20)
def test_the_frame_of_a_posed_mean_is_its_pose(seed: int) -> None:
    true = poses(seed)
    found = frames(true.to_pixels(np.broadcast_to(MEAN, (4, *MEAN.shape))), CENTRE, RADIUS, ANCHOR)
    assert found.centre == pytest.approx(true.centre)
    assert found.scale == pytest.approx(true.scale)


@given(SEEDS, st.lists(st.booleans(), min_size=3, max_size=3).filter(any))
@settings(max_examples=20)
def test_missing_structures_do_not_move_the_frame_of_a_posed_mean(seed: int, present: list[bool]) -> None:
    """The others are brought onto their own part of the mean."""
    true = poses(seed)
    samples = true.to_pixels(np.broadcast_to(MEAN, (4, *MEAN.shape)))
    samples[:, ~np.array(present)] = np.nan
    found = frames(samples, CENTRE, RADIUS, ANCHOR)
    assert found.centre == pytest.approx(true.centre)
    assert found.scale == pytest.approx(true.scale)


@given(SEEDS, st.floats(0.01, 100), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
@settings(max_examples=20)
def test_the_frame_moves_and_grows_with_the_case(seed: int, scale: float, x: float, y: float) -> None:
    samples = varied(seed)
    before = frames(samples, CENTRE, RADIUS, ANCHOR)
    after = frames(scale * samples + [x, y], CENTRE, RADIUS, ANCHOR)
    assert after.scale == pytest.approx(scale * before.scale, rel=1e-6)
    assert after.centre == pytest.approx(scale * before.centre + [x, y], rel=1e-6, abs=1e-6)


def test_a_structure_without_anchor_says_nothing_about_the_frame() -> None:
    samples, anchor = varied(0), np.array([0.6, 0.4, 0.0])
    before = frames(samples, CENTRE, RADIUS, anchor)
    samples[:, 2] = 7 * samples[:, 2] + 1000
    after = frames(samples, CENTRE, RADIUS, anchor)
    assert after.centre == pytest.approx(before.centre)
    assert after.scale == pytest.approx(before.scale)


def test_where_only_a_structure_without_anchor_is_left_it_must_do() -> None:
    samples = poses(0).to_pixels(np.broadcast_to(MEAN, (4, *MEAN.shape)))
    samples[:, :2] = np.nan
    found = frames(samples, CENTRE, RADIUS, np.array([0.6, 0.4, 0.0]))
    assert found.to_unit(samples)[:, 2] == pytest.approx(np.broadcast_to(MEAN[2], (4, 64, 2)))


def test_an_empty_case_has_a_frame_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = frames(np.full((1, 3, 64, 2), np.nan), CENTRE, RADIUS, ANCHOR)
    assert np.isfinite(found.centre).all() and np.isfinite(found.scale).all()


def test_the_mean_of_posed_copies_is_their_shape() -> None:
    centre, radius, anchor = mean_moments(poses(1, 7).to_pixels(np.broadcast_to(MEAN, (7, *MEAN.shape))))
    assert radius / radius.sum() == pytest.approx(RADIUS / RADIUS.sum())
    assert (centre - centre[0]) / radius[0] == pytest.approx((CENTRE - CENTRE[0]) / RADIUS[0])
    assert anchor == pytest.approx(RADIUS / RADIUS.sum())


def test_posed_copies_coincide_in_the_frame_of_their_mean() -> None:
    samples = poses(2, 5).to_pixels(np.broadcast_to(MEAN, (5, *MEAN.shape)))
    samples[1, 0] = np.nan
    samples[3, 2] = np.nan
    unit = frames(samples, *mean_moments(samples)).to_unit(samples)
    for structure in range(3):
        here = unit[~np.isnan(unit[:, structure, 0, 0]), structure]
        assert here == pytest.approx(np.broadcast_to(here[0], here.shape), abs=1e-9)


@pytest.mark.parametrize("missing", [0, 1, 8])
def test_what_is_often_missing_does_not_anchor(missing: int) -> None:
    samples = poses(3, 16).to_pixels(np.broadcast_to(MEAN, (16, *MEAN.shape)))
    samples[:missing, 0] = np.nan
    sizes = np.nanmean(np.sqrt(np.square(samples - samples.mean(2, keepdims=True)).sum(-1).mean(2)), axis=0)
    sizes[0] *= missing < 2
    assert mean_moments(samples)[2] == pytest.approx(sizes / sizes.sum())


@given(SEEDS, st.integers(0, 3))
@settings(max_examples=20)
def test_the_mean_depends_neither_on_the_order_of_cases_nor_on_the_pixel_size(seed: int, missing: int) -> None:
    samples = varied(seed)
    rng = np.random.default_rng(seed)
    for case, structure in zip(rng.permutation(6)[:missing], rng.integers(0, 3, missing), strict=True):
        samples[case, structure] = np.nan
    wanted = mean_moments(samples)
    for found in (mean_moments(samples[rng.permutation(6)]), mean_moments(5 * samples + 3)):
        for a, b in zip(found, wanted, strict=True):
            assert a == pytest.approx(b, abs=1e-6)


@given(SEEDS)
def test_cases_are_turned_onto_a_goal_by_what_is_known_and_says_something(seed: int) -> None:
    rng = np.random.default_rng(seed)
    goal, angle = rng.uniform(0, 1, (12, 2)), rng.uniform(-3, 3, 4)
    upright = poses(seed)
    there = Frames(upright.centre, upright.scale, rotations(angle)).to_pixels(np.broadcast_to(goal, (4, 12, 2)))
    there[0, :6] = np.nan
    there[1] = np.nan
    there[2, :2] += 50.0
    weight = np.where(np.arange(12) < 2, 1e-12, 1.0)
    found = upright.turned_onto(there, goal, weight)
    angle[1] = 0.0
    assert found == pytest.approx(rotations(angle), abs=1e-6)
    again = Frames(upright.centre, upright.scale, found).turned_onto(there, goal, weight)
    assert again == pytest.approx(found, abs=1e-6)
