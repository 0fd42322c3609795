"""``atlaskit track`` on the command line: options reach the library, one document with --json, notes on stderr."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from atlaskit.phantom import Phantom
from atlaskit_cli.commands.track import track

OPTIONS: dict[str, tuple[list[str], str, Any]] = {
    "structures": (["--structures", "cavity,epi"], "structures", ("cavity", "epi")),
    "id": (["--id", "mouse"], "key", "mouse"),
    "subject": (["--subject", "pig"], "subject", "pig"),
    "pattern": (["--pattern", r"(?P<frame>\d+)$"], "pattern", r"(?P<frame>\d+)$"),
    "role": (["--role", "cavity=epi"], "roles", ["cavity=epi"]),
    "unit": (["--unit", "px"], "unit", "px"),
    "spacing-mm": (["--spacing-mm", "1.5"], "spacing_mm", 1.5),
    "slice-mm": (["--slice-mm", "10"], "slice_mm", 10.0),
    "frame-ms": (["--frame-ms", "40"], "frame_ms", 40.0),
    "cyclic": (["--cyclic"], "cyclic", True),
    "open": (["--open"], "cyclic", False),
    "reference": (["--reference", "2"], "reference", 2),
    "no-steady": (["--no-steady"], "steady", False),
    "smooth": (["--smooth", "savgol"], "smooth", "savgol"),
    "drop-outliers": (["--drop-outliers"], "drop_outliers", True),
    "fill": (["--fill", "2"], "fill", 2),
    "no-drift": (["--no-drift"], "keep_drift", False),
    "segments": (["--segments", "4"], "segments", 4),
    "volume": (["--volume", "slices"], "volume", "slices"),
    "missing": (["--missing", "common"], "missing", "common"),
    "views": (["--views", "2CH,4CH"], "views", ("2CH", "4CH")),
    "base": (["--base", "3, 20"], "base", (3, 20)),
    "convention": (["--convention", "camus"], "convention", "camus"),
    "permutations": (["--permutations", "19"], "permutations", 19),
    "surfaces": (["--surfaces", "vtk"], "surfaces", "vtk"),
    "show": (["--show", "P00000_s001"], "show", "P00000_s001"),
    "no-film": (["--no-film"], "film", False),
    "seed": (["--seed", "7"], "seed", 7),
    "group": (["--group", "group"], "group", "group"),
    "growth": (["--growth", "age"], "growth", "age"),
    "table": (["--table", "who.csv"], "table", Path("who.csv")),
    "store": (["--store", "other.zarr"], "store", Path("other.zarr")),
}


def test_every_option_is_tried() -> None:
    own = set(inspect.signature(track).parameters) - {"atlas", "json", "quiet", "verbose"}
    assert {"keep_drift" if name == "drift" else name for name in own} == {option for _, option, _ in OPTIONS.values()}


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_reaches_the_library(command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    words, option, value = OPTIONS[name]
    given: dict[str, Any] = {}

    class Reached(Exception):
        """Nothing more is to be seen."""

    def reached(**options: Any) -> None:
        given.update(options)
        raise Reached

    monkeypatch.setattr("atlaskit.track", reached, raising=False)
    with pytest.raises(Reached):
        command("track", "--atlas", "here", *words)
    found = given[option]
    assert (tuple(found) if isinstance(value, tuple) else found) == value and given["atlas"] == Path("here")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atlaskit.verbs.track.draw_findings", lambda *_, **__: ((), ()))


@pytest.mark.usefixtures("undrawn")
def test_json_is_one_document_and_notes_go_to_stderr(
    command: Callable[..., Any], beating: Callable[..., Path], hearts: Phantom, tmp_path: Path
) -> None:
    atlas = beating(tmp_path / "atlas", [row for row in range(96) if row not in (17, 20)])
    table = tmp_path / "who.csv"
    hearts.table[["subject", "group"]].drop_duplicates().to_csv(table, index=False)
    said = command("track", "--atlas", atlas, "--table", table, "--group", "group", "--missing", "refuse", "--json")
    document = json.loads(said.stdout, parse_constant=pytest.fail)
    assert said.code == 0 and document["counts"]["gaps"] == 2 and document["unit"] == "mm"
    assert document["function"][0]["esv_ml"] is None and document["function"][1]["esv_ml"] > 0
    assert [row["study"] for row in document["function"]] == ["P00000", "P00001"]
    assert document["function"][0]["strain"] == pytest.approx(-0.3327, abs=2e-3)
    notes = [line for line in said.stderr.splitlines() if line.startswith("note: ")]
    assert [note.removeprefix("note: ") for note in notes] == document["notes"] and len(notes) == 5
    assert notes[0].startswith("note: 4 unused rows of the table: ")
    said = command("track", "--atlas", atlas, "--quiet")
    assert said.stdout.startswith("8 sequences of 2 studies: 94 frames, 2 missing.\nP00000: EDV") and said.stderr == ""


@pytest.mark.usefixtures("undrawn")
def test_a_single_frame_is_told_in_words(command: Callable[..., Any], beating: Callable[..., Path], tmp_path: Path) -> None:
    said = command("track", "--atlas", beating(tmp_path / "atlas", [0]))
    assert said.code == 0 and "1 sequence of 1 study: 1 frame.\nNo beat was found" in said.stdout
    assert "note: no volumes, as no study has 3 slices" in said.stderr


def test_mistakes_are_one_sentence(command: Callable[..., Any], beating: Callable[..., Path], tmp_path: Path) -> None:
    atlas = beating(tmp_path / "atlas", range(36), spacing_mm=float("nan"))
    assert command("track", "--atlas", atlas, "--volume", "slices").is_one_sentence("give --spacing-mm")
    assert command("track", "--atlas", atlas, "--surfaces", "ply").is_one_sentence(
        "Surfaces are in mm, but the size of a pixel is unknown"
    )
    assert command("track", "--atlas", atlas, "--pattern", "(").is_one_sentence("regular expression")
    assert command("track", "--atlas", tmp_path / "none").is_one_sentence("none")
    table = tmp_path / "table.csv"
    pd.DataFrame({"name": ["P00000"], "group": ["a"]}).to_csv(table, index=False)
    assert command("track", "--atlas", atlas, "--table", table).is_one_sentence("id")
    assert command("track", "--atlas", atlas, "--table", tmp_path / "no.csv").is_one_sentence("no.csv")
    assert not (atlas / "tracks").exists()


@pytest.mark.parametrize("base", ["1", "1,2,3", "a,b", ""])
def test_a_base_is_two_landmarks(command: Callable[..., Any], base: str) -> None:
    said = command("track", "--base", base)
    assert said.code == 2 and "two landmarks, such as 12,40" in " ".join(said.stderr.split())
