"""Names of files: told apart on any disk, and no longer than it takes."""

from atlaskit.verbs.whole import LONGEST, as_files


def test_names_that_would_be_the_same_are_numbered() -> None:
    made = as_files("map", [("log(age)", 1), ("log_age", 2), ("Log Age", 3), ("age", 4)])
    assert made == {"map_log_age": 1, "map_log_age_2": 2, "map_Log_Age_3": 3, "map_age": 4}


def test_long_names_are_cut_and_kept_apart() -> None:
    made = as_files("map", [("a" * 300 + end, end) for end in "xyz"])
    assert list(made.values()) == ["x", "y", "z"] and all(len(name) <= LONGEST + 2 for name in made)
