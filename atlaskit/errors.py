"""What can go wrong, said in one sentence: what must hold, what came, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AtlasError(Exception):
    """Base of every error that atlaskit raises on purpose; the command line prints its message and exits with 1."""


class InputError(AtlasError, ValueError):
    """A mask, table, option or configuration that does not hold what it must."""


class NotFoundError(AtlasError, FileNotFoundError):
    """A file, folder or atlas that should be there and is not."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class StoreError(AtlasError, OSError):
    """A landmark store that cannot be read, written, or belongs to another atlas."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NetworkError(AtlasError, ValueError):
    """A network file that is corrupt, foreign, from a newer version, or of another topology."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """The hint that ends a message about an unknown name: the nearest choice, or all of them, up to twenty.

    Examples
    --------
    >>> nearest("hart", ["heart", "lung"])
    "did you mean 'heart'?"
    >>> nearest("xyz", ["heart", "lung"])
    'choose from: heart, lung'
    """
    known = [str(choice) for choice in choices]
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose from: {some(known, 20) or 'nothing'}"


def some(names: Iterable[object], most: int = 5) -> str:
    """The first of some names, for a message that must not list thousands.

    Examples
    --------
    >>> some("abc", 2), some(["a", "b"])
    ('a, b and 1 more', 'a, b')
    """
    known = [str(name) for name in names]
    return ", ".join(known[:most]) + (f" and {len(known) - most} more" if len(known) > most else "")


def counted(n: int, one: str, many: str | None = None) -> str:
    """How many there are of something, in words.

    Parameters
    ----------
    n : int
    one, many : str
        The word for one of them, and for several where that is more than an s.

    Examples
    --------
    >>> counted(1, "study", "studies"), counted(2, "study", "studies"), counted(3, "frame")
    ('1 study', '2 studies', '3 frames')
    """
    return f"{n} {one if n == 1 else many or one + 's'}"
