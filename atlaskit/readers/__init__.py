"""Reading masks: one file per layout, one per file format, and a table of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from atlaskit.corpus import Corpus
from atlaskit.masks import Structure
from atlaskit.readers.outlines import filled_rings, outline_problems, outlines, single_outline
from atlaskit.readers.survey import READERS, Survey, survey

__all__ = [
    "READERS",
    "Survey",
    "filled_rings",
    "outline_problems",
    "outlines",
    "read_corpus",
    "single_outline",
    "survey",
]


def read_corpus(
    folder: str | Path,
    *,
    layout: str = "auto",
    structures: Sequence[str | Structure] = (),
    plane: str | None = None,
    subject_pattern: str | None = None,
) -> Corpus:
    """Find the cases of a mask folder, their subjects and their structures.

    Parameters
    ----------
    folder : path
    layout : str
        ``auto`` or a name in `READERS`: ``labels`` (one value per structure), ``bits`` (one bit per structure, so that
        structures may overlap), ``nested`` (label maps in folders: sequences, or a folder per case), ``nnunet``,
        ``structure-folders`` (``<structure>/<case>.png``), ``case-folders`` (``<case>/<structure>.nii.gz``).
    structures : sequence of str or Structure
        ``NAME=EXPR``, where EXPR is a label value, a label name, or a union such as ``1+2``; or the structures of a
        fitted network. Default: one per label that occurs.
    plane : {'axial', 'coronal', 'sagittal'}, optional
        How volumes are cut; by default across the axis of a single voxel, else of the largest spacing.
    subject_pattern : str, optional
        Regular expression with one group that finds the subject in a case's file or folder name.

    Returns
    -------
    Corpus

    Raises
    ------
    NotFoundError
        When there is no such folder.
    InputError
        When it holds no masks, an unknown layout or label is asked for, or a structure occurs in no case. A damaged
        file among good ones is listed in `Corpus.rejected` and does not stop the others.

    Notes
    -----
    A file with one plane is a case even when it is empty; a slice or frame of a volume only when it holds a structure.
    Volumes are read through once. Of single-plane files up to 2000 are read for their labels; of more, 2000 at a fixed
    seed, and `Corpus.notes` says so. With a fitted network's structures 64 are enough, and damaged files beyond
    those are refused by `Corpus.load`.

    Examples
    --------
    >>> corpus = read_corpus("masks", structures=["endo=1", "epi=1+2"])  # doctest: +SKIP
    >>> mask = corpus.load(corpus.cases[0])  # doctest: +SKIP
    """
    return survey(folder, layout=layout, structures=structures, plane=plane, subject_pattern=subject_pattern).corpus
