"""A cohort of beating left ventricles whose areas, lengths, strain and ejection fraction are known in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.contours import Points, perimeter
from atlaskit.errors import InputError
from atlaskit.phantom.cohort import Phantom

FIELD_OF_VIEW_MM = 140.0
FAC_OF_CONTROLS, FAC_SD = 0.56, 0.04
WALL_PER_DECADE = 0.04
"""Relative thickening of the wall per decade of age from 60."""

_LANDMARKS, _PER_LANDMARK = 12, 24
_ANGLE = np.linspace(0, 2 * np.pi, _LANDMARKS * _PER_LANDMARK, endpoint=False)
_CAVITY_WAVES = {2: (0.05, 0.6), 3: (0.045, 0.2), 5: (0.025, 1.1)}
_EPI_WAVES = {2: (0.06, 0.4), 3: (0.04, 0.0), 4: (0.015, 2.0)}
"""Waves of a contour's radius around the circle: number to amplitude (share of the radius) and phase."""


@dataclass(frozen=True)
class _Subject:
    """What one ventricle is at rest and how it beats; lengths as a share of the image's width."""

    row: dict[str, Any]
    radius: float
    wall: float
    fac: float
    es_frame: int
    beat_ms: float
    centre: Points
    rotation_rad: float
    waves: float


def cine(
    subjects: int = 24,
    *,
    frames: int = 20,
    slices: int = 1,
    size: int = 128,
    seed: int = 0,
    effect: float = 3.0,
    twist_rad: float = 0.0,
    faults: float = 0.0,
) -> Phantom:
    """Draw beating left ventricles in short axis: the cavity, and the outer outline of the wall around it ("epi").

    The cavity's outline shrinks about its centre by a factor s(t) that falls from 1 at frame 0 (end-diastole) along
    half a cosine to sqrt(1 - FAC) at the subject's end-systolic frame, and rises again until the beat ends. So its area
    goes as s^2, its length as s, and its strain is s - 1. The wall keeps its area, which gives the factor of the outer
    outline. All slices contract alike, so that the ejection fraction of a stack is its fractional area change (FAC).
    Subject i is the same whatever `subjects` is.

    Parameters
    ----------
    subjects : int
        Half of them "control", half "disease".
    frames : int
        Frames of one beat, at least 4; the frame after the last is frame 0 again.
    slices : int
        Parallel slices from base to apex.
    size : int
        Image width and height, pixels; the image is 140 mm wide.
    seed : int
    effect : float
        How much lower the FAC of the disease is, in standard deviations (0.04) of the controls' (mean 0.56).
    twist_rad : float
        Rotation of the cavity about its centre at end-systole, radians; the landmarks turn with it.
    faults : float
        Share of frames left empty, as a pixel model leaves them.

    Returns
    -------
    Phantom
        Its table, one row per frame, also holds ``slice`` (-1 where there is one slice), ``frame``, ``time_ms``,
        ``ed_frame``, ``es_frame``, ``fac`` and per structure the true ``<structure>_area`` (square pixels),
        ``<structure>_length`` (pixels) and ``<structure>_strain`` (of the contour's length since end-diastole); of
        empty frames too.

    Raises
    ------
    InputError
        When a count or the size is too small, or `faults` is not between 0 and 1.
    """
    if subjects < 1 or slices < 1 or frames < 4 or size < 32:
        raise InputError(
            "A cine phantom needs at least 1 subject, 1 slice, 4 frames and 32 pixels; "
            f"got {subjects}, {slices}, {frames} and {size}."
        )
    if not 0 <= faults <= 1:
        raise InputError(f"The share 'faults' must lie between 0 and 1; got {faults}.")
    rows: list[dict[str, Any]] = []
    outlines: dict[str, list[Points]] = {"cavity": [], "epi": []}
    for i in range(subjects):
        subject = _draw(np.random.default_rng((seed, i)), i, effect, frames)
        empty = np.random.default_rng((seed, i, 1)).random((slices, frames)) < faults
        for z in range(slices):
            curves, truth = _beat(subject, (z + 0.5) / slices, frames, size, twist_rad)
            rows += [_row(subject, z if slices > 1 else -1, t, frames, bool(empty[z, t]), truth) for t in range(frames)]
            for name, curve in curves.items():
                outlines[name].append(np.where(empty[z][:, None, None], np.nan, curve))
    table = pd.DataFrame(rows)
    table["spacing_mm"] = FIELD_OF_VIEW_MM / size
    stacked = {name: np.concatenate(parts) for name, parts in outlines.items()}
    return Phantom(
        kind="cine",
        structures=tuple(stacked),
        image_size=(size, size),
        spacing_mm=(FIELD_OF_VIEW_MM / size,) * 2,
        table=table,
        landmarks={name: points[:, ::_PER_LANDMARK] for name, points in stacked.items()},
        outlines=stacked,
    )


