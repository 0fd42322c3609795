"""Gaps that are filled, marked, or left."""

import numpy as np
import pytest
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.tracking import fill

Array = NDArray[np.float64]
FRAMES = 24


def wave(frames: int = FRAMES) -> Array:
    """(T, 5, 2) smooth periodic ways."""
    phase = 2 * np.pi * np.arange(frames)[:, None] / frames + np.arange(5)
    return np.stack([10 * np.cos(phase), 4 * np.sin(2 * phase)], axis=-1)


def without(points: Array, *frames: int) -> Array:
    gone = points.copy()
    gone[list(frames)] = np.nan
    return gone


@pytest.mark.parametrize("periodic", [True, False])
def test_what_is_known_stays_and_what_is_filled_is_marked_and_near(periodic: bool) -> None:
    filled = fill(without(wave(), 5, 12, 13), periodic=periodic)
    assert np.array_equal(np.flatnonzero(filled.frames), [5, 12, 13])
    known = ~filled.frames
    assert np.array_equal(filled.points[known], wave()[known])
    straight = np.abs((wave()[4] + wave()[6]) / 2 - wave()[5]).max()
    assert np.abs(filled.points[5] - wave()[5]).max() < straight / 3


def test_cubic_ways_are_exact_at_unequal_times() -> None:
    time = np.cumsum(np.random.default_rng(0).uniform(0.5, 2, 9))
    points = np.stack([time**3 - 20 * time**2, 5 * time], axis=-1)[:, None]
    assert np.allclose(fill(without(points, 3, 4), time).points, points)


def test_near_the_ends_it_is_a_line() -> None:
    points = np.stack([np.arange(6.0) ** 2, np.arange(6.0)], axis=-1)[:, None]
    assert np.allclose(fill(without(points, 1)).points[1, 0], [(0 + 4) / 2, 1])


def test_gaps_at_the_ends_stay_unless_the_beat_goes_on() -> None:
    gone = without(wave(), 0, FRAMES - 1)
    left = fill(gone)
    assert not left.frames.any() and np.isnan(left.points[[0, -1]]).all()
    around = fill(gone, periodic=True)
    assert np.array_equal(np.flatnonzero(around.frames), [0, FRAMES - 1])
    assert np.abs(around.points - wave()).max() < 0.7


def test_long_gaps_stay() -> None:
    gone = without(wave(), 3, 4, 5, 10)
    short = fill(gone)
    assert np.array_equal(np.flatnonzero(short.frames), [10]) and np.isnan(short.points[3:6]).all()
    assert fill(gone, longest=3).frames.sum() == 4 and not fill(gone, longest=0).frames.any()


def test_a_long_gap_across_the_end_of_a_beat_stays() -> None:
    assert not fill(without(wave(), 0, 1, FRAMES - 1), periodic=True).frames.any()


def test_each_sequence_and_structure_has_its_own_gaps() -> None:
    points = np.stack([wave(), wave() + 3, wave()])
    points[0, 4] = np.nan
    points[1, 9, :2] = np.nan
    points[2] = np.nan
    filled = fill(points, periodic=True)
    assert np.argwhere(filled.frames).tolist() == [[0, 4], [1, 9]]
    assert np.array_equal(filled.points[1, 9, 2:], points[1, 9, 2:]) and np.isnan(filled.points[2]).all()
    assert np.allclose(filled.points[1, 9, :2], fill(without(wave() + 3, 9), periodic=True).points[9, :2])


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(InputError, match="0 frames or more; got -1"):
        fill(wave(), longest=-1)
