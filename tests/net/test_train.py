"""The training loop: it learns, hears nothing of absent structures, and goes by progress instead of steps."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch

from atlaskit.config import FitConfig
from atlaskit.errors import InputError
from atlaskit.groupwise import Template
from atlaskit.net.data import Cases, draw
from atlaskit.net.hybrid import HybridNet, Prediction
from atlaskit.net.raster import planes
from atlaskit.net.train import Trainer
from atlaskit.schedules import Schedule, constant

OFF = dict.fromkeys(("pull", "steady", "edge", "elasticity", "curvature", "kl", "dice", "bce"), constant(0))
STILL = {"zoom": (1.0, 1.0), "rotation_deg": 0.0, "shift": 0.0, "dropout": 0.0}
ALL = {**dict.fromkeys(OFF, constant(1)), "chamfer": constant(10)}

Make = Callable[[FitConfig], Trainer]


@pytest.fixture
def make(template: Template) -> Make:
    def made(config: FitConfig) -> Trainer:
        torch.manual_seed(0)
        net = HybridNet(template.topology, torch.from_numpy(template.points), config)
        return Trainer(net, template.topology, torch.ones(5), config)

    return made


def total(trainer: Trainer, cases: Cases, progress: float = 0.5) -> float:
    """Weighted loss over all cases as they are."""
    config = replace(trainer.config, **STILL, batch=len(cases))
    batch = draw(cases, config, 0)
    with torch.no_grad():
        samples, present, _ = batch.seen()
        prediction = trainer.net(planes(samples, present, config.input_size), present)
        values, weights = trainer.losses(prediction, batch, progress), trainer.weights(progress)
    assert set(values) == set(weights)
    return sum(weights[name] * float(value) for name, value in values.items())


@pytest.mark.parametrize("init", ["template", "random"])
def test_a_few_steps_lower_the_loss(make: Make, cases: Cases, config: FitConfig, init: str) -> None:
    trainer = make(replace(config, losses=ALL, init=init, learning_rate=constant(3e-3), **STILL))
    before = total(trainer, cases)
    for _ in range(30):
        values = trainer.run(cases, 0.5)
        assert all(value.isfinite() for value in values.values())
    assert total(trainer, cases) < 0.95 * before


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_term_is_lowered_by_training_on_it(make: Make, cases: Cases, config: FitConfig, name: str) -> None:
    losses = {**OFF, "chamfer": constant(0), name: constant(1)}
    trainer = make(replace(config, losses=losses, batch=14, learning_rate=constant(1e-3), **STILL))
    torch.nn.init.constant_(trainer.net.decoder.out.mix.bias, 0.05)  # off the template, so that all have something to do
    before = total(trainer, cases)
    for _ in range(12):
        trainer.run(cases, 0.5)
    assert total(trainer, cases) < before


def test_every_level_is_pulled_to_its_own_landmarks(make: Make, cases: Cases, config: FitConfig, template: Template) -> None:
    trainer = make(replace(config, losses={**OFF, "chamfer": constant(0), "pull": constant(1)}))
    batch = draw(cases, trainer.config, 0)
    coarse = [node for loop in template.topology.loops for node in loop[::2]]
    seen = torch.cat([batch.wanted, batch.wanted[: len(batch.twins)]])
    right = Prediction([seen[:, coarse], seen, seen], batch.noise, batch.noise)
    assert trainer.losses(right, batch, 0.5)["pull"] == 0
    for level in range(3):
        moved = [points + (0.1 if k == level else 0.0) for k, points in enumerate(right.positions)]
        value = trainer.losses(replace(right, positions=moved), batch, 0.5)["pull"]
        assert float(value) == pytest.approx(0.02, rel=1e-4)  # 0.1 each way, whichever level it is


def test_absent_structures_teach_nothing(make: Make, cases: Cases, config: FitConfig) -> None:
    samples, wanted = cases.samples.clone(), cases.wanted.clone()
    absent = cases.present == 0
    samples[absent] = torch.rand(int(absent.sum()), 128, 2)
    wanted[(absent[:, 2]).nonzero().flatten(), 48:64] = 0.7  # the heart's
    other, states = replace(cases, samples=samples, wanted=wanted), []
    assert bool(absent[:, 2].any()) and not torch.equal(wanted, cases.wanted)
    for which in (cases, other):
        trainer = make(replace(config, losses=ALL, batch=14))
        for _ in range(3):
            trainer.run(which, 0.5)
        states.append(trainer.net.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_the_same_seed_gives_the_same_weights(make: Make, cases: Cases, config: FitConfig) -> None:
    states = []
    for noise in (0, 1):
        trainer = make(replace(config, losses=ALL))
        torch.manual_seed(noise)
        for _ in range(3):
            trainer.run(cases, 0.5)
        states.append(trainer.smooth.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_weights_follow_progress_and_not_steps(make: Make, config: FitConfig) -> None:
    losses = {"chamfer": Schedule(10, 100), **OFF, "dice": Schedule(0, 0.3, since=0.3, until=0.3)}
    for steps in (6, 1000):
        trainer = make(replace(config, steps=steps, losses=losses))
        assert trainer.weights(0.0) == {"chamfer": 10}
        assert trainer.weights(0.5) == {"chamfer": 55, "dice": 0.3}


def test_above_three_levels_the_bending_terms_weigh_less(make: Make, config: FitConfig) -> None:
    trainer = make(replace(config, losses=ALL))
    assert trainer.weights(0.5) == {name: schedule.at(0.5) for name, schedule in ALL.items()}
    trainer.config = replace(trainer.config, levels=6, graph_filters=(8,) * 6)
    relieved = {name for name, value in trainer.weights(0.5).items() if value == 0.5 * ALL[name].at(0.5)}
    assert relieved == {"elasticity", "curvature"}


def test_the_learning_rate_is_the_scheduled_one(make: Make, cases: Cases, config: FitConfig) -> None:
    trainer = make(replace(config, learning_rate=Schedule(1e-3, 1e-4)))
    trainer.run(cases, 0.5)
    assert trainer.optimiser.param_groups[0]["lr"] == pytest.approx(5.5e-4)


@pytest.mark.parametrize("averaging", [0.0, 0.995])
def test_the_kept_weights_are_an_average(make: Make, cases: Cases, config: FitConfig, averaging: float) -> None:
    trainer = make(replace(config, averaging=averaging))
    start = [value.clone() for value in trainer.net.parameters()]
    trainer.run(cases, 0.0)
    keep = 2 / 11 if averaging else 0.0
    for before, now, kept in zip(start, trainer.net.parameters(), trainer.smooth.parameters(), strict=True):
        torch.testing.assert_close(kept, keep * before + (1 - keep) * now)
        assert not kept.requires_grad or kept.grad is None


def test_checks_part_the_run_evenly(make: Make, cases: Cases, config: FitConfig) -> None:
    trainer, told, steps = make(config), [], []
    while trainer.progress(None) < 1:
        record = trainer.until_check(cases, limit_s=None, tick=told.append)
        assert trainer.until_check(cases, limit_s=None, tick=told.append) == record  # until it is said to be made
        trainer.checked_at(record["epoch"])
        steps.append((record["epoch"], record["step"]))
        assert all(np.isfinite(value) for value in record["losses"].values())
    assert steps == [(1, 2), (2, 4), (3, 6)]
    assert told == pytest.approx([k / 6 for k in range(1, 7)])


def test_a_time_limit_counts_as_the_whole_run(
    make: Make, cases: Cases, config: FitConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds: Iterator[int] = count()
    monkeypatch.setattr("atlaskit.net.train.time.perf_counter", lambda: float(next(seconds)))  # a second per step
    trainer = make(replace(config, steps=1000))
    record = trainer.until_check(cases, limit_s=9.0, tick=lambda progress: None)
    assert trainer.step == 3 and trainer.progress(9.0) == pytest.approx(1 / 3)
    while trainer.progress(9.0) < 1:
        trainer.checked_at(record["epoch"])
        record = trainer.until_check(cases, limit_s=9.0, tick=lambda progress: None)
    assert trainer.step == 9 and record["epoch"] == 3
    assert record["learning_rate"] == pytest.approx(config.learning_rate.stop)  # schedules ran to their end


def test_a_run_that_diverges_says_so(make: Make, cases: Cases, config: FitConfig) -> None:
    trainer = make(replace(config, losses={**OFF, "chamfer": constant(1e30), "elasticity": constant(1e38)}))
    with torch.no_grad():
        trainer.net.decoder.out.mix.bias.fill_(1e20)
    with pytest.raises(InputError, match="diverged at step 0"):
        trainer.run(cases, 0.5)
