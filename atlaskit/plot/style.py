"""What all pictures share: colours, type sizes, axes for shapes (y down, equal aspect) and outlines."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from atlaskit.topology import Topology

Points = NDArray[np.floating[Any]]

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7B4FA3", "#8A6A3B")
"""Colours of structures in their order: Okabe and Ito's colour-blind safe set, less those that are lost on white."""

INK = "#222222"
PALE = "#9A9A9A"

PAGE_IN = 7.2
"""Width of a figure that spans both columns of a page, inches."""

SHAPE_IN = 4.8
"""Longer side of a picture of shapes, inches."""

DPI = 200
NAME_PT, TEXT_PT, SMALL_PT = 8.0, 7.0, 5.5

MOST_CASES = 400
"""A cloud of landmarks shows this many cases at most, evenly picked; more only make ink."""


class Picture(Figure):
    """A figure that shows itself in a notebook, which else knows those of pyplot only, and takes no name for mathematics."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw what there is, dollars as dollars; only matplotlib's own numbers are set as formulas."""
        for text in self.findobj(Text):
            if isinstance(text, Text) and "$" in text.get_text() and "\\mathdefault" not in text.get_text():
                text.set_parse_math(False)
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        page = BytesIO()
        self.savefig(page, format="png")
        return page.getvalue()


def color_of(index: int) -> str:
    """Colour of a structure, by its place in the topology."""
    return PALETTE[index % len(PALETTE)]


def present_loops(points: Points, topology: Topology) -> list[tuple[int, NDArray[np.int64]]]:
    """Structure index and landmark indices of every structure whose landmarks are all there."""
    loops = [(index, topology.loop_of(name)) for index, name in enumerate(topology.structures)]
    return [(index, loop) for index, loop in loops if np.isfinite(points[loop]).all()]


def window(points: Points, *, margin: float = 0.09) -> NDArray[np.float64]:
    """``[[left, top], [right, bottom]]`` around all finite points, with a margin in parts of the longer side."""
    flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    flat = flat[np.isfinite(flat).all(axis=1)]
    if not len(flat):
        return np.array([[0.0, 0.0], [1.0, 1.0]])
    low, high = flat.min(axis=0), flat.max(axis=0)
    rim = margin * max(float((high - low).max()), 1e-9)
    return np.array([low - rim, high + rim])


def shape_axes(ax: Axes | None, box: NDArray[np.float64], *, title: str | None = None) -> Axes:
    """Axes without ticks that show a window of the plane, y down and equal aspect; of a new figure if none is given."""
    ax = ax if ax is not None else _new_axes(box, title)
    ax.set_xlim(box[0, 0], box[1, 0])
    ax.set_ylim(box[1, 1], box[0, 1])
    ax.set_aspect("equal")
    ax.set_axis_off()
    if title:
        ax.set_title(title, fontsize=TEXT_PT, color=INK, pad=4)
    return ax


def _new_axes(box: NDArray[np.float64], title: str | None) -> Axes:
    """Axes that fill a figure of the window's own shape, under a strip for the title."""
    width, height = SHAPE_IN * (box[1] - box[0]) / (box[1] - box[0]).max()
    strip = 0.16 * (1 + title.count("\n")) + 0.08 if title else 0.0
    figure = Picture(figsize=(width, height + strip), dpi=DPI, facecolor="white")
    return figure.add_axes((0.0, 0.0, 1.0, height / (height + strip)))


def draw_outline(ax: Axes, loop: Points, color: str, *, width: float = 1.0, dots: float = 2.0, **line: Any) -> None:
    """Draw one closed polygon with a dot on each node."""
    closed = np.vstack([loop, loop[:1]])
    dotted: dict[str, Any] = {"marker": "o", "markersize": dots, "markeredgewidth": 0} if dots else {}
    ax.plot(closed[:, 0], closed[:, 1], color=color, linewidth=width, solid_joinstyle="round", **dotted, **line)


def thinned(cloud: Points) -> Points:
    """At most `MOST_CASES` cases of an (N, L, 2) array, evenly picked."""
    return cloud[np.linspace(0, len(cloud) - 1, MOST_CASES).round().astype(int)] if len(cloud) > MOST_CASES else cloud
