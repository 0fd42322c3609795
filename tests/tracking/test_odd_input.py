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


@pytest.mark.parametrize("options", [{"ed": 3, "stop": 1}, {"ed": 3, "stop": 3}])
def test_a_beat_stops_after_it_began(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="stops after its end-diastole"):
        tracking.normalise(np.arange(6.0), **options)


CURVE = 10 + 3 * np.cos(2 * np.pi * np.arange(12) / 12)
POINTS = CURVE[:, None, None] * np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
OF_FRAMES: dict[str, Callable[[Any], object]] = {
    "strain": lambda ed: tracking.strain(CURVE, ed),
    "ejection_fraction": lambda es: tracking.ejection_fraction(CURVE, 0, es),
    "segmental_strain": lambda ed: tracking.segmental_strain(POINTS, (*LOOP, 0), ed, segments=2),
    "normalise": lambda ed: tracking.normalise(CURVE, ed=ed),
    "normalise stop": lambda stop: tracking.normalise(CURVE, stop=stop),
    "displacement": lambda frame: tracking.displacement(POINTS, frame),
}


@pytest.mark.parametrize("odd", [np.nan, np.inf, 1.5, 1e30, 14, "x", [0, 1], np.zeros((2, 3)), object()])
@pytest.mark.parametrize("name", OF_FRAMES)
def test_a_frame_is_a_whole_number_of_each_curve(name: str, odd: object) -> None:
    with pytest.raises(InputError, match=r"Frames must be|A frame|A reference"):
        OF_FRAMES[name](odd)


def test_no_frame_is_none_and_a_whole_one_may_be_any_number() -> None:
    assert np.isnan(tracking.strain(CURVE, -1)).all() and tracking.strain(CURVE, 2.0)[2] == 0  # type: ignore[arg-type]
    with pytest.raises(InputError, match="Frames must be whole numbers; got nan"):
        tracking.strain(CURVE, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("reference", [-1, -12, [-1]])
def test_displacement_is_from_a_frame(reference: object) -> None:
    """As -1 is no phase elsewhere, it is not the last frame here."""
    with pytest.raises(InputError, match="number of one of 12 frames"):
        tracking.displacement(POINTS, reference)  # type: ignore[arg-type]


AREAS = np.stack([CURVE] * 3)
OPTIONS: dict[str, tuple[Callable[[Any], object], str]] = {
    "times of phases": (lambda odd: tracking.phases(CURVE, time=odd), "Times must|A time is needed"),
    "areas": (lambda odd: tracking.by_slices(odd, 8.0), "Areas of slices"),
    "distance": (lambda odd: tracking.by_slices(AREAS, odd), r"[Dd]istances? between slices"),
    "pixels": (lambda odd: tracking.in_mm(POINTS, odd), "Sizes of pixels|of a pixel"),
    "points in mm": (lambda odd: tracking.in_mm(odd, [1.0, 1.0]), "Landmarks of sequences"),
    "longest of fill": (lambda odd: tracking.fill(POINTS, longest=odd), "longest gap that is filled"),
    "longest of bridged": (lambda odd: tracking.bridged(CURVE, longest=odd), "longest gap that is bridged"),
    "rounds": (lambda odd: tracking.steady(POINTS, (LOOP,), rounds=odd), "How often .* whole number of 0 or more"),
    "cutoff": (lambda odd: tracking.steady(POINTS, (LOOP,), cutoff=odd), "cutoff of more than 2 frames"),
    "cutoff of smooth": (lambda odd: tracking.smooth(POINTS, method="rts", cutoff=odd), "cutoff of more than 2 frames"),
    "method": (lambda odd: tracking.smooth(POINTS, method=odd), "method of smoothing must be"),
    "threshold": (lambda odd: tracking.jumps(POINTS, (LOOP,), threshold=odd), "threshold above 0"),
    "segments": (lambda odd: tracking.segmental_strain(POINTS, (*LOOP, 0), 0, segments=odd), "number of segments"),
    "phases": (lambda odd: tracking.normalise(CURVE, n=odd), "number of phases"),
    "phase": (lambda odd: tracking.normalise(CURVE, es=5, es_phase=odd), "phase between 0 and 1"),
    "harmonics": (lambda odd: tracking.phases(CURVE, harmonics=odd), "number of harmonics"),
    "least": (lambda odd: tracking.beats(CURVE, least=odd), "frames of a beat"),
    "path": (lambda odd: tracking.area(POINTS, odd), "Landmarks of a path|path needs landmarks"),
    "values": (lambda odd: tracking.contrast(odd, ["a", "b"]), "Curves must be|must name each"),
}


@pytest.mark.parametrize("odd", ["x", [], object(), -1.5, {}])
@pytest.mark.parametrize("name", OPTIONS)
def test_an_odd_option_is_refused(name: str, odd: object) -> None:
    function, words = OPTIONS[name]
    with pytest.raises(InputError, match=words):
        function(odd)


def test_options_that_are_numbers_of_another_kind_are_refused() -> None:
    for name, odd in (("rounds", 1.5), ("segments", 1.5), ("longest of fill", None), ("times of phases", [1.0, 2.0])):
        function, words = OPTIONS[name]
        with pytest.raises(InputError, match=words):
            function(odd)
    for size in ([1.0, 2.0, 3.0], np.ones((5, 2))):
        with pytest.raises(InputError, match="Width and height of a pixel are needed"):
            tracking.in_mm(POINTS, size)
