"""The simplest landmarks there are, equal arc length: what every correspondence figure is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import Points, resample

_FINE = 8  # starts tried per landmark
_ROUNDS = 20


def topmost_start(contour: NDArray[np.floating], n: int) -> Points:
    """Landmarks at equal arc length from the topmost point of a contour.

    Parameters
    ----------
    contour : (m, 2) array
        Closed polygon, pixels.
    n : int

    Returns
    -------
    (n, 2) float array
    """
    return resample(np.roll(contour, -int(np.argmin(contour[:, 1])), axis=0), n)


def best_cyclic_start(contours: Sequence[NDArray[np.floating] | None], n: int, *, rotate: bool = False) -> Points:
    """Landmarks at equal arc length, each contour started where it fits the mean shape best.

    The mean is iterated. Position and size are taken out before the fit; rotation is not unless asked, or a near-round
    structure would slip.

    Parameters
    ----------
    contours : sequence of (m, 2) array or None
        Closed polygons of one structure, all of one orientation; None where it is absent.
    n : int
    rotate : bool
        Take rotation out too, for structures that lie in any pose.

    Returns
    -------
    (N, n, 2) float array
        NaN where a contour is None.
    """
    landmarks = np.full((len(contours), n, 2), np.nan)
    known = [k for k, contour in enumerate(contours) if contour is not None]
    if not known:
        return landmarks
    fine = np.stack([topmost_start(contour, n * _FINE) for contour in contours if contour is not None])
    shape = fine[..., 0] + 1j * fine[..., 1]
    shape -= shape.mean(axis=1, keepdims=True)
    shape /= np.maximum(np.sqrt((abs(shape) ** 2).mean(axis=1, keepdims=True)), 1e-12)
    start, turn = np.zeros(len(shape), dtype=np.int64), np.ones(len(shape), dtype=np.complex128)
    index = np.arange(shape.shape[1])
    for round_ in range(_ROUNDS):
        turned = np.take_along_axis(shape, (index + start[:, None]) % len(index), axis=1) / turn[:, None]
        mean = turned[0] if rotate and round_ == 0 else turned.mean(axis=0)  # the mean of any poses is no shape
        match = np.fft.ifft(np.fft.fft(shape) * np.fft.fft(mean).conj())  # one inner product per start
        before, start = start, (abs(match) if rotate else match.real).argmax(axis=1)
        best = match[np.arange(len(shape)), start]
        turn = best / np.maximum(abs(best), 1e-12) if rotate else turn
        if round_ and (start == before).all():
            break
    order = (index[::_FINE] + start[:, None]) % len(index)
    landmarks[known] = np.take_along_axis(fine, order[:, :, None], axis=1)
    return landmarks
