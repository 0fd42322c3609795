"""``shape_pca`` of more cases than may be in memory gives the same answer, and says what it measured on some of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import atlaskit
from atlaskit import store
from atlaskit.landmarks import Status
from atlaskit.topology import Topology
from atlaskit.verbs import streaming


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are drawn from the same parts and take most of the time."""
    monkeypatch.setattr("atlaskit.verbs.shape_pca.draw_parts", lambda *_: ())


@pytest.fixture
def atlas(pairs: tuple[NDArray[np.float64], Topology], landmark_store: Callable[..., Path], tmp_path: Path) -> Path:
    points, topology = pairs[0].copy(), pairs[1]
    points[7, 12:] = np.nan
    spacing = np.random.default_rng(1).uniform(0.5, 0.6, (60, 2))
    status = {9: Status.REJECTED, 10: Status.FLAGGED}
    folder = tmp_path / "atlas"
    landmark_store(folder / "landmarks.zarr", points, topology, spacing_mm=spacing, status=status, template=points[0])
    return folder


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": False, "modes": 4},
        {"align_by": "per-structure"},
        {"robust": True, "structures": ("heart",)},
        {"modes": "parallel"},
        {"modes": "all", "unit": "px"},
    ],
    ids=str,
)
def test_a_stream_gives_the_same_tables_and_groups(atlas: Path, options: dict[str, Any]) -> None:
    groups, found = [], []
    for most in (100, 0):
        found.append(atlaskit.shape_pca(atlas=atlas, judge=False, in_memory=most, **options))
        part = found[-1].parts[-1].name
        names = [f"{group}{'' if part == 'all' else '/' + part}" for group in ("alignment", "pca")]
        groups.append([store.read_group(atlas / "landmarks.zarr", name).load() for name in names])
    memory, streamed = found
    assert streamed.cases == memory.cases and streamed.cases == (59 if "align_by" in options else 58)
    for name in ("modes", "mean", "scores"):
        one, other = getattr(memory, name), getattr(streamed, name)
        pd.testing.assert_frame_equal(other, one, rtol=1e-7, atol=1e-7, obj=name)
    for one, other in zip(*groups, strict=True):
        for variable in one:
            assert other[variable].to_numpy() == pytest.approx(one[variable].to_numpy(), rel=1e-6, abs=1e-7), variable
        assert other["landmark"].equals(one["landmark"]) and other.attrs.keys() == one.attrs.keys()
    assert memory.notes == streamed.notes[: len(memory.notes)]
    assert streamed.options == memory.options and streamed.options["structures"]


def test_the_quality_is_that_of_some_cases_and_a_note_says_so(atlas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "DRAWN", 20)
    result = atlaskit.shape_pca(atlas=atlas, in_memory=57, modes=5)
    part = result.parts[0]
    assert part.drawn is not None and len(set(part.drawn.tolist())) == 20
    assert part.model.scores(part.shapes) == pytest.approx(part.scores[part.drawn]), "the shapes are those of the cases drawn"
    assert "quality is that of a model of 20 of them" in result.notes[-1] and len(result.quality)
    again = atlaskit.shape_pca(atlas=atlas, in_memory=57, modes=5)
    pd.testing.assert_frame_equal(again.quality, result.quality)


def test_the_table_of_many_cases_has_the_leading_modes_and_the_store_all(atlas: Path) -> None:
    result = atlaskit.shape_pca(atlas=atlas, in_memory=0, modes=12, judge=False)
    table = pd.read_csv(atlas / "shape" / "scores.csv")
    assert list(table)[-1] == "pc10" and list(result.scores)[-1] == "pc12"
    assert table["case"].tolist() == sorted(table["case"])
    assert table.loc[3, "pc2"] == pytest.approx(result.scores.loc[3, "pc2"], abs=1e-6)
    assert "first 10 of 12 modes" in result.notes[-1]
    assert store.read_group(atlas / "landmarks.zarr", "pca").sizes["mode"] == 12


def test_few_cases_are_not_streamed(atlas: Path) -> None:
    result = atlaskit.shape_pca(atlas=atlas, in_memory=58, judge=False)
    assert result.parts[0].drawn is None and len(result.parts[0].shapes) == 58
    assert not any("streamed" in note for note in result.notes)
