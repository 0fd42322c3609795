from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit import phantom
from atlaskit.contours import Contour, resample, trace
from atlaskit.frames import Frames, rotations
from atlaskit.groupwise import MARGIN, Template, Weights, fit_template, place
from atlaskit.metrics import best_cyclic_start, by_structure, correspondence_error, polygon_dice, topmost_start
from atlaskit.signatures import LOOK, sample_contours
from atlaskit.topology import independent

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)
NODES, SAMPLES = 32, 256


@dataclass(frozen=True)
class Cohort:
    """The chest phantom as the groupwise step sees it."""

    truth: phantom.Phantom
    contours: Sequence[Sequence[Contour | None]]
    samples: Array

    def __len__(self) -> int:
        return len(self.samples)

    def polygons(self, structure: int) -> list[Array | None]:
        return [None if (contour := case[structure]) is None else contour.points for case in self.contours]


@cache
def cohort() -> Cohort:
    truth = phantom.chest(60)
    contours = [[trace(plane) for plane in truth.mask(case).planes] for case in range(len(truth))]
    return Cohort(truth, contours, np.stack([sample_contours(case, samples=SAMPLES) for case in contours]))


@cache
def template() -> Template:
    topology = independent(dict.fromkeys(cohort().truth.structures, 1.0), nodes=NODES)
    return fit_template(cohort().samples, topology)


@cache
def landmarks() -> Array:
    return place(template(), cohort().samples)


def steps_along(points: Array, samples: Array) -> Array:
    """Steps in samples between consecutive landmarks of one loop, (n,), which must lie on the contour, between two samples."""
    edge = np.roll(samples, -1, axis=0) - samples
    away = points[:, None] - samples
    part = np.clip((away * edge).sum(-1) / np.square(edge).sum(-1), 0, 1)
    distance = np.linalg.norm(away - part[..., None] * edge, axis=-1)
    assert distance.min(axis=1).max() < 1e-6
    best = distance.argmin(axis=1)
    at = best + part[np.arange(len(points)), best]
    steps: Array = (np.roll(at, -1) - at) % len(samples)
    return steps


def error_px(points: dict[str, Array]) -> Array:
    """(S + 1,) mean correspondence errors to the phantom's true landmarks, the overall one last."""
    table = correspondence_error(points, cohort().truth.landmarks)
    errors: Array = table["mean_px"].to_numpy(dtype=np.float64)
    return errors


def test_correspondence_is_better_than_that_of_equal_arc_length() -> None:
    """The planted truth: 60 chests of 256 px with 15 % of hearts missing and some faults."""
    structures = cohort().truth.structures
    polygons = [cohort().polygons(s) for s in range(len(structures))]
    absent = np.full((NODES, 2), np.nan)
    topmost = [np.stack([absent if p is None else topmost_start(p, NODES) for p in each]) for each in polygons]
    cyclic = [best_cyclic_start(each, NODES) for each in polygons]
    ours = error_px(by_structure(landmarks(), template().topology))
    of_topmost, of_cyclic = (error_px(dict(zip(structures, each, strict=True))) for each in (topmost, cyclic))
    assert ours[-1] < 0.8 * min(of_topmost[-1], of_cyclic[-1])
    assert ours[-1] < 1.6
    assert (ours < of_topmost).all()
    assert (ours < of_cyclic + 0.1).all()  # the clavicles' are below 0.7 px, whichever way


def test_landmarks_lie_on_the_boundary_and_give_the_mask_back() -> None:
    for case in range(0, len(cohort()), 7):
        for s, contour in enumerate(cohort().contours[case]):
            points = landmarks()[case, template().topology.loop_of(template().topology.structures[s])]
            if contour is None:
                assert np.isnan(points).all()
                continue
            assert np.isfinite(points).all()
            mask = cohort().truth.mask(case).planes[s]
            assert polygon_dice(points, mask) > 0.97


