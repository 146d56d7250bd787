"""The engine against the second judge: every row of every table, and random worlds."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.engine import decide
from consent.facts import DossierFacts, Facts, ForeignFacts
from consent.terms import FOREVER, Decision
from tests.oracle.cast import catalogues
from tests.oracle.judge import Verdict, holds_until, instants, judge
from tests.oracle.matching_rows import case_table, grantee_table, purpose_table, scope_table
from tests.oracle.product import Row, main_table
from tests.oracle.step_rows import (
    authority_table,
    closing_table,
    emergency_table,
    order_table,
    source_table,
    standing_table,
)
from tests.oracle.worlds import random_row, random_table
from tests.values import names

Table = Callable[[], Iterator[Row]]
TABLES: dict[Table, int] = {
    main_table: 105_000,
    grantee_table: 30_528,
    scope_table: 37_044,
    purpose_table: 2_187,
    case_table: 5_184,
    standing_table: 6_858,
    order_table: 8_736,
    authority_table: 25_920,
    source_table: 17_280,
    closing_table: 3_456,
    emergency_table: 24_300,
    random_table: 7_200,
}
"""Each table with the number of its rows: a table that shrinks unseen proves less than it says."""
SHOWN = 5
NOT_OF_THE_ENGINE = {"takes-part", "invited", "not-in-case", "auditor-attested", "reason-wanted"}
"""Outcomes of looks at cases and the log, and of a reading that lacks a reason."""


def verdict(decision: Decision) -> Verdict:
    """The part of a decision on which both judges must agree to the letter."""
    rules = frozenset(decision.rules)
    return Verdict(decision.permitted, decision.reason, decision.step, rules, decision.basis, decision.obligations)


def disagreement(row: Row) -> str:
    """What both say of a row, or nothing if they agree."""
    decision, wanted = decide(row.request, row.facts, row.now), judge(row.request, row.facts, row.now)
    if verdict(decision) == wanted and decision.rules == tuple(sorted(wanted.rules)):
        return ""
    return f"{row.id}\n  engine: {decision}\n  judge:  {wanted}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_row(table: Table):
    """P2 P9: on every row of the product tables the engine and a judge written from the design give one answer."""
    ids, wrong = set(), []
    for row in table():
        ids.add(row.id)
        found = disagreement(row)
        if found:
            wrong.append(found)
    assert not wrong, f"{len(wrong)} rows differ\n" + "\n".join(wrong[:SHOWN])
    assert len(ids) == TABLES[table]


def test_every_outcome_occurs():
    """P9: the tables reach each outcome of the engine that the catalogue knows, so that none is agreed upon by absence."""
    found = set()
    for table in (main_table, standing_table, emergency_table, authority_table):
        rows = itertools.islice(table(), 0, None, 1 if table is emergency_table else 13)
        found |= {judge(row.request, row.facts, row.now).reason for row in rows}
    assert found == catalogues().current.outcomes - NOT_OF_THE_ENGINE


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_random_worlds(choose: Random):
    """P2 P9: engine and judge agree on worlds that nobody thought of, and on how long the answer holds."""
    row = random_row(choose)
    assert not disagreement(row)
    assert not impatience(row)


def impatience(row: Row) -> str:
    """What is wrong with the engine's `holds_until` on this row, or nothing."""
    decision = decide(row.request, row.facts, row.now)
    end, known = decision.holds_until, instants(row.facts)
    if not row.now < end <= holds_until(row.request, row.facts, row.now):
        return f"{row.id}: holds until {end}, but the judge changes at {holds_until(row.request, row.facts, row.now)}"
    if end not in known | {FOREVER}:
        return f"{row.id}: nothing flips at {end}"
    between = {instant for instant in known if row.now < instant < end} | {row.now + 1, end - 1, (row.now + end) // 2}
    for instant in sorted(each for each in between if row.now < each < end):
        if decide(row.request, row.facts, instant) != decision:
            return f"{row.id}: the answer at {instant} is another one though it holds until {end}"
    return ""


SAMPLED = {random_table: 17, main_table: 251, grantee_table: 127, scope_table: 127}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_decisions_hold(table: Table):
    """P2: until `holds_until`, an instant at which some fact flips, the whole decision stays equal to the second."""
    rows = itertools.islice(table(), 0, None, SAMPLED.get(table, 61))
    wrong = [found for found in map(impatience, rows) if found]
    assert not wrong, "\n".join(wrong[:SHOWN])


class Broken:
    """Raises at any touch, as a fact that could not be read would."""

    def __getattr__(self, name: str):
        raise KeyError(name)

    def __iter__(self):
        raise KeyError("broken")

    def __contains__(self, _what: object):
        raise KeyError("broken")

    def __getitem__(self, _what: object):
        raise KeyError("broken")

    def __bool__(self):
        raise KeyError("broken")

    def __eq__(self, _other: object):
        raise KeyError("broken")

    def __hash__(self):
        raise KeyError("broken")


@functools.cache
def few_rows() -> tuple[Row, ...]:
    """Random rows, enough to meet every field of the facts."""
    return tuple(random_row(Random(seed)) for seed in range(300))


def broken(facts: Facts, place: type, name: str) -> Facts:
    """The same facts with one field that cannot be read."""
    parts = {DossierFacts: facts.dossier, ForeignFacts: facts.foreign}
    copies: dict[type, Any] = {}
    for kind, part in parts.items():
        values: dict[str, Any] = {
            each: Broken() if (kind, each) == (place, name) else getattr(part, each) for each in names(kind)
        }
        if kind is ForeignFacts:
            copies[kind] = ForeignFacts(**values)
            continue
        # Its own making would read the broken field.
        copies[kind] = object.__new__(kind)
        for each, value in values.items():
            object.__setattr__(copies[kind], each, value)
    return Facts(copies[DossierFacts], copies[ForeignFacts])


@pytest.mark.parametrize(
    "place, name",
    [
        *((DossierFacts, name) for name in names(DossierFacts)),
        *((ForeignFacts, name) for name in names(ForeignFacts)),
    ],
    ids=str,
)
def test_an_unreadable_fact_opens_nothing(place: type, name: str):
    """P9: with a field of the facts that raises, the answer is the whole facts' answer or `indeterminate`."""
    touched = 0
    for row in few_rows():
        whole = verdict(decide(row.request, row.facts, row.now))
        found = verdict(decide(row.request, broken(row.facts, place, name), row.now))
        touched += found != whole
        assert found in (whole, Verdict(permitted=False, reason="indeterminate", step=1)), row.id
    assert touched > 0 or name in UNTOUCHED


UNTOUCHED = {"seq", "permits", "denials"}
"""The position is no fact to judge by; permits and denials are read through the index that was made of them."""
