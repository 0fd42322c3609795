"""From mask files to contour samples: what `fit` and `extract` do first, many cases at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from os import cpu_count
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import Contour, perimeter, trace
from atlaskit.corpus import Case, Corpus, Rejected
from atlaskit.errors import AtlasError
from atlaskit.masks import Mask
from atlaskit.signatures import sample_contours

Progress = Callable[[str, int, int], None]
"""``report(stage, done, total)``, called now and then by every long verb."""

LEAST_PX = 9
"""A structure of fewer pixels carries no outline: a speck, as pixel models leave them."""

BLANK = "The mask is empty: none of its structures has a pixel."
"""Why such a case is rejected."""

Fills = Sequence[tuple[int, int]]
"""Rings and the structures that fill them, by number."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def silent(stage: str, done: int, total: int) -> None:
    """A `Progress` that says nothing."""


@dataclass(frozen=True)
class Traced:
    """One case as the network and the boundary fit see it.

    Attributes
    ----------
    case : Case
    mask : Mask
    contours : tuple of Contour or None
        Per structure; None where absent, or a speck.
    samples : (S, M, 2) float array
        Pixels; NaN where absent.
    """

    case: Case
    mask: Mask
    contours: tuple[Contour | None, ...]
    samples: NDArray[np.float64]

    @property
    def lengths_px(self) -> NDArray[np.float64]:
        """(S,) contour lengths; NaN where absent."""
        return np.array([np.nan if contour is None else perimeter(contour.points) for contour in self.contours])


def trace_case(corpus: Corpus, case: Case, fills: Fills = ()) -> Traced | Rejected:
    """Load one case and trace its structures; a case that holds none, or cannot be read, is rejected with the reason.

    A structure of fewer than `LEAST_PX` pixels is taken as absent. A ring is traced with what fills it: its outer edge.
    """
    try:
        mask = corpus.load(case)
    except AtlasError as error:
        return Rejected.of(case.source, error)
    pixels = np.count_nonzero(mask.planes, axis=(1, 2))
    if pixels.max() == 0:
        return Rejected(case.source, BLANK)
    if pixels.max() < LEAST_PX:
        return Rejected(
            case.source, f"An outline needs {LEAST_PX} pixels; no structure of the mask has more than {pixels.max()}."
        )
    contours = trace_planes(mask.planes, fills)
    return Traced(case, mask, contours, sample_contours(contours))


def trace_planes(planes: NDArray[np.bool_], fills: Fills = ()) -> tuple[Contour | None, ...]:
    """The outlines of a mask's structures (S, H, W): rings by their outer edge, specks as absent."""
    whole = {ring: planes[ring] | planes[filler] for ring, filler in fills}
    return tuple(trace(whole.get(s, plane)) if np.count_nonzero(plane) >= LEAST_PX else None for s, plane in enumerate(planes))


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, workers: int | None = None, ahead: int = 64
) -> Iterator[Result]:
    """Map in threads, in order and in bounded memory: at most `ahead` results wait to be taken.

    Threads serve because the costly steps (decoding, filters, tracing, assignment) leave the interpreter free.
    """
    count = cpu_count() or 1 if workers is None else workers
    if count <= 1:
        yield from map(work, items)
        return
    waiting: list[Future[Result]] = []
    source = iter(items)
    with ThreadPoolExecutor(count) as pool:
        try:
            waiting = [pool.submit(work, item) for item in islice(source, ahead)]
            while waiting:
                result = waiting.pop(0).result()
                waiting.extend(pool.submit(work, item) for item in islice(source, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()


def trace_cases(
    corpus: Corpus, cases: Sequence[Case], *, fills: Fills = (), workers: int | None = None, report: Progress = silent
) -> Iterator[Traced | Rejected]:
    """Trace many cases, in order."""
    for done, found in enumerate(in_order(lambda case: trace_case(corpus, case, fills), cases, workers=workers), start=1):
        report("reading masks", done, len(cases))
        yield found
