"""Fit: what it writes, that a seed decides everything, and that an interrupted fit goes on as if it never was."""

import importlib
import json
import math
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import atlaskit
from atlaskit import store
from atlaskit.config import FitConfig
from atlaskit.contours import fill
from atlaskit.errors import InputError, NotFoundError
from atlaskit.net.network import Network, load_network
from atlaskit.net.train import Trainer
from atlaskit.verbs.fitted import FitResult

STRUCTURES = ("right lung=1", "left lung=2", "heart=3")
FIGURES = {"template.png", "training.png", "validation_worst.png", "validation_typical.png"}


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures, which cost more than a tiny fit."""
    monkeypatch.setattr(importlib.import_module("atlaskit.verbs.fit"), "draw", lambda *_: ())


def fit(masks: Path, atlas: Path, config: FitConfig, **options: Any) -> Network:
    atlaskit.fit(masks, atlas=atlas, structures=STRUCTURES, config=config, device="cpu", **options)
    return load_network(atlas / "network.pt")


class Stop:
    """A report that interrupts the fit after so many steps of training."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.left -= stage == "training (percent)"
        if self.left < 0:
            raise KeyboardInterrupt


# --- what it writes


def test_an_atlas_holds_what_the_contract_says_and_nothing_else(fitted: FitResult) -> None:
    assert {path.name for path in fitted.atlas.iterdir()} == {"network.pt", "fit.json", "log.jsonl", "figures"}
    assert {path.name for path in (fitted.atlas / "figures").iterdir()} == FIGURES
    assert {path.name for path in fitted.pictures} == FIGURES
    for path in fitted.pictures:
        pixels = np.asarray(Image.open(path).convert("L"))
        assert min(pixels.shape) > 200 and pixels.std() > 5, f"{path.name} shows nothing"


def test_the_summary_says_what_was_fitted_and_how_well(fitted: FitResult, tiny: FitConfig, cohort: Path) -> None:
    summary = json.loads((fitted.atlas / "fit.json").read_text())
    assert FitConfig.from_dict(summary["config"]) == tiny
    data = summary["data"]
    assert (data["root"], data["layout"], data["cases"], data["subjects"]) == (str(cohort), "labels", 24, 12)
    assert data["rejected"] == []
    assert [(s["name"], s["labels"], s["cases"], s["landmarks"]) for s in data["structures"]] == [
        ("right lung", ["1"], 24, 32),
        ("left lung", ["2"], 24, 32),
        ("heart", ["3"], 21, 32),
    ]
    assert all(60 < s["mean_length_px"] < 250 for s in data["structures"])
    network = load_network(fitted.network)
    assert summary["network_sha256"] == network.sha256
    assert summary["topology_sha256"] == network.topology.sha256
    assert summary["versions"].keys() == {"atlaskit", "torch", "numpy", "scipy", "python"}
    assert summary["steps"] == fitted.steps == 20 and summary["seconds"] == fitted.seconds > 0
    assert summary["validation"] == fitted.validation
    assert list(fitted.validation) == ["right lung", "left lung", "heart"]
    for values in fitted.validation.values():
        assert values.keys() == {"dice", "assd_px", "self_intersections", "pull_px"}
        assert 0.7 < values["dice"] <= 1 and 0 < values["assd_px"] < 10 and 0 < values["pull_px"] < 10
    assert "Dice" in str(fitted) and "heart" in str(fitted)


def test_the_split_is_by_subject_and_complete(fitted: FitResult, ids: tuple[str, ...]) -> None:
    split = json.loads((fitted.atlas / "fit.json").read_text())["split"]
    fit_on, kept = split["fit"], split["validation"]
    assert sorted(fit_on + kept) == sorted(ids) and (len(fit_on), len(kept)) == (fitted.fitted, fitted.validated) == (20, 4)
    assert not {name[:3] for name in fit_on} & {name[:3] for name in kept}


