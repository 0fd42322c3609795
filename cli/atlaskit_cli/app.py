"""The table of commands, and the program made of it."""

from collections.abc import Callable
from typing import Annotated

import typer

from atlaskit import __version__
from atlaskit_cli.commands.demo import demo
from atlaskit_cli.commands.describe import describe
from atlaskit_cli.commands.evaluate import evaluate
from atlaskit_cli.commands.extract import extract
from atlaskit_cli.commands.fit import fit

COMMANDS: dict[str, Callable[..., None]] = {
    "fit": fit,
    "extract": extract,
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


app = typer.Typer(name="atlaskit", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.callback()(_root)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


def main() -> None:
    """Run the program."""
    app(prog_name="atlaskit")
