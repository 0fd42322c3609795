"""Values as colours along outlines: one set of colours, a colour bar, and room for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize
from numpy.typing import NDArray

from atlaskit.plot.style import DPI, INK, SHAPE_IN, SMALL_PT, TEXT_PT, Picture, Points

ERRORS = ListedColormap(colormaps["magma_r"](np.linspace(0.12, 0.92, 256)), name="atlaskit_errors")
"""Colours of errors and distances, light to dark: told apart without hue, and seen on white."""

_BAR_IN = 0.8
_LINE_IN, _LETTER_IN = 0.16, 0.056
_LEAST_IN = (3.0, 2.3)
"""Width that a key below an outline needs, and height that the words beside its colour bar do."""


def axes_with_room(box: NDArray[np.float64], title: str | None, *, note: str = "") -> Axes:
    """Axes of a new figure, under the title, over a note, and left of a strip for the colour bar; words fit at any aspect."""
    width, height = SHAPE_IN * (box[1] - box[0]) / (box[1] - box[0]).max()
    width = max(width, _wide(note), _wide(title or "") - _BAR_IN, _LEAST_IN[0] if note else 0.0)
    height = max(height, _LEAST_IN[1])
    above, below = (_LINE_IN * (1 + text.count("\n")) + 0.08 if text else 0.0 for text in (title, note))
    tall = height + above + below
    figure = Picture(figsize=(width + _BAR_IN, tall), dpi=DPI, facecolor="white")
    figure.suptitle(title or "", fontsize=TEXT_PT, color=INK)
    return figure.add_axes((0.0, below / tall, width / (width + _BAR_IN), height / tall))


def _wide(text: str) -> float:
    """Inches that the longest line of a text takes."""
    return _LETTER_IN * max((len(line) for line in text.splitlines()), default=0)


def draw_bar(
    ax: Axes,
    scale: Normalize,
    label: str,
    *,
    place: tuple[float, float, float, float] = (1.0, 0.2, 0.03, 0.6),
    colors: Colormap = ERRORS,
    ticks: Mapping[float, str] | None = None,
) -> None:
    """Draw a colour bar, to the right of axes unless another place in them is given; with numbers, or with words at ticks."""
    inset = ax.inset_axes(place)
    bar = ax.figure.colorbar(ScalarMappable(scale, colors), cax=inset)
    if ticks:
        bar.set_ticks([*ticks], labels=[*ticks.values()])
        bar.minorticks_off()
    bar.set_label(label, fontsize=TEXT_PT, color=INK)
    bar.ax.tick_params(labelsize=SMALL_PT, length=2, width=0.5, colors=INK)
    bar.outline.set_linewidth(0.5)


def draw_coloured(
    ax: Axes, loop: Points, values: NDArray[np.float64], scale: Normalize, *, label: str, width: float = 2.2
) -> None:
    """Draw one closed polygon whose edges have the colour of what their two ends are on average."""
    after = np.roll(loop, -1, axis=0)
    middle = (values + np.roll(values, -1)) / 2
    style: dict[str, Any] = {"linewidths": width, "capstyle": "round", "zorder": 2, "label": label}
    ax.add_collection(LineCollection([*np.stack([loop, after], axis=1)], array=middle, cmap=ERRORS, norm=scale, **style))
