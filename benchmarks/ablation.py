"""What each part gives: ``python benchmarks/ablation.py DATA [--steps N] [--seeds 0 1 2] [--corpora C ...] [--rows R ...]``.

One part at a time is changed in the default, on corpora with true landmarks of very different kinds, so that nothing is tuned
to one of them:

- chest: JSRT lungs and heart (DATA/cxr), 142 to fit, 30 unseen, px of the 1024 grid;
- bones: mouse vertebrae in any pose (DATA/mouse_vertebrae), fitted on 70 % of them, px of 256;
- drawn chests and drawn ventricles: phantoms, 100 and 240 masks, fitted on 70 % of them, px.

Every figure is the distance of landmarks to the true ones on unseen cases (each tied to its best fixed position on the
others), of the network alone and after the boundary fit, with the network's Dice. Assignments alone (groupwise) are compared
in a second table, since they take seconds. Writes ablation.csv, ablation.md to ``--out``; rows in the CSV are not run again.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from chest import GRID, STRUCTURES, split, truths

from atlaskit import metrics, phantom
from atlaskit.config import FitConfig
from atlaskit.contours import perimeter, trace
from atlaskit.groupwise import Template, Weights, fit_template, place
from atlaskit.net.predict import landmarks_of
from atlaskit.net.run import Run
from atlaskit.readers import read_corpus
from atlaskit.signatures import sample_contours
from atlaskit.topology import independent
from atlaskit.verbs.tracing import Traced, trace_cases


@dataclass(frozen=True)
class Cohort:
    """Cases with true landmarks."""

    samples: np.ndarray
    planes: list[np.ndarray]
    lengths: dict[str, float]
    truth: dict[str, np.ndarray]
    train: np.ndarray
    free: bool = False
    scale: float = 1.0


def drawn(truth: phantom.Phantom, names: tuple[str, ...]) -> Cohort:
    """A phantom, without its faulty masks."""
    planes = [truth.mask(case).planes for case in range(len(truth))]
    contours = [[trace(plane) for plane in mask] for mask in planes]
    lengths = np.nanmean([[np.nan if c is None else perimeter(c.points) for c in case] for case in contours], axis=0)
    train = np.zeros(len(planes), dtype=bool)
    train[np.random.default_rng(0).permutation(len(planes))[: round(0.7 * len(planes))]] = True
    samples = np.stack([sample_contours(case) for case in contours])
    return Cohort(samples, planes, dict(zip(names, lengths.tolist(), strict=True)), dict(truth.landmarks), train)


def read(folder: Path, structures: list[str], names: list[str] | None = None) -> tuple[list[str], list[Traced]]:
    """Ids and traced masks of a folder, in order of ids, or of names."""
    corpus = read_corpus(folder, structures=structures)
    by_name = {case.id: case for case in corpus.cases}
    chosen = names or sorted(by_name)
    return chosen, [case for case in trace_cases(corpus, [by_name[n] for n in chosen]) if isinstance(case, Traced)]


def chest(data: Path) -> Cohort:
    """The JSRT cases."""
    fit_files, new_files = split(sorted((data / "cxr/masks").glob("JPC*.png")))
    structures = [f"{name}={k}" for k, name in enumerate(STRUCTURES, start=1)]
    names, traced = read(data / "cxr/masks", structures, [file.stem for file in (*fit_files, *new_files)])
    train = np.arange(len(names)) < len(fit_files)
    return of(traced, tuple(STRUCTURES), truths(data, names), train, scale=GRID)


def bones(data: Path) -> Cohort:
    """The mouse vertebrae: their outline is one structure."""
    names, traced = read(data / "mouse_vertebrae/masks", ["bone=1"])
    table = np.load(data / "mouse_vertebrae/landmarks.npz")
    row = {str(name): k for k, name in enumerate(table["id"])}
    truth = {"bone": table["points_landmarks6"][[row[name] for name in names]].astype(float)}
    train = np.zeros(len(names), dtype=bool)
    train[np.random.default_rng(0).permutation(len(names))[: round(0.7 * len(names))]] = True
    return of(traced, ("bone",), truth, train, free=True)


def of(traced: list[Traced], names: tuple[str, ...], truth: dict[str, np.ndarray], train: np.ndarray, **more: Any) -> Cohort:
    """A cohort of traced masks."""
    lengths = np.nanmean([case.lengths_px for case in traced], axis=0).tolist()
    samples, planes = np.stack([case.samples for case in traced]), [case.mask.planes for case in traced]
    return Cohort(samples, planes, dict(zip(names, lengths, strict=True)), truth, train, **more)


def chests(_: Path) -> Cohort:
    """Drawn chests."""
    truth = phantom.chest(100, faults=0.0, missing=0.0)
    return drawn(truth, tuple(truth.structures))


def ventricles(_: Path) -> Cohort:
    """Drawn ventricles, ten frames of each."""
    truth = phantom.cine(24, frames=10)
    return drawn(truth, tuple(truth.structures))


CORPORA: dict[str, Callable[[Path], Cohort]] = {"chest": chest, "bones": bones, "chests": chests, "ventricles": ventricles}

ROWS: dict[str, dict[str, Any]] = {
    "default": {},
    "random start, no pull": {"init": "random", "losses": {"pull": 0}},
    "random start": {"init": "random"},
    "no pull": {"losses": {"pull": 0}},
    "pull not annealed": {"losses": {"pull": 100}},
    "pull annealed to 0": {"losses": {"pull": {"start": 100, "stop": 0}}},
    "no curvature": {"losses": {"curvature": 0}},
    "curvature x 10": {"losses": {"curvature": {"start": 10, "stop": 1, "shape": "log"}}},
    "even spacing": {"losses": {"edge": 0.1}},
    "no raster": {"losses": {"dice": 0, "bce": 0}},
    "no twins": {"twins": 0, "losses": {"steady": 0}},
    "latent 16": {"latent": 16},
    "latent 128": {"latent": 128},
    "64 landmarks": {"nodes": 64},
    "input 64 px": {"input_size": 64},
    "input 256 px": {"input_size": 256},
    "second groupwise round": {},
}
"""What is changed in the default; the last row is fitted once more, to the boundary fit of its own first network."""

ASSIGNMENTS: dict[str, Weights] = {
    "default": Weights(),
    "no wide bend": Weights(bend=0.0),
    "wide bend x 3": Weights(bend=3.0),
    "no sharp corner": Weights(turning=0.0),
    "no contact": Weights(contact=0.0),
    "no tangent": Weights(tangent=0.0),
    "position x 5": Weights(position=0.5),
    "spacing / 3": Weights(spacing=0.33),
    "spacing x 3": Weights(spacing=3.0),
}


def template_of(cohort: Cohort, config: FitConfig, weights: Weights | None = None) -> Template:
    """The groupwise template of the cases to fit."""
    topology = independent(cohort.lengths, nodes=config.nodes, scale=config.node_scale, levels=config.levels)
    return fit_template(cohort.samples[cohort.train], topology, weights=weights, free=cohort.free)


def error(points: np.ndarray, template: Template, cohort: Cohort) -> tuple[float, float]:
    """Mean over structures of the mean distance to true landmarks on unseen cases, and of the 95th percentile."""
    table = metrics.correspondence_error(metrics.by_structure(points, template.topology), cohort.truth, train=cohort.train)
    return tuple(float(table.loc["overall", name]) * cohort.scale for name in ("mean_px", "p95_px"))  # type: ignore[return-value]


def dice(points: np.ndarray, template: Template, cohort: Cohort) -> float:
    """Mean Dice on unseen cases."""
    unseen = np.flatnonzero(~cohort.train)
    loops = [list(loop) for loop in template.topology.loops]
    values = [metrics.polygon_dice(points[i, loop], cohort.planes[i][s]) for i in unseen for s, loop in enumerate(loops)]
    return float(np.nanmean(values))


def train(cohort: Cohort, config: FitConfig, template: Template, wanted: np.ndarray) -> np.ndarray:
    """Landmarks of all cases by a network that is fitted to some: its last weights, whatever they are."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(
            template,
            config,
            (cohort.samples[cohort.train], wanted[cohort.train]),
            cohort.samples[~cohort.train],
            np.array(list(cohort.lengths.values())),
            device="auto",
            folder=Path(folder),
            fingerprint="",
        )
        run.train(lambda _: {"error": -float(run.trainer.step)}, limit_s=None, report=lambda *_: None)
        return landmarks_of(run.network(()), cohort.samples).points


