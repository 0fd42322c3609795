"""Metrics against exact answers, brute force, and real manual landmarks."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from shapely import LineString, Polygon

from atlaskit import contours, metrics
from atlaskit.errors import InputError, NotFoundError
from atlaskit.topology import Topology

SQUARE = np.array([[10.0, 10.0], [20.0, 10.0], [20.0, 20.0], [10.0, 20.0]])
FIGURE_EIGHT = np.array([[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]])


def circle(radius: float, n: int, centre: tuple[float, float] = (50.0, 50.0), start: float = 0.0) -> np.ndarray:
    angle = start + 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)]) * radius + centre


def blobs(n_cases: int, n: int, seed: int = 0) -> np.ndarray:
    """Egg-shaped closed curves (N, n, 2) of varying shape, place and size, index 0 always at the blunt end."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(n) / n
    weight = rng.normal(size=(n_cases, 3, 1)) * 0.05 + np.array([0.35, 0.2, 0.1])[:, None]
    radius = 1 + sum(weight[:, k] * np.cos((k + 1) * angle + k) for k in range(3))
    curve = np.stack([radius * np.cos(angle), 0.7 * radius * np.sin(angle)], axis=2)
    return curve * rng.uniform(40, 60, (n_cases, 1, 1)) + rng.uniform(100, 120, (n_cases, 1, 2))


# --- overlap


def test_dice_is_exact_and_unknown_for_two_empty_planes() -> None:
    a, b = np.zeros((4, 4), dtype=bool), np.zeros((4, 4), dtype=bool)
    assert np.isnan(metrics.dice(a, b))
    a[:2], b[1:3] = True, True
    assert metrics.dice(a, b) == 0.5
    assert metrics.dice(a, a) == 1.0
    assert metrics.dice(a, ~a) == 0.0


@pytest.mark.parametrize("shift", [(0, 0), (-15, 0), (0, 17.25), (35.5, -3), (-300, 0), (0, 300)])
def test_polygon_dice_on_the_box_equals_dice_on_the_whole_image(shift: tuple[float, float]) -> None:
    plane = np.zeros((48, 40), dtype=bool)
    plane[12:30, 9:22] = True
    points = circle(9.3, 50, (15, 20)) + shift
    assert metrics.polygon_dice(points, plane) == metrics.dice(contours.fill(points, (40, 48)), plane)


def test_polygon_dice_of_a_pixel_square_and_of_an_absent_structure() -> None:
    plane = np.zeros((30, 30), dtype=bool)
    plane[10:20, 10:20] = True
    assert metrics.polygon_dice(SQUARE - 0.5, plane) == 1.0
    assert metrics.polygon_dice(SQUARE + 4.5, plane) == 0.25
    assert np.isnan(metrics.polygon_dice(SQUARE * np.nan, plane))
    assert metrics.polygon_dice(SQUARE - 0.5, np.zeros_like(plane)) == 0.0


def test_surface_distances_of_concentric_circles_and_of_equal_polygons() -> None:
    hd95, assd = metrics.surface_distances(circle(30, 400), circle(33, 400))
    assert hd95 == pytest.approx(3.0, abs=0.01)
    assert assd == pytest.approx(3.0, abs=0.01)
    assert metrics.surface_distances(SQUARE, contours.resample(SQUARE, 160)) == pytest.approx((0, 0), abs=1e-9)
    assert np.isnan(metrics.surface_distances(SQUARE * np.nan, SQUARE)).all()


def test_surface_distances_are_symmetric_and_see_a_far_spur() -> None:
    spur = np.array([[10, 10], [20, 10], [20, 14], [40, 15], [20, 16], [20, 20], [10, 20.0]])
    assert metrics.surface_distances(SQUARE, spur) == pytest.approx(metrics.surface_distances(spur, SQUARE))
    assert metrics.surface_distances(SQUARE, spur)[0] > 15


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_surface_distances_agree_with_exact_distances_to_the_polygon(seed: int) -> None:
    a, b = blobs(2, 40, seed)
    b = b - b.mean(axis=0) + a.mean(axis=0)
    there, back = (
        shapely.distance(LineString(np.vstack([q, q[:1]])), shapely.points(contours.resample(p, samples)))
        for p, q in ((a, b), (b, a))
        for samples in [int(np.ceil(contours.perimeter(p)))]
    )
    hd95, assd = metrics.surface_distances(a, b)
    assert hd95 == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), abs=0.02)
    assert assd == pytest.approx(np.concatenate([there, back]).mean(), abs=0.005)


