"""Data-parallel runs under ``torchrun``: rank 0 leads, the others take the same steps on their part of each batch.

Only rank 0 reads masks, looks at the clock, validates and writes. The others hear from it what to train, then at each step
how far the run is, and at the end its result or its error. So ranks cannot drift apart, and an error is said once. Alone,
every function here leaves things as they are.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache, wraps
from itertools import count as count_up
from math import isnan, nan
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist

from atlaskit.errors import AtlasError, InputError
from atlaskit.launcher import launched, told_elsewhere

PATIENCE = timedelta(days=7)
"""How long a rank waits for another: reading a large corpus takes rank 0 hours, and torchrun ends all when one has crashed."""

P = ParamSpec("P")
R = TypeVar("R")


def led_by_rank_0(follow: Callable[[], Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a verb so that under ``torchrun`` rank 0 does it, and the others `follow` and return its result."""

    def decorate(verb: Callable[P, R]) -> Callable[P, R]:
        @wraps(verb)
        def led(*args: P.args, **kwargs: P.kwargs) -> R:
            if launched()[1] < 2:
                return verb(*args, **kwargs)
            with _together():
                if rank() > 0:
                    result: R = follow()
                    return result
                try:
                    result = verb(*args, **kwargs)
                except BaseException as error:
                    with suppress(Exception):  # the error counts, not that nobody is left to hear it
                        tell(error)
                    raise
                tell(result)
                return result

        return led

    return decorate


_RUNS = count_up()


@cache
def _meeting() -> tuple[Any, int, int]:
    """Where the processes find each other, the number of this one, and how many they are; once in a process's life."""
    from torch.distributed.rendezvous import rendezvous  # only where it is needed: some builds of torch lack it

    found: tuple[Any, int, int] = next(rendezvous("env://", timeout=PATIENCE))
    return found


@contextmanager
def _together() -> Iterator[None]:
    """The process group of ``torchrun``; control goes over the CPU, gradients over NCCL where they are on CUDA."""
    import torch.distributed.nn.functional  # imported amid a run, it would keep the group, and its threads, to the very end
    from torch.distributed.distributed_c10d import PrefixStore

    local, cuda = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.is_available()
    if cuda and local < torch.cuda.device_count():
        torch.cuda.set_device(local)
    with _peers():
        store, number, total = _meeting()
        store = PrefixStore(f"atlaskit {next(_RUNS)}", store)  # what an earlier run left there would mislead a later one
        backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
        dist.init_process_group(backend, store=store, rank=number, world_size=total, timeout=PATIENCE)
    follows = rank() > 0 and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if follows else None  # rank 0 says when an interrupt ends the run
    try:
        yield
    finally:
        _part()
        if follows:
            signal.signal(signal.SIGINT, before)


def _joined() -> bool:
    return dist.is_available() and dist.is_initialized()


def _part() -> None:
    if _joined():
        dist.destroy_process_group()


@contextmanager
def _peers() -> Iterator[None]:
    """What torch raises when a peer has gone, in one sentence."""
    try:
        yield
    except RuntimeError as error:
        gone = AtlasError("All processes of a run must last to its end; another one has ended: see what it said.")
        raise told_elsewhere(gone) from error


def rank() -> int:
    """The number of this process; 0 leads."""
    return dist.get_rank() if _joined() else 0


def count() -> int:
    """Processes that share the run."""
    return dist.get_world_size() if _joined() else 1


def check(batch: int, device: str) -> None:
    """Refuse what cannot be shared.

    Raises
    ------
    InputError
        When a batch does not part evenly, or a machine has fewer GPUs than processes.
    """
    if batch % count():
        raise InputError(f"batch must be a multiple of the {count()} processes; got {batch}: set it with --config.")
    here, cards = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if count() > 1 and device != "cpu" and 0 < cards < here:
        raise InputError(f"Each process needs a GPU of its own; {here} were started and PyTorch sees {cards}: start fewer.")


def tell(message: object) -> None:
    """Rank 0 to all others: how far the run is (a float), or anything else that can be pickled."""
    if count() == 1:
        return
    with _peers():
        dist.broadcast(torch.tensor(message if isinstance(message, float) else nan, dtype=torch.float64), src=0)
        if not isinstance(message, float):
            dist.broadcast_object_list([message], src=0)


def hear() -> Any:
    """What rank 0 tells; an error that it tells is raised."""
    with _peers():
        progress, message = torch.zeros((), dtype=torch.float64), [None]
        dist.broadcast(progress, src=0)
        if not isnan(progress):
            return float(progress)
        dist.broadcast_object_list(message, src=0)
    if isinstance(message[0], BaseException):
        raise told_elsewhere(message[0])
    return message[0]


@contextmanager
def step(progress: float) -> Iterator[None]:
    """A step that all ranks take or none: rank 0 calls the others to it, and an interrupt waits for its end."""
    if count() == 1:
        yield
        return
    asked: list[int] = []
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(1)) if main else None
    try:
        tell(progress)
        yield
    except BaseException:
        _part()  # the others wait amid the step, where they hear no message
        raise
    finally:
        if main:
            signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


def add_up(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its sum over the ranks: all in one message, and the same bits on every rank."""
    if count() == 1 or not tensors:
        return
    flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
    with _peers():
        dist.all_reduce(flat)
    for tensor, total in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(total.view_as(tensor))
