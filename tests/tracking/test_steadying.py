"""Landmarks that slide along their outlines: what they lose is noise, and the outlines stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit.contours import signed_areas
from atlaskit.errors import InputError
from atlaskit.phantom import cine
from atlaskit.tracking import jitter, length, steady
from atlaskit.tracking.splines import Curves
from atlaskit.tracking.steadying import CLOSEST, FARTHEST, in_order

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
SUBJECTS, FRAMES, PER_LANDMARK = 3, 30, 3


def at(outlines: Array, places: Array) -> Array:
    """Points (..., n, 2) at places (..., n) along closed outlines (..., m, 2)."""
    flat = outlines.reshape(-1, *outlines.shape[-2:])
    points = Curves.through(flat[..., 0] + 1j * flat[..., 1]).at(places.reshape(-1, places.shape[-1]))[0]
    return np.stack([points.real, points.imag], axis=-1).reshape(*places.shape, 2)


def beating(*, twist: float = 0.0, own: float = 0.0, together: float = 0.0, seed: int = 0) -> tuple[Array, Array]:
    """True landmarks (N, T, 96, 2) of cavities, and these slid along: each by itself and all together, in ways between two."""
    outlines = cine(SUBJECTS, frames=FRAMES, size=256, twist_rad=twist).outlines["cavity"].reshape(SUBJECTS, FRAMES, -1, 2)
    places = np.arange(0, outlines.shape[2], PER_LANDMARK, dtype=np.float64)
    rng = np.random.default_rng(seed)
    slid = own * rng.normal(size=(SUBJECTS, FRAMES, len(places))) + together * rng.normal(size=(SUBJECTS, FRAMES, 1))
    return outlines[:, :, ::PER_LANDMARK], at(outlines, places + PER_LANDMARK * slid)


def loop_of(points: Array) -> list[range]:
    return [range(points.shape[-2])]


def error(points: Array, true: Array) -> float:
    """Mean error of displacement from the first frame."""
    off = points - true
    return float(np.nanmean(np.linalg.norm(off - off[:, :1], axis=-1)))


@pytest.mark.parametrize(("own", "together"), [(0.25, 0.0), (0.0, 1.5), (0.15, 1.0)])
@pytest.mark.parametrize("twist", [0.0, 0.2])
def test_noise_along_the_outline_goes_and_displacement_is_nearer_to_truth(own: float, together: float, twist: float) -> None:
    true, noisy = beating(twist=twist, own=own, together=together)
    steadied = steady(noisy, loop_of(noisy), periodic=True)
    before, after = (jitter(points, loop_of(noisy), periodic=True).along_rms for points in (noisy, steadied.points))
    assert (after < 0.2 * before).all()
    assert error(steadied.points, true) < 0.7 * error(noisy, true)


def test_outlines_stay() -> None:
    _, noisy = beating(own=0.2, together=1.0)
    steadied = steady(noisy, loop_of(noisy), periodic=True)
    change = np.abs(signed_areas(steadied.points) / signed_areas(noisy) - 1)
    assert np.median(change) < 1e-3 and np.allclose(steadied.area_change, change.max(axis=1))
    assert steadied.area_change.max() < 5e-3
    curve = at(noisy, np.broadcast_to(np.arange(0, noisy.shape[2], 0.02), (SUBJECTS, FRAMES, 50 * noisy.shape[2])))
    off = np.abs(curve[0, ::7, None] - steadied.points[0, ::7, :, None])
    assert np.linalg.norm(off, axis=-1).min(axis=-1).max() < 0.05  # on the curve through the frame's own landmarks


def test_a_bump_of_one_frame_keeps_its_landmarks() -> None:
    angle = 2 * np.pi * np.arange(96) / 96
    radius = np.full((FRAMES, 96), 40.0)
    radius[10] += 16 * np.exp(-(((angle - 2) / 0.1) ** 2))
    arc = np.stack([np.stack([r * np.cos(angle), r * np.sin(angle)], axis=-1) for r in radius])
    length = np.cumsum(np.linalg.norm(np.diff(arc[10], axis=0, append=arc[10, :1]), axis=1))
    even = np.interp(np.arange(96) * length[-1] / 96, np.concatenate([[0], length]), np.arange(97))
    points = arc.copy()
    points[10] = at(arc[10][None], even[None])[0]  # as a network spaces them
    steadied = steady(points, [range(96)], periodic=True)
    assert steadied.area_change < 0.005 and steadied.largest > 1


def test_true_rotation_is_kept() -> None:
    true, _ = beating(twist=0.2)
    steadied = steady(true, loop_of(true), periodic=True)
    radius = np.sqrt(signed_areas(true) / np.pi).min()
    assert steadied.largest.max() < 0.1 * 0.2 * radius
    assert beating(twist=0.2)[0].shape == steadied.points.shape and error(steadied.points, true) < 0.1


def test_what_rests_stays() -> None:
    rest = np.repeat(beating(own=0.2)[1][:, :1], FRAMES, axis=1)
    for periodic in (True, False):
        steadied = steady(rest, loop_of(rest), periodic=periodic)
        assert steadied.largest.max() < 1e-6 and steadied.area_change.max() < 1e-6


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_gaps_stay_and_the_rest_turns_and_moves_with_the_image(seed: int) -> None:
    noisy = beating(own=0.2, together=0.7, seed=seed)[1][:1]
    noisy[:, np.random.default_rng(seed).random(FRAMES) < 0.2] = np.nan
    steadied = steady(noisy, loop_of(noisy), periodic=True)
    assert np.array_equal(np.isnan(steadied.points), np.isnan(noisy)) and np.isfinite(steadied.area_change).all()
    turn = np.array([[np.cos(seed), -np.sin(seed)], [np.sin(seed), np.cos(seed)]])
    moved = steady(3 * noisy @ turn + 50, loop_of(noisy), periodic=True)
    assert np.allclose(moved.points, 3 * steadied.points @ turn + 50, equal_nan=True, atol=1e-4)
    assert moved.rms == pytest.approx(3 * steadied.rms, abs=1e-4)


def test_a_sequence_of_gaps_is_one_still() -> None:
    noisy = beating(own=0.2)[1]
    noisy[1] = np.nan
    steadied = steady(noisy, loop_of(noisy), periodic=True)
    assert np.isnan(steadied.points[1]).all() and np.isnan(steadied.rms[1]) and np.isfinite(steadied.rms[[0, 2]]).all()


def test_landmarks_of_two_loops_or_of_none_stay() -> None:
    _, noisy = beating(own=0.2)
    loops = [range(60), [*range(40, 60)[::-1], *range(60, 90)]]
    steadied = steady(noisy, loops, periodic=True).points
    stays = (steadied == noisy).all(axis=(0, 1, 3))
    assert np.array_equal(np.flatnonzero(stays), [*range(40, 60), *range(90, 96)])


def test_times_count() -> None:
    _, noisy = beating(own=0.2)
    even, scaled = steady(noisy, loop_of(noisy)), steady(noisy, loop_of(noisy), 40.0 * np.arange(FRAMES))
    uneven = steady(noisy, loop_of(noisy), np.cumsum(np.random.default_rng(0).uniform(0.3, 3, FRAMES)))
    assert np.allclose(even.points, scaled.points) and not np.allclose(even.points, uneven.points)


@given(SEEDS, st.floats(0.1, 30))
@settings(max_examples=30)
def test_order_is_kept_however_far_landmarks_would_go(seed: int, far: float) -> None:
    rng = np.random.default_rng(seed)
    still = rng.random(40) < 0.2
    wanted = np.where(still, 0, rng.normal(0, far, (5, 40))) + np.arange(40)
    kept = in_order(wanted, still)
    ahead = np.diff(kept, axis=1, append=kept[:, :1] + 40)
    assert ahead.min() >= CLOSEST - 1e-9 and ahead.max() <= FARTHEST + 1e-9
    assert np.array_equal(kept[:, still], wanted[:, still])
    near = np.arange(40) + rng.uniform(-0.25, 0.25, (5, 40))
    assert np.array_equal(in_order(near, np.zeros(40, bool)), near)


def test_curves_pass_through_their_landmarks_and_near_a_circle() -> None:
    angle = np.sort(np.random.default_rng(0).uniform(0, 2 * np.pi / 64, (1, 64)) + 2 * np.pi * np.arange(64) / 64)
    curves = Curves.through(np.exp(1j * angle))
    places = np.arange(0, 64, 0.1)[None]
    assert np.allclose(curves.at(np.arange(-64.0, 128)[None])[0], np.tile(np.exp(1j * angle), 3))
    assert np.abs(np.abs(curves.at(places)[0]) - 1).max() < 2e-4  # chords are off by up to 5e-3
    slope = (curves.at(places + 1e-6)[0] - curves.at(places)[0]) / 1e-6
    assert np.abs(slope - curves.at(places + 5e-7)[1]).max() < 1e-6
    target = 1.3 * np.exp(1j * (angle + 0.05))
    assert np.allclose(np.angle(curves.at(curves.towards(target, np.arange(64.0)[None], 6))[0] / target), 0, atol=2e-4)


def test_a_cutoff_of_two_frames_is_refused() -> None:
    with pytest.raises(InputError, match="more than 2 frames; got 2"):
        steady(np.zeros((4, 8, 2)), [range(8)], cutoff=2)


@pytest.mark.filterwarnings("error")
def test_an_outline_that_encloses_nothing_stays_where_it_is() -> None:
    turn = 2 * np.pi * np.arange(24) / 24
    points = np.tile(10 * np.stack([np.cos(turn), np.sin(turn)], axis=-1), (2, 9, 1, 1))
    points[0, 4] = points[1] = 5.0
    found = steady(points, (range(24),))
    np.testing.assert_allclose(found.points[1], 5.0)
    np.testing.assert_allclose(found.points[0, 4], 5.0)
    assert found.area_change[1] == 0 and np.isfinite(found.area_change).all()


def test_what_is_held_still_stays_and_the_open_length_with_it() -> None:
    _, noisy = beating(own=0.2, together=1.0)
    hinges = (4, 20)
    steadied = steady(noisy, loop_of(noisy), periodic=True, still=hinges).points
    assert np.array_equal(steadied[:, :, hinges], noisy[:, :, hinges])
    assert np.abs(steadied - noisy).max() > 1
    way = [*range(20, noisy.shape[2]), *range(5)]
    free = steady(noisy, loop_of(noisy), periodic=True).points
    held, slid = (np.median(np.abs(length(points, way) / length(noisy, way) - 1)) for points in (steadied, free))
    assert held < 1e-4 and slid > 1e-3
