"""Trajectories: exact answers, what each attribute sees and does not, and permutation of whole subjects."""

from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest

from atlaskit.errors import InputError
from atlaskit.tracking import paths
from atlaskit.tracking.exchanges import exchanges
from atlaskit.tracking.paths import ATTRIBUTES

Array = NDArray[np.float64]
PHASES = np.linspace(0, 1, 7)
AXES = np.eye(6)


def arc(bend: Array, direction: Array = AXES[0], size: float = 1.0) -> Array:
    """(7, 6): a way of some length, whose bend is even about its middle and so leaves its first axis alone.

    Bends deviate equally: else the axes of one group would be less certain than those of arrangements, which mix both.
    """
    way = np.outer(PHASES, direction) + 0.1 * np.outer(bend / bend.std(), AXES[1])
    return way * size / np.linalg.norm(np.diff(way, axis=0), axis=1).sum()


BENT, WAVED = np.sin(np.pi * PHASES), np.cos(4 * np.pi * PHASES)
TILTED = np.cos(0.5) * AXES[0] + np.sin(0.5) * AXES[2]
PLANTED = {
    "size": arc(BENT, size=1.25),
    "direction": arc(BENT, TILTED),
    "shape": arc(WAVED),
}


def cohort(ways: list[Array], each: int, seed: int, noise: float = 0.03) -> tuple[Array, list[str]]:
    """Subjects that go some ways in turn, each from its own place."""
    rng = np.random.default_rng([seed, 1])  # not the numbers that exchange them
    sequences = np.tile(np.stack(ways), (each, 1, 1))
    sequences *= 1 + 0.05 * rng.normal(size=(len(sequences), 1, 1))
    sequences += rng.normal(size=(len(sequences), 1, 6)) + noise * rng.normal(size=sequences.shape)
    return sequences, [*"abcd"[: len(ways)]] * each


def test_attributes_are_what_they_say_without_noise() -> None:
    still = {"a": arc(BENT), "b": PLANTED["size"], "c": PLANTED["direction"], "d": PLANTED["shape"]}
    found = paths(np.repeat(list(still.values()), 3, axis=0), np.repeat([*still], 3).tolist(), permutations=19)
    table = found.table["difference"].unstack("attribute").loc["a"]
    np.testing.assert_allclose(table["size"], [0.25, 0, 0], atol=1e-12)
    np.testing.assert_allclose(table["direction"], [0, np.degrees(0.5), 0], atol=1e-4)
    np.testing.assert_allclose(table["shape"].iloc[:2], 0, atol=1e-6)
    assert table["shape"].iloc[2] > 0.2
    np.testing.assert_allclose(found.groups["size"], [1, 1.25, 1, 1])
    first = found.table.xs("a").loc["b"]
    assert first.loc["size", ["value_a", "value_b"]].tolist() == pytest.approx([1, 1.25])
    assert first.loc[["direction", "shape"], ["value_a", "value_b"]].isna().all(axis=None)
    assert (first[["n_a", "n_b"]] == 3).all(axis=None)
    np.testing.assert_allclose(found.axes[2], TILTED, atol=1e-9)
    np.testing.assert_allclose(found.trajectories, list(still.values()), atol=1e-12)


def test_the_distance_of_shapes_is_that_after_the_best_turn() -> None:
    """Against superimposition by brute force, of plane trajectories."""
    a, b = arc(BENT)[:, :2], arc(WAVED)[:, :2]
    unit = [(way - way.mean(axis=0)) / np.linalg.norm(way - way.mean(axis=0)) for way in (a, b)]
    angle = np.linspace(0, 2 * np.pi, 20_001)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flips = (unit[1], unit[1] * [1, -1])  # in the many dimensions of shapes, a turn can mirror a plane
    least = min(np.linalg.norm(unit[0][..., None] - np.einsum("td,dea->tea", way, turn), axis=(0, 1)).min() for way in flips)
    found = paths(np.stack([a, a, b, b]), list("aabb"), permutations=19).table.loc[("a", "b", "shape"), "difference"]
    assert found == pytest.approx(least, abs=1e-6)


def test_a_beat_that_returns_has_its_last_step() -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    sequences, group = np.stack([square] * 4), list("aabb")
    assert paths(sequences, group, periodic=True, permutations=19).groups["size"].tolist() == [4, 4]
    assert paths(sequences, group, permutations=19).groups["size"].tolist() == [3, 3]


def test_a_way_back_is_the_other_direction() -> None:
    back = arc(BENT)[::-1]
    found = paths(np.stack([arc(BENT)] * 2 + [back] * 2), list("aabb"), permutations=19).table["difference"]
    assert found["a", "b", "direction"] == pytest.approx(180, abs=1e-4)


