"""Landmarks of contour samples, as `extract` places them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from atlaskit.groupwise import place
from atlaskit.net.network import Network
from atlaskit.net.predict import landmarks_of
from atlaskit.verbs.evaluation.material import KINDS
from atlaskit.verbs.tracing import Progress

_GROUP = 256

Found = dict[str, NDArray[np.float64]]
"""Landmarks (N, L, 2) by `KINDS`, pixels; NaN where absent."""


def place_all(network: Network, samples: NDArray[np.floating], *, boundary_fit: bool, device: str, report: Progress) -> Found:
    """Landmarks of any cases from contour samples (N, S, M, 2); without a boundary fit both kinds are the network's own."""
    parts: dict[str, list[NDArray[np.float64]]] = {kind: [] for kind in KINDS}
    for start in range(0, len(samples), _GROUP):
        group = samples[start : start + _GROUP].astype(np.float64)
        own = landmarks_of(network, group, device=device).points
        parts["points_network"].append(own)
        parts["points"].append(place(network.template, group, predicted=own) if boundary_fit else own)
        report("placing landmarks", min(start + _GROUP, len(samples)), len(samples))
    return {kind: np.concatenate(found) for kind, found in parts.items()}
