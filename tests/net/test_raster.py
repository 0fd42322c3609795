"""Polygons to coverage: exact areas and places, gradients that push the right way, folds that never pay."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from atlaskit.contours import fill
from atlaskit.net.raster import coverage, planes

SIZE = 32
inner = st.floats(-0.05, 0.05)


def disc(radius: float, n: int = 256, centre: tuple[float, float] = (0.5, 0.5)) -> Tensor:
    """(n, 2) polygon, clockwise on screen."""
    angle = torch.arange(n, dtype=torch.float64) * (2 * np.pi / n)
    return torch.tensor(centre, dtype=torch.float64) + radius * torch.stack([angle.cos(), angle.sin()], -1)


def box(left: float, top: float, right: float, bottom: float) -> Tensor:
    return torch.tensor([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=torch.float64)


def middle(covered: Tensor) -> Tensor:
    """Centroid (x, y) of a (size, size) coverage, unit frame."""
    at = (torch.arange(len(covered)) + 0.5) / len(covered)
    return torch.stack([(covered.sum(0) * at).sum(), (covered.sum(1) * at).sum()]) / covered.sum()


def soft_dice(a: Tensor, b: Tensor) -> float:
    return float(2 * (a * b).sum() / (a + b).sum())


@given(x=inner, y=inner)
@settings(max_examples=20)
def test_a_box_has_its_exact_area_and_place_wherever_it_lies(x: float, y: float) -> None:
    shape = box(0.25 + x, 0.25 + y, 0.75 + x, 0.625 + y)
    covered = coverage(shape[None], SIZE, pieces=64)[0]
    assert float(covered.sum()) == pytest.approx(0.5 * 0.375 * SIZE**2, rel=1e-9)
    np.testing.assert_allclose(middle(covered), [0.5 + x, 0.4375 + y], atol=1e-9)


@given(x=inner, y=inner, radius=st.floats(0.1, 0.4))
@settings(max_examples=20)
def test_a_disc_has_its_area_and_place(x: float, y: float, radius: float) -> None:
    covered = coverage(disc(radius, centre=(0.5 + x, 0.5 + y))[None], 64, pieces=16)[0]
    assert float(covered.sum()) == pytest.approx(np.pi * radius**2 * 64**2, rel=1e-3)
    np.testing.assert_allclose(middle(covered), [0.5 + x, 0.5 + y], atol=1e-4)


@pytest.mark.parametrize("n", [16, 64, 512])
def test_pieces_as_the_network_cuts_them_cost_under_a_percent_of_area(n: int) -> None:
    shape = disc(0.3, n)
    covered = coverage(shape[None].float(), 64, pieces=max(1, 4 * 64 // n))[0]
    x, y = shape.T
    area = float((x * y.roll(-1) - x.roll(-1) * y).sum()) / 2 * 64**2
    assert float(covered.sum()) == pytest.approx(area, rel=0.01)


def test_coverage_is_the_hard_fill_away_from_the_edge() -> None:
    wavy = disc(0.3) + 0.05 * torch.stack([(disc(1)[:, 1] * 4).sin(), (disc(1)[:, 0] * 5).cos()], -1)
    covered = coverage(wavy[None], 64, pieces=16)[0].numpy()
    inside = fill(wavy.numpy() * 64 - 0.5, (64, 64))
    deep = np.maximum(distance_transform_edt(inside), distance_transform_edt(~inside)) > 2
    assert 0.2 < inside.mean() < 0.5 < deep.mean()
    np.testing.assert_allclose(covered[deep], inside[deep], atol=1e-9)


@pytest.mark.parametrize(
    ("beyond", "seen"),
    [
        (box(-0.5, 0.25, 0.5, 0.75), 0.25),
        (box(0.5, 0.25, 1.5, 0.75), 0.25),
        (box(0.25, -0.5, 0.75, 0.5), 0.25),
        (box(0.25, 0.5, 0.75, 1.5), 0.25),
        (box(-1, -1, 2, 2), 1.0),
        (box(1.2, 0.2, 1.8, 0.8), 0.0),
        (box(-0.8, 0.2, -0.2, 0.8), 0.0),
        (box(0.2, 1.2, 0.8, 1.8), 0.0),
    ],
)
def test_what_lies_beyond_the_frame_is_cut_off(beyond: Tensor, seen: float) -> None:
    covered = coverage(beyond[None], SIZE, pieces=256)[0]
    assert float(covered.sum()) / SIZE**2 == pytest.approx(seen, abs=0.02)


def test_polygons_do_not_mix() -> None:
    shapes = torch.stack([disc(0.2), disc(0.3), disc(0.1)])
    together = coverage(shapes, SIZE, pieces=2)
    for shape, covered in zip(shapes, together, strict=True):
        assert torch.equal(coverage(shape[None], SIZE, pieces=2)[0], covered)


@pytest.mark.parametrize("n", [8, 32])
def test_moving_a_vertex_outwards_raises_coverage_by_the_area_it_sweeps(n: int) -> None:
    shape = disc(0.3, n, centre=(0.51, 0.48)).requires_grad_()
    coverage(shape[None], 64, pieces=512 // n)[0].sum().backward()
    outwards = (shape.detach() - torch.tensor([0.51, 0.48])) / 0.3
    found = (shape.grad * outwards).sum(-1) / 64**2
    swept = (shape.detach().roll(-1, 0) - shape.detach().roll(1, 0)).norm(dim=-1) / 2
    assert bool((found > 0).all())
    np.testing.assert_allclose(found, swept, rtol=1e-6)
    assert float(found.sum()) == pytest.approx(float(swept.sum()), rel=1e-6)


def test_dice_pulls_on_a_polygon_however_far_the_boundary_is() -> None:
    truth = coverage(disc(0.4)[None], 64, pieces=4)[0]
    shape = disc(0.1, 32).requires_grad_()
    covered = coverage(shape[None], 64, pieces=8)[0]
    loss = 1 - 2 * (covered * truth).sum() / (covered + truth).sum()
    loss.backward()
    outwards = (shape.detach() - 0.5) / 0.1
    assert bool(((-shape.grad * outwards).sum(-1) > 0).all())


def test_a_fold_never_raises_dice() -> None:
    shape = disc(0.3, 64)
    truth = coverage(disc(0.3)[None], SIZE, pieces=4)[0]
    eight = shape.clone()
    eight[32:] = eight[32:].flip(0)  # the same vertices, the lower half run through backwards
    whole, folded = (coverage(points[None], SIZE, pieces=8)[0] for points in (shape, eight))
    assert soft_dice(whole, truth) > 0.95
    assert soft_dice(folded, truth) < 0.7
    twice = coverage(torch.cat([shape, shape])[None], SIZE, pieces=8)[0]  # wound round twice: no more than once
    assert twice.max() <= 1 and soft_dice(twice, truth) <= soft_dice(whole, truth) + 0.02
    assert coverage(shape.flip(0)[None], SIZE, pieces=8).abs().max() < 1e-9


def test_planes_are_empty_where_a_structure_is_absent_whatever_stands_there() -> None:
    samples = disc(0.3).float().expand(2, 2, -1, -1).clone()
    samples[0, 1] = float("nan")
    covered = planes(samples, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), SIZE)
    assert covered.shape == (2, 2, SIZE, SIZE)
    assert torch.equal(covered[0, 1], torch.zeros(SIZE, SIZE)) and torch.equal(covered[1, 0], torch.zeros(SIZE, SIZE))
    assert torch.equal(covered[0, 0], covered[1, 1]) and covered[0, 0].max() == 1


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 0.9])
def test_planes_follow_a_contour_by_parts_of_a_pixel(shift: float) -> None:
    shape = disc(0.3, centre=(0.5 + shift / SIZE, 0.5 - shift / SIZE)).float()
    covered = planes(shape[None, None], torch.ones(1, 1), SIZE)[0, 0]
    np.testing.assert_allclose(middle(covered) * SIZE, [16 + shift, 16 - shift], atol=0.02)
