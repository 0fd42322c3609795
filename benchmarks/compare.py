"""How long a comparison takes: ``python benchmarks/compare.py [--cases 1000] [--landmarks 208] [--permutations 999]``.

Three terms on random shapes; the best and the worst of some runs.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from atlaskit.shape import anova, design


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--landmarks", type=int, default=208)
    parser.add_argument("--permutations", type=int, default=999)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(asked.cases, asked.landmarks, 2))
    group = rng.choice(["control", "patient"], asked.cases)
    table = pd.DataFrame({"group": group, "age": rng.normal(50, 10, asked.cases), "subject": np.arange(asked.cases) // 4})
    size = rng.lognormal(size=asked.cases)
    for within in (None, "subject"):
        taken = []
        for _ in range(asked.runs):
            start = time.perf_counter()
            anova(shapes, design("~ group + age + log(size)", table, size=size, within=within), permutations=asked.permutations)
            taken.append(time.perf_counter() - start)
        print(f"within {within}: {min(taken):.2f} s at best, {max(taken):.2f} s at worst of {asked.runs} runs")


if __name__ == "__main__":
    main()
