"""What a command says and how it ends.

stdout carries the result and nothing else: for people, or one JSON document with ``--json``. Words, progress and errors
go to stderr. Exit codes: 0 done; 1 a clear, known error; 2 usage; 3 done, but cases were rejected; 130 interrupted.

A command is written as::

    with speaking(json=json, quiet=quiet, verbose=verbose) as say:
        import atlaskit

        result = atlaskit.extract(model, report=say.progress)
        say.result(result, f"{result.n_ok} cases are in {result.store}.")
        say.rejected(result.rejected)
"""

from __future__ import annotations

import dataclasses
import errno
import json as jsonlib
import logging
import math
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import typer
from rich.console import Console

from atlaskit import AtlasError, is_told_elsewhere, launched

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress, TaskID

FULL, READ_ONLY = (errno.ENOSPC, errno.EDQUOT), (errno.EROFS, errno.EACCES, errno.EPERM)


class Refusal(Protocol):
    """A case that was rejected, and why."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


class Speaker:
    """The voice of one command; made by `speaking`."""

    def __init__(self, *, json: bool, quiet: bool, verbose: bool, silent: bool = False) -> None:
        self._json, self._quiet, self._verbose, self._silent = json, quiet or silent, verbose, silent
        self._err = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._exit_code = 0

    def words(self, text: str) -> None:
        """Say something on stderr, unless asked to be quiet."""
        if not self._quiet:
            self._err.print(text, markup=False, soft_wrap=True)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Move the bar of a stage; shown only where stderr is a terminal."""
        if self._quiet or not self._err.is_terminal:
            return
        if self._bar is None:
            self._bar = _bar(self._err)
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=total)
        self._bar.update(self._tasks[stage], completed=done, total=total)

    def result(self, document: object, shown: RenderableType) -> None:
        """Give the result on stdout: a record or mapping as JSON with ``--json``, else what is shown to people."""
        self.close()
        if self._silent:
            return
        if self._json:
            print_json(document)
        elif isinstance(shown, str):
            Console(highlight=False).print(shown, markup=False, soft_wrap=True)
        else:
            Console(highlight=False).print(shown, crop=False)  # a long path stays whole

    def rejected(self, refusals: Iterable[Refusal]) -> None:
        """List each rejected case with its reason on stderr; the command then ends with exit code 3."""
        self.close()
        for refusal in () if self._silent else refusals:
            self._exit_code = 3
            self._error(_line(f"rejected {refusal.source}: {refusal.reason}"))

    def fail(self, message: str, exit_code: int = 1) -> None:
        """Say why the command could not be done, and end it with an exit code."""
        self.close()
        if self._silent and (exit_code == 130 or is_told_elsewhere(sys.exception())):
            return
        if self._verbose and exit_code == 1:
            self._error(traceback.format_exc())
        self._error(_line(f"error: {message}" if exit_code == 1 else message))
        if self._json and not self._silent:
            print_json({"error": message})
        self._exit_code = exit_code

    def close(self) -> None:
        """Take the progress bars down."""
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._tasks = None, {}

    @property
    def exit_code(self) -> int:
        """What the command will end with."""
        return self._exit_code

    def _error(self, text: str) -> None:
        self._err.print(text, markup=False, soft_wrap=True)


@contextmanager
def speaking(
    *, json: bool, quiet: bool, verbose: bool, resume: str | Callable[[], str] = "", shared: bool = False
) -> Iterator[Speaker]:
    """Run a command's body; known errors become one sentence on stderr and an exit code.

    Parameters
    ----------
    json, quiet, verbose : bool
        The options of the same name.
    resume : str or callable
        How an interrupted run goes on, where it can.
    shared : bool
        Whether the processes that ``torchrun`` starts do the command together. The first one speaks for all, and the others
        end with 0, so that none is taken for the cause of what the first one has to say; but what fails in one of them
        alone, that one says.
    """
    rank, count = launched()
    say = Speaker(json=json, quiet=quiet, verbose=verbose, silent=rank > 0)
    if count > 1 and not shared:
        if rank == 0:
            say.fail(f"Only a fit can be shared by processes; {count} were started for this command: leave torchrun out.")
        raise typer.Exit(say.exit_code)
    with warnings.catch_warnings():
        warnings.simplefilter("default" if verbose else "ignore")
        logging.disable(logging.NOTSET if verbose else logging.CRITICAL)  # libraries that read masks say things of their own
        try:
            yield say
        except AtlasError as error:
            say.fail(str(error))
        except KeyboardInterrupt:
            how = resume() if callable(resume) else resume
            say.fail(f"interrupted; {how}" if how else "interrupted", exit_code=130)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of our output has left: nobody to tell
                raise
            say.fail(_sentence(error))
        except MemoryError:
            say.fail("There is not enough memory: use smaller numbers or fewer workers.")
        finally:
            say.close()
            logging.disable(logging.NOTSET)
    if say.exit_code:
        raise typer.Exit(say.exit_code)


def _line(text: str) -> str:
    """A message on one line, whatever a file is called."""
    return " ".join(text.split("\n"))


def _sentence(error: OSError) -> str:
    """One sentence for what the operating system refused."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in FULL:
        return f"The disk is full{where}: free some space and run the same command again."
    if error.errno in READ_ONLY:
        return f"There is no permission to write or read{where}: choose another folder or change its rights."
    return f"{error.strerror or error}{where}."


def _bar(console: Console) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, TextColumn("left"), console=console)
    bar.start()
    return bar


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(jsonlib.dumps(plain(document), indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()


def plain(value: object) -> object:
    """A value as JSON holds it: records and mappings as objects, NaN as null, arrays as lists, the rest as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    return str(value)
