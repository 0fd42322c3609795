"""Per-case quality of extracted landmarks: what a landmark store says of every case, and which cases it flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit.contours import boundaries
from atlaskit.landmarks import Status
from atlaskit.metrics import polygon_dice, self_intersections, surface_distances
from atlaskit.topology import Topology
from atlaskit.verbs.tracing import Traced

FLAG_DICE = 0.95
"""A structure whose polygon overlaps its mask by less flags the case: islands, holes, or a boundary that was not met."""
FLAG_OOD = 5.0
"""A case further than this from the training cases in latent space, in their standard deviations, is flagged."""


def record_of(
    traced: Traced,
    topology: Topology,
    *,
    points: NDArray[np.floating],
    points_network: NDArray[np.floating],
    latent: NDArray[np.floating],
    ood: float,
    source_sha: str,
) -> Mapping[str, Any]:
    """Everything that a store holds of one case.

    Parameters
    ----------
    traced : Traced
    topology : Topology
    points, points_network : (L, 2) arrays
        Pixels; NaN where absent.
    latent : (Z,) array
    ood : float
        Distance in latent space, training standard deviations.
    source_sha : str

    Returns
    -------
    dict
        By the names of `atlaskit.landmarks.FIELDS`.
    """
    contours = traced.contours
    figures, crossings = round_trip_of(traced, topology, points)
    record: dict[str, Any] = {
        "points": points,
        "points_network": points_network,
        "spacing_mm": traced.mask.spacing_mm,
        "slice_mm": traced.mask.slice_mm,
        "frame_count": traced.mask.frame_count,
        "image_size": traced.mask.image_size,
        "present": [contour is not None for contour in contours],
        "dice": figures[0],
        "hd95_px": figures[1],
        "assd_px": figures[2],
        "components": [0 if contour is None else contour.components for contour in contours],
        "hole_px": [0 if contour is None else contour.hole_px for contour in contours],
        "self_intersections": crossings,
        "touches_border": [contour is not None and contour.touches_border for contour in contours],
        "ood": ood,
        "latent": latent,
        "source_sha": source_sha,
    }
    reasons = [*_specks(traced), *_doubts(record, topology)]
    return {**record, "reason": "; ".join(reasons), "status": Status.FLAGGED if reasons else Status.OK}


def round_trip_of(
    traced: Traced, topology: Topology, points: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """How well landmarks (L, 2) give a case's mask back.

    Parameters
    ----------
    traced : Traced
    topology : Topology
    points : (L, 2) array
        Pixels; NaN where absent.

    Returns
    -------
    figures : (3, S) float array
        Dice, HD95 and ASSD in pixels, against the mask as given; NaN where absent.
    crossings : (S,) int array
        Self-intersections of each outline.
    """
    figures = np.full((3, len(traced.contours)), np.nan)
    crossings = np.zeros(len(traced.contours), dtype=np.int32)
    for s, contour in enumerate(traced.contours):
        if contour is None:
            continue
        area, edges = _polygons(points, topology, s)
        plane = traced.mask.planes[s]
        whole = contour.components == 1 and contour.hole_px == 0 and len(edges) == 1
        given = [contour.points] if whole else boundaries(plane)
        figures[:, s] = polygon_dice(area, plane), *surface_distances(edges, *given)
        crossings[s] = int(self_intersections(edges[0]))
    return figures, crossings


def _polygons(
    points: NDArray[np.floating], topology: Topology, s: int
) -> tuple[NDArray[np.floating], list[NDArray[np.floating]]]:
    """The polygon that encloses a structure's area, and its edges: the outer one, and those of holes whose filler is there."""
    loops = [topology.loops[s], *(topology.loops[filler] for ring, filler in topology.fills() if ring == s)]
    edges = [points[list(loop)] for loop in loops]
    if not all(np.isfinite(edge).all() for edge in edges):
        edges = edges[:1]
    return (points[list(topology.polygon(s))] if len(edges) > 1 else edges[0]), edges


def _specks(traced: Traced) -> list[str]:
    """What of a case was too little to model."""
    named = zip(traced.mask.structures, traced.contours, traced.mask.planes, strict=True)
    pixels = [(name, np.count_nonzero(plane)) for name, contour, plane in named if contour is None]
    return [f"{name}: {n} px are no outline, taken as absent" for name, n in pixels if n]


def _doubts(record: Mapping[str, Any], topology: Topology) -> list[str]:
    """Why a case deserves a look."""
    doubts = []
    for s, name in enumerate(topology.structures):
        if record["dice"][s] < FLAG_DICE:
            parts = f"{record['components'][s]} components, {record['hole_px'][s]} px of holes"
            doubts.append(f"{name}: Dice {record['dice'][s]:.3f} with the mask as given ({parts})")
        if record["self_intersections"][s]:
            doubts.append(f"{name}: the outline crosses itself")
        if record["touches_border"][s]:
            doubts.append(f"{name}: cut by the edge of the image")
    if record["ood"] > FLAG_OOD:
        doubts.append(f"unlike the fitted cases ({record['ood']:.1f} standard deviations)")
    return doubts
