"""One shape space of a population, and what of it stays in a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from atlaskit import store
from atlaskit.errors import NotFoundError
from atlaskit.shape import Placement, ShapeModel
from atlaskit.verbs.population import Population

JOINT = "all"
"""The part of a shape that all structures make together."""


@dataclass(frozen=True)
class Part:
    """One shape space: all structures together, or one of them.

    Attributes
    ----------
    name : str
    structures : tuple of str
    landmarks : (n,) int array
        Indices in the population's points.
    alignment : Placement
        Of these landmarks, all cases.
    model : ShapeModel
    scores : (N, M) float array
        Standard deviations.
    shapes : (m, n, 2) float array
        Aligned, in tangent space: all cases where they fit in memory, else `drawn` ones.
    drawn : (m,) int array or None
        Which cases were drawn, ascending; None for all.
    """

    name: str
    structures: tuple[str, ...]
    landmarks: NDArray[np.int64]
    alignment: Placement
    model: ShapeModel
    scores: NDArray[np.float64]
    shapes: NDArray[np.float64]
    drawn: NDArray[np.int64] | None = None


def write_groups(people: Population, parts: Sequence[Part]) -> None:
    """Put the groups ``alignment`` and ``pca`` into the store; those of single structures lie within them."""
    by_name = {_within(part.name): part for part in parts}
    store.write_group(people.store, "alignment", {name: _alignment_of(people, part) for name, part in by_name.items()})
    store.write_group(people.store, "pca", {name: _model_of(people, part) for name, part in by_name.items()})


def read_model(path: Path, name: str = JOINT) -> ShapeModel:
    """The model of a part as `write_groups` put it into a store; `NotFoundError` where there is none."""
    group = "/".join(filter(None, ("pca", _within(name))))
    if not (path / group / "modes").is_dir():
        raise NotFoundError(f"{path} must hold modes of {name!r}; it has none: run `atlaskit shape-pca` first.")
    found = store.read_group(path, group)
    mean, modes, variance = (found[key].to_numpy() for key in ("mean", "modes", "variance"))
    return ShapeModel(mean, modes, variance, float(found.attrs["total_variance"]), int(found.attrs["cases"]))


def _within(name: str) -> str:
    """The group of a part within the group of all parts."""
    return "" if name == JOINT else name


def _alignment_of(people: Population, part: Part) -> xr.Dataset:
    known, case = part.alignment, ("case",)
    values = {
        "mean": (("landmark", "axis"), known.mean),
        "size": (case, known.size, {"unit": people.unit}),
        "rotation_rad": (case, known.rotation_rad),
        "factor": (case, known.factor),
        "centre": (("case", "axis"), known.centre, {"unit": people.unit}),
        "distance_rad": (case, known.distance),
    }
    return xr.Dataset(values, coords=_labels(people, part), attrs={"structures": list(part.structures), "unit": people.unit})


def _model_of(people: Population, part: Part) -> xr.Dataset:
    model = part.model
    values = {
        "mean": (("landmark", "axis"), model.mean),
        "modes": (("mode", "landmark", "axis"), model.modes),
        "variance": ("mode", model.variance),
        "scores": (("case", "mode"), part.scores, {"unit": "standard deviations"}),
    }
    attrs = {"structures": list(part.structures), "total_variance": model.total, "cases": model.cases}
    return xr.Dataset(values, coords=_labels(people, part), attrs=attrs)


def _labels(people: Population, part: Part) -> dict[str, Any]:
    """Names along the dimensions."""
    return {
        "case": np.array(people.cases, dtype=object),
        "landmark": people.landmarks[part.landmarks].astype(np.int32),
        "axis": np.array(["x", "y"], dtype=object),
    }
