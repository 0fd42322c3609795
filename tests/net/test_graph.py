"""Graph convolution against dense matrices, and no seam anywhere along a loop."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from atlaskit.net.decoder import levels_of
from atlaskit.net.graph import ChebyshevConvolution, Doubling, _Laplacian, neighbours
from atlaskit.topology import Topology


def dense(topology: Topology) -> np.ndarray:
    """The scaled Laplacian as a matrix."""
    adjacency = np.zeros((topology.n_landmarks, topology.n_landmarks))
    for loop in topology.loops:
        for a, b in zip(loop, np.roll(loop, -1), strict=True):
            adjacency[a, b] = adjacency[b, a] = 1.0
    root = 1 / np.sqrt(adjacency.sum(1))
    return -root[:, None] * adjacency * root


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_a_convolution_is_the_sum_of_dense_chebyshev_polynomials(topology: Topology, order: int) -> None:
    torch.manual_seed(0)
    convolution = ChebyshevConvolution(topology, 3, 5, order).double()
    x = torch.randn(topology.n_landmarks, 2, 3, dtype=torch.float64)
    laplacian = dense(topology)
    polynomials = [np.eye(len(laplacian)), laplacian]
    for _ in range(order):
        polynomials.append(2 * laplacian @ polynomials[-1] - polynomials[-2])
    weights = convolution.mix.weight.detach().numpy().reshape(5, order, 3)
    expected = sum(np.einsum("lm,mbi,oi->lbo", polynomials[k], x, weights[:, k]) for k in range(order))
    found = convolution(x).detach().numpy() - convolution.mix.bias.detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)  # the Laplacian is kept in single precision


def test_the_scaled_laplacian_has_its_spectrum_within_one(topology: Topology) -> None:
    index, weight = neighbours(topology)
    matrix = torch.zeros(topology.n_landmarks, topology.n_landmarks).scatter_add_(1, index, weight).numpy()
    np.testing.assert_allclose(matrix, dense(topology), atol=1e-7)
    assert np.abs(np.linalg.eigvalsh(matrix.astype(float))).max() <= 1 + 1e-6


def test_the_laplacian_is_its_own_gradient(topology: Topology) -> None:
    index, weight = neighbours(topology)
    x = torch.randn(topology.n_landmarks, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: _Laplacian.apply(value, index, weight.double()), (x,))


def test_the_gradients_of_a_convolution_are_right(topology: Topology) -> None:
    convolution = ChebyshevConvolution(topology, 2, 1, 4).double()
    x = torch.randn(topology.n_landmarks, 1, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value, _: convolution(value), (x, convolution.mix.weight))


def test_the_closing_edge_is_an_edge_like_any_other() -> None:
    ring = Topology(("a",), (tuple(range(12)),), levels=1)
    convolution = ChebyshevConvolution(ring, 1, 1, 2)
    impulse = torch.zeros(12, 1, 1)
    impulse[0] = 1
    reached = _Laplacian.apply(impulse, convolution.index, convolution.weight)[:, 0, 0]
    assert reached.nonzero().flatten().tolist() == [1, 11]
    assert reached[1] == reached[11] == -0.5


@given(turn=st.integers(1, 15), order=st.integers(2, 6))
@settings(max_examples=12)
def test_a_turned_ring_gives_the_turned_result(turn: int, order: int) -> None:
    torch.manual_seed(1)
    convolution = ChebyshevConvolution(Topology(("a",), (tuple(range(16)),), levels=1), 3, 2, order)
    x = torch.randn(16, 2, 3)
    torch.testing.assert_close(convolution(x.roll(turn, 0)), convolution(x).roll(turn, 0))


def test_features_cross_from_loop_to_loop_only_where_they_share_nodes(topology: Topology) -> None:
    convolution = ChebyshevConvolution(topology, 1, 1, 3)
    x = torch.randn(topology.n_landmarks, 1, 1, requires_grad=True)
    only_a = sorted(set(topology.loops[0]) - set(topology.loops[1]))
    only_b = sorted(set(topology.loops[1]) - set(topology.loops[0]))
    convolution(x)[only_a].sum().backward()
    touch = len(only_a) < len(topology.loops[0])
    assert bool(x.grad[only_b].abs().sum() > 0) is touch


def test_doubling_keeps_old_nodes_and_puts_new_ones_between_their_neighbours(topology: Topology) -> None:
    coarse, kept, _ = topology.coarser()
    x = torch.randn(coarse.n_landmarks, 2, 3)
    fine = Doubling(topology)(x)
    assert fine.shape == (topology.n_landmarks, 2, 3)
    torch.testing.assert_close(fine[kept], x)
    for loop in topology.loops:
        for before, new, after in zip(loop[::2], loop[1::2], np.roll(loop[::2], -1), strict=True):
            if new not in kept:  # a node may be new to one loop and old to the other
                torch.testing.assert_close(fine[new], (fine[before] + fine[after]) / 2)


def test_levels_keep_every_second_node_of_every_loop(topology: Topology) -> None:
    graphs, kept = levels_of(topology)
    assert [graph.levels for graph in graphs] == [1, 2, 3]
    assert graphs[-1] is topology and kept[-1] == list(range(topology.n_landmarks))
    for level, (graph, nodes) in enumerate(zip(graphs, kept, strict=True)):
        assert len(nodes) == graph.n_landmarks
        for coarse, fine in zip(graph.loops, topology.loops, strict=True):
            assert tuple(nodes[node] for node in coarse) == fine[:: 2 ** (2 - level)]
