"""Ejection fraction from cine masks with gaps, beside readers: ``python benchmarks/ef.py DATA [--atlas DIR ...]``.

DATA is the folder pig_cine: a pixel model's masks of all frames (``unet_cine``, label 1 the cavity), manual masks of two
phases by three readings (``manual``), ``studies.csv`` and ``sequences.csv``. Areas are of the landmarks of atlases extracted
from those masks or, without one, of polygons of 128 points on the boundary of each; and, to compare, of the masks' own pixels.
Printed are the agreement of each treatment of missing slices with the ejection fraction of the first reading, that of the
other readings, how far end-systole is from the readers' by several curves, and control against infarction with permutations
by pig and by study.
"""

from __future__ import annotations

import argparse
import json
from itertools import combinations
from math import comb
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
from numpy.typing import NDArray

import atlaskit
from atlaskit import tracking
from atlaskit.contours import perimeter, resample, signed_area, trace
from atlaskit.metrics import agreement
from atlaskit.tracking import area, by_slices, ejection_fraction, phases, strain

POINTS = 128
HARMONICS = {"3 harmonics": 3, "5 harmonics": 5, "8 harmonics": 8}
READINGS = ("obs0_rep0", "obs0_rep1", "obs1_rep0")
Array = NDArray[np.float64]


def studies(data: Path) -> pd.DataFrame:
    """The studies that have a cine."""
    table = pd.read_csv(data / "studies.csv").set_index("id")
    known = [(data / "unet_cine" / f"{study}.nii.gz").exists() for study in table.index]
    return table[known]


def planes(path: Path) -> tuple[NDArray[np.bool_], Array]:
    """The cavity (x, y, z, t), and the size of a voxel, mm."""
    image = nibabel.load(path)
    return np.asarray(image.dataobj) == 1, np.array(image.header.get_zooms()[:3], dtype=np.float64)


def pixel_areas(cavity: NDArray[np.bool_], size: Array) -> Array:
    """(Z, T) square mm, NaN where there is no pixel."""
    areas = cavity.sum(axis=(0, 1)) * size[0] * size[1]
    return np.where(areas > 0, areas, np.nan)


def polygons(cavity: NDArray[np.bool_], size: Array) -> Array:
    """(2, Z, T) areas, square mm, and lengths, mm, of polygons on the boundary."""
    found = np.full((2, *cavity.shape[2:]), np.nan)
    for place in np.ndindex(*cavity.shape[2:]):
        contour = trace(cavity[(..., *place)].T)
        if contour is not None:
            points = resample(contour.points, POINTS) * size[:2]
            found[(slice(None), *place)] = abs(signed_area(points)), perimeter(points)
    return found


def landmarks(atlas: Path, structure: str, shapes: dict[str, tuple[int, int]]) -> dict[str, Array]:
    """The same (2, Z, T) by study, of the landmarks of one structure in an atlas."""
    sets = atlaskit.open(atlas).landmarks
    loop = next(each["loop"] for each in json.loads(sets.attrs["topology"])["structures"] if each["name"] == structure)
    points = sets["points"].to_numpy()[:, None] * sets["spacing_mm"].to_numpy()[:, None, None]
    values = np.stack([area(points, loop)[:, 0], tracking.perimeter(points, loop)[:, 0]])
    found: dict[str, Array] = {}
    for k, (case, z, t) in enumerate(zip(sets["case"].values, sets["slice"].values, sets["frame"].values, strict=True)):
        study = next(name for name in shapes if str(case).startswith(name))
        found.setdefault(study, np.full((2, *shapes[study]), np.nan))[:, z, t] = values[:, k]
    return found


def frames(volumes: Array, how: str, row: pd.Series) -> tuple[int, int]:
    """End-diastole and end-systole: of the volumes, or the readers' own."""
    found = phases(volumes)
    return (int(row["ed"]), int(row["es"])) if how == "reader" else (int(found.ed), int(found.es))


