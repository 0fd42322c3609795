"""The store on disk: parity with xarray, resume after kill -9, two jobs at once, and every way it can be wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from atlaskit import landmarks, store
from atlaskit.corpus import Case
from atlaskit.errors import InputError, NotFoundError, StoreError
from atlaskit.landmarks import FIELDS, Record, Status
from atlaskit.store.disk import ABANDONED_S
from atlaskit.topology import Topology

ROOT = Path(__file__).resolve().parents[1]
TOPOLOGY = Topology(("lung", "heart"), (tuple(range(12)), tuple(range(12, 24))))
OTHER = Topology(("lung", "heart"), (tuple(range(16)), tuple(range(16, 28))))
TEMPLATE = np.linspace(0, 1, 48).reshape(24, 2)
NETWORK = "ab" * 32


def cases(n: int, first: int = 0) -> list[Case]:
    return [Case(f"case_{k:03d}", f"case_{k:03d}.png", f"subject {k // 2}", time_ms=float(k)) for k in range(first, n)]


def made(path: Path, n: int = 10, **options: Any) -> store.LandmarkStore:
    given: dict[str, Any] = {"topology": TOPOLOGY, "network_sha256": NETWORK, "latent_size": 3, "shard": 4}
    return store.open_or_create(path, **{**given, "cases": cases(n), "template": TEMPLATE, **options})


def result(row: int, shift: float = 0.0) -> Record:
    """A record that fills every field with values of its own."""
    sizes = landmarks.sizes_of(TOPOLOGY, 3)
    record: dict[str, Any] = {}
    for name, field in FIELDS.items():
        values = np.full(field.shape(1, sizes)[1:], row + shift)
        record[name] = f"{name} {row} {shift}" if field.dtype == "str" else values.astype(field.numpy_dtype)
    return {name: record[name] for name in FIELDS if name not in landmarks.IDENTITY} | {"status": Status.OK}


def write_all(opened: store.LandmarkStore, rows: Mapping[int, Record]) -> None:
    for shard in opened.shards():
        mine = {row: record for row, record in rows.items() if row in opened.rows(shard)}
        if mine:
            opened.write_shard(shard, mine)


def files(path: Path) -> list[str]:
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())


# --- what is written reads back


def test_xarray_reads_the_store_as_it_is_and_without_a_warning(tmp_path: Path) -> None:
    opened = made(tmp_path / "atlas" / "landmarks.zarr")
    records = {row: result(row) for row in range(10)}
    write_all(opened, records)
    whole = [{**landmarks.identity(case), **records[row]} for row, case in enumerate(cases(10))]
    wanted = landmarks.landmark_set(TOPOLOGY, whole, network_sha256=NETWORK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen = xr.open_zarr(opened.path, chunks=None)
        template = xr.open_zarr(opened.path, group="template", chunks=None)
        ours = store.read(opened.path)
        xr.testing.assert_identical(seen.load().drop_attrs(deep=True), wanted.drop_attrs(deep=True))
        xr.testing.assert_identical(seen, ours.load())
    assert seen.attrs == wanted.attrs
    assert {name: seen[name].dtype for name in FIELDS} == {name: field.numpy_dtype for name, field in FIELDS.items()}
    assert [type(value) for value in (seen["case"].values[0], seen["subject"].values[0])] == [str, str]
    np.testing.assert_allclose(seen["points"].sel(case="case_007", axis="y"), 7)
    np.testing.assert_allclose(template["points"].sel(axis="x"), TEMPLATE[:, 0], rtol=1e-6)
    assert template["points"].dtype == np.float32
    np.testing.assert_allclose(store.open_store(opened.path).template(), TEMPLATE, rtol=1e-6)  # type: ignore[arg-type]


def test_every_per_case_array_has_names_and_one_shard_length(tmp_path: Path) -> None:
    group = zarr.open_group(made(tmp_path / "s", shard=512, template=None).path, mode="r")
    assert {group[name].shards[0] for name in FIELDS} == {512}
    assert {group[name].chunks[0] for name in FIELDS} == {256}
    for name, field in FIELDS.items():
        assert group[name].metadata.dimension_names == ("case", *field.dims)
    assert store.open_store(tmp_path / "s").template() is None


def test_a_new_store_is_all_pending_and_knows_its_cases(tmp_path: Path) -> None:
    opened = made(tmp_path / "s")
    assert opened.pending().tolist() == list(range(10))
    assert opened.column("case").tolist() == [case.id for case in cases(10)]
    assert opened.column("time_ms").tolist() == list(range(10))
    assert np.isnan(opened.column("points")).all()
    assert [list(opened.rows(shard)) for shard in opened.shards()] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_corpus_without_cases_makes_an_empty_store(tmp_path: Path) -> None:
    opened = made(tmp_path / "s", 0)
    assert (opened.pending().size, list(opened.shards())) == (0, [])
    assert opened.append_cases(cases(3)) == 3
    assert store.read(tmp_path / "s").sizes["case"] == 3


@settings(max_examples=3, deadline=None)
@given(st.permutations(range(10)), st.integers(3, 10))
def test_order_and_batches_of_writing_change_nothing(order: list[int], batch: int) -> None:
    with TemporaryDirectory() as folder:
        opened = made(Path(folder) / "s")
        for first in range(0, 10, batch):
            write_all(opened, {row: result(row) for row in order[first : first + batch]})
        assert opened.column("ood").tolist() == list(range(10))
        assert opened.column("reason").tolist() == [f"reason {row} 0.0" for row in range(10)]
        assert opened.pending().size == 0


# --- resume


def test_done_cases_are_skipped_until_their_source_changes(tmp_path: Path) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: {**result(row), "source_sha": f"sha {row}"} for row in (1, 5, 6)})
    unchanged = {f"case_{row:03d}": f"sha {row}" for row in (1, 5)}
    assert opened.pending().tolist() == [0, 2, 3, 4, 7, 8, 9]
    assert opened.pending(unchanged).tolist() == [0, 2, 3, 4, 7, 8, 9]
    assert opened.pending({**unchanged, "case_005": "new", "gone": "x"}).tolist() == [0, 2, 3, 4, 5, 7, 8, 9]


def test_a_case_written_again_keeps_nothing_of_before_but_its_identity(tmp_path: Path) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: result(row) for row in range(4)})
    opened.write_shard(0, {2: {"status": Status.REJECTED, "reason": "empty"}})
    assert np.isnan(opened.column("points")[2]).all()
    assert not opened.column("present")[2].any()
    assert opened.column("status").tolist()[:5] == [0, 0, 2, 0, 255]
    assert opened.column("case")[2] == "case_002"
    assert opened.column("ood").tolist()[3] == 3


def test_appended_cases_keep_every_row_and_are_seen_at_once(tmp_path: Path) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: result(row) for row in range(10)})
    assert opened.append_cases(cases(10)) == 0
    assert opened.append_cases([*cases(23, 15), *cases(12)]) == 10  # some known, out of order
    again = store.open_store(tmp_path / "s", mode="r+")
    assert again.pending().tolist() == list(range(10, 20))
    assert again.column("case").tolist()[8:12] == ["case_008", "case_009", "case_015", "case_016"]
    assert again.column("ood").tolist()[:10] == list(range(10))
    write_all(again, {row: result(row) for row in range(10, 20)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen = xr.open_zarr(tmp_path / "s", chunks=None)  # through the consolidated metadata
    assert seen["ood"].values.tolist() == list(range(20))
    assert not (seen["status"] == Status.PENDING).any()


@pytest.mark.parametrize("at", ["points", "status"])
def test_an_addition_cut_short_is_undone_by_the_next_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: result(row) for row in range(10)})
    resize = zarr.Array.resize

    def cut(array: zarr.Array, shape: tuple[int, ...]) -> None:
        if array.name == f"/{at}":
            raise OSError(errno.ENOSPC, "No space left on device")
        resize(array, shape)

    with monkeypatch.context() as patch:
        patch.setattr(zarr.Array, "resize", cut)
        with pytest.raises(StoreError, match="No space left"):
            opened.append_cases(cases(13))
    assert xr.open_zarr(tmp_path / "s", chunks=None).sizes["case"] == 10
    with pytest.raises(StoreError, match="interrupted"):
        store.open_store(tmp_path / "s")
    again = made(tmp_path / "s")
    assert again.n_cases == 10
    assert again.append_cases(cases(14, 11)) == 3
    assert store.read(tmp_path / "s")["case"].values.tolist()[9:] == ["case_009", "case_011", "case_012", "case_013"]
    assert again.column("ood").tolist()[:10] == list(range(10))


WRITER = """
import os, signal, sys
sys.path[:0] = [{root!r}, {tests!r}]
import zarr
from test_store import result, store
opened = store.open_store({path!r}, mode="r+")
write = zarr.Array.__setitem__
def killed(array, rows, values):
    if array.name == "/{at}" and opened.pending().size >= {pending}:
        os.kill(os.getpid(), signal.SIGKILL)
    write(array, rows, values)
