import json
import math
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlaskit.config import MOST_NODES, PRESETS, FitConfig
from atlaskit.errors import InputError, NotFoundError
from atlaskit.schedules import PAPER_LOSSES, TEMPLATE_LOSSES, Schedule, constant, parse_schedule
from atlaskit.signatures import SAMPLES

TIMES = (0.0, 0.2, 0.5, 1.0)


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (Schedule(10, 100), (10, 28, 55, 100)),
        (Schedule(100, 30), (100, 86, 65, 30)),
        (Schedule(1, 0.01, "log"), (1, 10**-0.4, 0.1, 0.01)),
        (Schedule(0.01, 1, "log", until=0.4), (0.01, 0.1, 1, 1)),
        (Schedule(2, 0, "cosine"), (2, 1 + math.cos(0.2 * math.pi), 1, 0)),
        (Schedule(0, 1, since=0.2, until=0.2), (0, 1, 1, 1)),
        (Schedule(0, 1, since=0.5, until=0.5), (0, 0, 1, 1)),
        (Schedule(0, 1, since=1, until=1), (0, 0, 0, 1)),
        (Schedule(0, 8, since=0.2, until=0.6), (0, 0, 6, 8)),
        (constant(3), (3, 3, 3, 3)),
    ],
)
def test_a_schedule_has_its_values(schedule: Schedule, values: tuple[float, ...]) -> None:
    assert [schedule.at(t) for t in TIMES] == pytest.approx(values)


PAPER = {
    "chamfer": (10, 28, 55, 100),
    "pull": (0, 0, 0, 0),
    "steady": (0, 0, 0, 0),
    "edge": (0.01, 1, 1, 1),
    "elasticity": (250, 250 * 10**-0.4, 25, 2.5),
    "curvature": (300, 300 * 10**-0.4, 30, 3),
    "kl": (1e-6, 1e-6 * 10**0.6, 1e-6 * 10**1.5, 1e-3),
    "dice": (0, 1, 1, 1),
    "bce": (0, 1, 1, 1),
}
"""The published weights at 0, 20, 50 and 100 % of the run."""


@pytest.mark.parametrize("name", PAPER_LOSSES)
def test_every_loss_of_the_paper_preset_has_the_published_weight(name: str) -> None:
    losses = FitConfig.named("paper").losses
    assert losses.keys() == PAPER.keys()
    assert [losses[name].at(t) for t in TIMES] == pytest.approx(PAPER[name], rel=1e-6)


TEMPLATE = {
    "chamfer": (10, 28, 55, 100),
    "pull": (100, 86, 65, 30),
    "steady": (100, 100, 100, 100),
    "edge": (0, 0, 0, 0),
    "elasticity": (0, 0, 0, 0),
    "curvature": (1, 10**-0.2, 10**-0.5, 0.1),
    "kl": (1e-6, 1e-6 * 10**0.4, 1e-5, 1e-4),
    "dice": (0, 0, 0.3, 0.3),
    "bce": (0, 0, 0.3, 0.3),
}


@pytest.mark.parametrize("name", TEMPLATE_LOSSES)
def test_every_loss_of_a_template_start_has_its_weight(name: str) -> None:
    losses = FitConfig.named("balanced").losses
    assert losses.keys() == TEMPLATE.keys()
    assert [losses[name].at(t) for t in TIMES] == pytest.approx(TEMPLATE[name], rel=1e-6)


