import pytest

from atlaskit.errors import AtlasError, InputError, NetworkError, NotFoundError, StoreError, nearest


@pytest.mark.parametrize(
    ("error", "builtin"),
    [(InputError, ValueError), (NotFoundError, FileNotFoundError), (StoreError, OSError), (NetworkError, ValueError)],
)
def test_every_error_is_ours_and_python_s_and_says_just_its_message(error: type[AtlasError], builtin: type[Exception]) -> None:
    with pytest.raises(builtin) as caught:
        raise error("The atlas must exist.")
    assert isinstance(caught.value, AtlasError)
    assert str(caught.value) == "The atlas must exist."


@pytest.mark.parametrize("error", [AtlasError, InputError, NotFoundError, StoreError, NetworkError])
def test_an_error_without_a_message_can_be_shown(error: type[AtlasError]) -> None:
    assert str(error()) == ""


def test_the_nearest_name_is_offered_or_all_of_them() -> None:
    assert nearest("hart", ["heart", "lung"]) == "did you mean 'heart'?"
    assert nearest("qqq", ["heart", "lung"]) == "choose from: heart, lung"
    assert nearest("qqq", []) == "choose from: nothing"
    assert nearest("stpes", iter(["batch", "steps"])) == "did you mean 'steps'?"
