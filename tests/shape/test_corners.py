"""Corners of drawn outlines, wherever landmarks lie on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlaskit.contours import resample
from atlaskit.shape.corners import corners

SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]])


def circle(n: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)])


@given(st.integers(0, 55), st.booleans())
def test_a_rectangle_has_its_four_corners_wherever_its_loop_begins(start: int, backwards: bool) -> None:
    points = np.roll(resample(SQUARE, 56), start, axis=0)[:: -1 if backwards else 1]
    found = points[corners(points, [range(56)])]
    assert sorted(map(tuple, found.round(6))) == sorted(map(tuple, SQUARE))


def test_a_smooth_outline_keeps_one_landmark_and_a_bent_one_its_sharpest() -> None:
    assert len(corners(circle(40), [range(40)])) == 1
    drop = circle(40) * [1.0, 0.9]
    drop[7] *= 1.1
    assert corners(drop, [range(40)]).tolist() == [7]


def test_each_loop_has_its_own_and_they_are_landmarks() -> None:
    points = np.concatenate([circle(40), resample(SQUARE, 56) + 10])
    loops = [tuple(range(39, -1, -1)), tuple(range(40, 96))]
    found = corners(points, loops)
    assert (found < 40).sum() == 1
    assert points[found[1:]] - 10 == pytest.approx(SQUARE)
