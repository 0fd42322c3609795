"""One call answers a formula: its parts are those of the library, and what was planted in a phantom is found."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from atlaskit.errors import InputError
from atlaskit.phantom import chest
from atlaskit.shape import align, allometry, anova, compare, design, landmark_map, pairwise, power, predict
from atlaskit.shape.comparison import MOST_LEVELS

QUICK = {"permutations": 99}


def cohort(n: int = 36, levels: str = "ab", seed: int = 0) -> tuple[NDArray[np.float64], pd.DataFrame, NDArray[np.float64]]:
    """Noise around a shape, a table and sizes."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"group": np.take(list(levels), np.arange(n) % len(levels)), "age": rng.normal(50, 9, n)})
    table["subject"], table["site"] = np.arange(n) // 3, np.take(["x", "y", "z"], rng.integers(3, size=n))
    return rng.normal(size=(6, 2)) + 0.1 * rng.normal(size=(n, 6, 2)), table, rng.uniform(1, 2, n)


def drawn(n: int, seed: int, effect: float) -> tuple[NDArray[np.float64], pd.DataFrame, NDArray[np.float64]]:
    """A phantom's true landmarks, aligned, its table and sizes, and which landmarks are of the heart."""
    made = chest(n, size=64, seed=seed, effect=effect, missing=0.0, faults=0.0)
    points = np.concatenate([made.landmarks[name] for name in made.structures], axis=1)
    heart = np.concatenate([np.full(made.landmarks[name].shape[1], name == "heart") for name in made.structures])
    aligned = align(points)
    return aligned.tangent, made.table.assign(size=aligned.size), heart


def test_the_parts_are_those_of_the_library() -> None:
    shapes, table, size = cohort()
    found = compare(shapes, "~ group + age + log(size)", table, size=size, seed=3, **QUICK)
    model, how = design("~ group + age + log(size)", table, size=size), {"seed": 3, **QUICK}
    pd.testing.assert_frame_equal(found.table, anova(shapes, model, **how).table)
    pd.testing.assert_frame_equal(found.pairs["group"].table, pairwise(shapes, model, "group", **how).table)
    assert list(found.maps) == list(model.terms)
    pd.testing.assert_frame_equal(found.maps["age"].table, landmark_map(shapes, model, "age", **how).table)
    years = found.regressions["age"]
    np.testing.assert_allclose(years.values, np.percentile(table["age"], [5, 50, 95]))
    np.testing.assert_allclose(years.shapes, predict(shapes, model, "age", years.values.tolist()))
    assert found.allometry is not None
    alone = allometry(shapes, size, group=table["group"].tolist(), **how)
    np.testing.assert_allclose(found.allometry.anova.table, alone.anova.table)
    assert ("cases", "log(size):group") in found.allometry.anova.table.index
    assert all(words in str(found) for words in ("36 shapes", "two by two", "age: 0 of 6"))


def test_allometry_says_which_model_it_is_and_what_it_leaves_out() -> None:
    shapes, table, size = cohort()
    for formula, model, without in (
        ("~ site + group + age + log(size)", "~ log(size) * site", "without group, age"),
        ("~ age + size", "~ log(size)", "without age"),
        ("~ group * log(size)", "~ log(size) * group", None),
    ):
        found = compare(shapes, formula, table, size=size, **QUICK)
        assert found.allometry is not None and found.allometry.formula == model
        assert f"allometry: shape {model}\n" in str(found)
        assert found.notes == (() if without is None else (f"allometry is a model of its own, shape {model}, {without}",))


def test_two_levels_differ_by_their_means_where_their_term_matters() -> None:
    shapes, table, _ = cohort()
    found = compare(shapes, "~ group + age", table, **QUICK)
    (one,) = found.differences["group"]
    np.testing.assert_allclose([one.first, one.second], found.pairs["group"].means)
    np.testing.assert_allclose(one.map.table, found.maps["group"].table)
    assert (one.words, found.allometry) == ("a to b", None)


@pytest.mark.parametrize(("levels", "words"), [("abc", ["a to b", "a to c", "b to c"]), ("abcde", "abcde")])
def test_few_levels_are_mapped_two_by_two_and_many_with_the_mean_of_all(levels: str, words: list[str]) -> None:
    shapes, table, _ = cohort(60, levels)
    shapes[table["group"] == "c", 4] += 2.0
    found = compare(shapes, "~ group", table, **QUICK)
    each = found.differences["group"]
    assert [d.words for d in each] == (words if len(levels) < 5 else [f"mean of all to {level}" for level in words])
    for d in each:
        mean = [shapes[table["group"] == level].mean(axis=0) for level in d.levels]
        before = mean[0] if len(mean) == 2 else found.pairs["group"].means.mean(axis=0)
        np.testing.assert_allclose(d.second - d.first, mean[-1] - before, atol=1e-12)
        strong = d.map.table["T2"].idxmax() == 4 and d.map.table["p"][4] == 0.01
        assert strong == ("c" in d.levels or len(levels) == 5)


def test_a_factor_of_very_many_levels_is_tested_but_not_taken_apart() -> None:
    shapes, table, _ = cohort(60)
    table["doctor"] = [f"d{k % (MOST_LEVELS + 1)}" for k in range(60)]
    found = compare(shapes, "~ doctor", table, **QUICK)
    assert found.pairs == {} and "13 levels of doctor" in found.notes[0] and "doctor" in found.maps


def test_a_number_that_is_mostly_one_value_is_predicted_from_end_to_end() -> None:
    shapes, table, _ = cohort(60)
    table["dose"], table["squared"] = [0.0] * 59 + [2.0], table["age"]
    found = compare(shapes, "~ dose + age + I(age ** 2)", table, **QUICK).regressions
    np.testing.assert_array_equal(found["dose"].values, [0, 2])
    assert (found["dose"].term, found["age"].term) == ("dose", None)


