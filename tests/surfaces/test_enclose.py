"""Closed surfaces from stacks: exact volumes, triangles that close, and what is missing."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.surfaces import area, enclose, euler, is_closed, volume
from atlaskit.surfaces.grid import triangles

Array = NDArray[np.float64]
SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]])


def ring(n: int, *, a: float = 1.0, b: float = 1.0, turn: float = 0.0) -> Array:
    angle = 2 * np.pi * np.arange(n) / n + turn
    return np.column_stack([a * np.cos(angle), b * np.sin(angle)])


def ellipsoid(slices: int, landmarks: int, radii: tuple[float, float, float]) -> tuple[Array, float]:
    """Outlines through the middles of slices of an ellipsoid, and their spacing."""
    spacing = 2 * radii[2] / slices
    height = -radii[2] + spacing * (np.arange(slices) + 0.5)
    width = np.sqrt(1 - (height / radii[2]) ** 2)
    return width[:, None, None] * ring(landmarks, a=radii[0], b=radii[1]), spacing


@pytest.fixture
def cone() -> Array:
    """(6, 12, 2): outlines that widen evenly."""
    return np.arange(1.0, 7.0)[:, None, None] * ring(12)


@pytest.mark.parametrize("turned,reverse,down", [*product((False, True), repeat=3)])
def test_a_stack_of_squares_is_the_sum_of_its_slabs_whatever_its_directions(turned: bool, reverse: bool, down: bool) -> None:
    stack, at = np.tile(SQUARE, (5, 1, 1)), 2.5 * np.arange(5)
    stack = stack[:, ::-1] if turned else stack
    surface = enclose(stack, -at if down else at) if reverse else enclose(stack, 2.5)
    assert surface.volume_mm3 == pytest.approx(5 * 2.5 * 12)
    assert surface.area_mm2 == pytest.approx(2 * 12 + 5 * 2.5 * 14)
    assert enclose(stack, 2.5, ends="flat").volume_mm3 == pytest.approx(4 * 2.5 * 12)
    sign = -1 if reverse and down else 1
    np.testing.assert_allclose(np.sort(surface.vertices[:, 2])[[0, -1]], np.sort(sign * np.array([-1.25, 11.25])))


@pytest.mark.parametrize("rings,landmarks", [(2, 3), (3, 4), (7, 31)])
def test_triangles_close_and_a_torn_or_turned_one_is_seen(rings: int, landmarks: int) -> None:
    faces = triangles(rings, landmarks)
    assert faces.shape == (2 * landmarks * rings, 3)
    assert is_closed(faces) and euler(faces) == 2
    assert not is_closed(faces[1:])
    turned = faces.copy()
    turned[0] = turned[0, ::-1]
    assert not is_closed(turned)
    assert euler(np.concatenate([faces, faces + faces.max() + 1])) == 4


@pytest.mark.parametrize("radii", [(30.0, 24.0, 45.0), (10.0, 10.0, 10.0), (5.0, 40.0, 20.0)])
def test_ellipsoids_have_their_volume_within_a_thousandth_from_forty_slices_on(radii: tuple[float, float, float]) -> None:
    for slices, levels in ((40, None), (60, None), (60, 60)):
        points, spacing = ellipsoid(slices, 128, radii)
        found = enclose(points, spacing, levels=levels).volume_mm3
        assert found == pytest.approx(4 / 3 * np.pi * np.prod(radii), rel=1e-3)


def test_a_sphere_has_its_area_less_the_flat_ends() -> None:
    points, spacing = ellipsoid(200, 256, (10.0, 10.0, 10.0))
    assert enclose(points, spacing).area_mm2 == pytest.approx(4 * np.pi * 100, rel=0.01)


def test_a_frustum_is_exact(cone: Array) -> None:
    surface = enclose(cone, 1.0, ends="flat")
    base = 12 / 2 * np.sin(2 * np.pi / 12)
    assert surface.volume_mm3 == pytest.approx(base * (6**3 - 1) / 3)
    assert enclose(cone, 1.0, ends="flat", levels=9).volume_mm3 == pytest.approx(base * (6**3 - 1) / 3)


@pytest.mark.parametrize("twist", [-0.3, 0.3])
def test_a_twist_of_landmarks_takes_as_much_from_either_hand(twist: float) -> None:
    """Between rings turned against each other a ruled surface is waisted; the way of halving it adds nothing."""
    stack = np.stack([ring(24, turn=twist * k) for k in range(4)])
    middle = 24 / 2 * np.sin(2 * np.pi / 24) * (2 + np.cos(twist)) / 3
    assert enclose(stack, 1.0, ends="flat").volume_mm3 == pytest.approx(3 * middle, rel=1e-9)


def test_missing_slices_are_interpolated_and_marked_and_missing_ends_left_out(cone: Array) -> None:
    holed = cone.copy()
    holed[[0, 2, 3]] = np.nan
    surface = enclose(holed, 1.0)
    assert surface.interpolated.tolist() == [False, False, True, True, False, False, False]
    whole = enclose(cone[1:], np.arange(1.0, 6.0))
    np.testing.assert_allclose(surface.vertices, whole.vertices)
    assert not whole.interpolated.any()
    np.testing.assert_array_equal(surface.point_data["interpolated"], np.isin(surface.level, [2, 3]))


def test_interpolation_goes_by_position_and_not_by_number() -> None:
    stack = np.stack([ring(8), np.full((8, 2), np.nan), 4 * ring(8)])
    surface = enclose(stack, np.array([0.0, 1.0, 3.0]), ends="flat")
    np.testing.assert_allclose(surface.vertices[8:16, :2], 2 * ring(8))


def test_levels_give_stacks_of_any_height_the_same_vertices(cone: Array) -> None:
    short = cone.copy()
    short[4:] = np.nan
    batch = np.stack([cone, short])
    surface = enclose(batch, 2.0, levels=5)
    assert surface.vertices.shape == (2, 7 * 12 + 2, 3)
    for own, rows in zip((cone, cone[:4]), (surface[0], surface[1]), strict=True):
        alone = enclose(own, 2.0, levels=5)
        np.testing.assert_allclose(rows.vertices, alone.vertices)
        np.testing.assert_array_equal(rows.faces, alone.faces)
    with pytest.raises(InputError, match="levels=16"):
        enclose(batch, 2.0)


def test_a_level_that_meets_a_slice_is_that_slice(cone: Array) -> None:
    holed = cone.copy()
    holed[1] = np.nan
    surface = enclose(holed, 0.1, levels=11, ends="flat")
    assert surface.interpolated.tolist() == [False, *[True] * 3, False, *[False] * 6]
    np.testing.assert_allclose(surface.vertices[4 * 12 : 5 * 12, :2], cone[2])


def test_frames_and_cases_are_a_batch_and_a_gap_stays_one(cone: Array) -> None:
    beat = np.stack([[scale * cone for scale in (1.0, 0.8, 0.6)]] * 2)
    beat[1, 2] = np.nan
    surface = enclose(beat, 1.0, levels=6)
    assert surface.interpolated.shape == (2, 3, 8)
    volumes = surface.volume_mm3
    np.testing.assert_allclose(volumes[0], volumes[0, 0] * np.array([1, 0.64, 0.36]))
    assert np.isnan(volumes[1, 2]) and np.isfinite(volumes[1, :2]).all()
    assert np.isnan(surface.area_mm2[1, 2])
    np.testing.assert_allclose(volume(surface[0, 1].vertices, surface.faces), volumes[0, 1])
    np.testing.assert_allclose(area(surface[0, 1].vertices, surface.faces), surface.area_mm2[0, 1])


def test_many_surfaces_are_measured_some_at_a_time(cone: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    many = enclose(np.arange(1.0, 8.0)[:, None, None, None] * cone, 1.0)
    whole = many.volume_mm3, many.area_mm2
    monkeypatch.setattr("atlaskit.surfaces.measures.BATCH", 3 * many.faces.size)
    np.testing.assert_array_equal(many.volume_mm3, whole[0])
    np.testing.assert_array_equal(many.area_mm2, whole[1])
    assert many[:0].volume_mm3.shape == (0,)


def test_one_slice_is_a_slab() -> None:
    assert enclose(SQUARE[None], 8.0).volume_mm3 == pytest.approx(96)
    lone = np.full((3, 4, 2), np.nan)
    lone[1] = SQUARE
    assert enclose(lone, np.array([0.0, 8.0, 20.0]), levels=4).volume_mm3 == pytest.approx(12 * 10)


def test_volume_does_not_depend_on_where_a_surface_lies(cone: Array) -> None:
    near, far = enclose(cone, 1.0), enclose(cone + 1e7, 1.0)
    assert far.volume_mm3 == pytest.approx(float(near.volume_mm3), rel=1e-6)


@pytest.mark.parametrize(
    "change,words",
    [
        ({"points": np.zeros((4, 2, 2))}, "3 landmarks or more"),
        ({"points": np.zeros((2, 4, 3))}, "landmarks, 2"),
        ({"points": np.where(np.arange(4)[:, None] == 1, np.nan, np.stack([SQUARE] * 2))}, "all of its landmarks"),
        ({"slice_mm": 0.0}, "above 0"),
        ({"slice_mm": np.array([0.0, 1.0, 1.0])}, "in order"),
        ({"slice_mm": np.array([0.0, np.nan, 1.0])}, "in order"),
        ({"slice_mm": np.arange(4.0)}, "one spacing, or a position each"),
        ({"levels": 1}, "levels must be"),
        ({"levels": 2.5}, "levels must be"),
        ({"ends": "round"}, "ends must be one of half, flat"),
        ({"points": SQUARE[None], "slice_mm": 1.0, "ends": "flat"}, "Flat ends"),
        ({"points": SQUARE[None], "slice_mm": 1.0, "ends": "flat", "levels": 4}, "Flat ends"),
        ({"points": SQUARE[None], "slice_mm": np.array([3.0])}, "thickness"),
        ({"points": np.stack([[SQUARE] * 3, [SQUARE[::-1]] * 3])}, "1 of 2 run the other way"),
    ],
)
def test_what_cannot_be_closed_is_refused_in_words(change: dict[str, object], words: str) -> None:
    asked: dict[str, object] = {"points": np.stack([SQUARE] * 3), "slice_mm": 1.0, **change}
    with pytest.raises(InputError, match=words):
        enclose(**asked)  # type: ignore[arg-type]
