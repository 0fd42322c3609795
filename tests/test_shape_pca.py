"""``shape-pca`` on stores of drawn shapes: what is aligned, counted, written and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

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


def made(
    path: Path,
    points: Array,
    *,
    spacing: Array | None = None,
    status: dict[int, Status] | None = None,
    topology: Topology = TOPOLOGY,
) -> Path:
    """A store of landmarks; NaN is absent."""
    cases = [Case(f"case_{k:02d}", f"{k}.png", f"subject {k // 2}") for k in range(len(points))][::-1]
    template = align(np.nan_to_num(points)).mean * 0.8 + 0.5
    opened = store.open_or_create(
        path / "landmarks.zarr", topology=topology, network_sha256="0", cases=cases, latent_size=2, template=template, shard=32
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


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn, which takes most of the time."""
    monkeypatch.setattr("atlaskit.verbs.shape_pca.draw_parts", lambda *_: ())


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
    assert {*result.tables, atlas / "shape" / "shape.json"} == set((atlas / "shape").glob("*")) and not list(
        atlas.rglob("*.partial")
    )
    assert store.open_store(atlas / "landmarks.zarr").n_cases == N, "the landmarks stay as they were"


@pytest.mark.usefixtures("unseen")
def test_each_structure_has_its_own_shape_space(atlas: Path) -> None:
    atlaskit.shape_pca(atlas=atlas, judge=False)
    result = atlaskit.shape_pca(atlas=atlas, align_by="per-structure", modes="all", judge=False)
    assert [part.name for part in result.parts] == ["lung", "heart"]
    heart = store.read_group(atlas / "landmarks.zarr", "pca/heart")
    assert heart["landmark"].to_numpy().tolist() == list(range(12, 24)) and heart.attrs["structures"] == ["heart"]
    assert "modes" not in store.read_group(atlas / "landmarks.zarr", "pca"), "the joint modes of the earlier run are gone"
    lung, round_heart = (part.model.total for part in result.parts)
    assert round_heart < 0.3 * lung, "a circle has one shape, wherever it lies and however large it is"


@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize(
    ("options", "attributes"),
    [
        ({}, ("joint", True, False)),
        ({"scale": False, "align_by": "per-structure", "robust": True}, ("per-structure", False, True)),
    ],
)
def test_groups_say_how_they_were_made(atlas: Path, options: dict[str, Any], attributes: tuple[object, ...]) -> None:
    atlaskit.shape_pca(atlas=atlas, judge=False, **options)
    for group in ("alignment", "pca"):
        found = store.read_group(atlas / "landmarks.zarr", f"{group}/heart" if options else group)
        assert tuple(found.attrs[name] for name in ("align", "scale", "robust")) == attributes


