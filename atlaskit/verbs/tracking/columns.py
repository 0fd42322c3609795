"""Columns of a user's table beside those that `track` has itself: who a row is, what was measured, then the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

IDENTITY = ("sequence", "study", "subject", "slice")
"""Who a row is, which a table may say better than names do."""
FUNCTION = (
    "slices", "beat", "ed", "es", "ed_ms", "es_ms", "beats_per_minute",
    "edv_ml", "esv_ml", "sv_ml", "ef", "slices_interpolated", "slices_absent", "slices_left_out",
    "strain_is", "slices_measured", "fac", "strain", "strain_peak", "strain_outer",
    "thickness_ed_mm", "thickness_es_mm", "thickness_ed_px", "thickness_es_px", "thickening",
)  # fmt: skip
"""What ``function.csv`` has of its own, in its order."""
SEQUENCES = (
    "frames", "gaps", "interpolated", "outliers", "closes",
    *(f"{name}_{unit}" for unit in ("mm", "px") for name in (
        "path_length", "jitter_along_before", "jitter_along", "jitter_across", "moved_rms", "moved_most",
    )),
    "moved_area_change",
)  # fmt: skip
"""What ``sequences.csv`` has of its own, in its order."""
OWN = frozenset((*FUNCTION, *SEQUENCES))
"""Names that mean the same in every run and row, measured there or not: no column of a table has them."""


def called(names: Iterable[str], own: Iterable[str] = OWN) -> dict[str, str]:
    """What columns of a table are called beside a command's own: their names, with ``_table`` where these are taken.

    Examples
    --------
    >>> called(["age", "ef", "ef_table"])
    {'age': 'age', 'ef': 'ef_table_table', 'ef_table': 'ef_table'}
    """
    given, found = list(names), {}
    taken = {*own, *given}
    for name in given:
        made = name
        while made in own or (made != name and made in taken):
            made = f"{made}_table"
        taken.add(made)
        found[name] = made
    return found


def beside(measured: pd.DataFrame, given: pd.DataFrame, order: Sequence[str], group: str | None = None) -> pd.DataFrame:
    """Who each row is and the column of its group, what was measured in an order of names, then the columns of the table.

    Parameters
    ----------
    measured, given : DataFrame
        With the same rows.
    order : sequence of str
        Names of what is measured.
    group : str, optional
        A column of those given.
    """
    own = [str(name) for name in measured]
    identity = [name for name in IDENTITY if name in own]
    values = sorted((name for name in own if name not in IDENTITY), key=[*order, *own].index)
    names = called(map(str, given), {*OWN, *own})
    first = [names[group]] if group is not None and group in names else []
    rest = [name for name in names.values() if name not in first]
    told = given.set_axis(list(names.values()), axis=1)
    return pd.concat([measured[identity], told[first], measured[values], told[rest]], axis=1)


def renamed(names: Iterable[str], own: Iterable[str] = OWN) -> list[str]:
    """What is to be said of columns that are called otherwise than in the table."""
    changed = {name: made for name, made in called(names, own).items() if made != name}
    if not changed:
        return []
    verb = "columns {} of the table are" if len(changed) > 1 else "column {} of the table is"
    return [f"{verb.format(', '.join(changed))} called {', '.join(changed.values())}, as track has its own"]
