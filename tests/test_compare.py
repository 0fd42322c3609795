"""``compare`` on stores of drawn shapes: a planted effect is found, ids are matched, and repeated cases are a choice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import atlaskit
from atlaskit import store
from atlaskit.corpus import Case
from atlaskit.errors import InputError, NotFoundError
from atlaskit.landmarks import Status
from atlaskit.topology import Topology
from atlaskit.verbs.comparison.covariates import Covariates, covariates, read_table
from atlaskit.verbs.population import population

TOPOLOGY = Topology(("lung", "heart"), (tuple(range(12)), tuple(range(12, 24))))
N = 40
QUICK = {"permutations": 99}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    group = np.where(np.arange(N) % 2, "ill", "well")
    ids = {"case": [f"case_{k:02d}" for k in range(N)], "subject": [f"subject {k // 2}" for k in range(N)]}
    return pd.DataFrame({**ids, "group": group, "age": rng.uniform(20, 80, N), "noise": rng.normal(size=N)})


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory, people: pd.DataFrame) -> Path:
    """Two ellipses; the heart of the ill is wider, and chests are higher with age."""
    rng, folder = np.random.default_rng(1), tmp_path_factory.mktemp("compare")
    angle = 2 * np.pi * np.arange(12) / 12
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    high = 1.3 + 0.004 * (people["age"].to_numpy() - 50) + rng.normal(0, 0.02, N)
    wide = 1.0 + 0.15 * (people["group"] == "ill").to_numpy() + rng.normal(0, 0.05, N)
    lung = 20 * circle * np.column_stack([np.ones(N), high])[:, None]
    heart = 10 * circle * np.column_stack([wide, np.ones(N)])[:, None] + [40, 10]
    points = np.concatenate([lung, heart], axis=1) + rng.normal(0, 0.1, (N, 24, 2)) + 60
    cases = [Case(name, f"{name}.png", whose) for name, whose in zip(people["case"], people["subject"], strict=True)]
    path = folder / "landmarks.zarr"
    opened = store.open_or_create(path, topology=TOPOLOGY, network_sha256="0", cases=cases, latent_size=2, shard=64)
    opened.write_shard(0, {row: {"points": points[row], "status": Status.OK} for row in range(N)})
    return folder


def test_what_was_planted_is_found_and_nothing_else(atlas: Path, people: pd.DataFrame) -> None:
    table = people.drop(columns="subject")
    result = atlaskit.compare(table, "~ group + age + noise", atlas=atlas, within="subject")
    p = result.table["p"].xs("within", level="stratum")
    assert p["group"] <= 0.01 and result.cases == N and result.unit == "px"
    marked = result.found.maps["group"].table["q"] < 0.05
    assert marked[12:].mean() > 0.8 > marked[:12].mean(), "the heart, more than the lung, which alignment moves a little too"
    pair = pd.read_csv(atlas / "compare" / "pairs_group.csv")
    assert pair[["a", "b"]].to_numpy().tolist() == [["ill", "well"]] and pair["p"][0] <= 0.01
    found, (two,) = pd.read_csv(atlas / "compare" / "map_group.csv"), result.found.differences["group"]
    assert [*found][:4] == ["structure", "landmark", "dx", "dy"] and found["structure"].tolist() == ["lung"] * 12 + [
        "heart"
    ] * 12
    np.testing.assert_allclose(found[["dx", "dy"]], two.second - two.first, rtol=1e-6, atol=1e-12)
    assert set(result.tables) == set((atlas / "compare").glob("*.csv")) and all(path.exists() for path in result.pictures)
    assert any("tested between" in note for note in result.notes)


def test_tables_hold_what_was_found_in_the_landmarks_of_the_store(atlas: Path, people: pd.DataFrame) -> None:
    table = people.drop(columns="subject").assign(third=np.take(["a", "b", "c"], np.arange(N) % 3))
    options: dict[str, Any] = {"atlas": atlas, "within": "subject", "structures": ("heart",), **QUICK}
    result = atlaskit.compare(table, "~ third + age + log(size)", power=True, **options)
    names = {
        "anova",
        "allometry",
        "allometry_anova",
        "pairs_third",
        "differences_third",
        "means_third",
        "map_third",
        "map_age",
        "map_log_size",
    }
    assert {path.stem for path in result.tables} == names | {"predicted_age", "predicted_size"}, "power is of subjects"
    assert any("varies within 'subject'" in note for note in result.notes)
    years = pd.read_csv(atlas / "compare" / "map_age.csv")
    assert (years["landmark"] == np.arange(12, 24)).all() and (years["structure"] == "heart").all()
    assert not {"dx", "dy"} & {*pd.read_csv(atlas / "compare" / "map_third.csv")}, "three levels differ in more ways than one"
    assert [row["landmark"] for row in result.to_dict()["maps"]["age"]] == list(range(12, 24)), "as in the store"
    rows = pd.read_csv(atlas / "compare" / "predicted_age.csv")
    ages = rows["value"].unique()
    np.testing.assert_allclose(ages, np.percentile(people["age"], [5, 50, 95]), rtol=1e-6)
    last, first = (rows[rows["value"] == ages[k]].sort_values("landmark")[["x", "y"]].to_numpy() for k in (2, 0))
    np.testing.assert_allclose(years[["dx", "dy"]] * (ages[2] - ages[0]), last - first, atol=1e-7)
    np.testing.assert_allclose(last, result.found.regressions["age"].shapes[2], rtol=1e-6)
    apart = pd.read_csv(atlas / "compare" / "differences_third.csv")
    two = apart.groupby(["a", "b"])["landmark"].count()
    assert two.to_dict() == {("a", "b"): 12, ("a", "c"): 12, ("b", "c"): 12}
    means = pd.read_csv(atlas / "compare" / "means_third.csv")
    assert [*means] == ["structure", "landmark", "level", "x", "y"] and set(means["structure"]) == {"heart"}
    place = means.set_index(["level", "landmark"])[["x", "y"]]
    np.testing.assert_allclose(place.loc["b"], result.found.pairs["third"].means[1], rtol=1e-6)
    shift = apart[(apart["a"] == "a") & (apart["b"] == "c")][["dx", "dy"]]
    np.testing.assert_allclose(shift, place.loc["c"] - place.loc["a"], atol=1e-7)
    cases = pd.read_csv(atlas / "compare" / "allometry.csv")
    assert [*cases][:3] == ["case", "size_px", "log_size"]
    np.testing.assert_allclose(np.log(cases["size_px"]), cases["log_size"], rtol=1e-6)
    assert cases["case"].tolist() == people["case"].tolist() and cases["third"].tolist() == table["third"].tolist()
    tests = pd.read_csv(atlas / "compare" / "allometry_anova.csv")
    assert set(tests["model"]) == {"~ log(size) * third"} == {result.to_dict()["allometry_formula"]}
    assert "log(size):third" in tests["term"].tolist()
    pictures = {path.stem for path in result.pictures}
    assert {"compare_third_a_b", "compare_third_scores", "compare_age", "compare_allometry"} <= pictures


def test_pictures_say_who_was_compared_and_in_which_unit(
    atlas: Path, people: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr("atlaskit.verbs.whole.save_picture", lambda path, axes: drawn.update({path.stem: axes}))
    table = people.assign(sex=np.take(["f", "m", "m", "x", "y"], np.arange(N) // 2 % 5))
    options: dict[str, Any] = {"atlas": atlas, "within": "subject", "structures": ("heart",), "scale": False, **QUICK}
    result = atlaskit.compare(table, "~ sex + group + noise + size", power=True, **options)
    titles = {name: axes.get_figure(root=True).get_suptitle() for name, axes in drawn.items()}
    assert titles["compare_sex_f_m"] == "sex: f to m, n = 4 + 8 subjects"
    assert titles["compare_group"] == "group: ill to well, n = 20 + 20"
    low, high = np.percentile(people["noise"], [5, 95])
    assert titles["compare_noise"] == f"noise: {low:.4g} to {high:.4g} (5th to 95th percentile)"
    assert " px (5th" in titles["compare_size"]
    assert drawn["compare_sex_f_m"].child_axes[0].get_ylabel() == "distance of means (px)"
    assert "compare_sex_power" in drawn and "compare_group_power" not in drawn and list(result.power) == ["sex"]
    assert any("shapes keep their size, of which size is a part" in note for note in result.notes)


def test_tables_and_pictures_of_an_earlier_formula_go(atlas: Path, people: pd.DataFrame) -> None:
    (atlas / "compare").mkdir(exist_ok=True)
    (atlas / "compare" / "mine.csv").touch()
    for formula, left in (("~ age", "map_age"), ("~ noise", "map_noise")):
        result = atlaskit.compare(people, formula, atlas=atlas, average=True, **QUICK)
        assert {path.stem for path in (atlas / "compare").glob("map_*")} == {left}
        assert set(result.pictures) == set((atlas / "figures").glob("compare_*"))
    assert (atlas / "compare" / "mine.csv").exists()
    (atlas / "compare" / "mine.csv").unlink()


def test_means_of_subjects_are_cases_of_their_own(atlas: Path, people: pd.DataFrame) -> None:
    old = people.groupby("subject", as_index=False)["age"].first()
    result = atlaskit.compare(old, "~ age", atlas=atlas, average=True, structures=("lung",), **QUICK)
    assert result.cases == N // 2 and result.table.loc[("cases", "residuals"), "df"] == N // 2 - 2
    assert result.table["p"].droplevel(0)["age"] == 0.01 and not result.found.pairs


def test_power_says_how_many_subjects_a_study_needs(atlas: Path, people: pd.DataFrame) -> None:
    old = people.groupby("subject", as_index=False)["age"].first()
    half = old.assign(old=np.where(old["age"] > old["age"].median(), "old", "young"))
    result = atlaskit.compare(half, "~ old", atlas=atlas, average=True, power=True, **QUICK)
    rows = pd.read_csv(atlas / "compare" / "power_old.csv")
    assert rows["pair"].unique().tolist() == ["old to young"] and rows["power"].iloc[-1] > 0.9
    assert 10 <= (result.power["old"]["old to young"].needed() or 0) <= 200
    assert "power of old, old to young" in str(result) and atlas / "figures" / "compare_old_power.png" in result.pictures


def test_who_does_not_match_is_counted_and_named(atlas: Path, people: pd.DataFrame, tmp_path: Path) -> None:
    table = people.drop(columns="subject").iloc[3:].replace({"case": {"case_20": "nobody"}})
    table.loc[table["case"] == "case_30", "age"] = np.nan
    table["case"] += ".png"
    table.to_csv(tmp_path / "people.csv", index=False)
    result = atlaskit.compare(tmp_path / "people.csv", "~ age", atlas=atlas, within="subject", scale=False, **QUICK)
    words = " ".join(result.notes)
    assert "4 ids not in 'case' of the table: case_00, case_01, case_02, case_20" in words
    assert "1 row of the table match no case with these structures: nobody.png" in words
    assert "1 left out, 1 without age: case_30" in words and result.cases == N - 5


# --- who is compared


def beside(atlas: Path, table: pd.DataFrame, formula: str, *, within: str | None = None, average: bool = False) -> Covariates:
    people = population(atlas / "landmarks.zarr")
    return covariates(people, table, formula, key=None, within=within, average=average, scale=True)


def test_sites_are_set_aside_and_subjects_still_need_a_choice(atlas: Path, people: pd.DataFrame) -> None:
    table = people.assign(site=np.repeat(["north", "south"], N // 2))
    with pytest.raises(InputError, match="take their average, or permute within subject"):
        beside(atlas, table, "~ age", within="site")
    found = beside(atlas, table, "~ age", within="site", average=True)
    assert (len(found.points), found.within, found.between) == (N // 2, "site", False)
    found = beside(atlas, table, "~ age", within="subject")
    assert (len(found.points), found.within, found.between) == (N, "subject", True)


def test_the_subjects_of_a_table_of_cases_are_believed(atlas: Path, people: pd.DataFrame) -> None:
    """Names of files are a guess at whose case it is; a column of the table is not."""
    assert len(beside(atlas, people.assign(subject=people["case"]), "~ group").points) == N
    fours = people.assign(subject=[f"person {k // 4}" for k in range(N)])
    assert len(beside(atlas, fours, "~ age", average=True).points) == N // 4
    known = beside(atlas, fours.assign(subject=[None, *fours["subject"].iloc[1:]]), "~ age", average=True).table
    assert known.index[:2].tolist() == ["subject 0", "person 0"]


def test_a_column_called_size_is_not_taken_for_the_centroid_size(atlas: Path, people: pd.DataFrame) -> None:
    found = beside(atlas, people.assign(size=people["noise"]), "~ log(size)", average=True)
    assert (found.size > 50).all() and "size" not in found.table
    assert any("not the column of that name" in note for note in found.notes)
    unasked = beside(atlas, people.assign(size=1.0), "~ age", average=True).notes
    assert not any("not the column of that name" in note for note in unasked)


@pytest.mark.parametrize(
    ("change", "formula", "options", "words"),
    [
        ({}, "~ group", {}, "take their average, or permute within subject"),
        ({}, "~ grup", {"within": "subject"}, "grup"),
        ({}, "~ age", {"key": "who", "average": True}, "'who' is not"),
        ({}, "~ age", {"within": "subject", "average": True}, "averaged or permuted within it, not both"),
        ({}, "~ group", {"average": True}, "one 'group' to be averaged"),
        ({}, "~ age", {"within": "sight", "average": True}, "'sight' is none"),
        ({"age": "unknown"}, "~ age", {"within": "subject"}, "'age' is unknown in every case"),
        ({"age": "  "}, "~ age", {"within": "subject"}, "none has"),
        (
            {"age": ["60", *["unknown"] * (N - 1)]},
            "~ age",
            {"within": "subject"},
            "numbers as text and words such as 'unknown'",
        ),
        (None, "~ age", {"average": True}, "called case, subject, id or as --id says; it has group, age"),
        ({"case": "x"}, "~ age", {"key": "case", "within": "subject"}, "must have one row"),
    ],
)
def test_what_cannot_be_compared_is_said(
    atlas: Path, people: pd.DataFrame, change: dict[str, Any] | None, formula: str, options: dict[str, Any], words: str
) -> None:
    table = people[["group", "age"]] if change is None else people.assign(**change)
    with pytest.raises(InputError, match=words):
        atlaskit.compare(table, formula, atlas=atlas, **{**QUICK, **options})


def test_how_tables_were_made_is_written_beside_them(atlas: Path, people: pd.DataFrame, tmp_path: Path) -> None:
    people.assign(age=[None, None, *people["age"][2:]]).to_csv(tmp_path / "people.csv", index=False)
    options: dict[str, Any] = {
        "atlas": atlas,
        "structures": ("heart",),
        "average": True,
        "scale": False,
        "kind": "I",
        "seed": 7,
    }
    result = atlaskit.compare(tmp_path / "people.csv", "~ age + log(size)", **options, **QUICK)
    text = (atlas / "compare" / "compare.json").read_text()
    assert str(tmp_path) not in text and str(atlas) not in text, "it says the same wherever it is made"
    assert json.loads(text) == {
        "formula": "~ age + log(size)",
        "type": "I",
        "permutations": 99,
        "seed": 7,
        "cases": N // 2 - 1,
        "structures": ["heart"],
        "unit": "px",
        "allometry_formula": "~ log(size)",
        "table": "people.csv",
        "within": None,
        "average": True,
        "scale": False,
        "notes": list(result.notes),
        "store": "landmarks.zarr",
        "topology_sha256": TOPOLOGY.sha256,
        "created_by": f"atlaskit {atlaskit.__version__}",
    }
    atlaskit.compare(people, "~ age", atlas=atlas, within="subject", **QUICK)
    about = json.loads((atlas / "compare" / "compare.json").read_text())
    assert (about["table"], about["within"], about["allometry_formula"]) == (None, "subject", None)


def test_the_command_says_the_same(atlas: Path, people: pd.DataFrame, tmp_path: Path, command: Callable[..., Any]) -> None:
    people.to_csv(tmp_path / "people.csv", index=False)
    words = ("compare", "--atlas", atlas, "--formula", "~ group", "--within", "subject", "--permutations", "99", "--table")
    document = json.loads(command(*words, tmp_path / "people.csv", "--json").stdout)
    assert document["cases"] == N and "group" in [row["term"] for row in document["anova"]]
    assert len(document["maps"]["group"]) == 24 and document["power"] == {}
    assert "group, two by two" in command(*words, tmp_path / "people.csv").stdout
    assert command(*words, tmp_path / "nothing.csv").is_one_sentence("No table at")
    with pytest.raises(NotFoundError):
        atlaskit.compare(people, "~ group", atlas=tmp_path)
    people.to_csv(tmp_path / "other.csv", index=False, sep=";")
    assert command(*words, tmp_path / "other.csv").is_one_sentence("must have commas between its columns")
    (tmp_path / "empty.csv").touch()
    assert command(*words, tmp_path / "empty.csv").is_one_sentence("must be a CSV")


def test_a_landmark_of_several_structures_is_listed_with_the_first(tmp_path: Path) -> None:
    loops = ((0, 1, 2, 3, 4, 5), (4, 3, 6, 7, 8, 9))
    path, rng = tmp_path / "landmarks.zarr", np.random.default_rng(0)
    cases = [Case(f"c{k:02d}", f"c{k:02d}.png", f"c{k:02d}") for k in range(12)]
    topology = Topology(("left", "right"), loops, levels=1)
    opened = store.open_or_create(path, topology=topology, network_sha256="0", cases=cases, latent_size=2, shard=64)
    points = rng.uniform(0, 50, (10, 2)) + rng.normal(size=(12, 10, 2))
    opened.write_shard(0, {row: {"points": points[row], "status": Status.OK} for row in range(12)})
    table = pd.DataFrame({"case": [case.id for case in cases], "age": rng.normal(size=12)})
    for names in (("left", "right"), ("right", "left")):
        atlaskit.compare(table, "~ age", atlas=tmp_path, structures=names, **QUICK)
        found = pd.read_csv(tmp_path / "compare" / "map_age.csv").set_index("landmark")["structure"]
        assert (found[:6] == "left").all() and (found[6:] == "right").all(), "the first of the store"


# --- tables as they come


def cohort(folder: Path, text: str | bytes) -> Path:
    path = folder / "people.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_column_of_ids_is_the_one_that_knows_the_cases(atlas: Path, people: pd.DataFrame) -> None:
    """An ``id`` of cases beside their ``subject``, and a ``case`` of another numbering."""
    table = people.rename(columns={"case": "id"})[["id", "subject", "group"]]
    assert len(beside(atlas, table, "~ group", within="subject").points) == N
    numbered = table.assign(case=range(N))
    assert len(beside(atlas, numbered, "~ group", within="subject").points) == N
    with pytest.raises(InputError, match=r"none is: cases are like .* name another column \(--id\)"):
        beside(atlas, table.assign(id="x", subject="y").iloc[:1], "~ group")


def test_averaging_says_how_many_became_how_many(atlas: Path, people: pd.DataFrame) -> None:
    assert f"{N} cases were averaged to {N // 2} subjects" in beside(atlas, people, "~ age", average=True).notes


def test_only_what_is_empty_is_missing(tmp_path: Path) -> None:
    words = "id,group,age,sex\nNone,NA,60,\nnan,null,NA,f\nnull,x,,m\nNA,None,7.5,m\n"
    read = read_table(cohort(tmp_path, words), None)
    assert read["id"].tolist() == ["None", "nan", "null", "NA"] and read["group"].tolist() == ["NA", "null", "x", "None"]
    np.testing.assert_array_equal(read["age"], [60, np.nan, np.nan, 7.5])
    assert read["sex"].isna().tolist() == [True, False, False, False]


@pytest.mark.parametrize("text", ["id,g\na,1,\nb,2,\n", " id , g\na,1\nb,2\n", "\ufeffid,g\na,1\nb,2\n", "id,g,\na,1,\nb,2,\n"])
def test_commas_at_ends_and_blanks_around_names_mean_nothing(tmp_path: Path, text: str) -> None:
    read = read_table(cohort(tmp_path, text), None)
    assert read["id"].tolist() == ["a", "b"] and read["g"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id|g\na|1\n", "must have commas between"),
        ("id g\na 1\n", "must have commas between"),
        ("id;g\na;3,5\nb;2,5\n", "must have commas between"),
        ("id,g\na,1\nb,2,5\n", "must have a value for each of its 2 names; row 2 has 3"),
        ('id,g\n"a,1\nb,2\n', "it is not \\(unexpected end"),
        ("id,g,g\na,1,2\n", "must name each column once; g came twice"),
        ("id,g\n".encode("utf-16"), "save it as CSV in UTF-8"),
        ("id,größe\n".encode("latin-1"), "save it as CSV in UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_said(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_table(cohort(tmp_path, text), None)


def test_a_frame_must_name_each_column_once_and_ids_are_asked_for_by_name(atlas: Path, people: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="The table must name each column once; age came twice"):
        read_table(pd.concat([people, people[["age"]]], axis=1), None)
    with pytest.raises(InputError, match="it has ID, age: --id 'ID'"):
        beside(atlas, people.rename(columns={"case": "ID"})[["ID", "age"]], "~ age")
