"""The tables of a comparison, and what says how they were made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import __version__
from atlaskit.shape import Allometry, Comparison, Difference, LandmarkMap, Power, regress
from atlaskit.shape.variables import SIZE
from atlaskit.store import open_store
from atlaskit.verbs.population import Population
from atlaskit.verbs.whole import as_files, replace_tables, whole

OLD = ("anova", "allometry", "allometry_anova", "pairs_*", "map_*", "differences_*", "means_*", "predicted_*", "power_*")
"""Tables that a comparison of another formula may have left."""
ABOUT = "compare.json"

Array = NDArray[np.float64]


def numbered(found: Comparison, people: Population) -> Comparison:
    """The same, with maps whose landmarks have their numbers in the store."""
    used = pd.Index(people.landmarks, name="landmark")

    def renamed(test: LandmarkMap) -> LandmarkMap:
        return replace(test, table=test.table.set_index(used))

    differences = {name: tuple(replace(d, map=renamed(d.map)) for d in each) for name, each in found.differences.items()}
    return replace(found, maps={term: renamed(each) for term, each in found.maps.items()}, differences=differences)


def tables(
    people: Population, points: Array, found: Comparison, powers: Mapping[str, Mapping[str, Power]]
) -> dict[str, pd.DataFrame]:
    """Every table by the name of its file.

    Parameters
    ----------
    people : Population
    points : (N, L, 2) array
        What was compared.
    found : Comparison
        Of the landmarks of the population's structures, `numbered`.
    powers : mapping of str to mapping of str to Power
        By factor, and by its levels in words.
    """
    many = {name: each for name, each in found.differences.items() if len(each) > 1}
    return {
        "anova": found.table.reset_index(),
        **as_files("pairs", ((name, each.table.reset_index()) for name, each in found.pairs.items())),
        **as_files("means", ((name, _shapes(people, "level", each.levels, each.means)) for name, each in found.pairs.items())),
        **as_files("map", ((term, _map(people, each, _effect(points, found, term))) for term, each in found.maps.items())),
        **as_files("differences", ((name, pd.concat([_of(people, d) for d in each])) for name, each in many.items())),
        **as_files(
            "predicted",
            ((name, _shapes(people, "value", each.values, each.shapes)) for name, each in found.regressions.items()),
        ),
        **as_files("power", ((name, _power(each)) for name, each in powers.items())),
        **({} if found.allometry is None else _allometry(found, found.allometry, people.unit)),
    }


def write_tables(made: Mapping[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    """Write tables as CSV in place of those of an earlier comparison."""
    (folder / ABOUT).unlink(missing_ok=True)  # a run that ends half way leaves no tables under another's name
    old = (path for pattern in OLD for path in folder.glob(f"{pattern}.csv"))
    return replace_tables({folder / f"{name}.csv": table for name, table in made.items()}, old)


def write_about(folder: Path, people: Population, found: Comparison, asked: Mapping[str, object]) -> None:
    """Write ``compare.json``, which says how the tables were made: what was asked for, of which cases and landmarks."""
    about = {
        "formula": found.design.formula,
        "type": found.anova.kind,
        "permutations": found.anova.permutations,
        "seed": found.anova.seed,
        "cases": len(found.design),
        "structures": people.structures,
        "unit": people.unit,
        "allometry_formula": None if found.allometry is None else found.allometry.formula,
        **asked,
        "store": people.store.name,
        "topology_sha256": open_store(people.store).topology.sha256,
        "created_by": f"atlaskit {__version__}",
    }
    whole(folder / ABOUT, lambda draft: draft.write_text(json.dumps(about, indent=2), encoding="utf-8"))


def _map(people: Population, test: LandmarkMap, effect: Array | None) -> pd.DataFrame:
    """A row for each landmark: the first structure that has it, how far it moves if that is one shift, and its tests."""
    topology, own = people.topology, np.full(len(people.landmarks), "", dtype=object)
    for name in reversed(topology.structures):
        own[np.asarray(topology.loop_of(name))] = name
    rows = test.table.reset_index()
    rows.insert(0, "structure", own)
    if effect is not None:
        rows.insert(2, "dx", effect[:, 0])
        rows.insert(3, "dy", effect[:, 1])
    return rows


def _effect(points: Array, found: Comparison, term: str) -> Array | None:
    """(L, 2) shift for one unit of a number, or from the first to the second of two levels; None for what has several."""
    plan = found.design
    two = [each[0] for name, each in found.differences.items() if len(each) == 1 and each[0].map.term == name == term]
    if two:
        return two[0].second - two[0].first
    number = plan.terms.index(term)
    of_groups = any(number in plan.naming(name) for name in plan.levels)
    return None if of_groups or (plan.term == number).sum() > 1 else regress(points, plan, term).slope


def _of(people: Population, difference: Difference) -> pd.DataFrame:
    """The map of two levels, or of one and the mean of all, with the shift from the first shape to the second."""
    a, b = difference.levels if len(difference.levels) == 2 else ("mean of all", *difference.levels)
    rows = _map(people, difference.map, difference.second - difference.first)
    rows.insert(0, "a", a)
    rows.insert(1, "b", b)
    return rows


def _shapes(people: Population, column: str, values: Iterable[object], shapes: Array) -> pd.DataFrame:
    """A row for each value of a column and landmark of each structure: its place in the shape of that value."""
    topology, used = people.topology, people.landmarks
    tables = []
    for value, shape in zip(values, shapes, strict=True):
        for name in people.structures:
            own = np.asarray(topology.loop_of(name))
            x, y = shape[own].T
            tables.append(pd.DataFrame({"structure": name, "landmark": used[own], column: value, "x": x, "y": y}))
    return pd.concat(tables, ignore_index=True)


def _allometry(found: Comparison, growth: Allometry, unit: str) -> dict[str, pd.DataFrame]:
    """A row for each case, its size and how far it lies along the change of shape with size; and the tests of that model."""
    values = found.design.values
    cases = {"case": values.index, f"{SIZE}_{unit}": values[SIZE].to_numpy(), f"log_{SIZE}": growth.regression.x}
    cases |= {} if growth.group is None else {growth.group: values[growth.group].to_numpy()}
    tests = growth.anova.table.reset_index()
    tests.insert(0, "model", growth.formula)
    return {"allometry": pd.DataFrame({**cases, "score": growth.regression.score}), "allometry_anova": tests}


def _power(of: Mapping[str, Power]) -> pd.DataFrame:
    """A row for each pair of levels and number of cases in a group."""
    rows = [
        each.table.reset_index().assign(pair=words, distance=each.distance, observed=each.observed)
        for words, each in of.items()
    ]
    return pd.concat(rows, ignore_index=True)[["pair", "n", "power", "se", "distance", "observed"]]
