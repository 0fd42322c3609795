"""Areas and lengths of outlines whose own are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlaskit import contours
from atlaskit.errors import InputError
from atlaskit.tracking import area, bridged, length, perimeter, run

SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]])


def circle(n: int, radius: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(n) / n
    return radius * np.column_stack([np.cos(angle), np.sin(angle)]) + [100, 80]


def test_a_rectangle_has_its_area_and_lengths_in_every_frame_either_way_around() -> None:
    growing = np.stack([SQUARE, 2 * SQUARE])[None] + 1000
    assert area(growing, range(4)).tolist() == [[12, 48]]
    assert area(growing, [3, 2, 1, 0]).tolist() == [[12, 48]]
    assert perimeter(growing, range(4)).tolist() == [[14, 28]]
    assert length(growing, [3, 0, 1]).tolist() == [[7, 14]]


def test_a_polygon_lacks_the_documented_share_of_a_circle() -> None:
    for n in (32, 64, 128):
        lacking = 1 - area(circle(n, 10.0)[None], range(n))[0] / (np.pi * 100)
        assert lacking == pytest.approx(6.6 / n**2, rel=0.01)


@given(st.integers(0, 2**32 - 1))
def test_many_outlines_at_once_are_as_one_after_the_other(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(2, 3, 9, 2))
    loop = [7, 1, 4, 2, 8]
    own = [[abs(contours.signed_area(frame[loop])) for frame in each] for each in points]
    around = [[contours.perimeter(frame[loop]) for frame in each] for each in points]
    np.testing.assert_allclose(area(points, loop), own, atol=1e-12)
    np.testing.assert_allclose(perimeter(points, loop), around, rtol=1e-12)


def test_a_gap_of_one_structure_stays_a_gap_of_it_alone() -> None:
    points = np.concatenate([SQUARE, SQUARE + 10])[None].repeat(3, axis=0)
    points[1, :4] = np.nan
    assert np.isnan(area(points, range(4))).tolist() == [False, True, False]
    assert np.isnan(length(points, [2, 3])).tolist() == [False, True, False]
    assert area(points, range(4, 8)).tolist() == [12, 12, 12]


def test_a_run_goes_from_hinge_to_hinge_the_long_way_whatever_their_order() -> None:
    drop = np.array([[0.0, 0.0], [1.0, 5.0], [2.0, 9.0], [3.0, 5.0], [4.0, 0.0], [2.0, 0.0]])
    assert run(drop, [10 - 10, 1, 2, 3, 4, 5], (0, 4)) == (0, 1, 2, 3, 4)
    assert run(drop, range(6), (4, 0)) == (4, 3, 2, 1, 0)
    assert run(drop[None].repeat(2, axis=0), [3, 4, 5, 0, 1, 2], (0, 4)) == (0, 1, 2, 3, 4)
    assert run(drop, range(6), (2, 2)) == (2, 3, 4, 5, 0, 1, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run(SQUARE, range(3), (0, 3)), "two hinges"),
        (lambda: length(SQUARE, [1]), "at least 2"),
        (lambda: area(SQUARE, [0, 1, 4]), "among the 4"),
        (lambda: area(SQUARE[..., 0], [0, 1, 2]), r"\(\.\.\., L, 2\)"),
    ],
)
def test_what_is_no_outline_is_refused(call, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        call()


def test_short_gaps_are_bridged_by_a_straight_line_and_long_ones_are_not() -> None:
    curve = np.array([np.nan, 2.0, np.nan, 4.0, np.nan, np.nan, 10.0, np.nan])
    np.testing.assert_allclose(bridged(curve, longest=1), [np.nan, 2, 3, 4, np.nan, np.nan, 10, np.nan])
    np.testing.assert_allclose(bridged(curve), [np.nan, 2, 3, 4, 6, 8, 10, np.nan])
    np.testing.assert_allclose(bridged(curve, periodic=True), [14 / 3, 2, 3, 4, 6, 8, 10, 22 / 3])
    np.testing.assert_allclose(bridged(curve[:, None] * [1, 2], axis=0)[:, 1], 2 * bridged(curve))
    assert np.isnan(bridged(np.full((2, 4), np.nan), periodic=True)).all()