@given(
    st.floats(1e-6, 1e3),
    st.floats(1e-6, 1e3),
    st.sampled_from(["linear", "log", "cosine"]),
    st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
    st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
)
@settings(max_examples=80)
def test_a_schedule_runs_one_way_between_its_ends(
    start: float, stop: float, shape: Any, span: list[float], times: list[float]
) -> None:
    schedule = Schedule(start, stop, shape, *span)
    early, late = (schedule.at(t) for t in times)
    slack = 1e-9 * max(start, stop)
    assert min(start, stop) - slack <= early <= max(start, stop) + slack
    assert (late - early) * (stop - start) >= -slack * abs(stop - start)
    assert schedule.at(1.0) == stop
    if span[0] > 0:
        assert schedule.at(0.0) == start


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Schedule(0, 1, "log"), "positive numbers; got 0 to 1"),
        (lambda: Schedule(1, -1, "log"), "positive"),
        (lambda: Schedule(0, 1, "lin"), "linear, log or cosine; got 'lin'"),  # type: ignore[arg-type]
        (lambda: Schedule(0, 1, since=0.6, until=0.5), "since <= until <= 1; got 0.6 and 0.5"),
        (lambda: Schedule(0, 1, until=1.2), "since <= until"),
        (lambda: Schedule(0, 1, since=-0.1), "0 <= since"),
    ],
)
def test_a_schedule_that_cannot_run_is_refused(make: Callable[[], Schedule], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


def test_a_schedule_is_read_from_a_number_a_table_or_itself() -> None:
    assert parse_schedule("kl", 2) == Schedule(2.0, 2.0)
    table = {"start": 1, "stop": 2, "shape": "log", "since": 0.1, "until": 0.9}
    assert parse_schedule("kl", table) == Schedule(1, 2, "log", 0.1, 0.9)
    assert parse_schedule("kl", Schedule(1, 2)) == Schedule(1, 2)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("fast", "kl needs a number, or a table with start and stop; got 'fast'"),
        (True, "kl needs a number"),
        (None, "kl needs a number"),
        ([1, 2], "kl needs a number"),
        ({"start": 1}, "start and stop"),
        ({"start": 1, "stop": 2, "shap": "log"}, "no 'shap': did you mean 'shape'"),
        ({"start": "1", "stop": 2}, "kl needs a number for start; got '1'"),
        ({"start": 1, "stop": None}, "kl needs a number for stop"),
        ({"start": 1, "stop": 2, "since": "0"}, "kl needs a number for since"),
        ({"start": 1, "stop": 2, "shape": 3}, "linear, log or cosine; got 3"),
    ],
)
def test_what_is_no_schedule_is_refused(value: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_schedule("kl", value)


def test_the_presets_differ_where_they_should() -> None:
    assert set(PRESETS) == {"fast", "balanced", "paper"}
    assert all(FitConfig.named(name).preset == name for name in PRESETS)
    assert FitConfig.named("balanced") == FitConfig()
    assert FitConfig.named("fast").steps < FitConfig.named("balanced").steps < FitConfig.named("paper").steps
    paper = FitConfig.named("paper")
    assert (paper.init, paper.steps, paper.batch, paper.node_scale) == ("random", 250_000, 1, 0.05)
    assert [paper.learning_rate.at(t) for t in TIMES] == pytest.approx([1e-4, 1e-4, 1e-5, 1e-5])


def test_only_a_template_start_pulls() -> None:
    assert [FitConfig.named(name).pulls for name in ("fast", "balanced", "paper")] == [True, True, False]
    assert FitConfig.named("paper", losses={"pull": {"start": 0, "stop": 1}}).pulls
    assert not FitConfig(losses={"chamfer": constant(1)}).pulls


def test_changes_are_laid_over_a_preset_and_losses_term_by_term() -> None:
    config = FitConfig.named("fast", steps=7, nodes=32, losses={"pull": constant(0)})
    assert (config.preset, config.steps, config.nodes) == ("fast", 7, 32)
    assert config.losses == {**TEMPLATE_LOSSES, "pull": constant(0)}
    assert FitConfig.named("fast").losses == TEMPLATE_LOSSES
    assert FitConfig.named("fast").steps != 7
    assert FitConfig.named("fast", learning_rate=1e-3, losses={"pull": 0}) == FitConfig.named(
        "fast", learning_rate=constant(1e-3), losses={"pull": constant(0)}
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_a_config_survives_the_way_through_json(preset: str) -> None:
    config = FitConfig.named(preset, nodes=48, losses={"kl": Schedule(1, 2, "log", 0.1, 0.4)})
    assert FitConfig.from_dict(config.to_dict()) == config
    assert FitConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@given(st.data())
@settings(max_examples=30)
def test_any_numbers_survive_the_way_through_json(data: st.DataObject) -> None:
    draw = data.draw
    names = draw(st.lists(st.sampled_from(sorted(PAPER_LOSSES)), unique=True))
    ends, rates = st.floats(1e-9, 1e6), st.floats(1e-9, 0.1)
    losses = {name: Schedule(draw(ends), draw(ends), draw(st.sampled_from(["log", "linear", "cosine"]))) for name in names}
    config = FitConfig.named(
        draw(st.sampled_from(sorted(PRESETS))),
        losses=losses,
        seed=draw(st.integers(0, 2**31)),
        steps=draw(st.integers(1, 10**6)),
        zoom=(draw(st.floats(0.1, 1)), draw(st.floats(1, 3))),
        shift=draw(st.floats(0, 1)),
        learning_rate=Schedule(draw(rates), draw(rates), "log"),
    )
    assert FitConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


TOML = """
preset = "fast"
steps = 40
seed = 3
dropout = 0
zoom = [0.9, 1.1]
learning_rate = 1e-3

[losses]
pull = 12

[losses.kl]
start = 1e-5
stop = 1e-2
shape = "log"
until = 0.5
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_toml_file_is_laid_over_a_preset(tmp_path: Path) -> None:
    config = FitConfig.from_toml(written(tmp_path, TOML))
    losses = {**TEMPLATE_LOSSES, "pull": constant(12.0), "kl": Schedule(1e-5, 1e-2, "log", until=0.5)}
    changes = {"steps": 40, "seed": 3, "dropout": 0, "zoom": (0.9, 1.1), "learning_rate": constant(1e-3), "losses": losses}
    assert config == replace(FitConfig.named("fast"), **changes)


def test_the_preset_of_the_file_wins_over_the_one_asked_for(tmp_path: Path) -> None:
    assert FitConfig.from_toml(written(tmp_path, "steps = 5"), preset="paper") == FitConfig.named("paper", steps=5)
    assert FitConfig.from_toml(written(tmp_path, 'preset = "fast"'), preset="paper") == FitConfig.named("fast")
    assert FitConfig.from_toml(written(tmp_path, "")) == FitConfig()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stesp = 5", "'stesp'.*did you mean 'steps'"),
        ('preset = "fsat"', "'fsat'.*did you mean 'fast'"),
        ("preset = 3", "No preset is called '3'"),
        ("[losses]\nchamfre = 1", "'chamfre'.*did you mean 'chamfer'"),
        ("[losses.kl]\nstart = 1\nstop = 2\nuntill = 1", "'untill'.*did you mean 'until'"),
        ('[losses.kl]\nstart = "a"\nstop = 2', "kl needs a number for start"),
        ('[losses]\nkl = "high"', "kl needs a number"),
        ("losses = 3", "losses must be like {'kl': 0.001}; got 3"),
        ("losses = [1, 2]", "losses must be like"),
        ('learning_rate = "low"', "learning_rate needs a number"),
        ('steps = "many"', "steps must be like 1500; got 'many'"),
        ("steps = 1.5", "steps must be like"),
        ("steps = true", "steps must be like"),
        ("steps = 0", "steps must be at least 1; got 0"),
        ("seed = 99999999999999999999999", "seed must be at least 0 and below"),
        ("learning_rate = 1000", "learning_rate must stay"),
        ("weight_decay = inf", "must be finite"),
        ("zoom = [1, inf]", "must be finite"),
        ("latent = 100000000", "at most 8192"),
        ("batch = 100000", "batch at most 65536; got 4 and 100000"),
        ("levels = 12", "levels must be at most 6"),
        ("nodes = 9999999", r"nodes \(--nodes\) must be from 24 .* to 512; got 9999999"),
        ("nodes = 16", r"from 24 \(3 x 2\^\(levels-1\)\) to 512; got 16"),
        ("nodes = -3", "got -3"),
        ("node_scale = 0", "node_scale above 0"),
        ("losses = {kl = -1}", "at least 0; kl goes from -1.0 to -1.0"),
        ("losses = {kl = nan}", "kl needs a number"),
        ("filters = [true, 16]", "filters needs whole numbers"),
        ("seed = -1", "seed must be at least 0 and below"),
        ("stem = 0", "stem must be at least 1; got 0"),
        ("filters = [8, 0]", "filters needs whole numbers above 0"),
        ("filters = []", "filters needs whole numbers above 0"),
        ("dropout = 1.5", "dropout is a chance"),
        ("averaging = 1.0", "averaging must be at least 0 and below 1"),
        ("zoom = [1.2, 0.8]", "zoom is the least and the greatest"),
        ("shift = -0.1", "must be at least 0"),
        ("batch = -2", "batch must be at least 1; got -2"),
        ('dropout = "0.1"', "dropout must be like"),
        ("validation = 0", "between 0 and 1; got 0"),
        ("validation = 1.0", "between 0 and 1; got 1.0"),
        ("init = 3", "init must be like"),
        ('init = "tempalte"', "init is 'template' or 'random'; got 'tempalte'"),
        ("filters = 3", "filters must be like"),
        ('filters = ["a"]', "filters must be like"),
        ("levels = 2", "one width per level"),
        ("input_size = 100", "multiple of stem x 2.stages = 32; got 100"),
        ('nodes = "many"', "nodes must be like"),
        ("nodes = 1.5", "nodes must be like"),
        ("nodes = true", "nodes must be like"),
        ("[nodes]\nheart = 3", "nodes must be like"),
        ("steps = ", "not a TOML file"),
        ("steps 5", "not a TOML file"),
    ],
)
def test_what_a_config_cannot_hold_is_one_clear_error(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        FitConfig.from_toml(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"run\.toml; --config"):
        FitConfig.from_toml(tmp_path / "run.toml")
    with pytest.raises(NotFoundError):
        FitConfig.from_toml(tmp_path)
    (tmp_path / "run.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a TOML file"):
        FitConfig.from_toml(tmp_path / "run.toml")


@pytest.mark.parametrize("name", [item.name for item in fields(FitConfig) if item.name != "preset"])
def test_every_setting_refuses_a_table_of_nonsense(name: str) -> None:
    with pytest.raises(InputError):
        FitConfig.from_dict({name: {"what": "ever"}})


def test_no_structure_has_more_landmarks_than_its_contour_has_samples() -> None:
    assert MOST_NODES == SAMPLES
