"""``atlaskit shape-pca``: the mean shape of a population and the modes in which it varies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from atlaskit_cli import options
from atlaskit_cli.output import speaking


def _modes(text: str) -> int | float | str:
    """A number of modes, a share of the variance, or a word."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def shape_pca(
    atlas: options.Atlas = Path("atlas"),
    store: options.Store = None,
    structures: options.Names = None,
    align: Annotated[
        Literal["joint", "per-structure"],
        typer.Option("--align", help="One transform for all structures, which keeps how they lie to each other, or one each."),
    ] = "joint",
    scale: options.Scale = True,
    modes: Annotated[
        str,
        typer.Option("--modes", metavar="M", help="A number, a share of the variance such as 0.98, 'all', or 'parallel'."),
    ] = "0.98",
    robust: Annotated[bool, typer.Option("--robust", help="A mean on which cases far from it pull less.")] = False,
    slide: Annotated[
        Literal["none", "bending", "distance"],
        typer.Option("--slide", help="Let landmarks slide along their outlines first, until they bend the mean least."),
    ] = "none",
    pairs: Annotated[
        list[str] | None,
        typer.Option("--pair", metavar="LEFT=RIGHT", help="Two structures whose sides to compare; by default those named so."),
    ] = None,
    judge: Annotated[
        bool, typer.Option("--quality/--no-quality", help="Measure compactness, generalisation and specificity of the model.")
    ] = True,
    unit: options.Unit = "auto",
    seed: options.Seed = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Align all landmarks and find the modes in which shapes vary."""
    with speaking(json=json, quiet=quiet, verbose=verbose) as say:
        import atlaskit

        result = atlaskit.shape_pca(
            atlas=atlas,
            store=store,
            structures=options.names(structures),
            align_by=align,
            scale=scale,
            modes=_modes(modes),
            robust=robust,
            slide=slide,
            pairs=pairs or (),
            judge=judge,
            unit=unit,
            seed=seed or 0,
        )
        say.result(result.to_dict(), str(result))
        for note in result.notes:
            say.words(f"note: {note}")
