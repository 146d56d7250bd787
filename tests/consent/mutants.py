"""Makes faulty copies of the engine, one small fault each, for the product tables and cases to be set on.

A fault is one changed comparison, connective, negation, condition, constant or step. The copies of the engine's
modules live in this process only; the values they judge (requests, consents, facts) are the real ones.
"""

from __future__ import annotations

import ast
import copy
import functools
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from consent.facts import Facts
from consent.grant import Consent
from consent.terms import Actor, Decision, Request
from tests.values import replace

MODULES = (
    "clock",
    "capacity",
    "participation",
    "matching",
    "questions",
    "orders",
    "emergency",
    "granted",
    "index",
    "engine",
)
SOURCES = {name: inspect.getsource(importlib.import_module(f"consent.{name}")) for name in MODULES}
CODES = {name: compile(source, f"consent/{name}.py", "exec") for name, source in SOURCES.items()}
NOT_RULES = {"__slots__", "MAX_REMEMBERED", "FEW", "_room", "Question", "ENGINE_VERSION"}
SWAPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
STEPS_AT_LEAST = 10

Decide = Callable[[Request, Facts, int], Decision]
Change = Callable[[], None]


def mutants(source: str) -> Iterator[tuple[str, ast.Module]]:
    """Every faulty copy of a piece of source: what was changed, and the changed tree."""
    tree = ast.parse(source)
    skipped = {id(each) for node in ast.walk(tree) for part in _words(node) for each in ast.walk(part)}
    for position, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for number in range(len(_changes(node))):
            other = copy.deepcopy(tree)
            twin = list(ast.walk(other))[position]
            before = ast.unparse(twin)
            _changes(twin)[number]()
            yield f"{before} => {ast.unparse(twin)}", ast.fix_missing_locations(other)


def _words(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that no answer depends on: docstrings, imports, annotations, what only remembers."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return [node]
        case ast.arg(annotation=ast.expr() as note) | ast.AnnAssign(annotation=note):
            return [note]
        case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)]) if name in NOT_RULES:
            return [node]
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.FunctionDef(name="_remember"):
            return [node]
        case ast.FunctionDef(returns=ast.expr() as note, decorator_list=marks):
            return [note, *marks]
        case _:
            return []


def _changes(node: ast.AST) -> list[Change]:
    """The faults that can be put into this one node."""
    change = _CHANGES.get(type(node))
    return change(node) if change else []


def _comparison(node: ast.Compare) -> list[Change]:
    pairs = [(place, other()) for place, operator in enumerate(node.ops) for other in SWAPS[type(operator)]]
    return [_put(node.ops, place, other) for place, other in pairs]


def _connective(node: ast.BoolOp) -> list[Change]:
    is_and = isinstance(node.op, ast.And)
    gone = [_put(node.values, place, ast.Constant(is_and)) for place in range(len(node.values))]
    return [_set(node, "op", ast.Or() if is_and else ast.And()), *gone]


def _condition(node: ast.If | ast.IfExp) -> list[Change]:
    return [_set(node, "test", ast.UnaryOp(ast.Not(), node.test))]


def _filter(node: ast.comprehension) -> list[Change]:
    return [functools.partial(node.ifs.__delitem__, place) for place in range(len(node.ifs))]


def _negation(node: ast.UnaryOp) -> list[Change]:
    twice = ast.UnaryOp(ast.Not(), node.operand)
    return [_set(node, "operand", twice)] if isinstance(node.op, ast.Not) else []


def _call(node: ast.Call) -> list[Change]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    return [_set(node.func, "id", CALLS[name])] if name in CALLS else []


def _arithmetic(node: ast.BinOp) -> list[Change]:
    return [_set(node, "op", ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())]


def _constant(node: ast.Constant) -> list[Change]:
    match node.value:
        case bool():
            return [_set(node, "value", not node.value)]
        case int():
            return [_set(node, "value", node.value + 1)]
        case str():
            return [_set(node, "value", node.value + "x")]
        case _:
            return []


def _steps(node: ast.Tuple) -> list[Change]:
    if len(node.elts) < STEPS_AT_LEAST:
        return []
    steps = node.elts
    gone = [functools.partial(steps.__delitem__, place) for place in range(len(steps))]
    pairs = [(slice(place, place + 2), [steps[place + 1], steps[place]]) for place in range(len(steps) - 1)]
    return [*gone, *(functools.partial(steps.__setitem__, place, pair) for place, pair in pairs)]


def _set(node: ast.AST, name: str, value: object) -> Change:
    return functools.partial(setattr, node, name, value)


def _put(values: list[Any], place: int, value: object) -> Change:
    return functools.partial(values.__setitem__, place, value)


_CHANGES: dict[type[ast.AST], Callable[[Any], list[Change]]] = {
    ast.Compare: _comparison,
    ast.BoolOp: _connective,
    ast.If: _condition,
    ast.IfExp: _condition,
    ast.comprehension: _filter,
    ast.UnaryOp: _negation,
    ast.Call: _call,
    ast.BinOp: _arithmetic,
    ast.Constant: _constant,
    ast.Tuple: _steps,
}


def engine_with(name: str, tree: ast.Module) -> Decide:
    """`decide` of an engine in which one module is the faulty copy."""
    names = [f"consent.{each}" for each in MODULES]
    kept = {each: sys.modules[each] for each in names}
    try:
        for each in MODULES:
            module = types.ModuleType(f"consent.{each}")
            sys.modules[module.__name__] = module
            exec(compile(tree, each, "exec") if each == name else CODES[each], module.__dict__)
        engine, index = sys.modules["consent.engine"], sys.modules["consent.index"]
        # Whom a consent names is asked twice, for speed: here once only, or the second would hide a fault of the first.
        index.__dict__["naming"] = _everything
    finally:
        sys.modules.update(kept)
    return _with_index(engine.decide, index.Index)


def _everything(named: Mapping[str, Sequence[Consent]], _actor: Actor) -> list[Consent]:
    return sorted((each for consents in named.values() for each in consents), key=lambda each: each.id)


def _with_index(decide: Decide, index: Callable[..., Any]) -> Decide:
    """The faulty `decide`, on facts whose index is of the faulty engine too."""

    def judge(request: Request, facts: Facts, now: int) -> Decision:
        dossier = replace(facts.dossier)
        object.__setattr__(dossier, "index", index(dossier.permits, dossier.denials, dossier.catalogues))
        return decide(request, Facts(dossier, facts.foreign), now)

    return judge


def method_with(owner: type, tree: ast.Module) -> Any:
    """The faulty copy of one method, to be put into its class."""
    place: dict[str, Any] = {}
    exec(compile(tree, owner.__name__, "exec"), vars(sys.modules[owner.__module__]), place)
    return next(iter(place.values()))
