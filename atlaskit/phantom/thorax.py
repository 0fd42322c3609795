"""A cohort of chests: one drawn anatomy, six smooth modes, a pose, and effects of group, age, sex and size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.contours import Points
from atlaskit.errors import InputError
from atlaskit.phantom.anatomy import CENTRE, LANDMARKS, MODES, SPOTS, displacements, outline
from atlaskit.phantom.cohort import Phantom

FIELD_OF_VIEW_MM = 400.0
FAULTS = ("island", "hole", "cut")
CUT = 0.06
"""How far a cut chest reaches over the left, right or lower border, as a share of the image's width."""

BREATH_PER_DECADE = -0.4
WIDTH_OF_MEN = 0.6
TAPER_PER_LOG_SIZE = 4.0
"""Effects of the covariates on a mode's score, in standard deviations."""

_PER_LANDMARK = 16


def chest(
    n: int = 120, *, size: int = 256, seed: int = 0, effect: float = 1.5, missing: float = 0.15, faults: float = 0.06
) -> Phantom:
    """Draw a cohort of chests: two lungs, the heart, and two clavicles that overlap the lungs.

    Every case is the drawn anatomy plus a weighted sum of six smooth displacement fields, then moved, turned and
    scaled; so landmarks have an exact truth and shape has rank six. Group shifts the mode "heart" by `effect`, age
    shifts "breath" by -0.4 per decade from 60, male sex "width" by 0.6, log size "taper" by 4 per unit. Case i is the
    same whatever n is.

    Parameters
    ----------
    n : int
        Cases, each of its own subject.
    size : int
        Image width and height, pixels; the image is 400 mm wide.
    seed : int
    effect : float
        Difference between the groups "disease" and "control", in standard deviations of the mode "heart".
    missing : float
        Share of cases without a heart.
    faults : float
        Share of cases with a fault: an island or a hole in the right lung, or a chest cut by the border of the image.

    Returns
    -------
    Phantom
        Its table also holds ``rotation_rad``, ``spacing_mm`` and the scores ``mode_<name>``; ``size`` is a factor of
        the mean size.

    Raises
    ------
    InputError
        When n or size is too small, or a share is not between 0 and 1.

    Notes
    -----
    About 1 ms a case; masks are drawn when asked for.
    """
    if n < 1 or size < 64:
        raise InputError(f"A chest phantom needs at least 1 case of at least 64 pixels; got {n} of {size}.")
    for name, share in (("missing", missing), ("faults", faults)):
        if not 0 <= share <= 1:
            raise InputError(f"The share {name!r} must lie between 0 and 1; got {share}.")
    records = [_draw(np.random.default_rng((seed, i)), i, effect, missing, faults) for i in range(n)]
    table = pd.DataFrame(records)
    table.insert(len(table.columns), "spacing_mm", FIELD_OF_VIEW_MM / size)
    outlines, spots = _outlines(table, size)
    heartless = ~table["present_heart"].to_numpy()
    outlines["heart"][heartless] = np.nan
    table = table.drop(columns=["shift_x", "shift_y", "cut_side"])
    return Phantom(
        kind="chest",
        structures=tuple(LANDMARKS),
        image_size=(size, size),
        spacing_mm=(FIELD_OF_VIEW_MM / size,) * 2,
        table=table,
        landmarks={name: points[:, ::_PER_LANDMARK] for name, points in outlines.items()},
        outlines=outlines,
        spots=spots,
    )


def _draw(rng: np.random.Generator, i: int, effect: float, missing: float, faults: float) -> dict[str, Any]:
    """One row of the table. Every number is drawn whatever the options say: an option changes only what it names."""
    normal = np.clip(rng.standard_normal(len(MODES) + 4), -2.2, 2.2)
    chance_heart, chance_fault = rng.random(2)
    kind, side = int(rng.integers(len(FAULTS))), int(rng.integers(3))
    age = round(float(rng.uniform(30, 85)), 1)
    male = bool(rng.random() < 0.5)
    group = ("control", "disease")[i % 2]
    log_size = 0.06 * normal[6] + (0.03 if male else -0.03)
    shift = {
        "breath": BREATH_PER_DECADE * (age - 60) / 10,
        "width": WIDTH_OF_MEN * male,
        "heart": effect * (group == "disease"),
        "taper": TAPER_PER_LOG_SIZE * log_size,
    }
    return {
        "case": f"P{i:05d}",
        "subject": f"P{i:05d}",
        "group": group,
        "age": age,
        "sex": "M" if male else "F",
        "size": float(np.exp(log_size)),
        "fault": FAULTS[kind] if chance_fault < faults else "none",
        **{f"present_{name.replace(' ', '_')}": name != "heart" or chance_heart >= missing for name in LANDMARKS},
        "rotation_rad": 0.04 * normal[7],
        **{f"mode_{name}": value + shift.get(name, 0.0) for name, value in zip(MODES, normal, strict=False)},
        "shift_x": 0.015 * normal[8],
        "shift_y": 0.015 * normal[9],
        "cut_side": side,
    }


def _outlines(table: pd.DataFrame, size: int) -> tuple[dict[str, Points], Points]:
    """Every case's outlines by structure, (N, V, 2) each, and its spot, pixels."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = 0.018 * np.column_stack([np.cos(angle), np.sin(angle)])
    curves = [outline(points, per_landmark=_PER_LANDMARK) for points in LANDMARKS.values()]
    curves += [np.add(SPOTS[fault], circle) for fault in SPOTS]
    template = np.vstack(curves)
    fields = displacements(template)
    ends = np.cumsum([len(curve) for curve in curves])[:-1]
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    placed = [np.split(_place(template, fields, row, size), ends) for row in rows]
    by_curve = [np.stack(curve) for curve in zip(*placed, strict=True)]
    hole = (table["fault"] == "hole").to_numpy()[:, None, None]
    return dict(zip(LANDMARKS, by_curve, strict=False)), np.where(hole, by_curve[-1], by_curve[-2])


def _place(template: Points, fields: Points, row: dict[str, Any], size: int) -> Points:
    """Deform the template by one case's scores, then pose it in the image: (n, 2) pixels."""
    scores = np.array([row[f"mode_{name}"] for name in MODES])
    shape = template + np.tensordot(scores, fields, axes=1) - CENTRE
    scale, angle = 0.87 * row["size"], row["rotation_rad"]
    turn: NDArray[np.float64] = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points: Points = scale * shape @ turn + (0.5 + row["shift_x"], 0.5 + row["shift_y"])
    low, high = points.min(axis=0), points.max(axis=0)
    inside = np.clip(0.0, 0.01 - low, 0.99 - high)  # the rare large chest far off centre must not be cut by chance
    sides = [(-CUT - low[0], 0.0), (1 + CUT - high[0], 0.0), (0.0, 1 + CUT - high[1])]
    points = points + (sides[row["cut_side"]] if row["fault"] == "cut" else inside)
    return size * points - 0.5
