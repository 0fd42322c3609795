"""The pictures of one shape space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atlaskit import plot
from atlaskit.shape import Outliers
from atlaskit.verbs.parts import JOINT, Part
from atlaskit.verbs.sides import Sides
from atlaskit.verbs.whole import replace_pictures

ALL = 0.9995
"""Share of the variance from which modes are all there are, in a picture."""


def draw_parts(
    parts: Sequence[Part], judged: pd.DataFrame, unusual: Mapping[str, Outliers], found: Sequence[Sides], folder: Path
) -> tuple[Path, ...]:
    """Draw each part and each pair of sides; pictures of an earlier run go.

    Parameters
    ----------
    parts : sequence of Part
    judged : DataFrame
        The quality of their models, or empty.
    unusual : mapping of str to Outliers
        By part.
    found : sequence of Sides
    folder : Path
    """
    pictures: list[tuple[str, Any]] = []
    for part in parts:
        of_part = judged[judged["part"] == part.name] if len(judged) else judged
        under = "" if part.name == JOINT else f"{part.name} "
        pictures += [(under + name, axes) for name, axes in _part(part, of_part, unusual.get(part.name)).items()]
    pictures += [(f"sides {each.pair[0]}", _sides(each)) for each in found]
    return replace_pictures("shape", ((name, np.ravel(np.asarray(axes, dtype=object))[0]) for name, axes in pictures), folder)


def _part(part: Part, judged: pd.DataFrame, unusual: Outliers | None) -> dict[str, Any]:
    """Modes as outlines and as arrows, what they explain, how good they are, where cases lie, and which are odd."""
    topology, model, cases = part.topology, part.model, part.people.cases
    unit = part.people.unit if part.alignment.scale == "none" else "centroid size = 1"
    pictures: dict[str, Any] = {"modes": plot.modes(model, topology), "arrows": plot.modes(model, topology, arrows=True)}
    pictures["scree"] = plot.scree(model, chosen=len(model.variance) if model.explained.sum() < ALL else None)
    if len(model.variance) > 1:
        pictures["scores"] = plot.scores(part.scores, explained=model.explained, names=cases if part.drawn is None else None)
    if len(judged):
        pictures["quality"] = plot.quality(judged, unit=unit, title=f"n = {len(part.shapes)} cases")
    if unusual is not None:
        pictures["outliers"] = plot.outliers(unusual, part.shapes, model.mean, topology, cases=cases, unit=unit)
    return pictures


def _sides(each: Sides) -> Any:
    """How the two sides differ."""
    structures = each.people.topology.structures
    colors = (structures.index(each.pair[0]), structures.index(each.pair[1]))
    return plot.sides(each.symmetry, each.pair, np.exp(each.log_ratio), cases=each.people.cases, colors=colors)
