"""Work in threads: in order, no further ahead than memory allows, and errors come out."""

import threading
import time

import pytest

from atlaskit.shape.ahead import ahead


def test_what_comes_of_items_keeps_their_order() -> None:
    def slow_first(k: int) -> int:
        time.sleep(0.01 * (k == 0))
        return k * k

    assert list(ahead(slow_first, range(20), threads=4)) == [k * k for k in range(20)]
    assert list(ahead(slow_first, [])) == []


def test_items_are_taken_a_little_ahead_and_no_more() -> None:
    taken = []

    def items():  # type: ignore[no-untyped-def]
        for k in range(100):
            taken.append(k)
            yield k

    found = ahead(lambda k: k, items(), threads=2)
    assert next(found) == 0 and len(taken) == 5
    found.close()
    assert len(taken) == 5


def test_several_threads_work_at_once() -> None:
    met = threading.Barrier(2, timeout=10)
    assert len(list(ahead(lambda _: met.wait(), range(2), threads=2))) == 2


def test_an_error_is_that_of_the_work() -> None:
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda k: 1 // k, [1, 0, 1]))
