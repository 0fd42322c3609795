"""``fit``: a folder of masks becomes an atlas - topology, template, network, and figures that say how good it is."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atlaskit.config import FitConfig
from atlaskit.corpus import Case, Corpus, Rejected, split
from atlaskit.errors import InputError, NotFoundError
from atlaskit.groupwise import Template, fit_template, place, with_holes
from atlaskit.masks import Structure
from atlaskit.metrics import OVERALL
from atlaskit.net import ranks
from atlaskit.net.run import Run, follow
from atlaskit.readers import filled_rings, outline_problems, outlines, read_corpus
from atlaskit.topology import independent
from atlaskit.verbs.fitted import FitResult, Sampled, write_summary
from atlaskit.verbs.tracing import Fills, Progress, silent, trace_cases
from atlaskit.verbs.validation import Held, draw, figures

CHECKED = 64
"""Validation cases that are measured and drawn, at most."""
LEAST_CASES = 6
"""Cases that a fit needs."""
FINISHING_S = 4.0
"""Time kept back of ``minutes`` for figures and summary."""
FIGURES = ("dice", "assd_px", "self_intersections", "pull_px")


@ranks.led_by_rank_0(follow)
def fit(
    masks: Path | str,
    *,
    atlas: Path | str = "atlas",
    layout: str = "auto",
    structures: Sequence[str | Structure] = (),
    plane: str | None = None,
    subject_pattern: str | None = None,
    config: FitConfig | None = None,
    minutes: float | None = None,
    device: str = "auto",
    resume: bool = False,
    report: Progress = silent,
) -> FitResult:
    """Fit an atlas to a folder of masks; under ``torchrun``, with all its processes as one.

    Parameters
    ----------
    masks : path
        A folder in any layout that `read_corpus` knows.
    atlas : path
        Where the atlas goes; ``fit.json``, ``log.jsonl`` and ``figures/`` are replaced, and a ``network.pt`` that is there
        becomes ``network.previous.pt``.
    layout : str
        Name of a reader, or "auto".
    structures : sequence of str or Structure
        ``NAME=EXPR`` each; empty for one structure per label.
    plane, subject_pattern : str, optional
        As in `read_corpus`: how volumes are cut, and whom a case belongs to.
    config : FitConfig, optional
        Every number of the run; the balanced preset unless given.
    minutes : float, optional
        Stop in this time; schedules follow progress.
    device : str
        "auto", "cpu" or "cuda".
    resume : bool
        Go on from the checkpoint of an interrupted fit of the same masks and numbers.
    report : callable
        ``report(stage, done, total)``.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        When the masks or the settings do not hold what they must.
    NotFoundError
        When there is no such folder, or nothing to resume.
    """
    began = time.perf_counter()
    config, target = config or FitConfig(), Path(atlas)
    if minutes is not None and not 0 < minutes < math.inf:
        raise InputError(f"--minutes must be above 0 and finite; got {minutes:g}: leave it out for no limit.")
    if resume and not (target / "checkpoint.pt").is_file():
        raise NotFoundError(f"There is no checkpoint in {target} to resume: run the same command without --resume.")
    ranks.check(config.batch, device)
    corpus = read_corpus(masks, layout=layout, structures=structures, plane=plane, subject_pattern=subject_pattern)
    fills = _fills(corpus, config)
    sampled = _sample(corpus, fills, report)
    fitted, aside = _split(sampled, config)
    template, wanted = _template(corpus, sampled, fitted, config, fills, report)
    held = _hold(corpus, sampled, aside, wanted)
    target.mkdir(parents=True, exist_ok=True)
    run = Run(
        template,
        config,
        (sampled.samples[fitted], wanted[fitted]),
        held.samples,
        sampled.lengths,
        device=device,
        folder=target,
        fingerprint=_fingerprint(config, sampled),
    )
    if resume:
        run.resume()
    spent = time.perf_counter() - began
    limit = None if minutes is None else max(1.0, 0.95 * 60 * minutes - spent - FINISHING_S)
    run.train(lambda points: figures(points, held, template, pulled=config.pulls), limit_s=limit, report=report)

    network = run.network(corpus.structures)
    if (target / "network.pt").exists():  # landmarks that it gave may still lie beside it
        shutil.copy2(target / "network.pt", target / "network.previous.pt")
    network.save(target / "network.pt")
    points = run.landmarks()
    validation = figures(points, held, template)
    some = fitted[:: max(1, len(fitted) // 200)]
    found = template.frames(sampled.samples[some].astype(float))
    pictures = draw(target / "figures", template, found.to_unit(wanted[some]), held, points, run.log)
    result = FitResult(
        atlas=target,
        network=target / "network.pt",
        cases=len(sampled.cases),
        fitted=len(fitted),
        validated=len(aside),
        steps=run.trainer.step,
        seconds=round(time.perf_counter() - began, 2),
        validation={name: {key: validation[key][name] for key in FIGURES} for name in validation["dice"]},
        pictures=pictures,
        rejected=sampled.rejected,
    )
    asked = {"plane": plane, "subject_pattern": subject_pattern, "minutes": minutes}
    write_summary(result, corpus, config, network.sha256, sampled, (fitted, aside), template, asked)
    (target / "checkpoint.pt").unlink(missing_ok=True)
    return result


def _fills(corpus: Corpus, config: FitConfig) -> Fills:
    """Rings and what fills them; any other structure that is no single outline, or has a reserved name, is refused."""
    if OVERALL in corpus.names:
        raise InputError(
            f"No structure may be called {OVERALL!r}, as tables call their means: rename it by --structure NAME=LABEL."
        )
    found = outlines(corpus)
    fills = filled_rings(corpus, found) if config.shared_boundaries else ()
    filled = {corpus.names[ring] for ring, _ in fills}
    problems = outline_problems(corpus, {name: each for name, each in found.items() if name not in filled})
    if problems:
        raise InputError(" ".join(problems.values()))
    return fills


def _sample(corpus: Corpus, fills: Fills, report: Progress) -> Sampled:
    """Trace every case of a corpus."""
    kept: list[Case] = []
    samples: list[NDArray[np.float32]] = []
    lengths: list[NDArray[np.float64]] = []
    rejected = list(corpus.rejected)
    for found in trace_cases(corpus, corpus.cases, fills=fills, report=report):
        if isinstance(found, Rejected):
            rejected.append(found)
        else:
            kept.append(found.case)
            samples.append(found.samples.astype(np.float32))
            lengths.append(found.lengths_px)
    if len(kept) < LEAST_CASES:
        why = f" ({rejected[0].source}: {rejected[0].reason})" if rejected else ""
        raise InputError(f"A fit needs at least {LEAST_CASES} masks that can be used; {corpus.root} gives {len(kept)}{why}.")
    return Sampled(tuple(kept), np.stack(samples), np.nanmean(np.stack(lengths), axis=0), tuple(rejected))


def _split(sampled: Sampled, config: FitConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Case indices to fit and to validate: whole subjects, and every structure to be fitted somewhere."""
    _, aside = split([case.subject for case in sampled.cases], config.validation, config.seed)
    held = np.array([case.subject in aside for case in sampled.cases])
    present = ~np.isnan(sampled.samples[:, :, 0, 0])
    for s in np.flatnonzero(~present[~held].any(0)):
        held[np.flatnonzero(present[:, s])] = False
    if held.all() or not held.any():
        raise InputError(
            f"A fit needs masks of at least two subjects, to keep some for validation; "
            f"all {len(held)} belong to {sampled.cases[0].subject!r}."
        )
    return np.flatnonzero(~held), np.flatnonzero(held)


