"""Convolutional encoder: structure planes to a latent distribution, and feature maps for the graph decoder to look at."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUP = 8
"""Channels per normalisation group. Groups, not batches: a case's landmarks must not depend on its batch."""


class Residual(nn.Module):
    """Two 3 x 3 convolutions with group normalisation, beside a 1 x 1 shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        groups = max(1, outputs // GROUP) if outputs % GROUP == 0 else 1
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.first_norm = nn.GroupNorm(groups, outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.GroupNorm(groups, outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, F_in, H, W) to (B, F_out, H, W)."""
        y = functional.relu(self.first_norm(self.first(x)), inplace=True)
        y = self.second_norm(self.second(y))
        return functional.relu(y + self.shortcut(x), inplace=True)


class Encoder(nn.Module):
    """Residual stages, each followed by 2 x pooling, then two linear maps to mean and log-variance.

    The same convolutions run over each structure's plane apart, and the structures meet in the latent code only. Read all
    at once, as published, a plane that is missing changes the features of all others: on chest masks the lungs then move
    by 1.2 px when the heart is emptied, in spite of the loss term ``steady``, against 0.6 px so; their outlines are no nearer.

    Parameters
    ----------
    structures : int
        S, the input planes.
    size : int
        Width and height of the input planes.
    stem : int
        Space-to-depth factor: trades the first, largest convolutions for channels.
    filters : tuple of int
        Width of each stage.
    latent : int
        Z.
    """

    def __init__(self, structures: int, size: int, stem: int, filters: tuple[int, ...], latent: int) -> None:
        super().__init__()
        self.stem = stem
        widths = (stem * stem, *filters)
        self.stages = nn.ModuleList(Residual(a, b) for a, b in pairwise(widths))
        self.last = Residual(filters[-1], filters[-1])
        flat = structures * (filters[-1] * (size // (stem * 2 ** len(filters))) ** 2 + 1)
        self.mean = nn.Linear(flat, latent)
        self.spread = nn.Linear(flat, latent)
        nn.init.zeros_(self.spread.weight)
        nn.init.constant_(self.spread.bias, -5.0)  # little noise at first: the code must carry the shape before it is smoothed

    def forward(self, planes: Tensor, present: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Encode.

        Parameters
        ----------
        planes : (B, S, H, W) tensor
            Coverage in [0, 1]; an absent structure is all 0.
        present : (B, S) tensor
            1 where the structure is there.

        Returns
        -------
        mean, log_variance : (B, Z) tensors
            The log-variance is bounded to [-8, 8].
        features : list of (B x S, F, h, w) tensors
            Output of each stage before pooling, fine to coarse; a case's structures lie together.
        """
        x = planes.flatten(0, 1)[:, None]
        x = functional.pixel_unshuffle(x, self.stem) if self.stem > 1 else x
        x = x.contiguous(memory_format=torch.channels_last)
        features: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
            x = functional.avg_pool2d(x, 2)
        here = present.to(x.dtype)[..., None]
        x = torch.cat([self.last(x).reshape(*present.shape, -1) * here, here], dim=2).flatten(1)
        return self.mean(x), 8 * torch.tanh(self.spread(x) / 8), features
