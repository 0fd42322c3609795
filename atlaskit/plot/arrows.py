"""Displacements of landmarks as arrows, as long as can be read; how many times too long is for the picture to say."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from atlaskit.contours import perimeter
from atlaskit.plot.style import Points

LONGEST = 0.15
"""Length of the longest arrow in parts of the longer side of the shape, at most."""

_GAP = 0.03
_FACTORS = np.array([m * 10.0**k for k in range(6) for m in (1, 2, 3, 4, 5, 6, 8)])


def readable_factor(shift: Points, shape: Points) -> float:
    """Largest round factor, 1 or more, by which displacements (..., L, 2) can be drawn beside a shape (L, 2)."""
    longest = float(np.nanmax(np.linalg.norm(shift, axis=-1)))
    side = float((np.nanmax(shape, axis=0) - np.nanmin(shape, axis=0)).max())
    fitting = _FACTORS[_FACTORS * longest <= LONGEST * side]
    return float(fitting.max()) if fitting.size and longest > 0 else 1.0


def spaced(loop: NDArray[np.int64], shape: Points, *, gap: float = _GAP) -> NDArray[np.int64]:
    """Landmarks of a loop, evenly picked so that arrows of neighbours stay apart by a gap in parts of the longer side."""
    side = float((np.nanmax(shape, axis=0) - np.nanmin(shape, axis=0)).max())
    room = perimeter(shape[loop].astype(np.float64)) / (gap * side) if side > 0 else 1.0
    least = max(1, int(np.ceil(len(loop) / max(room, 1.0))))
    return loop[:: next((step for step in range(least, 2 * least) if len(loop) % step == 0), least)]  # even around the loop


def draw_arrows(ax: Axes, points: Points, shift: Points, *, color: str, width: float = 0.7) -> None:
    """Draw an arrow of a width in typographic points from each of (n, 2) points along (n, 2) displacements."""
    ax.quiver(
        *points.T, *shift.T, color=color, angles="xy", scale_units="xy", scale=1, units="inches", width=width / 72,
        headwidth=3.6, headlength=4, headaxislength=3.6, minlength=0.5, zorder=3,
    )  # fmt: skip