def _template(
    corpus: Corpus, sampled: Sampled, fitted: NDArray[np.int64], config: FitConfig, fills: Fills, report: Progress
) -> tuple[Template, NDArray[np.float32]]:
    """The groupwise template of a seeded subset, and every case's groupwise landmarks (N, L, 2), pixels."""
    lengths = dict(zip(corpus.names, sampled.lengths.tolist(), strict=True))
    topology = independent(lengths, nodes=config.nodes, scale=config.node_scale, levels=config.levels)
    count = min(len(fitted), config.template_cases)
    chosen = np.sort(np.random.default_rng(config.seed).permutation(fitted)[:count])
    missing = np.isnan(sampled.samples[chosen, :, 0, 0]).all(0)
    for s in np.flatnonzero(missing):  # a rare structure that the subset missed
        chosen = np.append(chosen, fitted[~np.isnan(sampled.samples[fitted, s, 0, 0])][:1])
    report("aligning", 0, 1)
    template = fit_template(
        sampled.samples[chosen].astype(np.float64),
        topology,
        rounds=config.template_rounds,
        free=config.pose == "free",
        mirror=config.mirror,
        shared=config.shared_boundaries,
    )
    template = with_holes(template, fills)
    topology = template.topology
    if config.shared_boundaries and not (fills or topology.touching().any()):
        raise InputError(
            "--shared-boundaries needs structures that touch along a part of their outlines in most cases; none do: "
            "leave it out."
        )
    wanted = np.full((len(sampled.cases), topology.n_landmarks, 2), np.nan, np.float32)
    for start in range(0, len(wanted), 256):
        wanted[start : start + 256] = place(template, sampled.samples[start : start + 256].astype(np.float64))
        report("aligning", min(start + 256, len(wanted)), len(wanted))
    return template, wanted


def _hold(corpus: Corpus, sampled: Sampled, aside: NDArray[np.int64], wanted: NDArray[np.floating]) -> Held:
    """Load the masks of the validation cases that are measured."""
    chosen = aside[np.linspace(0, len(aside) - 1, min(CHECKED, len(aside))).astype(int)]
    cases = [sampled.cases[index] for index in chosen]
    ids, subjects = (tuple(getattr(case, name) for case in cases) for name in ("id", "subject"))
    masks = tuple(corpus.load(case) for case in cases)
    return Held(ids, subjects, masks, sampled.samples[chosen], wanted[chosen])


def _fingerprint(config: FitConfig, sampled: Sampled) -> str:
    """What a checkpoint belongs to: the numbers, the cases and their contours."""
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
    digest.update("\n".join(f"{case.id} {case.subject}" for case in sampled.cases).encode())
    digest.update(np.ascontiguousarray(sampled.samples).data)
    return digest.hexdigest()
