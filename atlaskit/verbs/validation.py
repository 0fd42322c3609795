"""How good a network is on the cases it was not fitted on: figures, and pictures of worst and typical cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

SHOWN = 4
"""Cases in a picture of validation cases, at most; none is in both."""

TITLE = "{} validation cases\n(network alone, no boundary fit)"


@dataclass(frozen=True)
class Held:
    """Validation cases.

    Attributes
    ----------
    ids, subjects : tuple of str
        The V cases, and whom they belong to.
    masks : tuple of Mask
    samples : (V, S, M, 2) float array
        Contour samples, pixels; NaN where absent.
    wanted : (V, L, 2) float array
        Groupwise landmarks, pixels; NaN where absent.
    """

    ids: tuple[str, ...]
    subjects: tuple[str, ...]
    masks: tuple[Mask, ...]
    samples: NDArray[np.floating]
    wanted: NDArray[np.floating]


def figures(points: NDArray[np.floating], held: Held, template: Template, *, pulled: bool = True) -> dict[str, Any]:
    """Figures of the validation landmarks, per structure.

    Parameters
    ----------
    points : (V, L, 2) array
        Pixels.
    held : Held
    template : Template
    pulled : bool
        Whether the fit draws landmarks to their groupwise positions. Where it does not, these must not choose its weights
        either: what emerges is to come from masks alone.

    Returns
    -------
    dict
        ``dice``, ``assd_px`` and ``pull_px`` (distance to the groupwise landmarks) by structure, means over the cases that
        have it; ``self_intersections`` as the number of crossed outlines; ``error``, the mean over structures of surface
        distance and, where pulled, pull, for choosing the best weights.
    """
    topology = template.topology
    result: dict[str, Any] = {"dice": {}, "assd_px": {}, "pull_px": {}, "self_intersections": {}}
    for s, (name, loop) in enumerate(zip(topology.structures, topology.loops, strict=True)):
        here = np.flatnonzero(~np.isnan(held.samples[:, s, 0, 0]))
        if here.size == 0:
            continue
        own = points[here][:, list(loop)]
        away = np.linalg.norm(own - held.wanted[here][:, list(loop)], axis=-1)
        dice = [polygon_dice(points[i][list(topology.polygon(s))], held.masks[i].planes[s]) for i in here]
        surface = [surface_distances(p, resample(held.samples[i, s], 256))[1] for p, i in zip(own, here, strict=True)]
        result["dice"][name] = round(float(np.mean(dice)), 5)
        result["assd_px"][name] = round(float(np.mean(surface)), 4)
        result["pull_px"][name] = round(float(away.mean()), 4)
        result["self_intersections"][name] = int((self_intersections(own) > 0).sum())
    counted = [*result["assd_px"].values(), *(result["pull_px"].values() if pulled else ())]
    result["error"] = float(np.mean(counted))
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
    lowest = [_lowest_dice(points[i], held.masks[i], held.samples[i], template) for i in range(len(points))]
    order = np.argsort([dice for dice, _ in lowest], kind="stable")
    worst = order[: min(SHOWN, max(1, len(order) // 2))]
    rest = order[len(worst) :] if len(order) > 1 else order
    typical = _around(rest, max(0, len(order) // 2 - len(worst)), held.subjects)
    drawn = {
        "template": plot.template(template.points, topology, cloud=wanted).get_figure(root=True),
        "training": plot.loss_curves(log),
        "validation_worst": _cases(worst, lowest, points, held, template, TITLE.format("Worst")),
        "validation_typical": _cases(typical, lowest, points, held, template, TITLE.format("Typical")),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in drawn.items():
        path = folder / f"{name}.png"
        figure.savefig(path)
        paths.append(path)
    return tuple(paths)


def _around(order: NDArray[np.int64], middle: int, subjects: Sequence[str]) -> list[int]:
    """Some cases around the middle of an order, in that order, no two of one subject."""
    nearest: dict[str, int] = {}
    for place in sorted(range(len(order)), key=lambda place: abs(place - middle)):
        nearest.setdefault(subjects[order[place]], place)
    return [int(order[place]) for place in sorted([*nearest.values()][:SHOWN])]


def _lowest_dice(
    points: NDArray[np.floating], mask: Mask, samples: NDArray[np.floating], template: Template
) -> tuple[float, str]:
    """The lowest Dice of a case's structures, and which has it."""
    topology = template.topology
    polygons = [list(topology.polygon(s)) for s in range(len(topology.loops))]
    found = zip(topology.structures, polygons, mask.planes, samples, strict=True)
    return min((polygon_dice(points[own], plane), name) for name, own, plane, there in found if np.isfinite(there[0, 0]))


def _cases(
    chosen: Iterable[int],
    lowest: Sequence[tuple[float, str]],
    points: NDArray[np.floating],
    held: Held,
    template: Template,
    title: str,
) -> Any:
    """A grid of cases, with the lowest Dice of each."""
    items = []
    for i in chosen:
        here = [loop for loop, own in zip(template.topology.loops, held.samples[i], strict=True) if np.isfinite(own[0, 0])]
        shown = np.full_like(points[i], np.nan)
        for loop in here:
            shown[list(loop)] = points[i][list(loop)]
        dice, name = lowest[i]
        items.append((f"{held.ids[i]}\nlowest Dice {dice:.3f} ({name})", held.masks[i], shown))
    return plot.cases(items, template.topology, suptitle=title)
