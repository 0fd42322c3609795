"""Pictures of shape statistics show the numbers that they are given."""

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.path import Path
from matplotlib.quiver import Quiver

from atlaskit.errors import InputError
from atlaskit.phantom import chest
from atlaskit.plot import PALETTE, allometry, deviation, difference, modes, power, quality, scores, scree
from atlaskit.plot.arrows import LONGEST, readable_factor
from atlaskit.plot.scores import ellipse
from atlaskit.shape import Power, Quality, align, pca
from atlaskit.topology import Topology


@pytest.fixture(scope="module")
def chests():
    """Aligned landmarks of a phantom, their topology and their groups."""
    cohort = chest(40, missing=0, faults=0)
    ends = np.cumsum([0, *(cohort.landmarks[name].shape[1] for name in cohort.structures)])
    loops = tuple(tuple(range(a, b)) for a, b in pairwise(ends))
    aligned = align(np.concatenate([*cohort.landmarks.values()], axis=1))
    return aligned, Topology(cohort.structures, loops, levels=1), cohort.table["group"].to_numpy()


@pytest.fixture(scope="module")
def model(chests):
    return pca(chests[0].tangent)


def labelled(ax, name):
    """The line or collection with this label."""
    return next(artist for artist in [*ax.lines, *ax.collections] if artist.get_label() == name)


def texts(ax):
    return {text.get_text() for text in ax.texts} | {text.get_text() for text in ax.get_legend().texts}


def test_each_panel_shows_the_shape_at_its_deviation_in_the_colours_of_structures(model, chests):
    _, topology, _ = chests
    grid = modes(model, topology, first=2, deviations=(-3, 1))
    assert grid.shape == (2, 2)
    for (mode, column), ax in np.ndenumerate(grid):
        shape = model.reconstruct(np.eye(2)[mode] * (-3, 1)[column])[0]
        for index, name in enumerate(topology.structures):
            line = labelled(ax, name)
            np.testing.assert_allclose(line.get_xydata()[:-1], shape[topology.loop_of(name)])
            assert line.get_color() == PALETTE[index]
        np.testing.assert_allclose(ax.lines[0].get_xydata()[:-1], model.mean[topology.loop_of(topology.structures[0])])


def test_modes_share_a_window_with_y_down_and_say_share_deviation_and_cases(model, chests):
    grid = modes(model, chests[1], first=3)
    limits = {(*ax.get_xlim(), *ax.get_ylim()) for ax in grid.ravel()}
    ((left, right, bottom, top),) = limits
    assert left < right and top < bottom
    assert [ax.get_title() for ax in grid[0]] == [f"{sign}{k} sd" for sign, k in zip("−−−+++", (3, 2, 1, 1, 2, 3), strict=True)]  # noqa: RUF001
    assert grid[1, 0].texts[0].get_text() == f"mode 2\n{100 * model.explained[1]:.1f} %"
    (legend,) = grid[0, 0].get_figure(root=True).legends
    assert [text.get_text() for text in legend.texts] == [*chests[1].structures, "mean (n = 40)"]


def test_the_legend_of_many_structures_takes_more_lines(model, chests):
    names = tuple(f"a structure with a long name {k}" for k in range(5))
    figure = modes(model, Topology(names, chests[1].loops, levels=1), first=1)[0, 0].get_figure(root=True)
    figure.savefig(io.BytesIO(), format="png")
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
    assert box.y1 <= min(ax.bbox.y0 for ax in figure.axes)


def test_arrows_lead_from_the_mean_to_one_deviation_times_the_factor(model, chests):
    _, topology, _ = chests
    panels = modes(model, topology, first=5, arrows=True, factor=2)
    assert panels.shape == (5,)
    quivers = [artist for artist in panels[1].collections if isinstance(artist, Quiver)]
    assert [to_hex(quiver.get_facecolor()[0]).upper() for quiver in quivers] == [*PALETTE[:5]]
    roots = np.concatenate([quiver.get_offsets() for quiver in quivers])
    chosen = np.linalg.norm(roots[:, None] - model.mean, axis=2).argmin(axis=1)
    np.testing.assert_allclose(roots, model.mean[chosen])
    shift = np.concatenate([np.column_stack([quiver.U, quiver.V]) for quiver in quivers])
    np.testing.assert_allclose(shift, 2 * (model.reconstruct([0, 1])[0] - model.mean)[chosen], atol=1e-12)
    assert "× 2" in panels[0].get_figure(root=True).legends[0].texts[-1].get_text()  # noqa: RUF001


