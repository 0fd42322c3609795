import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlaskit.contours import fill
from atlaskit.errors import InputError
from atlaskit.topology import LEAST_NODES, Hole, Topology, independent

PAIR = Topology(("lung", "heart"), ((0, 1, 2, 3, 4, 5), (6, 7, 8, 9)), levels=1)
SHARED = Topology(("left", "right"), ((0, 1, 2, 3, 4, 5, 6, 7), (3, 2, 1, 0, 8, 9, 10, 11)), levels=2)
"""Two boxes that share the wall 0 to 3, which they walk in opposite directions."""


@st.composite
def topologies(draw: st.DrawFn, *, least_levels: int = 1) -> Topology:
    levels = draw(st.integers(least_levels, 4))
    names = draw(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique=True))
    nodes = {name: draw(st.integers(3, 6)) * 2 ** (levels - 1) for name in names}
    return independent(dict.fromkeys(names, 100.0), nodes=nodes, levels=levels)


def test_counts_and_edges_of_disjoint_loops() -> None:
    assert PAIR.n_landmarks == 10
    ring = [[0, 1], [0, 5], [1, 2], [2, 3], [3, 4], [4, 5]]
    assert PAIR.edges().tolist() == [*ring, [6, 7], [6, 9], [7, 8], [8, 9]]
    assert PAIR.loop_of("heart").tolist() == [6, 7, 8, 9]
    with pytest.raises(InputError, match="did you mean 'heart'"):
        PAIR.loop_of("hart")


def test_a_shared_wall_counts_once() -> None:
    edges = SHARED.edges().tolist()
    assert SHARED.n_landmarks == 12
    assert len(edges) == 8 + 8 - 3
    assert [edge for edge in edges if max(edge) < 4] == [[0, 1], [1, 2], [2, 3]]


def test_padded_loops_repeat_the_first_node() -> None:
    index, real = PAIR.padded_loops()
    assert index.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 6, 6]]
    assert real.tolist() == [[True] * 6, [True] * 4 + [False] * 2]


RING = Topology(("ring", "inside"), ((0, 1, 2, 3), (4, 5, 6)), levels=1, holes=(Hole(0, 1, 2, 5),))
"""A square ring around a triangle; a slit joins landmarks 2 and 5."""


def test_the_polygon_of_a_ring_goes_around_its_hole_the_other_way() -> None:
    assert RING.polygon(0) == (0, 1, 2, 5, 4, 6, 5, 2, 3)
    assert RING.polygon(1) == RING.loops[1]
    assert RING.fills() == ((0, 1),) and PAIR.fills() == ()
    assert RING.edges().tolist() == [[0, 1], [0, 3], [1, 2], [2, 3], [4, 5], [4, 6], [5, 6]], "a slit is no edge"
    points = np.array([[0, 0], [20, 0], [20, 20], [0, 20], [5, 5], [15, 5], [10, 15]], dtype=float)
    filled = fill(points[list(RING.polygon(0))], (24, 24))
    outer, inner = (fill(points[list(loop)], (24, 24)) for loop in RING.loops)
    assert (filled == (outer & ~inner)).all()


def test_a_ring_is_documented_by_its_polygon() -> None:
    document = json.loads(RING.to_json())
    assert document["structures"][0] == {"name": "ring", "loop": list(RING.polygon(0)), "outline": [0, 1, 2, 3]}
    assert document["holes"] == [{"ring": 0, "filler": 1, "outer": 2, "inner": 5}]
    assert Topology.from_json(RING.to_json()) == RING


@pytest.mark.parametrize("hole", [Hole(0, 1, 5, 5), Hole(0, 1, 2, 2), Hole(0, 0, 2, 2), Hole(0, 2, 2, 5), Hole(-1, 1, 2, 5)])
def test_a_hole_joins_two_loops(hole: Hole) -> None:
    with pytest.raises(InputError, match="A hole joins"):
        Topology(RING.structures, RING.loops, 1, (hole,))


def test_touching_loops_share_two_landmarks_and_arcs_end_where_a_wall_does() -> None:
    assert SHARED.touching().tolist() == [[False, True], [True, False]]
    assert not PAIR.touching().any()
    assert SHARED.arcs(0).tolist() == [0, 1, 1, 1, 0, 0, 0, 0]
    assert len(set(PAIR.arcs(0).tolist())) == 1


@given(topologies())
@settings(max_examples=30)
def test_json_gives_the_same_topology_and_fingerprint_back(topology: Topology) -> None:
    again = Topology.from_json(topology.to_json())
    assert again == topology
    assert again.sha256 == topology.sha256
    assert again.to_json() == topology.to_json()


def test_json_is_the_documented_form() -> None:
    document = json.loads(PAIR.to_json())
    assert document["structures"] == [{"name": "lung", "loop": [0, 1, 2, 3, 4, 5]}, {"name": "heart", "loop": [6, 7, 8, 9]}]
    assert (document["n_landmarks"], document["levels"]) == (10, 1)
    assert "ß" in independent({"Gefäß": 1.0}).to_json()


def test_the_fingerprint_is_what_it_always_was() -> None:
    """It stands in every atlas and store on disk: were it to change, none would open."""
    assert PAIR.sha256 == "28822213a15235f2c9a781707398586b1e2d18de97fb46ecde7319209fea1cdd"


def test_the_fingerprint_is_the_same_in_another_process() -> None:
    code = "from atlaskit.topology import independent; print(independent({'b': 900.0, 'a': 400.0}).sha256)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == independent({"b": 900.0, "a": 400.0}).sha256


