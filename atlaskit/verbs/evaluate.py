"""``evaluate``: how good the landmarks of an atlas are, with true landmarks and without."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atlaskit.errors import InputError
from atlaskit.metrics.inference import LEAST_SUBJECTS
from atlaskit.verbs.evaluation.by_case import by_case
from atlaskit.verbs.evaluation.equivariance import equivariance
from atlaskit.verbs.evaluation.material import Material, load_material
from atlaskit.verbs.evaluation.repeats import repeatability
from atlaskit.verbs.evaluation.rivals import baselines as rivals
from atlaskit.verbs.evaluation.rivals import check_parts
from atlaskit.verbs.evaluation.round_trip import round_trip, spread
from atlaskit.verbs.evaluation.sources import Masks, Reading, find_corpus, look
from atlaskit.verbs.evaluation.truths import Known, correspondence, inference, landmarks, load_known
from atlaskit.verbs.evaluation.writing import (
    CASES,
    TABLES,
    Finding,
    check_places,
    draw_baselines,
    draw_correspondence,
    draw_values,
    write,
)
from atlaskit.verbs.tracing import Progress, silent

LEAST_BENCH = 9
"""Cases with truth of which a seeded split leaves enough on either side for baselines."""
MOST_REPEATS = 100
MOST_SHOWN = 3
"""Masks that cannot be used, of which a note says why."""


@dataclass(frozen=True, eq=False)
class EvaluateResult:
    """How good the landmarks of an atlas are: one table per question, None where it was not asked or could not be answered.

    Attributes
    ----------
    atlas, store : Path
    masks : Path or None
        The folder that the landmarks came from, where it was found.
    cases : int
        Cases that have landmarks.
    split : str
        Where true landmarks were tied and where they were measured; empty without truth.
    round_trip, spread : DataFrame
        Against the masks; and how steady normals and how even edges are.
    correspondence, landmarks, inference : DataFrame or None
        Against true landmarks: by structure, by landmark, and inferred from ours by a linear map.
    equivariance : DataFrame or None
        How far landmarks stray when the mask is changed in a known way.
    baselines, repeatability : DataFrame or None
        Simpler methods, and other seeds.
    tables, pictures : tuple of Path
        What was written.
    notes : tuple of str
        What a reader of the figures should know.
    seconds : float
        Wall time.
    """

    atlas: Path
    store: Path
    masks: Path | None
    cases: int
    split: str
    round_trip: pd.DataFrame
    spread: pd.DataFrame
    correspondence: pd.DataFrame | None
    landmarks: pd.DataFrame | None
    inference: pd.DataFrame | None
    equivariance: pd.DataFrame | None
    baselines: pd.DataFrame | None
    repeatability: pd.DataFrame | None
    tables: tuple[Path, ...]
    pictures: tuple[Path, ...]
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, object]:
        """The result in plain types for JSON: tables as lists of records, what is unknown as None."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> object:
    if isinstance(value, pd.DataFrame):
        records = value.astype(object).where(value.notna(), None).to_dict(orient="records")
        return [{str(key): item for key, item in record.items()} for record in records]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def evaluate(
    masks: Path | str | None = None,
    *,
    atlas: Path | str = "atlas",
    store: Path | str | None = None,
    truth: Path | str | None = None,
    baselines: bool = False,
    repeat: int = 0,
    unseen: bool = False,
    spacing_mm: float | None = None,
    seed: int = 0,
    layout: str = "auto",
    plane: str | None = None,
    subject_pattern: str | None = None,
    device: str = "auto",
    report: Progress = silent,
) -> EvaluateResult:
    """Measure how good the landmarks of an atlas are.

    Parameters
    ----------
    masks : path, optional
        The folder that the landmarks were extracted from; the one that the store remembers unless given.
    atlas : path
        Directory that `fit` made; tables go to ``evaluate/`` in it, pictures to ``figures/``, in place of those of an
        earlier evaluation.
    store : path, optional
        The landmarks; ``landmarks.zarr`` in the atlas unless given.
    truth : path, optional
        True landmarks of some cases, as `metrics.read_truth` reads them.
    baselines : bool
        Measure simpler methods against the truth too.
    repeat : int
        Fit so many times more with other seeds, at most 100, and compare the landmarks.
    unseen : bool
        Tie true landmarks on the cases that the atlas was fitted on and measure on the others, instead of a seeded split.
    spacing_mm : float, optional
        Pixel size of masks that state none.
    seed : int
        Of the split and of the folds of the inference.
    layout, plane, subject_pattern
        As in `extract`: how the masks are read.
    device : str
        "auto", "cpu" or "cuda".
    report : callable
        ``report(stage, done, total)``.

    Returns
    -------
    EvaluateResult

    Raises
    ------
    InputError, NotFoundError, NetworkError, StoreError

    Notes
    -----
    Without `repeat` about 5 ms per case, and some seconds for the changed masks. An interrupted repeat goes on where it was.
    """
    began = time.perf_counter()
    _check(truth, baselines=baselines, repeat=repeat, unseen=unseen, spacing_mm=spacing_mm)
    target = Path(atlas)
    check_places(target)
    material = load_material(target, target / "landmarks.zarr" if store is None else Path(store), spacing_mm)
    known = None if truth is None else load_known(Path(truth), material, seed=seed, unseen=unseen)
    if known is not None and baselines:
        check_parts(int(known.train.sum()), int(known.test.sum()), f"give true landmarks of at least {LEAST_BENCH} cases")
    reading = Reading(layout, plane, subject_pattern)
    keep = baselines or repeat > 0
    seen, missing = _masks(None if masks is None else Path(masks), material, reading, keep, report)
    if seen is None and keep:
        raise InputError(f"{'--baselines' if baselines else '--repeat'} needs the masks. {missing}")
    found = [*_of_store(material, seen, known), *_against_truth(material, known, seed)]
    if seen is not None and baselines and known is not None:
        table = rivals(material, seen, known, report=report)
        found.append(Finding("baselines", table, draw_baselines(table, known)))
    if seen is not None:
        found += _by_changing(material, seen, device, report)
    split = "" if known is None else known.split
    about = {"store": str(material.store), "truth": truth and str(truth), "split": split, "seed": seed}
    if seen is not None and repeat:
        write(material, found, about)  # before hours of fitting
        found += _by_repeating(material, seen, repeat, reading, device, report)
    csv, png = write(material, found, about)
    measured = {finding.name: finding.table for finding in found}
    return EvaluateResult(
        atlas=target,
        store=material.store,
        masks=None if seen is None else seen.corpus.root,
        cases=len(material.cases),
        split=split,
        **{name: measured.get(name) for name in TABLES},  # type: ignore[arg-type]
        tables=csv,
        pictures=png,
        notes=tuple(note for note in (missing, *_notes(material, seen), *(known.notes if known else ())) if note)
        + tuple(finding.note for finding in found if finding.note),
        seconds=round(time.perf_counter() - began, 2),
    )