def test_the_log_has_a_record_per_check(fitted: FitResult) -> None:
    records = [json.loads(line) for line in (fitted.atlas / "log.jsonl").read_text().splitlines()]
    assert [(record["epoch"], record["step"]) for record in records] == [(1, 10), (2, 20)]
    for record in records:
        assert set(record["losses"]) == set(record["weights"]) and all(map(math.isfinite, record["losses"].values()))
        assert record["validation"]["error"] > 0 and set(record["validation"]["dice"]) == {"right lung", "left lung", "heart"}


def test_progress_names_every_stage_and_ends_each(cohort: Path, tmp_path: Path, tiny: FitConfig, undrawn: None) -> None:
    said: list[tuple[str, int, int]] = []
    fit(cohort, tmp_path / "a", replace(tiny, steps=2), report=lambda *words: said.append(words))
    assert list(dict.fromkeys(stage for stage, _, _ in said)) == ["reading masks", "aligning", "training (percent)"]
    for stage in ("reading masks", "aligning", "training (percent)"):
        done = [at for name, at, _ in said if name == stage]
        total = {of for name, _, of in said if name == stage}.pop()
        assert done[-1] == total and done == sorted(done)


# --- the seed decides everything


def test_the_same_masks_in_any_order_on_disk_give_the_same_network(
    fitted: FitResult,
    cohort: Path,
    tmp_path: Path,
    tiny: FitConfig,
    undrawn: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for path in sorted(cohort.iterdir(), reverse=True):
        (tmp_path / "masks" / path.name).parent.mkdir(exist_ok=True)
        (tmp_path / "masks" / path.name).write_bytes(path.read_bytes())
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda *place: sorted(listed(*place), reverse=True))
    again = fit(tmp_path / "masks", tmp_path / "atlas", tiny)
    assert again.sha256 == load_network(fitted.network).sha256
    summary, first = (json.loads((at / "fit.json").read_text()) for at in (tmp_path / "atlas", fitted.atlas))
    assert summary["validation"] == first["validation"] and summary["split"] == first["split"]


def test_another_seed_gives_another_split_and_network(
    fitted: FitResult, cohort: Path, tmp_path: Path, tiny: FitConfig, undrawn: None
) -> None:
    other = fit(cohort, tmp_path / "a", replace(tiny, seed=1, steps=2))
    first, second = (json.loads((at / "fit.json").read_text())["split"] for at in (fitted.atlas, tmp_path / "a"))
    assert set(first["validation"]) != set(second["validation"])
    assert other.sha256 != load_network(fitted.network).sha256


def test_a_structure_that_only_validation_would_see_is_fitted(
    own_cohort: Path, atlas: Path, tmp_path: Path, tiny: FitConfig, undrawn: None
) -> None:
    kept = json.loads((atlas / "fit.json").read_text())["split"]["validation"]
    for path in own_cohort.iterdir():
        plane = np.array(Image.open(path))
        if path.stem != kept[0]:
            plane[plane == 3] = 0
        Image.fromarray(plane).save(path)
    fit(own_cohort, tmp_path / "a", replace(tiny, steps=2))
    summary = json.loads((tmp_path / "a" / "fit.json").read_text())
    assert kept[0] in summary["split"]["fit"]
    assert list(summary["validation"]) == ["right lung", "left lung"], "no figure for what validation lacks"


# --- interrupted, resumed, stopped in time


