"""Landmarks of a population that slide before they are aligned: which stay, and what is said."""

import numpy as np
import pytest
from numpy.typing import NDArray

from atlaskit.contours import resample
from atlaskit.errors import InputError
from atlaskit.topology import Topology
from atlaskit.verbs.sliding import slid

APART = Topology(("box", "disc"), (tuple(range(40)), tuple(range(40, 64))), levels=1)
N = 12


def shapes(seed: int = 0) -> NDArray[np.float64]:
    """Rectangles and ellipses of varying aspect, whose landmarks lie unevenly between corners."""
    rng = np.random.default_rng(seed)
    points = np.empty((N, 64, 2))
    for case in range(N):
        wide = rng.uniform(4, 8)
        even = resample(np.array([[0, 0], [wide, 0], [wide, 6], [0, 6.0]]), 4000)
        places = np.arange(40) * 100 + np.where(np.arange(40) % 10 == 0, 0, rng.integers(-30, 31, 40))
        corner = [0, round(wide / (wide + 6) * 2000), 2000, 2000 + round(wide / (wide + 6) * 2000)]
        ends = np.interp(places, [0, 1000, 2000, 3000, 4000], [*corner, 4000])
        points[case, :40] = even[np.round(ends).astype(int) % 4000]
        angle = 2 * np.pi * (np.arange(24) + rng.uniform(-0.3, 0.3, 24)) / 24
        points[case, 40:] = np.column_stack([20 + rng.uniform(2, 4) * np.cos(angle), 3 * np.sin(angle)])
    return points


@pytest.mark.parametrize("criterion", ["bending", "distance"])
def test_corners_stay_and_all_else_slides_closer(criterion: str) -> None:
    points = shapes()
    kept = points.copy()
    found = slid(points, APART, criterion)  # type: ignore[arg-type]
    assert found is not None and (points == kept).all()
    assert {0, 10, 20, 30} <= set(found.fixed.tolist()) and len(found.fixed) == 5
    assert (found.points[:, found.fixed] == points[:, found.fixed]).all()
    assert found.way == pytest.approx(np.linalg.norm(found.points - points, axis=2)) and found.left < 0.7
    free = found.way[:, np.setdiff1d(np.arange(64), found.fixed)].mean()
    said = found.sentence("mm")
    assert said.startswith(f"59 landmarks slid along their outlines by {free:.3g} mm on average, 5 stayed; {found.left:.0%} of")
    assert ("bending energy" in said) == (criterion == "bending")


def test_landmarks_do_not_gather() -> None:
    points = shapes()
    for criterion in ("bending", "distance"):
        found = slid(points, APART, criterion)  # type: ignore[arg-type]
        assert found is not None
        gaps = np.linalg.norm(np.diff(found.points[:, 40:], axis=1), axis=2)
        assert gaps.min() > 0.1 * gaps.mean()


def test_landmarks_of_several_structures_stay() -> None:
    points = shapes()[:, :40]
    halves = Topology(("all", "half"), (tuple(range(40)), (*range(5, 15), *range(35, 36))), levels=1)
    found = slid(points, halves, "bending")
    assert found is not None and {*range(5, 15), 35} <= set(found.fixed.tolist())


def test_nothing_slides_unasked_and_strange_wishes_are_refused() -> None:
    assert slid(shapes(), APART, "none") is None
    with pytest.raises(InputError, match="slide by none, bending, distance; got 'bend'"):
        slid(shapes(), APART, "bend")  # type: ignore[arg-type]
