"""Where outlines end in views along the long axis: the hinges of the valve, on the cavity and on the wall around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from atlaskit import tracking
from atlaskit.errors import InputError
from atlaskit.shape import align
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.roles import Roles
from atlaskit.verbs.tracking.source import Source
from atlaskit.verbs.tracking.volumes import VIEWS, Asked, views_of

LEAST_OUTLINES = 2
"""Of which a mean outline can be made."""
BESIDE = 0.5
"""How far from the line of the valve plane a hinge of the wall may lie, as a share of its distance along it."""
STEEP = 4.0
"""How much nearer to the line counts than farther along it, where the wall has no corners; more than a wall slants there."""

Array = NDArray[np.float64]


def bases_of(source: Source, studies: Sequence[Study], roles: Roles, points: Array, asked: Asked) -> dict[str, tuple[int, int]]:
    """The hinges of cavity and wall in views along the long axis; none across the short axis.

    Parameters
    ----------
    source : Source
    studies : sequence of Study
    roles : Roles
    points : (Q, T, L, 2) array
    asked : Asked

    Returns
    -------
    dict of str to (int, int)
        By structure, numbered as in `points`: of the wall each beside that of the cavity.

    Raises
    ------
    InputError
        When views do not fit, or hinges are not found or not landmarks of the cavity.
    """
    if asked.method not in VIEWS and asked.base is None:
        return {}
    if asked.method in VIEWS:
        views_of(studies, asked)  # what is wrong with these is said before corners are looked for
    loops = dict(zip(source.topology.structures, source.topology.loops, strict=True))
    inner = loops[roles.cavity]
    base = _hinges(source, inner, points, asked.base)
    if roles.wall is None:
        return {roles.cavity: base}
    outer = loops[roles.wall]
    return {roles.cavity: base, roles.wall: _beside(base, outer, _mean_of(points, inner, outer, roles.wall), roles.wall)}


def _hinges(source: Source, loop: tuple[int, ...], points: Array, base: tuple[int, int] | None) -> tuple[int, int]:
    """The landmarks of the valve's hinges, numbered as in `points`."""
    if base is None:
        cavity = points[..., list(loop), :]
        whole = cavity[np.isfinite(cavity).all((-1, -2))]
        if len(whole) < LEAST_OUTLINES:
            raise InputError(
                f"Hinges are sought on the mean outline of the cavity; {len(whole)} frames have one: give --base I,J."
            )
        named = np.full((int(source.landmarks.max()) + 1, 2), np.nan)  # by their numbers in the store, as --base takes them
        named[source.landmarks[list(loop)]] = align(whole).mean
        base = tracking.hinges(named, source.landmarks[list(loop)].tolist())
    if base[0] == base[1]:
        raise InputError(f"--base is two landmarks, one at each hinge of the valve; {base[0]} came twice.")
    place = {int(landmark): k for k, landmark in enumerate(source.landmarks)}
    if any(landmark not in place or place[landmark] not in loop for landmark in base):
        raise InputError(f"--base is two landmarks of the cavity; {base[0]} and {base[1]} are not both.")
    return place[base[0]], place[base[1]]


def _mean_of(points: Array, inner: tuple[int, ...], outer: tuple[int, ...], wall: str) -> Array:
    """(L, 2) the mean shape of a cavity and its wall over the frames that have both; NaN of all other landmarks."""
    both = sorted({*inner, *outer})
    shapes = points[..., both, :]
    whole = shapes[np.isfinite(shapes).all((-1, -2))]
    if not len(whole):
        raise InputError(
            f"The base of a wall is sought beside that of its cavity; no frame has it and {wall!r}: say --role cavity=NAME."
        )
    mean = np.full(points.shape[-2:], np.nan)
    mean[both] = align(whole).mean if len(whole) >= LEAST_OUTLINES else whole[0]
    return mean


def _beside(base: tuple[int, int], outer: tuple[int, ...], mean: Array, wall: str) -> tuple[int, int]:
    """The hinges of a wall: corners of its mean outline beside those of the cavity, or else where the valve plane meets it."""
    outline = mean[list(outer)] - (mean[base[0]] + mean[base[1]]) / 2
    outward = (mean[base[0]] - mean[base[1]]) / max(float(np.hypot(*(mean[base[0]] - mean[base[1]]))), 1e-300)
    along, aside = outline @ outward, np.abs(outline @ [-outward[1], outward[0]])
    try:
        corners = [outer.index(corner) for corner in tracking.hinges(mean, outer)]
    except InputError:
        corners = []
    beside = [np.flatnonzero(aside <= BESIDE * side * along) for side in (1, -1)]
    if not all(map(len, beside)):
        raise InputError(f"A wall has a place beside each hinge of its cavity; {wall!r} has none: say --role cavity=NAME.")
    own = [[place for place in corners if place in places] for places in beside]
    first, last = (
        of[0] if all(own) else int(places[(side * along - STEEP * aside)[places].argmax()])
        for of, places, side in zip(own, beside, (1, -1), strict=True)
    )
    return outer[first], outer[last]
