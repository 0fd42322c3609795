"""Volumes of a cavity, ml, from outlines along its long axis: discs in one view or two, and area and length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from atlaskit.contours import signed_areas
from atlaskit.errors import InputError, nearest
from atlaskit.shape import corners
from atlaskit.tracking.curves import Array, Outlines, along, run
from atlaskit.tracking.timing import numbers, sequences, spread
from atlaskit.tracking.volumes import MM3_PER_ML

DISCS = 20
FINE = 4
"""Points to a step between landmarks, on the curve through them."""
ENDS = (2 / 24, -3 / 24, 1 / 24)
"""What the three discs at either end weigh more than 1, so that sums over middles of discs are exact for ellipsoids."""
LEAST_BASE = 0.1
"""Share of its outline that a base has at least."""
ALIKE = 0.03
"""By how much the ratios of length to distance differ of sides that count as equally straight."""
CONVENTIONS = ("guideline", "camus")


@dataclass(frozen=True)
class View:
    """What discs need of an outline along the long axis, in every frame; NaN in gaps.

    Attributes
    ----------
    axis_mm : (..., T) float array
        Long axis, from the middle between the hinges of the base to the farthest point of the outline (the apex).
    widths_mm : (..., T, D) float array
        Across the long axis in the middle of each of D discs, from base to apex.
    area_mm2 : (..., T) float array
        Inside the outline, closed by a straight base.
    """

    axis_mm: Array
    widths_mm: Array
    area_mm2: Array


def in_mm(points: Outlines, spacing_mm: ArrayLike) -> Array:
    """Landmarks in mm.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Pixels.
    spacing_mm : (..., 2) array
        Width and height of a pixel, of all sequences or of each.

    Returns
    -------
    (..., T, L, 2) float array

    Raises
    ------
    InputError
        When the spacing is unknown or not positive.
    """
    outlines, spacing = sequences(points), numbers(spacing_mm, "Sizes of pixels")
    spacing = spread(spacing, (*outlines.shape[:-3], 2), "Width and height of a pixel are needed for all sequences")
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise InputError(
            "Lengths and volumes need the size of a pixel in mm; it is unknown here: give the spacing of the masks."
        )
    return np.asarray(outlines * spacing[..., None, None, :])


def hinges(mean: Outlines, loop: Sequence[int]) -> tuple[int, int]:
    """Find the hinges of a base: the two corners of a mean outline, or of three and more those with the straightest side.

    Parameters
    ----------
    mean : (L, 2) array
    loop : sequence of int
        Landmarks along the closed outline.

    Returns
    -------
    (int, int)
        In the order of the loop.

    Raises
    ------
    InputError
        When the outline has fewer than two corners.

    Notes
    -----
    An apex is a corner too where it is pointed. A valve plane is drawn as a straight line and a wall is bent, so the base is
    the side between neighbouring corners whose length is nearest to the distance of its ends; where others come within 0.03 of
    that ratio, as in a triangle, it is the shortest. Sides below a tenth of the outline are blunt corners.
    """
    outline = np.asarray(mean, dtype=np.float64)
    found = set(corners(outline, [loop]).tolist())
    at = [place for place, landmark in enumerate(loop) if landmark in found]
    if len(at) > 2:
        at = _straightest(outline[list(loop)], at)
    if len(at) != 2:
        named = ", ".join(str(landmark) for landmark in sorted(found))
        raise InputError(
            "A base has two hinges, corners of its outline with a straight side between them; the corners found are landmarks "
            f"{named}: name the two hinges by their numbers (--base I,J)."
        )
    return loop[at[0]], loop[at[1]]


def _straightest(outline: Array, at: list[int]) -> list[int]:
    """The two neighbours among corners of a closed outline (n, 2), given by their places, with the straightest side."""
    steps = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
    sides: list[tuple[float, float, list[int]]] = []
    for first, last in zip(at, [*at[1:], at[0] + len(outline)], strict=True):
        side = float(np.take(steps, range(first, last), mode="wrap").sum())
        across = float(np.linalg.norm(outline[last % len(outline)] - outline[first]))
        if side >= LEAST_BASE * steps.sum():
            sides.append((side, side / max(across, 1e-300), sorted((first, last % len(outline)))))
    straight = min((ratio for _, ratio, _ in sides), default=0.0) + ALIKE
    return next((ends for _, ratio, ends in sorted(sides) if ratio <= straight), [])


def view(points: Outlines, loop: Sequence[int], base: tuple[int, int], *, discs: int = DISCS) -> View:
    """Measure an outline along its long axis, on the cubic curve through its landmarks, closed by a straight base.

    Parameters
    ----------
    points : (..., T, L, 2) array
        Millimetres (`in_mm`); a gap is NaN.
    loop : sequence of int
        Landmarks along the closed outline.
    base : (int, int)
        The hinges: landmarks at the two ends of the valve plane, as of `hinges`. Twice the same: the base is that point.
    discs : int
        Of equal height, across the long axis.

    Returns
    -------
    View

    Notes
    -----
    Widths are those in the middle of discs: at the end of the axis a base that tilts the least bit is cut in half.
    """
    outline = _smooth(along(points, run(points, loop, base)))
    middle = (outline[..., :1, :] + outline[..., -1:, :]) / 2
    off = outline - middle
    far = np.square(off).sum(axis=-1)
    apex = np.take_along_axis(off, np.where(np.isnan(far), -1, far).argmax(axis=-1)[..., None, None], axis=-2)
    axis = np.hypot(apex[..., 0], apex[..., 1])
    unit = apex / np.where(axis > 0, axis, np.nan)[..., None]
    down = (off * unit).sum(axis=-1)
    across = off[..., 0] * unit[..., 1] - off[..., 1] * unit[..., 0]
    heights = (np.arange(discs) + 0.5) / discs
    return View(axis[..., 0], _widths(down, across, axis * heights), np.abs(signed_areas(outline)))


def simpson(one: View) -> Array:
    """Volume by discs from a single view, each disc round.

    Parameters
    ----------
    one : View

    Returns
    -------
    (..., T) float array
        ml.
    """
    return _discs(one.widths_mm**2, one.axis_mm)


def biplane(two: View, four: View, *, convention: str = "guideline") -> Array:
    """Volume by discs from two views at right angles, each disc an ellipse.

    Parameters
    ----------
    two, four : View
        Of two and of four chambers: equal frames, equal numbers of discs.
    convention : {"guideline", "camus"}
        ``guideline``: the long axis of a frame is the longer of its two. ``camus``: the longest of both views and all frames,
        as in the code of the CAMUS data, which raises the volume at end-systole; only to compare with figures made so.

    Returns
    -------
    (..., T) float array
        ml.

    Raises
    ------
    InputError
        When views differ in frames or discs, or for another convention.

    References
    ----------
    Lang et al., J. Am. Soc. Echocardiogr. 28 (2015) 1-39; Leclerc et al., IEEE Trans. Med. Imaging 38 (2019) 2198-2210.
    """
    if convention not in CONVENTIONS:
        raise InputError(f"A convention of discs must be known; got {convention!r}: {nearest(convention, CONVENTIONS)}")
    _check_alike(two, four)
    longer = np.maximum(two.axis_mm, four.axis_mm)
    if convention == "camus":
        longest = np.nan_to_num(longer).max(axis=-1, keepdims=True)
        longer = np.where(np.isnan(longer), np.nan, longest)
    return _discs(two.widths_mm * four.widths_mm, longer)


def area_length(one: View, other: View | None = None) -> Array:
    """Volume from areas and the long axis, 8 A1 A2 / (3 pi L); exact for ellipsoids, whole or cut in half.

    Parameters
    ----------
    one : View
    other : View, optional
        A second view at right angles; without, the first stands for both. L is the shorter of the two long axes.

    Returns
    -------
    (..., T) float array
        ml.
    """
    other = one if other is None else other
    _check_alike(one, other)
    axis = np.minimum(one.axis_mm, other.axis_mm)
    return np.asarray(8 * one.area_mm2 * other.area_mm2 / (3 * np.pi * axis) / MM3_PER_ML)


def _check_alike(one: View, other: View) -> None:
    if one.widths_mm.shape != other.widths_mm.shape:
        came = f"{one.widths_mm.shape} and {other.widths_mm.shape}"
        raise InputError(f"Two views of a cavity need equal frames and discs; got widths of the shapes {came}.")


def _discs(squares: Array, axis: Array) -> Array:
    """(..., T) ml of discs with products of diameters (..., T, D) in their middles along an axis (..., T)."""
    count = squares.shape[-1]
    weights = np.ones(count)
    if count >= len(ENDS):  # the plain sum is too large where these fall to nothing: 0.12 % of an ellipsoid, 0.03 % of its half
        weights[: len(ENDS)] += ENDS
        weights[-len(ENDS) :] += ENDS[::-1]
    return np.asarray(np.pi / 4 * axis / count * (squares * weights).sum(axis=-1) / MM3_PER_ML)


def _smooth(path: Array) -> Array:
    """Cubic curves through open runs of landmarks (..., n, 2), each step cut in FINE."""
    steps = path.shape[-2] - 1
    known = np.isfinite(path).all(axis=(-1, -2), keepdims=True)
    at = np.arange(steps * FINE + 1) / FINE
    return np.where(known, CubicSpline(np.arange(steps + 1), np.where(known, path, 0.0), axis=-2)(at), np.nan)


def _widths(down: Array, across: Array, heights: Array) -> Array:
    """(..., H) widths of closed outlines (..., n) at heights (..., H) along their axis, of all parts together where concave."""
    ahead, aside = (np.concatenate([each[..., 1:], each[..., :1]], axis=-1) - each for each in (down, across))
    slope = np.divide(aside, ahead, out=np.zeros_like(aside), where=ahead != 0)
    start = across - slope * down
    found = np.empty(heights.shape)
    for k in range(heights.shape[-1]):
        height = heights[..., k, None]
        before = (down <= height).astype(np.float64)
        crossed = before - np.concatenate([before[..., 1:], before[..., :1]], axis=-1)  # 1 on the way down, -1 on the way up
        found[..., k] = np.abs((crossed * (start + slope * height)).sum(axis=-1))
    return found
