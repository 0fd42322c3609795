"""Files that appear whole or not at all: tables and pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd


def whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let something be written beside a file and take its place; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_table(path: Path, table: pd.DataFrame, *, digits: int) -> None:
    """Write a table as CSV, numbers with so many significant digits."""
    whole(path, lambda draft: table.to_csv(draft, index=False, float_format=f"%.{digits}g"))


def save_picture(path: Path, axes: Any) -> None:
    """Save the figure of some axes as PNG."""
    whole(path, lambda draft: axes.get_figure(root=True).savefig(draft, format="png"))
