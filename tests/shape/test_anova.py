"""Procrustes ANOVA: exact answers, the algebra of the types, blocks, and p-values that mean what they say."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from atlaskit.errors import InputError
from atlaskit.shape import anova, design
from atlaskit.shape.permutations import draw

TYPES = ("I", "II", "III")
COLUMNS = ["df", "SS", "MS", "R2", "F"]


def shapes(n: int, seed: int = 0, landmarks: int = 5) -> NDArray[np.float64]:
    """Noise around a shape."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(1, landmarks, 2)) + 0.1 * rng.normal(size=(n, landmarks, 2))


def uneven(n: int = 40, seed: int = 1) -> pd.DataFrame:
    """Cases of unbalanced groups and a covariate that goes with them."""
    rng = np.random.default_rng(seed)
    group = rng.choice(list("aab"), n)
    return pd.DataFrame({"group": group, "sex": rng.choice(list("fm"), n), "age": rng.normal(50, 5, n) + 4 * (group == "a")})


@pytest.mark.parametrize("kind", TYPES)
def test_one_column_and_one_factor_is_the_classical_test(kind: str) -> None:
    rng = np.random.default_rng(2)
    values, table = rng.normal(size=36), pd.DataFrame({"group": np.repeat(list("abc"), (6, 10, 20))})
    values += 0.7 * (table["group"] == "c")
    expected = stats.f_oneway(*(values[table["group"] == level] for level in "abc"))
    row = anova(values, design("~ group", table), kind=kind, permutations=999).table.loc["cases", "group"]
    assert row["F"] == pytest.approx(expected.statistic, rel=1e-12)
    assert row["p"] == pytest.approx(expected.pvalue, abs=0.05)


def test_one_covariate_is_the_classical_regression() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=30)
    y = x + rng.normal(size=30)
    row = anova(y, design("~ x", pd.DataFrame({"x": x})), permutations=19).table.loc["cases", "x"]
    assert row["R2"] == pytest.approx(stats.pearsonr(x, y).statistic ** 2, rel=1e-12)


def test_types_agree_in_a_balanced_design() -> None:
    table = pd.DataFrame({"group": np.repeat(list("abc"), 8), "sex": np.tile(["f", "m"], 12)})
    one, two, three = (anova(shapes(24), design("~ group * sex", table), kind=k, permutations=99).table for k in TYPES)
    pd.testing.assert_frame_equal(one[COLUMNS], two[COLUMNS])
    pd.testing.assert_frame_equal(one[COLUMNS], three[COLUMNS])


def test_types_are_what_they_say_in_an_unbalanced_design() -> None:
    """Sums of squares by their definition, as differences between residuals of models."""
    table, y = uneven(), shapes(40).reshape(40, -1)
    found = {
        kind: anova(y, design("~ group * age + sex", table), kind=kind, permutations=19).table["SS"]["cases"] for kind in TYPES
    }
    a, s, x = np.where(table["group"] == "a", 1.0, -1.0), np.where(table["sex"] == "f", 1.0, -1.0), table["age"].to_numpy()
    columns = {"group": a, "age": x, "sex": s, "group:age": a * x}

    def left(*names: str) -> float:
        matrix = np.column_stack([np.ones(40), *(columns[name] for name in names)])
        return float(np.square(y - matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0]).sum())

    full = left(*columns)
    assert found["I"]["age"] == pytest.approx(left("group") - left("group", "age"))
    assert found["I"]["group:age"] == found["II"]["group:age"] == found["III"]["group:age"]
    assert found["II"]["group"] == pytest.approx(left("age", "sex") - left("group", "age", "sex"))
    assert found["II"]["sex"] == found["III"]["sex"] == pytest.approx(left("group", "age", "group:age") - full)
    assert found["III"]["group"] == pytest.approx(left("age", "sex", "group:age") - full)


