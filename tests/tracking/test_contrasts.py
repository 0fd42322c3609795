"""Numbers of subjects compared between groups: exact tests by hand, strata, pairs, and what is refused."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from atlaskit.errors import InputError
from atlaskit.tracking import contrast

VALUES = [60.0, 64.0, 62.0, 50.0, 55.0, 41.0, 45.0]
GROUP = ["well"] * 3 + ["ill"] * 4


def test_p_is_the_share_of_all_arrangements_with_as_great_a_difference() -> None:
    row = contrast(VALUES, GROUP).iloc[0]
    values = np.array(VALUES)
    differences = [
        np.delete(values, chosen).mean() - values[list(chosen)].mean() for chosen in combinations(range(len(values)), 3)
    ]
    observed = values[3:].mean() - values[:3].mean()
    assert (row["a"], row["b"], row["n_a"], row["n_b"]) == ("well", "ill", 3, 4)
    assert row["difference"] == pytest.approx(observed)
    assert row["p"] == pytest.approx(np.mean(np.abs(differences) >= abs(observed) - 1e-9))
    assert row["exact"] and row["arrangements"] == len(differences) == 35
    assert [row["mean_a"], row["sd_b"]] == pytest.approx([62, np.std(VALUES[3:], ddof=1)])


def test_swapping_the_groups_turns_the_difference_and_keeps_p() -> None:
    one = contrast(VALUES, GROUP).iloc[0]
    other = contrast(VALUES[::-1], GROUP[::-1]).iloc[0]
    assert (other["a"], other["b"]) == ("ill", "well")
    assert other["difference"] == -one["difference"] and other["p"] == one["p"]


def test_many_subjects_are_dealt_out_by_chance_that_a_seed_repeats() -> None:
    rng = np.random.default_rng(0)
    values, group = rng.normal(size=40), ["a"] * 20 + ["b"] * 20
    first = contrast(values, group, permutations=199, seed=1)
    pd.testing.assert_frame_equal(first, contrast(values, group, permutations=199, seed=1))
    assert not first["exact"].any() and first["arrangements"].iat[0] == 200
    assert first["p"].iat[0] != contrast(values, group, permutations=199, seed=2)["p"].iat[0]
    far = contrast(values + 5 * (np.arange(40) >= 20), group, permutations=199)
    assert far["p"].iat[0] == pytest.approx(1 / 200)


def test_without_a_difference_p_is_even() -> None:
    rng = np.random.default_rng(1)
    p = [contrast(rng.normal(size=8), ["a"] * 4 + ["b"] * 4)["p"].iat[0] for _ in range(200)]
    assert np.mean(np.array(p) <= 0.2) == pytest.approx(0.2, abs=0.08)


def test_subjects_stay_in_their_stratum() -> None:
    values, group = [1.0, 2.0, 11.0, 12.0], ["a", "b", "a", "b"]
    row = contrast(values, group, within=["north", "north", "south", "south"]).iloc[0]
    assert row["arrangements"] == 4 and row["p"] == pytest.approx(0.5)
    assert contrast(values, group).iloc[0]["arrangements"] == 6


def test_each_pair_of_groups_has_a_row_and_unknown_numbers_are_left_out() -> None:
    found = contrast([1, 2, 3, 4, np.nan, 6, np.nan], ["a", "a", "b", "b", "b", "c", "d"])
    assert found[["a", "b"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert found["n_b"].tolist() == [2, 1, 1] and np.isnan(found["sd_b"].iat[1])


@pytest.mark.parametrize(
    ("values", "group", "within", "words"),
    [
        ([1, 2], ["a", "a"], None, "'a' has 2"),
        ([1, np.nan], ["a", "b"], None, "'a' has 1, 'b' has 0"),
        ([1, 2, 3], ["a", "b"], None, "group must name each of the 3 subjects; 2"),
        ([1, 2], ["a", None], None, "1 have none"),
        ([1, 2], ["a", "b"], ["x"], "within must name"),
        ([1, 2], ["a", "b"], ["x", "y"], "take coarser blocks"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    values: list[float], group: list[str], within: list[str] | None, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        contrast(values, group, within=within)
