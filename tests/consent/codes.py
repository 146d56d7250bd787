"""The reason codes that a decision can carry, read from the syntax trees of all files that make one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HANDED_ON = {
    "consent/clock.py": {"reason"},
    "consent/engine.py": {"reason"},
    "dossier/reading/entry.py": {"kept.code"},
}
"""Where a code comes from the caller, or from a refusal that was kept: it is written out there."""

CHOSEN = {"consent/granted.py": "reason", "consent/emergency.py": "next(iter(objections.values()))"}
"""Where a code is chosen among several: those are the strings that `chosen` finds."""


def codes(*packages: str) -> set[str]:
    """Every code that `deny`, `permit`, `clock.refuse` or `Decision` is given in these packages; raise AssertionError.

    That is for a code which is neither written out nor in the tables above, so that none is missed.
    """
    files = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return {code for path in files for code in _of_file(path)}


def _of_file(path: Path) -> Iterator[str]:
    name, tree = path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        given = _given(node) if isinstance(node, ast.Call) else None
        if isinstance(given, ast.Constant):
            yield str(given.value)
        elif given is not None and ast.unparse(given) == CHOSEN.get(name):
            yield from _chosen(tree)
        elif given is not None:
            assert ast.unparse(given) in HANDED_ON.get(name, ()), f"{name}:{given.lineno}: which codes can this be"


def _given(call: ast.Call) -> ast.expr | None:
    called = ast.unparse(call.func)
    if called == "Decision":
        return next(each.value for each in call.keywords if each.arg == "reason")
    return call.args[1] if called in {"deny", "permit", "clock.refuse"} else None


def _chosen(tree: ast.Module) -> Iterator[str]:
    """The first of each pair (code, basis) of which one is taken, and what a function says as its objection."""
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp):
            pairs = [each.elts[0] for each in (node.body, node.orelse) if isinstance(each, ast.Tuple)]
            yield from (str(each.value) for each in pairs if isinstance(each, ast.Constant))
        if isinstance(node, ast.FunctionDef) and node.name == "_objection":
            said = (each.value for each in ast.walk(node) if isinstance(each, ast.Return))
            yield from (str(each.value) for each in said if isinstance(each, ast.Constant) and each.value)
