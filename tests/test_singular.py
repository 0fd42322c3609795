"""Cases unlike the others: planted ones come first, with what is unusual and where."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atlaskit.shape import align, pca
from atlaskit.topology import Topology
from atlaskit.verbs.parts import JOINT, Part
from atlaskit.verbs.population import Population
from atlaskit.verbs.singular import outlier_table, sentences, singular

TOPOLOGY = Topology(("lung", "heart"), (tuple(range(12)), tuple(range(12, 24))))


def part(points: NDArray[np.float64], name: str = JOINT) -> Part:
    """A shape space of some cases."""
    n = len(points)
    people = Population(
        store=Path("nowhere"),
        topology=TOPOLOGY,
        structures=TOPOLOGY.structures,
        landmarks=np.arange(24),
        rows=np.arange(n),
        cases=tuple(f"c{k}" for k in range(n)),
        subjects=tuple(f"s{k // 2}" for k in range(n)),
        frame=np.full(n, -1),
        status=tuple("flagged" if k == 7 else "ok" for k in range(n)),
        spacing_mm=None,
        template=None,
        left_out=(),
    )
    aligned = align(points)
    model = pca(aligned.tangent)
    return Part(name, people, aligned, model, model.scores(aligned.tangent), aligned.tangent)


def shapes(n: int = 40) -> NDArray[np.float64]:
    """Two circles with noise; the heart of one case has a dent."""
    angle = 2 * np.pi * np.arange(12) / 12
    circle = 10 * np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.concatenate([circle, circle / 2 + [20, 5]]) + np.random.default_rng(0).normal(0, 0.2, (n, 24, 2))
    points[7, 15] -= [0, 4]
    return points


def test_a_dented_heart_comes_first_with_its_status_and_its_place() -> None:
    one = part(shapes())
    found = singular([one])
    table = outlier_table([one], found)
    first = table.iloc[0]
    assert (first["part"], first["case"], first["subject"], first["frame"]) == (JOINT, "c7", "s3", -1)
    assert (first["status"], first["structure"]) == ("flagged", "heart") and first["far"] and first["beyond"]
    assert sorted(table["case"]) == sorted(one.people.cases) and set(table["structure"]) == {"lung", "heart"}
    assert table["distance"].tolist() == found[JOINT].table["distance"].tolist()
    said = sentences(found)
    assert len(said) == 1 and said[0].startswith(f"{len(found[JOINT].unusual)} of 40 cases ") and ": c7" in said[0]


def test_each_part_is_judged_and_named() -> None:
    both = [part(shapes(), "one"), part(shapes(20), "other")]
    found = singular(both)
    assert outlier_table(both, found)["part"].tolist() == ["one"] * 40 + ["other"] * 20
    assert [line.split(":")[0] for line in sentences(found)] == ["one", "other"]


def test_a_sentence_names_some_of_many_and_none_where_there_is_none() -> None:
    points = shapes(120)
    for k in range(20, 32):
        points[k, k - 20] += [5, 0]
    found = singular([part(points)])
    unusual = found[JOINT].unusual["case"].tolist()
    assert len(unusual) >= 10
    assert sentences(found) == [f"{len(unusual)} of 120 cases are unlike the others: {', '.join(unusual[:8])}, ..."]
    points = shapes()
    points[7] = points[8]
    found = singular([part(points)])
    assert found[JOINT].unusual.empty and sentences(found) == ["none of 40 cases are unlike the others"]


def test_few_cases_are_not_judged() -> None:
    few = [part(shapes()[:3])]
    assert singular(few) == {} and outlier_table(few, {}).empty and sentences({}) == []
