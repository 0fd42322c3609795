"""A user's table beside what `track` finds: whose rows are, which columns are understood, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import atlaskit
from atlaskit.phantom import Phantom
from atlaskit.verbs.tracking.columns import FUNCTION, OWN, SEQUENCES, called, renamed

pytestmark = pytest.mark.usefixtures("tables_only")
Write = Callable[..., Path]


def read(atlas: Path, name: str) -> pd.DataFrame:
    """A table that a run wrote."""
    return pd.read_csv(atlas / "tracks" / f"{name}.csv")


# --- columns called as measures


@pytest.fixture(scope="module")
def flat(beating: Write, hearts: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas with one slice of four subjects, and so without volumes; its store is not to be changed."""
    keep = hearts.table.index[(hearts.table["slice"] == 1) & (hearts.table["subject"] < "P00004")]
    return beating(tmp_path_factory.mktemp("flat") / "atlas", keep)


@pytest.fixture
def named() -> pd.DataFrame:
    """A table of four subjects whose columns are called as measures."""
    numbers = {name: [70.0, 71.0, 30.0, 31.0] for name in ("ef", "edv_ml", "strain", "frames", "closes")}
    return pd.DataFrame({"subject": [f"P0000{k}" for k in range(4)], "age": 50, **numbers, "group": list("aabb")})


def test_a_column_called_as_a_measure_is_never_taken_for_one(flat: Path, named: pd.DataFrame) -> None:
    result = atlaskit.track(atlas=flat, table=named, group="group", permutations=19)
    assert result.groups["index"].tolist() == ["fac", "strain", "strain_peak", "thickening"]
    assert "ef" not in result.function and "edv_ml" not in result.function and "EDV" not in str(result)
    for table in (result.function, read(flat, "sequences")):
        assert table["ef_table"].tolist() == table["frames_table"].tolist() == [70, 71, 30, 31]
    assert (result.function["strain"] < 0).all() and (read(flat, "sequences")["frames"] == 12).all()
    said = "columns ef, edv_ml, strain, frames, closes of the table are called ef_table, edv_ml_table, strain_table, "
    assert f"{said}frames_table, closes_table, as track has its own" in result.notes


def test_a_study_that_lacks_a_measure_has_none(beating: Write, hearts: Phantom, named: pd.DataFrame, tmp_path: Path) -> None:
    table = hearts.table
    keep = table.index[(table["subject"] < "P00002") & ((table["slice"] == 1) | (table["subject"] == "P00001"))]
    found = atlaskit.track(atlas=beating(tmp_path / "atlas", keep), table=named).function
    assert np.isnan(found["ef"].iat[0]) and 0 < found["ef"].iat[1] < 1 and found["ef_table"].tolist() == [70, 71]


def test_who_a_row_is_comes_first_then_measures_then_the_table(whole: Path, named: pd.DataFrame) -> None:
    atlaskit.track(atlas=whole, table=named)
    plain = list(read(whole, "function"))
    assert plain[:4] == ["study", "subject", "slices", "beat"]
    assert plain[-7:] == ["age", "ef_table", "edv_ml_table", "strain_table", "frames_table", "closes_table", "group"]


def test_the_column_of_groups_is_beside_the_subject(flat: Path, named: pd.DataFrame) -> None:
    found = atlaskit.track(atlas=flat, table=named.rename(columns={"group": "ed"}), group="ed", permutations=19)
    assert list(found.function)[:4] == ["study", "subject", "ed_table", "slices"]
    assert list(read(flat, "sequences"))[:6] == ["sequence", "study", "subject", "slice", "ed_table", "frames"]
    assert found.function["ed_table"].tolist() == list("aabb") and found.groups["a"].eq("a").all()


@pytest.mark.parametrize("unit", ["mm", "px"])
def test_every_own_column_is_in_the_list_of_measures(whole: Path, unit: str) -> None:
    atlaskit.track(atlas=whole, unit=unit)
    for name, names in (("function", FUNCTION), ("sequences", SEQUENCES)):
        own = list(read(whole, name))[2 if name == "function" else 4 :]
        assert own == [measure for measure in names if measure in own]


