"""From chest masks to statistics: ``python benchmarks/chest_population.py DATA --out DIR``.

DATA holds ``cxr/`` (masks, clinical.csv, landmarks.npz). Masks -> fit -> extract -> shape-pca -> compare by sex, age and
group, each as a user would run it, beside the same tests on the given landmarks; and the cardiothoracic ratio by landmarks
against that by masks, case by case. Tables and pictures stay in DIR.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

import atlaskit
from atlaskit import shape

LUNGS = "right lung,left lung"
GIVEN = {"right lung": "RL", "left lung": "LL", "heart": "H"}
COMPARISONS = {
    "chests of JSRT, by sex and age": ("JPC", "~ Sex + Age_clean + log(size)", "right lung,left lung,heart"),
    "chests of JSRT, by nodule": ("JPC", "~ group + Sex + Age_clean", "right lung,left lung,heart"),
    "all with a heart, by group": ("", "~ group + Sex + Age_clean", "right lung,left lung,heart"),
    "lungs of Montgomery, by tuberculosis": ("MCU", "~ group + Sex + Age_clean", LUNGS),
}
"""Start of the cases' ids, formula and structures of each."""


def run(*arguments: object) -> dict[str, Any]:
    """Run an atlaskit command and say how long it took; its JSON document."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "atlaskit_cli", *map(str, arguments), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    print(f"{arguments[0]}: {time.perf_counter() - began:.1f} s, start of Python included", flush=True)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def ratio(heart: np.ndarray, lungs: np.ndarray) -> float:
    """Cardiothoracic ratio: the width of the heart over that of the chest within the ribs, from x coordinates."""
    return float(np.ptp(heart) / np.ptp(lungs))


def ratios(atlas: Path, masks: Path) -> pd.DataFrame:
    """Cardiothoracic ratio of each case that has a heart, by landmarks and by mask pixels."""
    opened = atlaskit.store.open_store(atlas / "landmarks.zarr")
    sets = atlaskit.store.read(atlas / "landmarks.zarr").load()
    loops = dict(zip(opened.topology.structures, opened.topology.loops, strict=True))
    rows = []
    for case, points, source in zip(sets["case"].values, sets["points"].values, sets["source"].values, strict=True):
        x = {name: points[list(loop), 0] for name, loop in loops.items()}
        if not all(np.isfinite(values).all() for values in x.values()):
            continue
        mask = np.array(Image.open(masks / str(source)))
        columns = [np.flatnonzero(np.isin(mask, values).any(0)) for values in ((3,), (1, 2))]
        wide = (np.ptp(columns[0]) + 1) / (np.ptp(columns[1]) + 1)
        rows.append((case, ratio(x["heart"], np.concatenate([x["right lung"], x["left lung"]])), wide))
    return pd.DataFrame(rows, columns=["case", "landmarks", "masks"])


def by_given(data: Path, people: pd.DataFrame, formula: str, structures: str) -> pd.DataFrame:
    """The analysis of variance of the landmarks that came with the masks."""
    with np.load(data / "cxr/landmarks.npz") as file:
        row = {str(name): k for k, name in enumerate(file["id"])}
        points = np.concatenate([file[GIVEN[name]] for name in structures.split(",")], axis=1)
    people = people[people["id"].isin(row)]
    shapes = points[[row[name] for name in people["id"]]].astype(float)
    known = np.isfinite(shapes).all((1, 2))
    aligned = shape.align(shapes[known])
    return shape.compare(aligned.tangent, formula, people[known].reset_index(drop=True), size=aligned.size).table


def main() -> None:
    """The whole chain, printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    masks, atlas = given.data / "cxr/masks", given.out / "atlas"
    if not (atlas / "landmarks.zarr").exists():
        names = ("--structure=right lung=1", "--structure=left lung=2", "--structure=heart=3")
        run("fit", masks, "--atlas", atlas, *names)
        run("extract", "--model", masks, "--atlas", atlas)
    run("shape-pca", "--atlas", atlas)
    both = ratios(atlas, masks)
    off = (both["landmarks"] - both["masks"]).abs()
    print(f"cardiothoracic ratio of {len(both)} cases, landmarks against masks: mean {off.mean():.4f}, most {off.max():.4f}")
    jsrt = both["case"].str.startswith("JPC")
    print(f"  JSRT {both.loc[jsrt, 'landmarks'].mean():.3f}, PadChest {both.loc[~jsrt, 'landmarks'].mean():.3f}")
    people = pd.read_csv(given.data / "cxr/clinical.csv")
    for number, (title, (start, formula, structures)) in enumerate(COMPARISONS.items()):
        table = given.out / f"people_{number}.csv"
        chosen = people[people["id"].str.startswith(start)]
        chosen.to_csv(table, index=False)
        options = ("--table", table, "--id", "id", "--formula", formula, "--structures", structures)
        found = run("compare", "--atlas", atlas, *options)
        print(f"\n{title}: {found['cases']} cases, shape {formula}")
        ours = pd.DataFrame(found["anova"]).set_index(["stratum", "term"])[["R2", "F", "p"]]
        given_ones = by_given(given.data, chosen, formula, structures)[["R2", "F", "p"]]
        both = ours.join(given_ones, rsuffix=" of the given landmarks").dropna()
        print(both.to_string(float_format=lambda value: f"{value:.4g}"), flush=True)


if __name__ == "__main__":
    main()
