"""The README is read from top to bottom: every command and every line of Python in it runs, on a small phantom."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atlaskit import phantom
from atlaskit_cli.app import COMMANDS, app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()

CHEAPER = {  # the same command, with less work
    "fit": ("--config", "tiny.toml"),
    "demo": ("--config", "tiny.toml", "--cases", "4"),
}
TINY = """
steps = 6
batch = 4
checks = 1
template_rounds = 1
input_size = 64
filters = [8, 16]
latent = 8
levels = 2
graph_filters = [8, 8]
raster_size = 32
validation = 0.25
"""
MAKES = {  # what a recipe ends in
    "demo": "/atlaskit demo",
    "test": " -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder",
}
DONE_BY_CI = {"pip install ."}  # the wheel is built and looked into


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.M | re.S)


def run(line: str) -> None:
    """Run one command of the README, or a cheaper equal of it; one that is not known here fails."""
    program, *words = shlex.split(line)
    if program == "atlaskit":
        result = CliRunner().invoke(app, [*words, *CHEAPER.get(words[0], ())])
        assert result.exit_code == 0, f"{line}: {result.stderr}"
    elif program == "torchrun":
        command = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            *words,
            *CHEAPER[words[words.index("-m") + 2]],
        ]
        paths = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli")])}
        done = subprocess.run(command, check=False, timeout=300, env=paths, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    elif program == "make":
        dry = ["make", "--dry-run", "--no-print-directory", *words]
        recipe = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        assert recipe.stdout.rstrip().endswith(MAKES[words[0]])
    else:
        assert line in DONE_BY_CI


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds the masks the README speaks of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ATLASKIT_ATLAS", raising=False)
    phantom.chest(16, size=96, faults=0.0, missing=0.0).write(tmp_path)
    phantom.chest(10, size=96, faults=0.0, missing=0.0, seed=1).write(tmp_path / "new")
    (tmp_path / "new" / "masks").rename(tmp_path / "nnunet_out")
    (tmp_path / "new" / "truth.csv").rename(tmp_path / "truth.csv")
    cases = sorted({mask.name.split(".")[0] for mask in (tmp_path / "nnunet_out").rglob("*.*")})
    people = [f"{case},{'ab'[k % 2]},{'xxy'[k % 3]}" for k, case in enumerate(cases)]
    (tmp_path / "people.csv").write_text("\n".join(["case,group,site", *people]))
    phantom.cine(6, frames=8, slices=3, size=64).write(tmp_path / "heart", form="nifti")
    (tmp_path / "heart" / "masks").rename(tmp_path / "heart_masks")
    phantom.chest(8, size=64, faults=0.0, missing=0.0).write(tmp_path / "any")
    (tmp_path / "any" / "masks").rename(tmp_path / "bones")
    bones = sorted({mask.name.split(".")[0] for mask in (tmp_path / "bones").rglob("*.*")})
    ages = [f"{bone},b{k // 2},{3 + k}" for k, bone in enumerate(bones)]
    (tmp_path / "bones.csv").write_text("\n".join(["case,subject,age", *ages]))
    hearts = [f"P{k:05d},{('control', 'disease')[k % 2]}" for k in range(6)]
    (tmp_path / "hearts.csv").write_text("\n".join(["study,group", *hearts]))
    (tmp_path / "tiny.toml").write_text(TINY)
    return tmp_path


def test_the_readme_runs_from_top_to_bottom(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in "".join(blocks("bash")).splitlines():
        run(line)
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {})
    assert "right lung" in capsys.readouterr().out
    files = re.findall(r"`(atlas/[\w.]+)/?`", README)
    places = [[workspace / file.replace("atlas", name, 1) for name in ("atlas", "heart")] for file in files]
    assert files and all(any(place.exists() for place in either) for either in places)


def test_an_unknown_command_would_fail() -> None:
    for line in ("curl example.org", "make coffee", "atlaskit segment masks/", "atlaskit fit masks/ --epochs 3"):
        with pytest.raises((AssertionError, KeyError, subprocess.CalledProcessError)):
            run(line)


def test_the_readme_lists_every_command() -> None:
    shown = {shlex.split(line)[1] for line in "".join(blocks("bash")).splitlines() if line.startswith("atlaskit ")}
    assert shown == set(COMMANDS)


def test_extras_that_the_readme_names_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = set(re.findall(r'pip install "\.\[(\w+)\]"', README))
    assert named and named <= set(extras)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []
