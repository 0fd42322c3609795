"""``atlaskit compare``: what shapes depend on, tested by permutation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from atlaskit_cli import options
from atlaskit_cli.output import speaking


def compare(
    table: Annotated[Path, typer.Option("--table", metavar="CSV", help="A row for each case or subject.")],
    formula: Annotated[
        str, typer.Option("--formula", metavar="TEXT", help="Such as '~ group + age + log(size)'; size is the centroid size.")
    ],
    atlas: options.Atlas = Path("atlas"),
    store: options.Store = None,
    structures: options.Names = None,
    key: Annotated[
        str | None,
        typer.Option("--id", metavar="COLUMN", help="Ids of cases, or else of subjects; default case, subject or id."),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option("--within", metavar="COLUMN", help="Permute inside its levels only; 'subject' for repeated measures."),
    ] = None,
    average: Annotated[bool, typer.Option("--average", help="The mean shape of each subject that has several cases.")] = False,
    scale: options.Scale = True,
    kind: Annotated[Literal["I", "II", "III"], typer.Option("--type", help="Of the sums of squares.")] = "II",
    power: Annotated[bool, typer.Option("--power", help="Simulate how many cases a study of two groups needs.")] = False,
    permutations: Annotated[int, typer.Option("--permutations", min=19, help="Beside the observed order.")] = 999,
    unit: options.Unit = "auto",
    seed: options.Seed = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Test what the shapes of a population depend on."""
    with speaking(json=json, quiet=quiet, verbose=verbose) as say:
        import atlaskit

        result = atlaskit.compare(
            table,
            formula,
            atlas=atlas,
            store=store,
            structures=options.names(structures),
            key=key,
            within=within,
            average=average,
            scale=scale,
            kind=kind,
            power=power,
            permutations=permutations,
            unit=unit,
            seed=seed or 0,
        )
        say.result(result.to_dict(), str(result))
        for note in result.notes:
            say.words(f"note: {note}")
