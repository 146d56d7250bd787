from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from consent import engine
from consent.catalogue import Catalogue
from consent.entries import Holder
from consent.people import CaseState
from tests.consent import test_cases, test_engine, world
from tests.consent.mutants import MODULES, SOURCES, Decide, engine_with, method_with, mutants

STEPS = [step.__name__ for step in engine.STEPS]
METHODS = [
    (CaseState, "participations"),
    (Holder, "covers"),
    (Catalogue, "is_within"),
]


def swapped(names: list[str], place: int) -> list[str]:
    """The names with two neighbours changed over."""
    return [*names[:place], names[place + 1], names[place], *names[place + 2 :]]


MEANT = (
    "request.action in consent.actions and ? and grantee_fits(consent.grantee, request.actor, strict=strict) "
    "and (not strict or consent.catalogue in self._catalogues.versions)"
)
SECTION = "(not sections or request.item.section in sections)"

SAME: dict[str, set[str]] = {name: set() for name in MODULES} | {
    # setting the earliest flip to itself
    "clock": {"flip < self.holds_until => flip <= self.holds_until"},
    # the section is looked at again with the rest of the item's place: the first look is for speed
    "index": {f"{MEANT.replace('?', SECTION)} => {MEANT.replace('?', 'True')}"},
    # steps 5 and 6 speak of citizens and of systems: nobody is both
    "engine": {f"({', '.join(STEPS)}) => ({', '.join(swapped(STEPS, 8))})"},
}
"""Changes that are no faults: nothing can be seen of them from outside, for the reason beside each."""

AT_LEAST = dict.fromkeys(MODULES, 8) | {"engine": 120, "matching": 80}
"""The maker of faults does make them."""


def calls() -> Iterator[Callable[[], Any]]:
    """Every test of the engine and every case, once for each of its parameters."""
    for name, function in vars(test_engine).items():
        if not name.startswith("test_"):
            continue
        marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"]
        if not marks:
            yield function
            continue
        names, rows = marks[0].args
        keys = [key.strip() for key in names.split(",")]
        for row in rows:
            values = row if len(keys) > 1 else (row,)
            yield functools.partial(function, **dict(zip(keys, values, strict=True)))
    for case in test_cases.CASES:
        yield functools.partial(test_cases.test_case, case)


CALLS = list(calls())


def is_caught() -> bool:
    """Whether some test fails with things as they now are."""
    for place, call in enumerate(CALLS):
        try:
            call()
        except (AssertionError, LookupError, TypeError, AttributeError):
            # the test that found this one is likely to find the next
            CALLS.insert(0, CALLS.pop(place))
            return True
    return False


def put(decide: Decide, patch: pytest.MonkeyPatch) -> None:
    """Let this `decide` judge in all tests."""
    patch.setattr(world, "decide", decide)
    patch.setattr(test_cases, "decide", decide)


def compiled(name: str, tree: ast.Module) -> Decide | None:
    """The faulty engine; none if it cannot even be loaded."""
    try:
        return engine_with(name, tree)
    except (NameError, TypeError, KeyError, ImportError):
        return None


def test_the_sound_engine_passes(monkeypatch: pytest.MonkeyPatch):
    """The copies are judged fairly: an engine copied without fault fails no test."""
    put(engine_with("engine", ast.parse(SOURCES["engine"])), monkeypatch)
    assert not is_caught()


@pytest.mark.parametrize("name", MODULES)
def test_every_fault_is_caught(name: str, monkeypatch: pytest.MonkeyPatch):
    """Each faulty copy of this module fails a product table or a case (P2, P9)."""
    survivors = set()
    count = 0
    for change, tree in mutants(SOURCES[name]):
        count += 1
        decide = compiled(name, tree)
        if decide is not None:
            put(decide, monkeypatch)
            survivors |= set() if is_caught() else {change}
    assert survivors == SAME[name]
    assert count >= AT_LEAST[name]


@pytest.mark.parametrize("owner, name", METHODS)
def test_every_fault_of_a_value_is_caught(owner: type, name: str, monkeypatch: pytest.MonkeyPatch):
    """Each faulty copy of a method that the engine asks fails a product table or a case (P2, P9)."""
    survivors = set()
    for change, tree in mutants(textwrap.dedent(inspect.getsource(getattr(owner, name)))):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, method_with(owner, tree))
            survivors |= set() if is_caught() else {change}
    assert survivors == set()
