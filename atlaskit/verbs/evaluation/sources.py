"""The masks that landmarks came from: where they are, and one pass over them for all that needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from atlaskit.corpus import Case, Corpus, Rejected
from atlaskit.errors import InputError
from atlaskit.readers import read_corpus
from atlaskit.signatures import SAMPLES
from atlaskit.verbs.batches import fingerprint, recipe_of
from atlaskit.verbs.evaluation.material import Material
from atlaskit.verbs.quality import round_trip_of
from atlaskit.verbs.tracing import Progress, in_order, trace_case

NAME_THEM = "name the folder that was extracted: atlaskit evaluate MASKS"


@dataclass(frozen=True)
class Reading:
    """How a folder of masks is to be read.

    Attributes
    ----------
    layout : str
    plane, subject_pattern : str or None
        As in `readers.read_corpus`.
    """

    layout: str = "auto"
    plane: str | None = None
    subject_pattern: str | None = None


@dataclass(frozen=True)
class Masks:
    """The masks of the evaluated cases, as far as they were found.

    Attributes
    ----------
    corpus : Corpus
    rows : (M,) int array
        The cases that have a mask, ascending.
    samples : (N, S, 512, 2) float32 array
        Contour samples, pixels; NaN where absent or without a mask. Empty, (0, S, 512, 2), where nothing needs them.
    figures : (N, 3, S) float array
        Dice, HD95 and ASSD of the network's own landmarks; NaN where unknown.
    crossings : (N, S) int array
        Self-intersections of their outlines.
    changed : int
        Masks that are no longer those that were extracted.
    refused : mapping of str to str
        Sources of evaluated cases that cannot be used, and why.
    """

    corpus: Corpus
    rows: NDArray[np.int64]
    samples: NDArray[np.float32]
    figures: NDArray[np.float64]
    crossings: NDArray[np.int64]
    changed: int
    refused: Mapping[str, str]


def find_corpus(masks: Path | None, material: Material, reading: Reading) -> Corpus | str:
    """The folder given, else the one that the store remembers; a sentence that says why there is none."""
    attributes = material.landmarks.attrs
    if masks is None:
        remembered = str(attributes.get("model", ""))
        if not remembered:
            return f"The store does not say which masks its landmarks came from: {NAME_THEM}."
        masks = Path(remembered)
        if not masks.is_dir():
            return f"The masks that the landmarks came from are no longer at {masks}: {NAME_THEM}."
        layout = str(attributes.get("model_layout", "auto")) if reading.layout == "auto" else reading.layout
        reading = Reading(layout, reading.plane or str(attributes.get("model_plane", "")) or None, reading.subject_pattern)
    corpus = read_corpus(
        masks,
        layout=reading.layout,
        structures=material.network.structures,
        plane=reading.plane,
        subject_pattern=reading.subject_pattern,
    )
    names = set(material.cases)
    if not any(case.id in names for case in corpus.cases):
        raise InputError(
            f"The masks must be those that were extracted; {masks} has no case of {material.store} "
            f"(it has {corpus.cases[0].id!r}, the store {material.cases[0]!r}): {NAME_THEM}."
        )
    return corpus


def look(corpus: Corpus, material: Material, *, plane: str | None, keep_samples: bool, report: Progress) -> Masks:
    """Trace every mask whose case has landmarks, and measure the network's own landmarks on it."""
    row = {name: i for i, name in enumerate(material.cases)}
    cases = [case for case in corpus.cases if case.id in row]
    shape = len(material.cases), len(material.topology.loops)
    samples = np.full((shape[0] * keep_samples, shape[1], SAMPLES, 2), np.nan, np.float32)
    figures, crossings = np.full((shape[0], 3, shape[1]), np.nan), np.zeros(shape, np.int64)
    rows: list[int] = []
    sources = {str(source) for source in material.landmarks["source"].to_numpy()}
    bad = {rejected.source: rejected.reason for rejected in corpus.rejected if rejected.source in sources}
    changed = 0
    planes = {plane, None, str(material.landmarks.attrs.get("model_plane", "")) or None}
    recipes = [recipe_of(corpus, of, fit) for fit in (True, False) for of in planes]
    shas = [str(sha) for sha in material.landmarks["source_sha"].to_numpy()]

    def one(case: Case) -> tuple[int, Rejected | None, bool]:
        i, traced = row[case.id], trace_case(corpus, case, material.topology.fills())
        if isinstance(traced, Rejected):
            return i, traced, True
        _check_size(case, traced.mask.image_size, material, i)
        if keep_samples:
            samples[i] = traced.samples
        figures[i], crossings[i] = round_trip_of(traced, material.topology, material.points["points_network"][i])
        return i, None, shas[i] not in {fingerprint(corpus, case, recipe) for recipe in recipes}

    with threadpool_limits(1):
        for done, (i, refused, other) in enumerate(in_order(one, cases), start=1):
            changed += other
            if refused is None:
                rows.append(i)
            else:
                bad[refused.source] = refused.reason
            report("reading masks", done, len(cases))
    if not rows:
        raise InputError(f"The masks must be those that were extracted; none in {corpus.root} can be read: {NAME_THEM}.")
    return Masks(corpus, np.sort(np.array(rows)), samples, figures, crossings, changed, bad)


def _check_size(case: Case, size: tuple[int, int], material: Material, row: int) -> None:
    """Refuse a mask of another size than the one that was extracted: its landmarks lie elsewhere."""
    wanted = tuple(int(v) for v in material.landmarks["image_size"].to_numpy()[row])
    if size != wanted:
        raise InputError(
            f"The masks must be those that were extracted; {case.id!r} is {size[0]} x {size[1]} px here and was "
            f"{wanted[0]} x {wanted[1]} px: {NAME_THEM}."
        )
