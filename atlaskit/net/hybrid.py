"""Mask-HybridGNet: a variational encoder of structure planes and a graph decoder of landmarks.

References
----------
Gaggion et al., Mask-HybridGNet, arXiv 2602.21179 (2026). Written from the paper's description.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from atlaskit.config import FitConfig
from atlaskit.net.decoder import GraphDecoder
from atlaskit.net.encoder import Encoder
from atlaskit.topology import Topology


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
        start = template if config.init == "template" else torch.full_like(template, 0.5)
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
