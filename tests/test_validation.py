"""Validation: exact figures for perfect and shifted landmarks, and which cases are drawn as the worst."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from atlaskit.groupwise import Template, fit_template
from atlaskit.readers import read_corpus
from atlaskit.topology import independent
from atlaskit.verbs import validation
from atlaskit.verbs.tracing import Traced, trace_cases
from atlaskit.verbs.validation import TITLE, Held, draw, figures


@pytest.fixture(scope="module")
def held(cohort: Path) -> tuple[Template, Held]:
    """Six cases, one of them without a heart; what is wanted are 64 samples of each contour."""
    corpus = read_corpus(cohort)
    found = [item for item in trace_cases(corpus, corpus.cases[:6], workers=1) if isinstance(item, Traced)]
    samples = np.stack([item.samples for item in found])
    lengths = dict.fromkeys(corpus.names, 1.0)
    template = fit_template(samples, independent(lengths, nodes=64, levels=1), rounds=1)
    wanted = samples[:, :, ::8].reshape(len(found), -1, 2)
    ids, subjects = (tuple(getattr(item.case, name) for item in found) for name in ("id", "subject"))
    return template, Held(ids, subjects, tuple(item.mask for item in found), samples, wanted)


def filled(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """A network's landmarks: it has some for absent structures too, far away here."""
    return np.where(np.isnan(points), -1000.0, points)


def test_perfect_landmarks_have_no_error(held: tuple[Template, Held]) -> None:
    template, cases = held
    found = figures(filled(cases.wanted), cases, template)
    assert found.keys() == {"dice", "assd_px", "pull_px", "self_intersections", "error"}
    assert list(found["dice"]) == ["1", "2", "3"]
    assert all(value > 0.98 for value in found["dice"].values())
    assert found["pull_px"] == {"1": 0, "2": 0, "3": 0} and found["self_intersections"] == {"1": 0, "2": 0, "3": 0}
    assert max(found["assd_px"].values()) < 0.2
    assert found["error"] == pytest.approx(np.mean([*found["assd_px"].values(), 0, 0, 0]))


def test_a_shift_is_the_pull_and_counts_in_the_error(held: tuple[Template, Held]) -> None:
    template, cases = held
    points = filled(cases.wanted)
    points[:, 64:128] += [3.0, 4.0]
    found = figures(points, cases, template)
    assert found["pull_px"] == {"1": 0, "2": 5.0, "3": 0}
    assert 1 < found["assd_px"]["2"] < 5 and found["dice"]["2"] < 0.95 < found["dice"]["1"]
    assert found["error"] > figures(filled(cases.wanted), cases, template)["error"] + 1
    unpulled = figures(points, cases, template, pulled=False)
    assert unpulled == {**found, "error": pytest.approx(np.mean([*found["assd_px"].values()]))}


def test_crossed_outlines_are_counted_once_each(held: tuple[Template, Held]) -> None:
    template, cases = held
    points = filled(cases.wanted)
    points[0, [5, 40]] = points[0, [40, 5]]
    points[4, [5, 6]] = points[4, [6, 5]]
    assert figures(points, cases, template)["self_intersections"] == {"1": 2, "2": 0, "3": 0}


def test_a_structure_that_no_validation_case_has_gives_no_figure(held: tuple[Template, Held]) -> None:
    template, cases = held
    one = Held(cases.ids[3:4], cases.subjects[3:4], cases.masks[3:4], cases.samples[3:4], cases.wanted[3:4])
    assert list(figures(filled(one.wanted), one, template)["dice"]) == ["1", "2"]


def test_the_worst_case_is_drawn_first(held: tuple[Template, Held], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template, cases = held
    points = filled(cases.wanted)
    points[2, :64] += 6.0
    points[5, 64:128] += 3.0
    shown: dict[str, list[str]] = {}
    real = validation.plot.cases

    def cases_drawn(items: list[tuple[str, object, object]], *rest: object, suptitle: str) -> object:
        shown[suptitle] = [title for title, _, _ in items]
        return real(items[:1], *rest, suptitle=suptitle)  # type: ignore[arg-type]

    monkeypatch.setattr(validation.plot, "cases", cases_drawn)
    log = [{"epoch": 1, "step": 1, "losses": {"pull": 1.0}, "weights": {"pull": 1.0}, "validation": {"error": 1.0}}]
    paths = draw(tmp_path / "figures", template, np.zeros((0, 192, 2)), cases, points, log)
    worst = [title.split("\n")[0] for title in shown[TITLE.format("Worst")]]
    typical = [title.split("\n")[0] for title in shown[TITLE.format("Typical")]]
    assert worst[:2] == [cases.ids[2], cases.ids[5]] and len(worst) == min(4, len(cases.ids) // 2)
    assert typical and not set(typical) & set(worst)
    assert sorted(path.name for path in paths) == sorted(path.name for path in (tmp_path / "figures").iterdir())


def test_typical_cases_lie_around_the_middle_and_are_of_different_subjects() -> None:
    order = np.array([7, 6, 5, 4, 3, 2, 1, 0])
    assert validation._around(order, 3, [*"abcdefgh"]) == [6, 5, 4, 3]
    assert validation._around(order, 3, [*"aabbccdd"]) == [6, 4, 3, 1]
    assert validation._around(order[:1], 0, [*"abcdefgh"]) == [7]
