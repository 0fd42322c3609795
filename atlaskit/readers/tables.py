"""Label names that the files themselves give, and folders whose files number the same names differently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from atlaskit.readers.scanning import Scan


def names_of(scans: Iterable[Scan]) -> dict[str, tuple[int, ...]]:
    """Label names of the first file that gives some; all files agree with it."""
    table = next((scan.names for scan in scans if scan.names), {})
    return {name: (value,) for value, name in table.items()}


def agree(scans: Iterable[Scan]) -> bool:
    """Whether all files that name labels number them alike, and all or none do."""
    return len({tuple(sorted(scan.names.items())) for scan in scans}) <= 1


def renumber(scans: list[Scan]) -> tuple[list[Scan], dict[str, tuple[int, ...]]]:
    """Give every label name of the files one number of its own, so that names and not values are compared."""
    names = sorted({_name(scan.names, value) for scan in scans for of in scan.values.values() for value in of})
    numbers = {name: number for number, name in enumerate(names, 1)}
    renumbered = [
        replace(s, values={at: frozenset(numbers[_name(s.names, v)] for v in of) for at, of in s.values.items()}) for s in scans
    ]
    return renumbered, {name: (number,) for name, number in numbers.items()}


def _name(names: dict[int, str], value: int) -> str:
    return names.get(value, str(value))
