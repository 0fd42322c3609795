"""Numbers that change in the course of a run, and the published and our own weights of the loss terms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from atlaskit.errors import InputError, nearest

Shape = Literal["linear", "log", "cosine"]


@dataclass(frozen=True)
class Schedule:
    """A number that changes with progress t from 0 to 1: `start` until `since`, `stop` from `until` on.

    Attributes
    ----------
    start, stop : float
    shape : {"linear", "log", "cosine"}
        How it gets from one to the other; "log" needs both positive.
    since, until : float
        Part of the run in which it changes; equal for a switch.

    Examples
    --------
    >>> Schedule(10, 100).at(0.5)
    55.0
    >>> Schedule(0.01, 1, "log", until=0.2).at(0.1)
    0.1
    """

    start: float
    stop: float
    shape: Shape = "linear"
    since: float = 0.0
    until: float = 1.0

    def __post_init__(self) -> None:
        if self.shape not in ("linear", "log", "cosine"):
            raise InputError(f"A schedule's shape is linear, log or cosine; got {self.shape!r}.")
        if self.shape == "log" and min(self.start, self.stop) <= 0:
            raise InputError(f"A log schedule runs between positive numbers; got {self.start} to {self.stop}.")
        if not 0 <= self.since <= self.until <= 1:
            raise InputError(f"A schedule needs 0 <= since <= until <= 1; got {self.since} and {self.until}.")

    def at(self, progress: float) -> float:
        """The value at a progress in [0, 1]."""
        if progress < self.since:
            return self.start
        if progress >= self.until:
            return self.stop
        t = (progress - self.since) / (self.until - self.since)
        if self.shape == "log":
            return round(math.exp((1 - t) * math.log(self.start) + t * math.log(self.stop)), 15)
        t = (1 - math.cos(math.pi * t)) / 2 if self.shape == "cosine" else t
        return (1 - t) * self.start + t * self.stop


def constant(value: float) -> Schedule:
    """A schedule that stays where it is."""
    return Schedule(value, value)


PAPER_LOSSES: dict[str, Schedule] = {
    "chamfer": Schedule(10, 100),
    "pull": constant(0),
    "edge": Schedule(0.01, 1, "log", until=0.2),
    "elasticity": Schedule(250, 2.5, "log"),
    "curvature": Schedule(300, 3, "log"),
    "steady": constant(0),
    "kl": Schedule(1e-6, 1e-3, "log"),
    "dice": Schedule(0, 1, since=0.2, until=0.2),
    "bce": Schedule(0, 1, since=0.2, until=0.2),
}
"""The published weights (Gaggion et al. 2026), by term; `pull` and `steady` are ours and off there."""

TEMPLATE_LOSSES: dict[str, Schedule] = {
    **PAPER_LOSSES,
    "chamfer": Schedule(10, 100),
    "pull": Schedule(100, 30),
    "elasticity": constant(0),
    "curvature": Schedule(1, 0.1, "log"),
    "edge": constant(0),
    "steady": constant(100),
    "kl": Schedule(1e-6, 1e-4, "log"),
    "dice": Schedule(0, 0.3, since=0.3, until=0.3),
    "bce": Schedule(0, 0.3, since=0.3, until=0.3),
}
"""Weights for a template start: the pull toward the groupwise landmarks holds order and spacing, so little else must."""


def parse_schedule(name: str, value: Any) -> Schedule:
    """A schedule from a number or a table."""
    if isinstance(value, Schedule):
        return value
    if _is_number(value):
        return constant(float(value))
    known = {item.name for item in fields(Schedule)}
    if not isinstance(value, Mapping) or not {"start", "stop"} <= set(value):
        raise InputError(f"{name} needs a number, or a table with start and stop; got {value!r}.")
    for key, number in value.items():
        if key not in known:
            raise InputError(f"A schedule has no {key!r}: {nearest(key, known)}")
        if key != "shape" and not _is_number(number):
            raise InputError(f"{name} needs a number for {key}; got {number!r}.")
    return Schedule(**value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
