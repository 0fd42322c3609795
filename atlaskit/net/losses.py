"""Loss terms: one function each, all batched over cases and structures, all blind to absent structures.

Every term takes a `Scene` and returns one number. Levels are handled by the caller: a scene is one level's positions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from atlaskit.net.raster import coverage
from atlaskit.topology import Topology


@dataclass(frozen=True)
class Loops:
    """A topology's loops as tensors: structures are an axis, never a Python loop.

    Attributes
    ----------
    index : (S, n_max) long tensor
        Landmark indices along each loop; the padding repeats the last landmark.
    real : (S, n_max) tensor
        1 for landmarks, 0 for padding.
    after : (S, n_max) long tensor
        Place of the next landmark in the loop.
    """

    index: Tensor
    real: Tensor
    after: Tensor

    @classmethod
    def of(cls, topology: Topology, device: torch.device) -> Loops:
        """The loops of a topology."""
        lengths = torch.tensor([len(loop) for loop in topology.loops], device=device)
        longest = int(lengths.max())
        index = torch.tensor([[*loop, *[loop[-1]] * (longest - len(loop))] for loop in topology.loops], device=device)
        place = torch.arange(longest, device=device).expand_as(index)
        after = torch.where(place + 1 < lengths[:, None], place + 1, 0)
        return cls(index, (place < lengths[:, None]).float(), after)

    def gather(self, points: Tensor) -> Tensor:
        """(B, L, 2) landmarks as (B, S, n_max, 2) closed loops; the padding has no length."""
        return points.index_select(1, self.index.flatten()).reshape(len(points), *self.index.shape, 2)

    def step(self, along: Tensor) -> Tensor:
        """(B, S, n_max, 2) differences from each landmark to the next; 0 in the padding."""
        after = self.after[None, :, :, None].expand_as(along)
        return (torch.gather(along, 2, after) - along) * self.real[:, :, None]


@dataclass(frozen=True)
class Counts:
    """What means are taken over.

    Attributes
    ----------
    structures, twin_structures : () tensor
        Structures that are present in the cases, and in the twins; at least 1.
    cases : int
    """

    structures: Tensor
    twin_structures: Tensor
    cases: int

    @classmethod
    def of(cls, present: Tensor, twins_present: Tensor) -> Counts:
        """The counts of (B, S) cases and (K, S) twins."""
        return cls(present.sum().clamp_min(1), twins_present.sum().clamp_min(1), len(present))


@dataclass(frozen=True)
class Scene:
    """One level of a prediction, and what it should be.

    Attributes
    ----------
    points : (B, L, 2) tensor
        Predicted, unit frame.
    loops : Loops
    wanted : (B, L, 2) tensor
        Groupwise landmarks, unit frame; 0 where absent.
    twins : (K, L, 2) tensor
        Predicted for the first K cases when one of their structures is hidden.
    twins_present : (K, S) tensor
        What was not.
    boundary : (B, S, M, 2) tensor
        Samples of the true contours, unit frame; 0 where absent.
    present : (B, S) tensor
    relative : (S,) tensor
        Mean contour length over the longest.
    mean, log_variance : (B, Z) tensors
    raster_size : int
    truth : (B, S, R, R) tensor or None
        True coverage, where Dice and BCE are asked for.
    whole : Counts or None
        Of the batch that this is a part of, so that the values of all parts add up; None for a batch of its own.
    """

    points: Tensor
    loops: Loops
    wanted: Tensor
    twins: Tensor
    twins_present: Tensor
    boundary: Tensor
    present: Tensor
    relative: Tensor
    mean: Tensor
    log_variance: Tensor
    raster_size: int
    truth: Tensor | None
    whole: Counts | None = None

    @property
    def counts(self) -> Counts:
        """What the means of the terms are taken over."""
        return self.whole or Counts.of(self.present, self.twins_present)

    def over_present(self, value: Tensor) -> Tensor:
        """Mean of (B, S) values over the structures that are present."""
        return (value * self.present).sum() / self.counts.structures

    def over_nodes(self, value: Tensor) -> Tensor:
        """(B, S, n_max) values to their (B, S) means over each loop's landmarks."""
        return (value * self.loops.real).sum(-1) / self.loops.real.sum(-1)


