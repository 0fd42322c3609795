"""Tables beside cases: what matches, what does not, and what becomes of several cases of a subject."""

import numpy as np
import pandas as pd
import pytest

from atlaskit.errors import InputError
from atlaskit.shape import anova, design, gather, join

CASES = ("p1_ED", "p1_ES", "p2_ED", "p3_ED")
SUBJECTS = ("p1", "p1", "p2", "p3")


def test_cases_find_their_rows_whatever_the_order() -> None:
    table = pd.DataFrame({"id": ["p3_ED", "p9_ED", "p1_ED", "p1_ES"], "age": [3.0, 9.0, 1.0, 2.0]})
    found = join(CASES, table, key="id")
    np.testing.assert_array_equal(found.table["age"], [1, 2, np.nan, 3])
    assert tuple(found.table.index) == CASES and (found.unmatched, found.unused) == (("p2_ED",), ("p9_ED",))


def test_a_row_of_a_subject_goes_to_all_its_cases() -> None:
    table = pd.DataFrame({"patient": ["p2", "p1", "p4"], "sex": ["f", "m", "m"]})
    found = join(CASES, table, key="patient", subjects=SUBJECTS)
    assert found.table["sex"].tolist()[:3] == ["m", "m", "f"] and found.table["sex"].isna().tolist() == [False] * 3 + [True]
    assert found.table["subject"].tolist() == list(SUBJECTS)
    assert (found.unmatched, found.unused) == (("p3",), ("p4",))


def test_unmatched_cases_are_counted_as_missing_by_the_design() -> None:
    table = pd.DataFrame({"id": [f"c{k}" for k in range(9)], "age": np.arange(9.0)})
    found = design("~ age", join([f"c{k}" for k in range(11)], table, key="id").table)
    assert (found.missing, found.dropped) == ({"age": 2}, ("c9", "c10"))


def test_ids_that_are_numbers_match_their_text() -> None:
    assert join(["7", "8"], pd.DataFrame({"id": [8, 7], "age": [1, 2]}), key="id").table["age"].tolist() == [2, 1]


def test_names_of_files_match_what_they_are_of() -> None:
    table = pd.DataFrame({"File": ["p1_ED.png", " p1_ES.nii.gz", "p2_ED", "p3.v2", ""], "age": [1, 2, 3, 4, 5]})
    found = join((*CASES, "p3.v2"), table, key="File")
    np.testing.assert_array_equal(found.table["age"], [1, 2, 3, np.nan, 4])
    assert (found.unmatched, found.unused) == (("p3_ED",), ())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pd.DataFrame({"ids": ["p1_ED"]}), "'id' is not: did you mean 'ids'"),
        (pd.DataFrame({"id": ["p1_ED", "p1_ED"]}), "p1_ED have more in 'id'"),
        (pd.DataFrame({"id": ["x", "y"]}), "'id' is like x, y"),
        (pd.DataFrame({"id": ["", None]}), "'id' is empty in every row"),
    ],
)
def test_what_cannot_be_joined_is_refused(table: pd.DataFrame, words: str) -> None:
    with pytest.raises(InputError, match=words):
        join(CASES, table, key="id")


@pytest.fixture
def frames() -> pd.DataFrame:
    """Frames of three subjects."""
    columns = {"subject": ["p1", "p1", "p2", "p3"], "sex": ["m", "m", "f", "m"], "phase": ["ED", "ES", "ED", "ED"]}
    return pd.DataFrame({**columns, "age": [1.0, 3.0, 5.0, np.nan]}, index=list(CASES))


def test_averages_are_of_shapes_and_numbers(frames: pd.DataFrame) -> None:
    shapes = np.arange(4.0)[:, None, None] * np.ones((4, 3, 2))
    found = gather(shapes, frames, subject="subject", several="average")
    np.testing.assert_array_equal(found.shapes[:, 0, 0], [0.5, 2, 3])
    np.testing.assert_array_equal(found.table["age"], [2, 5, np.nan])
    assert found.table["sex"].tolist() == ["m", "f", "m"] and list(found.table.index) == ["p1", "p2", "p3"]
    assert (found.left_out, found.within) == (("phase",), None)


def test_blocks_keep_all_cases(frames: pd.DataFrame) -> None:
    found = gather(np.zeros((4, 3, 2)), frames, subject="subject", several="block")
    assert found.within == "subject" and found.table is frames and len(found.shapes) == 4


def test_one_case_per_subject_needs_no_choice(frames: pd.DataFrame) -> None:
    for several in ("refuse", "average", "block"):
        found = gather(np.zeros((3, 3, 2)), frames.iloc[1:], subject="subject", several=several)
        assert found.within is None and len(found.table) == 3


def test_averages_and_blocks_say_the_same_of_subjects() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"subject": np.repeat([f"s{k}" for k in range(12)], 3), "sex": np.repeat(["f", "m"], 18)})
    shapes, tests = rng.normal(size=(36, 4, 2)), []
    for several in ("average", "block"):
        found = gather(shapes, table, subject="subject", several=several)
        tests.append(anova(found.shapes, design("~ sex", found.table, within=found.within), permutations=99).table.iloc[0])
    pd.testing.assert_series_equal(*(test[["F", "Z", "p"]] for test in tests), check_names=False)


@pytest.mark.parametrize(
    ("several", "subject", "words"),
    [
        ("refuse", "subject", "p1 have several: take their average, or permute within subject"),
        ("mean", "subject", "'mean' came"),
        ("block", "patient", "'patient' is missing"),
        ("block", "age", "'age' is missing or has gaps"),
    ],
)
def test_a_choice_must_be_made(frames: pd.DataFrame, several: str, subject: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        gather(np.zeros((4, 3, 2)), frames, subject=subject, several=several)