def test_the_factor_is_the_largest_round_one_that_fits():
    shape = np.array([[0.0, 0.0], [100.0, 50.0]])
    assert readable_factor(np.array([[LONGEST * 100 / 4.9, 0.0]]), shape) == 4
    assert readable_factor(np.array([[50.0, 0.0]]), shape) == readable_factor(np.zeros((2, 2)), shape) == 1


def test_scree_ends_the_chosen_modes(model):
    ax = scree(model, chosen=3, most=4)
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], 100 * model.explained[:5])
    assert len({bar.get_facecolor() for bar in ax.patches[:3]}) == 1
    assert ax.patches[3].get_facecolor() != ax.patches[2].get_facecolor()
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 100 * model.explained.cumsum()[:5])
    assert ax.lines[1].get_xdata()[0] == 3.5
    assert ax.texts[0].get_text() == f"3 modes: {100 * model.explained[:3].sum():.1f} %"


@pytest.mark.parametrize("n", [8, 20, 500])
def test_the_ellipse_holds_its_share_of_further_normal_cases(n):
    rng = np.random.default_rng(n)
    turn = np.array([[2.0, 0.0], [1.5, 0.5]])
    inside = [
        Path(ellipse(rng.normal(size=(n, 2)) @ turn, 0.95)).contains_points(rng.normal(size=(400, 2)) @ turn).mean()
        for _ in range(300)
    ]
    assert abs(np.mean(inside) - 0.95) < 0.01


def test_groups_have_a_colour_a_marker_an_ellipse_a_mean_and_their_number():
    rng = np.random.default_rng(0)
    along = rng.normal(size=(40, 3))
    along[0, 2] = np.nan
    group = pd.Categorical(["b"] * 20 + ["a"] * 15 + [None] * 5, ["b", "a", "unused"])
    ax = scores(along, group, pair=(2, 0), explained=np.array([0.5, 0.3, 0.125]))
    b, a, nobody = ax.collections
    np.testing.assert_allclose(b.get_offsets(), along[1:20][:, [2, 0]])
    assert [dots.get_offsets().shape[0] for dots in (b, a, nobody)] == [19, 15, 5]
    assert [to_hex(dots.get_facecolor()[0]).upper() for dots in (b, a)] == [*PALETTE[:2]]
    assert {"b (n = 19)", "a (n = 15)", "no group (n = 5)", "mean", "95 % ellipse"} == texts(ax)
    means = [line.get_xydata()[0] for line in ax.lines if len(line.get_xdata()) == 1]
    np.testing.assert_allclose(means[1], along[20:35][:, [2, 0]].mean(axis=0))
    assert sum(len(line.get_xdata()) > 100 for line in ax.lines) == 2, "five cases are too few for an ellipse"
    assert ax.get_xlabel() == "score of mode 3 (sd), 12.5 % of variance"


def test_one_mode_is_no_plane() -> None:
    with pytest.raises(InputError, match="two of their modes"):
        scores(np.zeros((9, 1)))


def test_names_with_dollars_are_no_formulas() -> None:
    ax = scores(np.random.default_rng(0).normal(size=(20, 2)), ["$a_", r"$\frac{$"] * 10)
    ax.get_figure(root=True).savefig(io.BytesIO(), format="png")
    assert "$a_ (n = 10)" in texts(ax)


def test_the_furthest_cases_are_named_and_no_other():
    along = np.random.default_rng(0).normal(size=(40, 2))
    along[7], along[9] = [6, 0], [0, -7]
    names = [f"case {k}" for k in range(40)]
    assert {text.get_text() for text in scores(along, names=names).texts} >= {"case 7", "case 9"}
    assert len(scores(along, names=names).texts) <= 4
    assert not scores(along).texts and not scores(along[:4], names=names).texts


def test_of_very_many_cases_a_fixed_draw_is_shown_and_all_are_counted() -> None:
    xy = np.random.default_rng(0).normal(size=(40_000, 2))
    groups = np.where(np.arange(40_000) < 10_000, "few", "many")
    ax = scores(xy, groups)
    few, many = (np.asarray(dots.get_offsets()) for dots in ax.collections)
    assert (len(few), len(many)) == (2500, 7500)
    assert {"few (n = 10000, 2500 shown)", "many (n = 30000, 7500 shown)"} <= texts(ax)
    assert set(map(tuple, few)) <= set(map(tuple, xy[:10_000])), "each dot is a case of its group"
    assert (np.asarray(scores(xy, groups).collections[0].get_offsets()) == few).all()
    mean = next(line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata()) == 1)
    assert mean.get_xdata()[0] == pytest.approx(xy[:10_000, 0].mean()), "of all cases"


