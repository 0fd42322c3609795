"""Generalized Procrustes analysis, against closed forms, an independent library and itself."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ktch.landmark import GeneralizedProcrustesAnalysis
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from atlaskit.errors import InputError
from atlaskit.shape.cloud import Scale
from atlaskit.shape.model import pca
from atlaskit.shape.procrustes import Alignment, Placement, align, align_to

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
ONE_I = np.array([1, 1j])


def shapes(seed: int, n: int = 20, landmarks: int = 12, noise: float = 0.1) -> Array:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(landmarks, 2)) + rng.normal(0, noise, (n, landmarks, 2)))


def moved(points: Array, seed: int) -> Array:
    """Cases in any pose and size."""
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0.3, 3, len(points)) * np.exp(1j * rng.uniform(-3, 3, len(points)))
    z = turn[:, None] * (points @ ONE_I) + rng.normal(0, 50, (len(points), 1))
    return np.stack([z.real, z.imag], -1)


def test_an_alignment_shows_itself_in_a_line() -> None:
    found = align(shapes(0), scale="none")
    assert repr(found) == "Alignment(20 cases of 12 landmarks, scale 'none')"
    assert repr(Placement(*(getattr(found, field.name) for field in fields(Placement)))).startswith("Placement(20 cases")


def eigenvector_mean(points: Array) -> Array:
    """Kent's closed form of the full Procrustes mean in the plane, turned anyhow."""
    z = points @ ONE_I
    z = z - z.mean(1, keepdims=True)
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    mean = np.linalg.eigh(z.T @ z.conj())[1][:, -1]
    return np.stack([mean.real, mean.imag], -1)


def without(points: Array, seed: int, share: float = 0.2) -> Array:
    """Some landmarks of some cases are absent."""
    return np.where(np.random.default_rng(seed).random(points.shape[:2])[..., None] < share, np.nan, points)


@given(SEEDS)
def test_the_mean_is_the_leading_eigenvector(seed: int) -> None:
    points = moved(shapes(seed), seed)
    mean = eigenvector_mean(points)
    assert align(points, onto=mean).mean == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("options", [{}, {"scale": "unit"}, {"robust": True}, {"weights": np.arange(1.0, 13)}], ids=str)
@pytest.mark.parametrize("absent", [0.0, 0.2])
@given(SEEDS)
@settings(max_examples=10)
def test_pose_and_size_of_the_cases_do_not_matter(options: dict[str, object], absent: float, seed: int) -> None:
    points = without(shapes(seed), seed, absent)
    onto = shapes(seed, noise=0.0)[0]
    one, other = (align(p, onto=onto, **options) for p in (points, moved(points, seed)))  # type: ignore[arg-type]
    assert other.mean == pytest.approx(one.mean, abs=1e-9)
    assert other.points == pytest.approx(one.points, abs=1e-9, nan_ok=True)
    assert other.distance == pytest.approx(one.distance, abs=1e-6)


@pytest.mark.parametrize("scale", ["full", "unit", "none"])
@given(SEEDS)
@settings(max_examples=10)
def test_what_is_aligned_stays_as_it_is(scale: str, seed: int) -> None:
    once = align(moved(shapes(seed), seed), scale=scale)  # type: ignore[arg-type]
    again = align(once.points, scale=scale)  # type: ignore[arg-type]
    size = np.abs(once.points).max()
    assert again.points / size == pytest.approx(once.points / size, abs=1e-9)
    assert again.rotation_rad == pytest.approx(np.zeros(20), abs=1e-9) and again.factor == pytest.approx(np.ones(20), abs=1e-9)


@given(SEEDS)
def test_the_numbers_say_what_was_done(seed: int) -> None:
    points = moved(shapes(seed), seed)
    points[::3, :, 1] *= -1
    found = align(points, mirror=True)
    z = (points - found.centre[:, None]) @ ONE_I
    z = np.where(found.mirrored[:, None], z.conj(), z) * (found.factor * np.exp(1j * found.rotation_rad))[:, None]
    assert np.stack([z.real, z.imag], -1) == pytest.approx(found.points, abs=1e-9)
    assert found.mirrored.tolist() == [k % 3 == 0 for k in range(20)], "most cases say which image is the true one"


def test_without_mirror_no_case_is_reflected() -> None:
    points = shapes(0)
    points[0, :, 0] *= -1
    assert not align(points).mirrored.any() and align(points).distance.argmax() == 0


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_an_independent_library_finds_the_same(seed: int) -> None:
    points = moved(shapes(seed), seed)
    theirs = GeneralizedProcrustesAnalysis().fit_transform(points.reshape(20, -1)).reshape(points.shape)
    ours = align(points, onto=theirs.mean(0))
    assert ours.mean == pytest.approx(theirs.mean(0) / np.linalg.norm(theirs.mean(0)), abs=1e-6)
    assert ours.size == pytest.approx([np.linalg.norm(each - each.mean(0)) for each in points], rel=1e-9)
    scores, other = pca(ours.points, modes=5).scores(ours.points), PCA(5).fit_transform(theirs.reshape(20, -1))
    other /= other.std(0, ddof=1)
    assert scores == pytest.approx(other * np.sign((scores * other).sum(0)), abs=1e-6)


