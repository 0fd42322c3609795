"""What a run of `atlaskit.track` found, in words and in plain types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from atlaskit.errors import counted

PER_CENT, LEAST_P = 100.0, 0.05
MOST = 12
"""Lines of a kind that are shown; the tables have all."""


@dataclass(frozen=True, repr=False)
class TrackResult:
    """What was found of the sequences of a store, and where it lies.

    Attributes
    ----------
    store : Path
    unit, time_unit : str
        Of lengths ("mm" or "px") and times ("ms" or "frame").
    counts : dict of str to int
        How many studies, sequences and frames with landmarks there are; frames without (gaps), those that were filled in
        (interpolated), and frames unlike their neighbours (outliers).
    options : dict
        Those of the run.
    function : DataFrame
        A row per study and beat: volumes, ejection fraction, strain, thickening.
    groups : DataFrame
        Indices compared between groups; empty where none were asked for.
    paths : DataFrame
        Paths of shape compared between groups.
    growth : DataFrame
        Tests of shape and size against age; empty where they were not asked for.
    findings : tuple of str
        What was found of growth, in words.
    tables, pictures, surfaces : tuple of Path
    notes : tuple of str
    seconds : float
    """

    store: Path
    unit: str
    time_unit: str
    counts: dict[str, int]
    options: dict[str, Any]
    function: pd.DataFrame
    groups: pd.DataFrame
    paths: pd.DataFrame
    growth: pd.DataFrame
    findings: tuple[str, ...]
    tables: tuple[Path, ...]
    pictures: tuple[Path, ...]
    surfaces: tuple[Path, ...]
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The result in plain types."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        tables = ("function", "groups", "paths", "growth")
        return {**told, **{name: told[name].to_dict("records") for name in tables}}

    def __str__(self) -> str:
        """What was found, then every table and picture by name."""
        counts = self.counts
        missing = f", {counts['gaps']} missing" + (f" ({counts['interpolated']} filled in)" if counts["interpolated"] else "")
        unlike = f", {counts['outliers']} unlike their neighbours" if counts["outliers"] else ""
        lines = [
            f"{counted(counts['sequences'], 'sequence')} of {counted(counts['studies'], 'study', 'studies')}: "
            f"{counted(counts['frames'], 'frame')}{missing if counts['gaps'] else ''}{unlike}.",
            *(self.findings or _function_lines(self.function)),
            *_group_lines(self.groups, self.paths),
            "",
            *(f"picture    {path}" for path in self.pictures),
            *(f"table      {path}" for path in self.tables),
            *(f"surface    {path}" for path in self.surfaces[:4]),
        ]
        more = len(self.surfaces) - 4
        return "\n".join([*lines, *([f"surface    and {more} more"] if more > 0 else [])])

    def __repr__(self) -> str:
        """What was found, and what a user should know of how, for whom no command line says it beside."""
        return "\n".join([str(self), *(f"note       {note}" for note in self.notes)])


def _function_lines(function: pd.DataFrame) -> list[str]:
    """A line per study and beat, means where there are many."""
    if "fac" not in function:
        return ["No beat was found: end-diastole and end-systole need two frames of the cavity."]
    if len(function) > MOST:
        return [f"{len(function)} beats: {_means(function)}."]
    return [
        f"{row['study']}{_beat_of(row, function)}: {_means(pd.DataFrame([row]))}{_left_out(row)}."
        for _, row in function.iterrows()
    ]


def _left_out(row: pd.Series) -> str:
    """How many slices a volume is without."""
    count = row.get("slices_left_out", 0)
    return f" ({counted(int(count), 'slice')} left out of volumes)" if count > 0 else ""


def _beat_of(row: pd.Series, function: pd.DataFrame) -> str:
    several = (function["study"] == row["study"]).sum() > 1
    return f", beat {row['beat'] + 1}" if several else ""


def _means(function: pd.DataFrame) -> str:
    """Indices in words: one value, or mean and standard deviation."""
    said = []
    for name, words, factor, unit in _WORDS:
        values = function[name].dropna().astype(float) * factor if name in function else pd.Series(dtype=float)
        if len(values):
            spread = f" ± {values.std():.1f}" if len(values) > 1 else ""
            said.append(f"{words} {values.mean():.1f}{spread} {unit}")
    return ", ".join(said) or "nothing could be measured at end-diastole and end-systole"


_WORDS = (
    ("edv_ml", "EDV", 1.0, "ml"),
    ("esv_ml", "ESV", 1.0, "ml"),
    ("ef", "EF", PER_CENT, "%"),
    ("fac", "area change", PER_CENT, "%"),
    ("strain", "strain", PER_CENT, "%"),
    ("thickening", "wall thickening", PER_CENT, "%"),
)
_PATHS = {"size": "length", "direction": "direction", "shape": "shape"}
_NAMES = {"ef": "ejection fraction", "fac": "area change", "strain_peak": "peak strain", "thickening": "wall thickening"}


def _group_lines(groups: pd.DataFrame, paths: pd.DataFrame) -> list[str]:
    """A line per index and pair of groups."""
    lines = []
    for _, row in groups.iterrows():
        means = f"{PER_CENT * row['mean_a']:.1f} and {PER_CENT * row['mean_b']:.1f} %"
        lines.append(f"{_NAMES.get(row['index'], row['index'])}, {row['a']} and {row['b']}: {means} ({_tested(row)}).")
    for _, row in paths.iterrows():
        own = f"{row['value_a']:.3g} and {row['value_b']:.3g}, " if row["attribute"] == "size" else ""
        degrees = " degrees" if row["attribute"] == "direction" else ""
        lines.append(
            f"{_PATHS[row['attribute']]} of the path through shapes (of size 1 at end-diastole), {row['a']} and {row['b']}: "
            f"{own}{abs(row['difference']):.3g}{degrees} apart ({_tested(row)})."
        )
    left = len(lines) - MOST
    return [*lines[:MOST], *([f"{counted(left, 'more comparison')}: tracks/groups.csv and paths.csv."] if left > 0 else [])]


def _tested(row: pd.Series) -> str:
    """What came of a test, and the least that could have come of it where that is much."""
    a, b, ways = int(row["n_a"]), int(row["n_b"]), int(row["arrangements"])
    if a == b == 1:
        return "not tested: one subject each"
    least = (2 if a == b and row["exact"] else 1) / ways  # groups of one number may change places, which alters no difference
    dealt = f"{ways} ways of dealing {a} and {b} subjects out can give"
    if least <= LEAST_P:
        return f"p {row['p']:.2g}, {row['p_holm']:.2g} adjusted; {a} and {b} subjects"
    if row["p"] <= least * (1 + 1e-9):
        return f"p {row['p']:.2g}, the least that {dealt}"
    return f"p {row['p']:.2g}; {dealt} {least:.2g} at least"