def test_many_cases_are_small_pale_pixels_and_few_are_not():
    few, many = (scores(np.random.default_rng(0).normal(size=(n, 2))).collections[0] for n in (20, 20_000))
    assert many.get_rasterized() and not few.get_rasterized()
    assert many.get_sizes()[0] < few.get_sizes()[0] / 5 and many.get_alpha() < few.get_alpha()


def test_differences_are_colours_arrows_and_dots_on_the_shape_between(points, topology):
    shift = np.zeros_like(points)
    shift[:16, 0] = np.linspace(0, 3, 16)
    significant = shift[:, 0] > 2
    ax = difference(points, points + shift, topology, significant=significant, rule="p < 0.01", factor=5, unit="mm")
    edges = labelled(ax, "left disc")
    assert isinstance(edges, LineCollection)
    np.testing.assert_allclose(edges.get_segments()[3], (points + shift / 2)[3:5])
    np.testing.assert_allclose(edges.get_array()[3], shift[3:5, 0].mean())
    assert edges.norm.vmin == 0 and edges.norm.vmax == 3
    np.testing.assert_allclose(ax.lines[0].get_xydata(), (points + shift / 2)[significant])
    assert "arrows × 5; dots and dark arrows: p < 0.01 (5 of 48 landmarks)" in {text.get_text() for text in ax.texts}  # noqa: RUF001
    bottom, top = ax.get_ylim()
    assert top < bottom and ax.child_axes[0].get_ylabel() == "distance of means (mm)"


def test_a_case_lies_over_the_whole_mean_and_absent_structures_are_left_out(points, no_bar, topology):
    ax = deviation(no_bar + [3, 4], points, topology, unit="px", most=10.0)
    assert [line.get_label() for line in ax.lines] == ["mean"] * 3
    assert [edges.get_label() for edges in ax.collections] == ["left disc", "right disc"]
    np.testing.assert_allclose(ax.collections[0].get_array(), 5.0)
    assert ax.collections[0].norm.vmax == 10
    np.testing.assert_allclose(ax.collections[0].get_segments()[0], points[:2] + [3, 4])


@pytest.mark.parametrize("pooled", [False, True])
def test_lines_of_allometry_are_least_squares_of_log_size(pooled):
    size = np.exp(np.linspace(1, 2, 20))
    group = np.repeat(["a", "b"], 10)
    score = np.where(group == "a", 2 * np.log(size) + 1, -np.log(size))
    score[0] = np.nan
    lines = allometry(size, score, group, pooled=pooled, unit="mm").lines
    if pooled:
        ((start, end),) = [line.get_xydata() for line in lines]
        slope = np.polyfit(np.log(size[1:]), score[1:], 1)[0]
        assert (end - start)[1] / (end - start)[0] == pytest.approx(slope)
    else:
        np.testing.assert_allclose(lines[0].get_ydata(), 2 * np.log(size[[1, 9]]) + 1)
        np.testing.assert_allclose(lines[1].get_ydata(), -np.log(size[[10, 19]]))


def test_shapes_at_both_sizes_stand_beside_allometry(points, topology):
    shapes = np.stack([points, 1.1 * points])
    sizes, options = np.linspace(100.0, 200.0, 21), {"shapes": shapes, "topology": topology, "unit": "mm"}
    ax = allometry(sizes, np.arange(21.0), mean=0.9 * points, **options)
    assert ax.get_xlabel() == "log centroid size (ln mm)"
    large, small = ax.child_axes
    assert (large.get_title(), small.get_title()) == ("shape at 195 mm", "shape at 105 mm"), "not those of single cases"
    for inset, own in ((large, shapes[1]), (small, shapes[0])):
        grey, ink = ([line for line in inset.lines if line.get_label() == name] for name in ("mean", "predicted"))
        for lines, shape in ((grey, 0.9 * points), (ink, own)):
            np.testing.assert_allclose(np.vstack([line.get_xydata()[:-1] for line in lines]), shape)
        assert not {line.get_color() for line in inset.lines} & {*PALETTE}, "colours are groups"
    words = [text.get_text() for text in small.get_legend().texts]
    assert words == ["predicted", "mean"]
    assert allometry(sizes, np.arange(21.0), at=(1.0, 2.0), **options).child_axes[1].get_title() == "shape at 1 mm"
    figure = ax.get_figure(root=True)
    figure.savefig(io.BytesIO(), format="png")
    for inset in ax.child_axes:
        left, right = inset.title.get_window_extent().intervalx
        assert ax.bbox.x1 < left and right <= figure.bbox.x1


