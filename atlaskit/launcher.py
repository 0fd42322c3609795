"""Processes that a launcher such as ``torchrun`` starts together. Told from the environment: nothing heavy is loaded."""

from __future__ import annotations

import os
from typing import TypeVar

_ELSEWHERE = "The first process of the run says why."

E = TypeVar("E", bound=BaseException)


def launched() -> tuple[int, int]:
    """Tell which process this is, and of how many that share a run: (0, 1) where no launcher started it."""
    names = ("RANK", "WORLD_SIZE")
    if not {"MASTER_ADDR", *names} <= os.environ.keys():
        return 0, 1
    rank, count = (int(os.environ[name]) for name in names)
    return rank, count


def told_elsewhere(error: E) -> E:
    """Mark an error as one that another process of the run tells."""
    error.add_note(_ELSEWHERE)
    return error


def is_told_elsewhere(error: BaseException | None) -> bool:
    """Tell whether an error was marked by `told_elsewhere`, so that it need not be said again."""
    return _ELSEWHERE in getattr(error, "__notes__", ())
