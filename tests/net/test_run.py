"""One fit: interrupted anywhere and taken up again it ends with the same weights; it stops when it should."""

import errno
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from atlaskit.config import FitConfig
from atlaskit.errors import InputError, NetworkError, NotFoundError
from atlaskit.groupwise import Template
from atlaskit.masks import Structure
from atlaskit.net.network import load_network
from atlaskit.net.predict import predict
from atlaskit.net.run import Run
from atlaskit.net.train import Trainer

Array = NDArray[np.float64]
Make = Callable[..., Run]


def silent(stage: str, done: int, total: int) -> None:
    pass


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def make(template: Template, samples: Array, wanted: Array, config: FitConfig, tmp_path: Path) -> Make:
    def made(folder: str = "atlas", fingerprint: str = "these", **changes: Any) -> Run:
        (tmp_path / folder).mkdir(exist_ok=True)
        return Run(
            template,
            replace(config, **changes),
            (samples[:10], wanted[:10]),
            samples[10:],
            np.array([100.0, 100.0, 60.0, 30.0, 30.0]),
            device="cpu",
            folder=tmp_path / folder,
            fingerprint=fingerprint,
        )

    return made


def examine(points: Array) -> dict[str, Any]:
    """An error that depends on the landmarks, and falls from check to check or not."""
    return {"error": float(np.abs(np.sin(points)).mean()), "dice": {"heart": 0.5}}


def without_seconds(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in log]


def same_weights(a: Run, b: Run) -> bool:
    pairs = [(a.trainer.net, b.trainer.net), (a.trainer.smooth, b.trainer.smooth)]
    return all(torch.equal(v, y.state_dict()[name]) for x, y in pairs for name, v in x.state_dict().items())


def assert_resumes(make: Make) -> None:
    """Whatever is in the folder, going on from it ends as an uninterrupted run does."""
    whole = make("whole")
    whole.train(examine, limit_s=None, report=silent)
    resumed = make()
    resumed.resume()
    resumed.train(examine, limit_s=None, report=silent)
    assert resumed.trainer.step == whole.trainer.step == 6
    assert same_weights(resumed, whole)
    assert without_seconds(resumed.log) == without_seconds(whole.log) and len(whole.log) == 3
    assert resumed.best["epoch"] == whole.best["epoch"]
    written = [json.loads(line) for line in (resumed.folder / "log.jsonl").read_text().splitlines()]
    assert written == resumed.log


@pytest.mark.parametrize("after", [1, 2, 3, 6])
def test_interrupted_after_a_step_and_resumed_is_as_if_never_interrupted(make: Make, after: int) -> None:
    run, told = make(), count(1)
    with pytest.raises(KeyboardInterrupt):
        run.train(examine, limit_s=None, report=lambda *_: interrupt() if next(told) == after else None)
    assert run.trainer.step == after
    assert_resumes(make)


@pytest.mark.parametrize("check", [1, 2, 3])
def test_interrupted_in_a_check_and_resumed_does_that_check(make: Make, check: int) -> None:
    run, seen = make(), count(1)
    with pytest.raises(KeyboardInterrupt):
        run.train(lambda points: interrupt() if next(seen) == check else examine(points), limit_s=None, report=silent)
    assert_resumes(make)


@pytest.mark.parametrize("place", ["losses", "_average"])
def test_interrupted_within_a_step_and_resumed_does_not_take_it_twice(
    make: Make, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, seen, inner = make(), count(1), getattr(Trainer, place)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, place, lambda *given: interrupt() if next(seen) == 4 else inner(*given))
        run.train(examine, limit_s=None, report=silent)
    assert_resumes(make)


def test_interrupted_twice(make: Make) -> None:
    for after in (3, 2):
        run, told = make(), count(1)
        if after == 2:
            run.resume()
        with pytest.raises(KeyboardInterrupt):
            run.train(examine, limit_s=None, report=lambda *_, told=told, n=after: interrupt() if next(told) == n else None)
    assert_resumes(make)


def test_the_same_seed_gives_the_same_run_and_another_does_not(make: Make) -> None:
    first, again, other = make("a"), make("b"), make("c", seed=1)
    for noise, run in enumerate((first, again, other)):
        torch.manual_seed(noise)
        run.train(examine, limit_s=None, report=silent)
    assert same_weights(first, again) and not same_weights(first, other)


