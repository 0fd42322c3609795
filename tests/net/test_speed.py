"""How a device computes changes rounding only; recording is tried where there is CUDA, and its ways of calling everywhere."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from atlaskit.config import FitConfig
from atlaskit.groupwise import Template
from atlaskit.net.data import Cases
from atlaskit.net.hybrid import HybridNet
from atlaskit.net.predict import predict
from atlaskit.net.speed import Recorded, Speed, Work
from atlaskit.net.train import Trainer
from atlaskit.schedules import Schedule


class Played:
    """Like `Recorded`, without CUDA: the same tensors are filled anew and worked on again."""

    made = 0

    def __init__(self, work: Work, inputs: Sequence[Tensor]) -> None:
        self.work, self.inputs = work, [value.clone() for value in inputs]
        Played.made += 1

    def __call__(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        for own, value in zip(self.inputs, inputs, strict=True):
            own.copy_(value)
        return self.work(self.inputs)


def trained(template: Template, cases: Cases, config: FitConfig, speed: Speed) -> Trainer:
    where = cases.samples.device
    torch.manual_seed(0)
    net = HybridNet(template.topology, torch.from_numpy(template.points), config).to(where)
    trainer = Trainer(net, template.topology, torch.ones(5), config, speed)
    for step in range(6):
        trainer.run(cases, step / 6)
    return trainer


@pytest.fixture
def late(config: FitConfig) -> FitConfig:
    """A term that begins amid the run, so that what is recorded changes."""
    return replace(config, losses={**config.losses, "dice": Schedule(0, 1, since=0.5, until=0.5)})


def test_recorded_steps_are_the_same_steps(
    template: Template, cases: Cases, late: FitConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlaskit.net.train.Recorded", Played)
    monkeypatch.setattr(Played, "made", 0)
    plain, recorded = (trained(template, cases, late, Speed(recorded=on)) for on in (False, True))
    assert Played.made == 3  # from the start; with BCE from 0.3; with Dice from 0.5
    for value, other in zip(plain.net.parameters(), recorded.net.parameters(), strict=True):
        torch.testing.assert_close(other, value, atol=1e-6, rtol=1e-5)


def test_bfloat16_moves_landmarks_by_little(net: HybridNet, cases: Cases) -> None:
    whole, half = (predict(net, cases, input_size=32, half=on) for on in (False, True))
    moved = np.linalg.norm(whole.points - half.points, axis=-1)
    assert 0 < moved.max() < 0.02 * cases.frames.scale.mean()
    assert half.points.dtype == np.float64


def test_training_in_bfloat16_learns_too(template: Template, cases: Cases, late: FitConfig) -> None:
    trainer = trained(template, cases, late, Speed(half=True))
    assert all(value.isfinite().all() and value.dtype == torch.float32 for value in trainer.net.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")
@pytest.mark.parametrize("half", [False, True])
def test_recorded_on_cuda(template: Template, cases: Cases, late: FitConfig, half: bool) -> None:
    there = replace(cases, **{name: getattr(cases, name).cuda() for name in ("samples", "wanted", "present")})
    plain, recorded = (trained(template, there, late, Speed(half=half, recorded=on)) for on in (False, True))
    assert isinstance(next(iter(recorded.recorded.values())), Recorded)
    for value, other in zip(plain.net.parameters(), recorded.net.parameters(), strict=True):
        torch.testing.assert_close(other, value, atol=2e-2 if half else 1e-3, rtol=1e-2)
