"""Several processes under torchrun fit as one does; what goes wrong is said once."""

import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import atlaskit
from atlaskit.config import FitConfig
from atlaskit.errors import InputError
from atlaskit.net import ranks
from atlaskit.net.data import Cases, draw
from atlaskit.net.losses import Counts
from atlaskit.net.network import load_network
from atlaskit.schedules import Schedule

ROOT = Path(__file__).resolve().parents[2]
STRUCTURES = ("right lung=1", "left lung=2", "heart=3")

INTERRUPTED_AND_RESUMED = """
import importlib, json, sys
from pathlib import Path
import atlaskit

importlib.import_module("atlaskit.verbs.fit").draw = lambda *_: ()  # pictures cost more than so small a fit
masks, atlas, numbers, *structures = sys.argv[1:]
config = atlaskit.FitConfig.from_dict(json.loads(numbers))
options = {"atlas": atlas, "structures": structures, "config": config, "device": "cpu"}
told = []

def interrupt(stage, done, total):
    told.append(stage)
    if told.count("training (percent)") == 5:
        raise KeyboardInterrupt

try:
    atlaskit.fit(masks, report=interrupt, **options)
except KeyboardInterrupt:
    result = atlaskit.fit(masks, resume=True, **options)
    threads = [thread.read_text() for thread in Path("/proc/self/task").glob("*/comm")]
    left = "".join(name for name in threads if "gloo" in name)  # a thread that outlives its run may abort Python as it ends
    sys.stdout.write(f"{result.steps} steps, {'led' if told else 'followed'}{left}\\n")
"""


def torchrun(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a script or a module in two processes."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'cli'}"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)


def test_two_processes_interrupted_and_resumed_end_with_the_weights_of_one(
    cohort: Path, tiny: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"steps": 9, "checks": 3, "batch": 6, "twins": 3, "dropout": 0.3}  # of the twins, one has two and the other one
    config = replace(tiny, **few, learning_rate=Schedule(5e-4, 5e-5), averaging=0.5)
    (tmp_path / "script.py").write_text(INTERRUPTED_AND_RESUMED)
    done = torchrun(tmp_path / "script.py", cohort, tmp_path / "two", json.dumps(config.to_dict()), *STRUCTURES)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["9 steps, followed", "9 steps, led"], done
    monkeypatch.setattr(importlib.import_module("atlaskit.verbs.fit"), "draw", lambda *_: ())
    one = atlaskit.fit(cohort, atlas=tmp_path / "one", structures=STRUCTURES, config=config, device="cpu")
    expected, found = (load_network(path).net.state_dict() for path in (one.network, tmp_path / "two" / "network.pt"))
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-5)
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("one", "two")]
    for line, other in zip(*logs, strict=True):
        assert json.loads(other)["losses"] == pytest.approx(json.loads(line)["losses"], rel=1e-4)


def test_a_bad_folder_is_said_once_and_ends_with_exit_code_1(tmp_path: Path) -> None:
    done = torchrun("-m", "atlaskit_cli", "fit", tmp_path / "nothing", "--atlas", tmp_path / "atlas")
    assert done.returncode == 1 and done.stdout == ""
    said = [line for line in done.stderr.splitlines() if "mask folder" in line]
    assert len(said) == 1 and said[0].startswith("error: The mask folder"), done.stderr
    ours = str(Path(atlaskit.__file__).parent)
    assert ours not in done.stderr, "no traceback of ours; torchrun reports in its own way that a process failed"
    assert not (tmp_path / "atlas").exists()


def test_parts_hold_each_case_once_with_its_twin_and_the_counts_of_the_whole(cases: Cases, config: FitConfig) -> None:
    batch = draw(cases, replace(config, batch=6, twins=3, dropout=0.3), 0)
    assert batch.part(0, 1) is batch
    parts = [batch.part(rank, 2) for rank in (0, 1)]
    assert [len(part.twins) for part in parts] == [2, 1]
    for rank, part in enumerate(parts):
        samples, present, noise = part.seen()
        whole = [rank, rank + 2, rank + 4, *range(6 + rank, 9, 2)]
        for values, every in zip((samples, present, noise), batch.seen(), strict=True):
            assert torch.equal(values, every[whole])
        assert part.whole == Counts.of(batch.present, batch.twins) and part.whole.cases == 6


def test_what_cannot_be_shared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks.check(5, "cpu")
    monkeypatch.setattr(ranks, "count", lambda: 4)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    ranks.check(8, "cpu")
    with pytest.raises(InputError, match="batch must be a multiple of the 4 processes; got 6"):
        ranks.check(6, "cpu")
    with pytest.raises(InputError, match="4 were started and PyTorch sees 2"):
        ranks.check(8, "auto")


def test_alone_nothing_is_told_and_nothing_added() -> None:
    values = torch.arange(3.0)
    ranks.tell("anything")
    ranks.add_up([values])
    with ranks.step(0.5), pytest.raises(KeyboardInterrupt):
        raise KeyboardInterrupt
    assert (ranks.rank(), ranks.count()) == (0, 1) and values.tolist() == [0, 1, 2]
