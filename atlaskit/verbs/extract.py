"""``extract``: masks of any pixel model become landmarks in correspondence, in a store that can be resumed."""

from __future__ import annotations

import csv
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atlaskit.corpus import Case, Corpus, Rejected
from atlaskit.errors import InputError
from atlaskit.landmarks import Status
from atlaskit.net.network import load_network
from atlaskit.net.predict import device_named
from atlaskit.readers import read_corpus
from atlaskit.store import LandmarkStore, open_or_create
from atlaskit.verbs.batches import BATCH, Job, recipe_of, records_of, sha_of
from atlaskit.verbs.tracing import Progress, in_order, silent

FLUSH_S = 30.0
"""Results are written at least so often, so that an interrupt loses little."""


@dataclass(frozen=True)
class ExtractResult:
    """What an extraction left in the store.

    Attributes
    ----------
    store : Path
    n_ok, n_flagged, n_rejected : int
        Cases of the model folder by status, those done earlier included.
    n_new : int
        Cases that were done now.
    n_added, n_cases : int
        Cases that joined a store that was there, and all that it holds now.
    rejected : tuple of Rejected
    seconds : float
        Wall time.
    """

    store: Path
    n_ok: int
    n_flagged: int
    n_rejected: int
    n_new: int
    n_added: int
    n_cases: int
    rejected: tuple[Rejected, ...]
    seconds: float


def extract(
    model: Path | str,
    *,
    atlas: Path | str = "atlas",
    out: Path | str | None = None,
    layout: str = "auto",
    plane: str | None = None,
    subject_pattern: str | None = None,
    boundary_fit: bool = True,
    workers: int | None = None,
    batch: int | None = None,
    device: str = "auto",
    shard_range: str | None = None,
    overwrite: bool = False,
    report: Progress = silent,
) -> ExtractResult:
    """Place an atlas's landmarks on every mask of a folder.

    Parameters
    ----------
    model : path
        Masks in any layout that `read_corpus` knows; labels are matched to those of the fit.
    atlas : path
        Directory that `fit` made.
    out : path, optional
        The store; ``landmarks.zarr`` in the atlas unless given.
    layout : str
        Name of a reader, or "auto".
    plane, subject_pattern : str, optional
        As in `read_corpus`: how volumes are cut, and whom a case belongs to.
    boundary_fit : bool
        Move the landmarks from where the network puts them onto the masks' boundaries.
    workers : int, optional
        Threads, each with a batch of cases; one per core unless given. Changes nothing but the time.
    batch : int, optional
        Cases that a thread has in hand at once: traced, placed, measured. Changes time and memory only.
    device : str
        "auto", "cpu" or "cuda".
    shard_range : str, optional
        "i/n": do the i-th of n parts of an existing store's shards only, beside other processes.
    overwrite : bool
        Begin anew; else cases that are done and whose files are unchanged are skipped.
    report : callable
        ``report(stage, done, total)``.

    Returns
    -------
    ExtractResult

    Raises
    ------
    InputError, NotFoundError, NetworkError, StoreError
    """
    began = time.perf_counter()
    part = _parse_range(shard_range)
    network = load_network(Path(atlas) / "network.pt")
    corpus = read_corpus(model, layout=layout, structures=network.structures, plane=plane, subject_pattern=subject_pattern)
    recipe = recipe_of(corpus, plane, boundary_fit)
    job = Job(corpus, network, boundary_fit, workers, batch or BATCH, str(device_named(device)), recipe)
    origin = {"model": str(corpus.root.absolute()), "model_layout": corpus.layout, "model_plane": plane or ""}
    store = open_or_create(
        Path(out) if out is not None else Path(atlas) / "landmarks.zarr",
        topology=network.topology,
        network_sha256=network.sha256,
        cases=corpus.cases,
        latent_size=network.config.latent,
        template=network.template.points,
        overwrite=overwrite,
        origin=origin,
    )
    by_id = {case.id: case for case in corpus.cases}
    added = 0
    if part is None:
        store.sweep()
        added = store.append_cases(corpus.cases)
        store.record_origin(origin)
    elif missing := len(set(by_id) - set(store.column("case").tolist())):
        raise InputError(
            f"{missing} cases of {corpus.root} are not in {store.path}: run once without --shard-range, which adds them."
        )
    mine = store.shards(*(part or (1, 1)))
    _withdraw(store, mine, corpus)
    todo = _todo(store, job, by_id)
    total, done = sum(len(todo.get(shard, ())) for shard in mine), 0
    report("extracting", 0, total)
    for shard in mine:
        for _ in _fill(store, shard, todo.get(shard, []), job):
            done += 1
            report("extracting", done, total)
    return _result(store, by_id, corpus.rejected, done, added, time.perf_counter() - began)


