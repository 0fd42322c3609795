"""The tables of shape spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
from threadpoolctl import threadpool_limits

from atlaskit.shape import quality
from atlaskit.verbs.parts import Part


def modes_table(parts: Sequence[Part]) -> pd.DataFrame:
    """One row per part and mode: how much it explains."""
    return _by_part(parts, lambda part: part.model.table)


def scores_table(parts: Sequence[Part]) -> pd.DataFrame:
    """One row per part and case: who it is, how it lies, and its scores."""
    return _by_part(parts, _scores)


def means_table(parts: Sequence[Part]) -> pd.DataFrame:
    """One row per part, structure and landmark: the mean shape."""
    return _by_part(parts, _mean)


def quality_table(parts: Sequence[Part], seed: int) -> pd.DataFrame:
    """By landmarks and by overlap, one row per part, measure and number of modes."""
    with threadpool_limits(1):  # many small products, for which threads only wait where others use the cores
        return _by_part(parts, lambda part: quality(part.shapes, loops=part.topology.loops, seed=seed).table)


def _by_part(parts: Sequence[Part], table: Callable[[Part], pd.DataFrame]) -> pd.DataFrame:
    """A table of each part, one below the other, with the name of the part before all."""
    tables = [table(part) for part in parts]
    for part, each in zip(parts, tables, strict=True):
        each.insert(0, "part", part.name)
    return pd.concat(tables, ignore_index=True)


def _scores(part: Part) -> pd.DataFrame:
    lies = part.alignment.table.drop(columns="factor").rename(columns={"size": f"size_{part.people.unit}"})
    along = pd.DataFrame(part.scores, columns=[f"pc{k + 1}" for k in range(part.scores.shape[1])])
    return pd.concat([part.people.table, lies, along], axis=1)


def _mean(part: Part) -> pd.DataFrame:
    """The mean along the loop of each structure."""
    rows = []
    for name in part.structures:
        loop = part.topology.loop_of(name)
        x, y = part.alignment.mean[loop].T
        rows.append(pd.DataFrame({"structure": name, "landmark": part.people.landmarks[loop], "x": x, "y": y}))
    return pd.concat(rows, ignore_index=True)
