"""``atlaskit.open``: an atlas or a store in Python, and the way from it to statistics."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray

import atlaskit
from atlaskit.errors import AtlasError, InputError, NotFoundError, StoreError
from atlaskit.landmarks import Status
from atlaskit.store import write_group
from atlaskit.topology import Topology

Pairs = tuple[NDArray[np.float64], Topology]


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are no part of what is opened and take most of the time."""
    monkeypatch.setattr("atlaskit.verbs.shape_pca.draw_parts", lambda *_: ())


@pytest.fixture
def drawn(pairs: Pairs, landmark_store: Callable[..., Path], tmp_path: Path) -> Path:
    """An atlas directory with landmarks, tables and the summary of a fit."""
    folder = tmp_path / "atlas"
    status = {0: Status.FLAGGED, 1: Status.REJECTED}
    spacing = np.full((60, 2), 0.5)
    landmark_store(folder / "landmarks.zarr", *pairs, status=status, spacing_mm=spacing, template=pairs[0][0])
    (folder / "fit.json").write_text('{"split": {"fit": ["a", "b"]}}')
    (folder / "network.pt").write_bytes(b"")
    return folder


def test_an_atlas_says_what_it_holds(drawn: Path) -> None:
    atlaskit.shape_pca(atlas=drawn, modes=3, judge=False)
    words = str(atlaskit.open(drawn)).splitlines()
    assert words == repr(atlaskit.open(str(drawn))).splitlines()
    assert words[0] == f"Atlas {drawn}" and words[1] == "  fitted to 2 cases"
    assert words[2:4] == ["  60 cases: 58 ok, 1 flagged, 1 rejected", "  24 landmarks: lung (12), heart (12)"]
    assert words[4] == "  tables: shape/mean, shape/modes, shape/outliers, shape/scores"


def test_landmarks_are_lazy_and_know_who_is_who(drawn: Path, pairs: Pairs) -> None:
    landmarks = atlaskit.open(drawn).landmarks
    assert {"case", "subject", "frame", "status", "structure", "landmark", "axis"} <= set(landmarks.coords)
    assert not landmarks["points"].variable._in_memory
    one = landmarks.points.sel(case="case_007")
    assert one.to_numpy() == pytest.approx(pairs[0][7]) and str(one["subject"].to_numpy()) == "subject 3"
    in_mm = (landmarks.points * landmarks.spacing_mm).sel(case="case_007")
    assert in_mm.to_numpy() == pytest.approx(0.5 * pairs[0][7])


def test_a_notebook_goes_from_an_atlas_to_modes(drawn: Path) -> None:
    atlas = atlaskit.open(drawn)
    people = atlas.population()
    aligned = atlaskit.shape.align(people.points, onto=people.template)
    model = atlaskit.shape.pca(aligned.tangent, modes=3)
    assert aligned.table["size"].to_numpy() == pytest.approx(aligned.size) and people.unit == "mm"
    assert len(model.table) == 3 and len(atlaskit.plot.modes(model, people.topology))
    atlaskit.shape_pca(atlas=drawn, modes=3, judge=False)
    again = atlaskit.open(drawn).model()
    assert again.mean == pytest.approx(model.mean) and again.modes == pytest.approx(model.modes)
    assert again.explained == pytest.approx(model.explained) and again.cases == model.cases == len(people) == 59
    assert atlas.table("shape/modes")["explained"].to_numpy() == pytest.approx(model.explained)
    assert atlas.table("shape/scores")["case"].tolist() == list(people.cases)


def test_structures_are_asked_for_by_name(drawn: Path) -> None:
    atlas = atlaskit.open(drawn)
    for names in ("heart", ["heart"]):
        assert atlas.population(names).points.shape == (59, 12, 2)
    assert atlas.population(unit="px").points[1] == pytest.approx(2 * atlas.population().points[1])
    atlaskit.shape_pca(atlas=drawn, modes=2, align_by="per-structure", judge=False)
    assert atlas.model("heart").mean.shape == (12, 2)
    with pytest.raises(NotFoundError, match="modes of 'all'; it has none: run `atlaskit shape-pca`"):
        atlas.model()


