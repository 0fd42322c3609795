"""Anatomical landmarks in correspondence, and a shape atlas, from a folder of segmentation masks.

Every name here is loaded when it is first used, so that ``import atlaskit`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlaskit.config import FitConfig
    from atlaskit.corpus import Case, Corpus, Rejected
    from atlaskit.errors import AtlasError, InputError, NetworkError, NotFoundError, StoreError
    from atlaskit.launcher import is_told_elsewhere, launched
    from atlaskit.masks import Mask, Structure
    from atlaskit.readers import read_corpus
    from atlaskit.topology import Topology
    from atlaskit.verbs.compare import CompareResult, compare
    from atlaskit.verbs.demo import DemoResult, demo
    from atlaskit.verbs.describe import Description, describe
    from atlaskit.verbs.evaluate import EvaluateResult, evaluate
    from atlaskit.verbs.extract import ExtractResult, extract
    from atlaskit.verbs.fit import fit
    from atlaskit.verbs.fitted import FitResult
    from atlaskit.verbs.opening import Atlas, open
    from atlaskit.verbs.population import Population
    from atlaskit.verbs.shape_pca import ShapePcaResult, shape_pca
    from atlaskit.verbs.track import track
    from atlaskit.verbs.tracking.result import TrackResult

__version__ = "0.1.0"

__all__ = [
    "Atlas",
    "AtlasError",
    "Case",
    "CompareResult",
    "Corpus",
    "DemoResult",
    "Description",
    "EvaluateResult",
    "ExtractResult",
    "FitConfig",
    "FitResult",
    "InputError",
    "Mask",
    "NetworkError",
    "NotFoundError",
    "Population",
    "Rejected",
    "ShapePcaResult",
    "StoreError",
    "Structure",
    "Topology",
    "TrackResult",
    "compare",
    "demo",
    "describe",
    "evaluate",
    "extract",
    "fit",
    "is_told_elsewhere",
    "launched",
    "open",
    "read_corpus",
    "shape_pca",
    "track",
]

_HOME = {
    "Atlas": "verbs.opening",
    "AtlasError": "errors",
    "Case": "corpus",
    "CompareResult": "verbs.compare",
    "Corpus": "corpus",
    "DemoResult": "verbs.demo",
    "Description": "verbs.describe",
    "EvaluateResult": "verbs.evaluate",
    "ExtractResult": "verbs.extract",
    "FitConfig": "config",
    "FitResult": "verbs.fitted",
    "InputError": "errors",
    "Mask": "masks",
    "NetworkError": "errors",
    "NotFoundError": "errors",
    "Population": "verbs.population",
    "Rejected": "corpus",
    "ShapePcaResult": "verbs.shape_pca",
    "StoreError": "errors",
    "Structure": "masks",
    "Topology": "topology",
    "TrackResult": "verbs.tracking.result",
    "compare": "verbs.compare",
    "demo": "verbs.demo",
    "describe": "verbs.describe",
    "evaluate": "verbs.evaluate",
    "extract": "verbs.extract",
    "fit": "verbs.fit",
    "is_told_elsewhere": "launcher",
    "launched": "launcher",
    "open": "verbs.opening",
    "read_corpus": "readers",
    "shape_pca": "verbs.shape_pca",
    "track": "verbs.track",
}
"""Where each public name lives."""

_MODULES = (
    "assignment",
    "config",
    "contours",
    "corpus",
    "errors",
    "frames",
    "groupwise",
    "landmarks",
    "launcher",
    "masks",
    "metrics",
    "net",
    "phantom",
    "plot",
    "pose",
    "readers",
    "shape",
    "signatures",
    "store",
    "surfaces",
    "topology",
    "tracking",
    "walls",
)
"""Modules that ``atlaskit.NAME`` opens without an import of their own."""


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562)."""
    if name in _HOME:
        value: object = getattr(import_module(f"atlaskit.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"atlaskit.{name}")
    else:
        raise AttributeError(f"module 'atlaskit' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES, "__version__"])
