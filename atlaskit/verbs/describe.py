"""What a folder of masks holds, and what would come of it, before anything is fitted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from atlaskit.corpus import Rejected
from atlaskit.masks import Structure
from atlaskit.readers import Survey, survey
from atlaskit.readers.bits import bits_of
from atlaskit.readers.layouts import LABELS
from atlaskit.readers.outlines import Outline, outer_edge, outlines, problem
from atlaskit.verbs.tracing import BLANK

Range = tuple[float, float]


@dataclass(frozen=True)
class Described:
    """One structure of a folder.

    Attributes
    ----------
    name : str
    labels : tuple of str
    values : tuple of int
        Pixel values; bits for bit planes, the number of the file where each structure has its own.
    cases : int
        Cases that hold it, of `Description.looked_into`.
    outline : str
        ``single``, ``ring``, ``scattered`` or ``unseen``, measured on at most 64 cases.
    pieces, hole : float
        Components and the hole's share of the filled outline in the median case; NaN where unseen.
    problem : str
        Why it is no single outline and what to do; empty for one that is.
    """

    name: str
    labels: tuple[str, ...]
    values: tuple[int, ...]
    cases: int
    outline: str
    pieces: float
    hole: float
    problem: str


@dataclass(frozen=True)
class Description:
    """What a folder of masks holds.

    Attributes
    ----------
    folder : Path
    layout : str
    cases, subjects : int
    looked_into : int
        Cases among them whose pixels were read for labels.
    width, height : (least, most) pair of int
        Image size in pixels.
    spacing_mm : (least, most) pair of float
        Pixel size over all files and both axes; NaN where no file states one.
    without_spacing : int
        Files looked into that state no pixel size.
    structures : tuple of Described
    rejected : tuple of Rejected
    notes : tuple of str
    suggestions : tuple of str
        Values of ``--structure`` to start from.
    """

    folder: Path
    layout: str
    cases: int
    subjects: int
    looked_into: int
    width: tuple[int, int]
    height: tuple[int, int]
    spacing_mm: Range
    without_spacing: int
    structures: tuple[Described, ...]
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...]
    suggestions: tuple[str, ...]

    def __str__(self) -> str:
        """The description as a page for people."""
        after = [*(item.problem for item in self.structures if item.problem), *self.notes, *_tries(self.suggestions)]
        lines = [
            f"{self.folder}: layout {self.layout}, {self.cases} cases of {self.subjects} subjects",
            f"image size {_range(*self.width)} x {_range(*self.height)} px, pixel size {_spacing(self)}",
            "",
            *_table(self),
            *([""] if after else []),
            *after,
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """The description in plain types for JSON; what is unknown is None."""
        plain = _without_nan(asdict(self) | {"folder": str(self.folder)})
        assert isinstance(plain, dict)
        return plain


def describe(
    folder: str | Path,
    *,
    layout: str = "auto",
    structures: Sequence[str | Structure] = (),
    plane: str | None = None,
    subject_pattern: str | None = None,
) -> Description:
    """Look through a folder of masks and say what it holds.

    Parameters
    ----------
    folder : path
    layout, structures, plane, subject_pattern
        As in `atlaskit.read_corpus`.

    Returns
    -------
    Description

    Raises
    ------
    NotFoundError
        When there is no such folder.
    InputError
        When nothing in it can be read as masks, or a structure asked for occurs in no case.
    """
    seen = survey(folder, layout=layout, structures=structures, plane=plane, subject_pattern=subject_pattern)
    corpus = seen.corpus
    found = outlines(corpus)
    described = tuple(_describe(structure, seen, found[structure.name]) for structure in corpus.structures)
    widths, heights = zip(*(scan.image_size for scan in seen.scans), strict=True)
    known = [size for scan in seen.scans for size in scan.spacing_mm if not math.isnan(size)]
    return Description(
        folder=corpus.root,
        layout=corpus.layout,
        cases=len(corpus.cases),
        subjects=len(corpus.subjects),
        looked_into=seen.looked_into,
        width=(min(widths), max(widths)),
        height=(min(heights), max(heights)),
        spacing_mm=(min(known), max(known)) if known else (math.nan, math.nan),
        without_spacing=sum(math.isnan(scan.spacing_mm[0]) for scan in seen.scans),
        structures=described,
        rejected=(*corpus.rejected, *(Rejected(source, BLANK) for source in seen.blank)),
        notes=(*corpus.notes, *_doubt(seen)),
        suggestions=_suggestions(corpus.structures, found),
    )


def _table(found: Description) -> list[str]:
    """A heading and a line per structure, in columns."""
    some = "" if found.looked_into == found.cases else " looked into"
    headings = ("structure", "label", "value", f"in cases (of {found.looked_into}{some})", "pieces", "hole", "outline")
    align = (str.ljust, str.ljust, str.ljust, str.rjust, str.rjust, str.rjust, str.ljust)
    columns = [*zip(headings, *map(_cells, found.structures), strict=True)]
    cells = [[to(cell, max(map(len, column))) for cell in column] for to, column in zip(align, columns, strict=True)]
    if all(item.labels == (item.name,) for item in found.structures):
        del cells[1]
    return ["  ".join(line).rstrip() for line in zip(*cells, strict=True)]


def _cells(item: Described) -> tuple[str, ...]:
    figures = ("", "") if math.isnan(item.pieces) else (f"{item.pieces:.0f}", f"{item.hole:.0%}")
    return (item.name, " + ".join(item.labels), ", ".join(map(str, item.values)), str(item.cases), *figures, item.outline)


def _tries(suggestions: tuple[str, ...], most: int = 12) -> list[str]:
    """The options to start from, the first few of many."""
    rest = len(suggestions) - most
    lines = [f"  --structure {line!r}" for line in suggestions[:most]]
    return [*(["Structures to start from:"] if lines else []), *lines, *([f"  and {rest} more"] if rest > 0 else [])]


def _range(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def _spacing(found: Description) -> str:
    least, most = found.spacing_mm
    if math.isnan(least):
        return "unknown"
    stated = f"{least:.4g} mm" if least == most else f"{least:.4g} to {most:.4g} mm"
    return f"{stated} ({found.without_spacing} files state none)" if found.without_spacing else stated


def _describe(structure: Structure, seen: Survey, outline: Outline) -> Described:
    values = set(structure.values)
    return Described(
        name=structure.name,
        labels=structure.labels,
        values=structure.values,
        cases=sum(bool(of & values) for scan in seen.scans for of in scan.values.values()),
        outline=outline.kind,
        pieces=outline.pieces,
        hole=outline.hole,
        problem=problem(structure.name, outline, seen.corpus.structures),
    )


def _doubt(seen: Survey) -> list[str]:
    """Label values that might as well be sums of bits."""
    sums = [value for value in seen.seen if value & (value - 1)]
    unnamed = all(structure.labels == tuple(map(str, structure.values)) for structure in seen.corpus.structures)
    if seen.coding != LABELS or not unnamed or not sums or not bits_of(sums) <= seen.seen:
        return []
    return [f"Each value is read as a label of its own; if {min(sums)} marks an overlap, use --layout bits."]


def _suggestions(structures: Sequence[Structure], found: dict[str, Outline]) -> tuple[str, ...]:
    """A ``NAME=EXPR`` per structure that one outline can tell; rings as the outer edge they form."""
    labels = {structure.name: "+".join(structure.labels) for structure in structures}
    lines = []
    for name, outline in found.items():
        if outline.kind == "ring" and outline.inside:
            lines.append(outer_edge(name, outline, labels))
        elif outline.kind == "single":
            lines.append(f"{f'structure {name}' if name == labels[name] and name.isdigit() else name}={labels[name]}")
    return tuple(lines)


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, tuple | list) else value
