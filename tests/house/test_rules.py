"""The rules of the house that no linter knows, read from the syntax trees of all our files."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("crypto", "consent", "audit", "dossier", "web")
DATABASE = {"sqlmodel", "sqlalchemy", "asyncpg", "alembic"}
DATABASE_FILES = {"tables.py", "store.py", "writer.py", "sequencer.py", "database.py"}
PURE = ("crypto", "consent")
EDGE_FILES = {"tables.py", "store.py"}
OUTSIDE_WORLD = {"asyncio", "time", "socket", "subprocess", "httpx2", "obstore", "urllib.request"}
MODULE_LINES = 400
FUNCTION_LINES = 60
VAGUE_NAMES = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
# Put together here, so that the words themselves do not stand in this file.
OPEN_ENDS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")


@cache
def modules() -> tuple[Path, ...]:
    """Every Python file of the five packages."""
    return tuple(
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "node_modules" not in path.parts
    )


@cache
def written_tests() -> tuple[Path, ...]:
    """Every test file."""
    return tuple(sorted((ROOT / "tests").rglob("test_*.py")))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def roots(path: Path) -> set[str]:
    """Top-level names of what a file imports."""
    return {name.split(".")[0] for name in imports(path)}


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last statement."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def shown(path: Path) -> str:
    """The path as a person names it."""
    return str(path.relative_to(ROOT))


def test_there_are_files():
    """The other tests of this file look at something."""
    assert len(modules()) > 20
    assert len(written_tests()) > 5


def test_database_only_in_named_files():
    """Only tables, store, writer, sequencer and database files, and migrations, import a database library."""
    wrong = [
        shown(path)
        for path in modules()
        if path.name not in DATABASE_FILES and "migrations" not in path.parts and roots(path) & DATABASE
    ]
    assert wrong == []


def test_embedded_has_no_driver():
    """The manager of the embedded server handles processes and files and never connects."""
    wrong = [shown(path) for path in (ROOT / "dossier/embedded").glob("*.py") if roots(path) & DATABASE]
    assert wrong == []


def test_client_has_no_database():
    """The Python client talks HTTP: it imports no database library and no store."""
    wrong = [
        shown(path)
        for path in (ROOT / "dossier/client").rglob("*.py")
        if roots(path) & DATABASE
        or any(name.rpartition(".")[2] in {"store", "database", "tables"} for name in imports(path))
    ]
    assert wrong == []


def test_http_client_only_where_it_belongs():
    """httpx2 and joserfc are used by the web alone: the client needs neither (ADR 0450)."""
    wrong = [
        shown(path) for path in modules() if roots(path) & {"httpx2", "joserfc"} and not shown(path).startswith("web/")
    ]
    assert wrong == []


def test_pure_cores_touch_nothing():
    """Crypto and the engine have no clock, no network and no await."""
    wrong = []
    for path in modules():
        if path.parent.name not in PURE or path.name in EDGE_FILES:
            continue
        waits = any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree(path)))
        if waits or imports(path) & OUTSIDE_WORLD:
            wrong.append(shown(path))
    assert wrong == []


def test_modules_stay_small():
    """No module is longer than 400 lines and no function longer than 60."""
    wrong = [shown(path) for path in modules() if len(path.read_text("utf-8").splitlines()) > MODULE_LINES]
    wrong += [
        f"{shown(path)}:{node.name}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > FUNCTION_LINES
    ]
    assert wrong == []


def test_names_say_something():
    """No module is named for the fact that nobody knew where its contents belong."""
    assert [shown(path) for path in modules() if path.name in VAGUE_NAMES] == []


def test_no_open_ends():
    """No file of ours leaves a note about work that is not done."""
    assert [shown(path) for path in (*modules(), *written_tests()) if OPEN_ENDS.search(path.read_text("utf-8"))] == []


def test_exceptions_carry_reasons():
    """A silenced linter or type checker names its code; nothing is silenced wholesale."""
    bare = re.compile(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:\s*[A-Z]+\d+))")
    assert [shown(path) for path in modules() if bare.search(path.read_text("utf-8"))] == []


def test_no_swallowed_exceptions():
    """No handler of every exception does nothing."""
    wrong = [
        f"{shown(path)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and all(isinstance(part, ast.Pass) for part in node.body)
    ]
    assert wrong == []


def is_assertion(node: ast.AST) -> bool:
    """An assert, a `with pytest.raises`, or a call of something that raises unless all is well."""
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in {"raises", "warns", "fail"} or name.startswith(("assert_", "check", "must_", "refuse", "verify"))


@pytest.mark.parametrize("path", written_tests(), ids=shown)
def test_tests_state_their_fact(path):
    """Every test has a docstring with the fact it proves, and asserts something."""
    wrong = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            if not ast.get_docstring(node):
                wrong.append(f"{node.name}: no docstring")
            if not any(is_assertion(part) for part in ast.walk(node)):
                wrong.append(f"{node.name}: no assertion")
    assert wrong == []


@pytest.mark.parametrize("promise", [f"P{number}" for number in range(1, 11)])
def test_every_promise_has_a_test(promise):
    """Each of the ten promises is named in the docstring of at least one test."""
    named = re.compile(rf"\b{promise}\b")
    docstrings = [
        ast.get_docstring(node) or ""
        for path in written_tests()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert any(named.search(text) for text in docstrings)
