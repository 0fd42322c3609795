"""The graph decoder: where it starts, what it looks at, and that a look teaches it where to go."""

import pytest
import torch
from torch import Tensor

from atlaskit.config import FitConfig
from atlaskit.groupwise import Template
from atlaskit.net.decoder import GraphBlock, GraphDecoder, Look, OwnPlane, levels_of
from atlaskit.net.hybrid import HybridNet
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


@pytest.fixture
def look() -> Look:
    """A look whose reduction keeps both channels."""
    made = Look(2, 2)
    made.reduce.weight.data = torch.eye(2)[:, :, None, None]
    made.reduce.bias.data.zero_()
    return made


@pytest.mark.parametrize("size", [8, 16, 32])
def test_a_look_reads_the_map_where_the_landmark_is(look: Look, size: int) -> None:
    points = torch.tensor([[[0.3, 0.6]], [[0.55, 0.41]]])
    seen = look(ramps(size), points).unflatten(-1, (9, 2))[:, 0]
    torch.testing.assert_close(seen, points[:, 0, None] + WINDOW / size, atol=1e-5, rtol=0)


def test_a_look_has_a_gradient_in_the_positions(look: Look) -> None:
    points = torch.tensor([[[0.3, 0.6]]], requires_grad=True)
    look(ramps(16), points)[..., ::2].sum().backward()  # nine reads of x
    torch.testing.assert_close(points.grad, torch.tensor([[[9.0, 0.0]]]), atol=1e-4, rtol=0)


def test_a_look_beyond_the_frame_is_finite(look: Look) -> None:
    assert look(ramps(8), torch.tensor([[[-3.0, 7.0]]])).isfinite().all()


def test_a_landmark_sees_its_own_structure_and_no_other(topology: Topology) -> None:
    points = circles(topology)
    own = OwnPlane(topology)
    planes = torch.cat([ramps(32)[:, :1], 10 + ramps(32)[:, :1]], dim=1)
    middle = own(planes, points)[:, 0, 4]
    only_b = torch.tensor([node not in topology.loops[0] for node in range(topology.n_landmarks)])
    torch.testing.assert_close(middle, points[:, 0, 0] + 10 * only_b, atol=1e-5, rtol=0)
    planes[:, 1] = torch.rand(32, 32)
    torch.testing.assert_close(own(planes, points)[~only_b, 0, 4], points[~only_b, 0, 0], atol=1e-5, rtol=0)


def test_own_planes_are_read_case_by_case(topology: Topology) -> None:
    points, planes = circles(topology).repeat(1, 3, 1) + 0.02 * torch.randn(1, 3, 1), torch.rand(3, 2, 16, 16)
    together = OwnPlane(topology)(planes, points)
    for b in range(3):
        alone = OwnPlane(topology)(planes[b : b + 1], points[:, b : b + 1])
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
    features = [torch.rand(2, 4, 16, 16), torch.rand(2, 4, 8, 8)]
    positions = decoder(topology, template)(torch.randn(2, 4), torch.rand(2, 2, 32, 32), features)
    _, kept = levels_of(topology)
    assert [p.shape[1] for p in positions] == [len(kept[0]), len(kept[1]), len(kept[2]), len(kept[2])]
    for points, nodes in zip(positions, [*kept, kept[-1]], strict=True):
        assert (points - template[nodes]).abs().max() < 0.05


def test_every_level_and_the_code_take_part(topology: Topology) -> None:
    made = decoder(topology, circles(topology)[:, 0])
    code = torch.randn(2, 4, requires_grad=True)
    features = [torch.rand(2, 4, 16, 16, requires_grad=True), torch.rand(2, 4, 8, 8, requires_grad=True)]
    made(code, torch.rand(2, 2, 32, 32), features)[-1].square().sum().backward()
    for value in (code, *features, *made.parameters()):
        assert value.grad is not None and value.grad.isfinite().all()
    assert all(value.grad.abs().sum() > 0 for value in (code, *features))


def test_a_random_start_knows_no_template(template: Template, config: FitConfig) -> None:
    changed = FitConfig.from_dict({**config.to_dict(), "init": "random"})
    net = HybridNet(template.topology, torch.from_numpy(template.points), changed)
    points = net(torch.rand(1, 5, 32, 32), torch.ones(1, 5)).points
    assert (points - 0.5).abs().max() < 0.05