def test_landmarks_keep_their_order_once_around() -> None:
    for case in range(len(cohort())):
        for s, loop in enumerate(template().topology.loops):
            if cohort().contours[case][s] is not None:
                steps = steps_along(landmarks()[case, list(loop)], cohort().samples[case, s])
                assert steps.sum() == pytest.approx(SAMPLES)
                assert steps.min() > 0 and steps.max() <= 2.5 * SAMPLES / NODES + 1


def test_the_template_fills_the_unit_frame_but_for_its_margin() -> None:
    low, high = template().points.min(axis=0), template().points.max(axis=0)
    assert (low + high) / 2 == pytest.approx([0.5, 0.5])
    assert (high - low).max() * (1 + 2 * MARGIN) == pytest.approx(1)
    for s, loop in enumerate(template().topology.loops):
        points = template().points[list(loop)]
        assert points.mean(axis=0) == pytest.approx(template().centre[s], abs=0.03)
        reach = np.linalg.norm(points - points.mean(axis=0), axis=1)
        assert np.sqrt(np.square(reach).mean()) == pytest.approx(template().radius[s], rel=0.1)
    assert [look.shape for look in template().signatures] == [(NODES, LOOK + 5)] * 5


def test_corners_hold_the_lungs_and_neighbours_the_heart() -> None:
    lungs, heart = template().smooth[:2], template().smooth[2]
    assert lungs.max() < 0.2 and heart > 0.9
    assert template().anchor[2] < 0.5 * template().anchor[:2].min()  # hearts are sometimes missing


@given(SEEDS, st.floats(0.05, 20), st.floats(-2000, 2000), st.floats(-2000, 2000))
@settings(max_examples=8)
def test_landmarks_move_and_grow_with_the_contours(seed: int, scale: float, x: float, y: float) -> None:
    cases = np.random.default_rng(seed).integers(0, len(cohort()), 3)
    moved = place(template(), scale * cohort().samples[cases] + [x, y])
    assert moved == pytest.approx(scale * landmarks()[cases] + [x, y], abs=1e-6 * max(scale, 1), nan_ok=True)


@given(st.integers(0, 59), st.integers(-9, 9), st.integers(-9, 9))
@settings(max_examples=10)
def test_landmarks_move_with_the_mask(case: int, right: int, down: int) -> None:
    """From pixels on: trace, sample, find the frame, place."""
    planes = np.pad(cohort().truth.mask(case).planes, ((0, 0), (10, 10), (10, 10)))
    upright, moved = (
        place(template(), sample_contours([trace(plane) for plane in each], samples=SAMPLES)[None])
        for each in (planes, np.roll(planes, (down, right), axis=(1, 2)))
    )
    assert moved == pytest.approx(upright + [right, down], abs=1e-6, nan_ok=True)


@given(st.lists(st.integers(0, SAMPLES - 1), min_size=5, max_size=5), SEEDS)
@settings(max_examples=8)
def test_it_does_not_matter_where_a_contour_starts(rolls: list[int], seed: int) -> None:
    case = cohort().samples[[seed % len(cohort())]]
    turned = np.stack([np.roll(case[:, s], roll, axis=1) for s, roll in enumerate(rolls)], axis=1)
    assert place(template(), turned) == pytest.approx(landmarks()[[seed % len(cohort())]], abs=1e-9, nan_ok=True)


def test_the_template_depends_neither_on_the_order_of_cases_nor_on_where_contours_start() -> None:
    samples, rng = cohort().samples[:20], np.random.default_rng(0)
    wanted = fit_template(samples, template().topology)
    shuffled = fit_template(samples[rng.permutation(20)], template().topology)
    rolled = fit_template(np.roll(samples, 77, axis=2), template().topology)
    moved = fit_template(3 * samples + [40, -7], template().topology)
    for other in (shuffled, rolled, moved):
        assert other.points == pytest.approx(wanted.points, abs=1e-6)
        assert other.radius == pytest.approx(wanted.radius)
        assert other.smooth == pytest.approx(wanted.smooth, abs=1e-6)


