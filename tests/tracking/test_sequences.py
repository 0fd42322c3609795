"""Cases in their places: gaps, times, and places that two cases want."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlaskit.errors import InputError
from atlaskit.tracking import sequences

STUDY = ["a"] * 5 + ["b"] * 3
SLICE = [0, 0, 0, 1, 1, 0, 0, 0]
FRAME = [0, 1, 3, 1, 2, 4, 5, 6]
POINTS = np.arange(8 * 3 * 2, dtype=float).reshape(8, 3, 2)


def test_frames_of_a_study_are_those_of_all_its_slices_and_what_is_missing_is_a_gap() -> None:
    found = sequences(POINTS, study=STUDY, frame=FRAME, slice_=SLICE)
    assert found.names == ("a_s000", "a_s001", "b_s000") and found.studies == ("a", "a", "b")
    assert found.frames.tolist() == [[0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6, -1]]
    assert found.rows.tolist() == [[0, 1, -1, 2], [-1, 3, 4, -1], [5, 6, 7, -1]]
    assert found.gaps.sum(1).tolist() == [1, 2, 0] and found.lengths.tolist() == [4, 4, 3]
    np.testing.assert_array_equal(found.points[1, 2], POINTS[4])
    assert np.isnan(found.points[found.rows < 0]).all()
    assert {study: own.tolist() for study, own in found.of_studies().items()} == {"a": [0, 1], "b": [2]}


def test_times_of_gaps_lie_between_those_of_their_neighbours_in_any_slice() -> None:
    found = sequences(POINTS, study=STUDY, frame=FRAME, slice_=SLICE, time=[0, 30, 90, 30, 62, 0, 40, 80])
    assert found.time_unit == "ms"
    np.testing.assert_allclose(found.time, [[0, 30, 62, 90], [0, 30, 62, 90], [0, 40, 80, np.nan]])


@pytest.mark.parametrize(
    ("time", "frames"),
    [
        ([0, 30, 90, 30, np.nan, 0, 40, 80], [[0, 30, 60, 90], [0, 30, 60, 90], [0, 40, 80, np.nan]]),
        ([0, 30, np.nan, 30, 60, 0, 40, 80], [[0, 30, 60, 90], [0, 30, 60, 90], [0, 40, 80, np.nan]]),
        ([np.nan, 30, 92, 30, 61, 0, 40, 80], [[-1, 30, 61, 92], [-1, 30, 61, 92], [0, 40, 80, np.nan]]),
        ([0, np.nan, 300, 32, 40, 0, 40, 80], [[0, 32, 40, 300], [0, 32, 40, 300], [0, 40, 80, np.nan]]),
    ],
    ids=["between", "last", "first", "another slice knows it"],
)
def test_an_unknown_time_is_told_by_even_frames_of_its_study_or_another_slice(time: list[float], frames: list[object]) -> None:
    found = sequences(POINTS, study=STUDY, frame=FRAME, slice_=SLICE, time=time)
    assert found.time_unit == "ms" and not len(found.untimed)
    np.testing.assert_allclose(found.time, frames)


@pytest.mark.parametrize(
    ("time", "untimed"),
    [
        (None, range(8)),
        ([np.nan] * 8, range(8)),
        ([0, 30, 140, 30, np.nan, 0, 40, 80], [4]),
        ([0, 30, 90, 30, 60, 0, np.nan, 80], [6]),
        ([0, np.nan, 90, np.nan, 60, np.nan, np.nan, np.nan], [5, 6, 7]),
    ],
    ids=["none", "nowhere", "uneven", "two frames", "a whole study"],
)
def test_times_that_nothing_tells_leave_frame_numbers_and_say_whose_they_are(
    time: list[float] | None, untimed: list[int]
) -> None:
    found = sequences(POINTS, study=STUDY, frame=FRAME, slice_=SLICE, time=time)
    assert found.time_unit == "frame" and found.untimed.tolist() == list(untimed)
    np.testing.assert_array_equal(found.time, [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, np.nan]])


def test_far_apart_frames_such_as_days_have_no_gaps_between() -> None:
    found = sequences(POINTS[:4], study=["r"] * 4, frame=[7, 14, 150, 30])
    assert found.frames.tolist() == [[7, 14, 30, 150]] and not found.gaps.any()
    assert found.names == ("r",) and found.slices.tolist() == [-1]


@pytest.mark.parametrize(
    ("frame", "also", "frames", "gaps"),
    [
        ([0, 2, 4, 6, 8, 10, 12, 14], (), [0, 2, 4, 6, 8, 10, 12, 14], 0),
        ([0, 2, 4, 6, 10, 12, 14, 16], (), [0, 2, 4, 6, 8, 10, 12, 14, 16], 1),
        ([1, 4, 7, 10, 13, 16, 19, 25], (), [1, 4, 7, 10, 13, 16, 19, 22, 25], 1),
        ([0, 2, 4, 6, 8, 10, 12, 14], (16, 18), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18], 2),
        ([0, 2, 4, 6, 8, 10, 12, 14], (1,), [*range(15)], 7),
        ([0, 2, 4, 6, 8, 10, 12, 13], (), [*range(14)], 6),
        ([0, 2, 4, 6, 8, 10, 12, 17], (), [0, 2, 4, 6, 8, 10, 12, 17], 0),
    ],
)
def test_frames_come_in_steps_of_their_common_divisor(
    frame: list[int], also: tuple[int, ...], frames: list[int], gaps: int
) -> None:
    found = sequences(POINTS, study=["a"] * 8, frame=frame, also={"a": dict.fromkeys(also, np.nan)})
    assert found.frames[0].tolist() == frames and found.gaps.sum() == gaps


@given(st.permutations(range(8)))
def test_the_order_of_cases_changes_nothing(order: list[int]) -> None:
    one = sequences(POINTS, study=STUDY, frame=FRAME, slice_=SLICE)
    other = sequences(
        POINTS[order], study=[STUDY[k] for k in order], frame=[FRAME[k] for k in order], slice_=[SLICE[k] for k in order]
    )
    np.testing.assert_array_equal(one.points, other.points)
    assert one.names == other.names


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frame": [0, 1, 3, 1, 1, 4, 5, 6]}, "frame 1 of slice 1 of 'a' comes twice"),
        ({"frame": [0, 1, 3, 1, -1, 4, 5, 6]}, "1 of 8 have none"),
        (
            {"subject": ["p", "p", "q", "p", "p", "r", "r", "r"]},
            "must be one subject's; 'a' is of 'p' and of 'q': say whose it is",
        ),
        ({"slice_": [0]}, "columns of"),
        ({"frame": [0.5, 1, 3, 1, 2, 4, 5, 6]}, "frame number of cases must be a whole number below 2\\*\\*31; got 0.5"),
        ({"frame": [0, np.inf, 3, 1, 2, 4, 5, 6]}, "whole number"),
        ({"frame": [0, 1, 3, 1, 2, 4, 5, 3_000_000_000]}, "below 2\\*\\*31; got 3e"),
        ({"frame": [0, 1, 3, 1, 2, 4, 5, 10**400]}, "below 2\\*\\*31"),
        ({"frame": None}, "frame number of cases must be"),
        ({"slice_": [0, 0, 0, 1, 1, 0, 0, 10**25]}, "slice number of cases must be a whole number below"),
        ({"study": [None, *STUDY[1:]]}, "named by text; got None"),
    ],
)
def test_what_has_no_place_is_refused(change: dict[str, list[object]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        sequences(POINTS, **{"study": STUDY, "frame": FRAME, "slice_": SLICE, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize("points", [POINTS[..., 0], POINTS[0], np.zeros((8, 3, 3)), 1.0, None])
def test_cases_have_landmarks(points: object) -> None:
    with pytest.raises(InputError, match=r"shape \(cases, landmarks, 2\); got"):
        sequences(points, study=STUDY, frame=FRAME)  # type: ignore[arg-type]
