"""Loss terms: a contract that every one in the table keeps, and the exact value of those with a formula."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from atlaskit.net.losses import COARSE_RELIEF, FINAL_ONLY, TERMS, Loops, Scene
from atlaskit.net.raster import planes
from atlaskit.schedules import PAPER_LOSSES
from atlaskit.topology import Topology

CPU = torch.device("cpu")
RASTER = 24
GEOMETRIC = sorted(set(TERMS) - {"kl"})
REGULAR = ["chamfer", "pull", "edge"]
"""Terms that are 0 for evenly spaced landmarks on the boundary samples."""


def circle(n: int, centre: tuple[float, float] = (0.5, 0.5), radius: float = 0.25) -> Tensor:
    angle = torch.arange(n) * (2 * np.pi / n)
    return torch.tensor(centre) + radius * torch.stack([angle.cos(), angle.sin()], -1)


def scene_of(topology: Topology, points: Tensor, present: Tensor) -> Scene:
    """Predicted landmarks against the very polygons that they ought to be: circles."""
    loops, cases = Loops.of(topology, CPU), len(points)
    wanted = torch.zeros(topology.n_landmarks, 2)
    for loop in topology.loops[::-1]:
        wanted[list(loop)] = circle(len(loop))
    boundary = circle(96).expand(cases, 2, 96, 2).clone()
    return Scene(
        points=points,
        loops=loops,
        wanted=wanted.expand(cases, -1, -1).clone(),
        twins=circle(topology.n_landmarks).expand(2, -1, -1),
        twins_present=present[:2] * torch.tensor([[1.0, 0.0], [1.0, 1.0]]),
        boundary=boundary,
        present=present,
        relative=torch.tensor([1.0, 0.5]),
        mean=torch.randn(cases, 4, generator=torch.Generator().manual_seed(5)),
        log_variance=torch.randn(cases, 4, generator=torch.Generator().manual_seed(6)),
        raster_size=RASTER,
        truth=planes(boundary, present, RASTER),
    )


@pytest.fixture
def scene(topology: Topology) -> Scene:
    """Three cases, off the truth by noise; the first has both structures, the others lack one each."""
    noise = torch.Generator().manual_seed(4)
    points = torch.zeros(3, topology.n_landmarks, 2)
    for loop in topology.loops[::-1]:
        points[:, list(loop)] = circle(len(loop))
    points += 0.02 * torch.randn(points.shape, generator=noise)
    return scene_of(topology, points, torch.tensor([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]))


def gradient(term: Callable[[Scene], Tensor], scene: Scene) -> Tensor:
    points = scene.points.clone().requires_grad_()
    value = term(replace(scene, points=points))
    return torch.autograd.grad(value, points)[0] if value.requires_grad else torch.zeros_like(points)


def test_the_table_holds_every_scheduled_term() -> None:
    assert set(TERMS) == set(PAPER_LOSSES)
    assert set(FINAL_ONLY) <= set(TERMS) and set(COARSE_RELIEF) <= set(TERMS)


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("state", ["near", "collapsed", "outside", "nobody"])
def test_every_term_and_its_gradient_are_finite(scene: Scene, name: str, state: str) -> None:
    points = {"collapsed": torch.full_like(scene.points, 0.5), "outside": scene.points + 2}.get(state, scene.points)
    somebody = float(state != "nobody")
    scene = replace(scene, points=points, present=scene.present * somebody, twins_present=scene.twins_present * somebody)
    value = TERMS[name](scene)
    assert value.shape == () and value.isfinite() and value >= 0
    assert gradient(TERMS[name], scene).isfinite().all()
    if state == "nobody" and name != "kl":
        assert value == 0


@pytest.mark.parametrize("name", TERMS)
def test_no_term_hears_of_absent_structures(scene: Scene, topology: Topology, name: str) -> None:
    value, slope = TERMS[name](scene), gradient(TERMS[name], scene)
    only = [sorted(set(topology.loops[s]) - set(topology.loops[1 - s])) for s in (0, 1)]
    changed = {key: getattr(scene, key).clone() for key in ("points", "wanted", "boundary", "truth")}
    for case, structure in ((1, 0), (2, 1)):
        assert slope[case, only[structure]].abs().sum() == 0
        for key in ("points", "wanted"):
            changed[key][case, only[structure]] = 0.8
        changed["boundary"][case, structure] = torch.rand(96, 2)
        changed["truth"][case, structure] = torch.rand(RASTER, RASTER)
    other = replace(scene, **changed)
    assert torch.equal(TERMS[name](other), value)
    both = [sorted(set(range(topology.n_landmarks)) - set(only[s])) for s in (0, 1)]
    assert torch.equal(gradient(TERMS[name], other)[1, both[0]], slope[1, both[0]])
    assert torch.equal(gradient(TERMS[name], other)[2, both[1]], slope[2, both[1]])


@pytest.mark.parametrize("name", GEOMETRIC)
def test_gradients_are_finite_differences(scene: Scene, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "float", Tensor.double)  # the raster terms work in single precision, whatever comes
    keys = ("points", "wanted", "boundary", "truth")
    scene = replace(scene, **{key: getattr(scene, key).double() for key in keys})
    direction, step = torch.randn(scene.points.shape, generator=torch.Generator().manual_seed(9)), 1e-7
    above, below = (TERMS[name](replace(scene, points=scene.points + sign * step * direction)) for sign in (1, -1))
    slope = float((gradient(TERMS[name], scene) * direction).sum())
    assert float(above - below) / (2 * step) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("name", GEOMETRIC)
@pytest.mark.parametrize("turn", [1, 7])
def test_where_a_ring_starts_changes_nothing(scene: Scene, topology: Topology, name: str, turn: int) -> None:
    loops = tuple((*loop[turn:], *loop[:turn]) for loop in topology.loops)
    turned = replace(scene, loops=Loops.of(replace(topology, loops=loops), CPU))
    torch.testing.assert_close(TERMS[name](turned), TERMS[name](scene), rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(gradient(TERMS[name], turned), gradient(TERMS[name], scene), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", GEOMETRIC)
def test_cases_are_weighed_alike_and_do_not_mix(scene: Scene, name: str) -> None:
    keys = ("points", "wanted", "boundary", "present", "mean", "log_variance", "truth")
    one = replace(scene, **{key: getattr(scene, key)[:1] for key in keys})
    four = replace(scene, **{key: getattr(scene, key)[:1].repeat_interleave(4, 0) for key in keys})
    torch.testing.assert_close(TERMS[name](one), TERMS[name](four))


@pytest.mark.parametrize("name", REGULAR)
def test_the_truth_costs_nothing(name: str) -> None:
    topology = Topology(("a", "b"), (tuple(range(16)), tuple(range(16, 28))), levels=3)
    points = torch.cat([circle(16), circle(12)])[None]
    scene = replace(scene_of(topology, points, torch.ones(1, 2)), boundary=circle(48).expand(1, 2, -1, -1))
    back = float((circle(48)[:, None] - circle(48)[::3]).norm(dim=-1).min(1).values.square().mean())
    allowed = 2 * back if name == "chamfer" else 0.0  # boundary samples between two landmarks are never reached
    assert float(TERMS[name](scene)) == pytest.approx(0, abs=allowed + 1e-10)
    assert gradient(TERMS[name], scene).norm() < 1e-2


@pytest.mark.parametrize("name", ["dice", "bce"])
@pytest.mark.parametrize("radius", [0.15, 0.21, 0.29, 0.35])
def test_raster_terms_are_least_at_the_truth(name: str, radius: float) -> None:
    topology = Topology(("a", "b"), (tuple(range(32)), tuple(range(32, 64))), levels=3)
    at, off = (
        scene_of(topology, torch.cat([circle(32, radius=r), circle(32)])[None], torch.ones(1, 2)) for r in (0.25, radius)
    )
    assert TERMS[name](at) < TERMS[name](off)
    assert TERMS["dice"](at) < 0.1  # half-covered pixels keep a soft Dice from being 1
    outwards = circle(32) - 0.5
    pushed = float((-gradient(TERMS[name], off)[0, :32] * outwards).sum())
    assert pushed * (0.25 - radius) > 0


def test_a_latent_like_the_prior_costs_nothing(scene: Scene) -> None:
    still = replace(scene, mean=torch.zeros(3, 4), log_variance=torch.zeros(3, 4))
    assert TERMS["kl"](still) == 0
    moved = replace(scene, mean=torch.full((3, 4), 2.0), log_variance=torch.full((3, 4), float(np.log(0.5))))
    assert float(TERMS["kl"](moved)) == pytest.approx(4 * 0.5 * (4 + 0.5 - 1 + np.log(2)), rel=1e-6)


def by_hand(points: np.ndarray) -> dict[str, float]:
    """The regularisers of one closed loop, from their formulas."""
    step = np.roll(points, -1, 0) - points
    length = np.linalg.norm(step, axis=1)
    bend = np.roll(points, -1, 0) - 2 * points + np.roll(points, 1, 0)
    return {
        "edge": float((((length - length.mean()) / length.mean()) ** 2).mean()),
        "elasticity": float((length**2).mean()),
        "curvature": float((bend**2).sum(1).mean()),
    }


@pytest.mark.parametrize("name", ["edge", "elasticity", "curvature"])
def test_each_structure_is_regularised_along_its_own_loop(scene: Scene, topology: Topology, name: str) -> None:
    found = [by_hand(scene.points[0, list(loop)].double().numpy())[name] for loop in topology.loops]
    for present, expected in (([1, 0], found[0]), ([0, 1], 0.5 * found[1]), ([1, 1], (found[0] + 0.5 * found[1]) / 2)):
        one = replace(scene, points=scene.points[:1], present=torch.tensor([present]).float())
        assert float(TERMS[name](one)) == pytest.approx(expected, rel=1e-4)


def test_chamfer_is_both_mean_squared_distances(scene: Scene, topology: Topology) -> None:
    one = replace(scene, points=scene.points[2:], boundary=scene.boundary[2:, :, :32], present=scene.present[2:])
    along, boundary = one.points[0, list(topology.loops[0])].numpy(), one.boundary[0, 0].numpy()
    far = ((along[:, None] - boundary) ** 2).sum(-1)
    assert float(TERMS["chamfer"](one)) == pytest.approx(far.min(1).mean() + far.min(0).mean(), rel=1e-4)


def test_dice_and_bce_punish_a_figure_eight() -> None:
    topology = Topology(("a",), (tuple(range(32)),), levels=1)
    eight = torch.cat([circle(32)[:16], circle(32)[16:].flip(0)])
    for name in ("dice", "bce"):
        values = []
        for points in (circle(32), eight):
            scene = scene_of(
                replace(topology, structures=("a", "b"), loops=(topology.loops[0],) * 2), points[None], torch.ones(1, 2)
            )
            values.append(float(TERMS[name](scene)))
        assert values[1] > 5 * values[0]


def test_steady_compares_what_both_twins_have(topology: Topology, scene: Scene) -> None:
    same = replace(scene, twins=scene.points[:2])
    assert TERMS["steady"](same) == 0
    moved = scene.points[:2].clone()
    moved[0, list(topology.loops[0])] += torch.tensor([0.3, 0.4])
    only_first = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    assert TERMS["steady"](replace(scene, twins=moved, twins_present=only_first)) == pytest.approx(0.25, rel=1e-5)
    assert TERMS["steady"](replace(scene, twins=scene.points[:0], twins_present=scene.present[:0])) == 0
