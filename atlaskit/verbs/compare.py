"""``compare``: what the shapes of a store depend on, tested by permutation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from atlaskit.errors import InputError
from atlaskit.shape import Comparison, Power
from atlaskit.shape import compare as compare_shapes
from atlaskit.shape import power as simulate
from atlaskit.shape.comparison import shown
from atlaskit.verbs.comparison.covariates import Covariates, covariates, read_table
from atlaskit.verbs.comparison.pictures import draw
from atlaskit.verbs.comparison.tables import numbered, tables, write_about, write_tables
from atlaskit.verbs.population import Unit, population


@dataclass(frozen=True)
class CompareResult:
    """What `compare` found.

    Attributes
    ----------
    store : Path
    unit : {"mm", "px"}
        Of ``size``.
    found : Comparison
        Tests, maps, predicted shapes.
    power : dict of str to dict of str to Power
        By factor and pair of its levels, where it was asked for.
    tables, pictures : tuple of Path
    notes : tuple of str
        Who was left out, what ids did not match, and what a reader of the tests should know.
    seconds : float
    """

    store: Path
    unit: str
    found: Comparison
    power: dict[str, dict[str, Power]]
    tables: tuple[Path, ...]
    pictures: tuple[Path, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def cases(self) -> int:
        """Shapes compared; subjects where the cases of each were averaged."""
        return len(self.found.design)

    @property
    def table(self) -> pd.DataFrame:
        """The analysis of variance: df, SS, MS, R2, F, Z, p for each stratum and term."""
        return self.found.table

    def to_dict(self) -> dict[str, Any]:
        """The result in plain types for JSON."""
        found, growth = self.found, self.found.allometry
        return {
            "store": self.store,
            "cases": self.cases,
            "formula": found.design.formula,
            "unit": self.unit,
            "anova": _records(found.table),
            "pairs": {name: _records(each.table) for name, each in found.pairs.items()},
            "maps": {term: _records(each.table) for term, each in found.maps.items()},
            "allometry": [] if growth is None else _records(growth.anova.table),
            "allometry_formula": None if growth is None else growth.formula,
            "power": {name: {pair: _records(each.table) for pair, each in of.items()} for name, of in self.power.items()},
            "tables": self.tables,
            "pictures": self.pictures,
            "notes": self.notes,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        """What the comparison says of itself, and power."""
        each = [(name, words, found) for name, of in self.power.items() for words, found in of.items()]
        powers = [f"power of {name}, {words}, by cases in each group\n{shown(found.table.T)}" for name, words, found in each]
        return "\n\n".join([f"{self.cases} shapes of {self.store}", str(self.found), *powers])


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    flat = table.reset_index()
    return [{str(key): value for key, value in row.items()} for row in flat.to_dict(orient="records")]


def compare(
    table: Path | str | pd.DataFrame,
    formula: str,
    *,
    atlas: Path | str = "atlas",
    store: Path | str | None = None,
    structures: Sequence[str] = (),
    key: str | None = None,
    within: str | None = None,
    average: bool = False,
    scale: bool = True,
    kind: Literal["I", "II", "III"] = "II",
    power: bool = False,
    permutations: int = 999,
    unit: Unit = "auto",
    seed: int = 0,
) -> CompareResult:
    """Test what shapes depend on: Procrustes analysis of variance with permuted residuals, and what follows from it.

    Parameters
    ----------
    table : path or DataFrame
        A CSV with a row for each case or subject.
    formula : str
        Such as ``~ group + age + log(size)``; ``size`` is the centroid size.
    atlas : path
        Tables go to ``compare/`` in it, with ``compare.json`` that says how they were made, pictures to ``figures/``; those of
        an earlier comparison go.
    store, structures, unit
        As in `atlaskit.shape_pca`.
    key : str, optional
        The column of ids, of cases or else of subjects; ``case``, ``subject`` or ``id`` unless given.
    within : str, optional
        Cases are permuted only inside the levels of this column. ``subject`` is for repeated measures: what is constant in a
        subject is tested between subjects. Levels of any other, such as ``site``, are set aside and not compared.
    average : bool
        Whether the cases of a subject become their mean shape. Subjects that have several need this, or ``within="subject"``.
    scale : bool
        Whether cases are brought to one size first.
    kind : {"I", "II", "III"}
        Of the sums of squares, as in `atlaskit.shape.anova`.
    power : bool
        Simulate how many cases a study of two groups needs, for each factor of four levels or fewer.
    permutations : int
    seed : int

    Raises
    ------
    InputError, NotFoundError, StoreError
    """
    began = time.perf_counter()
    place = Path(atlas) / "landmarks.zarr" if store is None else Path(store)
    people = population(place, structures=structures, unit=unit)
    beside = covariates(people, read_table(table, key), formula, key=key, within=within, average=average, scale=scale)
    found = compare_shapes(
        beside.points,
        formula,
        beside.table,
        size=beside.size,
        within=beside.within,
        between=beside.between,
        kind=kind,
        permutations=permutations,
        seed=seed,
    )
    found = numbered(found, people)
    powers, unsaid = _powers(beside, found, seed) if power else ({}, [])
    notes = (*people.left_out, *beside.notes, *found.notes, *([] if scale else _sized(found)), *unsaid)
    folder = Path(atlas) / "compare"
    paths = write_tables(tables(people, beside.points, found, powers), folder)
    name = None if isinstance(table, pd.DataFrame) else Path(table).name
    asked = {"table": name, "within": within, "average": average, "scale": scale}
    write_about(folder, people, found, {**asked, "notes": notes})
    return CompareResult(
        store=place,
        unit=people.unit,
        found=found,
        power=powers,
        tables=paths,
        pictures=draw(people, beside.points, found, powers, Path(atlas) / "figures", scaled=scale),
        notes=notes,
        seconds=round(time.perf_counter() - began, 3),
    )


def _sized(found: Comparison) -> list[str]:
    """That unscaled shapes go with size whatever their form."""
    words = "shapes keep their size, of which size is a part: its effect and allometry are mostly size against itself"
    return [] if found.allometry is None else [words]


def _powers(beside: Covariates, found: Comparison, seed: int) -> tuple[dict[str, dict[str, Power]], list[str]]:
    """Power for each two levels of each factor that are compared two by two, and why others have none."""
    made: dict[str, dict[str, Power]] = {}
    notes, points = [], beside.points
    for name, each in found.differences.items():
        pairs = {d.words: (d.levels[0], d.levels[1]) for d in each if len(d.levels) == 2}
        notes += [] if pairs else [f"no power for {name}: it has {len(each)} levels, and a study has two groups"]
        try:
            made[name] = {words: simulate(points, found.design, name, levels=two, seed=seed) for words, two in pairs.items()}
        except InputError as error:
            notes.append(str(error))
    chance = [f"{name}, {words}" for name, of in made.items() for words, each in of.items() if not each.distance]
    notes += [f"noise explains the whole difference of {words}: its power is that of chance" for words in chance]
    return {name: of for name, of in made.items() if of}, notes
