import random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from atlaskit.corpus import split
from atlaskit.errors import InputError

NAMES = st.lists(st.text("abc123", min_size=1, max_size=4), min_size=3, max_size=40, unique=True)


@given(NAMES, st.floats(0, 0.6), st.integers(0, 99))
@hypothesis_settings(max_examples=50)
def test_a_split_parts_subjects_whatever_their_order(names: list[str], fraction: float, seed: int) -> None:
    fit, held_out = split(names, fraction, seed)
    assert fit | held_out == set(names) and not fit & held_out
    assert fraction * len(names) - 1e-6 <= len(held_out) < fraction * len(names) + 1
    shuffled = random.Random(1).sample(names * 3, 3 * len(names))
    assert split(shuffled, fraction, seed) == (fit, held_out)


def test_another_seed_gives_another_split() -> None:
    names = [f"p{k}" for k in range(50)]
    assert split(names, 0.2, 0) != split(names, 0.2, 1)
    assert len(split(names, 0.2, 0)[1]) == 10


@pytest.mark.parametrize(("names", "fraction"), [(["a"], 0.2), (["a", "b"], 1.0), (["a", "b"], -0.1)])
def test_a_split_that_leaves_nothing_is_refused(names: list[str], fraction: float) -> None:
    with pytest.raises(InputError, match="hold"):
        split(names, fraction, 0)


def test_a_share_that_leaves_no_subject_to_fit_is_told() -> None:
    with pytest.raises(InputError, match=r"must leave some to fit; holding out 0\.99 of 8 leaves none: lower validation"):
        split("abcdefgh", 0.99, 0)