zarr.Array.__setitem__ = killed
opened.write_shard(1, {{row: result(row, 0.5) for row in (4, 5)}})
"""


def run(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize(("at", "done"), [("reason", []), ("latent", [4, 5, 6])])
def test_a_killed_writer_leaves_its_cases_pending_and_the_others_done(tmp_path: Path, at: str, done: list[int]) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: result(row) for row in done})
    pending = 10 - len(done) + len({4, 5} & set(done))  # once the cases to change have been taken back
    code = WRITER.format(root=str(ROOT), tests=str(ROOT / "tests"), path=str(tmp_path / "s"), at=at, pending=pending)
    assert run(code).wait(60) == -signal.SIGKILL
    assert set(opened.pending()) == set(range(10)) - (set(done) - {4, 5})
    np.testing.assert_array_equal(opened.column("points")[6], result(6)["points"] if 6 in done else np.nan)
    again = made(tmp_path / "s")
    write_all(again, {int(row): result(int(row)) for row in again.pending()})
    assert again.column("ood").tolist() == list(range(10))
    assert again.column("hd95_px")[:, 1].tolist() == list(range(10))


def test_leftovers_are_swept_where_nobody_else_writes(tmp_path: Path) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: result(row) for row in range(10)})
    clean = files(tmp_path / "s")
    mine = ["status/c/1.ff.partial", "points/c/1/0/0.ff.partial"]
    theirs = ["points/c/0/0/0.ff.partial", "zarr.ff.partial"]
    for leftover in [*mine, *theirs]:
        (tmp_path / "s" / leftover).write_bytes(b"cut")
    opened.write_shard(1, {4: result(4)})
    assert files(tmp_path / "s") == sorted([*clean, *theirs])
    (tmp_path / "s" / "ff.partial").mkdir()
    (tmp_path / "s" / "ff.partial" / "zarr.json").write_text("{}")
    for name, age in (("s.ff.partial", 2 * ABANDONED_S), ("s.aa.partial", 0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, times=(time.time() - age,) * 2)
    opened.sweep()
    assert files(tmp_path / "s") == clean
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s", "s.aa.partial"], "a young draft may be another's"


def test_only_a_landmark_store_is_replaced(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "s").create_array("precious", data=np.arange(3))
    with pytest.raises(StoreError, match="other data"):
        made(tmp_path / "s", overwrite=True)
    assert zarr.open_group(tmp_path / "s")["precious"][:].tolist() == [0, 1, 2]


def test_a_store_whose_landmarks_are_gone_is_not_taken_for_whole(tmp_path: Path) -> None:
    write_all(made(tmp_path / "s"), {row: result(row) for row in range(10)})
    shutil.rmtree(tmp_path / "s" / "points" / "c")
    with pytest.raises(StoreError, match="files of it are gone"):
        store.open_store(tmp_path / "s")


# --- several jobs


def test_jobs_own_disjoint_shards_that_cover_the_store(tmp_path: Path) -> None:
    opened = made(tmp_path / "s", 30)
    owned = [shard for job in (1, 2, 3) for shard in opened.shards(job, 3)]
    assert sorted(owned) == list(opened.shards())
    with pytest.raises(InputError, match="1 <= i <= n"):
        opened.shards(0, 2)


JOB = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from test_store import made, result
opened = made(Path({path!r}), 40)
for turn in range(3):
    for shard in opened.shards({job}, 2):
        opened.write_shard(shard, {{row: result(row) for row in opened.rows(shard) if row % 3 == turn}})
"""


