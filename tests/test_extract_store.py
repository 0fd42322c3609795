"""What extract stores: every array of the contract, and numbers that fit the drawn masks."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from PIL import Image

import atlaskit
from atlaskit.net.network import load_network
from atlaskit.topology import Topology
from atlaskit.verbs.extract import ExtractResult

CONTRACT = {
    "points": (("case", "landmark", "axis"), "float32"),
    "points_network": (("case", "landmark", "axis"), "float32"),
    "case": (("case",), "str"),
    "axis": (("axis",), "str"),
    "structure": (("structure",), "str"),
    "subject": (("case",), "str"),
    "frame": (("case",), "int32"),
    "slice": (("case",), "int32"),
    "time_ms": (("case",), "float64"),
    "spacing_mm": (("case", "axis"), "float64"),
    "image_size": (("case", "axis"), "int32"),
    "source": (("case",), "str"),
    "present": (("case", "structure"), "bool"),
    "dice": (("case", "structure"), "float32"),
    "hd95_px": (("case", "structure"), "float32"),
    "assd_px": (("case", "structure"), "float32"),
    "components": (("case", "structure"), "int32"),
    "hole_px": (("case", "structure"), "int32"),
    "self_intersections": (("case", "structure"), "int32"),
    "touches_border": (("case", "structure"), "bool"),
    "ood": (("case",), "float32"),
    "latent": (("case", "z"), "float32"),
    "status": (("case",), "uint8"),
}
"""The table of the contract, said a second time on purpose."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "landmarks.zarr"


def landmarks(result: ExtractResult) -> xr.Dataset:
    dataset: xr.Dataset = xr.open_zarr(result.store).load()
    return dataset


@pytest.mark.parametrize("name", CONTRACT)
def test_every_array_of_the_contract_is_there(extracted: ExtractResult, name: str) -> None:
    dims, dtype = CONTRACT[name]
    array = zarr.open_group(extracted.store, mode="r")[name]
    assert isinstance(array, zarr.Array)
    assert array.metadata.dimension_names == dims  # type: ignore[union-attr]
    assert (array.dtype.kind in "TOU") if dtype == "str" else (array.dtype == np.dtype(dtype))
    if dims[0] == "case":
        assert array.shape[0] == 24 and array.shards is not None and array.shards[0] == 4096


def test_the_attributes_of_the_contract_are_there(extracted: ExtractResult, atlas: Path) -> None:
    attrs = landmarks(extracted).attrs
    network = load_network(atlas / "network.pt")
    assert (attrs["format"], attrs["format_version"]) == ("atlaskit.landmarks", 1)
    topology = json.loads(attrs["topology"])
    assert [structure["name"] for structure in topology["structures"]] == ["right lung", "left lung", "heart"]
    assert [structure["loop"][0] for structure in topology["structures"]] == [0, 32, 64] and topology["n_landmarks"] == 96
    assert Topology.from_json(attrs["topology"]).sha256 == attrs["topology_sha256"] == network.topology.sha256
    assert attrs["network_sha256"] == network.sha256 and attrs["created_by"].startswith("atlaskit ")


def test_the_template_lies_beside_the_cases(extracted: ExtractResult, atlas: Path) -> None:
    template = xr.open_zarr(extracted.store, group="template").load()
    assert template["points"].dims == ("landmark", "axis")
    np.testing.assert_allclose(template["points"], load_network(atlas / "network.pt").template.points, atol=1e-6)


def test_cases_know_where_they_come_from(extracted: ExtractResult, ids: tuple[str, ...]) -> None:
    found = landmarks(extracted)
    assert tuple(found["case"].values) == ids
    assert [str(s) for s in found["subject"].values] == [name[:3] for name in ids]
    assert [str(s) for s in found["source"].values] == [f"{name}.png" for name in ids]
    assert (found["image_size"] == 112).all() and np.isnan(found["spacing_mm"]).all() and np.isnan(found["time_ms"]).all()
    assert (found["frame"] == -1).all() and (found["slice"] == -1).all()


def test_drawn_chests_are_met_to_a_fraction_of_a_pixel(extracted: ExtractResult) -> None:
    found = landmarks(extracted)
    dice = found["dice"].mean("case")
    assert (dice > [0.98, 0.98, 0.99]).all(), dice.values
    assert float(found["assd_px"].max()) < 0.5 and float(found["hd95_px"].max()) < 2.0
    assert (found["hd95_px"] >= found["assd_px"]).where(found["present"], True).all()
    assert int(found["self_intersections"].sum()) == 0
    assert (found["components"] == found["present"]).all() and (found["hole_px"] == 0).all()
    assert not found["touches_border"].any()
    assert (found["status"] == 0).all() and (extracted.n_ok, extracted.n_flagged, extracted.n_rejected) == (24, 0, 0)
    assert extracted.n_new == 24 and extracted.rejected == () and not (extracted.store.parent / "rejected.csv").exists()


def test_a_missing_heart_is_said_and_never_invented(extracted: ExtractResult) -> None:
    found = landmarks(extracted)
    missing = ~found["present"].sel(structure="heart").values
    assert np.flatnonzero(missing).tolist() == [3, 8, 15]
    assert found["present"].sel(structure=["right lung", "left lung"]).all()
    for name in ("points", "points_network"):
        nodes = found[name].values
        assert np.isnan(nodes[missing, 64:]).all() and np.isfinite(nodes[missing, :64]).all()
        assert np.isfinite(nodes[~missing]).all()
    for name in ("dice", "hd95_px", "assd_px"):
        assert np.array_equal(np.isnan(found[name].sel(structure="heart").values), missing)


def test_emptying_the_heart_moves_the_lungs_little(atlas: Path, own_cohort: Path, out: Path, extracted: ExtractResult) -> None:
    for path in own_cohort.iterdir():
        plane = np.array(Image.open(path))
        plane[plane == 3] = 0
        Image.fromarray(plane).save(path)
    moved = landmarks(atlaskit.extract(own_cohort, atlas=atlas, out=out))
    away = np.linalg.norm(moved["points"].values - landmarks(extracted)["points"].values, axis=-1)[:, :64]
    assert not moved["present"].sel(structure="heart").any() and np.median(away) < 0.5


def test_without_boundary_fit_the_networks_landmarks_stay(
    atlas: Path, cohort: Path, out: Path, extracted: ExtractResult
) -> None:
    found = landmarks(atlaskit.extract(cohort, atlas=atlas, out=out, boundary_fit=False))
    np.testing.assert_array_equal(found["points"], found["points_network"])
    np.testing.assert_array_equal(found["points_network"], landmarks(extracted)["points_network"])
    assert (found["dice"].mean() < landmarks(extracted)["dice"].mean()).item()
