"""What ``shape-pca`` leaves behind: groups in the store, tables, and ``shape.json``, which says how they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from atlaskit import __version__
from atlaskit.shape import Outliers
from atlaskit.store import open_store
from atlaskit.verbs.parts import Part, write_groups
from atlaskit.verbs.streaming import leading
from atlaskit.verbs.whole import replace_tables, whole

ACCOUNT = "shape.json"
"""Beside the tables: how they were made."""


def write_tables(
    store: Path, parts: Sequence[Part], tables: Mapping[str, pd.DataFrame], options: Mapping[str, object], folder: Path
) -> tuple[Path, ...]:
    """Write groups into the store and tables beside the atlas; an earlier table that there is no more is taken away.

    Parameters
    ----------
    store : Path
    parts : sequence of Part
    tables : mapping of str to DataFrame
        By the name of the file; an empty one is not written.
    options : mapping of str to object
        Those of the run, of which the groups have some as attributes.
    folder : Path
        Its ``shape.json`` goes, as it says nothing true of tables that are half of this run.
    """
    (folder / ACCOUNT).unlink(missing_ok=True)
    write_groups(store, parts, {name: options[name] for name in ("align", "scale", "robust")})
    if any(part.drawn is not None for part in parts):
        tables = {**tables, "scores": leading(tables["scores"])}
    made = {folder / f"{name}.csv": table for name, table in tables.items() if len(table)}
    return replace_tables(made, (folder / f"{name}.csv" for name in tables))


def write_account(store: Path, parts: Sequence[Part], said: Mapping[str, object], folder: Path) -> None:
    """Write ``shape.json``: what was said of the run, of which landmarks, and what each shape space is of.

    Parameters
    ----------
    store : Path
    parts : sequence of Part
    said : mapping of str to object
        Options, counts, notes, limits and findings, in plain types.
    folder : Path
    """
    opened = open_store(store)
    spaces = {
        part.name: {
            "structures": part.structures,
            "cases": len(part.people),
            "streamed": part.drawn is not None,
            "modes": len(part.model.variance),
            "explained": float(part.model.explained.sum()),
        }
        for part in parts
    }
    origin = {"atlaskit": __version__, "topology_sha256": opened.topology.sha256, "network_sha256": opened.network_sha256}
    text = json.dumps({**origin, **said, "parts": spaces}, indent=2, default=str)
    whole(folder / ACCOUNT, lambda draft: draft.write_text(text, encoding="utf-8"))


def limits_of(unusual: Mapping[str, Outliers]) -> dict[str, dict[str, float]]:
    """By part and distance, beyond what a case is unlike the others."""
    return {name: each.limits for name, each in unusual.items()}
