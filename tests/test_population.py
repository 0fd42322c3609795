"""The cases of a store that statistics can use: chosen, ordered, in one unit, at once and shard by shard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from atlaskit import Population
from atlaskit.errors import InputError
from atlaskit.landmarks import Status
from atlaskit.topology import Topology
from atlaskit.verbs.population import population

Pairs = tuple[NDArray[np.float64], Topology]
Writer = Callable[..., Path]


@pytest.fixture
def people(pairs: Pairs, landmark_store: Writer, tmp_path: Path) -> Population:
    """Cases 3 and 4 lack the heart, 20 to 35 are rejected."""
    points, topology = pairs[0].copy(), pairs[1]
    points[3:5, 12:] = np.nan
    spacing = np.random.default_rng(1).uniform(0.5, 2, (60, 2))
    rejected = dict.fromkeys(range(20, 36), Status.REJECTED)
    path = landmark_store(tmp_path / "a.zarr", points, topology, spacing_mm=spacing, status=rejected, template=points[0])
    return population(path, structures=("heart",))


def test_cases_come_in_the_order_of_their_ids_with_the_landmarks_asked_for(people: Population, pairs: Pairs) -> None:
    kept = [k for k in range(60) if k not in (3, 4) and not 20 <= k < 36]
    assert people.cases == tuple(f"case_{k:03d}" for k in kept) and len(people) == 42
    assert people.subjects == tuple(f"subject {k // 2}" for k in kept) and set(people.frame) == {-1}
    assert people.spacing_mm is not None and people.unit == "mm"
    assert people.points == pytest.approx(pairs[0][kept][:, 12:] * people.spacing_mm[:, None], rel=1e-6)
    assert people.left_out == ("16 cases pending or rejected left out", "2 cases without heart left out")


def test_landmarks_are_numbered_anew_and_their_numbers_kept(people: Population, pairs: Pairs) -> None:
    assert people.topology == Topology(("heart",), (tuple(range(12)),), levels=1)
    assert people.landmarks.tolist() == list(range(12, 24))
    assert people.template == pytest.approx(pairs[0][0, 12:])


def test_shard_by_shard_they_are_the_same(people: Population) -> None:
    blocks = list(people.blocks())
    assert len(blocks) == 4 and sorted(np.concatenate([at for at, _ in blocks]).tolist()) == list(range(42))
    for at, points in blocks:
        assert (points == people.points[at]).all()


def test_without_pixel_sizes_and_template_there_are_none(pairs: Pairs, landmark_store: Writer, tmp_path: Path) -> None:
    people = population(landmark_store(tmp_path / "a.zarr", *pairs))
    assert people.spacing_mm is None and people.unit == "px" and people.template is None


def test_it_says_who_is_there(people: Population) -> None:
    assert repr(people).startswith("Population(42 cases; 12 landmarks of heart, mm; 16 cases pending")


def test_a_shard_without_any_case_is_no_block(pairs: Pairs, landmark_store: Writer, tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(60)
    rejected = {int(k): Status.REJECTED for k in order[:16]}
    people = population(landmark_store(tmp_path / "a.zarr", *pairs, status=rejected))
    assert [len(at) for at, _ in people.blocks()] == [16, 16, 12]


def test_a_structure_that_is_none_is_said(people: Population) -> None:
    with pytest.raises(InputError, match="'hart' is not: did you mean 'heart'"):
        population(people.store, structures=("hart",))


def test_one_structure_may_be_named_alone_and_none_twice(people: Population) -> None:
    assert population(people.store, structures="heart").structures == ("heart",)
    with pytest.raises(InputError, match="named once each; 'heart' came twice"):
        population(people.store, structures=("heart", "heart"))


def test_a_unit_that_is_none_is_said(people: Population) -> None:
    with pytest.raises(InputError, match="one of auto, px, mm; 'inch' came"):
        population(people.store, unit="inch")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0.0, -0.5])
def test_pixel_sizes_must_be_sizes(size: float, pairs: Pairs, landmark_store: Writer, tmp_path: Path) -> None:
    spacing = np.ones((60, 2))
    spacing[7, 1] = size
    path = landmark_store(tmp_path / "a.zarr", *pairs, spacing_mm=spacing)
    with pytest.raises(InputError, match=f"case_007 in .* has 1 x {size:g} mm: extract it anew"):
        population(path)
    assert population(path, unit="px").unit == "px"


def test_a_case_that_is_one_point_is_left_out_by_name(pairs: Pairs, landmark_store: Writer, tmp_path: Path) -> None:
    points = pairs[0].copy()
    points[9] = 5.0
    people = population(landmark_store(tmp_path / "a.zarr", points, pairs[1]))
    assert people.left_out == ("1 case whose landmarks are one point (case_009) left out",)
    assert len(people) == 59 and "case_009" not in people.cases
