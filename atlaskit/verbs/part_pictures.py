"""The pictures of one shape space."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atlaskit import plot
from atlaskit.shape import Outliers
from atlaskit.verbs.parts import JOINT, Part
from atlaskit.verbs.sides import Sides
from atlaskit.verbs.whole import save_picture

ALL = 0.9995
"""Share of the variance from which modes are all there are, in a picture."""


def draw_part(part: Part, judged: pd.DataFrame, unusual: Outliers | None, folder: Path) -> list[Path]:
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
    under = "" if part.name == JOINT else f"_{_file(part.name)}"
    return [_saved(axes, folder / f"shape{under}_{name}.png") for name, axes in pictures.items()]


def draw_sides(found: Sequence[Sides], folder: Path) -> list[Path]:
    """A picture of each pair."""
    paths = []
    for each in found:
        structures = each.people.topology.structures
        colors = (structures.index(each.pair[0]), structures.index(each.pair[1]))
        ratio = np.exp(each.log_ratio)
        axes = plot.sides(each.symmetry, each.pair, ratio, cases=each.people.cases, colors=colors)
        paths.append(_saved(axes, folder / f"shape_sides_{_file(each.pair[0])}.png"))
    return paths


def _file(name: str) -> str:
    """A name as part of that of a file."""
    return re.sub(r"\W+", "_", name)


def _saved(axes: Any, path: Path) -> Path:
    save_picture(path, np.ravel(np.asarray(axes, dtype=object))[0])
    return path
