"""Tables and pictures of an evaluation, each written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import plot
from atlaskit.errors import InputError
from atlaskit.verbs.evaluation.material import Material
from atlaskit.verbs.evaluation.truths import Known
from atlaskit.verbs.whole import save_picture, whole, write_table

TABLES = (
    "round_trip",
    "spread",
    "correspondence",
    "landmarks",
    "inference",
    "equivariance",
    "baselines",
    "repeatability",
)
"""What may be measured, in the order in which it is shown."""
CASES = "cases"
"""The table of the single cases, which is written and not shown."""
OF_TRUTH = ("correspondence", "landmarks", "inference", "baselines")
"""Tables that depend on the true landmarks and on how they are tied."""
WORST = 5
"""True landmarks that the picture of their errors names."""
NUMBERED = 16
"""Landmarks from one number to the next in the pictures of our own landmarks."""

Values = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Finding:
    """One answer of an evaluation.

    Attributes
    ----------
    name : str
        Of its files.
    table : DataFrame
    picture : Axes or None
    note : str
        What its reader should know; mostly nothing.
    """

    name: str
    table: pd.DataFrame
    picture: Any = None
    note: str = ""


def places(atlas: Path) -> dict[str, tuple[Path, Path]]:
    """Where the table and the picture of each finding go."""
    tables, figures = atlas / "evaluate", atlas / "figures"
    return {name: (tables / f"{name}.csv", figures / f"evaluate_{name}.png") for name in (*TABLES, CASES)}


def check_places(atlas: Path) -> None:
    """Refuse what stands in the way of a file that may be written."""
    files = [path for pair in places(atlas).values() for path in pair] + [atlas / "evaluate" / "evaluate.json"]
    for path in files:
        if path.parent.exists() and not path.parent.is_dir():
            raise InputError(f"{path.parent} must be a folder for what is measured; it is a file: move it away first.")
        if path.is_dir():
            raise InputError(f"{path} must be a file or not be there; it is a folder: move it away first.")


def write(
    material: Material, findings: Sequence[Finding], about: Mapping[str, object]
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Write each table as ``evaluate/NAME.csv``, each drawing as ``figures/evaluate_NAME.png``, and ``evaluate.json``.

    That says of each table what it was measured on. What an earlier run measured on the same landmarks stays, but for what it
    measured against other truth than this run; everything else of its files is taken away.
    """
    where = places(material.atlas)
    csv, png = [], []
    for finding in findings:
        table, picture = where[finding.name]
        write_table(table, finding.table, digits=6)
        csv.append(table)
        if finding.picture is not None:
            save_picture(picture, finding.picture)
            png.append(picture)
    listed = material.atlas / "evaluate" / "evaluate.json"
    of_store = {"store": about["store"], "network_sha256": material.network.sha256, "cases": len(material.cases)}
    now = {name: {**about, **of_store} if name in OF_TRUTH else of_store for name in where}
    stays = {name: of for name, of in _read(listed).items() if name in where and _holds(of, now[name], about["truth"])}
    made = {finding.name: now[finding.name] for finding in findings}
    gone = where.keys() - stays.keys()
    for path in {path for name in gone for path in where[name]} - {*csv, *png}:
        path.unlink(missing_ok=True)
    whole(listed, lambda draft: draft.write_text(json.dumps({**stays, **made}, indent=2), encoding="utf-8"))
    return tuple(csv), tuple(png)


def _read(listed: Path) -> dict[str, object]:
    """What an earlier run says of its tables; nothing where there is none, or its list is damaged."""
    try:
        found = json.loads(listed.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _holds(earlier: object, now: Mapping[str, object], truth: object) -> bool:
    """Whether an earlier table may stand beside those of this run, which has a truth or None."""
    if not isinstance(earlier, dict):
        return False
    compared = now.keys() if truth is not None else now.keys() - {"truth", "split", "seed"}
    return all(earlier.get(key) == now[key] for key in compared)


def draw_correspondence(material: Material, known: Known, landmarks: pd.DataFrame) -> Any:
    """The mean error of each true landmark at the position of the template that stands for it, in mm where they are known."""
    mine = landmarks[landmarks["landmarks"] == "points"]
    unit = "mm" if mine["mean_mm"].notna().any() else "px"
    errors = {
        str(name): (part["position"].to_numpy(), part[f"mean_{unit}"].to_numpy())
        for name, part in mine.groupby("structure", sort=False)
    }
    worst = mine.nlargest(WORST, "mean_px")
    named = {
        str(name): dict(zip(part["position"], part["landmark"].astype(str), strict=True))
        for name, part in worst.groupby("structure")
    }
    title = f"Mean error of true landmarks; the {len(worst)} worst are named\n{known.split}"
    return plot.error_map(material.template.points, material.topology, errors, unit=unit, named=named, title=title)


def draw_values(material: Material, values: Values, *, what: str, title: str) -> Any:
    """A value of each of our own landmarks, px, on the template."""
    errors = {name: (np.arange(len(each), dtype=np.float64), each) for name, each in values.items()}
    return plot.error_map(material.template.points, material.topology, errors, what=what, title=title, every=NUMBERED)


def draw_baselines(table: pd.DataFrame, known: Known) -> Any:
    """The methods beside each other, in px."""
    named = [str(column) for column in table if str(column).endswith(" mean_px")]
    errors = {name.removesuffix(" mean_px"): table[name].tolist() for name in named}
    title = f"Mean error of true landmarks by method\n{known.split}"
    return plot.methods(table["method"].tolist(), errors, most=table["p95_px"].tolist(), title=title)
