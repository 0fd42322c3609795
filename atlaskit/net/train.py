"""The training loop: steps, validation, checkpoints; nothing that knows files of masks."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from atlaskit.config import FitConfig
from atlaskit.errors import InputError
from atlaskit.net import ranks
from atlaskit.net.data import Batch, Cases, draw, onto
from atlaskit.net.decoder import levels_of
from atlaskit.net.hybrid import HybridNet, Prediction
from atlaskit.net.losses import COARSE_RELIEF, FINAL_ONLY, TERMS, Loops, Scene
from atlaskit.net.raster import planes
from atlaskit.net.speed import Recorded, Speed
from atlaskit.topology import Topology

LOOK = {"cpu": 1, "cuda": 25}
"""Steps from one look for divergence to the next, by device: a look waits until CUDA has done what it was told."""
DEFAULT = Speed()


class Trainer:
    """Everything that changes while a network is fitted.

    Parameters
    ----------
    net : HybridNet
        On the device of the cases.
    topology : Topology
    relative : (S,) tensor
        Mean contour length of each structure over the longest.
    config : FitConfig
    speed : Speed
    """

    def __init__(self, net: HybridNet, topology: Topology, relative: Tensor, config: FitConfig, speed: Speed = DEFAULT) -> None:
        self.config, self.speed = config, speed
        self.device = next(net.parameters()).device
        self.net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.smooth = copy.deepcopy(self.net).eval()
        self.optimiser = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=config.weight_decay, foreach=True)
        graphs, kept = levels_of(topology)
        self.loops = [Loops.of(graph, self.device) for graph in graphs]
        self.kept = [torch.as_tensor(nodes, device=self.device) for nodes in kept]
        self.relative = relative.to(self.device)
        self.forward: Callable[..., Prediction] = torch.compile(self.net) if speed.compiled else self.net
        self.recorded: dict[tuple[str, ...], Recorded] = {}  # by the loss terms that count, the last ones only
        self.step = 0
        self.diverged = torch.full((), -1, device=self.device)  # the first step with a gradient that is not finite
        self.seconds = 0.0
        self.whole = True  # not amid an update
        self.checked = 0  # the last check, counted from 1
        self.sums: dict[str, Tensor] = {}  # of each loss term, since that check
        self.since = 0  # steps since that check

    def run(self, cases: Cases, progress: float) -> dict[str, Tensor]:
        """One optimiser step at a progress in [0, 1]; returns the unweighted value of each loss term that counts."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate.at(progress)
        batch = draw(cases, self.config, self.step).part(ranks.rank(), ranks.count())
        self.net.train()
        found = self._gradients(batch, progress)
        ranks.add_up([*(value.grad for value in self.net.parameters() if value.grad is not None), *found.values()])
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.diverged = torch.where((self.diverged < 0) & ~torch.isfinite(norm), self.step, self.diverged)
        if self.step % LOOK[self.device.type] == 0:
            self.assert_finite()
        self.whole = False
        self.optimiser.step()
        self.step += 1
        self._average()
        self.whole = True
        return found

    def _gradients(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Leave the gradient of a batch in the parameters; returns the value of each loss term that counts."""
        weights = self.weights(progress)
        if not self.speed.recorded or not weights:
            return self._backward(batch, progress, weights)

        def work(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
            now = dict(zip(weights, tensors[0].unbind(), strict=True))
            return tuple(self._backward(Batch.of(tensors[1:], self.config.batch), progress, now).values())

        inputs = [*onto(self.device, torch.tensor(list(weights.values()))), *batch.tensors()]
        if (names := tuple(weights)) not in self.recorded:
            self.recorded = {names: Recorded(work, inputs)}
        return dict(zip(names, self.recorded[names](inputs), strict=True))

    def _backward(self, batch: Batch, progress: float, weights: Mapping[str, float | Tensor]) -> dict[str, Tensor]:
        with self.speed.autocast(self.device):
            samples, present, noise = batch.seen()
            seen = planes(samples, present, self.config.input_size)
            prediction = self.forward(seen, present, noise)
        values = self.losses(prediction, batch, progress)
        total = sum((weights[name] * value for name, value in values.items()), torch.zeros((), device=self.device))
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        return {name: value.detach() for name, value in values.items()}

    def assert_finite(self) -> None:
        """Refuse to go on when a gradient was not finite since the last look."""
        if (step := int(self.diverged)) >= 0:
            raise InputError(f"Training diverged at step {step}: lower learning_rate or the weights of the losses.")

    def weights(self, progress: float) -> dict[str, float]:
        """The weight of each loss term at a progress; terms of weight 0 are left out."""
        at = {name: schedule.at(progress) for name, schedule in self.config.losses.items()}
        relief = min(1.0, 3 / self.config.levels)
        return {name: value * (relief if name in COARSE_RELIEF else 1.0) for name, value in at.items() if value > 0}

    def losses(self, prediction: Prediction, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Each loss term that counts, summed over the levels it belongs to."""
        weights = self.weights(progress)
        raster = self.config.raster_size if {"dice", "bce"} & set(weights) else 0
        truth = planes(batch.samples, batch.present, raster) if raster else None
        count = len(batch.samples)
        thin = max(1, batch.samples.shape[2] // self.config.boundary_samples)
        boundary = batch.samples[:, :, ::thin]
        values = dict.fromkeys(weights, torch.zeros((), device=self.device))
        finest = len(prediction.positions) - 1
        for level, points in enumerate(prediction.positions):
            graph = min(level, len(self.loops) - 1)
            scene = Scene(
                points=points[:count],
                loops=self.loops[graph],
                wanted=batch.wanted[:, self.kept[graph]],
                boundary=boundary,
                twins=points[count:],
                twins_present=batch.twins,
                present=batch.present,
                relative=self.relative,
                mean=prediction.mean[:count],
                log_variance=prediction.log_variance[:count],
                raster_size=raster,
                truth=truth,
                whole=batch.whole,
            )
            for name in weights:
                if level == finest or name not in FINAL_ONLY:
                    values[name] = values[name] + TERMS[name](scene)
        return values

    @torch.no_grad()
    def _average(self) -> None:
        """Move the kept weights toward the current ones; quickly at first."""
        keep = min(self.config.averaging, (1 + self.step) / (10 + self.step)) if self.config.averaging else 0.0
        torch._foreach_lerp_(list(self.smooth.parameters()), list(self.net.parameters()), 1 - keep)

    def progress(self, limit_s: float | None) -> float:
        """How far the run is, in [0, 1]: by steps, or by time where a limit is set and comes first."""
        by_time = self.seconds / limit_s if limit_s else 0.0
        return min(1.0, max(self.step / self.config.steps, by_time))

    def until_check(self, cases: Cases, *, limit_s: float | None, tick: Callable[[float], None]) -> dict[str, Any]:
        """Train up to the next check and return its record for the log; an interrupted call is taken up by the next.

        Parameters
        ----------
        cases : Cases
        limit_s : float or None
            Training time that counts as the whole run.
        tick : callable
            Told the progress after every step.
        """
        goal = min(1.0, (self.checked + 1) / self.config.checks)
        while (progress := self.progress(limit_s)) < goal - 1e-9:
            with ranks.step(progress):
                began = time.perf_counter()
                for name, value in self.run(cases, progress).items():
                    self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + value
                self.since += 1
                self.seconds += time.perf_counter() - began
            tick(self.progress(limit_s))
        self.assert_finite()
        return {
            "epoch": round(progress * self.config.checks),
            "step": self.step,
            "seconds": round(self.seconds, 3),
            "learning_rate": self.config.learning_rate.at(progress),
            "losses": {name: float(value) / max(self.since, 1) for name, value in self.sums.items()},
            "weights": self.weights(progress),
        }

    def checked_at(self, epoch: int) -> None:
        """Go on to the next check: that of a record has been made."""
        self.checked, self.sums, self.since = epoch, {}, 0

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on as if never interrupted."""
        return {
            "net": self.net.state_dict(),
            "smooth": self.smooth.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "checked": self.checked,
            "sums": self.sums,
            "since": self.since,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a `state`."""
        self.net.load_state_dict(state["net"])
        self.smooth.load_state_dict(state["smooth"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = int(state["step"]), float(state["seconds"])
        self.checked, self.since = int(state["checked"]), int(state["since"])
        self.sums = {name: value.to(self.device) for name, value in state["sums"].items()}
