"""The whole chain on a generated cohort, measured against its known truth."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from atlaskit import metrics, phantom, plot, store
from atlaskit.config import FitConfig
from atlaskit.contours import Points
from atlaskit.errors import InputError, nearest
from atlaskit.phantom import Phantom
from atlaskit.topology import Topology
from atlaskit.verbs.extract import extract
from atlaskit.verbs.fit import fit
from atlaskit.verbs.tracing import Progress, silent
from atlaskit.verbs.track import track
from atlaskit.verbs.tracking.result import TrackResult

CASES = {"chest": 120, "cine": 24}
"""Chests, or beating ventricles of 20 frames each, that a demo generates."""

STRUCTURES = {"chest": (), "cine": ("cavity=1", "epi=1+2")}
"""What `fit` is told about the labels."""

_WRITTEN = ("masks", "truth.csv", "cases.csv")
_SHOWN = 8


@dataclass(frozen=True)
class DemoResult:
    """What a demo made, where it lies, and how well it matches the truth.

    Attributes
    ----------
    folder, masks, atlas, store : Path
        The demo's folder, and in it the generated masks, the atlas, and its landmark store.
    pictures, tables : tuple of Path
        What to look at.
    n_cases : int
        Masks generated.
    dice : dict of str to float
        By structure, the mean Dice of the landmark polygons against the masks.
    correspondence_px : dict of str to float
        By structure and ``overall``, the mean distance of true landmarks from the positions that stand for them.
    seconds : float
        Wall time.
    """

    folder: Path
    masks: Path
    atlas: Path
    store: Path
    pictures: tuple[Path, ...]
    tables: tuple[Path, ...]
    n_cases: int
    dice: dict[str, float]
    correspondence_px: dict[str, float]
    seconds: float

    def __str__(self) -> str:
        """What the demo found, then every picture and table by name."""
        dice = ", ".join(f"{name} {value:.3f}" for name, value in self.dice.items())
        error = self.correspondence_px["overall"]
        lines = [
            f"{self.n_cases} generated masks, fitted and extracted in {self.seconds:.0f} s.",
            f"Dice of the landmark polygons: {dice}.",
            f"True landmarks lie {error:.2f} px from where the atlas places them (30 % of the cases, mean of the structures).",
            "",
            f"landmarks  {self.store}",
            *(f"picture    {path}" for path in self.pictures),
            *(f"table      {path}" for path in self.tables),
        ]
        return "\n".join(lines)


def demo(
    kind: Literal["chest", "cine"] = "chest",
    *,
    folder: str | Path = "demo",
    cases: int | None = None,
    seed: int = 0,
    config: FitConfig | None = None,
    report: Progress = silent,
) -> DemoResult:
    """Generate a cohort, fit an atlas to its masks, extract landmarks from them, and compare these with the truth.

    Parameters
    ----------
    kind : {"chest", "cine"}
        Chests with a group effect, or beating left ventricles.
    folder : path
        A new folder, or that of an earlier demo, which is replaced.
    cases : int, optional
        Chests (120), or ventricles of 20 frames (24).
    seed : int
        Of the cohort, and of the fit where no config is given.
    config : FitConfig, optional
        The numbers of the fit; the preset "fast" by default.
    report : callable
        Called as ``report(stage, done, total)``.

    Returns
    -------
    DemoResult

    Raises
    ------
    InputError
        When the kind is unknown, or the folder holds something else.

    Notes
    -----
    Minutes on two cores; nothing is downloaded.
    """
    start = time.perf_counter()
    if kind not in CASES:
        raise InputError(f"A demo is 'chest' or 'cine'; got {kind!r}: {nearest(kind, CASES)}")
    folder = Path(folder)
    _clear(folder)
    cohort = _generate(kind, CASES[kind] if cases is None else cases, seed)
    masks = cohort.write(folder)
    atlas = folder / "atlas"
    run = replace(FitConfig.named("fast"), seed=seed) if config is None else config
    fit(masks, atlas=atlas, structures=STRUCTURES[kind], config=run, report=report)
    extracted = extract(masks, atlas=atlas, overwrite=True, report=report)
    landmarks = store.read(extracted.store).load()
    correspondence = _correspondence(landmarks, folder)
    beats = track(atlas=atlas, table=folder / "cases.csv", group="group", report=report) if kind == "cine" else None
    return DemoResult(
        folder=folder,
        masks=masks,
        atlas=atlas,
        store=extracted.store,
        pictures=(*_pictures(cohort, landmarks, folder / "figures"), *sorted((atlas / "figures").glob("*.[pg][ni][gf]"))),
        tables=(
            *_tables(cohort, correspondence, beats, folder),
            *(beats.tables if beats else ()),
            folder / "cases.csv",
            folder / "truth.csv",
        ),
        n_cases=len(cohort),
        dice={str(name): float(landmarks["dice"].sel(structure=name).mean()) for name in landmarks["structure"].values},
        correspondence_px={str(name): float(value) for name, value in correspondence["mean_px"].items()},
        seconds=time.perf_counter() - start,
    )


def _clear(folder: Path) -> None:
    """Make room in a folder: only an earlier demo is ever replaced."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"A demo needs a folder; {folder} is a file: name another with --folder.")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not all((folder / name).exists() for name in _WRITTEN):
        raise InputError(f"A demo needs a folder of its own; {folder} holds other files: name another with --folder.")
    for name in ("masks", "atlas", "figures"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _generate(kind: str, cases: int, seed: int) -> Phantom:
    return phantom.chest(cases, seed=seed) if kind == "chest" else phantom.cine(cases, seed=seed)


def _topology(landmarks: xr.Dataset) -> Topology:
    return Topology.from_json(cast(str, landmarks.attrs["topology"]))


def _correspondence(landmarks: xr.Dataset, folder: Path) -> pd.DataFrame:
    """Errors of the landmarks against the truth file, as `metrics.correspondence_error` gives them."""
    cases = [str(case) for case in landmarks["case"].values]
    points = metrics.by_structure(landmarks["points"].to_numpy(), _topology(landmarks))
    truth = metrics.read_truth(folder / "truth.csv").of(cases)
    return metrics.correspondence_error(points, truth, spacing_mm=landmarks["spacing_mm"].to_numpy())


def _tables(cohort: Phantom, correspondence: pd.DataFrame, beats: TrackResult | None, folder: Path) -> list[Path]:
    """Write what was measured beside what is true."""
    known = correspondence.dropna(axis="columns", how="all")  # without a pixel size there are no millimetres
    tables = {"correspondence.csv": known.reset_index()}
    if beats is not None:
        tables["function.csv"] = _function(cohort, beats)
    for name, table in tables.items():
        table.to_csv(folder / name, index=False, float_format="%.4f")
    return [folder / name for name in tables]


def _function(cohort: Phantom, beats: TrackResult) -> pd.DataFrame:
    """Fractional area change of each ventricle, from its landmarks and in truth."""
    true = cohort.table.groupby("subject", sort=True)[["group", "fac"]].first().rename(columns={"fac": "fac_true"})
    found = beats.function.set_index("subject")["fac"]
    return true.assign(fac=found)[["group", "fac", "fac_true"]].reset_index()


def _pictures(cohort: Phantom, landmarks: xr.Dataset, figures: Path) -> list[Path]:
    """Draw the landmarks of all cases in one frame, and some cases one by one."""
    topology = _topology(landmarks)
    points = landmarks["points"].to_numpy().astype(np.float64)
    row = {str(case): k for k, case in enumerate(landmarks["case"].values)}
    shown = [(index, row[str(cohort.table["case"].iat[index])]) for index in _telling(cohort.table)]
    grid = plot.cases(
        [(_title(cohort.table.iloc[index]), cohort.mask(index), points[k]) for index, k in shown],
        topology,
        suptitle="Generated masks and their landmarks",
    )
    overlay = plot.landmark_overlay(_together(points), topology).get_figure(root=True)
    figures.mkdir(parents=True, exist_ok=True)
    paths = [figures / "landmarks.png", figures / "cases.png"]
    for path, figure in zip(paths, (overlay, grid), strict=True):
        if figure is not None:
            figure.savefig(path)
    return paths


def _telling(table: pd.DataFrame) -> Sequence[int]:
    """Rows worth a picture: one of each fault, one with something absent, then the first; hearts at both ends of a beat."""
    if "frame" in table:
        some = table["subject"].unique()[: _SHOWN // 2]
        phases = [
            np.flatnonzero(table["subject"].isin(some) & (table["frame"] == table[end])) for end in ("ed_frame", "es_frame")
        ]
        return [int(row) for row in np.concatenate(phases)]
    present = table.filter(like="present_").all(axis=1)
    special = [int(rows[0]) for _, rows in sorted(table.groupby([table["fault"], present]).indices.items())]
    return sorted(dict.fromkeys([*special, *range(len(table))]), key=lambda i: (i not in special, i))[:_SHOWN]


def _title(case: pd.Series[Any]) -> str:
    """The case's id, and what is wrong with it; in a cine its phase."""
    if "frame" in case:
        return f"{case['case']}\n{'end-diastole' if case['frame'] == case['ed_frame'] else 'end-systole'}, {case['group']}"
    return str(case["case"]) + ("" if case["fault"] == "none" else f" ({case['fault']})")


def _together(points: Points) -> Points:
    """Move, turn and scale each case onto the first whole one, by the landmarks that it has: (N, L, 2)."""
    z: NDArray[np.complex128] = points @ np.array([1, 1j])
    whole = np.isfinite(z).all(axis=1)
    if not whole.any():
        return points
    reference = z[np.argmax(whole)]
    known = np.isfinite(z)
    n = np.maximum(known.sum(axis=1, keepdims=True), 1)
    centre = np.where(known, z, 0).sum(axis=1, keepdims=True) / n
    goal = np.where(known, reference, 0).sum(axis=1, keepdims=True) / n
    moved = np.where(known, z - centre, 0)
    power = np.maximum((np.abs(moved) ** 2).sum(axis=1, keepdims=True), 1e-12)
    turn = (np.conj(moved) * (reference - goal)).sum(axis=1, keepdims=True) / power
    placed = np.where(known, turn * moved + goal, complex(np.nan, np.nan))
    return np.stack([placed.real, placed.imag], axis=-1)
