import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import find_contours

from atlaskit.contours import Contour, fill, perimeter, resample, signed_area, trace

ROWS, COLUMNS = np.mgrid[:64, :64]

SQUARE = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], dtype=float)


def disc(x: float, y: float, radius: float) -> NDArray[np.bool_]:
    return (COLUMNS - x) ** 2 + (ROWS - y) ** 2 <= radius**2


def box(height: int, width: int, *, top: int = 5, left: int = 7) -> NDArray[np.bool_]:
    plane = np.zeros((48, 60), dtype=bool)
    plane[top : top + height, left : left + width] = True
    return plane


def blob(seed: int, *, size: int = 40) -> NDArray[np.bool_]:
    """A random smooth shape, often with holes, islands and thin necks; never at the border."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), 3.0)
    plane = np.zeros((size, size), dtype=bool)
    plane[3:-3, 3:-3] = (noise > np.quantile(noise, 0.6))[3:-3, 3:-3]
    return plane


def traced(plane: NDArray[np.bool_], *, smooth: float = 1.0) -> Contour:
    contour = trace(plane, smooth=smooth)
    assert contour is not None
    return contour


def same_loop(a: NDArray[np.floating], b: NDArray[np.floating]) -> bool:
    """Whether two polygons are the same vertices in the same cyclic order."""
    first = int(np.argmin(np.linalg.norm(b - a[0], axis=1)))
    return a.shape == b.shape and bool(np.allclose(a, np.roll(b, -first, axis=0), atol=1e-6))


def test_an_empty_plane_has_no_contour() -> None:
    assert trace(np.zeros((5, 7), dtype=bool)) is None


@pytest.mark.parametrize("radius", [3, 6, 12, 24])
def test_a_disc_has_no_half_pixel_bias(radius: int) -> None:
    """Averaged over where its centre falls between pixels, the polygon has the disc's own area and radius."""
    centres = 31 + np.random.default_rng(radius).random((40, 2))
    polygons = [traced(disc(*centre, radius)).points for centre in centres]
    area = np.mean([signed_area(points) for points in polygons])
    reach = np.mean([np.linalg.norm(points - centre, axis=1).mean() for points, centre in zip(polygons, centres, strict=True)])
    assert area == pytest.approx(np.pi * radius**2, rel=0.03 / radius)
    assert reach == pytest.approx(radius, abs=0.15 / radius)
    centroids = [points.mean(axis=0) for points in polygons]
    assert np.abs(np.subtract(centroids, centres)).max() < 0.3


@pytest.mark.parametrize("smooth", [0.0, 1.0, 2.0])
@pytest.mark.parametrize(("height", "width"), [(1, 3), (3, 1), (1, 20), (20, 1), (2, 2), (2, 7), (3, 3), (5, 8), (30, 40)])
def test_a_rectangle_keeps_its_area_and_place(height: int, width: int, smooth: float) -> None:
    points = traced(box(height, width), smooth=smooth).points
    assert signed_area(points) == pytest.approx(height * width, rel=0.02)
    assert (points.min(axis=0) + points.max(axis=0)) / 2 == pytest.approx([7 + (width - 1) / 2, 5 + (height - 1) / 2], abs=1e-5)


def test_without_smoothing_straight_edges_lie_midway_between_pixels() -> None:
    points = traced(box(20, 30), smooth=0.0).points
    assert points.min(axis=0) == pytest.approx([6.5, 4.5], abs=0.01)
    assert points.max(axis=0) == pytest.approx([36.5, 24.5], abs=0.01)


def test_smoothing_lets_a_slanted_edge_run_straight() -> None:
    """The staircase of a half plane of slope 1/3 is up to half a pixel high; its blurred iso-line is not."""
    contour = traced((ROWS > 10 + COLUMNS / 3) & (ROWS < 55))
    x, y = contour.points[(contour.points[:, 0] > 15) & (contour.points[:, 0] < 45) & (contour.points[:, 1] < 40)].T
    assert np.std(y - x / 3) < 0.07
    assert np.mean(y - x / 3) == pytest.approx(10.5 - 1 / 3, abs=0.2)


