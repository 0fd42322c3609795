"""Measure correspondence on real masks: ``python benchmarks/correspondence.py DATA [PART ...]``.

DATA holds ``cxr/``, ``mouse_vertebrae/``, ``acdc/`` and ``nnunet_out/``. Parts: chest (default), bones, walls, rings; or all.
Every figure comes from the commands as a user would run them; ``--out DIR`` keeps their atlases. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from chest import STRUCTURES, copy, run, split, truths
from PIL import Image
from scipy import ndimage

from atlaskit import metrics, store
from atlaskit.contours import fill
from atlaskit.topology import Topology

SEEDS = (0, 1, 2)
MM = 0.7  # pixel size of the chest masks: 0.35 mm on the grid of 1024 px


def write_truth(path: Path, cases: list[str], points: dict[str, np.ndarray]) -> Path:
    """True landmarks (N, K, 2) by structure as the CSV of the contract."""
    rows = [
        (case, name, k, x, y)
        for name, array in points.items()
        for case, own in zip(cases, array.tolist(), strict=True)
        for k, (x, y) in enumerate(own)
    ]
    pd.DataFrame(rows, columns=["case", "structure", "landmark", "x", "y"]).to_csv(path, index=False)
    return path


def table(document: dict[str, Any], name: str) -> pd.DataFrame:
    """One of the tables of an evaluation."""
    return pd.DataFrame(document[name])


def chest(data: Path, work: Path) -> None:
    """JSRT by default options: 142 to fit, 30 unseen; three seeds. Figures on the 1024 grid are twice those of the masks."""
    fit_files, new_files = split(sorted((data / "cxr/masks").glob("JPC*.png")))
    fit_folder, every = copy(fit_files, work / "chest_fit"), copy([*fit_files, *new_files], work / "chest_all")
    cases = [file.stem for file in (*fit_files, *new_files)]
    truth = write_truth(work / "truth.csv", cases, truths(data, cases))
    names = [f"--structure={name}={value}" for value, name in enumerate(STRUCTURES, start=1)]
    errors, placed = [], []
    for seed in SEEDS:
        atlas = work / f"chest{seed}"
        _, seconds = run("fit", fit_folder, "--atlas", atlas, "--seed", seed, *names)
        run("extract", "--model", every, "--atlas", atlas)
        asked = ("--truth", truth, "--unseen", "--spacing-mm", MM, *["--baselines"][: seed == 0])
        document, _ = run("evaluate", "--atlas", atlas, *asked)
        found = table(document, "correspondence")
        errors.append(found[found["landmarks"] == "points"].set_index("structure"))
        placed.append(store.read(atlas / "landmarks.zarr").load())
        print(f"seed {seed}, fit {seconds:.0f} s, px of the 1024 grid")
        for kind, part in found.groupby("landmarks", sort=False):
            shown = part.set_index("structure")[["mean_px", "p95_px", "slip_px", "normal_px"]] * 2
            print(f"{kind}\n{shown.round(2).to_string()}")
        if seed == 0:
            report(document)
    mean = sum(error[["mean_px", "p95_px"]] for error in errors) / len(errors) * 2
    print(f"points, mean of {len(SEEDS)} seeds, px of the 1024 grid\n{mean.round(2).to_string()}")
    print("repeatability of unseen cases, px of the 1024 grid, pairs of seeds, points")
    print(repeated(placed, np.array([c not in {f.stem for f in fit_files} for c in placed[0]["case"].values])))


def report(document: dict[str, Any]) -> None:
    """Baselines, inference and equivariance of one evaluation."""
    for name, columns in (("baselines", ["mean_px", "p95_px"]), ("inference", ["mean_px", "mean_mm"])):
        part = table(document, name)
        keys = [column for column in part if column in ("method", "landmarks", "structure")]
        columns = [column for column in part if column.endswith(("_px", "_mm"))]
        print(f"{name}, px of the masks\n{part[[*keys, *columns]].round(2).to_string(index=False)}")
    moved = table(document, "equivariance")
    moved = moved[moved["structure"] == "overall"].set_index(["landmarks", "transform"])[["mean_px", "slip_px", "normal_px"]]
    print(f"equivariance, px of the 1024 grid\n{(moved * 2).round(2).to_string()}")


def repeated(placed: list[Any], chosen: np.ndarray) -> str:
    """Mean distance of unseen cases' landmarks between seeds, each tied to its fixed position on the other cases."""
    loops = [Topology.from_json(found.attrs["topology"]) for found in placed]
    lines = []
    for a in range(len(placed)):
        for b in range(len(placed)):
            if a != b:
                ours, theirs = (metrics.by_structure(placed[k]["points"].values.astype(float), loops[k]) for k in (a, b))
                apart = metrics.correspondence_error(theirs, ours, train=~chosen) * 2
                lines.append("  ".join(f"{name} {value:.2f}" for name, value in apart["mean_px"].items()))
    return "\n".join(lines)


