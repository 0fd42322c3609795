"""Left and right structures: which are pairs, and which places of two outlines mirror each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlaskit.contours import resample
from atlaskit.errors import InputError
from atlaskit.metrics import place
from atlaskit.verbs.sides import counterparts, paired

WING = np.array([[6.0, 0], [11, 1], [12, 6], [9, 12], [7, 13], [6.5, 7], [8, 5], [5, 3]])


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (("right lung", "left lung", "heart"), (("left lung", "right lung"),)),
        (
            ("clavicle_right", "clavicle_left", "Right-Eye", "Left-Eye"),
            (("clavicle_left", "clavicle_right"), ("Left-Eye", "Right-Eye")),
        ),
        (("RIGHT", "LEFT"), (("LEFT", "RIGHT"),)),
        (("right lung", "heart"), ()),
        (("bright spot", "bleft spot", "upright", "upleft"), ()),
        (("right lung", "left kidney"), ()),
    ],
)
def test_names_that_differ_by_their_side_are_pairs(names: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> None:
    assert paired(names) == pairs


def test_pairs_that_are_asked_for_replace_those_by_name() -> None:
    names = ("left lung", "right lung", "RCLA", "LCLA")
    assert paired(names, ("LCLA = RCLA",)) == (("LCLA", "RCLA"),)
    for text, words in [
        ("LCLA", "LEFT=RIGHT; got 'LCLA'"),
        ("LCLA=", "got 'LCLA='"),
        ("LCLA=LCLA", "got"),
        ("LCLA=CLA", "'CLA' is not"),
    ]:
        with pytest.raises(InputError, match=words):
            paired(names, (text,))


@given(st.integers(0, 39), st.booleans(), st.floats(-3, 3))
@settings(max_examples=15)
def test_mirrored_places_are_found_wherever_landmarks_are(start: int, backwards: bool, turn: float) -> None:
    left = resample(WING, 32)
    right = np.roll(resample(WING * [-1, 1], 40), start, axis=0)[:: -1 if backwards else 1]
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    at_left, at_right = counterparts(left @ spin, right @ spin)
    assert len(at_left) == len(at_right) == 40
    there, mirrored = place(left[None], at_left)[0], place(right[None], at_right)[0] * [-1, 1]
    assert np.linalg.norm(there - mirrored, axis=1).max() < 0.4
    assert (np.diff(np.unwrap(at_left / 32 * 2 * np.pi)) > 0).all()