@pytest.mark.parametrize("within", [None, "subject"])
def test_shares_of_type_one_sum_to_one(within: str | None) -> None:
    table = uneven().assign(subject=np.arange(40) // 4)
    found = anova(shapes(40), design("~ group + age + sex", table, within=within), kind="I", permutations=19)
    parts = found.table.drop(index=("total", "total"))
    assert parts["R2"].sum() == pytest.approx(1) and parts["df"].sum() == 39
    assert parts["SS"].sum() == pytest.approx(found.table["SS"].iloc[-1])


def test_the_order_of_cases_does_not_matter() -> None:
    table, y = uneven().assign(subject=np.arange(40) // 4), shapes(40)
    order = np.random.default_rng(5).permutation(40)
    one = anova(y, design("~ group + age", table, within="subject"), permutations=1999).table
    two = anova(y[order], design("~ group + age", table.iloc[order], within="subject"), permutations=1999).table
    pd.testing.assert_frame_equal(one[COLUMNS], two[COLUMNS])
    np.testing.assert_allclose(one["p"], two["p"], atol=0.05)


def test_a_turn_of_all_shapes_and_more_columns_than_cases_change_nothing() -> None:
    table, y = uneven(), shapes(40).reshape(40, -1)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(60, 60)))[0][:10]
    one, two = (anova(values, design("~ group + age", table), permutations=99).table for values in (y, y @ turn))
    pd.testing.assert_frame_equal(one, two)