def test_a_new_name_is_one_that_no_other_column_has() -> None:
    assert called(["age", "ef_table", "ef"]) == {"age": "age", "ef_table": "ef_table", "ef": "ef_table_table"}
    assert len(set(called([*OWN, *(f"{name}_table" for name in OWN)]).values())) == 2 * len(OWN)
    assert renamed(["ef"]) == ["column ef of the table is called ef_table, as track has its own"] and not renamed(["age"])


# --- sizes of sequences


@pytest.mark.parametrize(
    ("column", "sizes", "words"),
    [
        ("spacing_mm", [2.0, 2.1], r"size of pixels .* 'P00000_s000' has 2 and 2.1 mm: give --spacing-mm\.$"),
        ("slice_mm", [8.0, 7.0], r"distance between slices .* 'P00000_s000' has 7 and 8 mm: give --slice-mm\.$"),
    ],
)
def test_a_sequence_has_one_size_in_all_frames(whole: Path, column: str, sizes: list[float], words: str) -> None:
    frames = [f"P00000_s000_t{t:03d}" for t in range(12)]
    table = pd.DataFrame({"case": frames, column: [sizes[t == 5] for t in range(12)]})
    with pytest.raises(atlaskit.AtlasError, match=words):
        atlaskit.track(atlas=whole, table=table)
    assert atlaskit.track(atlas=whole, table=table, **{column: 2.0}).counts["frames"] == 48
    table[column] = [sizes[0] * (1 + 5e-4 * (t == 5)) for t in range(12)]
    assert atlaskit.track(atlas=whole, table=table, volume="none").counts["frames"] == 48, "as files round them"


