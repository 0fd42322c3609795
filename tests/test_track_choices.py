"""What `track` is asked for changes what it says it changes: gaps, jumps, smoothing, slices, roles, beats and units."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr
from numpy.typing import NDArray

import atlaskit
from atlaskit.corpus import Case
from atlaskit.errors import InputError
from atlaskit.phantom import Phantom
from atlaskit.topology import Topology
from atlaskit.tracking.jumps import THRESHOLD

pytestmark = pytest.mark.usefixtures("tables_only")
Array = NDArray[np.float64]
Write = Callable[..., Path]
FIRST = range(48)
"""The four slices of the first subject."""


def read(atlas: Path, name: str) -> pd.DataFrame:
    """A table that a run wrote."""
    return pd.read_csv(atlas / "tracks" / f"{name}.csv")


# --- gaps and jumps


def test_gaps_stay_gaps_and_are_counted(beating: Write, tmp_path: Path) -> None:
    kept = [row for row in FIRST if row not in (14, 15, 30)]
    atlas = beating(tmp_path / "atlas", kept, rejected=["P00000_s003_t007"])
    result = atlaskit.track(atlas=atlas)
    assert (result.counts["frames"], result.counts["gaps"], result.counts["interpolated"]) == (44, 4, 0)
    assert "44 frames, 4 missing" in str(result)
    frames, curves = read(atlas, "frames"), read(atlas, "curves")
    gaps = frames[frames["gap"]]
    assert gaps[["slice", "frame"]].to_numpy().tolist() == [[1, 2], [1, 3], [2, 6], [3, 7]] and gaps["case"].isna().all()
    assert gaps["time_ms"].notna().all() and gaps[["thickness_mm", "displacement_mm"]].isna().all(axis=None)
    missing = curves[curves["area_mm2"].isna()]
    assert len(missing) == 8 and missing[["length_mm", "strain"]].isna().all(axis=None)
    assert read(atlas, "sequences")["gaps"].tolist() == [0, 2, 1, 1]
    assert result.function["ef"].iat[0] == pytest.approx(0.555, abs=0.01)  # slices are interpolated for volumes


def test_fill_fills_short_gaps_and_marks_them(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    kept = [row for row in FIRST if row not in (14, 26, 27, 28, 29)]
    atlas = beating(tmp_path / "atlas", kept)
    result = atlaskit.track(atlas=atlas, fill=2)
    assert (result.counts["gaps"], result.counts["interpolated"]) == (5, 1) and "5 missing (1 filled in)" in str(result)
    frames = read(atlas, "frames")
    assert frames.loc[frames["interpolated"], ["slice", "frame", "gap"]].to_numpy().tolist() == [[1, 2, True]]
    cavity = read(atlas, "curves").query("structure == 'cavity'").set_index(["slice", "frame"])["area_mm2"]
    assert cavity.loc[1, 2] / hearts.spacing_mm[0] ** 2 == pytest.approx(hearts.table["cavity_area"].iat[14], rel=0.02)
    assert cavity.isna().sum() == 4


def test_a_frame_that_lacks_the_cavity_is_a_gap(beating: Write, outlined: Array, tmp_path: Path) -> None:
    points = outlined.copy()
    points[14, :32], points[27, 32:] = np.nan, np.nan
    atlas = beating(tmp_path / "atlas", FIRST, points=points)
    assert atlaskit.track(atlas=atlas).counts["gaps"] == 1
    assert read(atlas, "frames").query("gap")[["slice", "frame"]].to_numpy().tolist() == [[1, 2]]
    row = read(atlas, "curves").query("slice == 1 and frame == 2").set_index("structure")["area_mm2"]
    assert np.isnan(row["cavity"]) and row["epi"] > 0


@pytest.mark.parametrize("lost", [(0,), (9, 10, 11)])
def test_rejected_frames_at_an_end_are_gaps(beating: Write, hearts: Phantom, lost: tuple[int, ...], tmp_path: Path) -> None:
    table = hearts.table.iloc[list(FIRST)]
    gone = table.loc[table["frame"].isin(lost), "case"].tolist()
    atlas = beating(tmp_path / "atlas", FIRST, rejected=gone)
    result = atlaskit.track(atlas=atlas, cyclic=True)
    assert read(atlas, "sequences")[["frames", "gaps"]].to_numpy().tolist() == [[12, len(lost)]] * 4
    frames = read(atlas, "frames").query("slice == 1")
    assert frames["frame"].tolist() == list(range(12)) and frames.loc[frames["gap"], "frame"].tolist() == list(lost)
    np.testing.assert_allclose(np.diff(frames["time_ms"]), table["time_ms"].iat[1], rtol=1e-6)
    assert result.function["beats_per_minute"].iat[0] == pytest.approx(60_000 / (12 * table["time_ms"].iat[1]))


def test_empty_frames_of_a_file_are_gaps(beating: Write, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", [row for row in FIRST if row % 12 not in (10, 11)], frame_count=12)
    atlaskit.track(atlas=atlas)
    assert read(atlas, "sequences")[["frames", "gaps"]].to_numpy().tolist() == [[12, 2]] * 4


def test_what_was_rejected_may_be_called_anything(
    sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    names = [*(f"P0_t{k:02d}" for k in range(12)), "overview", "made_t20261129235959", "P0_t03_again"]
    cases = [Case(name, "", "P0") for name in names]
    atlas = sequence_store(tmp_path / "atlas", outlined[:15], cases, nested, rejected=names[12:])
    for pattern in (None, r"^(?P<subject>P0)_t(?P<frame>\d+)$"):
        result = atlaskit.track(atlas=atlas, pattern=pattern)
        assert (result.counts["frames"], result.counts["gaps"]) == (12, 0)


def test_a_frame_of_another_slice_is_unlike_its_neighbours(beating: Write, outlined: Array, tmp_path: Path) -> None:
    points = outlined.copy()
    points[12 + 8] = points[36 + 8]
    atlas = beating(tmp_path / "atlas", FIRST, points=points)
    result = atlaskit.track(atlas=atlas)
    frames = read(atlas, "frames")
    assert frames.loc[frames["outlier"], ["slice", "frame"]].to_numpy().tolist() == [[1, 8]] and result.counts["outliers"] == 1
    assert frames["outlier_score"].idxmax() == frames.index[frames["outlier"]][0]
    assert frames.loc[frames["outlier"], "outlier_of"].tolist() == ["epi size"]
    account = json.loads((atlas / "tracks" / "track.json").read_text(encoding="utf-8"))
    assert (frames["outlier_score"].max() > account["outlier_threshold"]) and account["outlier_threshold"] == THRESHOLD
    assert frames.loc[~frames["outlier"], "outlier_score"].max() < THRESHOLD
    assert "1 unlike their neighbours" in str(result)


@pytest.mark.parametrize(("structure", "shift", "of"), [(0, [0, 6], "cavity y"), (1, [6, 0], "epi x")])
def test_what_is_unlike_is_named(
    beating: Write, outlined: Array, tmp_path: Path, structure: int, shift: list[int], of: str
) -> None:
    points = outlined.copy()
    points[20, 32 * structure : 32 * structure + 32] += shift
    atlas = beating(tmp_path / "atlas", [row for row in FIRST if row != 30], points=points)
    atlaskit.track(atlas=atlas, smooth="savgol")
    frames = read(atlas, "frames").set_index(["slice", "frame"])
    assert frames.loc[(1, 8), "outlier_of"] == of and frames.loc[(1, 8), "outlier"]
    assert frames["outlier_of"].isna().sum() == 1 and np.isnan(frames.loc[(2, 6), "outlier_score"])


def test_smoothing_says_what_it_changes(beating: Write, outlined: Array, tmp_path: Path) -> None:
    rough = outlined + np.random.default_rng(0).normal(0, 0.2, outlined.shape)
    atlas = beating(tmp_path / "atlas", FIRST, points=rough)
    atlaskit.track(atlas=atlas, steady=False)
    before = read(atlas, "sequences")
    assert (before[["moved_rms_mm", "moved_area_change"]] == 0).all(axis=None)
    areas = read(atlas, "curves")["area_mm2"]
    for method in ("fourier", "savgol", "rts"):
        result = atlaskit.track(atlas=atlas, steady=False, smooth=method)
        after = read(atlas, "sequences")
        assert (after["jitter_across_mm"] < before["jitter_across_mm"]).all(), method
        assert (after["moved_rms_mm"] > 0).all() and (after["moved_most_mm"] > after["moved_rms_mm"]).all()
        changed = (read(atlas, "curves")["area_mm2"] / areas - 1).abs().groupby(read(atlas, "curves")["slice"]).max()
        np.testing.assert_allclose(after["moved_area_change"], changed, rtol=1e-4)
        assert any(f"areas by {100 * changed.max():.3g} % at most, in P00000_s00" in note for note in result.notes)


def test_steadying_takes_jitter_along_the_outlines(beating: Write, outlined: Array, tmp_path: Path) -> None:
    along = np.roll(outlined.reshape(-1, 2, 32, 2), -1, axis=2).reshape(outlined.shape) - outlined
    slid = outlined + along * np.random.default_rng(0).uniform(-0.3, 0.3, (len(outlined), 1, 1))
    atlas = beating(tmp_path / "atlas", FIRST, points=slid)
    strain = atlaskit.track(atlas=atlas).function["strain"].iat[0]
    found = read(atlas, "sequences")
    assert (found["jitter_along_mm"] < 0.6 * found["jitter_along_before_mm"]).all()
    assert found["moved_area_change"].max() < 0.01 and strain == pytest.approx(-0.3327, abs=0.005)


def test_drift_is_kept_or_taken_away(beating: Write, outlined: Array, whole: Path, tmp_path: Path) -> None:
    drift = np.sin(2 * np.pi * np.arange(len(outlined)) / 12)[:, None, None] * [3.0, 0.0]
    atlas = beating(tmp_path / "atlas", FIRST, points=outlined + drift)
    found = {}
    for name, folder, kept in (("still", whole, True), ("kept", atlas, True), ("gone", atlas, False)):
        atlaskit.track(atlas=folder, steady=False, keep_drift=kept)
        found[name] = read(folder, "frames")
    assert found["kept"]["displacement_mm"].max() > found["still"]["displacement_mm"].max() + 0.5
    np.testing.assert_allclose(found["gone"]["displacement_mm"], found["still"]["displacement_mm"], atol=0.1)
    np.testing.assert_allclose(found["gone"]["drift_x_mm"], np.tile(drift[:12, 0, 0], 4) * 140 / 64, atol=0.05)


@pytest.mark.parametrize("smooth", ["none", "fourier"])
def test_a_beat_that_drifts_closes_in_shape_alone(
    beating: Write, outlined: Array, whole: Path, smooth: str, tmp_path: Path
) -> None:
    frame = np.arange(len(outlined))[:, None, None] % 12
    atlas = beating(tmp_path / "atlas", FIRST, points=outlined + frame * [1.5, -0.5])
    found = {}
    for name, folder in (("still", whole), ("away", atlas)):
        strain = atlaskit.track(atlas=folder, smooth=smooth, drop_outliers=True).function["strain"].iat[0]
        found[name] = read(folder, "curves"), read(folder, "frames"), strain
        assert read(folder, "sequences")["closes"].tolist() == [name == "still"] * 4
    assert found["away"][1]["outlier"].sum() == found["still"][1]["outlier"].sum() == 0
    np.testing.assert_allclose(found["away"][0]["area_mm2"], found["still"][0]["area_mm2"], rtol=0.01)
    assert found["away"][2] == pytest.approx(found["still"][2], abs=2e-3)
    np.testing.assert_allclose(found["away"][1]["drift_x_mm"], 1.5 * frame[:48, 0, 0] * 140 / 64, atol=0.05)
    assert read(atlas, "average").groupby("curve")["n"].min().eq(1).all()


def test_nothing_rests_on_frames_unlike_their_neighbours(beating: Write, outlined: Array, whole: Path, tmp_path: Path) -> None:
    points = outlined.copy()
    middle = points[12 + 9].reshape(2, 32, 2).mean(1).repeat(32, axis=0)
    points[12 + 9] = middle + 0.4 * (points[12 + 9] - middle)  # smaller than at end-systole, in frame 5
    kept = [row for row in FIRST if row != 12 + 10]
    atlas = beating(tmp_path / "atlas", kept, points=points)
    true = atlaskit.track(atlas=whole).function.iloc[0]
    row = atlaskit.track(atlas=atlas, fill=1).function.iloc[0]
    assert (row["ed"], row["es"]) == (true["ed"], true["es"]) == (0, 5)
    frames = read(atlas, "frames").query("slice == 1").set_index("frame")
    assert frames.index[frames["outlier"]].tolist() == [9] and frames.index[frames["interpolated"]].tolist() == []
    areas = {name: read(folder, "curves").query("slice == 1 and structure == 'cavity'").set_index("frame")["area_mm2"]
             for name, folder in (("true", whole), ("found", atlas))}  # fmt: skip
    assert areas["found"][9] < 0.2 * areas["true"][9]
    atlaskit.track(atlas=atlas, smooth="rts")
    smooth = read(atlas, "curves").query("slice == 1 and structure == 'cavity'").set_index("frame")["area_mm2"]
    np.testing.assert_allclose(smooth[[7, 8, 11]], areas["true"][[7, 8, 11]], rtol=0.05)
    assert smooth[9] == areas["found"][9] and np.isnan(smooth[10])


def test_displacement_starts_at_the_reference(whole: Path) -> None:
    atlaskit.track(atlas=whole, reference=3)
    still = read(whole, "frames").query("frame == 3")["displacement_mm"]
    assert (still == 0).all() and (read(whole, "frames").query("frame == 0")["displacement_mm"] > 0).all()


def test_the_reference_is_a_frame_by_its_own_number(beating: Write, tmp_path: Path) -> None:
    late = beating(tmp_path / "late", [row for row in range(96) if row % 12 >= (3 if row < 48 else 5)])
    atlaskit.track(atlas=late, reference=6)
    still = read(late, "frames").query("displacement_mm == 0")
    assert len(still) == 8 and (still["frame"] == 6).all()
    with pytest.raises(InputError, match="number of a frame of every study; 'P00001' has no outline in 4, but in 5 to 11:"):
        atlaskit.track(atlas=late, reference=4)
    gap = beating(tmp_path / "gap", [row for row in FIRST if row % 12 != 4])
    with pytest.raises(InputError, match="'P00000' has no outline in 4, but in 0 to 11"):
        atlaskit.track(atlas=gap, reference=4)


# --- slices and sizes


@pytest.fixture(scope="module")
def closed(beating: Write, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas whose second slice of four has no outlines at end-systole and after."""
    return beating(tmp_path_factory.mktemp("closed") / "atlas", [row for row in FIRST if row not in (17, 18)])


