"""Sizes that lengths and volumes need, of pixels and between slices: one for all frames of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.tracking import Sequences
from atlaskit.verbs.population import Unit

ALIKE = 1e-3
"""Share by which two sizes may differ that are one, as files round them."""


def check_above_0(sizes: Mapping[str, float | None]) -> None:
    """Refuse sizes that nothing can have."""
    for name, size in sizes.items():
        if size is not None and not (isinstance(size, Real) and 0 < size < np.inf):
            raise InputError(f"{name} must be a finite number above 0; got {size}: leave it out where it is unknown.")


def pixel_sizes(
    known: pd.DataFrame, stored: NDArray[np.floating], unit: Unit, given: float | None
) -> NDArray[np.float64] | None:
    """(N, 2) pixel sizes where the unit is to be mm, else None; from those that a store knows, (N, 2).

    Raises
    ------
    InputError
        When mm were asked for, or are known of some cases, and one has no size.
    """
    sizes = stored.astype(np.float64)
    if "spacing_mm" in known:
        told = known["spacing_mm"].to_numpy(dtype=np.float64)
        sizes = np.where(np.isfinite(told)[:, None], told[:, None], sizes)
    if given is not None:
        sizes = np.full_like(sizes, given)
    there: NDArray[np.bool_] = np.asarray((np.isfinite(sizes) & (sizes > 0)).all(axis=1))
    if unit == "px" or (unit == "auto" and not there.any()):
        return None
    if not there.all():
        lacks = f"{int((~there).sum())} of {len(there)} have none, such as {known['case'].iloc[int(np.argmin(there))]!r}"
        do = "give --spacing-mm, fill a column spacing_mm of the table, or ask for --unit px"
        raise InputError(f"Curves in mm need the pixel size of every case; {lacks}: {do}.")
    return sizes


def of_sequences(sizes: NDArray[np.float64], found: Sequences, what: str, option: str) -> NDArray[np.float64]:
    """(Q, ...) the known size of each sequence, of those (N, ...) of its cases; NaN where none is known.

    Parameters
    ----------
    sizes : (N, ...) array
    found : Sequences
    what, option : str
        How a sentence that refuses them begins, and which option takes their place.

    Raises
    ------
    InputError
        When cases of a sequence have unlike sizes.
    """
    placed = sizes[found.rows]
    placed[found.rows < 0] = np.nan
    least, most = np.fmin.reduce(placed, axis=1), np.fmax.reduce(placed, axis=1)
    unlike = np.argwhere(most - least > ALIKE * most)
    if len(unlike):
        q, *axis = unlike[0].tolist()
        came = f"{found.names[q]!r} has {least[(q, *axis)]:g} and {most[(q, *axis)]:g} mm"
        raise InputError(f"{what} of a sequence must be the same in all of its frames; {came}: give {option}.")
    return np.asarray(least)
