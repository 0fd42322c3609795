import numpy as np
import pytest
from matplotlib.colors import to_rgba

from atlaskit.masks import Mask
from atlaskit.plot import PALETTE, case, cases


def labels(ax):
    return [line.get_label() for line in ax.lines if not str(line.get_label()).startswith("_")]


def keys(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def test_planes_and_polygons_are_drawn_where_they_are(mask, points, topology):
    ax = case(mask, points, topology)
    assert labels(ax) == list(topology.structures)
    (image,) = ax.images
    own = mask.planes.copy()
    own[0] &= ~mask.planes[1]  # the smaller of two discs has the pixels that both have
    np.testing.assert_array_equal(image.get_array(), (own * np.array([1, 2, 3])[:, None, None]).sum(axis=0))
    assert tuple(image.get_extent()) == (-0.5, 119.5, 89.5, -0.5)
    assert image.cmap(image.norm(0))[3] == 0
    for code, color in enumerate(PALETTE[:3], start=1):
        drawn = image.cmap(image.norm(code))
        assert drawn[:3] == pytest.approx(to_rgba(color)[:3]) and drawn[3] < 0.5


def test_view_is_square_cropped_and_y_down(mask, points, topology):
    ax = case(mask, points, topology)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert right - left == pytest.approx(bottom - top)
    assert 0 < left < points[:, 0].min() and points[:, 0].max() < right < 119
    assert bottom > top and ax.get_aspect() == 1.0


def test_disagreement_is_marked(mask, points, topology):
    planes = mask.planes.copy()
    planes[0, 30:33, 30:34] = False
    planes[0, 2, 2] = True
    image = case(Mask(planes, mask.structures), points, topology).images[0].get_array()
    assert np.argwhere(image == 4).tolist() == [[2, 2], *([y, x] for y in range(30, 33) for x in range(30, 34))]


def test_missing_structures_are_skipped(mask, no_bar, topology):
    planes = mask.planes.copy()
    planes[1] = False
    ax = case(Mask(planes, mask.structures), no_bar, topology)
    assert labels(ax) == ["left disc", "right disc"]
    assert set(np.unique(ax.images[0].get_array())) == {0, 1, 3}


def test_an_empty_case_gives_empty_axes(mask, points, topology):
    empty = Mask(np.zeros_like(mask.planes), mask.structures)
    ax = case(empty, np.full_like(points, np.nan), topology)
    assert not ax.lines and not ax.images


def test_structures_are_matched_by_name(mask, points, topology):
    turned = Mask(mask.planes[::-1], mask.structures[::-1])
    ax = case(turned, points, topology)
    np.testing.assert_array_equal(ax.images[0].get_array(), case(mask, points, topology).images[0].get_array())


def test_network_landmarks_are_a_dashed_line_each(mask, points, no_bar, topology):
    dashed = [line for line in case(mask, points, topology, network=no_bar + 1).lines if line.is_dashed()]
    np.testing.assert_array_equal([line.get_xydata()[0] for line in dashed], points[[0, 16]] + 1)


def test_numbers_only_on_request(mask, points, topology):
    assert not case(mask, points, topology).texts
    texts = [text.get_text() for text in case(mask, points, topology, numbers=True).texts]
    assert texts == ["0", "8", "16", "24", "32", "40", *topology.structures]


def test_beyond_the_image_is_grey(mask, points, topology):
    ax = case(mask, points + np.array([80, 0]), topology)
    view, image = ax.patches
    assert view.get_bbox().x1 == pytest.approx(ax.get_xlim()[1])
    assert image.get_bbox().bounds == (-0.5, -0.5, 120.0, 90.0)
    assert view.zorder < image.zorder < 0
    assert keys(cases([("one", mask, points + np.array([80, 0]))], topology))[-1] == "outside the image"


def test_a_view_stays_in_the_image_where_all_is_in_it(mask, topology):
    at_edge = Mask(np.roll(mask.planes, 25, axis=2), mask.structures)
    ax = case(at_edge, np.full((48, 2), np.nan), topology)
    assert at_edge.planes[..., -1].any() and not ax.patches
    assert ax.get_xlim()[1] == pytest.approx(119.5)


@pytest.mark.parametrize(("n", "rows", "columns"), [(1, 1, 1), (4, 1, 4), (5, 2, 4)])
def test_grid(mask, points, topology, n, rows, columns):
    figure = cases([(f"case {k}", mask, points) for k in range(n)], topology, suptitle="worst first")
    assert [ax.get_title() for ax in figure.axes] == [f"case {k}" for k in range(n)]
    grid = figure.axes[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == (rows, columns)
    assert figure.get_suptitle() == "worst first"
    assert keys(figure) == [*topology.structures, "landmarks", "disagreement"]


def test_legend_fits_the_figure(mask, points, topology, tmp_path):
    figure = cases([("one", mask, points)], topology)
    figure.savefig(tmp_path / "cases.png")
    box, page = figure.legends[0].get_window_extent(), figure.bbox
    assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0
