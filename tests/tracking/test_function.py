"""Function of circles and of the cine phantom, whose truth is known."""

import numpy as np
import pytest

from atlaskit.contours import resample
from atlaskit.errors import InputError
from atlaskit.phantom import cine
from atlaskit.tracking import (
    area,
    by_slices,
    ejection_fraction,
    fractional_area_change,
    perimeter,
    phases,
    segmental_strain,
    segmental_thickening,
    strain,
    thickening,
    wall_distances,
    wall_thickness,
)

INNER, OUTER = range(64), range(64, 164)


def rings(inner: list[float], outer: list[float]) -> np.ndarray:
    """(T, 164, 2) concentric circles, of 64 and of 100 landmarks."""
    turn = [np.exp(2j * np.pi * np.arange(n) / n) for n in (64, 100)]
    points = np.stack([np.concatenate([a * turn[0], b * turn[1]]) for a, b in zip(inner, outer, strict=True)])
    return np.stack([points.real, points.imag], axis=-1)


def test_the_phantom_has_its_strain_area_change_and_ejection_fraction_from_64_landmarks_that_slide() -> None:
    phantom = cine(4, frames=12, slices=3, size=256, seed=2, twist_rad=0.2)
    rng = np.random.default_rng(0)  # landmarks at another place of the outline in every frame
    points = np.stack([resample(outline, 64, start=float(rng.random())) for outline in phantom.outlines["cavity"]])
    points = points.reshape(4, 3, 12, 64, 2)
    table = {name: phantom.table[name].to_numpy().reshape(4, 3, 12) for name in ("cavity_strain", "fac", "es_frame")}
    areas = area(points, INNER) * phantom.spacing_mm[0] ** 2
    found = phases(areas.sum(axis=1))
    assert (found.ed == 0).all() and (found.es == table["es_frame"][:, 0, 0]).all()
    strains = strain(perimeter(points, INNER), 0)
    assert np.abs(strains - table["cavity_strain"]).max() < 0.0025
    changes = fractional_area_change(areas, found.ed[:, None], found.es[:, None])
    assert np.abs(changes - table["fac"][..., 0]).max() < 0.0025
    ml = by_slices(areas, 8.0).ml
    assert np.abs(ejection_fraction(ml, found.ed, found.es) - table["fac"][:, 0, 0]).max() < 0.00125


def test_strain_is_nothing_at_end_diastole_and_unknown_where_that_is() -> None:
    lengths = np.array([[10.0, 8, np.nan], [np.nan, 8, 9], [5, 4, 6]])
    np.testing.assert_allclose(strain(lengths, [0, 0, 2])[0], [0, -0.2, np.nan])
    assert np.isnan(strain(lengths, 0)[1]).all() and np.isnan(strain(lengths, -1)).all()
    assert strain(lengths, [0, 0, 2])[2].tolist() == pytest.approx([-1 / 6, -1 / 3, 0])
    with pytest.raises(InputError, match="up to 2"):
        strain(lengths, 3)


def test_a_wall_between_circles_is_as_thick_as_their_radii_differ() -> None:
    points = rings([20, 14, np.nan], [30, 27, 28])
    np.testing.assert_allclose(wall_thickness(points, INNER, OUTER)[:2], [10, 13], rtol=2e-3)
    np.testing.assert_allclose(thickening(wall_thickness(points, INNER, OUTER), 0)[:2], [0, 0.3], atol=1e-3)
    distances = wall_distances(points, INNER, OUTER)
    np.testing.assert_allclose(distances[:2], [[10.0] * 64, [13.0] * 64], rtol=2e-3)
    assert np.isnan(distances[2]).all() and np.isnan(wall_thickness(points, INNER, OUTER)[2])


