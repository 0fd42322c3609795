"""What is known of the cases of a store: what it says itself, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.landmarks import Status
from atlaskit.store import LandmarkStore
from atlaskit.verbs.tracking.places import Whose, placeable, placed, told_by_names
from atlaskit.verbs.tracking.rows import check_numbered


def known_cases(
    opened: LandmarkStore, standing: NDArray[np.int64], whose: Whose, views: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, set[int]], list[str]]:
    """Say of the cases of a store what is known of them.

    Parameters
    ----------
    opened : LandmarkStore
    standing : (N,) int array
        Rows of those with landmarks.
    whose : Whose
    views : sequence of str
        What names of studies hold that are views of one heart; it is no part of a subject's name.

    Returns
    -------
    DataFrame of N rows
        As of `placed`.
    dict of str to set of int
        By study: frames without landmarks.
    list of str
        What a user should know of this.
    """
    lost = np.flatnonzero(opened.column("status") == Status.REJECTED)
    own = _stored(opened, standing if whose.ages else np.append(standing, lost))
    own["subject"] = [_without(subject, views) for subject in own["subject"]]
    kept = [*[True] * len(standing), *placeable(own.iloc[len(standing) :], whose.pattern)]
    own = own[np.array(kept, dtype=bool)].reset_index(drop=True)
    of_names = own.drop(columns="frame_count")  # a column of that name is the user's
    every, notes = placed(of_names, whose.pattern, whose.table, key=whose.key, subject=whose.subject)
    known = every.iloc[: len(standing)].copy()
    if whose.table is not None and not whose.ages:
        check_numbered(known, whose.table)
    if whose.compared and told_by_names(of_names, whose):
        count = known["subject"].nunique()
        notes.append(f"subjects are told by file names: {count} of them; --subject COLUMN of the table says otherwise")
    return known, {} if whose.ages else _also(every, own, len(standing)), notes


def _stored(opened: LandmarkStore, rows: NDArray[np.int64]) -> pd.DataFrame:
    """What a store knows of the place of some cases."""
    fields = ("case", "subject", "frame", "slice", "time_ms", "slice_mm", "frame_count")
    columns = {name: opened.column(name)[rows] for name in fields}
    texts = {name: columns[name].astype(object) for name in ("case", "subject")}
    return pd.DataFrame({**columns, **texts})


def _also(every: pd.DataFrame, stored: pd.DataFrame, standing: int) -> dict[str, set[int]]:
    """Frames of each study that have no landmarks: rejected cases, which come last, and empty ones of a file."""
    found: dict[str, set[int]] = {}
    lost = every.iloc[standing:]
    for study, frame in zip(lost["study"], lost["frame"], strict=True):
        found.setdefault(study, set()).add(int(frame))
    counts = stored["frame_count"]
    own = (counts > 1) & (every["frame"] == stored["frame"])  # a table or pattern may count frames otherwise
    for study, count in counts[own].groupby(every["study"][own]).max().items():
        found.setdefault(str(study), set()).update(range(int(count)))
    return found


def _without(subject: str, views: Sequence[str]) -> str:
    """A subject's name without what names a view."""
    for view in views:
        subject = subject.replace(view, "").strip("_-. ") or subject
    return subject
