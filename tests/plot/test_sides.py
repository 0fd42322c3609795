"""The picture of two sides shows both outlines, the way from one to the other, and every case."""

import io

import numpy as np
import pytest
from matplotlib.quiver import Quiver

from atlaskit.plot import PALETTE, sides
from atlaskit.shape import matching_symmetry


@pytest.fixture
def found():
    """Discs, of which the left ones have a bulge that grows with the case."""
    angle = 2 * np.pi * np.arange(32) / 32
    circle = np.column_stack([np.cos(angle), 1.5 * np.sin(angle)])
    rng = np.random.default_rng(0)
    left = circle + rng.normal(0, 0.02, (20, 32, 2))
    left[:, :4, 0] += 0.5
    left[11, 20] += 0.8
    return matching_symmetry(left, circle * [-1, 1] + rng.normal(0, 0.02, (20, 32, 2)))


def test_outlines_arrows_and_cases_are_those_of_the_symmetry(found):
    ratio = np.linspace(0.7, 1.1, 20)
    shape, chart = sides(found, ("left lung", "right lung"), ratio, cases=[f"c{k}" for k in range(20)], colors=(1, 3), named=1)
    lines = {line.get_label(): line for line in shape.lines}
    left, right = found.mean + found.directional, found.mean - found.directional
    np.testing.assert_allclose(lines["left lung"].get_xydata()[:-1], left)
    np.testing.assert_allclose(lines["right lung"].get_xydata()[:-1], right)
    assert [lines[name].get_color() for name in ("left lung", "right lung")] == [PALETTE[1], PALETTE[3]]
    (arrows,) = [artist for artist in shape.collections if isinstance(artist, Quiver)]
    roots = np.linalg.norm(arrows.get_offsets()[:, None] - right, axis=2).argmin(axis=1)
    np.testing.assert_allclose(np.column_stack([arrows.U, arrows.V]), (left - right)[roots], atol=1e-12)
    bottom, top = shape.get_ylim()
    assert top < bottom
    np.testing.assert_allclose(chart.collections[0].get_offsets(), np.column_stack([ratio, found.fluctuating]))
    assert [text.get_text() for text in chart.texts] == ["c11"]


@pytest.mark.parametrize("flat", [1.0, 0.1, 5.0])
def test_nothing_is_cut_off(found, flat):
    squeezed = matching_symmetry(*((found.mean + sign * found.asymmetric) * [1, flat] for sign in (1, -1)))
    figure = sides(squeezed, ("the left one of two", "the right one of two"), np.ones(20))[0].figure
    figure.savefig(io.BytesIO(), format="png")
    box = figure.get_tightbbox()
    assert box.x0 > -0.01 and box.y0 > -0.01
    assert box.x1 < figure.get_figwidth() + 0.01 and box.y1 < figure.get_figheight() + 0.01
