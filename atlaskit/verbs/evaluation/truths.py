"""Landmarks against true ones: the split, the errors, and how well true landmarks can be inferred."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.metrics import (
    Truth,
    correspondence_error,
    infer_landmarks,
    landmark_error,
    read_truth,
    training_part,
    with_overall,
)
from atlaskit.verbs.evaluation.material import KINDS, Material
from atlaskit.verbs.evaluation.round_trip import stack
from atlaskit.verbs.fitted import read_summary

LEAST_COMMON = 6
"""Cases with truth that correspondence needs."""
LEAST_PART = 3
"""Cases to tie true landmarks on, and to measure on, at least."""
NEAR = (2, 4, 8)
"""Distances, px and mm, below which a share of inferred landmarks is given."""


@dataclass(frozen=True)
class Known:
    """The true landmarks of the evaluated cases, and where they are tied and measured.

    Attributes
    ----------
    truth : mapping of str to (N, K, 2) float array
        Pixels; NaN where missing.
    names : mapping of str to tuple of str
        What the K landmarks of a structure are called.
    train, test : (N,) bool arrays
    counted : (N,) bool array
        Cases whose inferred landmarks count: all with truth, or those alone that the atlas was not fitted on.
    split : str
        How the cases were split, in words.
    notes : tuple of str
    """

    truth: Mapping[str, NDArray[np.float64]]
    names: Mapping[str, tuple[str, ...]]
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    split: str
    notes: tuple[str, ...]


def load_known(path: Path, material: Material, *, seed: int, unseen: bool) -> Known:
    """Read the truth file, check it against the store, and split its cases."""
    read = read_truth(path, structures=material.topology.structures)
    truth = read.of(material.cases)
    common = np.asarray(np.concatenate([np.isfinite(points).all(axis=2) for points in truth.values()], axis=1).any(axis=1))
    if common.sum() < LEAST_COMMON:
        raise InputError(_too_few(path, read, material, int(common.sum())))
    train, split, notes = _fitted_part(material, common) if unseen else _seeded_part(material, common, seed)
    names = {name: read.names.get(name, tuple(map(str, range(points.shape[1])))) for name, points in truth.items()}
    truth, names, lost = _tied(truth, names, material, train)
    notes += [*read.notes, *lost]
    outside = _outside(truth, material)
    if outside:
        notes.append(f"True landmarks of {outside} cases lie outside their image: are they in pixels of these masks?")
    counted = common & ~train if unseen else common
    return Known(truth, names, train & common, common & ~train, counted, split, tuple(notes))


def _too_few(path: Path, read: Truth, material: Material, common: int) -> str:
    needs = f"Correspondence needs at least {LEAST_COMMON} cases of the store with true landmarks; {path.name} has {common}"
    return f"{needs} (its cases are called like {read.cases[0]!r}, those of the store like {material.cases[0]!r})."


def _seeded_part(material: Material, common: NDArray[np.bool_], seed: int) -> tuple[NDArray[np.bool_], str, list[str]]:
    """70 % of the cases with truth, by the seed."""
    train = np.zeros(len(common), dtype=bool)
    train[common] = training_part(int(common.sum()), seed=seed)
    words = f"tied on {train.sum()} cases drawn with seed {seed}, measured on the other {(common & ~train).sum()}"
    with suppress(InputError):  # an atlas without its fit.json is measured all the same
        fitted = read_summary(material.atlas, material.network.sha256, "").fitted
        words += f", {len(fitted & set(np.array(material.cases)[common & ~train].tolist()))} of them fitted"
    return train, words, []


def _fitted_part(material: Material, common: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], str, list[str]]:
    """The cases that the network was fitted on."""
    summary = read_summary(material.atlas, material.network.sha256, "--unseen needs it to know the fitted cases")
    train = np.array([case in summary.fitted for case in material.cases])
    tied, measured = int((train & common).sum()), int((~train & common).sum())
    if min(tied, measured) < LEAST_PART:
        raise InputError(
            f"--unseen needs true landmarks of at least {LEAST_PART} cases that the atlas was fitted on and {LEAST_PART} "
            f"others; the store has {tied} and {measured}: extract both into one store, or leave --unseen out."
        )
    words = f"tied on the {tied} cases that the atlas was fitted on, measured on the other {measured}"
    checked = sum(case in summary.validated for case in np.array(material.cases)[~train & common].tolist())
    note = f"{checked} of the {measured} measured cases were the fit's validation cases, on which its best weights were chosen."
    return train, words, [note] if checked else []


def _tied(
    truth: Mapping[str, NDArray[np.float64]],
    names: Mapping[str, tuple[str, ...]],
    material: Material,
    train: NDArray[np.bool_],
) -> tuple[dict[str, NDArray[np.float64]], dict[str, tuple[str, ...]], list[str]]:
    """The true landmarks that can be tied, their names, and a note on the others."""
    kept, called, notes = {}, {}, []
    for name, polygons in material.polygons("points").items():
        if name not in truth:
            continue
        there = train & np.asarray(np.isfinite(polygons).all(axis=(1, 2)))
        known = np.asarray(np.isfinite(truth[name][there]).all(axis=2).any(axis=0))
        lost = [label for label, fine in zip(names[name], known, strict=True) if not fine]
        if lost:
            notes.append(f"{name}: left out, as no case to tie them on has them: true landmarks {', '.join(lost)}.")
        if known.any():
            kept[name], called[name] = truth[name][:, known], tuple(np.array(names[name])[known].tolist())
    if not kept:
        raise InputError("Some true landmark must be in a case to tie it on, with its structure; none is: give more truth.")
    return kept, called, notes


def _outside(truth: Mapping[str, NDArray[np.float64]], material: Material) -> int:
    """Cases with a true landmark more than a pixel outside the image."""
    size = material.landmarks["image_size"].to_numpy()[:, None]
    beyond = [((points < -1) | (points > size)).any(axis=(1, 2)) for points in truth.values()]
    return int(np.any(beyond, axis=0).sum())


def correspondence(material: Material, known: Known) -> pd.DataFrame:
    """Errors by kind of landmarks and structure: the columns of `metrics.correspondence_error`."""
    options: dict[str, Any] = {"train": known.train, "spacing_mm": material.spacing_mm}
    truth = measured(known)
    return stack({kind: correspondence_error(material.polygons(kind), truth, **options) for kind in KINDS}, "landmarks")


def landmarks(material: Material, known: Known) -> pd.DataFrame:
    """Errors of each true landmark by kind of landmarks, where on the outline it is tied, and our landmark nearest to that."""
    options: dict[str, Any] = {"train": known.train, "spacing_mm": material.spacing_mm}
    tables = []
    for kind in KINDS:
        table = landmark_error(material.polygons(kind), measured(known), **options)
        called = [known.names[name][k] for name, k in zip(table["structure"], table["landmark"], strict=True)]
        loops = dict(zip(material.topology.structures, material.topology.loops, strict=True))
        near = [loops[name][round(p) % len(loops[name])] for name, p in zip(table["structure"], table["position"], strict=True)]
        table["landmark"] = called
        table.insert(2, "nearest", near)
        table.insert(0, "landmarks", kind)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def measured(known: Known) -> dict[str, NDArray[np.float64]]:
    """The truth of the cases that are tied or measured; NaN elsewhere."""
    used = (known.train | known.test)[:, None, None]
    return {name: np.where(used, points, np.nan) for name, points in known.truth.items()}


def inference(material: Material, known: Known, *, seed: int) -> pd.DataFrame:
    """How near true landmarks are inferred from ours, in the template's frame, over the cases that are measured.

    Every case is inferred from those of other subjects.
    """
    frame = material.frames()
    tables = {}
    for kind in KINDS:
        rows = {}
        for name, true in measured(known).items():
            ours = frame.to_unit(material.polygons(kind)[name])
            found = frame.to_pixels(infer_landmarks(ours, frame.to_unit(true), material.subjects, seed=seed))
            rows[name] = _near((found - true)[known.counted], material.spacing_mm[known.counted])
        tables[kind] = with_overall(pd.DataFrame.from_dict(rows, orient="index"))
    return stack(tables, "landmarks")


def _near(offset: NDArray[np.float64], spacing: NDArray[np.float64]) -> dict[str, float]:
    """Mean, median, 95th percentile, and shares below `NEAR`, in px and mm."""
    figures: dict[str, float] = {}
    for unit, scaled in (("px", offset), ("mm", offset * spacing[:, None])):
        length = np.linalg.norm(scaled, axis=2)
        length = length[np.isfinite(length)]
        length = length if length.size else np.array([np.nan])
        figures |= {f"mean_{unit}": float(length.mean()), f"median_{unit}": float(np.median(length))}
        figures[f"p95_{unit}"] = float(np.percentile(length, 95))
        figures |= {f"under_{d}_{unit}": float(np.mean(np.where(np.isnan(length), np.nan, length < d))) for d in NEAR}
    return figures | {"cases": int(np.isfinite(offset[..., 0]).any(axis=1).sum())}
