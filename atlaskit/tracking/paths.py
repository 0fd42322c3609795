"""Trajectories of shape through phases: how long they are, where they lead, how they are bent, and whether groups differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape.groups import holm
from atlaskit.shape.permutations import BATCH, PERMUTATIONS, effect_size, p_value
from atlaskit.tracking.exchanges import exchanges, numbered

Array = NDArray[np.floating]
Floats = NDArray[np.float64]

ATTRIBUTES = ("size", "direction", "shape")
LEAST_PHASES, LEAST_SUBJECTS = 2, 2


@dataclass(frozen=True)
class Paths:
    """Trajectories of groups through phases, and how each two differ.

    Attributes
    ----------
    table : DataFrame
        Rows are indexed by the pair of groups, a and b, and by attribute: ``size`` (path length of b less that of a),
        ``direction`` (angle of the first axes, degrees) and ``shape`` (Procrustes distance of the trajectories, each scaled to
        size 1). Columns n_a and n_b (subjects), value_a and value_b (path lengths of the groups; NaN for other attributes),
        difference, Z, p, p_holm (adjusted for all rows), arrangements (how many ways of dealing the subjects out p
        counts) and exact (whether these are all there are).
    groups : DataFrame
        A row for each group: n, and size, the path length of its mean trajectory.
    subjects : DataFrame
        A row for each subject: group, size, and direction_deg and shape against the mean of its group. A subject's path is
        longer than its group's, as it has all of its noise.
    trajectories : (G, T, ...) float array
        Mean shape of each group in each phase.
    axes : (G, ...) float array
        First axis of each trajectory, of length 1, from the first phase towards the mean of all.
    periodic : bool
        Whether the way from the last phase to the first is part of the path.
    permutations, seed : int
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    subjects: pd.DataFrame
    trajectories: Floats
    axes: Floats
    periodic: bool
    permutations: int
    seed: int


@dataclass(frozen=True)
class _Measured:
    """Trajectories (..., T, D) about their means: lengths (...), left singular vectors (..., T, T) and strengths (..., T)."""

    points: Floats
    size: Floats
    left: Floats
    strength: Floats

    @property
    def axis(self) -> Floats:
        """(..., D) first axes: of unit length, 0 where nothing moves."""
        first: Floats = np.einsum("...t,...td->...d", self.left[..., 0], self.points)
        return first / np.maximum(self.strength[..., :1], np.finfo(np.float64).tiny)


