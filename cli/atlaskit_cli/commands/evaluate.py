"""``atlaskit evaluate``: how good the landmarks of an atlas are, with true landmarks and without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from atlaskit_cli import options
from atlaskit_cli.evaluation import page
from atlaskit_cli.output import speaking


def evaluate(
    masks: Annotated[
        Path | None,
        typer.Argument(metavar="[MASKS]", help="The masks that were extracted; default: the folder the store remembers."),
    ] = None,
    atlas: options.Atlas = Path("atlas"),
    store: options.Store = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth",
            metavar="FILE",
            help="True landmarks: a CSV with columns case, structure, landmark, x, y, or an .npz with 'id' and a "
            "(case, K, 2) array per structure. In pixels of each case's mask: centres on integers, x right, y down.",
        ),
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Measure simpler methods against the truth too, in one table.")
    ] = False,
    repeat: Annotated[
        int, typer.Option("--repeat", metavar="N", min=0, help="Fit N times more with other seeds, and compare.")
    ] = 0,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Tie the truth on the fitted cases and measure on the others only.")
    ] = False,
    spacing_mm: Annotated[
        float | None, typer.Option("--spacing-mm", metavar="X", help="Pixel size of masks that state none.")
    ] = None,
    layout: options.Layout = "auto",
    plane: options.Plane = None,
    subject_pattern: options.SubjectPattern = None,
    seed: options.Seed = None,
    device: options.Device = "auto",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure how good the landmarks are: against the masks, under small changes of them, and against true landmarks."""
    with speaking(json=json, quiet=quiet, verbose=verbose, resume="run the same command again to go on") as say:
        import atlaskit

        result = atlaskit.evaluate(
            masks,
            atlas=atlas,
            store=store,
            truth=truth,
            baselines=baselines,
            repeat=repeat,
            unseen=unseen,
            spacing_mm=spacing_mm,
            seed=seed or 0,
            layout=layout,
            plane=plane,
            subject_pattern=subject_pattern,
            device=device,
            report=say.progress,
        )
        say.result(result.to_dict(), page(result))
        for note in result.notes:
            say.words(f"note: {note}")