@pytest.mark.parametrize(
    ("points", "crossings"),
    [
        (SQUARE, 0),
        (FIGURE_EIGHT, 1),
        (contours.resample(SQUARE, 40), 0),  # collinear neighbours
        (circle(5, 64)[::-1], 0),
        (circle(5, 5)[[0, 2, 4, 1, 3]], 5),  # pentagram
        (np.full((8, 2), np.nan), 0),
        (np.array([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4.0]]), 2),  # a vertex touches an edge with both of its own
    ],
)
def test_self_intersections_of_known_polygons(points: np.ndarray, crossings: int) -> None:
    assert int(metrics.self_intersections(points)) == crossings


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 14), st.integers(0, 10_000))
def test_self_intersections_agree_with_shapely_pair_by_pair(n: int, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 500, (n, 2))
    edges = [LineString([points[k], points[(k + 1) % n]]) for k in range(n)]
    apart = [(i, j) for i, j in combinations(range(n), 2) if 1 < j - i < n - 1]
    count = int(metrics.self_intersections(points))
    assert count == sum(edges[i].intersects(edges[j]) for i, j in apart)
    assert (count == 0) == Polygon(points).is_valid


def test_self_intersections_of_a_batch_are_those_of_each() -> None:
    batch = np.stack([SQUARE, FIGURE_EIGHT, SQUARE + 1e4])[None]
    assert metrics.self_intersections(batch).tolist() == [[0, 1, 0]]
    assert metrics.self_intersections(np.zeros((0, 8, 2))).shape == (0,)


# --- correspondence


def test_truth_that_moves_with_the_landmarks_has_no_error_wherever_it_sits() -> None:
    points = blobs(20, 32)
    positions = np.array([0.0, 3.25, 17.5, 31.75])
    truth = metrics.place(points, positions)
    assert metrics.tie(points, truth) == pytest.approx(positions)
    table = metrics.correspondence_error({"egg": points}, {"egg": truth}, spacing_mm=np.full((20, 2), 0.5))
    assert table.loc["overall"].drop("cases").to_numpy() == pytest.approx(0, abs=1e-9)
    assert table.loc["egg", "cases"] == 6


def test_translated_truth_has_the_length_of_the_translation_off_a_straight_edge() -> None:
    points = np.repeat(SQUARE[None] * 10, 10, axis=0)
    truth = points[:, [0, 1]] + np.array([3.0, -4.0])
    truth[:, 0, 0] -= 6.0  # off a corner, away from both of its edges
    spacing = np.tile([0.5, 0.5], (10, 1))
    table = metrics.correspondence_error({"box": points}, {"box": truth}, spacing_mm=spacing)
    assert table.loc["box", ["mean_px", "median_px", "p95_px"]].to_numpy() == pytest.approx(5.0)
    assert table.loc["overall", ["mean_mm", "median_mm", "p95_mm"]].to_numpy() == pytest.approx(2.5)


def test_positions_are_tied_on_the_training_cases_and_measured_on_the_others() -> None:
    points = blobs(10, 16)
    truth = points[:, [2, 9]].copy()
    train = np.arange(10) < 6
    truth[~train] += np.array([0.0, 7.0])
    table = metrics.correspondence_error({"egg": points}, {"egg": truth}, train=train)
    assert table.loc["egg", "mean_px"] == pytest.approx(7.0)
    assert table.loc["egg", "cases"] == 4
    assert np.isnan(table.loc["egg", "mean_mm"])


def test_absent_structures_and_missing_landmarks_change_nothing_else() -> None:
    points, rng = blobs(30, 16), np.random.default_rng(3)
    truth = points[:, [2, 9]] + rng.normal(size=(30, 2, 2))
    train = np.arange(30) < 20
    plain = metrics.correspondence_error({"egg": points}, {"egg": truth}, train=train)
    more = np.concatenate([points, np.full((2, 16, 2), np.nan), points[:2]])
    wider = np.concatenate([truth, truth[:2], np.full((2, 2, 2), np.nan)])
    grown = metrics.correspondence_error({"egg": more}, {"egg": wider}, train=np.append(train, [True, False, True, False]))
    assert grown.equals(plain)


def test_the_split_is_seeded_and_overall_is_the_mean_of_structures() -> None:
    points, rng = blobs(30, 16), np.random.default_rng(3)
    truth = {"a": points[:, [2]] + rng.normal(size=(30, 1, 2)), "b": points[:, [5, 6]] + 9}
    both = {"a": points, "b": points, "c": points}
    one, two, three = (metrics.correspondence_error(both, truth, seed=seed) for seed in (0, 0, 1))
    assert one.equals(two)
    assert not one.equals(three)
    assert one.loc["overall", "p95_px"] == pytest.approx(one.loc[["a", "b"], "p95_px"].mean())
    assert list(one.index) == ["a", "b", "overall"]


