"""Polygons to coverage, batched and differentiable: what the network sees, and what Dice and BCE compare.

Green's theorem pixel by pixel: short pieces of the boundary deposit their height where they are, and a running sum along
x turns the deposits into the area covered to their right. Cost goes with the length of the boundary, not with pixels x
edges. Heights are cut at the pixel rows, so that the inside is 1 to rounding: were it above 1 here and there, the clamp
would stop the gradient there and the rest would no longer cancel. A fold gives 2 or -1, never a hidden gain: it is
clamped to [0, 1], which counts both as errors.
"""

from __future__ import annotations

import torch
from torch import Tensor


def coverage(loops: Tensor, size: int, *, pieces: int) -> Tensor:
    """Area of each pixel that lies inside closed polygons.

    Parameters
    ----------
    loops : (P, n, 2) tensor
        Closed polygons in the unit frame, positively oriented (clockwise on screen).
    size : int
        Width and height of the result.
    pieces : int
        Parts that every edge is cut into; edges should come out under a pixel long.

    Returns
    -------
    (P, size, size) tensor
        In [0, 1]; differentiable in the vertices.
    """
    at = loops * size
    there = torch.roll(at, -1, dims=1)
    part = torch.arange(pieces + 1, device=loops.device, dtype=loops.dtype) / pieces
    x, y = (at[:, :, None] + part[:, None] * (there - at)[:, :, None]).unbind(-1)
    above, below = y[:, :, :-1].flatten(1), y[:, :, 1:].flatten(1)
    x = ((x[:, :, :-1] + x[:, :, 1:]) / 2).flatten(1).clamp(0, size - 1e-3)
    column, row = x.detach().floor(), torch.minimum(above, below).detach().floor()
    right = x - column
    first = torch.minimum(below, row + 1) - torch.minimum(above, row + 1)  # what lies in the row, the rest in the next
    field = torch.zeros(len(loops), (size + 2) * (size + 2), device=loops.device, dtype=loops.dtype)
    for dx, part_x in ((0, 1 - right), (1, right)):
        for dy, rise in ((0, first), (1, below - above - first)):
            cell = (row + 1 + dy).clamp(0, size + 1) * (size + 2) + column + dx
            field = field.scatter_add(1, cell.nan_to_num(0.0).long(), -rise * part_x)
    covered = field.reshape(-1, size + 2, size + 2)[:, 1 : size + 1, :size].cumsum(-1)
    return covered.clamp(0, 1)


def planes(samples: Tensor, present: Tensor, size: int) -> Tensor:
    """The network's input: coverage of every structure's contour.

    Parameters
    ----------
    samples : (B, S, M, 2) tensor
        Closed contours in the unit frame; anything where absent.
    present : (B, S) tensor
        1 where present.
    size : int

    Returns
    -------
    (B, S, size, size) tensor
        All 0 where absent.
    """
    batch, structures = samples.shape[:2]
    flat = torch.where(present[:, :, None, None] > 0, samples, 0.0).flatten(0, 1)
    return coverage(flat, size, pieces=max(1, -(-4 * size // samples.shape[2]))).reshape(batch, structures, size, size)
