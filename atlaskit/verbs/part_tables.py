"""The tables of shape spaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from atlaskit.shape import quality
from atlaskit.verbs.parts import Part


def modes_table(parts: Sequence[Part]) -> pd.DataFrame:
    """One row per part and mode: how much it explains."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "part": part.name,
                    "mode": np.arange(1, len(part.model.variance) + 1),
                    "variance": part.model.variance,
                    "explained": part.model.explained,
                    "cumulative": np.cumsum(part.model.explained),
                }
            )
            for part in parts
        ],
        ignore_index=True,
    )


def scores_table(parts: Sequence[Part]) -> pd.DataFrame:
    """One row per part and case: who it is, how it lies, and its scores."""
    tables = []
    for part in parts:
        known = part.alignment
        lies = {
            f"size_{part.people.unit}": known.size,
            "rotation_deg": np.degrees(known.rotation_rad),
            "distance_rad": known.distance,
        }
        along = {f"pc{k + 1}": column for k, column in enumerate(part.scores.T)}
        who = part.people.table
        who.insert(0, "part", part.name)
        tables.append(who.assign(**lies, **along))
    return pd.concat(tables, ignore_index=True)


def quality_table(parts: Sequence[Part], seed: int) -> pd.DataFrame:
    """By landmarks and by overlap, one row per part, measure and number of modes."""
    judged = [quality(part.alignment.tangent, loops=part.topology.loops, seed=seed).table for part in parts]
    return pd.concat([table.assign(part=part.name) for part, table in zip(parts, judged, strict=True)], ignore_index=True)


def means_table(parts: Sequence[Part]) -> pd.DataFrame:
    """One row per part, structure and landmark: the mean shape."""
    rows = []
    for part in parts:
        at = {int(node): k for k, node in enumerate(part.landmarks)}
        for name in part.structures:
            loop = part.people.topology.loop_of(name)
            x, y = part.alignment.mean[[at[int(node)] for node in loop]].T
            rows.append(pd.DataFrame({"part": part.name, "structure": name, "landmark": loop, "x": x, "y": y}))
    return pd.concat(rows, ignore_index=True)
