"""The command line: what goes to which stream, how it ends, and one contract for every command."""

import errno
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import atlaskit
from atlaskit.launcher import told_elsewhere
from atlaskit_cli import output
from atlaskit_cli.app import COMMANDS, app

README = Path(__file__).resolve().parents[1] / "README.md"
EXTRACT = ["extract", "--model", "masks"]


@dataclass
class Verb:
    """Stands in for a library verb: remembers how it was called, and returns or raises what it was given."""

    answer: object
    given: dict[str, object] = field(default_factory=dict)

    def __call__(self, *args: object, **kwargs: object) -> object:
        self.given = {"args": args, **kwargs}
        kwargs["report"]("stage", 1, 2)  # type: ignore[operator]
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, object], Verb]:
    """Replace a public verb for one test, without loading the real one."""
    monkeypatch.chdir(tmp_path)
    for name in ("ATLASKIT_ATLAS", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def replace(name: str, answer: object) -> Verb:
        stand_in = Verb(answer)
        monkeypatch.setitem(vars(atlaskit), name, stand_in)
        return stand_in

    return replace


@dataclass(frozen=True)
class Extracted:
    """What `atlaskit.extract` returns, as far as the command needs it."""

    rejected: tuple[atlaskit.Rejected, ...] = ()
    store: Path = Path("atlas/landmarks.zarr")
    n_ok: int = 3
    n_flagged: int = 1
    n_rejected: int = 0
    n_new: int = 4
    n_added: int = 0
    n_cases: int = 4
    seconds: float = 1.5


@dataclass(frozen=True)
class Fitted:
    """What `atlaskit.fit` returns, as far as the command needs it."""

    rejected: tuple[atlaskit.Rejected, ...] = ()
    network: Path = Path("atlas/network.pt")
    pictures: tuple[Path, ...] = (Path("atlas/figures/template.png"),)

    def __str__(self) -> str:
        return "Fitted."


def run(*words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


# --- a contract for every command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_the_shared_options(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert {"--json", "--quiet", "--verbose"} <= flags
    assert command.help and command.help.count("\n") == 0, "help begins with one sentence"
    assert all(getattr(parameter, "help", "said") for parameter in command.params), "every option says what it does"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_library_function_in_the_readme(name: str) -> None:
    assert name.replace("-", "_") in atlaskit.__all__
    assert f"\natlaskit {name} " in README.read_text()


def test_commands_of_the_contract_take_its_options() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    flags = {name: {flag for p in commands[name].params for flag in p.opts} for name in ("fit", "extract")}
    fit = "--atlas --structure --layout --preset --minutes --device --seed --config --resume --nodes"
    extract = "--model --atlas --out --layout --no-boundary-fit --workers --batch --shard-range --overwrite"
    assert set(fit.split()) <= flags["fit"]
    assert set(extract.split()) <= flags["extract"]


# --- streams and exit codes


def test_a_command_passes_its_options_on(verb: Callable[[str, object], Verb]) -> None:
    extract = verb("extract", Extracted())
    code, _, _ = run(*EXTRACT, "--atlas", "a", "--no-boundary-fit", "--batch", "4")
    given = extract.given
    assert code == 0
    assert given["args"] == (Path("masks"),)
    assert (given["atlas"], given["boundary_fit"], given["batch"], given["out"]) == (Path("a"), False, 4, None)


def test_the_settings_of_a_fit_come_from_preset_file_and_options(verb: Callable[[str, object], Verb], tmp_path: Path) -> None:
    fit = verb("fit", Fitted())
    (tmp_path / "run.toml").write_text("steps = 7\nseed = 1\n")
    words = "fit masks --preset fast --config run.toml --seed 3 --nodes 32 --structure endo=1 --structure epi=1+2"
    code, stdout, _ = run(*words.split())
    config = fit.given["config"]
    assert code == 0 and stdout.startswith("Fitted.") and "atlas/figures/template.png" in stdout
    assert isinstance(config, atlaskit.FitConfig)
    assert (config.preset, config.steps, config.seed, config.nodes) == ("fast", 7, 3, 32)
    assert config == atlaskit.FitConfig.named("fast", steps=7, seed=3, nodes=32)
    assert fit.given["structures"] == ("endo=1", "epi=1+2")


@pytest.mark.parametrize("line", ["stepz = 7", "steps = 'many'", "steps ="])
def test_a_wrong_setting_is_a_clear_error(verb: Callable[[str, object], Verb], tmp_path: Path, line: str) -> None:
    verb("fit", Fitted())
    (tmp_path / "run.toml").write_text(line)
    code, _, stderr = run("fit", "masks", "--config", "run.toml")
    assert code == 1 and stderr.startswith("error: ") and stderr.count("\n") == 1


def test_the_atlas_may_come_from_the_environment(verb: Callable[[str, object], Verb], monkeypatch: pytest.MonkeyPatch) -> None:
    extract = verb("extract", Extracted())
    run(*EXTRACT)
    assert extract.given["atlas"] == Path("atlas")
    monkeypatch.setenv("ATLASKIT_ATLAS", "elsewhere")
    run(*EXTRACT)
    assert extract.given["atlas"] == Path("elsewhere")


def test_json_is_one_document_and_nothing_else(verb: Callable[[str, object], Verb]) -> None:
    verb("extract", Extracted())
    code, stdout, stderr = run(*EXTRACT, "--json")
    document = json.loads(stdout)
    assert code == 0 and stderr == ""
    assert document["store"] == "atlas/landmarks.zarr" and document["n_ok"] == 3 and document["rejected"] == []


def test_rejected_cases_are_listed_and_end_with_3(verb: Callable[[str, object], Verb]) -> None:
    verb("extract", Extracted((atlaskit.Rejected("a.png", "It is cut short."), atlaskit.Rejected("b.png", "Why."))))
    code, stdout, stderr = run(*EXTRACT, "--json", "--quiet")
    assert code == 3
    assert stderr == "rejected a.png: It is cut short.\nrejected b.png: Why.\n"
    assert json.loads(stdout)["rejected"][0] == {"source": "a.png", "reason": "It is cut short."}


@pytest.mark.parametrize("extra", [(), ("--json",), ("--quiet",)])
def test_a_known_error_is_one_line_and_1(verb: Callable[[str, object], Verb], extra: tuple[str, ...]) -> None:
    verb("extract", atlaskit.NotFoundError("There is no folder 'masks'."))
    code, stdout, stderr = run(*EXTRACT, *extra)
    assert (code, stderr) == (1, "error: There is no folder 'masks'.\n")
    assert stdout == "" or json.loads(stdout) == {"error": "There is no folder 'masks'."}
    assert bool(stdout) == ("--json" in extra)


def test_verbose_adds_the_traceback(verb: Callable[[str, object], Verb]) -> None:
    verb("extract", atlaskit.InputError("No."))
    code, _, stderr = run(*EXTRACT, "--verbose")
    assert code == 1 and "Traceback" in stderr and stderr.endswith("error: No.\n")


def test_an_interrupt_says_how_to_go_on(verb: Callable[[str, object], Verb]) -> None:
    verb("extract", KeyboardInterrupt())
    assert run(*EXTRACT)[::2] == (130, "interrupted; run the same command again to go on\n")


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "The disk is full"), (errno.EROFS, "no permission"), (errno.EACCES, "no permission")],
)
def test_a_disk_that_refuses_is_one_sentence(verb: Callable[[str, object], Verb], code: int, words: str) -> None:
    verb("extract", OSError(code, "refused", "atlas/landmarks.zarr"))
    exit_code, _, stderr = run(*EXTRACT)
    assert exit_code == 1
    assert words in stderr and "atlas/landmarks.zarr" in stderr and stderr.count("\n") == 1


