"""``atlaskit track``: landmarks in time, beats, and function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from atlaskit_cli import options
from atlaskit_cli.output import speaking


def _pair(text: str | None) -> tuple[int, int] | None:
    """Two landmarks."""
    if text is None:
        return None
    try:
        first, second = (int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"two landmarks, such as 12,40; got {text!r}", param_hint="--base") from None
    return first, second


def track(
    atlas: options.Atlas = Path("atlas"),
    store: options.Store = None,
    structures: options.Names = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--table",
            metavar="CSV",
            help="A row for each case, sequence, study or subject; understood are subject, study, slice, frame (or ED, ES), "
            "time_ms, frame_ms, spacing_mm, slice_mm, and groups or ages by any name.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="COLUMN", help="Ids of cases, sequences, studies or subjects; default one called so, or id."
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="COLUMN", help="Whom a study was made of; default subject, or as file names say."),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option("--pattern", metavar="REGEX", help="On names of cases, with groups subject, study, slice, frame, time."),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE=STRUCTURE", help="cavity=..., and wall=... for the outer outline of the wall."),
    ] = None,
    unit: options.Unit = "auto",
    spacing_mm: Annotated[float | None, typer.Option("--spacing-mm", help="Size of a pixel of all cases.")] = None,
    slice_mm: Annotated[float | None, typer.Option("--slice-mm", help="Distance between slices of all studies.")] = None,
    frame_ms: Annotated[
        float | None, typer.Option("--frame-ms", help="Time between two frames whose numbers are one apart.")
    ] = None,
    cyclic: Annotated[
        bool | None,
        typer.Option("--cyclic/--open", help="Whether a sequence is one beat that closes; default: as its curve says."),
    ] = None,
    reference: Annotated[
        int | None,
        typer.Option(
            "--reference", min=0, help="Frame, by its number in tables, that displacement starts at; default end-diastole."
        ),
    ] = None,
    steady: Annotated[
        bool, typer.Option("--steady/--no-steady", help="Landmarks slide along their outlines so that they tremble less.")
    ] = True,
    smooth: Annotated[
        Literal["none", "fourier", "savgol", "rts"], typer.Option("--smooth", help="Smooth landmarks in time; outlines change.")
    ] = "none",
    drop_outliers: Annotated[
        bool, typer.Option("--drop-outliers", help="Take frames unlike their neighbours for gaps.")
    ] = False,
    fill: Annotated[int, typer.Option("--fill", min=0, metavar="FRAMES", help="Interpolate gaps of up to so many frames.")] = 0,
    drift: Annotated[bool, typer.Option("--drift/--no-drift", help="Keep how the whole outline moves.")] = True,
    segments: Annotated[int, typer.Option("--segments", min=0, help="Parts of the outline, experimental; 0 for none.")] = 6,
    volume: Annotated[
        Literal["auto", "slices", "simpson", "biplane", "area-length", "none"],
        typer.Option("--volume", help="How the volume is found; auto: slices, where sizes are known."),
    ] = "auto",
    missing: Annotated[
        Literal["refuse", "interpolate", "common", "zero"],
        typer.Option("--missing", help="What a slice without an outline means for a volume over slices."),
    ] = "interpolate",
    views: Annotated[
        str | None, typer.Option("--views", metavar="A,B", help="Parts of names that tell two views apart, such as 2CH,4CH.")
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="I,J", help="Landmarks at the hinges of the valve; default its corners.")
    ] = None,
    convention: Annotated[
        Literal["guideline", "camus"], typer.Option("--convention", help="Of discs in two views; camus only to compare.")
    ] = "guideline",
    group: Annotated[
        str | None, typer.Option("--group", metavar="COLUMN", help="Of the table: groups to compare, by subject.")
    ] = None,
    growth: Annotated[
        str | None, typer.Option("--growth", metavar="COLUMN", help="Of the table: ages; growth in place of beats.")
    ] = None,
    permutations: Annotated[int, typer.Option("--permutations", min=19, help="Beside the observed order.")] = 999,
    surfaces: Annotated[
        Literal["vtk", "ply", "stl"] | None, typer.Option("--surfaces", help="Write closed surfaces of studies with slices.")
    ] = None,
    show: Annotated[str | None, typer.Option("--show", metavar="SEQUENCE", help="Which to draw; default a middle one.")] = None,
    film: Annotated[bool, typer.Option("--film/--no-film", help="A GIF of that sequence beside its masks.")] = True,
    seed: options.Seed = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Follow landmarks through time: beats, volumes, strain, motion."""
    hinges = _pair(base)
    with speaking(json=json, quiet=quiet, verbose=verbose) as say:
        import atlaskit

        result = atlaskit.track(
            atlas=atlas,
            store=store,
            structures=options.names(structures),
            table=table,
            key=key,
            subject=subject,
            pattern=pattern,
            roles=roles or (),
            unit=unit,
            spacing_mm=spacing_mm,
            slice_mm=slice_mm,
            frame_ms=frame_ms,
            cyclic=cyclic,
            reference=reference,
            steady=steady,
            smooth=smooth,
            drop_outliers=drop_outliers,
            fill=fill,
            keep_drift=drift,
            segments=segments,
            volume=volume,
            missing=missing,
            views=options.names(views),
            base=hinges,
            convention=convention,
            group=group,
            growth=growth,
            permutations=permutations,
            surfaces=surfaces,
            show=show,
            film=film,
            seed=seed or 0,
            report=say.progress,
        )
        say.result(result.to_dict(), str(result))
        for note in result.notes:
            say.words(f"note: {note}")
