"""Evaluate: every table on a small atlas with known truth, what the command says, and every way it can be asked wrongly."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from PIL import Image

import atlaskit
from atlaskit import metrics, phantom
from atlaskit.errors import InputError, NotFoundError, StoreError
from atlaskit.verbs.evaluate import LEAST_BENCH
from atlaskit.verbs.evaluation import equivariance, repeats
from atlaskit.verbs.evaluation.truths import LEAST_PART
from atlaskit.verbs.fitted import read_summary

NAMES = ("right lung", "left lung", "heart")


@pytest.fixture(scope="module")
def truth(ids: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The true landmarks of the drawn chests."""
    table = phantom.chest(24, size=112, seed=1, missing=0.0, faults=0.0).truth()
    table = table[table["structure"].isin(NAMES) & (table["landmark"] % 4 == 0)]
    called = dict(zip(dict.fromkeys(table["case"]), ids, strict=True))
    path = tmp_path_factory.mktemp("truth") / "truth.csv"
    table.assign(case=table["case"].map(called)).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def whole(
    atlas: Path, extracted: atlaskit.ExtractResult, truth: Path, tmp_path_factory: pytest.TempPathFactory
) -> atlaskit.EvaluateResult:
    """Everything that needs no further fit, on a copy of the atlas; masks found by what the store remembers."""
    own = Path(shutil.copytree(atlas, tmp_path_factory.mktemp("whole") / "atlas"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(equivariance, "CASES", 6)
        return atlaskit.evaluate(atlas=own, store=extracted.store, truth=truth, baselines=True, spacing_mm=0.5)


@pytest.fixture(autouse=True)
def few_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change two masks only, where the figures are not looked at."""
    monkeypatch.setattr(equivariance, "CASES", 2)


def of(table: pd.DataFrame | None, **keys: str) -> pd.DataFrame:
    assert table is not None
    for column, value in keys.items():
        table = table[table[column] == value]
    return table.set_index("structure") if "structure" in table else table


# --- the figures


def test_the_store_remembers_its_masks(extracted: atlaskit.ExtractResult, cohort: Path, own_cohort: Path, atlas: Path) -> None:
    assert xr.open_zarr(extracted.store).attrs["model"] == str(cohort.absolute())
    copy = Path(shutil.copytree(extracted.store, own_cohort.parent / "store.zarr"))
    assert atlaskit.extract(own_cohort, atlas=atlas, out=copy).n_new == 0
    moved = xr.open_zarr(copy, consolidated=True)
    assert moved.attrs["model"] == str(own_cohort.absolute()) and moved.sizes["case"] == 24


def test_the_round_trip_is_that_of_the_store(whole: atlaskit.EvaluateResult, extracted: atlaskit.ExtractResult) -> None:
    found = xr.open_zarr(extracted.store).load()
    table = of(whole.round_trip, landmarks="points")
    for column, name in (("dice", "dice"), ("hd95_px", "hd95_px"), ("assd_px", "assd_px")):
        np.testing.assert_allclose(table[column].iloc[:3], found[name].mean("case"), rtol=1e-5)
    np.testing.assert_allclose(table["assd_mm"], table["assd_px"] / 2)
    assert table["cases"].tolist() == [24, 24, 21, 24] and table["absent"].tolist() == [0, 0, 3, 3]
    network = of(whole.round_trip, landmarks="points_network")
    assert 0.5 < network.loc["overall", "dice"] < table.loc["overall", "dice"]


def test_correspondence_is_the_contracts_figure(
    whole: atlaskit.EvaluateResult, extracted: atlaskit.ExtractResult, truth: Path
) -> None:
    found = xr.open_zarr(extracted.store).load().sortby("case")
    cases = [str(case) for case in found["case"].values]
    topology = atlaskit.Topology.from_json(found.attrs["topology"])
    points = metrics.by_structure(found["points"].values.astype(float), topology)
    wanted = metrics.correspondence_error(points, metrics.read_truth(truth).of(cases), spacing_mm=np.full((24, 2), 0.5))
    table = of(whole.correspondence, landmarks="points")
    np.testing.assert_allclose(table[list(wanted)], wanted)
    fitted = set(json.loads((whole.atlas / "fit.json").read_text())["split"]["fit"])
    count = sum(case in fitted for case, tied in zip(cases, metrics.training_part(24), strict=True) if not tied)
    assert whole.split == f"tied on 17 cases drawn with seed 0, measured on the other 7, {count} of them fitted"
    each = whole.landmarks
    assert each is not None and set(each["landmarks"]) == {"points", "points_network"}
    heart = each[(each["landmarks"] == "points") & (each["structure"] == "heart")]
    assert heart["mean_px"].mean() == pytest.approx(table.loc["heart", "mean_px"])
    assert heart["landmark"].tolist() == [str(k) for k in range(0, 4 * len(heart), 4)]
    assert heart["nearest"].isin(topology.loop_of("heart")).all()


def test_every_method_has_a_row_on_the_same_cases(whole: atlaskit.EvaluateResult) -> None:
    table = whole.baselines
    assert table is not None
    ours = of(whole.correspondence, landmarks="points")
    assert table["method"].iloc[0].startswith("arc length") and len(table) == 6
    last = table.iloc[-1]
    assert last[[f"{name} mean_px" for name in NAMES]].tolist() == pytest.approx(ours["mean_px"].iloc[:3].tolist())
    assert last["mean_px"] == pytest.approx(ours.loc["overall", "mean_px"])
    assert table["mean_px"].between(0.01, 30).all() and (table["mean_mm"] == table["mean_px"] / 2).all()
    assert table["mean_px"].iloc[0] > table["mean_px"].iloc[2], "the groupwise assignment beats the topmost point"


def test_inference_and_spread_have_sense(whole: atlaskit.EvaluateResult) -> None:
    table = of(whole.inference, landmarks="points")
    assert (table["under_2_px"] <= table["under_4_px"]).all() and (table["under_4_px"] <= table["under_8_px"]).all()
    np.testing.assert_allclose(table["under_4_mm"], table["under_8_px"])
    assert table.loc["overall", "mean_px"] < 5
    spread = of(whole.spread, landmarks="points")
    assert spread["normal_spread_deg"].between(0.1, 40).all() and spread["edge_variation"].between(0.01, 1).all()


def test_equivariance_has_a_row_per_change_and_their_mean(whole: atlaskit.EvaluateResult) -> None:
    table = whole.equivariance
    assert table is not None and len(table) == 2 * 7 * 4
    assert table["mean_px"].between(0.01, 8).all(), "changes are small and landmarks follow"
    one = table[(table["landmarks"] == "points") & (table["structure"] == "heart")]
    assert one["mean_px"].iloc[-1] == pytest.approx(one["mean_px"].iloc[:-1].mean()) and one["transform"].iloc[-1] == "all"


def test_everything_is_written_whole(whole: atlaskit.EvaluateResult) -> None:
    named = {path.stem: path for path in whole.tables}
    of_single_cases = named.pop("cases")
    assert set(named) == {"round_trip", "spread", "correspondence", "landmarks", "inference", "equivariance", "baselines"}
    for path in named.values():
        written = pd.read_csv(path)
        measured = getattr(whole, path.stem)
        assert list(written) == list(measured) and len(written) == len(measured)
        number = measured.select_dtypes("number")
        np.testing.assert_allclose(written[list(number)], number, rtol=1e-4, atol=1e-6)
    assert {path.name for path in whole.pictures} == {
        f"evaluate_{k}.png" for k in ("correspondence", "equivariance", "baselines")
    }
    assert all(path.stat().st_size > 10_000 for path in whole.pictures)
    assert not list(whole.atlas.rglob("*.partial")) and whole.notes == ()
    document = json.loads((whole.atlas / "evaluate" / "evaluate.json").read_text())
    assert list(document) == [path.stem for path in whole.tables] and document["baselines"]["split"] == whole.split
    assert tuple(document["baselines"][key] for key in ("store", "cases", "seed")) == (str(whole.store), 24, 0)
    cases = pd.read_csv(of_single_cases)
    assert len(cases) == 3 * 24 - 3 and (cases["error_mm"].dropna() * 2 / cases["error_px"].dropna()).round(3).eq(1).all()
    means, table = cases.groupby("structure"), of(whole.correspondence, landmarks="points")
    for name in NAMES:
        assert means["error_px"].mean()[name] == pytest.approx(table.loc[name, "mean_px"], rel=1e-4)
        assert means["dice"].mean()[name] == pytest.approx(of(whole.round_trip, landmarks="points").loc[name, "dice"], rel=1e-4)


def test_the_order_of_the_cases_changes_nothing(
    atlas: Path, cohort: Path, truth: Path, whole: atlaskit.EvaluateResult, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(atlas, tmp_path / "atlas"))
    late, early = tmp_path / "late", tmp_path / "early"
    for folder, files in ((late, sorted(cohort.iterdir())[8:]), (early, sorted(cohort.iterdir()))):
        folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
        atlaskit.extract(folder, atlas=own)
    rows = truth.read_text().splitlines()
    (tmp_path / "t.csv").write_text("\n".join([rows[0], *sorted(rows[1:], reverse=True)]))
    again = atlaskit.evaluate(atlas=own, truth=tmp_path / "t.csv", spacing_mm=0.5)
    for name in ("round_trip", "spread", "correspondence", "inference"):
        one, two = (getattr(result, name).set_index(["landmarks", "structure"]) for result in (again, whole))
        pd.testing.assert_frame_equal(one.loc[two.index], two, rtol=1e-4)


# --- unseen cases, masks that are gone


def test_unseen_ties_on_the_fitted_cases_only(own_atlas: Path, extracted: atlaskit.ExtractResult, truth: Path) -> None:
    fitted = json.loads((own_atlas / "fit.json").read_text())["split"]["fit"]
    (own_atlas / "evaluate").mkdir()
    stale = [own_atlas / "evaluate" / "baselines.csv", own_atlas / "figures" / "evaluate_baselines.png"]
    foreign = [own_atlas / "evaluate" / "mine.csv", own_atlas / "figures" / "template.png"]
    for path in (*stale, *foreign):
        path.touch()
    result = atlaskit.evaluate(atlas=own_atlas, store=extracted.store, truth=truth, unseen=True)
    assert of(result.correspondence, landmarks="points").loc["overall", "cases"] == 24 - len(fitted)
    assert of(result.inference, landmarks="points").loc["overall", "cases"] == 24 - len(fitted)
    assert f"the {len(fitted)} cases that the atlas was fitted on" in result.split
    assert any("validation cases" in note for note in result.notes)
    assert all(path.exists() for path in foreign) and not any(path.exists() for path in stale), "only what it names itself"
    kept = own_atlas / "evaluate" / "correspondence.csv"
    atlaskit.evaluate(atlas=own_atlas, store=extracted.store)
    assert kept.exists(), "the same landmarks, and no other truth"
    listed = json.loads((own_atlas / "evaluate" / "evaluate.json").read_text())
    assert listed["correspondence"]["truth"] == str(truth) and "truth" not in listed["equivariance"]
    atlaskit.evaluate(atlas=own_atlas, store=extracted.store, truth=truth)
    assert json.loads(kept.with_name("evaluate.json").read_text())["correspondence"]["split"] != result.split
    (own_atlas / "fit.json").unlink()
    with pytest.raises(InputError, match=r"none is there, and --unseen needs it"):
        atlaskit.evaluate(atlas=own_atlas, store=extracted.store, truth=truth, unseen=True)


def test_without_masks_the_rest_is_still_measured(atlas: Path, own_cohort: Path, own_atlas: Path, truth: Path) -> None:
    atlaskit.extract(own_cohort, atlas=own_atlas)
    own_cohort.rename(own_cohort.with_name("gone"))
    result = atlaskit.evaluate(atlas=own_atlas, truth=truth)
    assert result.masks is None and result.equivariance is None and "no longer at" in result.notes[0]
    assert set(result.round_trip["landmarks"]) == {"points"} and of(result.correspondence).notna().to_numpy().any()
    for options in ({"baselines": True}, {"repeat": 1}):
        with pytest.raises(InputError, match=r"needs the masks.*name the folder"):
            atlaskit.evaluate(atlas=own_atlas, truth=truth, **options)  # type: ignore[arg-type]
    again = atlaskit.evaluate(own_cohort.with_name("gone"), atlas=own_atlas)
    assert again.equivariance is not None and again.notes == ()


def test_masks_that_changed_or_are_missing_are_noted(own_cohort: Path, own_atlas: Path) -> None:
    atlaskit.extract(own_cohort, atlas=own_atlas)
    plane = np.array(Image.open(own_cohort / "p01_ED.png"))
    Image.fromarray(np.roll(plane, 2, axis=1)).save(own_cohort / "p01_ED.png")
    (own_cohort / "p02_ED.png").unlink()
    notes = atlaskit.evaluate(atlas=own_atlas).notes
    assert any("1 masks are not as they were extracted" in note for note in notes)
    assert any("1 of 24 cases have no mask" in note for note in notes)
    (own_cohort / "p03_ED.png").write_bytes(b"\x89PNG cut off")
    notes = atlaskit.evaluate(atlas=own_atlas).notes
    assert any("1 of 24 cases have no mask" in note for note in notes)
    assert any(note.startswith("1 masks cannot be used: p03_ED.png: ") and "damaged" in note for note in notes)
    Image.fromarray(plane[:-4]).save(own_cohort / "p01_ED.png")
    with pytest.raises(InputError, match="'p01_ED' is 112 x 108 px here and was 112 x 112 px"):
        atlaskit.evaluate(atlas=own_atlas)


# --- repeats


def test_repeats_are_compared_taken_up_again_and_taken_away(
    own_atlas: Path, extracted: atlaskit.ExtractResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, plain = [], repeats.fit

    def quick(*given: Any, config: atlaskit.FitConfig, **options: Any) -> None:
        fits.append(config.seed)
        plain(*given, config=replace(config, steps=1, checks=1), **options)

    monkeypatch.setattr(repeats, "fit", quick)
    monkeypatch.setattr("atlaskit.verbs.fit.draw", lambda *_: ())

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "repeat 2 of 2: training (percent)":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atlaskit.evaluate(atlas=own_atlas, store=extracted.store, repeat=2, report=stop)
    assert fits == [1, 2] and (own_atlas / "evaluate" / "repeat_1" / "fit.json").is_file()
    assert (own_atlas / "evaluate" / "round_trip.csv").is_file(), "what is known is written before the fits"
    result = atlaskit.evaluate(atlas=own_atlas, store=extracted.store, repeat=2)
    assert fits == [1, 2, 2], "the finished one is used again"
    table = of(result.repeatability, landmarks="points")
    assert table["networks"].tolist() == [3] * 4 and table["mean_px"].between(0.01, 8).all()
    assert not list((own_atlas / "evaluate").glob("repeat_*"))
    assert (own_atlas / "figures" / "evaluate_repeatability.png").is_file()


def test_repeats_take_no_folder_that_they_did_not_make(own_atlas: Path, extracted: atlaskit.ExtractResult) -> None:
    (own_atlas / "evaluate" / "repeat_2").mkdir(parents=True)
    (own_atlas / "evaluate" / "repeat_2" / "precious").touch()
    with pytest.raises(InputError, match="repeat_2, and something else is there: move it away"):
        atlaskit.evaluate(atlas=own_atlas, store=extracted.store, repeat=2)
    assert (own_atlas / "evaluate" / "repeat_2" / "precious").exists() and not (own_atlas / "evaluate" / "repeat_1").exists()


DAMAGED: dict[str, dict[str, Any]] = {
    "split": {"split": []},
    "no split": {"split": {}},
    "fit": {"split": {"fit": 3, "validation": []}},
    "data": {"data": {}},
    "layout": {"data": {"root": "masks", "layout": None}},
    "asked": {"asked": None},
    "text": {"asked": {"minutes": "x"}},
    "negative": {"asked": {"minutes": -1}},
    "endless": {"asked": {"minutes": math.inf}},
    "plane": {"asked": {"plane": 3}},
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_summary_is_one_sentence(name: str, tmp_path: Path) -> None:
    data = {"root": "masks", "layout": "labels"}
    whole = {"network_sha256": "ab", "split": {"fit": ["a"], "validation": ["b"]}, "data": data}
    (tmp_path / "fit.json").write_text(json.dumps(whole))
    assert read_summary(tmp_path, "ab", "why").fitted == {"a"}
    with pytest.raises(InputError, match="tells of another, and why"):
        read_summary(tmp_path, "cd", "why")
    (tmp_path / "fit.json").write_text(json.dumps({**whole, **DAMAGED[name]}))
    with pytest.raises(InputError, match=r"fit\.json must be as .* wrote it; it is damaged, and why\.$"):
        read_summary(tmp_path, "ab", "why")


# --- what the command says


def test_the_command_prints_one_document(
    command: Callable[..., Any], own_atlas: Path, extracted: atlaskit.ExtractResult, truth: Path
) -> None:
    words = ("evaluate", "--atlas", own_atlas, "--store", extracted.store, "--truth", truth)
    said = command(*words, "--json", "--quiet")
    document = json.loads(said.stdout)
    assert (said.code, said.stderr) == (0, "")
    overall = next(r for r in document["correspondence"] if (r["landmarks"], r["structure"]) == ("points", "overall"))
    assert overall["mean_px"] > 0 and overall["mean_mm"] is None and document["baselines"] is None
    shown = command(*words)
    assert shown.code == 0 and "Correspondence" in shown.stdout and "evaluate_correspondence.png" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= max(80, len(str(own_atlas)) + 60)


def spoiled(truth: Path, target: Path, change: Callable[[dict[str, str]], dict[str, str] | None]) -> Path:
    rows = [row for row in map(change, csv.DictReader(truth.read_text().splitlines())) if row]
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return target


def test_a_truth_that_does_not_fit_is_one_sentence(
    command: Callable[..., Any],
    own_atlas: Path,
    extracted: atlaskit.ExtractResult,
    truth: Path,
    tmp_path: Path,
) -> None:
    changes: dict[str, tuple[Callable[[dict[str, str]], dict[str, str] | None], str]] = {
        "hart": (lambda r: {**r, "structure": r["structure"].replace("heart", "hart")}, "has 'hart': did you mean 'heart'?"),
        "others": (lambda r: {**r, "case": "x" + r["case"]}, "'xp00_ED', those of the store like 'p00_ED'"),
        "few": (lambda r: r if r["case"] < "p02" else None, "at least 6 cases of the store with true landmarks"),
    }
    words = ("evaluate", "--atlas", own_atlas, "--store", extracted.store, "--truth")
    for name, (change, sentence) in changes.items():
        assert command(*words, spoiled(truth, tmp_path / f"{name}.csv", change)).is_one_sentence(sentence)


def test_a_truth_that_is_odd_is_noted(
    command: Callable[..., Any], own_atlas: Path, extracted: atlaskit.ExtractResult, truth: Path, ids: Any, tmp_path: Path
) -> None:
    measured = ids[int(np.argmin(metrics.training_part(23)))]

    def odd(row: dict[str, str]) -> dict[str, str] | None:
        """Landmark 0 where it is measured only, one case left out, and everything on another grid."""
        known = (row["landmark"] != "0" or row["case"] == measured) and row["case"] != ids[-1]
        return {**row, "x": str(4 * float(row["x"]))} if known else None

    path = spoiled(truth, tmp_path / "odd.csv", odd)
    said = command("evaluate", "--atlas", own_atlas, "--store", extracted.store, "--truth", path)
    assert said.code == 0 and "23 cases lie outside" in said.stderr
    assert "right lung: left out, as no case to tie them on has them: true landmarks 0." in said.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--baselines",), "--baselines needs true landmarks"),
        (("--unseen",), "--unseen needs true landmarks"),
        (("--spacing-mm", "0"), "above 0; got 0"),
        (("--repeat", "2000000000"), "from 0 to 100; got 2000000000"),
        (("--truth", "nowhere.csv"), "truth file at nowhere.csv"),
        (("--store", "nowhere.zarr"), "run `atlaskit extract` first"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    command: Callable[..., Any], atlas: Path, extracted: atlaskit.ExtractResult, options: tuple[str, ...], sentence: str
) -> None:
    given = () if "--store" in options else ("--store", extracted.store)
    assert command("evaluate", "--atlas", atlas, *given, *options).is_one_sentence(sentence)


@pytest.mark.parametrize(
    ("place", "folder", "sentence"),
    [
        ("evaluate", False, "evaluate must be a folder"),
        ("figures", False, "figures must be a folder"),
        ("evaluate/round_trip.csv", True, "round_trip.csv must be a file"),
        ("figures/evaluate_baselines.png", True, "evaluate_baselines.png must be a file"),
        ("evaluate/evaluate.json", True, "evaluate.json must be a file"),
    ],
)
def test_what_stands_in_the_way_is_told_before_anything_is_measured(
    command: Callable[..., Any], own_atlas: Path, place: str, folder: bool, sentence: str
) -> None:
    if place == "figures":
        shutil.rmtree(own_atlas / place)
    (own_atlas / place).parent.mkdir(exist_ok=True)
    (own_atlas / place).mkdir() if folder else (own_atlas / place).touch()
    assert command("evaluate", "--atlas", own_atlas, "--store", "nowhere.zarr").is_one_sentence(sentence)


def test_baselines_need_cases_on_both_sides_of_the_split(
    command: Callable[..., Any], atlas: Path, extracted: atlaskit.ExtractResult, truth: Path, tmp_path: Path
) -> None:
    few = spoiled(truth, tmp_path / "few.csv", lambda row: row if row["case"] < "p04" else None)
    words = ("evaluate", "--atlas", atlas, "--store", extracted.store, "--baselines", "--truth", few)
    assert command(*words).is_one_sentence(f"there are 6 and 2: give true landmarks of at least {LEAST_BENCH} cases")
    parts = [metrics.training_part(count) for count in (LEAST_BENCH - 1, LEAST_BENCH)]
    assert [min(part.sum(), (~part).sum()) >= LEAST_PART for part in parts] == [False, True]


def test_foreign_stores_and_masks_are_refused(
    atlas: Path, own_atlas: Path, extracted: atlaskit.ExtractResult, cohort: Path, tmp_path: Path
) -> None:
    foreign = Path(shutil.copytree(extracted.store, tmp_path / "foreign.zarr"))
    sha = xr.open_zarr(extracted.store).attrs["network_sha256"]
    (foreign / "zarr.json").write_text((foreign / "zarr.json").read_text().replace(sha, "ab" * 32))
    with pytest.raises(StoreError, match=r"must come from the network of .* another \(abababab\): run"):
        atlaskit.evaluate(atlas=atlas, store=foreign)
    other = tmp_path / "other"
    other.mkdir()
    for name, file in zip("abc", sorted(cohort.iterdir()), strict=False):
        shutil.copy(file, other / f"{name}.png")
    with pytest.raises(InputError, match="has no case of"):
        atlaskit.evaluate(other, atlas=atlas, store=extracted.store)
    with pytest.raises(NotFoundError):
        atlaskit.evaluate(tmp_path / "none", atlas=atlas, store=extracted.store)
    two = atlaskit.extract(other, atlas=atlas, out=tmp_path / "two.zarr").store
    assert atlaskit.evaluate(atlas=own_atlas, store=two).notes == ()
    (other / "a.png").unlink()
    few = atlaskit.extract(other, atlas=atlas, out=tmp_path / "few.zarr").store
    with pytest.raises(InputError, match=r"at least 3 cases with landmarks; .* has 2"):
        atlaskit.evaluate(atlas=atlas, store=few)
