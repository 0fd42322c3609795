"""``atlaskit demo chest|cine``: the whole chain on a generated cohort."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from atlaskit_cli import options
from atlaskit_cli.output import speaking


def demo(
    kind: Annotated[
        Literal["chest", "cine"], typer.Argument(metavar="[chest|cine]", help="Chests, or beating left ventricles.")
    ] = "chest",
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where to write; an earlier demo there is replaced.")
    ] = Path("demo"),
    cases: Annotated[
        int | None, typer.Option("--cases", min=1, help="Chests, or ventricles of 20 frames; default 120 or 24.")
    ] = None,
    seed: options.Seed = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="TOML", help="Numbers of the fit that replace the preset fast.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Generate a cohort with known truth, fit an atlas, extract its landmarks, and compare them with the truth."""
    with speaking(json=json, quiet=quiet, verbose=verbose) as say:
        import atlaskit

        run = None if config is None else atlaskit.FitConfig.from_toml(config, preset="fast")
        result = atlaskit.demo(kind, folder=folder, cases=cases, seed=seed or 0, config=run, report=say.progress)
        say.result(result, str(result))
