"""The whole network: the latent is drawn in training only."""

import torch

from atlaskit.net.hybrid import HybridNet


def test_without_noise_the_latent_mean_is_decoded_every_time(net: HybridNet) -> None:
    planes, present = torch.rand(2, 5, 32, 32), torch.ones(2, 5)
    for training in (True, False):
        net.train(training)
        first, again = net(planes, present), net(planes, present)
        assert torch.equal(first.points, again.points)
        assert torch.equal(first.points, net(planes, present, torch.zeros(2, 8)).points)


def test_noise_moves_the_landmarks_and_nothing_else(net: HybridNet) -> None:
    planes, present, noise = torch.rand(2, 5, 32, 32), torch.ones(2, 5), torch.randn(2, 8)
    still, moved = net(planes, present), net(planes, present, noise)
    assert torch.equal(still.mean, moved.mean) and torch.equal(still.log_variance, moved.log_variance)
    assert not torch.equal(still.points, moved.points)


def test_prediction_leaves_the_global_random_state_alone(net: HybridNet) -> None:
    before = torch.random.get_rng_state()
    net(torch.rand(1, 5, 32, 32, generator=torch.Generator().manual_seed(0)), torch.ones(1, 5))
    assert torch.equal(before, torch.random.get_rng_state())
