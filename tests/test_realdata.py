"""Real masks, few of them: described for what they are, fitted and met in seconds, the same from PNG and NIfTI."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import atlaskit
from atlaskit import metrics
from atlaskit.config import FitConfig
from atlaskit.topology import Topology

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def quick() -> FitConfig:
    small = {"input_size": 64, "filters": (8, 16), "latent": 8, "graph_filters": (8, 8), "raster_size": 32}
    return FitConfig.named("fast", steps=30, checks=2, batch=8, nodes=64, levels=2, **small)


def some(folder: Path, pattern: str, count: int, to: Path) -> Path:
    """Copy so many files of a folder, evenly chosen by name, and its description."""
    to.mkdir()
    files = sorted(folder.glob(pattern))
    chosen = [files[k] for k in np.linspace(0, len(files) - 1, count).astype(int)]
    for path in (*chosen, *folder.glob("dataset.json")):
        shutil.copy(path, to)
    return to


def landmarks(result: Any) -> xr.Dataset:
    dataset: xr.Dataset = xr.open_zarr(result.store).load()
    return dataset


def test_a_tiny_fit_on_chests_meets_every_mask(realdata: Path, tmp_path: Path, quick: FitConfig) -> None:
    masks = some(realdata / "cxr" / "masks", "JPC*.png", 30, tmp_path / "masks")
    structures = ("right lung=1", "left lung=2", "heart=3")
    fitted = atlaskit.fit(masks, atlas=tmp_path / "atlas", structures=structures, config=quick)
    assert (fitted.cases, fitted.rejected) == (30, ())
    found = landmarks(atlaskit.extract(masks, atlas=tmp_path / "atlas"))
    dice = found["dice"].mean("case")
    assert (dice >= 0.99).all(), dice.values
    assert int(found["self_intersections"].sum()) == 0 and found["present"].all()
    topology = Topology.from_json(found.attrs["topology"])
    with np.load(realdata / "cxr" / "landmarks.npz") as file:
        row = {str(name): k for k, name in enumerate(file["id"])}
        order = [row[str(case)] for case in found["case"].values]
        parts = zip(structures, ("RL", "LL", "H"), strict=True)
        truth = {text.split("=")[0]: file[name][order].astype(float) for text, name in parts}
    truth = {name: (points + 0.5) / 2 - 0.5 for name, points in truth.items()}
    error = metrics.correspondence_error(metrics.by_structure(found["points"].to_numpy(), topology), truth)
    assert error.loc["overall", "mean_px"] < 10, "of 512; half the pixels of the landmarks' own grid"


def test_png_and_nifti_give_the_same_landmarks(realdata: Path, tmp_path: Path, quick: FitConfig) -> None:
    folder = realdata / "nnunet_out"
    png = some(folder / "pig_unet_2d_png" / "predictions", "*_ED_*.png", 24, tmp_path / "png")
    (tmp_path / "nii").mkdir()
    for path in png.glob("*.png"):
        shutil.copy(folder / "pig_unet_2d_nii" / "predictions" / f"{path.stem}.nii.gz", tmp_path / "nii")
    structures = [f"{name}={labels}" for name, labels in (("cavity", "1"), ("epi", "1+2"))]
    atlaskit.fit(png, atlas=tmp_path / "atlas", structures=structures, config=quick)
    one, other = (
        landmarks(atlaskit.extract(at, atlas=tmp_path / "atlas", out=tmp_path / at.name / "out" / "l.zarr"))
        for at in (png, tmp_path / "nii")
    )
    assert set(one["case"].values) == set(other["case"].values)
    other = other.sel(case=one["case"].values)
    np.testing.assert_allclose(one["points"], other["points"], atol=0.01)
    np.testing.assert_array_equal(one["status"], other["status"])
    assert np.isfinite(one["points"]).any()


def test_scattered_tissue_is_refused_for_what_it_is(realdata: Path, tmp_path: Path, command: Callable[..., Any]) -> None:
    said = command("fit", realdata / "nnunet_out" / "real_ct_muscle_2d", "--atlas", tmp_path / "a")
    assert said.code == 1 and said.stdout == "" and said.stderr.count("\n") == 1
    assert "no single outline" in said.stderr and not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("folder", "layout", "cases", "structures"),
    [
        ("cxr/masks_bits", "bits", 350, 5),
        ("hc18/masks", "labels", 124, 1),
        ("mouse_vertebrae/masks", "labels", 76, 1),
    ],
)
def test_real_folders_are_described(folder: str, layout: str, cases: int, structures: int, realdata: Path) -> None:
    found = atlaskit.describe(realdata / folder)
    assert (found.layout, found.cases, len(found.structures)) == (layout, cases, structures)
    assert found.rejected == () and all(item.cases > 0 for item in found.structures)
