"""The network file: what went in comes out, what is no network is refused, and nothing in it is ever run."""

import errno
import os
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlaskit.config import FitConfig
from atlaskit.errors import NetworkError, NotFoundError
from atlaskit.groupwise import Template
from atlaskit.masks import Structure
from atlaskit.net.data import Cases
from atlaskit.net.hybrid import HybridNet
from atlaskit.net.network import Network, load_network, save_whole
from atlaskit.net.predict import predict
from atlaskit.topology import Topology


@pytest.fixture
def network(net: HybridNet, template: Template, config: FitConfig) -> Network:
    structures = tuple(Structure(name, (name, "Lappen ß"), (k, k + 7)) for k, name in enumerate(template.topology.structures))
    return Network(net, template, structures, config, np.arange(8.0), np.ones(8))


@pytest.fixture
def saved(network: Network, tmp_path: Path) -> Path:
    network.save(tmp_path / "network.pt")
    return tmp_path / "network.pt"


def test_a_saved_network_comes_back_as_it_was(network: Network, saved: Path, cases: Cases) -> None:
    found = load_network(str(saved))
    assert found.sha256 == network.sha256 and found.topology == network.topology
    assert found.config == network.config and found.structures == network.structures
    assert not found.net.training
    expected = predict(network.net, cases, input_size=32)
    again = predict(found.net, cases, input_size=32)
    assert np.array_equal(again.points, expected.points) and np.array_equal(again.latent, expected.latent)
    np.testing.assert_array_equal(found.latent_mean, network.latent_mean)
    np.testing.assert_array_equal(found.latent_spread, network.latent_spread)
    for name in ("points", "centre", "radius", "anchor", "smooth"):
        np.testing.assert_array_equal(getattr(found.template, name), getattr(network.template, name))
    assert found.template.weights == network.template.weights
    for a, b in zip(found.template.signatures, network.template.signatures, strict=True):
        np.testing.assert_array_equal(a, b)
    found.save(saved)
    assert load_network(saved).sha256 == network.sha256


def test_the_fingerprint_tells_weights_numbers_and_graphs_apart(network: Network, template: Template) -> None:
    names = tuple(reversed(template.topology.structures))
    renamed = replace(template, topology=Topology(names, template.topology.loops, template.topology.levels))
    others = [replace(network, config=replace(network.config, seed=1)), replace(network, template=renamed)]
    before = network.sha256
    with torch.no_grad():
        network.net.encoder.mean.bias[0] += 1e-6
    others.append(replace(network))
    assert len({before, *(other.sha256 for other in others)}) == 4


def test_no_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="run `atlaskit fit` first"):
        load_network(tmp_path / "network.pt")
    with pytest.raises(NotFoundError):
        load_network(tmp_path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    "content",
    [b"", b"\x80", b"PK\x03\x04", b"hello world", os.urandom(3000), pickle.dumps({"format": "atlaskit.network"}), b"\0" * 512],
    ids=["empty", "pickle mark", "zip mark", "text", "noise", "plain pickle", "zeros"],
)
def test_what_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.pt"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=r"network\.pt"):
        load_network(path)


