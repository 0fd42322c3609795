"""What holds for every layout: refusals, reopened structures, sampling."""

import importlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from atlaskit.corpus import Case
from atlaskit.errors import InputError, NotFoundError
from atlaskit.masks import Structure
from atlaskit.readers import read_corpus, scanning, survey
from atlaskit.readers.loading import Plan, load

Array = NDArray[np.uint8]
WritePng = Callable[[Path, Array], Path]
LV, RV = Structure("LV", ("LV",), (1,)), Structure("RV", ("RV",), (2,))


def test_folders_without_masks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is none"):
        read_corpus(tmp_path / "nosuch")
    with pytest.raises(InputError, match="holds nothing"):
        read_corpus(tmp_path)
    (tmp_path / "photo.jpg").write_text("")
    (tmp_path / "inner").mkdir()
    with pytest.raises(InputError, match=r"1 x \.jpg and the folders inner"):
        read_corpus(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        read_corpus(tmp_path / "photo.jpg")


def test_a_folder_of_damaged_files_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(InputError, match=r"readable mask.*a\.png"):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layout": "lables"}, "did you mean 'labels'"),
        ({"plane": "oblique"}, "axial"),
        ({"structures": ["a=9"]}, "No label is called '9'"),
        ({"structures": ["a=heart"]}, "No label is called 'heart'"),
        ({"structures": ["a=1", "a=2"]}, "unique"),
        ({"structures": ["heart"]}, "NAME=LABEL"),
        ({"subject_pattern": "x"}, "one group"),
    ],
)
def test_bad_requests(options: dict[str, object], words: str, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
    write_png(tmp_path / "a.png", labels)
    with pytest.raises(InputError, match=words):
        read_corpus(tmp_path, **options)  # type: ignore[arg-type]


def test_masks_that_are_all_empty_are_refused(tmp_path: Path, labels: Array, write_png: WritePng) -> None:
    write_png(tmp_path / "a.png", labels * 0)
    with pytest.raises(InputError, match="empty"):
        read_corpus(tmp_path)


def test_a_grey_picture_is_no_label_map(tmp_path: Path, write_png: WritePng) -> None:
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_png(tmp_path / "a.png", picture)
    with pytest.raises(InputError, match="these files hold 255, as a picture does"):
        read_corpus(tmp_path)
    assert read_corpus(tmp_path, structures=["bone=200+201"]).names == ("bone",)


def test_volumes_without_the_fitted_structures_give_no_case(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(InputError, match="no slice or frame"):
        read_corpus(tmp_path, structures=[LV])


@given(arrays(bool, (3, 5, 6)))
@hypothesis_settings(max_examples=30)
def test_bits_and_unions_give_back_any_planes(planes: NDArray[np.bool_]) -> None:
    values = (planes * np.array([1, 2, 4])[:, None, None]).sum(axis=0).astype(np.uint8)
    wanted = tuple(Structure(name, (str(bit),), (bit,)) for name, bit in (("a", 1), ("b", 2), ("c", 4)))
    unions = tuple(Structure(s.name, (), tuple(v for v in range(1, 8) if v & s.values[0])) for s in wanted)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "a.npy", values)
        for coding, structures in (("bits", wanted), ("labels", unions)):
            mask = load(Plan(Path(folder), coding), structures, Case("a", "a.npy", "a"))
            assert np.array_equal(mask.planes, planes)


def test_a_mask_knows_how_many_frames_its_file_has(tmp_path: Path) -> None:
    labels = np.zeros((6, 6, 2, 5), np.uint8)
    labels[1:4, 2:5, :, :3] = 1  # the last two frames are empty
    nib.save(nib.Nifti1Image(labels, np.eye(4)), tmp_path / "p.nii.gz")
    corpus = read_corpus(tmp_path, structures=[LV])
    assert sorted({case.frame for case in corpus.cases}) == [0, 1, 2]
    assert {corpus.load(case).frame_count for case in corpus.cases} == {5}


def test_a_sum_of_bits_means_nothing_among_bits(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((2, 2), 3, np.uint8))
    mask = load(Plan(tmp_path, "bits"), (Structure("heart", ("3",), (3,)),), Case("a", "a.npy", "a"))
    assert not mask.planes.any()


class TestReopened:
    """The structures of a fitted network in another folder."""

    def folder(self, path: Path, names: dict[str, int] | None, plane: Array, write_png: WritePng) -> Path:
        write_png(path / "a.png", plane)
        if names is not None:
            (path / "dataset.json").write_text(json.dumps({"labels": {"background": 0} | names}))
        return path

    def test_by_name_where_labels_are_named(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        corpus = read_corpus(self.folder(tmp_path, {"rv": 1, "lv": 3}, labels, write_png), structures=[LV, RV])
        assert [s.values for s in corpus.structures] == [(3,), (1,)]
        assert np.array_equal(corpus.load(corpus.cases[0]).planes[0], labels == 3)

    def test_by_value_where_they_are_not(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        corpus = read_corpus(self.folder(tmp_path, None, labels, write_png), structures=[LV, RV])
        assert np.array_equal(corpus.load(corpus.cases[0]).planes[1], labels == 2)

    def test_an_unnamed_structure_meets_named_labels_by_value(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        folder = self.folder(tmp_path, {"RV": 1, "LV": 3}, labels, write_png)
        assert read_corpus(folder, structures=[Structure("x", ("3",), (3,))]).structures[0].labels == ("LV",)

    def test_a_missing_structure_is_absent_and_said(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for names, plane in (({"LV": 1, "other": 3}, labels), (None, labels * (labels == 1))):
            corpus = read_corpus(self.folder(tmp_path / str(names), names, plane, write_png), structures=[LV, RV])
            assert corpus.names == ("LV", "RV")
            assert corpus.load(corpus.cases[0]).present.tolist() == [True, False]
            assert any("Not seen" in note and "RV" in note for note in corpus.notes)

    def test_masks_without_any_of_them_are_refused(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for names, plane in (({"liver": 1, "LVx": 2, "a": 3}, labels), (None, (labels == 3) * np.uint8(7))):
            folder = self.folder(tmp_path / str(names), names, plane, write_png)
            with pytest.raises(InputError, match=r"that were fitted \(LV, RV\)"):
                read_corpus(folder, structures=[LV, RV])

    def test_empty_masks_are_kept(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        corpus = read_corpus(self.folder(tmp_path, None, labels * 0, write_png), structures=[LV, RV])
        assert not corpus.load(corpus.cases[0]).present.any()


def test_a_large_folder_is_sampled_and_says_so(
    tmp_path: Path, labels: Array, write_png: WritePng, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(9):
        write_png(tmp_path / f"c{k}.png", labels)
    damaged = next(f"c{k}" for k in range(9) if k not in scanning.sample(9, 3))
    (tmp_path / f"{damaged}.png").write_text("damaged")
    module = importlib.import_module("atlaskit.readers.survey")
    assert not any("looked for" in note for note in read_corpus(tmp_path).notes)
    monkeypatch.setattr(module, "SCAN_ALL", 3)
    corpus = read_corpus(tmp_path)
    assert len(corpus.cases) == 9
    assert any("in 3 of 9 files" in note for note in corpus.notes)
    with pytest.raises(InputError, match=damaged):
        corpus.load(next(case for case in corpus.cases if case.id == damaged))


def test_the_sample_is_seeded_and_sorted() -> None:
    assert scanning.sample(5, 10) == [0, 1, 2, 3, 4]
    assert scanning.sample(1000, 7) == sorted(scanning.sample(1000, 7)) != list(range(7))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "layout", "cases", "subjects", "names"),
    [
        ("cxr/masks", "labels", 350, 350, ("1", "2", "3")),
        ("cxr/masks_bits", "bits", 350, 350, ("1", "2", "4", "8", "16")),
        ("acdc/masks_mid", "labels", 80, 40, ("1", "2", "3")),
        ("sunnybrook/masks", "labels", 96, 5, ("1", "2")),
        ("rat_skull/masks", "labels", 144, 18, ("1",)),
        ("nnunet_out/real_ct_muscle_2d", "nnunet", 53, 1, ("muscle", "sat", "vat", "muscle_fat")),
        ("nnunet_out/pig_unet_2d_png", "nnunet", 371, 18, ("LV", "MYO")),
    ],
)
def test_real_folders(folder: str, layout: str, cases: int, subjects: int, names: tuple[str, ...], realdata: Path) -> None:
    corpus = read_corpus(realdata / folder)
    assert (corpus.layout, len(corpus.cases), len(corpus.subjects), corpus.names) == (layout, cases, subjects, names)
    assert not corpus.rejected


@pytest.mark.realdata
def test_real_volumes(realdata: Path) -> None:
    one = survey(realdata / "nnunet_out" / "totalsegmentator_per_class").corpus
    assert (one.layout, len(one.cases), one.subjects) == ("case-folders", 30, ("totalsegmentator_per_class",))
    many = read_corpus(realdata / "nnunet_out" / "totalsegmentator_multilabel", structures=["liver=liver"])
    assert all(many.load(case).present.all() for case in many.cases)


@pytest.mark.realdata
def test_png_and_nifti_of_the_same_masks_give_the_same_planes(realdata: Path) -> None:
    png = read_corpus(realdata / "nnunet_out" / "pig_unet_2d_png" / "predictions")
    nii = read_corpus(realdata / "nnunet_out" / "pig_unet_2d_nii" / "predictions", structures=png.structures)
    assert [case.id for case in png.cases] == [case.id for case in nii.cases]
    for a, b in list(zip(png.cases, nii.cases, strict=True))[::12]:
        assert np.array_equal(png.load(a).planes, nii.load(b).planes)
        assert np.isnan(png.load(a).spacing_mm).all() and nii.load(b).spacing_mm[0] < 0.6