def test_a_case_has_its_landmarks_whatever_the_other_cases() -> None:
    some = [3, 17, 41]
    assert place(template(), cohort().samples[some]) == pytest.approx(landmarks()[some], abs=1e-9, nan_ok=True)


def complete_cases(n: int) -> Array:
    samples = cohort().samples
    return samples[~np.isnan(samples[..., 0]).any(axis=(1, 2))][:n]


@pytest.fixture
def untilted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases stay as upright in their frames as they are."""
    monkeypatch.setattr(Template, "straightened", lambda _, found, samples, near: found)


@pytest.mark.parametrize("missing", range(5))
def test_without_contact_position_and_tilt_a_missing_structure_moves_no_landmark_of_another(
    missing: int, untilted: None
) -> None:
    shape_only, samples = Weights(position=0.0, contact=0.0), complete_cases(6)
    whole = place(template(), samples, weights=shape_only)
    samples = samples.copy()
    samples[:, missing] = np.nan
    part = place(template(), samples, weights=shape_only)
    gone = list(template().topology.loops[missing])
    assert np.isnan(part[:, gone]).all()
    whole[:, gone] = np.nan
    assert part == pytest.approx(whole, abs=1e-9, nan_ok=True)


def test_a_missing_heart_hardly_moves_the_lungs() -> None:
    """What has corners is held by them, and hardly moves with the frame."""
    whole, part = complete_cases(30), complete_cases(30).copy()
    part[:, 2] = np.nan
    right, left = (list(loop) for loop in template().topology.loops[:2])
    moved = np.linalg.norm(place(template(), part) - place(template(), whole), axis=-1)
    assert np.mean(moved[:, right + left] > 0.5) < 0.1
    assert moved[:, right + left].mean() < 0.25


def test_a_missing_heart_moves_no_lung_by_contact(untilted: None) -> None:
    whole, part = complete_cases(30), complete_cases(30).copy()
    part[:, 2] = np.nan
    right, weights = list(template().topology.loops[0]), Weights(position=0.0)
    moved = np.linalg.norm(place(template(), part, weights=weights) - place(template(), whole, weights=weights), axis=-1)
    assert moved[:, right].max() < 1e-9


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_neighbour_is_unknown_and_not_far_away(missing: int) -> None:
    """Without one lung a case is placed as by a template that never met it."""
    samples = complete_cases(30).copy()
    samples[:, missing] = np.nan
    looks = [look.copy() for look in template().signatures]
    for look in looks:
        look[:, LOOK + missing] = 0.0
    naive = place(replace(template(), signatures=tuple(looks)), samples)
    assert place(template(), samples) == pytest.approx(naive, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_the_size_of_the_unit_frame_is_arbitrary(factor: float) -> None:
    """Positions are weighed in units of each structure's own radius."""
    points, centre = (factor * (each - 0.5) + 0.5 for each in (template().points, template().centre))
    other = replace(template(), points=points, centre=centre, radius=factor * template().radius)
    samples = cohort().samples[:20]
    assert np.mean(np.abs(place(other, samples) - landmarks()[:20]) > 1e-2) < 0.005  # but for ties


@pytest.mark.parametrize("degrees", [-8.0, 5.0])
def test_landmarks_turn_with_a_case_that_is_tilted(degrees: float) -> None:
    """All structures at once: nothing in the template says that a patient stands upright."""
    samples = complete_cases(20)
    turn = Frames(samples.mean((1, 2)), np.ones(20), rotations(np.full(20, np.radians(degrees))))
    still = Frames(samples.mean((1, 2)), np.ones(20))
    expected = turn.to_pixels(still.to_unit(place(template(), samples)))
    moved = np.linalg.norm(place(template(), turn.to_pixels(still.to_unit(samples))) - expected, axis=-1)
    assert moved.mean() < 0.1, "px"