def test_a_store_alone_is_opened_too(drawn: Path, tmp_path: Path) -> None:
    inside = atlaskit.open(drawn / "landmarks.zarr")
    assert inside.folder == drawn and inside.fit == {"split": {"fit": ["a", "b"]}}
    (drawn / "landmarks.zarr").rename(tmp_path / "other.zarr")
    alone = atlaskit.open(tmp_path / "other.zarr")
    assert alone.folder is None and alone.fit is None and alone.tables == ()
    assert alone.topology.structures == ("lung", "heart") and alone.template is not None
    assert str(alone).startswith(f"Atlas {tmp_path / 'other.zarr'}\n  60 cases")
    with pytest.raises(InputError, match="'shape/modes' is not: choose from: nothing"):
        alone.table("shape/modes")
    fitted_only = atlaskit.open(drawn)
    assert "no landmarks yet: atlaskit extract" in str(fitted_only)
    with pytest.raises(NotFoundError, match="run `atlaskit extract` first"):
        _ = fitted_only.landmarks


def test_what_is_no_atlas_is_said_in_one_sentence(drawn: Path, tmp_path: Path) -> None:
    (drawn / "landmarks.zarr" / "status" / "zarr.json").unlink()
    (tmp_path / "masks").mkdir()
    wrong: list[tuple[str, type[AtlasError], str]] = [
        ("nowhere", NotFoundError, "nothing is there: run `atlaskit fit`"),
        ("masks", StoreError, "something else"),
        ("atlas/fit.json", StoreError, "something else"),
        ("atlas", StoreError, "lacks status"),
    ]
    for name, kind, words in wrong:
        with pytest.raises(kind, match=words):
            atlaskit.open(tmp_path / name)
    (drawn / "fit.json").write_text("{")
    with pytest.raises(InputError, match=r"fit\.json must be what"):
        _ = atlaskit.Atlas(drawn, drawn / "landmarks.zarr").fit


def test_an_atlas_is_a_value_and_opens_without_torch_or_matplotlib(drawn: Path) -> None:
    assert atlaskit.open(drawn) == atlaskit.open(drawn)
    code = (
        f"import sys, atlaskit; atlaskit.open({str(drawn)!r}).population(); print({{'torch', 'matplotlib'}} & set(sys.modules))"
    )
    path = [p for p in sys.path if (Path(p) / "atlaskit" / "__init__.py").is_file()][:1]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; {code}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_tables_keep_ids_as_text(drawn: Path) -> None:
    (drawn / "shape").mkdir()
    rows = {"case": ["007", "None"], "subject": ["01", "NA"], "group": ["null", None], "age": [60.5, None]}
    pd.DataFrame(rows).to_csv(drawn / "shape" / "scores.csv", index=False)
    read = atlaskit.open(drawn).table("shape/scores")
    assert read.iloc[0].tolist() == ["007", "01", "null", 60.5] and read.iloc[1, :2].tolist() == ["None", "NA"]
    assert read.iloc[1, 2:].isna().all() and read["age"].dtype == np.float64


def test_groups_of_arrays_are_opened_by_name(drawn: Path) -> None:
    atlas = atlaskit.open(drawn)
    for read in (lambda: atlas.tracks, lambda: atlas.arrays("tracks")):
        with pytest.raises(NotFoundError, match="it has no 'tracks': run `atlaskit track` first"):
            read()
    average = xr.Dataset({"strain": ("phase", np.array([0.0, -0.2]))})
    write_group(atlas.store, "tracks", {"average": average})
    assert atlas.arrays("tracks/average").identical(average)
    for wrong in ("tracks/average/strain", "tracks/volumes"):  # an array, and nothing
        with pytest.raises(NotFoundError, match="name another"):
            atlas.arrays(wrong)
