"""Surfaces as files that other programs open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from atlaskit.errors import InputError
from atlaskit.surfaces.closing import Surface

FORMATS = {".vtk": "vtk42", ".ply": "ply", ".stl": "stl"}
"""What meshio calls the format of each suffix: VTK as version 4.2, which older programs read too."""

WHEN = re.compile(rb"^comment Created by [^\n]*\n", re.MULTILINE)
"""The line of a PLY file that says when it was made: without it a surface is always the same file."""


def write_surface(path: str | Path, surface: Surface, point_data: Mapping[str, ArrayLike] | None = None) -> None:
    """Write one surface as VTK, PLY or STL, binary.

    Parameters
    ----------
    path : str or Path
        Its suffix, ``.vtk``, ``.ply`` or ``.stl``, says the format. A file of this name is replaced.
    surface : Surface
        One case: ``surfaces[k]`` of several.
    point_data : mapping of str to (V,) or (V, k) array, optional
        Numbers for each vertex by name, beside `Surface.point_data`. STL has no place for any, and PLY for plain numbers only;
        VTK allows no blanks in names, which become underlines.

    Raises
    ------
    InputError
        Where the suffix is another, these are several surfaces or none, or data are not one row for each vertex.
    """
    import meshio

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"A surface is written as {', '.join(FORMATS)}; {path.name!r} is none of these: change its suffix.")
    if surface.vertices.ndim != 2 or not np.isfinite(surface.vertices).all():
        came = "this one has vertices that are not known" if surface.vertices.ndim == 2 else "several came"
        raise InputError(f"A file holds one surface with all of its vertices, but {came}: choose one, such as surface[0].")
    data = {
        name.replace(" ", "_"): _plain(name, values, surface)
        for name, values in {**surface.point_data, **(point_data or {})}.items()
    }
    if path.suffix.lower() == ".ply":
        data = {name: values for name, values in data.items() if values.ndim == 1}
    mesh = meshio.Mesh(surface.vertices, [("triangle", surface.faces.astype(np.int32))])
    mesh.point_data = {} if path.suffix.lower() == ".stl" else data
    with redirect_stdout(StringIO()):  # meshio speaks to people; a library's caller may be a program that reads stdout
        meshio.write(path, mesh, file_format=FORMATS[path.suffix.lower()], binary=True)
    if path.suffix.lower() == ".ply":
        path.write_bytes(WHEN.sub(b"", path.read_bytes(), count=1))


def _plain(name: str, values: ArrayLike, surface: Surface) -> NDArray[np.float64] | NDArray[np.int32]:
    """Numbers of a type that all formats have."""
    found = np.asarray(values)
    if found.ndim not in (1, 2) or len(found) != surface.vertices.shape[0]:
        raise InputError(f"{name!r} must hold a row for each of the {len(surface.vertices)} vertices; it is {found.shape}.")
    return found.astype(np.float64) if found.dtype.kind == "f" else found.astype(np.int32)
