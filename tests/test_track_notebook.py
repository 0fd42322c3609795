"""What a notebook sees of `atlaskit.track`: a result in words, and arrays that say which frames are phases."""

from __future__ import annotations

import numpy as np
import pytest

import atlaskit
from atlaskit import phantom, store
from atlaskit.corpus import Case
from atlaskit.topology import Topology


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> atlaskit.TrackResult:
    """What was found of the true outlines of two ventricles in two slices; one slice has a gap at end-diastole."""
    hearts = phantom.cine(2, frames=12, slices=2, size=96)
    points = np.concatenate([outline[:, ::24] for outline in hearts.outlines.values()], axis=1)
    rows = hearts.table.to_dict("records")[1:]
    cases = [Case(r["case"], f"{r['subject']}.nii", r["subject"], r["frame"], r["slice"], r["time_ms"]) for r in rows]
    place = tmp_path_factory.mktemp("beating") / "atlas" / "landmarks.zarr"
    half = points.shape[1] // 2
    topology = Topology(hearts.structures, (tuple(range(half)), tuple(range(half, 2 * half))))
    opened = store.open_or_create(place, topology=topology, network_sha256="0", cases=cases, latent_size=2, shard=64)
    for shard in opened.shards():
        opened.write_shard(shard, {row: {"points": points[row + 1], "status": 0} for row in opened.rows(shard)})
    return atlaskit.track(atlas=place.parent, film=False, cyclic=True)


def test_a_result_shows_itself_in_words_with_its_notes(result: atlaskit.TrackResult) -> None:
    words = repr(result).splitlines()
    assert words[0] == "4 sequences of 2 studies: 47 frames, 1 missing."
    assert words[: len(words) - len(result.notes)] == str(result).splitlines()
    assert words[-len(result.notes) :] == [f"note       {note}" for note in result.notes]
    assert any("size of a pixel is unknown" in note for note in result.notes)


def test_tracks_say_which_frames_are_end_diastole_and_end_systole(result: atlaskit.TrackResult) -> None:
    atlas = atlaskit.open(result.store.parent)
    tracks, function = atlas.tracks, atlas.table("tracks/function")
    for end in ("ed", "es"):
        frames = [np.flatnonzero(tracks[end].sel(sequence=name)).tolist() for name in tracks["sequence"].values]
        first, second = function[end]
        assert frames == [[first], [first], [second], [second]], "one in each slice, that of the study"
    assert (tracks["phase"].values[tracks["ed"].values] == 0).all()
