"""NIfTI masks: voxels, spacing from the header, and label names from the extension that TotalSegmentator writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nibabel as nib
import numpy as np

from atlaskit.errors import InputError
from atlaskit.readers.volume import Volume, from_xyz

_MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
_MS = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}


def read(path: Path, plane: str | None) -> Volume:
    """Read a NIfTI file; millimetres are assumed where the header names no unit, as every known writer does."""
    image = _open(path)
    header: Any = image.header  # nibabel gives its methods no types
    space, time = header.get_xyzt_units()
    zooms = [round(float(zoom), 6) for zoom in header.get_zooms()]  # stored as float32
    located = bool(header["qform_code"] or header["sform_code"])
    if located and not (np.isfinite(image.affine).all() and np.linalg.det(image.affine[:3, :3])):
        raise InputError("A NIfTI file must say where its voxels lie; its affine is singular or not finite.")
    return from_xyz(
        np.asanyarray(image.dataobj),
        tuple(zoom * _MM.get(space, 1.0) for zoom in zooms[:3]),
        image.affine if located else None,
        plane=plane,
        frame_ms=zooms[3] * _MS.get(time, float("nan")) if len(zooms) > 3 else float("nan"),
        names=_names(header),
    )


def is_flat(path: Path) -> bool:
    """Whether the file holds a single plane, told from its header."""
    shape = _open(path).shape
    return sum(size > 1 for size in shape) <= 2 and (len(shape) < 4 or shape[3] == 1)


def _open(path: Path) -> nib.Nifti1Image:
    """Open NIfTI-1, or NIfTI-2, which is one of its kinds."""
    image = nib.load(path)
    if not isinstance(image, nib.Nifti1Image):
        raise InputError(f"A NIfTI file must hold NIfTI data; this one holds {type(image).__name__}.")
    return image


def _names(header: nib.Nifti1Header) -> dict[int, str]:
    """Label names from a Caret XML extension; a damaged one names nothing."""
    for extension in header.extensions:
        text = bytes(extension.get_content()).decode("utf-8", "replace").strip("\x00 \n")
        if "<LabelTable" not in text or "<!DOCTYPE" in text:
            continue
        try:
            table = ElementTree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text))
        except ElementTree.ParseError:
            continue
        keyed = [(label.get("Key", ""), (label.text or "").strip()) for label in table.iter("Label")]
        labels = {int(key): name for key, name in keyed if key.isdecimal()}
        return {value: name for value, name in labels.items() if value > 0 and name}
    return {}
