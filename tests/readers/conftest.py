"""Small masks written as files; every array here is drawn, none is anybody's anatomy."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.uint8]


@pytest.fixture
def labels() -> Array:
    """A (12, 16) label map without any symmetry: 1 and 2 touch, 3 stands alone."""
    plane = np.zeros((12, 16), dtype=np.uint8)
    plane[1:5, 2:7] = 1
    plane[5:8, 2:5] = 2
    plane[9:11, 10:15] = 3
    return plane


@pytest.fixture
def write_png() -> Callable[[Path, Array], Path]:
    def write(path: Path, plane: Array) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(plane).save(path)
        return path

    return write


@pytest.fixture
def write_nifti() -> Callable[..., Path]:
    def write(path: Path, voxels: NDArray[np.generic], affine: NDArray[np.float64] | None = None, **zooms: float) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = nib.Nifti1Image(voxels, np.eye(4) if affine is None else affine)
        if "frame_s" in zooms:
            image.header.set_zooms((*image.header.get_zooms()[:3], zooms["frame_s"]))
            image.header.set_xyzt_units("mm", "sec")
        nib.save(image, path)
        return path

    return write
