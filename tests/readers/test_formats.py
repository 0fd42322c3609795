"""Every file format gives the same plane for the same labels; every damaged file one sentence that names it."""

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from atlaskit.errors import InputError
from atlaskit.readers.formats import FORMATS, extension, read_volume, stem

Array = NDArray[np.uint8]


def save_palette(path: Path, plane: Array) -> None:
    image = Image.fromarray(plane, "P")
    image.putpalette([200, 10, 10, 0, 0, 0, 5, 200, 5, 9, 9, 90])
    image.save(path)


def save_meta(path: Path, plane: Array, *, compressed: bool = False, beside: bool = False, extra: str = "") -> None:
    raw = zlib.compress(plane.tobytes()) if compressed else plane.tobytes()
    data = "pixels.raw" if beside else "LOCAL"
    header = (
        f"ObjectType = Image\nNDims = 2\nDimSize = {plane.shape[1]} {plane.shape[0]}\nElementType = MET_UCHAR\n"
        f"CompressedData = {compressed}\n{extra}ElementDataFile = {data}\n"
    )
    path.write_bytes(header.encode() + (b"" if beside else raw))
    if beside:
        (path.parent / data).write_bytes(raw)


def save_nrrd(path: Path, plane: Array) -> None:
    nrrd = pytest.importorskip("nrrd")
    nrrd.write(str(path), np.ascontiguousarray(plane.T))


WRITERS: dict[str, Callable[[Path, Array], object]] = {
    "grey.png": lambda path, plane: Image.fromarray(plane).save(path),
    "palette.png": save_palette,
    "deep.png": lambda path, plane: Image.fromarray(plane.astype(np.uint16)).save(path),
    "equal-channels.png": lambda path, plane: Image.fromarray(np.stack([plane] * 3, axis=2)).save(path),
    "alpha.png": lambda path, plane: Image.fromarray(np.dstack([plane] * 3 + [plane * 0 + 255])).save(path),
    "a.bmp": lambda path, plane: Image.fromarray(plane).save(path),
    "a.tif": lambda path, plane: tifffile.imwrite(path, plane),
    "a.tiff": lambda path, plane: tifffile.imwrite(path, plane, compression="zlib"),
    "a.npy": lambda path, plane: np.save(path, plane.astype(np.float32)),
    "a.npz": lambda path, plane: np.savez_compressed(path, anything=plane),
    "a.nii": lambda path, plane: nib.save(nib.Nifti1Image(plane.T, np.eye(4)), path),
    "a.nii.gz": lambda path, plane: nib.save(nib.Nifti1Image(plane.T[..., None], np.eye(4)), path),
    "float.nii.gz": lambda path, plane: nib.save(nib.Nifti1Image(plane.T.astype(np.float32), np.eye(4)), path),
    "plain.mha": save_meta,
    "zipped.mha": lambda path, plane: save_meta(path, plane, compressed=True),
    "a.mhd": lambda path, plane: save_meta(path, plane, beside=True),
    "a.nrrd": save_nrrd,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_plane_and_invents_no_spacing(name: str, labels: Array, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name, labels)
    volume = read_volume(tmp_path / name)
    assert volume.labels.shape == (1, 1, 12, 16)
    assert np.array_equal(volume.labels[0, 0], labels)
    assert np.isnan(volume.spacing_mm).all()


def test_every_extension_of_the_table_is_tested() -> None:
    assert {extension(name) for name in WRITERS} == set(FORMATS)


def test_sixteen_bit_values_survive(tmp_path: Path) -> None:
    plane = np.array([[0, 300], [65535, 1]], dtype=np.uint16)
    Image.fromarray(plane).save(tmp_path / "a.png")
    assert np.array_equal(read_volume(tmp_path / "a.png").labels[0, 0], plane)


def test_one_bit_png_gives_0_and_1(tmp_path: Path) -> None:
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "a.png")
    assert read_volume(tmp_path / "a.png").labels[0, 0].tolist() == [[1, 0]]


def test_a_tiff_of_pages_is_a_volume_of_slices(labels: Array, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([labels, labels * 0, labels]), photometric="minisblack")
    assert read_volume(tmp_path / "a.tif").labels.shape == (1, 3, 12, 16)


