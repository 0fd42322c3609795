"""Work on what passes by, on several cores, a little ahead of who asks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import cpu_count
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Found = TypeVar("Found")

CORES = min(cpu_count() or 1, 8)
"""Threads at most: more would wait for memory."""


def ahead(work: Callable[[Item], Found], items: Iterable[Item], *, threads: int = CORES) -> Iterator[Found]:
    """Do some work on each item in threads; gives what comes of it in the order of the items.

    Parameters
    ----------
    work : callable
        Leaves the interpreter to others for most of its time, as numpy does.
    items : iterable
        Taken one by one, no more than twice as many as there are threads before what came of the first is asked for.
    threads : int
    """
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:  # linear algebra has no threads of its own beside these
        waiting: deque[Future[Found]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
