"""Batches: a function of seed and step, every case once an epoch, and everything moved together."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from atlaskit.config import FitConfig
from atlaskit.frames import Frames
from atlaskit.groupwise import Template
from atlaskit.net.data import Batch, Cases, draw, make_cases
from atlaskit.net.raster import planes

Array = NDArray[np.float64]
STILL = {"zoom": (1.0, 1.0), "rotation_deg": 0.0, "shift": 0.0, "dropout": 0.0}


def same(a: Batch, b: Batch) -> bool:
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in ("samples", "wanted", "present", "noise", "twins"))


def numbered(count: int) -> Cases:
    """Cases that are told apart by the place of their one structure."""
    samples = torch.arange(count, dtype=torch.float32).reshape(-1, 1, 1, 1).expand(-1, 1, 4, 2)
    frames = Frames(np.zeros((count, 2)), np.ones(count))
    return Cases(samples, samples[:, 0], torch.ones(count, 1), frames)


def test_a_batch_depends_on_seed_and_step_alone(cases: Cases, config: FitConfig) -> None:
    forwards = [draw(cases, config, step) for step in range(9)]
    torch.manual_seed(99)
    state = torch.random.get_rng_state()
    for step in (8, 2, 5, 0, 5):  # in any order, whatever the global state, across epochs
        assert same(draw(cases, config, step), forwards[step])
    assert torch.equal(state, torch.random.get_rng_state())
    assert not same(forwards[0], forwards[1])
    other = draw(cases, replace(config, seed=1), 0)
    assert not torch.equal(other.noise, forwards[0].noise) and not torch.equal(other.samples, forwards[0].samples)


@given(count=st.integers(1, 20), batch=st.integers(1, 9), seed=st.integers(0, 5))
@settings(max_examples=25)
def test_every_epoch_uses_every_case_once(count: int, batch: int, seed: int) -> None:
    cases, config = numbered(count), FitConfig(seed=seed, batch=batch, **STILL)
    steps = -(-2 * count // batch)
    order = torch.cat([draw(cases, config, step).samples[:, 0, 0, 0] for step in range(steps)]).round().int()
    for epoch in (order[:count], order[count : 2 * count]):
        assert sorted(epoch.tolist()) == list(range(count))


def test_epochs_are_shuffled_anew() -> None:
    config = FitConfig(batch=30, **STILL)
    first, second = (draw(numbered(30), config, step).samples[:, 0, 0, 0] for step in (0, 1))
    assert not torch.equal(first, second) and not torch.equal(first, first.sort().values)


@pytest.mark.parametrize("dropout", [0.0, 0.5, 1.0])
def test_dropout_hides_some_structures_but_never_all(cases: Cases, config: FitConfig, dropout: float) -> None:
    config = replace(config, dropout=dropout, zoom=(1.0, 1.0), rotation_deg=0.0, shift=0.0, batch=14)
    hidden = 0
    for step in range(20):
        batch = draw(cases, config, step)
        found = [int((cases.samples - one).abs().sum((1, 2, 3)).argmin()) for one in batch.samples]
        there = cases.present[found]
        assert bool((batch.present <= there).all()) and bool((batch.present.sum(1) >= 1).all())
        hidden += int((there - batch.present).sum())
    assert (hidden > 0) == (dropout == 0.5)  # where all would be hidden, none is


def moved_by(before: Tensor, after: Tensor) -> tuple[Array, Array]:
    """The affine map (2, 2), (2,) between two sets of points; exact, or an assertion fails."""
    x = np.column_stack([before.flatten(0, -2).double(), np.ones(before[..., 0].numel())])
    y = after.flatten(0, -2).double().numpy()
    found = np.linalg.lstsq(x, y, rcond=None)[0]
    np.testing.assert_allclose(x @ found, y, atol=1e-5)
    return found[:2].T, found[2]


def test_a_case_moves_as_one_within_the_bounds(cases: Cases, config: FitConfig) -> None:
    alone = Cases(cases.samples[:1], cases.samples[:1].flatten(1, 2), cases.present[:1], cases.frames)
    config = replace(config, batch=1, zoom=(0.8, 1.3), rotation_deg=30.0, shift=0.1)
    zooms, angles, shifts = [], [], []
    for step in range(40):
        batch = draw(alone, config, step)
        torch.testing.assert_close(batch.wanted, batch.samples.flatten(1, 2), atol=1e-6, rtol=0)
        turn, shift = moved_by(alone.samples[0], batch.samples[0])
        zooms.append(np.linalg.norm(turn, axis=0))
        angles.append(math.atan2(turn[1, 0], turn[0, 0]))
        shifts.append(turn @ [0.5, 0.5] + shift - 0.5)
        assert np.linalg.det(turn) > 0  # named sides are never mirrored
        assert abs(turn[:, 0] @ turn[:, 1]) < 1e-4  # scaled along the axes, then turned
    assert np.min(zooms) >= 0.8 - 1e-4 and np.max(zooms) <= 1.3 + 1e-4 and np.ptp(zooms) > 0.3
    assert np.abs(shifts).max() <= 0.1 + 1e-4 and np.ptp(shifts) > 0.1
    assert 20 < np.degrees(np.std(angles)) < 40


def test_the_network_sees_the_moved_contours(cases: Cases, config: FitConfig) -> None:
    batch = draw(cases, replace(config, batch=6, shift=0.1), 0)
    seen = planes(batch.samples, batch.present, 64)
    at = (torch.arange(64) + 0.5) / 64
    for b, s in batch.present.nonzero().tolist():
        place = torch.stack([(seen[b, s].sum(0) * at).sum(), (seen[b, s].sum(1) * at).sum()]) / seen[b, s].sum()
        low, high = batch.samples[b, s].amin(0), batch.samples[b, s].amax(0)
        assert bool((place > low).all()) and bool((place < high).all())
        x, y = batch.samples[b, s].T
        area = float((x * y.roll(-1) - x.roll(-1) * y).sum()) / 2
        if bool((low > 0).all()) and bool((high < 1).all()):
            assert float(seen[b, s].mean()) == pytest.approx(area, rel=1e-3)
    assert float(seen[batch.present == 0].abs().sum()) == 0


def test_cases_lie_in_the_unit_frame_and_come_back_in_pixels(
    cases: Cases, template: Template, samples: Array, wanted: Array
) -> None:
    there = ~np.isnan(samples[:, :, 0, 0])
    np.testing.assert_array_equal(cases.present.numpy() > 0, there)
    assert 0 < (~there).sum() < there.size
    assert float(cases.samples[cases.present == 0].abs().sum()) == 0
    back = cases.frames.to_pixels(cases.samples.double().numpy())
    np.testing.assert_allclose(back[there], samples[there], atol=1e-4)
    known = ~np.isnan(wanted)
    np.testing.assert_allclose(cases.frames.to_pixels(cases.wanted.double().numpy())[known], wanted[known], atol=1e-4)
    assert np.sqrt(((cases.wanted[0].numpy() - template.points) ** 2).sum(-1)).mean() < 0.06


def test_without_groupwise_landmarks_the_template_is_wanted(template: Template, samples: Array) -> None:
    made = make_cases(template, samples, None, torch.device("cpu"))
    np.testing.assert_allclose(made.wanted[3], template.points, atol=1e-6)
    assert len(made) == len(samples) and made.samples.dtype == torch.float32


def test_a_case_without_any_structure_stays_empty(
    template: Template, samples: Array, config: FitConfig, choose: Callable[[Cases, list[int]], Cases]
) -> None:
    empty = np.full_like(samples[:1], np.nan)
    made = make_cases(template, empty, None, torch.device("cpu"))
    batch = draw(choose(made, [0]), config, 0)
    assert float(batch.present.sum()) == 0 and batch.samples.isfinite().all()


@pytest.mark.parametrize("twins", [0, 3, 9])
def test_a_twin_lacks_one_structure_unless_it_is_the_only_one(cases: Cases, config: FitConfig, twins: int) -> None:
    few = replace(cases, present=cases.present.clone())
    few.present[:5] = torch.eye(5)
    for step in range(8):
        batch = draw(few, replace(config, twins=twins), step)
        count = min(twins, config.batch)
        samples, present, noise = batch.seen()
        assert len(batch.twins) == count and len(samples) == len(present) == len(noise) == config.batch + count
        assert torch.equal(present[config.batch :], batch.twins)
        assert torch.equal(samples[config.batch :], batch.samples[:count])
        whole = batch.present[:count]
        assert (batch.twins <= whole).all()
        assert torch.equal(whole.sum(1) - batch.twins.sum(1), (whole.sum(1) > 1).float())
