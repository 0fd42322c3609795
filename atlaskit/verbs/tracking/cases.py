"""What is known of the cases of a store: what it says itself, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.landmarks import Status
from atlaskit.store import LandmarkStore
from atlaskit.verbs.tracking.places import Whose, placeable, placed, told_by_names
from atlaskit.verbs.tracking.rows import check_numbered


def known_cases(
    opened: LandmarkStore, standing: NDArray[np.int64], whose: Whose, views: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, dict[int, float]], list[str]]:
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
    dict of str to dict of int to float
        By study: frames without landmarks, and their times in ms; NaN where unknown.
    list of str
        What a user should know of this.
    """
    own = _stored(opened, standing, views)
    known, notes = _placed(own, whose)
    if whose.table is not None and not whose.ages:
        check_numbered(known, whose.table)
    if whose.compared and told_by_names(own, whose):
        count = known["subject"].nunique()
        notes.append(f"subjects are told by file names: {count} of them; --subject COLUMN of the table says otherwise")
    if whose.ages:
        return known, {}, notes
    rejected = np.flatnonzero(opened.column("status") == Status.REJECTED)
    lost = _lost(own, _stored(opened, rejected, views), whose) if len(rejected) else known[:0]
    return known, _also(known, own, lost), notes


def _stored(opened: LandmarkStore, rows: NDArray[np.int64], views: Sequence[str]) -> pd.DataFrame:
    """What a store knows of the place of some cases."""
    fields = ("case", "subject", "frame", "slice", "time_ms", "slice_mm", "frame_count")
    columns = {name: opened.column(name)[rows] for name in fields}
    texts = {name: columns[name].astype(object) for name in ("case", "subject")}
    stored = pd.DataFrame({**columns, **texts})
    return stored.assign(subject=[_without(subject, views) for subject in stored["subject"]])


def _placed(own: pd.DataFrame, whose: Whose) -> tuple[pd.DataFrame, list[str]]:
    """Places and times of cases, and what a user should know of them."""
    of_names = own.drop(columns="frame_count")  # a column of that name is the user's
    found, notes = placed(of_names, whose.pattern, whose.table, key=whose.key, subject=whose.subject)
    if whose.frame_ms is not None:
        found = found.assign(time_ms=found["frame"] * whose.frame_ms)
    elif "frame_ms" in found:
        found["time_ms"] = found["time_ms"].where(found["frame_ms"].isna(), found["frame"] * found["frame_ms"])
    return found, notes


def _lost(own: pd.DataFrame, rejected: pd.DataFrame, whose: Whose) -> pd.DataFrame:
    """Places of rejected cases that have one: their files may be called anything."""
    table = pd.DataFrame() if whose.table is None else whose.table
    told = {str(name).strip() for column in ("case", "id", whose.key) if column in table for name in table[column]}
    kept = rejected[np.array(placeable(rejected, whose.pattern), dtype=bool) | rejected["case"].isin(told)]
    none = kept[:0].assign(study=[])
    if not len(kept):
        return none
    try:
        found = _placed(pd.concat([own, kept], ignore_index=True), whose)[0].iloc[len(own) :]
    except InputError:  # of those without landmarks alone, as the others have their places
        return none
    return found[found["frame"] >= 0]


def _also(known: pd.DataFrame, own: pd.DataFrame, lost: pd.DataFrame) -> dict[str, dict[int, float]]:
    """Frames of each study that have no landmarks, with their times: of rejected cases, and those that are empty in a file."""
    found: dict[str, dict[int, float]] = {}
    same = known["frame"].to_numpy() == own["frame"].to_numpy()  # a table or pattern may count frames otherwise
    by_study = pd.DataFrame({"count": own["frame_count"].to_numpy(), "same": same}).groupby(known["study"].to_numpy())
    for study, rows in by_study:
        if rows["same"].all() and rows["count"].max() > 1:
            found[str(study)] = dict.fromkeys(range(int(rows["count"].max())), float("nan"))
    for study, frame, time in zip(lost["study"], lost["frame"], lost["time_ms"], strict=True):
        found.setdefault(study, {})[int(frame)] = float(time)
    return found


def _without(subject: str, views: Sequence[str]) -> str:
    """A subject's name without what names a view."""
    for view in views:
        subject = subject.replace(view, "").strip("_-. ") or subject
    return subject
