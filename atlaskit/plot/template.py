"""The template: one outline per structure with its numbered landmarks."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple

from atlaskit.plot.labels import label_shapes
from atlaskit.plot.outlines import draw_outlines, wall_key
from atlaskit.plot.style import TEXT_PT, Points, color_of, present_loops, shape_axes, thinned, window
from atlaskit.topology import Topology

_WIDTH = 1.0


def template(
    points: Points, topology: Topology, *, ax: Axes | None = None, every: int = 8, cloud: Points | None = None
) -> Axes:
    """Draw the outlines of all structures with their nodes, names and the numbers of some landmarks.

    Parameters
    ----------
    points : (L, 2) array
        Landmarks (x, y), y down, in any unit. A structure with a NaN is skipped.
    topology : Topology
    ax : Axes, optional
        Where to draw; by default a new figure.
    every : int
        Nodes along each loop from one number to the next. The number is the landmark's index.
    cloud : (N, L, 2) array, optional
        Landmarks of a cohort, aligned to `points`, as faint dots; 400 cases are shown at most.

    Returns
    -------
    Axes
        y down, equal aspect, one line per structure labelled with its name; walls that structures share are dashed in the
        colours of both, as a legend says.
    """
    spread = None if cloud is None else thinned(cloud)
    everything = points if spread is None else np.concatenate([points[None], spread])
    ax = shape_axes(ax, window(everything))
    if spread is not None:
        for index, loop in present_loops(points, topology):
            x, y = spread[:, loop].reshape(-1, 2).T
            ax.plot(x, y, ".", color=color_of(index), ms=1.4, mew=0, alpha=0.25, zorder=1.5, rasterized=True)
    draw_outlines(ax, points, topology, width=_WIDTH, dots=2.0)
    if key := wall_key(topology, _WIDTH):
        ax.legend(
            key, key.values(), handler_map={tuple: HandlerTuple(1, 0)}, fontsize=TEXT_PT, frameon=False, loc="lower right"
        )
    label_shapes(ax, points, topology, every=every)
    return ax
