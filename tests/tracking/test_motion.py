"""What landmarks do in time, against motions whose answers are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit.contours import signed_areas
from atlaskit.errors import InputError
from atlaskit.phantom import cine
from atlaskit.tracking import displacement, drift, jitter, path_length, trajectories, velocity
from atlaskit.tracking.moments import moments

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
LOOP = [range(24)]


def circle(n: int = 24, turn: float = 0.0) -> Array:
    angle = 2 * np.pi * np.arange(n) / n + turn
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def ellipse(a: float, b: float, n: int = 400) -> Array:
    return circle(n) * [a, b]


def beating(frames: int = 20, n: int = 24) -> Array:
    """(3, T, n, 2) circles whose radius goes as a cosine about three middles."""
    radius = 10 - 2 * np.cos(2 * np.pi * np.arange(frames) / frames)
    return radius[:, None, None] * circle(n) + np.array([[0, 0], [500, 300], [-40, 7]])[:, None, None]


def test_displacement_is_from_the_reference_of_each_sequence() -> None:
    points = beating()
    assert np.allclose(displacement(points)[1, 10], 4 * circle())
    own = displacement(points, np.array([0, 10, 19]))
    for row, frame in enumerate((0, 10, 19)):
        assert np.array_equal(own[row], points[row] - points[row, frame])
        assert not own[row, frame].any()


def test_velocity_of_a_parabola_is_exact_at_unequal_times() -> None:
    time = np.array([0.0, 1.0, 1.5, 4.0, 4.2])
    points = np.stack([3 + 2 * time**2, -time], axis=-1)[:, None]
    assert np.allclose(velocity(points, time)[1:-1, 0], np.stack([4 * time, -np.ones(5)], axis=-1)[1:-1])
    assert np.allclose(velocity(points, time)[[0, -1], 0, 0], np.diff(points[:, 0, 0])[[0, -1]] / np.diff(time)[[0, -1]])


def test_velocity_of_a_beat_goes_around_its_end() -> None:
    points, time = beating(200)[0], 800 * np.arange(200) / 200
    rate = 2 * np.pi / 800
    true = 2 * rate * np.sin(rate * time)[:, None, None] * circle()
    assert np.abs(velocity(points, time, periodic=True) - true).max() < 1e-3 * rate
    assert np.abs(velocity(points, time)[0] - true[0]).max() > 1e-2 * rate


def test_a_gap_is_felt_beside_it_and_nowhere_else() -> None:
    points = beating()[0]
    points[7] = np.nan
    lost = np.isnan(velocity(points, periodic=True)).all(axis=(1, 2))
    assert np.array_equal(np.flatnonzero(lost), [6, 7, 8])
    assert np.array_equal(np.flatnonzero(np.isnan(jitter(points, LOOP, periodic=True).along).all(axis=1)), [6, 7, 8])
    assert np.isnan(path_length(points)).all() and np.isnan(displacement(points, 7)).all()
    assert np.isfinite(jitter(points, LOOP).along_rms)


def test_the_way_of_a_circle_is_its_perimeter_and_closed_where_periodic() -> None:
    points = 5 * circle(500)[:, None]
    assert path_length(points, periodic=True)[0] == pytest.approx(10 * np.pi, rel=1e-4)
    assert path_length(points)[0] == pytest.approx(path_length(points, periodic=True)[0] * 499 / 500)


@given(SEEDS)
@settings(max_examples=20)
def test_drift_is_of_the_area_wherever_landmarks_lie(seed: int) -> None:
    rng = np.random.default_rng(seed)
    moved = rng.normal(0, 30, (6, 2))
    angle = np.sort(rng.uniform(0, 2 * np.pi, (6, 3000)), axis=1)  # crowded elsewhere in each frame
    points = np.stack([8 * np.cos(angle), 3 * np.sin(angle)], axis=-1) + moved[:, None]
    assert np.abs(drift(points, reference=2) - (moved - moved[2])).max() < 0.05
    assert np.allclose(drift(points, range(0, 3000, 3))[0], 0)


def test_moments_of_an_ellipse_and_far_from_the_origin() -> None:
    outline = np.array([ellipse(8, 3, 4000), ellipse(8, 3, 4000)[::-1] + 1e6])
    area, centre, spread = moments(outline)
    assert area == pytest.approx([24 * np.pi, -24 * np.pi], rel=1e-5)
    assert np.allclose(signed_areas(outline), area)
    assert np.allclose(centre, [[0, 0], [1e6, 1e6]], atol=1e-6)
    assert np.allclose(spread, [16, 9 / 4, 0], atol=1e-3)


def test_trajectories_gather_with_drift_or_without() -> None:
    ways = np.cumsum(np.random.default_rng(0).normal(size=(20, 1, 2)), axis=0)
    still, points = beating(), beating() + ways
    kept = trajectories(points, reference=3, periodic=True)
    removed = trajectories(points, reference=3, periodic=True, remove_drift=True)
    assert np.allclose(kept.drift, (ways - ways[3])[:, 0]) and np.allclose(removed.drift, kept.drift)
    assert np.allclose(kept.displacement, displacement(points, 3)) and not kept.drift_removed
    assert np.allclose(removed.displacement, displacement(still, 3)) and removed.drift_removed
    assert np.allclose(removed.velocity, velocity(still, periodic=True))
    assert np.allclose(removed.path_length, path_length(still, periodic=True))


@given(SEEDS)
@settings(max_examples=20)
def test_jitter_along_is_told_from_jitter_across(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(24) / 24 + rng.normal(0, 0.01, (12, 1))
    slid = 20 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    breathing = (20 + rng.normal(0, 0.2, (12, 1, 1))) * circle()
    sliding, breath = jitter(slid, LOOP), jitter(breathing, LOOP)
    assert sliding.along_rms > 20 * sliding.across_rms
    assert breath.across_rms > 1e6 * breath.along_rms
    true = 20 * np.diff(angle[:, 0], 2)  # small angles
    assert np.allclose(np.abs(sliding.along[1:-1]), np.abs(true)[:, None], atol=1e-3)
    assert np.isnan(sliding.along[[0, -1]]).all()


def test_landmarks_of_no_loop_have_no_jitter_and_those_of_two_have_that_of_the_first() -> None:
    points = np.random.default_rng(1).normal(size=(4, 10, 30, 2))
    found = jitter(points, [range(10), [*range(8, 20)]])
    assert np.isnan(found.along[..., 20:]).all()
    assert np.allclose(found.along[..., :10], jitter(points, [range(10)]).along[..., :10], equal_nan=True)
    assert found.along_rms.shape == (4,)


def test_the_phantom_moves_as_it_says() -> None:
    phantom = cine(2, frames=12, size=64)
    points = phantom.outlines["cavity"].reshape(2, 12, -1, 2)
    gone = trajectories(points, periodic=True)
    assert np.abs(gone.drift).max() < 0.05  # the centroid is nearly the centre of contraction
    strain = phantom.table["cavity_strain"].to_numpy().reshape(2, 12)
    from_centre = np.linalg.norm(points[:, :1] - points.mean(axis=(1, 2), keepdims=True), axis=-1)
    assert np.abs(np.linalg.norm(gone.displacement, axis=-1) + strain[..., None] * from_centre).max() < 0.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: velocity(p[0, 0]), "shape"),
        (lambda p: velocity(p, np.arange(19)), "time is needed for each of 20 frames"),
        (lambda p: velocity(p, np.zeros(20)), "increase"),
        (lambda p: displacement(p, 20), "one of 20 frames"),
        (lambda p: displacement(p, 0.5), "one of 20 frames"),
        (lambda p: displacement(p, np.array([0, 1])), "one for each"),
    ],
)
def test_bad_input_is_told(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call(beating())  # type: ignore[operator]
