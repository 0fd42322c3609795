"""The demo: with perfect landmarks in place of a fitted atlas, its figures are exact."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import atlaskit
from atlaskit import phantom
from atlaskit.errors import InputError
from atlaskit.phantom import Phantom
from atlaskit.topology import Topology, independent
from atlaskit.tracking import area
from atlaskit.verbs import demo as module
from atlaskit_cli.app import app


def perfect(cohort: Phantom) -> xr.Dataset:
    """What a faultless extraction would store: the true landmarks, in another order of cases."""
    order = np.random.default_rng(0).permutation(len(cohort))
    points = np.concatenate([cohort.landmarks[name][order] for name in cohort.structures], axis=1)
    nodes = {name: cohort.landmarks[name].shape[1] for name in cohort.structures}
    topology = independent(dict.fromkeys(nodes, 1.0), nodes=nodes, levels=1)
    return xr.Dataset(
        {
            "points": (("case", "landmark", "axis"), points),
            "dice": (("case", "structure"), np.full((len(order), len(nodes)), 0.5)),
            "spacing_mm": (("case", "axis"), np.full((len(order), 2), 0.5)),
        },
        coords={"case": cohort.table["case"].to_numpy()[order], "structure": list(cohort.structures)},
        attrs={"topology": topology.to_json()},
    )


@pytest.fixture
def faultless(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Replace fit and extract; remembers what fit was told."""
    told: dict[str, object] = {}

    def fit(masks: Path, **options: object) -> None:
        told.update(options, masks=masks)
        figures = Path(str(options["atlas"])) / "figures"
        figures.mkdir(parents=True)
        (figures / "template.png").touch()

    def extract(masks: Path, *, atlas: Path, **_: object) -> SimpleNamespace:
        return SimpleNamespace(store=atlas / "landmarks.zarr")

    def read(path: Path) -> xr.Dataset:
        many = pd.read_csv(path.parent.parent / "cases.csv")
        if "frame" in many:
            return perfect(phantom.cine(many["subject"].nunique()))
        return perfect(phantom.chest(len(many)))

    def track(*, atlas: Path, table: Path, **_: object) -> SimpleNamespace:
        cases, landmarks = pd.read_csv(table), read(atlas / "landmarks.zarr")
        loop = Topology.from_json(landmarks.attrs["topology"]).loop_of("cavity").tolist()
        sizes = area(landmarks["points"].to_numpy()[:, None], loop)[:, 0]
        by_case = cases.assign(area=cases["case"].map(dict(zip(landmarks["case"].values, sizes, strict=True))))
        change = 1 - by_case.groupby("subject")["area"].min() / by_case.groupby("subject")["area"].max()
        return SimpleNamespace(function=change.rename("fac").reset_index(), tables=())

    monkeypatch.setattr(module, "fit", fit)
    monkeypatch.setattr(module, "track", track)
    monkeypatch.setattr(module, "extract", extract)
    monkeypatch.setattr(module.store, "read", read)
    return told


def test_perfect_landmarks_have_no_error(faultless: dict[str, object], tmp_path: Path) -> None:
    result = module.demo("chest", folder=tmp_path / "demo", cases=16)
    assert set(result.correspondence_px) == {*phantom.chest(1).structures, "overall"}
    assert max(result.correspondence_px.values()) < 1e-3  # the truth file has four decimals
    assert result.dice == dict.fromkeys(phantom.chest(1).structures, 0.5)
    assert result.n_cases == 16 == len(list((result.masks / "heart").iterdir()))
    names = [path.name for path in result.pictures]
    assert names == ["landmarks.png", "cases.png", "template.png"]
    assert all(path.stat().st_size > 10_000 for path in result.pictures[:2])
    assert all(path.exists() for path in result.tables)
    assert faultless["config"] == atlaskit.FitConfig.named("fast")


def test_perfect_landmarks_of_a_cine_give_the_true_function(faultless: dict[str, object], tmp_path: Path) -> None:
    result = module.demo("cine", folder=tmp_path / "demo", cases=4)
    assert faultless["structures"] == ("cavity=1", "epi=1+2")
    function = pd.read_csv(next(path for path in result.tables if path.name == "function.csv"))
    np.testing.assert_allclose(function["fac"], function["fac_true"], atol=1e-4)
    assert function["group"].tolist() == ["control", "disease"] * 2


def test_only_an_earlier_demo_is_replaced(faultless: dict[str, object], tmp_path: Path) -> None:
    module.demo("chest", folder=tmp_path / "demo", cases=16)
    (tmp_path / "demo" / "notes.txt").touch()
    result = module.demo("cine", folder=tmp_path / "demo", cases=4)
    assert not (result.masks / "heart").exists() and (tmp_path / "demo" / "notes.txt").exists()
    other = tmp_path / "other"
    (other / "masks").mkdir(parents=True)
    (other / "masks" / "precious.png").touch()
    with pytest.raises(InputError, match="own"):
        module.demo("chest", folder=other, cases=16)
    assert (other / "masks" / "precious.png").exists()
    with pytest.raises(InputError, match="is a file"):
        module.demo("chest", folder=other / "masks" / "precious.png")


def test_an_unknown_kind_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'chest'"):
        module.demo("chst")  # type: ignore[arg-type]


def test_every_fault_gets_a_picture() -> None:
    table = phantom.chest(60, faults=0.3).table
    shown = table.iloc[list(module._telling(table))]
    assert set(shown["fault"]) == {"none", "island", "hole", "cut"}
    assert len(shown) == 8 and not shown["present_heart"].all() and shown["present_heart"].any()


def test_a_cine_shows_different_hearts_wide_and_contracted() -> None:
    beats = phantom.cine(6, frames=20).table
    shown = beats.iloc[list(module._telling(beats))]
    assert shown["subject"].tolist() == [f"P{i:05d}" for i in range(4)] * 2
    assert shown["frame"].tolist() == [0] * 4 + shown["es_frame"].tolist()[4:]
    assert [module._title(row) for _, row in shown.iterrows()][3:5] == [
        "P00003_t000\nend-diastole, disease",
        f"P00000_t{shown['es_frame'].iat[4]:03d}\nend-systole, control",
    ]
    assert len(module._telling(phantom.cine(2, frames=20).table)) == 4


def test_cases_in_one_frame_differ_by_shape_only() -> None:
    rng = np.random.default_rng(1)
    shape = rng.normal(size=12) + 1j * rng.normal(size=12)
    factors, shifts = rng.normal(size=(2, 5, 1)) + 1j * rng.normal(size=(2, 5, 1))
    posed = factors * shape + shifts
    points = np.stack([posed.real, posed.imag], axis=-1)
    points[2, :4] = np.nan
    together = module._together(points)
    np.testing.assert_allclose(together[2, 4:], points[0, 4:], atol=1e-12)
    np.testing.assert_allclose(together[[1, 3, 4]], np.broadcast_to(points[0], (3, 12, 2)), atol=1e-12)
    assert np.isnan(together[2, :4]).all()


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_the_command_names_its_pictures_and_tables(
    flag: list[str], faultless: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["demo", "chest", "--folder", "d", "--cases", "16", *flag])
    assert result.exit_code == 0, result.output
    names = ["d/figures/landmarks.png", "d/figures/cases.png", "d/correspondence.csv", "d/cases.csv", "d/truth.csv"]
    assert all(name in result.stdout for name in names)
    if flag:
        assert json.loads(result.stdout)["correspondence_px"]["overall"] < 1e-3