@given(part=st.floats(0, 0.999))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_truncated_file_is_refused(saved: Path, part: float) -> None:
    content = saved.read_bytes()
    short = saved.with_name("short.pt")
    short.write_bytes(content[: int(part * len(content))])
    with pytest.raises(NetworkError, match=r"short\.pt"):
        load_network(short)


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_loads_or_is_refused_and_nothing_else(saved: Path, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    pickled = content.find(b"atlaskit.network")
    near = st.integers(0, min(4000, len(content) - 1)) | st.integers(max(0, pickled - 200), pickled + 4000)
    for place in data.draw(st.lists(near, min_size=1, max_size=4)):
        content[place] ^= data.draw(st.integers(1, 255))
    hurt = saved.with_name("hurt.pt")
    hurt.write_bytes(content)
    try:
        assert isinstance(load_network(hurt), Network)
    except NetworkError as error:
        assert "hurt.pt" in str(error)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_never_run(tmp_path: Path, zipped: bool) -> None:
    path, crater = tmp_path / "network.pt", tmp_path / "crater"
    document = {"format": "atlaskit.network", "version": 2, "weights": Bomb(crater)}
    torch.save(document, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(NetworkError, match="corrupt or foreign"):
        load_network(path)
    assert not crater.exists()
    torch.load(path, weights_only=False)
    assert crater.exists()  # the bomb was live


def changed(saved: Path, **changes: Any) -> Path:
    """A copy of a file with some entries set, or left out where None."""
    document = {**torch.load(saved, weights_only=True), **changes}
    other = saved.with_name("other.pt")
    torch.save({name: value for name, value in document.items() if value is not None}, other)
    return other


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 4}, "version 4; this atlaskit reads 3: upgrade"),
        ({"version": "3"}, "version 3"),
        ({"version": None}, "version None"),
        ({"format": "atlaskit.checkpoint"}, "must be a file of format 'atlaskit.network'"),
        ({"format": None}, "must be a file of format"),
    ],
)
def test_foreign_and_newer_files_are_refused(saved: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        load_network(changed(saved, **changes))


ENTRIES = ("topology", "config", "template_weights", "arrays", "weights")


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("value", [None, "{}", "[1]", "not json", 3, [], {"points": torch.zeros(3, 2)}], ids=repr)
def test_what_does_not_fit_together_is_refused(saved: Path, name: str, value: Any) -> None:
    if (name, value) == ("template_weights", "{}"):
        value = '{"unknown": 1}'
    with pytest.raises(NetworkError, match=r"other\.pt must hold a whole network"):
        load_network(changed(saved, **{name: value}))


@pytest.mark.parametrize("changes", [{"structures": '[{"name": "a"}]'}, {"structures": "3"}, {"signatures": [1]}], ids=str)
def test_structures_and_signatures_are_read_whole(saved: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match=r"other\.pt must hold a whole network"):
        load_network(changed(saved, **changes))


def test_a_template_of_another_size_is_refused(saved: Path) -> None:
    arrays = torch.load(saved, weights_only=True)["arrays"]
    with pytest.raises(NetworkError):
        load_network(changed(saved, arrays={**arrays, "points": arrays["points"][:5]}))


def test_a_zip_that_is_no_tensor_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.txt", "hello")
    with pytest.raises(NetworkError):
        load_network(path)


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_whole(
    network: Network, saved: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = saved.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "network.pt.partial")

    if step == "write":
        monkeypatch.setattr(Path, "open", full)
    else:
        monkeypatch.setattr(*((os, "fsync", full) if step == "fsync" else (Path, "replace", full)))
    other = replace(network, latent_mean=np.zeros(8))
    with pytest.raises(OSError, match="No space left on device"):
        other.save(saved)
    monkeypatch.undo()
    assert saved.read_bytes() == old
    other.save(saved)  # what was left behind is in nobody's way
    assert not load_network(saved).latent_mean.any()
    assert [path.name for path in saved.parent.iterdir()] == ["network.pt"]


def test_a_really_full_disk_is_an_oserror(network: Network) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OSError, match="No space left"), Path("/dev/full").open("wb") as file:
        file.write(b"x")
        file.flush()


def test_an_interrupted_write_is_not_taken_for_whole(saved: Path) -> None:
    saved.with_name("network.pt.partial").write_bytes(saved.read_bytes()[:1000])
    load_network(saved)
    save_whole({"format": "else"}, saved.with_name("else.pt"))
    assert sorted(path.name for path in saved.parent.iterdir()) == ["else.pt", "network.pt", "network.pt.partial"]


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_flipped_bit_is_found(saved: Path, tmp_path: Path, part: float) -> None:
    content = bytearray(saved.read_bytes())
    content[int(part * len(content))] ^= 0x10
    (tmp_path / "other.pt").write_bytes(content)
    try:
        found = load_network(tmp_path / "other.pt")
    except NetworkError:
        return
    assert found.sha256 == load_network(saved).sha256  # between the records of the archive, where nothing is kept
