"""Graph convolution on the fixed graph of a topology, and the doubling of its nodes.

Chebyshev convolution (Defferrard et al., NeurIPS 2016): y = sum_k T_k(L) x W_k with the Laplacian scaled to [-1, 1]. The
graph is fixed and sparse, so L is applied as a gather over each node's few neighbours, whatever the loops share.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from atlaskit.topology import Topology


def neighbours(topology: Topology) -> tuple[Tensor, Tensor]:
    """Neighbour indices and weights of the scaled Laplacian L - I = -D^(-1/2) A D^(-1/2).

    Returns
    -------
    index : (L, D) long tensor
        Neighbours of each node, padded with the node itself.
    weight : (L, D) float tensor
        Their entries of the scaled Laplacian; 0 in the padding.
    """
    lists: list[list[int]] = [[] for _ in range(topology.n_landmarks)]
    for a, b in topology.edges():
        lists[a].append(int(b))
        lists[b].append(int(a))
    degree = np.array([len(around) for around in lists], dtype=float)
    most = int(degree.max())
    index = torch.tensor([around + [node] * (most - len(around)) for node, around in enumerate(lists)])
    weight = torch.zeros(len(lists), most)
    for node, around in enumerate(lists):
        for k, other in enumerate(around):
            weight[node, k] = -1.0 / float(np.sqrt(degree[node] * degree[other]))
    return index, weight


class _Laplacian(torch.autograd.Function):
    """The scaled Laplacian. It is symmetric, so it is its own gradient: no scatter, hence the same bits every time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor, weight: Tensor) -> Tensor:
        """(L, B, F) to (L, B, F)."""
        ctx.save_for_backward(index, weight)
        return _apply(x, index, weight)

    @staticmethod
    def backward(ctx: Any, *gradient: Tensor) -> tuple[Tensor, None, None]:
        """The same operator again."""
        index, weight = ctx.saved_tensors
        return _apply(gradient[0], index, weight), None, None


def _apply(x: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    total = x.index_select(0, index[:, 0]) * weight[:, 0, None, None]
    for k in range(1, index.shape[1]):
        total = torch.addcmul(total, x.index_select(0, index[:, k]), weight[:, k, None, None])
    return total


class ChebyshevConvolution(nn.Module):
    """(L, B, F_in) to (L, B, F_out) by Chebyshev polynomials of order below K: nodes first, so that a gather moves whole rows.

    Parameters
    ----------
    topology : Topology
    inputs, outputs : int
        Channels.
    order : int
        K, the number of polynomials.
    """

    index: Tensor
    weight: Tensor

    def __init__(self, topology: Topology, inputs: int, outputs: int, order: int) -> None:
        super().__init__()
        index, weight = neighbours(topology)
        self.register_buffer("index", index, persistent=False)
        self.register_buffer("weight", weight, persistent=False)
        self.order = order
        self.mix = nn.Linear(order * inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        terms = [x]
        for k in range(1, self.order):
            step: Tensor = _Laplacian.apply(terms[-1], self.index, self.weight.to(x.dtype))  # type: ignore[no-untyped-call]
            terms.append(step if k == 1 else 2 * step - terms[-2])
        mixed: Tensor = self.mix(torch.cat(terms, dim=-1))
        return mixed


class Doubling(nn.Module):
    """Coarse to fine: kept nodes keep their features, each new node takes the mean of its two neighbours.

    Parameters
    ----------
    topology : Topology
        The finer graph.
    """

    matrix: Tensor

    def __init__(self, topology: Topology) -> None:
        super().__init__()
        coarse, _, parents = topology.coarser()
        matrix = torch.zeros(topology.n_landmarks, coarse.n_landmarks)
        for node, pair in enumerate(parents):
            for parent in pair:
                matrix[node, parent] += 0.5
        self.register_buffer("matrix", matrix, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(L_coarse, B, F) to (L, B, F)."""
        return (self.matrix.to(x.dtype) @ x.flatten(1)).reshape(-1, *x.shape[1:])
