"""``atlaskit extract --model DIR``: landmarks from the masks that a pixel model wrote."""

from pathlib import Path
from typing import Annotated

import typer

from atlaskit_cli import options
from atlaskit_cli.output import speaking


def extract(
    model: Annotated[
        Path, typer.Option("--model", metavar="DIR", file_okay=False, help="The folder of masks a pixel model wrote.")
    ],
    atlas: options.Atlas = Path("atlas"),
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="STORE", help="The store to write; default landmarks.zarr in the atlas."),
    ] = None,
    layout: options.Layout = "auto",
    plane: options.Plane = None,
    subject_pattern: options.SubjectPattern = None,
    no_boundary_fit: Annotated[
        bool, typer.Option("--no-boundary-fit", help="Leave the landmarks where the network puts them.")
    ] = False,
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Threads; default one per core.")] = None,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Masks in hand in each thread; default 16.")] = None,
    shard_range: Annotated[
        str | None,
        typer.Option("--shard-range", metavar="I/N", help="Do the I-th of N parts only, for many machines."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew where a store is there already.")] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Place the atlas's landmarks on every mask of a folder; cases done and unchanged are skipped, new ones join the store."""
    with speaking(json=json, quiet=quiet, verbose=verbose, resume="run the same command again to go on") as say:
        import atlaskit

        result = atlaskit.extract(
            model,
            atlas=atlas,
            out=out,
            layout=layout,
            plane=plane,
            subject_pattern=subject_pattern,
            boundary_fit=not no_boundary_fit,
            workers=workers,
            batch=batch,
            shard_range=shard_range,
            overwrite=overwrite,
            report=say.progress,
        )
        counts = f"{result.n_ok} ok, {result.n_flagged} flagged, {result.n_rejected} rejected; {result.n_new} done now"
        say.result(result, f"Landmarks of the cases are in {result.store}: {counts}.")
        if result.n_added:
            earlier = result.n_cases - result.n_added
            say.words(f"note: adds {result.n_added} cases to {earlier} in the store; --overwrite begins anew")
        if result.n_flagged > result.n_ok:
            say.words("Most cases are flagged, and the store's column 'reason' says why: is this the atlas of these masks?")
        say.rejected(result.rejected)
