"""True landmarks from a file, parsed at the border."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from atlaskit.contours import Points
from atlaskit.errors import InputError, NotFoundError

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
    """

    cases: tuple[str, ...]
    points: Mapping[str, Points]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, cases: Sequence[str]) -> dict[str, Points]:
        """Give the points in the order of some cases; a case without truth is NaN."""
        row = {case: k for k, case in enumerate(self.cases)}
        index = np.array([row.get(case, -1) for case in cases], dtype=np.int64)
        known = (index >= 0)[:, None, None]
        return {name: np.where(known, points[index], np.nan) for name, points in self.points.items()}


def read_truth(path: str | Path) -> Truth:
    """Read true landmarks.

    Parameters
    ----------
    path : path
        CSV with columns case, structure, landmark, x, y (pixels of that mask); or an ``.npz`` with ``id`` and one
        (case, K, 2) array per structure, other arrays ignored.

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
        return _from_npz(path) if path.suffix.lower() == ".npz" else _from_csv(path)
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"A truth file must be a readable CSV or .npz; {path.name} is not: {error}") from error


def _from_npz(path: Path) -> Truth:
    with np.load(path, allow_pickle=False) as file:
        if "id" not in file:
            raise InputError(f"A truth .npz needs an array 'id' with the case ids; {path.name} has {file.files}.")
        cases = tuple(str(case) for case in file["id"].tolist())
        arrays = {name: file[name] for name in file.files if name != "id"}
    points = {k: a.astype(np.float64) for k, a in arrays.items() if a.ndim == 3 and a.shape[::2] == (len(cases), 2)}
    if not points:
        raise InputError(f"A truth .npz needs an array ({len(cases)}, K, 2) per structure; {path.name} has none.")
    return _checked(cases, points, path)


def _from_csv(path: Path) -> Truth:
    names = {"case": str, "structure": str}  # a structure may be called NA
    table = pd.read_csv(path, dtype=names, keep_default_na=False, na_values={"x": [""], "y": [""]})
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(f"A truth table needs the columns {', '.join(COLUMNS)}; {path.name} lacks {missing}.")
    if table.duplicated(["case", "structure", "landmark"]).any():
        raise InputError(f"A truth table has each landmark of a case once; {path.name} has one twice.")
    xy = table[["x", "y"]].to_numpy(dtype=np.float64)
    row, cases = pd.factorize(table["case"], sort=True)
    points, called = {}, {}
    for name in dict.fromkeys(table["structure"]):
        mine = (table["structure"] == name).to_numpy()
        column, landmarks = pd.factorize(table.loc[mine, "landmark"], sort=True)
        points[str(name)] = np.full((len(cases), len(landmarks), 2), np.nan)
        points[str(name)][row[mine], column] = xy[mine]
        called[str(name)] = tuple(str(landmark) for landmark in landmarks)
    return _checked(tuple(str(case) for case in cases), points, path, called)


def _checked(
    cases: tuple[str, ...], points: Mapping[str, Points], path: Path, names: Mapping[str, tuple[str, ...]] | None = None
) -> Truth:
    if not cases or len(set(cases)) != len(cases):
        raise InputError(f"A truth file needs each case id once, and at least one; {path.name} has {len(cases)}.")
    return Truth(cases, points, names or {})