def test_a_landmark_unseen_in_training_or_a_wrong_structure_is_refused() -> None:
    points = blobs(4, 16)
    train = np.array([True, True, False, False])
    truth = points[:, [2, 5]].copy()
    truth[train, 1] = np.nan
    with pytest.raises(InputError, match=r"\[1\] are in none"):
        metrics.correspondence_error({"egg": points}, {"egg": truth}, train=train)
    with pytest.raises(InputError, match="did you mean 'egg'"):
        metrics.correspondence_error({"egg": points}, {"eg": truth})
    with pytest.raises(InputError, match="4 cases"):
        metrics.correspondence_error({"egg": points}, {"egg": truth[:3]})


def test_by_structure_follows_loops_that_share_landmarks() -> None:
    topology = Topology(("a", "b"), ((0, 1, 2, 3), (3, 2, 4, 5)), levels=1)
    points = np.arange(24.0).reshape(2, 6, 2)
    loops = metrics.by_structure(points, topology)
    assert loops["b"].tolist() == points[:, [3, 2, 4, 5]].tolist()


# --- baselines


def test_topmost_start_begins_at_the_top_and_steps_evenly() -> None:
    points = metrics.topmost_start(circle(20, 400, start=1.0), 8)
    assert points[0] == pytest.approx([50, 30], abs=0.2)
    assert points[2] == pytest.approx([70, 50], abs=0.2)
    steps = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
    assert np.ptp(steps) < 0.05


def test_best_cyclic_start_finds_one_start_however_the_contours_begin() -> None:
    curves = blobs(12, 480)
    rng = np.random.default_rng(1)
    rolled: list[np.ndarray | None] = [np.roll(curve, int(rng.integers(480)), axis=0) for curve in curves]
    rolled.insert(3, None)
    points = metrics.best_cyclic_start(rolled, 32)
    assert np.isnan(points[3]).all()
    found = np.delete(points, 3, axis=0)
    error = metrics.correspondence_error({"egg": found}, {"egg": curves[:, ::60]})
    assert error.loc["egg", "mean_px"] < 2.0
    assert metrics.best_cyclic_start([None, None], 8).shape == (2, 8, 2)


def test_best_cyclic_start_is_exact_for_one_shape_moved_and_scaled() -> None:
    curve = contours.resample(blobs(1, 480)[0], 512)
    moved = [np.roll(curve, 64 * k, axis=0) * (1 + k / 10) + k for k in range(5)]
    points = metrics.best_cyclic_start(moved, 64)
    back = np.stack([(p - k) / (1 + k / 10) for k, p in enumerate(points)])
    assert np.abs(back - back[0]).max() < 0.5


# --- truth files


def test_both_truth_forms_say_the_same(tmp_path: Path) -> None:
    heart, lung = blobs(3, 2), blobs(3, 12, seed=1)
    heart[1] = np.nan
    np.savez(tmp_path / "t.npz", id=np.array(["b", "a", "007"]), heart=heart, lung=lung, age=np.arange(3))
    lines = ["case,structure,landmark,x,y,note"]
    for name, points in (("heart", heart), ("lung", lung)):
        for case, polygon in zip(("b", "a", "007"), points, strict=True):
            lines += [f"{case},{name},{k},{x},{y},-" for k, (x, y) in enumerate(polygon) if np.isfinite(x)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    order = ["a", "new", "007"]
    one, two = (metrics.read_truth(tmp_path / name).of(order) for name in ("t.npz", "t.csv"))
    assert list(one) == list(two) == ["heart", "lung"]
    for name in one:
        np.testing.assert_allclose(one[name], two[name])
    np.testing.assert_allclose(one["lung"][[0, 2]], lung[[1, 2]])
    assert np.isnan(one["heart"][:2]).all()


HEAD = "case,structure,landmark,x,y\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("case,structure,x,y\n", "lacks .'landmark'."),
        (HEAD, "at least one"),
        (HEAD + "a,s,7,1,2\na,s,7,1,2\n", "twice: case 'a', structure 's', landmark '7'"),
        (HEAD + "a,s,0,1,left\n", "readable.*'left'"),
        (HEAD + "a,s,0,1,2\na,,1,1,2\n", r"needs a structure; row 2 of t\.csv has none"),
        (HEAD + "a,s,0,1,inf\n", r"must be finite.* t\.csv has infinite ones of 's'"),
        (HEAD + "a,hart,0,1,2\n", "has 'hart': choose from: s"),
        ("", "readable"),
    ],
)
def test_a_bad_truth_table_is_refused_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        metrics.read_truth(tmp_path / "t.csv", structures=("s",))