def test_one_pixel_is_a_small_polygon_around_its_centre() -> None:
    contour = traced(box(1, 1))
    assert contour.points.mean(axis=0) == pytest.approx([7, 5], abs=1e-6)
    assert signed_area(contour.points) == pytest.approx(1, abs=0.1)
    assert (contour.components, contour.hole_px, contour.touches_border) == (1, 0, False)


@pytest.mark.parametrize("flip", [1, -1])
def test_a_diagonal_line_of_pixels_is_one_component(flip: int) -> None:
    plane = np.pad(np.eye(30, dtype=bool)[::flip], 2)
    contour = traced(plane)
    assert contour.components == 1
    assert signed_area(contour.points) == pytest.approx(30, rel=0.01)
    x, y = contour.points.T
    assert np.abs(x - y if flip == 1 else x + y - 33).max() < 1.01


@pytest.mark.parametrize("far", [box(20, 15, left=31), box(3, 4, top=14, left=31)], ids=["large", "small"])
def test_a_thin_bridge_and_what_lies_beyond_it_are_not_lost(far: NDArray[np.bool_]) -> None:
    plane = box(20, 20) | box(1, 4, top=15, left=27) | far
    points = traced(plane).points
    assert points[:, 0].min() < 7 and points[:, 0].max() > np.flatnonzero(far.any(axis=0)).max()
    assert signed_area(points) == pytest.approx(plane.sum(), rel=0.01)


def test_the_largest_component_is_kept_and_all_are_counted() -> None:
    contour = traced(box(3, 3, top=2, left=2) | box(6, 6, top=12, left=20) | box(1, 1, top=40, left=50))
    assert contour.components == 3
    assert contour.points.min() > 11 and contour.points[:, 0].max() < 26
    assert signed_area(contour.points) == pytest.approx(36, rel=0.01)


def test_pixels_that_meet_at_a_corner_are_one_component() -> None:
    contour = traced(box(4, 4, top=10, left=10) | box(4, 4, top=14, left=14))
    assert contour.components == 1
    assert signed_area(contour.points) == pytest.approx(32, rel=0.01)


def test_holes_are_counted_and_closed() -> None:
    holed = box(12, 12) & ~box(3, 4, top=8, left=9) & ~box(1, 1, top=14, left=15)
    contour = traced(holed)
    assert (contour.hole_px, contour.components) == (13, 1)
    assert same_loop(contour.points, traced(box(12, 12)).points)


def test_a_hole_that_leaks_through_a_corner_is_still_a_hole() -> None:
    """Structure connects through corners, so background does not."""
    ring = box(5, 5) & ~box(3, 3, top=6, left=8)
    ring[5, 7] = False
    assert traced(ring).hole_px == 9


def test_a_part_inside_a_hole_is_a_component_and_counts_as_hole() -> None:
    nested = (box(15, 15) & ~box(9, 9, top=8, left=10)) | box(3, 3, top=11, left=13)
    contour = traced(nested)
    assert (contour.components, contour.hole_px) == (2, 81)


@pytest.mark.parametrize(("side", "part"), [("top", np.s_[:9, 9:19]), ("bottom", np.s_[-9:, 9:19]), ("left", np.s_[9:19, :9])])
def test_touching_the_border_is_told_and_traced_outside_the_image(side: str, part: tuple[slice, slice]) -> None:
    plane = np.zeros((30, 32), dtype=bool)
    plane[part] = True
    contour = traced(plane)
    assert contour.touches_border
    assert signed_area(contour.points) == pytest.approx(90, rel=0.01)
    beyond = {
        "top": -contour.points[:, 1].min(),
        "bottom": contour.points[:, 1].max() - 29,
        "left": -contour.points[:, 0].min(),
    }
    assert beyond[side] == pytest.approx(0.5, abs=0.15)


def test_one_pixel_off_the_border_does_not_touch() -> None:
    assert not traced(np.pad(np.ones((10, 10), dtype=bool), 1)).touches_border
    assert traced(np.ones((10, 12), dtype=bool)).touches_border


