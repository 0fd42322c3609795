import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlaskit.plot import loss_curves
from atlaskit.plot.training import _spread


def record(epoch, **more):
    losses = {"chamfer": 2.0 / (epoch + 1), "kl": 5.0, "raster": 0.5}
    weights = {"chamfer": 10.0, "kl": 0.001, "raster": float(epoch >= 2)}
    return {"epoch": epoch, "losses": losses, "weights": weights, **more}


def validation(epoch):
    return {"dice": {"lung": 0.9 + 0.01 * epoch, "heart": None}, "pull_px": {"lung": 5.0 - epoch}}


LOG = [record(k, validation=validation(k)) if k % 2 else record(k) for k in range(5)]


def curve(ax, label):
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_terms_are_weighted_on_a_log_axis():
    terms = loss_curves(LOG).axes[0]
    assert terms.get_yscale() == "log"
    np.testing.assert_allclose(curve(terms, "chamfer")[1], 20 / np.arange(1, 6))
    np.testing.assert_allclose(curve(terms, "raster")[1], [np.nan, np.nan, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(curve(terms, "total")[1], 20 / np.arange(1, 6) + 0.005 + [0, 0, 0.5, 0.5, 0.5])


def test_validation_has_the_epochs_that_were_validated():
    _, dice, pull = loss_curves(LOG).axes
    np.testing.assert_allclose(curve(dice, "lung"), [[1, 3], [0.91, 0.93]])
    np.testing.assert_allclose(curve(pull, "lung"), [[1, 3], [4, 2]])
    assert [line.get_label() for line in dice.lines] == ["lung"]  # a structure that was never measured has no line
    assert pull.get_ylim()[0] == 0


def test_every_line_is_named_in_its_colour():
    for ax in loss_curves(LOG).axes:
        assert {t.get_text(): t.get_color() for t in ax.texts} == {x.get_label(): x.get_color() for x in ax.lines}


def test_one_number_for_all_structures():
    _, pull = loss_curves([record(k, validation={"pull_px": 3.0}) for k in range(3)]).axes
    np.testing.assert_allclose(curve(pull, "all")[1], [3, 3, 3])


@pytest.mark.parametrize("log", [[record(0)], [record(0, validation=None), record(1, validation={})]])
def test_without_validation_there_is_one_panel(log):
    (terms,) = loss_curves(log).axes
    assert terms.get_xlabel() == "epoch" and terms.get_ylabel() == "weighted loss (log scale)"


def test_an_empty_log_gives_an_empty_panel():
    (terms,) = loss_curves([]).axes
    assert not terms.lines


def test_a_term_without_weight_counts_once():
    terms = loss_curves([{"epoch": k, "losses": {"chamfer": 3.0}} for k in range(2)]).axes[0]
    np.testing.assert_allclose(curve(terms, "chamfer")[1], [3, 3])


def test_perfect_and_zero_dice_stay_on_the_axis(tmp_path):
    figure = loss_curves([record(k, validation={"dice": {"lung": float(k)}}) for k in range(2)], title="run")
    figure.savefig(tmp_path / "loss.png")
    low, high = figure.axes[1].get_ylim()
    assert 0 < low < high < 1 and figure.get_suptitle() == "run"


def test_a_table_of_json_lines_gives_the_same_curves(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in LOG))
    expected = loss_curves(LOG)
    for ax, same in zip(loss_curves(pd.read_json(path, lines=True)).axes, expected.axes, strict=True):
        for line, other in zip(ax.lines, same.lines, strict=True):
            np.testing.assert_allclose(line.get_xydata(), other.get_xydata())


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(0.01, 0.1))
def test_spread_keeps_order_and_gap_within_the_axes(heights, gap):
    heights = np.sort(heights)
    spread = _spread(heights, gap)
    assert (np.diff(spread) >= gap - 1e-9).all()
    assert spread.min() >= -1e-9 and spread.max() <= 1 + 1e-9
    apart = np.sort(np.linspace(0, 1, len(heights)))
    np.testing.assert_allclose(_spread(apart, min(gap, 0.1)), apart)  # nothing moves without need
