"""Beats on a common phase."""

import numpy as np
import pytest

from atlaskit.errors import InputError
from atlaskit.tracking import average, beats, normalise


def test_a_beat_that_is_already_even_stays_as_it_is_from_its_end_diastole_on() -> None:
    curve = np.random.default_rng(0).normal(size=(2, 3, 12))
    ed = np.array([[0, 1, 5], [11, 3, 2]])
    found = normalise(curve, ed=ed, n=12)
    for place in np.ndindex(2, 3):
        np.testing.assert_allclose(found[place], np.roll(curve[place], -ed[place]), atol=1e-12)


def test_times_at_uneven_steps_are_heeded() -> None:
    time = np.array([0.0, 10, 40, 50, 60, 80])  # a beat of 96
    found = normalise(time, time, n=48)
    np.testing.assert_allclose(found[:41], 2 * np.arange(41))
    np.testing.assert_allclose(found[41:], 80 * (1 - np.arange(1, 8) / 8))


def test_end_systole_comes_to_the_phase_asked_for_whatever_the_rate() -> None:
    curves = np.full((3, 30), 0.0)
    es, ed = np.array([8, 12, 2]), np.array([0, 2, 20])
    curves[np.arange(3), es] = -1
    found = normalise(curves, ed=ed, es=es, es_phase=0.4, n=100)
    assert found.argmin(axis=1).tolist() == [40, 40, 40]
    np.testing.assert_allclose(found.min(axis=1), -1)


def test_several_beats_are_each_brought_to_one_phase() -> None:
    def beat(count: int) -> np.ndarray:
        return np.cos(2 * np.pi * np.arange(count) / count)

    curve = np.concatenate([beat(20), beat(32), beat(25)])
    found = beats(curve)
    each = normalise(np.broadcast_to(curve, (len(found.ed), len(curve))), ed=found.ed, stop=found.stop, n=40)
    assert each.shape == (3, 40)
    np.testing.assert_allclose(each[:2], np.tile(beat(40), (2, 1)), atol=0.03)
    np.testing.assert_allclose(each[2, :37], beat(40)[:37], atol=0.03)
    assert each[2, -1] == curve[-1], "the curve ends before the beat does: its last value stays"


def test_a_gap_is_a_gap_at_every_phase_that_needs_it_and_at_no_other() -> None:
    curve = np.arange(10.0)
    curve[4] = np.nan
    found = normalise(curve, n=20)
    assert np.flatnonzero(np.isnan(found)).tolist() == [7, 8, 9]
    assert np.isnan(normalise(curve, ed=-1)).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"es_phase": 0.4}, "give 'es'"),
        ({"es": 0, "es_phase": 0.4}, "inside every beat"),
        ({"es": 3, "es_phase": 1.0}, "between 0 and 1"),
        ({"time": [0, 1, 1, 2, 3, 4, 5, 6, 7, 8]}, "increase"),
    ],
)
def test_beats_that_cannot_be_aligned_are_refused(given, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        normalise(np.arange(10.0), **given)


def test_an_average_leaves_gaps_out_and_counts_what_it_has() -> None:
    found = average([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan], [5.0, 7.0, np.nan]])
    np.testing.assert_allclose(found.mean, [3, 6, np.nan])
    np.testing.assert_allclose(found.sd, [2, np.sqrt(2), np.nan])
    assert found.n.tolist() == [3, 2, 0]
