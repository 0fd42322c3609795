"""Growth: how shapes and sizes go with the logarithm of age within subjects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import plot
from atlaskit.errors import InputError
from atlaskit.shape import align
from atlaskit.tracking import Growth, growth
from atlaskit.verbs.tracking.ages import ages_of
from atlaskit.verbs.tracking.columns import called, renamed
from atlaskit.verbs.tracking.source import Source

GROWTH = ("case", "subject", "size", "landmark", "shape_x", "shape_y", "x_mm", "y_mm", "size_mm", "x_px", "y_px", "size_px")
"""What tables of growth have of their own beside ages."""


@dataclass(frozen=True)
class Grown:
    """What growth was found.

    Attributes
    ----------
    growth : Growth
    column : str
        Of the ages.
    cases : DataFrame
        A row per case: its subject, age and size.
    """

    growth: Growth
    column: str
    cases: pd.DataFrame

    @property
    def heading(self) -> str:
        """What the column of ages is called in tables."""
        return called([self.column], GROWTH)[self.column]


def grow(source: Source, column: str, permutations: int, seed: int) -> tuple[Grown, list[str]]:
    """Fit growth curves to the cases that have all landmarks and an age.

    Parameters
    ----------
    source : Source
    column : str
        Of the table: ages, in any unit, a number for each case.
    permutations, seed : int

    Returns
    -------
    Grown
    list of str
        How many cases were left out.

    Raises
    ------
    InputError
        When the column has no numbers, or subjects were not seen at two ages.
    """
    age = ages_of(source.known, column)
    points = source.sequences.points[source.sequences.rows >= 0][np.argsort(source.sequences.rows[source.sequences.rows >= 0])]
    kept = np.isfinite(age) & np.isfinite(points).all((1, 2))
    if kept.sum() < 3:
        came = f"{int(kept.sum())} have a number in {column!r}"
        raise InputError(f"Growth needs 3 cases with all landmarks and an age; {came}: fill it, or name another column.")
    aligned = align(points[kept], onto=source.template)
    subject = source.known["subject"].to_numpy(dtype=object)[kept].tolist()
    _check_subjects(subject, age[kept])
    found = growth(aligned.tangent, aligned.size, age[kept], subject, permutations=permutations, seed=seed)
    names = source.known["case"].to_numpy()[kept]
    cases = pd.DataFrame({"case": names, "subject": subject, "age": age[kept], "size": aligned.size})
    left = int((~kept).sum())
    notes = [f"{left} cases without an age or a landmark are left out"] if left else []
    return Grown(found, column, cases), [*notes, *renamed([column], GROWTH)]


def _check_subjects(subjects: list[str], ages: NDArray[np.float64]) -> None:
    """Refuse subjects of one age each, which say nothing of growth."""
    seen = pd.Series(ages).groupby(subjects).nunique()
    if (seen < 2).all():
        raise InputError(
            f"Growth needs subjects with two ages or more, but none of {len(seen)} has two: "
            "say who is who in a column subject of the table, or by --pattern."
        )


def growth_tables(grown: Grown, source: Source) -> dict[str, pd.DataFrame]:
    """The tests, subjects, cases, and the shapes predicted along age."""
    found = grown.growth
    unit = {"size": f"size_{source.unit}"}
    shapes = found.shapes * found.sizes[:, None, None]
    ages, landmark = (a.ravel() for a in np.meshgrid(found.ages, source.landmarks, indexing="ij"))
    predicted = pd.DataFrame({grown.heading: ages, "landmark": landmark})
    for axis, name in enumerate("xy"):
        predicted[f"shape_{name}"] = found.shapes[..., axis].ravel()
        predicted[f"{name}_{source.unit}"] = shapes[..., axis].ravel()
    return {
        "growth": found.table.rename_axis("of").reset_index(),
        "growth_subjects": found.subjects.rename_axis("subject").reset_index().rename(columns=unit),
        "growth_cases": grown.cases.rename(columns={"age": grown.heading, **unit}),
        "growth_shapes": predicted,
    }


def growth_pictures(grown: Grown, source: Source) -> Iterator[tuple[str, Any]]:
    """Predicted shapes over each other, and the size of each subject."""
    found = grown.growth
    unit = grown.column.removeprefix("age").strip("_ ")  # of a column such as age_days
    age, size, subject = (grown.cases[name].to_numpy() for name in ("age", "size", "subject"))
    yield "growth", plot.growth(found.shapes, found.ages, source.topology, seen=age, unit=unit)
    line = found.ages, found.sizes
    yield "size", plot.size_curves(age, size, subject.tolist(), fitted=line, unit=unit, size_unit=source.unit)


def growth_words(grown: Grown) -> list[str]:
    """What was found: a line for shape, one for size."""
    found, age = grown.growth, f"log {grown.column}"
    shape, size = (_share(found.table, what, age) for what in ("shape", "log size"))
    seen = f"{len(grown.cases)} cases of {grown.cases['subject'].nunique()} subjects"
    return [f"{seen}: {shape}.", f"Size goes as {grown.column} to the power of {found.exponent:.3f}: {size}."]


def _share(table: pd.DataFrame, what: str, age: str) -> str:
    """How much of something goes with age, of what varies within subjects and of all."""
    row = table.loc[what]
    return (
        f"{age} explains {100 * row['R2_within']:.1f} % of the variation of {what} within subjects (p {row['p']:.2g}), "
        f"which is {100 * row['R2']:.1f} % of all, differences between subjects included"
    )
