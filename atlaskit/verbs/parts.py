"""One shape space of a population, and what of it stays in a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from atlaskit import store
from atlaskit.errors import NotFoundError
from atlaskit.shape import Placement, ShapeModel
from atlaskit.topology import Topology
from atlaskit.verbs.population import Population
from atlaskit.verbs.sliding import Slid

JOINT = "all"
"""The part of a shape that all structures make together."""


@dataclass(frozen=True)
class Part:
    """One shape space: all structures together, or one of them.

    Attributes
    ----------
    name : str
    people : Population
        The cases that have these structures.
    alignment : Placement
        Of these landmarks, all cases.
    model : ShapeModel
    scores : (N, M) float array
        Standard deviations.
    shapes : (m, n, 2) float array
        Aligned, in tangent space: all cases where they fit in memory, else `drawn` ones.
    drawn : (m,) int array or None
        Which cases were drawn, ascending; None for all.
    slid : Slid or None
        Where the landmarks slid to before they were aligned, if they did.
    """

    name: str
    people: Population
    alignment: Placement
    model: ShapeModel
    scores: NDArray[np.float64]
    shapes: NDArray[np.float64]
    drawn: NDArray[np.int64] | None = None
    slid: Slid | None = None

    @property
    def structures(self) -> tuple[str, ...]:
        """All that the shapes are made of."""
        return self.people.structures

    @property
    def topology(self) -> Topology:
        """The loops of these structures."""
        return self.people.topology


def write_groups(path: Path, parts: Sequence[Part], made: Mapping[str, object]) -> None:
    """Put the groups ``alignment`` and ``pca`` into the store; those of single structures lie within them.

    Parameters
    ----------
    path : Path
    parts : sequence of Part
    made : mapping of str to object
        Attributes of each group, which say how it was made.
    """
    by_name = {_within(part.name): part for part in parts}
    for group, of in (("alignment", _alignment_of), ("pca", _model_of)):
        store.write_group(path, group, {name: of(part).assign_attrs(made) for name, part in by_name.items()})


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


def _alignment_of(part: Part) -> xr.Dataset:
    people, known, case = part.people, part.alignment, ("case",)
    values: dict[str, Any] = {
        "mean": (("landmark", "axis"), known.mean),
        "size": (case, known.size, {"unit": people.unit}),
        "rotation_rad": (case, known.rotation_rad),
        "factor": (case, known.factor),
        "centre": (("case", "axis"), known.centre, {"unit": people.unit}),
        "distance_rad": (case, known.distance),
    }
    if part.slid is not None:
        values["points"] = (("case", "landmark", "axis"), part.slid.points, {"unit": people.unit})
    return xr.Dataset(values, coords=_labels(part), attrs={**_attributes(part), "unit": people.unit})


def _model_of(part: Part) -> xr.Dataset:
    model = part.model
    values = {
        "mean": (("landmark", "axis"), model.mean),
        "modes": (("mode", "landmark", "axis"), model.modes),
        "variance": ("mode", model.variance),
        "scores": (("case", "mode"), part.scores, {"unit": "standard deviations"}),
    }
    attrs = {**_attributes(part), "total_variance": model.total, "cases": model.cases}
    return xr.Dataset(values, coords=_labels(part), attrs=attrs)


def _attributes(part: Part) -> dict[str, Any]:
    """Whose landmarks they are, and how they slid: then ``points`` of the alignment are those that were aligned."""
    if part.slid is None:
        return {"structures": list(part.structures), "slide": "none"}
    return {
        "structures": list(part.structures),
        "slide": part.slid.criterion,
        "slide_fixed": part.people.landmarks[part.slid.fixed].tolist(),
    }


def _labels(part: Part) -> dict[str, Any]:
    """Names along the dimensions."""
    return {
        "case": np.array(part.people.cases, dtype=object),
        "landmark": part.people.landmarks.astype(np.int32),
        "axis": np.array(["x", "y"], dtype=object),
    }
