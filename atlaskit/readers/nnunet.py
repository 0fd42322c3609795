"""nnU-Net version 2 folders: predictions, validation folds and label folders, with or without their JSON files.

Only mask files are opened. ``.npz``, ``.pkl`` and ``.json`` are never cases, and a pickle is never opened.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from atlaskit.errors import InputError
from atlaskit.readers.formats import FORMATS, extension
from atlaskit.readers.layouts import LABELS, Found, flat_entries, mask_files, unique

_MASK_FOLDERS = ("predictions", "validation", "labelsTr", "labelsTs")
_MARKS = ("dataset.json", "plans.json", "predict_from_raw_data_args.json")
_PARENTS = 3  # results/<trainer>/fold_0/validation: dataset.json stands two folders up


def fits(folder: Path) -> bool:
    """A folder that nnU-Net's files mark, in it, in its folder of predictions, or above a folder that nnU-Net names."""
    masks = _masks_in(folder)
    marked = masks is not None and any((place / mark).is_file() for place in (folder, masks) for mark in _MARKS)
    return marked or (masks is not None and _dataset_json(masks) is not None)


def find(folder: Path) -> Found:
    """The masks of the folder itself, else of its predictions, validation or label folder."""
    masks = _masks_in(folder) or folder
    path = _dataset_json(masks) or _dataset_json(folder)
    document = _read(path) if path else {}
    try:
        names, ignored = _labels(document.get("labels", {}))
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(f"dataset.json must give each label a whole number or a list of them; {path} does not.") from error
    entries = flat_entries(masks, folder)
    ending = str(document.get("file_ending", "")).lower()
    stated = [entry for entry in entries if entry.source.lower().endswith(ending)] if ending else []
    kept, rejected = unique(stated or entries)
    notes = [f"Labels are named by {path.name}." if path else "There is no dataset.json, so labels have no names."]
    if ignored is not None:
        notes.append(f"Label {ignored} means ignored: its pixels belong to no structure.")
    if ending and ending not in FORMATS:
        raise InputError(f"dataset.json must name a file ending among {', '.join(FORMATS)}; got {ending!r}.")
    unknown = frozenset() if ignored is None else frozenset([ignored])
    return Found(kept, LABELS, names, ignored=unknown, rejected=rejected, notes=tuple(notes))


def _masks_in(folder: Path) -> Path | None:
    """Where the masks are: the folder itself or the first known folder below it."""
    places = (folder, *(folder / name for name in _MASK_FOLDERS))
    usable = (".npy", ".npz")
    return next((p for p in places if p.is_dir() and any(extension(f.name) not in usable for f in mask_files(p))), None)


def _dataset_json(folder: Path) -> Path | None:
    """dataset.json of a mask folder: in it, or above it where the folder's own name is one that nnU-Net gives."""
    above = list(folder.resolve().parents)[: _PARENTS - 1] if folder.name in _MASK_FOLDERS else []
    candidates = [place / "dataset.json" for place in (folder, *above)]
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"dataset.json must be readable JSON; {path} is not ({error}).") from error
    if not isinstance(document, dict) or not isinstance(document.get("labels", {}), dict):
        raise InputError(f"dataset.json must hold 'labels', a table of names and values; {path} does not.")
    return document


def _labels(table: dict[str, Any]) -> tuple[dict[str, tuple[int, ...]], int | None]:
    """Names to values without the background, and the ignore label; old files map values to names."""
    inverse = bool(table) and all(key.isdigit() and isinstance(value, str) for key, value in table.items())
    pairs = {value: int(key) for key, value in table.items()} if inverse else table
    names: dict[str, tuple[int, ...]] = {}
    ignored: int | None = None
    for name, value in pairs.items():
        values = tuple(int(v) for v in value) if isinstance(value, list) else (int(value),)
        if name == "ignore":
            ignored = values[0]
        elif name != "background" and values != (0,):
            names[str(name)] = values
    return names, ignored