def table_of(table: pd.DataFrame, areas: dict[str, Array], height: dict[str, float], missing: str, how: str) -> Array:
    """(N, 2) ejection fraction, percent, and how far its end-systole is from the readers', frames."""
    rows = []
    for study, row in table.iterrows():
        ml = by_slices(areas[study], height[study], missing=missing).ml
        ed, es = frames(ml, how, row)
        off = abs(es - row["es"])
        rows.append((100 * float(ejection_fraction(ml, ed, es)), min(off, ml.shape[-1] - off)))
    return np.array(rows)


def told(name: str, values: Array, reference: Array, note: str = "") -> None:
    found = agreement(values, reference)
    interval = "{:6.2f} to{:6.2f}".format(*found.bias_interval)
    limits = f"{found.lower:7.2f} to{found.upper:6.2f}"
    print(f"{name:52}{found.n:3}{found.bias:7.2f} ({interval}){limits}{found.r:7.3f}{found.mae:6.2f}  {note}")


def permuted(values: pd.Series, treated: pd.Series) -> tuple[float, float]:
    """Difference of means, treated less control, and the share of all relabellings that give one at least as large."""
    x, mask = values.to_numpy(dtype=float), treated.to_numpy(dtype=bool)
    total, k, n = x.sum(), int(mask.sum()), len(x)
    observed = x[mask].mean() - x[~mask].mean()
    if comb(n, k) > 200_000:
        rng = np.random.default_rng(0)
        sums = np.array([x[rng.permutation(n)[:k]].sum() for _ in range(20_000)])
        means = sums / k - (total - sums) / (n - k)
        return observed, (1 + (np.abs(means) >= abs(observed) - 1e-12).sum()) / (1 + len(sums))
    sums = np.array([x[list(chosen)].sum() for chosen in combinations(range(n), k)])
    means = sums / k - (total - sums) / (n - k)
    return observed, float((np.abs(means) >= abs(observed) - 1e-12).mean())


def groups(table: pd.DataFrame, values: dict[str, Array]) -> None:
    """Control against infarcted pigs, from the second measurement on (the first of treated pigs precedes the infarction)."""
    later = (table["measurement"] > 1).to_numpy()
    table = table[later]
    print(f"\nAfter infarction: {len(table)} studies of {table['pig'].nunique()} pigs, treated less control (permutation p)")
    for name, all_values in values.items():
        frame = pd.DataFrame(
            {"pig": table["pig"], "treated": table["group"] == "treatment", "value": all_values[later]}
        ).dropna()
        pigs = frame.groupby("pig").agg(treated=("treated", "first"), value=("value", "mean"))
        by_pig, by_study = (permuted(each["value"], each["treated"]) for each in (pigs, frame))
        means = frame.groupby("treated")["value"].mean()
        n = pigs["treated"].sum(), (~pigs["treated"]).sum()
        print(
            f"{name:46} control {means[False]:6.2f}, treated {means[True]:6.2f}; by pig ({n[0]} and {n[1]}) {by_pig[0]:6.2f}",
            end="",
        )
        print(f", p = {by_pig[1]:.3f}; by study {by_study[0]:6.2f}, p = {by_study[1]:.4f}")


def global_strain(areas: Array, lengths: Array) -> float:
    """Circumferential strain at end-systole, percent: the middle of the slices that have every frame."""
    whole = np.isfinite(lengths).all(axis=1)
    found = phases(np.where(whole[:, None], areas, 0).sum(axis=0))
    return float(np.median(100 * strain(lengths[whole], found.ed)[:, found.es])) if whole.any() else float("nan")


