"""Measure the main path on chest masks with manual landmarks: ``python benchmarks/chest.py DATA [PART ...]``.

DATA holds ``cxr/`` (masks, masks_bits, landmarks.npz) and ``nnunet_out/``. Parts: main (default), speed, clavicles, missing,
layouts; or all. Every command runs as a user would run it; times include the start of Python. Run by hand on an idle machine.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from atlaskit import contours, metrics, store
from atlaskit.topology import Topology

SEED, TO_FIT = 0, 142
STRUCTURES = {"right lung": "RL", "left lung": "LL", "heart": "H"}
GRID = 2.0  # the manual landmarks live on a grid twice as fine as the masks


def run(*arguments: object, expect: int = 0) -> tuple[dict[str, Any], float]:
    """Run an atlaskit command; its JSON document and its wall time in seconds."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "atlaskit_cli", *map(str, arguments), "--json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode != expect:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), seconds


def copy(files: list[Path], folder: Path) -> Path:
    """Copy mask files into a new folder."""
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder)
    return folder


def split(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """142 cases to fit and the rest, seeded."""
    order = np.random.default_rng(SEED).permutation(len(files))
    return [files[k] for k in order[:TO_FIT]], [files[k] for k in order[TO_FIT:]]


def truths(data: Path, cases: list[str]) -> dict[str, np.ndarray]:
    """Manual landmarks (N, K, 2) by structure, in pixels of the 512 px masks."""
    table = np.load(data / "cxr/landmarks.npz")
    row = {str(name): k for k, name in enumerate(table["id"])}
    chosen = [row[case] for case in cases]
    return {name: (table[key][chosen] + 0.5) / 2 - 0.5 for name, key in STRUCTURES.items()}


def error(points: dict[str, np.ndarray], truth: dict[str, np.ndarray], train: np.ndarray) -> str:
    """Correspondence error on the 1024 grid: mean per structure and overall, and 95th percentiles."""
    table = metrics.correspondence_error(points, truth, train=train) * GRID
    means = "  ".join(f"{name} {table.loc[name, 'mean_px']:.2f}" for name in table.index)
    return f"{means}   p95 " + " ".join(f"{value:.0f}" for value in table["p95_px"][:-1])


def baselines(folder: Path, cases: list[str], truth: dict[str, np.ndarray], train: np.ndarray, n: int) -> None:
    """The same figure for arc length from the topmost point and for the best cyclic start."""
    masks = [np.array(Image.open(folder / f"{case}.png")) for case in cases]
    traced = [[contours.trace(mask == value) for mask in masks] for value in (1, 2, 3)]
    outlines = [[found.points for found in row if found is not None] for row in traced]
    top = [np.stack([metrics.topmost_start(line, n) for line in row]) for row in outlines]
    cyclic = [metrics.best_cyclic_start(row, n) for row in outlines]
    for name, points in (("arc length from the topmost point", top), ("best cyclic start", cyclic)):
        print(f"{name:45s} {error(dict(zip(truth, points, strict=True)), truth, train)}")


def main(data: Path, work: Path) -> None:
    """Fit on 142 JSRT cases with default options, extract the 30 unseen ones, measure."""
    files = sorted((data / "cxr/masks").glob("JPC*.png"))
    fit_files, new_files = split(files)
    fit_folder, new_folder = copy(fit_files, work / "fit"), copy(new_files, work / "new")
    names = [f"--structure={name}={value}" for value, name in enumerate(STRUCTURES, start=1)]
    document, seconds = run("fit", fit_folder, "--atlas", work / "atlas", *names)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{'fit, wall time':45s} {seconds:.0f} s ({document['steps']} steps), peak memory {peak:.2f} GB")
    stores = [work / "fit.zarr", work / "new.zarr"]
    for folder, target in zip((fit_folder, new_folder), stores, strict=True):
        run("extract", "--model", folder, "--atlas", work / "atlas", "--out", target)
    sets = [store.read(path).load() for path in stores]
    new = sets[1]
    loops = Topology.from_json(new.attrs["topology"]).loops
    topology = Topology.from_json(new.attrs["topology"])
    n = len(loops[0])
    masks = {case: np.array(Image.open(new_folder / f"{case}.png")) for case in new["case"].values.tolist()}
    for field in ("points_network", "points"):
        dice = np.array(
            [
                [metrics.polygon_dice(p[list(loop)], masks[case] == s + 1) for s, loop in enumerate(loops)]
                for case, p in zip(masks, new[field].values, strict=True)
            ]
        )
        print(f"{'Dice of ' + field:45s} " + "  ".join(f"{a} {v:.4f}" for a, v in zip(STRUCTURES, dice.mean(0), strict=True)))
    crossed = int((new["self_intersections"].values > 0).sum())
    print(f"{'contours of points that cross themselves':45s} {crossed} of {new['self_intersections'].size}")
    cases = [case for found in sets for case in found["case"].values.tolist()]
    train = np.arange(len(cases)) < len(fit_files)
    truth = truths(data, cases)
    print("correspondence to manual landmarks, px of the 1024 grid, unseen cases")
    for field in ("points", "points_network"):
        points = np.concatenate([found[field].values for found in sets]).astype(float)
        print(f"{field:45s} {error(metrics.by_structure(points, topology), truth, train)}")
    everything = copy(files, work / "all")
    baselines(everything, cases, truth, train, n)


def speed(data: Path, work: Path) -> None:
    """Files to store, all quality figures: every chest mask, with the atlas of `main`."""
    copies = work / "many"
    copies.mkdir()
    for k in range(3):
        for file in sorted((data / "cxr/masks").glob("*.png")):
            shutil.copy(file, copies / f"{k}_{file.name}")
    document, seconds = run("extract", "--model", copies, "--atlas", work / "atlas", "--out", work / "many.zarr")
    count = document["n_new"]
    print(
        f"{'extract, mask files to store':45s} {count / document['seconds']:.0f} masks/s "
        f"({count} masks; {count / seconds:.0f} with start-up)"
    )
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "atlaskit_cli", "--help"], check=True, stdout=subprocess.DEVNULL)
    print(f"{'atlaskit --help':45s} {time.perf_counter() - began:.2f} s")


