from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from atlaskit.readers import filled_rings, outline_problems, outlines, read_corpus, single_outline

Array = NDArray[np.uint8]


@pytest.fixture
def corpus_folder(tmp_path: Path, write_png: Callable[[Path, Array], Path]) -> Path:
    """Three cases: 1 a square in 2 a ring, 3 four dots, 4 a square with an island."""
    plane = np.zeros((40, 40), dtype=np.uint8)
    plane[2:18, 2:18] = 2
    plane[6:14, 6:14] = 1
    plane[25:35:5, 5:15:5] = 3
    plane[24:34, 24:34] = 4
    plane[38, 38] = 4
    for case in "abc":
        write_png(tmp_path / f"{case}.png", plane)
    return tmp_path


def test_rings_and_scattered_structures_are_told_from_single_outlines(corpus_folder: Path) -> None:
    found = outlines(read_corpus(corpus_folder))
    assert {name: outline.kind for name, outline in found.items()} == {
        "1": "single",
        "2": "ring",
        "3": "scattered",
        "4": "single",
    }
    assert found["2"].hole == 0.25 and found["2"].inside == "1"
    assert (found["3"].pieces, found["3"].share) == (4.0, 0.25)
    assert found["4"].share == pytest.approx(100 / 101)


def test_the_sentences_say_what_to_do(corpus_folder: Path) -> None:
    corpus = read_corpus(corpus_folder)
    found = outlines(corpus)
    problems = outline_problems(corpus, found)
    assert set(problems) == {"2", "3"}
    assert "outer 2=2+1" in problems["2"] and "4 pieces" in problems["3"]
    assert filled_rings(corpus, found) == ((corpus.names.index("2"), corpus.names.index("1")),)
    united = read_corpus(corpus_folder, structures=["epi=1+2", "endo=1"])
    assert not outline_problems(united, outlines(united)) and not filled_rings(united, outlines(united))


def test_a_structure_that_the_sample_lacks_is_not_judged(corpus_folder: Path) -> None:
    corpus = read_corpus(corpus_folder)
    assert {outline.kind for outline in outlines(corpus, sample=0).values()} == {"unseen"}
    assert not outline_problems(corpus, outlines(corpus, sample=0))


@pytest.mark.parametrize(
    ("pieces", "share", "hole", "single"),
    [(1, 1.0, 0.0, True), (3, 0.9, 0.1, True), (4, 0.98, 0.1, False), (1, 0.7, 0.0, False), (1, 1.0, 0.4, False)],
)
def test_the_rule(pieces: float, share: float, hole: float, single: bool) -> None:
    assert single_outline(pieces, share, hole) is single


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "structures", "bad"),
    [
        ("cxr/masks_bits", (), set()),
        ("acdc/masks_mid", (), {"2"}),
        ("acdc/masks_mid", ("RV=1", "epi=2+3", "endo=3"), set()),
        ("nnunet_out/real_ct_muscle_2d", (), {"muscle", "sat", "vat", "muscle_fat"}),
    ],
)
def test_real_structures(folder: str, structures: tuple[str, ...], bad: set[str], realdata: Path) -> None:
    corpus = read_corpus(realdata / folder, structures=structures)
    assert set(outline_problems(corpus, outlines(corpus, sample=16))) == bad
