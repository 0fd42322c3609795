"""Shared boundaries: walls are found in a corpus, become one polyline, and leave neither gap nor overlap."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit.contours import fill, trace
from atlaskit.groupwise import Template, fit_template, place
from atlaskit.joining import share
from atlaskit.metrics import polygon_dice
from atlaskit.signatures import sample_contours
from atlaskit.topology import Topology, independent
from atlaskit.walls import SAME, Wall

Planes = NDArray[np.bool_]
SIZE, CASES = 128, 12


def cake(rng: np.random.Generator) -> Planes:
    """Three slices of a round cake, which meet in one point, (3, SIZE, SIZE)."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE / 2 + rng.uniform(-4, 4, 2))[:, None, None]
    angle, radius = np.arctan2(y * rng.uniform(0.9, 1.1), x), np.hypot(x, y)
    slices = np.searchsorted(np.array([-2.2, -0.1, 1.9]) + rng.normal(0, 0.15, 3), angle) % 3
    inside = radius < 50 * rng.uniform(0.8, 1.1) * (1 + 0.1 * np.cos(2 * angle))
    return np.stack([(slices == k) & inside for k in range(3)])


def cup(rng: np.random.Generator) -> Planes:
    """A cup and its filling up to the rim: the filling lies within the cup, and both end at the same rim, (2, SIZE, SIZE)."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE / 2 + rng.uniform(-4, 4, 2))[:, None, None]
    radius, rim = np.hypot(x, y * rng.uniform(0.85, 1.0)), y > rng.uniform(-24, -14)
    wall = rng.uniform(8, 12)
    return np.stack([(radius < 45) & rim, (radius < 45 - wall) & rim])


def corpus(draw: object) -> tuple[list[Planes], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    masks = [draw(rng) for _ in range(CASES)]  # type: ignore[operator]
    return masks, np.stack([sample_contours([trace(plane) for plane in mask]) for mask in masks])


@cache
def cakes() -> tuple[list[Planes], NDArray[np.float64], Template]:
    masks, samples = corpus(cake)
    topology = independent(dict.fromkeys("abc", 150.0), nodes=48, levels=3)
    return masks, samples, fit_template(samples, topology, shared=True)


def test_three_slices_share_three_walls_and_one_point() -> None:
    topology = cakes()[2].topology
    assert topology.touching().tolist() == (~np.eye(3, dtype=bool)).tolist()
    sets = [set(loop) for loop in topology.loops]
    (middle,) = sets[0] & sets[1] & sets[2]
    assert all(middle in loop for loop in topology.loops)


@pytest.mark.parametrize("predicted", [False, True])
def test_shared_landmarks_leave_neither_gap_nor_overlap(predicted: bool) -> None:
    masks, samples, template = cakes()
    points = place(template, samples)
    if predicted:
        points = place(template, samples, predicted=points + np.random.default_rng(0).normal(0, 1.0, points.shape))
    for mask, landmarks in zip(masks, points, strict=True):
        polygons = [landmarks[list(loop)] for loop in template.topology.loops]
        filled = np.stack([fill(polygon, (SIZE, SIZE)) for polygon in polygons])
        assert filled.sum(axis=0).max() == 1, "no pixel is in two slices"
        whole = fill(trace(mask.any(0)).points, (SIZE, SIZE))  # type: ignore[union-attr]
        inner = whole & ~(np.roll(~whole, 3, 0) | np.roll(~whole, -3, 0) | np.roll(~whole, 3, 1) | np.roll(~whole, -3, 1))
        assert filled.any(axis=0)[inner].all(), "no pixel between slices is in none"
        assert min(polygon_dice(polygon, plane) for polygon, plane in zip(polygons, mask, strict=True)) > 0.99


def test_a_wall_reaches_as_far_as_the_contact() -> None:
    """The landmark in which all three meet lies where the three masks do."""
    masks, samples, template = cakes()
    sets = [set(loop) for loop in template.topology.loops]
    (middle,) = sets[0] & sets[1] & sets[2]
    for mask, point in zip(masks, place(template, samples)[:, middle], strict=True):
        y, x = np.mgrid[:SIZE, :SIZE]
        near = [np.hypot(x - point[0], y - point[1])[plane].min() for plane in mask]
        assert max(near) < 2


def test_walls_that_run_the_same_way_are_shared_too() -> None:
    masks, samples = corpus(cup)
    topology = independent({"cup": 250.0, "filling": 200.0}, nodes=48, levels=2)
    template = fit_template(samples, topology, shared=True)
    cup_loop, filling_loop = template.topology.loops
    shared = [node for node in filling_loop if node in cup_loop]
    assert len(shared) > 8
    at = [cup_loop.index(node) for node in sorted(shared, key=filling_loop.index)]
    steps = np.diff(at) % len(cup_loop)
    assert np.median(steps) == 1, "both loops run the same way along the rim"
    for mask, landmarks in zip(masks, place(template, samples), strict=True):
        dice = [polygon_dice(landmarks[list(loop)], plane) for loop, plane in zip(template.topology.loops, mask, strict=True)]
        assert min(dice) > 0.98


def test_a_missing_neighbour_leaves_the_wall_where_it_was() -> None:
    _, samples, template = cakes()
    without = samples.copy()
    without[:, 0] = np.nan
    before, after = place(template, samples), place(template, without)
    rest = [node for node in range(template.topology.n_landmarks) if any(node in loop for loop in template.topology.loops[1:])]
    lost = sorted(set(range(template.topology.n_landmarks)) - set(rest))
    assert np.isnan(after[:, lost]).all() and np.isfinite(after[:, rest]).all()
    assert np.linalg.norm(before - after, axis=-1)[:, rest].mean() < 1.5


def test_structures_apart_stay_apart() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIZE, :SIZE]
    masks = [
        np.stack([np.hypot(x - c - rng.uniform(-2, 2), y - 60) < 20 + rng.uniform(-2, 2) for c in (35, 90)]) for _ in range(6)
    ]
    samples = np.stack([sample_contours([trace(plane) for plane in mask]) for mask in masks])
    topology = independent({"a": 120.0, "b": 120.0}, nodes=32, levels=2)
    assert fit_template(samples, topology, shared=True).topology == topology


# --- the graph


@st.composite
def walled(draw: st.DrawFn) -> tuple[Topology, tuple[Wall, ...]]:
    """Two loops with up to two walls between them."""
    levels = draw(st.integers(1, 4))
    nodes = {name: draw(st.integers(3, 8)) * 2 ** (levels - 1) for name in ("a", "b")}
    count = draw(st.integers(1, 2))
    mine, theirs = (sorted(draw(st.permutations(range(12)))[: 2 * count]) for _ in range(2))
    backwards = draw(st.booleans())
    pairs = [theirs[2 * k : 2 * k + 2] for k in range(count)]
    pairs = [pair[::-1] for pair in pairs[::-1]] if backwards else pairs
    walls = [Wall(1, 0, mine[2 * k] / 12, mine[2 * k + 1] / 12, pairs[k][0] / 12, pairs[k][1] / 12) for k in range(count)]
    return independent(dict.fromkeys(nodes, 1.0), nodes=nodes, levels=levels), tuple(walls)


@given(walled())
@settings(max_examples=60)
def test_joined_loops_are_one_graph_at_every_level(case: tuple[Topology, tuple[Wall, ...]]) -> None:
    topology, walls = case
    joined = share(topology, walls)
    for loop, turns in zip(joined.topology.loops, joined.turns, strict=True):
        assert len(loop) == len(turns) == len(set(loop))
        assert (np.diff(turns) > 0).all() and turns[-1] - turns[0] < 1 + SAME
    first, second = (set(loop) for loop in joined.topology.loops)
    assert len(first & second) >= 2 * len(walls)
    graph = joined.topology
    while graph.levels > 1:  # the same landmarks of a wall are kept in both of its loops
        coarse, kept, _ = graph.coarser()
        names = [{int(kept[node]) for node in loop} for loop in coarse.loops]
        assert names == [set(loop[::2]) for loop in graph.loops]
        shared = set(graph.loops[0]) & set(graph.loops[1])
        assert names[0] & shared == names[1] & shared
        graph = coarse


@given(walled())
@settings(max_examples=30)
def test_arcs_part_a_loop_at_the_ends_of_its_walls(case: tuple[Topology, tuple[Wall, ...]]) -> None:
    joined = share(*case).topology
    step = 2 ** (joined.levels - 1)
    for s, loop in enumerate(joined.loops):
        arcs = joined.arcs(s)
        assert arcs.shape == (len(loop),)
        assert (np.bincount(arcs) % step == 0).all()


def ball_in_claw(rng: np.random.Generator) -> Planes:
    """A ball, and a claw around it that is open to the right: all of the ball's outline is touched, (2, SIZE, SIZE)."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE / 2 + rng.uniform(-4, 4, 2))[:, None, None]
    radius, inner, gap = np.hypot(x, y), rng.uniform(20, 25), (np.abs(y) < 1.5) & (x > 0)
    return np.stack([radius < inner, (radius >= inner) & (radius < inner + 15) & ~gap])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_lies_in_the_arms_of_another_shares_all_but_the_opening(order: tuple[int, int]) -> None:
    masks, samples = corpus(lambda rng: ball_in_claw(rng)[list(order)])
    template = fit_template(samples, independent(dict.fromkeys("ab", 200.0), nodes=64, levels=3), shared=True)
    ball, claw = (set(template.topology.loops[order.index(k)]) for k in (0, 1))
    assert len(ball & claw) > 0.7 * len(ball) and ball - claw and claw - ball
    points = place(template, samples)
    for mask, landmarks in zip(masks, points, strict=True):
        filled = [fill(landmarks[list(loop)], (SIZE, SIZE)) for loop in template.topology.loops]
        assert not (filled[0] & filled[1]).any()
        assert min(polygon_dice(landmarks[list(p)], m) for p, m in zip(template.topology.loops, mask, strict=True)) > 0.98