def test_two_jobs_that_make_and_fill_one_store_at_once_lose_nothing(tmp_path: Path) -> None:
    jobs = [run(JOB.format(root=str(ROOT), tests=str(ROOT / "tests"), path=str(tmp_path / "s"), job=job)) for job in (1, 2)]
    for job in jobs:
        _, words = job.communicate(timeout=100)
        assert job.returncode == 0, words.decode()
    seen = xr.open_zarr(tmp_path / "s", chunks=None)
    assert seen["ood"].values.tolist() == list(range(40))
    assert (seen["status"] == Status.OK).all()
    np.testing.assert_array_equal(seen["points"][:, 23, 1], np.arange(40))
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_of_two_creators_the_second_opens_the_firsts_store(tmp_path: Path) -> None:
    first = made(tmp_path / "s")
    write_all(first, {3: result(3)})
    assert made(tmp_path / "s", 2).column("ood")[3] == 3


# --- what is refused, and how


def edit(path: Path, **attrs: Any) -> None:
    document = json.loads((path / "zarr.json").read_text())
    document["attributes"].update(attrs)
    (path / "zarr.json").write_text(json.dumps(document))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "other format": (lambda path: edit(path, format="else"), "its format is 'else'"),
    "newer version": (lambda path: edit(path, format_version=2), "format version 1; it has 2"),
    "foreign topology text": (lambda path: edit(path, topology="[]"), "damaged"),
    "topology against its fingerprint": (lambda path: edit(path, topology=OTHER.to_json()), "own fingerprint"),
    "topology against the arrays": (
        lambda path: edit(path, topology=OTHER.to_json(), topology_sha256=OTHER.sha256),
        "do not fit its topology|this atlas \\(topology",
    ),
    "lost array": (lambda path: shutil.rmtree(path / "dice"), "lacks dice"),
    "cut metadata": (lambda path: cut(path / "zarr.json"), "damaged"),
    "cut array metadata": (lambda path: cut(path / "points" / "zarr.json"), "damaged"),
    "empty metadata": (lambda path: (path / "zarr.json").write_text("{}"), "its format is None"),
    "no metadata": (lambda path: (path / "zarr.json").unlink(), "something else"),
    "a group for an array": (
        lambda path: shutil.copy(path / "template" / "zarr.json", path / "dice" / "zarr.json"),
        "'dice'",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_store_that_is_none_is_refused_in_one_sentence(tmp_path: Path, kind: str) -> None:
    damage, words = DAMAGE[kind]
    damage(made(tmp_path / "s").path)
    for opening in (store.read, store.open_store, made):
        with pytest.raises(StoreError, match=words) as caught:
            opening(tmp_path / "s")
        assert "\n" not in str(caught.value)


def test_a_store_of_another_topology_or_network_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "s").path
    with pytest.raises(StoreError, match=r"this atlas \(topology"):
        store.open_store(path, expect_topology=OTHER)
    with pytest.raises(StoreError, match=r"this atlas \(network"):
        store.open_store(path, expect_network="cd" * 32)
    with pytest.raises(StoreError, match=r"this atlas \(topology"):
        made(path, topology=OTHER, template=None)
    assert store.open_store(path, expect_topology=TOPOLOGY, expect_network=NETWORK).n_cases == 10


