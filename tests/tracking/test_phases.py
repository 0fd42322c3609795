"""End-diastole and end-systole of drawn beats, and beats in curves of several."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlaskit.errors import InputError
from atlaskit.phantom import cine
from atlaskit.tracking import beats, phases


def beat(count: int, es: float, low: float = 0.5) -> np.ndarray:
    """A curve that falls from 1 at frame 0 to its least at `es` and rises again."""
    t = np.arange(count)
    phase = np.where(t <= es, t / es, 1 + (t - es) / (count - es))
    return 1 - (1 - low) * (1 - np.cos(np.pi * phase)) / 2


def test_phases_of_the_phantom_are_its_own() -> None:
    table = cine(12, frames=24, slices=2, seed=3).table
    curves = table["cavity_area"].to_numpy().reshape(12, 2, 24)
    found = phases(curves)
    assert found.ed.shape == (12, 2) and (found.ed == 0).all()
    assert (found.es == table["es_frame"].to_numpy().reshape(12, 2, 24)[..., 0]).all()


@given(st.floats(0, 1, exclude_max=True), st.integers(20, 40))
def test_the_parabola_finds_the_time_between_frames(shift: float, count: int) -> None:
    curve = np.cos(2 * np.pi * (np.arange(count) - shift) / count)
    found = phases(curve, time=30.0 * np.arange(count))
    assert found.ed_time / 30 == pytest.approx(
        shift if shift < 0.5 or found.ed == 1 else shift - count * (found.ed > 1), abs=0.01
    )
    assert abs(found.es_time / 30 - (shift + count / 2)) < 0.01
    assert abs(found.es_time / 30 - found.es) <= 0.5


def test_gaps_are_never_phases_and_a_curve_without_values_has_none() -> None:
    curves = np.stack([beat(20, 8), np.full(20, np.nan)])
    curves[0, [0, 8, 9]] = np.nan
    found = phases(curves)
    assert found.ed.tolist() == [19, -1] and found.es.tolist() == [7, -1]
    assert found.es_time[0] == 7 and np.isnan(found.es_time[1]), "the frame itself beside a gap"


def test_the_first_and_the_last_frame_are_neighbours_only_in_a_periodic_beat() -> None:
    curve = np.cos(2 * np.pi * (np.arange(16) + 0.3) / 16)  # its top is 0.3 of a step before the first frame
    assert phases(curve).ed == phases(curve, periodic=False).ed == 0
    assert phases(curve).ed_time == pytest.approx(-0.3, abs=0.01)
    assert phases(curve, periodic=False).ed_time == 0


def test_one_noisy_frame_does_not_decide_on_harmonics() -> None:
    curve = beat(30, 11)
    curve[20] = 0.3
    assert phases(curve).es == 20
    assert abs(phases(curve, harmonics=3).es - 11) <= 2


def test_harmonics_need_a_periodic_curve_and_frames_enough() -> None:
    for given_, message in (({"periodic": False, "harmonics": 2}, "periodic"), ({"harmonics": 11}, "1 to 10")):
        with pytest.raises(InputError, match=message):
            phases(beat(20, 8), **given_)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 3 frames"):
        phases(np.ones(2))


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_beats_of_unequal_length_are_cut_at_their_end_diastoles(noise: float) -> None:
    counts, parts = [30, 26, 33, 28, 30], [11, 10, 12, 11, 10]
    curve = np.concatenate([beat(n, es, low=0.4) for n, es in zip(counts, parts, strict=True)])
    starts = np.cumsum([0, *counts])
    found = beats(curve + noise * np.random.default_rng(1).normal(size=len(curve)))
    off = 0 if noise == 0 else 3
    assert len(found.ed) == 5
    assert np.abs(found.ed - starts[:-1]).max() <= off and np.abs(found.stop - starts[1:]).max() <= off
    assert np.abs(found.es - starts[:-1] - parts).max() <= off


def test_beats_of_the_phantom_one_after_the_other_with_gaps() -> None:
    table = cine(1, frames=20, seed=5).table
    curve = np.tile(table["cavity_area"].to_numpy(), 4)
    curve[[7, 25, 26, 60]] = np.nan
    found = beats(curve)
    assert found.es.tolist() == [table["es_frame"][0] + 20 * k for k in range(4)]
    assert found.stop[:-1].tolist() == found.ed[1:].tolist() and found.stop[-1] == 80
    assert found.ed.tolist() == [0, 20, 40, 59], "the top of the last is a gap, and the frame before it the greatest left"


def test_parts_of_beats_at_the_ends_are_left_out() -> None:
    curve = np.tile(beat(30, 11), 5)[17:-12]
    found = beats(curve)
    assert found.ed.tolist() == [13, 43, 73] and found.stop.tolist() == [43, 73, 103]
    assert found.es.tolist() == [24, 54, 84]
    found = beats(np.tile(beat(30, 11), 3)[17:-12])
    assert (found.ed.tolist(), found.es.tolist(), found.stop.tolist()) == ([13], [24], [43])


ROUNDED = 1234.5678 * (1 + np.finfo(np.float64).eps * (np.arange(24) // 6 % 2))
"""What is constant but for the last digit of a number."""


@pytest.mark.parametrize(
    "curve", [beat(30, 11), np.linspace(1, 2, 40), np.ones(12), np.random.default_rng(2).normal(size=90), ROUNDED]
)
def test_what_does_not_repeat_itself_is_one_beat(curve: np.ndarray) -> None:
    found = beats(curve)
    assert found.stop.tolist() == [len(curve)]
    assert curve[found.ed[0]] == curve.max() and curve[found.es[0]] == curve.min()


def test_small_beats_of_a_large_curve_are_beats() -> None:
    assert len(beats(1 + 1e-6 * np.tile(beat(20, 8), 3)).ed) == 3


def test_beats_are_sought_in_one_curve() -> None:
    with pytest.raises(InputError, match="one curve"):
        beats(np.ones((2, 30)))
