"""True landmarks from a file, parsed at the border."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.contours import Points
from atlaskit.errors import AtlasError, InputError, NotFoundError, nearest

COLUMNS = ("case", "structure", "landmark", "x", "y")
"""What a truth table must have; further columns are ignored."""


@dataclass(frozen=True)
class Truth:
    """True landmarks of some cases.

    Attributes
    ----------
    cases : tuple of str
        The N case ids.
    points : mapping of str to (N, K, 2) float array
        By structure, pixels of each case's mask; NaN where missing. K differs between structures.
    names : mapping of str to tuple of str
        By structure what the file calls its K landmarks; none where it does not name them.
    notes : tuple of str
        What of the file was left out.
    """

    cases: tuple[str, ...]
    points: Mapping[str, Points]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, cases: Sequence[str]) -> dict[str, Points]:
        """Give the points in the order of some cases; a case without truth is NaN."""
        row = {case: k for k, case in enumerate(self.cases)}
        index = np.array([row.get(case, -1) for case in cases], dtype=np.int64)
        known = (index >= 0)[:, None, None]
        return {name: np.where(known, points[index], np.nan) for name, points in self.points.items()}


def read_truth(path: str | Path, *, structures: Collection[str] | None = None) -> Truth:
    """Read true landmarks.

    Parameters
    ----------
    path : path
        CSV with columns case, structure, landmark, x, y (pixels of that mask); or an ``.npz`` with ``id`` and one
        (case, K, 2) array per structure.
    structures : collection of str, optional
        The structures that there are: a table may name no other, and other arrays of an ``.npz`` are left out with a note.
        Unless given, every array of that shape is taken for a structure.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When the file holds no truth in one of the two forms.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFoundError(f"There must be a truth file at {path}; none is there.")
    try:
        truth = (_from_npz if path.suffix.lower() == ".npz" else _from_csv)(path, structures)
    except (AtlasError, MemoryError):
        raise
    except Exception as error:  # damaged bytes raise nearly anything in the readers of archives
        raise InputError(f"A truth file must be a readable CSV or .npz; {path.name} is not: {error}.") from error
    if not truth.cases or len(set(truth.cases)) != len(truth.cases):
        raise InputError(f"A truth file needs each case id once, and at least one; {path.name} has {len(truth.cases)}.")
    return _finite(truth, path)


def _from_npz(path: Path, structures: Collection[str] | None) -> Truth:
    with path.open("rb") as content:
        file = np.load(content, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise InputError(f"A truth .npz needs named arrays; {path.name} is a single one: write it with numpy.savez.")
        arrays = {name: file[name] for name in file.files}
    if "id" not in arrays or arrays["id"].ndim != 1:
        raise InputError(f"A truth .npz needs a list 'id' of the case ids; {path.name} has {_shapes(arrays)}.")
    cases = _texts(arrays.pop("id"))
    fits = {name for name, array in arrays.items() if array.ndim == 3 and array.shape[::2] == (len(cases), 2)}
    chosen = sorted(fits if structures is None else arrays.keys() & set(structures))
    wrong = [name for name in chosen if name not in fits or arrays[name].dtype.kind not in "iuf"]
    if wrong or not chosen:
        came = _shapes({name: arrays[name] for name in wrong or arrays})
        hint = "" if wrong or structures is None or not arrays else f": {nearest(next(iter(arrays)), structures)}"
        raise InputError(f"A truth .npz needs numbers ({len(cases)}, K, 2) per structure; {path.name} has {came}{hint}")
    others = [name for name in arrays if name not in chosen]
    note = f"{path.name}: left out, as no structure is called so: {', '.join(others)}."
    points = {name: arrays[name].astype(np.float64) for name in arrays if name in chosen}
    return Truth(cases, points, notes=(note,) if others else ())


def _texts(values: NDArray[Any]) -> tuple[str, ...]:
    return tuple(np.char.decode(values, "utf-8").tolist() if values.dtype.kind == "S" else map(str, values.tolist()))


def _shapes(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    return ", ".join(f"{name!r} {array.dtype} {array.shape}" for name, array in arrays.items()) or "no array"


def _from_csv(path: Path, structures: Collection[str] | None) -> Truth:
    names = {"case": str, "structure": str, "landmark": str}  # a structure may be called NA
    table = pd.read_csv(path, dtype=names, keep_default_na=False, na_values={"x": [""], "y": [""]}, low_memory=False)
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(f"A truth table needs the columns {', '.join(COLUMNS)}; {path.name} lacks {missing}.")
    _check_rows(table, path, structures)
    xy = table[["x", "y"]].to_numpy(dtype=np.float64)
    row, cases = pd.factorize(table["case"], sort=True)
    points, called = {}, {}
    for name in dict.fromkeys(table["structure"]):
        mine = (table["structure"] == name).to_numpy()
        called[name] = _in_order(table.loc[mine, "landmark"])
        column = pd.Index(called[name]).get_indexer(table.loc[mine, "landmark"])
        points[name] = np.full((len(cases), len(called[name]), 2), np.nan)
        points[name][row[mine], column] = xy[mine]
    return Truth(tuple(map(str, cases)), points, called)


def _check_rows(table: pd.DataFrame, path: Path, structures: Collection[str] | None) -> None:
    """Refuse rows that do not say whose landmark they hold, hold it twice, or name a structure that there is not."""
    who = ["case", "structure", "landmark"]
    for column in who:
        empty = np.flatnonzero(table[column] == "")
        if empty.size:
            raise InputError(f"Each row of a truth table needs a {column}; row {empty[0] + 1} of {path.name} has none.")
    twice = table[table.duplicated(who)]
    if len(twice):
        came = ", ".join(f"{column} {twice[column].iloc[0]!r}" for column in who)
        raise InputError(f"A truth table has each landmark of a case once; {path.name} has one twice: {came}.")
    allowed = table["structure"].unique().tolist() if structures is None else structures
    unknown = table.loc[~table["structure"].isin(list(allowed)), "structure"]
    if len(unknown):
        name, hint = unknown.iloc[0], nearest(unknown.iloc[0], allowed)
        raise InputError(f"A truth file must name structures of the atlas; {path.name} has {name!r}: {hint}")


def _in_order(landmarks: pd.Series[str]) -> tuple[str, ...]:
    """The names of some landmarks, numbers first and by value."""
    names = pd.DataFrame({"name": landmarks.unique()})
    number = pd.to_numeric(names["name"], errors="coerce")
    return tuple(names.assign(number=number).sort_values(["number", "name"])["name"])


def _finite(truth: Truth, path: Path) -> Truth:
    """Refuse infinite coordinates, and note landmarks of which only one coordinate is known."""
    infinite = [name for name, points in truth.points.items() if np.isinf(points).any()]
    if infinite:
        raise InputError(f"True landmarks must be finite, or missing; {path.name} has infinite ones of {infinite[0]!r}.")
    half = sum(int((np.isnan(points).sum(axis=2) == 1).sum()) for points in truth.points.values())
    note = f"{path.name}: left out, as only x or only y is known: {half} landmarks."
    return Truth(truth.cases, truth.points, truth.names, (*truth.notes, note)) if half else truth
