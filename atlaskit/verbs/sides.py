"""Structures of the left and right: which belong together, how their shapes differ, and how their areas do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.contours import resample
from atlaskit.errors import InputError, nearest
from atlaskit.groupwise import fit_template, place
from atlaskit.metrics import place as at_positions
from atlaskit.metrics import tie
from atlaskit.shape import Symmetry, align, matching_symmetry, mirror_partners
from atlaskit.signatures import SAMPLES
from atlaskit.topology import Topology
from atlaskit.verbs.population import Population, Unit, population

Pair = tuple[str, str]
"""The left structure and the right one."""
FLAT = 1e-9
"""Share of the largest area below which a structure has none."""


@dataclass(frozen=True)
class Sides:
    """What the two sides of N cases have in common, and what not.

    Attributes
    ----------
    pair : tuple of str
        The left structure and the right one.
    people : Population
        The cases that have both.
    symmetry : Symmetry
        Of the left structure and the mirror image of the right one.
    area : (N, 2) float array
        Within the outlines of the left and the right structure, square units of the population.
    """

    pair: Pair
    people: Population
    symmetry: Symmetry
    area: NDArray[np.float64]

    @property
    def log_ratio(self) -> NDArray[np.float64]:
        """(N,) log of the left area over the right one."""
        return np.asarray(np.log(self.area[:, 0] / self.area[:, 1]))


def paired(structures: Sequence[str], asked: Sequence[str] = ()) -> tuple[Pair, ...]:
    """The pairs of left and right structures: those that are asked for, else those whose names say so.

    Parameters
    ----------
    structures : sequence of str
        All that there are. "left lung" and "right lung", "clavicle_left" and "clavicle_right" belong together: names that are
        the same but for the word left or right. One that is alone is in no pair.
    asked : sequence of str
        As "LEFT=RIGHT", instead of those by name.

    Raises
    ------
    InputError
        For what is no pair, a pair of a structure with itself, or of one that is not there.
    """
    rights = {_turned(name): name for name in structures if _turned(name)}
    by_name = tuple((name, rights[name]) for name in structures if name in rights)
    return tuple(_asked(structures, text) for text in asked) or by_name


def _asked(structures: Sequence[str], text: str) -> Pair:
    """The left and the right structure of one text."""
    left, _, right = (part.strip() for part in text.partition("="))
    if not left or not right or left == right:
        raise InputError(f"A pair is the left and the right structure as LEFT=RIGHT; got {text!r}.")
    for name in (left, right):
        if name not in structures:
            raise InputError(
                f"A pair is of two of the structures {', '.join(structures)}; {name!r} is not: {nearest(name, structures)}"
            )
    return left, right


def _turned(name: str) -> str | None:
    """The name of the left structure that belongs to a right one."""
    found = re.fullmatch(r"(.*(?:^|[\W_]))(right)((?:[\W_]|$).*)", name, flags=re.IGNORECASE)
    if found is None:
        return None
    word = found[2]
    left = "LEFT" if word.isupper() else "Left" if word[0].isupper() else "left"
    return f"{found[1]}{left}{found[3]}"


def compare_sides(
    store: Path,
    structures: Sequence[str],
    asked: Sequence[str] = (),
    *,
    unit: Unit = "auto",
    most: int | None = None,
    seed: int = 0,
) -> tuple[tuple[Sides, ...], tuple[str, ...]]:
    """Compare the sides of each pair, over the cases that have both.

    Parameters
    ----------
    store : Path
    structures : sequence of str
    asked : sequence of str
        As in `paired`.
    unit : {"auto", "px", "mm"}
    most : int, optional
        Cases that are compared in memory; of more, pairs that nobody asked for are left out.
    seed : int
        Of the permutations.

    Returns
    -------
    sides : tuple of Sides
    notes : tuple of str
        Which cases were left out, and which pairs that nobody asked for could not be compared.

    Raises
    ------
    InputError, NotFoundError, StoreError
        As `paired` and, for pairs that are asked for, `population`.

    Notes
    -----
    Sides are matched each for itself (matching symmetry): their shapes alone are compared, and where they lie to each other,
    which the pose of a body changes, does not count. So pairs need nothing of structures in the middle, such as a heart, of
    which nothing says how they should be symmetric. The landmarks of two sides have nothing to do with each other: the mirror
    image of the mean outline of the right is matched to that of the left as a new case is to a template, and both are read off
    at those places in every case.
    """
    found, notes = [], []
    for pair in paired(structures, asked):
        try:
            people = population(store, structures=pair, unit=unit)
            if most is not None and len(people) > most:
                raise InputError(f"Sides are compared in memory, of {most} cases at most; got {len(people)}.")
            compared = _compared(people, pair, seed)
        except InputError as reason:
            if asked:
                raise
            notes.append(f"{' and '.join(pair)} are not compared: {reason}")
        else:
            notes += people.left_out
            found.append(compared)
    return tuple(found), tuple(notes)


def counterparts(left: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) even positions along the left outline, and those that mirror them along the right one; n is that of the longer."""
    outlines = np.stack([resample(left, SAMPLES), resample(right, SAMPLES)])
    dense = np.concatenate(outlines)
    partner = mirror_partners(np.stack([dense, dense]), [(range(SAMPLES), range(SAMPLES, 2 * SAMPLES))])[:SAMPLES]
    both = align(np.stack([outlines[0], dense[partner] * [-1, 1]])).points
    topology = Topology(("side",), (tuple(range(max(len(left), len(right)))),), levels=1)
    placed = place(fit_template(both[:1, None], topology), both[:, None])
    on_left, on_right = (tie(outline[None], points[None]) for outline, points in zip(both, placed, strict=True))
    start, backwards = partner[0] - SAMPLES, (partner[1] - partner[0]) % SAMPLES != 1
    return _position(left, on_left), _position(right, start - on_right if backwards else start + on_right)


