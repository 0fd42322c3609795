"""``compare`` on stores of drawn shapes: a planted effect is found, ids are matched, and repeated cases are a choice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import atlaskit
from atlaskit import store
from atlaskit.corpus import Case
from atlaskit.errors import InputError, NotFoundError
from atlaskit.landmarks import Status
from atlaskit.topology import Topology

TOPOLOGY = Topology(("lung", "heart"), (tuple(range(12)), tuple(range(12, 24))))
N = 40
QUICK = {"permutations": 99}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    group = np.where(np.arange(N) % 2, "ill", "well")
    ids = {"case": [f"case_{k:02d}" for k in range(N)], "subject": [f"subject {k // 2}" for k in range(N)]}
    return pd.DataFrame({**ids, "group": group, "age": rng.uniform(20, 80, N), "noise": rng.normal(size=N)})


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory, people: pd.DataFrame) -> Path:
    """Two ellipses; the heart of the ill is wider, and chests are higher with age."""
    rng, folder = np.random.default_rng(1), tmp_path_factory.mktemp("compare")
    angle = 2 * np.pi * np.arange(12) / 12
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    high = 1.3 + 0.004 * (people["age"].to_numpy() - 50) + rng.normal(0, 0.02, N)
    wide = 1.0 + 0.15 * (people["group"] == "ill").to_numpy() + rng.normal(0, 0.05, N)
    lung = 20 * circle * np.column_stack([np.ones(N), high])[:, None]
    heart = 10 * circle * np.column_stack([wide, np.ones(N)])[:, None] + [40, 10]
    points = np.concatenate([lung, heart], axis=1) + rng.normal(0, 0.1, (N, 24, 2)) + 60
    cases = [Case(name, f"{name}.png", whose) for name, whose in zip(people["case"], people["subject"], strict=True)]
    path = folder / "landmarks.zarr"
    opened = store.open_or_create(path, topology=TOPOLOGY, network_sha256="0", cases=cases, latent_size=2, shard=64)
    opened.write_shard(0, {row: {"points": points[row], "status": Status.OK} for row in range(N)})
    return folder


def test_what_was_planted_is_found_and_nothing_else(atlas: Path, people: pd.DataFrame) -> None:
    table = people.drop(columns="subject")
    result = atlaskit.compare(table, "~ group + age + noise", atlas=atlas, several="block")
    p = result.anova["p"].droplevel(0)
    assert p["group"] <= 0.01 and result.cases == N and result.unit == "px"
    marked = result.maps["group"]["q"] < 0.05
    assert marked[12:].mean() > 0.8 > marked[:12].mean(), "the heart, more than the lung, which alignment moves a little too"
    pair = pd.read_csv(atlas / "compare" / "pairs_group.csv")
    assert pair[["a", "b"]].to_numpy().tolist() == [["ill", "well"]] and pair["p"][0] <= 0.01
    assert set(result.tables) == set((atlas / "compare").glob("*.csv")) and all(path.exists() for path in result.pictures)
    assert any("between subjects" in note for note in result.notes)


def test_means_of_subjects_are_cases_of_their_own(atlas: Path, people: pd.DataFrame) -> None:
    old = people.groupby("subject", as_index=False)["age"].first()
    result = atlaskit.compare(old, "~ age", atlas=atlas, several="average", structures=("lung",), **QUICK)
    assert result.cases == N // 2 and result.anova.loc[("cases", "residuals"), "df"] == N // 2 - 2
    assert result.anova["p"].droplevel(0)["age"] == 0.01 and not result.pairs


def test_who_does_not_match_is_counted_and_named(atlas: Path, people: pd.DataFrame, tmp_path: Path) -> None:
    table = people.drop(columns="subject").iloc[3:].replace({"case": {"case_20": "nobody"}})
    table.loc[table["case"] == "case_30", "age"] = np.nan
    table.to_csv(tmp_path / "people.csv", index=False)
    result = atlaskit.compare(tmp_path / "people.csv", "~ age", atlas=atlas, several="block", scale=False, **QUICK)
    words = " ".join(result.notes)
    assert "4 case ids not in the table: case_00, case_01, case_02, case_20" in words and "match no case: nobody" in words
    assert "1 without age left out" in words and result.cases == N - 5


@pytest.mark.parametrize(
    ("change", "formula", "options", "words"),
    [
        ({}, "~ group", {}, "several: choose average or block"),
        ({}, "~ grup", {"several": "block"}, "grup"),
        ({}, "~ age", {"key": "who", "several": "block"}, "'who' is not"),
        ({}, "~ age", {"several": "all"}, "refuse, average, block"),
        ({"case": "x"}, "~ age", {"key": "case", "several": "block"}, "must have one row"),
    ],
)
def test_what_cannot_be_compared_is_said(
    atlas: Path, people: pd.DataFrame, change: dict[str, str], formula: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        atlaskit.compare(people.assign(**change), formula, atlas=atlas, **{**QUICK, **options})


def test_the_command_says_the_same(atlas: Path, people: pd.DataFrame, tmp_path: Path, command: Callable[..., Any]) -> None:
    people.to_csv(tmp_path / "people.csv", index=False)
    words = ("compare", "--atlas", atlas, "--formula", "~ group", "--several", "block", "--permutations", "99", "--table")
    document = json.loads(command(*words, tmp_path / "people.csv", "--json").stdout)
    assert document["cases"] == N and "group" in [row["term"] for row in document["anova"]]
    assert "group, two by two" in command(*words, tmp_path / "people.csv").stdout
    assert command(*words, tmp_path / "nothing.csv").is_one_sentence("No table at")
    with pytest.raises(NotFoundError):
        atlaskit.compare(people, "~ group", atlas=tmp_path)
    (tmp_path / "empty.csv").touch()
    assert command(*words, tmp_path / "empty.csv").is_one_sentence("must be a CSV")
