"""Mask-HybridGNet: a variational encoder of structure planes and a graph decoder of landmarks.

References
----------
Gaggion et al., Mask-HybridGNet, arXiv 2602.21179 (2026). Written from the paper's description.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from atlaskit.config import FitConfig
from atlaskit.net.decoder import GraphDecoder
from atlaskit.net.encoder import Encoder
from atlaskit.topology import Topology

RING = 0.1
"""Radius of the rings of a random start, in units of the frame."""


@dataclass(frozen=True)
class Prediction:
    """What the network says of a batch.

    Attributes
    ----------
    positions : list of (B, L_level, 2) tensors
        Landmarks in the unit frame: every level, coarse to fine, and the final ones last.
    mean, log_variance : (B, Z) tensors
        The latent distribution.
    """

    positions: list[Tensor]
    mean: Tensor
    log_variance: Tensor

    @property
    def points(self) -> Tensor:
        """(B, L, 2) final landmarks, unit frame."""
        return self.positions[-1]


def rings(topology: Topology) -> Tensor:
    """(L, 2) start that knows no shape: every loop runs once, the right way round, about the frame's centre.

    With the landmarks of a loop in random order, as a network without a start has them, most outlines end as knots or the
    wrong way round, and neither Chamfer, which is blind to order, nor a raster gets them out again.
    """
    points = torch.full((topology.n_landmarks, 2), 0.5)
    for loop in topology.loops:
        angle = torch.arange(len(loop)) * (2 * math.pi / len(loop))
        points[list(loop)] = 0.5 + RING * torch.stack([angle.cos(), angle.sin()], -1)
    return points


class HybridNet(nn.Module):
    """Planes (B, S, H, W) and presence (B, S) to landmarks (B, L, 2).

    Parameters
    ----------
    topology : Topology
    template : (L, 2) tensor
        Mean landmarks in the unit frame; ignored when ``config.init`` is "random".
    config : FitConfig
    """

    def __init__(self, topology: Topology, template: Tensor, config: FitConfig) -> None:
        super().__init__()
        start = template if config.init == "template" else rings(topology)
        self.encoder = Encoder(len(topology.structures), config.input_size, config.stem, config.filters, config.latent)
        self.decoder = GraphDecoder(
            topology,
            start.float(),
            latent=config.latent,
            widths=config.graph_filters,
            order=config.chebyshev,
            maps=list(config.filters),
            skip=config.skip_filters,
        )

    def forward(self, planes: Tensor, present: Tensor, noise: Tensor | None = None) -> Prediction:
        """Predict; with `noise` (B, Z) the latent is sampled (training), without it the mean is taken."""
        mean, log_variance, features = self.encoder(planes, present)
        mean, log_variance = mean.float(), log_variance.float()
        code = mean if noise is None else mean + noise * torch.exp(0.5 * log_variance)
        return Prediction(self.decoder(code, planes, features), mean, log_variance)
