"""How good a network is on the cases it was not fitted on: figures, and pictures of worst and typical cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit import plot
from atlaskit.contours import resample
from atlaskit.groupwise import Template
from atlaskit.masks import Mask
from atlaskit.metrics import polygon_dice, self_intersections, surface_distances


@dataclass(frozen=True)
class Held:
    """Validation cases.

    Attributes
    ----------
    ids : tuple of str
        The V cases.
    masks : tuple of Mask
    samples : (V, S, M, 2) float array
        Contour samples, pixels; NaN where absent.
    wanted : (V, L, 2) float array
        Groupwise landmarks, pixels; NaN where absent.
    """

    ids: tuple[str, ...]
    masks: tuple[Mask, ...]
    samples: NDArray[np.floating]
    wanted: NDArray[np.floating]


def figures(points: NDArray[np.floating], held: Held, template: Template) -> dict[str, Any]:
    """Figures of the validation landmarks, per structure.

    Parameters
    ----------
    points : (V, L, 2) array
        Pixels.
    held : Held
    template : Template

    Returns
    -------
    dict
        ``dice``, ``assd_px`` and ``pull_px`` (distance to the groupwise landmarks) by structure, means over the cases that
        have it; ``self_intersections`` as the number of crossed outlines; ``error``, the mean over structures of surface
        distance and pull, for choosing the best weights.
    """
    topology = template.topology
    result: dict[str, Any] = {"dice": {}, "assd_px": {}, "pull_px": {}, "self_intersections": {}}
    for s, (name, loop) in enumerate(zip(topology.structures, topology.loops, strict=True)):
        here = np.flatnonzero(~np.isnan(held.samples[:, s, 0, 0]))
        if here.size == 0:
            continue
        own = points[here][:, list(loop)]
        away = np.linalg.norm(own - held.wanted[here][:, list(loop)], axis=-1)
        dice = [polygon_dice(p, held.masks[i].planes[s]) for p, i in zip(own, here, strict=True)]
        surface = [surface_distances(p, resample(held.samples[i, s], 256))[1] for p, i in zip(own, here, strict=True)]
        result["dice"][name] = round(float(np.mean(dice)), 5)
        result["assd_px"][name] = round(float(np.mean(surface)), 4)
        result["pull_px"][name] = round(float(away.mean()), 4)
        result["self_intersections"][name] = int((self_intersections(own) > 0).sum())
    result["error"] = float(np.mean([*result["assd_px"].values(), *result["pull_px"].values()]))
    return result


def draw(
    folder: Path,
    template: Template,
    wanted: NDArray[np.floating],
    held: Held,
    points: NDArray[np.floating],
    log: Sequence[dict[str, Any]],
) -> tuple[Path, ...]:
    """Write the figures of a fit: template, training curves, worst and typical validation cases.

    Parameters
    ----------
    folder : Path
    template : Template
    wanted : (N, L, 2) array
        Groupwise landmarks of the fitted cases in the unit frame, for the template's cloud.
    held : Held
    points : (V, L, 2) array
        The network's landmarks of the validation cases, pixels.
    log : sequence of dict
        The records of the checks.

    Returns
    -------
    tuple of Path
    """
    topology = template.topology
    worst = np.array([_least_dice(points[i], held.masks[i], template) for i in range(len(points))])
    order = np.argsort(worst)
    half = len(order) // 2
    typical = order[max(0, half - 2) : half + 2]
    drawn = {
        "template": plot.template(template.points, topology, cloud=wanted).get_figure(root=True),
        "training": plot.loss_curves(log),
        "validation_worst": _cases(order[:4], worst, points, held, template, "Worst validation cases"),
        "validation_typical": _cases(typical, worst, points, held, template, "Typical validation cases"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in drawn.items():
        path = folder / f"{name}.png"
        figure.savefig(path)
        paths.append(path)
    return tuple(paths)


def _least_dice(points: NDArray[np.floating], mask: Mask, template: Template) -> float:
    """The Dice of a case's worst structure."""
    loops = template.topology.loops
    return float(np.nanmin([polygon_dice(points[list(loop)], plane) for loop, plane in zip(loops, mask.planes, strict=True)]))


def _cases(
    chosen: NDArray[np.int64],
    worst: NDArray[np.float64],
    points: NDArray[np.floating],
    held: Held,
    template: Template,
    title: str,
) -> Any:
    """A grid of cases, with the Dice of each one's worst structure."""
    items = []
    for i in chosen:
        shown = points[i].copy()
        for loop, plane in zip(template.topology.loops, held.masks[i].planes, strict=True):
            if not plane.any():
                shown[list(loop)] = np.nan
        items.append((f"{held.ids[i]}\nleast Dice {worst[i]:.3f}", held.masks[i], shown))
    return plot.cases(items, template.topology, suptitle=title)