def test_nothing_a_file_and_a_foreign_folder_are_no_stores(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nothing is there"):
        store.read(tmp_path / "s")
    (tmp_path / "file").write_text("x")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_text("x")
    for name in ("file", "masks"):
        for overwrite in (False, True):
            with pytest.raises(StoreError, match="something else"):
                made(tmp_path / name, overwrite=overwrite)
    assert (tmp_path / "masks" / "a.png").read_text() == "x"


@pytest.mark.parametrize("array", ["points", "reason", "status"])
def test_a_cut_shard_is_reported_and_not_written_over(tmp_path: Path, array: str) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: result(row) for row in range(10)})
    cut(tmp_path / "s" / array / "c" / ("0/0/0" if array == "points" else "0"))
    with pytest.raises(StoreError, match="damaged"):
        opened.column(array)
    with pytest.raises(StoreError, match="damaged"):
        opened.write_shard(0, {0: result(0)})


def test_overwrite_replaces_even_a_damaged_store(tmp_path: Path) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: result(row) for row in range(10)})
    cut(tmp_path / "s" / "zarr.json")
    assert made(tmp_path / "s", 3, overwrite=True, topology=OTHER, template=None).pending().tolist() == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_record_of_another_shard_or_shape_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    opened = made(tmp_path / "s")
    for bad, words in (({4: result(4)}, "row in range"), ({0: result(0), 1: {"latent": np.zeros(4)}}, "shape")):
        with pytest.raises(InputError, match=words):
            opened.write_shard(0, bad)
    assert opened.pending().size == 10