def test_a_fault_of_ours_is_not_dressed_up(verb: Callable[[str, object], Verb]) -> None:
    verb("extract", ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        run(*EXTRACT)


@pytest.mark.parametrize(
    "words",
    [
        ("extract",),
        ("fit",),
        ("segment",),
        ("fit", "masks", "--preset", "slow"),
        ("fit", "masks", "--device", "tpu"),
        ("fit", "masks", "--minutes", "soon"),
        (*EXTRACT, "--batch", "0"),
    ],
)
def test_wrong_usage_is_2(words: tuple[str, ...]) -> None:
    code, stdout, stderr = run(*words)
    assert code == 2 and stdout == "" and "Usage" in stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("evaluate", "--spacing-mm", "x"), "Invalid value for '--spacing-mm'"),
        (("extract",), "Missing option '--model'"),
        (("segment",), "No such command 'segment'"),
    ],
)
def test_wrong_usage_is_a_json_document_where_one_was_asked_for(words: tuple[str, ...], said: str) -> None:
    code, stdout, stderr = run(*words, "--json")
    assert code == 2 and "Usage" in stderr and list(json.loads(stdout)) == ["error"]
    assert said in json.loads(stdout)["error"]


# --- processes that torchrun started


def started(monkeypatch: pytest.MonkeyPatch, rank: int, *without: str) -> None:
    for name, value in {"RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "localhost"}.items():
        monkeypatch.setenv(name, str(value))
        if name in without:
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("rank", "error", "ends"), [(0, "Only a fit can be shared by processes; 2 were started", 1), (1, "", 0)]
)
def test_what_processes_cannot_share_is_refused_once(
    verb: Callable[[str, object], Verb], monkeypatch: pytest.MonkeyPatch, rank: int, error: str, ends: int
) -> None:
    extract = verb("extract", Extracted())
    started(monkeypatch, rank)
    code, stdout, stderr = run(*EXTRACT, "--json")
    assert code == ends and not extract.given
    assert error in stderr and bool(stderr) == bool(stdout) == bool(error)


