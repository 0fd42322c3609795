"""Volumes of ellipsoids, whole and cut at the base, by each method from long-axis outlines."""

import numpy as np
import pytest

from atlaskit.contours import resample
from atlaskit.errors import InputError
from atlaskit.shape import corners
from atlaskit.tracking import area_length, biplane, ejection_fraction, hinges, in_mm, length, run, simpson, view

BASE = 9  # landmarks between the hinges of a cut outline


def outline(long: float, half_width: float, n: int, turn_rad: float, *, cut: bool) -> tuple[np.ndarray, tuple[int, int]]:
    """(n, 2) an ellipse or its half, turned, and the hinges of its base."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, n - BASE) if cut else 2 * np.pi * np.arange(n) / n
    points = np.column_stack([half_width * np.sin(angle), long * np.cos(angle)])
    if cut:
        across = np.linspace(half_width, -half_width, BASE + 2)[1:-1]
        points = np.concatenate([points, np.column_stack([across, np.zeros(BASE)])])
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    return points @ np.array([[c, s], [-s, c]]) + [60, 70], (0, n - BASE - 1) if cut else (n // 2, n // 2)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("n", [64, 100, 128])
@pytest.mark.parametrize("turn_rad", [0.0, 2.2])
def test_ellipsoids_have_their_volume_and_ejection_fraction_by_each_method(n: int, cut: bool, turn_rad: float) -> None:
    long, a, b = np.array([45.0, 38.0]), np.array([25.0, 17.0]), np.array([22.0, 15.0])
    base = outline(45, 25, n, 0, cut=cut)[1]
    four = view(np.stack([outline(*each, n, turn_rad, cut=cut)[0] for each in zip(long, a, strict=True)]), range(n), base)
    two = view(np.stack([outline(*each, n, turn_rad + 1, cut=cut)[0] for each in zip(long, b, strict=True)]), range(n), base)
    whole = (2 if cut else 4) / 3 * np.pi * long / 1000
    for found, volume in (
        (simpson(four), whole * a**2),
        (biplane(two, four), whole * a * b),
        (area_length(four), whole * a**2),
        (area_length(two, four), whole * a * b),
    ):
        np.testing.assert_allclose(found, volume, rtol=1e-3)
        assert ejection_fraction(found, 0, 1) == pytest.approx(1 - volume[1] / volume[0], abs=1e-3)


def sheared(share: float, n: int, *, cut: bool) -> tuple[np.ndarray, tuple[int, int], float]:
    """(1, n, 2) an ellipsoid's outline with its apex aside by a share of its length, its base, and its volume, ml."""
    points, base = outline(80, 25, n, 0, cut=cut)
    slid = (points - [60, 70]) @ np.array([[1, 0], [share, 1]])
    half_width = np.linalg.svd([[25, 80 * share], [0, 80]], compute_uv=False)[1]  # a sheared ellipse is one, of equal area
    return slid[None], base, (2 if cut else 4) / 3 * np.pi * 80 * 25 * half_width / 1000


ASIDE_MM = (0.0, 1e-4, 8e-3, 0.1, 0.8, 1.6, 2.7, 4.0)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("n", [64, 128])
def test_an_apex_that_is_a_little_aside_changes_volumes_by_as_little(n: int, cut: bool) -> None:
    straight, base, whole = sheared(0.0, n, cut=cut)
    two = view(straight, range(n), base)
    for aside in ASIDE_MM:
        points, base, volume = sheared(aside / 80, n, cut=cut)
        one = view(points, range(n), base)
        np.testing.assert_allclose(simpson(one), volume, rtol=1e-3, err_msg=f"{aside} mm")
        np.testing.assert_allclose(biplane(two, one), np.sqrt(volume * whole), rtol=1e-3, err_msg=f"{aside} mm")
        np.testing.assert_allclose(area_length(one), volume, rtol=1e-3, err_msg=f"{aside} mm")


@pytest.mark.parametrize("aside", ASIDE_MM)
def test_discs_are_those_of_the_plain_formula_on_a_dense_outline(aside: float) -> None:
    (dense,), _, _ = sheared(aside / 80, 20_009, cut=True)
    wall = dense[:-BASE]
    apex = wall[np.square(wall).sum(axis=1).argmax()]
    length_mm = np.hypot(*apex)
    down, across = wall @ apex / length_mm, wall @ [apex[1], -apex[0]] / length_mm
    top, heights = int(down.argmax()), (np.arange(20) + 0.5) / 20 * length_mm
    sides = [np.interp(heights, down[:top], across[:top]), np.interp(heights, down[:top:-1], across[:top:-1])]
    points, base, _ = sheared(aside / 80, 64, cut=True)
    found = view(points, range(64), base)
    np.testing.assert_allclose(found.axis_mm, length_mm, rtol=1e-4)
    np.testing.assert_allclose(found.widths_mm[0], np.abs(sides[0] - sides[1]), atol=0.05)
    plain = np.pi / 4 * length_mm / 20 * np.square(sides[0] - sides[1]).sum() / 1000
    np.testing.assert_allclose(simpson(found), plain, rtol=1e-3)


@pytest.mark.parametrize("discs", [1, 2, 3, 4, 5, 20])
def test_few_discs_are_weighed_too(discs: int) -> None:
    points, base, volume = sheared(0.0, 128, cut=True)
    found = view(points, range(128), base, discs=discs)
    assert found.widths_mm.shape == (1, discs)
    plain = np.pi / 4 * found.axis_mm / discs * np.square(found.widths_mm).sum(axis=-1) / 1000
    np.testing.assert_allclose(simpson(found), volume if discs > 2 else plain, rtol=1e-3)


