"""How long curves take: ``python benchmarks/track_speed.py [--sequences N] [--frames T] [--landmarks L]``.

Two nested outlines of half the landmarks each, drawn as beating circles with noise and gaps: first the curves from arrays, then
the whole command ``track`` on a store of them, with steadying, outliers, all tables, pictures and the group of the store. By
hand, on an idle machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit import store, tracking
from atlaskit.corpus import Case
from atlaskit.landmarks import Status
from atlaskit.topology import Topology

Array = NDArray[np.float64]


def sequences(count: int, frames: int, landmarks: int) -> Array:
    """(N, T, L, 2) mm; the first half of the landmarks is the inner outline."""
    rng = np.random.default_rng(0)
    turn = np.exp(4j * np.pi * np.arange(landmarks // 2) / landmarks)
    beat = 0.85 + 0.15 * np.cos(2 * np.pi * np.arange(frames) / frames)
    radius = rng.uniform(20, 30, (count, 1, 1)) * beat[:, None]
    flat = np.concatenate([radius * turn, (radius * 0.7 + 15) * turn], axis=-1)
    points = np.stack([flat.real, flat.imag], axis=-1) + rng.normal(0, 0.1, (*flat.shape, 2))
    points[rng.random((count, frames)) < 0.02] = np.nan
    return points


def write_store(path: Path, points: Array) -> None:
    """Landmarks as the store of an atlas directory, a study for each sequence."""
    half = points.shape[2] // 2
    topology = Topology(("cavity", "epi"), (tuple(range(half)), tuple(range(half, 2 * half))))
    places = [(q, t) for q, t in np.ndindex(points.shape[:2]) if np.isfinite(points[q, t]).all()]
    cases = [Case(f"P{q:04d}_t{t:03d}", "", f"P{q:04d}", t, -1, 33.0 * t) for q, t in places]
    opened = store.open_or_create(path, topology=topology, network_sha256="0", cases=cases, latent_size=2)
    for shard in opened.shards():
        rows = opened.rows(shard)
        opened.write_shard(shard, {row: {"points": points[places[row]] + 60, "status": Status.OK} for row in rows})


def command_seconds(points: Array) -> float:
    """How long ``atlaskit track`` takes, start of Python included."""
    with tempfile.TemporaryDirectory() as folder:
        write_store(Path(folder) / "landmarks.zarr", points)
        begin = time.perf_counter()
        words = ("track", "--atlas", folder, "--no-film", "--quiet")
        subprocess.run([sys.executable, "-m", "atlaskit_cli", *words], stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--landmarks", type=int, default=128)
    given = parser.parse_args()
    points = sequences(given.sequences, given.frames, given.landmarks)
    inner, outer = range(given.landmarks // 2), range(given.landmarks // 2, given.landmarks)
    tracking.wall_distances(points[:1], inner, outer)  # compiles
    spent: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        result = call()
        spent[name] = time.perf_counter() - begin
        return result

    areas = timed("areas", lambda: [tracking.area(points, loop) for loop in (inner, outer)])
    lengths = timed("perimeters", lambda: [tracking.perimeter(points, loop) for loop in (inner, outer)])
    found = timed("phases", lambda: tracking.phases(areas[0]))
    timed("strain", lambda: [tracking.strain(each, found.ed) for each in lengths])
    timed("fractional area change", lambda: tracking.fractional_area_change(areas[0], found.ed, found.es))
    timed("thickness", lambda: tracking.thickening(tracking.wall_thickness(points, inner, outer), found.ed))
    timed("thickness at landmarks", lambda: tracking.wall_distances(points, inner, outer))
    timed("segmental strain", lambda: tracking.segmental_strain(points, (*inner, inner[0]), found.ed))
    timed("normalised beats", lambda: tracking.average(tracking.normalise(areas[0], ed=found.ed)))
    print(f"{given.sequences} sequences x {given.frames} frames x {given.landmarks} landmarks, seconds")
    for name, seconds in {**spent, "all": sum(spent.values())}.items():
        print(f"{name:24}{seconds:7.3f}")
    print(f"{'the command track':24}{command_seconds(points):7.1f}")


if __name__ == "__main__":
    main()
