"""Sequences that are hardly any: of one frame, of gaps, and no sequences at all."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from atlaskit.tracking import fill, jitter, jumps, smooth, steady, trajectories

LOOP = [range(16)]
CALLS: dict[str, Callable[..., Any]] = {
    "trajectories": lambda points, periodic: trajectories(points, periodic=periodic).displacement,
    "jitter": lambda points, periodic: jitter(points, LOOP, periodic=periodic).along,
    "fill": lambda points, periodic: fill(points, periodic=periodic).points,
    "smooth": lambda points, periodic: smooth(points, method="rts", periodic=periodic).points,
    "steady": lambda points, periodic: steady(points, LOOP, periodic=periodic).points,
    "jumps": lambda points, periodic: jumps(points, LOOP, periodic=periodic).scores,
}


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("lead", [(), (2,), (2, 3), (0,)])
@pytest.mark.parametrize("call", CALLS)
def test_few_frames_and_many_gaps_are_no_error(call: str, lead: tuple[int, ...], periodic: bool) -> None:
    angle = 2 * np.pi * np.arange(16) / 16
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    for frames in (1, 2, 3, 5):
        points = np.broadcast_to(np.linspace(5, 6, frames)[:, None, None] * circle, (*lead, frames, 16, 2)).copy()
        for known in (frames, 1, 0):
            points[..., known:, :, :] = np.nan
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = CALLS[call](points, periodic)
            assert found.shape[: len(lead) + 1] == (*lead, frames)
            assert np.isnan(np.moveaxis(found, len(lead), 0)[known:]).all() or call == "fill"
