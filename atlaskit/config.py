"""Every number of a run: annealed weights as schedules, everything else as one frozen record."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from atlaskit.errors import InputError, NotFoundError, nearest
from atlaskit.schedules import PAPER_LOSSES, TEMPLATE_LOSSES, Schedule, parse_schedule

_COUNTS = (
    "steps", "batch", "checks", "levels", "latent", "patience", "template_rounds", "template_cases", "input_size", "stem",
    "chebyshev", "skip_filters", "boundary_samples", "raster_size",
)  # fmt: skip

MOST_NODES = 512
"""Landmarks per structure at most: one at each sample of a contour."""


@dataclass(frozen=True)
class FitConfig:
    """Every number of a fit. Presets: `FitConfig.named("fast" | "balanced" | "paper")`.

    Attributes
    ----------
    preset : str
        Name of the preset that this started from.
    seed : int
    validation : float
        Part of the subjects that is kept for validation.
    nodes : int or None
        Landmarks per structure; None for the rule round(node_scale x mean contour length), from 16 x 2^(levels-1) to 512.
    node_scale : float
        Landmarks per pixel of contour.
    levels : int
        Resolutions of the graph decoder.
    pose : {"fixed", "free"}
        Whether the cases lie alike, or each is turned onto the template first.
    mirror : bool
        Whether a case may be reflected too; for a free pose only.
    shared_boundaries : bool
        Whether structures that touch share the landmarks along their walls.
    template_cases : int
        The groupwise template is made from at most so many cases, drawn with the seed.
    template_rounds : int
        Groupwise assignments to the running mean.
    init : {"template", "random"}
        Predict displacements from the template, or as published from nothing: from rings about the centre.
    input_size : int
        Width and height of the planes that the network sees.
    stem : int
        Space-to-depth factor before the first convolution; 1 for none.
    filters : tuple of int
        Encoder widths, one residual stage each, halved in size after each.
    latent : int
        Dimension of the latent space.
    graph_filters : tuple of int
        Decoder widths per level, coarse to fine; one more for the last block, else that is as wide as the finest level.
    chebyshev : int
        Order K of the graph convolutions.
    skip_filters : int
        Channels of the encoder features that are sampled at the landmarks.
    steps, batch : int
        Length of the run, and cases per step.
    learning_rate : Schedule
    weight_decay : float
    averaging : float
        Decay of the moving average of weights that is validated and kept; 0 for none.
    checks : int
        Validations (and checkpoints) during the run.
    patience : int
        Early stop after so many checks without a better one.
    zoom : tuple of float
        Least and greatest scale of augmentation, drawn per axis.
    rotation_deg : float
        Standard deviation of augmentation's rotation, degrees.
    shift : float
        Greatest shift of augmentation, in units of the frame.
    dropout : float
        Chance that a present structure is hidden from the network and the loss.
    twins : int
        Cases of a batch, at most, that are seen a second time with one structure less, for the loss term ``steady``.
    boundary_samples : int
        Boundary points per structure in the Chamfer term.
    raster_size : int
        Width and height at which polygons are rasterised for Dice and BCE.
    losses : mapping of str to Schedule
        Weight of each loss term.
    """

    preset: str = "balanced"
    seed: int = 0
    validation: float = 0.1
    nodes: int | None = None
    node_scale: float = 0.05
    levels: int = 4
    pose: Literal["fixed", "free"] = "fixed"
    mirror: bool = False
    shared_boundaries: bool = False
    template_cases: int = 1000
    template_rounds: int = 5
    init: Literal["template", "random"] = "template"
    input_size: int = 128
    stem: int = 4
    filters: tuple[int, ...] = (16, 32, 64)
    latent: int = 64
    graph_filters: tuple[int, ...] = (32, 32, 24, 16)
    chebyshev: int = 6
    skip_filters: int = 8
    steps: int = 1500
    batch: int = 16
    learning_rate: Schedule = Schedule(2e-3, 2e-5, "cosine")
    weight_decay: float = 1e-6
    averaging: float = 0.995
    checks: int = 12
    patience: int = 6
    zoom: tuple[float, float] = (0.85, 1.15)
    rotation_deg: float = 7.0
    shift: float = 0.03
    dropout: float = 0.1
    twins: int = 4
    boundary_samples: int = 256
    raster_size: int = 64
    losses: Mapping[str, Schedule] = field(default_factory=lambda: dict(TEMPLATE_LOSSES))

    def __post_init__(self) -> None:
        wrong = [name for name in self.losses if name not in PAPER_LOSSES]
        if wrong:
            raise InputError(f"No loss term is called {wrong[0]!r}: {nearest(wrong[0], PAPER_LOSSES)}")
        for name, weight in self.losses.items():
            if min(weight.start, weight.stop) < 0:
                raise InputError(f"A loss weight must be at least 0; {name} goes from {weight.start} to {weight.stop}.")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1; got {getattr(self, name)}.")
        for name in ("filters", "graph_filters"):
            widths = getattr(self, name)
            if not widths or not all(type(width) is int and width > 0 for width in widths):
                raise InputError(f"{name} needs whole numbers above 0; got {list(widths)}.")
        if not 0 <= self.averaging < 1:
            raise InputError(f"averaging must be at least 0 and below 1; got {self.averaging}.")
        if not 0 <= self.dropout <= 1:
            raise InputError(f"dropout is a chance, from 0 to 1; got {self.dropout}.")
        if not 0 < self.validation < 1:
            raise InputError(f"validation is the part of subjects kept aside, between 0 and 1; got {self.validation}.")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed must be at least 0 and below 2^63; got {self.seed}.")
        if len(self.zoom) != 2 or not 0 < self.zoom[0] <= self.zoom[1]:
            raise InputError(f"zoom is the least and the greatest scale, above 0; got {list(self.zoom)}.")
        if not all(math.isfinite(v) for v in (*self.zoom, self.rotation_deg, self.shift, self.weight_decay, self.node_scale)):
            raise InputError("zoom, rotation_deg, shift, weight_decay and node_scale must be finite numbers.")
        if not all(0 < rate <= 0.1 for rate in (self.learning_rate.start, self.learning_rate.stop)):
            raise InputError("learning_rate must stay above 0 and at most at 0.1.")
        if max(self.latent, self.input_size, self.raster_size, *self.filters, *self.graph_filters) > 8192:
            raise InputError("Sizes and widths must be at most 8192.")
        if self.levels > 6 or self.batch > 65536:
            raise InputError(f"levels must be at most 6, and batch at most 65536; got {self.levels} and {self.batch}.")
        if self.nodes is not None and not 3 * 2 ** (self.levels - 1) <= self.nodes <= MOST_NODES:
            least = f"{3 * 2 ** (self.levels - 1)} (3 x 2^(levels-1))"
            raise InputError(f"nodes (--nodes) must be from {least} to {MOST_NODES}; got {self.nodes}.")
        if min(self.rotation_deg, self.shift, self.weight_decay, self.twins) < 0 or self.node_scale <= 0:
            raise InputError("rotation_deg, shift, weight_decay and twins must be at least 0, and node_scale above 0.")
        if self.pose not in ("fixed", "free"):
            raise InputError(f"pose is 'fixed' or 'free'; got {self.pose!r}.")
        if self.mirror and self.pose == "fixed":
            raise InputError("mirror needs a free pose: add --pose free, or leave --mirror out.")
        if self.init not in ("template", "random"):
            raise InputError(f"init is 'template' or 'random'; got {self.init!r}.")
        if len(self.graph_filters) not in (self.levels, self.levels + 1):
            raise InputError(
                f"graph_filters needs one width per level ({self.levels}), and may have one for the last block; "
                f"got {list(self.graph_filters)}."
            )
        if self.input_size % (self.stem * 2 ** len(self.filters)):
            raise InputError(
                f"input_size must be a multiple of stem x 2^stages = {self.stem * 2 ** len(self.filters)}; "
                f"got {self.input_size}."
            )

    @classmethod
    def named(cls, preset: str, **changes: Any) -> FitConfig:
        """A preset, with some fields changed.

        Parameters
        ----------
        preset : {"fast", "balanced", "paper"}
        **changes
            Fields to set instead; `losses` is merged term by term, and a number or a table may stand for a schedule.

        Raises
        ------
        InputError
            For an unknown preset or field; the nearest name is offered.
        """
        if preset not in PRESETS:
            raise InputError(f"No preset is called {preset!r}: {nearest(preset, PRESETS)}")
        known = {item.name for item in fields(cls)}
        for name in changes:
            if name not in known:
                raise InputError(f"No setting is called {name!r}: {nearest(name, known)}")
        base = PRESETS[preset]
        for name, value in changes.items():
            _check_type(name, value, getattr(base, name))
        losses = {name: parse_schedule(name, value) for name, value in changes.pop("losses", {}).items()}
        if "learning_rate" in changes:
            changes["learning_rate"] = parse_schedule("learning_rate", changes["learning_rate"])
        return replace(base, **changes, losses={**base.losses, **losses})

    @classmethod
    def from_toml(cls, path: Path | str, *, preset: str = "balanced") -> FitConfig:
        """Read settings from a TOML file over a preset (the file's own ``preset`` wins).

        Parameters
        ----------
        path : path
            Fields of `FitConfig`; schedules are tables: ``[losses.kl]``, ``start = 1e-6``, ``stop = 1e-4``, ``shape = "log"``.
        preset : str
            Where to start from.

        Raises
        ------
        NotFoundError, InputError
        """
        path = Path(path)
        if not path.is_file():
            raise NotFoundError(f"No configuration file at {path}; --config takes a TOML file.")
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is not a TOML file: {error}.") from error
        return cls.from_dict({"preset": preset, **document})

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> FitConfig:
        """Settings from plain values, as `to_dict` writes them or a TOML file gives them."""
        changes = dict(document)
        preset = str(changes.pop("preset", "balanced"))
        for name, value in changes.items():
            changes[name] = tuple(value) if isinstance(value, list) else value
        return cls.named(preset, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @property
    def pulls(self) -> bool:
        """Whether landmarks are drawn to their groupwise positions at any time of the run."""
        pull = self.losses.get("pull")
        return pull is not None and max(pull.start, pull.stop) > 0


def _check_type(name: str, value: Any, example: Any) -> None:
    """Refuse a text where a number belongs, and the like; an int passes for a float, and None only where None is known."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fine = {
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool),
        float: number,
        str: isinstance(value, str),
        tuple: isinstance(value, tuple) and all(isinstance(v, (int, float)) for v in value),
        type(None): value is None or (isinstance(value, int) and not isinstance(value, bool)),
        dict: isinstance(value, Mapping),
    }.get(type(example), True)
    if not fine:
        like = {"kl": 0.001} if isinstance(example, Mapping) else example
        raise InputError(f"{name} must be like {like!r}; got {value!r}.")


PRESETS: dict[str, FitConfig] = {}  # what still differs in `paper` from the paper is listed in docs/benchmarks.md
PRESETS["balanced"] = FitConfig()
PRESETS["fast"] = replace(PRESETS["balanced"], preset="fast", steps=300, checks=6)
PRESETS["paper"] = FitConfig(
    preset="paper",
    node_scale=0.05,
    levels=3,
    init="random",
    input_size=512,
    stem=1,
    filters=(16, 32, 64, 128, 256),
    graph_filters=(32, 24, 16, 8),
    steps=250_000,
    batch=1,
    learning_rate=Schedule(1e-4, 1e-5, since=0.5, until=0.5),
    averaging=0.0,
    checks=100,
    patience=100,
    zoom=(0.7, 1.2),
    rotation_deg=15.0,
    shift=0.0,
    dropout=0.0,
    twins=0,
    raster_size=512,
    losses=PAPER_LOSSES,
)
