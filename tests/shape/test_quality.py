"""Quality of shape models, against models fitted one by one, exact areas, and what must not change it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import Polygon

from atlaskit.errors import InputError
from atlaskit.metrics.sets import filled, nearest_distance, tanimoto
from atlaskit.shape.model import pca
from atlaskit.shape.others import Others
from atlaskit.shape.procrustes import align
from atlaskit.shape.quality import quality

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
FIGURES = ["compactness", "compactness_se", "generalisation", "generalisation_se", "specificity", "specificity_se"]


def cohort(seed: int, n: int, landmarks: int = 8, modes: int = 4) -> Array:
    """Shapes of a few strong modes, and noise."""
    rng = np.random.default_rng(seed)
    flat = rng.normal(size=(n, modes)) @ rng.normal(size=(modes, 2 * landmarks)) + rng.normal(0, 0.3, (n, 2 * landmarks))
    return np.asarray(flat.reshape(n, landmarks, 2) + 20 * rng.normal(size=(landmarks, 2)))


def eggs(seed: int, n: int, landmarks: int = 24) -> Array:
    """Two closed outlines side by side, of varying size and shape."""
    rng, angle = np.random.default_rng(seed), 2 * np.pi * np.arange(landmarks) / landmarks
    radius = (
        10
        + rng.normal(0, 1, (n, 2, 1))
        + rng.normal(0, 1, (n, 2, 1)) * np.cos(angle)
        + rng.normal(0, 0.6, (n, 2, 1)) * np.sin(2 * angle)
    )
    points = np.stack([radius * np.cos(angle) + [[0], [30]], 0.7 * radius * np.sin(angle)], axis=-1)
    return np.asarray(points.reshape(n, 2 * landmarks, 2))


def fitted_anew(points: Array, case: int, modes: int) -> tuple[Array, Array]:
    """Variances of a model of all but one case, and what its first modes leave of the case."""
    model = pca(np.delete(points, case, axis=0), modes=modes)
    off = points[case] - model.mean
    along = model.modes.reshape(len(model.modes), -1) @ off.ravel()
    return model.variance, np.stack([off - np.tensordot(along[:k], model.modes[:k], axes=1) for k in range(len(along) + 1)])


def test_the_standard_error_of_compactness_is_near_that_of_leaving_cases_out() -> None:
    points = cohort(1, 120)
    table = quality(points, modes=3, draws=2).table
    left = np.array([np.cumsum(pca(np.delete(points, k, axis=0)).explained)[:3] for k in range(len(points))])
    jackknife = np.sqrt(np.square(left - left.mean(0)).sum(0) * (len(points) - 1) / len(points))
    assert table["compactness_se"].to_numpy() == pytest.approx(jackknife, rel=0.1)


@pytest.mark.parametrize("n", [3, 7, 15, 60], ids=lambda n: f"{n} cases")
@given(SEEDS)
@settings(max_examples=10)
def test_leaving_a_case_out_is_fitting_the_others_anew(n: int, seed: int) -> None:
    points = cohort(seed, n)
    others = Others.of(points)
    for case in range(min(n, 10)):
        left = others.without(case, others.most)
        variance, off = fitted_anew(points, case, others.most)
        assert left.variance == pytest.approx(variance, rel=1e-9)
        assert left.off == pytest.approx(off, rel=1e-9, abs=1e-9)


def test_a_direction_that_only_one_case_has_is_no_mode_of_the_others() -> None:
    points = np.random.default_rng(0).normal(size=(20, 2)) @ np.eye(12)[:2]
    points[7] = 0
    points[7, 5] = 9
    left = Others.of(points.reshape(20, 6, 2)).without(7, 3)
    assert left.variance[2] == 0 and left.along[2] == 0
    assert left.off[-1].ravel()[5] == pytest.approx(9)


@example(0)
@given(SEEDS)
def test_equal_variances_and_a_case_on_the_mean_are_no_matter(seed: int) -> None:
    turned = np.linalg.qr(np.random.default_rng(seed).normal(size=(12, 12)))[0]
    points = np.concatenate([turned, -turned, np.zeros((1, 12))]).reshape(-1, 6, 2)
    others = Others.of(points)
    for case in (0, 15, 24):
        left = others.without(case, others.most)
        assert left.off[-1] == pytest.approx(fitted_anew(points, case, others.most)[1][-1], abs=1e-9)
        assert np.isfinite(left.off).all()


@given(SEEDS)
def test_the_nearest_is_the_nearest(seed: int) -> None:
    points, others = cohort(seed, 30), cohort(seed, 40)[10:]
    each = np.linalg.norm(points[:, None] - others, axis=3).mean(2)
    assert nearest_distance(points, others) == pytest.approx(each.min(1), abs=1e-5)


@given(SEEDS)
@settings(max_examples=20)
def test_overlaps_are_those_of_areas(seed: int) -> None:
    points = eggs(seed, 8)[:, :24]
    planes = filled(points, points.min((0, 1)), points.max((0, 1)))
    polygons = [Polygon(outline) for outline in points]
    exact = [[a.intersection(b).area / a.union(b).area for b in polygons] for a in polygons]
    assert tanimoto(planes, planes) == pytest.approx(np.array(exact), abs=0.02)
    assert tanimoto(planes, planes[:1])[0, 0] == 1
    assert tanimoto(0 * planes, 0 * planes[:2]).tolist() == [[1, 1]] * 8


def test_every_figure_is_its_definition() -> None:
    points = eggs(0, 12)
    table = quality(points, modes=3, draws=50, seed=4, loops=(range(24), range(24, 48))).table
    assert list(table.columns) == ["modes", *FIGURES, "measure"]
    assert table["modes"].tolist() == [1, 2, 3, 1, 2, 3] and table["measure"].tolist() == ["landmarks"] * 3 + ["overlap"] * 3
    model, last = pca(points), table.iloc[2]
    assert last["compactness"] == pytest.approx(model.variance[:3].sum() / model.variance.sum())
    general = [np.linalg.norm(fitted_anew(points, k, 3)[1][3], axis=1).mean() for k in range(12)]
    drawn = model.reconstruct(np.random.default_rng(4).normal(size=(50, 3)))
    nearest = np.linalg.norm(drawn[:, None] - points, axis=3).mean(2).min(1)
    for name, values in (("generalisation", general), ("specificity", nearest)):
        assert last[name] == pytest.approx(np.mean(values), rel=1e-6)
        assert last[f"{name}_se"] == pytest.approx(np.std(values, ddof=1) / np.sqrt(len(values)), rel=1e-6)


def test_overlap_is_the_mean_over_structures_of_exact_areas() -> None:
    points = eggs(1, 10)
    row = quality(points, modes=2, draws=60, loops=(range(24), range(24, 48))).table.iloc[-1]

    def apart(one: Array, other: Array) -> float:
        pairs = [(Polygon(one[k : k + 24]), Polygon(other[k : k + 24])) for k in (0, 24)]
        return float(np.mean([1 - a.intersection(b).area / a.union(b).area for a, b in pairs]))

    general = [apart(points[k], points[k] - fitted_anew(points, k, 2)[1][2]) for k in range(10)]
    drawn = pca(points).reconstruct(np.random.default_rng(0).normal(size=(60, 2)))
    assert row["generalisation"] == pytest.approx(np.mean(general), abs=0.003)
    assert row["specificity"] == pytest.approx(np.mean([min(apart(y, x) for x in points) for y in drawn]), abs=0.003)


@given(SEEDS, st.floats(0.01, 100))
@settings(max_examples=15)
def test_distances_scale_with_the_shapes_and_overlaps_do_not(seed: int, factor: float) -> None:
    small, large = (
        quality(shapes, modes=2, draws=30, loops=[range(24)]).table for shapes in (eggs(seed, 9), factor * eggs(seed, 9))
    )
    units = np.where(small["measure"] == "landmarks", factor, 1)
    for name in FIGURES[2:]:  # draws with the root of the variance would not scale
        assert large[name].to_numpy() == pytest.approx(small[name].to_numpy() * units, rel=0.02, abs=1e-9)


def test_more_modes_are_more_general_and_less_specific() -> None:
    table = quality(cohort(3, 100), modes=99).table
    assert (
        len(table) == 16 and table["compactness"].is_monotonic_increasing and table["compactness"].iloc[-1] == pytest.approx(1)
    )
    assert table["generalisation"].is_monotonic_decreasing and table["generalisation"].iloc[-1] == pytest.approx(0, abs=1e-9)
    assert table["specificity"].iloc[15] > table["specificity"].iloc[0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: quality(cohort(0, 2)), "3 cases that differ.*got 2 cases"),
        (lambda: quality(np.repeat(cohort(0, 1), 5, axis=0)), "with 0 modes"),
        (lambda: quality(cohort(0, 9), modes=0), "modes=0"),
        (lambda: quality(cohort(0, 9), draws=1), "draws=1"),
        (lambda: quality(cohort(0, 9), loops=[[0, 1, 999]]), "they hold 0 to 999: number anew"),
        (lambda: quality(cohort(0, 9), loops=[[-1, 0, 1]]), "they hold -1 to 1"),
    ],
)
def test_what_has_no_quality_is_said(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()  # type: ignore[operator]


@pytest.mark.realdata
def test_a_few_modes_of_skulls_are_general(realdata: Path) -> None:
    points = np.load(realdata / "rat_skull" / "landmarks.npz")["points_skull"].astype(float)
    result = quality(align(points).tangent, modes=6)
    table = result.table.set_index("modes")
    assert (result.cases, result.draws) == (144, 1000)
    assert table["compactness"][2] > 0.8
    assert (table["generalisation"].diff().dropna() < 0).all() and (table["specificity"].diff().dropna() > 0).all()
    assert table["generalisation"][6] < 0.5 * table["generalisation"][1]
