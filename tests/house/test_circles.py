"""No two modules need each other: within a package as between packages, imports run one way."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("crypto", "consent", "audit", "dossier", "web")


def module_name(path: Path) -> str:
    """The dotted name of a file; a package for its __init__."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def sources(package: str) -> dict[str, str]:
    """The source of every module of a package, by name."""
    paths = (path for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts)
    return {module_name(path): path.read_text() for path in paths}


def imported(source: str, known: set[str]) -> set[str]:
    """The known modules that a source imports anywhere: in functions and for type checking too.

    An import for types alone counts, for it says the same: neither module can be understood without the other.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{each.name}" for each in node.names}
            found |= (parts & known) or {node.module}
    return found & known


def circle(files: dict[str, str]) -> list[str]:
    """One circle of imports among these modules, each importing the next; empty if there is none."""
    needs = {name: imported(source, set(files)) - {name} for name, source in files.items()}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as found:
        return list(reversed(found.args[1]))
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_within_a_package_run_one_way(package):
    """Each module of a package can be read after those it imports."""
    assert circle(sources(package)) == []


def test_a_circle_is_found_even_when_it_is_for_types_alone():
    """Two modules that name each other are a circle, wherever the import stands."""
    files = {
        "a.one": "from a import two",
        "a.two": "if TYPE_CHECKING:\n    from a.one import Thing",
        "a.three": "import a.one",
    }
    assert set(circle(files)) == {"a.one", "a.two"}
    assert circle(files | {"a.two": "import json"}) == []
