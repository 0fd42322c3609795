"""Blocks of shapes give what all of them at once give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape import align, pca, stream

Array = NDArray[np.float64]


def cohort(seed: int, n: int = 60) -> Array:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=10) + 1j * rng.normal(size=10) + rng.normal(0, 0.2, (n, 10)) + 1j * rng.normal(0, 0.2, (n, 10))
    z = (rng.uniform(1, 3, n) * np.exp(1j * rng.normal(0, 0.3, n)))[:, None] * z + rng.normal(0, 9, (n, 1))
    return np.stack([z.real, z.imag], -1)


@pytest.mark.parametrize("scale", ["full", "unit", "none"])
@pytest.mark.parametrize("robust", [False, True], ids=["plain", "robust"])
@given(st.integers(0, 1000), st.integers(1, 70), st.booleans())
@settings(max_examples=8)
def test_blocks_give_what_all_cases_give(scale: str, robust: bool, seed: int, size: int, onto: bool) -> None:
    points = cohort(seed)
    goal = cohort(seed + 1)[0] if onto else None
    found = stream(lambda: [points[k : k + size] for k in range(0, 60, size)], scale=scale, modes=5, robust=robust, onto=goal)  # type: ignore[arg-type]
    whole = align(points, scale=scale, robust=robust, onto=goal)  # type: ignore[arg-type]
    model = pca(whole.tangent, modes=5)
    size_of = np.abs(whole.mean).max()
    assert found.mean / size_of == pytest.approx(whole.mean / size_of, abs=1e-9)
    assert found.model.mean / size_of == pytest.approx(model.mean / size_of, abs=1e-9)
    assert found.model.variance == pytest.approx(model.variance, rel=1e-6)
    assert np.abs((found.model.modes * model.modes).sum((1, 2))) == pytest.approx(np.ones(5), abs=1e-6)
    assert (found.cases, found.model.cases) == (60, 60)


def test_modes_of_a_stream_are_chosen_by_parallel_analysis() -> None:
    rng = np.random.default_rng(1)
    points = cohort(0, 300) + np.tensordot(rng.normal(0, 0.6, (300, 2)), rng.normal(size=(2, 10, 2)), axes=1)
    found = stream(lambda: [points], modes="parallel", seed=3)
    assert len(found.table) == len(pca(align(points).tangent, modes="parallel").variance) == 2
    assert found.table.equals(found.model.table)
    assert repr(found) == f"Streamed(300 cases in {found.passes} passes, {found.model!r})"


def test_what_cannot_be_streamed_is_said() -> None:
    part = cohort(0).copy()
    part[3, 2] = np.nan
    for blocks, words in (([], "there are none"), ([cohort(0)[:1]], "2 or more cases"), ([cohort(0), part], "every landmark")):
        with pytest.raises(InputError, match=words):
            stream(lambda blocks=blocks: blocks)  # type: ignore[misc]