def paths(
    sequences: Array,
    group: Sequence[str],
    *,
    periodic: bool = False,
    within: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Paths:
    """Compare the trajectories of groups of subjects, by dealing whole subjects out to the groups anew.

    Parameters
    ----------
    sequences : (N, T, ...) array
        Shapes of N subjects in the same T phases: tangent coordinates after one alignment of all of them.
    group : sequence of N str
    periodic : bool
        True for a beat, whose last phase leads to the first.
    within : sequence of N str, optional
        Subjects are exchanged only where this is the same: sex, or site.
    permutations : int
        Beside the observed order. Where there are not more ways to deal the subjects out, each is taken once.
    seed : int

    Returns
    -------
    Paths

    Raises
    ------
    InputError
        Where frames are missing, groups have fewer than two subjects, or nobody can be exchanged.

    Notes
    -----
    A group's trajectory is the mean shape of its subjects in each phase. Where subjects lie, which is their mean over
    phases, is no part of it and is taken off first: so groups of different shapes that move alike are alike. Subjects are
    exchanged as wholes: frames of one subject are alike, and to exchange them would find what is not there. In each pair only
    the subjects of both groups are exchanged. An observed difference counts as one of the arrangements.

    Noise makes paths longer, those of small groups most; arrangements have groups of the same numbers, so a test is not misled,
    but lengths of groups of different n should not be read beside each other. Arrangements mix both groups: where these differ
    much in one attribute, mixtures may vary less than they do in the others, whose p is then a little too small. A direction
    means something where the first axis is much longer than the second. Landmarks of masks are no material points: a path is
    one of shape, not of tissue.

    Cost: a product (2 B, N) (N, T D), and singular values of 3 B matrices (T, T), of B permutations, for each pair.

    References
    ----------
    Adams and Collyer, A general framework for the analysis of phenotypic trajectories in evolutionary studies, Evolution 63
    (2009). Collyer and Adams, Phenotypic trajectory analysis, Hystrix 24 (2013).
    """
    moves, means = _moves(sequences)
    code, names = numbered(group, len(moves), "group")
    counts = np.bincount(code)
    if len(names) < 2 or counts.min() < LEAST_SUBJECTS:
        came = ", ".join(f"{name!r} has {count}" for name, count in zip(names, counts, strict=True))
        raise InputError(
            f"Trajectories are compared between two groups of two subjects or more; {came}: join or leave out groups."
        )
    blocks = numbered(within, len(moves), "within")[0] if within is not None else np.zeros(len(moves), dtype=np.int64)
    rows = {}
    for a, b in combinations(range(len(names)), 2):
        both = np.flatnonzero((code == a) | (code == b))
        dealt, exact = exchanges(code[both] == b, blocks[both], permutations, seed)
        rows[names[a], names[b]] = _row(_differences(moves[both], dealt, periodic), exact)
    of_groups = np.stack([moves[code == k].mean(axis=0) for k in range(len(names))])
    found = _measured(of_groups, periodic)
    known = pd.DataFrame({"n": counts, "size": found.size}, index=pd.Index(names, name="group"))
    shape = np.shape(sequences)[2:]
    return Paths(
        table=_table(rows, known),
        groups=known,
        subjects=_subjects(moves, code, names, of_groups, periodic),
        trajectories=np.stack([(moves + means)[code == k].mean(axis=0) for k in range(len(names))]).reshape(
            -1, *moves.shape[1:2], *shape
        ),
        axes=found.axis.reshape(-1, *shape),
        periodic=periodic,
        permutations=permutations,
        seed=seed,
    )


def _moves(sequences: Array) -> tuple[Floats, Floats]:
    """(N, T, D) shapes of subjects about (N, 1, D), their means over phases."""
    shapes = np.asarray(sequences, dtype=np.float64)
    if shapes.ndim < 3 or shapes.shape[1] < LEAST_PHASES or not shapes.size:
        raise InputError(f"Trajectories are an array (subjects, phases, ...) of two phases or more; got {shapes.shape}.")
    flat = shapes.reshape(*shapes.shape[:2], -1)
    gaps = np.asarray(~np.isfinite(flat).all(axis=2))
    if gaps.any():
        came = f"{int(gaps.sum())} frames of {int(gaps.any(axis=1).sum())} subjects are missing"
        raise InputError(
            f"Trajectories need a shape in each phase, but {came}: leave out these subjects, or fill their gaps first."
        )
    means = flat.mean(axis=1, keepdims=True)
    return flat - means, means


def _measured(points: Floats, periodic: bool) -> _Measured:
    """Length and singular parts of (..., T, D) trajectories about their means."""
    steps = (np.roll(points, -1, axis=-2) if periodic else points[..., 1:, :]) - (points if periodic else points[..., :-1, :])
    squares, left = np.linalg.eigh(points @ np.swapaxes(points, -1, -2))
    left, strength = left[..., ::-1], np.sqrt(np.maximum(squares[..., ::-1], 0))
    turn = np.where(left[..., :1, :] > 0, -1.0, 1.0)  # from the first phase, whose coordinate becomes negative, to the mean, 0
    return _Measured(points, np.linalg.norm(steps, axis=-1).sum(axis=-1), left * turn, strength)


def _compared(a: _Measured, b: _Measured) -> Floats:
    """(..., 3) differences of trajectories by attribute: size, direction (degrees) and shape.

    The Procrustes distance of unit configurations is that after the best turn in all dimensions, from the singular values of
    their product; these are the same of two small matrices.
    """
    cosine = np.einsum("...d,...d->...", a.axis, b.axis)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    inner = a.strength[..., :, None] * (np.swapaxes(a.left, -1, -2) @ b.left) * b.strength[..., None, :]
    whole = np.linalg.norm(a.strength, axis=-1) * np.linalg.norm(b.strength, axis=-1)
    alike = np.linalg.svd(inner, compute_uv=False).sum(axis=-1) / np.maximum(whole, np.finfo(np.float64).tiny)
    return np.stack([b.size - a.size, angle, np.sqrt(np.maximum(2 - 2 * alike, 0))], axis=-1)


def _differences(moves: Floats, dealt: NDArray[np.bool_], periodic: bool) -> Floats:
    """(B, 3) differences of the mean trajectories of n subjects (n, T, D) that are dealt (B, n) to the second group or not."""
    flat = moves.reshape(len(moves), -1)
    step = max(1, BATCH // (2 * flat.shape[1]))
    found = []
    for start in range(0, len(dealt), step):
        second = dealt[start : start + step].astype(np.float64)
        sides = ((side / side.sum(axis=1, keepdims=True)) @ flat for side in (1 - second, second))
        a, b = (_measured(side.reshape(-1, *moves.shape[1:]), periodic) for side in sides)
        found.append(_compared(a, b))
    return np.concatenate(found)


def _row(random: Floats, exact: bool) -> pd.DataFrame:
    """Of one pair, a row for each attribute; the observed arrangement is the first."""
    values = np.abs(random)
    return pd.DataFrame(
        {"difference": random[0], "Z": effect_size(values), "p": p_value(values), "arrangements": len(random), "exact": exact},
        index=pd.Index(ATTRIBUTES, name="attribute"),
    )


def _table(rows: dict[tuple[str, str], pd.DataFrame], groups: pd.DataFrame) -> pd.DataFrame:
    """All pairs with what is known of their groups, and p adjusted for the number of pairs and attributes."""
    table = pd.concat(rows, names=["a", "b"])
    table.insert(3, "p_holm", holm(table["p"].to_numpy()))
    of_path = table.index.get_level_values("attribute") == "size"
    for name, column in (("value", "size"), ("n", "n")):
        for side in "ba":
            own = groups[column].loc[table.index.get_level_values(side)].to_numpy()
            table.insert(0, f"{name}_{side}", np.where(of_path, own, np.nan) if name == "value" else own)
    return table


def _subjects(moves: Floats, code: NDArray[np.int64], names: Sequence[str], of_groups: Floats, periodic: bool) -> pd.DataFrame:
    """Each subject, and how it differs from the mean of its group."""
    own, mean = _measured(moves, periodic), _measured(of_groups[code], periodic)
    _, direction, shape = _compared(mean, own).T
    return pd.DataFrame(
        {"group": np.asarray(names, dtype=object)[code], "size": own.size, "direction_deg": direction, "shape": shape}
    )
