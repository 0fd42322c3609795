"""Is a structure one outline? Measured on a sample of the cases, before anything is fitted to it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from atlaskit.contours import trace
from atlaskit.corpus import Corpus
from atlaskit.errors import InputError
from atlaskit.masks import Structure

LEAST_SHARE = 0.8
"""Share of the pixels that the largest piece must hold in the median case. Organs: 1.0; fat in muscle: 0.28."""
MOST_PIECES = 3.5
"""More pieces than this in the median case are scattered. Organs: 1; fat around the gut: 4; fat in muscle: 12."""
MOST_HOLE = 0.2
"""A larger hole, as a share of the filled outline, makes a ring. Organs: 0; myocardium: 0.4 to 0.6; body fat: 0.7."""
_EIGHT = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True)
class Outline:
    """How well one closed outline tells a structure: medians over the cases of a sample that hold it.

    Attributes
    ----------
    cases : int
        Cases of the sample that hold the structure; 0 leaves the figures NaN and judges nothing.
    pieces : float
        8-connected components.
    share : float
        The largest component's share of the pixels.
    hole : float
        Its enclosed background, as a share of the filled outline.
    inside : str
        The structure that fills most of the hole of a ring, or nothing.
    """

    cases: int
    pieces: float
    share: float
    hole: float
    inside: str = ""

    @property
    def kind(self) -> str:
        """``single``, ``ring``, ``scattered``, or ``unseen``."""
        if self.cases == 0:
            return "unseen"
        if self.share < LEAST_SHARE or self.pieces > MOST_PIECES:
            return "scattered"
        return "ring" if self.hole > MOST_HOLE else "single"


def single_outline(pieces: float, share: float, hole: float) -> bool:
    """Whether a structure is one closed outline.

    Parameters
    ----------
    pieces, share, hole : float
        Medians over its cases, see `Outline`.

    Returns
    -------
    bool
    """
    return Outline(1, pieces, share, hole).kind == "single"


def outlines(corpus: Corpus, *, sample: int = 64, seed: int = 0) -> dict[str, Outline]:
    """Measure each structure on a sample of the cases; those that cannot be read tell nothing.

    Parameters
    ----------
    corpus : Corpus
    sample : int
        Cases to measure, at most.
    seed : int
        Chooses them.
    """
    cases = random.Random(seed).sample(corpus.cases, min(sample, len(corpus.cases)))
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in corpus.names}
    filling = {name: np.zeros(len(corpus.names)) for name in corpus.names}
    for case in sorted(cases, key=lambda case: case.id):
        try:
            mask = corpus.load(case)
        except InputError:
            continue
        for name, plane in zip(corpus.names, mask.planes, strict=True):
            measured = _measure(plane)
            if measured is not None:
                figures[name].append(measured)
                if measured[2] > MOST_HOLE:
                    filling[name] += _in_hole(plane, mask.planes)
    return {name: _outline(figures[name], filling[name], corpus.names) for name in corpus.names}


def outline_problems(corpus: Corpus, found: Mapping[str, Outline]) -> dict[str, str]:
    """Find the structures that are no single outline.

    Parameters
    ----------
    corpus : Corpus
    found : mapping of str to Outline
        What `outlines` says of it.

    Returns
    -------
    dict
        Structure name to one sentence that says why it is none and what to do; empty when all is well.

    Notes
    -----
    A scattered structure must not be modelled. A ring can be, as its outer edge, or with what fills it where both share
    their boundary.
    """
    return {name: problem(name, outline, corpus.structures) for name, outline in found.items() if outline.kind in _PROBLEMS}


def filled_rings(corpus: Corpus, found: Mapping[str, Outline]) -> tuple[tuple[int, int], ...]:
    """Rings whose hole another structure fills, and that structure, by number; `found` is what `outlines` says."""
    names = corpus.names
    return tuple(
        (names.index(name), names.index(outline.inside))
        for name, outline in found.items()
        if outline.kind == "ring" and outline.inside
    )


_PROBLEMS = {
    "scattered": "{name!r} is no single outline: the median case has {pieces:.0f} pieces and the largest holds "
    "{share:.0%} of the area; leave it out.",
    "ring": "{name!r} is a ring: its hole is {hole:.0%} of its outline; {how}.",
}


def outer_edge(name: str, outline: Outline, labels: Mapping[str, str]) -> str:
    """The ``NAME=EXPR`` of a ring united with what it encloses; `labels` holds each structure's own expression."""
    return f"outer {name}={labels[name]}+{labels[outline.inside]}"


def problem(name: str, outline: Outline, structures: Sequence[Structure]) -> str:
    """The sentence for a structure that is no single outline; empty for one that is."""
    labels = {structure.name: "+".join(structure.labels) for structure in structures}
    edge, filler = "united with what it encloses", "what fills it as a structure and "
    if outline.inside:
        edge, filler = f"with --structure '{outer_edge(name, outline, labels)}'", ""
    how = f"model its outer edge {edge}, or add {filler}--shared-boundaries"
    sentence = _PROBLEMS.get(outline.kind, "")
    return sentence.format(name=name, pieces=outline.pieces, share=outline.share, hole=outline.hole, how=how)


def _measure(plane: NDArray[np.bool_]) -> tuple[float, float, float] | None:
    contour = trace(plane, smooth=0.0)
    if contour is None:
        return None
    area = float(np.count_nonzero(plane))
    largest = area if contour.components == 1 else float(np.count_nonzero(_largest(plane)))
    return float(contour.components), largest / area, contour.hole_px / (largest + contour.hole_px)


def _largest(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, _ = ndimage.label(plane, structure=_EIGHT)
    return np.asarray(labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:])))


def _in_hole(plane: NDArray[np.bool_], planes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(S,) share of a structure's hole that each structure fills."""
    largest = _largest(plane)
    hole = ndimage.binary_fill_holes(largest) & ~largest
    return np.asarray((planes & hole).sum(axis=(1, 2)) / max(np.count_nonzero(hole), 1))


def _outline(figures: list[tuple[float, float, float]], filling: NDArray[np.float64], names: tuple[str, ...]) -> Outline:
    if not figures:
        return Outline(0, float("nan"), float("nan"), float("nan"))
    pieces, share, hole = (float(value) for value in np.median(np.array(figures), axis=0))
    inside = names[int(np.argmax(filling))] if filling.max() > 0.5 * len(figures) else ""
    return Outline(len(figures), pieces, share, hole, inside)