@given(SEEDS)
def test_sizes_and_shapes_are_kept_without_scaling(seed: int) -> None:
    points = shapes(seed) * np.linspace(1, 2, 20)[:, None, None]
    found = align(points, scale="none")
    assert (found.factor == 1).all() and found.tangent is found.points
    size = np.linalg.norm(found.points - found.points.mean(1, keepdims=True), axis=(1, 2))
    assert size == pytest.approx(found.size)


@pytest.mark.parametrize("scale", ["full", "unit"])
@given(SEEDS)
def test_tangent_coordinates_are_orthogonal_to_the_mean_and_as_long_as_procrustes_distances(scale: Scale, seed: int) -> None:
    found = align(moved(shapes(seed), seed), scale=scale)
    off = found.tangent - found.mean
    assert (off * found.mean).sum((1, 2)) == pytest.approx(np.zeros(20), abs=1e-12)
    assert np.linalg.norm(off, axis=(1, 2)) == pytest.approx(np.sin(found.distance), abs=1e-9)


def test_absent_landmarks_are_left_out_and_not_invented() -> None:
    points = shapes(0, n=200)
    part = without(points, 0, 0.2)
    whole, found = align(points), align(part, onto=align(points).mean)
    assert (np.isnan(found.points) == np.isnan(part)).all()
    assert found.mean == pytest.approx(whole.mean, abs=0.01) and found.size == pytest.approx(whole.size, rel=0.2)
    never = points.copy()
    never[:, 3] = np.nan
    assert np.isnan(align(never).mean[3]).all() and align(never).size == pytest.approx(align(np.delete(points, 3, 1)).size)


def test_a_robust_mean_heeds_a_wild_case_less() -> None:
    points = shapes(0)
    wild = points.copy()
    wild[0] = shapes(1)[0]
    true = align(points)

    def off(**options: bool) -> float:
        return float(np.linalg.norm(align(wild, onto=true.mean, **options).mean - true.mean))  # type: ignore[arg-type]

    assert off(robust=True) < 0.7 * off()
    assert align(wild, robust=True).counts.argmin() == 0


def test_what_is_switched_off_is_not_done() -> None:
    points = moved(shapes(0), 0)
    assert (align(points, rotate=False).rotation_rad == 0).all()
    assert (align(points, translate=False).centre == 0).all()
    still = align(points, rotate=False, translate=False, scale="none")
    assert still.points == pytest.approx(points) and still.mean == pytest.approx(points.mean(0))


@given(SEEDS)
@settings(max_examples=10)
def test_a_case_is_aligned_to_a_mean_as_it_was_with_all_others(seed: int) -> None:
    points = without(moved(shapes(seed), seed), seed, 0.1)
    whole = align(points)
    alone = align_to(points[3:4], whole.mean)
    assert alone.points[0] == pytest.approx(whole.points[3], abs=1e-12, nan_ok=True)
    assert alone.size == pytest.approx(whole.size[3:4]) and alone.rotation_rad == pytest.approx(whole.rotation_rad[3:4])
    with pytest.raises(InputError, match="12 landmarks of the cases; got"):
        align_to(points, whole.mean[:4])


@pytest.mark.parametrize(
    ("points", "options", "words"),
    [
        (np.zeros((3, 4)), {}, r"array \(N, L, 2\).*got \(3, 4\)"),
        (np.zeros((1, 4, 2)), {}, "2 or more cases"),
        (np.zeros((3, 4, 2)), {}, "case 0"),
        (np.full((3, 4, 2), np.nan), {}, "case 0"),
        (shapes(0), {"weights": np.ones(3)}, "each of the 12 landmarks"),
        (shapes(0), {"weights": -np.ones(12)}, "0 or more"),
        (shapes(0), {"weights": np.full(12, np.inf)}, "0 or more"),
        (np.concatenate([shapes(0), np.full((1, 12, 2), np.inf)]), {}, f"case {len(shapes(0))} has infinite"),
        (1e200 * shapes(0), {}, "numbers up to 1e.100; case 0"),
        (shapes(0), {"scale": True}, "one of full, unit, none; True came"),
        (shapes(0), {"onto": np.full((12, 2), np.inf)}, "turned onto has finite landmarks"),
        (shapes(0), {"onto": np.ones((11, 2))}, r"turned onto has the 12 landmarks .* got \(11, 2\)"),
    ],
)
def test_what_cannot_be_aligned_is_said(points: Array, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        align(points, **options)  # type: ignore[arg-type]


def test_the_result_is_frozen() -> None:
    with pytest.raises(AttributeError):
        align(shapes(0)).mean = np.zeros(2)  # type: ignore[misc]
    assert isinstance(align(shapes(0)), Alignment)