def halves(inner: list[float], outer: list[float]) -> np.ndarray:
    """(T, 60 + 80, 2) concentric half circles, the middle of their circle left of (5, 5), with landmarks along their bases."""
    points = []
    for a, b in zip(inner, outer, strict=True):
        for radius, along, across in ((a, 50, 10), (b, 60, 20)):
            turn = np.linspace(0, np.pi, along)
            base = np.column_stack([np.linspace(-radius, radius, across + 2)[1:-1], np.zeros(across)])
            points += [radius * np.column_stack([np.cos(turn), np.sin(turn)]), base]
    return np.concatenate(points).reshape(len(inner), 140, 2) + 5


def test_an_open_wall_is_as_thick_as_the_radii_of_half_circles_differ_whatever_its_base_does() -> None:
    points, inner, outer = halves([20, 14, np.nan], [30, 27, 28]), range(50), range(60, 120)
    points[1, 50:60] += 3
    points[1, 120:] -= 2  # no landmark of a base counts
    thickness = wall_thickness(points, inner, outer, closed=False)
    np.testing.assert_allclose(thickness[:2], [10, 13], rtol=2e-3)
    distances = wall_distances(points, inner, outer, closed=False)
    np.testing.assert_allclose(distances[:2], [[10.0] * 50, [13.0] * 50], rtol=2e-3)
    assert np.isnan(thickness[2]) and np.isnan(distances[2]).all()
    assert wall_distances(points[:1], inner, range(60, 140)).min() < 1e-9, "of closed outlines, whose bases lie on one line"
    found = segmental_thickening(points, inner, outer, 0, segments=7, closed=False)
    np.testing.assert_allclose(found.values[:2], [[0.0] * 7, [0.3] * 7], atol=2e-3)
    assert [part[0] for part in found.segments] == [0, 7, 14, 21, 28, 35, 42] and found.segments[-1][-1] == 49
    with pytest.raises(InputError, match="1 to 49 segments"):
        segmental_thickening(points, inner, outer, 0, segments=50, closed=False)


def test_the_ends_of_open_walls_are_joined_where_they_lie_at_unlike_heights() -> None:
    inner = [[-2.0, 0], [-2, 9], [2, 9], [2, 0]]
    outer = [[-3.0, -1], [-3, 10], [3, 10], [3, -1]]
    points = np.array([[*inner, *outer]])
    between = 6 * 10 - 4 * 9 + 2 * 0.5  # beside and above the cavity, and under the wall to where it is slanted
    assert wall_thickness(points, range(4), range(4, 8), closed=False)[0] == pytest.approx(between / ((22 + 28) / 2))


def test_walls_are_the_same_however_landmarks_lie_along_them() -> None:
    points = rings([20, 14], [30, 27])
    uneven = points.copy()
    turn = np.exp(1j * (np.linspace(0, 2 * np.pi, 64, endpoint=False) + 0.3 * np.sin(np.arange(64) / 64 * 2 * np.pi)))
    uneven[1, :64] = 14 * np.column_stack([turn.real, turn.imag])
    np.testing.assert_allclose(wall_thickness(uneven, INNER, OUTER), wall_thickness(points, INNER, OUTER), rtol=1e-3)


def test_segments_tell_where_an_outline_shortens_and_a_wall_thickens() -> None:
    points = rings([20, 20], [30, 30])
    half = points[1, :64, 0] > 1e-9
    points[1, :64][half, 0] *= 0.5
    found = segmental_strain(points, (*INNER, 0), 0, segments=4)
    assert found.experimental and found.values.shape == (2, 4)
    assert [len(part) for part in found.segments] == [17] * 4 and found.segments[-1][-1] == 0
    np.testing.assert_allclose(found.values[1, [1, 2]], 0, atol=0.01)
    assert (found.values[1, [0, 3]] < -0.2).all()
    thicker = segmental_thickening(points, INNER, OUTER, 0, segments=4)
    assert thicker.experimental
    assert (thicker.values[1, [0, 3]] > 0.3).all() and np.abs(thicker.values[1, [1, 2]]).max() < 0.05


def test_more_segments_than_landmarks_are_refused() -> None:
    with pytest.raises(InputError, match="1 to 3 segments"):
        segmental_strain(rings([2], [3]), [0, 1, 2, 3], 0, segments=4)
