"""Do landmarks mean the same when the atlas is fitted again? The same masks, other seeds, index against index."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.config import FitConfig
from atlaskit.corpus import Corpus
from atlaskit.errors import InputError, NetworkError
from atlaskit.metrics import Offsets, by_structure, offsets, with_overall
from atlaskit.net.network import Network, load_network
from atlaskit.readers import read_corpus
from atlaskit.topology import Topology
from atlaskit.verbs.batches import fingerprint
from atlaskit.verbs.evaluation.material import KINDS, Material, mean_over_cases
from atlaskit.verbs.evaluation.placing import Found, place_all
from atlaskit.verbs.evaluation.round_trip import stack
from atlaskit.verbs.evaluation.sources import Masks, Reading
from atlaskit.verbs.fit import fit
from atlaskit.verbs.fitted import Summary, read_summary
from atlaskit.verbs.tracing import Progress


@dataclass(frozen=True)
class Repeatability:
    """How far the landmarks of networks lie apart that were fitted alike.

    Attributes
    ----------
    table : DataFrame
        By kind of landmarks and structure: the columns of `metrics.correspondence_error`, and the number of ``networks``.
    by_landmark : mapping of str to (n,) float array
        By structure the mean distance of each landmark of the atlas from the other networks' ``points``, px.
    note : str
        Says so where the repeats were fitted on other masks than the atlas.
    """

    table: pd.DataFrame
    by_landmark: Mapping[str, NDArray[np.float64]]
    note: str = ""


def repeatability(
    material: Material, masks: Masks, *, times: int, reading: Reading, device: str, report: Progress
) -> Repeatability:
    """Fit again with other seeds, place the landmarks of the store's cases, and compare every network with every other.

    The folders of the repeats are taken away at the end; those of an interrupted run stay, and what is finished in them
    is used again.
    """
    summary = read_summary(material.atlas, material.network.sha256, "--repeat needs it to fit the same masks again")
    corpus, own = _fitted_corpus(summary, masks, material, reading)
    refits = [
        _Refit(material, corpus, own, replace(material.network.config, seed=material.network.config.seed + k), device)
        for k in range(1, times + 1)
    ]
    for refit in refits:
        refit.check()
    networks = []
    for k, refit in enumerate(refits, start=1):
        networks.append(refit.network(summary.minutes, _named(report, f"repeat {k} of {times}: ")))
    samples = masks.samples[masks.rows]
    found = [{kind: material.points[kind][masks.rows] for kind in KINDS}]
    for network in networks:
        found.append(place_all(network, samples, boundary_fit=material.boundary_fit, device=device, report=report))
    topologies = [material.topology, *(network.topology for network in networks)]
    result = compare_fits(found, topologies, material.spacing_mm[masks.rows])
    for refit in refits:
        shutil.rmtree(refit.folder, ignore_errors=True)
    other = f"The masks of the fit are gone: the repeats were fitted on those in {corpus.root}, which may differ."
    return replace(result, note=other) if corpus is masks.corpus else result


def _named(report: Progress, prefix: str) -> Progress:
    return lambda stage, done, total: report(prefix + stage, done, total)


def _fitted_corpus(summary: Summary, masks: Masks, material: Material, reading: Reading) -> tuple[Corpus, Reading]:
    """The masks that the atlas was fitted on, and how they are read; the evaluated ones where those are gone."""
    if not summary.root.is_dir():
        return masks.corpus, replace(reading, layout=masks.corpus.layout)
    own = Reading(summary.layout, summary.plane or reading.plane, summary.subject_pattern or reading.subject_pattern)
    structures = material.network.structures
    return read_corpus(summary.root, structures=structures, **asdict(own)), own


@dataclass(frozen=True)
class _Refit:
    """One more fit of the same masks, with another seed."""

    material: Material
    corpus: Corpus
    reading: Reading
    config: FitConfig
    device: str

    @property
    def folder(self) -> Path:
        """Where it is made, and where an interrupted run finds it again."""
        return self.material.atlas / "evaluate" / f"repeat_{self.config.seed}"

    def check(self) -> None:
        """Refuse a place that something else has taken, which would be lost."""
        ours = (self.folder / "repeat.json").is_file() or (self.folder.is_dir() and not any(self.folder.iterdir()))
        if self.folder.exists() and not ours:
            raise InputError(f"--repeat fits in {self.folder}, and something else is there: move it away first.")

    def network(self, minutes: float | None, report: Progress) -> Network:
        """The finished network of an interrupted run, or a new one, from its checkpoint where there is one."""
        mark, wanted = self.folder / "repeat.json", self.fingerprint(minutes)
        if not mark.is_file() or mark.read_text(encoding="utf-8") != wanted:
            self._clear(mark, wanted)
        try:
            if (self.folder / "fit.json").is_file():
                return load_network(self.folder / "network.pt")
            self._fit(minutes, report, resume=(self.folder / "checkpoint.pt").is_file())
        except NetworkError:  # cut short by a crash: neither network nor checkpoint can be used
            self._clear(mark, wanted)
            self._fit(minutes, report, resume=False)
        return load_network(self.folder / "network.pt")

    def fingerprint(self, minutes: float | None) -> str:
        """What a repeat depends on, as text: every number of the run, and the content of every mask."""
        digest = hashlib.sha256(json.dumps([self.corpus.layout, self.reading.plane, self.reading.subject_pattern]).encode())
        for case in self.corpus.cases:
            digest.update(f"{case.id} {case.subject} {fingerprint(self.corpus, case, b'')}".encode())
        structures = [[structure.name, list(structure.values)] for structure in self.material.network.structures]
        settings = {"config": self.config.to_dict(), "structures": structures, "minutes": minutes}
        return json.dumps({**settings, "masks": digest.hexdigest()}, sort_keys=True, indent=1)

    def _clear(self, mark: Path, wanted: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        mark.write_text(wanted, encoding="utf-8")

    def _fit(self, minutes: float | None, report: Progress, *, resume: bool) -> None:
        fit(
            self.corpus.root,
            atlas=self.folder,
            layout=self.corpus.layout,
            structures=self.material.network.structures,
            plane=self.reading.plane,
            subject_pattern=self.reading.subject_pattern,
            config=self.config,
            minutes=minutes,
            device=self.device,
            resume=resume,
            report=report,
        )


def compare_fits(found: Sequence[Found], topologies: Sequence[Topology], spacing_mm: NDArray[np.floating]) -> Repeatability:
    """Tie each landmark of one run to a fixed position along the polygons of another, for every ordered pair of runs."""
    tables = {}
    by_landmark: dict[str, NDArray[np.float64]] = {}
    for kind in KINDS:
        runs = [by_structure(points[kind], topology) for points, topology in zip(found, topologies, strict=True)]
        rows = {}
        for name in topologies[0].structures:
            pairs = {(a, b): _apart(runs[a][name], runs[b][name], spacing_mm) for a, b in permutations(range(len(runs)), 2)}
            there = np.isfinite(runs[0][name]).all(axis=(1, 2)).sum()
            rows[name] = _pooled(list(pairs.values())).summary() | {"cases": int(there), "networks": len(runs)}
            if kind == KINDS[0]:
                lengths = np.concatenate([pairs[a, 0].lengths("px")[0] for a in range(1, len(runs))])
                by_landmark[name] = mean_over_cases(lengths)
        tables[kind] = with_overall(pd.DataFrame.from_dict(rows, orient="index"))
    return Repeatability(stack(tables, "landmarks"), by_landmark)


def _apart(one: NDArray[np.floating], other: NDArray[np.floating], spacing_mm: NDArray[np.floating]) -> Offsets:
    """How far the landmarks of the other run lie from the fixed positions on this one that stand for them."""
    every = np.ones(len(one), dtype=bool)
    if not (np.isfinite(one).all(axis=(1, 2)) & np.isfinite(other).all(axis=(1, 2))).any():
        nothing = np.full(other.shape, np.nan)
        return Offsets(np.full(other.shape[1], np.nan), nothing, nothing, np.asarray(spacing_mm))
    return offsets(one, other, train=every, test=every, spacing_mm=spacing_mm)


def _pooled(pairs: Sequence[Offsets]) -> Offsets:
    """All offsets of some pairs, as of one landmark."""
    return Offsets(
        np.zeros(1),
        np.concatenate([pair.offset.reshape(-1, 1, 2) for pair in pairs]),
        np.concatenate([pair.tangent.reshape(-1, 1, 2) for pair in pairs]),
        np.concatenate([np.repeat(pair.spacing_mm, pair.offset.shape[1], axis=0) for pair in pairs]),
    )
