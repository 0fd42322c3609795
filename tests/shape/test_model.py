"""Principal components of shapes, against another library, a planted mode and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from atlaskit.errors import InputError
from atlaskit.shape.model import ShapeModel, _drawn, _shuffled, from_covariance, pca

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)


def cohort(seed: int, n: int, landmarks: int = 8) -> Array:
    """Shapes of three independent modes with standard deviations 3, 2 and 1, and a little noise."""
    rng = np.random.default_rng(seed)
    modes = np.linalg.qr(rng.normal(size=(2 * landmarks, 3)))[0].T
    flat = (
        rng.normal(size=(n, 3)) * [3, 2, 1] @ modes + rng.normal(0, 0.05, (n, 2 * landmarks)) + rng.normal(size=2 * landmarks)
    )
    return np.asarray(flat.reshape(n, landmarks, 2))


def test_a_model_shows_itself_in_a_line() -> None:
    model = ShapeModel(np.zeros((8, 2)), np.zeros((2, 8, 2)), np.array([5.0, 1.0]), 8.0, 30)
    assert repr(model) == "ShapeModel(2 modes of 8 landmarks, 75.0% of the variance of 30 cases)"


@pytest.mark.parametrize("n", [6, 12, 200], ids=lambda n: f"{n} cases")
@given(SEEDS)
@settings(max_examples=10)
def test_modes_are_those_of_another_library(n: int, seed: int) -> None:
    points = cohort(seed, n)
    model, other = pca(points), PCA(svd_solver="full").fit(points.reshape(n, -1))
    kept = len(model.variance)
    assert kept == min(n - 1, 16)
    assert model.variance == pytest.approx(other.explained_variance_[:kept]) and model.explained.sum() == pytest.approx(1)
    sign = np.sign((model.modes.reshape(kept, -1) * other.components_[:kept]).sum(1))
    theirs = other.transform(points.reshape(n, -1))[:, :kept] * sign / np.sqrt(other.explained_variance_[:kept])
    assert model.scores(points) == pytest.approx(theirs, abs=1e-6)


@given(SEEDS)
def test_scores_and_shapes_are_two_ways_to_say_the_same(seed: int) -> None:
    points = cohort(seed, 12)
    model = pca(points)
    assert model.reconstruct(model.scores(points)) == pytest.approx(points)
    assert model.scores(points).std(0, ddof=1) == pytest.approx(np.ones(len(model.modes)))
    assert np.linalg.norm(model.modes, axis=(1, 2)) == pytest.approx(np.ones(len(model.modes)))
    assert model.reconstruct(np.zeros((1, 3)))[0] == pytest.approx(model.mean)


def test_samples_vary_as_the_cases_do() -> None:
    model = pca(cohort(0, 300))
    again = pca(model.sample(20_000, seed=1))
    assert again.variance[:3] == pytest.approx(model.variance[:3], rel=0.05)
    assert model.sample(3, seed=1) == pytest.approx(model.sample(3, seed=1))
    probability = model.first(3).probability(model.first(3).sample(2000))
    assert np.percentile(probability, [10, 50, 90]) == pytest.approx([0.1, 0.5, 0.9], abs=0.03)


@pytest.mark.parametrize(("modes", "kept"), [("all", 16), (2, 2), (99, 16), (0.5, 1), (0.9, 2), (1.0, 16), ("parallel", 2)])
def test_how_many_modes_are_kept(modes: int | float | str, kept: int) -> None:
    model = pca(cohort(0, 300), modes=modes)
    assert len(model.modes) == len(model.variance) == kept
    assert model.total == pytest.approx(pca(cohort(0, 300)).total), "what is left out counts"


def test_a_stream_gives_the_same_model() -> None:
    points = cohort(0, 40)
    covariance = np.cov(points.reshape(40, -1), rowvar=False)
    one, other = pca(points, modes=5), from_covariance(points.mean(0), covariance, 40, modes=5)
    assert other.modes == pytest.approx(one.modes, abs=1e-9) and other.variance == pytest.approx(one.variance)
    assert (other.total, other.cases) == (pytest.approx(one.total), 40)


@pytest.mark.parametrize("n", [40, 2000])
def test_a_covariance_is_enough_for_a_parallel_analysis(n: int) -> None:
    rng = np.random.default_rng(0)
    points = cohort(0, n) + rng.standard_t(8, size=(n, 8, 2)) * rng.uniform(0.5, 1, (8, 2))
    covariance = np.cov(points.reshape(n, -1), rowvar=False)
    off = points.reshape(n, -1) - points.reshape(n, -1).mean(0)
    assert _drawn(np.diag(covariance), n, 16, 0) == pytest.approx(_shuffled(off, 16, 0), rel=4 / np.sqrt(n))
    kept = len(pca(points, modes="parallel").variance)
    assert len(from_covariance(points.mean(0), covariance, n, modes="parallel").variance) == kept < 6


def test_a_table_has_a_row_for_each_mode() -> None:
    model = pca(cohort(0, 300), modes=4)
    assert model.table["mode"].tolist() == [1, 2, 3, 4]
    assert model.table["explained"].to_numpy() == pytest.approx(model.variance / model.total)
    assert model.table["cumulative"].iloc[-1] == pytest.approx(model.explained.sum()) and model.table["cumulative"].iloc[-1] < 1


def test_the_probability_of_a_shape_is_the_tail_of_chi_square() -> None:
    model = pca(cohort(0, 300), modes=2)
    shapes = model.reconstruct([[0, 0], [1.5, 0], [3, 4]])
    assert model.mahalanobis(shapes) == pytest.approx([0, 1.5, 5])
    assert model.probability(shapes) == pytest.approx(np.exp([0, -(1.5**2) / 2, -(5**2) / 2])), "closed form for two modes"
    beside = shapes + pca(cohort(0, 300)).modes[5]
    assert model.probability(beside) == pytest.approx(model.probability(shapes)), "what lies beside the modes is not seen"


def test_equal_shapes_have_no_modes() -> None:
    model = pca(np.repeat(cohort(0, 1), 5, axis=0))
    assert len(model.modes) == 0 and model.total == pytest.approx(0)
    assert model.reconstruct(np.zeros((2, 0))) == pytest.approx(np.repeat(cohort(0, 1), 2, axis=0))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pca(cohort(0, 1)), "2 or more cases"),
        (lambda: pca(np.full((3, 4, 2), np.nan)), "every landmark of every case"),
        (lambda: pca(cohort(0, 5), modes=0), "modes is a number.*got 0"),
        (lambda: pca(cohort(0, 5), modes="many"), "got 'many'"),
        (lambda: pca(cohort(0, 5)).scores(cohort(0, 5)[0]), r"array \(N, \d+, 2\) of its landmarks; got"),
        (lambda: pca(cohort(0, 5)).scores(cohort(0, 5)[:, 1:]), "of its landmarks; got"),
        (lambda: pca(cohort(0, 5)).reconstruct(np.zeros((1, 9))), "at most the 4 modes"),
    ],
)
def test_what_has_no_modes_is_said(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()  # type: ignore[operator]


def test_a_model_is_a_value() -> None:
    assert isinstance(pca(cohort(0, 5)).first(2), ShapeModel)


def test_numbers_of_modes_may_be_those_of_numpy() -> None:
    assert len(pca(cohort(0, 9), modes=np.int64(3)).modes) == 3
    assert len(pca(cohort(0, 9), modes=np.float32(0.9)).modes) == len(pca(cohort(0, 9), modes=0.9).modes)
