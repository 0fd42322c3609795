"""Landmarks in time, measured on extracted sequences: ``python benchmarks/tracking.py jitter|jumps ATLAS [ATLAS ...]``.

``jitter`` compares the tremble of landmarks along their outlines, as they were extracted frame by frame, with what is left
after steadying, and what that does to areas. ``jumps`` exchanges one frame of a sequence for the same frame of another slice of
its subject, each frame in turn, and counts what is flagged; and what is flagged of the frames as they are. Sequences are those
of one subject and slice, of one beat, and all of one length.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import atlaskit
from atlaskit.topology import Topology
from atlaskit.tracking import jitter, jumps, steady

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sequences:
    """Landmarks (N, T, L, 2) of one atlas, whose they are and of which slice."""

    points: Array
    topology: Topology
    subject: NDArray[np.str_]
    slice: NDArray[np.int64]


def read(atlas: str) -> Sequences:
    landmarks = atlaskit.open(atlas).landmarks
    table = pd.DataFrame({name: landmarks[name].values for name in ("subject", "slice", "frame")})
    table = table.sort_values(["subject", "slice", "frame"])
    groups = table.groupby(["subject", "slice"])
    frames = int(groups.size().iloc[0])
    points = landmarks["points"].values.astype(np.float64)[table.index].reshape(-1, frames, landmarks.sizes["landmark"], 2)
    first = groups.size().reset_index()
    topology = Topology.from_json(landmarks.attrs["topology"])
    return Sequences(points, topology, first["subject"].to_numpy().astype(str), first["slice"].to_numpy())


def areas(outlines: Array) -> Array:
    x, y = np.moveaxis(outlines, -1, 0)
    return np.asarray((x * np.roll(y, -1, axis=-1) - np.roll(x, -1, axis=-1) * y).sum(axis=-1) / 2)


def rms(values: Array) -> float:
    return float(np.sqrt(np.nanmean(np.square(values))))


def measure_jitter(atlases: Sequence[str]) -> None:
    rows = []
    for atlas in atlases:
        beats = read(atlas)
        begin = time.perf_counter()
        after = steady(beats.points, beats.topology.loops, periodic=True)
        taken = time.perf_counter() - begin
        for name in beats.topology.structures:
            loop = beats.topology.loop_of(name)
            own = [np.arange(len(loop))]
            was, now = (jitter(points[:, :, loop], own, periodic=True) for points in (beats.points, after.points))
            changed = np.abs(areas(after.points[:, :, loop]) / areas(beats.points[:, :, loop]) - 1)
            rows.append(
                {
                    "atlas": atlas,
                    "structure": name,
                    "sequences": len(beats.points),
                    "along": rms(was.along),
                    "along after": rms(now.along),
                    "lower by": f"{1 - rms(now.along) / rms(was.along):.1%}",
                    "least of a sequence": f"{(1 - now.along_rms / was.along_rms).min():.1%}",
                    "across": rms(was.across),
                    "across after": rms(now.across),
                    "area median": f"{np.median(changed):.3%}",
                    "area p95": f"{np.percentile(changed, 95):.3%}",
                    "area most": f"{changed.max():.2%}",
                    "seconds": round(taken, 2),
                }
            )
    print(pd.DataFrame(rows).round(2).to_string(index=False))


def planted(beats: Sequences) -> Iterator[tuple[int, Array, list[tuple[int, int]]]]:
    """A frame, sequences with that frame exchanged, and of each of these its number and how far off the other slice is."""
    others = [
        np.flatnonzero((beats.subject == s) & (beats.slice != z)) for s, z in zip(beats.subject, beats.slice, strict=True)
    ]
    for frame in range(beats.points.shape[1]):
        for turn in range(max(map(len, others))):
            points, which = beats.points.copy(), []
            for sequence, known in enumerate(others):
                if turn < len(known):
                    points[sequence, frame] = beats.points[known[turn], frame]
                    which.append((sequence, int(abs(beats.slice[known[turn]] - beats.slice[sequence]))))
            yield frame, points, which


def change(before: Array, after: Array, loop: Sequence[int]) -> float:
    """Mean distance of the landmarks of an outline that was exchanged, in its mean radii."""
    radius = np.sqrt(abs(areas(before[list(loop)])) / np.pi)
    return float(np.linalg.norm(after[list(loop)] - before[list(loop)], axis=1).mean() / radius)


def measure_jumps(atlases: Sequence[str]) -> None:
    rows, real = [], []
    for atlas in atlases:
        beats = read(atlas)
        loops = beats.topology.loops
        real.append(jumps(beats.points, loops, periodic=True).flags)
        for frame, points, which in planted(beats):
            flags = jumps(points, loops, periodic=True).flags
            for sequence, apart in which:
                size = change(beats.points[sequence, frame], points[sequence, frame], loops[-1])
                beside = flags[sequence, [frame - 1, (frame + 1) % flags.shape[1]]]
                rows.append(
                    {
                        "atlas": atlas,
                        "slices apart": apart,
                        "change": size,
                        "found": flags[sequence, frame],
                        "beside": beside.mean(),
                    }
                )
    table = pd.DataFrame(rows)
    table["change"] = pd.qcut(table["change"], 8)
    own = np.concatenate([flags.ravel() for flags in real])
    print(f"planted {len(table)}, found {table['found'].mean():.2%}; frames beside flagged {table['beside'].mean():.2%}")
    print(f"frames as they are {own.size}, flagged {own.mean():.2%}; by atlas {', '.join(f'{f.mean():.2%}' for f in real)}")
    for by in ("atlas", "slices apart", "change"):
        print(table.groupby(by, observed=True)["found"].agg(["size", "mean"]).round(4).to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, run in (("jitter", measure_jitter), ("jumps", measure_jumps)):
        command = commands.add_parser(name)
        command.add_argument("atlases", nargs="+", metavar="ATLAS")
        command.set_defaults(run=run)
    asked = parser.parse_args()
    asked.run(asked.atlases)


if __name__ == "__main__":
    main()
