"""Telling bit planes from label maps by the values and how their regions touch."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

_ENOUGH = 0.75
_MOST_BITS = 16


def bits_of(values: Collection[int]) -> frozenset[int]:
    """The single bits, as values, that make up some values."""
    union = 0
    for value in values:
        union |= int(value)
    return frozenset(1 << k for k in range(union.bit_length()) if union >> k & 1)


def may_be_bits(values: Collection[int]) -> bool:
    """Whether values could be sums of bits: gaps between them, sums among them, and each sum's bits seen alone."""
    seen = set(values) - {0}
    single = {value for value in seen if value & (value - 1) == 0}
    sums = seen - single
    gaps = bool(seen) and max(seen) != len(seen)
    return bool(sums) and gaps and max(seen) < 1 << _MOST_BITS and bits_of(sums) <= single


def single_bit_share(labels: NDArray[np.unsignedinteger]) -> tuple[int, int]:
    """Count unequal neighbours, one of them a sum of bits: how many differ by a single bit, and how many there are.

    Where outlines overlap freely, one step crosses one outline, so nearly all differ by one bit. A label map's region 5
    lies against background or 3, which differ by two.
    """
    single = total = 0
    for a, b in ((labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])):
        differ = a != b
        first, second = a[differ].astype(np.int64), b[differ].astype(np.int64)
        step = (first ^ second)[_is_sum(first) | _is_sum(second)]
        total += step.size
        single += int(np.count_nonzero(~_is_sum(step)))
    return single, total


def _is_sum(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(values & (values - 1) != 0)


def are_bits(planes: Collection[NDArray[np.unsignedinteger]], values: Collection[int]) -> bool:
    """Whether planes that hold these values are bit planes; a label map when in doubt."""
    if not may_be_bits(values):
        return False
    counts = [single_bit_share(plane) for plane in planes]
    total = sum(count for _, count in counts)
    return total > 0 and sum(single for single, _ in counts) >= _ENOUGH * total
