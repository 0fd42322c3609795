"""Shape spaces of populations too large for memory: shards of the store pass by, and what is kept of a case is small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape import Placement, Streamed, align_to, stream
from atlaskit.shape.ahead import ahead
from atlaskit.shape.cloud import Scale
from atlaskit.verbs.parts import Part
from atlaskit.verbs.population import Population
from atlaskit.verbs.sliding import Slide

IN_MEMORY = 50_000
"""Cases beyond which their landmarks are streamed: 0.2 GB of 208 landmarks, and some times that while they are aligned."""
DRAWN = 500
"""Cases of a stream whose shapes are kept, to measure the quality of the model on."""
LEADING = 10
"""Modes whose scores a table of so many cases has: text takes longer to write than all else to find."""


def streamed_part(
    people: Population, name: str, *, scale: Scale, modes: int | float | str, robust: bool, slide: Slide, seed: int
) -> Part:
    """Align a population and find its modes as in memory; shapes of 500 cases, drawn by the seed, are kept.

    Parameters
    ----------
    people : Population
    name : str
        Of the part.
    scale, modes, robust, seed
        As in `atlaskit.shape.stream`.
    slide : {"none"}
        Landmarks slide in memory only.

    Raises
    ------
    InputError
        For landmarks that should slide.

    Notes
    -----
    Reads the store 6 to 9 times, a robust mean some times more; a thread reads ahead.
    """
    if slide != "none":
        raise InputError(f"Landmarks slide in memory; {len(people)} cases are streamed from the store: leave --slide out.")

    def blocks() -> Iterator[NDArray[np.float64]]:
        return (points for _, points in people.blocks())

    found = stream(blocks, scale=scale, modes=modes, robust=robust, onto=people.template, seed=seed)
    drawn = np.sort(np.random.default_rng(seed).choice(len(people), min(DRAWN, len(people)), replace=False))
    alignment, scores, shapes = _placed(people, found, scale, drawn)
    return Part(name, people, alignment, found.model, scores, shapes, drawn)


def _placed(
    people: Population, found: Streamed, scale: Scale, drawn: NDArray[np.int64]
) -> tuple[Placement, NDArray[np.float64], NDArray[np.float64]]:
    """How all cases lie to the mean, their scores, and the shapes of some."""
    n = len(people)
    size, factor, rotation, distance = np.empty((4, n))
    centre, mirrored = np.empty((n, 2)), np.zeros(n, dtype=bool)
    scores, shapes = np.empty((n, len(found.model.modes))), np.empty((len(drawn), *found.mean.shape))

    def place(block: tuple[NDArray[np.int64], NDArray[np.float64]]) -> None:
        at, points = block
        aligned = align_to(points, found.mean, scale=scale)
        tangent = aligned.tangent
        size[at], factor[at], rotation[at], distance[at] = aligned.size, aligned.factor, aligned.rotation_rad, aligned.distance
        centre[at], scores[at] = aligned.centre, found.model.scores(tangent)
        kept = np.isin(at, drawn)
        shapes[np.searchsorted(drawn, at[kept])] = tangent[kept]

    for _ in ahead(place, people.blocks()):
        pass
    return Placement(found.mean, size, factor, rotation, centre, mirrored, distance, scale), scores, shapes


def leading(scores: pd.DataFrame) -> pd.DataFrame:
    """A table of scores with the columns ``pc1`` to ``pc10`` only."""
    return scores.drop(columns=[name for name in scores if _number(str(name)) > LEADING])


def _number(column: str) -> int:
    """The mode whose scores a column holds; 0 of another column."""
    return int(column[2:]) if column.startswith("pc") and column[2:].isdigit() else 0


def streaming_notes(parts: Sequence[Part], *, judged: bool) -> list[str]:
    """What is measured on some of the cases, told of some of the modes, or not at all, where cases were streamed."""
    streamed = [part for part in parts if part.drawn is not None]
    if not streamed:
        return []
    modes = max(len(part.model.variance) for part in streamed)
    cases = max(len(part.people) for part in streamed)
    notes = [f"{cases} cases were streamed from the store: none is looked at for itself, nor are sides"]
    if judged:
        notes.append(f"the quality is that of a model of {len(streamed[0].shapes)} of them, drawn by the seed")
    if modes > LEADING:
        notes.append(
            f"scores.csv has the scores of the first {LEADING} of {modes} modes; all are in the group pca of the store"
        )
    return notes
