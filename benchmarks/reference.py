"""Are the statistics right? ``python benchmarks/reference.py [DATA] [--cohorts 200]``.

1. With DATA, which holds ``reference_stats.csv`` and its cohorts: F, R2 and p of independent code beside ours, row by row.
2. A phantom whose groups differ by a known mode: its p, and the angle between the difference that is found and the planted one.
3. The first mode of a phantom that varies mostly along one known mode, as an angle to it.
4. Cohorts of phantom chests whose groups are drawn by lot: p-values must be uniform (Kolmogorov and Smirnov), and landmarks
   be found no more often than their false discovery rate promises. Nothing is there, so every landmark found is false.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom, kstest

from atlaskit.phantom import Phantom, chest
from atlaskit.phantom.anatomy import LANDMARKS, MODES, displacements
from atlaskit.shape import align, align_to, compare, design, landmark_map, pairwise, pca
from atlaskit.shape.comparison import SIGNIFICANT

COHORTS = {
    "cortical": ("cortical", "points_brain"),
    "mouse_vertebrae (60 pts)": ("mouse_vertebrae", "points_vertebra"),
    "mouse_vertebrae (6 landmarks)": ("mouse_vertebrae", "points_landmarks6"),
    "rat_skull": ("rat_skull", "points_skull"),
}
TEMPLATE = np.vstack([*LANDMARKS.values()])
NAMES = {"logCS": "log(size)", "logage": "log(age_days)"}


def reference(data: Path) -> pd.DataFrame:
    """Theirs and ours, a row for each test of the reference."""
    rows = []
    for _, row in pd.read_csv(data / "reference_stats.csv").iterrows():
        folder, name = COHORTS[row["set"]]
        with np.load(data / folder / "landmarks.npz") as file:
            points, ids = file[name].astype(np.float64), file["id"]
        table = pd.read_csv(data / folder / "covariates.csv", index_col="id").loc[ids]
        within = None if row["permuted_within"] == "-" else row["permuted_within"]
        others = [part for part in row["adjusted_for"].split("+") if part not in ("-", within)]
        terms = [NAMES.get(term, term) for term in (row["shape_term"], *others)]
        aligned = align(points)
        found = compare(aligned.tangent, f"~ {' + '.join(terms)}", table, size=aligned.size, within=within).table
        ours = found.xs(terms[0], level="term").iloc[-1]
        error = np.sqrt(row["p"] * (1 - row["p"]) * 2 / 999)  # of both
        rows.append(
            {
                "set": row["set"],
                "term": " + ".join(terms),
                "F": row["F"],
                "F ours": ours["F"],
                "R2": row["R2"],
                "R2 ours": ours["R2"],
                "p": row["p"],
                "p ours": ours["p"],
                "holds": abs(ours["F"] / row["F"] - 1) <= 0.005
                and abs(ours["R2"] - row["R2"]) <= 0.001
                and abs(ours["p"] - row["p"]) <= max(3 * error, 0.001),
            }
        )
    return pd.DataFrame(rows)


def landmarks(cohort: Phantom) -> NDArray[np.float64]:
    """(N, L, 2) true landmarks of a phantom."""
    return np.concatenate([cohort.landmarks[name] for name in cohort.structures], axis=1)


def null(cohorts: int, cases: int) -> None:
    """Groups by lot: p of groups, and landmarks that are found."""
    p, any_found, beside_age = [], 0, []
    for seed in range(cohorts):
        cohort = chest(cases, size=64, seed=seed, effect=0.0, missing=0.0, faults=0.0)
        aligned = align(landmarks(cohort))
        lot = np.random.default_rng([seed, 1]).permutation(np.arange(cases) % 2)
        table = cohort.table.assign(lot=np.take(["a", "b"], lot)).drop(columns="size")
        model = design("~ age + log(size) + lot", table, size=aligned.size)
        p.append(pairwise(aligned.tangent, design("~ lot", table), "lot", seed=seed).table["p"].iloc[0])
        beside_age.append(pairwise(aligned.tangent, model, "lot", seed=seed).table["p"].iloc[0])
        found = landmark_map(aligned.tangent, model, "lot", seed=seed).table
        any_found += bool((found["q"] <= SIGNIFICANT).any())
    most = binom.ppf(0.99, cohorts, SIGNIFICANT) / cohorts
    print(f"{cohorts} null cohorts of {cases}: KS p {kstest(p, 'uniform').pvalue:.3f}", end=", ")
    print(f"beside age and log(size) {kstest(beside_age, 'uniform').pvalue:.3f} (must be > .01)")
    print(f"p <= .05 in {np.mean(np.array(p) <= 0.05):.3f}, beside covariates in {np.mean(np.array(beside_age) <= 0.05):.3f}")
    print(f"a landmark found at q <= .05 in {any_found / cohorts:.3f} (nominal .05, by chance up to {most:.3f})")


def planted(cases: int) -> None:
    """A group effect and a mode."""
    cohort = chest(cases, size=64, missing=0.0, faults=0.0)
    aligned = align(landmarks(cohort))
    found = compare(aligned.tangent, "~ group + age + sex", cohort.table)
    (difference,) = found.differences["group"]
    heart = np.concatenate([np.full(cohort.landmarks[name].shape[1], name == "heart") for name in cohort.structures])
    moved = (found.maps["group"].table["q"] <= SIGNIFICANT).to_numpy()
    print(f"planted group effect, {cases} cases: p {found.table.loc[('cases', 'group'), 'p']:.3f}", end=", ")
    print(
        f"{along(difference.second - difference.first, 'heart', aligned.mean):.1f} degrees from the planted direction", end=", "
    )
    print(f"landmarks found: {moved[heart].mean():.0%} of the heart, {moved[~heart].mean():.0%} of the rest")
    scores = np.random.default_rng(0).normal(size=(cases, len(MODES))) * np.where(np.array(MODES) == "heart", 3.0, 0.5)
    shapes = TEMPLATE + np.einsum("nm,mlk->nlk", scores, displacements(TEMPLATE))
    aligned = align(shapes)
    model = pca(aligned.tangent)
    print(f"planted mode: {model.explained[0]:.0%} of the variance", end=", ")
    print(f"first mode {along(model.modes[0], 'heart', aligned.mean):.1f} degrees from it")


def along(shift: NDArray[np.float64], mode: str, mean: NDArray[np.float64]) -> float:
    """Degrees between a change of shape and what a mode of the phantom does to the template, seen as shapes."""
    moved = TEMPLATE + displacements(TEMPLATE)[MODES.index(mode)]
    before, after = align_to(np.stack([TEMPLATE, moved]), mean).tangent
    cosine = abs(np.vdot(after - before, shift)) / np.linalg.norm(after - before) / np.linalg.norm(shift)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--cases", type=int, default=60)
    asked = parser.parse_args()
    if asked.data:
        print(reference(asked.data).round(4).to_string(index=False))
    planted(asked.cases)
    null(asked.cohorts, asked.cases)


if __name__ == "__main__":
    main()
