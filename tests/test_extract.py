"""Extract: the same whatever the order, batch or workers, resumed wherever it stopped, and what the command says."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import xarray as xr
from PIL import Image

import atlaskit
from atlaskit import store
from atlaskit.errors import InputError
from atlaskit.verbs.extract import ExtractResult


class Stop:
    """A report that interrupts an extraction after so many cases."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __call__(self, stage: str, done: int, total: int) -> None:
        if done == self.after:
            raise KeyboardInterrupt


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "landmarks.zarr"


def landmarks(result: ExtractResult | Path) -> xr.Dataset:
    dataset: xr.Dataset = xr.open_zarr(result if isinstance(result, Path) else result.store).load()
    return dataset


def same(one: xr.Dataset, other: xr.Dataset, *, network_px: float = 0.0) -> None:
    """Every number of every case is the same bit by bit, but for what the network's rounding may move; in any order."""
    assert sorted(one["case"].values) == sorted(other["case"].values)
    other = other.sel(case=one["case"].values)
    for name in one.variables:
        ours, theirs = one[name].values, other[name].values
        if network_px and name in ("points_network", "latent", "ood"):
            np.testing.assert_allclose(ours, theirs, atol=network_px, err_msg=str(name))
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=str(name))


# --- the same whatever the way


@pytest.mark.parametrize("options", [{"workers": 1}, {"workers": 2}, {"workers": 0, "batch": 24}], ids=str)
def test_workers_change_nothing(
    options: dict[str, int], atlas: Path, cohort: Path, out: Path, extracted: ExtractResult
) -> None:
    same(landmarks(extracted), landmarks(atlaskit.extract(cohort, atlas=atlas, out=out, **options)))  # type: ignore[arg-type]


@pytest.mark.parametrize("batch", [1, 3])
def test_the_batch_changes_nothing_that_can_be_seen(
    batch: int, atlas: Path, cohort: Path, out: Path, extracted: ExtractResult
) -> None:
    found = landmarks(atlaskit.extract(cohort, atlas=atlas, out=out, batch=batch))
    same(landmarks(extracted), found, network_px=1e-4)


def test_a_case_is_the_same_alone_and_among_others(
    atlas: Path, cohort: Path, out: Path, tmp_path: Path, extracted: ExtractResult
) -> None:
    for name in ("p11_ES", "p03_ED", "p00_ED"):
        (tmp_path / "few").mkdir(exist_ok=True)
        shutil.copy(cohort / f"{name}.png", tmp_path / "few")
    few = landmarks(atlaskit.extract(tmp_path / "few", atlas=atlas, out=out))
    same(few, landmarks(extracted).sel(case=few["case"].values), network_px=1e-4)


# --- resuming


