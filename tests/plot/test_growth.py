"""Pictures of growth show the shapes, ages and sizes that they are given."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from atlaskit.plot import growth, size_curves
from atlaskit.plot.growth import _ticks

AGES = np.array([7.0, 30.0, 150.0])


@pytest.fixture
def shapes(points: np.ndarray) -> np.ndarray:
    return np.stack([points * scale for scale in (1.0, 1.1, 1.2)])


def test_each_age_is_a_line_darker_than_the_younger(shapes, topology) -> None:
    ax = growth(shapes, AGES, topology, unit="days", title="rats")
    lines = {line.get_label(): line for line in ax.lines}
    assert len(lines) == 9
    for age, shape in zip(AGES, shapes, strict=True):
        line = lines[f"left disc, {age:g} days"]
        np.testing.assert_allclose(line.get_xydata()[:-1], shape[:16])
    brightness = [sum(to_rgb(lines[f"bar, {age:g} days"].get_color())) for age in AGES]
    assert brightness == sorted(brightness, reverse=True)
    bottom, top = ax.get_ylim()
    assert bottom > top, "y runs down, as in images"


def test_the_bar_says_ages_in_their_unit(shapes, topology) -> None:
    ax = growth(shapes, AGES, topology, unit="days")
    (bar,) = ax.child_axes
    assert bar.get_ylabel() == "age (days)"
    assert [text.get_text() for text in bar.get_yticklabels()] == ["7", "30", "150"]
    many = growth(np.concatenate([shapes] * 4), np.geomspace(7, 150, 12), topology)
    assert [text.get_text() for text in many.child_axes[0].get_yticklabels()] == ["7", "15", "30", "70", "150"]


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([7, 14, 21, 30, 40, 60, 90, 150, 7, 200], ["7", "14", "21", "40", "90", "150"]),
        ([7.5, 7.5, 140.25, np.nan], ["7.5", "140"]),
        (np.linspace(7, 150, 13), ["7", "15", "30", "70", "150"]),
    ],
)
def test_set_ages_of_cases_are_written_at_the_bar(shapes, topology, seen, told) -> None:
    ax = growth(np.concatenate([shapes] * 4), np.geomspace(7, 150, 12), topology, seen=seen)
    assert [text.get_text() for text in ax.child_axes[0].get_yticklabels()] == told


def test_a_factor_moves_shapes_away_from_their_mean_and_is_told(shapes, topology) -> None:
    ax = growth(shapes, AGES, topology, factor=3)
    np.testing.assert_allclose(
        ax.lines[0].get_xydata()[:-1], (shapes.mean(axis=0) + 3 * (shapes[0] - shapes.mean(axis=0)))[:16]
    )
    assert "3" in ax.get_figure(root=True).get_suptitle()


def test_one_age_and_a_missing_structure_are_drawn(no_bar, topology) -> None:
    ax = growth(no_bar[None], AGES[:1], topology)
    ax.get_figure(root=True).savefig(io.BytesIO(), format="png")
    assert len(ax.lines) == 2


def test_subjects_are_joined_in_order_of_age_and_groups_coloured() -> None:
    age = np.array([30.0, 7.0, 150.0, 7.0, 150.0, np.nan])
    size = np.array([2.0, 1.0, 3.0, 1.5, 4.0, 9.0])
    ax = size_curves(age, size, list("aaabbb"), group=list("xxxyyy"), fitted=(AGES, AGES), unit="days", size_unit="mm")
    ax.get_figure(root=True).savefig(io.BytesIO(), format="png")
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(lines["_a"].get_xydata(), [[7, 1], [30, 2], [150, 3]])
    np.testing.assert_allclose(lines["_b"].get_xydata(), [[7, 1.5], [150, 4]])
    np.testing.assert_allclose(lines["fitted within subjects"].get_xydata(), np.column_stack([AGES, AGES]))
    assert lines["_a"].get_color() != lines["_b"].get_color()
    assert [text.get_text() for text in ax.get_legend().texts] == ["x (1 subject)", "y (1 subject)", "fitted within subjects"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("age (days)", "centroid size (mm)")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["7", "15", "30", "70", "150"]


@pytest.mark.parametrize("factor", [1.3, 1.5, 1.8, 2.5, 4.0, 10.0, 1000.0])
@pytest.mark.parametrize("low", [0.0136, 1.0, 3.7, 515.0, 9.9e4])
def test_ticks_are_three_to_six_round_numbers_of_any_range(low, factor) -> None:
    ticks = _ticks(low, low * factor)
    assert 3 <= len(ticks) <= 6 and (np.diff(ticks) > 0).all()
    assert ticks[0] >= low * (1 - 1e-6) and ticks[-1] <= low * factor * (1 + 1e-6)
    leading = ticks / 10.0 ** np.floor(np.log10(ticks))
    np.testing.assert_allclose(leading, leading.round(2), atol=1e-9)


def test_narrow_sizes_have_round_ticks_that_are_told_apart() -> None:
    for low, high in ((515.0, 927.0), (100.0, 101.0)):
        ax = size_curves(np.array([7.0, 150.0]), np.array([low, high]), list("aa"))
        labels = [text.get_text() for text in ax.get_yticklabels()]
        assert len(set(labels)) == len(labels) >= 3
    assert labels == ["100", "100.5", "101"]
    assert len(_ticks(5.0, 5.0)) == 1


def test_shapes_without_size_are_told_to_be_drawn_at_one(shapes, points, topology) -> None:
    assert "size" not in growth(shapes, AGES, topology, title="rats").get_figure(root=True).get_suptitle()
    bent = np.stack([points * [1 + 0.05 * k, 1 - 0.05 * k] for k in range(3)])
    size = np.linalg.norm(bent - bent.mean(axis=1, keepdims=True), axis=(1, 2), keepdims=True)
    ax = growth(bent / size, AGES, topology, title="rats", factor=2)
    assert ax.get_figure(root=True).get_suptitle() == "rats\nall ages drawn at one size; change \u00d7 2"
