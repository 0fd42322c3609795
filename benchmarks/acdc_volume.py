"""Do closed surfaces enclose what the masks do? ``python benchmarks/acdc_volume.py DATA [--atlas FOLDER] [--picture FOLDER]``.

DATA holds volumes of label maps, one file each, with their slices far apart. Every second subject's volumes fit an atlas (three
minutes), landmarks are placed on all, slices are closed to a surface for each volume, and its volume in pixels times unit
spacing is compared with the number of voxels. ``sum of areas`` is what the outlines enclose by themselves, slice by slice: what
is lost there is no fault of the surfaces. An atlas that has landmarks already is taken as it is.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

import atlaskit
from atlaskit.config import PRESETS
from atlaskit.surfaces import Surface, enclose, euler, is_closed

WAYS = {"surface": {}, "16 levels": {"levels": 16}, "32 levels": {"levels": 32}, "flat ends": {"ends": "flat"}}
"""How stacks are closed."""
BARS = (2.0, 4.0)
"""Aim and floor of the difference in volume, per cent."""
SLICE_PX = 5.0
"""Spacing in pictures: about 8 mm beside 1.5 mm in the plane."""

Stacks = dict[str, NDArray[np.float64]]


def landmarks(data: Path, atlas: Path, structures: list[str]) -> None:
    """An atlas of every second subject's volumes, with landmarks on all."""
    if (atlas / "landmarks.zarr").exists():
        return
    files = sorted(data.glob("*.nii.gz"))
    subjects = sorted({file.name.split("_")[0] for file in files})
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            if file.name.split("_")[0] in subjects[::2]:
                (Path(folder) / file.name).symlink_to(file.resolve())
        atlaskit.fit(folder, atlas=atlas, structures=structures, config=PRESETS["fast"], minutes=3)
    atlaskit.extract(data, atlas=atlas)


def stacks(atlas: Path, structure: str) -> Stacks:
    """(Z, n, 2) landmarks of one structure in each volume, from its first to its last slice; NaN where it is absent."""
    opened = atlaskit.open(atlas)
    table, loop = opened.landmarks.load(), opened.topology.loop_of(structure)
    there = table["present"].sel(structure=structure).to_numpy()
    found: Stacks = {}
    sources = np.array([str(source) for source in table["source"].to_numpy()])
    for source in np.unique(sources).tolist():
        rows = np.flatnonzero((sources == source) & there)
        slices = table["slice"].to_numpy()[rows]
        found[source] = np.full((slices.max() + 1, len(loop), 2), np.nan)
        found[source][slices] = table["points"].to_numpy()[rows][:, loop]
    return found


def shoelace(outline: NDArray[np.float64]) -> float:
    x, y = outline.T
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2)


def twist(stack: NDArray[np.float64]) -> float:
    """Degrees that landmarks turn about their mean from a slice to the next, the most in a stack."""
    from_mean = (stack - stack.mean(axis=1, keepdims=True)) @ [1, 1j]
    between = (from_mean[1:] * from_mean[:-1].conj()).sum(axis=1)
    return float(np.abs(np.degrees(np.angle(between))).max())


def compared(data: Path, found: Stacks, label: int) -> pd.DataFrame:
    """A row for each volume: voxels, slices, and the difference of each way, per cent."""
    rows = {}
    for source, stack in found.items():
        voxels = int((np.asarray(nib.load(data / source).dataobj) == label).sum())  # type: ignore[attr-defined]
        surfaces = {name: enclose(stack, 1.0, **way) for name, way in WAYS.items()}  # type: ignore[arg-type]
        assert all(is_closed(own.faces) and euler(own.faces) == 2 for own in surfaces.values())
        enclosed = {"sum of areas": np.nansum([shoelace(outline) for outline in stack])}
        enclosed |= {name: float(own.volume_mm3) for name, own in surfaces.items()}
        there = np.isfinite(stack).all(axis=(1, 2))
        span = np.flatnonzero(there)
        holed = stack.copy()
        holed[span[len(span) // 2]] = np.nan
        enclosed["middle slice lost"] = float(enclose(holed, 1.0).volume_mm3)
        rows[source] = {
            "voxels": voxels,
            "slices": there.sum(),
            "filled": int(np.ptp(span)) + 1 - there.sum(),
            "twist": twist(stack[there]),
            **{name: 100 * (value / voxels - 1) for name, value in enclosed.items()},
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def report(table: pd.DataFrame) -> None:
    ways = table.drop(columns=["voxels", "slices", "filled", "twist"])
    off = ways.abs()
    summary = {"bias": ways.mean(), "median |d|": off.median(), "p95 |d|": off.quantile(0.95), "most |d|": off.max()}
    summary |= {f"within {bar:g} %": [f"{(off[name] <= bar).sum()} of {len(off)}" for name in off] for bar in BARS}
    print(
        f"{len(table)} volumes of {table['slices'].min()} to {table['slices'].max()} slices; difference from voxels, per cent\n"
    )
    print(pd.DataFrame(summary).round(2).to_string())
    print(f"\nmost that landmarks turn from a slice to the next: median {table['twist'].median():.1f} degrees, ", end="")
    print(f"p95 {table['twist'].quantile(0.95):.1f}, in any volume {table['twist'].max():.1f}")
    print(f"\nfarthest off, as the slices are:\n{table.loc[off['surface'].nlargest(8).index].round(2).to_string()}")


def draw(folder: Path, found: dict[str, Stacks], sources: list[str]) -> None:
    """Pictures of some surfaces, the inner one and the outer one side by side."""
    for source in sources:
        for name, of in found.items():
            surface: Surface = enclose(of[source], SLICE_PX)
            ax = atlaskit.plot.surface(surface.vertices, surface.faces, values=surface.landmark, label="landmark", unit="px")
            ax.get_figure(root=True).savefig(folder / f"{source.split('.')[0]}_{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--atlas", type=Path, help="made here, or taken where it has landmarks")
    parser.add_argument("--label", type=int, default=3, help="value of the cavity")
    parser.add_argument("--wall", type=int, default=2, help="value of the wall around it")
    parser.add_argument("--picture", type=Path, help="a folder for pictures of some surfaces")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        atlas = asked.atlas or Path(scratch) / "atlas"
        landmarks(asked.data, atlas, [f"cavity={asked.label}", f"epi={asked.wall}+{asked.label}"])
        found = {name: stacks(atlas, name) for name in ("cavity", "epi")}
    table = compared(asked.data, found["cavity"], asked.label)
    report(table)
    if asked.picture:
        draw(asked.picture, found, [*table.index[:4], table["surface"].abs().idxmax()])


if __name__ == "__main__":
    main()
