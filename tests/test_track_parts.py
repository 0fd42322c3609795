"""The parts of `track`: roles of structures, groups, views along the long axis, growth, and what earlier runs left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import atlaskit
from atlaskit.corpus import Case
from atlaskit.errors import InputError
from atlaskit.phantom import Phantom
from atlaskit.topology import Topology
from atlaskit.verbs.tracking.comparing import groups_of
from atlaskit.verbs.tracking.roles import Roles, roles_of
from atlaskit.verbs.tracking.source import read_source

Array = NDArray[np.float64]
Write = Callable[..., Path]
TURN = 2 * np.pi * np.arange(16) / 16
CIRCLE = np.column_stack([np.cos(TURN), np.sin(TURN)])


@pytest.fixture
def tables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn and the store is left alone, which takes most of the time."""
    monkeypatch.setattr("atlaskit.verbs.track.draw_findings", lambda *_, **__: ((), ()))
    monkeypatch.setattr("atlaskit.verbs.track.write_tracks", lambda *_: None)


# --- roles


def circles(**radius: float) -> tuple[Topology, Array]:
    """Structures by name that are circles about one middle, in four frames of one sequence."""
    points = np.concatenate([r * CIRCLE for r in radius.values()])
    loops = tuple(tuple(range(16 * k, 16 * k + 16)) for k in range(len(radius)))
    return Topology(tuple(radius), loops), np.tile(points + 50, (1, 4, 1, 1))


@pytest.mark.parametrize(
    ("radius", "texts", "found"),
    [
        ({"endo": 10, "epi": 15}, [], Roles("endo", "epi", True)),
        ({"outer": 15, "inner": 10}, [], Roles("inner", "outer", True)),
        ({"only": 10}, [], Roles("only", None, False)),
        ({"outer": 15, "inner": 10}, ["cavity=outer"], Roles("outer", None, False)),
        ({"outer": 15, "inner": 10}, ["wall = outer"], Roles("inner", "outer", True)),
        ({"a": 10, "b": 15, "c": 20}, ["wall=c", "cavity=a"], Roles("a", "c", False)),
    ],
)
def test_roles_are_told_or_seen(radius: dict[str, float], texts: list[str], found: Roles) -> None:
    assert roles_of(texts, *circles(**radius)) == found


def test_structures_beside_each_other_have_no_wall() -> None:
    topology, points = circles(lung=10, heart=15)
    points[..., 16:, 0] += 40
    assert roles_of([], topology, points) == Roles("lung", None, True)
    with pytest.raises(InputError, match="No outline lies inside 'heart'"):
        roles_of(["wall=heart"], topology, points)