def test_an_island_at_the_border_counts_as_touching() -> None:
    """The plane reaches the edge, whichever component does."""
    assert traced(box(10, 10) | box(1, 1, top=0, left=0)).touches_border


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_a_contour_is_closed_positive_and_of_the_right_area(seed: int) -> None:
    plane = blob(seed)
    contour = traced(plane)
    labels, components = ndimage.label(plane, np.ones((3, 3)))
    largest = np.bincount(labels.ravel())[1:].max()
    assert contour.components == components
    assert not contour.touches_border
    assert signed_area(contour.points) == pytest.approx(largest + contour.hole_px, rel=0.01, abs=1)
    assert np.linalg.norm(contour.points - np.roll(contour.points, 1, axis=0), axis=1).max() < 2.2


@given(st.integers(0, 10_000), st.sampled_from([0.0, 1.0]))
@settings(max_examples=30)
def test_filling_a_contour_gives_the_pixels_back(seed: int, smooth: float) -> None:
    plane = disc(30.5, 31.2, 5 + seed % 20) if seed % 3 == 0 else blob(seed)
    contour = traced(plane, smooth=smooth)
    labels, _ = ndimage.label(plane, np.ones((3, 3)))
    largest = ndimage.binary_fill_holes(labels == 1 + np.argmax(np.bincount(labels.ravel())[1:]))
    size = (plane.shape[1], plane.shape[0])
    wrong = (fill(contour.points, size) != largest).sum()
    assert wrong <= (0 if smooth == 0 else 0.08 * perimeter(contour.points))


@given(st.integers(0, 10_000), st.integers(-3, 9), st.integers(-3, 9))
@settings(max_examples=25)
def test_moving_the_plane_moves_the_contour(seed: int, right: int, down: int) -> None:
    plane = np.pad(blob(seed), 10)
    moved = traced(np.roll(plane, (down, right), axis=(0, 1)))
    assert np.allclose(moved.points, traced(plane).points + [right, down], atol=1e-9)


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_turning_the_plane_turns_the_contour(seed: int) -> None:
    plane = blob(seed)
    size = plane.shape[0] - 1
    upright = traced(plane).points
    assert same_loop(np.column_stack([upright[:, 1], size - upright[:, 0]]), traced(np.rot90(plane)).points)


@given(st.integers(0, 10_000), st.sampled_from([0.7, 1.0]))
@settings(max_examples=25)
def test_the_contour_is_that_of_marching_squares_moved_to_the_pixel_area(seed: int, smooth: float) -> None:
    """Parity with scikit-image: the same vertices, each moved along its normal by what the area lacks."""
    labels, _ = ndimage.label(blob(seed), np.ones((3, 3)))
    plane = ndimage.binary_fill_holes(labels == 1 + np.argmax(np.bincount(labels.ravel())[1:]))
    image = ndimage.gaussian_filter(np.pad(plane, 6).astype(np.float32), smooth, mode="constant")
    lines = find_contours(image, 0.5, fully_connected="high")
    if len(lines) != 1:  # the blur parts the shape, and trace blurs less
        return
    plain = lines[0][-2::-1, ::-1] - 6  # (row, column) to (x, y); scikit-image repeats the first point
    plain = plain if signed_area(plain) > 0 else plain[::-1]
    points = traced(plane, smooth=smooth).points
    lacking = (plane.sum() - signed_area(plain)) / perimeter(plain)
    assert len(points) == len(plain)
    moved, _ = cKDTree(plain).query(points)
    assert moved.max() <= abs(lacking) + 1e-4
    assert abs(signed_area(points) - plane.sum()) <= abs(signed_area(plain) - plane.sum()) + 1e-6


def test_area_and_perimeter_of_known_polygons() -> None:
    assert signed_area(SQUARE) == 16  # right, then down: clockwise on screen
    assert signed_area(SQUARE[::-1]) == -16
    assert perimeter(SQUARE) == 16
    triangle = np.array([[0, 0], [3, 0], [0, 4]])
    assert (signed_area(triangle), perimeter(triangle)) == (6, 12)


