from __future__ import annotations

import pytest

from consent.errors import NotAuthorisedError, StaleStatementError
from consent.terms import FOREVER, Grantee, Period, Scope
from consent.verification import (
    CLOCK_SLACK,
    FRESH_SECONDS,
    check_authority,
    check_block,
    check_fresh,
    check_sense,
    check_withdrawal,
    consent_sections,
)
from tests.consent.world import (
    AUNT,
    CASE,
    DAY,
    NOW,
    OWNER,
    VERA,
    consent,
    denial,
    exception,
    facts,
    holder,
    ident,
    to_counsellors,
    to_vera,
)
from tests.values import replace


def signed(person: str = AUNT, capacity: str = "legal-representative", key: str = "") -> dict:
    return {"signer": person, "capacity": capacity, "keyHash": key or person}


def check(*rules, by: dict, sections=("debts",), **more) -> None:
    check_authority(by, sections, facts(*rules).dossier, NOW, **more)


def refused(*rules, by: dict, sections=("debts",), **more) -> bool:
    try:
        check(*rules, by=by, sections=sections, **more)
    except NotAuthorisedError:
        return True
    return False


def test_authority_counts_in_its_capacity_scope_and_time():
    """An entry of the list must cover what is signed, now, in the capacity that is claimed (P6)."""
    assert not refused(holder(), by=signed())
    assert refused(holder(), by=signed(capacity="mandate"))
    assert refused(holder(), by=signed(VERA))
    assert refused(holder(), by=signed(), sections=("debts", "health"))
    assert refused(holder(), by=signed(), sections=())
    assert refused(holder(), by=signed(), sections=None)
    assert refused(holder(period=Period(0, NOW)), by=signed())
    assert refused(holder(period=Period(NOW + 1, FOREVER)), by=signed())
    assert not refused(holder(full=True), by=signed(), sections=None)


def test_the_owner_signs_alone_while_nobody_else_rules():
    """Without owners or legal representatives on the list the owner needs no entry; mandates do not change that."""
    by_owner = signed(OWNER, "owner")
    assert not refused(by=by_owner, sections=None)
    assert not refused(holder(capacity="mandate"), by=by_owner, sections=None)
    assert refused(holder(), by=by_owner)
    assert not refused(holder(period=Period(0, NOW)), by=by_owner)
    assert refused(by=signed(OWNER, "mandate"))
    assert refused(by=signed(VERA, "owner"))


def test_a_threshold_needs_different_people_with_different_keys():
    """Two parents, two signatures; one person twice or one key twice is one (P6)."""
    parents = (holder(threshold=2), holder(VERA, threshold=2))
    assert refused(*parents, by=signed())
    assert not refused(*parents, by=signed(), cosigners=[signed(VERA)])
    assert refused(*parents, by=signed(), cosigners=[signed(key="other")])
    assert refused(*parents, by=signed(key="one"), cosigners=[signed(VERA, key="one")])
    assert refused(*parents, by=signed(), cosigners=[signed(OWNER)])
    assert not refused(*parents, by=signed(), needs_threshold=False)


def test_ending_a_permit_needs_one_holder_and_ending_a_denial_as_many_as_giving():
    """Stopping is easy, opening is not (P6, P7)."""
    around = facts(holder(threshold=2), holder(VERA, threshold=2)).dossier
    check_withdrawal(signed(), consent(), ["debts"], around, NOW)
    with pytest.raises(NotAuthorisedError):
        check_withdrawal(signed(), denial(), ["debts"], around, NOW)
    with pytest.raises(NotAuthorisedError):
        check_withdrawal(signed(), consent(), ["health"], around, NOW)


def test_a_grantee_hands_back_their_own_permit_only():
    """Only the person named may, and nobody hands back a denial."""
    around = facts().dossier
    check_withdrawal(signed(VERA, "grantee"), consent(), ["debts"], around, NOW)
    for person, rule in ((AUNT, consent()), (VERA, denial()), (VERA, consent(grantee=to_counsellors))):
        with pytest.raises(NotAuthorisedError):
            check_withdrawal(signed(person, "grantee"), rule, ["debts"], around, NOW)