def test_a_wall_is_one_in_nearly_every_frame() -> None:
    topology, points = circles(endo=10, epi=15)
    assert roles_of([], topology, np.where(np.arange(4)[:, None, None] == 1, np.nan, points)).wall == "epi"
    points[:, :2, :16] += 30
    assert roles_of([], topology, points) == Roles("endo", None, True)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["cavity"], "--role is ROLE=STRUCTURE"),
        (["atrium=endo"], "ROLE one of cavity, wall"),
        (["cavity="], "--role is"),
        (["cavity=end"], "No structure is called 'end'"),
        (["cavity=endo", "cavity=epi"], "'cavity=epi' is the second"),
        (["cavity=endo", "wall=endo"], "one role"),
    ],
)
def test_roles_that_nothing_can_play_are_refused(texts: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        roles_of(texts, *circles(endo=10, epi=15))


@pytest.mark.usefixtures("tables_only")
def test_the_role_is_what_function_is_of(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", range(24))
    guessed = atlaskit.track(atlas=atlas)
    assert guessed.notes[0] == "the cavity is 'cavity', the outer outline of its wall 'epi': --role says otherwise"
    told = atlaskit.track(atlas=atlas, roles=["cavity=epi"])
    es = hearts.table["es_frame"].iat[0]
    assert told.function["strain"].iat[0] == pytest.approx(hearts.table["epi_strain"].iat[es], abs=1e-4)
    assert "thickening" not in told.function and not any("--role" in note for note in told.notes)
    alone = atlaskit.track(atlas=atlas, structures="epi")
    assert alone.function["strain"].iat[0] == pytest.approx(told.function["strain"].iat[0], abs=1e-6)
    curves = pd.read_csv(atlas / "tracks" / "curves.csv")
    assert curves["structure"].unique().tolist() == ["epi"] and len(curves) == 24


# --- groups, by any column of ids


@pytest.fixture(scope="module")
def three(beating: Write, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas with two slices of three subjects, three frames each; its store is not to be changed."""
    keep = [48 * subject + 12 * z + t for subject in range(3) for z in range(2) for t in range(3)]
    return beating(tmp_path_factory.mktemp("three") / "atlas", keep)


@pytest.mark.parametrize("key", ["case", "sequence", "study", "subject", "id"])
@pytest.mark.parametrize("finest", ["case", "sequence", "subject"])
def test_a_table_may_name_cases_sequences_studies_or_subjects(three: Path, key: str, finest: str) -> None:
    if key not in (finest, "id") and not (key == "study" and finest == "subject"):
        pytest.skip("the column names what its values are")
    ids = {
        "case": [f"P0000{p}_s00{z}_t00{t}" for p in range(3) for z in range(2) for t in range(3)],
        "sequence": [f"P0000{p}_s00{z}" for p in range(3) for z in range(2)],
        "subject": [f"P0000{p}" for p in range(3)],
    }[finest]
    table = pd.DataFrame({key: ids, "group": ["ab"[int(name[5]) % 2] for name in ids]})
    source = read_source(three / "landmarks.zarr", table=table)
    assert groups_of(source.table, "group") == {"P00000": "a", "P00001": "b", "P00002": "a"} and source.notes == ()
    assert source.table["group"].tolist() == ["a", "a", "b", "b", "a", "a"]


def test_a_subject_is_of_one_group_and_some_may_have_none(three: Path) -> None:
    table = pd.DataFrame({"sequence": ["P00000_s0", "P00000_s1"], "group": ["a", "b"]})
    with pytest.raises(InputError, match="'P00000' has 2 in 'group'"):
        groups_of(read_source(three / "landmarks.zarr", table=table).table, "group")
    source = read_source(three / "landmarks.zarr", table=table.assign(group="a"))
    assert groups_of(source.table, "group") == {"P00000": "a"} and "4 ids of cases are not in" in source.notes[0]
    with pytest.raises(InputError, match="did you mean 'group'"):
        groups_of(source.table, "grup")


@pytest.mark.usefixtures("tables_only")
def test_groups_are_compared_where_both_know_a_number(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    whose = hearts.table["subject"].str[-1].astype(int)
    keep = np.flatnonzero((whose < 5) & ((hearts.table["slice"] < 2) | (whose % 2 == 0)))  # the others have no volume
    atlas = beating(tmp_path / "atlas", keep)
    table = hearts.table[["subject", "group"]].drop_duplicates().iloc[:4]
    result = atlaskit.track(atlas=atlas, table=table, group="group", permutations=19)
    assert result.groups["index"].tolist() == ["fac", "strain", "strain_peak", "thickening"]
    assert (result.groups[["n_a", "n_b"]] == 2).all(axis=None) and result.function["ef"].notna().sum() == 3
    assert "1 subjects have no 'group': P00004" in result.notes and len(result.paths) == 3
    with pytest.raises(InputError, match="two have a subject"):
        atlaskit.track(atlas=atlas, table=table.assign(group="all alike"), group="group")


# --- views along the long axis

LONG, WIDE = np.array([45.0, 38.0, 42.0]), {"2CH": np.array([22.0, 15.0, 20.0]), "4CH": np.array([25.0, 17.0, 23.0])}
VOLUME = {
    "biplane": 2 / 3 * np.pi * LONG * WIDE["2CH"] * WIDE["4CH"] / 1000,
    "simpson": 2 / 3 * np.pi * LONG * WIDE["2CH"] ** 2 / 1000,
    "area-length": 2 / 3 * np.pi * LONG * WIDE["2CH"] * WIDE["4CH"] / 1000,
}


def half(long: float, wide: float) -> Array:
    """(64, 2) half an ellipse, apex up, and nine landmarks along its base; the hinges are landmarks 0 and 54."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 55)
    wall = np.column_stack([wide * np.sin(angle), -long * np.cos(angle)])
    base = np.column_stack([np.linspace(wide, -wide, 11)[1:-1], np.zeros(9)])
    return np.concatenate([wall, base]) + [60, 70]


@pytest.fixture(scope="module")
def apical(sequence_store: Write, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half ellipsoids in two views of two hearts, pixels of half a mm; their store is not to be changed."""
    shapes = {f"p{p}_{view}_t{t}": half(LONG[t], WIDE[view][t]) for p in (1, 2) for view in WIDE for t in range(3)}
    cases = [Case(name, "", name[:2]) for name in shapes]
    topology = Topology(("lv",), (tuple(range(64)),))
    points = 2 * np.array(list(shapes.values()))
    return sequence_store(tmp_path_factory.mktemp("apical") / "atlas", points, cases, topology, spacing_mm=0.5)


@pytest.mark.usefixtures("tables_only")
@pytest.mark.parametrize("base", [None, (0, 54)], ids=["seen", "told"])
@pytest.mark.parametrize("convention", ["guideline", "camus"])
@pytest.mark.parametrize(
    ("method", "views"),
    [("biplane", ("2CH", "4CH")), ("area-length", ("2CH", "4CH")), ("simpson", ("2CH",)), ("simpson", ())],
)
def test_half_ellipsoids_have_their_volume(
    apical: Path, method: str, views: tuple[str, ...], convention: str, base: tuple[int, int] | None
) -> None:
    if convention == "camus" and (method != "biplane" or base is None):
        pytest.skip("conventions are of discs in two views")
    result = atlaskit.track(
        atlas=apical, volume=method, views=views, convention=convention, base=base, steady=False, cyclic=False
    )
    true = VOLUME[method] if convention == "guideline" else VOLUME[method] * LONG[0] / LONG
    found = pd.read_csv(apical / "tracks" / "volumes.csv")
    own = found[found["study"].isin(["p1", "p1_2CH"])]
    assert found["study"].nunique() == (4 if not views else 2) and (found["method"] == method).all()
    np.testing.assert_allclose(own["volume_ml"], true, rtol=1e-3)
    row = result.function.query("study == 'p1_2CH'").iloc[0]
    assert row["ef"] == pytest.approx(1 - true[1] / true[0], abs=1e-3) and (row["ed"], row["es"]) == (0, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"volume": "biplane"}, "needs 2 parts of names in --views.*got 0"),
        ({"volume": "biplane", "views": ["2CH"]}, "got 1"),
        ({"volume": "simpson", "views": ["2CH", "4CH"]}, "needs 0 or 1 parts"),
        ({"volume": "biplane", "views": ["2CH", "3CH"]}, "must be alike but for 2CH and 3CH"),
        ({"volume": "simpson", "base": (0, 64)}, "--base is two landmarks of the cavity; 0 and 64"),
        ({"volume": "biplane", "views": ["2CH", "4CH"], "convention": "echo"}, "echo"),
        ({"volume": "slices"}, "distance between slices"),
    ],
)
def test_views_that_do_not_fit_are_refused(apical: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        atlaskit.track(atlas=apical, **options)


def test_views_are_one_slice_of_as_many_frames(three: Path, sequence_store: Write, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is one slice; 'P00000' has more"):
        atlaskit.track(atlas=three, volume="simpson")
    shapes = {f"p_{view}_t{t}": half(LONG[t], WIDE[view][t]) for view in WIDE for t in range(3) if view + str(t) != "4CH2"}
    cases, topology = [Case(name, "", "p") for name in shapes], Topology(("lv",), (tuple(range(64)),))
    atlas = sequence_store(tmp_path / "atlas", np.array(list(shapes.values())), cases, topology, spacing_mm=1.0)
    with pytest.raises(InputError, match="'p_2CH' has 3 and 'p_4CH' has 2"):
        atlaskit.track(atlas=atlas, volume="biplane", views=["2CH", "4CH"])


# --- growth

AGES = (7, 14, 28, 56)


@pytest.fixture
def rats(sequence_store: Write, tmp_path: Path) -> Path:
    """Ellipses of four rats that grow as age to the power of 0.4 and change their shape on the way; one is not whole."""
    points, cases = [], []
    for rat in range(4):
        for age in AGES:
            long = 1 + 0.1 * np.log(age) + 0.02 * rat
            points.append((10 + rat) * age**0.4 * CIRCLE * [1, long] / np.sqrt((1 + long**2) / 2) + 100)
            cases.append(Case(f"rat{rat}_d{age:03d}", "", f"rat{rat}"))
    points.append(np.full((16, 2), np.nan))
    cases.append(Case("rat0_d112", "", "rat0"))
    return sequence_store(tmp_path / "atlas", np.array(points), cases, Topology(("skull",), (tuple(range(16)),)))


@pytest.fixture
def ages(rats: Path) -> pd.DataFrame:
    """When each case was."""
    names = [f"rat{rat}_d{age:03d}" for rat in range(4) for age in AGES]
    return pd.DataFrame({"id": names, "age_days": [age for _ in range(4) for age in AGES], "sex": "m"})


def test_growth_finds_the_power_of_age_and_replaces_what_beats_left(rats: Path, ages: pd.DataFrame) -> None:
    for old in ("tracks/function.csv", "figures/tracks_curves.png", "figures/tracks_beat.gif", "tracks/surfaces/surface_a.ply"):
        (rats / old).parent.mkdir(parents=True, exist_ok=True)
        (rats / old).touch()
    result = atlaskit.track(atlas=rats, table=ages, growth="age_days", permutations=99)
    assert {path.stem for path in result.tables} == {"growth", "growth_subjects", "growth_cases", "growth_shapes"}
    left = {path for path in (rats / "tracks").rglob("*") if path.is_file()}
    assert left == {*result.tables, rats / "tracks" / "track.json"}
    assert sorted((rats / "figures").iterdir()) == sorted(result.pictures) and len(result.pictures) == 2
    tests = result.growth.set_index("of")
    assert (tests["R2"] > 0.9).all() and (tests["p"] <= 0.02).all()
    subjects = pd.read_csv(rats / "tracks" / "growth_subjects.csv")
    np.testing.assert_allclose(subjects["exponent"], 0.4, atol=1e-4)
    assert "Size goes as age_days to the power of 0.400." in str(result) and "16 cases of 4 subjects" in str(result)
    assert any("1 cases without an age or a landmark" in note or "not in 'case'" in note for note in result.notes)
    cases = pd.read_csv(rats / "tracks" / "growth_cases.csv")
    assert len(cases) == 16 and cases["size_px"].iat[3] / cases["size_px"].iat[0] == pytest.approx(8**0.4, rel=1e-4)
    shapes = pd.read_csv(rats / "tracks" / "growth_shapes.csv").groupby("age_days")
    wide = shapes["y_px"].agg(np.ptp) / shapes["x_px"].agg(np.ptp)
    assert wide.is_monotonic_increasing and len(wide) >= 3


@pytest.mark.parametrize(
    ("column", "options", "words"),
    [
        ("age_day", {}, "did you mean 'age_days'"),
        ("sex", {}, "have a number in 'sex'"),
        ("age_days", {"surfaces": "vtk"}, "leave out --group and --surfaces"),
        ("age_days", {"group": "sex"}, "leave out --group and --surfaces"),
    ],
)
def test_growth_needs_ages_alone(rats: Path, ages: pd.DataFrame, column: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        atlaskit.track(atlas=rats, table=ages, growth=column, **options)


# --- what an earlier run left


def test_what_a_run_does_not_make_an_earlier_one_has_not_left(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    few = hearts.table[(hearts.table["slice"] < 3) & (hearts.table["frame"] % 3 == 0)].index[:24]
    atlas = beating(tmp_path / "atlas", few)
    whose = hearts.table[["subject", "group"]].drop_duplicates()
    first = atlaskit.track(atlas=atlas, table=whose, group="group", surfaces="stl", permutations=19)
    film = atlas / "figures" / "tracks_beat.gif"
    assert film in first.pictures and film.read_bytes()[:3] == b"GIF"
    assert {path.stem for path in first.pictures} >= {
        "tracks_curves",
        "tracks_motion",
        "tracks_studies",
        "tracks_average_volume",
    }
    assert len(first.surfaces) == 8 and any("film has no masks" in note for note in first.notes)
    mine = atlas / "figures" / "mine.png"
    mine.write_bytes(b"")
    second = atlaskit.track(atlas=atlas, volume="none", segments=0, film=False, structures="cavity")
    made = {path for folder in ("figures", "tracks") for path in (atlas / folder).rglob("*.*") if path.is_file()}
    assert made == {*second.pictures, *second.tables, atlas / "tracks" / "track.json", mine}
    assert {path.stem for path in second.tables} == {"function", "sequences", "frames", "curves", "average"}
    account = json.loads((atlas / "tracks" / "track.json").read_text(encoding="utf-8"))
    assert account["options"]["segments"] == 0 and account["surfaces"] == []
    assert "volumes" not in json.dumps(account["tables"])
    assert not (atlas / "landmarks.zarr" / "tracks" / "volumes").exists()