def test_the_seed_decides_and_the_observed_order_counts() -> None:
    table, y = uneven(), shapes(40)
    one, same, other = (anova(y, design("~ group", table), permutations=99, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.random, same.random)
    assert not one.random.equals(other.random)
    values = one.random["cases", "group"]
    assert len(values) == 100 and values[0] == one.table.loc[("cases", "group"), "F"]
    assert one.table.loc[("cases", "group"), "p"] == np.mean(values >= values[0])


def test_a_case_without_values_is_left_out_of_shapes_too() -> None:
    table, y = uneven(), shapes(40)
    table.loc[4, "age"] = np.nan
    whole = anova(y, design("~ age", table), permutations=19)
    pd.testing.assert_frame_equal(whole.table, anova(np.delete(y, 4, 0), design("~ age", table.drop(4)), permutations=19).table)
    assert whole.n == 39


# --- blocks


def repeated(subjects: int = 12, frames: int = 6) -> pd.DataFrame:
    """Frames of subjects of two groups, with a phase."""
    subject = np.repeat(np.arange(subjects), frames)
    phase = np.tile(np.repeat(["ED", "ES"], frames // 2), subjects)
    return pd.DataFrame({"subject": subject, "group": np.where(subject % 2, "a", "b"), "phase": phase})


def test_permutations_within_blocks_never_move_a_case_to_another() -> None:
    blocks = np.random.default_rng(0).integers(0, 7, 50)
    moved = draw(blocks, 200, seed=1)
    assert (blocks[moved] == blocks).all() and (np.sort(moved, axis=1) == np.arange(50)).all()
    assert (moved[0] == np.arange(50)).all() and len(np.unique(moved, axis=0)) == 201


def test_permutations_are_even() -> None:
    moved = draw(np.zeros(4, dtype=int), 24_000, seed=0)[1:]
    _, counts = np.unique(moved, axis=0, return_counts=True)
    assert len(counts) == 24 and stats.chisquare(counts).pvalue > 0.01


def test_what_differs_between_subjects_is_tested_on_their_means() -> None:
    table, y = repeated(), shapes(72)
    split = anova(y, design("~ group + phase", table, within="subject"), permutations=99).table
    means = y.reshape(12, 6, 5, 2).mean(axis=1)
    alone = anova(means, design("~ group", table.iloc[::6]), permutations=99).table
    assert list(split.index) == [
        ("between", "group"),
        ("between", "residuals"),
        ("within", "phase"),
        ("within", "residuals"),
        ("total", "total"),
    ]
    columns = ["df", "F", "Z", "p"]
    pd.testing.assert_series_equal(
        split.loc["between", "group"][columns], alone.loc["cases", "group"][columns], check_names=False
    )
    assert split.loc[("between", "group"), "SS"] == pytest.approx(6 * alone.loc[("cases", "group"), "SS"])


def test_what_differs_within_subjects_has_the_subject_in_its_model() -> None:
    table, y = repeated(), shapes(72)
    within = anova(y, design("~ phase", table, within="subject"), permutations=99).table.loc["within", "phase"]
    adjusted = anova(y, design("~ C(subject) + phase", table), permutations=99).table.loc["cases", "phase"]
    np.testing.assert_allclose(within[COLUMNS], adjusted[COLUMNS], rtol=1e-9)


def test_a_term_that_does_both_has_a_row_in_each() -> None:
    table = repeated().assign(age=np.random.default_rng(0).normal(size=72))
    found = anova(shapes(72), design("~ group + age", table, within="subject"), permutations=19).table
    assert {("between", "age"), ("within", "age"), ("between", "group")} <= set(found.index)
    assert ("within", "group") not in found.index


def test_few_blocks_cannot_test_what_differs_between_them() -> None:
    table = repeated(subjects=2).assign(age=np.random.default_rng(0).normal(size=12))
    with pytest.raises(InputError, match="2 blocks leave none for group"):
        anova(shapes(12), design("~ group + age", table, within="subject"))
    found = anova(shapes(12), design("~ age", table, within="subject"), permutations=19).table
    assert found.loc[("between", "residuals"), "df"] == 1 and ("between", "age") not in found.index


# --- p-values


def planted(kind: str, effect: float, seed: int) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """A cohort of subjects with 1 to 7 frames, alike in a subject, in which only a covariate, or a planted effect, matters."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 8, 24) if kind != "cases" else np.ones(24, dtype=int)
    subject = np.repeat(np.arange(24), counts)
    table = pd.DataFrame({"subject": subject, "age": rng.normal(size=24)[subject]})
    table["x"] = rng.normal(size=len(table)) if kind == "within" else (table["age"] + rng.normal(size=24)[subject])
    mode, other = rng.normal(size=(2, 6))
    noise = 0.3 * rng.normal(size=(len(table), 6)) + rng.standard_exponential((24, 6))[subject]
    return noise + np.outer(table["age"], mode) + effect * np.outer(table["x"], other), table


@pytest.mark.parametrize("kind", ["cases", "between", "within"])
def test_p_values_are_uniform_where_nothing_is_planted(kind: str) -> None:
    found = []
    for seed in range(100):
        y, table = planted(kind, 0.0, seed)
        model = design("~ age + x", table, within=None if kind == "cases" else "subject")
        found.append(anova(y, model, permutations=199, seed=seed).table.loc[(kind, "x"), "p"])
    assert stats.kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize("kind", ["cases", "between", "within"])
def test_a_planted_effect_is_found(kind: str) -> None:
    y, table = planted(kind, 1.0, seed=1)
    model = design("~ age + x", table, within=None if kind == "cases" else "subject")
    row = anova(y, model).table.loc[kind, "x"]
    assert row["p"] <= 0.01 and row["Z"] > 2


# --- what is refused


def test_what_cannot_be_tested_is_refused() -> None:
    model = design("~ group", uneven())
    with pytest.raises(InputError, match="must be I, II or III; '2' came"):
        anova(shapes(40), model, kind="2")
    with pytest.raises(InputError, match="39 came for 40 rows"):
        anova(shapes(39), model)
    lacking = shapes(40)
    lacking[[3, 5, 6, 9], 2] = np.nan
    with pytest.raises(InputError, match="3, 5, 6 and 1 more lack some"):
        anova(lacking, model)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"permutations": 0}, "whole number from 19 to 1000000; 0 came"),
        ({"permutations": -1}, "-1 came"),
        ({"permutations": 99.5}, "99.5 came"),
        ({"permutations": True}, "True came"),
        ({"permutations": 10**20}, "100000000000000000000 came"),
        ({"seed": -1}, "seed must be a whole number, 0 or more; -1 came"),
        ({"seed": 0.5}, "0.5 came"),
    ],
)
def test_permutations_and_seeds_that_are_none_are_said(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        anova(shapes(40), design("~ age", uneven()), **asked)
    assert anova(shapes(40), design("~ age", uneven()), permutations=np.int64(19), seed=np.int64(1)).permutations == 19
