"""Prediction: batches and company change nothing, and landmarks come back in pixels."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from atlaskit.config import FitConfig
from atlaskit.errors import InputError
from atlaskit.groupwise import Template
from atlaskit.net.data import Cases
from atlaskit.net.hybrid import HybridNet
from atlaskit.net.network import Network
from atlaskit.net.predict import GROUP, Landmarks, device_named, landmarks_of, predict

Choose = Callable[[Cases, list[int]], Cases]
LEAST_PX = 1e-3
"""Rounding of single precision, with weights that magnify it; batch statistics would move landmarks by pixels."""


def at(net: HybridNet, cases: Cases) -> Landmarks:
    return predict(net, cases, input_size=32)


@pytest.mark.parametrize("group", [1, 4, 5, 32])
def test_the_size_of_groups_changes_rounding_only(
    net: HybridNet, cases: Cases, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = at(net, cases)
    monkeypatch.setitem(GROUP, "cpu", group)
    found = at(net, cases)
    assert found.points.shape == (14, 96, 2) and found.latent.shape == (14, 8)
    np.testing.assert_allclose(found.points, expected.points, atol=LEAST_PX)
    np.testing.assert_allclose(found.latent, expected.latent, atol=1e-5)
    assert np.ptp(found.points - net_template(net, cases), axis=0).max() > 1  # it does say something of each case


def net_template(net: HybridNet, cases: Cases) -> np.ndarray:
    """(N, L, 2) where the template lies in each case, pixels."""
    finest = net.decoder.get_buffer("template1")[:, 0].double().numpy()
    return cases.frames.to_pixels(np.broadcast_to(finest, (len(cases), *finest.shape)))


def test_order_and_company_change_rounding_only(net: HybridNet, cases: Cases, choose: Choose) -> None:
    expected = at(net, cases).points
    backwards = at(net, choose(cases, list(range(13, -1, -1)))).points[::-1]
    alone = np.concatenate([at(net, choose(cases, [i])).points for i in range(14)])
    for found in (backwards, alone):
        np.testing.assert_allclose(found, expected, atol=LEAST_PX)


def test_the_same_call_gives_the_same_bits(net: HybridNet, cases: Cases) -> None:
    torch.manual_seed(1)
    first = at(net, cases)
    torch.manual_seed(2)
    again = at(net, cases)
    assert np.array_equal(first.points, again.points) and np.array_equal(first.latent, again.latent)


def test_contours_of_absent_structures_are_not_looked_at(net: HybridNet, cases: Cases) -> None:
    samples = cases.samples.clone()
    samples[cases.present == 0] = 0.5 + 0.1 * torch.rand(int((cases.present == 0).sum()), 128, 2)
    other = Cases(samples, cases.wanted + 1, cases.present, cases.frames)
    assert np.array_equal(at(net, cases).points, at(net, other).points)


def test_a_fresh_network_says_the_template_in_each_cases_pixels(template: Template, cases: Cases, config: FitConfig) -> None:
    torch.manual_seed(0)
    fresh = HybridNet(template.topology, torch.from_numpy(template.points), config).eval()
    off = at(fresh, cases).points - net_template(fresh, cases)
    assert np.abs(off).max() < 0.03 * cases.frames.scale.max()


def test_a_network_predicts_contours_in_pixels_and_leaves_out_the_absent(
    net: HybridNet, template: Template, config: FitConfig, samples: np.ndarray, cases: Cases
) -> None:
    network = Network(net, template, (), config, np.zeros(8), np.ones(8))
    found, expected = landmarks_of(network, samples, device="cpu"), at(net, cases)
    for s, loop in enumerate(template.topology.loops):
        there = ~np.isnan(samples[:, s, 0, 0])
        assert np.isnan(found.points[~there][:, list(loop)]).all()
        np.testing.assert_array_equal(found.points[there][:, list(loop)], expected.points[there][:, list(loop)])
    np.testing.assert_array_equal(found.latent, expected.latent)


def test_numbers_are_plain_doubles_and_nothing_keeps_a_gradient(net: HybridNet, cases: Cases) -> None:
    found = at(net, cases)
    assert found.points.dtype == found.latent.dtype == np.float64
    assert np.isfinite(found.points).all()  # for absent structures too: whoever calls leaves them out
    assert all(value.grad is None for value in net.parameters())


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_named("auto") == device_named("cpu") == torch.device("cpu")
    with pytest.raises(InputError, match="--device cuda needs a CUDA device"):
        device_named("cuda")
    with pytest.raises(InputError, match="--device is auto, cpu or cuda; got 'gpu'"):
        device_named("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_named("auto") == torch.device("cuda")
