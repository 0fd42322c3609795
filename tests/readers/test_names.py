import pytest

from atlaskit.errors import InputError
from atlaskit.readers.names import frame_number, slice_and_frame, subjects, without_suffix


@pytest.mark.parametrize(
    ("stem", "subject"),
    [
        ("patient001_ED", "patient001"),
        ("A05_ED_s00", "A05"),
        ("A46_s04", "A46"),
        ("rat01_d007", "rat01"),
        ("p7_t012", "p7"),
        ("p7_frame_012", "p7"),
        ("p7-slice-3", "p7"),
        ("patient_001", "patient_001"),
        ("JPCLN002", "JPCLN002"),
        ("example_seg", "example"),
        ("ED", "ED"),
        ("t012", "t012"),
        ("10782_9467w9", "10782_9467w9"),
    ],
)
def test_a_subject_is_the_name_without_phase_slice_frame_and_day(stem: str, subject: str) -> None:
    assert subjects([stem]) == [subject]


def test_a_bare_number_is_dropped_only_where_it_counts_images_of_a_subject() -> None:
    studies = [f"SC-HF-I-{k}_{image:04d}" for k in (1, 2, 4) for image in (48, 59, 68)]
    assert set(subjects(studies)) == {"SC-HF-I-1", "SC-HF-I-2", "SC-HF-I-4"}
    one_set = [f"T1_{k:03d}" for k in range(9)]
    assert subjects(one_set) == one_set


def test_a_pattern_overrides() -> None:
    assert subjects(["346_HC", "346_2HC", "9_HC"], r"^(\d+)_") == ["346", "346", "9"]


@pytest.mark.parametrize(("pattern", "words"), [("(", "regular expression"), ("a", "one group"), ("(z)", "match every")])
def test_a_bad_pattern_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        subjects(["a1"], pattern)


@pytest.mark.parametrize(
    ("stem", "at"),
    [
        ("A01_ED_s03", (3, -1)),
        ("A46_s04_t000", (4, 0)),
        ("p_frame_012", (-1, 12)),
        ("s1x_a", (-1, -1)),
        ("S01_t2", (-1, 2)),
        ("T01_s2", (2, -1)),
        ("frame_000", (-1, 0)),
        ("s-3", (3, -1)),
        ("a", (-1, -1)),
    ],
)
def test_slice_and_frame(stem: str, at: tuple[int, int]) -> None:
    assert slice_and_frame(stem) == at


def test_images_of_a_sequence_are_numbers() -> None:
    assert [frame_number(s) for s in ("frame_012", "012", "t3", "img-7", "A01", "ED")] == [12, 12, 3, 7, None, None]


def test_a_file_named_like_its_folder_needs_no_second_name() -> None:
    assert [without_suffix(s, "c1") for s in ("c1", "c1_seg", "c1_trans", "c1_left", "c2_seg")] == ["c1"] * 3 + [None] * 2
