"""The columns of a table that a formula needs: known, typed as numbers or factors, and not constant."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest

SIZE = "size"
"""What a formula calls the centroid size."""
NUMBER = r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?"
"""Text that is a number."""


def variables(table: pd.DataFrame, names: list[str], size: NDArray[np.floating] | None, within: str | None) -> pd.DataFrame:
    """Some columns of a table of N rows, with (N,) centroid sizes as one of them and the column of blocks.

    Text loses the blanks around it, and empty text is a missing value.

    Raises
    ------
    InputError
        Where a column is unknown, or ``size`` could be two things.
    """
    if size is not None and SIZE in names:
        if SIZE in table:
            raise InputError("'size' must mean one thing, but is the centroid size and a column too: rename the column.")
        if len(size) != len(table):
            raise InputError(
                f"Every case must have a centroid size; {len(size)} came for {len(table)} cases: give one for each."
            )
        table = table.assign(**{SIZE: np.asarray(size, dtype=np.float64)})
    wanted = list(dict.fromkeys([*names, *([within] if within else [])]))
    for name in wanted:
        if name not in table:
            hint = nearest(name, map(str, table))
            raise InputError(f"What is named must be a column of the table; {name!r} is none: {hint}")
    return table[wanted].apply(_trimmed)


def _trimmed(column: pd.Series) -> pd.Series:
    """A column whose text has no blanks around it, and is missing where nothing is left."""
    if not _is_text(column):
        return column
    bare = column.map(lambda value: value.strip() if isinstance(value, str) else value)
    return bare.mask(bare.map(lambda value: isinstance(value, str) and not value))


def typed(frame: pd.DataFrame, as_factors: set[str], within: str | None) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Numbers as floats and all else as factors of strings, with the levels of each factor that occur, in their order.

    Raises
    ------
    InputError
        Where a column holds neither numbers nor text, or numbers as text.
    """
    values: dict[str, pd.Series] = {}
    levels: dict[str, tuple[str, ...]] = {}
    for name in map(str, frame.columns):
        column = frame[name]
        if name == within and name not in as_factors:
            values[name] = column.astype(str)
        elif _is_factor(column) or name in as_factors:
            _no_numbers(column, as_factors)
            values[name], levels[name] = column.astype(str).astype(object), _levels(column)
        elif pd.api.types.is_numeric_dtype(column):
            values[name] = column.astype(np.float64)
        else:
            raise InputError(f"A column must hold numbers or text; {name!r} holds {column.dtype}: turn it into one of them.")
    return pd.DataFrame(values, index=frame.index), levels


def _no_numbers(column: pd.Series, as_factors: set[str]) -> None:
    """Refuse text that is numbers, all of it or but for some words, unless it is asked for as a factor."""
    if column.name in as_factors or not _is_text(column):
        return
    text = column[column.map(lambda value: isinstance(value, str))]
    words = text[~text.str.fullmatch(NUMBER)]
    if len(words) < len(text):
        came = f" and words such as {words.iloc[0]!r}" if len(words) else ""
        do = f"leave what is unknown empty, or write C({column.name}) for a factor"
        raise InputError(f"A column must hold numbers or words; {column.name!r} holds numbers as text{came}: {do}.")


def _is_factor(column: pd.Series) -> bool:
    """Whether a column holds text, categories or truth values."""
    return isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(column) or _is_text(column)


def _is_text(column: pd.Series) -> bool:
    """Whether a column holds text, or what may be text; categories are none."""
    kinds = pd.api.types
    text = kinds.is_string_dtype(column) or kinds.is_object_dtype(column)
    return text and not isinstance(column.dtype, pd.CategoricalDtype)


def _levels(column: pd.Series) -> tuple[str, ...]:
    """What occurs in a column: categories in their order, all else sorted."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(map(str, column.cat.remove_unused_categories().cat.categories))
    found = column.unique()
    return tuple(map(str, sorted(found, key=str if column.dtype == object else None)))


def vary(values: pd.DataFrame, formula: str) -> None:
    """Check that no column is the same everywhere.

    Raises
    ------
    InputError
        Where one is, or where no case is left.
    """
    if values.empty:
        raise InputError(f"Some case must have all values that {formula!r} needs; none has: look at the columns of the table.")
    for name, column in values.items():
        if column.nunique() == 1:
            everywhere = f"{name!r} is {column.iloc[0]} in every case that has all values"
            raise InputError(f"What may explain shape must vary, but {everywhere}: leave it out of {formula!r}.")