def test_resample_places_points_at_equal_arc_length() -> None:
    expected = [[0, 0], [2, 0], [4, 0], [4, 2], [4, 4], [2, 4], [0, 4], [0, 2]]
    assert resample(SQUARE, 8) == pytest.approx(np.array(expected))
    assert resample(SQUARE, 4, start=0.125) == pytest.approx(np.array([[2, 0], [4, 2], [2, 4], [0, 2]]))
    assert resample(SQUARE, 2, start=-0.25) == pytest.approx(np.array([[0, 4], [4, 0]]))
    assert resample(SQUARE, 1, start=1.0) == pytest.approx(SQUARE[:1])


@given(st.integers(0, 10_000), st.integers(3, 64))
@settings(max_examples=25)
def test_resample_walks_evenly_along_the_polygon(seed: int, n: int) -> None:
    """Points lie on the polygon, in order, at equal steps along it: chords are never longer than the step."""
    polygon = np.random.default_rng(seed).normal(size=(9, 2)) * 10
    points, fine = resample(polygon, n), resample(polygon, n * 400)
    step = perimeter(polygon) / n
    assert points == pytest.approx(fine[::400])
    assert np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1).max() <= step + 1e-9
    assert perimeter(fine) == pytest.approx(perimeter(polygon), rel=0.02)


def winding_number(points: NDArray[np.floating], x: float, y: float) -> int:
    """How often a polygon runs around a point, by the angles under which its edges are seen."""
    seen = np.arctan2(points[:, 1] - y, points[:, 0] - x)
    turn = (np.roll(seen, -1) - seen + np.pi) % (2 * np.pi) - np.pi
    return round(float(turn.sum() / (2 * np.pi)))


@given(st.integers(0, 100_000), st.integers(3, 12))
@settings(max_examples=40)
def test_fill_is_the_winding_number_of_every_pixel(seed: int, n: int) -> None:
    """Polygons of random vertices cross themselves and leave the image."""
    points = np.random.default_rng(seed).uniform(-4, 16, (n, 2))
    inside = fill(points, (12, 10))
    assert inside.shape == (10, 12)
    assert inside.tolist() == [[winding_number(points, x, y) != 0 for x in range(12)] for y in range(10)]
    assert (inside == fill(points[::-1], (12, 10))).all()


def test_fill_of_a_fold_and_of_a_figure_eight_cancels_nowhere() -> None:
    twice = np.vstack([SQUARE, SQUARE]) - 0.5
    assert fill(twice, (6, 6)).sum() == 16
    eight = np.array([[0.5, 0.5], [8.5, 4.5], [8.5, 0.5], [0.5, 4.5]])
    inside = fill(eight, (10, 6))
    assert inside[2, 1] and inside[2, 8] and not inside[1, 4] and not inside[4, 4]


def test_fill_counts_a_pixel_on_the_edge_once() -> None:
    """Left and top edges belong to a polygon, right and bottom edges to its neighbour."""
    inside = fill(SQUARE + 1, (8, 8))
    assert np.argwhere(inside).min(axis=0).tolist() == [1, 1]
    assert np.argwhere(inside).max(axis=0).tolist() == [4, 4]
    assert inside.sum() == 16


@given(st.lists(st.integers(0, 90), min_size=2, max_size=5))
@settings(max_examples=60)
@example([0, 29])  # in floats 15 / 29 x 29 may miss 15
@example([0, 22])
def test_polygons_that_share_edges_share_no_pixel_and_leave_none_out(bends: list[int]) -> None:
    """An image is cut in two along a line whose vertices, and many of its points, are pixel centres."""
    height = max(2, bends[-1])
    cut = np.column_stack([bends, np.round(np.linspace(0, height, len(bends)))]).astype(float)
    left, right = np.vstack([cut, [[-9, height], [-9, 0]]]), np.vstack([cut, [[109, height], [109, 0]]])
    counted = fill(left, (100, height)).astype(int) + fill(right[::-1], (100, height))
    assert (counted == 1).all()


def test_fill_outside_the_image_is_empty() -> None:
    assert not fill(SQUARE + 50, (20, 20)).any()
    assert not fill(SQUARE - 50, (20, 20)).any()
    assert fill(np.array([[-9, -9], [99, -9], [99, 99], [-9, 99]]), (7, 5)).all()
