"""The table of commands, and the program made of it."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from atlaskit import __version__
from atlaskit_cli.commands.compare import compare
from atlaskit_cli.commands.demo import demo
from atlaskit_cli.commands.describe import describe
from atlaskit_cli.commands.evaluate import evaluate
from atlaskit_cli.commands.extract import extract
from atlaskit_cli.commands.fit import fit
from atlaskit_cli.commands.shape_pca import shape_pca
from atlaskit_cli.commands.track import track
from atlaskit_cli.output import print_json

COMMANDS: dict[str, Callable[..., None]] = {
    "fit": fit,
    "extract": extract,
    "shape-pca": shape_pca,
    "compare": compare,
    "track": track,
    "evaluate": evaluate,
    "describe": describe,
    "demo": demo,
}
"""Name on the command line -> function; help lists them in this order."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"atlaskit {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """From a folder of segmentation masks to anatomical landmarks and a shape atlas."""


class Program(TyperGroup):
    """The commands; wrong usage is a JSON document too where one was asked for."""

    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:  # type: ignore[override]
        """Run a command."""
        try:
            return super().main(args, **options)
        except SystemExit as end:
            usage = getattr(end.__context__, "format_message", None)
            if usage and "--json" in (sys.argv[1:] if args is None else args):
                print_json({"error": usage()})
            raise


app = typer.Typer(name="atlaskit", cls=Program, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.callback()(_root)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


def main() -> None:
    """Run the program."""
    app(prog_name="atlaskit")
