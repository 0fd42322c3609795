"""The encoder: bounded, blind to its batch, and whole when nothing is there to see."""

import pytest
import torch

from atlaskit.net.encoder import Encoder


@pytest.fixture
def encoder() -> Encoder:
    torch.manual_seed(0)
    made = Encoder(3, size=32, stem=2, filters=(8, 16), latent=6)
    torch.nn.init.normal_(made.spread.weight)
    return made


@pytest.mark.parametrize("stem", [1, 2, 4])
def test_shapes_and_feature_maps_run_from_fine_to_coarse(stem: int) -> None:
    mean, log_variance, features = Encoder(3, 32, stem, (8, 16), 6)(torch.rand(2, 3, 32, 32), torch.ones(2, 3))
    assert mean.shape == log_variance.shape == (2, 6)
    size = 32 // stem
    assert [tuple(map_.shape) for map_ in features] == [(6, 8, size, size), (6, 16, size // 2, size // 2)]


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e6])
def test_the_log_variance_is_bounded_whatever_comes(encoder: Encoder, scale: float) -> None:
    mean, log_variance, _ = encoder(scale * torch.rand(4, 3, 32, 32), scale * torch.ones(4, 3))
    torch.nn.init.constant_(encoder.spread.bias, 1e9)
    _, above, _ = encoder(scale * torch.rand(4, 3, 32, 32), torch.ones(4, 3))
    for value in (log_variance, above):
        assert value.isfinite().all() and value.abs().max() <= 8
    assert mean.isfinite().all()


def test_the_log_variance_starts_low_everywhere() -> None:
    _, log_variance, _ = Encoder(3, 32, 2, (8, 16), 6)(torch.rand(4, 3, 32, 32), torch.ones(4, 3))
    assert log_variance.unique().numel() == 1 and -5 < log_variance[0, 0] < -4


@pytest.mark.parametrize("training", [True, False])
def test_a_case_is_encoded_the_same_alone_and_among_others(encoder: Encoder, training: bool) -> None:
    encoder.train(training)
    planes, present = torch.rand(5, 3, 32, 32), torch.ones(5, 3)
    planes[1:] *= 100  # company that would show in any statistics of the batch
    together, alone = encoder(planes, present)[0][:1], encoder(planes[:1], present[:1])[0]
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)
    assert not list(encoder.buffers())  # nothing is gathered from batch to batch


def test_nothing_to_see_gives_numbers_and_presence_is_heard(encoder: Encoder) -> None:
    planes = torch.zeros(2, 3, 32, 32)
    present = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    mean, log_variance, _ = encoder(planes, present)
    assert mean.isfinite().all() and log_variance.isfinite().all()
    assert not torch.equal(mean[0], mean[1])


def test_no_part_is_written_over_that_the_decoder_still_looks_at(encoder: Encoder) -> None:
    _, _, features = encoder(torch.rand(1, 3, 32, 32), torch.ones(1, 3))
    sum(map_.square().sum() for map_ in features).backward()  # raises if an in-place ReLU spoilt a map
    assert encoder.stages[0].first.weight.grad.abs().sum() > 0


def test_a_missing_structure_changes_no_feature_of_another(encoder: Encoder) -> None:
    planes = torch.rand(2, 3, 32, 32)
    less = planes.clone()
    less[:, 1] = 0
    whole, part = (encoder(p, torch.ones(2, 3))[2] for p in (planes, less))
    for one, other in zip(whole, part, strict=True):
        assert torch.equal(one.unflatten(0, (2, 3))[:, ::2], other.unflatten(0, (2, 3))[:, ::2])
        assert not torch.equal(one, other)


def test_what_an_absent_structures_plane_holds_is_not_encoded(encoder: Encoder) -> None:
    planes, present = torch.rand(2, 3, 32, 32), torch.tensor([[1.0, 0.0, 1.0]]).expand(2, 3)
    other = planes.clone()
    other[:, 1] = torch.rand(32, 32)
    assert torch.equal(encoder(planes, present)[0], encoder(other, present)[0])
