"""One mask file as an array of planes, whatever its format, with the spacing it states and never one it does not.

Orientation
-----------
Files that store [x, y, z] (NIfTI, NRRD, MetaImage) are turned so that a plane is seen as on a screen: an axial plane
has the patient's left on the right and posterior at the bottom; coronal and sagittal planes have the feet there.
The axes are permuted and flipped to the closest canonical orientation, never resampled. So two files of one anatomy
give the same planes whichever way their axes run. An affine without rotation, flip or origin states no orientation:
its array is only transposed, ``plane[y, x] = array[x, y]``. The same holds for what SimpleITK writes for a plain array
(its axes already run left and posterior). Landmarks are in pixels of the plane as read.

Spacing
-------
A pixel size of exactly 1 with an origin of exactly 0, or beside a slice thickness of 999, is what software writes when
it knows nothing: it is read as unknown. So is a frame time of exactly 1 second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import nibabel.orientations
import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.masks import UNKNOWN_SPACING

PLANES = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The slice axis of each named plane, once the axes run left, posterior, superior."""

_axes: Any = nibabel.orientations  # it has no types
_NO_SLICE_MM = 999.0
_WHOLE = 1e-3
_WIDEST = 2**31 - 1


@dataclass(frozen=True)
class Volume:
    """The planes of one file.

    Attributes
    ----------
    labels : (T, Z, H, W) unsigned int array
        T frames of Z slices.
    spacing_mm : (x, y) pair of float
        NaN where unknown.
    frame_ms : float
        Time between frames; NaN where unknown.
    slice_mm : float
        Distance between slices; NaN where unknown.
    names : dict
        Label names by value, where the file itself gives them.
    """

    labels: NDArray[np.unsignedinteger]
    spacing_mm: tuple[float, float] = UNKNOWN_SPACING
    frame_ms: float = float("nan")
    slice_mm: float = float("nan")
    names: dict[int, str] = field(default_factory=dict)


def whole(array: NDArray[Any]) -> NDArray[np.unsignedinteger]:
    """Labels in the smallest unsigned integer type that holds them.

    Raises
    ------
    InputError
        For fractions, negative values and anything that is no number.
    """
    if array.dtype.kind not in "buif":
        raise InputError(f"Labels must be whole numbers; the array has type {array.dtype}.")
    if array.size == 0:
        raise InputError(f"A mask must hold pixels; the array has shape {array.shape}.")
    if array.dtype in (np.dtype(np.uint8), np.dtype(np.bool_)):
        return array.astype(np.uint8, copy=False)
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"Labels must be whole numbers; got values from {low:g} to {high:g}.")
    if low < -_WHOLE or high > _WIDEST:
        raise InputError(f"Labels must lie between 0 and {_WIDEST}; got {low:g} to {high:g}.")
    rounded = np.rint(array) if array.dtype.kind == "f" else array
    if array.dtype.kind == "f" and float(np.abs(array - rounded).max()) > _WHOLE:
        raise InputError(f"Labels must be whole numbers; got fractions between {low:g} and {high:g}.")
    dtype = np.uint8 if high < 255.5 else np.uint16 if high < 65535.5 else np.uint32
    return np.asarray(rounded.astype(dtype))


def from_rows(array: NDArray[Any], names: dict[int, str] | None = None) -> Volume:
    """A volume from [row, column] or [slice, row, column] pixels without spacing."""
    pixels = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if pixels.ndim not in (2, 3):
        raise InputError(f"A mask array must have 2 axes, or 3 with slices first; got shape {array.shape}.")
    labels = whole(pixels)
    return Volume(labels.reshape(1, -1, *labels.shape[-2:]), names=names or {})


def from_xyz(
    array: NDArray[Any],
    spacing_mm: tuple[float, ...],
    affine: NDArray[np.floating] | None,
    *,
    plane: str | None = None,
    frame_ms: float = float("nan"),
    names: dict[int, str] | None = None,
) -> Volume:
    """A volume from [x, y], [x, y, z] or [x, y, z, t] voxels, turned as the module describes.

    Parameters
    ----------
    array : array
    spacing_mm : tuple of float
        Per spatial axis of the array, NaN where unknown.
    affine : (4, 4) array, optional
        Voxel indices to millimetres that run right, anterior, superior; None where the file has no orientation.
    plane : {'axial', 'coronal', 'sagittal'}, optional
        Default: across the axis of largest spacing, the last among equals. An axis with a single voxel comes first.
    frame_ms : float
        Time between frames.
    names : dict, optional
        Label names by value.

    Returns
    -------
    Volume

    Raises
    ------
    InputError
        When the array has not 2 to 4 axes, or holds no labels.
    """
    if array.ndim > 4 and all(n == 1 for n in array.shape[4:]):
        array = array.reshape(array.shape[:4])
    if array.ndim not in (2, 3, 4):
        raise InputError(f"A mask volume must have 2 to 4 axes (x, y, z, t); got shape {array.shape}.")
    voxels = array.reshape(*array.shape, *(1,) * (4 - array.ndim))
    zooms = np.array([*spacing_mm[:3], *(np.nan,) * (3 - len(spacing_mm[:3]))])
    oriented = affine is not None and not _states_no_orientation(affine)
    if oriented:
        turn = _axes.ornt_transform(_axes.io_orientation(affine), _axes.axcodes2ornt(("L", "P", "S")))
        voxels = _axes.apply_orientation(voxels, turn)
        zooms = zooms[np.argsort(turn[:, 0])]
    axis = _slice_axis(voxels.shape[:3], zooms, plane)
    column, row = (k for k in range(3) if k != axis)
    planes = voxels.transpose(3, axis, row, column)
    if oriented and row == 2:
        planes = planes[:, :, ::-1]  # superior is up
    no_origin = affine is None or not np.any(np.asarray(affine)[:3, 3])
    spacing = _known((float(zooms[column]), float(zooms[row])), float(zooms[axis]), no_origin)
    apart = float(zooms[axis]) if np.isfinite(spacing[0]) and 0 < zooms[axis] < _NO_SLICE_MM else float("nan")
    return Volume(np.array(whole(planes), order="C"), spacing, _known_time(frame_ms), apart, names or {})


def _states_no_orientation(affine: NDArray[np.floating]) -> bool:
    """An affine that is only a positive scale: no rotation, no flip, no origin."""
    scale = np.diag(np.diag(affine)[:3])
    return bool(np.allclose(affine[:3, :3], scale) and np.all(np.diag(scale) > 0) and not np.any(affine[:3, 3]))


def _slice_axis(shape: tuple[int, ...], zooms: NDArray[np.float64], plane: str | None) -> int:
    single = [k for k in range(3) if shape[k] == 1]
    if single:
        return single[-1]
    if plane is not None:
        return PLANES[plane]
    known = np.nan_to_num(zooms, nan=0.0)
    return int(max(k for k in range(3) if known[k] >= known.max() * 0.999))


def _known(pixel: tuple[float, float], thickness: float, no_origin: bool) -> tuple[float, float]:
    """The pixel size, or NaN where the numbers are the ones that software writes by default."""
    default = pixel == (1.0, 1.0) and (no_origin or thickness == _NO_SLICE_MM)
    valid = all(np.isfinite(size) and 0 < size < _NO_SLICE_MM for size in pixel)
    return pixel if valid and not default else UNKNOWN_SPACING


def _known_time(frame_ms: float) -> float:
    return frame_ms if frame_ms > 0 and frame_ms != 1000.0 else float("nan")
