"""The picture of unusual cases shows their distances, their limits and their outlines."""

import io

import numpy as np
import pytest

from atlaskit.plot import outliers as draw
from atlaskit.plot.labels import shortened
from atlaskit.shape import outliers


@pytest.fixture
def cohort(points):
    """(30, 48, 2): three structures with noise; one case has a dent."""
    cases = points + np.random.default_rng(0).normal(0, 0.5, (30, *points.shape))
    cases[4, 20] += [12, 0]
    return cases


def names(n):
    return [f"case {k}" for k in range(n)]


def test_all_cases_are_dots_and_those_beyond_the_limits_are_named(cohort, topology):
    found = outliers(cohort, cases=names(30))
    chart, *_ = draw(found, cohort, cohort.mean(0), topology, cases=names(30))
    strange = len(found.unusual)
    assert [len(line.get_xdata()) for line in chart.lines[:3]] == [30 - strange, strange, 0]
    assert chart.lines[3].get_xdata()[0] == found.limits["mahalanobis"]
    assert chart.lines[4].get_ydata()[0] == found.limits["residual"]
    np.testing.assert_allclose(chart.lines[1].get_ydata(), found.unusual["residual"])
    assert "case 4" in {text.get_text() for text in chart.texts}
    words = [text.get_text() for text in chart.get_legend().texts]
    assert words[:2] == [f"like the others ({30 - strange})", f"unlikely or beyond ({strange})"]
    assert not any("only far" in word for word in words), "there is none"


def test_cases_that_are_only_far_have_a_mark_of_their_own(cohort, topology):
    found = outliers(cohort, cases=names(30))
    last = found.table.index[-2:]
    found.table.loc[last, "far"] = True
    chart, *_ = draw(found, cohort, cohort.mean(0), topology, cases=names(30))
    only = chart.lines[2]
    np.testing.assert_array_equal(only.get_xydata(), found.table.loc[last, ["mahalanobis", "residual"]])
    assert (only.get_xdata() < found.limits["mahalanobis"]).all() and (only.get_ydata() < found.limits["residual"]).all()
    assert len({(line.get_marker(), line.get_color()) for line in chart.lines[:3]}) == 3
    assert "only far from mean (2)" in {text.get_text() for text in chart.get_legend().texts}


def test_the_most_unusual_cases_lie_over_the_mean_and_say_why(cohort, topology):
    found, mean = outliers(cohort), cohort.mean(0)
    _, first, *others = draw(found, cohort, mean, topology, unit="mm")
    assert len(others) == 5 and first.get_title().split("\n")[0] == "4"
    assert {"far", "beyond"} & set(first.get_title().split("\n")[1].split(", "))
    np.testing.assert_allclose(first.lines[0].get_xydata()[:-1], mean[:16])
    np.testing.assert_allclose(first.collections[1].get_segments()[3], cohort[4, 19:21])
    away = np.linalg.norm(cohort[4] - mean, axis=1)
    np.testing.assert_allclose(first.collections[1].get_array()[3], away[19:21].mean())
    bottom, top = first.get_ylim()
    assert top < bottom and len({ax.collections[0].norm.vmax for ax in (first, *others)}) == 1
    bars = [ax.get_ylabel() for ax in first.figure.axes[-1].child_axes]
    assert bars == ["distance to the mean (mm)"]


def test_few_cases_have_few_panels_and_nothing_is_cut_off(cohort, topology):
    long = [f"{'0123456789' * 4}-{k}" for k in range(30)]
    for count in (4, 30):
        found = outliers(cohort[:count], cases=long[:count])
        found.table.loc[count - 1, "far"] = True
        axes = draw(found, cohort[:count], cohort[0], topology, cases=long[:count])
        assert len(axes) == 1 + min(count, 6)
        figure = axes[0].figure
        figure.savefig(io.BytesIO(), format="png")
        box = figure.get_tightbbox()
        assert box.x0 > -0.01 and box.y0 > -0.01
        assert box.x1 < figure.get_figwidth() + 0.01 and box.y1 < figure.get_figheight() + 0.01


def test_long_names_keep_both_their_ends():
    assert shortened("JPCLN001") == "JPCLN001"
    assert shortened("26740916849083948015827-2_6hkbx5") == "2674091…2_6hkbx5" and len(shortened("x" * 50)) == 16
