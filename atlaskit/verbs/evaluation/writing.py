"""Tables and pictures of an evaluation, each written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit import plot
from atlaskit.verbs.evaluation.material import Material
from atlaskit.verbs.evaluation.truths import Known

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


def write(material: Material, findings: Sequence[Finding]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Write each table as ``evaluate/NAME.csv`` and each drawing as ``figures/evaluate_NAME.png``.

    Those of an earlier run that are not made anew stay.
    """
    tables, figures = material.atlas / "evaluate", material.atlas / "figures"
    for folder in (tables, figures):
        folder.mkdir(parents=True, exist_ok=True)
    csv, png = [], []
    for finding in findings:
        csv.append(tables / f"{finding.name}.csv")
        _whole(csv[-1], lambda draft, table=finding.table: table.to_csv(draft, index=False, float_format="%.6g"))
        if finding.picture is not None:
            png.append(figures / f"evaluate_{finding.name}.png")
            figure = finding.picture.get_figure(root=True)
            _whole(png[-1], lambda draft, figure=figure: figure.savefig(draft, format="png"))
    return tuple(csv), tuple(png)


def _whole(path: Path, write: Any) -> None:
    """Let something be written beside a file and take its place."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


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