# --- the disk fails


FULL = """
import sys, resource
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from test_store import made, result, store
path = Path({path!r})
opened = store.open_store(path, mode="r+") if path.exists() else None
resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))
try:
    made(path) if opened is None else opened.write_shard(1, {{row: result(row) for row in range(4, 8)}})
except store.opening.StoreError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
@pytest.mark.parametrize("exists", [True, False])
def test_a_disk_that_takes_no_more_is_one_sentence_and_loses_nothing(tmp_path: Path, exists: bool) -> None:
    if exists:
        write_all(made(tmp_path / "s"), {row: result(row) for row in range(4)})
    code = FULL.format(root=str(ROOT), tests=str(ROOT / "tests"), path=str(tmp_path / "s"))
    out, words = run(code).communicate(timeout=60)
    assert b"must be writable: File too large" in out, words.decode()
    assert out.count(b"\n") == 1
    if not exists:
        assert list(tmp_path.iterdir()) == []
        return
    opened = made(tmp_path / "s")
    assert opened.pending().tolist() == list(range(4, 10))
    assert opened.column("ood").tolist()[:4] == [0, 1, 2, 3]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_every_failure_of_the_disk_names_the_store_and_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    opened = made(tmp_path / "s")

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "some/file")

    monkeypatch.setattr(zarr.Array, "__setitem__", fail)
    with pytest.raises(StoreError, match=os.strerror(number)) as caught:
        opened.write_shard(0, {0: result(0)})
    assert str(tmp_path / "s") in str(caught.value)
    with pytest.raises(StoreError, match=os.strerror(number)):
        made(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


# --- stores of an earlier release


def test_a_store_without_a_later_field_is_read_and_gets_it_when_written(tmp_path: Path) -> None:
    opened = made(tmp_path / "s")
    write_all(opened, {row: result(row) for row in range(5)})
    later = [name for name, field in FIELDS.items() if field.later]
    assert later
    for name in later:
        shutil.rmtree(tmp_path / "s" / name)
    old = store.open_store(tmp_path / "s")
    assert np.isnan(old.column("slice_mm", range(2, 6))).all() and len(old.column("slice_mm", range(2, 6))) == 4
    assert np.isnan(store.read(tmp_path / "s")["slice_mm"]).all()
    again = made(tmp_path / "s")
    assert again.column("ood")[:5].tolist() == list(range(5)), "what was done stays done"
    write_all(again, {7: result(7)})
    assert again.column("slice_mm")[[4, 7]].tolist() == pytest.approx([np.nan, 7.0], nan_ok=True)


# --- groups beside the landmarks


def part(value: int) -> dict[str, xr.Dataset]:
    return {"": xr.Dataset({"a": ("x", np.full(3, value))}), "in": xr.Dataset({"b": ("x", np.full(2, value))})}


def test_of_two_processes_that_write_a_group_at_once_the_later_one_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "s")
    store.write_group(tmp_path / "s", "tracks", part(1))
    rename, turns = Path.rename, iter(range(2, 9))

    def raced(self: Path, target: Path) -> Path:
        if target.name == "tracks" and next(turns) % 2 == 0:  # another comes between moving the old one aside and the new in
            shutil.copytree(self, target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", raced)
    store.write_group(tmp_path / "s", "tracks", part(2))
    assert next(turns) == 4, "it was tried twice"
    assert store.read_group(tmp_path / "s", "tracks")["a"].values.tolist() == [2, 2, 2]
    assert store.read_group(tmp_path / "s", "tracks/in")["b"].values.tolist() == [2, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_drafts_of_groups_whose_writer_was_killed_are_swept_by_the_next(tmp_path: Path) -> None:
    made(tmp_path / "s")
    for name, age in (("s.ff.partial", 2 * ABANDONED_S), ("s.aa.partial", 0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, times=(time.time() - age,) * 2)
    store.write_group(tmp_path / "s", "tracks", part(1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s", "s.aa.partial"]
