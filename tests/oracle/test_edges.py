"""Edges that no table can reach through frozen values alone, or that deserve a name of their own."""

from __future__ import annotations

from consent.engine import decide
from consent.entries import parse_order
from consent.facts import FactRecord, Facts, ForeignFacts
from consent.folding import compile_facts
from consent.terms import Request
from tests.oracle.cast import ACTORS, DAY, INSIDE, ITEM, OWNER, START, TOWN, VERA, catalogues, ident, standings, world
from tests.oracle.judge import judge

ASKED = Request(ACTORS["vera"], "read", ITEM)


def dossier(*records: tuple[str, dict]) -> Facts:
    """The facts of a dossier with these records."""
    listed = [("dossier-key", {"owner": OWNER}), *records]
    numbered = [FactRecord(seq, kind, "", payload) for seq, (kind, payload) in enumerate(listed)]
    return Facts(compile_facts(numbered, catalogues()), ForeignFacts(standings()))


OPTED = ("emergency-opt-in", {"optIn": ident("opt-in"), "sections": ["debts"], "from": 0, "until": START + 90 * DAY})


def declared(name: str, start: int, until: int) -> tuple[str, dict]:
    """Vera declares an emergency."""
    use = {"emergency": ident(name), "signer": VERA, "organisation": TOWN, "role": "debt-counsellor"}
    return "emergency-use", {
        **use,
        "sections": ["debts"],
        "reason": "danger-to-life",
        "from": start,
        "until": until,
        "issuedAt": start,
    }


def approved(name: str, person: str) -> tuple[str, dict]:
    """Somebody approves an emergency."""
    return "emergency-approval", {"emergency": ident(name), "person": person}


def reviewed(name: str) -> tuple[str, dict]:
    """An emergency is reviewed."""
    return "emergency-review", {"emergency": ident(name)}


def test_an_emergency_of_three_days_ends_after_one():
    """P9: a declaration for longer than 24 hours, as recorded, opens nothing from the 24th hour on."""
    facts = dossier(OPTED, declared("use", INSIDE, INSIDE + 3 * DAY))
    answer = decide(ASKED, facts, INSIDE)
    assert (answer.reason, answer.holds_until) == ("emergency", INSIDE + DAY)
    assert decide(ASKED, facts, INSIDE + DAY - 1).permitted
    assert not decide(ASKED, facts, INSIDE + DAY).permitted
    assert judge(ASKED, facts, INSIDE + DAY).reason == decide(ASKED, facts, INSIDE + DAY).reason


def test_nobody_is_their_own_second_person():
    """P9: the third emergency in 30 days stays closed when the one who declared it approves it, and opens for another."""
    before = [each for name in ("one", "two") for each in (declared(name, START, START + DAY), reviewed(name))]
    third = declared("three", INSIDE, INSIDE + DAY)
    alone = dossier(OPTED, *before, third, approved("three", VERA))
    assert decide(ASKED, alone, INSIDE).reason == judge(ASKED, alone, INSIDE).reason == "emergency-approval-needed"
    together = dossier(OPTED, *before, third, approved("three", ACTORS["bob"].id))
    assert decide(ASKED, together, INSIDE).permitted


def test_an_approver_without_a_name_is_nobody():
    """P9: an order that one person approved, and an empty name, was not approved by two people and opens nothing."""
    grantee = {"kind": "person", "person": VERA, "organisation": TOWN, "role": "debt-counsellor"}
    payload = {
        "order": ident("order"),
        "article": "article 1",
        "grantee": {**grantee, "case": "", "system": "", "laterMembers": False},
        "items": [ITEM.item],
        "actions": ["read"],
        "overridesBlock": False,
        "from": START,
        "until": START + 90 * DAY,
        "noticeFrom": 0,
        "approvers": [{"person": ident("first judge")}, {"person": ""}],
        "issuedAt": START,
    }
    facts = world(orders=[parse_order(payload)])
    assert judge(ASKED, facts, INSIDE).reason == "no-consent"
    assert decide(ASKED, facts, INSIDE).reason == "no-consent"
