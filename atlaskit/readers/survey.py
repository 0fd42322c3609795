"""A folder looked through once: what `read_corpus` builds cases from and what `describe` tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from unicodedata import category

from atlaskit.corpus import Case, Corpus, Rejected
from atlaskit.errors import InputError, NotFoundError, nearest
from atlaskit.masks import Structure
from atlaskit.readers import label_maps, nnunet, structure_files
from atlaskit.readers.choosing import choose, parts_to_read
from atlaskit.readers.formats import FORMATS
from atlaskit.readers.layouts import BITS, FILES, LABELS, Entry, Found, Reader, subfolders
from atlaskit.readers.loading import Plan, load
from atlaskit.readers.names import slice_and_frame, subjects
from atlaskit.readers.scanning import SAMPLE, SCAN_ALL, Scan, needs_pixels, sample, scan, told_coding
from atlaskit.readers.tables import agree, names_of, renumber
from atlaskit.readers.volume import PLANES

READERS: dict[str, Reader] = {
    "nnunet": Reader(nnunet.fits, nnunet.find),
    "case-folders": Reader(structure_files.is_per_case, structure_files.find_per_case),
    "structure-folders": Reader(structure_files.is_per_structure, structure_files.find_per_structure),
    "nested": Reader(label_maps.has_folders_of_masks, label_maps.find_in_folders),
    "labels": Reader(label_maps.has_masks, label_maps.find),
    "bits": Reader(label_maps.has_masks, label_maps.find),
}
"""Layouts by name, in the order that ``layout="auto"`` tries; labels and bits are told apart by their values."""


@dataclass(frozen=True)
class Survey:
    """A corpus, and what was seen on the way to it.

    Attributes
    ----------
    corpus : Corpus
    coding : {'labels', 'bits', 'files'}
    seen : frozenset of int
        Values that occur in what was looked into.
    scans : tuple of Scan
        One per file or case looked into.
    looked_into : int
        Cases of the corpus that these give.
    blank : tuple of str
        Sources among them, of a single plane, that hold none of the structures.
    """

    corpus: Corpus
    coding: str
    seen: frozenset[int]
    scans: tuple[Scan, ...]
    looked_into: int
    blank: tuple[str, ...]


def survey(
    folder: str | Path,
    *,
    layout: str = "auto",
    structures: Sequence[str | Structure] = (),
    plane: str | None = None,
    subject_pattern: str | None = None,
) -> Survey:
    """Look through a folder of masks.

    Parameters
    ----------
    folder, layout, structures, plane, subject_pattern
        Those of `atlaskit.read_corpus`, which raises what this raises.

    Returns
    -------
    Survey
    """
    root = _folder(folder)
    layout_name, found = _find(root, layout)
    plan = _plan(root, layout, plane, found)
    reopened = any(isinstance(structure, Structure) for structure in structures)
    scans, refused = _look(plan, found, structures, most=SAMPLE if reopened else SCAN_ALL)
    if len(refused) == len(found.entries):
        raise InputError(
            f"A corpus must hold at least one readable mask; {root.name} has none; {refused[0].source}: {refused[0].reason}"
        )
    plan, names, scans = _named(plan, found, scans)
    seen = frozenset(value for s in scans.values() for of in s.values.values() for value in of) - found.ignored
    chosen, notes = choose(structures, names, seen, by_value=plan.coding != FILES and not plan.by_name)
    cases, clashes, empty = _cases(found, scans, refused, chosen, subject_pattern)
    wanted = _values_of(chosen)
    blank = tuple(entry.source for entry, of in scans.items() if of.shape == (1, 1) and not wanted & of.values[0, 0])
    if not cases:
        raise InputError(f"A corpus must hold a case; no slice or frame in {root.name} holds any of the structures.")
    corpus = Corpus(
        root=root,
        layout=plan.coding if layout_name in (LABELS, BITS) else layout_name,
        structures=chosen,
        cases=cases,
        rejected=(*found.rejected, *refused, *clashes),
        load=partial(load, plan, chosen),
        notes=(*found.notes, *notes, *_notes(plan, found, reopened=reopened, empty=empty)),
    )
    sources = {entry.source for entry in scans}
    looked_into = sum(case.source in sources for case in cases)
    return Survey(corpus, plan.coding, seen, tuple(scans.values()), looked_into, blank)


def _folder(folder: str | Path) -> Path:
    root = Path(folder)
    if not root.exists():
        raise NotFoundError(f"The mask folder {root} must exist; there is none.")
    if not root.is_dir():
        raise InputError(f"Masks must be given as a folder; {root} is a file.")
    return root


def _find(root: Path, layout: str) -> tuple[str, Found]:
    if layout == "auto":
        name = next((name for name, reader in READERS.items() if reader.fits(root)), None)
        if name is None:
            raise InputError(f"A corpus must hold masks ({', '.join(FORMATS)}); {_contents(root)}.")
    elif layout in READERS:
        name = layout
    else:
        raise InputError(f"No layout is called {layout!r}: {nearest(layout, ['auto', *READERS])}.")
    return name, READERS[name].find(root)


def _plan(root: Path, layout: str, plane: str | None, found: Found) -> Plan:
    """How the pixels of the folder are read: as asked, as the layout says, or as the values tell."""
    if plane is not None and plane not in PLANES:
        raise InputError(f"The plane must be axial, coronal or sagittal; got {plane!r}.")
    if not found.entries:
        raise InputError(f"A corpus must hold masks; {root} has no files of the layout {layout!r}.")
    plan = Plan(root, LABELS, found.parts, plane)
    asked = layout if layout in (LABELS, BITS) else None
    return replace(plan, coding=asked or found.coding or told_coding(plan, found.entries))


def _contents(root: Path) -> str:
    """What a folder without masks holds, for the message."""
    files = [p for p in root.iterdir() if p.is_file() and not p.name.startswith(".")]
    endings = Counter(p.suffix.lower() or "no extension" for p in files)
    listed = ", ".join(f"{count} x {ending}" for ending, count in endings.most_common(4))
    folders = ", ".join(sub.name for sub in subfolders(root)[:4])
    parts = [listed, f"the folders {folders}" if folders else ""]
    return f"{root} holds {' and '.join(part for part in parts if part) or 'nothing'}"


def _look(
    plan: Plan, found: Found, structures: Sequence[str | Structure], most: int
) -> tuple[dict[Entry, Scan], list[Rejected]]:
    """Scan what must be scanned: every file that may hold several planes, and `most` of the others."""
    parts = parts_to_read(structures, found.names) if plan.coding == FILES else frozenset()
    chosen = set(sample(len(found.entries), most))
    scans: dict[Entry, Scan] = {}
    refused: list[Rejected] = []
    for index, entry in enumerate(found.entries):
        try:
            _check_name(entry.source)
            if index in chosen or needs_pixels(plan, entry):
                scans[entry] = scan(plan, entry, parts)
        except InputError as error:
            refused.append(Rejected.of(_shown(entry.source), error))
    return scans, refused


def _check_name(source: str) -> None:
    """Refuse a name that cannot be written anywhere."""
    if _shown(source) != source:
        raise InputError("A file's name must be printable UTF-8 text; this one is not: rename it.")


def _shown(source: str) -> str:
    """A source as it can be printed."""
    return source if all(category(c) not in ("Cc", "Cs") for c in source) else ascii(source)[1:-1]


def _named(plan: Plan, found: Found, scans: dict[Entry, Scan]) -> tuple[Plan, dict[str, tuple[int, ...]], dict[Entry, Scan]]:
    """The label names of the folder, else of its files; files that number them differently are read by name."""
    if found.names or agree(scans.values()):
        return plan, found.names or names_of(scans.values()), scans
    renumbered, names = renumber(list(scans.values()))
    return replace(plan, by_name=True), names, dict(zip(scans, renumbered, strict=True))


def _notes(plan: Plan, found: Found, *, reopened: bool, empty: int) -> list[str]:
    """What a user should know about how the folder was read."""
    notes = []
    if plan.coding == BITS:
        notes.append("Values are read as bits, one per structure, so that structures may overlap.")
    if not reopened and len(found.entries) > SCAN_ALL:
        notes.append(
            f"Labels were looked for in {SCAN_ALL} of {len(found.entries)} files: a rarer label is missed "
            "unless a structure names it."
        )
    if empty:
        notes.append(f"{empty} slices or frames hold none of the structures and are no cases.")
    return notes


def _values_of(structures: Sequence[Structure]) -> set[int]:
    return {value for structure in structures for value in structure.values}


def _cases(
    found: Found,
    scans: dict[Entry, Scan],
    refused: Sequence[Rejected],
    structures: tuple[Structure, ...],
    subject_pattern: str | None,
) -> tuple[tuple[Case, ...], list[Rejected], int]:
    """The cases in order of their ids, those whose id is taken, and how many slices and frames hold no structure."""
    wanted = _values_of(structures)
    bad = {rejected.source for rejected in refused}
    entries = [entry for entry in found.entries if _shown(entry.source) not in bad]
    cases: dict[str, Case] = {}
    clashes: list[Rejected] = []
    empty = 0
    for entry, subject in zip(entries, subjects([e.owner for e in entries], subject_pattern), strict=True):
        made, left_out = _cases_of(entry, subject, scans.get(entry), wanted)
        empty += left_out
        for case in made:
            if cases.setdefault(case.id, case) is not case:
                reason = f"Case ids must be unique; {cases[case.id].source} already gives {case.id!r}."
                clashes.append(Rejected(case.source, reason))
    return tuple(cases[name] for name in sorted(cases)), clashes, empty


def _cases_of(entry: Entry, subject: str, scan: Scan | None, wanted: set[int]) -> tuple[list[Case], int]:
    """One case, or one per slice and frame that holds a structure, and how many hold none."""
    in_name, frame = slice_and_frame(entry.id)
    frame = entry.frame if entry.frame >= 0 else frame
    if scan is None or scan.shape == (1, 1):
        return [Case(entry.id, entry.source, subject, frame, in_name)], 0
    frames, slices = scan.shape
    cases: list[Case] = []
    for (t, z), values in scan.values.items():
        if values & wanted:
            name = entry.id + (f"_s{z:03d}" if slices > 1 else "") + (f"_t{t:03d}" if frames > 1 else "")
            at = (t if frames > 1 else frame, z if slices > 1 else in_name)
            cases.append(Case(name, entry.source, subject, *at, t * scan.frame_ms if frames > 1 else float("nan")))
    return cases, len(scan.values) - len(cases)
