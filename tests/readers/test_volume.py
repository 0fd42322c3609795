"""Orientation and spacing: the same anatomy gives the same planes however its axes run, and no spacing is invented."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension
from numpy.typing import NDArray

from atlaskit.readers.formats import read_volume
from atlaskit.readers.volume import from_xyz

Array = NDArray[np.uint8]
ORIGIN = [-20.0, 31.0, 7.0]


def head() -> tuple[Array, NDArray[np.float64]]:
    """Voxels [x, y, z] whose axes run left, posterior, superior, with their affine: 5 thick axial slices."""
    voxels = np.random.default_rng(0).integers(0, 3, (6, 7, 5), dtype=np.uint8)
    affine = np.diag([-0.8, -0.9, 5.0, 1.0])
    affine[:3, 3] = ORIGIN
    return voxels, affine


def turned(codes: str) -> nib.Nifti1Image:
    """The same anatomy stored with other axes."""
    image = nib.Nifti1Image(*head())
    from_lps = nib.orientations.io_orientation(image.affine)
    return image.as_reoriented(nib.orientations.ornt_transform(from_lps, nib.orientations.axcodes2ornt(codes)))


@pytest.mark.parametrize("codes", ["LPS", "RAS", "LAS", "SPL", "AIR", "PSR"])
def test_axes_as_stored_change_nothing(codes: str, tmp_path: Path) -> None:
    nib.save(turned(codes), tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    voxels, _ = head()
    assert np.array_equal(volume.labels[0], voxels.transpose(2, 1, 0))
    assert volume.spacing_mm == pytest.approx((0.8, 0.9))


@pytest.mark.parametrize(
    ("plane", "first", "spacing"),
    [
        ("axial", lambda v: v[:, :, 0].T, (0.8, 0.9)),
        ("coronal", lambda v: v[:, 0, ::-1].T, (0.8, 5.0)),
        ("sagittal", lambda v: v[0, :, ::-1].T, (0.9, 5.0)),
    ],
)
def test_a_plane_that_is_asked_for_has_the_feet_below(
    plane: str, first: Callable[[Array], Array], spacing: tuple[float, float], tmp_path: Path
) -> None:
    nib.save(turned("RAS"), tmp_path / "a.nii")
    volume = read_volume(tmp_path / "a.nii", plane)
    assert np.array_equal(volume.labels[0, 0], first(head()[0]))
    assert volume.spacing_mm == pytest.approx(spacing)


@pytest.mark.parametrize("affine", [np.eye(4), np.diag([0.5, 0.5, 1, 1]), np.diag([-0.5, -0.5, 3, 1])])
def test_an_affine_that_states_no_orientation_only_transposes(affine: NDArray[np.float64]) -> None:
    voxels = np.random.default_rng(1).integers(0, 3, (6, 7, 1), dtype=np.uint8)
    assert np.array_equal(from_xyz(voxels, (1.0, 1.0, 1.0), affine).labels[0, 0], voxels[:, :, 0].T)


def test_an_axis_with_one_voxel_is_the_slice_axis_whatever_is_asked() -> None:
    flat = np.zeros((6, 7, 1), np.uint8)
    assert from_xyz(flat, (1.0, 1.0, 1.0), np.eye(4), plane="coronal").labels.shape == (1, 1, 7, 6)


def test_nifti_2_is_read(tmp_path: Path) -> None:
    nib.save(nib.Nifti2Image(np.ones((4, 5, 1), np.uint8), np.eye(4)), tmp_path / "a.nii.gz")
    assert read_volume(tmp_path / "a.nii.gz").labels.shape == (1, 1, 5, 4)


def test_a_sheared_affine_is_read() -> None:
    voxels, affine = head()
    affine[0, 1] = 0.3
    affine[2, 0] = 0.2
    volume = from_xyz(voxels, (0.8, 0.9, 5.0), affine)
    assert np.array_equal(volume.labels[0], voxels.transpose(2, 1, 0))


@pytest.mark.parametrize(
    ("shape", "spacing", "planes"),
    [
        ((6, 1, 7), (1.0, 9.0, 1.0), (1, 7, 6)),
        ((6, 7, 5), (3.0, 1.0, 1.0), (6, 5, 7)),
        ((6, 7, 5), (2.0, 2.0, 2.0), (5, 7, 6)),
        ((6, 7, 5), (2.0, 2.0001, 2.0), (5, 7, 6)),
        ((6, 7), (1.0, 1.0), (1, 7, 6)),
        ((6, 7, 1, 1), (1.0, 1.0, 1.0), (1, 7, 6)),
    ],
)
def test_slices_run_across_the_single_or_thickest_axis(
    shape: tuple[int, ...], spacing: tuple[float, ...], planes: tuple[int, ...]
) -> None:
    assert from_xyz(np.zeros(shape, np.uint8), spacing, np.eye(4)).labels.shape[1:] == planes


def test_frames_come_first_with_their_time(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((4, 5, 3, 2), np.uint8), np.diag([0.5, 0.5, 6, 1]))
    image.header.set_zooms((0.5, 0.5, 6.0, 0.04))
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    assert volume.labels.shape == (2, 3, 5, 4)
    assert volume.frame_ms == pytest.approx(40.0, rel=1e-5)
    assert volume.slice_mm == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("zooms", "origin", "unit", "known"),
    [
        ((1.0, 1.0, 1.0), 0.0, "unknown", None),  # what software writes when it knows nothing
        ((1.0, 1.0, 8.0), 0.0, "mm", None),
        ((1.0, 1.0, 999.0), 5.0, "mm", None),  # nnU-Net's natural images
        ((1.0, 1.0, 1.0), 5.0, "mm", (1.0, 1.0)),
        ((0.4, 0.5, 6.0), 0.0, "unknown", (0.4, 0.5)),
        ((400.0, 500.0, 900.0), 0.0, "micron", (0.4, 0.5)),
    ],
)
def test_spacing_is_kept_and_never_invented(
    zooms: tuple[float, ...], origin: float, unit: str, known: tuple[float, float] | None, tmp_path: Path
) -> None:
    affine = np.diag([*zooms, 1.0])
    affine[:3, 3] = origin
    image = nib.Nifti1Image(np.zeros((4, 5, 1), np.uint8), affine)
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    assert volume.spacing_mm == pytest.approx(known) if known else np.isnan(volume.spacing_mm).all()
    assert np.isfinite(volume.slice_mm) == bool(known)


def test_names_come_from_the_extension_and_a_damaged_one_names_nothing(tmp_path: Path) -> None:
    good = "<CaretExtension><LabelTable><Label Key='1'><![CDATA[liver]]></Label></LabelTable></CaretExtension>"
    for text, names in ((good, {1: "liver"}), (good[:60], {}), ("<!DOCTYPE x>" + good, {})):
        image = nib.Nifti1Image(np.ones((4, 5, 1), np.uint8), np.eye(4))
        image.header.extensions.append(Nifti1Extension(0, text.encode()))
        nib.save(image, tmp_path / f"{len(text)}.nii.gz")
        assert read_volume(tmp_path / f"{len(text)}.nii.gz").names == names


def test_metaimage_and_nrrd_agree_with_nifti(tmp_path: Path) -> None:
    nrrd = pytest.importorskip("nrrd")
    voxels, _ = head()
    flat = voxels.ravel(order="F").tobytes()
    fields = "NDims = 3\nDimSize = 6 7 5\nElementType = MET_UCHAR\nElementSpacing = 0.8 0.9 5\n"
    fields += "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 20 -31 7\nElementDataFile = LOCAL\n"
    (tmp_path / "a.mha").write_bytes(fields.encode() + flat)
    space = {"space": "left-posterior-superior", "space directions": np.diag([0.8, 0.9, 5.0]), "space origin": ORIGIN}
    nrrd.write(str(tmp_path / "a.nrrd"), voxels, space)
    for name in ("a.mha", "a.nrrd"):
        volume = read_volume(tmp_path / name)
        assert np.array_equal(volume.labels[0], voxels.transpose(2, 1, 0))
        assert volume.spacing_mm == pytest.approx((0.8, 0.9))
