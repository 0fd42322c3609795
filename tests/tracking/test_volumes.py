"""Volumes by slices: ellipsoids, and what a missing slice means."""

import numpy as np
import pytest

from atlaskit.errors import InputError
from atlaskit.tracking import by_slices, ejection_fraction

NAN = np.nan


@pytest.mark.parametrize("axes", [(45.0, 25.0, 25.0), (40.0, 22.0, 15.0)])
def test_an_ellipsoid_has_its_volume_and_ejection_fraction(axes: tuple[float, float, float]) -> None:
    long, a, b = axes
    heights = np.arange(-48, 48) + 0.5
    beat = np.array([1.0, 0.7, 0.8])
    inside = np.clip(1 - (heights[:, None] / (long * beat)) ** 2, 0, None)
    areas = np.pi * a * b * beat**2 * inside
    ml = by_slices(np.where(areas > 0, areas, NAN), 1.0, missing="zero").ml
    np.testing.assert_allclose(ml, 4 / 3 * np.pi * long * a * b * beat**3 / 1000, rtol=1e-3)
    assert ejection_fraction(ml, 0, 1) == pytest.approx(1 - 0.7**3, abs=1e-3)


def stack(count: int = 20) -> np.ndarray:
    """(5, T) areas of five slices, all of which shrink by half a cosine and rise again."""
    beat = 0.75 + 0.25 * np.cos(2 * np.pi * np.arange(count) / count)
    return np.array([100.0, 300, 400, 450, 460])[:, None] * beat


def test_a_missing_area_refuses_its_frame_and_a_slice_outside_the_cavity_does_not() -> None:
    areas = np.concatenate([stack(), np.full((1, 20), NAN)])
    whole = by_slices(areas, 8.0)
    np.testing.assert_allclose(whole.ml, stack().sum(axis=0) * 8 / 1000)
    assert whole.absent[5].all() and not whole.absent[:5].any() and not whole.filled.any()
    areas[2, 4] = NAN
    assert np.flatnonzero(np.isnan(by_slices(areas, 8.0).ml)).tolist() == [4]


@pytest.mark.parametrize(("missing", "between"), [("refuse", NAN), ("interpolate", 375.0), ("common", NAN), ("zero", 0.0)])
def test_a_slice_that_is_nowhere_lies_outside_the_cavity_at_an_end_and_not_between_others(missing: str, between: float) -> None:
    areas = stack()
    stacked = np.concatenate([np.full((2, 20), NAN), areas, np.full((1, 20), NAN)])
    outside = by_slices(stacked, 10.0, missing=missing)
    np.testing.assert_allclose(outside.ml, areas.sum(axis=0) / 100)
    assert outside.absent.all(axis=1).tolist() == [True] * 2 + [False] * 5 + [True] and not outside.left_out.any()
    stacked[4] = NAN
    found = by_slices(np.stack([stacked, stacked[::-1]]), 10.0, missing=missing)
    expected = stack() * np.array([[100.0], [300], [between], [450], [460]]) / stack()[:, :1]
    np.testing.assert_allclose(found.ml, [expected.sum(axis=0) / 100] * 2)
    assert found.absent[0, 4].all() == (missing == "zero") and not found.left_out.any()


def test_common_slices_end_before_one_that_is_nowhere_among_those_that_come_and_go() -> None:
    areas = stack()
    areas[0, 7:14] = areas[1] = NAN
    found = by_slices(areas, 10.0, missing="common")
    np.testing.assert_allclose(found.ml, stack()[2:].sum(axis=0) / 100)
    assert found.left_out.tolist() == [True, False, False, False, False]
    assert np.isnan(by_slices(areas, 10.0).ml).all()


def test_a_brief_gap_is_a_fault_and_a_long_one_at_the_apex_a_closed_cavity() -> None:
    areas = stack()
    areas[0, 7:14] = NAN  # the apex closes at end-systole
    areas[1, [5, 6]] = NAN  # a tenth of the beat
    areas[3, 2:9] = NAN  # between slices that are there
    areas[4, 19] = NAN  # at an end, but brief
    found = by_slices(areas, 10.0, missing="interpolate")
    marked = np.zeros((5, 20), dtype=bool)
    marked[1, [5, 6]] = marked[3, 2:9] = marked[4, 19] = True
    assert (found.filled == marked).all()
    assert np.argwhere(found.absent).tolist() == [[0, t] for t in range(7, 14)]
    expected = stack()
    expected[0, 7:14] = 0
    expected[1, [5, 6]] = np.interp([5, 6], [4, 7], expected[1, [4, 7]])
    expected[4, 19] = (expected[4, 18] + expected[4, 0]) / 2
    expected[3, 2:9] = (expected[2, 2:9] + expected[4, 2:9]) / 2
    np.testing.assert_allclose(found.ml, expected.sum(axis=0) / 100)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_slice_that_comes_and_goes_at_the_base_is_left_out_of_all_frames(backwards: bool) -> None:
    areas = stack()
    areas[4, [2, 3, 4, 15, 16, 17]] = areas[0, 7:14] = NAN
    areas = areas[::-1] if backwards else areas
    base, apex = ("first", "last") if backwards else ("last", "first")
    apical, basal = (4, 0) if backwards else (0, 4)
    found = by_slices(areas, 10.0, missing="interpolate")
    assert found.absent[basal].all() and found.absent[apical].sum() == 7
    expected = np.delete(np.nan_to_num(areas), basal, axis=0).sum(axis=0) / 100
    np.testing.assert_allclose(found.ml, expected)
    np.testing.assert_allclose(by_slices(areas, 10.0, missing="interpolate", base=base).ml, expected)
    turned = by_slices(areas, 10.0, missing="interpolate", base=apex)
    assert not turned.left_out.any() and turned.absent[basal].sum() == 6, "what leaves once at the base counts"
    assert by_slices(np.stack([areas, areas[::-1]]), 10.0, missing="interpolate").ml[1] == pytest.approx(expected)