def test_who_was_left_out_and_where_tests_were_done_is_said() -> None:
    shapes, table, _ = cohort()
    table.index = [f"c{k}" for k in range(36)]
    table.loc[["c3", "c9"], "age"] = np.nan
    notes = compare(shapes, "~ group + age", table, within="subject", **QUICK).notes
    assert "2 left out, 2 without age: c3, c9" in notes and any("constant in a subject" in note for note in notes)


def test_few_permutations_are_counted() -> None:
    shapes, table, _ = cohort(8)
    (note,) = compare(shapes, "~ group", table, **QUICK).notes
    assert "only 70 different permutations" in note and "below 0.0143" in note
    assert compare(shapes, "~ age", table, **QUICK).notes == ()


def test_groups_too_small_for_slopes_of_their_own_share_one() -> None:
    shapes, table, size = cohort(levels="ab")
    table["group"] = ["a"] * 35 + ["b"]
    found = compare(shapes, "~ group + log(size)", table, size=size, **QUICK)
    assert found.allometry is not None and list(found.allometry.predicted) == ["all"]
    assert any(note.startswith("no slopes for each group") for note in found.notes)


# --- blocks that are not compared


def test_sites_are_a_factor_that_is_set_aside() -> None:
    """The same F as with the site in the formula, permuted inside sites, and all of the variation accounted for."""
    shapes, table, _ = cohort()
    inside = anova(shapes, design("~ age", table, within="site", between=False), **QUICK).table
    beside = anova(shapes, design("~ site + age", table), kind="I", **QUICK).table
    columns = ["df", "SS", "R2"]
    np.testing.assert_allclose(inside.loc[("within", "age"), columns], beside.loc[("cases", "age"), columns])
    np.testing.assert_allclose(inside.loc[("between", "site"), columns], beside.loc[("cases", "site"), columns])
    assert ("between", "residuals") not in inside.index and ("within", "residuals") in inside.index
    assert inside.loc[("within", "age"), "F"] == pytest.approx(beside.loc[("cases", "age"), "F"])
    assert inside["R2"].iloc[:-1].sum() == pytest.approx(1)
    np.testing.assert_allclose(
        predict(shapes, design("~ age", table, within="site", between=False), "age", [table["age"].mean()])[0],
        shapes.mean(axis=0),
    )


def test_what_sites_differ_in_has_their_name_in_allometry_too() -> None:
    shapes, table, size = cohort()
    found = compare(shapes, "~ log(size)", table, size=size, within="site", between=False, **QUICK)
    rows = [("between", "site"), ("within", "log(size)"), ("within", "residuals"), ("total", "total")]
    assert found.allometry is not None and [*found.allometry.anova.table.index] == rows == [*found.table.index]


def test_what_is_constant_in_every_site_cannot_be_tested_inside_them() -> None:
    shapes, table, _ = cohort()
    with pytest.raises(InputError, match="must vary inside it, but group never does"):
        compare(shapes, "~ group + age", table.assign(group=table["site"]), within="site", between=False)


def test_power_of_groups_inside_sites_is_that_of_a_study_at_one() -> None:
    shapes, table, _ = cohort(60)
    shapes += 5.0 * np.asarray(table["site"] == "x")[:, None, None] + 0.2 * np.asarray(table["group"] == "b")[:, None, None]
    inside = power(shapes, design("~ group", table, within="site", between=False), "group", sizes=(10,), simulations=50)
    anywhere = power(shapes, design("~ group", table), "group", sizes=(10,), simulations=50)
    assert inside.table["power"][10] > 0.9 > 0.3 > anywhere.table["power"][10]


def test_p_values_are_uniform_where_sites_differ_and_false_where_they_are_forgotten() -> None:
    found, forgotten = [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        site = np.repeat([0, 1, 2], (6, 10, 14))
        table = pd.DataFrame({"site": site, "x": site + rng.normal(size=30), "age": rng.normal(size=30)})
        shapes = rng.normal(size=(30, 8)) + 2.0 * rng.normal(size=(3, 8))[site]
        for values, options in ((found, {"within": "site", "between": False}), (forgotten, {})):
            table_of = anova(shapes, design("~ age + x", table, **options), permutations=99, seed=seed).table  # type: ignore[arg-type]
            values.append(table_of["p"].xs("x", level="term").iloc[0])
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(forgotten) <= 0.05) > 0.3


# --- a phantom


def test_a_planted_effect_of_a_phantom_is_found_and_lies_in_the_heart() -> None:
    shapes, table, heart = drawn(50, 0, 1.5)
    found = compare(shapes, "~ group + age", table)
    assert found.table.loc[("cases", "group"), "p"] <= 0.005
    (difference,) = found.differences["group"]
    assert (difference.map.table["q"][heart] < 0.05).mean() > 0.8
    moved = np.linalg.norm(difference.second - difference.first, axis=1)
    assert moved[heart].mean() > 2 * moved[~heart].mean()


def test_groups_of_a_phantom_by_lot_have_uniform_p_values_and_no_landmarks() -> None:
    p, some = [], 0
    for seed in range(60):
        shapes, table, _ = drawn(24, seed, 0.0)
        table["lot"] = np.random.default_rng([seed, 1]).permutation(np.tile(["a", "b"], 12))
        model = design("~ age + lot", table)
        p.append(anova(shapes, model, permutations=199, seed=seed).table.loc[("cases", "lot"), "p"])
        some += bool((landmark_map(shapes, model, "lot", permutations=199, seed=seed).table["q"] <= 0.05).any())
    assert stats.kstest(p, "uniform").pvalue > 0.01 and some <= stats.binom.ppf(0.999, 60, 0.05)
