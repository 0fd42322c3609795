"""Whose a case is, which slice and frame: by name, pattern and table."""

import pandas as pd
import pytest

from atlaskit.errors import InputError
from atlaskit.readers.names import place_of
from atlaskit.verbs.tracking.places import placeable, placed


def known(*cases: str, **columns: object) -> pd.DataFrame:
    nothing = {
        "subject": [case[:2] for case in cases],
        "frame": -1,
        "slice": -1,
        "time_ms": float("nan"),
        "slice_mm": float("nan"),
    }
    return pd.DataFrame({"case": list(cases), **nothing, **columns})


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("A05_s02_t012", ("A05", 2, 12)),
        ("patient001_ED_s003", ("patient001", 3, 0)),
        ("patient001_ES", ("patient001", -1, 1)),
        ("rat07_d014", ("rat07", -1, 14)),
        ("p1_ED_t003", ("p1", -1, 3)),
        ("patient004_s0_t0_ED", ("patient004", 0, 0)),
        ("patient004_s0_t1", ("patient004", 0, 1)),
        ("patient004-systole-t12", ("patient004", -1, 12)),
        ("ED_t003", ("ED", -1, 3)),
        ("A05_d003_t001", ("A05_d003", -1, 1)),
        ("S01_t0", ("S01", -1, 0)),
        ("S01_s02_t3", ("S01", 2, 3)),
        ("S01_ED", ("S01", -1, 0)),
        ("F01_t0", ("F01", -1, 0)),
        ("T01_t0", ("T01", -1, 0)),
        ("T01_s4", ("T01", 4, -1)),
        ("D01_d014", ("D01", -1, 14)),
        ("z-3_t4", ("z-3", -1, 4)),
        ("S01", ("S01", 1, -1)),
        ("frame_000", ("frame_000", -1, 0)),
        ("p1_2CH_ED", ("p1_2CH", -1, 0)),
        ("desk", ("desk", -1, -1)),
        ("t003", ("t003", -1, 3)),
    ],
)
def test_names_tell_study_slice_and_frame(name: str, place: tuple[str, int, int]) -> None:
    found = place_of(name)
    assert (found.study, found.slice, found.frame) == place


def test_the_table_counts_more_than_the_pattern_and_that_more_than_the_store_and_names() -> None:
    cases = known("p1_s1_t0", "p1_s1_t1", frame=[5, 6])
    assert placed(cases, None, None)[0]["frame"].tolist() == [5, 6]
    pattern = r"(?P<subject>p\d)_s(?P<slice>\d)_t(?P<frame>\d)"
    found, _ = placed(cases, pattern, None)
    assert found[["study", "slice", "frame"]].to_numpy().tolist() == [["p1", 1, 0], ["p1", 1, 1]]
    table = pd.DataFrame({"case": ["p1_s1_t1", "other"], "frame": [9, 1], "group": ["ill", "well"]})
    found, notes = placed(cases, pattern, table)
    assert found["frame"].tolist() == [0, 9] and found["group"].tolist()[1] == "ill"
    assert len(notes) == 2 and "p1_s1_t0" in notes[0] and "other" in notes[1]


@pytest.mark.parametrize("ids", ["p1_s2", "p1_s002"])
def test_a_table_of_sequences_names_slices_with_any_number_of_zeros(ids: str) -> None:
    found, notes = placed(known("p1_s2_t0", "p1_s2_t1"), None, pd.DataFrame({"sequence": [ids], "group": ["ill"]}))
    assert found["group"].tolist() == ["ill", "ill"] and found["sequence"].unique().tolist() == ["p1_s002"] and not notes


def test_a_sequence_of_a_pattern_may_look_like_a_frame() -> None:
    table = pd.DataFrame({"sequence": ["p1_ED_s002"], "group": ["ill"]})
    found, notes = placed(known("p1_ED_s2_t0", "p1_ED_s2_t1"), r"(?P<study>p1_ED)_s(?P<slice>\d)_t(?P<frame>\d)", table)
    assert found["group"].tolist() == ["ill", "ill"] and not notes


def test_the_time_of_a_pattern_is_a_frame_too() -> None:
    found, _ = placed(known("a-30", "a-60"), r"(?P<subject>a)-(?P<time>\d+)", None)
    assert found["frame"].tolist() == [30, 60] and found["time_ms"].tolist() == [30.0, 60.0]


