"""A chest cohort small enough to train on in a second, and small graphs of either kind."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from atlaskit.config import FitConfig
from atlaskit.contours import trace
from atlaskit.groupwise import Template, fit_template, place
from atlaskit.net.data import Cases, make_cases
from atlaskit.net.hybrid import HybridNet
from atlaskit.phantom import chest
from atlaskit.signatures import sample_contours
from atlaskit.topology import Topology, independent

Array = NDArray[np.float64]
CPU = torch.device("cpu")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are fastest, and the same everywhere, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=["rings", "shared"])
def topology(request: pytest.FixtureRequest) -> Topology:
    """Two disjoint rings of unequal length, or two loops that share the nodes of a wall."""
    if request.param == "rings":
        return Topology(("a", "b"), (tuple(range(16)), tuple(range(16, 28))), levels=3)
    return Topology(("a", "b"), (tuple(range(16)), (4, 3, 2, 1, 0, *range(16, 23))), levels=3)


@pytest.fixture(scope="session")
def config() -> FitConfig:
    """The least that is still a whole network."""
    return FitConfig(
        input_size=32,
        stem=2,
        filters=(8, 8),
        levels=2,
        graph_filters=(8, 8),
        skip_filters=2,
        latent=8,
        steps=6,
        batch=4,
        checks=3,
        boundary_samples=64,
        raster_size=16,
    )


@pytest.fixture(scope="session")
def samples() -> Array:
    """(14, 5, 128, 2) contours of drawn chests, pixels; the heart is missing in some."""
    phantom = chest(14, size=96, seed=1, faults=0, missing=0.3)
    planes = [phantom.mask(i).planes for i in range(len(phantom))]
    return np.stack([sample_contours([trace(p) if p.any() else None for p in case], samples=128) for case in planes])


@pytest.fixture(scope="session")
def template(samples: Array) -> Template:
    nodes = {"right lung": 24, "left lung": 24, "heart": 16, "right clavicle": 16, "left clavicle": 16}
    return fit_template(samples, independent(dict.fromkeys(nodes, 1.0), nodes=nodes, levels=2), rounds=2)


@pytest.fixture(scope="session")
def wanted(template: Template, samples: Array) -> Array:
    """(14, 96, 2) groupwise landmarks, pixels."""
    return place(template, samples)


@pytest.fixture(scope="session")
def cases(template: Template, samples: Array, wanted: Array) -> Cases:
    return make_cases(template, samples, wanted, CPU)


@pytest.fixture
def net(template: Template, config: FitConfig) -> HybridNet:
    """A network whose landmarks depend on what it sees, as those of a fresh one hardly do."""
    torch.manual_seed(3)
    made = HybridNet(template.topology, torch.from_numpy(template.points), config)
    for head in (*made.decoder.heads, made.decoder.out.mix):
        torch.nn.init.normal_(head.weight, std=0.05)
    return made.eval()


@pytest.fixture(scope="session")
def choose() -> Callable[[Cases, list[int]], Cases]:
    """Some cases, in the order asked for."""

    def chosen(cases: Cases, which: list[int]) -> Cases:
        frames = replace(cases.frames, centre=cases.frames.centre[which], scale=cases.frames.scale[which])
        return Cases(cases.samples[which], cases.wanted[which], cases.present[which], frames)

    return chosen
