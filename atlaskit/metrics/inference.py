"""Landmark inference: can true landmarks be read off ours by a linear map? Good correspondence makes that easy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ALPHAS = tuple(10.0**k for k in np.arange(-3, 4.5, 0.5))
"""Ridge penalties to choose from, for inputs of unit spread."""
FOLDS = 5
LEAST_SUBJECTS = 5
"""Subjects that an inference needs."""

Array = NDArray[np.floating]


def infer_landmarks(
    points: Array, truth: Array, subjects: Sequence[str], *, folds: int = FOLDS, seed: int = 0
) -> NDArray[np.float64]:
    """Predict the true landmarks of each case from ours by ridge regression fitted to the cases of other subjects.

    Parameters
    ----------
    points : (N, n, 2) array
        Our landmarks of one structure in a common frame; NaN where absent.
    truth : (N, K, 2) array
        True landmarks in that frame; NaN where missing.
    subjects : sequence of str
        Whom each case belongs to; the cases of a subject stay in one fold.
    folds : int
        As many as there are subjects, at most.
    seed : int
        Of the folds.

    Returns
    -------
    (N, K, 2) float array
        NaN where we have no landmarks, for landmarks that are in too few other cases, and everywhere when fewer than
        `LEAST_SUBJECTS` subjects are known.

    Notes
    -----
    The penalty is chosen by folds of subjects within the training cases only; the held-out fold never has a say.

    References
    ----------
    Goparaju et al., Benchmarking off-the-shelf statistical shape modeling tools in clinical applications, Medical Image
    Analysis 76 (2022): landmark inference.
    """
    found = np.full(truth.shape, np.nan)
    here = np.asarray(np.isfinite(points).all(axis=(1, 2)))
    known = np.asarray(np.isfinite(truth).all(axis=2)) & here[:, None]
    names, owner = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(names))[owner] % min(folds, len(names))
    inputs = points.reshape(len(points), -1)
    patterns, pattern = np.unique(known, axis=1, return_inverse=True)  # landmarks known in the same cases go together
    for index, rows in enumerate(patterns.T):
        if len(np.unique(owner[rows])) < LEAST_SUBJECTS:
            continue
        columns = np.flatnonzero(pattern.reshape(-1) == index)
        for held in np.unique(fold[here]):
            train, test = rows & (fold != held), here & (fold == held)
            if len(np.unique(owner[train])) >= 2:
                wanted = truth[train][:, columns].reshape(-1, 2 * len(columns))
                predicted = ridge(inputs[train], wanted, owner[train], inputs[test])
                found[np.ix_(test, columns)] = predicted.reshape(-1, len(columns), 2)
    return found


def ridge(inputs: Array, wanted: Array, owner: Sequence[int] | NDArray[np.int64], new: Array) -> NDArray[np.float64]:
    """Ridge regression whose penalty is chosen on folds of the given cases, whole subjects together.

    Parameters
    ----------
    inputs : (N, F) array
    wanted : (N, T) array
    owner : (N,) sequence of int
        Whom each case belongs to.
    new : (n, F) array

    Returns
    -------
    (n, T) float array
        Predictions for new inputs.
    """
    spread = max(float(np.sqrt(inputs.var(axis=0).mean())), 1e-12)
    inputs, new = inputs / spread, new / spread
    _, owner = np.unique(owner, return_inverse=True)
    fold = (owner if owner.any() else np.arange(len(owner))) % FOLDS  # one subject alone is split by cases
    error = np.zeros(len(ALPHAS))
    for held in np.unique(fold):
        out = fold == held
        for k, predicted in enumerate(_solve(inputs[~out], wanted[~out], inputs[out], ALPHAS)):
            error[k] += np.square(predicted - wanted[out]).sum()
    return _solve(inputs, wanted, new, [ALPHAS[int(error.argmin())]])[0]


def _solve(inputs: Array, wanted: Array, new: Array, alphas: Sequence[float]) -> list[NDArray[np.float64]]:
    """Ridge predictions (n, T) for new inputs (n, F), one per penalty, by one singular value decomposition."""
    middle, level = inputs.mean(axis=0), wanted.mean(axis=0)
    u, s, vt = np.linalg.svd(inputs - middle, full_matrices=False)
    scores, loadings = (new - middle) @ vt.T, u.T @ (wanted - level)
    return [level + (scores * (s / (s * s + alpha))) @ loadings for alpha in alphas]