def test_an_interrupted_fit_goes_on_as_if_it_never_was(
    fitted: FitResult, cohort: Path, own_cohort: Path, tmp_path: Path, tiny: FitConfig, undrawn: None
) -> None:
    place = tmp_path / "atlas"
    for steps in (7, 5):  # interrupted before and after the first check
        with pytest.raises(KeyboardInterrupt):
            fit(cohort, place, tiny, report=Stop(steps), resume=(place / "checkpoint.pt").exists())
        assert not (place / "network.pt").exists() and not (place / "fit.json").exists()
    checkpoint = (place / "checkpoint.pt").read_bytes()
    with pytest.raises(InputError, match="other masks or settings"):
        fit(cohort, place, replace(tiny, steps=21), resume=True)
    fit_on = json.loads((fitted.atlas / "fit.json").read_text())["split"]["fit"]
    plane = np.array(Image.open(own_cohort / f"{fit_on[0]}.png"))
    Image.fromarray(np.roll(plane, 2, axis=1) * (plane > 0)).save(own_cohort / f"{fit_on[0]}.png")
    with pytest.raises(InputError, match="other masks or settings"):
        fit(own_cohort, place, tiny, resume=True)
    assert (place / "checkpoint.pt").read_bytes() == checkpoint, "a refusal leaves the checkpoint alone"
    assert fit(cohort, place, tiny, resume=True).sha256 == load_network(fitted.network).sha256
    assert {path.name for path in place.iterdir()} == {"network.pt", "fit.json", "log.jsonl"}
    assert [json.loads(line)["step"] for line in (place / "log.jsonl").read_text().splitlines()] == [10, 20]


def test_an_interrupt_within_a_step_changes_nothing_either(
    fitted: FitResult, cohort: Path, tmp_path: Path, tiny: FitConfig, undrawn: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Trainer._average

    def interrupted(trainer: Trainer) -> None:
        if trainer.step == 14:
            signal.raise_signal(signal.SIGINT)
        whole(trainer)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Trainer, "_average", interrupted)
        fit(cohort, tmp_path / "a", tiny)
    assert fit(cohort, tmp_path / "a", tiny, resume=True).sha256 == load_network(fitted.network).sha256


