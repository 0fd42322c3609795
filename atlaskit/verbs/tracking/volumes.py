"""Volumes of the cavity of each study, ml: over slices, or from views along the long axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit import tracking
from atlaskit.errors import InputError, nearest
from atlaskit.shape import align
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.source import Source

METHODS = ("auto", "slices", "simpson", "biplane", "area-length", "none")
LEAST_SLICES = 3
"""Slices that a volume by summation needs, when nobody asked for one."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """How volumes are to be found.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    missing : str
        What a slice without an outline means: see `atlaskit.tracking.by_slices`.
    views : tuple of str
        Text that names of studies hold, one for each of the two views.
    base : (int, int) or None
        Landmarks at the hinges of the valve, numbered as in the store; None: the corners of the mean outline.
    convention : str
        Of discs in two views.
    """

    method: str = "auto"
    missing: str = "interpolate"
    views: tuple[str, ...] = ()
    base: tuple[int, int] | None = None
    convention: str = "guideline"


@dataclass(frozen=True)
class Volume:
    """The volume of one study, or of two views of one, in every frame.

    Attributes
    ----------
    name : str
    studies : tuple of Study
        One, or the two views; phases are those of the first.
    method : str
    ml : (T,) float array
    interpolated, absent : (T,) int array
        Slices of each frame whose area was interpolated, or taken for none.
    """

    name: str
    studies: tuple[Study, ...]
    method: str
    ml: Array
    interpolated: NDArray[np.int64]
    absent: NDArray[np.int64]


def base_of(source: Source, cavity: str, points: Array, asked: Asked) -> tuple[int, int] | None:
    """The hinges of the valve in views along the long axis, numbered as in `points`; None across the short axis."""
    if asked.method in ("auto", "slices", "none") and asked.base is None:
        return None
    return _hinges(source, tuple(source.topology.loop_of(cavity).tolist()), points, asked.base)


def volumes_of(
    source: Source,
    studies: Sequence[Study],
    cavity: str,
    areas: Array,
    points: Array,
    asked: Asked,
    base: tuple[int, int] | None = None,
) -> tuple[tuple[Volume, ...], tuple[str, ...]]:
    """Volumes, and why there are none where nobody asked for some.

    Parameters
    ----------
    source : Source
    studies : sequence of Study
    cavity : str
    areas : (Q, T) array
        Of the cavity, in the square of the source's unit.
    points : (Q, T, L, 2) array
    asked : Asked
    base : (int, int), optional
        As of `base_of`.

    Raises
    ------
    InputError
        When a method was asked for and pixel sizes, distances between slices, views or hinges are missing.
    """
    if asked.method not in METHODS:
        raise InputError(f"Volumes are found by {', '.join(METHODS)}; got {asked.method!r}: {nearest(asked.method, METHODS)}")
    if asked.method == "none":
        return (), ()
    if asked.method == "auto":
        why = _obstacle(source, studies)
        return ((), (f"no volumes, {why}",)) if why else (_by_slices(source, studies, areas, asked, LEAST_SLICES), ())
    if source.unit != "mm":
        raise InputError(
            "Volumes need the size of a pixel in mm, which is unknown here: give --spacing-mm, or a table with it."
        )
    if asked.method == "slices":
        return _by_slices(source, studies, areas, asked, 1), ()
    assert base is not None
    return _by_views(source, studies, cavity, points, asked, base), ()


def _obstacle(source: Source, studies: Sequence[Study]) -> str:
    """Why there can be no volumes over slices; "" where there can."""
    if source.unit != "mm":
        return "as the size of a pixel is unknown (--spacing-mm)"
    if not any(len(study.slices) >= LEAST_SLICES for study in studies):
        return f"as no study has {LEAST_SLICES} slices"
    if not np.isfinite(source.slice_mm).all():
        return "as the distance between slices is unknown (--slice-mm)"
    return ""


def _by_slices(source: Source, studies: Sequence[Study], areas: Array, asked: Asked, least: int) -> tuple[Volume, ...]:
    return tuple(_summed(source, study, areas, asked.missing) for study in studies if len(study.slices) >= least)


def _summed(source: Source, study: Study, areas: Array, missing: str) -> Volume:
    """Areas of every slice number from the first to the last, so that a slice that is nowhere counts as missing."""
    numbers = source.sequences.slices[study.slices]
    grid = np.full((int(np.ptp(numbers)) + 1, study.frames), np.nan)
    grid[numbers - numbers.min()] = areas[study.slices, : study.frames]
    apart = source.slice_mm[study.slices]
    if np.isfinite(apart).all() and np.ptp(apart) > 1e-3 * apart.mean():
        raise InputError(
            f"Slices of a study must be equally far apart; {study.name!r} has {apart.min():g} to {apart.max():g} mm."
        )
    found = tracking.by_slices(grid, apart[0], missing=missing, periodic=study.periodic)
    return Volume(study.name, (study,), "slices", found.ml, found.filled.sum(0), found.absent.sum(0))


def _by_views(
    source: Source, studies: Sequence[Study], cavity: str, points: Array, asked: Asked, base: tuple[int, int]
) -> tuple[Volume, ...]:
    """Discs or area and length, from one view of each study or two."""
    loop = tuple(source.topology.loop_of(cavity).tolist())
    found = []
    for name, pair in _views(studies, asked).items():
        one, *more = (tracking.view(points[study.slices[0], : study.frames], loop, base) for study in pair)
        if asked.method == "biplane":
            ml = tracking.biplane(one, more[0], convention=asked.convention)
        else:
            ml = tracking.simpson(one) if asked.method == "simpson" else tracking.area_length(one, *more)
        none = np.zeros(len(ml), dtype=np.int64)
        found.append(Volume(name, pair, asked.method, ml, none, none))
    return tuple(found)


def _views(studies: Sequence[Study], asked: Asked) -> dict[str, tuple[Study, ...]]:
    """The study or studies of each volume by its name, which is theirs without what names the view."""
    several = [study.name for study in studies if len(study.slices) > 1]
    if several:
        raise InputError(f"A view along the long axis is one slice; {several[0]!r} has more: use --volume slices.")
    if not asked.views and asked.method != "biplane":
        return {study.name: (study,) for study in studies}
    wanted = 2 if asked.method == "biplane" else len(asked.views)
    if len(asked.views) != wanted or wanted > 2:
        raise InputError("Volumes from two views need --views with two parts of names, such as '2CH,4CH'.")
    by_view = [{study.name.replace(view, ""): study for study in studies if view in study.name} for view in asked.views]
    names = [name for name in by_view[0] if all(name in of for of in by_view)]
    if not names:
        came = ", ".join(study.name for study in studies[:4])
        raise InputError(f"Names of studies must be alike but for {' and '.join(asked.views)}; no two are: {came}.")
    return {name.strip("_-. ") or name: tuple(of[name] for of in by_view) for name in sorted(names)}


def _hinges(source: Source, loop: tuple[int, ...], points: Array, base: tuple[int, int] | None) -> tuple[int, int]:
    """The landmarks of the valve's hinges, numbered as in `points`."""
    if base is None:
        whole = points[np.isfinite(points[..., list(loop), :]).all((-1, -2))]
        return tracking.hinges(align(whole).mean, loop)
    place = {int(landmark): k for k, landmark in enumerate(source.landmarks)}
    if any(landmark not in place or place[landmark] not in loop for landmark in base):
        raise InputError(f"--base is two landmarks of the cavity; {base[0]} and {base[1]} are not both.")
    return place[base[0]], place[base[1]]
