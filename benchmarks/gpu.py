"""How fast fit and extraction are on one device: ``python benchmarks/gpu.py [MASKS] [--device cuda|cpu]``.

On drawn contours of three structures: what the parts of a step cost; a step in every way to compute it (eager, compiled,
recorded as a CUDA graph; fp32, bf16), with what the first step costs; a whole fit, with the time to Dice .99; and the network
alone on many cases. With MASKS, a folder of masks, also a fit from files to an atlas and an extraction from files to a store.

The parts on drawn contours need torch, numpy and scipy only. What cannot be measured is said in one sentence, and the rest
goes on. Run by hand on an idle machine; on a CPU everything is smaller.
"""

# ruff: noqa: E402

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works where atlaskit is not installed


def stand_in(name: str, **held: Any) -> bool:
    """Let a missing package be imported where only its name is needed; whether it was missing."""
    if importlib.util.find_spec(name) is not None:
        return False
    module = ModuleType(name)
    vars(module).update(held)
    sys.modules[name] = module
    return True


MISSING = [
    name
    for name, missing in {
        "numba": stand_in("numba", njit=lambda *_, **__: lambda function: function),
        "threadpoolctl": stand_in("threadpoolctl", threadpool_limits=None),
    }.items()
    if missing
]

from atlaskit.config import FitConfig  # after the stand-ins
from atlaskit.frames import Frames
from atlaskit.net.data import Cases, draw
from atlaskit.net.hybrid import HybridNet
from atlaskit.net.predict import GROUP, predict
from atlaskit.net.raster import coverage, planes
from atlaskit.net.speed import Speed
from atlaskit.net.train import Trainer
from atlaskit.topology import Topology, independent

SIZE_PX = 512.0
LENGTHS = {"right": 1500.0, "left": 1450.0, "middle": 1000.0}
PLACES = ((0.3, 0.5, 0.15, 0.32), (0.7, 0.5, 0.15, 0.32), (0.55, 0.62, 0.14, 0.14))  # centre and radii, unit frame