@pytest.mark.parametrize("steps", [9, 19])
def test_an_interrupt_right_before_a_check_does_not_skip_it(
    steps: int, fitted: FitResult, cohort: Path, tmp_path: Path, tiny: FitConfig, undrawn: None
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(cohort, tmp_path / "a", tiny, report=Stop(steps))
    resumed = fit(cohort, tmp_path / "a", tiny, resume=(tmp_path / "a" / "checkpoint.pt").exists())
    assert resumed.sha256 == load_network(fitted.network).sha256
    assert [json.loads(line)["step"] for line in (tmp_path / "a" / "log.jsonl").read_text().splitlines()] == [10, 20]


def test_resuming_nothing_is_refused(cohort: Path, own_atlas: Path, tiny: FitConfig) -> None:
    before = {path: path.stat().st_mtime_ns for path in own_atlas.rglob("*")}
    with pytest.raises(NotFoundError, match="without --resume"):
        fit(cohort, own_atlas, tiny, resume=True)
    assert {path: path.stat().st_mtime_ns for path in own_atlas.rglob("*")} == before


def test_a_corrupt_checkpoint_is_refused(cohort: Path, own_atlas: Path, tiny: FitConfig) -> None:
    (own_atlas / "checkpoint.pt").write_bytes((own_atlas / "network.pt").read_bytes()[:5000])
    with pytest.raises(atlaskit.NetworkError, match=r"checkpoint\.pt"):
        fit(cohort, own_atlas, tiny, resume=True)


def test_an_interrupted_fit_leaves_the_atlas_before_it(cohort: Path, own_atlas: Path, tiny: FitConfig) -> None:
    before = [(own_atlas / name).read_bytes() for name in ("network.pt", "fit.json")]
    with pytest.raises(KeyboardInterrupt):
        fit(cohort, own_atlas, replace(tiny, seed=4), report=Stop(3))
    assert [(own_atlas / name).read_bytes() for name in ("network.pt", "fit.json")] == before


def test_minutes_stop_a_long_fit_with_all_its_schedules(cohort: Path, tmp_path: Path, tiny: FitConfig, undrawn: None) -> None:
    long = replace(tiny, steps=10_000_000, checks=4, patience=100)
    fit(cohort, tmp_path / "a", long, minutes=0.001)
    summary = json.loads((tmp_path / "a" / "fit.json").read_text())
    assert summary["seconds"] < 30 and 0 < summary["steps"] < 10_000
    last = json.loads((tmp_path / "a" / "log.jsonl").read_text().splitlines()[-1])
    assert last["learning_rate"] == pytest.approx(long.learning_rate.stop)
    assert last["weights"]["chamfer"] == pytest.approx(long.losses["chamfer"].stop)


@pytest.mark.parametrize("minutes", [0, -1, math.nan])
def test_minutes_must_be_above_0(cohort: Path, tmp_path: Path, minutes: float) -> None:
    with pytest.raises(InputError, match="above 0"):
        atlaskit.fit(cohort, atlas=tmp_path / "a", minutes=minutes)
    assert not (tmp_path / "a").exists()


def test_a_fit_that_gets_no_better_stops_early(cohort: Path, tmp_path: Path, tiny: FitConfig, undrawn: None) -> None:
    still = replace(tiny, learning_rate=replace(tiny.learning_rate, start=1e-12, stop=1e-12), checks=10, patience=2)
    fit(cohort, tmp_path / "a", still)
    assert json.loads((tmp_path / "a" / "fit.json").read_text())["steps"] < 20


# --- refusals


def rings(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    y, x = np.mgrid[: plane.shape[0], : plane.shape[1]]
    far = np.hypot(x - 50, y - 60)
    return np.where(far < 20, 2, np.where(far < 32, 1, 0)).astype(np.uint8)


def specks(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scattered = np.zeros_like(plane)
    for k in range(8):
        scattered[8 + 12 * k : 14 + 12 * k, 10 + 11 * k : 18 + 11 * k] = 1
    return scattered


@pytest.mark.parametrize(
    ("drawn", "structures", "words"),
    [
        (
            rings,
            (),
            r"'1' is a ring: its hole is \d+% of its outline; model its outer edge with --structure 'outer 1=1\+2', or add --s",
        ),
        (
            rings,
            ("a=1",),
            r"'a' is a ring: .* united with what it encloses, or add what fills it as a structure and --shared-boundaries",
        ),
        (specks, ("fat=1",), r"'fat' is no single outline: the median case has 8 pieces .*; leave it out"),
    ],
)
def test_what_is_no_single_outline_is_refused(
    drawn: Any, structures: tuple[str, ...], words: str, own_cohort: Path, tmp_path: Path, tiny: FitConfig
) -> None:
    for path in own_cohort.iterdir():
        Image.fromarray(drawn(np.array(Image.open(path)))).save(path)
    with pytest.raises(InputError) as caught:
        atlaskit.fit(own_cohort, atlas=tmp_path / "a", structures=structures, config=tiny)
    assert re.search(words, str(caught.value)) and "\n" not in str(caught.value)
    assert not (tmp_path / "a").exists()


def touching(plane: NDArray[np.uint8], shift: int) -> NDArray[np.uint8]:
    """A ring (1) around a disc (2), and a half moon (3) that leans on the ring."""
    y, x = np.mgrid[: plane.shape[0], : plane.shape[1]]
    far = np.hypot(x - 60, y - 56 - shift)
    heart = np.where(far < 14 + shift, 2, np.where(far < 26, 1, 0))
    moon = (np.hypot(x - 40, y - 56 - shift) < 26) & (far >= 26)
    return np.where(moon, 3, heart).astype(np.uint8)


def test_structures_that_touch_share_their_boundaries(
    own_cohort: Path, tmp_path: Path, tiny: FitConfig, command: Any, undrawn: None
) -> None:
    """Raw labels with a ring among them, from the command line to the store: every area is met, no pixel is in two."""
    for index, path in enumerate(sorted(own_cohort.iterdir())):
        Image.fromarray(touching(np.array(Image.open(path)), index % 5)).save(path)
    config = tmp_path / "run.toml"
    config.write_text("".join(f"{name} = {getattr(tiny, name)}\n" for name in ("steps", "checks", "batch", "levels", "nodes")))
    with config.open("a") as file:
        file.write("input_size = 64\nstem = 4\nfilters = [8, 16]\nlatent = 8\ngraph_filters = [8, 8]\n")
    names = ("--structure=myo=1", "--structure=lv=2", "--structure=rv=3")
    atlas = tmp_path / "a"
    assert command("fit", own_cohort, "--atlas", atlas, "--config", config, *names, "--shared-boundaries").code == 0
    assert command("extract", "--model", own_cohort, "--atlas", atlas).code == 0
    found = store.read(atlas / "landmarks.zarr").load()
    assert (found.dice > 0.97).all() and (found.hole_px == 0).all() and (found.self_intersections == 0).all()
    assert (found.hd95_px < 1.5).all()
    polygons = [item["loop"] for item in json.loads(found.attrs["topology"])["structures"]]
    assert len(set(polygons[0]) & set(polygons[2])) > 4, "ring and half moon share landmarks"
    for points in found.points.values.astype(float):
        assert sum(fill(points[loop], (112, 112)).astype(int) for loop in polygons).max() == 1
    measured = atlaskit.evaluate(atlas=atlas, device="cpu")
    network = measured.round_trip.query("landmarks == 'points_network' and structure == 'myo'")
    assert measured.round_trip["dice"].notna().all() and float(network["dice"].iloc[0]) > 0.6, "the ring, not the disc"
    assert measured.equivariance is not None and measured.equivariance["mean_px"].notna().all()


def test_shared_boundaries_need_structures_that_touch(own_cohort: Path, tmp_path: Path, tiny: FitConfig) -> None:
    for path in sorted(own_cohort.iterdir()):
        plane = np.zeros((112, 112), np.uint8)
        plane[20:60, 10:40], plane[30:70, 60:100] = 1, 2
        Image.fromarray(plane).save(path)
    with pytest.raises(InputError, match="--shared-boundaries needs structures that touch"):
        atlaskit.fit(own_cohort, atlas=tmp_path / "a", config=replace(tiny, shared_boundaries=True))


def test_a_pose_that_is_free_brings_landmarks_back_into_the_source_frame(
    own_cohort: Path, tmp_path: Path, tiny: FitConfig, undrawn: None
) -> None:
    """The same chests upright and turned by quarters: each landmark turns with its mask."""
    atlaskit.fit(own_cohort, atlas=tmp_path / "a", structures=STRUCTURES, config=replace(tiny, pose="free"))
    upright = atlaskit.extract(own_cohort, atlas=tmp_path / "a", out=tmp_path / "up.zarr")
    for path in sorted(own_cohort.iterdir()):
        Image.fromarray(np.rot90(np.array(Image.open(path))).copy()).save(path)
    turned = atlaskit.extract(own_cohort, atlas=tmp_path / "a", out=tmp_path / "turned.zarr")
    before, after = (store.read(result.store).load().points.values for result in (upright, turned))
    expected = np.stack([before[..., 1], 111 - before[..., 0]], axis=-1)  # a quarter turn against the clock
    assert np.nanmean(np.linalg.norm(after - expected, axis=-1)) < 0.5
    moved = atlaskit.evaluate(own_cohort, atlas=tmp_path / "a", store=turned.store, device="cpu").equivariance
    assert moved is not None
    turns = moved[(moved["structure"] == "overall") & moved["transform"].str.startswith("turned")]
    assert (turns["mean_px"] < 1).all(), "turning a mask turns its landmarks"


def test_masks_of_one_subject_are_refused(own_cohort: Path, tmp_path: Path, tiny: FitConfig) -> None:
    for path in sorted(own_cohort.iterdir()):
        if path.stem[:3] == "p00":
            for frame in range(4):
                (own_cohort / f"q_{path.stem[4:]}_t{frame:03d}.png").write_bytes(path.read_bytes())
        path.unlink()
    with pytest.raises(InputError, match="at least 2 subjects"):
        fit(own_cohort, tmp_path / "a", tiny)
