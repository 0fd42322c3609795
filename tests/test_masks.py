import numpy as np
import pytest

from atlaskit.errors import InputError
from atlaskit.masks import Mask, Structure, match_label, named_labels, parse_structure, resolve

HEART = {"LV": (1,), "MYO": (2,), "right ventricle": (3,), "whole": (1, 2)}


def test_a_mask_knows_its_size_and_what_is_present() -> None:
    planes = np.zeros((2, 3, 5), dtype=bool)
    planes[1, 0, 4] = True
    mask = Mask(planes, ("a", "b"))
    assert mask.image_size == (5, 3)
    assert mask.present.tolist() == [False, True]
    assert np.isnan(mask.spacing_mm).all()


@pytest.mark.parametrize(
    ("text", "structure"),
    [
        ("epi=1+2", Structure("epi", ("1", "2"))),
        (" right lung = lung upper + lung lower ", Structure("right lung", ("lung upper", "lung lower"))),
        ("a=1+1", Structure("a", ("1",))),
        ("a=b=c", Structure("a", ("b=c",))),
    ],
)
def test_a_structure_is_parsed(text: str, structure: Structure) -> None:
    assert parse_structure(text) == structure


@pytest.mark.parametrize("text", ["heart", "=1", "a=", "a=1+", "", "a=+"])
def test_a_structure_without_name_or_label_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="NAME=LABEL"):
        parse_structure(text)


def test_labels_resolve_by_name_by_loose_name_and_by_value() -> None:
    found = {1, 2, 3}
    assert resolve(parse_structure("epi=LV+MYO"), HEART, found) == Structure("epi", ("LV", "MYO"), (1, 2))
    assert resolve(parse_structure("rv=Right_Ventricle"), HEART, found).values == (3,)
    assert resolve(parse_structure("rv=3"), HEART, found) == Structure("rv", ("right ventricle",), (3,))
    assert resolve(parse_structure("w=whole+LV"), HEART, found).values == (1, 2)


def test_an_unknown_label_offers_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'right ventricle'"):
        resolve(parse_structure("rv=right ventricel"), HEART, {1})
    with pytest.raises(InputError, match="choose from: LV"):
        resolve(parse_structure("rv=9"), HEART, {1})


def test_a_structure_that_no_case_has_is_refused_with_what_was_found() -> None:
    with pytest.raises(InputError, match=r"no case has label right ventricle; the masks hold: LV, whole"):
        resolve(parse_structure("rv=3"), HEART, {1})


def test_values_mean_nothing_where_structures_are_files() -> None:
    assert match_label("1", HEART) == "LV"
    assert match_label("1", HEART, by_value=False) is None


def test_values_without_a_name_are_named_by_themselves() -> None:
    assert named_labels({"LV": (1,)}, {1, 7}) == {"LV": (1,), "7": (7,)}