def test_the_guideline_takes_the_longer_axis_of_a_frame_and_camus_that_of_all_frames() -> None:
    made = {}
    for name, shapes in {"two": [(45, 22), (40, 15), (40, 15)], "four": [(50, 25), (36, 17), (36, 17)]}.items():
        points = np.stack([outline(*shape, 64, 0.3, cut=True)[0] for shape in shapes])
        points[2] = np.nan if name == "four" else points[2]
        made[name] = view(points, range(64), (0, 54))
    flat = 2 / 3 * np.pi * np.array([22 * 25.0, 15 * 17.0]) / 1000
    np.testing.assert_allclose(biplane(**made)[:2], flat * [50, 40], rtol=1e-3)
    np.testing.assert_allclose(biplane(**made, convention="camus")[:2], flat * [50, 50], rtol=1e-3)
    assert np.isnan(biplane(**made)[2]) and np.isnan(biplane(**made, convention="camus")[2])


def test_area_and_length_of_views_of_unlike_length_take_the_shorter() -> None:
    long, short = (view(outline(axis, 20, 64, 0.0, cut=True)[0][None], range(64), (0, 54)) for axis in (50, 40))
    expected = 8 * (np.pi / 2 * 50 * 20) * (np.pi / 2 * 40 * 20) / (3 * np.pi * 40) / 1000
    assert area_length(long, short) == pytest.approx(expected, rel=1e-3)
    assert area_length(short, long) == pytest.approx(expected, rel=1e-3)


def test_landmarks_along_the_base_do_not_matter_and_a_dent_is_left_out_of_the_widths() -> None:
    points, base = outline(45, 25, 64, 0.0, cut=True)
    bent = points.copy()
    bent[-BASE:, 1] += 6
    np.testing.assert_array_equal(view(points, range(64), base).widths_mm, view(bent, range(64), base).widths_mm)
    ring = np.array([[0.0, 0], [0, 30], [4, 30], [4, 10], [6, 10], [6, 30], [10, 30], [10, 0]])
    along = np.concatenate([np.linspace(p, q, 20, endpoint=False) for p, q in zip(ring, np.roll(ring, -1, 0), strict=True)])
    found = view(along, range(160), (0, 140))
    assert found.widths_mm[10] < 9.5, "two horns, not the room between them"


def test_hinges_are_the_two_corners_of_a_cut_outline_and_of_no_other() -> None:
    cut, base = outline(45, 25, 64, 0.7, cut=True)
    assert hinges(cut, range(64)) == base
    assert hinges(cut, [*range(30, 64), *range(30)]) == base[::-1]
    with pytest.raises(InputError, match=r"corners found are landmarks (0|32): name the two hinges .*--base I,J"):
        hinges(outline(30, 28, 64, 0.0, cut=False)[0], range(64))


@pytest.mark.parametrize("n", [64, 90, 128])
@pytest.mark.parametrize(("long", "half_width"), [(45, 25), (60, 10), (90, 18)])
@pytest.mark.parametrize("power", [None, 2.0, 1.5, 1.0], ids=["ellipse", "smooth", "pointed", "triangle"])
@pytest.mark.parametrize(("turn_rad", "start"), [(0.0, 0), (2.2, 11), (4.0, -7)])
def test_of_three_corners_the_hinges_are_those_at_the_straight_base(n, long, half_width, power, turn_rad, start) -> None:
    across = np.linspace(-1, 1, 400)
    height = np.sqrt(1 - across**2) if power is None else 1 - np.abs(across) ** power
    base = np.column_stack([np.linspace(half_width, -half_width, 102)[1:-1], np.zeros(100)])
    whole = np.concatenate([np.column_stack([half_width * across, -long * height]), base])
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    points = np.roll(resample(whole, n), start, axis=0) @ np.array([[c, s], [-s, c]]) + [60, 70]
    true = np.array([[-half_width, 0], [half_width, 0]]) @ np.array([[c, s], [-s, c]]) + [60, 70]
    nearest = np.linalg.norm(points[:, None] - true, axis=-1).argmin(axis=0)
    found = hinges(points, range(n))
    assert (np.abs(np.sort(found) - np.sort(nearest)) <= 1).all(), "resampling blunts a corner, so the neighbour is as good"
    if power == 1.0:
        assert len(corners(points, [range(n)])) == 3


def test_the_open_outline_shortens_by_its_own_share_whatever_the_base_does() -> None:
    points, base = outline(45, 25, 64, 0.0, cut=True)
    smaller = 0.8 * points
    smaller[-BASE:] += [0, 5]
    both = np.stack([points, smaller])
    found = length(both, run(both, range(64), base))
    assert found[1] / found[0] == pytest.approx(0.8, abs=1e-12)


def test_an_unknown_spacing_is_refused_and_a_known_one_scales_each_axis() -> None:
    points = np.ones((2, 3, 4, 2))
    assert in_mm(points, [[0.5, 2.0], [1.0, 1.0]])[0, 0, 0].tolist() == [0.5, 2.0]
    with pytest.raises(InputError, match="size of a pixel in mm"):
        in_mm(points, [0.5, np.nan])


def test_views_that_do_not_fit_and_unknown_conventions_are_refused() -> None:
    points, base = outline(45, 25, 64, 0.0, cut=True)
    one, other = view(points[None], range(64), base), view(points[None], range(64), base, discs=10)
    with pytest.raises(InputError, match="equal frames and discs"):
        biplane(one, other)
    with pytest.raises(InputError, match="did you mean 'guideline'"):
        biplane(one, one, convention="guidelines")
