"""Pictures of masks, landmarks and training: every function returns Axes or a Figure and never shows or saves.

Figures are made without pyplot, so they leave no global state and need no display. Save one with
``axes.get_figure(root=True).savefig(path)``.
"""

from atlaskit.plot.cases import case, cases
from atlaskit.plot.cohort import landmark_overlay
from atlaskit.plot.correspondence import error_map, methods
from atlaskit.plot.style import PALETTE
from atlaskit.plot.template import template
from atlaskit.plot.training import loss_curves

__all__ = ["PALETTE", "case", "cases", "error_map", "landmark_overlay", "loss_curves", "methods", "template"]
