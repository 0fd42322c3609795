"""How good landmarks are: against masks (Dice, distances, crossings) and against true landmarks (correspondence).

Arrays in, arrays out. Coordinates are (x, y) pixels, pixel centres on integers; polygons are closed.
"""

from atlaskit.metrics.baselines import best_cyclic_start, topmost_start
from atlaskit.metrics.correspondence import by_structure, correspondence_error, place, tie
from atlaskit.metrics.overlap import dice, polygon_dice, self_intersections, surface_distances
from atlaskit.metrics.truth import Truth, read_truth

__all__ = [
    "Truth",
    "best_cyclic_start",
    "by_structure",
    "correspondence_error",
    "dice",
    "place",
    "polygon_dice",
    "read_truth",
    "self_intersections",
    "surface_distances",
    "tie",
    "topmost_start",
]
