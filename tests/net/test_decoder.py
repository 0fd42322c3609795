"""The graph decoder: where it starts, what it looks at, and that a look teaches it where to go."""

import pytest
import torch
from torch import Tensor

from atlaskit.config import FitConfig
from atlaskit.groupwise import Template
from atlaskit.metrics import self_intersections
from atlaskit.net.decoder import GraphBlock, GraphDecoder, Look, levels_of
from atlaskit.net.hybrid import HybridNet, rings
from atlaskit.topology import Topology

WINDOW = torch.cartesian_prod(*[torch.tensor([-1.0, 0.0, 1.0])] * 2)


def ramps(size: int) -> Tensor:
    """(1, 2, size, size) map of each pixel centre's x and y in the unit frame."""
    at = (torch.arange(size) + 0.5) / size
    return torch.stack([at.expand(size, size), at[:, None].expand(size, size)])[None]


def circles(topology: Topology) -> Tensor:
    """(L, 1, 2) landmarks well inside the frame."""
    angle = torch.arange(topology.n_landmarks) * (6.2832 / topology.n_landmarks)
    return (0.5 + 0.25 * torch.stack([angle.cos(), angle.sin()], -1))[:, None]


def look_of(topology: Topology) -> Look:
    """A look whose reduction keeps both channels."""
    made = Look(topology, 2, 2)
    made.reduce.weight.data = torch.eye(2)[:, :, None, None]
    made.reduce.bias.data.zero_()
    return made


def maps_of(size: int, cases: int = 1) -> Tensor:
    """(2 x cases, 2, size, size): ramps for the first structure, 10 more for the second."""
    return torch.cat([ramps(size), 10 + ramps(size)]).repeat(cases, 1, 1, 1)


def in_second(topology: Topology) -> Tensor:
    """(L,) whether a landmark is in the second loop only."""
    return torch.tensor([node not in topology.loops[0] for node in range(topology.n_landmarks)])


@pytest.mark.parametrize("size", [8, 16, 32])
def test_a_look_reads_the_maps_of_its_own_structure_where_the_landmark_is(topology: Topology, size: int) -> None:
    points = circles(topology)
    planes = torch.stack([torch.full((32, 32), 0.25), torch.full((32, 32), 0.75)])[None]
    seen = look_of(topology)(maps_of(size), planes, points).unflatten(-1, (9, 3))[:, 0]
    second = in_second(topology)
    torch.testing.assert_close(seen[..., :2], points + WINDOW / size + 10 * second[:, None, None], atol=1e-4, rtol=0)
    torch.testing.assert_close(seen[..., 2], (0.25 + 0.5 * second)[:, None].expand(-1, 9), atol=1e-5, rtol=0)


def test_another_structure_is_not_seen(topology: Topology) -> None:
    points, first, look = circles(topology), ~in_second(topology), look_of(topology)
    one = look(maps_of(16), torch.rand(1, 2, 32, 32, generator=torch.Generator().manual_seed(0)), points)
    maps, planes = maps_of(16), torch.rand(1, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    maps[1], planes[:, 1] = torch.rand(2, 16, 16), torch.rand(32, 32)
    other = look(maps, planes, points)
    assert torch.equal(one[first], other[first]) and not torch.equal(one[~first], other[~first])


def test_a_look_has_a_gradient_in_the_positions(topology: Topology) -> None:
    points = circles(topology).requires_grad_()
    seen = look_of(topology)(maps_of(16), torch.zeros(1, 2, 32, 32), points)
    seen.unflatten(-1, (9, 3))[..., 0].sum().backward()  # nine reads of x
    torch.testing.assert_close(points.grad, torch.tensor([9.0, 0.0]).expand_as(points), atol=1e-3, rtol=0)


def test_a_look_beyond_the_frame_is_finite(topology: Topology) -> None:
    far = torch.tensor([-3.0, 7.0]).expand(topology.n_landmarks, 1, 2)
    assert look_of(topology)(maps_of(8), torch.rand(1, 2, 32, 32), far).isfinite().all()


def test_maps_are_read_case_by_case(topology: Topology) -> None:
    points, planes = circles(topology).repeat(1, 3, 1) + 0.02 * torch.randn(1, 3, 1), torch.rand(3, 2, 16, 16)
    look, maps = look_of(topology), torch.rand(6, 2, 8, 8)
    together = look(maps, planes, points)
    for b in range(3):
        alone = look(maps[2 * b : 2 * b + 2], planes[b : b + 1], points[:, b : b + 1])
        torch.testing.assert_close(together[:, b : b + 1], alone)


@pytest.mark.parametrize("turn", [1, 5])
def test_a_graph_block_has_no_seam(turn: int) -> None:
    torch.manual_seed(0)
    block = GraphBlock(Topology(("a",), (tuple(range(12)),), levels=1), 8, 6)
    x = torch.randn(12, 2, 8)
    torch.testing.assert_close(block(x.roll(turn, 0)), block(x).roll(turn, 0))


def decoder(topology: Topology, template: Tensor) -> GraphDecoder:
    return GraphDecoder(topology, template, latent=4, widths=(8, 8, 8), order=3, maps=[4, 4], skip=2)


def test_every_level_starts_at_its_part_of_the_template(topology: Topology) -> None:
    template = circles(topology)[:, 0]
    features = [torch.rand(4, 4, 16, 16), torch.rand(4, 4, 8, 8)]
    positions = decoder(topology, template)(torch.randn(2, 4), torch.rand(2, 2, 32, 32), features)
    _, kept = levels_of(topology)
    assert [p.shape[1] for p in positions] == [len(kept[0]), len(kept[1]), len(kept[2]), len(kept[2])]
    for points, nodes in zip(positions, [*kept, kept[-1]], strict=True):
        assert (points - template[nodes]).abs().max() < 0.05


def test_every_level_and_the_code_take_part(topology: Topology) -> None:
    made = decoder(topology, circles(topology)[:, 0])
    code = torch.randn(2, 4, requires_grad=True)
    features = [torch.rand(4, 4, 16, 16, requires_grad=True), torch.rand(4, 4, 8, 8, requires_grad=True)]
    made(code, torch.rand(2, 2, 32, 32), features)[-1].square().sum().backward()
    for value in (code, *features, *made.parameters()):
        assert value.grad is not None and value.grad.isfinite().all()
    assert all(value.grad.abs().sum() > 0 for value in (code, *features))


def test_a_random_start_knows_no_template(template: Template, config: FitConfig) -> None:
    changed = FitConfig.from_dict({**config.to_dict(), "init": "random"})
    points = []
    for known in (template.points, 1 - template.points):
        torch.manual_seed(0)
        net = HybridNet(template.topology, torch.from_numpy(known), changed)
        points.append(net(torch.ones(1, 5, 32, 32), torch.ones(1, 5)).points.detach())
    assert torch.equal(*points)
    assert 0.05 < (points[0] - 0.5).norm(dim=-1).mean() < 0.15


def test_a_random_start_is_in_order_and_the_right_way_round(template: Template) -> None:
    start = rings(template.topology)
    for loop in template.topology.loops:
        x, y = start[list(loop)].T
        assert self_intersections(start[list(loop)].numpy()) == 0
        assert float((x * y.roll(-1) - x.roll(-1) * y).sum()) > 0