def test_a_widening_statement_is_fresh():
    """Fifteen minutes at most, from no clock that is far ahead, and the facts as the signer saw them."""
    payload = {"after": {"seq": 9, "leaf": ""}, "issuedAt": NOW}
    check_fresh(payload, 9, NOW)
    check_fresh(payload, 9, NOW + FRESH_SECONDS)
    check_fresh(payload, 9, NOW - CLOCK_SLACK)
    for rules, now in ((8, NOW), (10, NOW), (9, NOW - CLOCK_SLACK - 1), (9, NOW + FRESH_SECONDS + 1)):
        with pytest.raises(StaleStatementError):
            check_fresh(payload, rules, now)


def test_owner_and_legal_representative_cannot_be_blocked():
    """Such a block is refused before it becomes a fact."""
    around = facts(holder(), holder(VERA, "mandate")).dossier
    check_block({"person": VERA}, around, NOW)
    for person in (OWNER, AUNT):
        with pytest.raises(NotAuthorisedError):
            check_block({"person": person}, around, NOW)
    check_block({"person": AUNT}, around, NOW + DAY)


def test_a_consent_reaches_the_sections_it_names_or_where_its_items_stand():
    """Neither sections nor items means the whole dossier."""
    listed = Scope(items=frozenset({ident("a"), ident("b")}))
    assert consent_sections(consent(), {}) == frozenset({"debts"})
    assert consent_sections(consent(scope=Scope()), {}) is None
    places = {ident("a"): "debts", ident("b"): "health", ident("c"): "other"}
    assert consent_sections(consent(scope=listed), places) == frozenset({"debts", "health"})
    with pytest.raises(NotAuthorisedError):
        consent_sections(consent(scope=listed), {ident("a"): "debts"})


ALL = frozenset({"list", "read", "download", "add", "annotate", "share", "export"})


@pytest.mark.parametrize(
    "rule",
    [
        consent(),
        consent(grantee=to_counsellors),
        consent(grantee=replace(to_vera, person=OWNER)),
        consent(actions=frozenset({"add"})),
        consent(actions=ALL),
        consent(ends_on_case_closed=True, case=CASE),
        denial(),
        denial(actions=ALL - {"list", "add"}),
        denial(exceptions=(exception(grantee=to_vera),)),
        denial(scope=Scope(lanes=frozenset({"vault"}))),
    ],
)
def test_sensible_consents_pass(rule):
    """What can be meant can be signed."""
    around = facts().dossier
    check_sense(rule, around, NOW)
    assert around == facts().dossier


@pytest.mark.parametrize(
    "rule",
    [
        consent(catalogue="00" * 32),
        consent(actions=frozenset({"list", "peek"})),
        consent(basis="because"),
        consent(purpose="unheard"),
        consent(scope=Scope(sections=frozenset({"unheard"}))),
        consent(scope=Scope(sections=frozenset({"debts"}), lanes=frozenset({"unheard"}))),
        consent(scope=Scope(sections=frozenset({"debts"}), types=frozenset({"unheard"}))),
        consent(scope=Scope(sections=frozenset({"debts"}), label_ceiling="unheard")),
        consent(grantee=replace(to_vera, role="unheard")),
        denial(grantee=replace(to_counsellors, role="unheard")),
        denial(exceptions=(exception(purpose="unheard"),)),
        denial(exceptions=(exception(actions=frozenset({"peek"})),)),
        denial(exceptions=(exception(scope=Scope(sections=frozenset({"unheard"}))),)),
        denial(exceptions=(exception(grantee=replace(to_vera, role="unheard")),)),
        consent(actions=frozenset()),
        consent(actions=frozenset({"read"})),
        consent(actions=frozenset({"list", "read", "export"})),
        denial(actions=frozenset({"read"})),
        denial(actions=frozenset({"list", "read"})),
        denial(grantee=Grantee("network", person=OWNER)),
        consent(scope=Scope(sections=frozenset({"debts"}), lanes=frozenset({"vault"}))),
        consent(scope=Scope()),
        consent(purpose=""),
        consent(period=Period(0, FOREVER)),
        consent(signer=VERA),
        denial(scope=Scope(label_ceiling="personal")),
        consent(ends_on_case_closed=True),
        consent(period=Period(0, NOW)),
        consent(period=Period(NOW + 9, NOW + 9)),
    ],
)
def test_senseless_consents_are_refused(rule):
    """Unknown codes, loose actions, boundless permits, denials of the owner and gifts to oneself (P6, P9)."""
    with pytest.raises(NotAuthorisedError):
        check_sense(rule, facts().dossier, NOW)