def test_the_distance_between_slices_may_be_known_of_any_case(beating: Write, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", range(48), slice_mm=np.nan)
    table = pd.DataFrame({"case": [f"P00000_s00{z}_t00{z + 5}" for z in range(4)], "slice_mm": 8.0})
    assert atlaskit.track(atlas=atlas, table=table).function["ef"].iat[0] == pytest.approx(0.5547, abs=1e-3)


def test_pixels_that_were_asked_for_are_why_there_are_no_volumes(whole: Path) -> None:
    result = atlaskit.track(atlas=whole, unit="px")
    assert "no volumes, as --unit px was asked for" in result.notes and "ef" not in result.function
    for options, words in (({"volume": "slices"}, "Volumes are in ml"), ({"surfaces": "stl"}, "Surfaces are in mm")):
        with pytest.raises(atlaskit.AtlasError, match=rf"^{words}, but --unit px was asked for: leave out --unit px\.$"):
            atlaskit.track(atlas=whole, unit="px", **options)


# --- whose its rows are


BY_NAMES = "subjects are told by file names: 4 of them; --subject COLUMN of the table says otherwise"


def test_studies_of_one_subject_count_as_one_where_a_column_says_so(flat: Path) -> None:
    ids = [f"P0000{k}" for k in range(4)]
    table = pd.DataFrame({"mouse": ids, "pig": ["x", "x", "y", "z"], "group": list("aabb")})
    plain = atlaskit.track(atlas=flat, table=table, key="mouse", group="group", permutations=19)
    assert plain.groups["n_a"].eq(2).all() and BY_NAMES in plain.notes
    told = atlaskit.track(atlas=flat, table=table, key="mouse", subject="pig", group="group", permutations=19)
    assert told.groups["n_a"].eq(1).all() and told.groups["n_b"].eq(2).all() and BY_NAMES not in told.notes
    assert told.function["subject"].tolist() == told.function["pig"].tolist() == ["x", "x", "y", "z"]
    assert told.function["study"].tolist() == told.function["mouse"].tolist() == ids


@pytest.mark.parametrize("options", [{"pattern": r"(?P<subject>P\d+)_s001_t(?P<frame>\d+)"}, {}], ids=["pattern", "table"])
def test_subjects_that_are_told_need_no_note(flat: Path, named: pd.DataFrame, options: dict[str, str]) -> None:
    table = named.rename(columns={"subject": "study"}) if options else named
    assert BY_NAMES not in atlaskit.track(atlas=flat, table=table, group="group", permutations=19, **options).notes
    assert BY_NAMES not in atlaskit.track(atlas=flat, table=named.rename(columns={"subject": "study"})).notes


@pytest.mark.parametrize("option", ["id", "subject"])
def test_a_column_that_is_not_there_is_refused(flat: Path, named: pd.DataFrame, option: str) -> None:
    name = {"id": "key"}.get(option, option)
    with pytest.raises(
        atlaskit.AtlasError, match=f"--{option} is a column of the table; 'subjet' is none: did you mean 'subject'"
    ):
        atlaskit.track(atlas=flat, table=named, **{name: "subjet"})


def test_a_cell_of_a_table_holds_one_value(flat: Path, named: pd.DataFrame) -> None:
    with pytest.raises(atlaskit.AtlasError, match="some of 'pair' hold more: leave that column out"):
        atlaskit.track(atlas=flat, table=named.assign(pair=[[1, 2]] * 4))


def test_ids_and_subjects_of_a_file_stay_text(flat: Path, tmp_path: Path) -> None:
    path = tmp_path / "who.csv"
    path.write_text("study,pig\n" + "".join(f" P0000{k}.png ,00{k % 2}\n" for k in range(4)))
    found = atlaskit.track(atlas=flat, table=path, subject="pig").function
    assert found["subject"].tolist() == ["000", "001", "000", "001"]


# --- groups


def test_groups_that_are_numbers_stay_whole_where_some_have_none(flat: Path) -> None:
    table = pd.DataFrame({"subject": [f"P0000{k}" for k in range(4)], "group": [1, 2, 1, None]})
    found = atlaskit.track(atlas=flat, table=table, group="group", permutations=19)
    assert found.groups[["a", "b"]].eq(["1", "2"]).all(axis=None)
    halves = atlaskit.track(atlas=flat, table=table.assign(group=[0.5, 2, 0.5, None]), group="group", permutations=19)
    assert halves.groups[["a", "b"]].eq(["0.5", "2"]).all(axis=None)


def test_groups_need_something_in_their_column(flat: Path, named: pd.DataFrame) -> None:
    for empty in (None, float("nan")):
        with pytest.raises(atlaskit.AtlasError, match="'group' is empty: fill it, or name another one"):
            atlaskit.track(atlas=flat, table=named.assign(group=empty), group="group")
    with pytest.raises(atlaskit.AtlasError, match=r"'a' has 4: give numbers of two groups or more\.$"):
        atlaskit.track(atlas=flat, table=named.assign(group="a"), group="group")


@pytest.mark.parametrize("option", ["id", "subject", "group", "growth"])
def test_columns_need_a_table(flat: Path, option: str) -> None:
    with pytest.raises(atlaskit.AtlasError, match=rf"^--{option} is a column of a table, but there is none: give --table\.$"):
        atlaskit.track(atlas=flat, **{{"id": "key"}.get(option, option): "anything"})


@pytest.mark.parametrize("name", ["P00001_s1", "P00001_s01", "P00001_s001", "P00001_slice1", "P00001-s1"])
def test_a_sequence_may_be_shown_by_its_name_with_any_zeros(flat: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr("atlaskit.verbs.track.draw_findings", lambda *_, show, **__: (shown.append(show), ((), ()))[1])
    result = atlaskit.track(atlas=flat, show=name)
    assert shown == ["P00001_s001"] and result.options["show"] == name
    with pytest.raises(atlaskit.AtlasError, match="'P00001_s2' is none: did you mean"):
        atlaskit.track(atlas=flat, show="P00001_s2")


def test_a_table_of_cases_may_have_rows_of_frames_without_a_mask(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", [row for row in range(288) if row % 12 != 7])
    result = atlaskit.track(atlas=atlas, table=hearts.table[["case", "group", "time_ms"]], group="group", permutations=19)
    assert "24 unused rows of the table: P00000_s000_t007, " in " ".join(result.notes)
    assert result.function["group"].notna().all() and result.time_unit == "ms"
