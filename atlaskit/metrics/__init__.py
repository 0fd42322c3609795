"""How good landmarks are: against masks (Dice, distances, crossings) and against true landmarks (correspondence).

Arrays in, arrays out. Coordinates are (x, y) pixels, pixel centres on integers; polygons are closed.
"""

from atlaskit.metrics.agreement import Agreement, agreement
from atlaskit.metrics.baselines import best_cyclic_start, topmost_start
from atlaskit.metrics.correspondence import (
    OVERALL,
    Offsets,
    by_structure,
    correspondence_error,
    landmark_error,
    offsets,
    training_part,
    with_overall,
)
from atlaskit.metrics.directions import edge_variation, normal_spread, normals, tangents
from atlaskit.metrics.inference import infer_landmarks, ridge
from atlaskit.metrics.overlap import dice, edge_distances, polygon_dice, self_intersections, surface_distances
from atlaskit.metrics.truth import Truth, read_truth
from atlaskit.metrics.tying import place, tie

__all__ = [
    "OVERALL",
    "Agreement",
    "Offsets",
    "Truth",
    "agreement",
    "best_cyclic_start",
    "by_structure",
    "correspondence_error",
    "dice",
    "edge_distances",
    "edge_variation",
    "infer_landmarks",
    "landmark_error",
    "normal_spread",
    "normals",
    "offsets",
    "place",
    "polygon_dice",
    "read_truth",
    "ridge",
    "self_intersections",
    "surface_distances",
    "tangents",
    "tie",
    "topmost_start",
    "training_part",
    "with_overall",
]
