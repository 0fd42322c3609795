"""The cases of a population that are unlike the others: which, in what way, and where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.shape import Outliers, outliers
from atlaskit.verbs.parts import JOINT, Part

LEAST = 4
"""Cases that can be judged by the others."""
NAMED = 8
"""Cases that a sentence names at most."""


def singular(parts: Sequence[Part]) -> dict[str, Outliers]:
    """By part, how unusual its cases are; of few cases there is nothing to say, and streamed ones are not looked at."""
    judged = [part for part in parts if part.drawn is None and len(part.people) >= LEAST]
    return {part.name: outliers(part.shapes, cases=part.people.cases) for part in judged}


def outlier_table(parts: Sequence[Part], found: dict[str, Outliers]) -> pd.DataFrame:
    """One row per part and case, those that are unlike the others first: who it is, its status, and what is unusual where."""
    tables = []
    for part in parts:
        if part.name in found:
            people = part.people
            who = people.table.assign(status=people.status, structure=_furthest(part))
            tables.append(who.merge(found[part.name].table, on="case", how="right").assign(part=part.name))
    if not tables:
        return pd.DataFrame()
    table = pd.concat(tables, ignore_index=True)
    return table[["part", *table.columns.drop("part")]]


def _furthest(part: Part) -> NDArray[np.object_]:
    """(N,) the structure of each case that has the landmark furthest from the mean's."""
    off = np.linalg.norm(part.shapes - part.model.mean, axis=2)
    each = np.stack([off[:, list(loop)].max(1) for loop in part.topology.loops])
    return np.asarray(np.array(part.topology.structures, dtype=object)[each.argmax(0)])


def sentences(found: dict[str, Outliers]) -> list[str]:
    """How many cases are unlike the others and which, a line per part."""
    lines = []
    for name, each in found.items():
        unusual = [str(case) for case in each.unusual["case"]]
        some = ", ".join(unusual[:NAMED]) + (", ..." if len(unusual) > NAMED else "")
        count = f"{len(unusual) or 'none'} of {len(each.table)} cases {'is' if len(unusual) == 1 else 'are'} unlike the others"
        lines.append(("" if name == JOINT else f"{name}: ") + count + (f": {some}" if unusual else ""))
    return lines
