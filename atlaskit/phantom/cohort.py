"""The value that a phantom is: outlines, landmarks and a table; its masks are drawn when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nibabel as nib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from atlaskit.contours import Points, fill
from atlaskit.errors import InputError
from atlaskit.masks import Mask

SLICE_THICKNESS_MM = 8.0


@dataclass(frozen=True)
class Phantom:
    """A generated cohort whose landmarks, shapes and effects are known exactly.

    Attributes
    ----------
    kind : str
        "chest" or "cine".
    structures : tuple of str
        The S structure names.
    image_size : (width, height)
        Pixels.
    spacing_mm : (x, y) pair of float
    table : DataFrame
        One row per case: ``case``, ``subject``, ``group``, ``age``, ``sex``, ``size``, ``fault`` ("none" where there is
        none), ``present_<structure>``, and what else the kind knows.
    landmarks : mapping of str to (N, K, 2) float array
        True landmarks of each structure, (x, y) pixels of that case's mask; NaN where the structure is absent. K
        differs between structures.
    outlines : mapping of str to (N, V, 2) float array
        The exact closed outlines that the masks are drawn from; NaN where the structure is absent.
    spots : (N, V, 2) float array, optional
        A small closed outline per case, pixels: fault "island" adds it to the first structure, "hole" takes it away.
    """

    kind: Literal["chest", "cine"]
    structures: tuple[str, ...]
    image_size: tuple[int, int]
    spacing_mm: tuple[float, float]
    table: pd.DataFrame
    landmarks: Mapping[str, Points]
    outlines: Mapping[str, Points]
    spots: Points | None = None

    def __len__(self) -> int:
        """N, the number of cases."""
        return len(self.table)

    def mask(self, index: int) -> Mask:
        """Draw one case.

        Parameters
        ----------
        index : int
            Row of `table`.

        Returns
        -------
        Mask
            Planes in the order of `structures`; an absent structure is an empty plane.
        """
        width, height = self.image_size
        planes = np.zeros((len(self.structures), height, width), dtype=bool)
        for plane, name in zip(planes, self.structures, strict=True):
            outline = self.outlines[name][index]
            if np.isfinite(outline).all():
                plane[:] = fill(outline, self.image_size)
        fault = self.table["fault"].iat[index]
        if self.spots is not None and fault in ("island", "hole"):
            spot = fill(self.spots[index], self.image_size)
            planes[0] = planes[0] | spot if fault == "island" else planes[0] & ~spot
        return Mask(planes, self.structures, self.spacing_mm)

    def truth(self) -> pd.DataFrame:
        """The true landmarks as a table.

        Returns
        -------
        DataFrame
            Columns case, structure, landmark, x, y (pixels of that case's mask). Absent structures and landmarks
            outside the image have no row: no mask can tell where they are.
        """
        parts = [self._truth_of(name) for name in self.structures]
        return pd.concat(parts, ignore_index=True)

    def _truth_of(self, structure: str) -> pd.DataFrame:
        points = self.landmarks[structure]
        limit = np.array(self.image_size) - 0.5
        case, landmark = np.nonzero(((points > -0.5) & (points < limit)).all(axis=2))  # false for NaN as well
        x, y = points[case, landmark].T
        columns = {"structure": structure, "landmark": landmark, "x": x.round(4), "y": y.round(4)}
        return pd.DataFrame({"case": self.table["case"].to_numpy()[case], **columns})

    def write(self, folder: str | Path, *, form: Literal["png", "nifti"] = "png") -> Path:
        """Write ``masks/``, ``truth.csv`` and ``cases.csv``.

        Chest structures overlap, so each gets a folder of 8-bit PNGs named by case. A cine is a label map per case,
        cavity 1 and wall 2; as "nifti" a 4-D volume (x, y, slice, frame) per subject, with spacing and frame time.

        Parameters
        ----------
        folder : path
            Made where it does not exist; files of the same name are replaced.
        form : {"png", "nifti"}
            File format of the masks; "nifti" is for cines.

        Returns
        -------
        Path
            The folder of the masks.

        Raises
        ------
        InputError
            When a chest is asked for as NIfTI.
        """
        if form == "nifti" and self.kind != "cine":
            raise InputError("NIfTI holds one label per pixel, but chest structures overlap: write a chest as 'png'.")
        masks = Path(folder) / "masks"
        masks.mkdir(parents=True, exist_ok=True)
        if self.kind == "chest":
            self._write_planes(masks)
        elif form == "png":
            for index, case in enumerate(self.table["case"]):
                Image.fromarray(self._labels(index)).save(masks / f"{case}.png")
        else:
            self._write_volumes(masks)
        self.truth().to_csv(masks.parent / "truth.csv", index=False)
        self.table.to_csv(masks.parent / "cases.csv", index=False, float_format="%.6g")
        return masks

    def _write_planes(self, masks: Path) -> None:
        for name in self.structures:
            (masks / name).mkdir(exist_ok=True)
        for index, case in enumerate(self.table["case"]):
            for plane, name in zip(self.mask(index).planes, self.structures, strict=True):
                Image.fromarray(plane.astype(np.uint8) * 255).save(masks / name / f"{case}.png")

    def _labels(self, index: int) -> NDArray[np.uint8]:
        """(H, W) label map of nested structures: the inner one is 1, the ring around it 2."""
        inner, outer = self.mask(index).planes
        return np.where(inner, 1, np.where(outer, 2, 0)).astype(np.uint8)

    def _write_volumes(self, masks: Path) -> None:
        for subject, rows in self.table.reset_index(drop=True).groupby("subject"):
            shape = (rows["slice"].nunique(), rows["frame"].nunique())
            stack = np.stack([self._labels(int(index)) for index in rows.index])  # rows run by slice, then frame
            volume = stack.reshape(*shape, *stack.shape[1:]).transpose(3, 2, 0, 1)
            nib.save(_nifti(volume, self.spacing_mm, rows["time_ms"].to_numpy()[1]), masks / f"{subject}.nii.gz")


def _nifti(volume: NDArray[np.uint8], spacing_mm: tuple[float, float], frame_ms: float) -> Any:
    """(W, H, Z, T) labels as a NIfTI image; its axes are those of the arrays, so nothing is flipped on the way back."""
    zooms = (*spacing_mm, SLICE_THICKNESS_MM)
    image: Any = nib.Nifti1Image(volume, np.diag([*zooms, 1.0]))  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm", "msec")
    image.header.set_zooms((*zooms, frame_ms))
    return image