def end_systoles(data: Path, table: pd.DataFrame, areas: dict[str, Array]) -> None:
    """How far end-systole is from the readers', frames, by several curves, smoothed or not."""
    chosen = pd.read_csv(data / "sequences.csv").groupby("id")["slice"].agg(list)
    curves: dict[str, list[Array]] = {}
    for study in table.index:
        whole = np.isfinite(areas[study]).all(axis=1)
        for name, found in {
            "each whole slice": areas[study][whole],
            "each of sequences.csv": areas[study][chosen[study]],
            "sum of those of a study": areas[study][chosen[study]].sum(axis=0),
            "sum of the whole slices": areas[study][whole].sum(axis=0),
            "volume, interpolate": by_slices(areas[study], 1.0, missing="interpolate").ml,
        }.items():
            curves.setdefault(name, []).append(np.atleast_2d(found))
    print(f"\n{'end-systole from the readers, frames':40}{'':>4}" + "".join(f"{name:>13}" for name in ("as it is", *HARMONICS)))
    for name, each in curves.items():
        reader = np.repeat(table["es"].to_numpy(), [len(found) for found in each])
        off = [phases(np.concatenate(each), harmonics=number).es - reader for number in (None, *HARMONICS.values())]
        print(f"{name:40}{len(reader):4}" + "".join(f"{np.abs(apart).mean():13.2f}" for apart in off))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--atlas", type=Path, nargs="*", default=[], help="atlases that hold landmarks of the cine masks")
    parser.add_argument("--structure", default="cavity", help="the cavity's name in them")
    given = parser.parse_args()
    table = studies(given.data)
    pixels, height, outlines, manual = {}, {}, {}, {reading: [] for reading in READINGS}
    for study in table.index:
        cavity, size = planes(given.data / "unet_cine" / f"{study}.nii.gz")
        pixels[study], height[study] = pixel_areas(cavity, size), float(size[2])
        if not given.atlas:
            outlines[study] = polygons(cavity, size)
        for reading in READINGS:
            drawn, size = planes(given.data / "manual" / reading / f"{study}.nii.gz")
            ml = drawn.sum(axis=(0, 1, 2)) * size.prod() / 1000
            manual[reading].append(100 * (1 - ml[1] / ml[0]))
    for atlas in given.atlas:
        outlines |= landmarks(atlas, given.structure, {study: each.shape for study, each in pixels.items()})
    report(given.data, table, pixels, height, outlines, {reading: np.array(values) for reading, values in manual.items()})


def report(
    data: Path,
    table: pd.DataFrame,
    pixels: dict[str, Array],
    height: dict[str, float],
    outlines: dict[str, Array],
    manual: dict[str, Array],
) -> None:
    first, areas = manual[READINGS[0]], {study: both[0] for study, both in outlines.items()}
    print(f"manual voxels against studies.csv: {np.abs(first - table['EF_obs0_rep0']).max():.1e} points apart at most")
    off = np.concatenate([100 * np.abs(areas[study] / pixels[study] - 1).ravel() for study in table.index])
    print(
        "area of landmarks from the pixels': median {:.3f} %, 95th percentile {:.3f} %".format(*np.nanpercentile(off, [50, 95]))
    )
    print(f"\n{'EF less that of reading 1, points':52}  n   bias (its interval)      limits of agreement    r   mae  ES off")
    for reading in READINGS[1:]:
        told(f"manual, {reading}", manual[reading], first)
    for source, of, treatments in (("pixels", pixels, ("zero",)), ("landmarks", areas, ("zero", "interpolate", "common"))):
        for missing in treatments:
            for how in ("reader", "volume"):
                found = table_of(table, of, height, missing, how)
                told(f"{source}, missing {missing}, frames by {how}", found[:, 0], first, f"{found[:, 1].mean():.2f}")
    end_systoles(data, table, areas)
    ours = table_of(table, areas, height, "interpolate", "volume")[:, 0]
    strains = np.array([global_strain(*outlines[study]) for study in table.index])
    groups(table, {"EF, reading 1": first, "EF, landmarks, interpolate": ours, "circumferential strain": strains})


if __name__ == "__main__":
    main()
