"""Bad masks get one sentence and exit 1, or a line in ``rejected.csv``."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from PIL import Image

import atlaskit

Plane = NDArray[np.uint8]
Command = Callable[..., Any]


def every(folder: Path, write: Callable[[Path, Plane], object]) -> None:
    """Replace each mask of a folder by what is written under its name without the extension."""
    for path in sorted(folder.iterdir()):
        plane = np.array(Image.open(path))
        path.unlink()
        write(path.with_suffix(""), plane)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def nifti(path: Path, plane: Plane) -> Path:
    full = path.with_suffix(".nii.gz")
    noise = np.random.default_rng(0).integers(0, 2, plane.shape, np.uint8)  # so that half of it is not all of it
    nib.save(nib.Nifti1Image((plane * noise).T[..., None], np.eye(4)), full)
    return full


def pixel(path: Path, plane: Plane) -> None:
    Image.fromarray((np.indices(plane.shape).sum(0) == 0).astype(np.uint8)).save(path.with_suffix(".png"))


def colours(path: Path, plane: Plane) -> None:
    Image.fromarray(np.dstack([plane * 80, 255 - plane, plane])).save(path.with_suffix(".png"))


def truncated_png(path: Path, plane: Plane) -> None:
    Image.fromarray(plane).save(path.with_suffix(".png"))
    cut(path.with_suffix(".png"))


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def only_words(folder: Path) -> None:
    emptied(folder)
    (folder / "readme.txt").write_text("no masks")


def named(folder: Path) -> None:
    (folder / "dataset.json").write_text('{"labels": {"background": 0, "lung": 1, "other": 2, "heart": 3}}')


BAD_TO_FIT: dict[str, tuple[Callable[[Path], object], tuple[str, ...], str]] = {
    "no folder": (shutil.rmtree, (), "there is none"),
    "empty folder": (emptied, (), "holds nothing"),
    "no masks": (only_words, (), ".txt"),
    "fractions": (lambda f: every(f, lambda p, a: np.save(p, a / 2)), (), "whole numbers"),
    "negative": (lambda f: every(f, lambda p, a: np.save(p, a.astype(int) - 1)), (), "between 0 and"),
    "channels": (lambda f: every(f, lambda p, a: np.save(p, np.zeros((2, 3, 8, 8, 2)))), (), "2 axes"),
    "colours": (lambda f: every(f, colours), (), "no label map"),
    "truncated png": (lambda f: every(f, truncated_png), (), "damaged"),
    "truncated nifti": (lambda f: every(f, lambda p, a: cut(nifti(p, a))), (), "damaged"),
    "all empty": (lambda f: every(f, lambda p, a: Image.fromarray(a * 0).save(p.with_suffix(".png"))), (), "empty"),
    "unseen value": (lambda f: None, ("--structure", "spleen=9"), "'9'"),
    "named label that no case has": (
        lambda f: (named(f), every_png(f, lambda a: a * (a != 3))),
        ("--structure", "h=heart"),
        "no case has label heart",
    ),
    "unknown label name": (named, ("--structure", "h=haert"), "did you mean 'heart'"),
    "unknown layout": (lambda f: None, ("--layout", "lables"), "did you mean 'labels'"),
    "the name of means": (lambda f: None, ("--structure", "overall=1"), "No structure may be called 'overall'"),
    "no end": (lambda f: None, ("--minutes", "inf"), "above 0 and finite; got inf"),
    "no expression": (lambda f: None, ("--structure", "heart"), "NAME=LABEL"),
    "too few": (lambda f: [path.unlink() for path in sorted(f.iterdir())[5:]], (), "at least 6 masks"),
}


def every_png(folder: Path, change: Callable[[Plane], Plane]) -> None:
    for path in folder.glob("*.png"):
        Image.fromarray(change(np.array(Image.open(path)))).save(path)


# --- masks that cannot be fitted


@pytest.mark.parametrize("name", BAD_TO_FIT)
def test_what_cannot_be_fitted_is_one_sentence(name: str, command: Command, own_cohort: Path, tmp_path: Path) -> None:
    spoil, options, words = BAD_TO_FIT[name]
    spoil(own_cohort)
    assert command("fit", own_cohort, "--atlas", tmp_path / "a", "--preset", "fast", *options).is_one_sentence(words)
    assert not (tmp_path / "a" / "network.pt").exists()


def test_masks_of_one_pixel_cannot_be_fitted(own_cohort: Path, tmp_path: Path, tiny: Any) -> None:
    every(own_cohort, pixel)
    with pytest.raises(atlaskit.InputError, match="An outline needs 9 pixels"):
        atlaskit.fit(own_cohort, atlas=tmp_path / "a", config=tiny)


def test_some_bad_masks_are_listed_and_the_others_fitted(own_cohort: Path, tmp_path: Path, tiny: Any) -> None:
    Image.fromarray(np.zeros((112, 112), np.uint8)).save(own_cohort / "p00_ED.png")
    cut(own_cohort / "p05_ED.png")
    colours(own_cohort / "p06_ED", np.array(Image.open(own_cohort / "p06_ED.png")))
    pixel(own_cohort / "p07_ED", np.zeros((30, 40), np.uint8))
    result = atlaskit.fit(own_cohort, atlas=tmp_path / "a", config=tiny)
    assert result.cases == 20
    assert {item.source for item in result.rejected} == {f"p0{k}_ED.png" for k in (0, 5, 6, 7)}


# --- single masks that cannot be extracted


BAD_TO_EXTRACT: dict[str, tuple[Callable[[Path, Plane], object], str]] = {
    "empty": (lambda p, a: Image.fromarray(a * 0).save(p.with_suffix(".png")), "empty"),
    "truncated png": (truncated_png, "damaged"),
    "truncated nifti": (lambda p, a: cut(nifti(p, a)), "damaged"),
    "no picture": (lambda p, a: p.with_suffix(".png").write_text("hello"), "damaged"),
    "fractions": (lambda p, a: np.save(p, a / 2), "whole numbers"),
    "negative": (lambda p, a: np.save(p, a.astype(int) - 1), "between 0 and"),
    "colours": (colours, "no label map"),
}


@pytest.mark.parametrize("name", BAD_TO_EXTRACT)
def test_a_bad_mask_is_a_line_in_the_list(name: str, command: Command, own_cohort: Path, own_atlas: Path) -> None:
    write, words = BAD_TO_EXTRACT[name]
    plane = np.array(Image.open(own_cohort / "p00_ED.png"))
    for path in sorted(own_cohort.iterdir())[4:]:
        path.unlink()
    files = set(own_cohort.iterdir())
    if name in ("fractions", "negative"):
        every(own_cohort, np.save)
        files = set(own_cohort.iterdir())
    write(own_cohort / "bad", plane)
    bad = (set(own_cohort.iterdir()) - files).pop().name
    said = command("extract", "--model", own_cohort, "--atlas", own_atlas)
    assert said.code == 3 and f"rejected {bad}: " in said.stderr and said.stderr.count("\n") == 1, said.stderr
    with (own_atlas / "rejected.csv").open(newline="") as file:
        ((source, reason),) = [tuple(row.values()) for row in csv.DictReader(file)]
    assert source == bad and words in reason
    status = xr.open_zarr(own_atlas / "landmarks.zarr")["status"]
    assert (status.drop_sel(case="bad", errors="ignore") == 0).all() and status.sizes["case"] >= 4


def test_a_case_whose_file_is_damaged_later_does_not_stay_ok(command: Command, own_cohort: Path, own_atlas: Path) -> None:
    command("extract", "--model", own_cohort, "--atlas", own_atlas)
    cut(own_cohort / "p00_ED.png")
    assert command("extract", "--model", own_cohort, "--atlas", own_atlas).code == 3
    assert int(xr.open_zarr(own_atlas / "landmarks.zarr")["status"].sel(case="p00_ED")) == 2


def test_a_mask_of_one_pixel_is_rejected_and_a_speck_beside_others_flagged(
    command: Command, own_cohort: Path, own_atlas: Path
) -> None:
    plane = np.array(Image.open(own_cohort / "p01_ED.png"))
    plane[plane == 3] = 0
    plane[0, 0] = 3
    Image.fromarray(plane).save(own_cohort / "p01_ED.png")
    pixel(own_cohort / "p00_ED", plane)
    said = command("extract", "--model", own_cohort, "--atlas", own_atlas)
    assert said.code == 3 and "rejected p00_ED.png: An outline needs 9 pixels" in said.stderr
    found = xr.open_zarr(own_atlas / "landmarks.zarr").load()
    assert found["status"].sel(case=["p00_ED", "p01_ED"]).values.tolist() == [2, 1]
    assert found["present"].sel(case="p01_ED").values.tolist() == [True, True, False]
    assert "heart: 1 px" in str(found["reason"].sel(case="p01_ED").values) and int((found["status"] == 0).sum()) == 22


def test_a_name_that_cannot_be_written_is_a_line_in_the_list(command: Command, own_cohort: Path, own_atlas: Path) -> None:
    try:
        shutil.copy(own_cohort / "p00_ED.png", bytes(own_cohort) + b"/caf\xe9.png")
    except OSError:
        pytest.skip("this file system refuses such names itself")
    said = command("extract", "--model", own_cohort, "--atlas", own_atlas)
    assert said.code == 3 and "rejected caf\\udce9.png: A file's name must be" in said.stderr
    assert (own_atlas / "rejected.csv").read_text().count("\n") == 2


def test_sizes_and_grey_channels_may_be_mixed(command: Command, own_cohort: Path, own_atlas: Path) -> None:
    plane = np.array(Image.open(own_cohort / "p00_ED.png"))
    Image.fromarray(np.pad(plane, ((5, 9), (20, 0)))).save(own_cohort / "p00_ED.png")
    Image.fromarray(np.dstack([plane] * 3)).save(own_cohort / "p00_ES.png")
    Image.fromarray(np.dstack([plane] * 3 + [np.full_like(plane, 255)])).save(own_cohort / "p01_ED.png")
    assert command("extract", "--model", own_cohort, "--atlas", own_atlas).code == 0
    found = xr.open_zarr(own_atlas / "landmarks.zarr").load()
    assert found["image_size"].sel(case="p00_ED").values.tolist() == [132, 126]
    moved = found["points"].sel(case="p00_ED") - found["points"].sel(case="p00_ES")
    np.testing.assert_allclose(moved.mean("landmark"), [20, 5], atol=0.05)
    np.testing.assert_array_equal(found["points"].sel(case="p00_ES"), found["points"].sel(case="p01_ED"))


def test_masks_without_any_fitted_structure_are_one_sentence(command: Command, own_cohort: Path, own_atlas: Path) -> None:
    every_png(own_cohort, lambda a: np.where(a > 0, a + 20, 0).astype(np.uint8))
    said = command("extract", "--model", own_cohort, "--atlas", own_atlas)
    assert said.is_one_sentence(
        "must hold the structures that were fitted (right lung, left lung, heart); the labels here are 21, 22, 23"
    )
    assert not (own_atlas / "landmarks.zarr").exists()


@pytest.mark.parametrize("spoil", [shutil.rmtree, emptied, only_words], ids=["none", "empty", "no masks"])
def test_a_model_folder_without_masks_is_one_sentence(
    spoil: Callable[[Path], object], command: Command, own_cohort: Path, own_atlas: Path
) -> None:
    spoil(own_cohort)
    assert command("extract", "--model", own_cohort, "--atlas", own_atlas).is_one_sentence("must")