@pytest.mark.parametrize(
    "other",
    [
        Topology(("lung", "Heart"), PAIR.loops, levels=1),
        Topology(("heart", "lung"), PAIR.loops, levels=1),
        Topology(PAIR.structures, ((1, 2, 3, 4, 5, 0), (6, 7, 8, 9)), levels=1),
        Topology(PAIR.structures, ((0, 1, 2, 3), (4, 5, 6, 7, 8, 9)), levels=1),
    ],
)
def test_another_topology_has_another_fingerprint(other: Topology) -> None:
    assert other.sha256 != PAIR.sha256


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loop",
        "[]",
        "3",
        "null",
        "{}",
        '{"structures": 3}',
        '{"structures": []}',
        '{"structures": ["lung"]}',
        '{"structures": [{"name": "lung"}]}',
        '{"structures": [{"name": "lung", "loop": 3}]}',
        '{"structures": [{"name": "lung", "loop": ["a", "b", "c"]}]}',
        '{"structures": [{"name": "lung", "loop": [0, 1, null]}]}',
        '{"structures": [{"name": "lung", "loop": [0, 1, 2]}], "levels": "x"}',
        '{"structures": [{"name": "lung", "loop": [0, 1, 2]}], "levels": 0}',
    ],
)
def test_anything_else_than_a_topology_is_one_clear_error(text: str) -> None:
    with pytest.raises(InputError):
        Topology.from_json(text)


@pytest.mark.parametrize(
    ("structures", "loops", "levels", "words"),
    [
        (("a", "a"), ((0, 1, 2), (3, 4, 5)), 1, "uniquely named"),
        (("a", "b"), ((0, 1, 2),), 1, "one loop per"),
        (("a",), ((0, 1),), 1, "'a' needs a multiple of 1 nodes, at least 3; it has 2"),
        (("a",), (tuple(range(13)),), 3, "'a' needs a multiple of 4 nodes, at least 12; it has 13"),
        (("a",), (tuple(range(8)),), 3, "at least 12; it has 8"),
        (("a",), ((0, 1, 3),), 1, "without a gap"),
        (("a",), ((1, 2, 3),), 1, "0 to L - 1"),
        (("a",), ((-1, 0, 1),), 1, "0 to L - 1"),
    ],
)
def test_what_is_no_topology_is_refused(structures: Any, loops: Any, levels: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Topology(structures, loops, levels)


@given(topologies(least_levels=2))
@settings(max_examples=30)
def test_a_coarser_graph_keeps_every_second_node(topology: Topology) -> None:
    coarse, kept, parents = topology.coarser()
    assert coarse.structures == topology.structures
    assert coarse.levels == topology.levels - 1
    assert [tuple(kept[list(loop)]) for loop in coarse.loops] == [loop[::2] for loop in topology.loops]
    assert parents[kept].tolist() == [[k, k] for k in range(len(kept))]
    for loop in topology.loops:
        for before, node, after in zip(loop[0::2], loop[1::2], [*loop[2::2], loop[0]], strict=True):
            assert kept[parents[node]].tolist() == [before, after]


def test_a_circle_upsampled_from_its_coarser_graph_is_inscribed() -> None:
    """What `parents` are for: a landmark that was left out starts midway between its neighbours."""
    topology = independent({"disc": 1.0}, nodes=64, levels=2)
    angle = 2 * np.pi * np.arange(64) / 64
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    _, kept, parents = topology.coarser()
    fine = points[kept][parents].mean(axis=1)
    assert fine[0::2] == pytest.approx(points[0::2])
    assert fine[1::2] == pytest.approx(points[1::2] * np.cos(2 * np.pi / 64))


def test_shared_walls_stay_shared_when_coarser() -> None:
    """Both loops keep every second of their own nodes; on the wall they agree about those of neither parity alone."""
    coarse, kept, parents = SHARED.coarser()
    assert sorted(kept) == list(kept)
    assert [tuple(kept[list(loop)]) for loop in coarse.loops] == [loop[::2] for loop in SHARED.loops]
    assert parents[kept].tolist() == [[k, k] for k in range(len(kept))]
    assert set(np.unique(parents)) == set(range(coarse.n_landmarks))


def test_one_level_has_no_coarser_graph() -> None:
    with pytest.raises(InputError, match="no coarser"):
        PAIR.coarser()


@pytest.mark.parametrize(
    ("length_px", "options", "nodes"),
    [
        (2000.0, {}, 100),
        (2010.0, {}, 100),  # round(100.5), to even
        (2030.0, {}, 104),  # 102 is no multiple of 4
        (10.0, {}, LEAST_NODES * 4),
        (10.0, {"levels": 1}, LEAST_NODES),
        (2000.0, {"scale": 0.1}, 200),
        (2000.0, {"nodes": 30}, 32),
        (2000.0, {"nodes": 30, "levels": 2}, 30),
        (2000.0, {"nodes": {"a": 13}}, 16),
        (2000.0, {"nodes": {"b": 16}}, 100),
        (20_000.0, {}, 512),
    ],
)
def test_loops_are_sized_by_contour_length_or_as_told(length_px: float, options: dict[str, Any], nodes: int) -> None:
    topology = independent({"first": 4000.0, "a": length_px}, **options)
    assert len(topology.loops[1]) == nodes
    assert topology.loops[1] == tuple(range(len(topology.loops[0]), topology.n_landmarks))


def test_too_few_nodes_for_the_levels_are_refused() -> None:
    with pytest.raises(InputError, match="at least 12"):
        independent({"a": 100.0}, nodes=8)