IDS, HEART = np.array(["a", "b"]), np.zeros((2, 3, 2))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"id": np.array(["a", {}], dtype=object), "heart": HEART}, "readable"),
        ({"heart": HEART}, "a list 'id'"),
        ({"id": np.array("a"), "heart": HEART[:1]}, r"a list 'id'.* 'id' <U1 \(\)"),
        ({"id": IDS, "heart": HEART, "lung": np.zeros((3, 3, 2))}, r"\(2, K, 2\) per structure.*'lung' float64 \(3, 3, 2\)$"),
        ({"id": IDS, "heart": HEART.astype(complex)}, "'heart' complex128"),
        ({"id": IDS, "heart": HEART.astype("datetime64[s]")}, "'heart' datetime64"),
        ({"id": IDS, "heart": HEART + np.inf}, "must be finite"),
        ({"id": IDS, "hearts": HEART}, r"'hearts' .*: did you mean 'heart'\?$"),
        ({"id": IDS, "age": np.arange(2)}, "'age' .*: choose from: heart, lung"),
        ({"id": IDS[[0, 0]], "heart": HEART}, "each case id once"),
    ],
)
def test_a_bad_truth_archive_is_refused_in_one_sentence(tmp_path: Path, arrays: dict[str, np.ndarray], words: str) -> None:
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(InputError, match=words):
        metrics.read_truth(tmp_path / "t.npz", structures=("heart", "lung"))


def damaged(archive: bytes) -> bytes:
    """An archive of which the list of files is whole and a file is not."""
    middle = len(archive) // 2
    return archive[: middle - 40] + b"\xff" * 80 + archive[middle + 40 :]


@pytest.mark.parametrize("name", ["t.npz", "t.csv.xz", "t.csv.gz", "t.csv.zst", "t.csv.bz2"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off"], ids=["empty", "cut"])
def test_a_damaged_truth_file_is_named_in_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"must be a readable CSV or \.npz; {name} is not") as caught:
        metrics.read_truth(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_archives_that_are_damaged_within_or_none_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    with pytest.raises(NotFoundError, match="none is there"):
        metrics.read_truth(path)
    np.savez_compressed(path, id=IDS, heart=np.random.default_rng(0).normal(size=(2, 500, 2)))
    path.write_bytes(damaged(path.read_bytes()))
    with pytest.raises(InputError, match=r"readable CSV or \.npz; t\.npz is not"):
        metrics.read_truth(path)
    with path.open("wb") as file:
        np.save(file, HEART)
    with pytest.raises(InputError, match=r"named arrays; t\.npz is a single one"):
        metrics.read_truth(path)


def test_what_is_left_out_of_a_truth_file_is_noted(tmp_path: Path) -> None:
    half = HEART.copy()
    half[0, 1, 1] = np.nan
    np.savez(tmp_path / "t.npz", id=np.array(["a", "\u00e9"]).astype("U1"), heart=half, age=np.arange(2), other=HEART)
    truth = metrics.read_truth(tmp_path / "t.npz", structures=("heart", "lung"))
    assert list(truth.points) == ["heart"]
    assert [note.split(": ", 1)[1] for note in truth.notes] == [
        "left out, as no structure is called so: age, other.",
        "left out, as only x or only y is known: 1 landmarks.",
    ]
    np.savez(tmp_path / "t.npz", id=np.array([b"a", "\u00e9".encode()]), heart=HEART)
    assert metrics.read_truth(tmp_path / "t.npz").cases == ("a", "\u00e9")


def test_mixed_landmark_names_of_a_large_table_stay_text(tmp_path: Path) -> None:
    rows = [f"{case},s,{landmark},1,2" for case in range(50_000) for landmark in (10, 9)] + ["0,s,apex,1,2"]
    (tmp_path / "t.csv").write_text(HEAD + "\n".join(rows))
    assert metrics.read_truth(tmp_path / "t.csv").names == {"s": ("9", "10", "apex")}


# --- real masks


@pytest.mark.realdata
def test_baselines_on_real_hearts_are_what_was_measured_before(realdata: Path) -> None:
    folder = realdata / "cxr"
    archive = np.load(folder / "landmarks.npz")
    rows = [k for k, case in enumerate(archive["id"]) if (folder / "masks_clavicles" / f"{case}.png").is_file()]
    planes = (np.asarray(Image.open(folder / "masks_bits" / f"{archive['id'][k]}.png")) & 4 > 0 for k in rows)
    traced = [contour.points for contour in map(contours.trace, planes) if contour is not None]
    topmost = np.stack([metrics.topmost_start(contour, 64) for contour in traced])
    cyclic = metrics.best_cyclic_start(traced, 64)
    for points, least, most in ((topmost, 27, 36), (cyclic, 14.5, 18.5)):  # published with 246 cases: 28.2 and 15.8
        table = metrics.correspondence_error({"heart": points * 2 + 0.5}, {"heart": archive["H"][rows]})
        assert least < table["mean_px"].iloc[0] < most
