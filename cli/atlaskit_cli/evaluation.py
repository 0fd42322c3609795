"""The tables of an evaluation as a page for people: what matters of each, in a width that a terminal has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from atlaskit import EvaluateResult

Row = Mapping[str, Any]
Columns = Mapping[str, tuple[str, str]]
"""Column of the table -> heading and format for people."""

KINDS = {"points": "landmarks", "points_network": "network alone"}
"""How the two kinds of landmarks are called."""
WORST = 5
"""True landmarks that are shown; the rest is in the file."""

_PX = {"mean_px": ("mean", ".2f"), "median_px": ("median", ".2f"), "p95_px": ("p95", ".2f")}
_PARTS = {"slip_px": ("slip", ".2f"), "normal_px": ("normal", ".2f")}
_MM = {"mean_mm": ("mean\nmm", ".2f"), "p95_mm": ("p95\nmm", ".2f")}
_CASES = {"cases": ("cases", "d")}
_WHO = {"structure": ("structure", "")}

ROUND_TRIP: Columns = {
    **_WHO,
    **{"dice": ("Dice", ".4f"), "hd95_px": ("HD95", ".2f"), "assd_px": ("ASSD", ".2f")},
    **{"hd95_mm": ("HD95\nmm", ".2f"), "assd_mm": ("ASSD\nmm", ".2f")},
    **{"crossed": ("crossed", "d"), **_CASES, "absent": ("absent", "d"), "flagged": ("flagged", "d")},
}
SPREAD: Columns = {
    **_WHO,
    "normal_spread_deg": ("spread of\nnormals, deg", ".1f"),
    "over_45_deg": ("landmarks\nabove 45 deg", ".0%"),
    "edge_variation": ("variation of\nedge length", ".3f"),
}
INFERENCE: Columns = {**_WHO, **_PX, **{f"under_{d}_px": (f"< {d}\npx", ".0%") for d in (2, 4, 8)}}
INFERENCE_MM: Columns = {
    **_WHO,
    **_PX,
    "mean_mm": _MM["mean_mm"],
    **{f"under_{d}_mm": (f"< {d}\nmm", ".0%") for d in (2, 4, 8)},
}
"""The columns that are shown of each table."""


def page(result: EvaluateResult) -> RenderableType:
    """Everything that was measured, a table per question, then the files that were written."""
    from rich.console import Group
    from rich.text import Text

    def line(text: str) -> Text:
        return Text(text, no_wrap=True, overflow="ignore")  # a path is copied whole

    parts: list[RenderableType] = [line(f"{result.cases} cases with landmarks in {result.store}")]
    for finding in _tables(result):
        parts += [line(""), finding]
    named = [("table", path) for path in result.tables] + [("picture", path) for path in result.pictures]
    return Group(*parts, line(""), *(line(f"{what:10s} {path}") for what, path in named))


def _tables(result: EvaluateResult) -> Iterable[RenderableType]:
    yield _table("Round trip: outlines against the masks, px", rows(result.round_trip), ROUND_TRIP)
    if result.correspondence is not None:
        title = f"Correspondence: distance of true landmarks, px\n({result.split})"
        yield _table(title, rows(result.correspondence), {**_WHO, **_PX, **_PARTS, **_MM, **_CASES})
    if result.landmarks is not None:
        yield _worst(result.landmarks)
    if result.baselines is not None:
        yield _baselines(result.baselines)
    if result.inference is not None:
        columns = INFERENCE_MM if result.inference["mean_mm"].notna().any() else INFERENCE
        yield _table("Inference: true landmarks from ours by a linear map, px", rows(result.inference), columns)
    if result.equivariance is not None:
        yield _changes(result.equivariance)
    if result.repeatability is not None:
        count = int(result.repeatability["networks"].max())
        title = f"Repeatability: distance between {count} networks of different seeds, px"
        yield _table(title, rows(result.repeatability), {**_WHO, **_PX, **_PARTS, **_MM})
    yield _table("Outlines over the cases, in the template's frame", rows(result.spread), SPREAD)


def rows(table: pd.DataFrame) -> list[Row]:
    """The rows of a table as mappings."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict(orient="records")]


def _worst(table: pd.DataFrame) -> RenderableType:
    """The true landmarks with the greatest errors, of the fitted landmarks."""
    known = [row for row in rows(table) if row["landmarks"] == "points" and not math.isnan(row["mean_px"])]
    known.sort(key=lambda row: -row["mean_px"])
    who = {**_WHO, "landmark": ("true\nlandmark", ""), "nearest": ("nearest\nof ours", "d")}
    title = f"The {min(WORST, len(known))} worst of {len(known)} true landmarks, px"
    return _table(title, known[:WORST], {**who, **_PX, **_PARTS, "mean_mm": _MM["mean_mm"]})


def _baselines(table: pd.DataFrame) -> RenderableType:
    """Methods below each other: the mean of each structure, then figures over all."""
    each = {str(c): (str(c).removesuffix(" mean_px"), ".2f") for c in table if str(c).endswith(" mean_px")}
    columns = {"method": ("method", ""), **each, **_PX, "mean_mm": _MM["mean_mm"]}
    return _table("Baselines: the same figure for other methods, px", rows(table), columns)


def _changes(table: pd.DataFrame) -> RenderableType:
    """The mean of the structures for each change, then each structure for all changes together."""
    found = rows(table)
    shown = [row for row in found if row["structure"] == "overall" and row["transform"] != "all"]
    shown += [{**row, "transform": f"all, {row['structure']}"} for row in found if row["transform"] == "all"]
    shown.sort(key=lambda row: list(KINDS).index(row["landmarks"]))
    columns = {"transform": ("change of the mask", ""), **_PX, **_PARTS, "mean_mm": _MM["mean_mm"]}
    return _table("Equivariance: distance from where the change takes the landmark, px", shown, columns)


def _table(title: str, found: Sequence[Row], columns: Columns) -> RenderableType:
    """A table for people: columns of which nothing is known are left out, and each kind of landmarks has a heading."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    columns = {key: column for key, column in columns.items() if any(_known(row.get(key)) for row in found)}
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading, style in columns.values():
        table.add_column(heading, justify="right" if style else "left", overflow="fold", no_wrap=bool(style))
    kinds = [row.get("landmarks") for row in found]
    for row, kind, before in zip(found, kinds, [None, *kinds], strict=False):
        if kind != before and len(set(kinds)) > 1:
            table.add_row(f"[bold]{KINDS.get(str(kind), kind)}[/bold]")
        table.add_row(*(_cell(row.get(key), style) for key, (_, style) in columns.items()))
    return table


def _known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _cell(value: Any, style: str) -> str:
    from rich.markup import escape

    return escape(format(value, style)) if _known(value) else "-"
