"""Tangents, normals, slip, and what can be inferred or tied: exact answers and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlaskit import metrics

SQUARE = np.array([[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]]])
S = np.sqrt(0.5)


def ring(n_cases: int, n: int, seed: int = 0) -> np.ndarray:
    """Ellipse-like closed curves (N, n, 2) of varying shape, place and size."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(n) / n
    a, b, c = (rng.uniform(low, high, (n_cases, 1)) for low, high in ((30, 40), (15, 25), (-5, 5)))
    curve = np.stack([a * np.cos(angle) + c * np.sin(2 * angle), b * np.sin(angle)], axis=2)
    return curve + rng.uniform(50, 60, (n_cases, 1, 2))


def test_tangents_follow_edges_and_halve_corners() -> None:
    found = metrics.tangents(SQUARE, np.array([0.0, 0.5, 1.0, 1.25, 3.5]))[0]
    assert found == pytest.approx(np.array([[S, -S], [1, 0], [S, S], [0, 1], [0, -1]]))


@pytest.mark.parametrize("turned", [1, -1])
def test_normals_point_outwards_whichever_way_a_polygon_runs(turned: int) -> None:
    assert metrics.normals(SQUARE[:, ::turned])[0] == pytest.approx(np.array([[-S, -S], [S, -S], [S, S], [-S, S]])[::turned])


@given(st.integers(0, 10_000))
def test_slip_and_normal_error_are_the_two_sides_of_the_distance(seed: int) -> None:
    points, rng = ring(6, 24, seed), np.random.default_rng(seed)
    truth = points[:, [3, 11]] + rng.normal(0, 4, (6, 2, 2))
    train = np.arange(6) < 3
    found = metrics.offsets(points, truth, train=train, spacing_mm=np.tile([0.5, 2.0], (6, 1)))
    for unit in ("px", "mm"):
        distance, slip, normal = found.lengths(unit)
        np.testing.assert_allclose(slip**2 + normal**2, distance**2)
    assert found.lengths("mm")[0] == pytest.approx(np.linalg.norm(found.offset * [0.5, 2.0], axis=2))


def test_a_truth_that_slides_has_slip_and_one_that_lifts_has_normal_error() -> None:
    points = np.repeat(SQUARE, 8, axis=0)
    train = np.arange(8) < 4
    middle = np.array([[[5.0, 0.0]]])
    for offset, columns in (([2.0, 0.0], ("slip_px", "normal_px")), ([0.0, -2.0], ("normal_px", "slip_px"))):
        truth = np.where(train[:, None, None], middle, middle + offset)
        table = metrics.correspondence_error({"box": points}, {"box": truth}, train=train)
        assert table.loc["box", list(columns)].tolist() == pytest.approx([2.0, 0.0])
        assert table.loc["box", ["mean_px", "rms_px", "p95_px"]].tolist() == pytest.approx([2.0] * 3)


def test_errors_by_landmark_are_those_of_the_structure_taken_apart() -> None:
    points, rng = {"a": ring(20, 16), "b": ring(20, 16, 1)}, np.random.default_rng(0)
    truth = {name: polygons[:, [2, 9, 12]] + rng.normal(0, 2, (20, 3, 2)) for name, polygons in points.items()}
    whole = metrics.correspondence_error(points, truth, seed=3)
    each = metrics.landmark_error(points, truth, seed=3)
    assert each["landmark"].tolist() == [0, 1, 2] * 2 and each["position"].tolist()[0] == pytest.approx(2, abs=1)
    for column in ("mean_px", "slip_px", "normal_px"):
        np.testing.assert_allclose(each.groupby("structure")[column].mean(), whole[column].iloc[:2])


def test_the_training_part_is_the_seeded_70_percent() -> None:
    part = metrics.training_part(10, seed=4)
    assert part.sum() == 7 and (part == metrics.training_part(10, seed=4)).all()
    assert np.flatnonzero(part).tolist() == sorted(np.random.default_rng(4).permutation(10)[:7].tolist())