@pytest.mark.parametrize("planted", ATTRIBUTES)
def test_what_is_planted_is_found_by_its_attribute_only(planted: str) -> None:
    found = np.array(
        [
            paths(*cohort([arc(BENT), PLANTED[planted]], 10, seed), permutations=199).table["p"].loc["a", "b"]
            for seed in range(12)
        ]
    )
    own = ATTRIBUTES.index(planted)
    assert (found[:, own] <= 0.05).all()
    assert (np.delete(found, own, axis=1) <= 0.05).mean() < 0.25


def test_p_is_uniform_where_nothing_is_planted() -> None:
    p = np.array([paths(*cohort([arc(BENT)] * 2, 6, seed), permutations=99).table["p"] for seed in range(100)])
    assert min(kstest(column, "uniform").pvalue for column in p.T) > 0.01


def test_where_subjects_lie_is_no_part_of_their_way() -> None:
    sequences, group = cohort([arc(BENT)] * 2, 5, 0)
    moved = sequences + np.array([name == "b" for name in group])[:, None, None] * 10 * AXES[3]
    first, second = paths(sequences, group, permutations=99), paths(moved, group, permutations=99)
    np.testing.assert_allclose(first.table["difference"], second.table["difference"], atol=1e-6)
    np.testing.assert_array_equal(first.table["p"], second.table["p"])


def test_few_subjects_are_dealt_out_in_every_way_once() -> None:
    sequences, group = cohort([arc(BENT), PLANTED["size"]], 4, 0)
    table = paths(sequences, group).table
    assert table["exact"].all() and (table["arrangements"] == comb(8, 4)).all()
    assert table.loc[("a", "b", "size"), "p"] == pytest.approx(2 / comb(8, 4)), "and its mirror image"
    dealt, exact = exchanges(np.array([0, 1, 0, 1, 1, 0, 0], dtype=bool), np.array([0, 0, 0, 0, 1, 1, 1]), 99, 0)
    assert exact and len(np.unique(dealt, axis=0)) == len(dealt) == comb(4, 2) * 3
    assert (dealt[:, :4].sum(axis=1) == 2).all() and dealt[0].tolist() == [0, 1, 0, 1, 1, 0, 0]


def test_blocks_keep_what_differs_between_them_out() -> None:
    """Sexes move unlike, and groups hold them unevenly: exchanged inside sexes, groups are alike."""
    sex = np.array(["m"] * 12 + ["f"] * 12)
    group = (["a"] * 10 + ["b"] * 2) + (["a"] * 2 + ["b"] * 10)
    rng = np.random.default_rng(3)
    ways = np.stack([arc(BENT) if own == "m" else PLANTED["size"] for own in sex]) + 0.02 * rng.normal(size=(24, 7, 6))
    p = [paths(ways, group, within=w, permutations=199).table["p"]["a", "b", "size"] for w in (None, sex.tolist())]
    assert p[0] <= 0.01 and p[1] > 0.1


def test_seeds_repeat_and_other_groups_take_nothing() -> None:
    sequences, group = cohort([arc(BENT)] * 2, 8, 0)
    table = paths(sequences, group, permutations=99, seed=1).table
    assert table.equals(paths(sequences, group, permutations=99, seed=1).table)
    assert not table["Z"].equals(paths(sequences, group, permutations=99, seed=2).table["Z"])
    more = paths(np.concatenate([sequences, 9 * sequences[:4]]), [*group, *"cccc"], permutations=99, seed=1).table
    np.testing.assert_allclose(more.loc["a", "b"]["p"], table.loc["a", "b"]["p"])
    assert (more["p_holm"] >= more["p"]).all()
    least = more["p"].min()  # of three pairs and three attributes
    assert more.loc[more["p"] == least, "p_holm"].to_numpy() == pytest.approx(min(9 * least, 1))


@pytest.mark.parametrize(
    "change,words",
    [
        ({"sequences": np.zeros((4, 1, 3))}, "two phases or more"),
        ({"sequences": np.where(np.arange(4)[:, None, None] == 2, np.nan, np.zeros((4, 5, 3)))}, "5 frames of 1 subjects"),
        ({"group": list("aaab")}, "'b' has 1"),
        ({"group": list("aaaa")}, "two groups"),
        ({"group": list("aab")}, "each of the 4 subjects; 3"),
        ({"group": ["a", "a", None, "b"]}, "1 have none"),
        ({"within": list("xxyy")}, "coarser blocks"),
        ({"permutations": 3}, "from 19"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(change: dict[str, object], words: str) -> None:
    asked: dict[str, object] = {"sequences": np.random.default_rng(0).normal(size=(4, 5, 3)), "group": list("aabb"), **change}
    with pytest.raises(InputError, match=words):
        paths(**asked)  # type: ignore[arg-type]
