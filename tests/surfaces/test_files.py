"""Surfaces read back from files are what was written."""

from pathlib import Path

import meshio
import numpy as np
import pytest

from atlaskit.errors import InputError
from atlaskit.surfaces import Surface, enclose, volume, write_surface


@pytest.fixture
def surfaces() -> Surface:
    angle = 2 * np.pi * np.arange(16) / 16
    stack = np.array([3.0, 5.0, np.nan, 6.0])[:, None, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return enclose(np.stack([stack, 2 * stack]), 4.0)


@pytest.mark.parametrize("suffix", [".vtk", ".ply", ".stl", ".VTK"])
def test_a_file_holds_the_surface_and_its_numbers_and_nothing_is_said(
    tmp_path: Path, surfaces: Surface, suffix: str, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    one = surfaces[1]
    path = tmp_path / f"heart{suffix}"
    write_surface(path, one, {"height": one.vertices[:, 2], "from centre": one.vertices})
    assert capfd.readouterr() == ("", "") and not recwarn.list
    back = meshio.read(path, file_format="vtk" if suffix == ".VTK" else None)
    (cells,) = back.cells
    assert volume(back.points, cells.data) == pytest.approx(float(one.volume_mm3), rel=1e-6)
    if suffix != ".stl":
        np.testing.assert_allclose(back.points, one.vertices)
        np.testing.assert_array_equal(cells.data, one.faces)
        for name, values in {**one.point_data, "height": one.vertices[:, 2]}.items():
            np.testing.assert_allclose(back.point_data[name], values)
    if suffix.lower() == ".vtk":
        np.testing.assert_allclose(back.point_data["from_centre"], one.vertices)
    assert b"0.0 0.0" not in path.read_bytes(), "numbers are binary"


def test_what_cannot_be_written_is_refused_in_words(tmp_path: Path, surfaces: Surface) -> None:
    with pytest.raises(InputError, match=r"\.vtk, \.ply, \.stl; 'a\.obj'"):
        write_surface(tmp_path / "a.obj", surfaces[0])
    with pytest.raises(InputError, match="several came"):
        write_surface(tmp_path / "a.vtk", surfaces)
    with pytest.raises(InputError, match="'strain' must hold a row for each"):
        write_surface(tmp_path / "a.vtk", surfaces[0], {"strain": np.zeros(3)})
    with pytest.raises(InputError, match="not known"):
        write_surface(tmp_path / "a.vtk", enclose(np.full((3, 4, 2), np.nan), 1.0))
    assert not list(tmp_path.iterdir())