def _position(landmarks: NDArray[np.float64], sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """Landmark index and fraction at samples, evenly spaced from the first landmark, of a closed polygon (n, 2)."""
    closed = np.vstack([landmarks, landmarks[:1]])
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    return np.asarray(np.interp(sample % SAMPLES / SAMPLES * arc[-1], arc, np.arange(len(closed))))


def anova_table(found: Sequence[Sides]) -> pd.DataFrame:
    """One row per pair and source of variation: the analysis of variance of its shape."""
    tables = [each.symmetry.table.assign(left=each.pair[0], right=each.pair[1], cases=len(each.area)) for each in found]
    return _first(tables, "left", "right", "cases")


def asymmetry_table(found: Sequence[Sides]) -> pd.DataFrame:
    """One row per pair and case: who it is, its fluctuating asymmetry, with landmark error, and the areas of its sides."""
    tables = []
    for each in found:
        unit = each.people.unit
        sizes = {f"area_left_{unit}2": each.area[:, 0], f"area_right_{unit}2": each.area[:, 1], "log_ratio": each.log_ratio}
        who = each.people.table.assign(status=each.people.status, fluctuating=each.symmetry.fluctuating, **sizes)
        tables.append(who.assign(left=each.pair[0], right=each.pair[1]))
    return _first(tables, "left", "right")


def _first(tables: Sequence[pd.DataFrame], *names: str) -> pd.DataFrame:
    """Tables below each other, some columns first."""
    if not tables:
        return pd.DataFrame()
    table = pd.concat(tables, ignore_index=True)
    return table[[*names, *table.columns.drop(list(names))]]


def sentences(found: Sequence[Sides]) -> list[str]:
    """How the sides of each pair differ, a line each."""
    lines = []
    for each in found:
        share, p = each.symmetry.table.set_index("source").loc["side", ["R2", "p"]]
        ratio = float(np.exp(each.log_ratio.mean()))
        size = f"{abs(1 - ratio):.1%} {'smaller' if ratio < 1 else 'larger'} in area"
        shape = f"{share:.0%} of the variation of their shapes is between the sides (p = {p:.2g})"
        lines.append(f"{each.pair[0]} against {each.pair[1]}: {size}; {shape}")
    return lines


def _compared(people: Population, pair: Pair, seed: int) -> Sides:
    loops = [people.topology.loop_of(name) for name in pair]
    area = np.column_stack([_area(people.points[:, loop]) for loop in loops])
    flat = np.flatnonzero((area < FLAT * area.max()).any(1))
    if len(flat):
        which = f"{', '.join(people.cases[case] for case in flat[:5])} {'have' if len(flat) > 1 else 'has'}"
        raise InputError(f"Both sides must have an area; {which} one without: look at the mask.")
    aligned = align(people.points, onto=people.template)
    positions = counterparts(*(aligned.mean[loop] for loop in loops))
    left, right = (at_positions(aligned.points[:, loop], at) for loop, at in zip(loops, positions, strict=True))
    return Sides(pair, people, matching_symmetry(left, right, subjects=people.subjects, seed=seed), area)


def _area(loops: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) areas within closed polygons (N, n, 2)."""
    x, y = loops[..., 0], loops[..., 1]
    return np.asarray(np.abs((x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y).sum(1)) / 2)
