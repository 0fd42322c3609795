"""Pictures of masks, landmarks, training and shapes: every function returns Axes, a Figure or a film.

None shows or saves.

Figures are made without pyplot, so they leave no global state and need no display. Save one with
``axes.get_figure(root=True).savefig(path)``.
"""

from atlaskit.plot.agreement import agreement
from atlaskit.plot.beating import beating
from atlaskit.plot.beats import average, beat, curves
from atlaskit.plot.cases import case, cases
from atlaskit.plot.cohort import landmark_overlay
from atlaskit.plot.correspondence import error_map, methods
from atlaskit.plot.growth import growth, size_curves
from atlaskit.plot.maps import deviation, difference
from atlaskit.plot.modes import modes, scree
from atlaskit.plot.multiples import multiples
from atlaskit.plot.outliers import outliers
from atlaskit.plot.power import power
from atlaskit.plot.quality import quality
from atlaskit.plot.scores import allometry, scores
from atlaskit.plot.sides import sides
from atlaskit.plot.style import PALETTE
from atlaskit.plot.surface import surface
from atlaskit.plot.template import template
from atlaskit.plot.training import loss_curves
from atlaskit.plot.trajectories import motion_map, trajectories

__all__ = [
    "PALETTE",
    "agreement",
    "allometry",
    "average",
    "beat",
    "beating",
    "case",
    "cases",
    "curves",
    "deviation",
    "difference",
    "error_map",
    "growth",
    "landmark_overlay",
    "loss_curves",
    "methods",
    "modes",
    "motion_map",
    "multiples",
    "outliers",
    "power",
    "quality",
    "scores",
    "scree",
    "sides",
    "size_curves",
    "surface",
    "template",
    "trajectories",
]
