from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import ConsentError, MalformedGrantError
from consent.grant import parse_consent, parse_grantee, parse_scope
from consent.terms import Grantee, Period, Scope
from crypto.kinds import check_payload
from tests.consent.casebook import CATALOGUES, consent_payload, grantee, ident

PERMIT = consent_payload({"kind": "consent", "id": "t1", "to": "vera"})
DENIAL = consent_payload({"kind": "denial", "id": "w1", "to_anyone": "role", "except": "vera"})


def test_a_consent_is_read_field_by_field():
    """Every field of the payload finds its place."""
    read = parse_consent(PERMIT, 7)
    assert (read.id, read.effect, read.purpose, read.seq) == (ident("t1"), "permit", "debt-help", 7)
    assert read.grantee == Grantee("person", ident("vera"), ident("gemeente"), "debt-counsellor")
    assert read.scope == Scope(sections=frozenset({"debts"}))
    assert read.period == Period(PERMIT["from"], PERMIT["until"])
    assert (read.catalogue, read.issued, read.later_items) == (CATALOGUES.current.hash, PERMIT["issuedAt"], True)
    assert (read.signer, read.capacity, read.text_language) == (ident("olga"), "owner", "nl")


@pytest.mark.parametrize("payload", [PERMIT, DENIAL])
def test_what_is_read_here_is_of_the_kind_that_is_signed(payload):
    """The test payloads satisfy the statement schema, so both readers speak of the same shape."""
    check_payload("consent", payload)


def test_an_exception_stands_one_level_under_a_denial():
    """A denial may have exceptions, an exception none, a permit none."""
    assert len(parse_consent(DENIAL, 1).exceptions) == 1
    deeper = DENIAL["exceptions"][0] | {"exceptions": []}
    for bad in (DENIAL | {"exceptions": [deeper]}, PERMIT | {"exceptions": DENIAL["exceptions"]}):
        with pytest.raises(MalformedGrantError):
            parse_consent(bad, 1)


@pytest.mark.parametrize("name", sorted(PERMIT))
def test_a_missing_field_is_refused(name):
    """All fields are required; absence is an explicit empty value."""
    with pytest.raises(MalformedGrantError):
        parse_consent({key: value for key, value in PERMIT.items() if key != name}, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"effect": "maybe"},
        {"from": -1},
        {"until": True},
        {"until": 2**53},
        {"actions": ["read", "read"]},
        {"actions": "read"},
        {"actions": [""]},
        {"purpose": None},
        {"laterItems": 1},
        {"exceptions": {}},
        {"exceptions": [1]},
        {"grantee": "vera"},
        {"grantee": grantee({"to": "vera"}) | {"kind": "crowd"}},
        {"endsOn": {"caseClosed": False}},
        {"text": {"hash": "", "language": "nl"}},
    ],
)
def test_a_wrong_value_is_refused(change):
    """Wrong types, doubled codes, unknown effects and kinds never become a consent."""
    with pytest.raises(MalformedGrantError):
        parse_consent(PERMIT | change, 1)


def test_grantee_and_scope_refuse_unknown_fields():
    """A field that is not understood could narrow: it is refused, not ignored."""
    with pytest.raises(MalformedGrantError):
        parse_grantee(grantee({"to": "vera"}) | {"only": "mondays"})
    with pytest.raises(MalformedGrantError):
        parse_scope(PERMIT["scope"] | {"only": "mondays"})


@given(st.dictionaries(st.sampled_from(sorted(PERMIT)), st.none() | st.integers() | st.text() | st.lists(st.text())))
def test_only_our_errors_leave(changes):
    """Whatever stands in the fields, the answer is a consent or one of our errors."""
    try:
        read = parse_consent(PERMIT | changes, 1)
    except ConsentError:
        return
    assert read.effect in {"permit", "deny"}
