"""A network, a store or a disk that cannot be used gets one sentence and exit 1; nothing written before is lost."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr

import atlaskit
from atlaskit.net.network import save_whole

Command = Callable[..., Any]


def newer(path: Path) -> None:
    document = torch.load(path, weights_only=True)
    save_whole({**document, "version": 99}, path)


BAD_NETWORKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "none": (Path.unlink, "run `atlaskit fit` first"),
    "cut early": (lambda p: p.write_bytes(p.read_bytes()[:5000]), "corrupt or foreign"),
    "cut late": (lambda p: p.write_bytes(p.read_bytes()[:-500]), "corrupt or foreign"),
    "text": (lambda p: p.write_text("weights"), "corrupt or foreign"),
    "foreign": (lambda p: torch.save({"state_dict": {"a": torch.zeros(3)}}, p), "something else"),
    "newer": (newer, "upgrade atlaskit"),
}


@pytest.mark.parametrize("name", BAD_NETWORKS)
def test_a_network_that_cannot_be_used_is_one_sentence(name: str, command: Command, cohort: Path, own_atlas: Path) -> None:
    spoil, words = BAD_NETWORKS[name]
    spoil(own_atlas / "network.pt")
    said = command("extract", "--model", cohort, "--atlas", own_atlas)
    assert said.is_one_sentence(words)
    assert "network.pt" in said.stderr and not (own_atlas / "landmarks.zarr").exists()


@pytest.mark.parametrize(("changes", "what"), [({"nodes": 34}, "topology"), ({"seed": 5}, "network")])
def test_a_store_of_another_atlas_is_kept(
    changes: dict[str, int], what: str, command: Command, cohort: Path, own_atlas: Path, tmp_path: Path, tiny: Any
) -> None:
    command("extract", "--model", cohort, "--atlas", own_atlas)
    before = contents(own_atlas / "landmarks.zarr")
    config = type(tiny).from_dict({**tiny.to_dict(), **changes, "steps": 1, "checks": 1})
    structures = ("right lung=1", "left lung=2", "heart=3")
    atlaskit.fit(cohort, atlas=tmp_path / "other", structures=structures, config=config)
    words = ("extract", "--model", cohort, "--atlas", tmp_path / "other", "--out", own_atlas / "landmarks.zarr")
    assert command(*words).is_one_sentence(f"must belong to this atlas ({what}")
    assert contents(own_atlas / "landmarks.zarr") == before
    assert command(*words, "--overwrite").code == 0


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_no_store_is_never_written_over(kind: str, command: Command, cohort: Path, own_atlas: Path) -> None:
    place = own_atlas / "landmarks.zarr"
    (place.write_text("precious") if kind == "file" else (place.mkdir(), (place / "a").write_text("precious")))
    for extra in ((), ("--overwrite",)):
        assert command("extract", "--model", cohort, "--atlas", own_atlas, *extra).is_one_sentence("must be a landmark store")
    assert "precious" in (place if kind == "file" else place / "a").read_text()


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def small_disk(most: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_store_is_one_sentence(command: Command, cohort: Path, own_atlas: Path) -> None:
    with small_disk(60):
        said = command("extract", "--model", cohort, "--atlas", own_atlas)
    assert said.is_one_sentence("must be writable")
    assert not [path for path in own_atlas.iterdir() if "landmarks" in path.name]


def test_a_disk_that_fills_up_loses_nothing_of_before(command: Command, own_cohort: Path, own_atlas: Path) -> None:
    late = [(path, path.read_bytes()) for path in sorted(own_cohort.iterdir())[12:]]
    for path, _ in late:
        path.unlink()
    assert command("extract", "--model", own_cohort, "--atlas", own_atlas).code == 0
    old = xr.open_zarr(own_atlas / "landmarks.zarr").load()
    for path, content in late:
        path.write_bytes(content)
    with small_disk(5000):
        said = command("extract", "--model", own_cohort, "--atlas", own_atlas)
    assert said.code == 1 and said.stderr.count("\n") == 1 and said.stderr.startswith("error: "), said.stderr
    half = xr.open_zarr(own_atlas / "landmarks.zarr").load()
    assert (half["status"].values[:12] == 0).all()
    np.testing.assert_array_equal(half["points"].sel(case=old["case"].values), old["points"])
    assert command("extract", "--model", own_cohort, "--atlas", own_atlas).code == 0
    assert (xr.open_zarr(own_atlas / "landmarks.zarr")["status"] == 0).all()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EFBIG])
def test_a_disk_that_takes_no_network_keeps_the_old_atlas(
    number: int, command: Command, cohort: Path, own_atlas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = "steps = 2\nchecks = 1\nlevels = 1\ngraph_filters = [8]\nnodes = 32\ninput_size = 32\nfilters = [8]\nlatent = 4\n"
    (tmp_path / "run.toml").write_text(numbers)
    before = contents(own_atlas)

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    said = command("fit", cohort, "--atlas", own_atlas, "--preset", "fast", "--config", tmp_path / "run.toml")
    assert said.is_one_sentence({errno.ENOSPC: "disk is full", errno.EROFS: "no permission", errno.EFBIG: "too large"}[number])
    after = contents(own_atlas)
    assert all(after[path] == content for path, content in before.items())


def test_an_atlas_below_a_file_is_one_sentence(command: Command, cohort: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    said = command("fit", cohort, "--atlas", tmp_path / "file" / "atlas", "--preset", "fast")
    assert said.is_one_sentence("Not a directory")
    assert command("fit", cohort, "--atlas", tmp_path / "file").code == 2
    assert (tmp_path / "file").read_text() == "precious"
