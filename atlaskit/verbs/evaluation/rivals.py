"""The same correspondence figure for simpler ways to place landmarks: what the network has to beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.frames import centres
from atlaskit.groupwise import place
from atlaskit.metrics import OVERALL, best_cyclic_start, by_structure, correspondence_error, ridge, topmost_start
from atlaskit.verbs.evaluation.material import Material, frames_of
from atlaskit.verbs.evaluation.sources import NAME_THEM, Masks
from atlaskit.verbs.evaluation.truths import LEAST_PART, Known, measured
from atlaskit.verbs.tracing import Progress

KEPT = 0.99
"""Share of the variance that the modes of the PCA decoder hold."""

Array = NDArray[np.floating]
Polygons = dict[str, Array]
Contours = list[Array | None]


def baselines(material: Material, masks: Masks, known: Known, *, report: Progress) -> pd.DataFrame:
    """The correspondence figure of simpler methods and of ours, on the same cases with the same split.

    Columns: ``method``; ``NAME mean_px`` for each true structure; ``mean_px``, ``median_px``, ``p95_px`` and the same in mm
    for the mean of the structures; ``cases``.
    """
    bench = _bench(material, masks, known)
    truth = {name: points[bench.rows] for name, points in measured(known).items()}
    methods = _methods(bench, rotate=material.template.free)
    rows = []
    for done, (method, polygons) in enumerate(methods.items(), start=1):
        spacing = material.spacing_mm[bench.rows]
        table = correspondence_error(polygons(), truth, train=bench.train, spacing_mm=spacing)
        figures = {f"{name} mean_px": table["mean_px"].loc[name] for name in truth}
        shown = [f"{key}_{unit}" for unit in ("px", "mm") for key in ("mean", "median", "p95")]
        figures |= {column: table[column].loc[OVERALL] for column in (*shown, "cases")}
        rows.append({"method": method, **figures})
        report("measuring baselines", done, len(methods))
    return pd.DataFrame(rows)


def check_parts(tied: int, measured: int, hint: str) -> None:
    """Refuse too few cases on either side of the split."""
    if min(tied, measured) < LEAST_PART:
        raise InputError(
            f"--baselines needs {LEAST_PART} cases to tie true landmarks on and {LEAST_PART} to measure on; "
            f"there are {tied} and {measured}: {hint}."
        )


def _bench(material: Material, masks: Masks, known: Known) -> _Bench:
    """The cases with truth and a mask, on both sides of the split."""
    seen = np.zeros(len(material.cases), dtype=bool)
    seen[masks.rows] = True
    rows = np.flatnonzero(seen & (known.train | known.test))
    train = known.train[rows]
    check_parts(int(train.sum()), int((~train).sum()), f"{masks.corpus.root} has too few masks of them: {NAME_THEM}")
    return _Bench(material, rows, masks.samples[rows].astype(np.float64), train)


def _methods(bench: _Bench, *, rotate: bool) -> dict[str, Callable[[], Polygons]]:
    """The methods by name, simplest first; each makes its polygons when it is called."""
    topology = bench.material.topology
    turned = {"best cyclic start, rotated": lambda: bench.along(lambda c, n: best_cyclic_start(c, n, rotate=True))}
    return {
        "arc length from top": lambda: bench.along(_topmost),
        "best cyclic start": lambda: bench.along(best_cyclic_start),
        **(turned if rotate else {}),
        "groupwise assignment": lambda: by_structure(bench.groupwise, topology),
        "PCA decoder": lambda: by_structure(bench.decoded(), topology),
        "network": lambda: bench.own("points_network"),
        "network + boundary fit": lambda: bench.own("points"),
    }


def _topmost(contours: Contours, n: int) -> Array:
    absent = np.full((n, 2), np.nan)
    return np.stack([absent if contour is None else topmost_start(contour, n) for contour in contours])


@dataclass(frozen=True)
class _Bench:
    """The cases that every method is measured on, with their contour samples, and those to tie and train on."""

    material: Material
    rows: NDArray[np.int64]
    samples: NDArray[np.float64]
    train: NDArray[np.bool_]

    def own(self, kind: str) -> Polygons:
        """The landmarks of the store."""
        return {name: polygons[self.rows] for name, polygons in self.material.polygons(kind).items()}

    def along(self, start: Callable[[Contours, int], Array]) -> Polygons:
        """Landmarks at equal arc length, structure by structure."""
        topology, found = self.material.topology, {}
        for s, (name, loop) in enumerate(zip(topology.structures, topology.loops, strict=True)):
            contours: Contours = [None if np.isnan(each[s, 0, 0]) else each[s] for each in self.samples]
            found[name] = start(contours, len(loop))
        return found

    @cached_property
    def groupwise(self) -> NDArray[np.float64]:
        """(n, L, 2) landmarks of the assignment to the template alone."""
        return place(self.material.template, self.samples)

    def decoded(self) -> NDArray[np.float64]:
        """(n, L, 2) landmarks of a linear decoder: ridge from latent code and moments to PCA scores of the groupwise ones."""
        frame = frames_of(self.samples, self.material.template)
        unit = frame.to_unit(self.groupwise).reshape(len(self.rows), -1)
        latent = self.material.landmarks["latent"].to_numpy()[self.rows].astype(np.float64)
        inputs = self._scaled(np.hstack([latent, _moments(frame.to_unit(self.samples))]))
        target = self._filled(unit)  # an absent structure has the mean shape
        mean = target[self.train].mean(axis=0)
        _, spread, modes = np.linalg.svd(target[self.train] - mean, full_matrices=False)
        modes = modes[: 1 + np.searchsorted(np.cumsum(spread**2) / np.sum(spread**2), KEPT)]
        _, owner = np.unique(np.array(self.material.subjects)[self.rows], return_inverse=True)
        scores = (target[self.train] - mean) @ modes.T
        decoded = mean + ridge(inputs[self.train], scores, owner[self.train], inputs) @ modes
        return frame.to_pixels(np.where(np.isnan(unit), np.nan, decoded).reshape(self.groupwise.shape))

    def _filled(self, values: Array) -> NDArray[np.float64]:
        """Values (n, F) with the mean of the training cases where they are unknown."""
        part = values[self.train]
        known = np.isfinite(part)
        mean = np.where(known, part, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return np.where(np.isnan(values), mean, values)

    def _scaled(self, values: Array) -> NDArray[np.float64]:
        """Values (n, F) of mean 0 and spread 1 on the training cases; what does not vary there is left out."""
        filled = self._filled(values)
        spread = filled[self.train].std(axis=0)
        varies = spread > 1e-9
        scaled: NDArray[np.float64] = (filled - filled[self.train].mean(axis=0))[:, varies] / spread[varies]
        return scaled


def _moments(unit: Array) -> NDArray[np.float64]:
    """(n, 3 S) centres and root mean square radii of contour samples (n, S, M, 2); NaN where absent."""
    centre, radius = centres(unit)
    return np.concatenate([centre.reshape(len(unit), -1), radius], axis=1)
