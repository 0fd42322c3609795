"""Motion and function against the truth of the cine phantom: ``python benchmarks/cine_phantom.py --out DIR``.

Masks of 256 px are generated, 16 ventricles to fit and 12 others to follow (20 frames, 5 and 8 slices). Each true landmark is
tied to the fixed position along the outline that has the least mean distance over half of the unseen ventricles; its
displacement since end-diastole is measured on the other half. A second cohort twists by 0.2 rad, which leaves areas alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import atlaskit
from atlaskit import metrics, phantom

STRUCTURES = ("--structure", "cavity=1", "--structure", "epi=1+2")
TWISTS = {"still": 0.0, "twist of 0.2 rad": 0.2}


def run(*arguments: object) -> None:
    """Run an atlaskit command."""
    done = subprocess.run(
        [sys.executable, "-m", "atlaskit_cli", *map(str, arguments), "--json"], capture_output=True, check=False
    )
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr.decode())


def tracks(folder: Path, *options: str) -> tuple[xr.Dataset, pd.DataFrame]:
    """The tracks of a store, and the table of function."""
    run("track", "--atlas", folder, "--no-film", *options)
    return xr.open_zarr(folder / "landmarks.zarr", group="tracks", chunks=None).load(), pd.read_csv(
        folder / "tracks/function.csv"
    )


def displacement_errors(found: xr.Dataset, truth: Path, cases: pd.DataFrame) -> np.ndarray:
    """(n,) distances, px of 256, of displacements since end-diastole from the true ones."""
    topology = atlaskit.open(found.encoding["source"]).topology if "source" in found.encoding else None
    assert topology is not None
    names = found["case"].to_numpy()
    true = metrics.read_truth(truth).of(names.ravel().tolist())
    points = found["points"].to_numpy() / (phantom.ventricle.FIELD_OF_VIEW_MM / 256)
    train = np.isin(found["subject"].to_numpy(), sorted(set(found["subject"].values))[::2])
    errors = []
    for structure, marks in true.items():
        loop = topology.loop_of(structure)
        place = points[..., loop, :].reshape(-1, len(loop), 2)
        marks = marks.reshape(-1, *marks.shape[1:])
        rows = np.repeat(train, names.shape[1])
        tied = metrics.offsets(place, marks, train=rows, test=np.ones(len(rows), dtype=bool)).offset.reshape(
            *names.shape, -1, 2
        )
        # the offset of a displacement is that of the frame less that of end-diastole, the first
        errors.append(np.linalg.norm(tied - tied[:, :1], axis=-1)[~train, 1:].ravel())
    return np.concatenate(errors)


def measure(folder: Path, truth: Path, name: str, *options: str) -> dict[str, object]:
    """A row of the table."""
    found, function = tracks(folder, *options)
    found.encoding["source"] = str(folder / "landmarks.zarr")
    cases = pd.read_csv(truth.parent / "cases.csv")
    moved = displacement_errors(found, truth, cases)
    row: dict[str, object] = {"cohort": name, "options": " ".join(options) or "default"}
    row |= {"displacement_px": moved.mean(), "displacement_p95_px": np.percentile(moved, 95)}
    true = cases.set_index("case")
    for structure in ("cavity", "epi"):
        wanted = true[f"{structure}_strain"].loc[found["case"].values.ravel()].to_numpy().reshape(found["case"].shape)
        error = np.abs(found["strain"].sel(structure=structure).to_numpy() - wanted)
        row[f"strain_{structure}_points"] = 100 * error.mean()
    error = 100 * (function.set_index("study")["ef"] - true.groupby("subject")["fac"].first()).abs()
    return row | {"ef_points": error.mean(), "ef_most_points": error.max()}


def main() -> None:
    """Make the cohorts and the atlas where they are not there yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    if not (out / "atlas" / "network.pt").is_file():
        phantom.cine(16, frames=20, slices=5, size=256, seed=1).write(out / "fit", form="nifti")
        run("fit", out / "fit/masks", "--atlas", out / "atlas", *STRUCTURES)
    rows = []
    for number, (name, twist) in enumerate(TWISTS.items()):
        folder, atlas = out / f"unseen{number}", out / f"atlas{number}"
        if not (atlas / "landmarks.zarr").is_dir():
            phantom.cine(12, frames=20, slices=8, size=256, seed=2, twist_rad=twist).write(folder, form="nifti")
            run("extract", "--model", folder / "masks", "--atlas", out / "atlas", "--out", atlas / "landmarks.zarr")
        for options in ((), ("--no-steady",), ("--smooth", "fourier")):
            rows.append(measure(atlas, folder / "truth.csv", name, *options))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="%.3f"))
    (out / "cine_phantom.json").write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
