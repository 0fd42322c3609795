"""Graph decoder: latent code to landmarks, coarse to fine, with a look at the encoder's features at each level."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from atlaskit.net.graph import ChebyshevConvolution, Doubling
from atlaskit.topology import Topology


class GraphBlock(nn.Module):
    """Twice: Chebyshev convolution, normalisation of each node's channels, ReLU; beside a shortcut.

    The paper normalises each channel over the nodes instead. That erases where and how large the whole shape is, and lets
    one structure's features move another's; with it a fit needs twice the steps.
    """

    def __init__(self, topology: Topology, width: int, order: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(ChebyshevConvolution(topology, width, width, order) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(L, B, F) to (L, B, F)."""
        y = x
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            y = functional.relu(norm(convolution(y)))
        return x + y


class Look(nn.Module):
    """What lies around each landmark in its own structure: features, and coverage, in a 3 x 3 window of a map's pixels.

    Coverage says how far, and to which side, the boundary lies.

    Parameters
    ----------
    topology : Topology
        A landmark of several loops looks at the first of them.
    inputs : int
        Channels of the map; first reduced to `outputs` by a 1 x 1 convolution, which makes the look-up cheap.
    outputs : int
    """

    window: Tensor
    index: Tensor
    slot: Tensor

    def __init__(self, topology: Topology, inputs: int, outputs: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(inputs, outputs, 1)
        index, real = topology.padded_loops()
        slot: dict[int, int] = {}
        for s, k in zip(*real.nonzero(), strict=True):
            slot.setdefault(int(index[s, k]), int(s) * index.shape[1] + int(k))
        step = torch.tensor([-1.0, 0.0, 1.0])
        self.register_buffer("window", torch.cartesian_prod(step, step), persistent=False)
        self.register_buffer("index", torch.from_numpy(index), persistent=False)
        self.register_buffer("slot", torch.tensor([slot[node] for node in range(len(slot))]), persistent=False)

    def forward(self, features: Tensor, planes: Tensor, points: Tensor) -> Tensor:
        """(B x S, F, h, w), (B, S, H, W) and (L, B, 2) in the unit frame to (L, B, 9 x (outputs + 1))."""
        own = functional.adaptive_avg_pool2d(planes.float(), (features.shape[-2], features.shape[-1]))
        maps = torch.cat([self.reduce(features).float(), own.flatten(0, 1)[:, None]], dim=1)
        along = points.index_select(0, self.index.flatten()).transpose(0, 1).reshape(-1, self.index.shape[1], 2)
        grid = (2 * (along[:, :, None] + self.window / maps.shape[-1]) - 1).clamp(-3, 3)  # far beyond the border is the border
        found = functional.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=False)
        found = found.permute(0, 2, 3, 1).reshape(len(planes), -1, 9 * maps.shape[1])
        return found.index_select(1, self.slot).transpose(0, 1)


class GraphDecoder(nn.Module):
    """Latent code to the landmarks of every level.

    Parameters
    ----------
    topology : Topology
        The finest graph; its levels are the decoder's.
    template : (L, 2) tensor or None
        Positions that the network's output displaces, unit frame; None starts every landmark at the frame's centre.
    latent : int
    widths : tuple of int
        Channels per level, coarse to fine; one more for the last block, else that is as wide as the finest level.
    order : int
        K of the Chebyshev convolutions.
    maps : list of int
        Channels of the encoder's feature maps, fine to coarse.
    skip : int
        Channels looked up in them.
    """

    def __init__(
        self,
        topology: Topology,
        template: Tensor,
        *,
        latent: int,
        widths: tuple[int, ...],
        order: int,
        maps: list[int],
        skip: int,
    ) -> None:
        super().__init__()
        graphs, kept = levels_of(topology)
        self.blocks = nn.ModuleList()
        self.heads = nn.ModuleList()
        self.looks = nn.ModuleList()
        self.doublings = nn.ModuleList()
        self.map_of_level: list[int] = []
        self.spread = nn.Linear(latent, graphs[0].n_landmarks * widths[0])
        self.enter = nn.ModuleList()  # from one level's features, positions and look-ups to the next level's width
        for level, (graph, width) in enumerate(zip(graphs, widths, strict=False)):
            self.register_buffer(f"template{level}", template[torch.as_tensor(kept[level])][:, None].clone(), persistent=False)
            self.blocks.append(GraphBlock(graph, width, order))
            self.heads.append(nn.Linear(width, 2))
            fine = min(len(graphs) - 1 - level, len(maps) - 1)
            self.map_of_level.append(fine)
            self.looks.append(Look(graph, maps[fine], skip))
            self.enter.append(nn.Linear(width + 2 + 9 * (skip + 1), widths[min(level + 1, len(widths) - 1)]))
            if level + 1 < len(graphs):
                self.doublings.append(Doubling(graphs[level + 1]))
        self.last = GraphBlock(graphs[-1], widths[-1], order)
        self.out = ChebyshevConvolution(graphs[-1], widths[-1], 2, order)
        for head in (*self.heads, self.out.mix):
            nn.init.normal_(head.weight, std=1e-3)  # start at the template
            nn.init.zeros_(head.bias)

    def forward(self, code: Tensor, planes: Tensor, features: list[Tensor]) -> list[Tensor]:
        """Decode.

        Parameters
        ----------
        code : (B, Z) tensor
        planes : (B, S, H, W) tensor
            What the encoder saw.
        features : list of (B x S, F, h, w) tensors
            The encoder's, fine to coarse.

        Returns
        -------
        list of (B, L_level, 2) tensors
            Positions in the unit frame for each level, coarse to fine, and the final ones last.
        """
        nodes = self.get_buffer("template0").shape[0]
        x = self.spread(code).unflatten(1, (nodes, -1)).transpose(0, 1)
        whole = torch.autocast(x.device.type, enabled=False)  # eight bits of a position are a pixel in two hundred
        positions: list[Tensor] = []
        for level, block in enumerate(self.blocks):
            x = block(x)
            with whole:
                moved = self.heads[level](x.float())
            points = moved + self.get_buffer(f"template{level}")
            positions.append(points.transpose(0, 1))
            seen = features[self.map_of_level[level]]
            found = self.looks[level](seen, planes, points)
            x = self.enter[level](torch.cat([x, moved.to(x.dtype), found.to(x.dtype)], dim=-1))
            if level < len(self.doublings):
                x = self.doublings[level](x)
        x = self.last(x)
        with whole:
            positions.append(positions[-1] + self.out(x.float()).transpose(0, 1))
        return positions


def levels_of(topology: Topology) -> tuple[list[Topology], list[list[int]]]:
    """The graphs of a topology, coarse to fine, and for each the landmark index in the finest of its nodes."""
    graphs, kept = [topology], [list(range(topology.n_landmarks))]
    while graphs[0].levels > 1:
        coarse, nodes, _ = graphs[0].coarser()
        graphs.insert(0, coarse)
        kept.insert(0, [kept[0][node] for node in nodes])
    return graphs, kept
