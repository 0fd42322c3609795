"""Cines of pigs from masks to function by networks that saw other pigs: ``python benchmarks/pigs.py DATA --out DIR``.

DATA is the folder pig_cine. Three networks are fitted in DIR, each without two pigs (some four minutes each on two cores; what
is there stays), and the sequences and cines of those two are extracted and tracked. Printed are the areas of landmark
polygons beside those of the masks, the frames of least area or volume beside the readers' end-systole, and control and
infarct pigs compared. `benchmarks/ef.py DATA --atlas DIR/0/cine DIR/1/cine DIR/2/cine` has ejection fractions beside the
readers', and `benchmarks/tracking.py jitter|jumps DIR/0/atlas DIR/1/atlas DIR/2/atlas` the tremble of landmarks and outliers.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import atlaskit
from atlaskit import tracking

LEFT_OUT = (("c3", "t1"), ("c4", "t3"), ("t2", "t22"))
LABELS = {"cavity": (1,), "epi": (1, 2)}
STUDY = r"^(A\d+)"
BEFORE_INFARCTION = 1
"""The first measurement of a pig."""


def run(*arguments: object) -> None:
    """Run an atlaskit command."""
    done = subprocess.run(
        [sys.executable, "-m", "atlaskit_cli", *map(str, arguments), "--quiet"], stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode not in (0, 3):
        raise SystemExit(f"{arguments[0]} ended with {done.returncode}")


def links(folder: Path, paths: list[Path]) -> Path:
    """A folder of links to some masks."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path.resolve())
    return folder


def fold(data: Path, out: Path, pigs: tuple[str, ...], studies: pd.DataFrame) -> None:
    """Fit without two pigs, and extract theirs."""
    own = set(studies.index[studies["pig"].isin(pigs)])
    parts = {True: [], False: []}  # type: dict[bool, list[Path]]
    for path in sorted((data / "sequences").iterdir()):
        parts[path.name.split("_")[0] in own].append(path)
    cines = [path for path in sorted((data / "unet_cine").iterdir()) if path.name.split(".")[0] in own]
    at = ("--atlas", out / "atlas")
    if not (out / "atlas" / "network.pt").is_file():
        structures = [
            word for name, values in LABELS.items() for word in ("--structure", f"{name}={'+'.join(map(str, values))}")
        ]
        run("fit", links(out / "fit", parts[False]), *at, *structures, "--subject-pattern", STUDY)
    run("extract", "--model", links(out / "left", parts[True]), *at, "--subject-pattern", STUDY)
    cine = out / "cine" / "landmarks.zarr"
    run("extract", "--model", links(out / "cine_masks", cines), *at, "--out", cine, "--subject-pattern", STUDY)


def area_errors(out: Path) -> dict[str, np.ndarray]:
    """Per cent by which areas of landmark polygons differ from those of the masks, every frame of the unseen sequences."""
    atlas = atlaskit.open(out / "atlas")
    points, cases = atlas.landmarks["points"].to_numpy()[:, None].astype(float), atlas.landmarks["source"].values
    masks = [np.asarray(Image.open(out / "left" / str(source))) for source in cases]
    found = {}
    for name, values in LABELS.items():
        true = np.array([np.isin(mask, values).sum() for mask in masks])
        found[name] = 100 * np.abs(tracking.area(points, atlas.topology.loop_of(name).tolist())[:, 0] / true - 1)
    return found


def end_systoles(out: Path, wanted: pd.Series) -> np.ndarray:
    """Frames between the end-systole found and a reader's, of the sequences or studies in a table."""
    found = pd.read_csv(out / "tracks" / "function.csv").set_index("study")["es"]
    apart = (found - wanted.reindex(found.index)).abs().dropna().to_numpy()
    return np.minimum(apart, 30 - apart)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    studies = pd.read_csv(given.data / "studies.csv").set_index("id")
    sequences = pd.read_csv(given.data / "sequences.csv")
    of_studies = given.out / "studies.csv"
    errors, single, three, whole, function = {name: [] for name in LABELS}, [], [], [], []
    given.out.mkdir(parents=True, exist_ok=True)
    columns = studies.reset_index()[["id", "pig", "group", "measurement"]]
    columns.rename(columns={"id": "study", "pig": "subject"}).to_csv(of_studies, index=False)
    for number, pigs in enumerate(LEFT_OUT):
        out = given.out / str(number)
        fold(given.data, out, pigs, studies)
        for name, values in area_errors(out).items():
            errors[name].append(values)
        run("track", "--atlas", out / "atlas", "--pattern", r"^(?P<subject>A\d+_s\d+)_t(?P<frame>\d+)", "--no-film")
        single.append(end_systoles(out / "atlas", sequences.set_index("sequence")["es_frame"]))
        run("track", "--atlas", out / "atlas", "--no-film")  # names as they are read: a study has three slices
        three.append(end_systoles(out / "atlas", studies["es"]))
        run("track", "--atlas", out / "cine", "--table", of_studies, "--no-film")
        whole.append(end_systoles(out / "cine", studies["es"]))
        function.append(pd.read_csv(out / "cine" / "tracks" / "function.csv"))
    for name, parts in errors.items():
        values = np.concatenate(parts)
        off = f"{np.median(values):.3f} % (median), {np.percentile(values, 95):.3f} % (95th percentile)"
        print(f"area of {name}: {len(values)} frames, differs by {off}")
    found = {"least area of a sequence": single, "least area of three slices": three, "least volume of a study": whole}
    for what, frames in found.items():
        values = np.concatenate(frames)
        print(f"frame of {what}: {values.mean():.2f} frames from the readers' end-systole ({len(values)})")
    table = pd.concat(function)
    apart = 100 * table["ef"] - studies["EF_obs0_rep0"].reindex(table["study"]).to_numpy()
    limits = " to ".join(f"{apart.mean() + side * 1.96 * apart.std():.2f}" for side in (-1, 1))
    print(f"ejection fraction less the first reading, points: {apart.mean():.2f} (limits {limits}), {len(apart)} studies")
    after = table[table["measurement"] > BEFORE_INFARCTION]
    means = after.groupby(["subject", "group"])[["ef", "strain", "thickening"]].mean().reset_index()
    print("\ncontrol and infarct pigs after infarction, means of each pig's studies; pigs are dealt out anew")
    for name in ("ef", "strain", "thickening"):
        found = tracking.contrast(means[name].to_numpy(), means["group"].tolist())
        print(found.assign(index=name).to_string(index=False, float_format="%.3f"))


if __name__ == "__main__":
    main()