SHARES = 1 - 0.64 * np.array([1, 3, 5, 7]) ** 2 / 64
SECOND = SHARES[1] / SHARES.sum()
"""What part of the volume is in the second slice."""
BETWEEN = (SHARES[0] + SHARES[2]) / 2 / SHARES.sum()
"""What part a straight line between its neighbours has."""


@pytest.mark.parametrize(
    ("missing", "at_ed", "at_es", "filled", "words"),
    [
        ("refuse", 1, np.nan, 0, None),
        ("interpolate", 1, 1 - SECOND + BETWEEN, 1, "2 areas of slices were interpolated and 0 taken as 0"),
        ("zero", 1, 1 - SECOND, 0, "0 areas of slices were interpolated and 2 taken as 0"),
        ("common", 1 - SECOND, 1 - SECOND, 0, None),
    ],
)
def test_a_slice_without_an_outline_counts_as_asked(
    closed: Path, whole: Path, missing: str, at_ed: float, at_es: float, filled: int, words: str | None
) -> None:
    true = atlaskit.track(atlas=whole, steady=False).function.iloc[0]
    result = atlaskit.track(atlas=closed, steady=False, missing=missing)
    found = result.function.iloc[0]
    assert found["edv_ml"] / true["edv_ml"] == pytest.approx(at_ed, rel=1e-6)
    assert found["esv_ml"] / true["esv_ml"] == pytest.approx(at_es, rel=1e-6, nan_ok=True)
    assert found["slices_interpolated"] == filled
    notes = [note for note in result.notes if "areas of slices" in note]
    assert notes == ([f"for volumes, {words}, of 48 in all frames (--missing)"] if words else [])
    left_out = any("come and go are left out of the volumes of P00000" in note for note in result.notes)
    assert found["slices_left_out"] == left_out == (missing == "common")


