"""``shape-pca``: the landmarks of a store become a mean shape and the modes in which the population varies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from atlaskit.errors import InputError
from atlaskit.shape import align, pca
from atlaskit.shape.cloud import Scale
from atlaskit.store import open_store
from atlaskit.verbs.part_files import limits_of, write_account, write_tables
from atlaskit.verbs.part_pictures import draw_parts
from atlaskit.verbs.part_tables import means_table, modes_table, quality_table, scores_table
from atlaskit.verbs.parts import JOINT, Part
from atlaskit.verbs.population import Population, Unit, names_of, population
from atlaskit.verbs.sides import anova_table, asymmetry_table, compare_sides
from atlaskit.verbs.sides import sentences as sides_words
from atlaskit.verbs.singular import outlier_table, singular
from atlaskit.verbs.singular import sentences as singular_words
from atlaskit.verbs.sliding import Slide, slid
from atlaskit.verbs.streaming import IN_MEMORY, streamed_part, streaming_notes


@dataclass(frozen=True)
class ShapePcaResult:
    """What `shape_pca` found.

    Attributes
    ----------
    store : Path
    cases : int
    unit : {"mm", "px"}
        Of sizes.
    options : dict of str to object
        What was asked for: structures, align, scale, modes, robust, slide, pairs, quality, unit and seed.
    parts : tuple of Part
    modes : DataFrame
        One row per part and mode: variance, explained, cumulative.
    scores : DataFrame
        One row per part and case: who it is, size, rotation, distance to the mean, scores in standard deviations.
    mean : DataFrame
        One row per part, structure and landmark.
    quality : DataFrame
        Compactness, generalisation and specificity, a row per part, measure and number of modes; empty where not asked.
    outliers : DataFrame
        One row per part and case: how far it is from the others in which ways, those that are unlike them first.
    limits : dict of str to dict of str to float
        By part and column of ``outliers``, beyond what a case is unlike the others.
    anova : DataFrame
        The analysis of variance of sides: one row per pair of a left and a right structure and source of variation, as of
        `atlaskit.shape.Symmetry`; empty without pairs.
    asymmetry : DataFrame
        One row per pair and case: its fluctuating asymmetry, and the areas of its sides.
    findings : tuple of str
        Which cases are unlike the others, and how sides differ, in words.
    tables, pictures : tuple of Path
    notes : tuple of str
    seconds : float
    """

    store: Path
    cases: int
    unit: str
    options: dict[str, Any]
    parts: tuple[Part, ...]
    modes: pd.DataFrame
    scores: pd.DataFrame
    mean: pd.DataFrame
    quality: pd.DataFrame
    outliers: pd.DataFrame
    limits: dict[str, dict[str, float]]
    anova: pd.DataFrame
    asymmetry: pd.DataFrame
    findings: tuple[str, ...]
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
            "options": self.options,
            "modes": self.modes.to_dict(orient="records"),
            "quality": self.quality.to_dict(orient="records"),
            "outliers": _unusual(self.outliers).to_dict(orient="records"),
            "limits": self.limits,
            "anova": self.anova.to_dict(orient="records"),
            "findings": self.findings,
            "tables": self.tables,
            "pictures": self.pictures,
            "notes": self.notes,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        """The modes that explain most, a line each, and what was found of cases and sides."""
        lines = [f"{self.cases} cases of {self.store}."]
        for part in self.parts:
            explained = part.model.explained
            lines.append(f"{part.name}: {len(explained)} modes, {explained.sum():.1%} of the variance")
            lines += [f"  mode {k + 1}: {share:6.1%}" for k, share in enumerate(explained[:8])]
        return "\n".join([*lines, *self.findings])


def _unusual(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of cases that are unlike the others in any way."""
    return table[table[["far", "unlikely", "beyond"]].any(axis=1)] if len(table) else table


