"""How long statistics of shapes take: ``python benchmarks/shape.py align|stream [--cases N] [--keep FOLDER]``.

``align``: alignment and modes of 2 000 cases in memory, beside ktch and, where it is installed, morphops. ``stream``: the
command ``shape-pca`` on a store of 200 000 cases, in a process of its own, with its peak of memory. Landmarks are drawn: 208 on
three outlines that vary in smooth modes, with noise, sizes and poses. Run by hand on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from atlaskit import store
from atlaskit.corpus import Case
from atlaskit.landmarks import Status
from atlaskit.shape import align, pca
from atlaskit.topology import Topology

LOOPS = {"right lung": 80, "left lung": 80, "heart": 48}
MODES = np.arange(-6, 7)
REPEATS = 7
Shapes = NDArray[np.float64]


def topology() -> Topology:
    ends = np.cumsum([0, *LOOPS.values()])
    return Topology(tuple(LOOPS), tuple(tuple(range(a, b)) for a, b in pairwise(ends.tolist())))


def template() -> NDArray[np.complex128]:
    """Three ellipses, pixels."""
    turn = [np.exp(2j * np.pi * np.arange(n) / n) for n in LOOPS.values()]
    right, left, heart = (
        size.real * t.real + 1j * size.imag * t.imag for size, t in zip((80 + 140j, 80 + 140j, 60 + 60j), turn, strict=True)
    )
    return np.concatenate([right + 130 + 200j, left + 370 + 200j, heart + 270 + 280j])


def cases(n: int, rng: np.random.Generator) -> Shapes:
    """(n, 208, 2) pixels: 13 harmonics along the outlines, noise of 0.3 px, any size, pose and place."""
    along = [np.exp(2j * np.pi * np.arange(m) / m) for m in LOOPS.values()]
    waves = np.concatenate([np.stack([turn**k for k in MODES]) for turn in along], axis=1)
    z = template() + (rng.normal(size=(n, len(MODES))) * 12 / (1 + np.abs(MODES))) @ waves
    z = z + rng.normal(0, 0.3, (n, z.shape[1], 2)) @ [1, 1j]
    z = z * (rng.uniform(0.8, 1.2, n) * np.exp(1j * rng.normal(0, 0.05, n)))[:, None] + rng.normal(0, 10, (n, 1))
    return np.ascontiguousarray(z).view(np.float64).reshape(n, -1, 2)


# --- in memory, beside other libraries


def ours(points: Shapes) -> Shapes:
    return pca(align(points, scale="unit").tangent).variance


def ktch(points: Shapes) -> Shapes:
    from ktch.landmark import GeneralizedProcrustesAnalysis

    aligned = GeneralizedProcrustesAnalysis().fit_transform(points.reshape(len(points), -1))
    return PCA().fit(aligned).explained_variance_


def morphops(points: Shapes) -> Shapes:
    from morphops import gpa

    return PCA().fit(gpa(points, max_iters=100)["aligned"].reshape(len(points), -1)).explained_variance_


def timed(work: Callable[[Shapes], Shapes], points: Shapes, repeats: int) -> tuple[float, Shapes]:
    """Median seconds of some runs, and the variances that the last one found."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = work(points)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken), found


def run_align(n: int) -> None:
    points = cases(n, np.random.default_rng(0))
    ours(points[:50])  # what is loaded and compiled once is no part of it
    mine, variance = timed(ours, points, REPEATS)
    print(f"{n} cases of {points.shape[1]} landmarks: alignment and modes, median seconds\n")
    print("| library | runs | s | times as long | first variances |\n|---|---|---|---|---|")
    print(row("atlaskit", REPEATS, mine, mine, variance))
    for library, runs in ((ktch, 3), (morphops, 1)):
        if find_spec(library.__name__):
            with redirect_stdout(StringIO()):  # morphops says how it converges
                taken, theirs = timed(library, points, runs)
            print(row(library.__name__, runs, taken, mine, theirs))


def row(name: str, runs: int, taken: float, mine: float, variance: Shapes) -> str:
    return f"| {name} | {runs} | {taken:.3f} | {taken / mine:.0f} | {', '.join(f'{value:.4g}' for value in variance[:3])} |"


# --- from a store


def write(path: Path, n: int) -> None:
    """A store as `extract` makes it, complete."""
    rng = np.random.default_rng(0)
    frame = template() / 512
    opened = store.open_or_create(
        path, topology=topology(), network_sha256="0", latent_size=32, template=np.stack([frame.real, frame.imag], axis=-1),
        cases=[Case(f"case_{k:06d}", f"{k:06d}.png", f"case_{k:06d}") for k in range(n)],
    )  # fmt: skip
    for shard in opened.shards():
        rows = opened.rows(shard)
        points = cases(len(rows), rng).astype(np.float32)
        known = {"spacing_mm": (0.35, 0.35), "status": Status.OK}
        opened.write_shard(shard, {row: {"points": points[row - rows.start], **known} for row in rows})


def run_stream(n: int, keep: Path | None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        atlas = keep or Path(scratch)
        if not (atlas / "landmarks.zarr").exists():
            write(atlas / "landmarks.zarr", n)
        command = [sys.executable, "-m", "atlaskit_cli", "shape-pca", "--atlas", str(atlas), "--json", "--quiet"]
        paths = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "cli")])
        for options in ([], ["--no-quality"]):
            began = time.perf_counter()
            done = subprocess.run(
                [*command, *options], capture_output=True, check=True, env={**os.environ, "PYTHONPATH": paths}
            )
            wall = time.perf_counter() - began
            report(json.loads(done.stdout), wall, " ".join(options) or "default options")


def report(result: dict[str, Any], wall: float, words: str) -> None:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    all_cores = used.ru_utime + used.ru_stime
    print(f"{result['cases']} cases, {words}: {wall:.1f} s with the start of Python, {len(result['modes'])} modes;")
    print(f"  so far {all_cores:.0f} s of all cores together, and a peak of {used.ru_maxrss / 2**20:.2f} GiB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["align", "stream"])
    parser.add_argument("--cases", type=int)
    parser.add_argument("--keep", type=Path, help="an atlas directory to write the store to, or to take it from")
    asked = parser.parse_args()
    if asked.what == "align":
        run_align(asked.cases or 2000)
    else:
        run_stream(asked.cases or 200_000, asked.keep)


if __name__ == "__main__":
    main()