def test_making_a_run_leaves_the_global_random_state_alone(make: Make) -> None:
    before = torch.random.get_rng_state()
    make()
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_best_check_is_kept_and_worse_ones_stop_the_run(make: Make) -> None:
    run, kept = make(steps=20, checks=10, patience=3), []
    errors: Iterator[float] = iter([3.0, 1.0, 2.0, 1.5, float("nan"), 0.0])

    def judge(points: Array) -> dict[str, Any]:
        kept.append({name: value.clone() for name, value in run.trainer.smooth.state_dict().items()})
        return {"error": next(errors)}

    run.train(judge, limit_s=None, report=silent)
    assert [record["epoch"] for record in run.log] == [1, 2, 3, 4, 5] and run.trainer.step == 10
    assert run.best["epoch"] == 2 and run.best["error"] == 1.0
    assert all(torch.equal(value, kept[1][name]) for name, value in run.trainer.smooth.state_dict().items())
    assert not all(torch.equal(value, kept[4][name]) for name, value in kept[1].items())


def test_a_time_limit_ends_the_run_with_schedules_at_their_end(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count()
    monkeypatch.setattr("atlaskit.net.train.time.perf_counter", lambda: float(next(seconds)))  # a second per step
    run, told = make(steps=1000), []
    run.train(examine, limit_s=6.0, report=lambda stage, done, total: told.append((stage, done, total)))
    assert run.trainer.step == 6 and [record["epoch"] for record in run.log] == [1, 2, 3]
    assert run.log[-1]["weights"] == run.trainer.weights(1.0)
    assert told == [("training (percent)", done, 100) for done in (16, 33, 50, 66, 83, 100, 100)]


def test_nothing_to_resume_is_said_so(make: Make) -> None:
    with pytest.raises(NotFoundError):
        make().resume()


def test_a_checkpoint_of_other_masks_or_numbers_is_refused(make: Make) -> None:
    make().train(examine, limit_s=None, report=silent)
    with pytest.raises(InputError, match="belongs to other masks or settings"):
        make(fingerprint="those").resume()


@pytest.mark.parametrize("name", ["fingerprint", "trainer", "best", "log"])
@pytest.mark.parametrize("value", [None, 3, "{", {"net": 1}], ids=repr)
def test_a_checkpoint_that_is_not_whole_is_refused(make: Make, name: str, value: Any) -> None:
    run = make()
    run.train(examine, limit_s=None, report=silent)
    path = run.folder / "checkpoint.pt"
    document = {**torch.load(path, weights_only=True), name: value}
    torch.save({key: entry for key, entry in document.items() if entry is not None}, path)
    with pytest.raises((NetworkError, InputError), match=r"checkpoint\.pt"):
        make().resume()


@pytest.mark.parametrize("part", [0.0, 0.3, 0.95])
def test_a_torn_checkpoint_is_refused(make: Make, part: float) -> None:
    run = make()
    run.train(examine, limit_s=None, report=silent)
    path = run.folder / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(NetworkError, match=r"checkpoint\.pt"):
        make().resume()


def test_a_network_file_is_no_checkpoint(make: Make) -> None:
    run = make()
    run.train(examine, limit_s=None, report=silent)
    run.network(()).save(run.folder / "checkpoint.pt")
    with pytest.raises(NetworkError, match=r"format 'atlaskit\.checkpoint'"):
        make().resume()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.", MemoryError),
        ("CUDA out of memory. Tried to allocate 9 bytes.", MemoryError),
        ("CUDA error: an illegal memory access was encountered", RuntimeError),
    ],
)
def test_memory_that_runs_out_in_torch_is_a_memory_error(
    make: Make, monkeypatch: pytest.MonkeyPatch, said: str, kind: type[Exception]
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(Trainer, "until_check", fails)
    with pytest.raises(kind, match=said[:20]):
        make().train(examine, limit_s=None, report=silent)


def test_a_full_disk_at_a_checkpoint_leaves_the_one_before(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run, calls = make(), count(1)

    def full(_: int) -> None:
        if next(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr("atlaskit.net.network.os.fsync", full)
        run.train(examine, limit_s=None, report=silent)
    assert_resumes(make)


def test_the_fitted_network_is_the_best_one_and_knows_its_cases(make: Make, template: Template) -> None:
    run = make()
    run.train(examine, limit_s=None, report=silent)
    structures = tuple(Structure(name, (name,), (k,)) for k, name in enumerate(template.topology.structures))
    network = run.network(structures)
    network.save(run.folder / "network.pt")
    found = load_network(run.folder / "network.pt")
    latent = predict(found.net, run.cases, input_size=32).latent
    np.testing.assert_allclose(found.latent_mean, latent.mean(0), atol=1e-6)
    assert found.latent_spread.min() >= 1e-2 * found.latent_spread.max() > 0
    assert found.distance(latent).mean() < 1.5 < found.distance(latent + 20 * latent.std(0)).min()
    assert all(torch.equal(v, run.best["weights"][name]) for name, v in found.net.state_dict().items())
    points = predict(found.net, run.held, input_size=32).points
    assert np.array_equal(points, run.landmarks())
