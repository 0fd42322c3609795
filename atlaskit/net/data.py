"""Cases as tensors: contours in, augmented batches out, all on the device and all from one seed per step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlaskit.assignment import Array
from atlaskit.config import FitConfig
from atlaskit.frames import Frames
from atlaskit.groupwise import Template
from atlaskit.net.losses import Counts


@dataclass(frozen=True)
class Cases:
    """N cases in the unit frame, on the device that trains.

    Attributes
    ----------
    samples : (N, S, M, 2) tensor
        Contour samples; 0 where absent.
    wanted : (N, L, 2) tensor
        Groupwise landmarks; 0 where absent.
    present : (N, S) tensor
    frames : Frames
        Back to pixels.
    """

    samples: Tensor
    wanted: Tensor
    present: Tensor
    frames: Frames

    def __len__(self) -> int:
        return len(self.samples)


@dataclass(frozen=True)
class Batch:
    """B augmented cases.

    Attributes
    ----------
    samples : (B, S, M, 2) tensor
    wanted : (B, L, 2) tensor
    present : (B, S) tensor
        Structures that were dropped count as absent.
    noise : (B, Z) tensor
        For the latent.
    twins : (K, S) tensor
        Structures of the first K cases but for one: what is present when they are seen a second time.
    whole : Counts or None
        Of the batch that this is a part of; None for a whole one.
    """

    samples: Tensor
    wanted: Tensor
    present: Tensor
    noise: Tensor
    twins: Tensor
    whole: Counts | None = None

    def part(self, rank: int, ranks: int) -> Batch:
        """Every so many-th case: those that have twins still come first, and no rank has many more of them than another."""
        if ranks == 1:
            return self
        mine = slice(rank, None, ranks)
        samples, wanted, present = self.samples[mine], self.wanted[mine], self.present[mine]
        return Batch(samples, wanted, present, self.noise[mine], self.twins[mine], Counts.of(self.present, self.twins))

    def tensors(self) -> list[Tensor]:
        """All its tensors, as `of` takes them."""
        counts = self.whole or Counts.of(self.present, self.twins)
        own = [self.samples, self.wanted, self.present, self.noise, self.twins]
        return [*own, counts.structures, counts.twin_structures]

    @classmethod
    def of(cls, tensors: Sequence[Tensor], cases: int) -> Batch:
        """What `tensors` gave, of a whole batch of so many cases."""
        samples, wanted, present, noise, twins, structures, twin_structures = tensors
        return cls(samples, wanted, present, noise, twins, Counts(structures, twin_structures, cases))

    def seen(self) -> tuple[Tensor, Tensor, Tensor]:
        """Samples, presence and noise of the B cases and their K twins."""
        count = len(self.twins)
        return (
            torch.cat([self.samples, self.samples[:count]]),
            torch.cat([self.present, self.twins]),
            torch.cat([self.noise, self.noise[:count]]),
        )


def make_cases(template: Template, samples: Array, wanted: Array | None, device: torch.device) -> Cases:
    """Bring cases into the unit frame and onto a device.

    Parameters
    ----------
    template : Template
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where absent.
    wanted : (N, L, 2) array or None
        Groupwise landmarks, pixels; NaN where absent. Without them the template's are taken.
    device : torch.device
    """
    found = template.frames(samples)
    points = template.points[None].repeat(len(samples), 0) if wanted is None else found.to_unit(wanted)

    def tensor(values: NDArray[np.floating]) -> Tensor:
        return torch.from_numpy(np.nan_to_num(values).astype(np.float32)).to(device)

    present = ~np.isnan(samples[:, :, 0, 0])
    return Cases(tensor(found.to_unit(found.facing(samples))), tensor(points), tensor(present.astype(np.float32)), found)


def draw(cases: Cases, config: FitConfig, step: int) -> Batch:
    """The batch of a step: a function of the seed and the step alone, so that a run can be resumed anywhere.

    Parameters
    ----------
    cases : Cases
    config : FitConfig
    step : int

    Returns
    -------
    Batch
        Cases without replacement within an epoch; scaled per axis, rotated about the frame's centre and shifted.
    """
    size, device = config.batch, cases.samples.device
    chance = _chance(config.seed, 0, step)
    chosen = torch.cat([_nth(len(cases), config.seed, step * size + k) for k in range(size)])
    low, high = config.zoom
    zoom = torch.exp(torch.empty(size, 2).uniform_(math.log(low), math.log(high), generator=chance))
    angle = torch.randn(size, generator=chance) * math.radians(config.rotation_deg)
    shift = (torch.rand(size, 2, generator=chance) * 2 - 1) * config.shift
    noise = torch.randn(size, config.latent, generator=chance)
    keep = torch.rand(size, cases.present.shape[1], generator=chance) >= config.dropout
    lot = torch.rand(min(config.twins, size), cases.present.shape[1], generator=chance)
    cos, sin = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2) * zoom[:, None, :]
    chosen, turn, shift, noise, keep, lot = onto(device, chosen, turn, shift, noise, keep, lot)
    present = cases.present[chosen]
    kept = present * keep
    kept = torch.where(kept.sum(1, keepdim=True) > 0, kept, present)

    twins = kept[: len(lot)]
    lost = (lot * twins).argmax(1, keepdim=True)
    less = torch.scatter(twins, 1, lost, 0.0)
    twins = torch.where(less.sum(1, keepdim=True) > 0, less, twins)

    def moved(points: Tensor) -> Tensor:
        flat = (points.flatten(1, -2) - 0.5) @ turn.transpose(1, 2) + 0.5 + shift[:, None]
        return flat.reshape(points.shape)

    return Batch(moved(cases.samples[chosen]), moved(cases.wanted[chosen]), kept, noise, twins)


def onto(device: torch.device, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Small tensors from the CPU onto a device, without waiting for what it still has to do."""
    if device.type == "cpu":
        return tensors
    return tuple(tensor.pin_memory().to(device, non_blocking=True) for tensor in tensors)


_EPOCHS: dict[tuple[int, int, int], Tensor] = {}


def _nth(count: int, seed: int, position: int) -> Tensor:
    """(1,) index of the case at a position in an endless sequence of shuffled epochs."""
    epoch, place = divmod(position, count)
    key = (count, seed, epoch)
    if key not in _EPOCHS:
        _EPOCHS.clear()
        _EPOCHS[key] = torch.randperm(count, generator=_chance(seed, 1, epoch))
    return _EPOCHS[key][place : place + 1]


def _chance(*key: int) -> torch.Generator:
    """A generator for each key; hashed, because torch looks at 32 bits of a seed only."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))
