"""From contour samples to a network's landmarks, in batches that change nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from atlaskit.assignment import Array
from atlaskit.errors import InputError
from atlaskit.net.data import Cases, make_cases
from atlaskit.net.hybrid import HybridNet
from atlaskit.net.network import Network
from atlaskit.net.raster import planes

GROUP = {"cpu": 16, "cuda": 256}
"""Cases that pass a network at once, always: another number is rounded otherwise."""


@dataclass(frozen=True)
class Landmarks:
    """What a network says of N cases.

    Attributes
    ----------
    points : (N, L, 2) float array
        Pixels.
    latent : (N, Z) float array
        Latent means.
    """

    points: NDArray[np.float64]
    latent: NDArray[np.float64]


def predict(net: HybridNet, cases: Cases, *, input_size: int, half: bool = False) -> Landmarks:
    """Run a network over cases.

    The last group is filled up: what stands beside a case changes its landmarks by single-precision rounding at most.

    Parameters
    ----------
    net : HybridNet
        In evaluation mode, on the device of the cases.
    cases : Cases
    input_size : int
        Width and height of the planes that the network was fitted on.
    half : bool
        Whether to compute in bfloat16, which is faster on CUDA and moves landmarks by parts of a pixel.
    """
    where, points, latent = cases.samples.device, [], []
    group = GROUP[where.type]
    with torch.inference_mode(), torch.autocast(where.type, torch.bfloat16, enabled=half):
        for start in range(0, len(cases), group):
            chosen = torch.arange(start, start + group, device=where).clamp_max(len(cases) - 1)
            present = cases.present[chosen]
            found = net(planes(cases.samples[chosen], present, input_size), present)
            count = min(group, len(cases) - start)
            points.append(
                found.points[:count].float()
            )  # they stay there: a copy waits for the device, and the next group with it
            latent.append(found.mean[:count].float())
    found_points, found_latent = (torch.cat(parts).cpu().double().numpy() for parts in (points, latent))
    return Landmarks(cases.frames.to_pixels(found_points), found_latent)


def landmarks_of(
    network: Network, samples: Array, *, device: str = "auto", threads: int | None = None, half: bool = False
) -> Landmarks:
    """A fitted network's landmarks of any cases.

    Parameters
    ----------
    network : Network
    samples : (N, S, M, 2) array
        Contour samples, pixels; NaN where absent.
    device : str
        "auto", "cpu" or "cuda".
    threads : int, optional
        Threads that this call may use on the CPU; torch's own number unless given.
    half : bool
        As in `predict`.

    Returns
    -------
    Landmarks
        NaN where a structure is absent.
    """
    where = device_named(device)
    cases = make_cases(network.template, samples, None, where)
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        found = predict(network.net.to(where), cases, input_size=network.config.input_size, half=half)
    finally:
        torch.set_num_threads(before)
    known = np.zeros(found.points.shape[:2], dtype=bool)  # a landmark of several structures is there with any of them
    for s, loop in enumerate(network.topology.loops):
        known[:, list(loop)] |= ~np.isnan(samples[:, s, 0, 0])[:, None]
    found.points[~known] = np.nan
    return found


def device_named(name: str) -> torch.device:
    """The device that ``--device`` means: "auto" is CUDA when it is there, else the CPU.

    Raises
    ------
    InputError
        For an unknown or absent device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        GROUP[device.type]
    except (RuntimeError, KeyError) as error:
        raise InputError(f"--device is auto, cpu or cuda; got {name!r}.") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda needs a CUDA device, and PyTorch sees none: use --device auto or cpu.")
    return device
