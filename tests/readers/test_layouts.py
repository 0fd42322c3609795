"""One small folder per layout: what is found, and that nothing else in it is taken for a case."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.readers import READERS, read_corpus

Array = NDArray[np.uint8]
WritePng = Callable[[Path, Array], Path]
WriteNifti = Callable[..., Path]


def nnunet(folder: Path, names: dict[str, object], ending: str = ".png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps({"labels": names, "file_ending": ending}))


class TestLabels:
    def test_every_file_is_a_case_in_order_of_ids(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for name in ("b_ED", "a_ES", "a_ED"):
            write_png(tmp_path / f"{name}.png", labels)
        (tmp_path / "table.csv").write_text("case\n")
        (tmp_path / ".hidden.png").write_text("")
        corpus = read_corpus(tmp_path)
        assert corpus.layout == "labels" and corpus.names == ("1", "2", "3")
        assert [(case.id, case.subject, case.source) for case in corpus.cases] == [
            ("a_ED", "a", "a_ED.png"),
            ("a_ES", "a", "a_ES.png"),
            ("b_ED", "b", "b_ED.png"),
        ]
        mask = corpus.load(corpus.cases[0])
        assert np.array_equal(mask.planes, np.stack([labels == k for k in (1, 2, 3)]))

    def test_unions_overlap(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        write_png(tmp_path / "a.png", labels)
        corpus = read_corpus(tmp_path, structures=["endo=2", "epi=1+2"])
        planes = corpus.load(corpus.cases[0]).planes
        assert np.array_equal(planes[1], (labels == 1) | (labels == 2)) and np.all(planes[1][planes[0]])

    def test_sizes_may_differ_and_an_empty_mask_is_a_case(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        write_png(tmp_path / "a.png", labels)
        write_png(tmp_path / "b.png", np.zeros((3, 4), np.uint8))
        corpus = read_corpus(tmp_path)
        assert [corpus.load(case).image_size for case in corpus.cases] == [(16, 12), (4, 3)]
        assert not corpus.load(corpus.cases[1]).present.any()

    def test_a_damaged_file_is_rejected_and_stops_nothing(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        write_png(tmp_path / "a.png", labels)
        (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:50])
        corpus = read_corpus(tmp_path)
        assert [case.id for case in corpus.cases] == ["a"]
        assert [r.source for r in corpus.rejected] == ["b.png"] and "damaged" in corpus.rejected[0].reason

    def test_two_files_of_one_name_are_one_case(
        self, tmp_path: Path, labels: Array, write_png: WritePng, write_nifti: WriteNifti
    ) -> None:
        write_png(tmp_path / "a.png", labels)
        write_nifti(tmp_path / "a.nii.gz", labels.T[..., None])
        np.savez(tmp_path / "a.npz", probabilities=np.zeros((4, 12, 16)))
        corpus = read_corpus(tmp_path)
        assert [case.source for case in corpus.cases] == ["a.nii.gz"]
        assert [r.source for r in corpus.rejected] == ["a.png"]
        assert corpus.notes == ("1 NumPy files beside the masks were not read.",)

    def test_folders_beside_masks_are_not_read_and_said(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for name in ("a.png", "old/b.png"):
            write_png(tmp_path / name, labels)
        corpus = read_corpus(tmp_path)
        assert [case.id for case in corpus.cases] == ["a"]
        assert corpus.notes == ("Folders inside were not read: old.",)

    def test_load_travels_to_other_processes(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        write_png(tmp_path / "a.png", labels)
        corpus = read_corpus(tmp_path)
        load = pickle.loads(pickle.dumps(corpus.load))
        assert np.array_equal(load(corpus.cases[0]).planes, corpus.load(corpus.cases[0]).planes)


class TestBits:
    @pytest.fixture
    def bits(self) -> Array:
        plane = np.zeros((20, 20), dtype=np.uint8)
        for bit, (top, left) in ((1, (2, 2)), (2, (6, 6)), (4, (10, 4)), (16, (4, 9))):
            plane[top : top + 8, left : left + 8] |= bit
        return plane

    def test_overlaps_survive(self, tmp_path: Path, bits: Array, write_png: WritePng) -> None:
        write_png(tmp_path / "a.png", bits)
        corpus = read_corpus(tmp_path)
        assert (corpus.layout, corpus.names) == ("bits", ("1", "2", "4", "16"))
        planes = corpus.load(corpus.cases[0]).planes
        assert planes.sum(axis=(1, 2)).tolist() == [64, 64, 64, 64] and (planes.sum(axis=0) > 1).any()

    def test_they_can_be_asked_for_and_refused(self, tmp_path: Path, write_png: WritePng) -> None:
        plane = np.zeros((9, 9), dtype=np.uint8)
        plane[1:6, 1:6] |= 1
        plane[3:8, 3:8] |= 2
        write_png(tmp_path / "a.png", plane)
        assert read_corpus(tmp_path).names == ("1", "2", "3")  # a label map when in doubt
        corpus = read_corpus(tmp_path, layout="bits", structures=["first=1", "second=2"])
        assert corpus.load(corpus.cases[0]).planes.sum(axis=(1, 2)).tolist() == [25, 25]

    def test_labels_with_gaps_are_no_bits(self, tmp_path: Path, write_png: WritePng) -> None:
        plane = np.zeros((20, 20), dtype=np.uint8)
        for k, value in enumerate((1, 2, 4, 6, 9)):
            plane[3 * k + 1 : 3 * k + 3, 3:9] = value
        write_png(tmp_path / "a.png", plane)
        assert read_corpus(tmp_path).layout == "labels"


class TestVolumes:
    def test_slices_with_a_structure_are_cases(self, tmp_path: Path, labels: Array, write_nifti: WriteNifti) -> None:
        volume = np.stack([labels.T * 0, labels.T, labels.T * (labels.T < 2), labels.T * 0], axis=2)
        write_nifti(tmp_path / "p1_ED.nii.gz", volume, np.diag([0.5, 0.5, 6, 1]))
        corpus = read_corpus(tmp_path)
        assert [(c.id, c.subject, c.slice, c.frame) for c in corpus.cases] == [
            ("p1_ED_s001", "p1", 1, -1),
            ("p1_ED_s002", "p1", 2, -1),
        ]
        assert any("2 slices or frames" in note for note in corpus.notes)
        mask = corpus.load(corpus.cases[0])
        assert np.array_equal(mask.planes[2], labels == 3) and mask.spacing_mm == pytest.approx((0.5, 0.5))
        only = read_corpus(tmp_path, structures=["b=2"])
        assert [c.id for c in only.cases] == ["p1_ED_s001"]

    def test_frames_and_slices(self, tmp_path: Path, labels: Array, write_nifti: WriteNifti) -> None:
        cine = np.zeros((16, 12, 2, 3), np.uint8)
        for z, t in ((0, 0), (1, 0), (1, 2)):
            cine[:, :, z, t] = labels.T
        write_nifti(tmp_path / "A05.nii.gz", cine, np.diag([0.5, 0.5, 6, 1]), frame_s=0.03)
        corpus = read_corpus(tmp_path)
        assert [(c.id, c.slice, c.frame) for c in corpus.cases] == [
            ("A05_s000_t000", 0, 0),
            ("A05_s001_t000", 1, 0),
            ("A05_s001_t002", 1, 2),
        ]
        assert corpus.cases[2].time_ms == pytest.approx(60.0, rel=1e-5)
        assert np.array_equal(corpus.load(corpus.cases[2]).planes[0], labels == 1)

    def test_files_that_number_names_differently_are_read_by_name(self, tmp_path: Path, labels: Array) -> None:
        for case, values in (("a", {"liver": 1, "spleen": 2}), ("b", {"spleen": 1, "liver": 3})):
            image = nib.Nifti1Image(labels.T[..., None], np.eye(4))
            table = "".join(f"<Label Key='{value}'>{name}</Label>" for name, value in values.items())
            image.header.extensions.append(Nifti1Extension(0, f"<X><LabelTable>{table}</LabelTable></X>".encode()))
            nib.save(image, tmp_path / f"{case}.nii.gz")
        corpus = read_corpus(tmp_path, structures=["liver=liver", "spleen=spleen"])
        first, second = (corpus.load(case).planes for case in corpus.cases)
        assert np.array_equal(first, np.stack([labels == 1, labels == 2]))
        assert np.array_equal(second, np.stack([labels == 3, labels == 1]))
        again = read_corpus(tmp_path, structures=corpus.structures)
        assert np.array_equal(again.load(again.cases[1]).planes, second)


class TestNested:
    def test_sequences(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for frame in range(3):
            for folder in ("A46_s04", "A46_s07"):
                write_png(tmp_path / folder / f"frame_{frame:03d}.png", labels)
        corpus = read_corpus(tmp_path)
        assert corpus.layout == "nested" and len(corpus.cases) == 6
        case = corpus.cases[1]
        assert (case.id, case.subject, case.frame, case.slice) == ("A46_s04_t001", "A46", 1, 4)
        assert case.source == "A46_s04/frame_001.png"

    def test_a_folder_per_case_with_float_labels(self, tmp_path: Path, labels: Array, write_nifti: WriteNifti) -> None:
        for case, suffix in (("c1", "seg"), ("c2", "seg"), ("c3", "trans")):
            write_nifti(tmp_path / case / f"{case}_{suffix}.nii.gz", labels.T[..., None].astype(np.float32))
        corpus = read_corpus(tmp_path)
        assert [(c.id, c.subject) for c in corpus.cases] == [("c1", "c1"), ("c2", "c2"), ("c3", "c3")]
        assert np.array_equal(corpus.load(corpus.cases[2]).planes[1], labels == 2)

    def test_phases_in_a_folder_per_subject(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for k in range(4):
            for phase in ("ED", "ES"):
                write_png(tmp_path / f"p{k}" / f"{phase}.png", labels)
        assert [(c.id, c.subject) for c in read_corpus(tmp_path).cases][:2] == [("p0_ED", "p0"), ("p0_ES", "p0")]

    def test_groups_leave_subjects_to_the_files(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for group, case in (("control", "r1"), ("control", "r2"), ("treated", "r3")):
            write_png(tmp_path / group / f"{case}.png", labels)
        assert read_corpus(tmp_path).subjects == ("r1", "r2", "r3")

    def test_masks_further_down_are_named(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for place in ("rat1/ED.png", "rat2/ED.png", "manual/rat3/ED.png"):
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            write_png(tmp_path / place, labels)
        corpus = read_corpus(tmp_path)
        assert len(corpus.cases) == 2
        assert any("two folders down are not read; such are in manual" in note for note in corpus.notes)

    def test_rival_folders_are_refused(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        for folder in ("masks", "masks_old"):
            for case in "abc":
                write_png(tmp_path / folder / f"{case}.png", labels)
        with pytest.raises(InputError, match=r"masks, masks_old"):
            read_corpus(tmp_path)


class TestStructureFiles:
    @pytest.fixture
    def planes(self, labels: Array) -> dict[str, Array]:
        lung = ((labels == 1) | (labels == 2)).astype(np.uint8)
        return {"heart": (labels == 2).astype(np.uint8) * 255, "right lung": lung * 255}

    def test_a_folder_per_structure(self, tmp_path: Path, planes: dict[str, Array], write_png: WritePng) -> None:
        for name, plane in planes.items():
            for case in ("p1_ED", "p1_ES", "p2_ED"):
                if (name, case) != ("heart", "p2_ED"):
                    write_png(tmp_path / name / f"{case}.png", plane)
        corpus = read_corpus(tmp_path)
        assert (corpus.layout, corpus.names) == ("structure-folders", ("heart", "right lung"))
        assert [(c.id, c.subject, c.source) for c in corpus.cases][2] == ("p2_ED", "p2", "*/p2_ED.png")
        mask = corpus.load(corpus.cases[0])
        assert np.array_equal(mask.planes, np.stack([planes[name] > 0 for name in corpus.names]))
        assert corpus.load(corpus.cases[2]).present.tolist() == [False, True]  # a missing file is an absent structure
        assert len(corpus.files(corpus.cases[0])) == 2 and len(corpus.files(corpus.cases[2])) == 1
        assert read_corpus(tmp_path, structures=["both=heart+Right_Lung"]).structures[0].labels == (
            "heart",
            "right lung",
        )

    def test_a_folder_per_case(self, tmp_path: Path, planes: dict[str, Array], write_nifti: WriteNifti) -> None:
        for case in ("p1", "p2", "p3"):
            for name, plane in planes.items():
                volume = np.stack([plane.T * 0, plane.T, plane.T * (case == "p2")], axis=2)
                write_nifti(tmp_path / case / f"{name}.nii.gz", volume)
            write_nifti(tmp_path / case / "absent.nii.gz", volume * 0)
            (tmp_path / case / "statistics.json").write_text("{}")
            (tmp_path / case / "preview_total.png").write_text("no mask")
        corpus = read_corpus(tmp_path)
        assert (corpus.layout, corpus.names) == ("case-folders", ("heart", "right lung"))  # all-zero classes are none
        assert [(c.id, c.source) for c in corpus.cases] == [
            ("p1_s001", "p1"),
            ("p2_s001", "p2"),
            ("p2_s002", "p2"),
            ("p3_s001", "p3"),
        ]
        assert np.array_equal(corpus.load(corpus.cases[2]).planes[0], planes["heart"] > 0)
        assert any("absent" in note for note in corpus.notes)

    def test_one_folder_that_is_a_case(self, tmp_path: Path, planes: dict[str, Array], write_nifti: WriteNifti) -> None:
        for name, plane in planes.items():
            write_nifti(tmp_path / "p1" / f"{name}.nii.gz", np.stack([plane.T, plane.T], axis=2))
        corpus = read_corpus(tmp_path / "p1")
        assert (corpus.layout, [c.id for c in corpus.cases]) == ("case-folders", ["p1_s000", "p1_s001"])

    def test_files_of_different_sizes_reject_their_case(
        self, tmp_path: Path, planes: dict[str, Array], write_png: WritePng
    ) -> None:
        for name, plane in planes.items():
            for case in ("p1", "p2", "p3"):
                write_png(tmp_path / name / f"{case}.png", plane[: -1 if name == "heart" and case == "p2" else None])
        corpus = read_corpus(tmp_path)
        assert [c.id for c in corpus.cases] == ["p1", "p3"]
        assert "one size" in corpus.rejected[0].reason

    def test_single_binary_masks_stay_a_flat_folder(
        self, tmp_path: Path, planes: dict[str, Array], write_png: WritePng
    ) -> None:
        for case in ("aa", "bb"):
            write_png(tmp_path / f"{case}.png", planes["heart"])
        assert read_corpus(tmp_path).names == ("255",)


class TestNnunet:
    def test_names_regions_ignore_label_and_file_ending(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        nnunet(tmp_path, {"background": 0, "whole": [1, 2], "core": [2], "ignore": 3})
        write_png(tmp_path / "a.png", labels)
        np.savez(tmp_path / "a.npz", probabilities=np.zeros(3))
        np.save(tmp_path / "b.npy", labels)
        (tmp_path / "a.pkl").write_bytes(b"never opened")
        (tmp_path / "plans.json").write_text("{}")
        corpus = read_corpus(tmp_path)
        assert (corpus.layout, corpus.names) == ("nnunet", ("whole", "core"))
        assert [c.source for c in corpus.cases] == ["a.png"]
        planes = corpus.load(corpus.cases[0]).planes
        assert np.array_equal(planes, np.stack([(labels == 1) | (labels == 2), labels == 2]))
        assert any("ignored" in note for note in corpus.notes)

    def test_the_old_inverse_mapping(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        nnunet(tmp_path, {"0": "background", "1": "LV", "2": "MYO"})
        write_png(tmp_path / "a.png", labels)
        assert read_corpus(tmp_path).names == ("LV", "MYO", "3")

    @pytest.mark.parametrize("beside", [True, False])
    def test_predictions_below(self, beside: bool, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        nnunet(tmp_path if beside else tmp_path / "predictions", {"background": 0, "LV": 1})
        for folder in ("predictions", "labelsTs", "imagesTs"):
            write_png(tmp_path / folder / "a.png", labels)
        for folder in (tmp_path, tmp_path / "predictions"):
            corpus = read_corpus(folder)
            assert (corpus.layout, corpus.names[0], len(corpus.cases)) == ("nnunet", "LV", 1)
        assert read_corpus(tmp_path).cases[0].source == "predictions/a.png"

    def test_a_folder_without_dataset_json(self, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        (tmp_path / "predict_from_raw_data_args.json").write_text("{}")
        write_png(tmp_path / "a.png", labels)
        assert (read_corpus(tmp_path).layout, read_corpus(tmp_path).names) == ("nnunet", ("1", "2", "3"))

    def test_only_the_stated_file_ending(
        self, tmp_path: Path, labels: Array, write_png: WritePng, write_nifti: WriteNifti
    ) -> None:
        nnunet(tmp_path, {"background": 0, "LV": 1}, ".nii.gz")
        write_nifti(tmp_path / "a.nii.gz", labels.T[..., None])
        write_png(tmp_path / "picture.png", labels)
        assert [c.source for c in read_corpus(tmp_path).cases] == ["a.nii.gz"]

    @pytest.mark.parametrize("text", ["{", "[]", '{"labels": 3}', '{"labels": {"LV": "one"}}'])
    def test_a_damaged_dataset_json_is_refused(self, text: str, tmp_path: Path, labels: Array, write_png: WritePng) -> None:
        write_png(tmp_path / "a.png", labels)
        (tmp_path / "dataset.json").write_text(text)
        with pytest.raises(InputError, match=r"dataset\.json"):
            read_corpus(tmp_path)


@pytest.mark.parametrize("layout", READERS)
def test_every_layout_can_be_forced_and_refuses_a_folder_without_masks(layout: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match="must hold masks"):
        read_corpus(tmp_path, layout=layout)
