"""How a device computes a step: precision, compilation, and steps recorded as a CUDA graph. Only rounding depends on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Work = Callable[[Sequence[Tensor]], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Speed:
    """What a run asks of its device.

    Attributes
    ----------
    half : bool or None
        Whether the network computes in bfloat16; None for yes on CUDA, no elsewhere.
    compiled : bool
        Whether the network is compiled first: that takes a C compiler and about a minute, which only long runs earn back.
    recorded : bool
        Whether forward and backward are recorded as one CUDA graph: a step is thousands of small kernels, and launching them
        one by one takes longer than their work. For CUDA only.
    """

    half: bool | None = None
    compiled: bool = False
    recorded: bool = False

    def autocast(self, device: torch.device) -> Any:
        """The precision of the network on a device."""
        half = device.type == "cuda" if self.half is None else self.half
        return torch.autocast(device.type, torch.bfloat16, enabled=half, cache_enabled=not self.recorded)


class Recorded:
    """Work on tensors whose shapes never change, recorded once and then replayed as a single launch.

    Parameters
    ----------
    work : callable
        Takes tensors and returns tensors; runs on the device alone, so nothing in it may ask the device for a value.
    inputs : sequence of tensors
        The first ones.
    """

    def __init__(self, work: Work, inputs: Sequence[Tensor]) -> None:
        self.inputs = [value.clone() for value in inputs]
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):  # libraries choose their kernels and allocate at first, which cannot be recorded
                work(self.inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):  # NCCL's own thread may go on meanwhile
            self.outputs = work(self.inputs)

    def __call__(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """What the work gives for other inputs; the next call overwrites it."""
        for own, value in zip(self.inputs, inputs, strict=True):
            own.copy_(value, non_blocking=True)
        self.graph.replay()
        return self.outputs
