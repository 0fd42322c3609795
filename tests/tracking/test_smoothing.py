"""Smoothing in time, against scipy's filter and spline, and what every method must keep."""

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.interpolate import make_smoothing_spline
from scipy.signal import savgol_filter

from atlaskit.errors import InputError
from atlaskit.phantom import cine
from atlaskit.tracking import smooth
from atlaskit.tracking.smoothing import CUTOFF, Method

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
METHODS = get_args(Method)
WAYS = [*((method, True) for method in METHODS), ("savgol", False), ("rts", False)]
FRAMES = 30


def noise(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=(*shape, 2))


def with_gaps(points: Array, seed: int, share: float = 0.15) -> Array:
    gone = points.copy()
    gone[np.random.default_rng((seed, 1)).random(points.shape[:-2]) < share] = np.nan
    return gone


@pytest.mark.parametrize(("method", "periodic"), WAYS)
def test_a_noisy_phantom_is_recovered_better_than_without(method: Method, periodic: bool) -> None:
    phantom = cine(4, frames=FRAMES, size=256, twist_rad=0.2)
    true = phantom.landmarks["cavity"].reshape(4, FRAMES, -1, 2)
    noisy = with_gaps(true + 0.5 * noise(0, *true.shape[:-1]), 0)
    smoothed = smooth(noisy, method=method, periodic=periodic)
    before, after = (np.nanmean(np.linalg.norm(points - true, axis=-1)) for points in (noisy, smoothed.points))
    assert after < 0.75 * before
    assert np.array_equal(np.isnan(smoothed.points), np.isnan(noisy))
    clean = smooth(true, method=method, periodic=periodic)
    assert clean.largest.max() < 0.6 and (clean.rms < 0.25 * smoothed.rms).all()


@pytest.mark.parametrize(("method", "periodic"), WAYS)
@given(SEEDS)
@settings(max_examples=8, deadline=None)
def test_it_commutes_with_rotation_and_translation_and_keeps_what_rests(method: Method, periodic: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, time = with_gaps(noise(seed, 2, 14, 3), seed), np.cumsum(rng.uniform(0.5, 2, 14))
    c, s = np.cos(seed), np.sin(seed)
    turn, shift = np.array([[c, -s], [s, c]]), rng.normal(0, 100, 2)
    options: dict[str, Any] = {"method": method, "periodic": periodic}
    moved = smooth(points @ turn + shift, time, **options)
    own = smooth(points, time, **options)
    assert np.allclose(moved.points, own.points @ turn + shift, equal_nan=True, atol=1e-6)
    assert np.allclose(moved.rms, own.rms, atol=1e-6) and np.allclose(moved.largest, own.largest, atol=1e-6)
    rest = np.where(np.isnan(points), np.nan, 7.0)
    assert np.allclose(smooth(rest, time, **options).points, rest, equal_nan=True)


@pytest.mark.parametrize("method", METHODS)
@given(SEEDS, st.integers(1, FRAMES - 1))
@settings(max_examples=8, deadline=None)
def test_a_beat_may_begin_at_any_frame(method: Method, seed: int, start: int) -> None:
    points = with_gaps(noise(seed, FRAMES, 2), seed)
    turned = smooth(np.roll(points, start, axis=0), method=method, periodic=True).points
    own = np.roll(smooth(points, method=method, periodic=True).points, start, axis=0)
    assert np.allclose(turned, own, equal_nan=True, atol=1e-5)


@pytest.mark.parametrize(("periodic", "mode"), [(True, "wrap"), (False, "interp")])
def test_savgol_is_scipys(periodic: bool, mode: Any) -> None:
    points = noise(2, FRAMES, 1)
    ours = smooth(points, method="savgol", periodic=periodic, window=9, degree=2).points
    assert np.allclose(ours, savgol_filter(points, 9, 2, axis=0, mode=mode))


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_rts_is_the_cubic_smoothing_spline(seed: int) -> None:
    """A motion of nearly constant velocity has the spline as its posterior mean (Wahba 1978)."""
    time = np.cumsum(np.random.default_rng(seed).uniform(0.5, 2, FRAMES))
    points = with_gaps(noise(seed, FRAMES, 1), seed)
    known = np.isfinite(points[:, 0, 0])
    scaled = (time - time[0]) / np.diff(time).mean()
    spline = make_smoothing_spline(scaled[known], points[known, 0], lam=(CUTOFF / 2 / np.pi) ** 4, axis=0)
    assert np.allclose(smooth(points, time, method="rts").points[known, 0], spline(scaled[known]), atol=1e-5)


def test_rts_halves_what_the_cutoff_says() -> None:
    angle = 2 * np.pi * np.arange(48) / 8
    points = np.stack([np.cos(angle), np.sin(angle)], axis=-1)[:, None]
    assert np.allclose(smooth(points, method="rts", periodic=True, cutoff=8).points, points / 2, atol=0.02)


def test_fourier_keeps_its_harmonics_and_drops_others_also_with_gaps() -> None:
    phase = 2 * np.pi * np.arange(FRAMES) / FRAMES
    slow, fast = (np.stack([np.cos(k * phase), np.sin(k * phase)], axis=-1)[:, None] for k in (3, 8))
    assert np.allclose(smooth(slow + fast, method="fourier", periodic=True, order=4).points, slow)
    gone = slow.copy()
    gone[[2, 3, 17]] = np.nan
    assert np.allclose(smooth(gone, method="fourier", periodic=True, order=4).points, gone, equal_nan=True)


@pytest.mark.parametrize(("method", "periodic"), WAYS)
def test_too_few_frames_for_a_fit_stay_as_they_are(method: Method, periodic: bool) -> None:
    points = np.full((3, 12, 2, 2), np.nan)
    points[1, 4], points[2, [1, 7]] = 5.0, noise(0, 2, 2)
    smoothed = smooth(points, method=method, periodic=periodic)
    assert np.isnan(smoothed.rms[0]) and np.isnan(smoothed.largest[0])
    assert np.allclose(smoothed.points[1], points[1], equal_nan=True)
    if method != "rts":  # its model knows a speed to be expected, where a fit has enough freedom for any two
        assert np.allclose(smoothed.points[2], points[2], equal_nan=True)


def test_the_change_is_told_per_sequence() -> None:
    points = np.zeros((2, FRAMES, 3, 2))
    points[1, 10, 0] = [3.0, 4.0]
    changed = smooth(points, method="savgol")
    assert changed.rms[0] == changed.largest[0] == 0
    moved = np.linalg.norm(changed.points - points, axis=-1)[1]
    assert changed.largest[1] == pytest.approx(moved.max()) and changed.rms[1] == pytest.approx(np.sqrt((moved**2).mean()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "furier"}, "did you mean 'fourier'"),
        ({"method": "fourier"}, "needs a periodic beat"),
        ({"method": "fourier", "periodic": True, "order": 0}, "order of 1 or more"),
        ({"method": "savgol", "window": 6}, "odd window"),
        ({"method": "savgol", "window": 31}, "no more than the 30 frames"),
        ({"method": "savgol", "window": 5, "degree": 5}, "degree below it"),
        ({"method": "rts", "cutoff": 2}, "more than 2 frames"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        smooth(np.zeros((FRAMES, 1, 2)), **options)
