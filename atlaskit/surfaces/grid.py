"""The triangles between rings of landmarks, the same for every case: landmark x level, and a fan on each end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def triangles(rings: int, landmarks: int) -> Ints:
    """(F, 3) vertices of the triangles that close rings of landmarks, F = 2 n R.

    Vertex ``r n + j`` is landmark j of ring r; the two after them are the centres of the first and of the last ring. Seen from
    outside, triangles run one way all over: outwards where the rings run counter-clockwise seen from the last ring.
    """
    at = np.arange(rings * landmarks).reshape(rings, landmarks)
    after = np.roll(at, -1, axis=1)
    first, last = rings * landmarks, rings * landmarks + 1
    fans = (_fan(first, after[0], at[0]), _fan(last, at[-1], after[-1]))
    return np.concatenate([_wall(at, after), *fans])


def _wall(at: Ints, after: Ints) -> Ints:
    """(2 n (R - 1), 3) triangles between neighbouring rings.

    Four corners are in no plane as a rule, and the two ways to halve them enclose a little too much and too little. Ways
    alternate, so that this cancels and a twist of the landmarks from ring to ring takes nothing from the volume.
    """
    a, b, c, d = at[:-1], after[:-1], at[1:], after[1:]
    even = (np.add.outer(np.arange(at.shape[0] - 1), np.arange(at.shape[1])) % 2 == 0)[..., None, None]
    one = np.stack([np.stack([a, b, d], axis=-1), np.stack([a, d, c], axis=-1)], axis=-2)
    other = np.stack([np.stack([a, b, c], axis=-1), np.stack([b, d, c], axis=-1)], axis=-2)
    return np.where(even, one, other).reshape(-1, 3)


def _fan(centre: int, first: Ints, second: Ints) -> Ints:
    """(n, 3) triangles from a centre to the edges of a ring."""
    return np.stack([np.full(len(first), centre), first, second], axis=1)
