"""Decisions on cases and on the log of others: who takes part, who holds a dossier, who is invited, who audits."""

import msgspec
import pytest

from consent.entries import Block
from consent.looks import ASK, SEE, CaseFacts, CaseRequest, decide_audit, decide_case
from consent.people import CaseState, ForeignFacts, Participant, Standing
from consent.terms import FOREVER, Actor, Period

NOW = 1_000
AGENCY, CASE, HOME = "ee" * 16, "cc" * 16, "dd" * 16
NOOR = Actor("person", "01" * 16, AGENCY, "debt-counsellor")
OWNER, FRIEND, STRANGER = (Actor("person", f"{n:02x}" * 16) for n in (2, 3, 4))
SYSTEM = Actor("system", "05" * 16, AGENCY)


def facts(**changes):
    """Noor coordinates and a friend takes part; one dossier accepted; everybody stands."""
    parts = (
        Participant(NOOR.id, AGENCY, NOOR.role, "professional", Period(0)),
        Participant(FRIEND.id, "", "", "network", Period(0, 2_000)),
    )
    standings = {
        (each.id, each.organisation): Standing("aa", Period(0, 5_000), frozenset({each.role} - {""}))
        for each in (NOOR, OWNER, FRIEND, STRANGER, SYSTEM)
    }
    made = CaseFacts(CaseState(CASE, parts, FOREVER), ForeignFacts(standings), {HOME: 3_000})
    return msgspec.structs.replace(made, **changes)


def closed(at):
    """The case was closed at this instant."""
    return {"case": msgspec.structs.replace(facts().case, closed=at)}


@pytest.mark.parametrize(
    "actor, action, dossier, changes, reason, until",
    [
        (NOOR, SEE, "", {}, "takes-part", 5_000),
        (FRIEND, SEE, "", {}, "takes-part", 2_000),
        (NOOR, SEE, HOME, {}, "takes-part", 3_000),
        (NOOR, ASK, HOME, {}, "takes-part", 3_000),
        (NOOR, SEE, HOME, closed(900), "takes-part", 3_000),
        (OWNER, SEE, "", {"held": frozenset({HOME})}, "own-dossier", 5_000),
        (OWNER, SEE, HOME, {"held": frozenset({HOME})}, "own-dossier", 3_000),
        (OWNER, SEE, "", {"invited": True}, "invited", 5_000),
        (FRIEND, SEE, HOME, {"held": frozenset({HOME}), "blocks": (Block("b", FRIEND.id, Period(0)),)}, "takes-part", 2_000),
    ],
)  # fmt: skip
def test_permitted(actor, action, dossier, changes, reason, until):
    """Who takes part sees and asks, a holder sees their own, the invited the case; each with the instant it holds to."""
    decision = decide_case(CaseRequest(actor, action, dossier), facts(**changes), NOW)
    assert (decision.permitted, decision.reason, decision.holds_until) == (True, reason, until)


@pytest.mark.parametrize(
    "actor, action, dossier, changes, reason",
    [
        (STRANGER, SEE, "", {}, "not-in-case"),
        (STRANGER, ASK, HOME, {}, "not-in-case"),
        (OWNER, ASK, HOME, {"held": frozenset({HOME})}, "not-in-case"),
        (OWNER, SEE, HOME, {"invited": True}, "not-in-case"),
        (OWNER, SEE, HOME, {"accepted": {HOME: 3_000, "ab": 1}, "held": frozenset({"ab"})}, "not-in-case"),
        (msgspec.structs.replace(NOOR, role="social-worker"), SEE, "", {}, "not-attested"),
        (NOOR, SEE, "", {"foreign": ForeignFacts({})}, "not-attested"),
        (NOOR, SEE, "", {"invited": True, "case": CaseState(CASE, (), FOREVER)}, "not-in-case"),
        (NOOR, SEE, HOME, {"blocks": (Block("b", NOOR.id, Period(0)),)}, "blocked"),
        (NOOR, SEE, HOME, {"accepted": {HOME: NOW}}, "not-in-case"),
        (NOOR, ASK, HOME, closed(NOW), "case-closed"),
        (NOOR, ASK, "", {}, "indeterminate"),
        (NOOR, SEE, "ab" * 16, {}, "indeterminate"),
        (NOOR, "read", HOME, {}, "indeterminate"),
        (SYSTEM, SEE, "", {}, "indeterminate"),
        (msgspec.structs.replace(NOOR, role=""), SEE, "", {}, "indeterminate"),
        (NOOR, SEE, "", {"case": None}, "indeterminate"),
    ],
)
def test_refused(actor, action, dossier, changes, reason):
    """Whoever stands outside, or is not attested, blocked, late or unknown gets no; a missing fact is a refusal (P9)."""
    decision = decide_case(CaseRequest(actor, action, dossier), facts(**changes), NOW)
    assert (decision.permitted, decision.reason, decision.basis) == (False, reason, "")


def test_block_of_another_time_or_person():
    """A block binds whom it names, while it lasts; its end is where the refusal flips."""
    blocks = (Block("b1", NOOR.id, Period(0, 1_500)), Block("b2", FRIEND.id, Period(2_000)))
    refused = decide_case(CaseRequest(NOOR, SEE, HOME), facts(blocks=blocks), NOW)
    assert (refused.reason, refused.rules, refused.holds_until) == ("blocked", ("b1",), 1_500)
    assert decide_case(CaseRequest(NOOR, SEE, HOME), facts(blocks=blocks), 1_500).permitted
    assert decide_case(CaseRequest(FRIEND, SEE, HOME), facts(blocks=blocks), NOW).holds_until == 2_000


def test_auditors_are_attested():
    """Only a person whom their organisation attests as an auditor now looks at events of others (P9)."""
    auditor = Actor("person", "07" * 16, AGENCY, "auditor")
    standing = Standing("aa", Period(0, 5_000), frozenset({"auditor"}))
    known = ForeignFacts({(auditor.id, AGENCY): standing})
    permitted = decide_audit(auditor, known, NOW)
    assert (permitted.reason, permitted.holds_until) == ("auditor-attested", 5_000)
    plain = msgspec.structs.replace(standing, roles=frozenset({"debt-counsellor"}))
    for actor, foreign, now in (
        (auditor, known, 5_000),
        (auditor, ForeignFacts({}), NOW),
        (auditor, ForeignFacts({(auditor.id, AGENCY): plain}), NOW),
        (msgspec.structs.replace(auditor, role="debt-counsellor"), ForeignFacts({(auditor.id, AGENCY): plain}), NOW),
        (msgspec.structs.replace(auditor, kind="system"), known, NOW),
    ):
        refused = decide_audit(actor, foreign, now)
        assert (refused.permitted, refused.reason) == (False, "not-attested")
    assert decide_audit(auditor, None, NOW).reason == "indeterminate"
