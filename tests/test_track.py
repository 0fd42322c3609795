"""``track`` on stores of drawn hearts: what it finds is what is true of them, in every table and in the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray

import atlaskit
from atlaskit import TrackResult, store
from atlaskit.errors import NotFoundError
from atlaskit.phantom import Phantom

Array = NDArray[np.float64]


@pytest.fixture(scope="module", autouse=True)
def unseen() -> Iterator[None]:
    """Nothing is drawn, which takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("atlaskit.verbs.track.draw_findings", lambda *_, **__: ((), ()))
        yield


@pytest.fixture(scope="module")
def whose(hearts: Phantom) -> pd.DataFrame:
    """The group of each subject."""
    return hearts.table[["subject", "group"]].drop_duplicates()


@pytest.fixture(scope="module")
def ran(beating: Callable[..., Path], whose: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> TrackResult:
    """A run that leaves landmarks as they are; not to be changed."""
    atlas = beating(tmp_path_factory.mktemp("ran") / "atlas")
    return atlaskit.track(atlas=atlas, steady=False, table=whose, group="group", surfaces="ply", permutations=99)


@pytest.fixture(scope="module")
def truth(hearts: Phantom) -> pd.DataFrame:
    """A row per subject: what its function is."""
    table = hearts.table
    between = table["epi_area"] - table["cavity_area"]
    table = table.assign(thickness=2 * between / (table["epi_length"] + table["cavity_length"]) * hearts.spacing_mm[0])
    ends = {name: table[table["frame"] == (0 if name == "ed" else table["es_frame"])] for name in ("ed", "es")}
    areas = {name: rows.groupby("subject")["cavity_area"].sum() * hearts.spacing_mm[0] ** 2 for name, rows in ends.items()}
    thickness = {name: rows.set_index(["subject", "slice"])["thickness"] for name, rows in ends.items()}
    of = ends["es"].groupby("subject")
    return pd.DataFrame(
        {
            "edv_ml": areas["ed"] * 8 / 1000,
            "esv_ml": areas["es"] * 8 / 1000,
            "ef": of["fac"].first(),
            "fac": of["fac"].first(),
            "strain": of["cavity_strain"].mean(),
            "strain_peak": of["cavity_strain"].mean(),
            "strain_outer": of["epi_strain"].mean(),
            "thickness_ed_mm": thickness["ed"].groupby("subject").mean(),
            "thickness_es_mm": thickness["es"].groupby("subject").mean(),
            "thickening": (thickness["es"] / thickness["ed"] - 1).groupby("subject").mean(),
            "es_ms": of["time_ms"].first(),
            "beats_per_minute": 60_000 / (table.groupby("subject")["time_ms"].max() * 12 / 11),
        }
    )


def read(result: TrackResult, name: str) -> pd.DataFrame:
    """A table that a run wrote."""
    return pd.read_csv(next(path for path in result.tables if path.stem == name))


def close(found: object, true: object, *, rtol: float = 1e-6, atol: float = 1e-7) -> None:
    """Two columns, or one by whom it is of, hold alike numbers."""
    if isinstance(found, pd.Series) and isinstance(true, pd.Series):
        pd.testing.assert_index_equal(found.index, true.index, check_names=False)
    np.testing.assert_allclose(found, true, rtol=rtol, atol=atol)  # type: ignore[arg-type]


LOOSE = {"edv_ml": 8e-3, "esv_ml": 8e-3, "thickness_ed_mm": 7e-3, "thickness_es_mm": 7e-3, "thickening": 2e-3}
"""Polygons of 32 landmarks are that much smaller than the outlines; what is a ratio of alike outlines is exact."""


def test_function_is_what_is_true(ran: TrackResult, truth: pd.DataFrame) -> None:
    found = read(ran, "function").set_index("subject")
    for name in truth:
        close(found[name], truth[name], rtol=LOOSE.get(str(name), 1e-6))
    assert (found["ed"] == 0).all() and (found["beat"] == 0).all() and (found["slices"] == 4).all()
    close(found["sv_ml"], found["edv_ml"] - found["esv_ml"])
    assert (found["slices_interpolated"] == 0).all()


def test_steady_landmarks_tell_the_same_function(
    beating: Callable[..., Path], ran: TrackResult, truth: pd.DataFrame, tmp_path: Path
) -> None:
    result = atlaskit.track(atlas=beating(tmp_path / "atlas"))
    found = result.function.set_index("subject")
    for name in ("ef", "fac", "strain", "strain_outer"):
        assert np.abs(found[name] - truth[name]).max() < 1e-3, name
    assert read(result, "sequences")["moved_area_change"].max() < 1e-3
    points = atlaskit.open(tmp_path / "atlas").tracks["points"].to_numpy()
    assert np.abs(points - xr.open_zarr(ran.store, group="tracks")["points"].to_numpy()).max() > 1e-3


def test_landmarks_stay_bit_by_bit_without_steadying(ran: TrackResult, outlined: Array, hearts: Phantom) -> None:
    tracks = xr.open_zarr(ran.store, group="tracks")
    order = hearts.table.set_index("case").index.get_indexer(tracks["case"].to_numpy().ravel())
    written = outlined.astype(np.float32).astype(np.float64)[order] * hearts.spacing_mm[0]
    np.testing.assert_array_equal(tracks["points"].to_numpy().reshape(-1, 64, 2), written.astype(np.float32))
    moved = read(ran, "sequences")[["moved_rms_mm", "moved_most_mm", "moved_area_change"]]
    assert (moved == 0).all(axis=None)


ROWS = {
    "function": 6,
    "sequences": 24,
    "frames": 288,
    "curves": 2 * 288,
    "volumes": 6 * 12,
    "segments": 6 * 288,
    "average": 2 * 3 * 50,
    "groups": 5,
    "paths": 3,
    "surfaces": 6 * 2 * 12,
}


def test_every_table_has_its_rows_and_nothing_is_missing(ran: TrackResult) -> None:
    assert {path.stem: len(pd.read_csv(path)) for path in ran.tables} == ROWS
    assert {path.stem for path in ran.tables} == {
        name.removeprefix("tracks/") for name in atlaskit.open(ran.store.parent).tables
    }
    for name in ROWS:
        table = read(ran, name).drop(columns=["value_a", "value_b"], errors="ignore")  # of one attribute of paths only
        assert table.notna().all(axis=None), (name, table.columns[table.isna().any()])


def test_columns_say_their_units(ran: TrackResult) -> None:
    place = ["sequence", "study", "subject", "slice", "frame", "time_ms", "phase"]
    assert list(read(ran, "curves")) == [*place, "structure", "area_mm2", "length_mm", "strain"]
    experimental = ["strain_experimental", "thickening_experimental"]
    assert list(read(ran, "segments")) == [*place, "segment", "from_landmark", "to_landmark", *experimental]
    unlike = ["outlier", "outlier_score", "outlier_of"]
    assert list(read(ran, "frames"))[:13] == [*place, "case", "gap", "interpolated", *unlike]
    assert list(read(ran, "frames"))[13:] == ["drift_x_mm", "drift_y_mm", "displacement_mm", "thickness_mm", "thickening"]
    slices = ["slices", "slices_interpolated", "levels_interpolated"]
    assert list(read(ran, "surfaces"))[-5:] == ["volume_ml", "surface_mm2", *slices]
    assert "path_length_mm" in read(ran, "sequences") and "group" in read(ran, "function")


def test_curves_are_the_true_ones(ran: TrackResult, hearts: Phantom) -> None:
    found, frames = read(ran, "curves"), read(ran, "frames")
    pixel = hearts.spacing_mm[0]
    true = hearts.table.set_index("case").loc[frames["case"]].reset_index()
    for name in hearts.structures:
        own = found[found["structure"] == name].reset_index(drop=True)
        close(own["area_mm2"] / pixel**2, true[f"{name}_area"], rtol=0.01)
        close(own["length_mm"] / pixel, true[f"{name}_length"], rtol=0.005)
        close(own["strain"], true[f"{name}_strain"])
        close(own["time_ms"], true["time_ms"])
        close(own["phase"], true["frame"] / 12)
        assert own["slice"].tolist() == true["slice"].tolist() and own["subject"].tolist() == true["subject"].tolist()


def test_volumes_are_areas_times_the_distance_between_slices(ran: TrackResult) -> None:
    curves, volumes = read(ran, "curves"), read(ran, "volumes")
    areas = curves[curves["structure"] == "cavity"].groupby(["study", "frame"])["area_mm2"].sum()
    close(volumes.set_index(["study", "frame"])["volume_ml"], areas * 8 / 1000)
    assert (volumes["method"] == "slices").all() and (volumes[["slices_interpolated", "slices_absent"]] == 0).all(axis=None)


def test_surfaces_enclose_the_volume_between_the_outer_slices(ran: TrackResult) -> None:
    found = read(ran, "surfaces")
    cavity = found[found["structure"] == "cavity"].set_index(["study", "frame"])["volume_ml"]
    ratio = cavity / read(ran, "volumes").set_index(["study", "frame"])["volume_ml"]
    assert ratio.between(0.9, 1.1).all()
    assert len(ran.surfaces) == 6 * 2 * 2 and all(path.suffix == ".ply" and path.stat().st_size for path in ran.surfaces)
    assert (ran.store.parent / "tracks" / "surfaces" / "surface_P00000_cavity_ed.ply") in ran.surfaces


def test_groups_differ_as_they_were_drawn(ran: TrackResult, truth: pd.DataFrame, hearts: Phantom) -> None:
    groups = read(ran, "groups").set_index("index")
    assert groups.index.tolist() == ["ef", "fac", "strain", "strain_peak", "thickening"]
    mean = truth["ef"].groupby(hearts.table.groupby("subject")["group"].first()).mean()
    row = groups.loc["ef"]
    assert (row["a"], row["b"], row["n_a"], row["n_b"], row["arrangements"]) == ("control", "disease", 3, 3, 20)
    assert row[["mean_a", "mean_b"]].tolist() == pytest.approx(mean.tolist(), abs=1e-6) and row["p"] == pytest.approx(0.1)
    average = read(ran, "average")
    deepest = average[average["curve"] == "volume"].groupby("group")["mean"].min()
    close(-deepest, mean, atol=0.03)
    paths = read(ran, "paths").set_index("attribute")
    assert set(paths.index) == {"size", "direction", "shape"} and (paths[["n_a", "n_b"]] == 3).all(axis=None)
    assert paths["value_a"].notna().tolist() == (paths.index == "size").tolist()
    lengths = paths.loc["size", ["value_a", "value_b"]].tolist()
    assert lengths[1] - lengths[0] == pytest.approx(paths.loc["size", "difference"])
    assert f"path through shapes (of size 1 at end-diastole), control and disease: {lengths[0]:.3g} and" in str(ran)
    assert "p 0.1, the least that 20 ways of dealing 3 and 3 subjects out can give" in str(ran)


def test_xarray_opens_the_tracks(ran: TrackResult, hearts: Phantom) -> None:
    tracks, same = xr.open_zarr(ran.store, group="tracks"), atlaskit.open(ran.store).tracks
    xr.testing.assert_identical(tracks.compute(), same.compute())
    sizes = {"sequence": 24, "frame": 12, "landmark": 64, "axis": 2, "structure": 2, "segment": 6, "end": 2}
    assert dict(tracks.sizes) == sizes
    groups = (tracks, *(store.read_group(ran.store, f"tracks/{name}") for name in ("volumes", "average")))
    assert all(array.attrs["description"] for group in groups for array in group.values())
    curves = read(ran, "curves")
    for k, name in enumerate(hearts.structures):
        own = curves[curves["structure"] == name]["strain"].to_numpy().reshape(24, 12)
        np.testing.assert_allclose(tracks["strain"].isel(structure=k), own, atol=1e-7)
    close(tracks["outlier_score"].to_numpy().ravel(), read(ran, "frames")["outlier_score"])
    assert tracks["outlier_of"].to_numpy().ravel().tolist() == read(ran, "frames")["outlier_of"].tolist()
    assert tracks["outlier_score"].attrs["description"] == (
        "errors against neighbours in usual errors, root mean square over attributes; an outlier has more than 3.2"
    )
    velocity = tracks["velocity"].to_numpy()
    assert np.isfinite(velocity).all() and velocity.any()
    units = {name: tracks[name].attrs["units"] for name in ("time", "points", "velocity", "area", "strain", "path_length")}
    assert units == {"time": "ms", "points": "mm", "velocity": "mm / ms", "area": "mm2", "strain": "1", "path_length": "mm"}
    close(tracks["path_length"].mean("landmark"), read(ran, "sequences")["path_length_mm"])
    ends = read(ran, "segments")[["segment", "from_landmark", "to_landmark"]].drop_duplicates().to_numpy().tolist()
    assert ends == [[0, 0, 5], [1, 5, 11], [2, 11, 16], [3, 16, 21], [4, 21, 27], [5, 27, 0]]
    assert tracks["segment_landmarks"].values.tolist() == [own[1:] for own in ends]
    close(tracks["segment_strain"].to_numpy().transpose(2, 0, 1).ravel(), read(ran, "segments")["strain_experimental"])
    assert tracks.attrs["steady"] == "False" and tracks.attrs["group"] == "group"
    volumes = store.read_group(ran.store, "tracks/volumes")
    for name in ("volume_ml", "time", "interpolated", "absent"):
        column = {"time": "time_ms", "interpolated": "slices_interpolated", "absent": "slices_absent"}.get(name, name)
        close(volumes[name].to_numpy().ravel(), read(ran, "volumes")[column])
    average = store.read_group(ran.store, "tracks/average")
    close(average["es_phase"], hearts.table.groupby("subject")["es_frame"].first() / 12)


def test_displacement_is_measured_from_end_diastole(ran: TrackResult) -> None:
    tracks = xr.open_zarr(ran.store, group="tracks")
    points = tracks["points"].to_numpy()
    np.testing.assert_allclose(tracks["displacement"], points - points[:, :1], atol=1e-4)
    closed = np.concatenate([points, points[:, :1]], axis=1)
    length = np.linalg.norm(np.diff(closed, axis=1), axis=-1).sum(1).mean(1)
    close(read(ran, "sequences")["path_length_mm"], length, rtol=1e-4)


def test_the_account_says_how_tables_were_made(ran: TrackResult) -> None:
    account = json.loads((ran.store.parent / "tracks" / "track.json").read_text(encoding="utf-8"))
    assert account["counts"] == {
        "studies": 6, "sequences": 24, "frames": 288, "gaps": 0, "interpolated": 0, "outliers": 0,
    }  # fmt: skip
    assert account["unit"] == "mm" and account["options"]["permutations"] == 99 and len(account["topology_sha256"]) == 64
    assert account["atlaskit"] == atlaskit.__version__ and account["outlier_threshold"] == 3.2


def test_words_name_every_study_table_and_surface(ran: TrackResult) -> None:
    words = str(ran)
    assert words.startswith("24 sequences of 6 studies: 288 frames.\nP00000: EDV ")
    assert all(f"table      {path}" in words for path in ran.tables) and "surface    and 20 more" in words
    assert "ejection fraction, control and disease" in words


def test_before_any_run_there_are_no_tracks(beating: Callable[..., Path], tmp_path: Path) -> None:
    atlas = atlaskit.open(beating(tmp_path / "atlas", range(12)))
    with pytest.raises(NotFoundError, match="atlaskit track"):
        _ = atlas.tracks


def test_the_order_of_cases_changes_nothing_and_two_runs_are_alike(
    beating: Callable[..., Path], ran: TrackResult, whose: pd.DataFrame, tmp_path: Path
) -> None:
    order = np.random.default_rng(0).permutation(288)
    atlas = beating(tmp_path / "atlas", order)
    for _ in range(2):
        result = atlaskit.track(atlas=atlas, steady=False, table=whose, group="group", surfaces="ply", permutations=99)
        for old, new in zip((*ran.tables, *ran.surfaces), (*result.tables, *result.surfaces), strict=True):
            assert old.name == new.name and old.read_bytes() == new.read_bytes(), old.name
