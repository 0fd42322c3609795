"""What file names say: whose case it is, which slice and which frame."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from atlaskit.errors import InputError


def _mark(words: str) -> re.Pattern[str]:
    """A word with a number between separators; at the start only where it is the whole name: in S01_t3 a subject is S01."""
    return re.compile(rf"(?:^(?=[a-z]+[_\-]?\d+$)|[_\-. ])(?:{words})[_\-]?(\d+)(?=[_\-. ]|$)", re.IGNORECASE)


_SLICE = _mark("s|sl|slice|z")
_FRAME = _mark("t|f|fr|frame|phase|time")
_PHASE = re.compile(r"(?:^|[_\-. ])(?:(ED|diastole)|(ES|systole))(?=[_\-. ]|$)", re.IGNORECASE)
_VISIT = _mark("d|day|w|week|m|month|y|year|v|visit")
_TAIL = re.compile(
    r"[_\-. ](?:ED|ES|systole|diastole|seg|trans|mask|label|pred"
    r"|(?:s|sl|slice|z|t|f|fr|frame|phase|time|d|day|week|visit)[_\-]?\d+)$",
    re.IGNORECASE,
)
_IMAGE_OF_SEQUENCE = re.compile(r"^(?:(?:frame|fr|f|t|time|phase|img|image|mask)[_\-]?)?(\d+)$", re.IGNORECASE)
_NUMBER_TAIL = re.compile(r"[_\-. ]\d+$")
_SUFFIX = re.compile(r"^[_\-.](?:seg|trans|mask|label|pred)$", re.IGNORECASE)
_FEWEST_SUBJECTS, _FEWEST_CASES_EACH = 3, 2


def slice_and_frame(stem: str) -> tuple[int, int]:
    """Slice and frame numbers in a name such as ``A01_ED_s03`` or ``p7_t012``; -1 where there is none."""
    slices, frames = _SLICE.findall(stem), _FRAME.findall(stem)
    return (int(slices[-1]) if slices else -1), (int(frames[-1]) if frames else -1)


@dataclass(frozen=True)
class Place:
    """Where a case stands in time and space, as its name says.

    Attributes
    ----------
    study : str
        The name without slice, frame and phase, and without a visit that is its frame.
    slice, frame : int
        -1 where there is none. End-diastole is frame 0 and end-systole frame 1 of names without a number of a frame; else the
        number of a day, week, month, year or visit is the frame.
    """

    study: str
    slice: int
    frame: int


def place_of(stem: str) -> Place:
    """Study, slice and frame that a name tells.

    Examples
    --------
    >>> place_of("A05_s02_t012")
    Place(study='A05', slice=2, frame=12)
    >>> place_of("patient001_ES_s003"), place_of("rat07_d014")
    (Place(study='patient001', slice=3, frame=1), Place(study='rat07', slice=-1, frame=14))
    """
    slice_, frame = slice_and_frame(stem)
    phases, visits = _PHASE.findall(stem), _VISIT.findall(stem)
    marks = [_SLICE, _FRAME]
    if frame < 0 and phases:
        frame = int(not phases[-1][0])
    elif frame < 0 and visits:
        frame, marks = int(visits[-1]), [*marks, _VISIT]
    return Place(_without(stem, *marks, _PHASE) or _without(stem, *marks) or stem, slice_, frame)


def _without(stem: str, *marks: re.Pattern[str]) -> str:
    """A name without some marks, each found in the whole of it."""
    gone = {k for mark in marks for match in mark.finditer(stem) for k in range(*match.span())}
    return "".join(character for k, character in enumerate(stem) if k not in gone).strip("_-. ")


def frame_number(stem: str) -> int | None:
    """The number of an image whose whole name is one, such as ``frame_012`` or ``012``; else None."""
    match = _IMAGE_OF_SEQUENCE.match(stem)
    return int(match.group(1)) if match else None


def without_suffix(stem: str, folder: str) -> str | None:
    """The folder's name if a stem is that name, alone or with ``_seg``, ``_trans`` or the like; else None."""
    if not stem.startswith(folder):
        return None
    return folder if stem == folder or _SUFFIX.match(stem[len(folder) :]) else None


def subjects(stems: Sequence[str], pattern: str | None = None) -> list[str]:
    """Whom each case belongs to, told from its name.

    Parameters
    ----------
    stems : sequence of str
        File stems, or folder names for sequences and folders per case.
    pattern : str, optional
        Regular expression with one group, the subject; searched in each stem.

    Returns
    -------
    list of str
        Stems without what marks a phase, slice, frame or day at their end (``_ED``, ``_s03``, ``_t012``, ``_d007``).
        A bare number at the end (``SC-HF-I-1_0048``) is dropped only if a digit remains before it, and only if that
        gives at least 3 subjects of on average 2 cases or more: otherwise it is more likely the subject's own number.

    Raises
    ------
    InputError
        When the pattern is no regular expression with one group, or a stem does not match.
    """
    if pattern is not None:
        return [_matched(stem, pattern) for stem in stems]
    bare = [_without_tail(stem) for stem in stems]
    shorter = [_without_number(name) for name in bare]
    merged = Counter(shorter)
    grouped = len(merged) >= _FEWEST_SUBJECTS and len(set(bare)) >= _FEWEST_CASES_EACH * len(merged)
    return shorter if grouped else bare


def _without_tail(stem: str) -> str:
    while match := _TAIL.search(stem):
        if match.start() == 0:
            break
        stem = stem[: match.start()]
    return stem


def _without_number(name: str) -> str:
    match = _NUMBER_TAIL.search(name)
    shorter = name[: match.start()] if match else name
    return shorter if any(character.isdigit() for character in shorter) else name


def _matched(stem: str, pattern: str) -> str:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"The subject pattern must be a regular expression; {pattern!r} is none ({error}).") from error
    if compiled.groups != 1:
        raise InputError(f"The subject pattern must have exactly one group; {pattern!r} has {compiled.groups}.")
    match = compiled.search(stem)
    if match is None or match.group(1) is None:
        raise InputError(f"The subject pattern {pattern!r} must match every case; it does not match {stem!r}.")
    return match.group(1)
