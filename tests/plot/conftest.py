"""Small drawn structures for the tests of pictures."""

import numpy as np
import pytest

from atlaskit.contours import fill
from atlaskit.masks import Mask
from atlaskit.topology import Topology

SIZE = (120, 90)


def ellipse(center: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    turn = 2 * np.pi * np.arange(16) / 16
    return np.column_stack([center[0] + radii[0] * np.cos(turn), center[1] + radii[1] * np.sin(turn)])


@pytest.fixture
def topology() -> Topology:
    loops = tuple(tuple(range(16 * k, 16 * k + 16)) for k in range(3))
    return Topology(("left disc", "right disc", "bar"), loops, levels=2)


@pytest.fixture
def points() -> np.ndarray:
    """(48, 2): two discs that overlap and a flat ellipse below them."""
    return np.vstack([ellipse((40, 35), (22, 20)), ellipse((75, 35), (20, 20)), ellipse((60, 75), (35, 7))])


@pytest.fixture
def no_bar(points: np.ndarray) -> np.ndarray:
    return np.where(np.arange(48)[:, None] < 32, points, np.nan)


@pytest.fixture
def mask(points: np.ndarray, topology: Topology) -> Mask:
    return Mask(np.stack([fill(points[list(loop)], SIZE) for loop in topology.loops]), topology.structures)
