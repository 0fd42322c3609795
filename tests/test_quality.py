"""Quality: what a case's record says of perfect, shifted and impossible landmarks, and which cases are flagged."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from PIL import Image

import atlaskit
from atlaskit.contours import trace
from atlaskit.corpus import Case
from atlaskit.landmarks import FIELDS, IDENTITY, Status, check_record, sizes_of
from atlaskit.masks import Mask
from atlaskit.signatures import sample_contours
from atlaskit.topology import independent
from atlaskit.verbs.quality import record_of
from atlaskit.verbs.tracing import Traced

TOPOLOGY = independent({"disc": 1.0, "other": 1.0}, nodes=64, levels=1)
Planes = NDArray[np.bool_]


def disc(x: float, y: float, radius: float, size: int = 100) -> Planes:
    rows, columns = np.mgrid[:size, :size]
    return np.asarray(np.hypot(columns - x, rows - y) < radius)


def traced(first: Planes, second: Planes) -> Traced:
    mask = Mask(np.stack([first, second]), TOPOLOGY.structures, (0.5, 0.7))
    contours = tuple(trace(plane) for plane in mask.planes)
    return Traced(Case("a", "a.png", "a"), mask, contours, sample_contours(contours))


def record(case: Traced, points: NDArray[np.float64] | None = None, ood: float = 1.0) -> Mapping[str, Any]:
    """The record of a case whose landmarks are every eighth sample of its contours, unless told others."""
    own = case.samples[:, ::8].reshape(-1, 2)
    here = own if points is None else points
    return record_of(case, TOPOLOGY, points=here, points_network=own, latent=np.zeros(3), ood=ood, source_sha="sha")


def test_a_record_says_everything_of_a_case_but_who_it_is() -> None:
    full = record(traced(disc(40, 50, 20), disc(70, 50, 10)))
    assert full.keys() == FIELDS.keys() - set(IDENTITY)
    check_record(full, sizes_of(TOPOLOGY, 3))


def test_landmarks_on_the_boundary_are_good() -> None:
    full = record(traced(disc(40, 50, 20), disc(75, 50, 10)))
    assert (full["dice"] > 0.985).all() and (full["assd_px"] < 0.2).all() and (full["hd95_px"] < 0.6).all()
    assert full["present"] == [True, True] and full["components"] == [1, 1] and full["hole_px"] == [0, 0]
    assert full["self_intersections"].tolist() == [0, 0] and full["touches_border"] == [False, False]
    assert (full["spacing_mm"], full["image_size"]) == ((0.5, 0.7), (100, 100))
    assert (full["status"], full["reason"]) == (Status.OK, "")


def test_a_shift_is_measured_in_pixels() -> None:
    case = traced(disc(40, 50, 20), disc(75, 50, 10))
    moved = case.samples[:, ::8].reshape(-1, 2) + [4.0, 0.0]
    full = record(case, moved)
    assert full["assd_px"][0] == pytest.approx(4 * 2 / np.pi, abs=0.15), "the mean of 4 |cos| around a circle"
    assert full["hd95_px"][0] == pytest.approx(4 * np.cos(0.05 * np.pi / 2), abs=0.15)
    lens = 2 * np.arccos(4 / 40) - 4 / 20 * np.sqrt(1 - (4 / 40) ** 2)
    assert full["dice"][0] == pytest.approx(lens / np.pi, abs=0.01), "two circles of radius 20 at 4 px"
    assert full["status"] == Status.FLAGGED and "disc: Dice 0.87" in full["reason"]


def test_an_absent_structure_has_no_figures_and_no_doubts() -> None:
    case = traced(disc(40, 50, 20), np.zeros((100, 100), bool))
    full = record(case)
    assert full["present"] == [True, False] and full["components"] == [1, 0] and full["hole_px"] == [0, 0]
    assert np.isnan(full["dice"][1]) and np.isnan(full["hd95_px"][1]) and np.isnan(full["assd_px"][1])
    assert full["status"] == Status.OK


def test_an_outline_that_crosses_itself_is_flagged() -> None:
    case = traced(disc(40, 50, 20), disc(75, 50, 10))
    points = case.samples[:, ::8].reshape(-1, 2).copy()
    points[[20, 30]] = points[[30, 20]]
    full = record(case, points)
    assert full["self_intersections"][0] >= 1 and full["self_intersections"][1] == 0
    assert full["status"] == Status.FLAGGED and "disc: the outline crosses itself" in full["reason"]


@pytest.mark.parametrize(("ood", "status"), [(4.9, Status.OK), (5.1, Status.FLAGGED)])
def test_a_case_far_from_the_fitted_ones_is_flagged(ood: float, status: Status) -> None:
    full = record(traced(disc(40, 50, 20), disc(75, 50, 10)), ood=ood)
    assert full["status"] == status and ("unlike the fitted cases" in full["reason"]) == (status == Status.FLAGGED)


# --- what the graph cannot say, from file to store


@pytest.fixture
def both(atlas: Path, cohort: Path, tmp_path: Path) -> Callable[[Callable[[NDArray[np.uint8]], None]], xr.Dataset]:
    """Extract one case of the cohort as it is, ``before``, and changed, ``after``."""

    def extract(change: Callable[[NDArray[np.uint8]], None]) -> xr.Dataset:
        folder = tmp_path / "changed"
        folder.mkdir()
        plane = np.array(Image.open(cohort / "p00_ED.png"))
        Image.fromarray(plane).save(folder / "before.png")
        change(plane)
        Image.fromarray(plane).save(folder / "after.png")
        result = atlaskit.extract(folder, atlas=atlas, out=tmp_path / "out" / "landmarks.zarr")
        found: xr.Dataset = xr.open_zarr(result.store).load()
        return found

    return extract


Both = Callable[[Callable[[NDArray[np.uint8]], None]], xr.Dataset]


def test_an_island_is_counted_and_lowers_the_dice_of_the_mask_as_given(both: Both, cohort: Path) -> None:
    def island(plane: NDArray[np.uint8]) -> None:
        plane[2:14, 2:20] = 1

    found = both(island)
    before, after = (found.sel(case=case) for case in ("before", "after"))
    assert before["components"].values.tolist() == [1, 1, 1] and after["components"].values.tolist() == [2, 1, 1]
    np.testing.assert_array_equal(before["points"], after["points"])
    area = int((np.array(Image.open(cohort / "p00_ED.png")) == 1).sum())
    expected = float(before["dice"][0]) * 2 * area / (2 * area + 12 * 18)
    assert float(after["dice"][0]) == pytest.approx(expected, abs=0.005)
    np.testing.assert_array_equal(before["dice"][1:], after["dice"][1:])
    assert float(after["hd95_px"][0]) > 5 > float(before["hd95_px"][0])
    assert (int(before["status"]), int(after["status"])) == (0, 1)
    assert "right lung: Dice" in str(after["reason"].values) and "2 components" in str(after["reason"].values)


def test_a_hole_is_counted_pixel_by_pixel(both: Both) -> None:
    def hole(plane: NDArray[np.uint8]) -> None:
        y, x = (int(values.mean()) for values in np.nonzero(plane == 3))
        plane[y - 3 : y + 4, x - 5 : x + 6] = 0

    found = both(hole)
    before, after = (found.sel(case=case) for case in ("before", "after"))
    assert after["hole_px"].values.tolist() == [0, 0, 77] and after["components"].values.tolist() == [1, 1, 1]
    np.testing.assert_array_equal(before["points"], after["points"])
    assert float(after["dice"][2]) < float(before["dice"][2]) - 0.01


def test_a_structure_at_the_edge_of_the_image_is_flagged(both: Both) -> None:
    def shift(plane: NDArray[np.uint8]) -> None:
        left = int(np.flatnonzero((plane == 1).any(axis=0))[0])
        plane[:] = np.roll(plane, -left, axis=1)

    after = both(shift).sel(case="after")
    assert after["touches_border"].values.tolist() == [True, False, False]
    assert int(after["status"]) == 1 and "right lung: cut by the edge of the image" in str(after["reason"].values)


def test_masks_of_another_shape_lie_far_in_latent_space(both: Both) -> None:
    def other(plane: NDArray[np.uint8]) -> None:
        plane[:] = 0
        plane[10:16, 5:105], plane[40:46, 5:105], plane[100:104, 50:54] = 1, 2, 3

    ood = both(other)["ood"]
    assert float(ood.sel(case="after")) > 2 * float(ood.sel(case="before"))
