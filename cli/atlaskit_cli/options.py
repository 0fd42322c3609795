"""Options that commands share, each written once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Atlas = Annotated[
    Path,
    typer.Option("--atlas", envvar="ATLASKIT_ATLAS", metavar="DIR", file_okay=False, help="The atlas directory."),
]

Layout = Annotated[
    str,
    typer.Option("--layout", metavar="NAME", help="How the masks lie on disk; 'auto' finds out, 'describe' shows it."),
]

Structures = Annotated[
    list[str] | None,
    typer.Option(
        "--structure",
        metavar="NAME=EXPR",
        help="A structure and its label: a value, a name, or a union such as epi=1+2. Repeat for several.",
    ),
]

Plane = Annotated[
    Literal["axial", "coronal", "sagittal"] | None,
    typer.Option("--plane", help="How volumes are cut; by default across their thickest slices."),
]

SubjectPattern = Annotated[
    str | None,
    typer.Option(
        "--subject-pattern",
        metavar="REGEX",
        help="Its one group finds the subject in a case's name; else phase, slice and frame at its end are left out.",
    ),
]

Store = Annotated[
    Path | None, typer.Option("--store", metavar="STORE", help="The landmarks; default landmarks.zarr in the atlas.")
]

Names = Annotated[
    str | None, typer.Option("--structures", metavar="A,B", help="Names, with commas between; default all of them.")
]

Scale = Annotated[bool, typer.Option("--scale/--no-scale", help="Bring cases to one size, or keep size in the shape.")]

Unit = Annotated[
    Literal["auto", "px", "mm"], typer.Option("--unit", help="Of sizes; 'auto' is mm where every case has a pixel size.")
]

Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option("--device", help="Where to compute; 'auto' takes CUDA when it is there."),
]

Seed = Annotated[int | None, typer.Option("--seed", min=0, help="The seed of every random choice; default 0.")]

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document on stdout.")]

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")]

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more: warnings, and the traceback of an error.")]


def names(text: str | None) -> tuple[str, ...]:
    """The names in a text with commas between."""
    return tuple(name.strip() for name in text.split(",")) if text else ()