def shape_pca(
    *,
    atlas: Path | str = "atlas",
    store: Path | str | None = None,
    structures: Sequence[str] = (),
    align_by: Literal["joint", "per-structure"] = "joint",
    scale: bool = True,
    modes: int | float | str = 0.98,
    robust: bool = False,
    slide: Slide = "none",
    pairs: Sequence[str] = (),
    judge: bool = True,
    unit: Unit = "auto",
    seed: int = 0,
    in_memory: int = IN_MEMORY,
) -> ShapePcaResult:
    """Align the landmarks of a store and find the modes in which they vary.

    Parameters
    ----------
    atlas : path
        Tables go to ``shape/`` in it, with ``shape.json`` that says how they were made, and pictures to ``figures/``; those of
        an earlier run go.
    store : path, optional
        ``landmarks.zarr`` in the atlas unless given; gets the groups ``alignment`` and ``pca``.
    structures : sequence of str
        All of them unless given.
    align_by : {"joint", "per-structure"}
        One transform for all structures, which keeps how they lie to each other, or one for each. Cases that lack a structure
        are left out of its shape space, and so of the joint one, and counted: nothing is put in for what is absent.
    scale : bool
        Whether cases are brought to one size; else size is part of the shape.
    modes : int, float or {"all", "parallel"}
        As in `atlaskit.shape.pca`.
    robust : bool
        A mean on which cases far from it pull less.
    slide : {"none", "bending", "distance"}
        Whether landmarks slide along their outlines before they are aligned, until the spline from the mean to each case bends
        least, or landmarks lie near those of the mean. Corners and landmarks of several structures stay; so does the store.
    pairs : sequence of str
        The structures whose sides are compared, as "LEFT=RIGHT"; those that are named left and right unless given.
    judge : bool
        Measure the quality of the model too, as `atlaskit.shape.quality` does.
    unit : {"auto", "px", "mm"}
        As in `population`.
    seed : int
    in_memory : int
        Landmarks of more cases are streamed from the store: only shapes of a few, drawn by the seed, are kept for the quality,
        and no case is looked at for itself.

    Raises
    ------
    InputError, NotFoundError, StoreError
    """
    began = time.perf_counter()
    place = Path(atlas) / "landmarks.zarr" if store is None else Path(store)
    each = _each(place, structures, unit, align_by)
    names = tuple(name for _, people in each for name in people.structures)
    small = all(len(people) <= in_memory for _, people in each)
    sought = names if pairs or small else ()  # a streamed store is not read once more for what nobody asked for
    sides, sided = compare_sides(place, sought, pairs, unit=each[0][1].unit, most=in_memory, seed=seed)
    kept: Scale = "full" if scale else "none"
    parts = tuple(
        (_part if len(people) <= in_memory else streamed_part)(
            people, name, scale=kept, modes=modes, robust=robust, slide=slide, seed=seed
        )
        for name, people in each
    )
    unusual = singular(parts)
    tables = {"modes": modes_table(parts), "scores": scores_table(parts), "mean": means_table(parts)}
    tables["quality"] = quality_table(parts, seed) if judge else pd.DataFrame()
    tables["outliers"] = outlier_table(parts, unusual)
    tables |= {"anova": anova_table(sides), "asymmetry": asymmetry_table(sides)}
    options = {"structures": names, "align": align_by, "scale": scale, "modes": modes, "robust": robust, "slide": slide}
    options |= {"pairs": tuple("=".join(each.pair) for each in sides), "quality": judge, "unit": unit, "seed": seed}
    result = ShapePcaResult(
        store=place,
        cases=len({case for part in parts for case in part.people.cases}),
        unit=parts[0].people.unit,
        options=options,
        parts=parts,
        **tables,
        limits=limits_of(unusual),
        findings=(*singular_words(unusual), *sides_words(sides)),
        tables=write_tables(place, parts, tables, options, Path(atlas) / "shape"),
        pictures=draw_parts(parts, tables["quality"], unusual, sides, Path(atlas) / "figures"),
        notes=tuple(dict.fromkeys([*_notes(parts), *streaming_notes(parts, judged=judge), *sided])),
        seconds=round(time.perf_counter() - began, 3),
    )
    said = {name: getattr(result, name) for name in ("store", "options", "unit", "cases", "notes", "limits", "findings")}
    write_account(place, parts, said, Path(atlas) / "shape")
    return result


def _each(
    place: Path, structures: Sequence[str], unit: Unit, align_by: Literal["joint", "per-structure"]
) -> list[tuple[str, Population]]:
    """The shape spaces by name, each with the cases that have its structures, all in one unit."""
    if align_by not in ("joint", "per-structure"):
        raise InputError(f"Shapes are aligned 'joint' or 'per-structure'; got {align_by!r}.")
    if align_by == "joint":
        return [(JOINT, population(place, structures=structures, unit=unit))]
    found: list[tuple[str, Population]] = []
    for name in names_of(structures) or open_store(place).topology.structures:
        known = found[0][1].unit if found else unit
        found.append((name, population(place, structures=(name,), unit=known)))
    return found


def _part(
    people: Population, name: str, *, scale: Scale, modes: int | float | str, robust: bool, slide: Slide, seed: int
) -> Part:
    """Align a population and find its modes."""
    moved = slid(people.points, people.topology, slide)
    aligned = align(people.points if moved is None else moved.points, scale=scale, robust=robust, onto=people.template)
    shapes = aligned.tangent
    model = pca(shapes, modes=modes, seed=seed)
    if not len(model.variance):
        raise InputError(f"Modes need cases that differ; the {len(people)} with {', '.join(people.structures)} are all alike.")
    return Part(name, people, aligned, model, model.scores(shapes), shapes, slid=moved)


def _notes(parts: Sequence[Part]) -> list[str]:
    """Who was left out, and how far landmarks slid."""
    notes = [note for part in parts for note in part.people.left_out]
    for part in parts:
        if part.slid is not None:
            where = "" if part.name == JOINT else f"{part.name}: "
            notes.append(where + part.slid.sentence(part.people.unit))
    return notes
