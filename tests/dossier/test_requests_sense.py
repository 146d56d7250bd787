from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.terms import Scope
from dossier.requests.sense import is_within

SECTIONS = ("debts", "income", "health")

scopes = st.builds(
    Scope,
    items=st.frozensets(st.sampled_from(("aa" * 16, "bb" * 16)), max_size=2),
    sections=st.frozensets(st.sampled_from(SECTIONS), max_size=3),
    lanes=st.frozensets(st.sampled_from(("ordinary", "confidential")), max_size=2),
)


@settings(max_examples=60)
@given(scopes)
def test_what_was_asked_is_not_more(scope):
    """A consent of exactly what was asked gives no more than was asked."""
    assert is_within(scope, scope)


@settings(max_examples=100)
@given(scopes, scopes)
def test_no_section_slips_in(given_scope, asked):
    """A consent that names sections only names none beside those that were asked."""
    if asked.sections and not given_scope.items and is_within(given_scope, asked):
        assert given_scope.sections
        assert given_scope.sections <= asked.sections


@pytest.mark.parametrize(
    "given_scope, narrower",
    [
        (Scope(sections=frozenset({"debts"}), lanes=frozenset({"ordinary"})), True),
        (Scope(sections=frozenset({"debts"})), False),
        (Scope(sections=frozenset({"debts", "health"}), lanes=frozenset({"ordinary"})), False),
        (Scope(items=frozenset({"aa" * 16})), True),
        (Scope(), False),
    ],
)
def test_parts_of_a_section(given_scope, narrower):
    """Asked for one section's ordinary lane: a lane less or single items are less, everything else is more."""
    asked = Scope(sections=frozenset({"debts"}), lanes=frozenset({"ordinary"}))
    assert is_within(given_scope, asked) is narrower
