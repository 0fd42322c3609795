"""The pictures of `track` say what its tables say, of every kind of run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import NDArray

import atlaskit
from atlaskit import plot
from atlaskit.corpus import Case
from atlaskit.phantom import Phantom
from atlaskit.topology import Topology

Array = NDArray[np.float64]
Write = Callable[..., Path]
Drawn = Callable[..., dict[str, Any]]


@pytest.fixture
def drawn(tables_only: None, monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Track an atlas and return its axes by name; what the film is given is ``film``."""
    from atlaskit.verbs.tracking import findings, pictures

    found: dict[str, Any] = {}

    def kept(_: str, given: Any, __: Path) -> tuple[Path, ...]:
        found.update(given)
        return ()

    def film(points: Array, *_: object, **options: Any) -> None:
        found["film"] = {"points": points, **options}

    def run(atlas: Path, **options: Any) -> dict[str, Any]:
        found.clear()
        atlaskit.track(atlas=atlas, permutations=19, **options)
        return dict(found)

    monkeypatch.setattr("atlaskit.verbs.track.draw_findings", findings.draw_findings)  # in place of that of tables_only
    monkeypatch.setattr(findings, "replace_pictures", kept)
    monkeypatch.setattr(plot, "beating", film)
    monkeypatch.setattr(pictures, "whole", lambda *_, **__: None)
    return run


def dotted(ax: Axes) -> Line2D:
    """The first curve of axes."""
    return next(line for line in ax.lines if line.get_marker() == "o")


def curve(ax: Axes) -> Array:
    """Where the dots of the first curve lie."""
    return np.asarray(dotted(ax).get_xydata())


def bar(ax: Axes) -> list[str]:
    """What is written beside the colour bar of axes."""
    return [tick.get_text() for tick in ax.child_axes[0].get_yticklabels()]


def hollow(ax: Axes) -> list[float]:
    """Where the open dots of axes lie."""
    return [float(x) for line in ax.lines if line.get_markerfacecolor() == "white" for x in line.get_xdata()]


