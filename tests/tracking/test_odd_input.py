"""What is no curve and no landmarks is told so, whatever it is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from atlaskit import tracking
from atlaskit.errors import InputError

LOOP = tuple(range(4))
OF_CURVES: dict[str, Callable[[Any], object]] = {
    "phases": tracking.phases,
    "beats": tracking.beats,
    "normalise": tracking.normalise,
    "average": tracking.average,
    "strain": lambda curve: tracking.strain(curve, 0),
    "ejection_fraction": lambda curve: tracking.ejection_fraction(curve, 0, 1),
}
OF_POINTS: dict[str, Callable[[Any], object]] = {
    "area": lambda points: tracking.area(points, LOOP),
    "wall_thickness": lambda points: tracking.wall_thickness(points, LOOP, LOOP),
    "segmental_strain": lambda points: tracking.segmental_strain(points, (*LOOP, 0), 0, segments=2),
    "jumps": lambda points: tracking.jumps(points, (LOOP,)),
    "steady": lambda points: tracking.steady(points, (LOOP,)),
    "smooth": lambda points: tracking.smooth(points, method="rts"),
    "fill": tracking.fill,
    "jitter": lambda points: tracking.jitter(points, (LOOP,)),
    "trajectories": tracking.trajectories,
}
ODD = {"scalar": 1.0, "none": None, "text": "x", "complex": 1j * np.arange(8), "ragged": [[1, 2], [3]], "objects": [object()]}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", [*OF_CURVES, *OF_POINTS])
def test_odd_input_is_refused(name: str, odd: str) -> None:
    with pytest.raises(InputError, match=r"Curves|[Cc]urve|Landmarks|Phases"):
        {**OF_CURVES, **OF_POINTS}[name](ODD[odd])


def test_a_strain_is_of_any_list() -> None:
    np.testing.assert_allclose(tracking.strain([4, 3, 2], 0), [0, -0.25, -0.5])  # type: ignore[arg-type]


def test_a_path_has_landmarks() -> None:
    with pytest.raises(InputError, match="needs landmarks; got none"):
        tracking.area(np.zeros((3, 4, 2)), ())


@pytest.mark.parametrize("options", [{"n": 0}, {"n": -1}, {"ed": 3, "stop": 1}, {"ed": 3, "stop": 3}])
def test_a_beat_stops_after_it_began(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="1 phase or more, and stops after its end-diastole"):
        tracking.normalise(np.arange(6.0), **options)