def clavicles(data: Path, work: Path) -> None:
    """Five overlapping structures from bit planes: Dice of points on unseen cases."""
    fit_files, new_files = split(sorted((data / "cxr/masks_bits").glob("JPC*.png")))
    names = ("right lung=1", "left lung=2", "heart=4", "right clavicle=8", "left clavicle=16")
    atlas = work / "clavicles"
    document, seconds = run(
        "fit",
        copy(fit_files, work / "bits_fit"),
        "--layout",
        "bits",
        "--atlas",
        atlas,
        *[f"--structure={n}" for n in names],
    )
    new = copy(new_files, work / "bits_new")
    run("extract", "--model", new, "--atlas", atlas, "--layout", "bits")
    found = store.read(atlas / "landmarks.zarr").load()
    dice = found["dice"].mean("case").values
    shown = "  ".join(f"{name} {value:.4f}" for name, value in zip(found["structure"].values, dice, strict=True))
    print(f"{'five structures, Dice of points':45s} {shown}   fit {seconds:.0f} s, {document['steps']} steps")
    print(f"{'  crossings':45s} {int((found['self_intersections'] > 0).sum())} of {found['self_intersections'].size}")


def missing(data: Path, work: Path) -> None:
    """JSRT and Montgomery together: hearts absent where they are, lungs unmoved when a heart is emptied."""
    both = sorted(f for f in (data / "cxr/masks").glob("*.png") if f.name.startswith(("JPC", "MCUCXR")))
    fit_files = [f for k, f in enumerate(both) if k % 6]
    held = [f for k, f in enumerate(both) if k % 6 == 0]
    atlas = work / "missing"
    names = [f"--structure={name}={value}" for value, name in enumerate(STRUCTURES, start=1)]
    _, seconds = run("fit", copy(fit_files, work / "both_fit"), "--atlas", atlas, *names)
    print(f"{'fit of both, wall time':45s} {seconds:.0f} s ({len(both)} cases, {len(held)} of them unseen)")
    whole, emptied = copy(held, work / "whole"), work / "emptied"
    emptied.mkdir()
    for file in held:
        mask = np.array(Image.open(file))
        Image.fromarray(np.where(mask == 3, 0, mask).astype(np.uint8)).save(emptied / file.name)
    sets = []
    for folder in (whole, emptied):
        run("extract", "--model", folder, "--atlas", atlas, "--out", work / f"{folder.name}.zarr")
        sets.append(store.read(work / f"{folder.name}.zarr").load())
    heart = np.array([bool((np.array(Image.open(f)) == 3).any()) for f in held])
    reported = sets[0]["present"].values[:, 2]
    print(
        f"{'hearts reported where they are':45s} {int((reported == heart).sum())} of {len(heart)}; "
        f"absent after emptying: {int((~sets[1]['present'].values[:, 2]).sum())}"
    )
    lungs = [node for loop in Topology.from_json(sets[0].attrs["topology"]).loops[:2] for node in loop]
    for field in ("points_network", "points"):
        moved = np.linalg.norm(sets[0][field].values[heart][:, lungs] - sets[1][field].values[heart][:, lungs], axis=-1)
        print(
            f"{'lungs move when the heart is emptied, ' + field:45s} mean {moved.mean():.3f} px, "
            f"worst case {moved.mean(1).max():.3f} px ({heart.sum()} cases)"
        )


def layouts(data: Path, work: Path) -> None:
    """The same masks as PNG and NIfTI give the same landmarks; scattered structures are refused."""
    png, nii = (data / f"nnunet_out/pig_unet_2d_{kind}/predictions" for kind in ("png", "nii"))
    atlas = work / "pig"
    rings = ["--structure=cavity=1", "--structure=epi=1+2"]
    _, seconds = run("fit", png, "--atlas", atlas, "--preset", "fast", *rings)
    sets = []
    for folder in (png, nii):
        out = work / f"{folder.parent.name}.zarr"
        run("extract", "--model", folder, "--atlas", atlas, "--out", out)
        sets.append(store.read(out).load())
    apart = np.abs(sets[0]["points"].values - sets[1]["points"].values)
    same = (sets[0]["case"].values == sets[1]["case"].values).all()
    print(
        f"{'PNG against NIfTI, greatest difference':45s} {np.nanmax(apart):.2e} px over {len(apart)} cases (same ids: {same})"
    )
    print(f"{'  Dice of points, cavity and epi':45s} {sets[0]['dice'].mean('case').values.round(4)}   fit {seconds:.0f} s")
    command = [
        sys.executable,
        "-m",
        "atlaskit_cli",
        "fit",
        str(data / "nnunet_out/real_ct_muscle_2d"),
        "--atlas",
        str(work / "muscle"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"fit of scattered structures ends with {done.returncode}: {done.stderr.strip()}")


PARTS = {"main": main, "speed": speed, "clavicles": clavicles, "missing": missing, "layouts": layouts}

if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    chosen = list(PARTS) if "all" in sys.argv[2:] else sys.argv[2:] or ["main"]
    with tempfile.TemporaryDirectory() as folder:
        for part in chosen:
            print(f"-- {part}", flush=True)
            PARTS[part](Path(sys.argv[1]), Path(folder))