def test_frames_are_called_as_files_call_them(
    drawn: Drawn, sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    cases = [Case(f"P{k}_t{frame:03d}", "", f"P{k}") for k in range(2) for frame in (8, 19)]
    made = drawn(sequence_store(tmp_path / "atlas", outlined[[5, 0, 53, 48]], cases, nested))
    for name, ax in (("curves", made["curves"]), ("studies", made["studies"])):
        assert ax.get_xlabel() in ("frame", "") and curve(ax)[:, 0].tolist() == [8, 19], name
    assert bar(made["trajectories"]) == ["8, ES", "19, ED"]
    film = made["film"]
    assert film["x"].tolist() == film["frame_numbers"].tolist() == [8, 19] and (film["ed"], film["es"]) == ([1], [0])


def test_a_group_has_one_colour_in_all_pictures(drawn: Drawn, beating: Write, hearts: Phantom, tmp_path: Path) -> None:
    whose = pd.DataFrame({"subject": sorted(set(hearts.table["subject"])), "group": list("zzzaaa")})
    one = hearts.table.index[hearts.table["slice"] == 1]
    made = drawn(beating(tmp_path / "atlas", one), table=whose, group="group")
    assert made["average area"].get_ylabel() == "change of area since ED (%)"
    means = {line.get_label(): line.get_color() for line in made["average area"].lines}
    panels = [(ax.get_title()[:6], dotted(ax).get_color()) for ax in made["studies"].figure.axes]
    assert panels == [(f"P{k:05d}", means["z" if k < 3 else "a"]) for k in (3, 4, 5, 0, 1, 2)], "by group, then by name"


def test_a_slice_with_one_outline_says_why_it_has_no_strain_and_no_motion(
    drawn: Drawn, beating: Write, outlined: Array, tmp_path: Path
) -> None:
    points = outlined.copy()
    points[[*range(12, 15), *range(16, 24)]] = np.nan  # of the second slice the fourth frame stays
    made = drawn(beating(tmp_path / "atlas", range(48), points), show="P00000_s001")
    said = [text.get_text().strip() for ax in (made["curves"], *made["curves"].figure.axes) for text in ax.texts]
    assert "no outline at end-diastole" in said and "no value in any frame" not in said
    notes = [text.get_text().strip() for text in made["trajectories"].texts]
    assert "an outline in one frame alone: no motion is known" in notes and "motion" not in made


def test_a_single_study_has_a_curve_of_its_volume(drawn: Drawn, whole: Path, tmp_path: Path) -> None:
    atlas = Path(shutil.copytree(whole, tmp_path / "atlas"))
    ax = drawn(atlas)["volume"]
    table, row = (pd.read_csv(atlas / "tracks" / f"{name}.csv") for name in ("volumes", "function"))
    np.testing.assert_allclose(curve(ax), table[["time_ms", "volume_ml"]])
    assert ax.get_ylabel() == "volume (ml)"
    assert ax.get_title(loc="left") == f"P00000\nEF {100 * row['ef'].iat[0]:.0f} %"
    assert {"end-diastole", "end-systole"} <= {text.get_text() for text in ax.texts}
    assert {"volume", "studies"}.isdisjoint(drawn(atlas, volume="none")), "an area alone is among the curves"


def test_a_volume_that_is_never_known_is_not_drawn(drawn: Drawn, beating: Write, outlined: Array, tmp_path: Path) -> None:
    points = outlined.copy()
    points[[12 * (frame % 4) + frame for frame in range(12)], :32] = np.nan  # in every frame some slice lacks the cavity
    atlas = beating(tmp_path / "atlas", range(48), points)
    assert "volume" in drawn(atlas) and "volume" not in drawn(atlas, missing="refuse")


@pytest.mark.parametrize("studies", [1, 2])
def test_volumes_mark_what_was_interpolated_and_say_what_was_left_out(
    drawn: Drawn, beating: Write, outlined: Array, tmp_path: Path, studies: int
) -> None:
    points = outlined.copy()
    points[[24 + 4, 0, 1, 6, 7], :32] = np.nan  # the cavity of one frame, and twice that of the first slice
    atlas = beating(tmp_path / "atlas", range(48 * studies), points)
    made = drawn(atlas)
    ax = made["volume" if studies == 1 else "studies"]
    table = pd.read_csv(atlas / "tracks" / "volumes.csv")
    filled = table[(table["study"] == "P00000") & (table["slices_interpolated"] > 0)]
    assert len(filled) == 1 and hollow(ax) == pytest.approx(filled["time_ms"].to_numpy())
    words = ax.get_title(loc="left") + ax.get_title()
    assert words.splitlines()[0] == "P00000" and "EF " in words and "1 slice left out" in words


def paths(ax: Axes) -> Array:
    """The edges of all paths."""
    (found,) = (each for each in ax.collections if isinstance(each, LineCollection) and each.get_label() == "paths")
    return np.array(found.get_segments())


def test_growth_writes_ages_that_there_are_cases_of(
    drawn: Drawn, sequence_store: Write, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    ages = np.tile([7.0, 13.0, 37.0], 2)
    cases = [Case(f"R{k // 3}_d{age:03.0f}", "", f"R{k // 3}") for k, age in enumerate(ages)]
    table = pd.DataFrame({"id": [case.id for case in cases], "age_days": ages})
    atlas = sequence_store(tmp_path / "atlas", outlined[: len(ages)] * ages[:, None, None] ** 0.4, cases, nested)
    assert bar(drawn(atlas, table=table, growth="age_days")["growth"]) == ["7", "13", "37"]


def test_motion_leads_past_a_frame_unlike_its_neighbours(
    drawn: Drawn, beating: Write, hearts: Phantom, outlined: Array, nested: Topology, tmp_path: Path
) -> None:
    points, true = outlined.copy(), outlined[12:24] * hearts.spacing_mm
    points[12 + 8], points[12 + 10] = points[36 + 8] + 12, np.nan  # another slice elsewhere; and a gap
    made = drawn(beating(tmp_path / "atlas", range(48), points), show="P00000_s001", steady=False)
    frames = pd.read_csv(tmp_path / "atlas" / "tracks" / "frames.csv").query("sequence == 'P00000_s001'")
    assert frames.loc[frames["outlier"], "frame"].tolist() == [8]
    for name in ("trajectories", "motion"):
        assert made[name].figure.get_suptitle() == "P00000_s001, 1 outlier left out", name
    true[8], true[10] = (true[7] + true[9]) / 2, np.nan
    one = plot.trajectories(true, nested, es=5)
    np.testing.assert_allclose(paths(made["trajectories"]), paths(one), atol=1e-4)
    again = drawn(tmp_path / "atlas", show="P00000_s001", steady=False, drop_outliers=True, fill=1)
    assert again["motion"].figure.get_suptitle() == "P00000_s001", "what was filled in is no outlier"
    farthest = np.nanmax(np.linalg.norm(true - true[0], axis=-1))
    assert max(made["motion"].child_axes[0].get_ylim()) == pytest.approx(farthest, rel=1e-4)


def test_without_a_whole_beat_there_are_no_averages_and_no_empty_pictures(
    drawn: Drawn, beating: Write, hearts: Phantom, tmp_path: Path
) -> None:
    systole = hearts.table[(hearts.table["frame"] < 6) & hearts.table["subject"].isin(["P00000", "P00001"])].index
    made = drawn(beating(tmp_path / "atlas", systole))
    assert set(made) == {"curves", "trajectories", "motion", "studies", "film"}
    for name, ax in made.items():
        if name != "film":
            ax.figure.savefig(tmp_path / f"{name}.png")
            assert all(np.isfinite(curve(each)).all() for each in ax.figure.axes if name in ("curves", "studies"))
    assert bar(made["trajectories"]) == ["0, ED", "5, ES"]