def row(name: str, corpus: str, cohort: Cohort, steps: int, seed: int) -> dict[str, Any]:
    """One row of the table: a fit and what it gives."""
    changes = {"steps": steps, "checks": 1, "seed": seed, **ROWS[name]}
    if corpus == "bones":
        changes["pose"] = "free"
    config = FitConfig.named("balanced", **changes)
    template = template_of(cohort, config)
    wanted = place(template, cohort.samples)
    network = train(cohort, config, template, wanted)
    if name == "second groupwise round":
        network = train(cohort, config, template, place(template, cohort.samples, predicted=network))
    points = place(template, cohort.samples, predicted=network)
    found = {"row": name, "corpus": corpus, "seed": seed, "dice": dice(network, template, cohort)}
    for kind, landmarks in (("groupwise", wanted), ("network", network), ("points", points)):
        found[kind], found[f"{kind} p95"] = error(landmarks, template, cohort)
    loops = [list(loop) for loop in template.topology.loops]
    found["crossed"] = float(np.mean([metrics.self_intersections(points[:, loop]) > 0 for loop in loops]))
    return found


def assignment(name: str, corpus: str, cohort: Cohort) -> dict[str, Any]:
    """Groupwise landmarks alone, by other weights."""
    template = template_of(cohort, FitConfig(), ASSIGNMENTS[name])
    found, p95 = error(place(template, cohort.samples), template, cohort)
    return {"row": name, "corpus": corpus, "seed": -1, "groupwise": found, "groupwise p95": p95}


