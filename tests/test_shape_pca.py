"""``shape-pca`` on stores of drawn shapes: what is aligned, counted, written and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray

import atlaskit
from atlaskit import store
from atlaskit.corpus import Case
from atlaskit.errors import InputError, NotFoundError
from atlaskit.landmarks import Status
from atlaskit.shape import align, pca
from atlaskit.topology import Topology

Array = NDArray[np.float64]
TOPOLOGY = Topology(("lung", "heart"), (tuple(range(12)), tuple(range(12, 24))))
N = 30


def shapes(n: int = N, seed: int = 0) -> Array:
    """Two circles whose sizes, distance and aspect vary, anywhere in their images."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(12) / 12
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    aspect = np.column_stack([np.ones(n), rng.normal(1.4, 0.2, n)])
    lung, heart = 20 * circle * aspect[:, None], rng.uniform(8, 12, n)[:, None, None] * circle
    heart = heart + np.column_stack([rng.normal(40, 2, n), rng.normal(10, 2, n)])[:, None]
    both = np.concatenate([lung, heart], axis=1) + rng.normal(0, 0.2, (n, 24, 2))
    return np.asarray(rng.uniform(0.8, 1.2, n)[:, None, None] * both + rng.uniform(50, 90, (n, 1, 2)))


def made(path: Path, points: Array, *, spacing: Array | None = None, status: dict[int, Status] | None = None) -> Path:
    """A store of landmarks; NaN is absent."""
    cases = [Case(f"case_{k:02d}", f"{k}.png", f"subject {k // 2}") for k in range(len(points))][::-1]
    template = align(np.nan_to_num(points)).mean * 0.8 + 0.5
    opened = store.open_or_create(
        path / "landmarks.zarr", topology=TOPOLOGY, network_sha256="0", cases=cases, latent_size=2, template=template, shard=32
    )
    for shard in opened.shards():
        rows: dict[int, Any] = {}
        for row in opened.rows(shard):
            k = len(points) - 1 - row
            rows[row] = {"points": points[k], "status": (status or {}).get(k, Status.OK)}
            if spacing is not None:
                rows[row]["spacing_mm"] = spacing[k]
        opened.write_shard(shard, rows)
    return path


@pytest.fixture
def atlas(tmp_path: Path) -> Path:
    return made(tmp_path / "atlas", shapes())


def test_tables_and_groups_say_what_alignment_and_modes_say(atlas: Path) -> None:
    result = atlaskit.shape_pca(atlas=atlas, modes=5)
    points = store.read(atlas / "landmarks.zarr")["points"].sortby("case").to_numpy().astype(float)
    aligned = align(points, onto=store.open_store(atlas / "landmarks.zarr").template())
    model = pca(aligned.tangent, modes=5)
    table = pd.read_csv(atlas / "shape" / "scores.csv")
    assert table["case"].tolist() == sorted(table["case"]) and len(table) == N == result.cases
    assert table[[f"pc{k}" for k in range(1, 6)]].to_numpy() == pytest.approx(model.scores(aligned.tangent), abs=1e-6)
    assert table["size_px"].to_numpy() == pytest.approx(aligned.size)
    modes = pd.read_csv(atlas / "shape" / "modes.csv")
    assert modes["explained"].to_numpy() == pytest.approx(model.explained) and modes["mode"].tolist() == [1, 2, 3, 4, 5]
    mean = pd.read_csv(atlas / "shape" / "mean.csv")
    assert mean[["x", "y"]].to_numpy() == pytest.approx(aligned.mean, abs=1e-7)
    group = xr.open_zarr(atlas / "landmarks.zarr", group="pca", chunks=None)
    assert group["scores"].sel(case="case_03").to_numpy() == pytest.approx(model.scores(aligned.tangent)[3])
    where = store.read_group(atlas / "landmarks.zarr", "alignment")
    assert where["rotation_rad"].to_numpy() == pytest.approx(aligned.rotation_rad) and where.attrs["unit"] == "px"
    judged = pd.read_csv(atlas / "shape" / "quality.csv")
    assert set(judged["measure"]) == {"landmarks", "overlap"} and judged["generalisation"].notna().all()
    assert set(result.tables) == set((atlas / "shape").glob("*")) and not list(atlas.rglob("*.partial"))
    assert store.open_store(atlas / "landmarks.zarr").n_cases == N, "the landmarks stay as they were"


