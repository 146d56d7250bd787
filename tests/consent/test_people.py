from __future__ import annotations

import pytest

from consent.errors import ConsentError, FactsError
from consent.people import CaseRecord, CaseState, Participant, compile_case
from consent.terms import FOREVER, Period
from tests.consent.world import CASE, NEIGHBOUR, TOWN, VERA, ident

VERA_THERE = {"person": VERA, "organisation": TOWN, "role": "debt-counsellor"}
OPENED = CaseRecord(1, "case-opening", {"coordinator": VERA_THERE, "issuedAt": 100})
JOINED = CaseRecord(
    2,
    "case-participation",
    {
        "participant": {"person": NEIGHBOUR, "organisation": "", "role": ""},
        "kind": "network",
        "from": 200,
        "until": 900,
    },
)
COORDINATOR = Participant(VERA, TOWN, "debt-counsellor", "professional", Period(100))


def test_the_coordinator_takes_part_from_the_opening():
    """Who holds the reins is in the case at once."""
    assert compile_case(CASE, [OPENED]) == CaseState(CASE, (COORDINATOR,), FOREVER)


def test_participants_join_for_a_time_and_may_leave_before():
    """An end cuts a participation short and never makes it longer."""
    joined = Participant(NEIGHBOUR, "", "", "network", Period(200, 900))
    assert compile_case(CASE, [OPENED, JOINED]).participants == (COORDINATOR, joined)
    left = CaseRecord(3, "participation-end", {"person": NEIGHBOUR, "issuedAt": 300})
    assert compile_case(CASE, [OPENED, JOINED, left]).participants[1].period == Period(200, 300)
    late = CaseRecord(3, "participation-end", {"person": NEIGHBOUR, "issuedAt": 1000})
    assert compile_case(CASE, [OPENED, JOINED, late]).participants[1].period == Period(200, 900)


def test_a_case_is_closed_once():
    """The first closing counts; acceptances and transfers change nothing here."""
    closed = [CaseRecord(4, "case-closure", {"issuedAt": at}) for at in (500, 400)]
    others = [CaseRecord(5, kind, {}) for kind in ("case-acceptance", "coordinator-transfer")]
    assert compile_case(CASE, [OPENED, *closed, *others]).closed == 400


def test_an_unknown_record_or_field_is_refused():
    """A case that cannot be read is no case (P9)."""
    with pytest.raises(FactsError):
        compile_case(CASE, [CaseRecord(1, "gossip", {})])
    for kind in ("case-opening", "case-participation", "participation-end", "case-closure"):
        with pytest.raises(ConsentError):
            compile_case(ident("case"), [CaseRecord(1, kind, {})])
