"""What a fit leaves behind: its result, and ``fit.json``, which says what was fitted, on what, and how well."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlaskit.config import FitConfig
from atlaskit.corpus import Case, Corpus, Rejected
from atlaskit.errors import InputError
from atlaskit.groupwise import Template


@dataclass(frozen=True)
class FitResult:
    """What a fit made.

    Attributes
    ----------
    atlas, network : Path
        The atlas directory, and the network file in it.
    cases, fitted, validated : int
        Masks read, used to fit, and kept for validation.
    steps : int
    seconds : float
        Wall time of the whole fit.
    validation : dict
        By structure: mean dice and assd_px of the network's polygons, self_intersections, and pull_px, the distance to the
        groupwise landmarks.
    pictures : tuple of Path
    rejected : tuple of Rejected
    """

    atlas: Path
    network: Path
    cases: int
    fitted: int
    validated: int
    steps: int
    seconds: float
    validation: dict[str, dict[str, float]]
    pictures: tuple[Path, ...]
    rejected: tuple[Rejected, ...]

    def __str__(self) -> str:
        """The validation figures, a line per structure."""
        lines = [f"{self.fitted} cases fitted, {self.validated} kept for validation, {self.seconds:.0f} s."]
        for name, values in self.validation.items():
            lines.append(f"{name}: Dice {values['dice']:.4f}, surface distance {values['assd_px']:.2f} px")
        return "\n".join(lines)


@dataclass(frozen=True)
class Sampled:
    """A corpus as arrays.

    Attributes
    ----------
    cases : tuple of Case
    samples : (N, S, M, 2) float array
        Pixels; NaN where absent.
    lengths : (S,) float array
        Mean contour lengths, pixels.
    rejected : tuple of Rejected
    """

    cases: tuple[Case, ...]
    samples: NDArray[np.float32]
    lengths: NDArray[np.float64]
    rejected: tuple[Rejected, ...]


def write_summary(
    result: FitResult,
    corpus: Corpus,
    config: FitConfig,
    network_sha256: str,
    sampled: Sampled,
    parts: tuple[NDArray[np.int64], NDArray[np.int64]],
    template: Template,
    asked: Mapping[str, object],
) -> None:
    """Write ``fit.json``; `asked` holds what decides a fit beside masks and config: plane, subject_pattern, minutes."""
    present = ~np.isnan(sampled.samples[:, :, 0, 0])
    document: dict[str, Any] = {
        "config": config.to_dict(),
        "asked": dict(asked),
        "data": {
            "root": str(corpus.root),
            "path": str(corpus.root.absolute()),
            "layout": corpus.layout,
            "cases": len(sampled.cases),
            "subjects": len({case.subject for case in sampled.cases}),
            "rejected": [{"source": item.source, "reason": item.reason} for item in sampled.rejected],
            "structures": [
                {
                    "name": structure.name,
                    "labels": list(structure.labels),
                    "cases": int(present[:, s].sum()),
                    "mean_length_px": round(float(sampled.lengths[s]), 2),
                    "landmarks": len(template.topology.loops[s]),
                }
                for s, structure in enumerate(corpus.structures)
            ],
        },
        "split": {
            name: [sampled.cases[index].id for index in part] for name, part in zip(("fit", "validation"), parts, strict=True)
        },
        "validation": result.validation,
        "steps": result.steps,
        "seconds": result.seconds,
        "topology_sha256": template.topology.sha256,
        "network_sha256": network_sha256,
        "versions": {name: version(name) for name in ("atlaskit", "torch", "numpy", "scipy")}
        | {"python": platform.python_version()},
    }
    partial = result.atlas / "fit.json.partial"
    partial.write_text(json.dumps(document, indent=2), encoding="utf-8")
    partial.replace(result.atlas / "fit.json")


@dataclass(frozen=True)
class Summary:
    """What later commands ask of ``fit.json``.

    Attributes
    ----------
    fitted, validated : frozenset of str
        The cases of either part.
    root : Path
        The folder of masks.
    layout : str
    plane, subject_pattern : str or None
    minutes : float or None
        As the fit was asked.
    """

    fitted: frozenset[str]
    validated: frozenset[str]
    root: Path
    layout: str
    plane: str | None
    subject_pattern: str | None
    minutes: float | None


def read_summary(atlas: Path, network_sha256: str, why: str) -> Summary:
    """Read what ``fit.json`` says of a network; `why` ends the sentence where it is missing, damaged, or of another fit."""
    path = atlas / "fit.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        same, summary = document["network_sha256"] == network_sha256, _summary(document)
    except FileNotFoundError:
        raise InputError(f"There must be a {path}, as `atlaskit fit` writes it; none is there, and {why}.") from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{path} must be as `atlaskit fit` wrote it; it is damaged, and {why}.") from error
    if not same:
        raise InputError(f"{path} must tell of the fit that made network.pt; it tells of another, and {why}.")
    return summary


def _summary(document: Mapping[str, Any]) -> Summary:
    """The summary in a document of its shape; anything else raises what Python raises."""
    split, data, asked = document["split"], document["data"], document.get("asked", {})
    minutes = _of(float | int | None, asked.get("minutes"))
    if minutes is not None and not 0 < minutes < math.inf:
        raise ValueError(minutes)
    return Summary(
        fitted=frozenset(_of(list, split["fit"])),
        validated=frozenset(_of(list, split["validation"])),
        root=Path(_of(str, data.get("path", data["root"]))),
        layout=_of(str, data["layout"]),
        plane=_of(str | None, asked.get("plane")),
        subject_pattern=_of(str | None, asked.get("subject_pattern")),
        minutes=minutes,
    )


def _of(kind: Any, value: Any) -> Any:
    """A value that is of a kind; a `TypeError` for any other."""
    if not isinstance(value, kind):
        raise TypeError(value)
    return value
