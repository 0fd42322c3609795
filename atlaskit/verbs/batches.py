"""What `extract` does with each case, a batch at a time in each thread: read, trace, place, measure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from atlaskit.corpus import Case, Corpus, Rejected
from atlaskit.groupwise import place
from atlaskit.landmarks import Status
from atlaskit.net.network import Network
from atlaskit.net.predict import landmarks_of
from atlaskit.verbs.quality import record_of
from atlaskit.verbs.tracing import Traced, in_order, trace_case

BATCH = 16
"""Cases that a thread has in hand at once, unless asked otherwise."""


@dataclass(frozen=True)
class Job:
    """What every step of an extraction needs.

    Attributes
    ----------
    corpus : Corpus
    network : Network
    boundary_fit : bool
    workers : int or None
    batch : int
    device : str
    recipe : bytes
        As `recipe_of` gives it.
    """

    corpus: Corpus
    network: Network
    boundary_fit: bool
    workers: int | None
    batch: int
    device: str
    recipe: bytes


def recipe_of(corpus: Corpus, plane: str | None, boundary_fit: bool) -> bytes:
    """What beside the files decides the landmarks: how they are read, and whether a boundary fit follows."""
    return json.dumps([corpus.layout, plane, boundary_fit, [[s.name, s.values] for s in corpus.structures]]).encode()


def sha_of(job: Job, case: Case) -> str:
    """Fingerprint of a case's files and of how they are read; empty when they cannot be read."""
    return fingerprint(job.corpus, case, job.recipe)


def fingerprint(corpus: Corpus, case: Case, recipe: bytes) -> str:
    """Fingerprint of a case's files and of a recipe; empty when they cannot be read."""
    try:
        files = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in corpus.files(case)]
    except OSError:
        return ""
    content = b"".join(_digest(*file) for file in files)
    return hashlib.blake2b(recipe + content, digest_size=16).hexdigest()


@lru_cache(maxsize=256)
def _digest(path: str, changed: int, size: int) -> bytes:
    """Digest of one file's content; a volume of many slices is read once."""
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).digest()


def records_of(rows: Sequence[tuple[int, Case]], job: Job) -> Iterator[tuple[int, Any]]:
    """Row and record of every case; each thread takes a batch of them all the way, and none waits for another."""
    batches = [rows[start : start + job.batch] for start in range(0, len(rows), job.batch)]
    with threadpool_limits(1):  # threads of linear algebra beside ours would only get in the way
        for found in in_order(lambda batch: _batch(batch, job), batches, workers=job.workers):
            yield from found


def _batch(rows: Sequence[tuple[int, Case]], job: Job) -> list[tuple[int, Any]]:
    """Read, trace, place and measure some cases."""
    shas = [sha_of(job, case) for _, case in rows]
    traced = [trace_case(job.corpus, case, job.network.topology.fills()) for _, case in rows]
    whole = [found for found in traced if not isinstance(found, Rejected)]
    placed = iter(_placed(whole, job))
    records: list[tuple[int, Any]] = []
    for (row, _), sha, found in zip(rows, shas, traced, strict=True):
        if isinstance(found, Rejected):
            records.append((row, {"source_sha": sha, "reason": found.reason, "status": Status.REJECTED}))
        else:
            records.append((row, record_of(found, job.network.topology, source_sha=sha, **next(placed))))
    return records


def _placed(batch: Sequence[Traced], job: Job) -> Iterator[dict[str, Any]]:
    """Landmarks of traced cases: by the network, and on their boundaries."""
    if not batch:
        return
    network = job.network
    samples = np.stack([traced.samples for traced in batch])
    found = landmarks_of(network, samples, device=job.device, threads=1)
    points = place(network.template, samples, predicted=found.points, workers=1) if job.boundary_fit else found.points
    for k, ood in enumerate(network.distance(found.latent)):
        yield {"points": points[k], "points_network": found.points[k], "latent": found.latent[k], "ood": float(ood)}
