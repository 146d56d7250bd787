from __future__ import annotations

import datetime as dt

import pytest

from consent.errors import FactsError, MalformedGrantError
from consent.facts import FactRecord
from consent.folding import compile_facts
from consent.terms import EMERGENCY_SECONDS
from tests.consent.casebook import CATALOGUES, ident, instant, records

CONSENT = {"kind": "consent", "id": "t1", "to": "vera"}


def compiled(*words: dict):
    return compile_facts(records({"records": words}), CATALOGUES)


def test_consents_stand_in_id_order_and_know_their_position():
    """Permits and denials are apart, sorted, each with the position at which it took effect."""
    found = compiled(CONSENT | {"id": "t2"}, CONSENT, {"kind": "denial", "id": "w1", "to": "pim"})
    assert [(each.id, each.seq) for each in found.permits] == [(ident("t1"), 11), (ident("t2"), 10)]
    assert [(each.id, each.seq) for each in found.denials] == [(ident("w1"), 12)]
    assert (found.seq, found.owner) == (12, ident("olga"))


@pytest.mark.parametrize(
    "ending",
    [
        {"kind": "withdrawal", "of": "t1"},
        {"kind": "consent-ended", "of": "t1", "reason": "expired"},
        {"kind": "consent", "id": "t2", "to": "pim", "replaces": "t1"},
    ],
)
def test_a_consent_that_ended_is_gone(ending):
    """Withdrawn, ended and replaced consents are no facts any more (P7)."""
    assert ident("t1") not in [each.id for each in compiled(CONSENT, ending).permits]


def test_ending_what_is_not_there_changes_nothing():
    """A narrowing act is never refused, not even twice (P7)."""
    end = {"kind": "withdrawal", "of": "t1"}
    assert compiled(CONSENT, end, end).permits == ()


@pytest.mark.parametrize(
    "added, ended, table",
    [
        ({"kind": "block", "id": "b1", "person": "karel"}, {"kind": "block-end", "of": "b1"}, "blocks"),
        (
            {"kind": "source-admission", "id": "a1", "organisation": "gemeente", "sections": []},
            {"kind": "admission-end", "of": "a1"},
            "admissions",
        ),
        (
            {"kind": "order", "id": "o1", "to": "vera", "items": ["rekening"], "approvers": ["hoofd", "officier"]},
            {"kind": "order-ended", "of": "o1"},
            "orders",
        ),
    ],
)
def test_other_rules_come_and_go(added, ended, table):
    """Blocks, admissions and orders stand until they are ended."""
    assert len(getattr(compiled(added), table)) == 1
    assert getattr(compiled(added, ended), table) == ()


def test_a_later_authority_list_replaces_the_earlier_one():
    """Holders are those of the last list; a register event cuts one person's entries short, never longer."""
    first = {"kind": "authority-list", "holders": [{"who": "moeder", "capacity": "mandate"}]}
    second = {"kind": "authority-list", "holders": [{"who": "vader", "capacity": "owner"}]}
    assert [each.person for each in compiled(first, second).holders] == [ident("vader")]
    soon, late = dt.date(2027, 2, 1), dt.date(2099, 1, 1)
    cut = {"kind": "authority-ended", "who": "moeder", "until": soon}
    assert compiled(first, cut).holders[0].period.end == instant(soon)
    assert compiled(first, cut | {"until": late}).holders[0].period.end == instant(dt.date(2035, 1, 1))
    assert compiled(second, cut).holders[0].period.end == instant(dt.date(2035, 1, 1))


def test_an_emergency_is_cut_to_a_day_and_knows_approver_and_review():
    """Nobody approves their own emergency; approval and review of an unknown one are nothing."""
    use = {"kind": "emergency-use", "id": "g1", "who": "vera", "sections": ["debts"], "until": dt.date(2028, 1, 1)}
    period = compiled(use).emergencies[0].period
    assert period.end - period.start == EMERGENCY_SECONDS
    review, lost = {"kind": "emergency-review", "of": "g1"}, {"kind": "emergency-review", "of": "g9"}
    by_pim = {"kind": "emergency-approval", "of": "g1", "person": "pim"}
    by_vera = by_pim | {"person": "vera"}
    assert compiled(use, review, by_pim).emergencies[0].reviewed
    assert compiled(use, by_pim).emergencies[0].approver == ident("pim")
    assert compiled(use, by_vera).emergencies[0].approver == ""
    assert compiled(use, lost, by_pim | {"of": "g9"}).emergencies == compiled(use).emergencies


def test_the_last_opt_in_counts():
    """A new opt-in replaces the earlier one, so an empty one switches emergency access off."""
    first = {"kind": "emergency-opt-in", "id": "n1", "sections": ["debts"]}
    assert compiled(first).opt_in.sections == {"debts"}
    assert compiled(first, first | {"id": "n2", "sections": []}).opt_in.sections == frozenset()


def test_item_and_key_records_change_no_rule():
    """Placements and the like may stand in the stream; they move the position only."""
    known = records({"records": [CONSENT]})
    moved = compile_facts([*known, FactRecord(99, "placement", "", {})], CATALOGUES)
    assert (moved.permits, moved.seq) == (compile_facts(known, CATALOGUES).permits, 99)


def test_contradictory_records_are_refused():
    """Wrong order, an unknown kind, a second owner, a used id or no owner at all: nothing is guessed (P9)."""
    known = records({"records": [CONSENT]})
    other_owner = FactRecord(20, "dossier-key", "", {"owner": ident("vera")})
    for bad in (
        [*known, known[0]],
        [*known, FactRecord(20, "gossip", "", {})],
        [*known, other_owner],
        [*known, FactRecord(20, "consent", "", known[1].payload)],
        [],
        known[1:],
    ):
        with pytest.raises(FactsError):
            compile_facts(bad, CATALOGUES)


def test_an_ended_id_cannot_be_used_again():
    """A withdrawn consent does not come back under its old id."""
    again = [CONSENT, {"kind": "withdrawal", "of": "t1"}, CONSENT]
    with pytest.raises(FactsError):
        compiled(*again)


@pytest.mark.parametrize("kind", ["consent", "block", "order", "source-admission", "emergency-opt-in", "dossier-key"])
def test_an_unreadable_rule_is_never_skipped(kind):
    """A record without its fields stops the compiling: it could have been a denial (P9)."""
    known = records({})
    with pytest.raises(MalformedGrantError):
        compile_facts([*known, FactRecord(20, kind, "", {})], CATALOGUES)


def test_a_past_position_can_be_compiled_again():
    """The facts at a position depend on the records up to there and nothing else (P8)."""
    words = [CONSENT, {"kind": "block", "id": "b1", "person": "karel"}, {"kind": "withdrawal", "of": "t1"}]
    known = records({"records": words})
    assert compile_facts(known[:2], CATALOGUES) == compiled(CONSENT)
    assert compile_facts(known, CATALOGUES) == compiled(*words)
