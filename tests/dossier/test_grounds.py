"""Facts held against the events that made them: what somebody with the database changed, put in or took out."""

from __future__ import annotations

import pytest

from audit.entry import FactRecord
from audit.event import make_event
from dossier.auditing.grounds import ungrounded

ANNA, BRAM = "aa" * 16, "bb" * 16
AT = 1_800_000_000


def stop(type_="authority", cause="stopped-without-key", subject=ANNA):
    """A stop without signature."""
    return make_event("stopped/v1", {"type": type_, "actor": BRAM, "subject": subject, "cause": cause, "time": AT})


def end(person=ANNA, until=AT, kind="authority-ended"):
    """The fact that somebody's authority ended."""
    return FactRecord(7, 0, kind, bytes.fromhex(person), {"person": person, "until": until})


def wrong(event, *facts):
    """What is wrong with these facts under an event of a dossier."""
    return ungrounded("dossier", event, b"", facts)


def test_a_stop_ends_what_it_names():
    """The fact of a stop is about the subject of its event, and of the kind that the event says."""
    assert wrong(stop(), end()) == []
    assert wrong(stop(cause="register-event"), end(until=AT + 9)) == []
    ended = FactRecord(7, 0, "consent-ended", bytes.fromhex(ANNA), {"consent": ANNA, "reason": "withdrawn"})
    assert wrong(stop("consent", "withdrawn"), ended) == []


@pytest.mark.parametrize("fact", [end(BRAM), end(until=AT + 9), end(kind="consent-ended"), end(kind="consent")])
def test_another_fact_under_a_stop_is_found(fact):
    """A fact that ends somebody else's authority, later, or something else, was not made by this stop (P8)."""
    assert wrong(stop(), fact)


def test_an_end_taken_out_is_found():
    """Whoever takes the fact of an end out of the database gives back what was ended: the event says so (P8)."""
    assert wrong(stop())
    assert wrong(stop(cause="register-event"))
    assert wrong(stop("admission"))
    assert wrong(stop("consent", "case-closed"))


def test_a_stop_that_makes_nothing():
    """Authority that ended by time has no fact; nor has what a register keeps in its own stream of what it reported."""
    assert wrong(stop(cause="expired")) == []
    assert ungrounded("organisation", stop(cause="register-event", subject=""), b"", ()) == []


@pytest.mark.parametrize(
    "stream, kind",
    [("person", "key-chain"), ("organisation", "person-attestation"), ("organisation", "system-attestation")],
)
@pytest.mark.parametrize("schema", ["key/v1", "case/v1"])
def test_keys_that_no_statement_made_are_found(stream, kind, schema):
    """Keys or an attestation under an event that names no statement were signed by nobody: each is named (P6, P8)."""
    event = make_event(schema, {"actor": BRAM, "time": AT})
    fact = FactRecord(7, 0, kind, bytes.fromhex(ANNA), {"person": ANNA})
    assert ungrounded(stream, event, b"", [fact]) == [f"no statement made the fact of kind {kind}"]


def test_an_end_of_an_attestation_needs_no_statement():
    """What only takes away is no statement, and is made by an event that names none."""
    event = make_event("key/v1", {"actor": BRAM, "kind": "attestation-end", "time": AT})
    fact = FactRecord(7, 0, "attestation-end", bytes.fromhex(ANNA), {"until": AT})
    assert ungrounded("organisation", event, b"", [fact]) == []
