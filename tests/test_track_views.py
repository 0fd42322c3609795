"""Hearts seen along their long axis, whose volumes are those of half ellipsoids; and growth with a known power of age."""

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
from atlaskit.shape import corners
from atlaskit.topology import Topology

Array = NDArray[np.float64]
Write = Callable[..., Path]
TURN = 2 * np.pi * np.arange(16) / 16
CIRCLE = np.column_stack([np.cos(TURN), np.sin(TURN)])


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
@pytest.mark.parametrize(
    ("method", "views", "options"),
    [
        ("biplane", ("2CH", "4CH"), {}),
        ("biplane", ("2CH", "4CH"), {"convention": "camus", "base": (0, 54)}),
        ("area-length", ("2CH", "4CH"), {"base": (54, 0)}),
        ("simpson", ("2CH",), {}),
        ("simpson", (), {"base": (0, 54)}),
    ],
)
def test_half_ellipsoids_have_their_volume(apical: Path, method: str, views: tuple[str, ...], options: dict[str, Any]) -> None:
    result = atlaskit.track(atlas=apical, volume=method, views=views, steady=False, cyclic=False, **options)
    true = VOLUME[method] * (LONG[0] / LONG if "convention" in options else 1)
    found = pd.read_csv(apical / "tracks" / "volumes.csv")
    own = found[found["study"].isin(["p1", "p1_2CH"])]
    assert found["study"].nunique() == (4 if not views else 2) and (found["method"] == method).all()
    np.testing.assert_allclose(own["volume_ml"], true, rtol=1e-3)
    row = result.function[result.function["study"].isin(["p1", "p1_2CH"])].iloc[0]
    assert len(result.function) == (4 if not views else 2 if len(views) == 2 else 4) and row["strain_is"] == "longitudinal"
    assert row["ef"] == pytest.approx(1 - true[1] / true[0], abs=1e-3) and (row["ed"], row["es"]) == (0, 1)


def arc(long: float, wide: float) -> float:
    """The length of half an ellipse without its base."""
    angle = np.linspace(0, np.pi, 20_001)
    return float(np.hypot(np.diff(wide * np.cos(angle)), np.diff(long * np.sin(angle))).sum())


WALL = np.array([8.0, 12.0, 10.0])


