"""Ejection fraction from cine masks with gaps, beside readers: ``python benchmarks/ef.py DATA [--landmarks N]``.

DATA is the folder pig_cine: a pixel model's masks of all frames (``unet_cine``, label 1 the cavity), manual masks of two
phases by three readings (``manual``), and ``studies.csv``. Areas are of polygons of N points on the boundary of each mask,
where landmarks lie after the boundary fit, and, to compare, of the masks' own pixels. Printed are the agreement of each
treatment of missing slices with the ejection fraction of the first reading, that of the other readings, and control against
infarction, with permutations by pig and by study.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from math import comb
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.contours import perimeter, resample, signed_area, trace
from atlaskit.metrics import agreement
from atlaskit.tracking import by_slices, ejection_fraction, phases, strain

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


def polygons(cavity: NDArray[np.bool_], size: Array, n: int) -> tuple[Array, Array]:
    """(Z, T) areas, square mm, and lengths, mm, of polygons of n points on the boundary."""
    areas, lengths = np.full((2, *cavity.shape[2:]), np.nan)
    for place in np.ndindex(*areas.shape):
        contour = trace(cavity[(..., *place)].T)
        if contour is not None:
            points = resample(contour.points, n) * size[:2]
            areas[place], lengths[place] = abs(signed_area(points)), perimeter(points)
    return areas, lengths


def frames(areas: Array, volumes: Array, how: str, row: pd.Series) -> tuple[int, int]:
    """End-diastole and end-systole: of the volumes themselves, of the slices without gaps, or the readers' own."""
    if how == "reader":
        return int(row["ed"]), int(row["es"])
    found = phases(volumes if how == "volume" else by_slices(areas, 1.0, missing="common").ml)
    return int(found.ed), int(found.es)


def table_of(table: pd.DataFrame, areas: dict[str, Array], height: dict[str, float], missing: str, how: str) -> Array:
    """(N, 2) ejection fraction, percent, and how far its end-systole is from the readers', frames."""
    rows = []
    for study, row in table.iterrows():
        ml = by_slices(areas[study], height[study], missing=missing).ml
        ed, es = frames(areas[study], ml, how, row)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--landmarks", type=int, default=128)
    given = parser.parse_args()
    table = studies(given.data)
    pixels, outlines, strains, height, manual = {}, {}, [], {}, {}
    for study in table.index:
        cavity, size = planes(given.data / "unet_cine" / f"{study}.nii.gz")
        pixels[study], height[study] = pixel_areas(cavity, size), float(size[2])
        outlines[study], lengths = polygons(cavity, size, given.landmarks)
        strains.append(global_strain(outlines[study], lengths))
        for reading in READINGS:
            drawn, size = planes(given.data / "manual" / reading / f"{study}.nii.gz")
            ml = drawn.sum(axis=(0, 1, 2)) * size.prod() / 1000
            manual.setdefault(reading, []).append(100 * (1 - ml[1] / ml[0]))
    first = np.array(manual[READINGS[0]])
    print(f"manual voxels against studies.csv: {np.abs(first - table['EF_obs0_rep0']).max():.1e} points apart at most")
    off = [np.nanmedian(np.abs(outlines[s] / pixels[s] - 1)) for s in table.index]
    print(f"polygons of {given.landmarks} points: area {100 * np.median(off):.3f} % from the pixels', median\n")
    print(f"{'EF less that of reading 1, points':52}  n   bias (its interval)      limits of agreement    r   mae  ES off")
    for reading in READINGS[1:]:
        told(f"manual, {reading}", np.array(manual[reading]), first)

    for source, areas in (("pixels", pixels), ("polygons", outlines)):
        for missing in ("zero",) if source == "pixels" else ("zero", "interpolate", "common"):
            for how in ("reader", "volume", "whole slices"):
                found = table_of(table, areas, height, missing, how)
                told(f"{source}, missing {missing}, frames by {how}", found[:, 0], first, f"{found[:, 1].mean():.2f}")
    best = table_of(table, outlines, height, "interpolate", "whole slices")[:, 0]
    groups(table, {"EF, reading 1": first, "EF, polygons, interpolate": best, "circumferential strain": np.array(strains)})


if __name__ == "__main__":
    main()