def test_the_spread_of_normals_of_turned_polygons_is_that_of_the_turns() -> None:
    degrees = np.array([-30.0, 0.0, 30.0])
    turns = [np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) for t in np.radians(degrees)]
    polygons = np.stack([ring(1, 24)[0] @ turn.T for turn in turns])
    length = (1 + 2 * np.cos(np.radians(30))) / 3
    assert metrics.normal_spread(polygons) == pytest.approx(np.degrees(np.sqrt(-2 * np.log(length))))
    assert metrics.normal_spread(polygons[[1, 1]]) == pytest.approx(0, abs=1e-3)
    absent = np.concatenate([polygons, np.full((1, 24, 2), np.nan)])
    assert metrics.normal_spread(absent) == pytest.approx(metrics.normal_spread(polygons))
    assert np.isnan(metrics.normal_spread(absent[2:])).all()


def test_edge_variation_is_none_for_even_steps() -> None:
    assert metrics.edge_variation(SQUARE) == pytest.approx(0)
    assert metrics.edge_variation(SQUARE * [3.0, 1.0])[0] == pytest.approx(0.5), "edges of 30 and 10"


def test_best_cyclic_start_finds_one_start_in_any_pose_if_rotation_is_taken_out() -> None:
    angle = 2 * np.pi * np.arange(400) / 400
    radius = 20 + 6 * np.cos(angle) + 4 * np.cos(2 * angle + 1)
    rng = np.random.default_rng(0)
    turns, rolls = rng.uniform(0, 2 * np.pi, 8), rng.integers(0, 400, 8)
    z = radius * np.exp(1j * angle)
    posed = [np.roll(z, r) * np.exp(1j * t) for r, t in zip(rolls, turns, strict=True)]
    found = metrics.best_cyclic_start([np.column_stack([p.real, p.imag]) for p in posed], 16, rotate=True)
    back = (found @ [1, 1j]) * np.exp(-1j * turns)[:, None]
    assert np.abs(back - back.mean(axis=0)).max() < 0.5
    plain = metrics.best_cyclic_start([np.column_stack([p.real, p.imag]) for p in posed], 16) @ [1, 1j]
    assert np.abs(plain * np.exp(-1j * turns)[:, None] - back.mean(axis=0)).max() > 5


# --- inference


def cohort(n: int, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Landmarks, true landmarks that are a linear map of them, and two cases of each subject."""
    points, rng = ring(n, 12, 5), np.random.default_rng(2)
    truth = (points.reshape(n, -1) @ rng.normal(0, 0.1, (24, 6))).reshape(n, 3, 2) + rng.normal(0, noise, (n, 3, 2))
    return points, truth, [f"s{k // 2:02d}" for k in range(n)]


def test_a_linear_truth_is_inferred_and_noise_is_not() -> None:
    points, truth, subjects = cohort(60)
    away = np.linalg.norm(metrics.infer_landmarks(points, truth, subjects) - truth, axis=2)
    assert away.max() < 0.02 * truth.std()
    noise = np.random.default_rng(1).normal(size=truth.shape)
    missed = np.linalg.norm(metrics.infer_landmarks(points, noise, subjects) - noise, axis=2)
    assert missed.mean() > 0.9 * np.linalg.norm(noise - noise.mean(axis=0), axis=2).mean()


def test_nobody_is_inferred_from_their_own_truth() -> None:
    points, truth, subjects = cohort(40, noise=1.0)
    before = metrics.infer_landmarks(points, truth, subjects)
    changed = truth.copy()
    changed[6:8] += 1000.0  # both cases of one subject
    after = metrics.infer_landmarks(points, changed, subjects)
    np.testing.assert_array_equal(before[6:8], after[6:8])
    assert not np.allclose(before[10:], after[10:])


def test_what_is_missing_is_left_out_and_too_few_subjects_infer_nothing() -> None:
    points, truth, subjects = cohort(40)
    points[4], truth[7, 1] = np.nan, np.nan
    found = metrics.infer_landmarks(points, truth, subjects)
    assert np.isnan(found[4]).all() and np.isfinite(np.delete(found, 4, axis=0)).all()
    assert np.isnan(metrics.infer_landmarks(points[10:18], truth[10:18], subjects[10:18])).all(), "4 subjects"


def test_a_truth_table_keeps_the_names_of_its_landmarks(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "t.csv").write_text("case,structure,landmark,x,y\na,heart,base,1,2\na,heart,apex,3,4\na,lung,7,5,6\n")
    read = metrics.read_truth(tmp_path / "t.csv")
    assert read.names == {"heart": ("apex", "base"), "lung": ("7",)}
    assert read.points["heart"][0].tolist() == [[3, 4], [1, 2]]
