"""Layouts whose files are label maps: a flat folder, and a folder of folders (sequences, or one folder per case)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from atlaskit.errors import InputError, some
from atlaskit.readers.formats import stem
from atlaskit.readers.layouts import Entry, Found, flat_entries, left_out, mask_files, subfolders, unique
from atlaskit.readers.names import frame_number, without_suffix


def has_masks(folder: Path) -> bool:
    """A folder with mask files in it."""
    return bool(mask_files(folder))


def has_folders_of_masks(folder: Path) -> bool:
    """A folder without masks of its own, but with folders that hold some."""
    return not mask_files(folder) and any(mask_files(sub) for sub in subfolders(folder))


def find(folder: Path) -> Found:
    """Every mask file is one label map: those of the folder, or of the folders in it when it has none itself."""
    if has_folders_of_masks(folder):
        return find_in_folders(folder)
    entries, rejected = unique(flat_entries(folder, folder))
    return Found(entries, rejected=rejected, notes=left_out(folder))


def find_in_folders(folder: Path) -> Found:
    """Label maps one folder down.

    ``<sequence>/frame_012.png`` is case ``<sequence>_t012``, frame 12; ``<case>/<case>_seg.nii.gz`` (MONAI) is case
    ``<case>``; any other file is case ``<folder>_<stem>``. Subjects are read from the folder's name where it holds a
    digit, else from the file's, as in ``treated/rat07.png``.
    """
    subs = [sub for sub in subfolders(folder) if mask_files(sub)]
    _refuse_rivals(folder, subs)
    kept, rejected = unique(_nested(path, sub, folder) for sub in subs for path in mask_files(sub))
    deeper = [sub.name for sub in subfolders(folder) if any(mask_files(below) for below in subfolders(sub))]
    note = f"Masks two folders down are not read; such are in {some(deeper)}: give those folders one by one."
    return Found(kept, rejected=rejected, notes=(note,) if deeper else ())


def _refuse_rivals(folder: Path, subs: list[Path]) -> None:
    """Few folders with the same many file names are rival versions of the same cases, of which a user must give one."""
    stems = Counter(stem(path.name) for sub in subs for path in mask_files(sub))
    same = sum(count > 1 and frame_number(name) is None for name, count in stems.items())
    if same > len(stems) / 2 and len(stems) > len(subs):
        raise InputError(
            f"A corpus must be one set of masks; {folder.name} holds several with the same file names "
            f"({some(sub.name for sub in subs)}): give one of these folders."
        )


def _nested(path: Path, sub: Path, root: Path) -> Entry:
    source, name = path.relative_to(root).as_posix(), stem(path.name)
    frame = frame_number(name)
    if frame is not None:
        return Entry(f"{sub.name}_t{frame:03d}", source, sub.name, frame)
    owner = sub.name if any(c.isdigit() for c in sub.name) or name.startswith(sub.name) else name
    return Entry(without_suffix(name, sub.name) or f"{sub.name}_{name}", source, owner)
