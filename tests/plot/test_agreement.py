"""Bland and Altman's picture: the difference of two readings against their mean."""

import io

import numpy as np
import pytest

from atlaskit.errors import InputError
from atlaskit.plot import agreement


def lines(ax):
    return [line.get_ydata()[0] for line in ax.lines]


def test_bias_and_limits_are_lines_with_their_numbers():
    a, b = np.array([50.0, 60.0, 70.0, np.nan]), np.array([49.0, 57.0, 65.0, 1.0])
    ax = agreement(a, b, ["x", "x", "y", "y"], names=("Simpson", "a very long name of a reader, $really_"), unit="%")
    ax.get_figure(root=True).savefig(io.BytesIO(), format="png")
    spread = 1.96 * np.std([1, 3, 5], ddof=1)
    np.testing.assert_allclose(lines(ax), [0, 3, 3 + spread, 3 - spread])
    assert [text.get_text() for text in ax.texts] == ["limit \u22120.92", "bias +3.00", "limit +6.92"]
    first, second = (np.asarray(dots.get_offsets()) for dots in ax.collections)
    np.testing.assert_allclose(first, [[49.5, 1], [58.5, 3]])
    np.testing.assert_allclose(second, [[67.5, 5]])
    assert ax.get_xlabel() == "mean of both (%)" and ax.get_ylabel().startswith("Simpson \u2212 a very")
    assert [text.get_text() for text in ax.get_legend().texts] == ["x (n = 2)", "y (n = 1)"]


def test_one_case_has_no_limits_and_none_is_refused():
    assert lines(agreement([2.0], [1.0])) == [0, 1]
    for readings in (([], []), ([np.nan], [1.0]), ([1.0, 2.0], [1.0])):
        with pytest.raises(InputError, match="both readings of one case"):
            agreement(*readings)
