"""Sliding landmarks, against another library's steps, what must not change, and landmarks that were shifted on purpose."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ktch.landmark import GeneralizedProcrustesAnalysis
from numpy.typing import NDArray
from shapely import LinearRing, Point

from atlaskit.errors import InputError
from atlaskit.shape.bending import Goal, bending_energy
from atlaskit.shape.procrustes import align
from atlaskit.shape.sliding import Criterion, slide

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
CRITERIA = get_args(Criterion)
LANDMARKS = 20
LOOPS = (tuple(range(12)), tuple(range(12, 20)))


def curves(seed: int, n: int, at: Array, far: float = 0.0, waves: float = 0.06) -> Array:
    """(n, len, 2) places, in turns (n, len) or (len,), along smooth closed curves of varying shape."""
    rng = np.random.default_rng(seed)
    wave = rng.normal(0, waves, (2, n, 3, 1))
    angle = 2 * np.pi * np.broadcast_to(at, (n, np.shape(at)[-1]))
    times = np.arange(1, 4)[:, None] * angle[:, None]
    radius = 10 * (1 + (wave[0] * np.cos(times) + wave[1] * np.sin(times)).sum(1))
    return np.stack([radius * np.cos(angle) + far, 0.6 * radius * np.sin(angle)], axis=-1)


def cases(seed: int, n: int = 6) -> tuple[Array, list[list[Array]]]:
    """Two loops a case with landmarks at uneven places, which differ from case to case, and their contours."""
    rng = np.random.default_rng(seed + 1)
    places = [np.arange(k) / k + rng.uniform(-0.3, 0.3, (n, k)) / k for k in (12, 8)]
    points = np.concatenate([curves(seed + far, n, at, far) for at, far in zip(places, (0, 40), strict=True)], axis=1)
    dense = [curves(seed + far, n, np.arange(200) / 200, far) for far in (0, 40)]
    return points, [[loop[case] for loop in dense] for case in range(n)]


def triples(fixed: tuple[int, ...] = ()) -> Array:
    """Sliders between their neighbours, as the other library wants them."""
    return np.array(
        [[loop[k - 1], loop[k], loop[(k + 1) % len(loop)]] for loop in LOOPS for k in range(len(loop)) if loop[k] not in fixed]
    )


@pytest.mark.parametrize("criterion", CRITERIA)
@given(SEEDS)
@settings(max_examples=5)
def test_steps_are_those_of_another_library(criterion: Criterion, seed: int) -> None:
    shapes = align(cases(seed)[0], scale="unit")
    sliders = triples(fixed=(0, 5, 12))
    goal = Goal(shapes.mean, bending_energy(shapes.mean) if criterion == "bending" else None)
    chord = shapes.points[:, sliders[:, 2]] - shapes.points[:, sliders[:, 0]]
    tangents = chord / np.linalg.norm(chord, axis=2, keepdims=True)
    steps = goal.steps(shapes.points, sliders[:, 1], tangents)
    ours = shapes.points.copy()
    ours[:, sliders[:, 1]] += steps[..., None] * tangents
    other = GeneralizedProcrustesAnalysis()
    step = other._slide_bending_energy if criterion == "bending" else other._slide_procrustes
    assert ours == pytest.approx(np.stack([step(shape, shapes.mean, sliders) for shape in shapes.points]), abs=1e-6)


@given(SEEDS)
def test_affine_maps_bend_nothing_and_all_else_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean, matrix = rng.normal(size=(10, 2)), rng.normal(size=(2, 2))
    bending = bending_energy(mean)
    assert bending == pytest.approx(bending.T, abs=1e-9 * np.abs(bending).max())
    assert Goal(mean, bending).values((mean @ matrix + 3)[None])[0] == pytest.approx(0, abs=1e-6 * np.abs(bending).max())
    assert np.linalg.eigvalsh(bending)[3:].min() > 0


@pytest.mark.parametrize("criterion", CRITERIA)
@given(SEEDS)
@settings(max_examples=5)
def test_the_criterion_falls_and_landmarks_stay_on_their_contours_in_order(criterion: Criterion, seed: int) -> None:
    points, contours = cases(seed)
    slid = slide(points, LOOPS, contours=contours, fixed=(0, 12), criterion=criterion, rounds=10)
    assert slid.criterion[-1] == slid.criterion.min() < 0.9 * slid.criterion[0]
    assert (slid.points[:, (0, 12)] == points[:, (0, 12)]).all()
    for own, case in zip(contours, slid.points, strict=True):
        for loop, contour in zip(LOOPS, own, strict=True):
            line = LinearRing(contour)
            free = [Point(case[node]) for node in loop[1:]]
            assert max(line.distance(point) for point in free) < 1e-9
            along = np.array([line.project(point) for point in [Point(case[loop[0]]), *free]])
            assert (np.diff((along - along[0]) % line.length) > 0).all()


@given(SEEDS)
@settings(max_examples=5)
def test_pose_and_size_do_not_matter(seed: int) -> None:
    points, _ = cases(seed)
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0.3, 3, len(points)) * np.exp(1j * rng.uniform(-3, 3, len(points)))
    z = turn[:, None] * (points @ [1, 1j]) + 100
    slid, moved = (slide(x, LOOPS, rounds=4) for x in (points, np.stack([z.real, z.imag], axis=-1)))
    assert moved.points @ [1, 1j] == pytest.approx(turn[:, None] * (slid.points @ [1, 1j]) + 100, abs=1e-4)


def test_contours_may_run_the_other_way() -> None:
    points, contours = cases(0)
    backwards = [[contour[::-1] for contour in own] for own in contours]
    one, other = (slide(points, LOOPS, contours=lines, rounds=5) for lines in (contours, backwards))
    assert other.points == pytest.approx(one.points, abs=1e-9)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_landmarks_that_were_shifted_agree_again(criterion: Criterion) -> None:
    rng, even = np.random.default_rng(0), np.arange(16) / 16
    shifted = np.where(np.arange(16) % 4 == 0, even, even + rng.uniform(-0.4, 0.4, (30, 16)) / 16)
    points, contours = (curves(3, 30, at, waves=0.01) for at in (shifted, np.arange(400) / 400))
    slid = slide(points, [range(16)], contours=contours[:, None], fixed=(0, 4, 8, 12), criterion=criterion)
    spread = [np.std(np.exp(1j * np.arctan2(x[..., 1] / 0.6, x[..., 0])), axis=0).mean() for x in (points, slid.points)]
    assert spread[1] < 0.5 * spread[0]


@pytest.mark.parametrize(("criterion", "theirs"), [("bending", "bending_energy"), ("distance", "procrustes_distance")])
def test_ends_no_higher_than_another_library(criterion: Criterion, theirs: str) -> None:
    rng, even, corners = np.random.default_rng(1), np.arange(24) / 24, tuple(range(0, 24, 6))
    points = curves(1, 12, np.where(np.arange(24) % 6 == 0, even, even + rng.uniform(-0.3, 0.3, (12, 24)) / 24))
    sliders = np.array([[(k - 1) % 24, k, (k + 1) % 24] for k in range(24) if k not in corners])
    other = GeneralizedProcrustesAnalysis(curves=sliders, sliding_criterion=theirs, max_iter=10)
    with pytest.warns(UserWarning, match="did not converge"):
        aligned = align(other.fit_transform(points.reshape(12, -1)).reshape(12, 24, 2), scale="unit")
    goal = Goal(aligned.mean, bending_energy(aligned.mean) if criterion == "bending" else None)
    slid = slide(points, [range(24)], fixed=corners, criterion=criterion, rounds=30)
    assert slid.criterion[-1] < goal.values(aligned.points).mean()


def test_no_gap_falls_below_half_of_what_it_was() -> None:
    points, contours = cases(0)
    slid = slide(points, LOOPS, contours=contours, fixed=(0, 12))
    for case, own in enumerate(contours):
        for loop, contour in zip(LOOPS, own, strict=True):
            line = LinearRing(contour)
            before, after = (np.array([line.project(Point(x)) for x in y[case, list(loop)]]) for y in (points, slid.points))
            gaps = [(np.roll(along, -1) - along) % line.length for along in (before, after)]
            assert (gaps[1] > 0.499 * gaps[0]).all()


def test_landmarks_of_several_loops_or_none_stay() -> None:
    points, _ = cases(0)
    loops = (tuple(range(8)), (0, *range(8, 16)))
    slid = slide(points, loops, rounds=3)
    stays = [0, 16, 17, 18, 19]
    assert (slid.points[:, stays] == points[:, stays]).all() and (slid.points[:, 1:16] != points[:, 1:16]).any((0, 2)).all()


def test_circles_slide_nowhere() -> None:
    angle = 2 * np.pi * np.arange(12) / 12
    points = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * np.arange(1, 5)[:, None, None]
    assert np.array_equal(slide(points, [range(12)]).points, points)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: slide(p * np.nan, LOOPS), "Sliding needs every landmark"),
        (lambda p: slide(p, LOOPS, criterion="bend"), "criterion is one of bending, distance; got 'bend'"),  # type: ignore[arg-type]
        (lambda p: slide(p, LOOPS, fixed=(20,)), r"landmarks 0 to 19; got \[20\]"),
        (lambda p: slide(p, [(0, 1)]), "Loops have 3 or more"),
        (lambda p: slide(p, LOOPS, contours=[[p[0]]] * 6), "a contour for each of the 2 loops"),
        (lambda p: slide(p, [(0, 2, 1, 5, 4, 3, 7, 6)], contours=[[x[:12]] for x in p]), "in case 0, loop 0, they do not"),
    ],
)
def test_what_cannot_slide_is_said(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call(cases(0)[0])  # type: ignore[operator]


@pytest.mark.realdata
def test_vertebrae_bend_less_between_their_true_landmarks(realdata: Path) -> None:
    points = np.load(realdata / "mouse_vertebrae" / "landmarks.npz")["points_vertebra"].astype(float)
    fixed = (50, 10, 20, 30, 40, 0)
    slid = slide(points, [range(60)], fixed=fixed)
    assert (slid.points[:, fixed] == points[:, fixed]).all()
    assert slid.criterion[-1] < 0.35 * slid.criterion[0]
