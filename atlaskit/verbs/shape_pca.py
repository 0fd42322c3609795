"""``shape-pca``: the landmarks of a store become a mean shape and the modes in which the population varies."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from atlaskit import plot
from atlaskit.errors import InputError
from atlaskit.shape import align, pca, quality
from atlaskit.shape.cloud import Scale
from atlaskit.verbs.parts import JOINT, Part, write_groups
from atlaskit.verbs.population import Population, Unit, population
from atlaskit.verbs.streaming import IN_MEMORY, leading, streamed_part, streaming_notes
from atlaskit.verbs.whole import save_picture, write_table


@dataclass(frozen=True)
class ShapePcaResult:
    """What `shape_pca` found.

    Attributes
    ----------
    store : Path
    cases : int
    unit : {"mm", "px"}
        Of sizes.
    parts : tuple of Part
    modes : DataFrame
        One row per part and mode: variance, explained, cumulative.
    scores : DataFrame
        One row per part and case: who it is, size, rotation, distance to the mean, scores in standard deviations.
    mean : DataFrame
        One row per part, structure and landmark.
    quality : DataFrame
        Compactness, generalisation and specificity, a row per part, measure and number of modes; empty where not asked.
    tables, pictures : tuple of Path
    notes : tuple of str
    seconds : float
    """

    store: Path
    cases: int
    unit: str
    parts: tuple[Part, ...]
    modes: pd.DataFrame
    scores: pd.DataFrame
    mean: pd.DataFrame
    quality: pd.DataFrame
    tables: tuple[Path, ...]
    pictures: tuple[Path, ...]
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, object]:
        """The result in plain types for JSON."""
        return {
            "store": self.store,
            "cases": self.cases,
            "unit": self.unit,
            "modes": self.modes.to_dict(orient="records"),
            "quality": self.quality.to_dict(orient="records"),
            "tables": self.tables,
            "pictures": self.pictures,
            "notes": self.notes,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        """The modes that explain most, a line each."""
        lines = [f"{self.cases} cases of {self.store}."]
        for part in self.parts:
            explained = part.model.explained
            lines.append(f"{part.name}: {len(explained)} modes, {explained.sum():.1%} of the variance")
            lines += [f"  mode {k + 1}: {share:6.1%}" for k, share in enumerate(explained[:8])]
        return "\n".join(lines)


def shape_pca(
    *,
    atlas: Path | str = "atlas",
    store: Path | str | None = None,
    structures: Sequence[str] = (),
    align_by: Literal["joint", "per-structure"] = "joint",
    scale: bool = True,
    modes: int | float | str = 0.98,
    robust: bool = False,
    judge: bool = True,
    unit: Unit = "auto",
    seed: int = 0,
    in_memory: int = IN_MEMORY,
) -> ShapePcaResult:
    """Align the landmarks of a store and find the modes in which they vary.

    Parameters
    ----------
    atlas : path
        Tables go to ``shape/`` in it, pictures to ``figures/``.
    store : path, optional
        ``landmarks.zarr`` in the atlas unless given; gets the groups ``alignment`` and ``pca``.
    structures : sequence of str
        All of them unless given; cases that lack one are left out, and counted.
    align_by : {"joint", "per-structure"}
        One transform for all structures, which keeps how they lie to each other, or one for each.
    scale : bool
        Whether cases are brought to one size; else size is part of the shape.
    modes : int, float or {"all", "parallel"}
        As in `atlaskit.shape.pca`.
    robust : bool
        A mean on which cases far from it pull less.
    judge : bool
        Measure the quality of the model too, as `atlaskit.shape.quality` does.
    unit : {"auto", "px", "mm"}
        As in `population`.
    seed : int
    in_memory : int
        Landmarks of more cases are streamed from the store; only shapes of a few, drawn by the seed, are kept for the quality.

    Raises
    ------
    InputError, NotFoundError, StoreError
    """
    began = time.perf_counter()
    place = Path(atlas) / "landmarks.zarr" if store is None else Path(store)
    people = population(place, structures=structures, unit=unit)
    if align_by not in ("joint", "per-structure"):
        raise InputError(f"Shapes are aligned 'joint' or 'per-structure'; got {align_by!r}.")
    each = [(JOINT, people.structures)] if align_by == "joint" else [(name, (name,)) for name in people.structures]
    make = _part if len(people) <= in_memory else streamed_part
    kept: Scale = "full" if scale else "none"
    parts = tuple(make(people, name, names, scale=kept, modes=modes, robust=robust, seed=seed) for name, names in each)
    tables = {"modes": _by_part(parts, lambda part: part.model.table), "scores": _by_part(parts, partial(_scores, people))}
    tables["mean"] = _by_part(parts, partial(_mean, people))
    tables["quality"] = _quality(people, parts, seed) if judge else pd.DataFrame()
    return ShapePcaResult(
        store=place,
        cases=len(people.cases),
        unit=people.unit,
        parts=parts,
        **tables,
        tables=_write(people, parts, tables, Path(atlas) / "shape"),
        pictures=_draw(people, parts, tables["quality"], Path(atlas) / "figures"),
        notes=(*people.left_out, *(streaming_notes(parts, judged=judge) if len(people) > in_memory else ())),
        seconds=round(time.perf_counter() - began, 3),
    )


def _part(
    people: Population, name: str, structures: Sequence[str], *, scale: Scale, modes: int | float | str, robust: bool, seed: int
) -> Part:
    """Align some structures and find their modes."""
    used = people.landmarks_of(structures)
    onto = None if people.template is None else people.template[used]
    aligned = align(people.points[:, used], scale=scale, robust=robust, onto=onto)
    shapes = aligned.tangent
    model = pca(shapes, modes=modes, seed=seed)
    return Part(name, tuple(structures), used, aligned, model, model.scores(shapes), shapes)


def _by_part(parts: Sequence[Part], table: Callable[[Part], pd.DataFrame]) -> pd.DataFrame:
    """A table of each part, one below the other, with the name of the part before all."""
    tables = [table(part) for part in parts]
    for part, each in zip(parts, tables, strict=True):
        each.insert(0, "part", part.name)
    return pd.concat(tables, ignore_index=True)


def _scores(people: Population, part: Part) -> pd.DataFrame:
    """Who each case is, how it lies, and its scores."""
    who = pd.DataFrame({"case": people.cases, "subject": people.subjects, "frame": people.frame})
    lies = part.alignment.table.drop(columns="factor").rename(columns={"size": f"size_{people.unit}"})
    along = pd.DataFrame(part.scores, columns=[f"pc{k + 1}" for k in range(part.scores.shape[1])])
    return pd.concat([who, lies, along], axis=1)


def _quality(people: Population, parts: Sequence[Part], seed: int) -> pd.DataFrame:
    """By landmarks and by overlap; of cases that are all alike there is nothing to measure."""
    tables = []
    for part in parts:
        if len(part.model.variance):
            loops = people.topology.only(part.structures).loops
            with threadpool_limits(1):  # many small products, for which threads only wait where others use the cores
                found = quality(part.shapes, loops=loops, seed=seed).table
            tables.append(found.assign(part=part.name))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _mean(people: Population, part: Part) -> pd.DataFrame:
    """The mean along the loop of each structure."""
    topology, rows = people.topology.only(part.structures), []
    for name in part.structures:
        loop = topology.loop_of(name)
        x, y = part.alignment.mean[loop].T
        rows.append(pd.DataFrame({"structure": name, "landmark": people.landmarks[part.landmarks[loop]], "x": x, "y": y}))
    return pd.concat(rows, ignore_index=True)


def _write(people: Population, parts: Sequence[Part], tables: dict[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    """Groups into the store, tables beside the atlas."""
    write_groups(people, parts)
    made = {folder / f"{name}.csv": table for name, table in tables.items() if len(table)}
    if any(part.drawn is not None for part in parts):
        made[folder / "scores.csv"] = leading(tables["scores"])
    for path, table in made.items():
        write_table(path, table, digits=8)
    return tuple(made)


def _draw(people: Population, parts: Sequence[Part], judged: pd.DataFrame, folder: Path) -> tuple[Path, ...]:
    """Modes as outlines and as arrows, what they explain, how good they are, and where cases lie along the first two."""
    paths = []
    for part in parts:
        topology, model = people.topology.only(part.structures), part.model
        pictures: dict[str, Any] = {"modes": plot.modes(model, topology), "arrows": plot.modes(model, topology, arrows=True)}
        pictures["scree"] = plot.scree(model)
        if len(model.variance) > 1:
            pictures["scores"] = plot.scores(part.scores, explained=model.explained)
        if len(judged):
            of_part = judged[judged["part"] == part.name].rename(columns={"measure": "unit"})
            pictures["quality"] = plot.quality(of_part, title=f"n = {len(part.shapes)} cases")
        under = "" if part.name == JOINT else "_" + re.sub(r"\W+", "_", part.name)
        for name, axes in pictures.items():
            paths.append(folder / f"shape{under}_{name}.png")
            save_picture(paths[-1], np.ravel(np.asarray(axes, dtype=object))[0])
    return tuple(paths)
