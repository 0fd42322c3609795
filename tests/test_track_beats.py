"""The beats of `track`: one that closes, several, two phases, a single frame, and studies of unlike lengths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import atlaskit
from atlaskit.corpus import Case
from atlaskit.phantom import Phantom
from atlaskit.topology import Topology

pytestmark = pytest.mark.usefixtures("tables_only")
Array = NDArray[np.float64]
Write = Callable[..., Path]
FIRST = range(48)
"""The four slices of the first subject."""


def read(atlas: Path, name: str) -> pd.DataFrame:
    """A table that a run wrote."""
    return pd.read_csv(atlas / "tracks" / f"{name}.csv")


def repeated(hearts: Phantom, outlined: Array, times: int) -> tuple[Array, list[Case]]:
    """The second slice of the first subject, its beat so many times."""
    points = np.concatenate([outlined[12:24]] * times)
    return points, [Case(f"P00000_t{t:03d}", "", "P00000", t, -1, 60.0 * t) for t in range(len(points))]


def test_every_beat_has_a_row(
    sequence_store: Write, hearts: Phantom, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    points, cases = repeated(hearts, outlined, 3)
    atlas = sequence_store(tmp_path / "atlas", points, cases, nested)
    result = atlaskit.track(atlas=atlas)
    found = result.function
    assert found["beat"].tolist() == [0, 1, 2] and found["ed"].tolist() == [0, 12, 24] and found["es"].tolist() == [5, 17, 29]
    np.testing.assert_allclose(found["fac"], hearts.table["fac"].iat[0], atol=1e-3)
    np.testing.assert_allclose(found["beats_per_minute"], 60_000 / (12 * 60))
    assert not read(atlas, "sequences")["closes"].any() and "P00000, beat 3: " in str(result)
    assert read(atlas, "curves").query("structure == 'cavity'")["phase"].to_numpy() == pytest.approx(
        np.tile(np.arange(12) / 12, 3)
    )


def at_times(store: Write, outlined: Array, nested: Topology, atlas: Path, frames: list[int], times: list[float]) -> Path:
    """The second slice of the first subject at some of its frames, each at a time of its own."""
    cases = [Case(f"P00000_t{k:03d}", "", "P00000", k, -1, time) for k, time in enumerate(times)]
    return store(atlas, outlined[12 + np.array(frames)], cases, nested)


def test_phases_and_rates_go_by_time(sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path) -> None:
    times = np.cumsum([0, 20, 20, 20, 20, 20, *[60] * 5]).tolist()  # end-systole, at frame 5, after 100 of 436 ms
    atlas = at_times(sequence_store, outlined, nested, tmp_path / "uneven", [*range(11)], times)
    row = atlaskit.track(atlas=atlas, cyclic=True).function.iloc[0]
    lasts = 400 * 11 / 10
    assert row["es_ms"] == 100 and row["beats_per_minute"] == pytest.approx(60_000 / lasts)
    frames = read(atlas, "frames").set_index("frame")
    assert frames["phase"].to_numpy() == pytest.approx(np.array(times) / lasts)
    average = read(atlas, "average").query("curve == 'area'")
    assert average.loc[average["mean"].idxmin(), "phase"] == pytest.approx(100 / lasts, abs=0.02)
    steps = np.repeat([40.0, 20.0, 30.0], 12)
    atlas = at_times(
        sequence_store, outlined, nested, tmp_path / "three", [*range(12)] * 3, (np.cumsum(steps) - steps).tolist()
    )
    found = atlaskit.track(atlas=atlas).function["beats_per_minute"]
    assert found.iloc[:2].to_numpy() == pytest.approx([125, 250]) and found.iloc[2] == pytest.approx(60_000 / 360, rel=0.01)


def test_a_part_of_a_beat_has_phases_and_no_course(
    sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    frames = np.linspace(0, 5, 11)
    points = np.stack([outlined[12 + int(f)] * (1 - f % 1) + outlined[min(13 + int(f), 23)] * (f % 1) for f in frames])
    cases = [Case(f"P00000_t{k:03d}", "", "P00000", k, -1, 30.0 * k) for k in range(len(points))]
    result = atlaskit.track(atlas=sequence_store(tmp_path / "atlas", points, cases, nested))
    row = result.function.iloc[0]
    assert (row["ed"], row["es"]) == (0, 10) and row["fac"] > 0.3 and np.isnan(row["beats_per_minute"])
    assert read(tmp_path / "atlas", "frames")["phase"].isna().all()
    assert not (tmp_path / "atlas" / "tracks" / "average.csv").exists() or read(tmp_path / "atlas", "average")["n"].eq(0).all()
    assert any("1 study without a whole beat" in note for note in result.notes)


def test_paths_of_two_phases_lead_there_and_back(
    sequence_store: Write, hearts: Phantom, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    cases = [Case(f"P{k}_t{t}", "", f"P{k}") for k in range(6) for t in range(2)]
    rows = [48 * k + frame for k in range(6) for frame in (5, 0)]  # end-systole first
    whose = pd.DataFrame({"subject": [f"P{k}" for k in range(6)], "group": ["a", "b"] * 3})
    atlas = sequence_store(tmp_path / "atlas", outlined[rows], cases, nested)
    found = atlaskit.track(atlas=atlas, table=whose, group="group").paths.set_index("attribute").loc["size"]
    shapes = outlined[rows].reshape(6, 2, 64, 2)
    ways = [np.linalg.norm(es - ed) / np.linalg.norm(ed - ed.mean(0)) for es, ed in shapes]
    for value, own in ((found["value_a"], ways[::2]), (found["value_b"], ways[1::2])):
        assert value == pytest.approx(2 * np.mean(own), rel=0.05)  # lengths of the mean, which is turned a little


def test_what_lacks_a_slice_is_counted(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    gone = hearts.table.index[
        (hearts.table["subject"] == "P00000") & (hearts.table["slice"] == 1) & (hearts.table["frame"] == 5)
    ]
    atlas = beating(tmp_path / "atlas", [row for row in hearts.table.index if row not in gone])
    whose = hearts.table[["subject", "group"]].drop_duplicates()
    result = atlaskit.track(atlas=atlas, table=whose, group="group", permutations=19)
    assert result.function["slices_measured"].tolist() == [3, 4, 4, 4, 4, 4] and (result.function["slices"] == 4).all()
    assert "1 sequence with gaps or without a whole beat left out of paths of shape (--fill)" in result.notes


@pytest.mark.parametrize(("cyclic", "closes"), [(None, True), (True, True), (False, False)])
def test_a_beat_closes_where_it_is_said_or_seen(
    beating: Write, whole: Path, cyclic: bool | None, closes: bool, tmp_path: Path
) -> None:
    atlas = beating(tmp_path / "atlas", FIRST)
    atlaskit.track(atlas=atlas, cyclic=cyclic)
    assert read(atlas, "sequences")["closes"].tolist() == [closes] * 4
    atlas = beating(tmp_path / "systole", [row for row in FIRST if row % 12 < 6])
    atlaskit.track(atlas=atlas, cyclic=cyclic)
    assert read(atlas, "sequences")["closes"].tolist() == [bool(cyclic)] * 4


def test_two_phases_are_end_diastole_and_end_systole(
    sequence_store: Write, hearts: Phantom, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    rows = [q * 12 + frame for q in range(3) for frame in (5, 0)]
    cases = [Case(f"P0_{('ED', 'ES')[k % 2 == 0]}_s{k // 2:03d}", "", "P0") for k in range(6)]
    atlas = sequence_store(tmp_path / "atlas", outlined[rows], cases, nested, spacing_mm=2.0, slice_mm=8.0)
    result = atlaskit.track(atlas=atlas)
    row = result.function.iloc[0]
    assert (row["ed"], row["es"]) == (0, 1) and row["ef"] == pytest.approx(hearts.table["fac"].iat[0], abs=1e-6)
    assert row["strain"] == row["strain_peak"] == pytest.approx(hearts.table["cavity_strain"].iat[5])
    assert result.time_unit == "frame" and not {"ed_ms", "es_ms", "beats_per_minute"} & set(row.index)


def test_of_two_phases_the_larger_is_end_diastole(
    sequence_store: Write, hearts: Phantom, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    cases = [Case(f"P0_t{k}", "", "P0") for k in range(2)]
    atlas = sequence_store(tmp_path / "atlas", outlined[[5, 0]], cases, nested)
    row = atlaskit.track(atlas=atlas).function.iloc[0]
    assert (row["ed"], row["es"]) == (1, 0) and row["fac"] == pytest.approx(hearts.table["fac"].iat[0])
    assert row["strain"] == row["strain_peak"] == pytest.approx(hearts.table["cavity_strain"].iat[5])


def test_one_frame_is_no_beat(beating: Write, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", [0])
    result = atlaskit.track(atlas=atlas)
    assert result.function.empty and "No beat was found" in str(result) and len(read(atlas, "frames")) == 1
    assert not (atlas / "tracks" / "function.csv").exists()
    assert read(atlas, "curves")["strain"].isna().all() and (read(atlas, "curves")["area_mm2"] > 0).all()


def test_studies_without_a_beat_are_named(beating: Write, tmp_path: Path) -> None:
    result = atlaskit.track(atlas=beating(tmp_path / "atlas", [*FIRST, 48, 60, *range(96, 98), 144]))
    assert result.function["study"].tolist() == ["P00000", "P00002"]
    words = "no beat, and no row in function.csv, of 2 of 4 studies, as fewer than two frames show how large the cavity is"
    assert f"{words}: P00001, P00003" in result.notes
    assert not any("no beat" in note for note in atlaskit.track(atlas=beating(tmp_path / "whole", range(96, 98))).notes)


@pytest.fixture
def timed(sequence_store: Write, hearts: Phantom, outlined: Array, nested: Topology, tmp_path: Path) -> Callable[..., Any]:
    """Track two hearts with frames 50 ms apart, but at other times in some rows; the result, and what it says of times."""

    def run(other: dict[int, float]) -> tuple[atlaskit.TrackResult, list[str]]:
        rows = hearts.table.iloc[:96].itertuples()
        cases = [Case(r.case, "", r.subject, r.frame, r.slice, other.get(k, 50.0 * r.frame)) for k, r in enumerate(rows)]
        result = atlaskit.track(atlas=sequence_store(tmp_path / f"{len(other)}", outlined[:96], cases, nested))
        return result, [note for note in result.notes if "time" in note]

    return run


def test_times_of_some_cases_are_told_by_those_beside_them(timed: Callable[..., Any], tmp_path: Path) -> None:
    result, notes = timed(dict.fromkeys([5, 17, 29, 41, 51], np.nan))
    assert result.time_unit == "ms" and result.function["beats_per_minute"].tolist() == [100.0, 100.0]
    np.testing.assert_allclose(read(tmp_path / "5", "frames")["time_ms"], np.tile(50.0 * np.arange(12), 8))
    words = "the time of 5 of 96 cases is unknown, such as 'P00000_s000_t005', and taken from that of frames beside them"
    assert notes == [words]


def test_times_that_nothing_tells_are_said_to_lack(timed: Callable[..., Any], tmp_path: Path) -> None:
    late = {12 * z + t: 50.0 * t + 30 for z in range(4, 8) for t in range(7, 12)}
    unknown = dict.fromkeys([5, *(12 * z + 3 for z in range(4, 8))], np.nan)
    result, notes = timed({**late, **unknown})
    assert result.time_unit == "frame" and "time_frames" in read(tmp_path / f"{len(late) + 5}", "frames")
    said = "the time of 4 of 96 cases is unknown, such as 'P00001_s000_t003', so times are frame numbers (--frame-ms)"
    assert notes == [said]
    _, notes = timed(dict.fromkeys(range(96), np.nan))
    assert notes == ["the time between frames is unknown, so times are frame numbers (--frame-ms)"]


def test_sequences_may_be_of_unlike_lengths(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    rows = [*FIRST, *(row for row in range(48, 96) if row % 12 < 7), *range(96, 98), 144]
    atlas = beating(tmp_path / "atlas", rows)
    result = atlaskit.track(atlas=atlas)
    assert result.function["study"].tolist() == ["P00000", "P00001", "P00002"]
    assert read(atlas, "sequences")["frames"].tolist() == [12] * 4 + [7] * 4 + [2, 1] and result.counts["gaps"] == 0
    assert len(read(atlas, "frames")) == len(rows) and len(read(atlas, "curves")) == 2 * len(rows)
    true = hearts.table.groupby("subject")["fac"].first()
    assert result.function["fac"].iloc[:2].to_numpy() == pytest.approx(true.iloc[:2].to_numpy(), abs=1e-3)


def test_a_beat_between_parts_of_two_others_is_one(
    sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    frames = [*range(6, 12), *range(12), *range(6)]  # from end-systole to end-systole but one
    atlas = at_times(sequence_store, outlined, nested, tmp_path / "atlas", frames, [60.0 * k for k in range(24)])
    row = atlaskit.track(atlas=atlas).function
    assert row[["ed", "es"]].to_numpy().tolist() == [[6, 11]]
    assert row["beats_per_minute"].iat[0] == pytest.approx(60_000 / (12 * 60))


def test_two_known_frames_of_many_are_a_pair(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    ends = (hearts.table["frame"] == 0) | (hearts.table["frame"] == hearts.table["es_frame"])
    whose = hearts.table[["subject", "group"]].drop_duplicates()
    atlas = beating(tmp_path / "atlas", np.flatnonzero(ends), frame_count=12)
    result = atlaskit.track(atlas=atlas, table=whose, group="group", permutations=19)
    assert result.counts["gaps"] == 6 * 4 * 10 and len(result.paths) == 3
    assert result.function["ef"].to_numpy() == pytest.approx(
        hearts.table.groupby("subject")["fac"].first().to_numpy(), abs=1e-3
    )


def test_average_beats_are_of_the_slices_that_function_is_of(beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", [row for row in FIRST if row not in (36 + 4, 36 + 5, 36 + 6)])
    row = atlaskit.track(atlas=atlas, steady=False).function.iloc[0]
    average = read(atlas, "average").query("curve == 'strain'")
    assert row["slices_measured"] == 3
    assert average["mean"].min() == pytest.approx(row["strain_peak"], abs=2e-3)