def test_landmarks_do_not_depend_on_where_samples_happen_to_lie() -> None:
    """The same contours sampled half a step further along: landmarks stay between the samples where they were."""
    contours = [[c for c in case if c is not None] for case in cohort().contours if all(case)][:10]
    first, second = (
        np.stack([np.stack([resample(c.points, SAMPLES, start=start) for c in case]) for case in contours])
        for start in (0.0, 0.5 / SAMPLES)
    )
    moved = np.linalg.norm(place(template(), first) - place(template(), second), axis=-1)
    step = np.linalg.norm(np.diff(first, axis=2), axis=-1).mean()
    assert np.median(moved) < 0.15 * step, "at whole samples it would be half a step"


def test_an_empty_case_has_no_landmarks() -> None:
    samples = cohort().samples[:3].copy()
    samples[1] = np.nan
    points = place(template(), samples)
    assert np.isnan(points[1]).all()
    assert points[[0, 2]] == pytest.approx(landmarks()[[0, 2]], nan_ok=True)


def test_a_structure_that_is_nearly_always_missing_is_still_placed() -> None:
    samples = cohort().samples[:12].copy()
    samples[1:, 3] = np.nan
    sparse = fit_template(samples, template().topology)
    assert np.isfinite(sparse.points).all()
    points = place(sparse, samples)
    own = list(template().topology.loops[3])
    assert np.isfinite(points[0]).sum() == np.isfinite(landmarks()[0]).sum()
    assert np.isfinite(points[0, own]).all() and np.isnan(points[1:, own]).all()


@given(SEEDS)
@settings(max_examples=8)
def test_a_prediction_on_the_boundary_stays_where_it_is(seed: int) -> None:
    """The boundary fit of landmarks that lie on the contour already, when only position counts."""
    rng = np.random.default_rng(seed)
    samples = complete_cases(4)
    steps = rng.integers(6, 11, (4, 5, NODES)).astype(float)
    at = np.round(np.cumsum(steps, -1) * SAMPLES / steps.sum(-1, keepdims=True)).astype(int) % SAMPLES
    predicted = np.take_along_axis(samples, at[..., None], axis=2).reshape(4, -1, 2)
    only_position = Weights(position=1.0, tangent=0.0, turning=0.0, bend=0.0, contact=0.0, spacing=0.0)
    fitted = place(template(), samples, predicted=predicted, weights=only_position)
    assert np.linalg.norm(fitted - predicted, axis=-1).max() < 0.5


def test_a_prediction_near_the_boundary_is_drawn_onto_it() -> None:
    samples, rng = complete_cases(6), np.random.default_rng(0)
    own = place(template(), samples)
    near = own + rng.normal(0, 1.5, own.shape)
    fitted = place(template(), samples, predicted=near, weights=replace(template().weights, position=2.0))
    for s, loop in enumerate(template().topology.loops):
        for case in range(6):
            assert steps_along(fitted[case, list(loop)], samples[case, s]).sum() == pytest.approx(SAMPLES)
    assert np.linalg.norm(fitted - own, axis=-1).mean() < 0.7 * np.linalg.norm(near - own, axis=-1).mean()


def test_nested_rings_are_placed() -> None:
    """A cine: the cavity lies inside the outer boundary, and both are near-round."""
    truth = phantom.cine(2)
    contours = [[trace(plane) for plane in truth.mask(case).planes] for case in range(0, len(truth), 5)]
    samples = np.stack([sample_contours(case, samples=SAMPLES) for case in contours])
    rings = fit_template(samples, independent(dict.fromkeys(truth.structures, 1.0), nodes=16, levels=1))
    points = place(rings, samples)
    assert np.isfinite(points).all()
    for loop in rings.topology.loops:
        offset = points[:, list(loop)] - points[:, list(loop)].mean(axis=1, keepdims=True)
        angle = np.unwrap(np.arctan2(offset[..., 1], offset[..., 0]), axis=1)
        assert (angle[:, -1] > angle[:, 0] + 1.6 * np.pi).all()
        assert np.ptp(angle - angle.mean(axis=0), axis=0).max() < 1.0