@pytest.mark.usefixtures("unseen")
def test_what_was_done_stands_beside_the_tables(atlas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    atlaskit.shape_pca(atlas=atlas, judge=False)
    result = atlaskit.shape_pca(atlas=atlas, align_by="per-structure", modes=4, seed=3, pairs=("lung=heart",), judge=False)
    said = json.loads((atlas / "shape" / "shape.json").read_text())
    assert said["options"] == {
        "structures": ["lung", "heart"], "align": "per-structure", "scale": True, "modes": 4, "robust": False, "slide": "none",
        "pairs": ["lung=heart"], "quality": False, "unit": "auto", "seed": 3,
    }  # fmt: skip
    opened = store.open_store(atlas / "landmarks.zarr")
    assert (said["atlaskit"], said["topology_sha256"]) == (atlaskit.__version__, opened.topology.sha256)
    assert (said["cases"], said["unit"], said["store"]) == (N, "px", str(atlas / "landmarks.zarr"))
    assert (said["notes"], said["findings"]) == (list(result.notes), list(result.findings))
    assert [(name, part["structures"], part["modes"]) for name, part in said["parts"].items()] == [
        ("lung", ["lung"], 4),
        ("heart", ["heart"], 4),
    ]
    table = pd.read_csv(atlas / "shape" / "outliers.csv")
    for way, measure in (("far", "distance"), ("unlikely", "mahalanobis"), ("beyond", "residual")):
        limit = table["part"].map(lambda name, measure=measure: said["limits"][name][measure])
        assert ((table[measure] > limit) == table[way]).all()
    assert result.to_dict()["limits"] == said["limits"]
    monkeypatch.setattr("atlaskit.verbs.whole.write_table", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        atlaskit.shape_pca(atlas=atlas, judge=False)
    assert not (atlas / "shape" / "shape.json").exists(), "it says nothing of tables that are half of another run"


@pytest.mark.usefixtures("unseen")
def test_size_stays_in_the_shape_where_it_is_not_scaled_away(atlas: Path) -> None:
    result = atlaskit.shape_pca(atlas=atlas, scale=False, modes="all", judge=False)
    assert result.quality.empty and not (atlas / "shape" / "quality.csv").exists()
    first = result.parts[0].scores[:, 0]
    assert abs(np.corrcoef(first, result.parts[0].alignment.size)[0, 1]) > 0.9
    assert np.linalg.norm(result.parts[0].alignment.mean) > 20, "pixels"


@pytest.mark.usefixtures("unseen")
def test_sizes_are_in_mm_where_every_pixel_size_is_known(tmp_path: Path) -> None:
    points, spacing = shapes(), np.random.default_rng(1).uniform(0.5, 2, (N, 2))
    found = atlaskit.shape_pca(atlas=made(tmp_path / "mm", points * 1.0 / spacing[:, None], spacing=spacing), judge=False)
    plain = atlaskit.shape_pca(atlas=made(tmp_path / "px", points), judge=False)
    assert found.unit == "mm" and plain.unit == "px"
    assert found.scores["size_mm"].to_numpy() == pytest.approx(plain.scores["size_px"].to_numpy(), rel=1e-5)
    spacing[3] = np.nan
    mixed = made(tmp_path / "mixed", points, spacing=spacing)
    with pytest.raises(InputError, match=f"one for {N - 1} of {N}.*--unit px"):
        atlaskit.shape_pca(atlas=mixed)
    assert atlaskit.shape_pca(atlas=mixed, unit="px", judge=False).unit == "px"
    with pytest.raises(InputError, match=f"one for 0 of {N}"):
        atlaskit.shape_pca(atlas=tmp_path / "px", unit="mm")


@pytest.mark.usefixtures("unseen")
def test_cases_that_lack_a_structure_are_left_out_and_counted(tmp_path: Path) -> None:
    points = shapes()
    points[:4, 12:] = np.nan
    atlas = made(tmp_path, points, status={9: Status.REJECTED, 10: Status.PENDING, 11: Status.FLAGGED})
    result = atlaskit.shape_pca(atlas=atlas, judge=False)
    assert result.cases == N - 6 and "case_11" in set(result.scores["case"])
    assert result.notes == ("2 cases pending or rejected left out", "4 cases without one of lung, heart left out")
    assert atlaskit.shape_pca(atlas=atlas, structures=("lung",), judge=False).cases == N - 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"structures": ("liver",)}, "'liver' is not"),
        ({"align_by": "separate"}, "'joint' or 'per-structure'; got 'separate'"),
        ({"slide": "far"}, "none, bending, distance; got 'far'"),
        ({"pairs": ("lung",)}, "LEFT=RIGHT; got 'lung'"),
        ({"pairs": ("lung=hart",)}, "'hart' is not.*heart"),
        ({"modes": 0}, "got 0"),
        ({"modes": 1.5}, "got 1.5"),
    ],
)
def test_what_cannot_be_done_is_said(atlas: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        atlaskit.shape_pca(atlas=atlas, **options)
    assert not (atlas / "shape").exists()


@pytest.mark.usefixtures("unseen")
def test_each_structure_alone_uses_every_case_that_has_it(tmp_path: Path) -> None:
    points = shapes()
    points[:4, 12:] = np.nan
    points[4, :12] = np.nan
    atlas = made(tmp_path, points, status={9: Status.REJECTED})
    result = atlaskit.shape_pca(atlas=atlas, align_by="per-structure", judge=False)
    counts = result.scores.groupby("part")["case"].size()
    assert (counts["lung"], counts["heart"], result.cases) == (N - 2, N - 5, N - 1)
    notes = ("1 case pending or rejected left out", "1 case without lung left out", "4 cases without heart left out")
    assert result.notes == notes
    heart = store.read_group(atlas / "landmarks.zarr", "pca/heart")
    assert heart.sizes["case"] == N - 5 and "case_04" in heart["case"].to_numpy()


@pytest.mark.usefixtures("unseen")
def test_cases_unlike_the_others_are_told_and_written(tmp_path: Path) -> None:
    points = shapes()
    points[6, 15] += [9, 0]
    atlas = made(tmp_path, points, status={6: Status.FLAGGED})
    result = atlaskit.shape_pca(atlas=atlas, judge=False)
    table = pd.read_csv(atlas / "shape" / "outliers.csv")
    assert table.loc[0, ["case", "status", "structure"]].tolist() == ["case_06", "flagged", "heart"] and len(table) == N
    unusual = result.to_dict()["outliers"]
    assert unusual[0]["case"] == "case_06" and len(unusual) == table[["far", "unlikely", "beyond"]].any(axis=1).sum()
    assert any("unlike the others: case_06" in line for line in result.findings) and result.findings[0] in str(result)


SIDED = Topology(("left lung", "right lung", "heart"), (tuple(range(12)), tuple(range(12, 28)), tuple(range(28, 40))), levels=1)


def sided() -> Array:
    """Left lungs are mirror images of right ones with a notch, and smaller; they have fewer landmarks."""
    rng = np.random.default_rng(0)
    points = np.empty((N, 40, 2))
    for case, (wide, high) in enumerate(rng.uniform([8, 18], [10, 24], (N, 2))):
        for loop, side, size in ((slice(0, 12), 1, 0.8), (slice(12, 28), -1, 1.0)):
            angle = 2 * np.pi * np.arange(loop.stop - loop.start) / (loop.stop - loop.start)
            radius = 1 + 0.2 * np.cos(3 * angle) - 0.3 * (side > 0) * np.exp(4 * np.cos(angle - 2) - 4)
            outline = np.column_stack([side * wide * radius * np.cos(angle), high * radius * np.sin(angle)])
            points[case, loop] = size * outline + [side * 15, 0]
        points[case, 28:] = rng.normal(0, 1, (12, 2)) + 5 * np.column_stack([np.cos(angle[:12]), np.sin(angle[:12])])
    return points + rng.normal(0, 0.1, points.shape) + 60


def leave(atlas: Path, *names: str) -> list[Path]:
    """Pictures of earlier runs."""
    (atlas / "figures").mkdir()
    paths = [atlas / "figures" / f"{name}.png" for name in names]
    for path in paths:
        path.touch()
    return paths


def test_sides_are_compared_where_names_or_the_caller_pair_them(tmp_path: Path) -> None:
    points = sided()
    points[3, :12] = np.nan
    atlas = made(tmp_path, points, topology=SIDED)
    other, *earlier = leave(atlas, "compare_sex", "shape_heart_modes", "shape_quality")
    result = atlaskit.shape_pca(atlas=atlas, judge=False)
    table, cases = (pd.read_csv(atlas / "shape" / f"{name}.csv") for name in ("anova", "asymmetry"))
    assert table["source"].tolist() == ["individual", "side", "individual x side", "total"] and (table["cases"] == N - 1).all()
    assert table["p"][1] == 0.001 and table["R2"][:3].sum() == pytest.approx(1)
    assert cases["case"].tolist() == [f"case_{k:02d}" for k in range(N) if k != 3]
    x, y = points[5, 12:28].T
    area = abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2
    assert cases.set_index("case").loc["case_05", "area_right_px2"] == pytest.approx(area, rel=1e-4)
    assert (cases["log_ratio"] < -0.3).all() and "smaller in area" in result.findings[-1]
    assert "1 case without one of left lung, right lung left out" in result.notes
    assert atlas / "figures" / "shape_sides_left_lung.png" in result.pictures
    assert atlas / "figures" / "shape_outliers.png" in result.pictures
    assert set((atlas / "figures").iterdir()) == {other, *result.pictures}, "no picture of an earlier run is left"
    assert not any(path.exists() for path in earlier)


@pytest.mark.usefixtures("unseen")
def test_pairs_that_are_asked_for_are_compared_as_asked(tmp_path: Path) -> None:
    atlas = made(tmp_path, sided(), topology=SIDED)
    swapped = atlaskit.shape_pca(atlas=atlas, pairs=("right lung=left lung",), judge=False)
    assert swapped.anova["left"].unique().tolist() == ["right lung"] and "larger in area" in swapped.findings[-1]


@pytest.mark.usefixtures("unseen")
def test_without_pairs_an_earlier_comparison_of_sides_is_gone(tmp_path: Path) -> None:
    atlas = made(tmp_path, sided(), topology=SIDED)
    atlaskit.shape_pca(atlas=atlas, judge=False)
    assert (atlas / "shape" / "anova.csv").exists()
    result = atlaskit.shape_pca(atlas=atlas, structures=("left lung", "heart"), judge=False)
    assert result.anova.empty and not any((atlas / "shape" / f"{name}.csv").exists() for name in ("anova", "asymmetry"))


@pytest.mark.usefixtures("unseen")
def test_pairs_that_few_cases_have_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    points = sided()
    points[:15, :12] = np.nan
    points[15:, 12:28] = np.nan
    atlas = made(tmp_path, points, topology=SIDED)
    result = atlaskit.shape_pca(atlas=atlas, align_by="per-structure", judge=False)
    assert result.asymmetry.empty and any(note.startswith("left lung and right lung are not compared") for note in result.notes)
    with pytest.raises(InputError, match="3 or more cases with left lung, right lung"):
        atlaskit.shape_pca(atlas=atlas, align_by="per-structure", pairs=("left lung=right lung",))


@pytest.mark.usefixtures("unseen")
def test_landmarks_slide_and_the_store_keeps_its_own(atlas: Path) -> None:
    before = store.read(atlas / "landmarks.zarr")["points"].to_numpy()
    result = atlaskit.shape_pca(atlas=atlas, slide="bending", judge=False)
    assert np.array_equal(store.read(atlas / "landmarks.zarr")["points"].to_numpy(), before)
    group = store.read_group(atlas / "landmarks.zarr", "alignment")
    assert group.attrs["slide"] == "bending" and len(group.attrs["slide_fixed"]) >= 2
    moved = group["points"].sel(case="case_05").to_numpy()
    where = group.sel(case="case_05")
    turn = float(where["factor"]) * np.exp(1j * float(where["rotation_rad"]))
    z = (moved - where["centre"].to_numpy()) @ [1, 1j] * turn
    assert np.column_stack([z.real, z.imag]) == pytest.approx(result.parts[0].alignment.points[5], abs=1e-9)
    assert any("landmarks slid along their outlines by" in note for note in result.notes)
    atlaskit.shape_pca(atlas=atlas, judge=False)
    plain = store.read_group(atlas / "landmarks.zarr", "alignment")
    assert plain.attrs["slide"] == "none" and "points" not in plain


@pytest.mark.usefixtures("unseen")
def test_a_store_of_too_few_cases_or_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"3 or more cases with lung, heart; .* has 2 \(1 case pending or rejected left out\)"):
        atlaskit.shape_pca(atlas=made(tmp_path, shapes(3), status={0: Status.REJECTED}))
    with pytest.raises(InputError, match="cases that differ; the 5 with lung, heart are all alike"):
        atlaskit.shape_pca(atlas=made(tmp_path / "same", np.repeat(shapes(1), 5, axis=0)))
    with pytest.raises(NotFoundError):
        atlaskit.shape_pca(atlas=tmp_path / "nowhere")


