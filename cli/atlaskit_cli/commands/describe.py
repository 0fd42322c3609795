"""`atlaskit describe`: what a folder of masks holds, before anything is fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from atlaskit_cli.options import Json, Layout, Plane, Quiet, Structures, SubjectPattern, Verbose
from atlaskit_cli.output import speaking


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
        say.result(found.to_dict(), str(found))
        say.rejected(found.rejected)