def test_without_sizes_there_are_no_volumes(beating: Write, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", FIRST, spacing_mm=np.nan)
    result = atlaskit.track(atlas=atlas)
    assert result.unit == "px" and "ef" not in result.function and not (atlas / "tracks" / "volumes.csv").exists()
    assert any(
        "the size of a pixel is unknown (--spacing-mm, or a column spacing_mm of the table)" in note for note in result.notes
    )
    assert "area_px2" in read(atlas, "curves") and "thickness_ed_px" in result.function
    with pytest.raises(InputError, match=r"Volumes are in ml, but the size .* give --spacing-mm, or a column spacing_mm"):
        atlaskit.track(atlas=atlas, volume="slices")
    with pytest.raises(InputError, match="Surfaces are in mm, but the size of a pixel is unknown: give --spacing-mm"):
        atlaskit.track(atlas=atlas, surfaces="vtk")
    with pytest.raises(InputError, match="pixel size of every case"):
        atlaskit.track(atlas=atlas, unit="mm")
    told = atlaskit.track(atlas=atlas, spacing_mm=140 / 64, slice_mm=8.0)
    assert told.function["edv_ml"].iat[0] == pytest.approx(52.37, abs=0.01)


@pytest.mark.parametrize("old", [False, True], ids=["unknown", "an old store"])
def test_without_the_distance_between_slices_there_are_no_volumes(beating: Write, old: bool, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", FIRST, slice_mm=np.nan)
    if old:
        del zarr.open_group(atlas / "landmarks.zarr", mode="r+")["slice_mm"]
    result = atlaskit.track(atlas=atlas)
    assert "ef" not in result.function and any("--slice-mm" in note for note in result.notes)
    for asked in ({"volume": "slices"}, {"surfaces": "vtk"}):
        with pytest.raises(InputError, match="distance between slices must be known; that of 'P00000' is not: give --slice-mm"):
            atlaskit.track(atlas=atlas, **asked)
    table = pd.DataFrame({"subject": ["P00000"], "slice_mm": [8.0]})
    assert atlaskit.track(atlas=atlas, table=table).function["ef"].iat[0] == pytest.approx(0.5547, abs=1e-3)


def test_columns_of_a_table_are_not_taken_for_sizes_by_accident(whole: Path) -> None:
    plain = atlaskit.track(atlas=whole, segments=0)
    table = pd.DataFrame({"subject": ["P00000"], "spacing_x": [7.0], "spacing_y": [9.0]})
    told = atlaskit.track(atlas=whole, segments=0, table=table)
    assert told.function["edv_ml"].tolist() == plain.function["edv_ml"].tolist()
    assert read(whole, "sequences")["spacing_x"].eq(7).all(), "it stays a column of the user's"


def test_landmarks_at_infinity_are_missing(beating: Write, outlined: Array, tmp_path: Path) -> None:
    points = outlined.copy()
    points[5, 3, 0], points[6, 4] = np.inf, -np.inf
    gaps = outlined.copy()
    gaps[5, 3], gaps[6, 4] = np.nan, np.nan
    found = []
    for name, landmarks in (("infinite", points), ("missing", gaps)):
        atlas = beating(tmp_path / name, FIRST, points=landmarks)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            atlaskit.track(atlas=atlas)
        found.append(read(atlas, "curves"))
    pd.testing.assert_frame_equal(*found)
    assert np.isnan(found[0].query("slice == 0 and frame == 5").set_index("structure")["area_mm2"]["cavity"])


@pytest.mark.parametrize("collapsed", [slice(5, 6), slice(None)], ids=["one", "all"])
def test_outlines_that_enclose_nothing_are_missing(
    beating: Write, outlined: Array, tmp_path: Path, collapsed: slice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # pictures too
    points = outlined.copy()
    points[collapsed, :32] = points[collapsed, :1]
    points[7, 32:, 1] = 0.5 * points[7, 32:, 0]  # on a line
    atlas = beating(tmp_path / "atlas", FIRST, points=points)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = atlaskit.track(atlas=atlas, film=False)
    empty = len(range(48)[collapsed]) + 1
    assert f"{empty} outlines that enclose nothing count as missing" in result.notes
    assert int(read(atlas, "curves")["area_mm2"].isna().sum()) == empty


def test_short_studies_are_smoothed_by_what_suits_them(beating: Write, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", range(5))
    with pytest.raises(InputError, match="--smooth savgol needs 7 frames of every study; 'P00000' has 5: take --smooth rts"):
        atlaskit.track(atlas=atlas, smooth="savgol")
    assert atlaskit.track(atlas=atlas, smooth="rts").counts["frames"] == 5


def test_times_increase_or_are_told(whole: Path) -> None:
    table = pd.DataFrame({"case": ["P00000_s001_t004"], "time_ms": [10.0]})
    with pytest.raises(InputError, match=r"of 'P00000_s001' frame 3 is at .* ms and frame 4 is at 10 ms: give --frame-ms"):
        atlaskit.track(atlas=whole, table=table)
    assert atlaskit.track(atlas=whole, table=table, frame_ms=40.0).counts["frames"] == 48


def test_two_slices_have_a_volume_only_where_it_is_asked_for(beating: Write, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", range(24))
    assert "ef" not in atlaskit.track(atlas=atlas).function
    assert atlaskit.track(atlas=atlas, volume="slices").function["ef"].iat[0] == pytest.approx(0.5547, abs=1e-3)
    assert "ef" not in atlaskit.track(atlas=atlas, volume="none").function


def test_slices_of_a_study_are_equally_far_apart(whole: Path) -> None:
    table = pd.DataFrame({"sequence": ["P00000_s1", "P00000_s2"], "slice_mm": [8.0, 10.0]})
    for asked in ({"volume": "slices"}, {"surfaces": "vtk"}):
        with pytest.raises(InputError, match="equally far apart; 'P00000' has 8 to 10 mm"):
            atlaskit.track(atlas=whole, table=table, **asked)
    result = atlaskit.track(atlas=whole, table=table)
    assert "ef" not in result.function and any("equally far apart" in note for note in result.notes)


# --- what is refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"smooth": "fourrier"}, "did you mean 'fourier'"),
        ({"fill": -1}, "--fill must be a whole number of 0 or more; got -1"),
        ({"fill": None}, "--fill must be a whole number of 0 or more; got None"),
        ({"fill": 1.5}, "--fill must be a whole number of 0 or more; got 1.5"),
        ({"segments": -1}, "--segments must be a whole number of 0"),
        ({"permutations": 18}, "--permutations must be a whole number of 19 or more; got 18"),
        ({"seed": -1}, "--seed must be a whole number of 0"),
        ({"reference": -1}, "--reference must be a whole number of 0"),
        ({"unit": "furlong"}, "--unit is one of auto, px, mm; got 'furlong'"),
        ({"convention": "camas"}, "--convention is one of guideline, camus; got 'camas': did you mean 'camus'"),
        ({"volume": "biplane", "views": ["2CH"]}, "--volume biplane needs 2 parts of names in --views, .* got 1"),
        ({"volume": "biplane", "views": ["2CH", "2CH"]}, "got '2CH' twice"),
        ({"views": ["2CH", "4CH"]}, "ask for one of these with --volume; got auto"),
        (
            {"convention": "camus"},
            "--convention is of volumes by biplane: ask for one with --volume, or leave it out; got auto",
        ),
        ({"convention": "camus", "volume": "area-length", "views": ["2CH", "4CH"]}, "leave it out; got area-length"),
        ({"missing": "zero", "volume": "simpson"}, "--missing is of volumes by auto, slices: ask for one .* got simpson"),
        ({"missing": "refuse", "volume": "none"}, "or leave it out; got none"),
        ({"growth": "age", "missing": "zero", "volume": "none"}, "leave out --volume, --missing"),
        ({"base": (1, 2, 3)}, "--base is two landmarks"),
        ({"base": 3}, "--base is two landmarks"),
        (
            {"reference": 12},
            "--reference is the number of a frame of every study; 'P00000' has no outline in 12, but in 0 to 11: name another",
        ),
        (
            {"smooth": "fourier", "cyclic": False},
            "--smooth fourier .*; 1 of 1 studies are not seen to, such as 'P00000': say --cyc",
        ),
        ({"table": [1]}, "--table is the path of a CSV, or a DataFrame; got a list"),
        ({"growth": "age", "smooth": "rts", "fill": 2}, "--growth takes the place of beats, .* leave out --smooth, --fill\\."),
        (
            {"growth": "age", "roles": ("cavity=epi",), "cyclic": False, "reference": 0},
            "leave out --role, --cyclic/--open, --reference\\.",
        ),
        ({"surfaces": "obj"}, "vtk, ply, stl"),
        ({"volume": "slice"}, "did you mean 'slices'"),
        ({"volume": "slices", "missing": "zeros"}, "--missing is one of .*; got 'zeros': did you mean 'zero'"),
        ({"show": "P0"}, "name of a sequence"),
        ({"roles": ["cavity"]}, "ROLE=STRUCTURE"),
        ({"group": "sex"}, "--group is a column"),
        ({"growth": "age"}, "--growth is a column"),
        ({"structures": ["cavty"]}, "cavity"),
        ({"frame_ms": -5.0}, "--frame-ms must be a finite number above 0; got -5"),
        ({"spacing_mm": 0.0}, "--spacing-mm must be a finite number above 0; got 0"),
        ({"slice_mm": np.nan}, "--slice-mm must be a finite number above 0; got nan"),
        ({"slice_mm": np.inf}, "--slice-mm must be a finite number above 0; got inf"),
        ({"frame_ms": "fast"}, "--frame-ms must be a finite number above 0; got fast"),
        ({"pattern": r"(?P<frame>\d+)$", "table": pd.DataFrame({"id": ["x"]})}, "none is"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(whole: Path, options: dict[str, Any], words: str) -> None:
    account = whole / "tracks" / "track.json"
    account.parent.mkdir(exist_ok=True)
    account.write_text("of an earlier run")
    with pytest.raises(InputError, match=words):
        atlaskit.track(atlas=whole, **options)
    assert account.read_text() == "of an earlier run"


# --- slices, views and surfaces that are not whole


def test_slices_with_and_without_a_number_are_of_two_studies(
    sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    cases = [Case(f"A{mark}_t{t:02d}", "", "A") for mark in ("_s0", "_s1", "_s2", "") for t in range(12)]
    atlas = sequence_store(tmp_path / "atlas", outlined[:48], cases, nested, spacing_mm=2.0, slice_mm=8.0)
    with pytest.raises(InputError, match="slices of a study must all have a number; some frames of 'A'"):
        atlaskit.track(atlas=atlas)


def test_slices_that_end_early_and_numbers_with_gaps_are_told(
    sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    rows = [row for row in FIRST if row < 12 or row % 12 < 6]
    cases = [Case(f"A_s{2 * (row // 12)}_t{row % 12:02d}", "", "A") for row in rows]
    atlas = sequence_store(tmp_path / "atlas", outlined[rows], cases, nested, spacing_mm=2.0, slice_mm=8.0)
    notes = " ".join(atlaskit.track(atlas=atlas).notes)
    assert "slices that end before end-diastole or end-systole count as 0 there, in A" in notes
    assert "numbered with gaps, for which areas are interpolated: 'A' has 4 of 7" in notes
    cases = [Case(f"A_s{8 * (row // 12)}_t{row % 12:02d}", "", "A") for row in FIRST]
    atlas = sequence_store(tmp_path / "mm", outlined[:48], cases, nested, spacing_mm=2.0, slice_mm=8.0)
    assert any("4 slices of 'A' are numbered 0 to 24" in note for note in atlaskit.track(atlas=atlas).notes)


def test_surfaces_bridge_brief_gaps_as_volumes_do(beating: Write, whole: Path, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", [row for row in FIRST if row != 36 + 3])  # at an end of the stack
    found = {}
    for name, folder, missing in (("true", whole, "zero"), ("bridged", atlas, "interpolate"), ("short", atlas, "zero")):
        atlaskit.track(atlas=folder, surfaces="stl", missing=missing)
        found[name] = read(folder, "surfaces").query("structure == 'cavity'").set_index("frame").loc[3]
    assert found["bridged"][["slices", "slices_interpolated"]].tolist() == [4, 1]
    assert found["bridged"]["volume_ml"] == pytest.approx(found["true"]["volume_ml"], rel=0.01)
    assert found["short"][["slices", "slices_interpolated"]].tolist() == [3, 0]
    assert found["short"]["volume_ml"] < 0.95 * found["true"]["volume_ml"]


def test_frames_without_landmarks_keep_their_times(
    sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    times = [0, 20, 40, 60, 80, 100, 120, 140, 300, 460, 620, 780]
    cases = [Case(f"img{k}", "", "P0") for k in range(12)]  # only the table knows their places
    table = pd.DataFrame({"case": [f"img{k}" for k in range(12)], "study": "P0", "frame": range(12), "time_ms": times})
    atlas = sequence_store(tmp_path / "atlas", outlined[:12], cases, nested, rejected=["img5", "img10", "img11"])
    result = atlaskit.track(atlas=atlas, table=table, cyclic=True)
    assert result.counts["gaps"] == 3
    assert read(atlas, "frames")["time_ms"].tolist() == times
    assert result.function["beats_per_minute"].iat[0] == pytest.approx(60_000 / (780 * 12 / 11))


def test_a_table_may_number_frames_otherwise_than_the_file(beating: Write, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", range(12), frame_count=12)
    table = pd.DataFrame({"case": [f"P00000_s000_t{k:03d}" for k in range(12)], "frame": np.arange(12) * 10})
    assert atlaskit.track(atlas=atlas, table=table).counts["gaps"] == 0
    assert read(atlas, "frames")["frame"].tolist() == list(range(0, 120, 10))


def test_a_study_may_be_shown_by_its_name(beating: Write, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", range(24))
    assert atlaskit.track(atlas=atlas, show="P00000").options["show"] == "P00000"
    with pytest.raises(InputError, match="--show is the name of a sequence or study; 'nobody' is none"):
        atlaskit.track(atlas=atlas, show="nobody")