def _draw(rng: np.random.Generator, i: int, effect: float, frames: int) -> _Subject:
    normal = np.clip(rng.standard_normal(7), -2.2, 2.2)
    age, male = round(float(rng.uniform(30, 85)), 1), bool(rng.random() < 0.5)
    group = ("control", "disease")[i % 2]
    size = float(np.exp(0.05 * normal[0] + (0.04 if male else -0.04)))
    fac = FAC_OF_CONTROLS + FAC_SD * (normal[1] - effect * (group == "disease"))
    return _Subject(
        row={"subject": f"P{i:05d}", "group": group, "age": age, "sex": "M" if male else "F", "size": size},
        radius=0.19 * size,
        wall=0.40 * (1 + 0.06 * normal[2] + WALL_PER_DECADE * (age - 60) / 10),
        fac=float(np.clip(fac, 0.05, 0.9)),
        es_frame=max(1, round(frames * float(rng.uniform(0.32, 0.42)))),
        beat_ms=round(60_000 / float(rng.uniform(55, 85))),
        centre=0.5 + 0.04 * normal[3:5],
        rotation_rad=0.08 * normal[5],
        waves=1 + 0.2 * normal[6],
    )


def _contraction(subject: _Subject, frames: int) -> NDArray[np.float64]:
    """(T,) share of the full contraction: 0 at frame 0, 1 at the end-systolic frame, smooth and periodic."""
    t, es = np.arange(frames), subject.es_frame
    phase = np.where(t <= es, t / es, 1 + (t - es) / (frames - es))
    share: NDArray[np.float64] = (1 - np.cos(np.pi * phase)) / 2
    return share


def _beat(
    subject: _Subject, height: float, frames: int, size: int, twist_rad: float
) -> tuple[dict[str, Points], dict[str, NDArray[np.float64]]]:
    """One slice through the beat: outlines (T, V, 2) in pixels, and the (T,) true area, length and strain of each."""
    radius = size * subject.radius * np.sqrt(1 - (0.8 * height) ** 2)
    rest, area, scale = {}, {}, {}
    for name, r, waves in (("cavity", radius, _CAVITY_WAVES), ("epi", radius * (1 + subject.wall), _EPI_WAVES)):
        rest[name], area[name] = _ring(r, {k: (subject.waves * a, phase) for k, (a, phase) in waves.items()})
    share = _contraction(subject, frames)
    scale["cavity"] = 1 - (1 - np.sqrt(1 - subject.fac)) * share
    scale["epi"] = np.sqrt((area["cavity"] * scale["cavity"] ** 2 + area["epi"] - area["cavity"]) / area["epi"])
    turn = {"cavity": subject.rotation_rad + twist_rad * share, "epi": np.full(frames, subject.rotation_rad)}
    curves, truth = {}, {}
    for name, points in rest.items():
        factor = scale[name] * np.exp(1j * turn[name])
        moved = factor[:, None] * (points @ np.array([1, 1j]))
        curves[name] = np.stack([moved.real, moved.imag], axis=-1) + size * subject.centre - 0.5
        truth[f"{name}_area"] = area[name] * scale[name] ** 2
        truth[f"{name}_length"] = perimeter(points) * scale[name]
        truth[f"{name}_strain"] = scale[name] - 1
    return curves, truth


def _ring(radius: float, waves: dict[int, tuple[float, float]]) -> tuple[Points, float]:
    """A closed curve of wavy radius about the origin, (V, 2) clockwise on screen, and its area in closed form."""
    share = np.ones_like(_ANGLE)
    for k, (a, phase) in waves.items():
        share += a * np.cos(k * _ANGLE - phase)
    points = radius * share[:, None] * np.column_stack([np.cos(_ANGLE), np.sin(_ANGLE)])
    return points, float(np.pi * radius**2 * (1 + sum(a**2 for a, _ in waves.values()) / 2))


def _row(subject: _Subject, z: int, t: int, frames: int, empty: bool, truth: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
    name = subject.row["subject"] + (f"_s{z:03d}" if z >= 0 else "") + f"_t{t:03d}"
    return {
        "case": name,
        **subject.row,
        "fault": "empty" if empty else "none",
        "present_cavity": not empty,
        "present_epi": not empty,
        "slice": z,
        "frame": t,
        "time_ms": t * subject.beat_ms / frames,
        "ed_frame": 0,
        "es_frame": subject.es_frame,
        "fac": subject.fac,
        **{key: float(values[t]) for key, values in truth.items()},
    }
