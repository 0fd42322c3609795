"""Does correspondence emerge, and how fast? ``python benchmarks/emergence.py DATA [--steps N] [--seeds 0 1] [--out DIR]``.

``--redraw`` makes picture and table anew from the emergence.csv in DIR and trains nothing.

DATA holds ``cxr/`` (masks, landmarks.npz), split as in chest.py: 142 JSRT cases to fit, 30 unseen. Three recipes train the same
network on the same budget (input, batch, learning rate, steps):

- paper: random start, the published losses and augmentation;
- template: the default without its pull, which leaves the start from the groupwise template;
- default: that start, and the pull toward the groupwise landmarks.

``--published`` adds the recipe with its own network and learning rate, at 512 px and batch 1, on as many images: hours on a
CPU.
At every check, on the unseen cases: Dice, distance of the network's landmarks to the manual ones (each tied to its best fixed
position on the cases to fit; px of the 1024 grid), and outlines that cross themselves. The groupwise landmarks alone are the
line to compare with. Writes emergence.csv, emergence.md and emergence.png. Run by hand on an idle machine.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from chest import GRID, STRUCTURES, split, truths

from atlaskit import metrics
from atlaskit.config import PRESETS, FitConfig
from atlaskit.groupwise import fit_template, place
from atlaskit.net.run import Run
from atlaskit.readers import read_corpus
from atlaskit.topology import Topology, independent
from atlaskit.verbs.tracing import Traced, trace_cases

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # after the choice of a backend that needs no screen

RECIPES = ("paper", "template", "default")
NAMES = {
    "groupwise alone": "groupwise assignment alone, no network",
    "paper": "paper: random start, published losses",
    "template": "template start, no pull",
    "default": "default: template start and pull",
    "published": "published: its own network and learning rate",
}
"""What the recipes are called in table and picture."""
COLUMNS = {
    "dice": "Dice (logit scale)",
    "error_px": "to manual landmarks,\npx of 1024 (log scale)",
    "crossed": "outlines that cross themselves,\npart of all",
}
SCALES = {"dice": "logit", "error_px": "log", "crossed": "linear"}  # so that a random start is seen beside what comes of it
DICE_TICKS = (0.1, 0.5, 0.9, 0.97, 0.99, 0.995, 0.999)


@dataclass(frozen=True)
class Chests:
    """Cases to fit first, then the unseen ones."""

    samples: np.ndarray
    planes: list[np.ndarray]
    lengths: np.ndarray
    truth: dict[str, np.ndarray]
    train: np.ndarray


def load(data: Path) -> Chests:
    """The JSRT cases with manual landmarks."""
    fit_files, new_files = split(sorted((data / "cxr/masks").glob("JPC*.png")))
    corpus = read_corpus(data / "cxr/masks", structures=[f"{name}={k}" for k, name in enumerate(STRUCTURES, start=1)])
    by_name = {Path(case.source).stem: case for case in corpus.cases}
    names = [file.stem for file in (*fit_files, *new_files)]
    traced = [case for case in trace_cases(corpus, [by_name[name] for name in names]) if isinstance(case, Traced)]
    assert len(traced) == len(names)
    return Chests(
        np.stack([case.samples for case in traced]),
        [case.mask.planes for case in traced],
        np.nanmean([case.lengths_px for case in traced[: len(fit_files)]], axis=0),
        truths(data, names),
        np.arange(len(names)) < len(fit_files),
    )


def recipe(name: str, steps: int, seed: int) -> FitConfig:
    """The numbers of a run: all but the recipe is the default's, so that budgets are equal."""
    base, paper = FitConfig(), PRESETS["paper"]
    own = ("init", "losses", "zoom", "rotation_deg", "shift", "dropout", "twins", "averaging")
    checks = max(1, min(15, steps // 20))
    common = {"steps": steps, "seed": seed, "checks": checks, "patience": checks}
    if name == "published":
        return replace(paper, **{**common, "steps": steps * base.batch})
    if name == "paper":
        return replace(base, **common, preset="paper", **{field: getattr(paper, field) for field in own})
    losses = {} if name == "default" else {"pull": 0}
    return FitConfig.named("balanced", **common, losses=losses)


def figures(points: np.ndarray, topology: Topology, chests: Chests) -> dict[str, float]:
    """What is measured of landmarks (N, L, 2) of all cases, on the unseen ones."""
    unseen = np.flatnonzero(~chests.train)
    loops = [list(loop) for loop in topology.loops]
    dice = np.array(
        [[metrics.polygon_dice(points[i, loop], chests.planes[i][s]) for s, loop in enumerate(loops)] for i in unseen]
    )
    table = metrics.correspondence_error(metrics.by_structure(points, topology), chests.truth, train=chests.train) * GRID
    crossed = np.mean([metrics.self_intersections(points[unseen][:, loop]) > 0 for loop in loops])
    row = {"dice": dice.mean(), "error_px": table.loc["overall", "mean_px"], "p95_px": table.loc["overall", "p95_px"]}
    for s, name in enumerate(STRUCTURES):
        row |= {f"dice {name}": dice[:, s].mean(), f"error_px {name}": table.loc[name, "mean_px"]}
    return {key: float(value) for key, value in row.items()} | {"crossed": float(crossed)}


def train(name: str, config: FitConfig, chests: Chests, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """One run; a row for each check, and the first before any step."""
    topology = independent(dict(zip(STRUCTURES, chests.lengths, strict=True)), scale=config.node_scale, levels=config.levels)
    template = fit_template(chests.samples[chests.train], topology, rounds=config.template_rounds)
    wanted = place(template, chests.samples)
    rows = [{"recipe": "groupwise alone", "seed": config.seed, "step": 0, **figures(wanted, topology, chests)}]
    with tempfile.TemporaryDirectory() as folder:
        run = Run(
            template,
            config,
            (chests.samples[chests.train], wanted[chests.train]),
            chests.samples,
            chests.lengths,
            device="auto",
            folder=Path(folder),
            fingerprint=name,
        )

        def examine(points: np.ndarray) -> dict[str, float]:
            trainer = run.trainer
            found = figures(points, topology, chests)
            rows.append({"recipe": name, "seed": config.seed, "step": trainer.step, "seconds": trainer.seconds, **found})
            say(f"{name:10s} seed {config.seed} step {trainer.step:6d} {trainer.seconds:6.0f} s  "
                + "  ".join(f"{column} {found[column]:.4g}" for column in COLUMNS))  # fmt: skip
            return {"error": -float(trainer.step)}  # the last weights, whatever they are: nothing is chosen by a figure

        examine(run.landmarks())
        run.train(examine, limit_s=None, report=lambda *_: None)
    return rows


def markdown(table: pd.DataFrame) -> str:
    """The last check of each recipe, mean over the seeds (and their spread), and when it was first within 10 %."""
    lines = [
        "| recipe | Dice | to manual landmarks, px of 1024 | 95 % | right lung | left lung | heart | crossed | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in table.groupby("recipe", sort=False):
        last = runs[runs["step"] == runs["step"].max()]
        spread = f" ± {last['error_px'].std():.1f}" if len(last) > 1 else ""
        cells = [f"{last['dice'].mean():.4f}", f"{last['error_px'].mean():.1f}{spread}", f"{last['p95_px'].mean():.0f}"]
        cells += [f"{last[f'error_px {structure}'].mean():.1f}" for structure in STRUCTURES]
        seconds = last["seconds"].mean()
        cells += [f"{100 * last['crossed'].mean():.0f} %", "" if np.isnan(seconds) else f"{seconds:.0f}"]
        lines.append(f"| {NAMES[str(name)]} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def picture(table: pd.DataFrame, path: Path) -> None:
    """Each figure against steps, a line per recipe and a thin one per seed."""
    shown, axes = plt.subplots(1, len(COLUMNS), figsize=(12, 4), layout="constrained")
    alone = table[table["recipe"] == "groupwise alone"]
    for ax, (column, label) in zip(axes, COLUMNS.items(), strict=True):
        for k, (name, runs) in enumerate(table[table["recipe"] != "groupwise alone"].groupby("recipe", sort=False)):
            for _, one in runs.groupby("seed"):
                ax.plot(one["step"], one[column], color=f"C{k}", alpha=0.25, linewidth=0.8)
            mean = runs.groupby("step")[column].mean()
            ax.plot(mean.index, mean, color=f"C{k}", label=NAMES[str(name)])
        ax.axhline(alone[column].mean(), color="0.5", linestyle=":", label=NAMES["groupwise alone"])
        ax.set(xlabel="step", ylabel=label, yscale=SCALES[column])
    axes[0].set_yticks(DICE_TICKS, [f"{tick:g}" for tick in DICE_TICKS], minor=False)
    axes[0].set_yticks([], minor=True)
    shown.legend(*axes[0].get_legend_handles_labels(), frameon=False, ncols=2, loc="outside upper center")
    shown.savefig(path, dpi=150)


def write(table: pd.DataFrame, folder: Path) -> None:
    """Table and picture."""
    (folder / "emergence.md").write_text(markdown(table))
    picture(table, folder / "emergence.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--published", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("."))
    parser.add_argument("--redraw", action="store_true")
    asked = parser.parse_args()
    if asked.redraw:
        write(pd.read_csv(asked.out / "emergence.csv"), asked.out)
        return
    if asked.data is None:
        parser.error("DATA is needed unless --redraw is given")
    chests, rows = load(asked.data), []
    asked.out.mkdir(parents=True, exist_ok=True)
    for seed in asked.seeds:
        for name in [*asked.recipes, *["published"] * asked.published]:
            rows += train(name, recipe(name, asked.steps, seed), chests, lambda text: print(text, flush=True))
            table = pd.DataFrame(rows)  # written after every run: an interrupt loses none that is done
            table = table[(table["recipe"] != "groupwise alone") | ~table.duplicated(["recipe", "dice", "error_px"])]
            table.to_csv(asked.out / "emergence.csv", index=False, float_format="%.6g")
            write(table, asked.out)
    print(markdown(table))


if __name__ == "__main__":
    main()