def test_each_structure_has_its_own_shape_space(atlas: Path) -> None:
    atlaskit.shape_pca(atlas=atlas)
    result = atlaskit.shape_pca(atlas=atlas, align_by="per-structure", modes="all")
    assert [part.name for part in result.parts] == ["lung", "heart"]
    heart = store.read_group(atlas / "landmarks.zarr", "pca/heart")
    assert heart["landmark"].to_numpy().tolist() == list(range(12, 24)) and heart.attrs["structures"] == ["heart"]
    assert "modes" not in store.read_group(atlas / "landmarks.zarr", "pca"), "the joint modes of the earlier run are gone"
    lung, round_heart = (part.model.total for part in result.parts)
    assert round_heart < 0.3 * lung, "a circle has one shape, wherever it lies and however large it is"


def test_size_stays_in_the_shape_where_it_is_not_scaled_away(atlas: Path) -> None:
    result = atlaskit.shape_pca(atlas=atlas, scale=False, modes="all", judge=False)
    assert result.quality.empty and not (atlas / "shape" / "quality.csv").exists()
    first = result.parts[0].scores[:, 0]
    assert abs(np.corrcoef(first, result.parts[0].alignment.size)[0, 1]) > 0.9
    assert np.linalg.norm(result.parts[0].alignment.mean) > 20, "pixels"


def test_sizes_are_in_mm_where_every_pixel_size_is_known(tmp_path: Path) -> None:
    points, spacing = shapes(), np.random.default_rng(1).uniform(0.5, 2, (N, 2))
    found = atlaskit.shape_pca(atlas=made(tmp_path / "mm", points * 1.0 / spacing[:, None], spacing=spacing))
    plain = atlaskit.shape_pca(atlas=made(tmp_path / "px", points))
    assert found.unit == "mm" and plain.unit == "px"
    assert found.scores["size_mm"].to_numpy() == pytest.approx(plain.scores["size_px"].to_numpy(), rel=1e-5)
    spacing[3] = np.nan
    mixed = made(tmp_path / "mixed", points, spacing=spacing)
    with pytest.raises(InputError, match=f"one for {N - 1} of {N}.*--unit px"):
        atlaskit.shape_pca(atlas=mixed)
    assert atlaskit.shape_pca(atlas=mixed, unit="px").unit == "px"
    with pytest.raises(InputError, match=f"one for 0 of {N}"):
        atlaskit.shape_pca(atlas=tmp_path / "px", unit="mm")


def test_cases_that_lack_a_structure_are_left_out_and_counted(tmp_path: Path) -> None:
    points = shapes()
    points[:4, 12:] = np.nan
    atlas = made(tmp_path, points, status={9: Status.REJECTED, 10: Status.PENDING, 11: Status.FLAGGED})
    result = atlaskit.shape_pca(atlas=atlas)
    assert result.cases == N - 6 and "case_11" in set(result.scores["case"])
    assert result.notes == ("2 cases pending or rejected left out", "4 cases without one of lung, heart left out")
    assert atlaskit.shape_pca(atlas=atlas, structures=("lung",)).cases == N - 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"structures": ("liver",)}, "'liver' is not"),
        ({"align_by": "separate"}, "'joint' or 'per-structure'; got 'separate'"),
        ({"modes": 0}, "got 0"),
        ({"modes": 1.5}, "got 1.5"),
    ],
)
def test_what_cannot_be_done_is_said(atlas: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        atlaskit.shape_pca(atlas=atlas, **options)
    assert not (atlas / "shape").exists()


def test_a_store_of_too_few_cases_or_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"3 or more cases with lung, heart; .* has 2 \(1 case pending or rejected left out\)"):
        atlaskit.shape_pca(atlas=made(tmp_path, shapes(3), status={0: Status.REJECTED}))
    with pytest.raises(NotFoundError):
        atlaskit.shape_pca(atlas=tmp_path / "nowhere")


def test_the_command_says_the_same(atlas: Path, command: Callable[..., Any]) -> None:
    words = ("shape-pca", "--atlas", atlas, "--structures", "heart, lung", "--no-scale", "--modes")
    said = command(*words, "0.9", "--json")
    document = json.loads(said.stdout)
    assert said.code == 0 and document["cases"] == N and document["modes"][-1]["cumulative"] >= 0.9
    assert command(*words, "2").stdout.startswith(f"{N} cases of ")
    assert command(*words, "many").is_one_sentence("got 'many'")