def _check(truth: object, *, baselines: bool, repeat: int, unseen: bool, spacing_mm: float | None) -> None:
    """Refuse options that make no sense."""
    for name, asked in (("--baselines", baselines), ("--unseen", unseen)):
        if asked and truth is None:
            raise InputError(f"{name} needs true landmarks: give their file with --truth, or leave {name} out.")
    if not 0 <= repeat <= MOST_REPEATS:
        raise InputError(f"--repeat is a number of further fits, from 0 to {MOST_REPEATS}; got {repeat}.")
    if spacing_mm is not None and not 0 < spacing_mm < math.inf:
        raise InputError(f"--spacing-mm is the size of a pixel in mm, above 0; got {spacing_mm:g}.")


def _masks(masks: Path | None, material: Material, reading: Reading, keep: bool, report: Progress) -> tuple[Masks | None, str]:
    """The masks, or None and why they are not there."""
    corpus = find_corpus(masks, material, reading)
    if isinstance(corpus, str):
        return None, corpus
    return look(corpus, material, plane=reading.plane, keep_samples=keep, report=report), ""


def _of_store(material: Material, seen: Masks | None, known: Known | None) -> list[Finding]:
    tables = {"round_trip": round_trip(material, seen), "spread": spread(material), CASES: by_case(material, known)}
    return [Finding(name, table) for name, table in tables.items()]


def _against_truth(material: Material, known: Known | None, seed: int) -> list[Finding]:
    if known is None:
        return []
    each, inferred = landmarks(material, known), inference(material, known, seed=seed)
    too_few = f"Inference needs true landmarks of at least {LEAST_SUBJECTS} subjects: there are too few."
    return [
        Finding("correspondence", correspondence(material, known), draw_correspondence(material, known, each)),
        Finding("landmarks", each),
        Finding("inference", inferred, note="" if inferred["mean_px"].notna().any() else too_few),
    ]


def _by_changing(material: Material, seen: Masks, device: str, report: Progress) -> list[Finding]:
    found = equivariance(material, seen, device=device, report=report)
    title = "How far landmarks stray when the mask is changed\n(mean of all changes, boundary-fitted landmarks)"
    return [Finding("equivariance", found.table, draw_values(material, found.by_landmark, what="mean distance", title=title))]


def _by_repeating(
    material: Material, seen: Masks, times: int, reading: Reading, device: str, report: Progress
) -> list[Finding]:
    found = repeatability(material, seen, times=times, reading=reading, device=device, report=report)
    title = f"How far landmarks of fits with different seeds lie apart\n({times + 1} fits, this atlas against the rest)"
    picture = draw_values(material, found.by_landmark, what="mean distance", title=title)
    return [Finding("repeatability", found.table, picture, found.note)]


def _notes(material: Material, seen: Masks | None) -> tuple[str, ...]:
    """What a reader of the figures should know of the cases."""
    notes = []
    if material.without:
        notes.append(f"{material.without} cases of the store are pending or rejected and left out.")
    if not material.boundary_fit:
        notes.append("The store holds the network's own landmarks, without boundary fit: both kinds are the same.")
    if seen is not None:
        notes += _gone(material, seen)
    if seen is not None and seen.changed:
        notes.append(f"{seen.changed} masks are not as they were extracted: run `atlaskit extract` again first.")
    return tuple(notes)


def _gone(material: Material, seen: Masks) -> list[str]:
    """Which masks are missing, and which cannot be used and why."""
    sources = np.delete(material.landmarks["source"].to_numpy().astype(object), seen.rows)
    lost = sum(source not in seen.refused for source in sources.tolist())
    notes = [f"{lost} of {len(material.cases)} cases have no mask in {seen.corpus.root}."] if lost else []
    shown = [f"{source}: {reason}" for source, reason in seen.refused.items()][:MOST_SHOWN]
    return [*notes, f"{len(seen.refused)} masks cannot be used: {' '.join(shown)}"] if shown else notes
