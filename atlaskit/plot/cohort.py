"""A cohort's landmarks on top of each other, coloured so that correspondence can be seen."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from skimage.color import lab2rgb

from atlaskit.plot.labels import label_shapes
from atlaskit.plot.style import INK, Points, draw_outline, present_loops, shape_axes, thinned, window
from atlaskit.topology import Topology


def _wheel(steps: int = 256) -> ListedColormap:
    """Make a circle of hues that is also dark once and light once, so that it can be read without hue."""
    turn = 2 * np.pi * np.arange(steps) / steps
    lab = np.column_stack([56 + 14 * np.cos(turn - 1.7), 58 * np.cos(turn), 58 * np.sin(turn)])
    return ListedColormap(lab2rgb(lab[None])[0], name="atlaskit_wheel")


WHEEL = _wheel()
"""Cyclic colours along a loop."""


def landmark_overlay(points: Points, topology: Topology, *, ax: Axes | None = None, every: int = 8) -> Axes:
    """Draw all cases' landmarks in one frame, coloured by their place along the loop, under the numbered mean.

    Where landmarks correspond, each colour is one tight patch; where they slide, neighbouring colours mix.

    Parameters
    ----------
    points : (N, L, 2) array
        Landmarks (x, y), y down, of cases in a common frame. NaN where a structure is missing.
    topology : Topology
    ax : Axes, optional
        Where to draw; by default a new figure.
    every : int
        Nodes along each loop from one number to the next.

    Returns
    -------
    Axes
        One scatter per structure, then the mean outlines.

    Notes
    -----
    400 cases are shown at most, evenly picked; the mean is that of all.
    """
    seen = np.isfinite(points).all(axis=2, keepdims=True)
    count = seen.sum(axis=0)
    mean = np.where(count > 0, np.where(seen, points, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
    shown = thinned(points)
    ax = shape_axes(ax, window(shown))
    for index, loop in present_loops(mean, topology):
        place = np.broadcast_to(np.arange(len(loop)) / len(loop), (len(shown), len(loop)))
        dots = shown[:, loop].reshape(-1, 2)
        ax.scatter(
            dots[:, 0], dots[:, 1], c=place.ravel(), cmap=WHEEL, vmin=0, vmax=1,
            s=2.2, alpha=0.6, linewidths=0, rasterized=True, label=topology.structures[index],
        )  # fmt: skip
        draw_outline(ax, mean[loop], INK, width=0.6, dots=1.4)
    label_shapes(ax, mean, topology, every=every, color=INK)
    return ax
