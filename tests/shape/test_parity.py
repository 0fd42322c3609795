"""Real cohorts against permutation tests of independent code."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from atlaskit.shape import anova, design

pytestmark = pytest.mark.realdata

COHORTS = {
    "cortical": ("cortical", "points_brain"),
    "mouse_vertebrae (60 pts)": ("mouse_vertebrae", "points_vertebra"),
    "mouse_vertebrae (6 landmarks)": ("mouse_vertebrae", "points_landmarks6"),
    "rat_skull": ("rat_skull", "points_skull"),
}
NAMES = {"logCS": "log(size)", "logage": "log(age_days)"}
ROWS = [
    ("cortical", "group", "age+sex"),
    ("cortical", "age", "group+sex"),
    ("cortical", "sex", "group+age"),
    ("cortical", "group", "-"),
    ("mouse_vertebrae (60 pts)", "group", "-"),
    ("mouse_vertebrae (60 pts)", "group", "logCS"),
    ("mouse_vertebrae (6 landmarks)", "group", "-"),
    ("rat_skull", "logage", "rat"),
]


def aligned(points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shapes of unit centroid size, turned onto their mean, and centroid sizes."""
    z = points @ np.array([1, 1j])
    z = z - z.mean(axis=1, keepdims=True)
    size = np.linalg.norm(z, axis=1)
    z /= size[:, None]
    mean = np.linalg.eigh(z.T @ z.conj())[1][:, -1]
    for _ in range(50):
        angle = z.conj() @ mean
        turned = z * (angle / np.abs(angle))[:, None]
        mean = turned.mean(axis=0)
    return np.stack([turned.real, turned.imag], axis=-1), size


def cohort(realdata: Path, name: str) -> tuple[NDArray[np.float64], pd.DataFrame, NDArray[np.float64]]:
    """Aligned shapes, table and centroid sizes."""
    folder, key = COHORTS[name]
    with np.load(realdata / folder / "landmarks.npz") as file:
        ids, points = file["id"], file[key].astype(float)
    shapes, size = aligned(points)
    return shapes, pd.read_csv(realdata / folder / "covariates.csv", index_col="id").loc[ids], size


@pytest.mark.parametrize(("name", "term", "adjusted"), ROWS)
def test_every_row_of_the_reference_is_met(realdata: Path, name: str, term: str, adjusted: str) -> None:
    shapes, table, size = cohort(realdata, name)
    reference = pd.read_csv(realdata / "reference_stats.csv", index_col=["set", "shape_term", "adjusted_for"])
    expected = reference.loc[(name, term, adjusted)]
    within = None if expected["permuted_within"] == "-" else str(expected["permuted_within"])
    named = [NAMES.get(word, word) for word in (*adjusted.split("+"), term) if word not in ("-", within)]
    found = anova(shapes, design("~" + "+".join(named), table, size=size, within=within), permutations=4999)
    row = found.table.loc["within" if within else "cases", NAMES.get(term, term)]
    assert found.n == expected["n"]
    assert row["F"] == pytest.approx(expected["F"], rel=0.005)
    assert row["R2"] == pytest.approx(expected["R2"], abs=0.001)
    # three standard errors of the reference's 999 permutations and of ours
    error = 3 * np.sqrt(row["p"] * (1 - row["p"]) * (1 / 999 + 1 / 4999))
    assert row["p"] == pytest.approx(expected["p"], abs=max(error, 0.001))


def test_the_rows_are_all_of_these_cohorts(realdata: Path) -> None:
    reference = pd.read_csv(realdata / "reference_stats.csv")
    rows = reference[reference["set"].isin(COHORTS)][["set", "shape_term", "adjusted_for"]]
    assert sorted(map(tuple, rows.to_numpy())) == sorted(ROWS)


@pytest.mark.parametrize("formula", ["~ group", "~ group + age + sex"])
def test_brains_of_patients_are_like_those_of_others(realdata: Path, formula: str) -> None:
    shapes, table, _ = cohort(realdata, "cortical")
    for kind in ("I", "II", "III"):
        assert anova(shapes, design(formula, table), kind=kind).table.loc[("cases", "group"), "p"] > 0.3


@pytest.mark.parametrize(
    ("name", "formula", "within"), [("cortical", "~ age + x", None), ("rat_skull", "~ age_days + x", "rat")]
)
def test_relabelled_cohorts_have_uniform_p_values(realdata: Path, name: str, formula: str, within: str | None) -> None:
    shapes, table, _ = cohort(realdata, name)
    rng, found = np.random.default_rng(0), []
    for seed in range(100):
        model = design(formula, table.assign(x=rng.choice(list("abc"), len(table))), within=within)
        tests = anova(shapes, model, permutations=199, seed=seed).table
        found.append(tests.loc[("within" if within else "cases", "x"), "p"])
    assert stats.kstest(found, "uniform").pvalue > 0.01
