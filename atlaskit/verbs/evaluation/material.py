"""What an evaluation looks at: the network, and the landmarks that it left in a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from atlaskit import store
from atlaskit.contours import resample, signed_area
from atlaskit.errors import InputError, StoreError
from atlaskit.frames import Frames
from atlaskit.groupwise import Template
from atlaskit.landmarks import Status
from atlaskit.metrics import by_structure
from atlaskit.net.network import Network, load_network
from atlaskit.topology import Topology

KINDS = ("points", "points_network")
"""The landmarks that are measured: those of the boundary fit, and the network's own."""
LEAST_CASES = 3
"""Cases with landmarks that an evaluation needs."""
_FRAME_SAMPLES = 128

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Material:
    """The landmarks of a store, and the network that gave them. Cases stand in the order of their ids.

    Attributes
    ----------
    atlas, store : Path
    network : Network
    cases, subjects : tuple of str
        The N cases that have landmarks, and whom each belongs to.
    points : mapping of str to (N, L, 2) float array
        By `KINDS`, pixels; NaN where absent.
    spacing_mm : (N, 2) float array
        Pixel sizes; NaN where unknown.
    landmarks : xarray.Dataset
        Everything else that the store holds of these cases, loaded.
    without : int
        Cases of the store that have no landmarks: pending or rejected.
    """

    atlas: Path
    store: Path
    network: Network
    cases: tuple[str, ...]
    subjects: tuple[str, ...]
    points: Mapping[str, NDArray[np.float64]]
    spacing_mm: NDArray[np.float64]
    landmarks: xr.Dataset
    without: int

    @property
    def topology(self) -> Topology:
        """The fixed graph."""
        return self.network.topology

    @property
    def template(self) -> Template:
        """The template that the network starts from."""
        return self.network.template

    @property
    def boundary_fit(self) -> bool:
        """Whether the landmarks were moved onto the boundaries after the network."""
        return not np.array_equal(self.points["points"], self.points["points_network"], equal_nan=True)

    def polygons(self, kind: str) -> dict[str, NDArray[np.floating]]:
        """The landmarks of one of `KINDS` as closed polygons (N, n, 2) by structure."""
        return by_structure(self.points[kind], self.topology)

    def frames(self) -> Frames:
        """Where each case lies, by its landmark polygons, so that no mask is needed."""
        outlines = self.polygons("points").values()
        samples = np.full((len(self.cases), len(self.topology.loops), _FRAME_SAMPLES, 2), np.nan)
        for s, polygons in enumerate(outlines):
            for i in np.flatnonzero(np.isfinite(polygons).all(axis=(1, 2))):
                forward = polygons[i] if signed_area(polygons[i]) > 0 else polygons[i][::-1]  # of a mirrored case
                samples[i, s] = resample(forward, _FRAME_SAMPLES)
        return frames_of(samples, self.template)


def frames_of(samples: Array, template: Template) -> Frames:
    """Where cases (N, S, M, 2) lie in relation to a template: the one place where evaluation asks this."""
    return template.frames(samples)


def mean_over_cases(values: Array) -> NDArray[np.float64]:
    """(n,) means of the known values of (N, n); NaN where none is known."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean: NDArray[np.float64] = np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
    return mean


def load_material(atlas: Path, path: Path, spacing_mm: float | None) -> Material:
    """Read network and store, and check that they belong together.

    Parameters
    ----------
    atlas, path : Path
        The atlas directory and the store.
    spacing_mm : float, optional
        Pixel size where the masks have none.
    """
    network = load_network(atlas / "network.pt")
    found = store.read(path)
    _check_origin(found, network, atlas, path)
    done = np.isin(found["status"].to_numpy(), (Status.OK, Status.FLAGGED))
    if done.sum() < LEAST_CASES:
        raise InputError(
            f"An evaluation needs at least {LEAST_CASES} cases with landmarks; {path} has {done.sum()}: "
            "run `atlaskit extract` on more masks."
        )
    names = found["case"].to_numpy()
    rows = np.flatnonzero(done)[np.argsort(names[done])]
    landmarks = found.isel(case=rows).load()
    spacing = landmarks["spacing_mm"].to_numpy().astype(np.float64)
    if spacing_mm is not None:
        spacing = np.where(np.isnan(spacing), spacing_mm, spacing)
    return Material(
        atlas=atlas,
        store=path,
        network=network,
        cases=tuple(map(str, landmarks["case"].to_numpy())),
        subjects=tuple(map(str, landmarks["subject"].to_numpy())),
        points={kind: landmarks[kind].to_numpy().astype(np.float64) for kind in KINDS},
        spacing_mm=spacing,
        landmarks=landmarks,
        without=int((~done).sum()),
    )


def _check_origin(found: xr.Dataset, network: Network, atlas: Path, path: Path) -> None:
    """Refuse landmarks of another topology or network than the atlas's."""
    for what, wanted in (("topology", network.topology.sha256), ("network", network.sha256)):
        came = str(found.attrs.get(f"{what}_sha256", ""))
        if came != wanted:
            raise StoreError(
                f"The landmarks in {path} must come from the {what} of {atlas} ({wanted[:8]}); they come from another "
                f"({came[:8] or 'unknown'}): run `atlaskit extract --overwrite`, or name what belongs together with "
                "--atlas and --store."
            )
