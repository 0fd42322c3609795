"""Curves over a beat show the values, gaps, flags, phases and groups that they are given, and name them."""

import io
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from atlaskit.errors import InputError
from atlaskit.plot import PALETTE, average, beat, curves, multiples
from atlaskit.plot.labels import shortened
from atlaskit.plot.style import PALE

T = 20
MS = 40.0 * np.arange(T)
AREA = 1000 + 500 * np.cos(2 * np.pi * np.arange(T) / T)


def drawn(ax, color):
    """The lines of a colour that have a point per frame, in the order they were drawn."""
    return [line for line in ax.lines if line.get_color() == color and len(line.get_xdata()) == T]


def words(ax):
    return [text.get_text() for text in ax.texts]


def key(ax):
    legend = ax.get_legend()
    return [text.get_text() for text in legend.texts] if legend else []


def test_a_gap_is_a_gap_in_the_line_and_frames_that_no_curve_has_are_shaded():
    gappy = AREA.copy()
    gappy[5:7] = np.nan
    other = np.where(np.arange(T) == 5, np.nan, 2 * AREA)
    ax = curves(MS, {"cavity": gappy, "epi": other}, label="area (mm²)", unit="ms")
    (line,) = drawn(ax, PALETTE[0])
    np.testing.assert_array_equal(line.get_ydata(), gappy)
    np.testing.assert_array_equal(line.get_xdata(), MS)
    (shade,) = ax.patches
    assert shade.get_x() == 180 and shade.get_width() == 40, "only frame 5 is a gap of both"
    assert (ax.get_xlabel(), ax.get_ylabel(), key(ax)) == ("time (ms)", "area (mm²)", ["gap (no outline)"])
    assert words(ax) == ["cavity", "epi"]
    assert ax.get_ylim()[0] == 0


@pytest.mark.parametrize(("unit", "label"), [("ms", "time (ms)"), ("phase", "phase of the beat"), ("frame", "frame")])
def test_the_axis_says_what_x_is(unit, label):
    assert curves(np.arange(T), AREA, unit=unit).get_xlabel() == label


def test_the_columns_of_a_table_are_curves():
    table = pd.DataFrame({"cavity": AREA, "epi": 2 * AREA})
    upper, lower = beat(MS, table, table / table.iloc[0] - 1)
    for ax, first in ((upper, AREA), (lower, 100 * (AREA / AREA[0] - 1))):
        np.testing.assert_allclose(drawn(ax, PALETTE[0])[0].get_ydata(), first)
        assert {"cavity", "epi"} <= set(words(ax)), ax


def test_interpolated_frames_are_hollow_on_dashes_and_outliers_crossed_by_name():
    hollow, wrong = np.arange(T) == 8, np.arange(T) == 12
    ax = curves(MS, {"cavity": AREA, "epi": 2 * AREA}, interpolated=hollow, outliers={"epi": wrong})
    solid, dashed = drawn(ax, PALETTE[0])
    np.testing.assert_array_equal(np.isnan(solid.get_ydata()), hollow)
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(dashed.get_ydata())), [7, 8, 9])
    assert dashed.is_dashed() and not solid.is_dashed()
    circles = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    np.testing.assert_array_equal([line.get_xydata()[0] for line in circles], [[MS[8], AREA[8]], [MS[8], 2 * AREA[8]]])
    (cross,) = [line for line in ax.lines if line.get_marker() == "x"]
    np.testing.assert_array_equal(cross.get_xydata(), [[MS[12], 2 * AREA[12]]])
    assert key(ax) == ["interpolated", "outlier"]


def test_phases_are_lines_with_words_and_beats_are_shaded_in_turn_and_numbered():
    one = curves(MS, AREA, ed=0, es=10)
    assert {"end-diastole", "end-systole"} <= {*words(one)}
    assert [line.get_xdata()[0] for line in one.lines if len(line.get_xdata()) == 2] == [0, MS[10]]
    near = curves(MS, AREA, ed=9, es=10)
    assert {"ED", "ES"} <= {*words(near)}, "full words would run into each other"
    two = curves(np.arange(2 * T), np.tile(AREA, 2), ed=[0, T], es=[10, 30], unit="frame")
    assert words(two) == ["beat 1", "beat 2", "ED", "ED", "ES", "ES"]
    (second,) = two.patches
    assert (second.get_x(), second.get_width()) == (T, T - 1)
    rest = curves(np.arange(2 * T), np.tile(AREA, 2), ed=[0, 2 * T - 4], unit="frame")
    assert "beat 2" not in words(rest), "the rest of a beat is none"


