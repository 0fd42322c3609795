"""What every test may use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from atlaskit import ExtractResult, FitConfig, FitResult, Topology
    from atlaskit.phantom import Phantom

settings.register_profile("house", deadline=None, derandomize=True)  # the same examples everywhere, at any speed
settings.load_profile("house")

REPOSITORY = Path(__file__).resolve().parents[1]

CASES = 24
SIZE = 112
HEARTLESS = (3, 8, 15)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real masks beside the repository; tests that need it are skipped where there is none."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real masks beside the repository")
    return folder


# --- one small atlas for all tests of the verbs


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    stdout: str
    stderr: str

    def is_one_sentence(self, words: str) -> bool:
        """Whether it failed with exit code 1 and one line on stderr that holds some words."""
        assert (self.code, self.stdout) == (1, ""), self
        assert self.stderr.startswith("error: ") and self.stderr.count("\n") == 1, self.stderr
        assert words in self.stderr, self.stderr
        return True


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run the command line in this process."""
    for name in ("ATLASKIT_ATLAS", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> Said:
        from typer.testing import CliRunner

        from atlaskit_cli.app import app

        done = CliRunner().invoke(app, [str(word) for word in words])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def planes() -> tuple[NDArray[np.uint8], ...]:
    """Label maps of drawn chests: 1 and 2 the lungs, 3 the heart, which some lack."""
    from atlaskit import phantom

    cohort = phantom.chest(CASES, size=SIZE, seed=1, missing=0.0, faults=0.0)
    maps = []
    for index in range(CASES):
        mask = cohort.mask(index)
        plane = np.zeros((SIZE, SIZE), np.uint8)
        for value, name in enumerate(("right lung", "left lung", "heart"), start=1):
            if not (name == "heart" and index in HEARTLESS):
                plane[mask.planes[mask.structures.index(name)]] = value
        maps.append(plane)
    return tuple(maps)


@pytest.fixture(scope="session")
def ids() -> tuple[str, ...]:
    """Two masks of each of 12 subjects."""
    return tuple(f"p{index // 2:02d}_{'ED' if index % 2 == 0 else 'ES'}" for index in range(CASES))


@pytest.fixture(scope="session")
def cohort(planes: tuple[NDArray[np.uint8], ...], ids: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The label maps as a folder of PNG files; not to be changed."""
    folder: Path = tmp_path_factory.mktemp("cohort")
    for name, plane in zip(ids, planes, strict=True):
        Image.fromarray(plane).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def own_cohort(cohort: Path, tmp_path: Path) -> Path:
    """A copy of the folder that a test may change."""
    return Path(shutil.copytree(cohort, tmp_path / "masks"))


@pytest.fixture(scope="session")
def tiny() -> FitConfig:
    """Numbers of a fit that takes seconds."""
    from atlaskit import FitConfig

    small = {"input_size": 64, "stem": 4, "filters": (8, 16), "latent": 8, "graph_filters": (8, 8), "raster_size": 32}
    return FitConfig.named("fast", steps=20, checks=2, batch=4, nodes=32, levels=2, **small)


@pytest.fixture(scope="session")
def fitted(cohort: Path, tiny: FitConfig, tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    """A fit of the drawn chests."""
    import atlaskit

    folder = tmp_path_factory.mktemp("fitted")
    structures = ("right lung=1", "left lung=2", "heart=3")
    return atlaskit.fit(cohort, atlas=folder / "atlas", structures=structures, config=tiny, device="cpu")


@pytest.fixture(scope="session")
def atlas(fitted: FitResult) -> Path:
    """The directory of that fit; not to be changed."""
    return fitted.atlas


@pytest.fixture
def own_atlas(atlas: Path, tmp_path: Path) -> Path:
    """A copy of the atlas that a test may change."""
    return Path(shutil.copytree(atlas, tmp_path / "atlas"))


@pytest.fixture(scope="session")
def extracted(atlas: Path, cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> ExtractResult:
    """The landmarks of the drawn chests; not to be changed."""
    import atlaskit

    return atlaskit.extract(cohort, atlas=atlas, out=tmp_path_factory.mktemp("extracted") / "landmarks.zarr")


# --- stores of landmarks that were never masks


@pytest.fixture(scope="session")
def landmark_store() -> Callable[..., Path]:
    """Write landmarks (N, L, 2), NaN where absent, to a store; cases come in it in an order that is not that of their ids."""
    from atlaskit import store
    from atlaskit.corpus import Case
    from atlaskit.landmarks import Status

    def write(
        path: Path,
        points: NDArray[np.floating],
        topology: Topology,
        *,
        spacing_mm: NDArray[np.floating] | None = None,
        status: dict[int, Status] | None = None,
        template: NDArray[np.floating] | None = None,
        shard: int = 16,
    ) -> Path:
        order = np.random.default_rng(0).permutation(len(points))
        cases = [Case(f"case_{k:03d}", f"{k}.png", f"subject {k // 2}") for k in order]
        opened = store.open_or_create(
            path, topology=topology, network_sha256="0", cases=cases, latent_size=2, template=template, shard=shard
        )
        for shard_number in opened.shards():
            records = {}
            for row in opened.rows(shard_number):
                k = int(order[row])
                records[row] = {"points": points[k], "status": (status or {}).get(k, Status.OK)}
                if spacing_mm is not None:
                    records[row]["spacing_mm"] = spacing_mm[k]
            opened.write_shard(shard_number, records)
        return path

    return write


@pytest.fixture(scope="session")
def sequence_store() -> Callable[..., Path]:
    """Write landmarks (N, L, 2) of cases that are frames to the store of an atlas directory; NaN where absent."""
    from atlaskit import store
    from atlaskit.corpus import Case
    from atlaskit.landmarks import Status

    def write(
        atlas: Path,
        points: NDArray[np.floating],
        cases: Sequence[Case],
        topology: Topology,
        *,
        spacing_mm: float = np.nan,
        slice_mm: float = np.nan,
        frame_count: int = -1,
        rejected: Collection[str] = (),
    ) -> Path:
        path = atlas / "landmarks.zarr"
        opened = store.open_or_create(path, topology=topology, network_sha256="0", cases=cases, latent_size=2, shard=1024)
        where = {"spacing_mm": [spacing_mm] * 2, "slice_mm": slice_mm, "frame_count": frame_count}
        for shard in opened.shards():
            status = {row: Status.REJECTED if cases[row].id in rejected else Status.OK for row in opened.rows(shard)}
            opened.write_shard(shard, {row: {"points": points[row], "status": status[row], **where} for row in status})
        return atlas

    return write


@pytest.fixture(scope="session")
def hearts() -> Phantom:
    """Six ventricles of four slices and twelve frames, with what is true of them."""
    from atlaskit import phantom

    return phantom.cine(6, frames=12, slices=4, size=64)


@pytest.fixture(scope="session")
def nested() -> Topology:
    """The cavity and the outer outline of its wall, of 32 landmarks each."""
    from atlaskit.topology import Topology

    return Topology(("cavity", "epi"), (tuple(range(32)), tuple(range(32, 64))))


@pytest.fixture(scope="session")
def outlined(hearts: Phantom) -> NDArray[np.float64]:
    """(288, 64, 2) landmarks of these hearts, pixels."""
    return np.concatenate([hearts.outlines[name][:, ::9] for name in hearts.structures], axis=1)


@pytest.fixture(scope="session")
def beating(
    hearts: Phantom, nested: Topology, outlined: NDArray[np.float64], sequence_store: Callable[..., Path]
) -> Callable[..., Path]:
    """Write some of the hearts' frames to the store of an atlas directory, with sizes unless told otherwise."""
    from atlaskit.corpus import Case

    def write(atlas: Path, keep: Sequence[int] | None = None, points: NDArray[np.floating] = outlined, **sizes: Any) -> Path:
        kept = hearts.table if keep is None else hearts.table.iloc[list(keep)]
        cases = [Case(r.case, f"{r.case}.png", r.subject, r.frame, r.slice, r.time_ms) for r in kept.itertuples()]
        sizes = {"spacing_mm": hearts.spacing_mm[0], "slice_mm": 8.0, **sizes}
        return sequence_store(atlas, points[kept.index], cases, nested, **sizes)

    return write


@pytest.fixture
def tables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that `track` finds is drawn and the store is left alone, which takes most of its time."""
    monkeypatch.setattr("atlaskit.verbs.track.draw_findings", lambda *_, **__: ((), ()))
    monkeypatch.setattr("atlaskit.verbs.track.write_tracks", lambda *_: None)


@pytest.fixture(scope="session")
def whole(beating: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas with the four slices of the first heart; its store is not to be changed."""
    return beating(tmp_path_factory.mktemp("whole") / "atlas", range(48))


@pytest.fixture(scope="session")
def pairs() -> tuple[NDArray[np.float64], Topology]:
    """Landmarks of 60 drawn cases of two structures in a few modes, as pixels anywhere; and their topology."""
    from atlaskit.topology import Topology

    rng = np.random.default_rng(0)
    turn = np.exp(2j * np.pi * np.arange(12) / 12)
    one, two = 20 * turn * (1 + 0.3 * rng.normal(size=(60, 1)) * turn), rng.uniform(8, 12, (60, 1)) * turn + 45
    z = np.concatenate([one, two + rng.normal(0, 2, (60, 1))], axis=1) + rng.normal(0, 0.3, (60, 24, 2)) @ [1, 1j]
    z = z * np.exp(1j * rng.normal(0, 0.2, (60, 1))) + rng.normal(90, 5, (60, 1))
    points = np.stack([z.real, z.imag], axis=-1).astype(np.float32).astype(np.float64)
    return points, Topology(("lung", "heart"), (tuple(range(12)), tuple(range(12, 24))))
