"""Ways to deal subjects out to two groups anew: all of them where they are few, else some by chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from math import comb, prod

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape.permutations import draw

Bools = NDArray[np.bool_]


def exchanges(second: Bools, blocks: NDArray[np.int64], permutations: int, seed: int) -> tuple[Bools, bool]:
    """Who is of the second group, in arrangements with as many of it in each block.

    Parameters
    ----------
    second : (n,) bool array
        As observed.
    blocks : (n,) int array
        Subjects of one number may be exchanged.
    permutations : int
        Beside the observed arrangement.
    seed : int

    Returns
    -------
    (B, n) bool array
        The observed arrangement first.
    bool
        Whether these are all there are, each once.

    Raises
    ------
    InputError
        Where only the observed one is possible.
    """
    moved = draw(np.unique(blocks, return_inverse=True)[1].astype(np.int64), permutations, seed)
    members = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    chosen = [int(second[rows].sum()) for rows in members]
    ways = prod(comb(len(rows), count) for rows, count in zip(members, chosen, strict=True))
    if ways == 1:
        raise InputError("Subjects of two groups must be exchangeable, but no block holds both groups: take coarser blocks.")
    if ways > 1 + permutations:
        return second[moved], False
    every = np.zeros((ways, len(second)), dtype=bool)
    picks = product(*(combinations(rows.tolist(), count) for rows, count in zip(members, chosen, strict=True)))
    for row, pick in zip(every, picks, strict=True):
        row[[subject for part in pick for subject in part]] = True
    observed = (every == second).all(axis=1)
    return np.concatenate([every[observed], every[~observed]]), True


def numbered(labels: Sequence[str], count: int, what: str) -> tuple[NDArray[np.int64], list[str]]:
    """(N,) numbers of labels in order of their first appearance, and these labels.

    Raises
    ------
    InputError
        Where there is not one for each subject, or some are missing.
    """
    if len(labels) != count:
        raise InputError(f"{what} must name each of the {count} subjects; {len(labels)} names came.")
    code, names = pd.factorize(np.asarray(labels, dtype=object))
    if (code < 0).any():
        raise InputError(f"{what} must name each subject; {int((code < 0).sum())} have none: leave them out.")
    return code.astype(np.int64), [str(name) for name in names]
