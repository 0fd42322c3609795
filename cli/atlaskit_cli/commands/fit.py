"""``atlaskit fit MASKS``: train an atlas on a folder of masks."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from atlaskit_cli import options
from atlaskit_cli.output import speaking


def fit(
    masks: Annotated[Path, typer.Argument(metavar="MASKS", help="The folder of masks.")],
    atlas: options.Atlas = Path("atlas"),
    structure: options.Structures = None,
    layout: options.Layout = "auto",
    plane: options.Plane = None,
    subject_pattern: options.SubjectPattern = None,
    preset: Annotated[
        Literal["fast", "balanced", "paper"], typer.Option("--preset", help="How much care and time to spend.")
    ] = "balanced",
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.0, help="Stop in this time; schedules follow progress.")
    ] = None,
    nodes: Annotated[
        int | None, typer.Option("--nodes", min=1, help="Landmarks per structure; else from the contour's length.")
    ] = None,
    pose: Annotated[
        Literal["fixed", "free"] | None,
        typer.Option("--pose", help="'free' for cases without a common orientation: each is turned onto the template."),
    ] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="With --pose free: cases may be reflected too.")] = False,
    shared_boundaries: Annotated[
        bool,
        typer.Option(
            "--shared-boundaries", help="Structures that touch share landmarks along their walls: no gap, no overlap."
        ),
    ] = False,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="TOML", help="Numbers of the run that replace the preset's.")
    ] = None,
    seed: options.Seed = None,
    device: options.Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted fit.")] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Train an atlas on a folder of masks: topology, template and network."""

    def go_on() -> str:
        begun = (atlas / "checkpoint.pt").is_file()
        return "add --resume to the same command to go on" if begun else "nothing is fitted yet: run the same command again"

    with speaking(json=json, quiet=quiet, verbose=verbose, resume=go_on, shared=True) as say:
        import atlaskit

        settings = atlaskit.FitConfig
        run = settings.named(preset) if config is None else settings.from_toml(config, preset=preset)
        asked = {
            "seed": seed,
            "nodes": nodes,
            "pose": pose,
            "mirror": mirror or None,
            "shared_boundaries": shared_boundaries or None,
        }
        chosen: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
        result = atlaskit.fit(
            masks,
            atlas=atlas,
            layout=layout,
            structures=tuple(structure or ()),
            plane=plane,
            subject_pattern=subject_pattern,
            config=replace(run, **chosen),
            minutes=minutes,
            device=device,
            resume=resume,
            report=say.progress,
        )
        files = [f"network    {result.network}", *(f"picture    {path}" for path in result.pictures)]
        say.result(result, "\n".join([str(result), "", *files]))
        say.rejected(result.rejected)
