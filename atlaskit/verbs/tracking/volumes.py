"""Volumes of the cavity of each study, ml: over slices, or from views along the long axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit import tracking
from atlaskit.errors import InputError, counted, some
from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.pairing import match
from atlaskit.verbs.tracking.source import Source

METHODS = ("auto", "slices", "simpson", "biplane", "area-length", "none")
VIEWS = {"simpson": (0, 1), "area-length": (0, 1, 2), "biplane": (2,)}
"""How many views may be told apart by parts of names; without any every study is one of its own."""
CUT = 1 / 3
"""Share of the frames that a slice lacks at its end, at least, for it to have been cut short."""
LEAST_SLICES = 3
"""Slices that a volume by summation needs, when nobody asked for one."""
SPARSE = 3
"""Numbers for each slice of a study from which these are no numbers of places: most of the volume would be made up."""

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
    left_out : (Z,) int array
        Sequences of the study that count in no frame: their slices come and go at the base.
    """

    name: str
    studies: tuple[Study, ...]
    method: str
    ml: Array
    interpolated: NDArray[np.int64]
    absent: NDArray[np.int64]
    left_out: NDArray[np.int64]


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
        Hinges of the cavity, as of `bases_of`.

    Raises
    ------
    InputError
        When a method was asked for and pixel sizes, distances between slices, views or hinges are missing.
    """
    if asked.method == "none":
        return (), ()
    if asked.method == "auto":
        return _where_possible(source, studies, areas, asked)
    source.check_mm("Volumes are in ml")
    if asked.method == "slices":
        summed = tuple(_summed(source, study, areas, asked.missing) for study in studies)
        return summed, tuple(_of_slices(source, summed))
    assert base is not None
    found = _by_views(source, studies, cavity, points, asked, base)
    return found, tuple(_of_views(found, studies))


def _of_views(volumes: Sequence[Volume], studies: Sequence[Study]) -> list[str]:
    """What a user should know of how views were paired."""
    used = {study.name for volume in volumes for study in volume.studies}
    alone = [study.name for study in studies if study.name not in used]
    notes = [f"names that hold none of --views, or lack their other view, have no volume: {some(alone)}"] if alone else []
    apart = [volume.name for volume in volumes if len(volume.studies) > 1 and not match(*volume.studies).as_numbered]
    words = f"the second view is brought to the phases of the first in {some(apart)}, as they are of unlike beats"
    return [*notes, *([words] if apart else [])]


def _where_possible(
    source: Source, studies: Sequence[Study], areas: Array, asked: Asked
) -> tuple[tuple[Volume, ...], tuple[str, ...]]:
    """Volumes over slices of the studies that have all they need; which have not, and why, is said."""
    if source.unit != "mm":
        return (), (f"no volumes, as {source.why_pixels}",)
    stacks = [study for study in studies if len(study.slices) >= LEAST_SLICES]
    if not stacks:
        return (), (f"no volumes, as no study has {LEAST_SLICES} slices",)
    found, refused = [], []
    for study in stacks:
        try:
            found.append(_summed(source, study, areas, asked.missing))
        except InputError as error:
            refused.append(str(error))
    few = len(studies) - len(stacks)
    notes = [f"no volume of {counted(few, 'study', 'studies')} with fewer than {LEAST_SLICES} slices"] if few else []
    notes += [f"no volume of {counted(len(refused), 'study', 'studies')}: {refused[0]}"] if refused else []
    return tuple(found), (*notes, *_of_slices(source, found))


def _of_slices(source: Source, volumes: Sequence[Volume]) -> list[str]:
    """What a user should know of stacks that are not whole."""
    numbers, notes = source.sequences.slices, []
    studies = [volume.studies[0] for volume in volumes]
    thin = [study for study in studies if np.ptp(numbers[study.slices]) >= len(study.slices)]
    if thin:
        span = int(np.ptp(numbers[thin[0].slices])) + 1
        such = f"{thin[0].name!r} has {len(thin[0].slices)} of {span}"
        which = counted(len(thin), "study", "studies")
        notes.append(f"slices of {which} are numbered with gaps, for which areas are interpolated: {such}")
    cut = [volume.name for volume in volumes if _ended(source, volume)]
    if cut:
        notes.append(f"slices that end before end-diastole or end-systole count as 0 there, in {some(cut)}: give all frames")
    return notes


def _ended(source: Source, volume: Volume) -> bool:
    """Whether some slice has no frame at a phase nor in a good part of the study after it, and counts as 0 there."""
    study = volume.studies[0]
    last = np.array([np.flatnonzero(source.sequences.rows[q] >= 0).max(initial=-1) for q in study.slices])
    ends = np.concatenate([study.beats.ed, study.beats.es])
    short = (last < (1 - CUT) * study.frames)[:, None]
    return bool((short & (last[:, None] < ends) & (volume.absent[ends] > 0)).any())


def _summed(source: Source, study: Study, areas: Array, missing: str) -> Volume:
    """Areas of every slice number from the first to the last, so that a slice that is nowhere counts as missing."""
    numbers, apart = source.sequences.slices[study.slices], distance(source, study)
    grid = np.full((int(np.ptp(numbers)) + 1, study.frames), np.nan)
    grid[numbers - numbers.min()] = areas[study.slices, : study.frames]
    found = tracking.by_slices(grid, apart, missing=missing, periodic=study.periodic)
    left_out = study.slices[found.left_out[numbers - numbers.min()]]
    absent = found.absent & ~found.left_out[:, None]
    return Volume(study.name, (study,), "slices", found.ml, found.filled.sum(0), absent.sum(0), left_out)


def distance(source: Source, study: Study) -> float:
    """Between the slices of a study, mm.

    Raises
    ------
    InputError
        When it is unknown, no distance, or not the same for all, or slices are numbered with wide gaps.
    """
    numbers, apart = source.sequences.slices[study.slices], source.slice_mm[study.slices]
    if np.ptp(numbers) >= SPARSE * len(numbers):
        came = f"{len(numbers)} slices of {study.name!r} are numbered {numbers.min()} to {numbers.max()}"
        raise InputError(f"Slices must be numbered in order of place; {came}: number them with --pattern or --table.")
    if not (np.isfinite(apart).all() and (apart > 0).all()):
        raise InputError(f"The distance between slices must be known; that of {study.name!r} is not: give --slice-mm.")
    if np.ptp(apart) > 1e-3 * apart.mean():
        came = f"{study.name!r} has {apart.min():g} to {apart.max():g} mm"
        raise InputError(f"Slices of a study must be equally far apart; {came}: give --slice-mm.")
    return float(apart[0])


def _by_views(
    source: Source, studies: Sequence[Study], cavity: str, points: Array, asked: Asked, base: tuple[int, int]
) -> tuple[Volume, ...]:
    """Discs or area and length, from one view of each study or two."""
    loop = tuple(source.topology.loop_of(cavity).tolist())
    found = []
    for name, pair in views_of(studies, asked).items():
        one, *others = (tracking.view(points[study.slices[0], : study.frames], loop, base) for study in pair)
        more = [match(*pair).view(other) for other in others]
        if asked.method == "biplane":
            ml = tracking.biplane(one, more[0], convention=asked.convention)
        else:
            ml = tracking.simpson(one) if asked.method == "simpson" else tracking.area_length(one, *more)
        none = np.zeros(len(ml), dtype=np.int64)
        found.append(Volume(name, pair, asked.method, ml, none, none, none[:0]))
    return tuple(found)


def views_of(studies: Sequence[Study], asked: Asked) -> dict[str, tuple[Study, ...]]:
    """The study or studies of each volume by its name, which is theirs without what names the view."""
    several = [study.name for study in studies if len(study.slices) > 1]
    if several:
        raise InputError(f"A view along the long axis is one slice; {several[0]!r} has more: use --volume slices.")
    if not asked.views:
        return {study.name: (study,) for study in studies}
    by_view = [{study.name.replace(view, ""): study for study in studies if view in study.name} for view in asked.views]
    names = [name for name in by_view[0] if all(name in of for of in by_view)]
    if not names:
        came = ", ".join(study.name for study in studies[:4])
        raise InputError(f"Names of studies must be alike but for {' and '.join(asked.views)}; no two are: {came}.")
    return {name.strip("_-. ") or name: tuple(of[name] for of in by_view) for name in sorted(names)}
