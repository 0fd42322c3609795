"""Growth curves: exact answers, subjects' own lines, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from atlaskit.errors import InputError
from atlaskit.shape import anova, design
from atlaskit.tracking import Growth, growth

AGES = np.array([1.0, 2.0, 4.0, 8.0])
SHAPE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
GROWS = np.array([[0.0, 0.1], [0.02, 0.0], [-0.05, 0.03]])

Litter = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], list[str]]


def litter(*, noise: float = 0.0, power: float = 0.3, subjects: int = 6) -> Litter:
    """Shapes, sizes, ages and names of subjects that differ among each other and grow alike."""
    rng = np.random.default_rng(0)
    age, who = np.tile(AGES, subjects), np.repeat(np.arange(subjects), len(AGES))
    own = 0.1 * rng.normal(size=(subjects, 3, 2))[who]
    shapes = SHAPE + own + np.log(age)[:, None, None] * GROWS + noise * rng.normal(size=(len(age), 3, 2))
    return shapes, (1 + 0.1 * who) * age**power, age, [f"rat {k}" for k in who]


@pytest.fixture(scope="module")
def exact() -> Growth:
    return growth(*litter(), ages=[16.0, 1.0, 2.0], permutations=99)


def test_a_line_in_log_age_is_found_exactly(exact: Growth) -> None:
    shapes, size, _, _ = litter()
    assert exact.ages.tolist() == [1, 2, 16]
    mean = shapes.mean(axis=0) - np.log(AGES).mean() * GROWS
    np.testing.assert_allclose(exact.shapes, mean + np.log(exact.ages)[:, None, None] * GROWS)
    assert exact.exponent == pytest.approx(0.3)
    sizes = np.exp(np.log(size).mean()) * (exact.ages / np.exp(np.log(AGES).mean())) ** 0.3
    np.testing.assert_allclose(exact.sizes, sizes)


def test_each_subject_has_its_own_line(exact: Growth) -> None:
    np.testing.assert_allclose(exact.subjects["exponent"], 0.3)
    np.testing.assert_allclose(exact.subjects["R2"], 1)
    middle = np.exp(np.log(AGES).mean())
    np.testing.assert_allclose(exact.subjects["size"], (1 + 0.1 * np.arange(6)) * middle**0.3)
    assert exact.subjects.index.tolist() == [f"rat {k}" for k in range(6)]


def test_one_visit_has_no_line_and_spoils_no_other() -> None:
    shapes, size, age, who = litter()
    kept = np.r_[0, 4 : len(age)]
    found = growth(shapes[kept], size[kept], age[kept], [who[k] for k in kept], permutations=19).subjects
    assert found.loc["rat 0", "n"] == 1 and found.loc["rat 0", ["exponent", "size", "R2"]].isna().all()
    np.testing.assert_allclose(found["exponent"].iloc[1:], 0.3)


def test_the_test_is_that_of_the_model_within_subjects() -> None:
    shapes, size, age, who = litter(noise=0.05)
    found = growth(shapes, size, age, who, permutations=199, seed=3)
    table = pd.DataFrame({"age": age, "rat": who})
    expected = anova(shapes, design("~ log(age)", table, within="rat"), permutations=199, seed=3).table.loc[
        "within", "log(age)"
    ]
    pd.testing.assert_series_equal(found.table.loc["shape"].drop("R2_within"), expected, check_names=False)
    assert found.table.loc["shape", "p"] == pytest.approx(1 / 200)
    assert 0 < found.table.loc["shape", "R2"] < 1 and found.table.loc["log size", "R2"] > 0.5


def test_the_share_within_subjects_leaves_out_how_these_differ() -> None:
    shapes, size, age, who = litter(noise=0.05)
    found = growth(shapes, size, age, who, permutations=19).table
    apart = pd.Series(who).map({name: 10.0 * k for k, name in enumerate(dict.fromkeys(who))}).to_numpy()
    moved = growth(shapes + apart[:, None, None], size * np.exp(apart), age, who, permutations=19).table
    assert (moved["R2"] < 0.01).all() and (found["R2"] < found["R2_within"]).all()
    np.testing.assert_allclose(moved["R2_within"], found["R2_within"])
    centred = shapes.reshape(6, 4, -1) - shapes.reshape(6, 4, -1).mean(axis=1, keepdims=True)
    x = np.log(AGES) - np.log(AGES).mean()
    slope = np.einsum("t,std->d", x, centred) / (6 * (x**2).sum())
    assert found.loc["shape", "R2_within"] == pytest.approx(6 * (x**2).sum() * (slope**2).sum() / (centred**2).sum())


def test_nothing_grows_where_ages_are_dealt_out_by_lot() -> None:
    shapes, size, age, who = litter(noise=0.05)
    rng = np.random.default_rng(5)
    p = []
    for _ in range(20):
        order = np.concatenate([4 * k + rng.permutation(4) for k in range(6)])
        p.append(growth(shapes[order], size[order], age, who, permutations=99).table["p"])
    assert (np.array(p) <= 0.05).mean() < 0.25


def test_ages_are_even_in_their_logarithm_unless_given() -> None:
    np.testing.assert_allclose(growth(*litter(noise=0.01), permutations=19).ages, np.geomspace(1, 8, 7))


@pytest.mark.parametrize(
    "change,words",
    [
        ({"age": np.r_[0.0, np.ones(23)]}, "age is 0 in case 0"),
        ({"size": np.r_[np.ones(23), np.nan]}, "size is nan in case 23"),
        ({"size": np.ones(3)}, "24 shapes, 3 sizes"),
        ({"ages": [-1.0]}, "Ages to predict"),
        ({"subject": [None, *"abcdefabcdefabcdefabcde"]}, "1 have none"),
        ({"subject": [f"{k}" for k in range(24)]}, "two ages or more, but none of 24 has two"),
        ({"age": np.repeat(AGES[:3], 8), "subject": [*np.repeat(list("abc"), 8)]}, "but none of 3 has two"),
    ],
)
def test_what_does_not_grow_is_refused_in_words(change: dict[str, object], words: str) -> None:
    names = ("shapes", "size", "age", "subject")
    asked: dict[str, object] = {**dict(zip(names, litter(), strict=True)), **change}
    with pytest.raises(InputError, match=words):
        growth(**asked)  # type: ignore[arg-type]