def test_quality_has_a_line_and_a_band_per_model_in_each_unit():
    one = pd.DataFrame({"modes": [1, 2, 3], "compactness": [0.5, 0.75, 1.0], "compactness_se": 0.1}).assign(
        generalisation=[3.0, 2.0, 1.0],
        generalisation_se=0.5,
        specificity=[1.0, 2.0, 3.0],
        specificity_se=0.25,
        measure="landmarks",
    )
    both = pd.concat([one, one.assign(measure="overlap", generalisation=0.5)])
    compact, *others = quality({"ours": Quality(both, 9, 0), "theirs": one}, unit="mm")
    np.testing.assert_allclose([line.get_ydata() for line in compact.lines], [[50, 75, 100]] * 2)
    assert [ax.get_ylabel() for ax in others] == [
        f"{what}\n({words})"
        for words in ("distance of landmarks,\nmm", "1 \u2212 overlap of areas")
        for what in ("generalisation", "specificity")
    ]
    assert texts(compact) == {"ours", "theirs", "± 1 standard error"}
    np.testing.assert_allclose(others[0].lines[0].get_ydata(), one["generalisation"])
    band = others[0].collections[0].get_paths()[0].vertices
    assert {0.5, 1.5} <= {*band[band[:, 0] == 3, 1]}
    assert quality(one).shape == (3,)


def test_power_is_drawn_for_each_comparison_with_the_cases_that_it_needs():
    def tried(*share):
        table = pd.DataFrame({"power": share, "se": 0.1}, index=pd.Index([10, 20, 40], name="n"))
        return Power(table, 1.0, 1.0, 0.05, 100, 99, 0)

    ax = power({"a to b": tried(0.2, 0.8, 1.0), "a to c": tried(0.05, 0.1, 0.2)})
    target, one, other = ax.lines
    assert target.get_ydata()[0] == 0.8
    np.testing.assert_allclose(one.get_xydata(), [[10, 0.2], [20, 0.8], [40, 1.0]])
    band = "± 1 standard error of the simulation"
    assert texts(ax) == {"a to b: 80 % needs 20", "a to c: 80 % needs more than 40", band}
    assert ax.get_legend().get_title().get_text() == ""
    assert {0.7, 0.9} <= {*ax.collections[0].get_paths()[0].vertices[:, 1].round(9)}
    assert texts(power(tried(0.9, 1.0, 1.0))) == {"80 % needs 10 or fewer", band}
    assert other.get_linestyle() != one.get_linestyle()
    known = power(replace(tried(0.2, 0.8, 1.0), factor="sex", levels=("women", "men")))
    assert "women to men: 80 % needs 20" in texts(known) and known.get_legend().get_title().get_text() == "sex"


def test_everything_is_within_the_page(model, chests):
    """No text is cut off: as saved, nothing is drawn beyond the figure."""
    aligned, topology, group = chests
    pictures = [modes(model, topology)[0, 0], scree(model, chosen=3), scores(model.scores(aligned.tangent), group)]
    pictures += [modes(model, topology, arrows=True)[0], deviation(aligned.points[0], aligned.mean, topology, title="a case")]
    pictures += [difference(aligned.points[0], aligned.points[1], topology, significant=np.ones(80, bool), title="a to b")]
    table = pd.DataFrame({"power": [0.1], "se": 0.1}, index=[10])
    pictures.append(power({"controls of this clinic to its patients": Power(table, 1.0, 1.0, 0.05, 9, 9, 0)}))
    for ax in pictures:
        figure = ax.get_figure(root=True)
        figure.savefig(io.BytesIO(), format="png")
        box = figure.get_tightbbox()
        assert box.x0 > -0.01 and box.y0 > -0.01, ax.get_title()
        assert box.x1 < figure.get_figwidth() + 0.01 and box.y1 < figure.get_figheight() + 0.01
