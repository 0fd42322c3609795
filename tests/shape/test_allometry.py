"""Regression on size and other numbers, and power: planted slopes come back, and studies find what they should."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape import Power, allometry, design, power, predict, regress

MEAN, SLOPE = np.random.default_rng(0).normal(size=(2, 5, 2))


def grown(n: int = 40, noise: float = 0.0, seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shapes that go with log size along a slope, and sizes."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(1, 4, n)
    return MEAN + np.log(size)[:, None, None] * SLOPE + noise * rng.normal(size=(n, 5, 2)), size


def test_a_planted_slope_comes_back() -> None:
    shapes, size = grown()
    found = allometry(shapes, size, permutations=99)
    np.testing.assert_allclose(found.regression.slope, SLOPE)
    logs = np.log(size)
    np.testing.assert_allclose(found.regression.score, (logs - logs.mean()) * np.linalg.norm(SLOPE), atol=1e-12)
    np.testing.assert_allclose(found.sizes[[0, -1]], np.percentile(size, [5, 95]))
    np.testing.assert_allclose(found.predicted["all"], MEAN + np.log(found.sizes)[:, None, None] * SLOPE)
    assert found.anova.table.loc[("cases", "log(size)"), "R2"] == pytest.approx(1)


def test_groups_that_go_different_ways_are_told_and_each_has_its_own_prediction() -> None:
    shapes, size = grown(noise=0.05, seed=1)
    group = np.repeat(["a", "b"], 20)
    same = allometry(shapes, size, group=list(group)).anova.table
    assert same.loc[("cases", "log(size):group"), "p"] > 0.01 > same.loc[("cases", "log(size)"), "p"]
    apart = np.where((group == "b")[:, None, None], 2 * MEAN - shapes, shapes)
    found = allometry(apart, size, group=list(group))
    assert found.anova.table.loc[("cases", "log(size):group"), "p"] == 0.001
    logs = np.log(found.sizes)[:, None, None]
    np.testing.assert_allclose(found.predicted["a"], MEAN + logs * SLOPE, atol=0.15)
    np.testing.assert_allclose(found.predicted["b"], MEAN - logs * SLOPE, atol=0.15)


def test_the_common_slope_is_that_of_the_model_without_interaction() -> None:
    """Few cases of b go another way than many of a: the slope of all lies near that of a, not half way."""
    shapes, size = grown(40)
    group = np.array(["a"] * 36 + ["b"] * 4)
    logs, b = np.log(size), group == "b"
    shapes[b] += 1 - 2 * logs[b, None, None] * SLOPE
    found = allometry(shapes, size, group=list(group), permutations=19)
    columns = np.column_stack([np.ones(40), logs, b])
    (_, slope, _), *_ = np.linalg.lstsq(columns, shapes.reshape(40, -1), rcond=None)
    np.testing.assert_allclose(found.regression.slope.ravel(), slope)
    score = (shapes - shapes.mean(axis=0)).reshape(40, -1) @ slope / np.linalg.norm(slope)
    np.testing.assert_allclose(found.regression.score, score)
    along = shapes.mean(axis=0).ravel() + (np.log(found.sizes) - logs.mean())[:, None] * slope
    np.testing.assert_allclose(found.common.reshape(len(along), -1), along)
    assert (found.formula, found.group) == ("~ log(size) * group", "group")
    alone = allometry(shapes, size, permutations=19)
    np.testing.assert_allclose(alone.common, alone.predicted["all"])
    assert (alone.formula, alone.group) == ("~ log(size)", None)


def test_growth_of_subjects_is_free_of_what_subjects_differ_in() -> None:
    """Large subjects differ along -SLOPE, each grows along SLOPE: growth comes from within subjects."""
    rng = np.random.default_rng(2)
    subject = np.repeat(np.arange(10), 4)
    size = np.exp(rng.normal(size=10)[subject] + 0.2 * rng.normal(size=40))
    logs = np.log(size)
    level = np.array([logs[subject == k].mean() for k in range(10)])[subject]
    shapes = MEAN + (logs - level)[:, None, None] * SLOPE - 3 * level[:, None, None] * SLOPE
    found = allometry(shapes, size, subject=[f"s{k}" for k in subject], permutations=99)
    np.testing.assert_allclose(found.regression.slope, SLOPE)
    assert {("within", "log(size)"), ("between", "log(size)")} <= set(found.anova.table.index)


def test_slopes_and_predictions_hold_other_terms() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"age": rng.normal(50, 9, 30), "sex": np.repeat(["f", "m"], 15)})
    table["age"] += 10 * (table["sex"] == "m")
    man = np.asarray(table["sex"] == "m")[:, None, None]
    shapes = MEAN + np.asarray(table["age"])[:, None, None] * SLOPE + 5.0 * man
    model = design("~ age + sex", table)
    np.testing.assert_allclose(regress(shapes, model, "age").slope, SLOPE)
    np.testing.assert_allclose(predict(shapes, model, "age", [40.0], at={"sex": "f"})[0], MEAN + 40 * SLOPE)
    np.testing.assert_allclose(predict(shapes, model, "age", [40.0])[0], MEAN + 40 * SLOPE + 2.5)
    there = predict(shapes, model, "sex", ["f", "m"], at={"age": 0.0})
    np.testing.assert_allclose(there, [MEAN, MEAN + 5.0], atol=1e-9)


def test_subjects_and_what_varies_within_them_are_predicted_together() -> None:
    table = pd.DataFrame({"subject": np.repeat(np.arange(8), [2, 3, 2, 3, 4, 4, 2, 3])})
    table["group"] = np.where(table["subject"] < 4, "a", "b")
    table["time"] = np.arange(len(table)) % 3
    values = 1.0 + 2.0 * table["time"] + 3.0 * (table["group"] == "b")
    model = design("~ group + time", table, within="subject")
    np.testing.assert_allclose(predict(values.to_numpy(), model, "time", [0.0, 1.0], at={"group": "b"}), [4.0, 6.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda y, m: regress(y, m, "agee"), "did you mean 'age'"),
        (lambda y, m: regress(y, m, "group"), "'group' has 2"),
        (lambda y, m: predict(y, m, "weight", [1.0]), "'weight' is none"),
        (lambda y, m: predict(y, m, "age", [1.0], at={"group": "d"}), "'d' came"),
    ],
)
def test_what_cannot_be_predicted_is_refused(call: object, words: str) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.normal(size=12), "group": np.tile(list("abc"), 4)})
    with pytest.raises(InputError, match=words):
        call(rng.normal(size=(12, 5, 2)), design("~ age + group", table))  # type: ignore[operator]


# --- power


def two_groups(effect: float, n: int = 60, seed: int = 0) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """Shapes of two groups at some distance."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"group": np.tile(["a", "b", "c"], n // 3), "age": rng.normal(size=n)})
    away = effect * SLOPE / np.linalg.norm(SLOPE)
    return MEAN + rng.normal(size=(n, 5, 2)) + np.asarray(table["group"] == "b")[:, None, None] * away, table


