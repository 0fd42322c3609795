"""Correspondence before any network: joint alignment and an order-preserving assignment to the running mean.

The mean of all cases is the template that a network starts from; the same assignment, with the network's prediction in
place of the mean's position, is the boundary fit.

Structures are aligned together, by translation and scale, and by rotation only where a corpus has no common pose. A
near-round structure that were aligned by a rotation of its own would slip along itself; one without corners is held by
where it touches its neighbours instead.
"""

from atlaskit.groupwise.fitting import fit_template
from atlaskit.groupwise.placing import place
from atlaskit.groupwise.template import MARGIN, Template, Weights, with_holes

__all__ = ["MARGIN", "Template", "Weights", "fit_template", "place", "with_holes"]
