"""Frames that do not belong between their neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.phantom import cine
from atlaskit.tracking import ATTRIBUTES, jumps
from atlaskit.tracking.jumps import flagged

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
SUBJECTS, SLICES, FRAMES = 6, 3, 20
LOOPS = (range(48), range(48, 96))


def stacks(seed: int = 0, jitter: float = 0.3) -> Array:
    """(subjects, slices, T, 96, 2) cavities and walls with the tremble of a network."""
    phantom = cine(SUBJECTS, slices=SLICES, frames=FRAMES, size=128)
    parts = [phantom.outlines[name][:, ::6].reshape(SUBJECTS, SLICES, FRAMES, -1, 2) for name in ("cavity", "epi")]
    rng = np.random.default_rng(seed)
    whole = np.repeat(rng.normal(0, jitter, (2, SUBJECTS, SLICES, FRAMES, 1, 2)), 48, axis=4)
    return np.concatenate(parts, axis=-2) + np.concatenate(list(whole), axis=-2)


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_frames_of_another_slice_are_flagged_alone(seed: int) -> None:
    points = stacks(seed)
    frame = np.random.default_rng(seed).integers(0, FRAMES, SUBJECTS)
    planted = points.copy()
    planted[np.arange(SUBJECTS), 0, frame] = points[np.arange(SUBJECTS), 2, frame]
    found = jumps(planted, LOOPS, periodic=True)
    wanted = np.zeros((SUBJECTS, SLICES, FRAMES), bool)
    wanted[np.arange(SUBJECTS), 0, frame] = True
    assert found.flags[wanted].all()
    assert (found.flags & ~wanted).mean() < 0.02
    assert not found.flags[np.roll(wanted, 1, axis=-1) | np.roll(wanted, -1, axis=-1)].any()


@pytest.mark.parametrize(("share", "flag"), [(0.05, True), (0.2, False), (12.0, True)])
def test_a_frame_amid_gaps_is_judged_by_the_usual_area(share: float, flag: bool) -> None:
    points = stacks()[:1, 1]
    points[0, [0, 1, 3, 4]] = np.nan
    one = points[0, 2, LOOPS[0]]
    points[0, 2, LOOPS[0]] = one.mean(axis=0) + np.sqrt(share) * (one - one.mean(axis=0))
    found = jumps(points, LOOPS)
    assert bool(found.flags[0, 2]) is flag and not np.delete(found.flags[0], 2).any()
    assert (found.loop[0, 2], ATTRIBUTES[found.attribute[0, 2]]) == (0, "size") or not flag
    alone = np.full_like(points, np.nan)
    alone[0, 2] = points[0, 2]
    assert np.isnan(jumps(alone, LOOPS).scores).all()


def test_without_noise_a_beat_has_no_jump() -> None:
    assert not jumps(stacks(jitter=0), LOOPS, periodic=True).flags.any()
    assert not jumps(stacks(jitter=0), LOOPS).flags.any()


@pytest.mark.parametrize(("attribute", "loop"), [(a, s) for a in ATTRIBUTES for s in (0, 1)])
def test_the_attribute_that_jumps_is_named(attribute: str, loop: int) -> None:
    points = stacks()
    one = points[2, 1, 8, list(LOOPS[loop])]
    centre = one.mean(axis=0)
    change = {
        "x": (np.eye(2), [12, 0]),
        "y": (np.eye(2), [0, -12]),
        "size": (1.6 * np.eye(2), [0, 0]),
        "aspect": (np.diag([1.4, 1 / 1.4]), [0, 0]),
        "slant": (np.array([[1, 0.4], [0.4, 1]]) / np.sqrt(1 - 0.16), [0, 0]),
    }[attribute]
    points[2, 1, 8, list(LOOPS[loop])] = (one - centre) @ change[0] + centre + change[1]
    found = jumps(points, LOOPS, periodic=True)
    assert found.flags[2, 1, 8]
    assert (ATTRIBUTES[found.attribute[2, 1, 8]], found.loop[2, 1, 8]) == (attribute, loop)


@pytest.mark.parametrize("frame", [0, 1, FRAMES - 2, FRAMES - 1])
def test_the_ends_of_a_sequence_count_too(frame: int) -> None:
    points = stacks()
    points[1, 1, frame] += [9, 9]
    assert np.argwhere(jumps(points, LOOPS).flags[1, 1]).ravel().tolist() == [frame]


def test_gaps_have_no_score_and_what_is_beside_them_still_has() -> None:
    points = stacks()
    points[0, 0, 5] = np.nan
    points[0, 0, 6] += [10, 0]
    points[1, 0, 5, :48] = np.nan
    points[2, 0] = np.nan
    found = jumps(points, LOOPS, periodic=True)
    assert np.isnan(found.scores[0, 0, 5]) and found.loop[0, 0, 5] == found.attribute[0, 0, 5] == -1
    assert np.flatnonzero(found.flags[0, 0]).tolist() == [6]
    assert np.isfinite(found.scores[1, 0]).all() and found.loop[1, 0, 5] == 1
    assert np.isnan(found.scores[2, 0]).all() and not found.flags[2, 0].any()


@pytest.mark.filterwarnings("error")
def test_an_outline_that_encloses_nothing_has_no_score() -> None:
    points = stacks()
    points[0, 0, 5, :48] = 7.0
    points[1] = 7.0
    found = jumps(points, LOOPS, periodic=True)
    assert found.loop[0, 0, 5] == 1 and np.isnan(found.scores[1]).all() and np.isfinite(found.scores[2]).all()
    nothing = jumps(np.full((4, 12, 96, 2), 3.0), LOOPS)
    assert np.isnan(nothing.scores).all() and not nothing.flags.any()


def test_times_and_places_of_landmarks() -> None:
    points = stacks()
    time = np.cumsum(np.random.default_rng(1).uniform(1, 4, FRAMES))
    moved = points[..., :1, :, :] + (5 * time)[:, None, None]  # a steady way, seen at uneven times
    assert not jumps(moved, LOOPS, time).flags.any()
    assert (jumps(moved, LOOPS).usual > 3 * jumps(moved, LOOPS, time).usual)[:, :2].all()
    turned = np.concatenate([np.roll(points[..., list(loop), :], 11, axis=-2) for loop in LOOPS], axis=-2)
    assert np.allclose(jumps(turned, LOOPS).scores, jumps(points, LOOPS).scores)
    scaled = jumps(0.4 * points + 1000, LOOPS, threshold=0.5)
    assert np.allclose(scaled.scores, jumps(points, LOOPS).scores) and scaled.flags.sum() > jumps(points, LOOPS).flags.sum()


def test_the_frame_beside_one_of_over_twice_its_score_is_none() -> None:
    scores = np.array([4, 1, 5, 11, 6, np.nan, 4, 2, 9])
    assert np.flatnonzero(flagged(scores, 3, periodic=False)).tolist() == [0, 3, 4, 6, 8]
    assert np.flatnonzero(flagged(scores, 3, periodic=True)).tolist() == [3, 4, 6, 8]


def test_bad_input_is_told() -> None:
    with pytest.raises(InputError, match="got 0 and"):
        jumps(stacks(), [])
    with pytest.raises(InputError, match="threshold above 0; got 2 and 0"):
        jumps(stacks(), LOOPS, threshold=0)
