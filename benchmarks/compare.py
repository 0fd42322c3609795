"""How long a comparison takes: ``python benchmarks/compare.py [--cases 1000] [--landmarks 208] [--permutations 999]``.

Three terms on random shapes, as ``atlaskit compare`` tests them: analysis of variance, pairs of groups, a map of each term,
predicted shapes and allometry; then power. The best and the worst of some runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from atlaskit.shape import anova, compare, design, power

FORMULA = "~ group + age + log(size)"


def timed(what: str, runs: int, call: Callable[[], object]) -> None:
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    print(f"{what}: {min(taken):.2f} s at best, {max(taken):.2f} s at worst of {runs} runs")


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
    options = {"size": rng.lognormal(size=asked.cases)}
    for within in (None, "subject"):
        plan = design(FORMULA, table, within=within, **options)
        where = f"within {within}" if within else "all cases"
        timed(
            f"analysis of variance, {where}", asked.runs, lambda plan=plan: anova(shapes, plan, permutations=asked.permutations)
        )
        how = {"within": within, "permutations": asked.permutations, **options}
        timed(f"everything, {where}", asked.runs, lambda how=how: compare(shapes, FORMULA, table, **how))
    timed("power", asked.runs, lambda: power(shapes, design(FORMULA, table, **options), "group"))


if __name__ == "__main__":
    main()