@pytest.mark.parametrize(
    ("pattern", "table", "words"),
    [
        ("(", None, "regular expression"),
        (r"(?P<organ>.)", None, "groups named"),
        (r"(\d)", None, "groups named"),
        (r"(?P<frame>\d\d)", None, "must match every case"),
        (r"(?P<frame>p)", None, r"whole numbers; it finds 'p': write it as \(\?P<frame>\[0-9\]\+\)"),
        (r"(?P<subject>q)?1_t(?P<frame>\d)", None, "'subject' of --pattern must find something; in 'p1_t0' it finds nothing"),
        (r"1(?P<study>.*)_t(?P<frame>\d)", None, "'study' of --pattern must find something; in 'p1_t0'"),
        (r"(?P<slice>s)?_t(?P<frame>\d)", None, "'slice' of --pattern must find something; in 'p1_t0'"),
        (None, {"name": ["a"]}, "needs ids"),
        (None, {"subject": ["zz"]}, "none is"),
        (None, {"subject": ["p1"], "slice": [1.5]}, "whole numbers"),
        (
            None,
            {"subject": ["p1"], "spacing_mm": ["wide"]},
            "'spacing_mm' .* finite numbers above 0, or nothing; it holds wide for 'p1_t0': mend it, or leave it empty",
        ),
        (None, {"subject": ["p1"], "spacing_mm": [float("inf")]}, "finite numbers above 0, or nothing; it holds inf"),
        (None, {"subject": ["p1"], "slice_mm": [-3]}, "finite numbers above 0, or nothing; it holds -3"),
        (None, {"subject": ["p1"], "frame_ms": [0]}, "finite numbers above 0, or nothing; it holds 0"),
        (None, {"subject": ["p1"], "time_ms": [float("inf")]}, "finite numbers from 0 on, or nothing; it holds inf"),
        (None, {"subject": ["p1"], "frame": [float("inf")]}, "whole numbers from 0 on, or nothing; it holds inf"),
        (None, {"subject": ["p1"], "frame": [1e30]}, r"below 2\*\*31; column 'frame' of the table holds 1000"),
        (None, {"subject": [], "group": []}, "none below its header"),
        (None, {}, "none below its header"),
        (None, {"subject": ["p1", "p1"]}, "more in 'subject': keep one of each, or say whose each row is in a column case"),
    ],
)
def test_what_cannot_be_used_is_refused(pattern: str | None, table: dict[str, list[object]] | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        placed(known("p1_t0", "p1_t1"), pattern, None if table is None else pd.DataFrame(table))


def test_a_case_of_which_a_pattern_finds_half_has_no_place() -> None:
    cases = known("p1_t0", "_t1", "p1_t", "other")
    assert placeable(cases, r"(?P<subject>p\d)?_t(?P<frame>\d)?") == [True, False, False, False]


@pytest.mark.parametrize("number", ["3000000000", "1" * 26])
def test_numbers_that_do_not_fit_are_refused_where_they_are_told(number: str) -> None:
    sentence = rf"below 2\*\*31; that of 'p_t{number}' is {number}: say what the frame is"
    with pytest.raises(InputError, match=sentence):
        placed(known(f"p_t{number}"), None, None)
    with pytest.raises(InputError, match=sentence.replace("frame", "slice").replace("_t", "_s")):
        placed(known(f"p_s{number}"), None, None)
    with pytest.raises(InputError, match=rf"below 2\*\*31; --pattern finds {number}"):
        placed(known(f"p_{number}"), r"(?P<subject>p)_(?P<frame>\d+)", None)
    told = {
        "store": placed(known(f"p_t{number}", frame=[3]), None, None),
        "pattern": placed(known(f"p_t{number}"), r"(?P<subject>p)_t\d*(?P<frame>\d)", None),
        "table": placed(known(f"p_t{number}"), None, pd.DataFrame({"case": [f"p_t{number}"], "frame": [3]})),
    }
    assert [found["frame"].tolist() for found, _ in told.values()] == [[3], [int(number[-1])], [3]], "these know better"
    largest = placed(known(f"p_{2**31 - 1}"), r"(?P<subject>p)_(?P<frame>\d+)", None)[0]
    assert largest["frame"].tolist() == [2**31 - 1]


def test_a_table_does_not_rename_cases() -> None:
    table = pd.DataFrame({"subject": ["p1"], "case": ["first"], "group": ["ill"]})
    found, _ = placed(known("p1_t0", "p1_t1"), None, table)
    assert found["case"].tolist() == ["p1_t0", "p1_t1"] and found["group"].tolist() == ["ill", "ill"]


def test_ids_of_cases_count_more_than_the_study_that_a_table_gives_them() -> None:
    table = pd.DataFrame({"id": ["h_0048", "h_0059"], "study": ["h", "h"], "slice": [3, 3], "frame": [1, 0]})
    found, notes = placed(known("h_0048", "h_0059"), None, table)
    assert found[["study", "slice", "frame"]].to_numpy().tolist() == [["h", 3, 1], ["h", 3, 0]] and not notes
    by_study, _ = placed(known("h_s1_t0"), None, pd.DataFrame({"id": ["note 1"], "study": ["h"], "group": ["ill"]}))
    assert by_study["group"].tolist() == ["ill"] and by_study["id"].tolist() == ["note 1"]


# --- whose the rows of a table are


FOUR = ("p1_s1_t0", "p1_s1_t1", "p2_s1_t0", "p2_s1_t1")
IDS = {"case": FOUR, "sequence": ("p1_s01", "p2_s1"), "study": ("p1", "p2")}


@pytest.mark.parametrize("column", ["id", "case", "mouse"])
@pytest.mark.parametrize("kind", IDS)
def test_ids_may_be_of_anything_in_the_column_that_is_named(column: str, kind: str) -> None:
    table = pd.DataFrame({column: [f" {name} " for name in IDS[kind]], "group": [name[:2] for name in IDS[kind]]})
    found, notes = placed(known(*FOUR), None, table, key="mouse" if column == "mouse" else None)
    assert found["group"].tolist() == ["p1", "p1", "p2", "p2"] and not notes
    assert ("mouse" in found) == (column == "mouse"), "a column of the user's stays"


def test_names_of_files_are_ids_of_any_kind() -> None:
    for name, ids in (("case", FOUR), ("study", ("p1", "p2")), ("subject", ("p1", "p2"))):
        table = pd.DataFrame({name: [f"{each}.nii.gz" for each in ids], "group": [each[:2] for each in ids]})
        assert placed(known(*FOUR), None, table)[0]["group"].tolist() == ["p1", "p1", "p2", "p2"]


def test_ids_are_of_what_most_of_them_are_of() -> None:
    cases = known("p1_s1_t0", "p1_s2_t0", "p2_t0", "p2_t1")
    found, notes = placed(cases, None, pd.DataFrame({"id": ["p1", "p2"], "group": ["a", "b"]}))
    assert found["group"].tolist() == list("aabb") and not notes


@pytest.mark.parametrize("column", ["pig", "subject"])
def test_a_column_of_subjects_says_whom_studies_are_of(column: str) -> None:
    table = pd.DataFrame({"study": ["p1", "p2"], "subject": ["no", "no"]}).assign(**{column: [7.0, float("nan")]})
    found, _ = placed(known(*FOUR), None, table, subject=column)
    assert found["subject"].tolist() == ["7", "7", "p2", "p2"]


def test_subjects_may_be_told_anew_by_a_table_of_subjects() -> None:
    table = pd.DataFrame({"subject": ["p1", "p2"], "pig": ["one", "one"]})
    found, _ = placed(known(*FOUR), None, table, subject="pig")
    assert found["subject"].tolist() == ["one"] * 4 and found["study"].tolist() == ["p1", "p1", "p2", "p2"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs ids in a column id, case, sequence, study or subject; it has mouse, group: name the column of ids by --id"),
        (
            {"key": "group"},
            "none is: a case here is 'p1_s1_t0', one in column 'group' 'ill': name another column of ids by --id",
        ),
    ],
)
def test_a_column_of_ids_must_hold_some(options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        placed(known(*FOUR), None, pd.DataFrame({"mouse": ["p1"], "group": ["ill"]}), **options)


# --- which columns are understood


def test_frames_of_a_table_may_be_phases_and_time_is_that_of_frames() -> None:
    cases = known("a", "b", "c", "d")
    table = pd.DataFrame({"case": list("abcd"), "study": "p", "frame": ["ED", " es", "2", 3], "time": [0, 20, 40, None]})
    found, _ = placed(cases, None, table)
    assert found["frame"].tolist() == [0, 1, 2, 3] and found["time_ms"].tolist()[:3] == [0, 20, 40] and "time" not in found
    with pytest.raises(InputError, match=r"Column 'spacing_mm' must hold .* it holds ED"):
        placed(cases, None, table.assign(spacing_mm="ED"))
    with pytest.raises(InputError, match=r"Column 'time' must hold finite numbers .* it holds soon for 'b': mend it"):
        placed(cases, None, table.assign(time=[0, "soon", 1, 2]))


def test_a_time_of_studies_or_beside_one_in_ms_is_a_column_of_the_user() -> None:
    of_study, _ = placed(known("p1_t0", "p1_t1"), None, pd.DataFrame({"study": ["p1"], "time": ["before"]}))
    both, _ = placed(known("p1_t0"), None, pd.DataFrame({"case": ["p1_t0"], "time": ["before"], "time_ms": [3]}))
    assert of_study["time"].tolist() == ["before"] * 2 and of_study["time_ms"].isna().all()
    assert both["time"].tolist() == ["before"] and both["time_ms"].tolist() == [3]
