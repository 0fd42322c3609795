"""What names of files tell `track`: studies that stay one, and notes where they do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from atlaskit.corpus import Case
from atlaskit.errors import InputError
from atlaskit.readers.names import slice_and_frame, subjects
from atlaskit.topology import Topology
from atlaskit.verbs.tracking.source import Source, read_source

Array = NDArray[np.float64]


@pytest.fixture
def read(sequence_store: Callable[..., Path], outlined: Array, nested: Topology, tmp_path: Path) -> Callable[..., Source]:
    """The sequences of files of some names, placed as `extract` does."""

    def reading(*names: str, **options: object) -> Source:
        cases = [
            Case(name, "", subject, frame, slice_)
            for name, subject in zip(names, subjects(names), strict=True)
            for slice_, frame in [slice_and_frame(name)]
        ]
        atlas = sequence_store(tmp_path / "atlas", outlined[: len(names)], cases, nested)
        return read_source(atlas / "landmarks.zarr", **options)  # type: ignore[arg-type]

    return reading


ONE_FRAME = "every study has one frame: say what names mean with --pattern or --table"


@pytest.mark.parametrize("letter", "SFTDVz")
@pytest.mark.parametrize(("mark", "studies", "frames"), [("_t{t}", 1, 4), ("_s{z}_t{t}", 2, 2), ("_s{z}_{phase}", 2, 2)])
def test_subjects_called_like_a_mark_stay_whole(
    read: Callable[..., Source], letter: str, mark: str, studies: int, frames: int
) -> None:
    places = [{"z": k // frames, "t": k % frames, "phase": ["ED", "ES"][k % 2]} for k in range(4)]
    found = read(*(f"{letter}{p:02d}" + mark.format(**place) for p in range(2) for place in places))
    assert found.sequences.subjects == (f"{letter}00",) * studies + (f"{letter}01",) * studies == found.sequences.studies
    assert (found.sequences.lengths == frames).all() and not found.sequences.gaps.any() and found.notes == ()


def test_studies_of_one_frame_each_are_pointed_out(read: Callable[..., Source]) -> None:
    names = [f"heart{k}_t{k}" for k in range(3)]
    assert read(*names).notes == (ONE_FRAME,)


def test_one_case_alone_is_no_reason_to_doubt_its_name(read: Callable[..., Source]) -> None:
    assert read("heart_t3").notes == ()


def test_frames_that_are_marked_as_a_phase_are_of_the_same_study(read: Callable[..., Source]) -> None:
    found = read("heart_t0_ED", "heart_t1", "heart_t2_ES", "heart_t3").sequences
    assert found.studies == ("heart",) and found.frames.tolist() == [[0, 1, 2, 3]] and not found.gaps.any()


def test_cases_without_a_frame_are_told_what_the_table_needs(read: Callable[..., Source]) -> None:
    table = pd.DataFrame({"case": ["a", "b", "c"], "study": "p", "subject": "p"})
    words = (
        "3 of 3 have none, such as 'a': give the table a column frame, with numbers or ED and ES; it has case, study, subject"
    )
    with pytest.raises(InputError, match=words):
        read("a", "b", "c", table=table)
    with pytest.raises(InputError, match="1 of 3 have none, such as 'b': fill the column frame of the table"):
        read("a", "b", "c", table=table.assign(frame=[0, None, 1]))
    assert read("a", "b", "c", table=table.assign(frame=["ED", 2, "es"])).sequences.frames.tolist() == [[0, 1, 2]]
