"""A fitted network as a value, and as one file that loads without unpickling anything."""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from atlaskit.config import FitConfig
from atlaskit.errors import AtlasError, NetworkError, NotFoundError
from atlaskit.groupwise import Template, Weights
from atlaskit.masks import Structure
from atlaskit.net.hybrid import HybridNet
from atlaskit.topology import Topology

FORMAT, VERSION = "atlaskit.network", 3


@dataclass(frozen=True)
class Network:
    """Weights, and all that is needed to use them.

    Attributes
    ----------
    net : HybridNet
        In evaluation mode.
    template : Template
    structures : tuple of Structure
        Which labels make the planes.
    config : FitConfig
    latent_mean, latent_spread : (Z,) float arrays
        Of the latent means of the cases that it was fitted on, for the distance of new ones.
    """

    net: HybridNet
    template: Template
    structures: tuple[Structure, ...]
    config: FitConfig
    latent_mean: NDArray[np.float64]
    latent_spread: NDArray[np.float64]

    @property
    def topology(self) -> Topology:
        """The fixed graph."""
        return self.template.topology

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of all that decides its landmarks: weights, template, topology, structures and configuration."""
        digest = hashlib.sha256(self.topology.to_json().encode())
        plain = [self.config.to_dict(), asdict(self.template.weights), [asdict(structure) for structure in self.structures]]
        digest.update(json.dumps(plain, sort_keys=True).encode())
        for values in (*self._arrays().values(), *self.template.signatures):
            digest.update(np.ascontiguousarray(values, dtype=np.float64).tobytes())
        for name, values in sorted(self.net.state_dict().items()):
            digest.update(name.encode())
            digest.update(values.detach().cpu().float().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def distance(self, latent: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N,) root mean square distance of (N, Z) latent codes from the fitted cases, in their standard deviations."""
        away: NDArray[np.float64] = np.sqrt(np.square((latent - self.latent_mean) / self.latent_spread).mean(-1))
        return away

    def _arrays(self) -> dict[str, NDArray[np.float64]]:
        """The template's arrays and the latent statistics, by name."""
        names = ("points", "centre", "radius", "anchor", "smooth")
        arrays = {name: getattr(self.template, name) for name in names}
        return {**arrays, "latent_mean": self.latent_mean, "latent_spread": self.latent_spread}

    def save(self, path: Path) -> None:
        """Write ``network.pt``, whole or not at all."""
        template, arrays = self.template, self._arrays()
        document = {
            "format": FORMAT,
            "version": VERSION,
            "sha256": self.sha256,
            "topology": self.topology.to_json(),
            "config": json.dumps(self.config.to_dict()),
            "structures": json.dumps([asdict(structure) for structure in self.structures]),
            "template_weights": json.dumps(asdict(template.weights)),
            "arrays": {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in arrays.items()},
            "signatures": [torch.from_numpy(np.ascontiguousarray(values)) for values in template.signatures],
            "weights": {name: values.detach().cpu().contiguous() for name, values in self.net.state_dict().items()},
        }
        save_whole(document, path)


def save_whole(document: dict[str, Any], path: Path) -> None:
    """``torch.save``, atomically: a reader finds the old file or the new one."""
    buffer = io.BytesIO()
    torch.save(document, buffer)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_plain(path: Path, *, format: str, version: int) -> dict[str, Any]:
    """Read a file that `save_whole` wrote: tensors and plain values only, nothing is unpickled.

    Raises
    ------
    NotFoundError, NetworkError
    """
    if not path.is_file():
        raise NotFoundError(f"There is no {path}: run `atlaskit fit` first, or name the atlas with --atlas.")
    content = path.read_bytes()  # apart, so that a failing disk is not taken for a corrupt file
    try:
        document = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes raise nearly anything in torch's readers
        raise NetworkError(
            f"{path} must be a file written by atlaskit; it is corrupt or foreign: fit again or restore it."
        ) from error
    if not isinstance(document, dict) or document.get("format") != format:
        raise NetworkError(
            f"{path} must be a file of format {format!r}; it is something else: name an atlas made by `atlaskit fit`."
        )
    if not isinstance(document.get("version"), int) or document["version"] != version:
        raise NetworkError(
            f"{path} has version {document.get('version')}; this atlaskit reads {version}: upgrade atlaskit or fit again."
        )
    return document


def load_network(path: Path | str) -> Network:
    """Read ``network.pt``.

    Raises
    ------
    NotFoundError
        When there is none.
    NetworkError
        When it is corrupt, foreign, or from a newer version.
    """
    path = Path(path)
    document = load_plain(path, format=FORMAT, version=VERSION)
    try:
        arrays = {name: values.numpy() for name, values in document["arrays"].items()}
        topology = Topology.from_json(document["topology"])
        config = FitConfig.from_dict(json.loads(document["config"]))
        template = Template(
            topology=topology,
            points=arrays["points"],
            centre=arrays["centre"],
            radius=arrays["radius"],
            anchor=arrays["anchor"],
            signatures=tuple(values.numpy() for values in document["signatures"]),
            smooth=arrays["smooth"],
            weights=Weights(**json.loads(document["template_weights"])),
            free=config.pose == "free",
            mirror=config.mirror,
        )
        net = HybridNet(topology, torch.from_numpy(template.points), config)
        net.load_state_dict(document["weights"])
        structures = tuple(
            Structure(item["name"], tuple(item["labels"]), tuple(item["values"])) for item in json.loads(document["structures"])
        )
        network = Network(net.eval(), template, structures, config, arrays["latent_mean"], arrays["latent_spread"])
        if network.sha256 != document["sha256"]:
            raise ValueError("the content does not match its fingerprint")
    except (AtlasError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise NetworkError(
            f"{path} must hold a whole network; what it holds does not fit together: fit again or restore it."
        ) from error
    return network
