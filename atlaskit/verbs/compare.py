"""``compare``: what the shapes of a store depend on, tested by permutation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import plot
from atlaskit.errors import InputError, NotFoundError
from atlaskit.shape import Anova, Design, anova, design, gather, join, landmark_map, pairwise
from atlaskit.shape import align as align_shapes
from atlaskit.verbs.population import Population, Unit, population
from atlaskit.verbs.whole import save_picture, write_table

SIGNIFICANT = 0.05
"""False discovery rate at which a landmark is marked in a map."""
IDS = ("case", "subject", "id")
"""Columns of a table that say whose row it is unless another is named, the first that there is."""


@dataclass(frozen=True)
class CompareResult:
    """What `compare` found.

    Attributes
    ----------
    store : Path
    cases : int
        Shapes compared; subjects where several cases of each were averaged.
    formula : str
    unit : {"mm", "px"}
        Of ``size``.
    anova : DataFrame
        One row per stratum and term: df, SS, MS, R2, F, Z, p.
    pairs : dict of str to DataFrame
        For each factor, its levels two by two.
    maps : dict of str to DataFrame
        For each term, a row per landmark: T2, p, q, p_max.
    tables, pictures : tuple of Path
    notes : tuple of str
        Who was left out, and what ids did not match.
    seconds : float
    """

    store: Path
    cases: int
    formula: str
    unit: str
    anova: pd.DataFrame
    pairs: dict[str, pd.DataFrame]
    maps: dict[str, pd.DataFrame]
    tables: tuple[Path, ...]
    pictures: tuple[Path, ...]
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The result in plain types for JSON."""
        return {
            "store": self.store,
            "cases": self.cases,
            "formula": self.formula,
            "unit": self.unit,
            "anova": _records(self.anova),
            "pairs": {name: _records(table) for name, table in self.pairs.items()},
            "tables": self.tables,
            "pictures": self.pictures,
            "notes": self.notes,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        """The analysis of variance, and the pairs of each factor."""
        parts = [f"{self.cases} shapes of {self.store}: shape {self.formula}", _shown(self.anova)]
        parts += [f"{name}, two by two\n{_shown(table)}" for name, table in self.pairs.items()]
        return "\n\n".join(parts)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    flat = table.reset_index()
    return [{str(key): value for key, value in row.items()} for row in flat.to_dict(orient="records")]


def _shown(table: pd.DataFrame) -> str:
    return table.to_string(float_format=lambda value: f"{value:.4g}", na_rep="")


@dataclass(frozen=True)
class _Shapes:
    """Aligned shapes and the table beside them."""

    points: NDArray[np.float64]
    table: pd.DataFrame
    size: NDArray[np.float64]
    within: str | None
    notes: tuple[str, ...] = field(default=())


def compare(
    table: Path | str | pd.DataFrame,
    formula: str,
    *,
    atlas: Path | str = "atlas",
    store: Path | str | None = None,
    structures: Sequence[str] = (),
    key: str | None = None,
    several: Literal["refuse", "average", "block"] = "refuse",
    scale: bool = True,
    kind: Literal["I", "II", "III"] = "II",
    permutations: int = 999,
    unit: Unit = "auto",
    seed: int = 0,
) -> CompareResult:
    """Test what shapes depend on: Procrustes analysis of variance with permuted residuals.

    Parameters
    ----------
    table : path or DataFrame
        A CSV with a row for each case or subject.
    formula : str
        Such as ``~ group + age + log(size)``; ``size`` is the centroid size.
    atlas : path
        Tables go to ``compare/`` in it, pictures to ``figures/``.
    store, structures, unit
        As in `atlaskit.shape_pca`.
    key : str, optional
        The column of ids, of cases or else of subjects; ``case``, ``subject`` or ``id`` unless given.
    several : {"refuse", "average", "block"}
        What becomes of several cases of a subject: their mean shape, or repeated measures that are permuted within the subject.
    scale : bool
        Whether cases are brought to one size first.
    kind : {"I", "II", "III"}
        Of the sums of squares, as in `atlaskit.shape.anova`.
    permutations : int
    seed : int

    Raises
    ------
    InputError, NotFoundError, StoreError
    """
    began = time.perf_counter()
    place = Path(atlas) / "landmarks.zarr" if store is None else Path(store)
    people = population(place, structures=structures, unit=unit)
    shapes = _shapes(people, _table(table, key), key, several, scale)
    plan = design(formula, shapes.table, size=shapes.size, within=shapes.within)
    found = anova(shapes.points, plan, kind=kind, permutations=permutations, seed=seed)
    how = {"permutations": permutations, "seed": seed}
    pairs = {name: pairwise(shapes.points, plan, name, **how) for name in plan.levels if name in plan.terms}
    maps = {term: landmark_map(shapes.points, plan, term, kind=kind, **how).table for term in plan.terms}
    tables = {"anova": found.table.reset_index()}
    tables |= {f"pairs_{name}": each.table.reset_index() for name, each in pairs.items()}
    tables |= {f"map_{_file(term)}": each.assign(landmark=people.landmarks) for term, each in maps.items()}
    return CompareResult(
        store=place,
        cases=len(plan),
        formula=formula,
        unit=people.unit,
        anova=found.table,
        pairs={name: each.table for name, each in pairs.items()},
        maps=maps,
        tables=_write(tables, Path(atlas) / "compare"),
        pictures=_draw(people, pairs, maps, Path(atlas) / "figures"),
        notes=(*people.left_out, *shapes.notes, *_missing(plan), *_of_strata(found)),
        seconds=round(time.perf_counter() - began, 3),
    )


def _table(table: Path | str | pd.DataFrame, key: str | None) -> pd.DataFrame:
    """A table of covariates; ids stay text."""
    if isinstance(table, pd.DataFrame):
        return table
    path = Path(table)
    if not path.is_file():
        raise NotFoundError(f"No table at {path}; --table takes a CSV with a row for each case or subject.")
    try:
        return pd.read_csv(path, dtype=dict.fromkeys((*IDS, key or IDS[0]), str), compression=None)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        words = str(error).strip().split("\n")[0]
        raise InputError(f"{path} must be a CSV with a row for each case or subject; it is not ({words}).") from error


def _shapes(people: Population, table: pd.DataFrame, key: str | None, several: str, scale: bool) -> _Shapes:
    """Align the cases that the table knows, and decide what becomes of several of a subject."""
    key = key or next((name for name in IDS if name in table), IDS[0])
    of_cases = key in table and table[key].astype(str).isin(people.cases).any()
    joined = join(people.cases, table, key=key, subjects=None if of_cases else people.subjects)
    beside = joined.table.assign(subject=list(people.subjects))
    known = ~joined.table[key].isna().to_numpy()
    notes = [f"{len(joined.unmatched)} {key} ids not in the table: {_some(joined.unmatched)}"] if joined.unmatched else []
    notes += [f"{len(joined.unused)} rows of the table match no case: {_some(joined.unused)}"] if joined.unused else []
    aligned = align_shapes(people.points[known], scale="full" if scale else "none", onto=people.template)
    gathered = gather(aligned.tangent, beside[known].assign(size=aligned.size), subject="subject", several=several)
    size = gathered.table["size"].to_numpy(dtype=np.float64)
    return _Shapes(gathered.shapes, gathered.table.drop(columns="size"), size, gathered.within, tuple(notes))


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")


def _missing(plan: Design) -> list[str]:
    """Rows without a value, counted."""
    return [f"{count} without {name} left out" for name, count in plan.missing.items()]


def _of_strata(found: Anova) -> list[str]:
    """What a reader of repeated measures should know."""
    repeated = "between" in found.table.index.get_level_values(0)
    return ["what is constant in a subject is tested between subjects, what changes within them"] if repeated else []


def _file(term: str) -> str:
    """A term as part of a file's name."""
    return "".join(letter if letter.isalnum() else "_" for letter in term).strip("_")


def _write(tables: dict[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    paths = tuple(folder / f"{name}.csv" for name in tables)
    for path, table in zip(paths, tables.values(), strict=True):
        write_table(path, table, digits=8)
    return paths


def _draw(people: Population, pairs: dict[str, Any], maps: dict[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    """For each factor of two levels, where their means differ."""
    paths = []
    for name, each in pairs.items():
        if len(each.levels) != 2:
            continue
        first, second = each.means
        axes = plot.difference(
            first,
            second,
            people.topology,
            significant=(maps[name]["q"] < SIGNIFICANT).to_numpy(),
            rule=f"q < {SIGNIFICANT}",
            title=f"{name}: {each.levels[0]} to {each.levels[1]}",
        )
        paths.append(folder / f"compare_{_file(name)}.png")
        save_picture(paths[-1], axes)
    return tuple(paths)