TOLD = {"by itself": atlaskit.InputError("Its own."), "elsewhere": told_elsewhere(atlaskit.InputError("Another's."))}


@pytest.mark.parametrize(
    ("told", "without", "ends", "said"),
    [
        ("by itself", (), 1, "error: Its own.\n"),
        ("elsewhere", (), 0, ""),
        ("elsewhere", ("MASTER_ADDR",), 1, "error: Another's.\n"),
        ("elsewhere", ("RANK",), 1, "error: Another's.\n"),
    ],
)
def test_a_process_that_follows_says_what_fails_in_it_alone(
    verb: Callable[[str, object], Verb],
    monkeypatch: pytest.MonkeyPatch,
    told: str,
    without: tuple[str, ...],
    ends: int,
    said: str,
) -> None:
    verb("fit", TOLD[told])
    started(monkeypatch, 1, *without)
    assert run("fit", "masks")[::2] == (ends, said)


def test_progress_is_silent_where_stderr_is_no_terminal(verb: Callable[[str, object], Verb]) -> None:
    verb("extract", Extracted())
    assert run(*EXTRACT)[2] == ""


def test_progress_is_a_bar_where_stderr_is_a_terminal(
    verb: Callable[[str, object], Verb], monkeypatch: pytest.MonkeyPatch
) -> None:
    verb("extract", Extracted())
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert "stage" in run(*EXTRACT)[2]
    assert run(*EXTRACT, "--quiet")[2] == ""


def test_version_and_module_entry() -> None:
    words = [sys.executable, "-m", "atlaskit_cli", "--version"]
    root = README.parent
    environment = {"PYTHONPATH": f"{root}:{root / 'cli'}"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=root, timeout=60, check=True)
    assert done.stdout == f"atlaskit {atlaskit.__version__}\n"


# --- JSON


def test_plain_gives_what_json_holds() -> None:
    value = {
        "path": Path("a/b"),
        "nan": math.nan,
        "array": np.array([[1.0, np.nan]]),
        "count": np.int64(3),
        "true": np.bool_(True),
        "record": atlaskit.Rejected("a", "b"),
        "pair": (1, None),
        7: "key",
    }
    assert output.plain(value) == {
        "path": "a/b",
        "nan": None,
        "array": [[1.0, None]],
        "count": 3,
        "true": True,
        "record": {"source": "a", "reason": "b"},
        "pair": [1, None],
        "7": "key",
    }
