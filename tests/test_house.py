"""The house itself: floors, lazy imports, sizes, and words for every public name."""

import ast
import doctest
import importlib
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import atlaskit
from atlaskit_cli.app import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
LIBRARY, CLI = ROOT / "atlaskit", ROOT / "cli" / "atlaskit_cli"

FLOORS = (
    {"errors", "launcher"},
    {"schedules", "masks"},
    {"config", "contours"},
    {"topology", "corpus"},
    {"landmarks", "metrics", "signatures", "assignment", "frames", "walls"},
    {"pose", "joining"},
    {"readers", "store", "groupwise", "phantom", "shape"},
    {"net", "tracking", "surfaces"},
    {"plot"},
    {"verbs"},
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}

ONLY_IN = {  # outside package -> the only places that may import it
    "torch": {"net"},
    "matplotlib": {"plot"},
    "mpl_toolkits": {"plot"},
    "zarr": {"store"},
    "numba": {"assignment", "contours", "metrics"},
    "shapely": {"metrics"},
    "nibabel": {"readers", "phantom"},
    "PIL": {"readers", "phantom"},
    "tifffile": {"readers"},
    "nrrd": {"readers"},
    "meshio": {"surfaces"},
    "patsy": {"shape"},
    "typer": {"atlaskit_cli"},
    "rich": {"atlaskit_cli"},
    "click": set(),
}
HEAVY = {"matplotlib", "nibabel", "numba", "numpy", "pandas", "patsy", "scipy", "shapely", "skimage", "torch", "xarray", "zarr"}

MODULES = sorted(LIBRARY.rglob("*.py"))
SOURCES = MODULES + sorted(CLI.rglob("*.py"))


def place(path: Path) -> str:
    """The part of the house that a file belongs to: a name of FLOORS, ``__init__`` or ``atlaskit_cli``."""
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py") if path.is_relative_to(LIBRARY) else CLI.name


def name_of(path: Path) -> str:
    """How pytest shows a file."""
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Each (module, name) that a file imports anywhere, in functions too; no name for ``import module``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} imports relatively"
            yield from ((str(node.module), alias.name) for alias in node.names)


def broken_floors(here: str, found: Iterator[tuple[str, str]]) -> list[str]:
    """What a part of the library imports from its own floor or above, or from the lazy root."""
    broken = []
    for module, name in found:
        if module.split(".")[0] == "atlaskit_cli":
            broken.append(module)
        if module.split(".")[0] != "atlaskit":
            continue
        there = (module.split(".")[1:] or [name])[0]
        if name != "__version__" and there != here and FLOOR.get(there, 99) >= FLOOR[here]:
            broken.append(f"{module}.{name}".rstrip("."))
    return broken


def test_every_module_has_a_floor() -> None:
    assert {place(path) for path in MODULES} - {"__init__"} == set(FLOOR)


@pytest.mark.parametrize("path", [p for p in MODULES if place(p) != "__init__"], ids=name_of)
def test_a_module_imports_only_lower_floors(path: Path) -> None:
    assert broken_floors(place(path), imports(path)) == []


def test_the_floor_checker_sees_neighbours_upper_floors_and_the_root() -> None:
    found = [
        ("atlaskit.masks", "Mask"),
        ("atlaskit.corpus", "Case"),
        ("atlaskit.net.fit", "x"),
        ("atlaskit", "fit"),
        ("numpy", ""),
    ]
    assert broken_floors("topology", iter(found)) == ["atlaskit.corpus.Case", "atlaskit.net.fit.x", "atlaskit.fit"]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_outside_packages_stay_in_their_rooms(path: Path) -> None:
    outside = {module.split(".")[0] for module, _ in imports(path)}
    assert not {package for package in outside & set(ONLY_IN) if place(path) not in ONLY_IN[package]}


@pytest.mark.parametrize("path", sorted(CLI.rglob("*.py")), ids=name_of)
def test_the_command_line_uses_public_names_only(path: Path) -> None:
    public = {*atlaskit.__all__, "__version__"}
    used = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "atlaskit"
    }
    for module, name in imports(path):
        assert not module.startswith("atlaskit."), f"{module} is no public name"
        used |= {name} - {""} if module == "atlaskit" else set()
    assert used <= public


def loaded_by(code: str) -> set[str]:
    """The outside packages that a fresh interpreter has loaded after running some code."""
    code += "\nimport sys; sys.stderr.write('\\nLOADED ' + ' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    paths = f"import sys; sys.path[:0] = {[str(ROOT), str(CLI.parent)]!r}\n"
    run = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=True, timeout=120)
    return set(run.stderr.rpartition("LOADED ")[2].split())


def test_importing_the_library_loads_nothing_heavy() -> None:
    assert not loaded_by("import atlaskit; dir(atlaskit)") & (HEAVY | {"typer", "rich"})


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_loads_nothing_heavy(command: str) -> None:
    asked = [word for word in ("atlaskit", command, "--help") if word]
    code = f"import sys; sys.argv = {asked!r}\nfrom atlaskit_cli.app import main\n"
    loaded = loaded_by(code + "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code")
    assert "typer" in loaded and not loaded & HEAVY


