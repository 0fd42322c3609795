"""The pictures of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import plot
from atlaskit.plot.arrows import readable_factor
from atlaskit.shape import Allometry, Comparison, LandmarkMap, Power, pca
from atlaskit.shape.comparison import PERCENTILES, SIGNIFICANT
from atlaskit.shape.strata import BETWEEN
from atlaskit.shape.variables import SIZE
from atlaskit.topology import Topology
from atlaskit.verbs.population import Population
from atlaskit.verbs.whole import replace_pictures

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Maps:
    """What the maps of a comparison share."""

    topology: Topology
    unit: str

    def draw(self, first: Array, second: Array, test: LandmarkMap | None, title: str, **shared: Any) -> Any:
        """How one shape becomes another, with the landmarks that are found to differ."""
        marked = None if test is None else (test.table["q"] < SIGNIFICANT).to_numpy()
        rule = f"q < {SIGNIFICANT}"
        return plot.difference(
            first, second, self.topology, significant=marked, rule=rule, unit=self.unit, title=title, **shared
        )


def draw(
    people: Population,
    points: Array,
    found: Comparison,
    powers: Mapping[str, Mapping[str, Power]],
    folder: Path,
    *,
    scaled: bool,
) -> tuple[Path, ...]:
    """Draw where groups differ and what numbers do, how cases lie along the first modes, allometry and power.

    Parameters
    ----------
    people : Population
    points : (N, L, 2) array
        What was compared.
    found : Comparison
    powers : mapping of str to mapping of str to Power
    folder : Path
        Pictures of an earlier comparison go.
    scaled : bool
        Whether shapes have one size; else they are in the unit of the population.
    """
    topology = people.topology
    maps = _Maps(topology, "centroid size = 1" if scaled else people.unit)
    pictures: list[tuple[str, Any]] = [*_groups(found, maps).items(), *_numbers(found, maps, people.unit).items()]
    pictures += [(f"{name} scores", axes) for name, axes in _scores(points[found.design.kept], found).items()]
    if found.allometry is not None:
        mean = points[found.design.kept].mean(axis=0)
        pictures.append(("allometry", _allometry(found, found.allometry, mean, topology, people.unit)))
    pictures += [(f"{name} power", plot.power(each)) for name, each in powers.items()]
    return replace_pictures("compare", pictures, folder)


def _groups(found: Comparison, maps: _Maps) -> dict[str, Any]:
    """Where the levels of each factor differ; maps of one factor share colours and length of arrows."""
    made = {}
    for name, each in found.differences.items():
        shift = np.stack([d.second - d.first for d in each])
        most, factor = float(np.linalg.norm(shift, axis=-1).max()), readable_factor(shift, each[0].first)
        for d in each:
            under = name if len(each) == 1 else f"{name} {' '.join(d.levels)}"
            made[under] = maps.draw(
                d.first, d.second, d.map, f"{name}: {d.words}, n = {_count(found, name, d.levels)}", most=most, factor=factor
            )
    return made


def _count(found: Comparison, factor: str, levels: Sequence[str]) -> str:
    """Cases of each level, or blocks where means of these were compared."""
    plan = found.design
    blocks = plan.blocks if found.pairs[factor].stratum == BETWEEN else None
    units = np.arange(len(plan)) if blocks is None else blocks
    count = [len(np.unique(units[(plan.values[factor] == level).to_numpy()])) for level in levels]
    return " + ".join(map(str, count)) + ("" if blocks is None else f" {plan.within}s")


def _numbers(found: Comparison, maps: _Maps, unit: str) -> dict[str, Any]:
    """From the shape at a low value of each number to that at a high one."""
    made = {}
    for name, each in found.regressions.items():
        ends = f"{name}: {each.values[0]:.4g} to {each.values[-1]:.4g}{f' {unit}' if name == SIZE else ''}"
        ends += f" ({PERCENTILES[0]:g}th to {PERCENTILES[-1]:g}th percentile)" if len(each.values) > 2 else ""
        test = found.maps[each.term] if each.term else None
        made[name] = maps.draw(each.shapes[0], each.shapes[-1], test, ends)
    return made


def _scores(points: Array, found: Comparison) -> dict[str, Any]:
    """The cases along the first two modes, by each factor that has a colour for each level."""
    model = pca(points)
    along = model.scores(points)
    names = [name for name in found.pairs if len(found.design.levels[name]) <= len(plot.PALETTE) and along.shape[1] > 1]
    return {name: plot.scores(along, _levels(found, name), explained=model.explained) for name in names}


def _levels(found: Comparison, name: str) -> Any:
    """The level of each case, in their order."""
    return pd.Categorical(found.design.values[name], found.design.levels[name])


def _allometry(found: Comparison, growth: Allometry, mean: Array, topology: Topology, unit: str) -> Any:
    """Scores against size by the groups that have slopes of their own, and shapes at both ends of the common slope."""
    return plot.allometry(
        found.design.values[SIZE].to_numpy(dtype=np.float64),
        growth.regression.score,
        None if growth.group is None else _levels(found, growth.group),
        shapes=growth.common[[0, -1]],
        mean=mean,
        topology=topology,
        at=(growth.sizes[0], growth.sizes[-1]),
        unit=unit,
    )
