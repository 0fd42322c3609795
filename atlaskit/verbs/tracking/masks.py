"""The masks of a sequence, where they still lie where they were extracted from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atlaskit.errors import AtlasError
from atlaskit.readers import read_corpus
from atlaskit.store import open_store
from atlaskit.verbs.tracking.source import Source

Planes = Callable[[int, int], NDArray[np.bool_]]
"""(S, H, W) planes of the structures in a frame of a sequence; empty in a gap."""


def planes_of(source: Source, network: Path) -> Planes | str:
    """Find the masks that landmarks came from; a sentence says why there are none.

    Parameters
    ----------
    source : Source
    network : Path
        The ``network.pt`` that says what structures are made of.
    """
    attributes = dict(open_store(source.store).group.attrs)
    folder = str(attributes.get("model", ""))
    if not folder or not Path(folder).is_dir() or not network.is_file():
        return "the film has no masks: they, or the network of the atlas, are no longer there"
    from atlaskit.net.network import load_network  # only a film with masks needs torch

    try:
        structures = [each for each in load_network(network).structures if each.name in source.topology.structures]
        layout, plane = str(attributes.get("model_layout", "auto")), str(attributes.get("model_plane", "")) or None
        corpus = read_corpus(folder, layout=layout, structures=structures, plane=plane)
    except AtlasError as error:
        return f"the film has no masks: {error}"
    cases = {case.id: case for case in corpus.cases}

    def planes(q: int, frame: int) -> NDArray[np.bool_]:
        own = [str(name) for name in source.cases[q] if str(name) in cases]
        name = str(source.cases[q, frame])
        mask = corpus.load(cases[name if name in cases else own[0]])
        order = [mask.structures.index(structure) for structure in source.topology.structures]
        shown = mask.planes[order]
        return np.asarray(shown if name in cases else np.zeros_like(shown))

    return (
        planes if any(name in cases for name in source.cases.ravel()) else "the film has no masks: none is a case of the store"
    )