@pytest.mark.parametrize("bulge", ["none", "round", "pointed"])
def test_walls_in_views_are_measured_without_their_bases(
    sequence_store: Write, tmp_path: Path, bulge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlaskit.verbs.track.draw_findings", lambda *_, **__: ((), ()))
    steps = np.arange(-4, 5)
    below = {"none": 0 * steps, "round": 30 * np.cos(steps * np.pi / 10), "pointed": 15 - 3 * np.abs(steps)}
    points = []
    for long, wide, wall in zip(LONG, WIDE["4CH"], WALL, strict=True):
        outer = half(long + wall, wide + wall)
        outer[55:, 1] += below[bulge]
        points.append(np.concatenate([half(long, wide), outer[::-1]]))
    own = corners(points[0][64:], [range(64)]).tolist()
    assert {"none": own == [9, 63], "round": len(own) == 1, "pointed": own == [4, 9, 63]}[bulge], own
    topology = Topology(("lv", "epi"), (tuple(range(64)), tuple(range(64, 128))))
    cases = [Case(f"p1_4CH_t{t}", "", "p1") for t in range(3)]
    atlas = sequence_store(tmp_path / "atlas", 2 * np.array(points), cases, topology, spacing_mm=0.5)
    row = atlaskit.track(atlas=atlas, volume="simpson", steady=False, cyclic=False).function.iloc[0]
    inner = np.array([arc(*each) for each in zip(LONG, WIDE["4CH"], strict=True)])
    outer_mm = np.array([arc(*each) for each in zip(LONG + WALL, WIDE["4CH"] + WALL, strict=True)])
    between = np.pi / 2 * ((LONG + WALL) * (WIDE["4CH"] + WALL) - LONG * WIDE["4CH"])
    thickness = 2 * between / (inner + outer_mm)
    assert row["strain"] == pytest.approx(inner[1] / inner[0] - 1, abs=1e-3)
    assert row["strain_outer"] == pytest.approx(outer_mm[1] / outer_mm[0] - 1, abs=1e-3)
    assert row["thickness_ed_mm"] == pytest.approx(thickness[0], rel=2e-3)
    assert row["thickness_es_mm"] == pytest.approx(thickness[1], rel=2e-3)
    segments = pd.read_csv(atlas / "tracks" / "segments.csv").query("frame == 1")
    mirrored = segments[["strain_experimental", "thickening_experimental"]].to_numpy()
    np.testing.assert_allclose(mirrored, mirrored[::-1], atol=1e-5, err_msg="the wall is the same on both sides of the apex")
    assert mirrored[:, 0].mean() == pytest.approx(inner[1] / inner[0] - 1, abs=0.03)
    assert (np.abs(mirrored[:, 1] - 0.5) < 0.05).all(), "of 8 mm to 12 mm, at the hinges too"
    lengths = atlaskit.open(atlas).tracks["length"]
    assert lengths.attrs["description"] == "of the closed outline; of cavity and wall without the valve plane"
    np.testing.assert_allclose(lengths.sel(structure="epi")[0], outer_mm, rtol=1e-3)


@pytest.mark.parametrize(
    ("place", "shown", "words"),
    [((0, -150), 3, "a place beside each hinge of its cavity; 'ra' has none"), ((0, 0), 0, "no frame has it and 'ra'")],
)
def test_a_wall_is_seen_around_its_cavity(
    sequence_store: Write, tmp_path: Path, place: tuple[int, int], shown: int, words: str
) -> None:
    far = np.array([half(60, 60) + place if t < shown else np.full((64, 2), np.nan) for t in range(3)])
    points = np.concatenate([np.array([half(*each) for each in zip(LONG, WIDE["4CH"], strict=True)]), far], axis=1)
    topology = Topology(("lv", "ra"), (tuple(range(64)), tuple(range(64, 128))))
    cases = [Case(f"p1_t{t}", "", "p1") for t in range(3)]
    atlas = sequence_store(tmp_path / "atlas", points, cases, topology, spacing_mm=0.5)
    with pytest.raises(InputError, match=words):
        atlaskit.track(atlas=atlas, volume="simpson", roles=("cavity=lv", "wall=ra"))


@pytest.mark.usefixtures("tables_only")
def test_two_views_are_of_one_subject(sequence_store: Write, tmp_path: Path) -> None:
    shapes = {f"p{p}_{view}_t{t}": half(LONG[t], WIDE[view][t]) for p in range(4) for view in WIDE for t in range(3)}
    cases = [Case(name, "", name.rpartition("_")[0]) for name in shapes]
    topology = Topology(("lv",), (tuple(range(64)),))
    atlas = sequence_store(tmp_path / "atlas", 2 * np.array(list(shapes.values())), cases, topology, spacing_mm=0.5)
    table = pd.DataFrame({"subject": [f"p{p}" for p in range(4)], "group": ["ill", "well"] * 2, "fac": 0.5})
    result = atlaskit.track(atlas=atlas, volume="biplane", views=("2CH", "4CH"), table=table, group="group")
    assert result.function["subject"].tolist() == ["p0", "p1", "p2", "p3"] == result.function["study"].tolist()
    assert (result.groups[["n_a", "n_b"]] == 2).all(axis=None)
    assert (result.function["fac_table"] == 0.5).all() and any("fac_table" in note for note in result.notes)


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


def test_views_are_one_slice(beating: Write, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is one slice; 'P00000' has more"):
        atlaskit.track(atlas=beating(tmp_path / "slices", range(24)), volume="simpson")


@pytest.mark.usefixtures("tables_only")
@pytest.mark.parametrize(("frames", "late", "cyclic"), [(16, 0, True), (24, 7, True), (20, 5, True), (11, 0, False)])
def test_views_of_unlike_beats_meet_at_their_phases(
    sequence_store: Write, tmp_path: Path, frames: int, late: int, cyclic: bool
) -> None:
    def shape(view: str, phase: float) -> Array:
        size = 1 - 0.3 * np.sin(np.pi * phase) ** 2
        return half(45 * size, (22 if view == "2CH" else 25) * size)

    shapes = {f"p_2CH_t{t:02d}": shape("2CH", t / 16) for t in range(16 if cyclic else 9)}  # of one to end-systole
    whole = frames if cyclic else 2 * (frames - 1)
    shapes |= {f"p_4CH_t{t:02d}": shape("4CH", (t - late) / whole) for t in range(frames)}
    cases, topology = [Case(name, "", "p") for name in shapes], Topology(("lv",), (tuple(range(64)),))
    atlas = sequence_store(tmp_path / "atlas", np.array(list(shapes.values())), cases, topology, spacing_mm=1.0)
    result = atlaskit.track(atlas=atlas, volume="biplane", views=["2CH", "4CH"], cyclic=cyclic, steady=False, base=(0, 54))
    row = result.function.iloc[0]
    assert row["edv_ml"] == pytest.approx(2 / 3 * np.pi * 45 * 22 * 25 / 1000, rel=2e-3)
    assert row["ef"] == pytest.approx(1 - 0.7**3, abs=2e-3)
    true = 2 / 3 * np.pi * 45 * 22 * 25 / 1000 * (1 - 0.3 * np.sin(np.pi * np.arange(16 if cyclic else 9) / 16) ** 2) ** 3
    found = pd.read_csv(atlas / "tracks" / "volumes.csv")["volume_ml"]
    np.testing.assert_allclose(found, true, rtol=0.02)  # between frames on straight lines
    words = "the second view is brought to the phases of the first in p, as they are of unlike beats"
    assert (words in result.notes) is ((frames, late) != (16, 0))


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
    assert "outlier_threshold" not in json.loads((rats / "tracks" / "track.json").read_text(encoding="utf-8"))
    assert sorted((rats / "figures").iterdir()) == sorted(result.pictures) and len(result.pictures) == 2
    tests = result.growth.set_index("of")
    assert (tests["R2"] > 0.9).all() and (tests["R2_within"] > 0.99).all() and (tests["p"] <= 0.02).all()
    subjects = pd.read_csv(rats / "tracks" / "growth_subjects.csv")
    np.testing.assert_allclose(subjects["exponent"], 0.4, atol=1e-4)
    assert subjects["size_px"].is_monotonic_increasing and "size" not in subjects
    assert "age_days to the power of 0.400: log age_days explains 100.0 % of the variation of log size within" in str(result)
    of_all = 100 * tests.loc["log size", "R2"]
    assert of_all < 98 and f"which is {of_all:.1f} % of all, differences between subjects included" in str(result)
    assert "16 cases of 4 subjects: log age_days explains" in str(result)
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
        ("sex", {}, "Column 'sex' must hold finite numbers above 0, or nothing; it holds m for 'rat0_d007': mend it"),
        ("age_days", {"surfaces": "vtk"}, "leave out --surfaces"),
        ("age_days", {"group": "sex", "roles": []}, r"leave out --group\."),
    ],
)
def test_growth_needs_ages_alone(rats: Path, ages: pd.DataFrame, column: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        atlaskit.track(atlas=rats, table=ages, growth=column, **options)


@pytest.mark.parametrize(("odd", "said"), [("unknown", "unknown"), ("1,5", "1,5"), ("inf", "inf"), (0, "0"), (-3, "-3")])
def test_an_age_that_is_none_is_refused_and_one_that_is_missing_is_not(
    rats: Path, ages: pd.DataFrame, tmp_path: Path, odd: object, said: str
) -> None:
    table = ages.astype({"age_days": object})
    table.loc[6, "age_days"] = odd
    table.to_csv(tmp_path / "ages.csv", index=False)
    words = rf"'age_days' must hold finite numbers above 0.* it holds {said}\S* for 'rat1_d028'"
    for given in (table, tmp_path / "ages.csv"):
        with pytest.raises(InputError, match=words):
            atlaskit.track(atlas=rats, table=given, growth="age_days", permutations=19)
    table.loc[6, "age_days"] = None
    result = atlaskit.track(atlas=rats, table=table, growth="age_days", permutations=19)
    assert "2 cases without an age or a landmark are left out" in result.notes


@pytest.mark.parametrize("name", ["size", "size_px", "landmark", "x_px", "shape_y", "subject_age", "growth"])
def test_ages_are_never_overwritten(rats: Path, ages: pd.DataFrame, name: str) -> None:
    result = atlaskit.track(atlas=rats, table=ages.rename(columns={"age_days": name}), growth=name, permutations=19)
    made = name if name in ("subject_age", "growth") else f"{name}_table"
    cases, shapes = (pd.read_csv(rats / "tracks" / f"growth_{part}.csv") for part in ("cases", "shapes"))
    assert cases[made].tolist() == ages["age_days"].tolist() and cases["size_px"].max() < 1000
    assert shapes[made].nunique() == 7 and shapes["landmark"].nunique() == 16
    note = f"column {name} of the table is called {made}, as track has its own"
    assert (note in result.notes) == (made != name)


@pytest.mark.parametrize("column", ["frame", "time_ms"])
def test_ages_may_be_frames_and_times(rats: Path, ages: pd.DataFrame, column: str) -> None:
    plain = atlaskit.track(atlas=rats, table=ages, growth="age_days", permutations=19)
    named = atlaskit.track(atlas=rats, table=ages.rename(columns={"age_days": column}), growth=column, permutations=19)
    pd.testing.assert_frame_equal(plain.growth, named.growth)


def test_growth_needs_subjects_of_two_ages(rats: Path, ages: pd.DataFrame) -> None:
    words = "two ages or more, but none of 16 has two: say who is who in a column subject of the table"
    with pytest.raises(InputError, match=words):
        atlaskit.track(atlas=rats, table=ages.assign(subject=ages["id"]), growth="age_days")
    with pytest.raises(InputError, match="none of 4 has two"):
        atlaskit.track(atlas=rats, table=ages.assign(age_days=7), growth="age_days")