@pytest.mark.parametrize("frames", [20, 2])
def test_a_slice_that_the_cavity_leaves_once_at_its_least_counts_where_it_is(frames: int) -> None:
    areas = stack()[:, [0, 10] if frames == 2 else slice(None)]
    gone = slice(1, 2) if frames == 2 else slice(7, 14)
    areas[4, gone] = NAN
    found = by_slices(areas, 10.0, missing="interpolate")
    assert not found.left_out.any() and found.absent.sum() == (1 if frames == 2 else 7)
    np.testing.assert_allclose(found.ml, np.nan_to_num(areas).sum(axis=0) / 100)
    assert by_slices(np.roll(areas, frames // 2, axis=1)[4:], 10.0, missing="interpolate").ml.shape == (frames,)
    areas[4] = np.roll(areas[4], frames // 2)  # away when it is largest: the masks know it not
    assert by_slices(areas, 10.0, missing="interpolate").left_out[4]


def test_negative_areas_are_refused() -> None:
    with pytest.raises(InputError, match="0 or more"):
        by_slices(-stack(), 10.0)


def test_no_slice_is_left_out_where_nothing_tells_the_base() -> None:
    areas = stack()[:3]
    areas[[0, 2], 7:14] = NAN
    assert by_slices(areas, 10.0, missing="interpolate").absent.sum() == 14
    areas[1, 7:14] = NAN
    assert by_slices(areas, 10.0, missing="interpolate", base="last").absent.sum() == 0
    assert np.isnan(by_slices(areas, 10.0, missing="interpolate").ml[7:14]).all()


def test_a_tenth_of_the_beat_is_brief_and_more_is_not() -> None:
    areas = stack()
    areas[0, 4:6] = areas[0, 10:13] = NAN
    found = by_slices(areas, 10.0, missing="interpolate")
    assert np.flatnonzero(found.filled[0]).tolist() == [4, 5] and np.flatnonzero(found.absent[0]).tolist() == [10, 11, 12]


def test_common_slices_are_summed_in_every_frame_alike() -> None:
    areas = stack()
    areas[0, 7:14] = areas[2, 5] = NAN
    found = by_slices(areas, 10.0, missing="common")
    kept = stack()[1:]
    kept[1, 5] = (kept[1, 4] + kept[1, 6]) / 2
    np.testing.assert_allclose(found.ml, kept.sum(axis=0) / 100)
    assert found.absent[0].all() and found.filled.sum() == 1
    areas[3, 7:14] = NAN
    found = by_slices(areas, 10.0, missing="common")
    np.testing.assert_allclose(
        found.ml, kept[[0, 1, 3]].sum(axis=0) / 100, err_msg="one between others is left out too, and told"
    )
    assert found.left_out.tolist() == [True, False, False, True, False]


def test_a_frame_without_any_area_has_no_volume_in_any_way() -> None:
    areas = stack()
    areas[:, 5:12] = NAN
    for missing in ("refuse", "interpolate", "zero", "common"):
        assert np.isnan(by_slices(areas, 8.0, missing=missing).ml[5:12]).all(), missing
    assert np.isnan(by_slices(np.full((2, 3, 20), NAN), 8.0, missing="zero").ml).all()


def test_each_sequence_has_its_own_distance_between_slices() -> None:
    found = by_slices(np.stack([stack(), stack()]), [8.0, 4.0]).ml
    np.testing.assert_allclose(found[0], 2 * found[1])


@pytest.mark.parametrize("slice_mm", [NAN, 0.0, [8.0, NAN]])
def test_an_unknown_distance_is_refused(slice_mm: object) -> None:
    with pytest.raises(InputError, match="distance between slices in mm"):
        by_slices(np.stack([stack(), stack()]), slice_mm)  # type: ignore[arg-type]


def test_an_unknown_word_and_a_single_slice_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'interpolate'"):
        by_slices(stack(), 8.0, missing="interpolated")
    with pytest.raises(InputError, match="did you mean 'first'"):
        by_slices(stack(), 8.0, missing="interpolate", base="firs")
    with pytest.raises(InputError, match="slices, frames"):
        by_slices(stack()[0], 8.0)


@pytest.mark.parametrize("missing", ["interpolate", "common", "zero", "refuse"])
def test_frames_that_no_slice_has_change_nothing_else(missing: str) -> None:
    areas = 100 * (1 + np.cos(2 * np.pi * np.arange(20) / 20)) + np.array([[300.0], [250], [200], [120]])
    areas[0, 8:13] = np.nan  # a slice at the base that comes and goes
    lost = areas.copy()
    lost[:, 4:7] = np.nan
    stacks = np.stack([areas, lost])
    whole, without = by_slices(stacks, 8.0, missing=missing).ml
    assert np.isnan(without[4:7]).all()
    there = np.delete(np.arange(20), [4, 5, 6])
    np.testing.assert_allclose(without[there], whole[there])
    alone = by_slices(lost, 8.0, missing=missing)
    np.testing.assert_allclose(alone.ml, without)
