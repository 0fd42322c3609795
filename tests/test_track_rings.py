"""``track`` where structures share boundaries: a ring has the area of its tissue, and the outline around all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray

import atlaskit
from atlaskit.corpus import Case
from atlaskit.topology import Hole, Topology

Array = NDArray[np.float64]
TURN = 2 * np.pi * np.arange(32) / 32
CIRCLE = np.column_stack([np.cos(TURN), np.sin(TURN)])
DISC = 16 * np.sin(2 * np.pi / 32)
"""Area of a polygon of 32 landmarks on a circle of radius 1."""
BEAT = np.sin(np.pi * np.arange(12) / 12) ** 2
INNER, OUTER = 25 - 7 * BEAT, 33 - 4 * BEAT
RING = Topology(("muscle", "blood"), (tuple(range(32)), tuple(range(32, 64))), holes=(Hole(0, 1, 0, 32),))
ABSENT = 3
"""The frame of the second slice whose hole nothing fills."""


def read(atlas: Path, name: str) -> pd.DataFrame:
    """A table that a run wrote."""
    return pd.read_csv(atlas / "tracks" / f"{name}.csv")


@pytest.fixture(scope="module")
def ring(sequence_store: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas with two slices of a ring and what fills it; the store is not to be changed."""
    frames = np.stack([np.concatenate([OUTER[t] * CIRCLE, INNER[t] * CIRCLE]) + 60 for t in range(12)])
    points = np.concatenate([frames, frames])
    points[12 + ABSENT, 32:] = np.nan
    cases = [Case(f"p_s{z}_t{t:02d}", "", "p", t, z, 40.0 * t) for z in range(2) for t in range(12)]
    atlas = tmp_path_factory.mktemp("ring") / "atlas"
    return sequence_store(atlas, points, cases, RING, spacing_mm=1.0, slice_mm=8.0)


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn, which takes most of the time."""
    monkeypatch.setattr("atlaskit.verbs.track.draw_findings", lambda *_, **__: ((), ()))


def test_a_ring_has_the_area_of_its_tissue_and_the_length_of_its_outline(ring: Path) -> None:
    result = atlaskit.track(atlas=ring, steady=False)
    curves = read(ring, "curves").set_index(["structure", "slice"])
    np.testing.assert_allclose(curves.loc[("muscle", 0), "area_mm2"], DISC * (OUTER**2 - INNER**2), rtol=1e-5)
    np.testing.assert_allclose(curves.loc[("blood", 0), "area_mm2"], DISC * INNER**2, rtol=1e-5)
    np.testing.assert_allclose(curves.loc[("muscle", 0), "length_mm"], 64 * np.sin(np.pi / 32) * OUTER, rtol=1e-5)
    tracks = xr.open_zarr(result.store, group="tracks")
    stored = tracks["area"].sel(structure=["muscle", "blood"]).to_numpy().transpose(2, 0, 1).ravel()
    np.testing.assert_allclose(stored, read(ring, "curves")["area_mm2"], rtol=1e-6)
    assert tracks["area"].attrs["description"] == "inside the outline; of a ring, without its hole"


def test_a_hole_that_nothing_fills_is_none(ring: Path) -> None:
    atlaskit.track(atlas=ring, steady=False)
    row = read(ring, "curves").query(f"slice == 1 and frame == {ABSENT}").set_index("structure")["area_mm2"]
    assert row["muscle"] == pytest.approx(DISC * OUTER[ABSENT] ** 2) and np.isnan(row["blood"])


def test_what_fills_a_ring_is_the_cavity_and_the_ring_its_wall(ring: Path) -> None:
    result = atlaskit.track(atlas=ring, steady=False)
    assert "the cavity is 'blood', the outer outline of its wall 'muscle': --role says otherwise" in result.notes
    found = result.function.iloc[0]
    true = {
        "fac": 1 - (INNER[6] / INNER[0]) ** 2,
        "strain": INNER[6] / INNER[0] - 1,
        "strain_outer": OUTER[6] / OUTER[0] - 1,
        "thickening": (OUTER[6] - INNER[6]) / (OUTER[0] - INNER[0]) - 1,
    }
    assert found[list(true)].tolist() == pytest.approx(list(true.values()), abs=1e-5)
    assert found["thickness_ed_mm"] == pytest.approx(OUTER[0] - INNER[0], rel=0.01)


def test_a_ring_that_is_taken_for_the_cavity_is_all_that_it_encloses(ring: Path) -> None:
    row = atlaskit.track(atlas=ring, steady=False, roles=["cavity=muscle"], volume="slices").function.iloc[0]
    assert row["fac"] == pytest.approx(1 - (OUTER[6] / OUTER[0]) ** 2, abs=1e-5) and (row["ed"], row["es"]) == (0, 6)
    assert row["edv_ml"] == pytest.approx(2 * 8 * DISC * OUTER[0] ** 2 / 1000, rel=1e-5)


def test_a_ring_without_what_fills_it_says_that_its_hole_counts(ring: Path) -> None:
    words = "areas of 'muscle' contain its hole, as 'blood' was not asked for (--structures)"
    assert words in atlaskit.track(atlas=ring, structures="muscle", steady=False).notes
    np.testing.assert_allclose(read(ring, "curves")["area_mm2"].iloc[:12], DISC * OUTER**2, rtol=1e-5)
    assert not any("contain" in note for note in atlaskit.track(atlas=ring, structures="blood", steady=False).notes)


def test_a_surface_of_a_ring_encloses_its_hole(ring: Path) -> None:
    result = atlaskit.track(atlas=ring, steady=False, surfaces="vtk")
    found = read(ring, "surfaces").query("frame == 0").set_index("structure")["volume_ml"]
    assert found["muscle"] == pytest.approx(2 * 8 * DISC * OUTER[0] ** 2 / 1000, rel=1e-5)
    assert found["blood"] == pytest.approx(2 * 8 * DISC * INNER[0] ** 2 / 1000, rel=1e-5)
    assert len(result.surfaces) == 4
