"""Which structures a corpus has: those asked for, those of a fitted network, or every label that occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from atlaskit.errors import InputError, nearest, some
from atlaskit.masks import Structure, match_label, named_labels, parse_structure, resolve

Labels = Mapping[str, tuple[int, ...]]

MOST_LABELS = 150
"""Values without a name that a folder may hold; the largest label maps in use have about 120."""


def choose(
    structures: Sequence[str | Structure], names: Labels, seen: frozenset[int], *, by_value: bool
) -> tuple[tuple[Structure, ...], list[str]]:
    """Resolve the structures of a corpus against the labels of its folder.

    Parameters
    ----------
    structures : sequence of str or Structure
        ``NAME=EXPR`` texts; or those of a fitted network, which are matched by label name where the folder names its
        labels and by value where not; or nothing, for one structure per label that occurs.
    names : mapping
        Labels that the folder names.
    seen : frozenset of int
        Values seen in it.
    by_value : bool
        Whether values mean the same in every folder; not so where structures are files.

    Returns
    -------
    structures : tuple of Structure
    notes : list of str
    """
    labels = named_labels(names, seen)
    if not structures:
        return _every(names, labels, seen)
    wanted = [parse_structure(s) if isinstance(s, str) else s for s in structures]
    repeated = sorted({s.name for s in wanted if sum(other.name == s.name for other in wanted) > 1})
    if repeated:
        raise InputError(f"Structure names must be unique; got {', '.join(repeated)} more than once.")
    if any(isinstance(s, Structure) for s in structures):
        return _reopened(wanted, names, labels, seen, by_value)
    return tuple(resolve(s, labels, seen, by_value=by_value) for s in wanted), []


def parts_to_read(structures: Sequence[str | Structure], names: Labels) -> frozenset[int]:
    """The structure files that matter: those asked for, or all."""
    wanted = [parse_structure(s) if isinstance(s, str) else s for s in structures]
    matched = {match_label(text, names, by_value=False) for s in wanted for text in s.labels}
    return frozenset(value for name, of in names.items() if name in matched or not structures for value in of)


def _every(names: Labels, labels: Labels, seen: frozenset[int]) -> tuple[tuple[Structure, ...], list[str]]:
    """One structure per label that occurs."""
    present = {name: values for name, values in labels.items() if seen & set(values)}
    if not present:
        raise InputError("The masks must hold at least one structure; every mask looked into is empty.")
    if len(present) > MOST_LABELS and not any(name in names for name in present):
        raise InputError(
            f"A label map must have few values; these files hold {len(present)}, as a picture does: if they are masks, "
            "name the structures to read with --structure NAME=VALUE."
        )
    absent = [name for name in labels if name not in present]
    notes = [f"{len(absent)} named labels occur in no case: {some(absent, 8)}."] if absent else []
    return tuple(Structure(name, (name,), values) for name, values in present.items()), notes


def _reopened(
    structures: Sequence[Structure], names: Labels, labels: Labels, seen: frozenset[int], by_value: bool
) -> tuple[tuple[Structure, ...], list[str]]:
    """A network's structures in a new folder; one that is missing there stays, absent in every case."""
    named = bool(names) or not by_value
    found = [_by_name(structure, labels, by_value) if named else structure for structure in structures]
    missing = [s.name for s in found if not s.values or (seen and not seen & set(s.values))]
    if len(missing) == len(found) and seen:
        have = ", ".join(name for name, values in labels.items() if seen & set(values)) or "nothing"
        hint = nearest(structures[0].labels[0], labels)
        raise InputError(
            f"The masks must hold the structures that were fitted ({some(missing, 8)}); the labels here are {have}; {hint}."
        )
    notes = [f"Not seen in the files looked into: {some(missing, 8)}."] if missing and seen else []
    return tuple(found), notes


def _by_name(structure: Structure, labels: Labels, by_value: bool) -> Structure:
    """A structure with this folder's values; without values when the folder lacks one of its labels."""
    matched = [match_label(text, labels, by_value=by_value) for text in structure.labels]
    values = [value for name in matched if name is not None for value in labels[name]]
    if None in matched:
        return Structure(structure.name, structure.labels)
    return Structure(structure.name, tuple(name for name in matched if name), tuple(dict.fromkeys(values)))
