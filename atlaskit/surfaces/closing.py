"""Closed surfaces from stacks of outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.surfaces.grid import triangles
from atlaskit.surfaces.measures import area, volume
from atlaskit.surfaces.stacks import Array, Stack, read

ENDS = ("half", "flat")
LEAST_LEVELS = 2


@dataclass(frozen=True)
class Surface:
    """Closed surfaces of any number of cases and frames, whose vertices correspond.

    Attributes
    ----------
    vertices : (..., V, 3) float array
        (x, y, z) mm, z along the stack; NaN of a case without any slice. Landmark j of level r is vertex ``r n + j``; the last
        two are the centres of both ends.
    faces : (F, 3) int array
        Corners of triangles, of all cases; they run counter-clockwise seen from outside.
    level : (V,) int array
        From 0, in the order of the slices.
    landmark : (V,) int array
        From 0, in the order of the outline; -1 of the centres of ends.
    interpolated : (..., R) bool array
        Levels that rest on slices that were missing.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    level: NDArray[np.int64]
    landmark: NDArray[np.int64]
    interpolated: NDArray[np.bool_]

    def __repr__(self) -> str:
        """How many surfaces of what."""
        shape = self.vertices.shape
        return f"{type(self).__name__}({shape[:-2]} surfaces of {shape[-2]} vertices, {len(self.faces)} triangles)"

    def __getitem__(self, index: int | slice | tuple[int | slice, ...]) -> Surface:
        """One of several surfaces, or some of them."""
        if self.vertices.ndim <= 2:
            raise IndexError("this is one surface")  # and so it is no sequence to iterate over
        return Surface(self.vertices[index], self.faces, self.level, self.landmark, self.interpolated[index])

    @property
    def volume_mm3(self) -> NDArray[np.float64]:
        """(...) what is enclosed."""
        return volume(self.vertices, self.faces)

    @property
    def area_mm2(self) -> NDArray[np.float64]:
        """(...) of the whole surface, both ends included."""
        return area(self.vertices, self.faces)

    @property
    def point_data(self) -> Mapping[str, NDArray[Any]]:
        """What is known of each vertex (..., V), by name, for files and pictures."""
        return {"level": self.level, "landmark": self.landmark, "interpolated": self.interpolated[..., self.level]}


def enclose(points: Array, slice_mm: float | Array, *, levels: int | None = None, ends: str = "half") -> Surface:
    """Close stacks of outlines: landmark x level, with an end on each side.

    Parameters
    ----------
    points : (..., Z, n, 2) array
        Landmarks along one closed outline on each of Z slices, (x, y) mm, of any number of cases and frames; all of a missing
        slice is NaN. In pixels, volumes are in pixels too, and triangles may be anything but regular.
    slice_mm : float or (..., Z) array
        Spacing of the slices, or the position of each, ascending or descending, mm.
    levels : int, optional
        Levels that each case is given, in equal steps from its first to its last slice, so that all have the same vertices
        however many slices they have; by default the slices are the levels, and must be the same in all cases.
    ends : {"half", "flat"}
        ``half`` carries the outlines of both ends half a slice further, as slices stand for slabs: what is enclosed is then the
        sum of areas times spacing, but for how areas change between slices. ``flat`` closes the outlines of the ends.

    Returns
    -------
    Surface

    Raises
    ------
    InputError
        Where these are no stacks, positions are out of order, cases do not have the same slices and no levels are given, some
        stacks are mirror images of others, or one slice is to be closed flat.

    Notes
    -----
    Slices missing between others are interpolated, each landmark on a straight line, and marked; missing at the ends they are
    no part of the surface. Ends are fans about the mean of their landmarks: in an outline that is not seen from there as a
    whole they fold over, which changes no volume, but adds to the area.
    """
    if ends not in ENDS:
        raise InputError(f"ends must be one of {', '.join(ENDS)}; {ends!r} came: take 'half', for one.")
    if levels is not None and (not isinstance(levels, Integral) or levels < LEAST_LEVELS):
        raise InputError(f"levels must be a whole number, 2 or more; {levels!r} came: take 16, for one.")
    stack = read(points, slice_mm)
    heights = stack.levels(levels)
    outlines, interpolated = stack.at(heights)
    if ends == "half":
        low, high = stack.outer()
        heights = np.concatenate([low[:, None], heights, high[:, None]], axis=1)
        outlines, interpolated = (np.concatenate([a[:, :1], a, a[:, -1:]], axis=1) for a in (outlines, interpolated))
    elif (np.equal(*stack.ends) & stack.present.any(axis=1)).any():
        raise InputError("Flat ends enclose nothing with one slice between them: take ends='half', or leave out such stacks.")
    return _surface(stack, heights, outlines, interpolated, np.shape(points)[:-3])


def _surface(stack: Stack, heights: Array, outlines: Array, interpolated: NDArray[np.bool_], batch: tuple[int, ...]) -> Surface:
    """The surfaces through outlines (B, R, n, 2) at heights (B, R)."""
    rings, landmarks = outlines.shape[1:3]
    z = np.broadcast_to(stack.sign * heights[..., None, None], (*outlines.shape[:3], 1))
    solid = np.concatenate([outlines, z], axis=3)
    solid[~stack.present.any(axis=1)] = np.nan
    vertices = np.concatenate([solid.reshape(len(solid), -1, 3), solid[:, [0, -1]].mean(axis=2)], axis=1)
    return Surface(
        vertices=vertices.reshape(*batch, -1, 3),
        faces=_outwards(stack, triangles(rings, landmarks)),
        level=np.append(np.repeat(np.arange(rings), landmarks), [0, rings - 1]),
        landmark=np.append(np.tile(np.arange(landmarks), rings), [-1, -1]),
        interpolated=interpolated.reshape(*batch, -1),
    )


def _outwards(stack: Stack, faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Triangles turned as all of the surfaces need it, which the sum of signed areas tells."""
    x, y = np.moveaxis(np.where(stack.present[..., None, None], stack.points, 0.0), 3, 0)
    around = (x * np.roll(y, -1, axis=2) - y * np.roll(x, -1, axis=2)).sum(axis=(1, 2))
    inwards, known = stack.sign * around < 0, stack.present.any(axis=1)
    if len(set(inwards[known].tolist())) > 1:
        came = f"{int(inwards[known].sum())} of {int(known.sum())} run the other way"
        raise InputError(f"Stacks that share triangles must run one way; {came}: turn these, or close them apart.")
    return faces[:, ::-1].copy() if inwards[known].any() else faces