def _parse_range(text: str | None) -> tuple[int, int] | None:
    """(i, n) of "i/n"."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if match is None:
        raise InputError(f"--shard-range is i/n, such as 2/8; got {text[:40]!r}.")
    return int(match[1]), int(match[2])


def _todo(store: LandmarkStore, job: Job, by_id: dict[str, Case]) -> dict[int, list[tuple[int, Case]]]:
    """By shard the (row, case) pairs that are pending or whose files have changed."""
    names, status = store.column("case").tolist(), store.column("status")
    known = [by_id[name] for name, code in zip(names, status, strict=True) if code != Status.PENDING and name in by_id]
    shas = in_order(lambda case: sha_of(job, case), known, workers=job.workers)
    now = {case.id: sha for case, sha in zip(known, shas, strict=True)}
    todo: dict[int, list[tuple[int, Case]]] = {}
    for row in store.pending(now).tolist():
        if names[row] in by_id:
            todo.setdefault(row // store.shard, []).append((row, by_id[names[row]]))
    return todo


def _withdraw(store: LandmarkStore, shards: Iterable[int], corpus: Corpus) -> None:
    """Reject the rows of files that gave a case once and give it no longer: damaged, or a slice without its structures."""
    reasons = {case.source: "The file gives this case no longer." for case in corpus.cases}
    reasons |= {item.source: item.reason for item in corpus.rejected}
    alive = {case.id for case in corpus.cases}
    names, sources, status = (store.column(name).tolist() for name in ("case", "source", "status"))
    for shard in shards:
        standing = [row for row in store.rows(shard) if status[row] != Status.REJECTED]
        gone = [row for row in standing if sources[row] in reasons and names[row] not in alive]
        if gone:
            store.write_shard(shard, {row: {"reason": reasons[sources[row]], "status": Status.REJECTED} for row in gone})


def _fill(store: LandmarkStore, shard: int, rows: Sequence[tuple[int, Case]], job: Job) -> Iterator[int]:
    """Do the cases of one shard, writing now and then; yields each row as it is done."""
    records: dict[int, Any] = {}
    flushed = time.perf_counter()
    try:
        for row, record in records_of(rows, job):
            records[row] = record
            if time.perf_counter() - flushed > FLUSH_S:
                store.write_shard(shard, records)
                records, flushed = {}, time.perf_counter()
            yield row
    finally:
        if records:
            store.write_shard(shard, records)


def _result(
    store: LandmarkStore, by_id: dict[str, Case], unread: Sequence[Rejected], done: int, added: int, seconds: float
) -> ExtractResult:
    """Count the folder's cases by status, and list the rejected ones in ``rejected.csv`` beside the store."""
    names, status, reasons = (store.column(name).tolist() for name in ("case", "status", "reason"))
    mine = [(n, code, why) for n, code, why in zip(names, status, reasons, strict=True) if n in by_id]
    rejected = [*unread, *(Rejected(by_id[n].source, why) for n, code, why in mine if code == Status.REJECTED)]
    _list_rejected(store.path.parent, f"{store.path.stem}.rejected.csv", rejected)
    counts = {code: sum(found == code for _, found, _ in mine) for code in (Status.OK, Status.FLAGGED)}
    return ExtractResult(
        store=store.path,
        n_ok=counts[Status.OK],
        n_flagged=counts[Status.FLAGGED],
        n_rejected=len(rejected),
        n_new=done,
        n_added=added,
        n_cases=store.n_cases,
        rejected=tuple(rejected),
        seconds=round(seconds, 2),
    )


def _list_rejected(folder: Path, other: str, rejected: Sequence[Rejected]) -> None:
    """Write or take away ``rejected.csv``; where somebody else's file has that name, take the other name."""
    listing = folder / "rejected.csv"
    heading = ("source", "reason")
    if listing.exists() and not listing.read_bytes().startswith(",".join(heading).encode()):
        listing = folder / other
    if not rejected:
        listing.unlink(missing_ok=True)
        return
    draft = listing.with_name(f"{listing.name}.{os.getpid()}.partial")
    try:
        with draft.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([heading, *((item.source, item.reason) for item in rejected)])
        draft.replace(listing)
    finally:
        draft.unlink(missing_ok=True)
