"""Pairs of groups and maps of landmarks: classical answers, error rates under the null, and planted differences."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from atlaskit.errors import InputError
from atlaskit.shape import anova, design, landmark_map, pairwise


def cohort(n: int = 45, seed: int = 0, landmarks: int = 6) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """Shapes and a table of three uneven groups, an age that goes with them, and a sex."""
    rng = np.random.default_rng(seed)
    group = rng.choice(list("aabc"), n)
    age = rng.normal(50, 5, n) + 4 * (group == "a")
    table = pd.DataFrame({"group": group, "age": age, "sex": rng.choice(list("fm"), n), "subject": np.arange(n) // 3})
    return rng.normal(size=(1, landmarks, 2)) + 0.1 * rng.normal(size=(n, landmarks, 2)), table


# --- pairs


def test_without_covariates_means_are_means_and_distances_between_them() -> None:
    shapes, table = cohort()
    found = pairwise(shapes, design("~ group", table), "group", permutations=19)
    means = np.stack([shapes[table["group"] == level].mean(axis=0) for level in "abc"])
    np.testing.assert_allclose(found.means, means)
    assert list(found.table.index) == [("a", "b"), ("a", "c"), ("b", "c")]
    np.testing.assert_allclose(
        found.table["distance"], [np.linalg.norm(means[i] - means[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    )


def test_with_covariates_means_are_predictions_at_the_mean_of_the_covariate_and_both_sexes_alike() -> None:
    shapes, table = cohort()
    found = pairwise(shapes, design("~ group + age + sex", table), "group", permutations=19)
    columns = (
        pd.get_dummies(table[["group", "sex"]], dtype=float)
        .drop(columns="sex_m")
        .assign(age=table["age"] - table["age"].mean())
    )
    slopes = np.linalg.lstsq(columns.to_numpy(), shapes.reshape(45, -1), rcond=None)[0]
    expected = slopes[:3] + 0.5 * slopes[3]
    np.testing.assert_allclose(found.means.reshape(3, -1), expected)
    assert found.table.loc[("a", "c"), "distance"] == pytest.approx(np.linalg.norm(expected[0] - expected[2]))


def test_two_groups_have_the_p_of_the_anova() -> None:
    shapes, table = cohort()
    model = design("~ sex", table)
    pair = pairwise(shapes, model, "sex", permutations=199, seed=3).table.iloc[0]
    assert pair["p"] == pair["p_holm"] == anova(shapes, model, permutations=199, seed=3).table.loc[("cases", "sex"), "p"]


def test_a_factor_of_subjects_is_compared_on_their_means() -> None:
    shapes, table = cohort()
    table["group"] = np.take(list("aabbc"), table["subject"] % 5)
    found = pairwise(shapes, design("~ group + age", table, within="subject"), "group", permutations=99)
    alone = table.groupby("subject").agg({"group": "first", "age": "mean"}).reset_index()
    means = pairwise(shapes.reshape(15, 3, 6, 2).mean(axis=1), design("~ group + age", alone), "group", permutations=99)
    assert found.stratum == "between"
    pd.testing.assert_frame_equal(found.table, means.table)
    np.testing.assert_allclose(found.means, means.means)


def test_the_group_that_differs_is_found_and_the_others_are_not() -> None:
    shapes, table = cohort(seed=4)
    shapes = shapes + 0.12 * np.asarray(table["group"] == "b")[:, None, None]
    found = pairwise(shapes, design("~ group + age", table), "group").table
    assert (found.loc[[("a", "b"), ("b", "c")], "p_holm"] < 0.05).all() and found.loc[("a", "c"), "p"] > 0.05


@pytest.mark.parametrize("within", [None, "subject"])
def test_p_values_of_groups_that_are_alike_are_uniform_beside_one_that_is_not(within: str | None) -> None:
    found = []
    for seed in range(100):
        rng = np.random.default_rng([seed, 1])
        shapes, table = cohort(45, seed=seed)
        table["subject"] = np.sort(rng.permutation(np.concatenate([np.arange(20), rng.integers(0, 20, 25)])))
        if within:
            table["group"] = rng.permuted(np.take(list("aabbc"), np.arange(20) % 5))[table["subject"]]
            shapes = shapes + 0.2 * rng.normal(size=(20, 6, 2))[table["subject"]]
        shapes = shapes + 2.0 * np.asarray(table["group"] == "c")[:, None, None]
        model = design("~ age + group", table, within=within)
        found.append(pairwise(shapes, model, "group", permutations=199, seed=seed).table.loc[("a", "b"), "p"])
    assert stats.kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize("factor", ["age", "grop", "subject"])
def test_pairs_need_a_factor_of_the_design(factor: str) -> None:
    shapes, table = cohort()
    with pytest.raises(InputError, match="is no such factor"):
        pairwise(shapes, design("~ group + age", table, within="subject"), factor)


# --- maps


def test_two_groups_have_the_t2_of_hotelling_at_each_landmark() -> None:
    shapes, table = cohort()
    found = landmark_map(shapes, design("~ sex", table), "sex", permutations=19).table["T2"]
    one, two = (shapes[table["sex"] == level] for level in "fm")
    for k in range(6):
        left = (len(one) - 1) * np.cov(one[:, k].T) + (len(two) - 1) * np.cov(two[:, k].T)
        away = one[:, k].mean(axis=0) - two[:, k].mean(axis=0)
        expected = len(one) * len(two) / 45 * away @ np.linalg.solve(left / 43, away)
        assert found[k] == pytest.approx(expected)


def test_permutation_and_f_agree_where_noise_is_normal() -> None:
    shapes, table = cohort(60)
    table["x"] = np.random.default_rng(0).normal(size=60)
    found = landmark_map(shapes, design("~ age + x", table), "x", permutations=1999).table
    expected = stats.f.sf(found["T2"] * 56 / (57 * 2), 2, 56)
    np.testing.assert_allclose(found["p"], expected, atol=0.05)


def test_a_map_does_not_change_where_landmarks_are_turned_or_stretched() -> None:
    shapes, table = cohort()
    one = landmark_map(shapes, design("~ group + age", table), "group", permutations=99).table
    two = landmark_map(
        shapes @ np.array([[3.0, 1.0], [0.0, 0.5]]), design("~ group + age", table), "group", permutations=99
    ).table
    pd.testing.assert_frame_equal(one, two)


def test_a_planted_landmark_is_found_and_no_other() -> None:
    shapes, table = cohort(80, landmarks=20)
    shapes[:, 7] += 0.15 * np.asarray(table["sex"] == "m")[:, None]
    found = landmark_map(shapes, design("~ group + sex", table), "sex").table
    assert found.index[found["q"] <= 0.05].tolist() == found.index[found["p_max"] <= 0.05].tolist() == [7]
    assert (found["p"] <= found["p_max"]).all() and (found["p"] <= found["q"]).all()


@pytest.mark.parametrize("within", [None, "subject"])
def test_under_the_null_no_landmark_is_found_more_often_than_promised(within: str | None) -> None:
    """All landmarks found are false, so the false discovery rate is the share of cohorts where one is."""
    hits = np.zeros(2)
    for seed in range(200):
        rng = np.random.default_rng([seed, 1])
        shapes, table = cohort(36, seed=seed, landmarks=12)
        shapes = (
            shapes + 0.1 * rng.normal(size=(36, 1, 2)) + 0.2 * rng.normal(size=(12, 12, 2))[table["subject"]] * bool(within)
        )
        table["x"] = rng.normal(size=12)[table["subject"]] if within else rng.normal(size=36)
        found = landmark_map(shapes, design("~ age + x", table, within=within), "x", permutations=199, seed=seed).table
        hits += [(found["q"] <= 0.05).any(), (found["p_max"] <= 0.05).any()]
    assert (hits <= stats.binom.ppf(0.999, 200, 0.05)).all() and hits[1] >= 2


def test_a_landmark_that_never_moves_is_not_found() -> None:
    shapes, table = cohort()
    shapes[:, 2] = 1.0
    found = landmark_map(shapes, design("~ sex", table), "sex", permutations=19).table
    assert found.loc[2, "T2"] == 0 and found.loc[2, "p"] == 1


def test_what_cannot_be_mapped_is_refused() -> None:
    shapes, table = cohort()
    with pytest.raises(InputError, match="'sx' is none: did you mean 'sex'"):
        landmark_map(shapes, design("~ sex", table), "sx")
    with pytest.raises(InputError, match="one or two levels of 'sex'"):
        landmark_map(shapes, design("~ sex", table), "sex", levels=("f", "x"))
    with pytest.raises(InputError, match=r"shape \(45, 12\) came"):
        landmark_map(shapes.reshape(45, -1), design("~ sex", table), "sex")