def test_power_grows_with_cases_and_is_that_of_studies_of_the_true_population() -> None:
    shapes, table = two_groups(2.0, n=600)
    found = power(shapes, design("~ group + age", table), "group", levels=("a", "b"), sizes=(6, 12, 48), simulations=150)
    assert found.table["power"].is_monotonic_increasing and found.table.loc[48, "power"] > 0.95
    assert found.distance == pytest.approx(2.0, abs=0.3) and found.distance < found.observed
    rng, hits = np.random.default_rng(5), 0
    group = np.repeat([0.0, 1.0], 12)
    signs = rng.permuted(np.tile(2 * group - 1, (200, 1)), axis=1)
    signs[0] = 2 * group - 1
    for _ in range(150):
        study = rng.normal(size=(24, 10)) + np.outer(group, 2.0 * SLOPE.ravel() / np.linalg.norm(SLOPE))
        between = np.square(signs @ (study - study.mean(axis=0))).sum(axis=1)
        hits += np.mean(between >= between[0]) <= 0.05
    assert found.table.loc[12, "power"] == pytest.approx(hits / 150, abs=0.15)


def test_a_difference_that_noise_explains_has_the_power_of_chance() -> None:
    shapes, table = two_groups(0.0, seed=11)
    found = power(shapes, design("~ group", table), "group", levels=("a", "c"), sizes=(20,), simulations=300)
    assert found.distance == 0 and found.observed > 0
    assert (found.factor, found.levels, found.words) == ("group", ("a", "c"), "a to c")
    assert found.table.loc[20, "power"] == pytest.approx(0.05, abs=0.04)


def test_the_cases_that_a_power_needs_lie_between_those_tried() -> None:
    def tried(*share: float) -> Power:
        table = pd.DataFrame({"power": share, "se": 0.0}, index=pd.Index([10, 20, 40], name="n"))
        return Power(table, 1.0, 1.0, 0.05, 100, 99, 0)

    assert tried(0.2, 0.6, 1.0).needed(0.8) == pytest.approx(np.sqrt(20 * 40))
    assert tried(0.2, 0.8, 0.7).needed(0.8) == pytest.approx(20) and tried(0.9, 1.0, 1.0).needed(0.8) == 10
    assert tried(0.2, 0.5, 0.7).needed(0.8) is None


def test_power_is_of_two_groups_of_subjects() -> None:
    shapes, table = two_groups(0.0)
    with pytest.raises(InputError, match=r"two levels of 'group' \(a, b, c\); a, b, c came"):
        power(shapes, design("~ group", table), "group")
    with pytest.raises(InputError, match="varies within 'subject'"):
        model = design("~ group", table.assign(subject=np.arange(60) // 3), within="subject")
        power(shapes, model, "group", levels=("a", "b"))


def test_groups_and_subjects_are_one_for_each_case() -> None:
    shapes, size = grown()
    with pytest.raises(InputError, match="group must have a value for each of the 40 cases; 39 came"):
        allometry(shapes, size, group=["a", "b", "b"] * 13)
    with pytest.raises(InputError, match="subject must have a value for each of the 40 cases; 2 came"):
        allometry(shapes, size, subject=["a", "b"])
