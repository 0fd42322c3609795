"""Where the cases are and who they belong to: values only, made by the readers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from atlaskit.errors import InputError
from atlaskit.masks import Mask, Structure


@dataclass(frozen=True)
class Case:
    """One 2-D mask of a corpus.

    Attributes
    ----------
    id : str
        Unique: the file stem, with ``_s003`` for a slice and ``_t012`` for a frame where one file gives many.
    source : str
        Path relative to the corpus folder, with forward slashes. A folder where a case is a folder of structure files;
        ``*/<file>`` where every structure has its own folder: see `Corpus.files`.
    subject : str
        Whom the case belongs to; a split never parts a subject.
    frame, slice : int
        Position in the file or sequence; -1 where there is none.
    time_ms : float
        NaN where unknown.
    """

    id: str
    source: str
    subject: str
    frame: int = -1
    slice: int = -1
    time_ms: float = float("nan")


@dataclass(frozen=True)
class Rejected:
    """A file or case that gave no mask, and the one sentence that says why."""

    source: str
    reason: str

    @classmethod
    def of(cls, source: str, error: Exception) -> Rejected:
        """What an error says of a file, without the file's name again."""
        return cls(source, str(error).removeprefix(f"{Path(source).name}: "))


@dataclass(frozen=True)
class Corpus:
    """A folder of masks: its cases in order of their ids, its structures, and how to load one case.

    Attributes
    ----------
    root : Path
    layout : str
        Name of the reader.
    structures : tuple of Structure
        In the order of every mask's planes.
    cases : tuple of Case
        Sorted by `Case.id`, so that the order of files on disk changes nothing.
    rejected : tuple of Rejected
        What is already known to give no mask. A file that was not looked into yet is refused by `load`.
    load : callable
        ``load(case) -> Mask``; picklable; raises `InputError` when that one file does not hold a mask.
    notes : tuple of str
        Sentences that a user should read: what was left out, guessed or only sampled.
    """

    root: Path
    layout: str
    structures: tuple[Structure, ...]
    cases: tuple[Case, ...]
    rejected: tuple[Rejected, ...]
    load: Callable[[Case], Mask]
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The S structure names."""
        return tuple(structure.name for structure in self.structures)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Each subject once, sorted."""
        return tuple(sorted({case.subject for case in self.cases}))

    def files(self, case: Case) -> tuple[Path, ...]:
        """The files that a case is read from, sorted: more than one where each structure has its own."""
        if "*" in case.source:
            return tuple(sorted(self.root.glob(case.source)))
        path = self.root / case.source
        return tuple(sorted(p for p in path.iterdir() if p.is_file())) if path.is_dir() else (path,)


def split(subjects: Iterable[str], fraction: float, seed: int) -> tuple[frozenset[str], frozenset[str]]:
    """Part subjects, never the cases of one subject, into those to fit and those held out.

    Parameters
    ----------
    subjects : iterable of str
        May repeat and come in any order: neither changes the result.
    fraction : float
        Share of the subjects to hold out, in [0, 1); at least one where it is above 0.
    seed : int

    Returns
    -------
    fit, held_out : frozenset of str

    Raises
    ------
    InputError
        When the fraction is outside [0, 1), or leaves no subject to fit.
    """
    if not 0 <= fraction < 1:
        raise InputError(f"The share to hold out must be at least 0 and below 1; got {fraction}.")
    every = sorted(set(subjects))
    count = math.ceil(fraction * len(every) - 1e-9)
    if every and count >= len(every):
        raise InputError(
            f"A split needs at least 2 subjects, and must leave some to fit; holding out {fraction:g} of {len(every)} leaves "
            "none: lower validation, or give more subjects."
        )
    held_out = frozenset(random.Random(seed).sample(every, count))
    return frozenset(every) - held_out, held_out
