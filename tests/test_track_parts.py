"""The parts of `track`: roles of structures, groups, views along the long axis, growth, and what earlier runs left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import atlaskit
from atlaskit import ExtractResult
from atlaskit.errors import InputError
from atlaskit.phantom import Phantom
from atlaskit.topology import Topology
from atlaskit.tracking import contrast
from atlaskit.verbs.tracking.comparing import groups_of
from atlaskit.verbs.tracking.masks import planes_of
from atlaskit.verbs.tracking.result import _group_lines
from atlaskit.verbs.tracking.roles import Roles, roles_of
from atlaskit.verbs.tracking.source import read_source

Array = NDArray[np.float64]
Write = Callable[..., Path]
TURN = 2 * np.pi * np.arange(16) / 16
CIRCLE = np.column_stack([np.cos(TURN), np.sin(TURN)])


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
        ({"only": 10}, [], Roles("only", None, True)),
        ({"outer": 15, "inner": 10}, ["cavity=outer"], Roles("outer", None, False)),
        ({"outer": 15, "inner": 10}, ["wall = outer"], Roles("inner", "outer", True)),
        ({"a": 10, "b": 15, "c": 20}, ["wall=c", "cavity=a"], Roles("a", "c", False)),
    ],
)
def test_roles_are_told_or_seen(radius: dict[str, float], texts: list[str], found: Roles) -> None:
    assert roles_of(texts, *circles(**radius)) == found


def test_of_nested_outlines_the_innermost_is_the_cavity_and_the_next_its_wall_in_any_order() -> None:
    radius = {"endo": 10.0, "mid": 13.0, "epi": 16.0, "sac": 30.0}
    for order in permutations(radius):
        topology, points = circles(**{name: radius[name] for name in order})
        assert roles_of([], topology, points) == Roles("endo", "mid", True), order
        assert roles_of(["wall=epi"], topology, points) == Roles("endo", "epi", True), order


def test_the_cavity_has_the_most_outlines_around_it_then_the_greatest_area() -> None:
    radius = {"rv": 8.0, "endo": 5.0, "epi": 7.0, "sac": 40.0}
    for order in permutations(radius):
        topology, points = circles(**{name: radius[name] for name in order})
        points[..., topology.loop_of("rv"), 0] -= 20
        assert roles_of([], topology, points) == Roles("endo", "epi", True), order
        three = topology.only(["rv", "endo", "sac"])
        kept = np.isin(np.arange(64), topology.loop_of("epi"), invert=True)
        assert roles_of([], three, points[..., kept, :]) == Roles("rv", "sac", True), order


def crescent() -> Array:
    """(32, 2) a right ventricle around two thirds of a left one at (50, 50), whose outer radius is 15."""
    turn = np.linspace(-2.1, 2.1, 16)[:, None]
    ray = np.column_stack([np.cos(turn), np.sin(turn)])
    return np.concatenate([16 * ray, 26 * ray[::-1]]) + 50


@pytest.mark.parametrize("names", [("rv", "cavity", "wall"), ("wall", "cavity", "rv"), ("cavity", "wall", "rv")], ids=" ".join)
def test_what_lies_beside_an_outline_is_not_in_it_wherever_its_corners_are(names: tuple[str, ...]) -> None:
    outlines = {"rv": crescent(), "cavity": 10 * CIRCLE + 50, "wall": 15 * CIRCLE + 50}
    ends = np.cumsum([0, *(len(outlines[name]) for name in names)])
    topology = Topology(names, tuple(tuple(range(a, b)) for a, b in pairwise(ends.tolist())), levels=1)
    points = np.tile(np.concatenate([outlines[name] for name in names]), (1, 4, 1, 1))
    assert roles_of([], topology, points) == Roles("cavity", "wall", True)
    kept = np.isin(np.arange(64), topology.loop_of("wall"), invert=True)
    two = topology.only(["rv", "cavity"])
    assert roles_of([], two, points[..., kept, :]) == Roles(two.structures[0], None, True)
    small = np.concatenate([15 * CIRCLE + 50, 4 * CIRCLE + [62, 62]])  # in the corner of the box around the circle
    apex = Topology(("wall", "rv"), (tuple(range(16)), tuple(range(16, 32))))
    assert roles_of([], apex, np.tile(small, (1, 4, 1, 1))) == Roles("wall", None, True)


def test_outlines_that_share_a_valve_plane_are_nested() -> None:
    turn = np.linspace(0, np.pi, 24)[:, None]
    base = np.linspace(-1, 1, 10)[1:-1, None]
    half = np.concatenate([np.column_stack([np.cos(turn), np.sin(turn)]), np.column_stack([base, 0 * base])])
    points = np.concatenate([half * [20, 40], half * [28, 48]]) + 60
    points = points + np.random.default_rng(0).normal(0, 0.5, (3, 20, *points.shape))
    topology = Topology(("epi", "endo"), (tuple(range(32, 64)), tuple(range(32))))
    assert roles_of([], topology, points) == Roles("endo", "epi", True)


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


IDS = {
    "case": [f"P0000{p}_s00{z}_t00{t}" for p in range(3) for z in range(2) for t in range(3)],
    "sequence": [f"P0000{p}_s{z}" for p in range(3) for z in range(2)],
    "study": [f"P0000{p}" for p in range(3)],
}


@pytest.mark.parametrize(
    ("key", "ids"),
    [*IDS.items(), ("subject", IDS["study"]), *(("id", ids) for ids in IDS.values())],
    ids=["case", "sequence", "study", "subject", "id of cases", "id of sequences", "id of studies"],
)
def test_a_table_may_name_cases_sequences_studies_or_subjects(three: Path, key: str, ids: list[str]) -> None:
    table = pd.DataFrame({key: ids, "group": ["ab"[int(name[5]) % 2] for name in ids]})
    source = read_source(three / "landmarks.zarr", table=table)
    assert groups_of(source.table, "group") == {"P00000": "a", "P00001": "b", "P00002": "a"} and source.notes == ()
    assert source.table["group"].tolist() == ["a", "a", "b", "b", "a", "a"]


def test_a_subject_is_of_one_group_and_some_may_have_none(three: Path) -> None:
    table = pd.DataFrame({"sequence": ["P00000_s0", "P00000_s1"], "group": ["a", "b"]})
    with pytest.raises(InputError, match="'P00000' has 2 in 'group'"):
        groups_of(read_source(three / "landmarks.zarr", table=table).table, "group")
    source = read_source(three / "landmarks.zarr", table=table.assign(group="a"))
    assert (
        groups_of(source.table, "group") == {"P00000": "a"} and "4 sequences not in 'sequence' of the table" in source.notes[0]
    )
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
    assert "1 subject without 'group': P00004" in result.notes and len(result.paths) == 3
    with pytest.raises(InputError, match="two have a subject"):
        atlaskit.track(atlas=atlas, table=table.assign(group="all alike"), group="group")


@pytest.mark.usefixtures("tables_only")
def test_pairs_of_phases_have_no_average_beat(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    table = hearts.table
    whole = (table["slice"] == 2) & table["subject"].isin(["P00000", "P00001"])
    pair = (table["slice"] == 2) & (table["subject"] == "P00002") & table["frame"].isin([0, 4])
    gaps = (table["slice"] == 2) & (table["subject"] == "P00003") & table["frame"].isin([0, 4, 11])
    mixed = atlaskit.track(atlas=beating(tmp_path / "mixed", np.flatnonzero(whole | pair | gaps)), cyclic=True)
    assert "2 studies without a whole beat of 8 known frames left out of average beats" in mixed.notes
    average = pd.read_csv(tmp_path / "mixed" / "tracks" / "average.csv")
    assert (average["n"] == 2).all() and len(mixed.function) == 4
    pairs = atlaskit.track(atlas=beating(tmp_path / "pairs", np.flatnonzero(pair | gaps)))
    assert "average" not in {path.stem for path in pairs.tables} and len(pairs.function) == 2


def test_words_of_groups_say_what_so_few_subjects_can_tell() -> None:
    def said(numbers: dict[str, list[float]]) -> str:
        values, group = np.concatenate([*numbers.values()]), [name for name, own in numbers.items() for _ in own]
        return _group_lines(contrast(values, group).assign(index="ef", p_holm=0.14), pd.DataFrame())[0]

    few = {"a": [0.6, 0.5], "b": [0.35, 0.2, 0.3, 0.4]}
    assert said(few).endswith("(p 0.067, the least that 15 ways of dealing 2 and 4 subjects out can give).")
    assert said({"a": [0.1, 0.5], "b": [0.6, 0.2, 0.3, 0.4]}).endswith("2 and 4 subjects out can give 0.067 at least).")
    assert said({"a": [0.6, 0.5], "b": [0.1, 0.2]}).endswith(
        "(p 0.33, the least that 6 ways of dealing 2 and 2 subjects out can give)."
    )
    assert said({"a": [0.6, 0.5, 0.7, 0.8], "b": [0.1, 0.2, 0.3, 0.4]}).endswith("(p 0.029, 0.14 adjusted; 4 and 4 subjects).")
    assert said({"a": [0.6], "b": [0.1]}) == "ejection fraction, a and b: 60.0 and 10.0 % (not tested: one subject each)."


@pytest.mark.usefixtures("tables_only")
def test_one_subject_each_is_not_tested(three: Path, tmp_path: Path) -> None:
    atlas = tmp_path / "atlas"
    shutil.copytree(three, atlas)
    one = pd.DataFrame({"subject": ["P00000", "P00001"], "group": ["a", "b"]})
    result = atlaskit.track(atlas=atlas, table=one, group="group", permutations=19)
    assert result.groups["p"].isna().all() and str(result).count("not tested: one subject each") == len(result.groups) > 0
    assert not len(result.paths)


# --- the masks that a film shows


def test_a_film_shows_the_masks_that_landmarks_came_from(
    atlas: Path, extracted: ExtractResult, planes: tuple[NDArray[np.uint8], ...], ids: tuple[str, ...], tmp_path: Path
) -> None:
    source = read_source(extracted.store, structures=("heart", "left lung"))
    shown = planes_of(source, atlas / "network.pt")
    assert not isinstance(shown, str)
    q, frame = (int(at[0]) for at in np.nonzero(source.cases == ids[6]))
    value = {"left lung": 2, "heart": 3}
    np.testing.assert_array_equal(shown(q, frame), [planes[6] == value[name] for name in source.topology.structures])
    gap = planes_of(replace(source, cases=np.where(source.cases == ids[6], "", source.cases)), atlas / "network.pt")
    assert not isinstance(gap, str) and not gap(q, frame).any() and gap(q, 1 - frame).any()
    gone = planes_of(source, tmp_path / "network.pt")
    assert gone == "the film has no masks: they, or the network of the atlas, are no longer there"


# --- what an earlier run left


def test_what_a_run_does_not_make_an_earlier_one_has_not_left(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    few = hearts.table[(hearts.table["slice"] < 3) & (hearts.table["frame"] % 3 == 0)].index[:24]
    atlas = beating(tmp_path / "atlas", few)
    whose = hearts.table[["subject", "group"]].drop_duplicates()
    first = atlaskit.track(atlas=atlas, table=whose, group="group", surfaces="stl", permutations=19)
    film = atlas / "figures" / "tracks_beat.gif"
    assert film in first.pictures and film.read_bytes()[:3] == b"GIF"
    assert {path.stem for path in first.pictures} >= {"tracks_curves", "tracks_motion", "tracks_studies"}
    assert len(first.surfaces) == 8 and any("film has no masks" in note for note in first.notes)
    mine = atlas / "figures" / "mine.png"
    mine.write_bytes(b"")
    second = atlaskit.track(atlas=atlas, volume="none", segments=0, film=False, structures="cavity")
    made = {path for folder in ("figures", "tracks") for path in (atlas / folder).rglob("*.*") if path.is_file()}
    assert made == {*second.pictures, *second.tables, atlas / "tracks" / "track.json", mine}
    assert {path.stem for path in second.tables} == {"function", "sequences", "frames", "curves"}
    account = json.loads((atlas / "tracks" / "track.json").read_text(encoding="utf-8"))
    assert account["options"]["segments"] == 0 and account["surfaces"] == []
    assert "volumes" not in json.dumps(account["tables"])
    assert not (atlas / "landmarks.zarr" / "tracks" / "volumes").exists()


@pytest.mark.usefixtures("tables_only")
def test_a_wall_that_is_not_drawn_is_missing(beating: Write, outlined: Array, tmp_path: Path) -> None:
    points = outlined.copy()
    points[np.arange(288) % 12 == 5, 32:] = points[np.arange(288) % 12 == 5, :32]  # at end-systole the cavity is all there is
    result = atlaskit.track(atlas=beating(tmp_path / "atlas", range(48), points=points))
    row = result.function.iloc[0]
    assert row["fac"] > 0.5 and row[["thickening", "strain_outer", "thickness_es_mm"]].isna().all()
    assert "no wall is drawn around 'cavity' in 4 frames: 'epi' is missing there" in result.notes
    with pytest.raises(InputError, match="'cavity' is smaller than 'epi': exchange them"):
        atlaskit.track(atlas=tmp_path / "atlas", roles=["cavity=epi", "wall=cavity"])
