"""Tracing: many cases at once give the same in the same order, in bounded memory, and stop when told."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atlaskit.contours import perimeter
from atlaskit.corpus import Rejected
from atlaskit.readers import read_corpus
from atlaskit.verbs.tracing import Traced, in_order, silent, trace_case, trace_cases


@pytest.mark.parametrize("workers", [None, 0, 1, 2, 5])
def test_results_come_in_order_whatever_finishes_first(workers: int | None) -> None:
    def work(k: int) -> int:
        time.sleep(0.002 * (k % 3 == 0))
        return k * k

    assert list(in_order(work, range(40), workers=workers, ahead=8)) == [k * k for k in range(40)]
    assert list(in_order(work, [], workers=workers)) == []


@pytest.mark.parametrize("workers", [1, 4])
def test_no_more_is_begun_than_was_asked_to_wait(workers: int) -> None:
    begun: list[int] = []
    results = in_order(lambda k: begun.append(k), range(1000), workers=workers, ahead=8)
    for taken in range(1, 20):
        next(results)
        assert len(begun) <= taken + 8
    results.close()  # type: ignore[attr-defined]
    time.sleep(0.02)
    assert len(begun) <= 28, "what was not begun is not done any more"


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_comes_out_at_its_place(workers: int) -> None:
    def work(k: int) -> int:
        if k == 5:
            raise ZeroDivisionError
        return k

    seen = []
    with pytest.raises(ZeroDivisionError):
        for value in in_order(work, range(50), workers=workers):
            seen.append(value)
    assert seen == [0, 1, 2, 3, 4]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_a_case_is_traced_with_its_absent_structures(cohort: Path) -> None:
    corpus = read_corpus(cohort)
    heartless, whole = (trace_case(corpus, corpus.cases[index]) for index in (3, 0))
    assert isinstance(heartless, Traced) and isinstance(whole, Traced)
    assert [contour is None for contour in heartless.contours] == [False, False, True]
    assert heartless.samples.shape == (3, 512, 2)
    assert np.isnan(heartless.samples[2]).all() and np.isfinite(heartless.samples[:2]).all()
    assert np.isnan(heartless.lengths_px).tolist() == [False, False, True]
    assert np.isfinite(whole.lengths_px).all()
    assert whole.contours[0] is not None and whole.lengths_px[0] == perimeter(whole.contours[0].points)


def test_what_holds_nothing_or_cannot_be_read_is_rejected_and_stops_nothing(own_cohort: Path) -> None:
    corpus = read_corpus(own_cohort)
    Image.fromarray(np.zeros((112, 112), np.uint8)).save(own_cohort / "p00_ED.png")
    (own_cohort / "p00_ES.png").write_text("no picture")
    (own_cohort / "p01_ED.png").unlink()
    said: list[tuple[str, int, int]] = []
    found = list(trace_cases(corpus, corpus.cases, workers=2, report=lambda *words: said.append(words)))
    reasons = [f"{item.source}: {item.reason}" for item in found if isinstance(item, Rejected)]
    assert len(found) == 24 and [isinstance(item, Rejected) for item in found[:4]] == [True, True, True, False]
    assert "empty" in reasons[0] and "p00_ES.png" in reasons[1] and "p01_ED.png" in reasons[2]
    assert said == [("reading masks", done, 24) for done in range(1, 25)]


def test_workers_trace_alike(cohort: Path) -> None:
    corpus = read_corpus(cohort)
    few = replace(corpus, cases=corpus.cases[:6])
    one, many = ([item for item in trace_cases(few, few.cases, workers=n) if isinstance(item, Traced)] for n in (1, 3))
    assert len(one) == len(many) == 6
    for a, b in zip(one, many, strict=True):
        assert a.case == b.case
        np.testing.assert_array_equal(a.samples, b.samples)


def test_silence_takes_any_report() -> None:
    silent("stage", 0, 0)