def test_areas_stand_over_strains_in_percent_and_a_structure_keeps_its_colour():
    strain = AREA / AREA[0] - 1
    upper, lower = beat(MS, {"epi": AREA, "cavity": AREA}, {"cavity": strain}, ed=0, es=10)
    np.testing.assert_allclose(drawn(lower, PALETTE[1])[0].get_ydata(), 100 * strain)
    assert upper.get_ylabel() == "area (px²)" and lower.get_ylabel() == "strain (%)"
    assert upper.get_shared_x_axes().joined(upper, lower)
    assert "end-systole" in words(upper) and "end-systole" not in words(lower)
    assert min(lower.get_ylim()) < -66 and max(lower.get_ylim()) > 0


def test_what_has_no_outline_says_so():
    ax = curves(MS, {"cavity": AREA, "epi": AREA * np.nan})
    assert words(ax) == ["epi (none)", "cavity"], "from the lowest up"
    assert "no value in any frame" in words(curves(MS, AREA * np.nan, ed=0))


@pytest.mark.parametrize(
    ("known", "ed", "why"),
    [
        ([3, 4, 5], 0, "no outline at end-diastole"),
        ([3], None, "no end-diastole is known"),
        ([], 0, "no value in any frame"),
        ([0, 3], 0, "no value in any frame"),
    ],
)
def test_where_there_is_no_strain_it_is_said_why(known, ed, why):
    area = np.where(np.isin(np.arange(T), known), AREA, np.nan)
    upper, lower = beat(MS, {"cavity": area}, {"cavity": AREA * np.nan}, ed=ed)
    assert why in words(lower) and ("no value in any frame" in words(upper)) == (not known)
    assert len(upper.patches) == len(lower.patches) == T - len(known), "a gap is a frame without an outline"


def test_each_line_of_a_title_is_shortened_alone():
    name = "study " + 50 * "x"
    assert curves(MS, AREA, title=f"{name}\nEF 52 %").get_title(loc="left").splitlines() == [shortened(name, 46), "EF 52 %"]


def test_names_of_curves_do_not_cover_each_other():
    ax = curves(MS, {f"curve {k}": AREA + 0.1 * k for k in range(6)})
    figure = ax.get_figure(root=True)
    figure.savefig(io.BytesIO(), format="png")
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 2 for below, above in pairwise(boxes))
    assert all(box.x0 > ax.bbox.x1 and box.x1 < figure.bbox.x1 for box in boxes)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (AREA[:5], {}, "one value for each of the 20 frames"),
        ({str(k): AREA for k in range(9)}, {}, "At most 8 curves"),
        (AREA, {"ed": 20}, "one of the 20 frames, 0 to 19; got 20"),
    ],
)
def test_curves_that_cannot_be_drawn_are_refused(values, options, message):
    with pytest.raises(InputError, match=message):
        curves(MS, values, **options)


@pytest.mark.parametrize("x", [MS * np.nan, MS[::-1], np.zeros(T), MS[:0], MS[None]])
def test_frames_need_known_places_in_order(x):
    for picture in (lambda: curves(x, AREA), lambda: average(x, AREA[None]), lambda: multiples({"a": x}, {"a": AREA})):
        with pytest.raises(InputError, match="in ascending order"):
            picture()


@pytest.mark.parametrize("frames", [1, 2])
def test_very_short_sequences_are_drawn(frames):
    ax = curves(MS[:frames], AREA[:frames], ed=0, es=frames - 1)
    ax.get_figure(root=True).savefig(io.BytesIO(), format="png")
    assert ax.get_xlim()[0] < 0 < ax.get_xlim()[1]


def test_a_key_names_no_band_where_each_group_is_one_subject():
    ax = average(np.linspace(0, 1, T), np.stack([AREA, 2 * AREA]), ["a", "b"], es=[0.4, 0.5])
    assert key(ax) == ["subject", "end-systole"]


def test_groups_have_a_mean_a_band_of_one_sd_and_their_number():
    phase = np.linspace(0, 1, T)
    rows = np.stack([AREA, AREA + 20, 2 * AREA, AREA * np.nan])
    rows[1, 3] = np.nan
    ax = average(phase, rows, ["a", "a", "b", "b"], es=[0.4, 0.5, 0.45, np.nan])
    mean = next(line for line in ax.lines if line.get_label() == "a").get_ydata()
    np.testing.assert_allclose(mean, np.where(np.arange(T) == 3, AREA, AREA + 10))
    top = ax.collections[0].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(AREA.max() + 10 + np.std([0, 20], ddof=1))
    assert {*words(ax)} == {"a (n = 2)", "b (n = 1)"}
    assert key(ax) == ["subject", "mean ± sd", "end-systole"]
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    np.testing.assert_allclose([line.get_xdata()[0] for line in diamonds], [0.45, 0.45])
    thin = [line for line in ax.lines if line.get_linewidth() == 0.5]
    assert [to_hex(line.get_color()).upper() for line in thin[:3]] == [PALETTE[0], PALETTE[0], PALETTE[1]]


