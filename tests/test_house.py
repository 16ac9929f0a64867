"""The house keeps its order: no import cycles, the layers of pyproject.toml, and who knows whom."""

from __future__ import annotations

import ast
import re
import runpy
import tomllib
from pathlib import Path

import pytest

from helpers.reference import CHECKOUT, TESTS

SOURCE = CHECKOUT / "src"
ONLY = {
    "hydra": ("ferbench.config", "ferbench.app"),
    "omegaconf": ("ferbench.config", "ferbench.app"),
    "mlflow": ("ferbench.tracking",),
    "typer": ("ferbench.app",),
    "rich": ("ferbench.app",),
}
"""Which rooms may know a library."""
EDGE = ("app", "docs")
"""Folders of tests that may import the command line."""


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in (SOURCE / "ferbench").rglob("*.py")}


def imports_of(path: Path) -> set[str]:
    """All modules that a file imports anywhere in it, also inside functions and for types only."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (submodules & MODULES.keys()) or {node.module}
    return names


GRAPH = {name: imports_of(path) & MODULES.keys() for name, path in MODULES.items()}


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others (Tarjan 1972)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = low[name] = len(number)
        stack.append(name)
        for target in graph[name]:
            if target not in number:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], number[target])
        if low[name] == number[name]:
            at = stack.index(name)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1 or name in graph[name]:
                groups.append(sorted(group))

    for name in graph:
        if name not in number:
            visit(name)
    return groups


def test_the_search_finds_a_cycle():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_no_module_imports_itself_through_others():
    # The face of the library names every verb for type checkers; nothing inside imports the face.
    assert cycles(GRAPH) == []


@pytest.mark.parametrize("library", ONLY)
def test_a_library_is_known_in_its_rooms_only(library):
    knowing = {
        name
        for name, path in MODULES.items()
        if any(found.split(".")[0] == library for found in imports_of(path))
    }
    assert {name for name in knowing if not name.startswith(ONLY[library])} == set()


def test_layers_in_the_documents_are_those_of_the_contract():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    layers = [re.sub(r"[()]", "", layer) for layer in contract["layers"]]
    document = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    [block] = re.findall(r"<!-- layers -->\n```\n(.*?)```", document, re.DOTALL)
    written = [line.split("  ")[0].strip() for line in block.strip().splitlines()]
    assert written == layers


def test_the_plugins_of_hydra_come_in_by_two_doors():
    """So that they could be a package of their own."""
    used = {
        name
        for path in (SOURCE / "hydra_plugins").rglob("*.py")
        for name in imports_of(path)
        if name.startswith("ferbench")
    }
    assert used == {"ferbench.app.hydra.planned", "ferbench.config.cells"}
    assert [
        name for name in GRAPH if any("hydra_plugins" in n for n in imports_of(MODULES[name]))
    ] == []


def test_tests_of_the_library_import_the_library():
    wrong = [
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("*.py")
        if path.relative_to(TESTS).parts[0] not in (*EDGE, "conftest.py", "test_house.py")
        and any(name.startswith("ferbench.app") for name in imports_of(path))
    ]
    assert wrong == []


def test_the_picture_of_the_house_is_that_of_the_contract():
    names = runpy.run_path(str(CHECKOUT / "tools" / "draw_house.py"))
    picture = (CHECKOUT / "docs" / "images" / "house.svg").read_text(encoding="utf-8")
    assert picture == names["drawing"](names["layers"]()), "run: python tools/draw_house.py"


def test_no_file_is_longer_than_a_reader_keeps_in_mind():
    lengths = {
        str(path.relative_to(CHECKOUT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in SOURCE.rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_parts_of_the_mutants_are_there():
    parts = runpy.run_path(str(CHECKOUT / "tools" / "mutants.py"))["PARTS"]
    for sources, tests in parts.values():
        assert [part for part in sources if not (SOURCE / "ferbench" / part).exists()] == []
        assert [part for part in tests if not (CHECKOUT / part).exists()] == []
