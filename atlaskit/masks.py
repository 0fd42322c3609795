"""One case: its structures as named boolean planes, and the rules that build structures from labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import InputError, nearest

UNKNOWN_SPACING = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Mask:
    """One case, ready for contours: a boolean plane per structure.

    Planes may overlap; an empty plane is an absent structure.

    Attributes
    ----------
    planes : (S, H, W) bool array
        Structure planes; row 0 is the top of the image.
    structures : tuple of str
        The S structure names, in the order of `planes`.
    spacing_mm : (x, y) pair of float
        Pixel size; NaN where unknown, never invented.
    slice_mm : float
        Distance to the next slice of its volume; NaN where unknown.
    frame_count : int
        Frames of the file that it is one of.
    """

    planes: NDArray[np.bool_]
    structures: tuple[str, ...]
    spacing_mm: tuple[float, float] = UNKNOWN_SPACING
    slice_mm: float = float("nan")
    frame_count: int = 1

    @property
    def image_size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return int(self.planes.shape[2]), int(self.planes.shape[1])

    @property
    def present(self) -> NDArray[np.bool_]:
        """(S,) bool array: the structures that have at least one pixel."""
        return np.asarray(self.planes.any(axis=(1, 2)))


@dataclass(frozen=True)
class Structure:
    """One outline to model: a name, and the labels of a folder that it unites.

    Attributes
    ----------
    name : str
    labels : tuple of str
        The labels by name, or by value as text where the folder does not name them.
    values : tuple of int
        The same labels as pixel values; empty until resolved against a folder.
    """

    name: str
    labels: tuple[str, ...]
    values: tuple[int, ...] = ()


def parse_structure(text: str) -> Structure:
    """Read ``NAME=EXPR``, where EXPR is a label value, a label name, or a union such as ``1+2``.

    Parameters
    ----------
    text : str

    Returns
    -------
    Structure
        Without values: `resolve` gives them.

    Raises
    ------
    InputError
        When the text has no ``=``, no name or no label.

    Examples
    --------
    >>> parse_structure("epi = 1 + 2")
    Structure(name='epi', labels=('1', '2'), values=())
    """
    name, equals, expression = (part.strip() for part in text.partition("="))
    labels = tuple(label.strip() for label in expression.split("+"))
    if not (equals and name and all(labels)):
        raise InputError(f"A structure must be written NAME=LABEL or NAME=LABEL+LABEL, as in 'epi=1+2'; got {text!r}.")
    return Structure(name, tuple(dict.fromkeys(labels)))


def named_labels(names: Mapping[str, tuple[int, ...]], found: Iterable[int]) -> dict[str, tuple[int, ...]]:
    """List every label of a folder by name: the named ones, then the values found that no name covers, as text.

    Parameters
    ----------
    names : mapping of str to tuple of int
    found : iterable of int
        Values that occur.

    Returns
    -------
    dict
        Label name to pixel values.
    """
    covered = {value for values in names.values() for value in values}
    return dict(names) | {str(value): (value,) for value in sorted(set(found) - covered)}


def resolve(
    structure: Structure, labels: Mapping[str, tuple[int, ...]], found: Collection[int], *, by_value: bool = True
) -> Structure:
    """Give a structure the pixel values that its labels have in one folder.

    Parameters
    ----------
    structure : Structure
    labels : mapping of str to tuple of int
        What the folder calls its labels, see `named_labels`.
    found : collection of int
        Values that occur.
    by_value : bool
        Whether a label may also be given by its value.

    Returns
    -------
    Structure

    Raises
    ------
    InputError
        When a label is unknown, or none of the values occurs.
    """
    chosen = [_label(text, labels, by_value) for text in structure.labels]
    values = tuple(dict.fromkeys(value for label in chosen for value in labels[label]))
    if not set(values) & set(found):
        listed = ", ".join(name for name, of in labels.items() if set(of) & set(found)) or "nothing but background"
        raise InputError(
            f"Structure {structure.name!r} must occur in the masks, but no case has label {' + '.join(chosen)}; "
            f"the masks hold: {listed}."
        )
    return Structure(structure.name, tuple(chosen), values)


def _label(text: str, labels: Mapping[str, tuple[int, ...]], by_value: bool) -> str:
    same = match_label(text, labels, by_value=by_value)
    if same is None:
        raise InputError(f"No label is called {text!r}: {nearest(text, labels)}.")
    return same


def match_label(text: str, labels: Mapping[str, tuple[int, ...]], *, by_value: bool = True) -> str | None:
    """Find the name under which a folder knows a label; case, ``_``, ``-`` and spaces make no difference.

    Parameters
    ----------
    text : str
        A label's name, or its value as text.
    labels : mapping of str to tuple of int
        What the folder calls its labels.
    by_value : bool
        Whether a value may match.

    Returns
    -------
    str or None
        None where nothing matches.
    """
    if text in labels:
        return text
    folded = {_fold(name): name for name in labels}
    if _fold(text) in folded:
        return folded[_fold(text)]
    values = {str(of[0]): name for name, of in labels.items() if len(of) == 1}
    return values.get(text) if by_value else None


def _fold(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ")