@pytest.mark.parametrize("name", atlaskit.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(atlaskit, name)
    assert value.__module__.startswith("atlaskit.")
    assert value.__doc__ and not value.__doc__.startswith(f"{name}("), "a dataclass without words shows its signature"


def test_lazy_modules_are_there_and_wrong_names_are_not() -> None:
    assert {"plot", "metrics", "fit"} <= set(dir(atlaskit))
    for name in set(dir(atlaskit)) - set(atlaskit.__all__) - {"__version__"}:
        assert getattr(atlaskit, name) is importlib.import_module(f"atlaskit.{name}")
    with pytest.raises(AttributeError, match="no attribute 'organ'"):
        _ = atlaskit.organ


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST, *, public: bool) -> Iterator[Function]:
    """The functions and methods of a module, all or the public ones, not those inside functions."""
    for node in getattr(tree, "body", []):
        if isinstance(node, ast.ClassDef) and not (public and node.name.startswith("_")):
            yield from functions(node, public=public)
        elif isinstance(node, Function) and not (public and node.name.startswith("_")):
            yield node


def parameters(function: Function) -> list[str]:
    """The parameters that a caller gives."""
    arguments = function.args
    listed = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return [argument.arg for argument in listed if argument and argument.arg not in ("self", "cls")]


def section(docstring: str, title: str) -> set[str] | None:
    """The names that a numpydoc section lists; None without such a section."""
    match = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[^\n]*\n-{{3,}}|\Z)", docstring, flags=re.M | re.S)
    if match is None:
        return None
    entries = re.findall(r"^([\w*]+(?:, [\w*]+)*)(?: :.*)?$", match[1], flags=re.M)
    return {name.strip("* ") for entry in entries for name in entry.split(",")}


def exported(path: Path) -> set[str]:
    """The names that a package's ``__init__`` gives out, and the library's own."""
    package = LIBRARY / place(path) / "__init__.py"
    tree = ast.parse(package.read_text()) if package.exists() else ast.Module([], [])
    listed = [n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    return {*atlaskit.__all__, *(name for names in listed for name in ast.literal_eval(names))}


def undocumented(function: Function, *, sections: bool = True) -> str | None:
    """What a docstring lacks: a Parameters section from three parameters on, and every name where there is one."""
    docstring = ast.get_docstring(function)
    given = parameters(function)
    if not docstring:
        return "no docstring"
    named = section(docstring, "Parameters")
    if named is None:
        return "no Parameters section" if sections and len(given) > 2 else None
    return None if named == set(given) else f"Parameters names {sorted(named)}, the function has {sorted(given)}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_public_functions_are_documented(path: Path) -> None:
    inside = None if path.parent == LIBRARY else exported(path)  # a package's inner functions may be brief
    lacks = {
        f"{function.name}:{function.lineno}": undocumented(function, sections=inside is None or function.name in inside)
        for function in functions(ast.parse(path.read_text()), public=True)
    }
    assert {name: lack for name, lack in lacks.items() if lack} == {}


def test_the_documentation_checker_sees_what_is_missing() -> None:
    source = '''
def good(a, *, b, c):
    """Do.

    Parameters
    ----------
    a, b : int
    c : (N, 2) array
        Words: more.

    Returns
    -------
    int
    """
def stale(a):
    """Do.

    Parameters
    ----------
    old : int
    """
def bare(a): ...
def long(a, b, c):
    """Do."""
'''
    lacks = [undocumented(function) for function in functions(ast.parse(source), public=True)]
    stale = "Parameters names ['old'], the function has ['a']"
    assert lacks == [None, stale, "no docstring", "no Parameters section"]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_field_of_a_public_record_is_documented(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.ClassDef) or node.name.startswith("_") or not node.decorator_list:
            continue
        if sum(isinstance(item, ast.AnnAssign) for item in node.body) <= 2:
            continue  # a pair is told in its sentence
        listed = section(ast.get_docstring(node) or "", "Attributes") or set()
        for item, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                spoken = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                field = item.target.id
                assert field.startswith("_") or field in listed or spoken, f"{node.name}.{field} has no words"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_are_short_and_named_for_what_they_hold(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 300
    assert path.stem not in {"utils", "util", "helpers", "common", "misc"}


def body_lines(function: Function) -> int:
    """Lines of a function without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return int(body[-1].end_lineno or 0) - body[0].lineno + 1


def test_functions_are_short() -> None:
    lengths = [body_lines(f) for path in SOURCES for f in functions(ast.parse(path.read_text()), public=False)]
    assert statistics.median(lengths) <= 10
    assert statistics.quantiles(lengths, n=10)[-1] < 30


@pytest.mark.parametrize("path", [p for p in MODULES if ">>>" in p.read_text()], ids=name_of)
def test_examples_in_docstrings_are_true(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
    assert doctest.testmod(module).failed == 0
