"""Mask file formats: a table from extension to the function that reads one file.

A newcomer's format is one function and one line in `FORMATS`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
import tifffile
from PIL import Image

from atlaskit.errors import InputError
from atlaskit.readers import metaimage, nifti, nrrd
from atlaskit.readers.volume import Volume, from_rows

_KEEP_BYTES = 256 * 2**20
_KEEP_FILES = 128

_T = TypeVar("_T")


@dataclass(frozen=True)
class Format:
    """How one kind of file is read.

    Attributes
    ----------
    read : callable
        ``read(path, plane) -> Volume``.
    is_flat : callable
        ``is_flat(path) -> bool``: surely a single plane, told without reading pixels.
    """

    read: Callable[[Path, str | None], Volume]
    is_flat: Callable[[Path], bool] = lambda path: False


def _read_image(path: Path, plane: str | None) -> Volume:
    """PNG and BMP; Pillow keeps palette indices as they are."""
    with Image.open(path) as image:
        pixels, mode = np.asarray(image), image.mode
    return from_rows(_one_channel(pixels, mode))


def _read_tiff(path: Path, plane: str | None) -> Volume:
    with tifffile.TiffFile(path) as file:
        pixels = file.asarray()
        colour = file.pages[0].samplesperpixel in (3, 4)  # type: ignore[union-attr]
    return from_rows(_one_channel(pixels, "RGB") if colour else pixels)


def _one_channel(pixels: np.ndarray, mode: str) -> np.ndarray:
    """Grey from an image with colour channels that are all equal; an alpha channel says nothing."""
    if pixels.ndim == 2:
        return pixels
    colours = pixels[..., :1] if mode in ("LA", "PA", "La") else pixels[..., :3]
    if mode not in ("LA", "PA", "La", "RGB", "RGBA", "RGBX") or np.any(colours != colours[..., :1]):
        raise InputError(f"A mask must hold label values; this picture ({mode}) has different channels, which is no label map.")
    return colours[..., 0]


def _read_npy(path: Path, plane: str | None) -> Volume:
    return from_rows(np.load(path, allow_pickle=False))


def _read_npz(path: Path, plane: str | None) -> Volume:
    with np.load(path, allow_pickle=False) as arrays:
        if len(arrays.files) != 1:
            raise InputError(f"An .npz mask must hold one array; this one holds {', '.join(arrays.files) or 'none'}.")
        return from_rows(arrays[arrays.files[0]])


_IMAGE = Format(_read_image, is_flat=lambda path: True)
_NIFTI = Format(nifti.read, nifti.is_flat)
_META = Format(metaimage.read)
_TIFF = Format(_read_tiff)

FORMATS: dict[str, Format] = {
    ".nii.gz": _NIFTI,
    ".nii": _NIFTI,
    ".nrrd": Format(nrrd.read),
    ".mha": _META,
    ".mhd": _META,
    ".png": _IMAGE,
    ".bmp": _IMAGE,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".npy": Format(_read_npy),
    ".npz": Format(_read_npz),
}
"""Formats by extension; where two files have one stem, the earlier extension is the case."""


_ENDINGS = tuple(FORMATS)


def extension(name: str) -> str | None:
    """The mask extension of a file name in lower case, or None."""
    low = name.lower()
    if not low.endswith(_ENDINGS):
        return None
    return next((ending for ending in FORMATS if low.endswith(ending) and len(low) > len(ending)), None)


def stem(name: str) -> str:
    """A file name without its mask extension."""
    ending = extension(name)
    return name[: -len(ending)] if ending else name


def is_flat(path: Path) -> bool:
    """Whether a file surely holds a single plane, told without reading its pixels; raises `InputError` when damaged."""
    return _guarded(path, lambda kind: kind.is_flat(path))


_kept: OrderedDict[tuple[str, int, int, str | None], Volume] = OrderedDict()
_keeping = Lock()


def read_volume(path: Path, plane: str | None = None) -> Volume:
    """Read one mask file.

    Raises
    ------
    InputError
        When the file is missing, damaged, or no label map; the message names the file.

    Notes
    -----
    The volumes read last are kept, up to 128 files and 256 MB a process, so that slices in order read their file once.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be opened ({error.strerror}).") from error
    key = (str(path), state.st_mtime_ns, state.st_size, plane)
    with _keeping:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    volume = _guarded(path, lambda kind: kind.read(path, plane))
    volume.labels.flags.writeable = False
    with _keeping:
        _kept[key] = volume
        while len(_kept) > _KEEP_FILES or (len(_kept) > 1 and sum(v.labels.nbytes for v in _kept.values()) > _KEEP_BYTES):
            _kept.popitem(last=False)
    return volume


def _guarded(path: Path, use: Callable[[Format], _T]) -> _T:
    """Use a file's format, and name the file in whatever goes wrong."""
    ending = extension(path.name)
    if ending is None:
        raise InputError(f"{path.name}: a mask must be one of {', '.join(FORMATS)}.")
    try:
        return use(FORMATS[ending])
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    except Exception as error:  # damaged bytes raise nearly anything in the readers of others
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"{path.name}: the file is damaged or is not a {ending} file ({reason}).") from error
