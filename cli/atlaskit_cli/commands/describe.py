"""`atlaskit describe`: what a folder of masks holds, before anything is fitted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from atlaskit_cli.options import Json, Layout, Plane, Quiet, Structures, SubjectPattern, Verbose
from atlaskit_cli.output import speaking

if TYPE_CHECKING:
    from rich.console import RenderableType

    from atlaskit import Description


def describe(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of masks.")],
    layout: Layout = "auto",
    structure: Structures = None,
    plane: Plane = None,
    subject_pattern: SubjectPattern = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show what a folder of masks holds: layout, cases, labels, sizes, and what would be rejected and why."""
    with speaking(json=json, quiet=quiet, verbose=verbose) as say:
        import atlaskit

        found = atlaskit.describe(
            folder, layout=layout, structures=tuple(structure or ()), plane=plane, subject_pattern=subject_pattern
        )
        say.result(found.to_dict(), _page(found))
        say.rejected(found.rejected)


def _page(found: Description) -> RenderableType:
    """The description as a page for people."""
    from rich.console import Group
    from rich.text import Text

    lines = [
        f"{found.folder}: layout {found.layout}, {found.cases} cases of {found.subjects} subjects",
        f"image size {_range(*found.width)} x {_range(*found.height)} px, pixel size {_spacing(found)}",
    ]
    problems = [item.problem for item in found.structures if item.problem]
    after = [*problems, *found.notes, *_tries(found.suggestions)]
    return Group(*map(Text, lines), _table(found), *map(Text, after))


def _tries(suggestions: tuple[str, ...], most: int = 12) -> list[str]:
    """The options to start from, the first few of many."""
    rest = len(suggestions) - most
    lines = [f"  --structure {line!r}" for line in suggestions[:most]]
    return [*(["Structures to start from:"] if lines else []), *lines, *([f"  and {rest} more"] if rest > 0 else [])]


def _table(found: Description) -> RenderableType:
    from rich.table import Table

    plain = all(item.labels == (item.name,) for item in found.structures)
    table = Table()
    for heading in ("structure", *([] if plain else ["label"]), "value"):
        table.add_column(heading, overflow="fold")
    for heading in (f"in cases (of {found.looked_into})", "pieces", "hole"):
        table.add_column(heading, justify="right")
    table.add_column("outline")
    for item in found.structures:
        unseen = math.isnan(item.pieces)
        figures = ("", "") if unseen else (f"{item.pieces:.0f}", f"{item.hole:.0%}")
        values = ", ".join(map(str, item.values))
        names = (item.name,) if plain else (item.name, " + ".join(item.labels))
        table.add_row(*names, values, str(item.cases), *figures, item.outline)
    return table


def _range(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def _spacing(found: Description) -> str:
    least, most = found.spacing_mm
    if math.isnan(least):
        return "unknown"
    stated = f"{least:.4g} mm" if least == most else f"{least:.4g} to {most:.4g} mm"
    return f"{stated} ({found.without_spacing} files state none)" if found.without_spacing else stated