def test_the_command_says_the_same(atlas: Path, command: Callable[..., Any]) -> None:
    words = ("shape-pca", "--atlas", atlas, "--structures", "heart, lung", "--no-scale", "--modes")
    said = command(*words, "0.9", "--json", "--slide", "distance", "--pair", "lung=heart")
    document = json.loads(said.stdout)
    assert document["anova"][0]["left"] == "lung" and len(document["findings"]) == 2
    assert "landmarks slid along" in said.stderr
    assert said.code == 0 and document["cases"] == N and document["modes"][-1]["cumulative"] >= 0.9
    assert command(*words, "2").stdout.startswith(f"{N} cases of ")
    assert command(*words, "many").is_one_sentence("got 'many'")


@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize("align_by", ["joint", "per-structure"])
def test_a_structure_may_be_named_alone_and_only_once(tmp_path: Path, align_by: Literal["joint", "per-structure"]) -> None:
    atlas = made(tmp_path, sided(), topology=SIDED)
    alone = atlaskit.shape_pca(atlas=atlas, structures="heart", align_by=align_by, judge=False)
    assert alone.parts[0].structures == ("heart",)
    with pytest.raises(InputError, match="'heart' came twice"):
        atlaskit.shape_pca(atlas=atlas, structures=("heart", "heart"), align_by=align_by)


@pytest.mark.usefixtures("unseen")
def test_a_side_without_an_area_is_named_and_not_compared(tmp_path: Path) -> None:
    points = sided()
    points[3, :12] = points[3, 0]
    result = atlaskit.shape_pca(atlas=made(tmp_path, points, topology=SIDED), judge=False)
    assert result.asymmetry.empty and any("case_03 has one without" in note for note in result.notes)
