"""NRRD masks, read by the optional package pynrrd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from atlaskit.errors import InputError
from atlaskit.readers.volume import Volume, from_xyz

_TO_RAS = {
    "right-anterior-superior": (1, 1, 1), "ras": (1, 1, 1), "left-anterior-superior": (-1, 1, 1), "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1), "lps": (-1, -1, 1),
}  # fmt: skip


def read(path: Path, plane: str | None) -> Volume:
    """Read an NRRD file; raises `InputError` naming the extra to install when pynrrd is missing."""
    try:
        import nrrd
    except ModuleNotFoundError as error:
        raise InputError("NRRD files need the package pynrrd: install it with pip install 'atlaskit[nrrd]'.") from error
    try:
        stated = nrrd.read_header(str(path))
        if "data file" in stated or "datafile" in stated:  # a header must not reach into other files
            raise InputError("An NRRD mask must hold its own data; this one names another file.")
        voxels, header = nrrd.read(str(path))
    except nrrd.NRRDError as error:
        raise InputError(str(error)) from error
    spacing, affine = _geometry(header, min(voxels.ndim, 3))
    return from_xyz(voxels, spacing, affine, plane=plane)


def _geometry(header: dict[str, Any], axes: int) -> tuple[tuple[float, ...], np.ndarray | None]:
    """Spacing per axis, and the affine where the header names a space that is one of a patient."""
    directions = header.get("space directions")
    if directions is None:
        stated = header.get("spacings")
        return tuple(float(s) for s in stated[:axes]) if stated is not None else (float("nan"),) * axes, None
    vectors = np.asarray(directions, dtype=np.float64)[:axes]
    spacing = tuple(float(length) for length in np.linalg.norm(vectors, axis=1))
    signs = _TO_RAS.get(str(header.get("space", "")).lower())
    if signs is None or axes != 3 or vectors.shape != (3, 3):
        return spacing, None
    affine = np.eye(4)
    affine[:3, :3] = vectors.T
    affine[:3, 3] = np.asarray(header.get("space origin", np.zeros(3)), dtype=np.float64)
    return spacing, np.diag([*signs, 1.0]) @ affine
