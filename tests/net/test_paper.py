"""The preset `paper` is the published recipe: every number of its network, and a start that knows no shape."""

import math

import pytest
import torch

from atlaskit.config import FitConfig
from atlaskit.net.graph import ChebyshevConvolution
from atlaskit.net.hybrid import HybridNet
from atlaskit.topology import Topology, independent

PAPER = FitConfig.named("paper")
SMALL = FitConfig.named("paper", input_size=32)


@pytest.fixture(scope="module")
def chest() -> Topology:
    """Loops by the rule from mean lengths, in pixels at 512, as those of the published chests."""
    lengths = {"right lung": 1590.0, "heart": 1010.0, "clavicle": 560.0}
    return independent(lengths, nodes=PAPER.nodes, scale=PAPER.node_scale, levels=PAPER.levels)


@pytest.fixture(scope="module")
def net(chest: Topology) -> HybridNet:
    torch.manual_seed(0)
    return HybridNet(chest, torch.zeros(chest.n_landmarks, 2), SMALL).eval()


def test_nodes_follow_the_contours_length_and_have_a_floor(chest: Topology) -> None:
    assert [len(loop) for loop in chest.loops] == [80, 64, 64]


def test_the_encoder_has_the_published_stages() -> None:
    assert len(PAPER.filters) == min(int(math.log2(PAPER.input_size)) - 2, 5)
    assert (PAPER.input_size, PAPER.stem, PAPER.latent) == (512, 1, 64)
    assert PAPER.filters == (16, 32, 64, 128, 256)


def test_the_decoder_has_the_published_widths_order_and_levels(net: HybridNet) -> None:
    convolutions = [module for module in net.decoder.modules() if isinstance(module, ChebyshevConvolution)]
    assert [c.mix.out_features for c in convolutions] == [32, 32, 24, 24, 16, 16, 8, 8, 2]
    assert all(c.order == 6 and c.mix.in_features == 6 * c.mix.out_features for c in convolutions[:-1])
    assert [head.out_features for head in net.decoder.heads] == [2, 2, 2]
    found = net(torch.zeros(1, 3, 32, 32), torch.ones(1, 3))
    assert [points.shape[1] for points in found.positions] == [52, 104, 208, 208]
    assert found.mean.shape == (1, 64)


def test_the_optimiser_and_the_augmentation_are_the_published_ones() -> None:
    assert (PAPER.steps, PAPER.batch, PAPER.weight_decay, PAPER.averaging) == (250_000, 1, 1e-6, 0)
    assert [PAPER.learning_rate.at(t) for t in (0, 0.49, 0.5, 1)] == [1e-4, 1e-4, 1e-5, 1e-5]
    assert (PAPER.zoom, PAPER.rotation_deg, PAPER.shift, PAPER.dropout, PAPER.twins) == ((0.7, 1.2), 15, 0, 0, 0)
    assert PAPER.raster_size == PAPER.input_size
