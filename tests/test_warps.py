"""Changed masks: what is drawn must lie where the change says, and landmarks that follow must have no error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlaskit import contours
from atlaskit.topology import Topology
from atlaskit.verbs.evaluation.equivariance import follow, sample
from atlaskit.verbs.evaluation.repeats import compare_fits
from atlaskit.verbs.evaluation.warps import WARPS, Affine, Dilation, Moved, turned

TOPOLOGY = Topology(("disc", "egg"), (tuple(range(12)), tuple(range(12, 24))), levels=2)


def disc(x: float, y: float, a: float, b: float | None = None, size: tuple[int, int] = (90, 110)) -> np.ndarray:
    rows, columns = np.mgrid[: size[0], : size[1]]
    return ((columns - x) / a) ** 2 + ((rows - y) / (b or a)) ** 2 <= 1


@pytest.fixture(scope="module")
def planes() -> np.ndarray:
    """A disc cut by the image's left edge, and an ellipse."""
    return np.stack([disc(10, 40, 20), disc(70, 50, 24, 12)])


@pytest.mark.parametrize("name", WARPS)
def test_an_outline_goes_where_its_points_go(name: str, planes: np.ndarray) -> None:
    warp = WARPS[name]
    before, after = sample(Moved(planes, np.zeros(2))), sample(warp.mask(planes))
    for plane_before, plane_after in zip(before, after, strict=True):
        wanted = warp.points(contours.resample(plane_before, 256), planes)
        closed = contours.resample(plane_after, 2048)
        away = np.linalg.norm(wanted[:, None] - closed[None], axis=2).min(axis=1)
        assert away.mean() < 0.25 and np.percentile(away, 95) < 0.6, "but for pixels"


@settings(max_examples=15)
@given(st.floats(-40, 40), st.floats(0.7, 1.4), st.floats(-0.4, 0.4))
def test_any_affine_change_keeps_the_whole_mask(degrees: float, zoom: float, shift: float) -> None:
    planes = np.stack([disc(30, 12, 18), disc(70, 50, 24, 12)])
    warp = Affine(turned(degrees).matrix * zoom, (shift, -shift))
    moved = warp.mask(planes)
    for before, after in zip(planes, moved.planes, strict=True):
        assert after.sum() == pytest.approx(before.sum() * zoom**2, rel=0.03)
        middle = np.argwhere(before).mean(axis=0)[::-1]
        assert np.argwhere(after).mean(axis=0)[::-1] + moved.origin == pytest.approx(warp.points(middle, planes), abs=0.45)
    assert not moved.planes[:, [0, -1]].any() and not moved.planes[:, :, [0, -1]].any()


def test_a_dilation_adds_a_rim_of_its_width_around_everything() -> None:
    plane = disc(45, 45, 20) & ~disc(45, 45, 6)
    grown = Dilation(1.0).mask(plane[None])
    assert grown.planes[0].sum() == pytest.approx(np.pi * (21**2 - 5**2), rel=0.02)
    square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    assert contours.signed_area(Dilation(np.sqrt(2)).points(square, plane[None])) == pytest.approx(144)


def test_landmarks_that_follow_have_no_error_and_those_that_stay_have_the_shift(planes: np.ndarray) -> None:
    points = np.concatenate([contours.resample(each, 12) for each in sample(Moved(planes, np.zeros(2)))])[None]
    spacing = np.full((1, 2), 0.5)
    for warp in WARPS.values():
        moved = np.concatenate([warp.points(points[0, :12], planes), warp.points(points[0, 12:], planes)])[None]
        found = follow(TOPOLOGY, warp, [planes], points, moved, spacing)
        assert max(found[name].summary()["mean_px"] for name in found) == pytest.approx(0, abs=1e-9)
    stay = follow(TOPOLOGY, Affine(np.eye(2), (0.1, 0.0)), [planes], points, points, spacing)
    assert stay["egg"].summary()["mean_px"] == pytest.approx(11) and stay["egg"].summary()["mean_mm"] == pytest.approx(5.5)


def runs(n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * np.arange(12) / 12
    one = np.stack([30 * np.cos(angle), 20 * np.sin(angle)], axis=1) * rng.uniform(0.8, 1.2, (n, 1, 1))
    return np.concatenate([one, one + 80], axis=1) + rng.uniform(0, 9, (n, 1, 2))


def test_runs_whose_indices_differ_by_a_fixed_turn_are_the_same() -> None:
    points = runs(10)
    rolled = np.concatenate([np.roll(points[:, :12], 3, axis=1), np.roll(points[:, 12:], -2, axis=1)], axis=1)
    kinds = [{"points": each, "points_network": each + [0.0, 2.0 * k]} for k, each in enumerate((points, rolled))]
    result = compare_fits(kinds, [TOPOLOGY] * 2, np.full((10, 2), np.nan))
    table = result.table.set_index(["landmarks", "structure"])
    assert table.loc[("points", "overall"), "mean_px"] == pytest.approx(0, abs=1e-9)
    assert 1.0 < table.loc[("points_network", "overall"), "mean_px"] <= 2.0
    assert table["networks"].tolist() == [2] * 6 and table["cases"].tolist() == [10] * 6
    assert result.by_landmark["disc"] == pytest.approx(0, abs=1e-9) and result.by_landmark["disc"].shape == (12,)


def test_runs_are_compared_where_both_have_the_structure() -> None:
    points = runs(10)
    other = points + np.array([1.0, 0.0])
    other[:3, :12], points[:, 12:] = np.nan, np.nan
    table = compare_fits([{"points": p, "points_network": p} for p in (points, other)], [TOPOLOGY] * 2, np.ones((10, 2))).table
    figures = table[table["landmarks"] == "points"].set_index("structure")["mean_mm"]
    assert 0 < figures["disc"] <= 1.0 and np.isnan(figures["egg"])
