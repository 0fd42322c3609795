import numpy as np
import pytest
from skimage.color import rgb2lab

from atlaskit.plot import landmark_overlay
from atlaskit.plot.cohort import WHEEL


@pytest.fixture
def cohort(points):
    return points + np.random.default_rng(0).normal(0, 1.5, (20, 48, 2))


def test_one_scatter_per_structure_coloured_by_place_along_the_loop(cohort, topology):
    ax = landmark_overlay(cohort, topology)
    assert [dots.get_label() for dots in ax.collections] == list(topology.structures)
    for dots, loop in zip(ax.collections, topology.loops, strict=True):
        np.testing.assert_array_equal(dots.get_offsets(), cohort[:, list(loop)].reshape(-1, 2))
        np.testing.assert_array_equal(dots.get_array(), np.tile(np.arange(16) / 16, 20))
        assert dots.get_cmap() is WHEEL and dots.get_clim() == (0, 1)


def test_mean_is_numbered_and_of_the_cases_that_have_the_structure(cohort, topology):
    cohort[:5, 32:] = np.nan
    ax = landmark_overlay(cohort, topology, every=16)
    np.testing.assert_allclose(ax.lines[2].get_xydata()[:-1], cohort[5:, 32:].mean(axis=0))
    assert [text.get_text() for text in ax.texts] == ["0", "16", "32", *topology.structures]


def test_a_structure_that_no_case_has_is_skipped(cohort, topology):
    cohort[:, 32:] = np.nan
    assert len(landmark_overlay(cohort, topology).collections) == 2


def test_orientation(cohort, topology):
    ax = landmark_overlay(cohort, topology)
    bottom, top = ax.get_ylim()
    assert top < cohort[..., 1].min() < cohort[..., 1].max() < bottom and ax.get_aspect() == 1.0


def test_colour_wheel_closes_and_varies_in_lightness():
    lab = rgb2lab(WHEEL(np.arange(256))[None, :, :3])[0]
    step = np.linalg.norm(lab - np.roll(lab, 1, axis=0), axis=1)
    assert step.max() < 6
    assert np.ptp(lab[:, 0]) > 20
