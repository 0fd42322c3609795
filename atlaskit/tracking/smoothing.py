"""Temporal smoothing of landmarks, with an account of what it changes. Off unless asked for: it also smooths what is true."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from atlaskit.errors import InputError, nearest
from atlaskit.tracking.smoothers import Patterns, constant_velocity, harmonics, local_polynomials
from atlaskit.tracking.timing import Array, frame_times, sequences

Method = Literal["fourier", "savgol", "rts"]

ORDER = 5
"""Harmonics of a beat that ``fourier`` keeps: of 30 frames, what takes 6 frames or more."""
WINDOW, DEGREE = 7, 3
"""Frames and degree of the polynomial of ``savgol``."""
CUTOFF = 6.0
"""Frames of an oscillation that ``rts`` halves: slower ones are kept, faster ones go."""


@dataclass(frozen=True)
class Smoothed:
    """Landmarks smoothed in time, and what that changed.

    Attributes
    ----------
    points : (..., T, L, 2) float array
        Gaps are still gaps.
    rms : (...,) float array
        Root mean square distance that landmarks of a sequence were moved; NaN for a sequence of gaps only.
    largest : (...,) float array
        The largest.
    """

    points: Array
    rms: Array
    largest: Array


def smooth(
    points: ArrayLike,
    time: ArrayLike | None = None,
    *,
    method: Method = "fourier",
    periodic: bool = False,
    order: int = ORDER,
    window: int = WINDOW,
    degree: int = DEGREE,
    cutoff: float = CUTOFF,
) -> Smoothed:
    """Smooth landmarks in time, each for itself; gaps are left out and stay gaps.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Gaps are NaN.
    time : (..., T) array, optional
        Frame numbers unless given. Only how the steps compare matters, not their unit.
    method : {"fourier", "savgol", "rts"}
        The least-squares fit of the first harmonics of a beat; of a polynomial in a window around each frame (Savitzky-Golay);
        or the Rauch-Tung-Striebel smoother of a motion of nearly constant velocity.
    periodic : bool
        The frame after the last is the first again, a mean step later. "fourier" needs it.
    order : int
        Harmonics that "fourier" keeps.
    window, degree : int
        Of "savgol": an odd number of frames, and the degree of the polynomial, below it.
    cutoff : float
        Of "rts": frames of the oscillation that is halved; over 2. Its model is driven by a white acceleration of density q and
        seen through white noise of variance r, and takes q = r (2 pi / cutoff)^4 in mean steps.

    Returns
    -------
    Smoothed

    Raises
    ------
    InputError
        For another shape, times that do not increase, an unknown method or options it cannot take.

    Notes
    -----
    Each method is a linear map of the known frames, the same for x and y and for all landmarks that share times and gaps; so it
    commutes with rotation and translation, and keeps what does not move. Where so few frames are known that a fit passes
    through all of them, they stay as they are. At the ends of a sequence that is not periodic "savgol" takes the nearest whole
    window.
    1000 sequences of 30 frames and 128 landmarks: 0.5 s.

    References
    ----------
    Savitzky & Golay, Analytical Chemistry 36 (1964); Rauch, Tung & Striebel, AIAA Journal 3 (1965).
    """
    points = sequences(points)
    _check(points.shape[-3], method, periodic, order, window, degree, cutoff)
    patterns = Patterns.of(points, frame_times(points, time))
    if method == "fourier":
        matrices = harmonics(patterns.times, patterns.known, order=order)
    elif method == "savgol":
        matrices = local_polynomials(patterns.times, patterns.known, periodic=periodic, window=window, degree=degree)
    else:
        matrices = constant_velocity(patterns.times, patterns.known, periodic=periodic, cutoff=cutoff)
    smoothed = patterns.apply(matrices, points)
    return Smoothed(smoothed, *change(points, smoothed))


def change(before: Array, after: Array) -> tuple[Array, Array]:
    """(...,) root mean square and largest distance between landmarks (..., T, L, 2) of a sequence before and after."""
    moved = after - before
    squared = moved[..., 0] ** 2 + moved[..., 1] ** 2
    known = np.isfinite(squared)
    count = known.sum(axis=(-2, -1))
    squared = np.where(known, squared, 0.0)
    none = np.where(count == 0, np.nan, 1.0)
    return np.sqrt(squared.sum(axis=(-2, -1)) / np.maximum(count, 1)) * none, np.sqrt(squared.max(axis=(-2, -1))) * none


def _check(frames: int, method: str, periodic: bool, order: int, window: int, degree: int, cutoff: float) -> None:
    known = get_args(Method)
    if not isinstance(method, str) or method not in known:
        near = nearest(str(method), known)
        raise InputError(f"A method of smoothing must be one of {', '.join(known)}; got {method!r}: {near}")
    if method == "fourier" and not (periodic and order >= 1):
        raise InputError(f"Smoothing by 'fourier' needs a periodic beat and an order of 1 or more; got {periodic=}, {order=}.")
    if method == "savgol" and not (window % 2 == 1 and 0 <= degree < window <= frames):
        raise InputError(
            f"Smoothing by 'savgol' needs an odd window of no more than the {frames} frames and a degree below it; "
            f"got {window=}, {degree=}."
        )
    if method == "rts" and not (isinstance(cutoff, Real) and cutoff > 2):
        raise InputError(f"Smoothing by 'rts' needs a cutoff of more than 2 frames; got {cutoff}.")