def test_a_second_run_has_nothing_to_do(atlas: Path, cohort: Path, out: Path) -> None:
    first = atlaskit.extract(cohort, atlas=atlas, out=out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    again = atlaskit.extract(cohort, atlas=atlas, out=out)
    assert (first.n_new, again.n_new, again.n_ok) == (24, 0, 24)
    assert first.n_added == again.n_added == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


def test_what_is_changed_is_redone_and_what_is_new_is_added(atlas: Path, own_cohort: Path, out: Path) -> None:
    late = own_cohort / "p05_ED.png"
    content = late.read_bytes()
    late.unlink()
    old = landmarks(atlaskit.extract(own_cohort, atlas=atlas, out=out))
    late.write_bytes(content)
    plane = np.array(Image.open(own_cohort / "p01_ED.png"))
    Image.fromarray(np.roll(plane, 3, axis=1)).save(own_cohort / "p01_ED.png")
    result = atlaskit.extract(own_cohort, atlas=atlas, out=out)
    new = landmarks(result)
    assert result.n_new == 2 and result.n_ok == 24
    assert (result.n_added, result.n_cases) == (1, 24)
    assert new["case"].values.tolist() == [*old["case"].values.tolist(), "p05_ED"], "rows stay where they are"
    others = [case for case in old["case"].values if case != "p01_ED"]
    same(old.sel(case=others), new.sel(case=others))
    shift = new["points"].sel(case="p01_ED") - old["points"].sel(case="p01_ED")
    assert float(shift.sel(axis="x").median()) == pytest.approx(3, abs=0.2)


def test_a_touched_file_is_not_redone(atlas: Path, own_cohort: Path, out: Path) -> None:
    atlaskit.extract(own_cohort, atlas=atlas, out=out)
    for path in own_cohort.iterdir():
        path.touch()
    assert atlaskit.extract(own_cohort, atlas=atlas, out=out).n_new == 0


def test_overwrite_begins_anew(atlas: Path, cohort: Path, out: Path, tmp_path: Path, extracted: ExtractResult) -> None:
    (tmp_path / "few").mkdir()
    shutil.copy(cohort / "p11_ES.png", tmp_path / "few" / "other.png")
    atlaskit.extract(tmp_path / "few", atlas=atlas, out=out)
    result = atlaskit.extract(cohort, atlas=atlas, out=out, overwrite=True)
    assert result.n_new == 24
    same(landmarks(result), landmarks(extracted))


@pytest.mark.parametrize("after", [0, 1, 10, 23])
def test_an_interrupt_keeps_what_was_done(after: int, atlas: Path, cohort: Path, out: Path, extracted: ExtractResult) -> None:
    with pytest.raises(KeyboardInterrupt):
        atlaskit.extract(cohort, atlas=atlas, out=out, batch=4, report=Stop(after))
    half = store.read(out).load()
    done = half["status"].values == 0
    assert done.sum() == after and (half["status"].values[~done] == 255).all()
    assert np.isnan(half["points"].values[~done]).all()
    goes_on = atlaskit.extract(cohort, atlas=atlas, out=out)
    assert goes_on.n_new == 24 - after
    same(landmarks(goes_on), landmarks(extracted), network_px=1e-4)


def test_results_are_written_while_it_runs(atlas: Path, cohort: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atlaskit.verbs.extract.FLUSH_S", 0.0)
    seen: list[int] = []

    def look(stage: str, done: int, total: int) -> None:
        if done in (8, 20):
            seen.append(int((store.open_store(out).column("status") == 0).sum()))

    atlaskit.extract(cohort, atlas=atlas, out=out, batch=4, report=look)
    assert seen == [8, 20]


def test_parts_are_done_beside_each_other(
    atlas: Path, cohort: Path, out: Path, monkeypatch: pytest.MonkeyPatch, extracted: ExtractResult
) -> None:
    monkeypatch.setattr("atlaskit.verbs.extract.open_or_create", shards_of(8))
    with pytest.raises(KeyboardInterrupt):
        atlaskit.extract(cohort, atlas=atlas, out=out, report=Stop(0))
    counts = [atlaskit.extract(cohort, atlas=atlas, out=out, shard_range=part).n_new for part in ("2/2", "1/2")]
    assert counts == [8, 16]
    same(landmarks(out), landmarks(extracted), network_px=1e-4)


def shards_of(size: int) -> Callable[..., store.LandmarkStore]:
    def make(path: Path, **options: Any) -> store.LandmarkStore:
        return store.open_or_create(path, shard=size, **options)

    return make


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b", "1/2/3", "-1/2"])
def test_a_part_that_is_none_is_refused(part: str, atlas: Path, cohort: Path, out: Path) -> None:
    with pytest.raises(InputError, match="shard"):
        atlaskit.extract(cohort, atlas=atlas, out=out, shard_range=part)


def test_a_part_of_a_store_that_lacks_cases_is_refused(atlas: Path, own_cohort: Path, out: Path) -> None:
    atlaskit.extract(own_cohort, atlas=atlas, out=out)
    shutil.copy(own_cohort / "p00_ED.png", own_cohort / "zz.png")
    with pytest.raises(InputError, match=r"1 cases .* without --shard-range"):
        atlaskit.extract(own_cohort, atlas=atlas, out=out, shard_range="1/2")


# --- the command


def test_the_command_prints_one_json_document(command: Callable[..., Any], own_atlas: Path, cohort: Path) -> None:
    said = command("extract", "--model", cohort, "--atlas", own_atlas, "--json")
    document = json.loads(said.stdout)
    assert (said.code, said.stderr) == (0, "")
    assert document["store"] == str(own_atlas / "landmarks.zarr") and Path(document["store"]).is_dir()
    assert (document["n_ok"], document["n_flagged"], document["n_rejected"], document["rejected"]) == (24, 0, 0, [])


def test_masks_of_another_folder_join_the_store_and_a_note_says_so(
    command: Callable[..., Any], own_atlas: Path, own_cohort: Path, tmp_path: Path
) -> None:
    assert "note" not in command("extract", "--model", own_cohort, "--atlas", own_atlas).stderr
    (tmp_path / "more").mkdir()
    for name in ("p01_ED", "p02_ED"):
        shutil.copy(own_cohort / f"{name}.png", tmp_path / "more" / f"new_{name}.png")
    said = command("extract", "--model", tmp_path / "more", "--atlas", own_atlas)
    assert "note: adds 2 cases to 24 in the store; --overwrite begins anew" in said.stderr


def test_rejected_cases_end_with_3_and_are_listed(command: Callable[..., Any], own_atlas: Path, own_cohort: Path) -> None:
    empty, cut = own_cohort / "p02_ED.png", own_cohort / "p07_ES.png"
    Image.fromarray(np.zeros((112, 112), np.uint8)).save(empty)
    content = cut.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    said = command("extract", "--model", own_cohort, "--atlas", own_atlas, "--json")
    document = json.loads(said.stdout)
    assert said.code == 3 and document["n_rejected"] == 2 and document["n_ok"] == 22
    with (own_atlas / "rejected.csv").open(newline="") as file:
        listed = {row["source"]: row["reason"] for row in csv.DictReader(file)}
    assert listed == {item["source"]: item["reason"] for item in document["rejected"]}
    assert listed.keys() == {empty.name, cut.name}
    assert "empty" in listed[empty.name] and "damaged" in listed[cut.name]
    assert all(f"rejected {source}: {reason}\n" in said.stderr for source, reason in listed.items())
    found = landmarks(own_atlas / "landmarks.zarr")
    row = found.sel(case="p02_ED")
    assert row["status"] == 2 and np.isnan(row["points"]).all() and not row["present"].any()
    assert command("extract", "--model", own_cohort, "--atlas", own_atlas).code == 3, "still rejected when nothing is new"
    cut.write_bytes(content)
    Image.fromarray(np.array(Image.open(own_cohort / "p02_ES.png"))).save(empty)
    said = command("extract", "--model", own_cohort, "--atlas", own_atlas)
    assert said.code == 0 and not (own_atlas / "rejected.csv").exists()
    assert (landmarks(own_atlas / "landmarks.zarr")["status"] == 0).all()


# --- what was asked is part of what was done


def test_another_way_of_reading_is_done_anew(own_atlas: Path, own_cohort: Path, out: Path) -> None:
    first = atlaskit.extract(own_cohort, atlas=own_atlas, out=out)
    fitted = landmarks(first)
    again = atlaskit.extract(own_cohort, atlas=own_atlas, out=out, boundary_fit=False)
    assert (first.n_new, again.n_new) == (24, 24)
    bare = landmarks(again)
    np.testing.assert_array_equal(bare["points"], bare["points_network"])
    assert np.abs(bare["points"] - fitted["points"]).max() > 0.1
    assert atlaskit.extract(own_cohort, atlas=own_atlas, out=out, boundary_fit=False).n_new == 0


def test_a_slice_that_lost_its_structures_withdraws_its_row(planes: tuple[Any, ...], own_atlas: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "volume", tmp_path / "landmarks.zarr"
    folder.mkdir()
    volume = np.stack(planes[:4], axis=-1).transpose(1, 0, 2)
    affine = np.diag([1.0, 1.0, 5.0, 1.0])
    nib.save(nib.Nifti1Image(volume, affine), folder / "p.nii.gz")
    assert atlaskit.extract(folder, atlas=own_atlas, out=out).n_ok == 4
    volume[..., 2] = 0
    nib.save(nib.Nifti1Image(volume, affine), folder / "p.nii.gz")
    atlaskit.extract(folder, atlas=own_atlas, out=out)
    found = landmarks(out)
    assert found["status"].values.tolist() == [0, 0, 2, 0] and "no longer" in str(found["reason"].values[2])
    assert np.isnan(found["points"].values[2]).all()


def test_somebody_elses_list_is_left_alone(own_atlas: Path, own_cohort: Path, tmp_path: Path) -> None:
    (tmp_path / "rejected.csv").write_text("mine")
    (own_cohort / "p00_ED.png").write_text("no picture")
    atlaskit.extract(own_cohort, atlas=own_atlas, out=tmp_path / "l.zarr")
    assert (tmp_path / "rejected.csv").read_text() == "mine"
    assert "p00_ED.png" in (tmp_path / "l.rejected.csv").read_text()
