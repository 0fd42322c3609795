from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit.assignment import LONGEST_STEP, assign, cyclic_start, unwrap
from atlaskit.contours import Contour, trace
from atlaskit.signatures import CONTACT_RANGE, LOOK, sample_contours, signatures

SEEDS = st.integers(0, 10_000)


def circle(samples: int = 128, *, x: float = 0.0, y: float = 0.0, radius: float = 1.0) -> NDArray[np.float64]:
    angle = 2 * np.pi * np.arange(samples) / samples
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def wavy(seed: int, samples: int) -> NDArray[np.float64]:
    """A smooth random loop, (samples, 2)."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(samples) / samples
    reach = 1 + sum(rng.normal(0, 0.25 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(1, 5))
    return np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])


def steps_of(chosen: NDArray[np.int64], samples: int) -> NDArray[np.int64]:
    return (np.roll(chosen, -1, axis=-1) - chosen) % samples


def even(n: int, samples: int) -> NDArray[np.int64]:
    return np.round(np.arange(n) * samples / n).astype(np.int64)[None]


def test_contours_are_sampled_at_equal_steps_and_absent_ones_are_unknown() -> None:
    plane = np.zeros((30, 40), dtype=bool)
    plane[5:25, 8:30] = True
    found = sample_contours([trace(plane), None], samples=50)
    assert found.shape == (2, 50, 2)
    assert np.isnan(found[1]).all()
    step = np.linalg.norm(np.roll(found[0], -1, axis=0) - found[0], axis=1)
    assert step == pytest.approx(np.full(50, 84 / 50), rel=0.15)
    square = Contour(np.array([[0, 0], [4, 0], [4, 4], [0, 4]], dtype=float), 1, 0, False)
    assert sample_contours([square], samples=4)[0].tolist() == square.points.tolist()


def test_the_signature_of_a_circle() -> None:
    """The same turning everywhere, by as much as the span; the tangent is the radius turned by a right angle."""
    looks = signatures(circle()[None, None])
    assert looks.shape == (1, 1, 128, LOOK + 1)
    assert looks[0, 0, :, 2] == pytest.approx(np.full(128, 2 * np.pi / 128))
    assert looks[0, 0, :, 3] == pytest.approx(np.full(128, 5 * 2 * np.pi / 128)), "the wide bend spans 5 times as much"
    assert looks[0, 0, :, :2] == pytest.approx(np.column_stack([-circle()[:, 1], circle()[:, 0]]))
    assert (looks[..., LOOK] == 0).all()
    assert signatures(circle()[None, None, ::-1])[0, 0, :, 2] == pytest.approx(-looks[0, 0, :, 2])


def test_the_signature_of_a_square_knows_its_corners() -> None:
    side = np.arange(32)
    there, zero, full = side, 0 * side, 0 * side + 32
    x = np.concatenate([there, full, 32 - there, zero])
    y = np.concatenate([zero, there, full, 32 - there])
    looks = signatures(np.column_stack([x, y])[None, None].astype(float))[0, 0]
    assert looks[::32, 2] == pytest.approx(np.full(4, looks[0, 2]))
    assert 0.8 * np.pi / 2 < looks[0, 2] < np.pi / 2, "a little rounded"
    assert looks[16::32, 2] == pytest.approx(np.zeros(4))
    assert looks[16::32, :2] == pytest.approx(np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]))
    assert np.abs(looks[:, 2].sum()) == pytest.approx(2 * np.pi)


def test_contact_is_the_nearness_of_the_other_structure() -> None:
    pair = np.stack([circle(), circle(x=2.1)])
    looks = signatures(pair[None])[0]
    every = pair.reshape(-1, 2)
    reach = CONTACT_RANGE * np.sqrt(np.square(every - every.mean(0)).sum(1).mean())
    assert looks.shape == (2, 128, LOOK + 2)
    contact = looks[..., LOOK:]
    assert (contact[0, :, 0] == 0).all() and (contact[1, :, 1] == 0).all()
    assert contact[0, 0, 1] == pytest.approx(np.exp(-((0.1 / reach) ** 2)))
    assert contact[1, 64, 0] == contact[0, 0, 1] == contact[0, :, 1].max()
    assert contact[0, 64, 1] == 0


def test_an_absent_structure_is_unknown_itself_and_touches_nothing() -> None:
    case = np.stack([circle(), np.full((128, 2), np.nan), circle(x=2.0)])
    looks = signatures(case[None])[0]
    contact = looks[..., LOOK:]
    assert np.isnan(looks[1, :, :LOOK]).all()
    assert (contact[:, :, 1] == 0).all() and (contact[1] == 0).all()
    assert contact[0, 0, 2] == pytest.approx(1)


@given(SEEDS, st.floats(0.01, 1000), st.floats(-100, 100), st.integers(0, 63))
@settings(max_examples=20)
def test_signatures_do_not_see_place_scale_or_start(seed: int, scale: float, shift: float, roll: int) -> None:
    case = np.stack([wavy(seed, 64), wavy(seed + 1, 64) * 0.7 + [1.6, 0.2]])[None]
    looks = signatures(case)
    assert signatures(scale * case + scale * shift) == pytest.approx(looks, abs=1e-6)
    assert signatures(np.roll(case, roll, axis=2)) == pytest.approx(np.roll(looks, roll, axis=2), abs=1e-9)


@given(SEEDS, st.lists(st.integers(0, 127), min_size=3, max_size=3))
@settings(max_examples=20)
def test_the_start_finds_how_far_a_contour_was_turned(seed: int, rolls: list[int]) -> None:
    loop = wavy(seed, 128)
    turned = np.stack([np.roll(loop, roll, axis=0) for roll in rolls])
    goal = np.broadcast_to(loop[::8], (3, 16, 2))
    start = cyclic_start(turned * 3 + 7, 16, goal=goal)
    found = np.take_along_axis(turned, (start % 128)[..., None], axis=1)
    step = np.linalg.norm(np.diff(loop, axis=0), axis=1).max()
    assert np.linalg.norm(found - goal, axis=-1).max() < 12 * step  # by arc length, not angle
    assert (np.diff(start, axis=1) > 0).all() and (start[:, -1] - start[:, 0] < 128).all()


@given(SEEDS, st.lists(st.integers(0, 127), min_size=5, max_size=5))
@settings(max_examples=20)
def test_without_a_goal_contours_of_one_shape_start_at_one_place(seed: int, rolls: list[int]) -> None:
    loop = wavy(seed, 128)
    turned = np.stack([np.roll(loop, roll, axis=0) for roll in rolls])
    found = np.take_along_axis(turned, (cyclic_start(turned, 16) % 128)[..., None], axis=1)
    assert found == pytest.approx(np.broadcast_to(found[0], found.shape))


def test_unwrapping_by_hand() -> None:
    assert unwrap(np.array([[3, 7, 9], [8, 1, 4], [5, 5, 4]]), 10).tolist() == [[3, 7, 9], [8, 11, 14], [5, 5, 14]]


@given(st.integers(0, 99), st.lists(st.integers(1, 20), min_size=1, max_size=5).filter(lambda steps: sum(steps) < 100))
def test_unwrapping_undoes_the_remainder(first: int, steps: list[int]) -> None:
    walk = np.cumsum([first, *steps])[None]
    assert unwrap(walk % 100, 100).tolist() == walk.tolist()


def total_cost(chosen: NDArray[np.int64], target: NDArray[np.float64], features: NDArray[np.float64], spacing: float) -> float:
    """What `assign` promises to make least."""
    n, samples = len(target), len(features)
    unlike = np.square(target - features[chosen]).sum()
    return float(unlike + spacing * np.square(steps_of(chosen, samples) * n / samples - 1).sum())


def least_cost(target: NDArray[np.float64], features: NDArray[np.float64], spacing: float) -> float:
    """The same by trying every choice of samples in every cyclic order."""
    n, samples = len(target), len(features)
    longest = max(2, int(LONGEST_STEP * samples / n))
    walks = np.array(list(combinations(range(samples), n)))
    walks = walks[steps_of(walks, samples).max(axis=1) <= longest]
    turned = np.concatenate([np.roll(walks, turn, axis=1) for turn in range(n)])
    unlike = np.square(target[None] - features[turned]).sum((1, 2))
    return float((unlike + spacing * np.square(steps_of(turned, samples) * n / samples - 1).sum(1)).min())


@given(SEEDS, st.integers(4, 6), st.integers(12, 16), st.sampled_from([0.1, 1.0]))
@settings(max_examples=40)
def test_a_small_assignment_is_the_best_of_all(seed: int, n: int, samples: int, spacing: float) -> None:
    """Landmarks wanted near places in order along a loop, the search begun a sample or so off."""
    rng = np.random.default_rng(seed)
    features = wavy(seed, samples)
    places = even(n, samples) + rng.integers(0, samples)
    target = features[places[0] % samples] + rng.normal(0, 0.15, (n, 2))
    chosen = assign(target, features[None], places + rng.integers(-1, 2), spacing=spacing, band=samples // 3)[0]
    assert steps_of(chosen, samples).min() >= 1 and steps_of(chosen, samples).sum() == samples
    assert total_cost(chosen, target, features, spacing) == pytest.approx(least_cost(target, features, spacing), abs=1e-4)


@given(SEEDS, st.integers(3, 40), st.sampled_from([0.0, 0.1, 1.0]), st.integers(2, 40))
@settings(max_examples=60)
def test_any_assignment_goes_once_around_in_order_within_its_band(seed: int, n: int, spacing: float, band: int) -> None:
    """Whatever is wanted: here, noise."""
    rng = np.random.default_rng(seed)
    middle = even(n, 128) + rng.integers(0, 128)
    target, features = rng.normal(size=(2, n, 3)), rng.normal(size=(2, 128, 3))
    chosen = assign(target, features, np.repeat(middle, 2, axis=0), spacing=spacing, band=band)
    steps = steps_of(chosen, 128)
    assert ((chosen >= 0) & (chosen < 128)).all()
    assert (steps.sum(axis=1) == 128).all()
    assert steps.min() >= 1 and steps.max() <= LONGEST_STEP * 128 / n
    assert np.abs((chosen - middle + 64) % 128 - 64).max() <= band


@given(SEEDS, st.integers(0, 127))
@settings(max_examples=30)
def test_samples_that_are_wanted_exactly_are_found(seed: int, roll: int) -> None:
    rng = np.random.default_rng(seed)
    loop = wavy(seed, 128)
    walk = np.cumsum(rng.integers(5, 12, 15))  # 15 steps and the last one home, at most 2.5 x 8 samples
    walk = np.concatenate([[0], walk]) * 118 // walk[-1]
    features = np.roll(loop, roll, axis=0)
    chosen = assign(loop[walk], features[None], even(16, 128) + roll, spacing=0.0, band=32)
    assert features[chosen[0]] == pytest.approx(loop[walk])


def test_a_strong_spacing_makes_steps_equal() -> None:
    target, features = wavy(1, 16), wavy(2, 128)
    chosen = assign(target, features[None], even(16, 128), spacing=1e6, band=32)
    assert (steps_of(chosen, 128) == 8).all()


def test_as_many_landmarks_as_samples_take_every_one() -> None:
    chosen = assign(circle(32), circle(32)[None], np.arange(32)[None] + 3, spacing=1.0, band=8)
    assert chosen[0].tolist() == list(range(32))


def test_cases_do_not_know_each_other() -> None:
    """Few are done one by one, many in threads; a target may be one for all or one for each."""
    target = wavy(0, 16)
    features = np.stack([wavy(seed, 128) for seed in range(12)])
    middle = np.repeat(even(16, 128), 12, axis=0)
    every = assign(target, features, middle, spacing=1.0, band=16)
    for case in range(12):
        alone = assign(target[None], features[[case]], middle[[case]], spacing=1.0, band=16)
        assert alone[0].tolist() == every[case].tolist()
    assert (assign(np.stack([target] * 12), features, middle, spacing=1.0, band=16) == every).all()