def bones(data: Path, work: Path) -> None:
    """Mouse vertebrae in any pose: all are fitted; tied on 70 % of the cases, measured on the others."""
    masks = data / "mouse_vertebrae/masks"
    known = np.load(data / "mouse_vertebrae/landmarks.npz")
    truth = write_truth(work / "bones.csv", list(map(str, known["id"])), {"bone": known["points_landmarks6"]})
    atlas = work / "bones"
    _, seconds = run("fit", masks, "--pose", "free", "--atlas", atlas, "--structure=bone=1")
    run("extract", "--model", masks, "--atlas", atlas)
    for seed in SEEDS:
        document, _ = run("evaluate", "--atlas", atlas, "--truth", truth, "--baselines", "--seed", seed)
        part = table(document, "baselines")
        columns = [column for column in part if column.endswith("_px")]
        print(f"split {seed}, fit {seconds:.0f} s\n{part[['method', *columns]].round(2).to_string(index=False)}")


def walls(data: Path, work: Path) -> None:
    """RV, myocardium and LV of ACDC with shared boundaries: patients whose number leaves 3 when divided by 4 are unseen."""
    files = sorted((data / "acdc/masks_mid").glob("*.png"))
    unseen = [file for file in files if int(re.findall(r"\d+", file.name)[0]) % 4 == 3]
    shared(work / "walls", [file for file in files if file not in unseen], unseen, ("RV=1", "myocardium=2", "LV=3"))


def rings(data: Path, work: Path) -> None:
    """Cavity and ring of the pigs' U-Net masks: those of the last two pigs are unseen."""
    files = sorted((data / "nnunet_out/pig_unet_2d_png/predictions").glob("*.png"))
    studies = sorted({file.name[:3] for file in files})
    unseen = [file for file in files if file.name[:3] in studies[-len(studies) // 4 :]]
    shared(work / "rings", [file for file in files if file not in unseen], unseen, ("cavity=1", "ring=2"))


def shared(work: Path, to_fit: list[Path], unseen: list[Path], structures: tuple[str, ...]) -> None:
    """Fit with shared boundaries, and measure unseen cases: areas, outer edges, and pixels in two structures or in none."""
    folder, new = copy(to_fit, work / "fit"), copy(unseen, work / "new")
    atlas = work / "atlas"
    _, seconds = run("fit", folder, "--shared-boundaries", "--atlas", atlas, *[f"--structure={name}" for name in structures])
    run("extract", "--model", new, "--atlas", atlas)
    found = store.read(atlas / "landmarks.zarr").load()
    topology = Topology.from_json(found.attrs["topology"])
    masks = [np.array(Image.open(new / f"{case}.png")) for case in found["case"].values]
    print(f"fit of {len(to_fit)} masks {seconds:.0f} s; {len(unseen)} unseen; {topology.n_landmarks} landmarks")
    print(f"Dice of points {dict(zip(topology.structures, found['dice'].mean('case').values.round(4).tolist(), strict=True))}")
    for ring, filler in topology.fills():
        values = [int(text.split("=")[1]) for text in (structures[ring], structures[filler])]
        pairs = zip(found["points"].values.astype(float), masks, strict=True)
        outer = [metrics.polygon_dice(p[list(topology.loops[ring])], np.isin(m, values)) for p, m in pairs]
        print(f"Dice of the outer edge of {structures[ring]}: {np.mean(outer):.4f}")
    overlap = gap = 0
    for points, mask in zip(found["points"].values.astype(float), masks, strict=True):
        areas = [fill(points[list(topology.polygon(s))], mask.shape[::-1]) for s in range(len(structures))]
        count = np.sum(areas, axis=0)
        beside = np.sum([ndimage.binary_dilation(area, np.ones((3, 3))) for area in areas], axis=0)
        overlap += int((count > 1).sum())
        gap += int(((count == 0) & (beside > 1) & (mask > 0)).sum())
    print(
        f"pixels in two structures {overlap}; of the mask, in none but beside two {gap}; outlines that cross {crossings(found)}"
    )


def crossings(found: Any) -> int:
    """Outlines that cross themselves."""
    return int((found["self_intersections"] > 0).sum())


PARTS = {"chest": chest, "bones": bones, "walls": walls, "rings": rings}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "all", []], default=["chest"])
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = asked.out or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        for part in PARTS if "all" in asked.parts else asked.parts:
            print(f"-- {part}", flush=True)
            PARTS[part](asked.data.resolve(), work)


if __name__ == "__main__":
    main()