def drawn(count: int, topology: Topology, device: torch.device, seed: int = 0) -> Cases:
    """Cases of smooth closed contours whose true landmarks are known; a tenth of the middle ones are missing."""
    chance, samples = np.random.default_rng(seed), 512
    code = chance.standard_normal((count, len(PLACES), 8))
    angle = np.arange(samples) * (2 * np.pi / samples)
    waves = np.stack([np.cos(k * angle) for k in (2, 3, 4)] + [np.sin(k * angle) for k in (2, 3, 4)])
    reach = 1 + 0.04 * code[..., :6] @ waves
    x, y, a, b = np.array(PLACES).T[:, None, :, None]
    where = np.stack([x + a * reach * np.cos(angle), y + b * reach * np.sin(angle)], -1) + 0.02 * code[:, :, None, 6:]
    loops = [samples * np.arange(len(loop)) // len(loop) for loop in topology.loops]
    wanted = np.concatenate([where[:, s, chosen] for s, chosen in enumerate(loops)], axis=1)
    present = np.ones((count, len(PLACES)), np.float32)
    present[::10, 2] = 0
    tensors = (torch.from_numpy(values.astype(np.float32)).to(device) for values in (where, wanted, present))
    return Cases(*tensors, Frames(np.full((count, 2), SIZE_PX / 2), np.full(count, SIZE_PX)))


def mean_shape(cases: Cases) -> torch.Tensor:
    """(L, 2) start of the network."""
    return cases.wanted.mean(0).cpu()


def trainer_of(cases: Cases, topology: Topology, config: FitConfig, speed: Speed) -> Trainer:
    torch.manual_seed(0)
    net = HybridNet(topology, mean_shape(cases), config).to(cases.samples.device)
    return Trainer(net, topology, torch.ones(len(topology.loops)), config, speed)


def now(device: torch.device) -> float:
    """Seconds, when the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def timed(work: Callable[[], Any], device: torch.device, times: int) -> float:
    """Seconds of one call, mean over so many after one that does not count."""
    work()
    began = now(device)
    for _ in range(times):
        work()
    return (now(device) - began) / times


@contextmanager
def part(title: str) -> Iterator[None]:
    """One measurement; that it cannot be made is one sentence."""
    try:
        yield
    except Exception as error:  # an unknown machine: whatever it is, the other measurements still count
        first = str(error).strip().splitlines()
        print(f"{title:42s} cannot be measured here: {type(error).__name__}: {first[0] if first else ''}"[:200], flush=True)


def shares(cases: Cases, topology: Topology, config: FitConfig, times: int) -> None:
    """What the parts of an eager step cost, each with its own backward."""
    device, trainer = cases.samples.device, trainer_of(cases, topology, config, Speed())
    batch = draw(cases, config, 0)
    _, present, noise = batch.seen()

    def data() -> torch.Tensor:
        one = draw(cases, config, 1).seen()
        return planes(one[0], one[1], config.input_size)

    seen = data()
    amp = trainer.speed.autocast
    with torch.no_grad(), amp(device):
        mean, _, features = trainer.net.encoder(seen, present)
        found = trainer.net(seen, present, noise)
    code, features = mean.float().requires_grad_(), [value.detach().requires_grad_() for value in features]
    for points in (*found.positions, found.mean, found.log_variance):
        points.requires_grad_()

    def encoder() -> None:
        with amp(device):
            mean, spread, features = trainer.net.encoder(seen, present)
        sum(value.float().sum() for value in (mean, spread, *features)).backward()

    def decoder() -> None:
        with amp(device):
            positions = trainer.net.decoder(code, seen, features)
        sum(value.sum() for value in positions).backward()

    def losses() -> None:
        sum(trainer.losses(found, batch, 0.5).values()).backward()

    def update() -> None:
        torch.nn.utils.clip_grad_norm_(trainer.net.parameters(), 1.0)
        trainer.optimiser.step()
        trainer._average()

    parts = {work.__name__: timed(work, device, times) for work in (data, encoder, decoder, losses, update)}
    total = sum(parts.values())
    for name, seconds in parts.items():
        print(f"  {name:40s} {1000 * seconds:8.2f} ms  {100 * seconds / total:3.0f} %", flush=True)


def steps(cases: Cases, topology: Topology, config: FitConfig, times: int) -> dict[Speed, float]:
    """A step in every way to compute it; seconds of each that could be measured."""
    device, found = cases.samples.device, {}
    for half in (False, True):
        for way in ("eager", "compiled", "recorded", "compiled and recorded"):
            if device.type == "cpu" and (half or way != "eager"):
                continue
            speed = Speed(half=half, compiled="compiled" in way, recorded="recorded" in way)
            title = f"step, {way}, {'bf16' if half else 'fp32'}"
            with part(title):
                if device.type == "cuda":
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                trainer = trainer_of(cases, topology, config, speed)
                began = now(device)
                trainer.run(cases, 0.5)
                first = now(device) - began
                seconds = found[speed] = timed(lambda trainer=trainer: trainer.run(cases, 0.5), device, times)
                peak = f"  peak {torch.cuda.max_memory_allocated() / 2**30:.2f} GB" if device.type == "cuda" else ""
                rate = config.batch / seconds
                print(f"{title:42s} {1000 * seconds:8.2f} ms  {rate:7.0f} cases/s  first step {first:.1f} s{peak}", flush=True)
    return found


def dice(trainer: Trainer, held: Cases, topology: Topology) -> float:
    """Dice of the averaged network's polygons against the contours, by their coverage of 256 pixels square."""
    points = predict(trainer.smooth, held, input_size=trainer.config.input_size).points / SIZE_PX
    points, values = torch.from_numpy(points).float().to(held.samples.device), []
    for s, loop in enumerate(topology.loops):
        here = held.present[:, s] > 0
        own = coverage(points[here][:, list(loop)], 256, pieces=8)
        true = coverage(held.samples[here, s], 256, pieces=4)
        values.append((2 * (own * true).sum((-1, -2)) / (own + true).sum((-1, -2))).mean())
    return float(torch.stack(values).mean())


def fit(cases: Cases, held: Cases, topology: Topology, config: FitConfig, speed: Speed) -> Trainer:
    """A whole run, with schedules in proportion; the time to Dice .99 on held cases and to the end, checks included."""
    device, reached = cases.samples.device, math.nan
    began = now(device)
    trainer = trainer_of(cases, topology, config, speed)
    while trainer.progress(None) < 1:
        record = trainer.until_check(cases, limit_s=None, tick=lambda progress: None)
        trainer.checked_at(record["epoch"])
        good = dice(trainer, held, topology)
        spent = now(device) - began
        reached = spent if math.isnan(reached) and good >= 0.99 else reached
        print(f"  step {trainer.step:6d} {spent:7.1f} s  Dice {good:.4f}", flush=True)
    when = "not reached" if math.isnan(reached) else f"{reached:.1f} s"
    spent = now(device) - began
    print(f"{'fit of contours':42s} {spent:8.1f} s  to Dice .99: {when}  {config.steps * config.batch / spent:.0f} cases/s")
    return trainer


def network_only(trainer: Trainer, cases: Cases, times: int) -> None:
    """Contours on the device to landmarks in pixels on the CPU."""
    device, size = cases.samples.device, trainer.config.input_size
    whole = predict(trainer.smooth, cases, input_size=size).points
    for compiled in (False, True):
        for half in (False, True):
            title = f"network only, {'compiled' if compiled else 'eager'}, {'bf16' if half else 'fp32'}"
            with part(title):
                net = torch.compile(trainer.smooth) if compiled else trainer.smooth
                seconds = timed(lambda net=net, half=half: predict(net, cases, input_size=size, half=half), device, times)
                away = np.linalg.norm(predict(net, cases, input_size=size, half=half).points - whole, axis=-1)
                print(
                    f"{title:42s} {len(cases) / seconds:8.0f} masks/s   landmarks away from fp32: "
                    f"mean {away.mean():.3f} px, most {away.max():.2f} px of {SIZE_PX:.0f}",
                    flush=True,
                )


def from_files(masks: Path, device: str, steps: int | None) -> None:
    """A fit and an extraction as a user runs them."""
    if MISSING:
        raise ImportError(f"files need {' and '.join(MISSING)}: pip install {' '.join(MISSING)} zarr xarray nibabel pillow")
    import atlaskit

    with tempfile.TemporaryDirectory() as folder:
        config = FitConfig() if steps is None else FitConfig.named("balanced", steps=steps)
        began = time.perf_counter()
        result = atlaskit.fit(masks, atlas=Path(folder) / "atlas", config=config, device=device)
        spent = time.perf_counter() - began
        log = [json.loads(line) for line in (result.atlas / "log.jsonl").read_text().splitlines()]
        good = [r["seconds"] for r in log if np.mean(list(r["validation"]["dice"].values())) >= 0.99]
        when = f"{good[0]:.1f} s of training" if good else "not reached"
        how = f"({result.cases} masks, {result.steps} steps)"
        print(f"{'fit, mask files to atlas':42s} {spent:8.1f} s  to Dice .99: {when}  {how}")
        found = atlaskit.extract(masks, atlas=result.atlas, device=device)
        print(f"{'extract, mask files to store':42s} {found.n_new / found.seconds:8.0f} masks/s  ({found.n_new} masks)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("masks", type=Path, nargs="?")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=("cuda", "cpu"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--cases", type=int)
    asked = parser.parse_args()
    device = torch.device(asked.device)
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name() if cuda else f"{torch.get_num_threads()} CPU threads"
    print(f"torch {torch.__version__}, {name}", flush=True)
    if MISSING:
        print(f"Without {' and '.join(MISSING)} files of masks cannot be read; drawn contours can.")
    count, times = asked.steps or (1500 if cuda else 60), 50 if cuda else 3
    config = FitConfig.named("balanced", steps=count, checks=12 if cuda else 4)
    topology = independent(LENGTHS, scale=config.node_scale, levels=config.levels)
    cases, held = drawn(500, topology, device), drawn(64, topology, device, seed=1)
    many = drawn(asked.cases or (64 * GROUP["cuda"] if cuda else 4 * GROUP["cpu"]), topology, device, seed=2)
    print(
        f"batch {config.batch} and {config.twins} twins, {config.input_size} px, {topology.n_landmarks} landmarks", flush=True
    )
    with part("parts of a step"):
        print("parts of an eager step, forward and backward")
        shares(cases, topology, config, times)
    ways = {}
    with part("steps"):
        ways = steps(cases, topology, config, times)
    quick = {speed: seconds for speed, seconds in ways.items() if not speed.compiled}  # a short fit does not earn that back
    best = min(quick, key=quick.get) if quick else Speed()
    trainer = None
    with part("fit of contours"):
        print(f"fit of contours, {best}")
        trainer = fit(cases, held, topology, config, best)
    with part("network only"):
        network_only(trainer or trainer_of(cases, topology, config, Speed()), many, 3 if cuda else 1)
    if asked.masks is None:
        print("Name a folder of masks to measure files to atlas and files to store too.")
        return
    with part("mask files"):
        from_files(asked.masks, asked.device, asked.steps)


if __name__ == "__main__":
    main()