def markdown(table: pd.DataFrame) -> str:
    """Two tables: fits, and assignments alone."""
    fits, alone = table[table["seed"] >= 0], table[table["seed"] < 0]
    corpora = list(dict.fromkeys(table["corpus"]))
    lines = [
        "| changed | " + " | ".join(f"{c}: points (network), Dice" for c in corpora) + " |",
        "|---|" + "---|" * len(corpora),
    ]
    for name in [name for name in ROWS if name in set(fits["row"])]:
        lines.append(
            f"| {name} | " + " | ".join(_cell(fits[(fits["row"] == name) & (fits["corpus"] == c)]) for c in corpora) + " |"
        )
    lines += ["", "| groupwise alone | " + " | ".join(corpora) + " |", "|---|" + "---|" * len(corpora)]
    for name in [name for name in ASSIGNMENTS if name in set(alone["row"])]:
        values = [alone[(alone["row"] == name) & (alone["corpus"] == c)]["groupwise"].mean() for c in corpora]
        lines.append(f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    return "\n".join(lines) + "\n"


def _cell(runs: pd.DataFrame) -> str:
    """Mean over seeds, with the spread where there are several."""
    if runs.empty:
        return ""
    spread = f" ± {runs['points'].std():.2f}" if len(runs) > 1 else ""
    return f"{runs['points'].mean():.2f}{spread} ({runs['network'].mean():.2f}), {runs['dice'].mean():.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--corpora", nargs="+", choices=list(CORPORA), default=list(CORPORA))
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--out", type=Path, default=Path("."))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    path = asked.out / "ablation.csv"
    table = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["row", "corpus", "seed"])
    cohorts = {name: CORPORA[name](asked.data) for name in asked.corpora}
    jobs = [(name, corpus, -1) for name in ASSIGNMENTS for corpus in cohorts]
    jobs += [(name, corpus, seed) for seed in asked.seeds for name in asked.rows for corpus in cohorts]
    done = set(zip(table["row"], table["corpus"], table["seed"], strict=True))
    for name, corpus, seed in [job for job in jobs if job not in done]:
        found = assignment(name, corpus, cohorts[corpus]) if seed < 0 else row(name, corpus, cohorts[corpus], asked.steps, seed)
        print(found, flush=True)
        table = pd.concat([table, pd.DataFrame([found])], ignore_index=True)
        table.to_csv(path, index=False, float_format="%.6g")
        (asked.out / "ablation.md").write_text(markdown(table))
    print(markdown(table))


if __name__ == "__main__":
    main()
