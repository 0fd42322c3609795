"""Formula and table to design: what is coded, what is dropped, what is refused."""

import numpy as np
import pandas as pd
import pytest

from atlaskit.errors import InputError
from atlaskit.shape import anova, design, pairwise, predict, regress

GROUPS = ("a", "b", "c")


@pytest.fixture
def table() -> pd.DataFrame:
    """30 cases of three groups."""
    rng = np.random.default_rng(0)
    age = rng.normal(50, 10, 30)
    columns = {"group": np.repeat(GROUPS, 10), "age": age, "months": 12 * age + 3, "stage": np.tile([1, 2, 10], 10)}
    more = {"man": rng.random(30) < 0.5, "site": "here", "one": 1.0, "subject": np.arange(30) // 2, "waist cm": rng.random(30)}
    return pd.DataFrame({**columns, **more}, index=[f"case{k:02d}" for k in range(30)])


def test_terms_keep_the_order_of_the_formula_and_interactions_come_last(table: pd.DataFrame) -> None:
    found = design("~ age * group + man + log(size)", table, size=np.linspace(1, 2, 30))
    assert found.terms == ("age", "group", "man", "log(size)", "age:group")
    np.testing.assert_array_equal(found.term, [-1, 0, 1, 1, 2, 3, 4, 4])
    np.testing.assert_allclose(found.matrix[:, 5], np.log(np.linspace(1, 2, 30)))


def test_factors_are_coded_by_deviations(table: pd.DataFrame) -> None:
    found = design("~ group", table)
    np.testing.assert_array_equal(found.matrix[[0, 10, 20]], [[1, 1, 0], [1, 0, 1], [1, -1, -1]])


@pytest.mark.parametrize(
    ("formula", "levels"),
    [
        ("~ group", {"group": GROUPS}),
        ("~ C(stage)", {"stage": ("1", "2", "10")}),
        ("~ man", {"man": ("False", "True")}),
        ("shape ~ Q('waist cm')", {}),
    ],
)
def test_text_and_truth_values_are_factors_and_numbers_where_asked(
    table: pd.DataFrame, formula: str, levels: dict[str, tuple[str, ...]]
) -> None:
    assert design(formula, table).levels == levels


def test_categories_keep_their_order_and_lose_levels_that_no_case_has(table: pd.DataFrame) -> None:
    table["group"] = pd.Categorical(table["group"], ["x", "c", "b", "a"], ordered=True)
    assert design("~ group", table).levels == {"group": ("c", "b", "a")}


def test_missing_values_are_dropped_counted_and_named(table: pd.DataFrame) -> None:
    table.loc["case03", ["group", "age"]] = None
    table.loc["case07", "age"] = np.nan
    table.loc["case09", "months"] = np.nan
    found = design("~ group + age", table)
    assert (found.missing, found.dropped) == ({"group": 1, "age": 2}, ("case03", "case07"))
    assert (len(found), found.cases) == (28, 30)
    np.testing.assert_array_equal(found.kept, np.setdiff1d(np.arange(30), [3, 7]))


def test_a_case_without_a_block_is_dropped(table: pd.DataFrame) -> None:
    table["subject"] = [None, *table["subject"].iloc[1:]]
    found = design("~ group", table, within="subject")
    assert found.missing == {"subject": 1} and found.blocks is not None and len(found.blocks) == 29


def test_reference_rows_average_other_factors_and_numbers(table: pd.DataFrame) -> None:
    found = design("~ group + man + age", table)
    mean = table["age"].mean()
    np.testing.assert_allclose(found.reference("group", GROUPS), [[1, 1, 0, 0, mean], [1, 0, 1, 0, mean], [1, -1, -1, 0, mean]])
    np.testing.assert_allclose(found.reference("age", [20.0, 60.0]), [[1, 0, 0, 0, 20], [1, 0, 0, 0, 60]], atol=1e-12)


def test_rows_at_new_values_use_what_the_table_taught(table: pd.DataFrame) -> None:
    found = design("~ center(age)", table)
    np.testing.assert_allclose(found.rows(pd.DataFrame({"age": [50.0]})), [[1, 50 - table["age"].mean()]])


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("~ agee", "'agee' is none: did you mean 'age'"),
        ("~ log(size)", "'size' is none"),
        ("~ group + site", "'site' is here in every case"),
        ("~ one", "'one' is 1.0 in every case"),
        ("~ age + group + months", "'months' does from 'age': leave"),
        ("~ group + C(subject)", "'C\\(subject\\)' does from 'group'"),
        ("~ C(subject):group", "more cases than columns|some of which never occur"),
        ("~ C(age)", "more cases than columns"),
        ("~ log(age - 1000)", "finite number"),
        ("~ 0 + age", "keep its intercept"),
        ("~ 1", "names nothing"),
        ("age", "write what explains shape"),
        ("volume ~ age", "write what explains shape"),
        ("~ age +", "cannot be read"),
        ("~ lambda: age", "cannot be read"),
        ("~ np.log(age)", "calls np.log"),
        ("~ __import__('os').getcwd()", "may"),
        ("~ age.mean()", "may call"),
        ("~ age | group", "holds more"),
        ("~ age + log()", "names none"),
        ("~ 'age'", "names none"),
        ("~ I(age * 0)", "'I\\(age \\* 0\\)' is 0 in every case: leave it out"),
        ("~ I(age / age)", "is 1 in every case: leave it out"),
        ("~ I(age * 1e-200)", "of a size to reckon with.*change its unit"),
        ("~ I(age * 1e200)", "of a size to reckon with.*change its unit"),
        ("~ I(age + 1e14)", "hardly varies beside its mean: centre it"),
        ("~ bs(age, df=2)", "df=2 is too small for degree=3"),
        ("~ bs(age, df='a')", "bs takes a column and numbers"),
        ("~ bs(age, df=29)", "30 cases came for 30 columns"),
        ("~ C(stage, 3)", "C takes one thing.*gives it 2"),
        ("~ C(group, Treatment)", "C takes one thing.*gives it 2"),
        ("~ C(log(age))", "C takes a column"),
        ("~ log(age, months)", "log takes one thing.*gives it 2"),
        ("~ abs(age, age)", "abs takes one thing"),
        ("~ Intercept", "write Q\\('Intercept'\\)"),
        ("~ class", "write Q\\('class'\\)"),
        ("~ waist cm", "write Q\\('waist cm'\\)"),
        ("~ Q(group)", "write Q\\('group'\\)"),
        ("~ log(group)", "'log\\(group\\)' takes 'group', a factor"),
        ("~ C(age) + log(age)", "'log\\(age\\)' takes 'age', a factor"),
        ("~ age**2", "write I\\(age\\*\\*2\\)"),
        ("~ group * (age)**2", "write I\\(age\\*\\*2\\)"),
    ],
)
def test_what_cannot_be_a_design_is_one_clear_sentence(table: pd.DataFrame, formula: str, words: str) -> None:
    table = table.assign(**{"class": table["age"], "Intercept": table["age"]})
    with pytest.raises(InputError, match=words) as caught:
        design(formula, table)
    assert "\n" not in str(caught.value)


