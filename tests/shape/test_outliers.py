"""Outliers, planted in the modes and beyond them, and the share of normal cases that are taken for one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from atlaskit.errors import InputError
from atlaskit.shape.model import pca
from atlaskit.shape.outliers import outliers
from atlaskit.shape.procrustes import align

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)


def cohort(seed: int, n: int = 60) -> Array:
    """Normal shapes whose standard deviations along 8 of the 20 coordinates fall from 1, with a little noise along all."""
    rng = np.random.default_rng(seed)
    flat = rng.normal(size=(n, 20)) * np.where(np.arange(20) < 8, 1 / np.arange(1, 21), 0.01)
    return np.asarray(flat.reshape(n, 10, 2))


@given(SEEDS)
@settings(max_examples=10)
def test_each_case_is_judged_by_the_others(seed: int) -> None:
    points = cohort(seed, 20)
    found = outliers(points, modes=3)
    table = found.table.set_index("case").sort_index()
    for case in (0, 7, 19):
        model = pca(np.delete(points, case, axis=0), modes=3)
        scores = model.scores(points[case : case + 1])
        assert table["mahalanobis"][case] == pytest.approx(np.linalg.norm(scores))
        grown = (19 + 1) * (19 - 1) * 3 / (19 * (19 - 3))  # Hotelling's T2 of one more case than the 19 others
        assert table["p"][case] == pytest.approx(stats.f.sf(np.square(scores).sum() / grown, 3, 16))
        assert table["distance"][case] == pytest.approx(np.linalg.norm(points[case] - model.mean))
        assert table["residual"][case] == pytest.approx(np.linalg.norm(points[case] - model.reconstruct(scores)[0]))
    assert found.modes == 3 and stats.f.sf(found.limits["mahalanobis"] ** 2 / grown, 3, 16) == pytest.approx(0.001)
    for name, way in {"distance": "far", "mahalanobis": "unlikely", "residual": "beyond"}.items():
        assert (table[way] == (table[name] > found.limits[name])).all()
    assert repr(found) == f"Outliers({len(found.unusual)} of 20 cases, by 3 modes of the others)"
    assert set(found.unusual["case"]) == {*table.index[table[["far", "unlikely", "beyond"]].any(axis=1)]}


@pytest.mark.parametrize(("coordinate", "size", "way"), [(7, 3.0, "unlikely"), (15, 3.0, "beyond"), (0, 6.0, "far")])
@given(SEEDS)
@settings(max_examples=10)
def test_a_planted_outlier_comes_first(coordinate: int, size: float, way: str, seed: int) -> None:
    points = cohort(seed)
    points[17] = 0
    points[17].reshape(-1)[coordinate] = size
    table = outliers(points, modes=8).table
    row = table[table["case"] == 17].iloc[0]
    assert row[way]
    assert row.name == 0


def test_an_outlier_does_not_hide_itself() -> None:
    points = cohort(0, 12)
    points[3, 9, 1] = 50  # a mode of its own, were it not left out
    table = outliers(points, modes=2).table
    assert table["case"][0] == 3 and table["beyond"][0]
    assert np.linalg.norm(pca(points, modes=2).scores(points[3:4])) < 4, "it would"


@pytest.mark.parametrize(("n", "modes", "cohorts"), [(200, 5, 10), (30, 8, 60)])
def test_the_share_of_normal_cases_that_are_unlikely_is_the_level(n: int, modes: int, cohorts: int) -> None:
    share = np.mean([outliers(cohort(seed, n), modes=modes, level=0.05).table["unlikely"].mean() for seed in range(cohorts)])
    assert share == pytest.approx(0.05, abs=0.01)


def test_few_normal_cases_are_far_or_beyond() -> None:
    tables = [outliers(cohort(seed, 200), modes=5).table for seed in range(10)]
    assert max(np.mean([table[way].mean() for table in tables]) for way in ("far", "beyond")) < 0.015


def test_cases_keep_their_names() -> None:
    names = [f"case{k}" for k in range(60)]
    table, plain = (outliers(cohort(1), cases=given).table for given in (names, None))
    assert table["case"].tolist() == [names[k] for k in plain["case"]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: outliers(cohort(0, 3)), "4 or more cases.*got 3 cases"),
        (lambda: outliers(np.repeat(cohort(0, 1), 5, axis=0)), "with 0 modes"),
        (lambda: outliers(cohort(0), cases=["a"]), "1 names"),
        (lambda: outliers(cohort(0), level=0), "level=0"),
    ],
)
def test_what_has_no_outliers_is_said(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()  # type: ignore[operator]


@pytest.mark.realdata
def test_a_skull_with_two_landmarks_exchanged_comes_first(realdata: Path) -> None:
    points = np.load(realdata / "rat_skull" / "landmarks.npz")["points_skull"].astype(float)
    points[40, [2, 3]] = points[40, [3, 2]]
    assert outliers(align(points).tangent).table["case"][0] == 40
