"""Symmetry of shapes, planted and tested, and the pairing of mirrored loops."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from atlaskit.errors import InputError
from atlaskit.shape.anova import anova
from atlaskit.shape.design import design
from atlaskit.shape.procrustes import align
from atlaskit.shape.symmetry import matching_symmetry, mirror_partners, object_symmetry

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
PARTNER = np.array([5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 10, 11])
HALF = np.array([[2, 0], [3, 1], [4, 3], [3, 5], [2, 4.5]])
WHOLE = np.concatenate([HALF, HALF * [-1, 1], [[0, 0], [0, 6.0]]])


def turned(points: Array, seed: int) -> Array:
    """Cases in any pose and size."""
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0.3, 3, len(points)) * np.exp(1j * rng.uniform(-3, 3, len(points)))
    z = turn[:, None] * (points @ [1, 1j]) + rng.normal(0, 50, (len(points), 1))
    return np.stack([z.real, z.imag], axis=-1)


def cohort(seed: int, n: int = 20, noise: float = 0.1, side: float = 0.0) -> Array:
    """Two-sided shapes with noise, and a bulge of the left side that all have."""
    points = WHOLE + np.random.default_rng(seed).normal(0, noise, (n, 12, 2))
    points[:, 2, 0] += side
    return points


@given(SEEDS)
@settings(max_examples=20)
def test_components_add_up_and_are_what_they_say(seed: int) -> None:
    found = object_symmetry(turned(cohort(seed), seed), PARTNER, permutations=19)
    mirrored = found.mean[PARTNER] * [-1, 1]
    assert align(np.stack([found.mean, mirrored])).distance == pytest.approx(0, abs=1e-7), "the consensus is symmetric"
    for case in (0, 7):
        both = np.stack([found.symmetric[case], found.symmetric[case][PARTNER] * [-1, 1]])
        assert align(both).distance == pytest.approx(0, abs=1e-7)
    whole = align(cohort(seed)).points
    again = align(np.concatenate([whole, found.symmetric + found.asymmetric])).points
    assert np.linalg.norm(again[:20] - again[20:], axis=(1, 2)).max() < 0.01
    assert found.table["R2"][:3].sum() == pytest.approx(1)
    assert found.directional == pytest.approx(found.asymmetric.mean(0))


@given(SEEDS)
@settings(max_examples=20)
def test_pose_and_size_do_not_matter_and_sides_exchange_the_sign(seed: int) -> None:
    points = cohort(seed, side=0.2)
    one, moved = (object_symmetry(x, PARTNER, permutations=99) for x in (points, turned(points, seed)))
    for name in ("SS", "R2", "F", "p"):
        assert moved.table[name].to_numpy() == pytest.approx(one.table[name].to_numpy(), rel=1e-6, nan_ok=True)
    assert moved.fluctuating == pytest.approx(one.fluctuating, rel=1e-6)
    other = object_symmetry(points[:, PARTNER] * [-1, 1], PARTNER, permutations=99)
    assert other.table["SS"].to_numpy() == pytest.approx(one.table["SS"].to_numpy(), rel=1e-6)


def test_symmetric_shapes_have_no_asymmetry() -> None:
    wide = WHOLE * np.linspace(0.8, 1.2, 6)[:, None, None] ** [1, 0]
    found = object_symmetry(turned(wide, 0), PARTNER)
    assert found.asymmetric == pytest.approx(0, abs=1e-9) and found.fluctuating == pytest.approx(0, abs=1e-9)
    assert found.table["R2"][0] == pytest.approx(1)


def test_a_planted_bulge_is_directional() -> None:
    found = object_symmetry(turned(cohort(0, n=40, side=0.3), 0), PARTNER)
    assert found.table["p"][1] == 0.001 and found.table["F"][1] > 10
    assert np.linalg.norm(found.directional, axis=1).argsort()[-2:].tolist() in ([2, 7], [7, 2])
    crooked = cohort(0, n=40, noise=0.05)
    crooked[11, 2, 0] += 1
    assert object_symmetry(crooked, PARTNER).fluctuating.argmax() == 11


def test_without_directional_asymmetry_p_is_uniform() -> None:
    p = [object_symmetry(cohort(seed, n=12), PARTNER, permutations=99, seed=seed).table["p"][1] for seed in range(150)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_cases_of_a_subject_change_sides_together() -> None:
    once = cohort(5, n=6, side=0.1)
    often = np.repeat(once, 20, axis=0)
    names = [str(k // 20) for k in range(120)]
    alone, grouped, naive = (
        object_symmetry(points, PARTNER, subjects=who).table["p"][1]
        for points, who in ((once, None), (often, names), (often, None))
    )
    assert grouped == pytest.approx(alone, abs=0.03) and naive < grouped


@given(SEEDS)
@settings(max_examples=10)
def test_separate_sides_match_wherever_they_lie(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left = HALF + rng.normal(0, 0.1, (20, 5, 2))
    right = (left + rng.normal(0, 0.01, (20, 5, 2))) * [-1, 1]
    found = matching_symmetry(turned(left, seed), turned(right, seed + 1), permutations=99)
    assert found.table["R2"][0] > 0.9
    right[:, 2, 0] -= 0.5
    assert matching_symmetry(left, right, permutations=99).table["p"][1] == 0.01


def halves(seed: int, n: int = 12, own: float = 0.0) -> tuple[Array, Array]:
    """Left and right sides with noise each, and as much as asked for that both sides of a case have."""
    rng = np.random.default_rng(seed)
    left, right = HALF + own * rng.normal(size=(n, 5, 2)) + rng.normal(0, 0.1, (2, n, 5, 2))
    return left, right * [-1, 1]


def test_the_table_is_that_of_a_linear_model_of_individual_and_side() -> None:
    found = matching_symmetry(*halves(0, own=0.05), permutations=99)
    sides = np.concatenate([found.symmetric + found.asymmetric, found.symmetric - found.asymmetric])
    who = pd.DataFrame({"individual": [f"i{k}" for k in range(12)] * 2, "side": ["left"] * 12 + ["right"] * 12})
    model = anova(sides, design("~ individual + side", who), permutations=19).table.droplevel("stratum")
    table = found.table.set_index("source")
    assert list(table.columns) == ["df", "SS", "MS", "R2", "F", "p"] and table["df"].tolist() == [11, 1, 11, 23]
    for name, theirs in {
        "individual": "individual",
        "side": "side",
        "individual x side": "residuals",
        "total": "total",
    }.items():
        for column in ("df", "SS", "MS", "R2", "F"):
            assert table.loc[name, column] == pytest.approx(model.loc[theirs, column], rel=1e-9, nan_ok=True), (name, column)


def test_sides_of_a_case_are_told_from_those_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    p = [matching_symmetry(*halves(seed), permutations=49, seed=seed).table["p"][0] for seed in range(100)]
    assert stats.kstest(p, "uniform").pvalue > 0.01 and np.mean(np.array(p) <= 0.1) < 0.2, "where they are no more alike"
    left, right = halves(3, n=24, own=0.1)
    monkeypatch.setattr("atlaskit.shape.symmetry.BLOCK", 7)
    assert matching_symmetry(left, right, permutations=99).table["p"][0] == 0.01
    twice = [str(k // 2) for k in range(24)]
    assert np.isnan(matching_symmetry(left, right, subjects=twice, permutations=19).table["p"][0])
    assert np.isnan(object_symmetry(cohort(0), PARTNER, permutations=19).table["p"][0])


def loops(seed: int, n: int, start: int, landmarks: int = 24) -> Array:
    """A left loop, its mirror image begun elsewhere, both positively oriented, and a loop across the midline."""
    rng, angle = np.random.default_rng(seed), 2 * np.pi * np.arange(landmarks) / landmarks
    radius = 3 + rng.normal(0, 0.3, 3) @ np.cos(np.outer([1, 2, 3], angle) + rng.uniform(0, 6, (3, 1)))
    left = np.stack([radius * np.cos(angle) + 8, radius * np.sin(angle)], axis=-1)
    right = np.roll((left * [-1, 1])[::-1], start, axis=0)
    middle = np.stack([2 * np.cos(angle), 3 * np.sin(angle) + 6], axis=-1)
    return np.concatenate([left, right, middle]) + rng.normal(0, 0.05, (n, 3 * landmarks, 2))


@given(SEEDS, st.integers(0, 23), st.booleans())
@settings(max_examples=20)
def test_mirrored_loops_are_paired(seed: int, start: int, backwards: bool) -> None:
    points = turned(loops(seed, 10, start), seed)
    right = 24 + (start + np.arange(23, -1, -1)) % 24
    middle = 48 + (12 - np.arange(24)) % 24
    order = np.arange(72)
    if backwards:
        order[24:48] = order[24:48][::-1]
    pairs = [(range(24), range(24, 48)), (range(48, 72), range(48, 72))]
    expected = np.argsort(order)[np.concatenate([right, np.argsort(np.r_[right - 24]), middle])[order]]
    assert mirror_partners(points[:, order], pairs).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: object_symmetry(p * np.nan, PARTNER), "every landmark of 2 or more cases"),
        (lambda p: object_symmetry(p, np.arange(11)), "each of the 12 landmarks one"),
        (lambda p: object_symmetry(p, np.roll(np.arange(12), 1)), "whose partner it is in turn"),
        (lambda p: object_symmetry(p, PARTNER, subjects=["a"]), "20 cases needs a subject; got 1"),
        (lambda p: matching_symmetry(p, p[:, :3]), "the same cases and landmarks"),
        (lambda p: mirror_partners(p, [(range(6), range(6, 11))]), "equally many landmarks"),
    ],
)
def test_what_has_no_symmetry_is_said(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call(cohort(0))  # type: ignore[operator]


@pytest.mark.realdata
def test_collar_bones_and_brains_are_paired_and_nearly_symmetric(realdata: Path) -> None:
    with np.load(realdata / "cxr" / "landmarks.npz") as file:
        bones = np.concatenate([file["RCLA"], file["LCLA"]], axis=1).astype(float)
    bones = bones[np.isfinite(bones).all(axis=(1, 2))]
    partner = mirror_partners(bones, [(range(23), range(23, 46))])
    assert np.abs((partner[:23] - 23) - np.arange(23)).max() <= 1, (
        "annotated from corresponding ends, each in its mirrored sense"
    )
    brains = np.load(realdata / "cortical" / "landmarks.npz")["points_brain"].astype(float)[:, ::10]
    for points, partners in ((bones, partner), (brains, mirror_partners(brains, [(range(50), range(50))]))):
        found = object_symmetry(points, partners)
        assert found.table["R2"][0] > 0.5 and found.table["R2"][:3].sum() == pytest.approx(1)