def chamfer(scene: Scene) -> Tensor:
    """Mean squared distance from each landmark to the nearest boundary sample, and from each sample to the nearest landmark."""
    along = scene.loops.gather(scene.points)
    thin = max(1, scene.boundary.shape[2] // (2 * along.shape[2]))  # a coarse level needs no fine boundary
    boundary = scene.boundary[:, :, ::thin]
    with torch.no_grad():  # the nearest pair is fixed; only its distance has a gradient
        far = torch.cdist(along.flatten(0, 1), boundary.flatten(0, 1)).reshape(*along.shape[:3], -1)
        to_boundary = far.argmin(-1)
        to_landmark = (far.mT + (1 - scene.loops.real)[:, None]).argmin(-1)
    out = scene.over_nodes((along - _at(boundary, to_boundary)).square().sum(-1))
    back = (boundary - _at(along, to_landmark)).square().sum(-1).mean(-1)
    return scene.over_present(out + back)


def _at(points: Tensor, index: Tensor) -> Tensor:
    """(B, S, n, 2) points at (B, S, m) indices."""
    return torch.gather(points, 2, index[..., None].expand(-1, -1, -1, 2))


def pull(scene: Scene) -> Tensor:
    """Mean squared distance of each landmark to its groupwise position."""
    off = (scene.loops.gather(scene.points) - scene.loops.gather(scene.wanted)).square().sum(-1)
    return scene.over_present(scene.over_nodes(off))


def steady(scene: Scene) -> Tensor:
    """Mean squared distance of the landmarks of a case to those of its twin: what is missing must move nothing else."""
    own = scene.points[: len(scene.twins)]
    off = (scene.loops.gather(scene.twins) - scene.loops.gather(own)).square().sum(-1)
    return (scene.over_nodes(off) * scene.twins_present).sum() / scene.counts.twin_structures


def edge(scene: Scene) -> Tensor:
    """Mean over edges of ((length - mean length) / mean length)^2: even spacing."""
    length = scene.loops.step(scene.loops.gather(scene.points)).square().sum(-1).add(1e-12).sqrt()
    mean = scene.over_nodes(length)[..., None]
    return scene.over_present(scene.over_nodes(((length - mean) / mean.clamp_min(1e-6)).square()) * scene.relative)


def elasticity(scene: Scene) -> Tensor:
    """Mean squared edge length."""
    step = scene.loops.step(scene.loops.gather(scene.points))
    return scene.over_present(scene.over_nodes(step.square().sum(-1)) * scene.relative)


def curvature(scene: Scene) -> Tensor:
    """Mean squared second difference of consecutive landmarks."""
    step = scene.loops.step(scene.loops.gather(scene.points))
    bend = scene.loops.step(step)
    return scene.over_present(scene.over_nodes(bend.square().sum(-1)) * scene.relative)


def kl(scene: Scene) -> Tensor:
    """Kullback-Leibler divergence of the latent from N(0, 1), per case."""
    spread = 1 + scene.log_variance - scene.mean.square() - scene.log_variance.exp()
    return -0.5 * (spread.sum(-1).sum() / scene.counts.cases)


def _rasterised(scene: Scene) -> tuple[Tensor, Tensor]:
    """Coverage (B, S, R, R) of the predicted polygons, and the true one."""
    along = scene.loops.gather(scene.points).float()
    assert scene.truth is not None
    pieces = max(1, -(-4 * scene.raster_size // along.shape[2]))
    covered = coverage(along.flatten(0, 1), scene.raster_size, pieces=pieces).reshape(scene.truth.shape)
    return covered, scene.truth


def dice(scene: Scene) -> Tensor:
    """One less the soft Dice of each polygon's coverage."""
    covered, truth = _rasterised(scene)
    overlap = 2 * (covered * truth).sum((-1, -2)) / (covered + truth).sum((-1, -2)).clamp_min(1e-6)
    return scene.over_present(1 - overlap)


def bce(scene: Scene) -> Tensor:
    """Binary cross-entropy of each polygon's coverage against the true one, per pixel."""
    covered, truth = _rasterised(scene)
    value = functional.binary_cross_entropy(covered.clamp(1e-3, 1 - 1e-3), truth, reduction="none")
    return scene.over_present(value.mean((-1, -2)))


TERMS: dict[str, Callable[[Scene], Tensor]] = {
    "chamfer": chamfer,
    "pull": pull,
    "steady": steady,
    "edge": edge,
    "elasticity": elasticity,
    "curvature": curvature,
    "kl": kl,
    "dice": dice,
    "bce": bce,
}
"""Every loss term by its name in `atlaskit.config.FitConfig.losses`."""

FINAL_ONLY = ("kl", "dice", "bce")
"""Terms of the whole prediction; all others are summed over the levels (deep supervision)."""
COARSE_RELIEF = ("elasticity", "curvature")
"""Terms that are scaled by 3 / levels above three levels."""
