"""One fit from first to last step: training, checks, the best weights, and a checkpoint to go on from."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from atlaskit.assignment import Array
from atlaskit.config import FitConfig
from atlaskit.errors import InputError, NetworkError
from atlaskit.groupwise import Template
from atlaskit.masks import Structure
from atlaskit.net import ranks
from atlaskit.net.data import make_cases
from atlaskit.net.hybrid import HybridNet
from atlaskit.net.network import Network, load_plain, save_whole
from atlaskit.net.predict import device_named, predict
from atlaskit.net.speed import Speed
from atlaskit.net.train import DEFAULT, Trainer

FORMAT, VERSION = "atlaskit.checkpoint", 1

Examine = Callable[[NDArray[np.float64]], Mapping[str, Any]]
"""Validation landmarks (N, L, 2) in pixels to their figures; ``figures["error"]`` says how good they are, least is best."""


@contextmanager
def _memory() -> Iterator[None]:
    """What torch raises where memory runs out, as Python calls it."""
    try:
        yield
    except RuntimeError as error:
        if not any(words in str(error) for words in ("allocate memory", "out of memory")):
            raise
        raise MemoryError(str(error)) from error


@_memory()
def follow() -> Any:
    """Take the steps that rank 0 asks for, on the other ranks' parts of the batches, until it tells its result."""
    topology, points, config, speed, device, state = ranks.hear()
    cases, relative, state = torch.load(io.BytesIO(state), map_location=device, weights_only=False)  # from rank 0, no file
    trainer = Trainer(HybridNet(topology, points, config).to(device), topology, relative, config, speed)
    trainer.restore(state)
    while isinstance(told := ranks.hear(), float):
        trainer.run(cases, told)
    return told


class Run:
    """A fit in progress.

    Parameters
    ----------
    template : Template
    config : FitConfig
    fitted : pair of (N, S, M, 2) and (N, L, 2) arrays
        Contour samples and groupwise landmarks to fit, pixels; NaN where absent.
    held : (V, S, M, 2) array
        Contour samples of the validation cases.
    lengths : (S,) array
        Mean contour lengths.
    device : str
        "auto", "cpu" or "cuda".
    folder : Path
        Where ``checkpoint.pt`` and ``log.jsonl`` go.
    fingerprint : str
        What the checkpoint belongs to.
    speed : Speed
        How the device computes.
    """

    def __init__(
        self,
        template: Template,
        config: FitConfig,
        fitted: tuple[Array, Array],
        held: Array,
        lengths: Array,
        *,
        device: str,
        folder: Path,
        fingerprint: str,
        speed: Speed = DEFAULT,
    ) -> None:
        where = device_named(device)
        self.template, self.config, self.folder, self.fingerprint = template, config, folder, fingerprint
        self.cases, self.held = make_cases(template, *fitted, where), make_cases(template, held, None, where)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            net = HybridNet(template.topology, torch.from_numpy(template.points), config).to(where)
        relative = torch.from_numpy((lengths / lengths.max()).astype(np.float32))
        self.trainer = Trainer(net, template.topology, relative, config, speed)
        self.log: list[dict[str, Any]] = []
        self.best: dict[str, Any] = {"error": float("inf"), "epoch": 0, "weights": self.trainer.smooth.state_dict()}

    def resume(self) -> None:
        """Take up the checkpoint in the folder.

        Raises
        ------
        NotFoundError, NetworkError, InputError
            When there is none, it is corrupt, or belongs to other masks or numbers.
        """
        path = self.folder / "checkpoint.pt"
        document = load_plain(path, format=FORMAT, version=VERSION)
        if document.get("fingerprint") != self.fingerprint:
            raise InputError(f"{path} belongs to other masks or settings: use those, or fit anew without --resume.")
        try:
            self.trainer.restore(document["trainer"])
            self.best = {name: document["best"][name] for name in ("error", "epoch", "weights")}
            self.log = json.loads(document["log"])
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise NetworkError(f"{path} must hold a whole checkpoint; it does not: fit anew without --resume.") from error

    @_memory()
    def train(self, examine: Examine, *, limit_s: float | None, report: Callable[[str, int, int], None]) -> None:
        """Train to the end, to the time limit, or until checks no longer improve; checkpoint at every check.

        An interrupt leaves a checkpoint of the last finished step; amid an update, that of the last check.
        """
        trainer, stage, total = self.trainer, "training (percent)", 100  # time or steps, whichever ends first
        self._call()
        try:
            while trainer.checked < self.config.checks and not self._stalled():
                record = trainer.until_check(
                    self.cases,
                    limit_s=limit_s,
                    tick=lambda progress: report(stage, int(progress * total), total),
                )
                figures = dict(examine(self.landmarks()))
                trainer.checked_at(record["epoch"])
                self.log.append({**record, "validation": figures})
                if figures["error"] < self.best["error"]:
                    weights = {name: value.clone() for name, value in trainer.smooth.state_dict().items()}
                    self.best = {"error": figures["error"], "epoch": len(self.log), "weights": weights}
                self._checkpoint()
        except KeyboardInterrupt:
            if trainer.whole:
                self._checkpoint()
            raise
        trainer.smooth.load_state_dict(self.best["weights"])
        report(stage, total, total)

    def landmarks(self) -> NDArray[np.float64]:
        """(V, L, 2) landmarks of the validation cases, pixels, by the averaged weights; after training by the best."""
        return predict(self.trainer.smooth, self.held, input_size=self.config.input_size).points

    def network(self, structures: tuple[Structure, ...]) -> Network:
        """The fitted network, on the CPU."""
        net = self.trainer.smooth
        latent = predict(net, self.cases, input_size=self.config.input_size).latent
        spread = latent.std(0)
        floor = max(1e-6, 1e-2 * float(spread.max()))  # a dimension the network does not use must not shout
        return Network(
            copy.deepcopy(net).cpu(), self.template, structures, self.config, latent.mean(0), np.maximum(spread, floor)
        )

    def _call(self) -> None:
        """Give the other processes of a run what `follow` needs."""
        if ranks.count() > 1:
            buffer = io.BytesIO()
            torch.save((self.cases, self.trainer.relative, self.trainer.state()), buffer)
            points = torch.from_numpy(self.template.points)
            task = (self.template.topology, points, self.config, self.trainer.speed)
            ranks.tell((*task, self.trainer.device.type, buffer.getvalue()))

    def _stalled(self) -> bool:
        """Whether `patience` checks have passed without a better one."""
        return len(self.log) - int(self.best["epoch"]) >= self.config.patience

    def _checkpoint(self) -> None:
        self.trainer.assert_finite()
        document = {
            "format": FORMAT,
            "version": VERSION,
            "fingerprint": self.fingerprint,
            "trainer": self.trainer.state(),
            "best": self.best,
            "log": json.dumps(self.log),
        }
        save_whole(document, self.folder / "checkpoint.pt")
        lines = "".join(json.dumps(record) + "\n" for record in self.log)
        partial = self.folder / "log.jsonl.partial"
        partial.write_text(lines, encoding="utf-8")
        partial.replace(self.folder / "log.jsonl")
