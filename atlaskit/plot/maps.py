"""Maps on a shape: where two means differ, and where a case departs from the mean."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from atlaskit.contours import resample
from atlaskit.plot.arrows import draw_arrows, readable_factor, spaced
from atlaskit.plot.colorbar import axes_with_room, draw_bar, draw_coloured
from atlaskit.plot.labels import label_shapes
from atlaskit.plot.style import INK, PALE, TEXT_PT, Points, draw_outline, present_loops, shape_axes, window
from atlaskit.topology import Topology

_FAINT = "#8C8C8C"
_STEPS, _FINE = 12, 200  # points along an arrow and along an outline that names keep clear of


def difference(
    mean_a: Points,
    mean_b: Points,
    topology: Topology,
    *,
    significant: NDArray[np.bool_] | None = None,
    rule: str = "significant",
    factor: float | None = None,
    unit: str = "centroid size = 1",
    most: float | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how one mean shape differs from another, on the shape half-way between them.

    Parameters
    ----------
    mean_a, mean_b : (L, 2) array
        Aligned; arrows lead from a to b. A structure with a NaN in either is skipped.
    topology : Topology
    significant : (L,) bool array, optional
        Landmarks that differ: a dot each, and dark arrows; the others' arrows are grey.
    rule : str
        What makes a landmark significant, for the note, such as "q < 0.05".
    factor : float, optional
        How many times longer the arrows are than the differences, which the note says; by default the largest round number
        that can be read.
    unit : str
        Of the landmarks, for the colour bar.
    most : float, optional
        End of the colour bar, so that several maps can share it; the greatest difference unless given.
    title : str, optional
        Such as "control to disease, n = 60 + 60".
    ax : Axes, optional
        Where to draw, with room for the colour bar at the right and the note below; by default a new figure.

    Returns
    -------
    Axes
        Edges coloured by the distance of the means, arrows, and one line with the dots of significant landmarks.
    """
    shift = np.asarray(mean_b, dtype=np.float64) - mean_a
    middle = mean_a + shift / 2
    factor = readable_factor(shift, middle) if factor is None else factor
    strong = np.ones(len(middle), dtype=bool) if significant is None else np.asarray(significant, dtype=bool)
    there = np.isfinite(middle).all(axis=1)
    count = f"{(strong & there).sum()} of {there.sum()} landmarks"
    note = f"arrows \u00d7 {factor:g}" + ("" if significant is None else f"; dots and dark arrows: {rule} ({count})")
    box = window(np.concatenate([middle[None], (middle + factor * shift)[None]]))
    ax = map_axes(ax, box, title, note)
    colour_edges(ax, middle, np.linalg.norm(shift, axis=1), topology, f"distance of means ({unit})", most)
    for _, loop in present_loops(middle, topology):
        roots = spaced(loop, middle)
        for chosen, color in ((roots[~strong[roots]], _FAINT), (roots[strong[roots]], INK)):
            draw_arrows(ax, middle[chosen], factor * shift[chosen], color=color)
    if significant is not None:
        ax.plot(
            *middle[strong & there].T, "o", color=INK, markersize=2.6, markeredgecolor="white", markeredgewidth=0.4, zorder=4
        )
    along = middle[there] + np.linspace(0, factor, _STEPS)[:, None, None] * shift[there]
    label_shapes(ax, middle, topology, every=None, around=along.reshape(-1, 2))
    return ax


def deviation(
    points: Points,
    mean: Points,
    topology: Topology,
    *,
    unit: str = "centroid size = 1",
    most: float | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a case over the mean, coloured by how far each landmark lies from that of the mean.

    Parameters
    ----------
    points : (L, 2) array
        A case aligned to the mean. A structure with a NaN is left out, and only the mean's is seen.
    mean : (L, 2) array
    topology : Topology
    unit : str
        Of the landmarks, for the colour bar.
    most : float, optional
        End of the colour bar, so that several cases can share it; the case's greatest distance unless given.
    title : str, optional
        Such as the case's name.
    ax : Axes, optional
        Where to draw, with room for the colour bar at the right; by default a new figure.

    Returns
    -------
    Axes
        One grey line per structure of the mean, and the edges of the case, coloured.
    """
    points = np.asarray(points, dtype=np.float64)
    ax = map_axes(ax, window(np.stack([points, mean])), title, "")
    for _, loop in present_loops(mean, topology):
        draw_outline(ax, mean[loop], PALE, width=1.0, dots=0, label="mean", zorder=1)
    colour_edges(ax, points, np.linalg.norm(points - mean, axis=1), topology, f"distance to the mean ({unit})", most)
    others = [resample(np.asarray(mean[loop], dtype=np.float64), _FINE) for _, loop in present_loops(mean, topology)]
    label_shapes(ax, points, topology, every=None, around=np.vstack(others))
    return ax


def map_axes(ax: Axes | None, box: NDArray[np.float64], title: str | None, note: str) -> Axes:
    """Axes for a map, with a note below."""
    ax = shape_axes(axes_with_room(box, title, note=note), box) if ax is None else shape_axes(ax, box, title=title)
    if note:
        ax.text(0.5, 0.0, note, transform=ax.transAxes, ha="center", va="top", fontsize=TEXT_PT, color=INK)
    return ax


def colour_edges(
    ax: Axes, points: Points, values: NDArray[np.float64], topology: Topology, label: str, most: float | None
) -> None:
    """Colour the edges of every structure that is all there, and say what the colours are."""
    greatest = float(np.nanmax(values, initial=0.0)) if most is None else most
    scale = Normalize(0.0, greatest or 1.0)
    for index, loop in present_loops(points, topology):
        draw_coloured(ax, points[loop], values[loop], scale, label=topology.structures[index])
    draw_bar(ax, scale, label)