BAD: dict[str, tuple[Callable[[Path, Array], object], str]] = {
    "colour.png": (
        lambda path, plane: Image.fromarray(np.dstack([plane, plane * 2, plane])).save(path),
        "no label map",
    ),
    "colour.tif": (
        lambda path, plane: tifffile.imwrite(path, np.dstack([plane, plane * 2, plane]), photometric="rgb"),
        "no label map",
    ),
    "fractions.npy": (lambda path, plane: np.save(path, plane / 2), "whole numbers"),
    "negative.npy": (lambda path, plane: np.save(path, plane.astype(np.int16) - 1), "between 0 and"),
    "nan.npy": (lambda path, plane: np.save(path, np.full((3, 3), np.nan)), "whole numbers"),
    "objects.npy": (lambda path, plane: np.save(path, np.array([{}, {}]), allow_pickle=True), "damaged"),
    "channels.npy": (lambda path, plane: np.save(path, np.zeros((2, 3, 4, 5))), "2 axes"),
    "several.npz": (lambda path, plane: np.savez(path, a=plane, b=plane), "one array"),
    "text.png": (lambda path, plane: path.write_text("no picture"), "damaged"),
    "text.nii.gz": (lambda path, plane: path.write_text("no volume"), "damaged"),
    "empty.nii": (lambda path, plane: path.write_bytes(b""), "damaged"),
    "text.mha": (lambda path, plane: path.write_text("no volume"), "ElementDataFile"),
    "elsewhere.mhd": (
        lambda path, plane: path.write_text("DimSize = 1 1\nElementType = MET_UCHAR\nElementDataFile = ../a\n"),
        "beside it",
    ),
    "text.nrrd": (lambda path, plane: path.write_text("no volume"), "NRRD"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_one_sentence_that_names_it(name: str, labels: Array, tmp_path: Path) -> None:
    write, words = BAD[name]
    write(tmp_path / name, labels)
    with pytest.raises(InputError, match=words) as caught:
        read_volume(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ("a.mhd", "a.tiff")])
def test_a_truncated_file_is_refused(name: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 4, (64, 64), dtype=np.uint8)
    WRITERS[name](tmp_path / name, noise)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=name):
        read_volume(tmp_path / name)


def test_a_missing_file_and_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    for name in ("none.png", "a.jpg"):
        with pytest.raises(InputError, match=name):
            read_volume(tmp_path / name)


def test_a_file_that_changed_is_read_again(labels: Array, tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, labels)
    first = read_volume(path)
    assert read_volume(path) is first
    np.save(path, np.vstack([labels, labels]))
    assert read_volume(path).labels.shape == (1, 1, 24, 16)


def test_what_is_kept_cannot_be_written_to(labels: Array, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", labels)
    with pytest.raises(ValueError, match="read-only"):
        read_volume(tmp_path / "a.npy").labels[0, 0, 0, 0] = 1


@pytest.mark.parametrize(("name", "bare"), [("a.b.nii.gz", "a.b"), ("X.PNG", "X"), ("a.txt", "a.txt"), (".png", ".png")])
def test_stems(name: str, bare: str) -> None:
    assert stem(name) == bare


DAMAGED: dict[str, bytes] = {
    "a.nrrd": b"",
    "a.npy": b"\x93NUMPY\x01\x00v\x00{'descr': '<u1', 'fortran_order'",
    "a.npz": b"PK\x03\x04 nothing more",
    "a.tif": b"II*\x00\x08\x00\x00\x00\x01\x00\x00\x01\x03\x00",
    "a.mha": b"NDims = 2\nDimSize = 4 -1\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n0000",
    "b.mha": b"NDims = 2\nDimSize = 2 2\nBinaryData = False\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n0 0 1 1",
    "c.mha": b"NDims = 2\nDimSize = 2 2\nHeaderSize = 5\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n0011",
    "d.mhd": b"NDims = 2\nDimSize = 2 2\nElementType = MET_UCHAR\nElementDataFile = d.mhd\n",
    "b.nrrd": b"NRRD0004\ntype: uint8\ndimension: 2\nsizes: 2 2\nencoding: raw\ndata file: c.mha\n\n",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_of_any_kind_is_one_clear_error(name: str, tmp_path: Path) -> None:
    for each, content in DAMAGED.items():
        (tmp_path / each).write_bytes(content)
    with pytest.raises(InputError, match=name) as caught:
        read_volume(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])
def test_the_byte_order_of_a_metaimage_is_heard_in_any_case(field: str, tmp_path: Path) -> None:
    header = f"NDims = 2\nDimSize = 2 2\n{field} = true\nElementType = MET_USHORT\nElementDataFile = LOCAL\n"
    (tmp_path / "a.mha").write_bytes(header.encode() + np.array([0, 1, 2, 1], ">u2").tobytes())
    assert sorted(read_volume(tmp_path / "a.mha").labels.ravel().tolist()) == [0, 1, 1, 2]


def test_many_threads_may_read_at_once(labels: Array, tmp_path: Path) -> None:
    paths = [tmp_path / f"{k}.npy" for k in range(300)]
    for path in paths:
        np.save(path, labels)
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(read_volume, paths * 3))) == 900