def test_a_factor_of_which_missing_values_leave_one_level_is_refused(table: pd.DataFrame) -> None:
    table.loc[table["group"] != "a", "age"] = np.nan
    with pytest.raises(InputError, match="'group' is a in every case that has all values"):
        design("~ group + age", table)


def test_no_case_with_all_values_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="none has"):
        design("~ age", table.assign(age=np.nan))


def test_blanks_around_words_and_empty_words_mean_nothing(table: pd.DataFrame) -> None:
    table["group"] = [" a", "  ", "", *table["group"].iloc[3:]]
    found = design("~ group", table)
    assert found.levels == {"group": GROUPS} and found.missing == {"group": 2}


@pytest.mark.parametrize(
    ("text", "words"),
    [(["60", " 7.5", "1e3"], "holds numbers as text: "), (["60", "unknown", "3,5"], "text and words such as 'unknown'")],
)
def test_text_that_is_numbers_is_no_factor_unless_it_is_asked_for(table: pd.DataFrame, text: list[str], words: str) -> None:
    table["visit"] = np.tile(text, 10)
    with pytest.raises(InputError, match=words):
        design("~ visit", table)
    assert len(design("~ C(visit)", table).levels["visit"]) == 3
    assert len(design("~ visit", table.astype({"visit": "category"})).levels["visit"]) == 3


@pytest.mark.parametrize(("subject", "words"), [(np.arange(30), "each has one case"), (np.zeros(30), "all are in one")])
def test_blocks_must_repeat(table: pd.DataFrame, subject: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        design("~ group", table.assign(subject=subject), within="subject")


def test_size_means_one_thing(table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="rename the column"):
        design("~ size", table.assign(size=1.0), size=np.ones(30))
    with pytest.raises(InputError, match="12 came for 30"):
        design("~ size", table, size=np.ones(12))
    assert design("~ age", table.assign(size=1.0), size=np.ones(30)).terms == ("age",)


def test_a_crossing_may_be_a_power_and_columns_of_any_name_are_quoted(table: pd.DataFrame) -> None:
    assert design("~ (group + man)**2", table).terms == ("group", "man", "group:man")
    assert design("~ Q('class')", table.assign(**{"class": table["age"]})).terms == ("Q('class')",)


@pytest.mark.parametrize(("far", "unit"), [(1e9, 1.0), (0.0, 1e18), (0.0, 1e-18), (1.6e18, 1e15)])
def test_tests_and_slopes_do_not_depend_on_where_a_number_starts_or_its_unit(
    table: pd.DataFrame, far: float, unit: float
) -> None:
    rng = np.random.default_rng(3)
    table["other"] = rng.normal(size=30)
    values = 0.3 * table["other"].to_numpy() + (table["group"] == "a") + 0.1 * rng.normal(size=30)
    plain, moved = (design("~ other + group", t) for t in (table, table.assign(other=far + unit * table["other"])))
    tests = [anova(values, plan, permutations=19).table for plan in (plain, moved)]
    pd.testing.assert_frame_equal(*tests, rtol=1e-5)
    slopes = [regress(values, plan, "other").slope for plan in (plain, moved)]
    np.testing.assert_allclose(slopes[1] * unit, slopes[0], rtol=1e-5)
    means = [pairwise(values, plan, "group", permutations=19).means for plan in (plain, moved)]
    np.testing.assert_allclose(means[1], means[0], rtol=1e-5)
    predicted = [predict(values, plan, "other", places) for plan, places in ((plain, [1.0]), (moved, [far + unit]))]
    np.testing.assert_allclose(predicted[1], predicted[0], rtol=1e-5)
