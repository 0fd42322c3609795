"""Do landmarks move with the mask? A mask changed in a known way must change its landmarks in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.metrics import Offsets, by_structure, tangents, with_overall
from atlaskit.signatures import sample_contours
from atlaskit.topology import Topology
from atlaskit.verbs.evaluation.material import KINDS, Material, mean_over_cases
from atlaskit.verbs.evaluation.placing import place_all
from atlaskit.verbs.evaluation.sources import Masks
from atlaskit.verbs.evaluation.warps import WARPS, Moved, Warp
from atlaskit.verbs.tracing import Fills, Progress, in_order, trace_planes

CASES = 32
"""Cases that are changed, evenly picked, at most."""
ALL = "all"
"""The transform that stands for the mean of them."""

Array = NDArray[np.floating]
Planes = NDArray[np.bool_]


@dataclass(frozen=True)
class Equivariance:
    """How well landmarks follow.

    Attributes
    ----------
    table : DataFrame
        By kind of landmarks, transform and structure: the columns of `metrics.correspondence_error`.
    by_landmark : mapping of str to (n,) float array
        By structure the mean distance of each landmark of ``points`` over transforms and cases, px.
    """

    table: pd.DataFrame
    by_landmark: Mapping[str, NDArray[np.float64]]


def equivariance(material: Material, masks: Masks, *, device: str, report: Progress) -> Equivariance:
    """Change up to `CASES` masks in each way of `WARPS` and place the landmarks anew.

    Measured is how far each landmark of the changed mask lies from where the change takes the landmark of the mask as it is.
    """
    chosen = masks.rows[np.linspace(0, len(masks.rows) - 1, min(CASES, len(masks.rows))).round().astype(int)]
    cases = {case.id: case for case in masks.corpus.cases}
    planes = [masks.corpus.load(cases[material.cases[i]]).planes for i in chosen]
    fills = material.topology.fills()
    samples = [sample(Moved(each, np.zeros(2)), fills) for each in planes]
    for done, warp in enumerate(WARPS.values(), start=1):
        samples += list(in_order(lambda each, warp=warp: sample(warp.mask(each), fills), planes))  # type: ignore[misc]
        report("changing masks", done, len(WARPS))
    found = place_all(material.network, np.stack(samples), boundary_fit=material.boundary_fit, device=device, report=report)
    tables, moved = [], []
    for kind in KINDS:
        before, *after = np.split(found[kind], len(WARPS) + 1)
        for (name, warp), points in zip(WARPS.items(), after, strict=True):
            errors = follow(material.topology, warp, planes, before, points, material.spacing_mm[chosen])
            tables.append(_table(errors).assign(landmarks=kind, transform=name))
            moved += [errors] if kind == KINDS[0] else []
    return Equivariance(_with_mean(pd.concat(tables, ignore_index=True)), _by_landmark(moved))


def sample(moved: Moved, fills: Fills = ()) -> NDArray[np.float64]:
    """(S, M, 2) contour samples of a mask on its canvas, in the pixels of the mask that it was made from."""
    return sample_contours(trace_planes(moved.planes, fills)) + moved.origin


def follow(
    topology: Topology, warp: Warp, planes: Sequence[Planes], before: Array, after: Array, spacing_mm: Array
) -> dict[str, Offsets]:
    """How far landmarks (M, L, 2) after a change lie from where it takes those before it, by structure."""
    found, errors = by_structure(after, topology), {}
    for name, polygons in by_structure(before, topology).items():
        wanted = np.stack([warp.points(polygon, each) for polygon, each in zip(polygons, planes, strict=True)])
        index = np.arange(wanted.shape[1], dtype=np.float64)
        errors[name] = Offsets(index, found[name] - wanted, tangents(wanted, index), np.asarray(spacing_mm))
    return errors


def _table(errors: Mapping[str, Offsets]) -> pd.DataFrame:
    rows = {name: error.summary() for name, error in errors.items()}
    return with_overall(pd.DataFrame.from_dict(rows, orient="index")).reset_index()


def _with_mean(table: pd.DataFrame) -> pd.DataFrame:
    """The table in its final order, with the mean of all transforms below those of each kind."""
    structures = [*dict.fromkeys(table["structure"])]
    parts = []
    for kind, part in table.groupby("landmarks", sort=False):
        mean = part.drop(columns=["landmarks", "transform"]).groupby("structure").mean().loc[structures].reset_index()
        parts += [part, mean.assign(landmarks=kind, transform=ALL)]
    whole = pd.concat(parts, ignore_index=True).astype({"cases": int})
    return whole[["landmarks", "transform", *(c for c in whole if c not in ("landmarks", "transform"))]]


def _by_landmark(moved: Sequence[Mapping[str, Offsets]]) -> dict[str, NDArray[np.float64]]:
    lengths = {name: [errors[name].lengths("px")[0] for errors in moved] for name in moved[0]}
    return {name: mean_over_cases(np.concatenate(found)) for name, found in lengths.items()}
