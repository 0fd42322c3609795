"""Is growth what it is known to be? ``python benchmarks/growth.py [DATA] [--cohorts 1000] [--picture FOLDER]``.

1. With DATA, which holds ``landmarks.npz`` and ``covariates.csv`` of rat skulls from 7 to 150 days: the share of shape that log
   age explains within rats, .787 by independent code; the size curve; and the path of each phase to the next.
2. Cohorts whose groups are drawn by lot, of trajectories: p-values of size, direction and shape must be uniform.
3. The same in phantom beats, as shapes of masks would give them.
4. Cohorts in which one of these differs: how often each is found.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kstest

import atlaskit
from atlaskit.phantom import cine
from atlaskit.shape import align
from atlaskit.topology import Topology
from atlaskit.tracking import growth, paths
from atlaskit.tracking.paths import ATTRIBUTES

KNOWN, TOLERANCE = 0.787, 0.01
Shapes = NDArray[np.float64]


def rats(data: Path, picture: Path | None) -> None:
    """Growth of skulls."""
    with np.load(data / "landmarks.npz") as file:
        points, ids = file["points_skull"].astype(np.float64), file["id"]
    table = pd.read_csv(data / "covariates.csv", index_col="id").loc[ids]
    aligned = align(points)
    size = aligned.size * table["unit_per_px"].to_numpy()
    found = growth(aligned.tangent, size, table["age_days"].to_numpy(), table["rat"].astype(str).tolist())
    print(found.table.round(4).to_string())
    share = found.table.loc["shape", "R2"]
    print(
        f"log age explains {share:.4f} of shape within rat: {'holds' if abs(share - KNOWN) <= TOLERANCE else 'FAILS'} ({KNOWN})"
    )
    print(f"size goes with age to the power of {found.exponent:.4f}; of single rats,\n{found.subjects.describe().round(4)}")
    if picture:
        draw(picture, found, size, table)
    halves(aligned.tangent, table)


def draw(folder: Path, found: atlaskit.tracking.Growth, size: Shapes, table: pd.DataFrame) -> None:
    """Predicted skulls along age, and size curves."""
    topology = Topology(("skull",), (tuple(range(found.shapes.shape[1])),), levels=1)
    ax = atlaskit.plot.growth(found.shapes, found.ages, topology, unit="days", title="18 rats, shape predicted by log age")
    ax.get_figure(root=True).savefig(folder / "growth_shapes.png")
    ax = atlaskit.plot.size_curves(
        table["age_days"], size, table["rat"], fitted=(found.ages, found.sizes), unit="days", size_unit="data units"
    )
    ax.get_figure(root=True).savefig(folder / "growth_sizes.png")


def halves(tangent: Shapes, table: pd.DataFrame) -> None:
    """Rats of odd and even numbers grow alike: nothing should be found."""
    order = np.lexsort([table["age_days"], table["rat"]])
    rats, ages = table["rat"].nunique(), table["age_days"].nunique()
    sequences = tangent[order].reshape(rats, ages, *tangent.shape[1:])
    group = [("even", "odd")[int(rat) % 2] for rat in table["rat"].to_numpy()[order][::ages]]
    print(paths(sequences, group).table.round(4).to_string())


# --- trajectories whose truth is known


def way(planted: str, phases: NDArray[np.float64], axes: NDArray[np.float64]) -> Shapes:
    """(T, D): a bent way of length 1; one attribute of it is another where it is planted."""
    direction = axes[0] + 0.5 * axes[2] if planted == "direction" else axes[0]
    bend = np.cos(4 * np.pi * phases) if planted == "shape" else np.sin(np.pi * phases)
    found = np.outer(phases, direction / np.linalg.norm(direction)) + 0.1 * np.outer(bend / bend.std(), axes[1])
    return found * (1.25 if planted == "size" else 1.0) / np.linalg.norm(np.diff(found, axis=0), axis=1).sum()


def cohort(
    planted: str, each: tuple[int, int], seed: int, *, phases: int = 8, dimensions: int = 20
) -> tuple[Shapes, list[str]]:
    """Two groups of subjects, each with its own place, length and noise."""
    rng, time = np.random.default_rng([seed, 1]), np.linspace(0, 1, phases)
    ways = [way(kind, time, np.eye(dimensions)) for kind in ("", planted)]
    sequences = np.concatenate([np.tile(own, (count, 1, 1)) for own, count in zip(ways, each, strict=True)])
    sequences *= 1 + 0.1 * rng.normal(size=(len(sequences), 1, 1))
    sequences += rng.normal(size=(len(sequences), 1, dimensions)) + 0.03 * rng.normal(size=sequences.shape)
    return sequences, ["a"] * each[0] + ["b"] * each[1]


def tested(planted: str, each: tuple[int, int], cohorts: int) -> pd.DataFrame:
    p = [paths(*cohort(planted, each, seed), seed=seed).table["p"].to_numpy() for seed in range(cohorts)]
    return pd.DataFrame(p, columns=list(ATTRIBUTES))


def phantoms(cohorts: int, cases: int = 16, frames: int = 20) -> None:
    """Beats of ventricles whose groups are drawn by lot, and of groups that contract unlike."""
    lots, found = [], []
    for seed in range(cohorts):
        for effect, kept in ((0.0, lots), (2.0, found)):
            beats = cine(cases, frames=frames, size=64, seed=seed, effect=effect, faults=0.0)
            points = np.concatenate([beats.landmarks[name] for name in beats.structures], axis=1)
            sequences = align(points).tangent.reshape(cases, frames, -1)
            group = beats.table["group"].to_numpy()[::frames]
            group = group if effect else np.random.default_rng([seed, 1]).permutation(group)
            kept.append(paths(sequences, group.tolist(), periodic=True, seed=seed).table["p"].to_numpy())
    uniform = ", ".join(
        f"{name} {kstest(p, 'uniform').pvalue:.3f}" for name, p in zip(ATTRIBUTES, np.transpose(lots), strict=True)
    )
    print(f"{cohorts} phantom cohorts of {cases} beats, groups by lot: KS p of {uniform} (must be > .01)")
    often = ", ".join(
        f"{name} {share:.2f}" for name, share in zip(ATTRIBUTES, (np.array(found) <= 0.05).mean(axis=0), strict=True)
    )
    print(f"groups that contract unlike: p <= .05 in {often}")


def calibration(cohorts: int) -> None:
    for each in ((10, 10), (6, 18)):
        p = tested("", each, cohorts)
        uniform = ", ".join(f"{name} {kstest(p[name], 'uniform').pvalue:.3f}" for name in p)
        often = ", ".join(f"{name} {(p[name] <= 0.05).mean():.3f}" for name in p)
        print(f"{cohorts} null cohorts of {each[0]} + {each[1]}: KS p of {uniform} (must be > .01); p <= .05 in {often}")
    for planted in ATTRIBUTES:
        p = tested(planted, (10, 10), cohorts // 4)
        print(f"{planted} planted: p <= .05 in {', '.join(f'{name} {(p[name] <= 0.05).mean():.2f}' for name in p)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--cohorts", type=int, default=1000)
    parser.add_argument("--picture", type=Path, help="a folder for pictures")
    asked = parser.parse_args()
    if asked.data:
        rats(asked.data, asked.picture)
    calibration(asked.cohorts)
    phantoms(asked.cohorts // 5)


if __name__ == "__main__":
    main()