def test_an_average_needs_its_phases_and_says_when_nobody_has_a_value():
    with pytest.raises(InputError, match="row per subject of 20 phases"):
        average(np.linspace(0, 1, T), AREA)
    assert "no subject has a value" in words(average(np.linspace(0, 1, T), np.full((2, T), np.nan)))


def test_multiples_share_axes_keep_the_order_and_say_what_is_left_out():
    panels = {f"$pig_{k}": AREA / (1 + k) for k in range(30)}
    grid = multiples(
        np.arange(T), panels, unit="frame", label="area", notes={"$pig_1": "FAC 51 %"}, groups=dict.fromkeys(panels, "control"),
        ed=dict.fromkeys(panels, 0), es={"$pig_0": [10, 15]}, outliers={"$pig_2": np.arange(T) == 4}, title="pigs", most=9,
    )  # fmt: skip
    figure = grid[0].get_figure(root=True)
    figure.savefig(io.BytesIO(), format="png")
    assert len(grid) == len(figure.axes) == 9
    assert grid[1].get_title() == "$pig_1\nFAC 51 %"
    assert figure.get_suptitle() == "pigs \u2013 9 of 30, the first of each group; 21 left out"
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in grid}) == 1
    assert [ax.get_xlabel() for ax in grid if ax.get_xlabel()] == ["frame"] and figure.get_supylabel() == "area"
    assert [k for k, ax in enumerate(grid) if ax.xaxis.get_tick_params()["labelbottom"]] == [*range(3, 9)]
    assert [k for k, ax in enumerate(grid) if ax.yaxis.get_tick_params()["labelleft"]] == [0, 6]
    np.testing.assert_array_equal(drawn(grid[8], PALETTE[0])[0].get_ydata(), panels["$pig_8"])
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "control", "outlier", "end-diastole (ED)", "end-systole (ES)",
    ]  # fmt: skip
    assert not any(words(ax) for ax in grid), "lines of phases are told once, in the key"
    assert [len([line for line in ax.lines if len(line.get_xdata()) == 2]) for ax in grid[:2]] == [3, 1]


def test_of_many_panels_each_group_has_about_as_many():
    kind = {f"{k:02d}": ("few" if k < 2 else "many" if k < 30 else "last") for k in range(40)}
    grid = multiples(MS, {name: AREA for name in [*kind, "none"]}, groups=kind, most=10)
    assert [ax.get_title() for ax in grid] == ["00", "01", "02", "03", "04", "05", "30", "31", "32", "none"]
    first = multiples(MS, dict.fromkeys(kind, AREA), most=2)
    assert [ax.get_title() for ax in first] == ["00", "01"] and "the first 2 of 40" in first[0].figure.get_suptitle()


def test_a_panel_of_a_group_has_thin_curves_under_their_mean():
    rows = np.stack([AREA, 3 * AREA])
    rows[1, 2] = np.nan
    both, nobody = multiples(MS, {"both": rows, "nobody": AREA * np.nan}, groups={"both": "x", "nobody": "y"}, es={"nobody": 3})
    *thin, mean = drawn(both, PALETTE[0])
    assert len(thin) == 2 and mean.get_linewidth() > 2 * thin[0].get_linewidth()
    np.testing.assert_allclose(mean.get_ydata(), np.where(np.arange(T) == 2, AREA, 2 * AREA))
    assert words(nobody) == ["no value\nin any frame"]
    assert not any(isinstance(each, LineCollection) for each in nobody.collections)


def test_a_group_has_the_colour_that_it_has_in_other_charts():
    kind = {"p1": "sham", "p3": "infarct", "gone": "drug"}
    grid = multiples(MS, {name: AREA for name in ("p1", "p2", "p3")}, groups=kind)
    ax = average(np.linspace(0, 1, T), np.stack([AREA, AREA * np.nan, AREA]), ["sham", "drug", "infarct"])
    mean = {line.get_label(): line.get_color() for line in ax.lines}
    assert drawn(grid[0], mean["sham"]) and drawn(grid[2], mean["infarct"]) and drawn(grid[1], PALE)
    (legend,) = grid[0].get_figure(root=True).legends
    assert [text.get_text() for text in legend.texts] == ["infarct", "sham", "no group"]
    assert [line.get_color() for line in legend.get_lines()] == [mean["infarct"], mean["sham"], PALE]


def test_multiples_refuse_no_panels_and_curves_of_another_length():
    with pytest.raises(InputError, match="at least one panel"):
        multiples(MS, {})
    with pytest.raises(InputError, match="'a' has the shape"):
        multiples({"a": MS}, {"a": AREA[:3]})
