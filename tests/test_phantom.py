"""Phantoms: their truth is exact, their anatomy sound, and their files read back as they were drawn."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from atlaskit import phantom
from atlaskit.contours import perimeter, signed_area, trace
from atlaskit.errors import InputError
from atlaskit.metrics import read_truth
from atlaskit.phantom import Phantom
from atlaskit.phantom.anatomy import MODES
from atlaskit.readers import read_corpus

SCORES = [f"mode_{name}" for name in MODES]


@pytest.fixture(scope="module")
def chests() -> Phantom:
    return phantom.chest(240, size=128, faults=0.3)


@pytest.fixture(scope="module")
def beats() -> Phantom:
    return phantom.cine(8, frames=12, slices=2, size=96)


def same(a: Phantom, b: Phantom, rows: int) -> None:
    """The first rows of two phantoms are equal, bit by bit."""
    pd.testing.assert_frame_equal(a.table.head(rows), b.table.head(rows))
    for name in a.structures:
        np.testing.assert_array_equal(a.landmarks[name][:rows], b.landmarks[name][:rows])
    for index in range(rows):
        np.testing.assert_array_equal(a.mask(index).planes, b.mask(index).planes)


def test_a_case_is_the_same_whatever_the_number_of_cases() -> None:
    same(phantom.chest(3, size=64, faults=0.5), phantom.chest(9, size=64, faults=0.5), 3)
    same(phantom.cine(1, frames=6, size=48, faults=0.2), phantom.cine(4, frames=6, size=48, faults=0.2), 6)


def test_a_seed_makes_another_cohort() -> None:
    a, b = phantom.chest(2), phantom.chest(2, seed=1)
    assert not np.allclose(a.landmarks["right lung"], b.landmarks["right lung"])


def test_landmarks_lie_on_simple_clockwise_outlines(chests: Phantom, beats: Phantom) -> None:
    for cohort in (chests, beats):
        for name in cohort.structures:
            known = np.isfinite(cohort.outlines[name]).all(axis=(1, 2))
            for outline, points in zip(cohort.outlines[name][known], cohort.landmarks[name][known], strict=True):
                ring = shapely.Polygon(outline)
                assert ring.is_valid and signed_area(outline) > 0
                assert shapely.distance(ring.exterior, shapely.points(points)).max() < 1e-9


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), effect=st.floats(-1.5, 2.5))
def test_every_chest_is_sound_anatomy_inside_its_image(seed: int, effect: float) -> None:
    cohort = phantom.chest(4, seed=seed, effect=effect, missing=0.0, faults=0.0)
    for index in range(len(cohort)):
        rings = {name: shapely.Polygon(outlines[index]) for name, outlines in cohort.outlines.items()}
        assert all(ring.is_valid for ring in rings.values())
        assert shapely.box(0.5, 0.5, 254.5, 254.5).contains(shapely.union_all(list(rings.values())))
        assert rings["right lung"].disjoint(rings["left lung"])
        assert rings["heart"].intersection(rings["right lung"]).area < 0.1 * rings["heart"].area


def test_masks_are_the_pixels_of_the_outlines(chests: Phantom) -> None:
    whole = np.flatnonzero(chests.table["fault"] == "none")[:20]
    for index in whole:
        mask = chests.mask(int(index))
        for plane, name in zip(mask.planes, mask.structures, strict=True):
            outline = chests.outlines[name][index]
            expected = signed_area(outline) if np.isfinite(outline).all() else 0
            assert plane.sum() == pytest.approx(expected, abs=5 + 0.02 * expected)


def test_shape_has_rank_six_and_follows_its_scores(chests: Phantom) -> None:
    points = np.concatenate([chests.landmarks[name] for name in chests.structures if name != "heart"], axis=1)
    angle, size = chests.table["rotation_rad"].to_numpy(), chests.table["size"].to_numpy()
    flat = (points - points.mean(axis=1, keepdims=True)) @ [1, 1j] / (size * np.exp(1j * angle))[:, None]
    shapes = np.hstack([flat.real, flat.imag])
    assert np.linalg.matrix_rank(shapes - shapes.mean(axis=0), tol=1e-8) == len(MODES)
    design = np.column_stack([np.ones(len(chests)), chests.table[SCORES]])
    _, residual, rank, _ = np.linalg.lstsq(design, shapes, rcond=None)
    assert rank == len(MODES) + 1 and residual.max() < 1e-18


def test_an_option_changes_only_what_it_names() -> None:
    plain, other = phantom.chest(40, effect=0.0, missing=0.0), phantom.chest(40, effect=2.0, missing=1.0)
    shift = other.table[SCORES] - plain.table[SCORES]
    disease = plain.table["group"] == "disease"
    np.testing.assert_allclose(shift["mode_heart"], 2.0 * disease, atol=1e-12)
    assert (shift.drop(columns="mode_heart") == 0).all(axis=None)
    assert plain.table["present_heart"].all() and not other.table["present_heart"].any()
    control = int(np.flatnonzero(~disease)[0])
    np.testing.assert_array_equal(plain.mask(control).planes[0], other.mask(control).planes[0])


def test_covariates_have_their_effects() -> None:
    table = phantom.chest(400, effect=0.0).table
    rest = table["mode_breath"] + 0.4 * (table["age"] - 60) / 10
    assert abs(np.corrcoef(rest, table["age"])[0, 1]) < 0.15 < -np.corrcoef(table["mode_breath"], table["age"])[0, 1]
    assert rest.std() == pytest.approx(1.0, abs=0.1)
    assert table["mode_width"].groupby(table["sex"]).mean().diff()["M"] == pytest.approx(0.6, abs=0.2)


def test_faults_are_what_the_table_says(chests: Phantom) -> None:
    assert set(chests.table["fault"]) == {"none", "island", "hole", "cut"}
    for index, fault in enumerate(chests.table["fault"]):
        found = [trace(plane) for plane in chests.mask(index).planes]
        contours = [contour for contour in found if contour is not None]
        assert len(contours) == 5 - (not chests.table["present_heart"].iat[index])
        assert [contour.components for contour in contours] == [1 + (fault == "island"), *[1] * (len(contours) - 1)]
        assert (contours[0].hole_px > 0) == (fault == "hole")
        assert any(contour.touches_border for contour in contours) == (fault == "cut")


def test_clavicles_overlap_the_lungs_and_hearts_are_missing(chests: Phantom) -> None:
    for index in range(20):
        right, left, _, right_clavicle, left_clavicle = chests.mask(index).planes
        assert (right & right_clavicle).any() and (left & left_clavicle).any()
    assert 0.05 < 1 - chests.table["present_heart"].mean() < 0.25


def test_truth_leaves_out_what_no_mask_can_show(chests: Phantom) -> None:
    truth = chests.truth().set_index(["case", "structure"]).sort_index()
    cut = chests.table["case"][chests.table["fault"] == "cut"].iloc[0]
    heartless = chests.table["case"][~chests.table["present_heart"]].iloc[0]
    whole = chests.table["case"][(chests.table["fault"] == "none") & chests.table["present_heart"]].iloc[0]
    everything = sum(points.shape[1] for points in chests.landmarks.values())
    assert len(truth.loc[whole]) == everything > len(truth.loc[cut])
    assert "heart" not in truth.loc[heartless].index
    assert truth[["x", "y"]].min().min() > -0.5 and truth[["x", "y"]].max().max() < 127.5


def test_a_chest_reads_back_as_it_was_drawn(tmp_path: Path) -> None:
    cohort = phantom.chest(6, size=64, missing=0.5)
    corpus = read_corpus(cohort.write(tmp_path))
    assert [case.id for case in corpus.cases] == cohort.table["case"].tolist()
    assert [case.subject for case in corpus.cases] == cohort.table["subject"].tolist()
    for index, case in enumerate(corpus.cases):
        drawn, read = cohort.mask(index), corpus.load(case)
        assert sorted(read.structures) == sorted(drawn.structures) and np.isnan(read.spacing_mm).all()
        for name, plane in zip(drawn.structures, drawn.planes, strict=True):
            np.testing.assert_array_equal(read.planes[read.structures.index(name)], plane)


def test_the_truth_file_and_the_table_read_back(tmp_path: Path) -> None:
    cohort = phantom.chest(5, size=64, missing=0.5)
    cohort.write(tmp_path)
    cases = cohort.table["case"].tolist()
    true = read_truth(tmp_path / "truth.csv").of(cases)
    for name, points in cohort.landmarks.items():
        np.testing.assert_allclose(true[name], points, atol=1e-4)
    table = pd.read_csv(tmp_path / "cases.csv")
    pd.testing.assert_frame_equal(table, cohort.table, rtol=1e-5)


@pytest.mark.parametrize("slices", [1, 3])
@pytest.mark.parametrize("form", ["png", "nifti"])
def test_a_cine_reads_back_as_it_was_drawn(form: str, slices: int, tmp_path: Path) -> None:
    cohort = phantom.cine(2, frames=4, slices=slices, size=48)
    masks = cohort.write(tmp_path, form=form)
    corpus = read_corpus(masks, structures=("cavity=1", "epi=1+2"))
    rows = cohort.table
    assert [case.frame for case in corpus.cases] == rows["frame"].tolist()
    assert [case.subject for case in corpus.cases] == rows["subject"].tolist()
    if form == "nifti":
        np.testing.assert_allclose([case.time_ms for case in corpus.cases], rows["time_ms"], rtol=1e-5)
    if slices > 1:
        assert [case.id for case in corpus.cases] == rows["case"].tolist()
        assert [case.slice for case in corpus.cases] == rows["slice"].tolist()
    for index, case in enumerate(corpus.cases):
        read = corpus.load(case)
        np.testing.assert_array_equal(read.planes, cohort.mask(index).planes)
        expected = cohort.spacing_mm if form == "nifti" else (np.nan, np.nan)
        np.testing.assert_allclose(read.spacing_mm, expected, rtol=1e-6)


def test_areas_lengths_and_strains_are_exact(beats: Phantom) -> None:
    for name in beats.structures:
        areas = np.array([signed_area(outline) for outline in beats.outlines[name]])
        lengths = np.array([perimeter(outline) for outline in beats.outlines[name]])
        np.testing.assert_allclose(beats.table[f"{name}_area"], areas, rtol=5e-4)  # a polygon lies inside its curve
        np.testing.assert_allclose(beats.table[f"{name}_length"], lengths, rtol=1e-12)
        rest = np.repeat(lengths[beats.table["frame"] == 0], 12)
        np.testing.assert_allclose(beats.table[f"{name}_strain"], lengths / rest - 1, atol=1e-12)


def test_the_wall_keeps_its_area_around_the_cavity(beats: Phantom) -> None:
    wall = (beats.table["epi_area"] - beats.table["cavity_area"]).to_numpy().reshape(-1, 12)
    np.testing.assert_allclose(wall, np.repeat(wall[:, :1], 12, axis=1), rtol=1e-12)
    for index in range(len(beats)):
        inner, outer = (shapely.Polygon(beats.outlines[name][index]) for name in ("cavity", "epi"))
        assert outer.contains_properly(inner) and inner.exterior.distance(outer.exterior) > 2.0


def test_fractional_area_change_and_end_systole_are_known(beats: Phantom) -> None:
    for _, rows in beats.table.groupby("subject"):
        volume = rows.groupby("frame")["cavity_area"].sum()
        assert volume.idxmax() == rows["ed_frame"].iloc[0] == 0
        assert volume.idxmin() == rows["es_frame"].iloc[0]
        assert 1 - volume.min() / volume.max() == pytest.approx(rows["fac"].iloc[0], abs=1e-12)


def test_disease_lowers_the_fraction_by_the_effect() -> None:
    plain, other = (phantom.cine(6, frames=4, size=32, effect=effect).table for effect in (0.0, 2.0))
    np.testing.assert_allclose(plain["fac"] - other["fac"], 0.08 * (plain["group"] == "disease"), atol=1e-12)


def test_twist_turns_the_cavity_and_nothing_else() -> None:
    still, twisted = phantom.cine(1, frames=8), phantom.cine(1, frames=8, twist_rad=0.3)
    np.testing.assert_array_equal(still.landmarks["epi"], twisted.landmarks["epi"])
    np.testing.assert_array_equal(still.table, twisted.table)
    es = int(still.table["es_frame"].iat[0])
    edge = [np.diff(cohort.landmarks["cavity"][es], axis=0) @ [1, 1j] for cohort in (still, twisted)]
    np.testing.assert_allclose(np.angle(edge[1] / edge[0]), 0.3, atol=1e-9)


def test_empty_frames_are_recorded() -> None:
    cohort = phantom.cine(4, frames=10, size=32, faults=0.3)
    empty = np.array([not cohort.mask(index).planes.any() for index in range(len(cohort))])
    np.testing.assert_array_equal(empty, cohort.table["fault"] == "empty")
    np.testing.assert_array_equal(empty, ~cohort.table["present_epi"])
    assert 0.1 < empty.mean() < 0.5 and cohort.table["cavity_area"].notna().all()


@pytest.mark.parametrize("options", [{"n": 0}, {"size": 8}, {"missing": 1.5}, {"faults": -0.1}])
def test_a_chest_refuses_impossible_numbers(options: dict[str, float]) -> None:
    with pytest.raises(InputError):
        phantom.chest(**{"n": 2, **options})


@pytest.mark.parametrize("options", [{"frames": 3}, {"slices": 0}, {"faults": 2.0}])
def test_a_cine_refuses_impossible_numbers(options: dict[str, float]) -> None:
    with pytest.raises(InputError):
        phantom.cine(2, **options)


def test_a_chest_is_no_label_map(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="overlap"):
        phantom.chest(1).write(tmp_path, form="nifti")
