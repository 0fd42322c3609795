"""Agreement of two measurements against figures worked out by hand."""

import numpy as np
import pytest

from atlaskit.errors import InputError
from atlaskit.metrics import agreement, edge_distances


def test_bias_limits_and_the_rest_are_those_of_the_definition() -> None:
    found = agreement([3.0, 5, 6, 10, np.nan], [2.0, 5, 8, 6, 1])  # differences 1, 0, -2, 4
    assert (found.n, found.bias, found.mae) == (4, 0.75, 1.75)
    sd = np.sqrt((0.25**2 + 0.75**2 + 2.75**2 + 3.25**2) / 3)
    assert found.sd == pytest.approx(sd)
    assert (found.lower, found.upper) == pytest.approx((0.75 - 1.96 * sd, 0.75 + 1.96 * sd))
    reach = 3.182446 * sd / 2  # t of three degrees of freedom
    assert found.bias_interval == pytest.approx((0.75 - reach, 0.75 + reach), rel=1e-6)
    assert found.r == pytest.approx(13 / np.sqrt(26 * 18.75))


def test_a_constant_offset_is_bias_and_no_spread() -> None:
    found = agreement([2.0, 3, 4], [1.0, 2, 3])
    assert (found.bias, found.sd, found.r) == pytest.approx((1, 0, 1))
    assert np.isnan(agreement([1.0, 1, 1], [1.0, 2, 3]).r)


def test_too_few_and_unequal_pairs_are_refused() -> None:
    with pytest.raises(InputError, match="at least 3 pairs"):
        agreement([1, 2, np.nan], [1, 2, 3])
    with pytest.raises(InputError, match="equal in number; got 2 and 3"):
        agreement([1, 2], [1, 2, 3])


def test_distances_to_edges_of_many_polygons() -> None:
    square = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]])
    points = np.array([[[2.0, 1], [6, 2]], [[2, 1], [6, 2]], [[np.nan, 1], [6, 2]]])
    found = edge_distances(points, np.stack([square, square + 10, square]))
    np.testing.assert_allclose(found, [[1, 2], [np.hypot(8, 9), np.hypot(4, 8)], [np.nan, np.nan]])
