from __future__ import annotations

from typing import cast

import pytest

from consent.catalogue import Catalogues
from consent.facts import Facts, ForeignFacts
from consent.people import Standing
from consent.terms import FOREVER, Actor, Decision, Grantee, Obligations, Period, Scope
from tests.consent.world import (
    AUNT,
    CASE,
    CATALOGUE,
    CLINIC,
    DAY,
    NEIGHBOUR,
    NOW,
    OWNER,
    PIM,
    STANDINGS,
    TOWN,
    VERA,
    admission,
    ask,
    aunt,
    block,
    case_of,
    consent,
    denial,
    emergency,
    exception,
    facts,
    holder,
    ident,
    item,
    neighbour,
    opt_in,
    order,
    owner,
    owner_at_work,
    participant,
    pim,
    system,
    to_counsellors,
    to_neighbour,
    to_system,
    to_team,
    to_team_and_later,
    to_vera,
    vera,
    vera_as_social_worker,
    vera_elsewhere,
)
from tests.values import replace


def test_permit_by_consent_carries_everything_the_log_needs():
    """A consent that fits permits, with reason, step, rule, basis, obligations and end of validity."""
    assert ask(facts(consent())) == Decision(
        permitted=True,
        reason="consent",
        step=8,
        rules=(ident("c1"),),
        obligations=Obligations(),
        holds_until=NOW + 10 * DAY,
        basis="consent",
    )


def test_nothing_is_permitted_without_a_rule():
    """Without any rule the answer is no, for good (P9)."""
    assert ask(facts()) == Decision(permitted=False, reason="no-consent", step=10)


# Step 1


@pytest.mark.parametrize(
    "change",
    [
        {"section": "secrets"},
        {"lane": "fast"},
        {"label": "top"},
        {"type": "novel"},
    ],
)
def test_unknown_item_codes_deny_even_the_owner(change):
    """An item with a code outside the current catalogue is closed to everybody (P9)."""
    for actor in (owner, vera):
        decision = ask(facts(consent()), actor, about=item(**change))
        assert (decision.permitted, decision.reason, decision.step) == (False, "indeterminate", 1)


@pytest.mark.parametrize(
    "change",
    [{"action": "peek"}, {"purpose": "curiosity"}, {"reason": "because"}, {"case": CASE}],
)
def test_unknown_request_codes_deny(change):
    """An unknown action, purpose, reason or case is indeterminate (P9)."""
    assert ask(facts(consent()), **change).reason == "indeterminate"
    assert ask(facts(consent()), owner, **change).reason == "indeterminate"


@pytest.mark.parametrize(
    "actor",
    [
        Actor("robot", VERA, TOWN, "debt-counsellor"),
        Actor("robot", VERA, TOWN),
        Actor("person", "", TOWN, "debt-counsellor"),
        Actor("person", VERA, TOWN, ""),
        Actor("person", VERA, "", "debt-counsellor"),
        Actor("system", VERA, "", ""),
        Actor("system", VERA, TOWN, "debt-counsellor"),
        Actor("system", "", TOWN),
        Actor("person", VERA, TOWN, "wizard"),
        Actor("person", ident("nobody"), TOWN, "debt-counsellor"),
    ],
)
def test_an_actor_that_is_not_whole_or_unknown_is_denied(actor):
    """Kind, id, organisation and role must belong together and the actor must stand (P9)."""
    standings = {(actor.id, actor.organisation): Standing("key", Period(), frozenset({actor.role}))}
    known = {} if actor.id == ident("nobody") else standings
    permit = consent(grantee=Grantee("role", organisation=TOWN, role=actor.role or "debt-counsellor"))
    decision = ask(facts(permit, standings=known), actor)
    assert (decision.permitted, decision.reason, decision.step) == (False, "indeterminate", 1)


def test_an_actor_stands_only_within_the_attestation():
    """Before and after the attestation the professional is denied; the decision ends with it."""
    around = facts(consent(), standings={(VERA, TOWN): Standing("key", Period(NOW, NOW + 5), vera_roles())})
    assert ask(around, now=NOW).holds_until == NOW + 5
    assert ask(around, now=NOW + 4).permitted
    early, late = ask(around, now=NOW - 1), ask(around, now=NOW + 5)
    assert (early.reason, early.holds_until) == ("not-attested", NOW)
    assert (late.reason, late.holds_until) == ("not-attested", FOREVER)


def vera_roles() -> frozenset[str]:
    return STANDINGS[VERA, TOWN].roles


def test_a_role_that_is_not_attested_is_denied():
    """An actor in a role that the organisation does not attest is denied, though a consent names it."""
    around = facts(consent(), standings={(VERA, TOWN): Standing("key", Period(), frozenset({"social-worker"}))})
    assert ask(around).reason == "not-attested"


def test_a_request_signed_with_another_key_is_denied():
    """Only the current key counts; an unsigned request names none."""
    around = facts(consent())
    assert ask(around, replace(vera, key_hash="key")).permitted
    refused = ask(around, replace(vera, key_hash="old"))
    assert (refused.permitted, refused.reason, refused.step) == (False, "key-not-valid", 1)
    assert ask(around, replace(owner, key_hash="old")).reason == "key-not-valid"


def test_an_error_within_denies():
    """Whatever breaks inside is a deny, never an exception (P9)."""
    decision = ask(Facts(facts(consent()).dossier, cast("ForeignFacts", None)))
    assert (decision.permitted, decision.reason, decision.step) == (False, "indeterminate", 1)


# Step 2


def test_a_quarantined_item_is_closed_and_only_its_owner_sees_that_it_is_there():
    """Quarantine closes an item to all; the owner may list it."""
    apart = item(quarantined=True)
    around = facts(consent(), holder(full=True))
    assert ask(around, owner, "list", apart).permitted
    for actor, action in ((owner, "read"), (owner_at_work, "list"), (vera, "list"), (vera, "read"), (aunt, "list")):
        decision = ask(around, actor, action, apart)
        assert (decision.permitted, decision.reason, decision.step) == (False, "quarantined", 2)


def test_nobody_looks_at_work_in_their_own_file():
    """The owner in a work role is denied; the citizen door stays open."""
    around = facts(consent(grantee=to_counsellors))
    assert ask(around, owner_at_work).reason == "own-or-relative"
    assert ask(around, owner).permitted


def test_a_known_relative_is_denied_and_an_unknown_one_is_no_match():
    """A pseudonym in the attestation that meets owner or subjects denies; none known means no conflict."""
    related = Standing("key", Period(), vera_roles(), frozenset({"p1"}))
    around = facts(consent(), standings={(VERA, TOWN): related}, pseudonyms=frozenset({"p1"}))
    assert ask(around).reason == "own-or-relative"
    elsewhere = facts(consent(), standings={(VERA, TOWN): related}, pseudonyms=frozenset({"p2"}))
    assert ask(elsewhere).permitted
    assert ask(elsewhere, about=item(subjects=frozenset({"p1"}))).reason == "own-or-relative"


def test_a_conflict_is_final_even_under_an_order():
    """An order overrides a block at most, never a conflict of interest."""
    around = facts(order(grantee=to_counsellors, overrides_block=True))
    assert ask(around, owner_at_work).reason == "own-or-relative"


def test_a_block_shuts_a_person_out_in_every_role_and_from_every_step():
    """A block beats consent, plain order, mandate and emergency."""
    around = facts(block(), consent(), order(), opt_in(), emergency(), holder(VERA, "mandate"))
    decision = ask(around)
    assert (decision.reason, decision.step, decision.rules) == ("blocked", 2, (ident("b1"),))
    assert ask(around, Actor("person", VERA)).reason == "blocked"
    assert ask(around, vera_as_social_worker).reason == "blocked"


def test_a_block_concerns_its_person_and_period_only():
    """Others go on, and before and after its period the block is nothing."""
    around = facts(block(period=Period(NOW, NOW + 5)), consent(grantee=to_counsellors))
    assert ask(around, pim).permitted
    assert not ask(around).permitted
    assert ask(around).holds_until == NOW + 5
    assert ask(around, now=NOW - 1).permitted
    assert ask(around, now=NOW - 1).holds_until == NOW
    assert ask(around, now=NOW + 5).permitted


def test_owner_and_legal_representative_cannot_be_blocked():
    """A block of owner, co-owner or legal representative has no effect on them as citizens."""
    assert ask(facts(block(OWNER)), owner).permitted
    assert ask(facts(block(AUNT), holder()), aunt).permitted
    assert ask(facts(block(AUNT), holder(capacity="owner")), aunt).permitted
    assert ask(facts(block(AUNT), holder(capacity="mandate")), aunt).reason == "blocked"
    over = holder(period=Period(0, NOW))
    assert ask(facts(block(AUNT), over), aunt).reason == "blocked"


def test_an_order_overrides_a_block_only_if_signed_to_do_so():
    """Only an order that fits and says that it overrides lets a blocked person pass."""
    assert ask(facts(block(), order())).reason == "blocked"
    passed = ask(facts(block(), order(overrides_block=True)))
    assert (passed.permitted, passed.step) == (True, 3)
    assert ask(facts(block(), order(overrides_block=True)), about=item("other")).reason == "blocked"


def test_a_block_is_no_matter_for_systems():
    """A block names a natural person: a system with the same id is not it."""
    same = Actor("system", VERA, TOWN)
    around = facts(block(), admission(), standings={(VERA, TOWN): Standing("key", Period())})
    assert ask(around, same, "add").permitted


# Step 3


def test_an_order_permits_and_tells_the_owner():
    """An order permits on its own ground, is never consent, and is always told (P4)."""
    decision = ask(facts(order()), purpose="")
    assert (decision.permitted, decision.reason, decision.step, decision.basis) == (True, "order", 3, "legal-task")
    assert decision.rules == (ident("o1"),)
    assert decision.obligations == Obligations(notify=True)
    assert decision.holds_until == NOW + DAY


def test_a_postponed_notice_is_dated_and_ends_the_decision():
    """A notice in the future is reported with its date, at which the decision flips."""
    decision = ask(facts(order(notice_from=NOW + 5)))
    assert decision.obligations == Obligations(notify=True, notice_from=NOW + 5)
    assert decision.holds_until == NOW + 5
    assert ask(facts(order(notice_from=NOW + 5)), now=NOW + 5).obligations == Obligations(notify=True)
    both = facts(order(notice_from=NOW + 5), order("o2", notice_from=NOW + 9))
    assert ask(both).obligations.notice_from == NOW + 5
    assert ask(both).rules == (ident("o1"), ident("o2"))


@pytest.mark.parametrize(
    "change",
    [
        {"article": " "},
        {"approvers": frozenset({ident("chief")})},
        {"items": frozenset({ident("other")})},
        {"actions": frozenset({"list"})},
        {"grantee": replace(to_vera, person=PIM)},
        {"grantee": replace(to_vera, role="")},
        {"period": Period(NOW + 1, NOW + DAY)},
        {"period": Period(NOW - DAY, NOW)},
    ],
)
def test_an_order_that_lacks_anything_permits_nothing(change):
    """Article, two persons, item, action, grantee and period must all be right."""
    assert not ask(facts(order(**change))).permitted


def test_an_order_beats_denials_but_never_opens_the_vault():
    """A denial does not stop an order; the vault does."""
    around = facts(order(), denial())
    assert ask(around).reason == "order"
    assert ask(around, about=item(lane="vault")).reason == "vault"


def test_an_order_for_a_team_needs_taking_part_now():
    """An order may name a case team: only who takes part now has a ground."""
    around = facts(order(grantee=to_team), cases=(case_of(participant(vera)),))
    assert ask(around).permitted
    assert not ask(around, pim).permitted
    assert not ask(facts(order(grantee=to_team))).permitted


# Steps 4 and 5


def test_the_owner_always_may_and_no_denial_binds_them():
    """The owner does everything in their own dossier, vault included, without purpose."""
    around = facts(denial(grantee=Grantee("network")), denial("d2", grantee=Grantee("team")))
    for action in ("list", "read", "download", "add", "annotate", "share", "export"):
        for lane in ("ordinary", "confidential", "vault"):
            decision = ask(around, owner, action, item(lane=lane), purpose="")
            assert (decision.permitted, decision.reason, decision.step) == (True, "own-dossier", 4)
            assert (decision.basis, decision.rules) == ("own-dossier", ())


def test_a_co_owner_acts_within_scope_and_needs_full_scope_for_the_vault():
    """A second director listed as owner is owner within scope; the vault needs full scope."""
    around = facts(holder(capacity="owner"), denial(grantee=Grantee("network"), scope=Scope()))
    assert ask(around, aunt).rules == (AUNT,)
    assert (ask(around, aunt).reason, ask(around, aunt).basis) == ("own-dossier", "own-dossier")
    assert ask(around, aunt, about=item(section="health")).reason == "denied"
    assert ask(around, aunt, about=item(lane="vault")).reason == "vault"
    full = facts(holder(capacity="owner", full=True))
    assert ask(full, aunt, about=item(lane="vault", section="health")).permitted


def test_a_legal_representative_reads_within_scope_until_the_end_and_never_the_vault():
    """Scope, period and vault bound a legal representative; denials do not."""
    around = facts(holder(), denial(grantee=Grantee("network")))
    decision = ask(around, aunt, purpose="")
    assert (decision.permitted, decision.reason, decision.step) == (True, "representation", 5)
    assert decision.basis == "representation"
    assert (decision.rules, decision.holds_until) == ((AUNT,), NOW + DAY)
    assert not ask(around, aunt, about=item(section="health")).permitted
    assert ask(around, aunt, about=item(lane="vault")).reason == "vault"
    assert not ask(around, aunt, now=NOW + DAY).permitted
    assert not ask(around, aunt, now=NOW - DAY - 1).permitted
    assert ask(facts(holder(full=True)), aunt, about=item(section="health")).permitted


def test_authority_is_the_citizens_and_not_the_professionals():
    """Somebody who is a representative has no authority in a work role, and a system never."""
    around = facts(holder(VERA), holder(VERA, "owner"), holder(VERA, "mandate"))
    assert not ask(around, vera).permitted
    assert ask(around, Actor("person", VERA)).permitted
    machine = Actor("system", VERA, TOWN)
    assert not ask(around, machine).permitted


# Step 6


def test_a_source_adds_where_it_is_admitted():
    """A system adds for its own organisation, in admitted sections, while the admission holds."""
    around = facts(admission())
    decision = ask(around, system, "add", item(""), purpose="")
    assert (decision.permitted, decision.reason, decision.step) == (True, "source-delivery", 6)
    assert decision.basis == "source-delivery"
    assert (decision.rules, decision.holds_until) == ((ident("a1"),), NOW + DAY)
    assert not ask(around, system, "add", item(section="health")).permitted
    assert not ask(around, system, "add", item(source=CLINIC)).permitted
    assert not ask(around, system, "add", item(lane="vault")).permitted
    assert not ask(around, system, "add", now=NOW + DAY).permitted
    assert not ask(facts(admission(organisation=CLINIC)), system, "add").permitted
    assert not ask(around, vera, "add").permitted
    assert ask(facts(admission(sections=frozenset())), system, "add", item(section="health")).permitted


def test_a_source_lists_its_own_deliveries_and_reads_nothing():
    """A source sees that its own items arrived, also when it may no longer add, and nothing else."""
    around = facts()
    listed = ask(around, system, "list", purpose="")
    assert (listed.reason, listed.step, listed.basis) == ("own-delivery", 6, "source-delivery")
    assert not ask(around, system, "read").permitted
    assert not ask(around, system, "list", item(source=CLINIC)).permitted
    assert not ask(around, system, "list", replace(item(), item="")).permitted
    assert not ask(around, vera, "list").permitted


# Step 7


def test_a_denial_beats_every_consent():
    """One denial outweighs any number of permits, and is named."""
    decision = ask(facts(consent(), consent("c2", grantee=to_counsellors), denial()))
    assert (decision.permitted, decision.reason, decision.step) == (False, "denied", 7)
    assert decision.rules == (ident("d1"),)
    assert ask(facts(consent(), denial(), denial("d0"))).rules == (ident("d0"), ident("d1"))


def test_a_denial_stops_a_chosen_mandate():
    """A mandate is the owner's choice and yields to the owner's denial."""
    around = facts(holder(capacity="mandate"), denial(grantee=Grantee("network")))
    assert ask(around, aunt).reason == "denied"


def test_an_empty_field_of_a_denial_is_no_constraint():
    """A denial may shut out a whole organisation, or a person in every role."""
    town = denial(grantee=Grantee("role", organisation=TOWN))
    assert ask(facts(consent(), town)).reason == "denied"
    person = denial(grantee=Grantee("person", person=VERA))
    assert ask(facts(consent(), person)).reason == "denied"
    elsewhere = denial(grantee=Grantee("role", organisation=CLINIC))
    assert ask(facts(consent(), elsewhere)).permitted


def test_a_denial_with_a_purpose_bars_that_branch_and_all_that_cannot_be_placed():
    """Its purpose and below, an unnamed purpose, and purposes its catalogue does not know."""
    barred = denial(purpose="debt-help")
    permits = (consent(purpose="support"), holder(VERA, "mandate"))
    assert ask(facts(*permits, barred), purpose="debt-intake").reason == "denied"
    assert ask(facts(*permits, barred), purpose="care-support").permitted
    assert ask(facts(*permits, barred), purpose="").reason == "denied"
    lost = denial(purpose="debt-help", catalogue="00" * 32)
    assert ask(facts(*permits, lost), purpose="care-support").reason == "denied"


def test_an_exception_takes_a_part_out_of_a_denial_and_permits_nothing():
    """Under an exception the denial is silent; a permit is still needed."""
    but_vera = denial(grantee=to_counsellors, exceptions=(exception(grantee=to_vera),))
    assert ask(facts(but_vera)).reason == "no-consent"
    assert ask(facts(but_vera, consent())).permitted
    assert ask(facts(but_vera, consent(grantee=to_counsellors)), pim).reason == "denied"


@pytest.mark.parametrize(
    "change",
    [
        {"actions": frozenset({"list"})},
        {"purpose": "care-support"},
        {"scope": Scope(sections=frozenset({"health"}))},
        {"scope": Scope(items=frozenset({ident("other")}))},
        {"scope": Scope(label_ceiling="open")},
        {"scope": Scope(label_ceiling="unheard")},
        {"scope": Scope(data_from=1)},
        {"grantee": Grantee("person", person=PIM)},
        {"grantee": Grantee("team", case=CASE)},
    ],
)
def test_an_exception_that_does_not_surely_fit_leaves_the_denial_whole(change):
    """An exception must fit in every part, and unknowns do not fit."""
    assert ask(facts(consent(), denial(exceptions=(exception(**change),)))).reason == "denied"


def test_an_exception_for_a_team_counts_for_who_takes_part_now():
    """A team exception ends with the participation, and so does the decision."""
    around = facts(
        consent(),
        denial(exceptions=(exception(grantee=to_team),)),
        cases=(case_of(participant(vera)),),
    )
    assert ask(around).permitted
    assert ask(around).holds_until == NOW + 5 * DAY
    assert ask(around, now=NOW + 5 * DAY).reason == "denied"
    for_all = facts(consent(), denial(exceptions=(exception(grantee=Grantee("team")),)))
    assert ask(for_all).permitted


def test_an_exception_with_a_purpose_needs_its_catalogue():
    """A purpose in an exception of an unknown catalogue fits nothing."""
    lost = denial(exceptions=(exception(purpose="debt-help"),), catalogue="00" * 32)
    assert ask(facts(consent(), lost)).reason == "denied"
    known = denial(exceptions=(exception(purpose="debt-help"),))
    assert ask(facts(consent(), known)).permitted


def test_a_denial_of_an_unknown_team_hits_everybody():
    """A denial whose case is not known is taken to fit; a permit is not."""
    assert ask(facts(consent(), denial(grantee=to_team))).reason == "denied"
    assert not ask(facts(consent(grantee=to_team))).permitted
    assert ask(facts(consent(), denial(grantee=to_team), cases=(case_of(participant(pim)),))).permitted


def test_the_decision_flips_when_a_denial_begins():
    """A denial that begins later ends the decision then."""
    around = facts(consent(), denial(period=Period(NOW + 7, FOREVER)))
    assert ask(around).holds_until == NOW + 7
    assert ask(around, now=NOW + 7).reason == "denied"


# Step 8


@pytest.mark.parametrize(
    "permit, request_change",
    [
        ({"grantee": replace(to_vera, person=PIM)}, {}),
        ({}, {"actor": vera_elsewhere}),
        ({}, {"actor": vera_as_social_worker}),
        ({"grantee": replace(to_vera, organisation="")}, {}),
        ({"grantee": replace(to_vera, role="")}, {}),
        ({"grantee": replace(to_vera, person="")}, {}),
        ({"grantee": Grantee("role", organisation=TOWN)}, {}),
        ({"grantee": Grantee("role", role="debt-counsellor")}, {}),
        ({"grantee": Grantee("team")}, {}),
        ({"grantee": Grantee("everybody")}, {}),
        ({"grantee": to_system}, {}),
        ({}, {"action": "download"}),
        ({}, {"about": item(section="health")}),
        ({"scope": Scope(lanes=frozenset({"ordinary"}))}, {"about": item(lane="confidential")}),
        ({"scope": Scope(types=frozenset({"letter"}))}, {}),
        ({"scope": Scope(sources=frozenset({CLINIC}))}, {}),
        ({"scope": Scope(items=frozenset({ident("other")}))}, {}),
        ({"scope": Scope(case=CASE)}, {}),
        ({"scope": Scope(label_ceiling="open")}, {}),
        ({"scope": Scope(label_ceiling="unheard")}, {}),
        ({"scope": Scope(data_from=100)}, {"about": item(data_from=99, data_until=100)}),
        ({"scope": Scope(data_until=100)}, {"about": item(data_from=99, data_until=100)}),
        ({"scope": Scope(data_from=100)}, {}),
        ({"scope": Scope(data_from=100)}, {"about": item(data_from=100)}),
        ({"scope": Scope(data_until=200)}, {"about": item(data_until=150)}),
        ({"grantee": replace(to_system, system=VERA)}, {"actor": system}),
        ({"grantee": replace(to_system, organisation=CLINIC)}, {"actor": system}),
        ({"grantee": replace(to_system, system=VERA)}, {}),
        ({"period": Period(NOW + 1, NOW + DAY)}, {}),
        ({"period": Period(NOW - DAY, NOW)}, {}),
        ({"case": CASE}, {}),
        ({"later_items": False}, {"about": item(delivered=5)}),
        ({"catalogue": "00" * 32}, {}),
    ],
)
def test_a_consent_that_misses_in_one_thing_permits_nothing(permit, request_change):
    """Grantee, action, scope, period, case, later items and catalogue must all fit."""
    decision = ask(facts(consent(**permit)), **request_change)
    assert (decision.permitted, decision.reason) == (False, "no-consent")


@pytest.mark.parametrize(
    "permit, request_change",
    [
        ({"grantee": to_counsellors}, {"actor": pim}),
        ({"grantee": to_system}, {"actor": system}),
        ({"grantee": replace(to_system, organisation="")}, {"actor": system}),
        ({"scope": Scope()}, {"about": item(section="health")}),
        ({"scope": Scope(items=frozenset({ident("bill")}))}, {}),
        ({"scope": Scope(items=frozenset({ident("bill")})), "later_items": False}, {"about": item(delivered=99)}),
        ({"scope": Scope(case=CASE)}, {"about": item(cases=frozenset({CASE}))}),
        ({"scope": Scope(label_ceiling="personal")}, {}),
        ({"scope": Scope(label_ceiling="sensitive")}, {}),
        ({"scope": Scope(data_from=100, data_until=200)}, {"about": item(data_from=100, data_until=199)}),
        ({"scope": Scope(data_from=100)}, {"about": item(data_from=100, data_until=199)}),
        ({"scope": Scope(lanes=frozenset({"ordinary"}))}, {}),
        ({"scope": Scope(sources=frozenset({TOWN}))}, {}),
        ({}, {"reason": "intake"}),
        ({"scope": Scope(types=frozenset({"letter", "debt-record"}))}, {}),
        ({"period": Period(NOW, NOW + 1)}, {}),
        ({"later_items": False}, {"about": item(delivered=4)}),
        ({"later_items": False, "actions": frozenset({"add"})}, {"action": "add", "about": item("", delivered=9)}),
        ({}, {"purpose": "debt-intake"}),
    ],
)
def test_a_consent_that_fits_permits(permit, request_change):
    """Every kind of grantee and scope can fit."""
    assert ask(facts(consent(**permit)), **request_change).reason == "consent"


@pytest.mark.parametrize("purpose", ["support", "care-support", "complaint", ""])
def test_another_or_wider_purpose_is_a_mismatch(purpose):
    """Narrower is fine, wider or other never is, and the answer says that it is the purpose."""
    decision = ask(facts(consent()), purpose=purpose)
    assert (decision.permitted, decision.reason, decision.step) == (False, "purpose-mismatch", 10)
    assert (decision.rules, decision.holds_until) == ((ident("c1"),), NOW + 10 * DAY)


def test_a_permit_without_purpose_matches_nothing():
    """A permit must say what for."""
    assert ask(facts(consent(purpose="")), purpose="").reason == "purpose-mismatch"


def test_all_consents_that_fit_are_named_in_order_and_the_first_ends_the_decision():
    """Rules are united in id order; obligations and end are the strictest."""
    around = facts(consent("c2"), consent("c1", period=Period(0, NOW + 3), basis="legal-task"), holder(VERA, "mandate"))
    decision = ask(around)
    assert decision.rules == (ident("c1"), ident("c2"))
    assert (decision.basis, decision.holds_until) == ("legal-task", NOW + 3)


def test_a_high_label_shortens_the_lease_and_wants_a_reason():
    """Obligations come from the label of the item."""
    decision = ask(facts(consent()), about=item(label="special"))
    assert decision.obligations == Obligations(reason_wanted=True, lease_seconds=30)


def test_a_mandate_permits_within_its_sections_and_time():
    """A chosen representative acts within scope, on the ground of the mandate."""
    around = facts(holder(capacity="mandate"))
    decision = ask(around, aunt)
    assert (decision.permitted, decision.reason, decision.step, decision.basis) == (True, "mandate", 8, "mandate")
    assert (decision.rules, decision.holds_until) == ((AUNT,), NOW + DAY)
    assert not ask(around, aunt, about=item(section="health")).permitted
    assert not ask(around, aunt, about=item(lane="vault")).permitted
    assert not ask(around, aunt, now=NOW + DAY).permitted
    both = facts(holder(capacity="mandate"), consent(grantee=to_neighbour_aunt()), cases=(case_of(participant(aunt)),))
    assert ask(both, aunt).rules == tuple(sorted((AUNT, ident("c1"))))


def to_neighbour_aunt() -> Grantee:
    return Grantee("network", person=AUNT, case=CASE)


def test_a_network_member_reads_while_taking_part():
    """A neighbour needs a consent and a place in the case, as a citizen."""
    permit = consent(grantee=to_neighbour, case=CASE)
    around = facts(permit, cases=(case_of(participant(neighbour)),))
    assert ask(around, neighbour, case=CASE).permitted
    assert ask(around, neighbour, case=CASE).holds_until == NOW + 5 * DAY
    assert not ask(around, aunt, case=CASE).permitted
    assert not ask(around, neighbour, case=CASE, now=NOW + 5 * DAY).permitted
    assert not ask(facts(permit, cases=(case_of(),)), neighbour, case=CASE).permitted
    assert not ask(facts(consent(grantee=replace(to_neighbour, case=""))), neighbour).permitted
    both = facts(permit, cases=(case_of(participant(neighbour), participant(aunt)),))
    assert not ask(both, aunt, case=CASE).permitted
    newcomer = participant(neighbour, period=Period(NOW, FOREVER))
    assert ask(facts(permit, cases=(case_of(newcomer),)), neighbour, case=CASE).permitted
    professional = participant(neighbour, kind="professional")
    assert not ask(facts(permit, cases=(case_of(professional),)), neighbour, case=CASE).permitted
    at_work = Actor("person", NEIGHBOUR, TOWN, "debt-counsellor")
    standing = {(NEIGHBOUR, TOWN): Standing("key", Period(), vera_roles())}
    working = facts(permit, cases=(case_of(participant(at_work, kind="network")),), standings=standing)
    assert not ask(working, at_work, case=CASE).permitted


def test_a_case_bound_consent_counts_in_its_case_for_who_takes_part():
    """Other cases and people outside the case have nothing of it."""
    other = ident("case2")
    cases = (case_of(participant(vera)), replace(case_of(participant(vera)), id=other))
    around = facts(consent(case=CASE), cases=cases)
    assert ask(around, case=CASE).permitted
    assert not ask(around, case=other).permitted
    assert not ask(around).permitted
    assert not ask(facts(consent(case=CASE), cases=(case_of(participant(pim)),)), case=CASE).permitted
    moved = participant(vera, role="social-worker")
    assert not ask(facts(consent(case=CASE), cases=(case_of(moved),)), case=CASE).permitted


def test_a_consent_without_case_needs_taking_part_once_a_case_is_named():
    """Who names a case must be in it, whatever consent is used."""
    around = facts(consent(), cases=(case_of(participant(pim)),))
    assert ask(around).permitted
    assert not ask(around, case=CASE).permitted


def test_a_system_takes_part_through_its_organisation():
    """In a case a system needs a professional of its organisation there."""
    permit = consent(grantee=to_system)
    assert ask(facts(permit, cases=(case_of(participant(vera)),)), system, case=CASE).permitted
    assert not ask(facts(permit, cases=(case_of(participant(vera_elsewhere)),)), system, case=CASE).permitted


def test_a_team_has_its_members_of_the_day_of_signing_unless_later_ones_are_included():
    """Who joined after signing is in only if the consent says so."""
    late = participant(pim, period=Period(NOW - DAY + 1, NOW + DAY))
    punctual = participant(pim, period=Period(NOW - DAY, NOW + DAY))
    assert not ask(facts(consent(grantee=to_team), cases=(case_of(late),)), pim).permitted
    assert ask(facts(consent(grantee=to_team), cases=(case_of(punctual),)), pim).permitted
    assert ask(facts(consent(grantee=to_team_and_later), cases=(case_of(late),)), pim).permitted
    assert not ask(facts(consent(grantee=to_team_and_later), cases=(case_of(late),)), vera).permitted
    assert not ask(facts(consent(grantee=to_team_and_later), cases=(case_of(late),)), system).permitted


def test_later_members_never_get_high_labels():
    """The owner agreed to known people: very sensitive items stay with those."""
    late = participant(pim, period=Period(NOW - DAY + 1, NOW + DAY))
    around = facts(consent(grantee=to_team_and_later), cases=(case_of(late, participant(vera)),))
    assert not ask(around, pim, about=item(label="special")).permitted
    assert ask(around, vera, about=item(label="special")).permitted
    assert ask(around, pim, about=item(label="sensitive")).permitted


def test_a_closed_case_takes_closing_papers_for_two_weeks_and_nothing_else():
    """After closing only `add` goes on, for 14 days; mandates used in the case end too."""
    permit = consent(actions=frozenset({"list", "read", "add"}), period=Period(0, FOREVER))
    member = participant(vera, period=Period(0, FOREVER))
    around = facts(permit, holder(VERA, "mandate"), cases=(case_of(member, closed=NOW),))
    before = ask(around, case=CASE, now=NOW - 1)
    assert (before.permitted, before.holds_until) == (True, NOW)
    read = ask(around, case=CASE)
    assert (read.permitted, read.reason, read.step) == (False, "case-closed", 8)
    add = ask(around, action="add", case=CASE)
    assert (add.permitted, add.holds_until) == (True, NOW + 14 * DAY)
    assert ask(around, action="add", case=CASE, now=NOW + 14 * DAY - 1).permitted
    assert ask(around, action="add", case=CASE, now=NOW + 14 * DAY).reason == "case-closed"
    citizen = facts(holder(capacity="mandate"), cases=(case_of(closed=NOW),))
    assert ask(citizen, aunt, case=CASE).reason == "case-closed"


def test_nobody_else_ever_opens_the_vault():
    """No consent, order, mandate, representation, delivery or emergency reaches a vault item."""
    everything = facts(
        consent(scope=Scope()),
        order(),
        holder(full=True),
        holder(AUNT, "mandate", full=True),
        admission(sections=frozenset()),
        opt_in(),
        emergency(),
    )
    for actor, action in ((vera, "read"), (aunt, "read"), (system, "add"), (system, "list")):
        decision = ask(everything, actor, action, item(lane="vault"))
        assert (decision.permitted, decision.reason, decision.step) == (False, "vault", 10)


# Step 9


def test_an_emergency_opens_what_the_owner_opted_in_for():
    """Opt-in and declaration together permit listing and reading; the owner is told (P4)."""
    around = facts(opt_in(), emergency())
    decision = ask(around, purpose="")
    assert (decision.permitted, decision.reason, decision.step) == (True, "emergency", 9)
    assert (decision.basis, decision.rules) == ("vital-interest", (ident("e1"),))
    assert decision.obligations == Obligations(notify=True, reason_wanted=True)
    assert decision.holds_until == NOW + 3600
    assert ask(around, action="list").permitted
    assert not ask(around, action="download").permitted


@pytest.mark.parametrize(
    "rules, request_change",
    [
        ((emergency(),), {}),
        ((opt_in(),), {}),
        ((opt_in(sections=frozenset({"health"})), emergency()), {}),
        ((opt_in(sections=frozenset()), emergency()), {}),
        ((opt_in(period=Period(NOW + 1, FOREVER)), emergency()), {}),
        ((opt_in(), emergency(sections=frozenset({"health"}))), {}),
        ((opt_in(), emergency(period=Period(NOW - 5, NOW))), {}),
        ((opt_in(), emergency(reason="conversation")), {}),
        ((opt_in(), emergency(reason="unheard")), {}),
        ((opt_in(), emergency(person=PIM)), {}),
        ((opt_in(), emergency()), {"actor": vera_as_social_worker}),
        ((opt_in(), emergency()), {"actor": vera_elsewhere}),
        ((opt_in(), emergency(person=AUNT, organisation="", role="")), {"actor": aunt}),
    ],
)
def test_an_emergency_that_lacks_anything_opens_nothing(rules, request_change):
    """Opt-in, section, time, reason and the declaring person in their capacity must all be right."""
    assert ask(facts(*rules), **request_change).reason == "no-consent"


def test_a_denial_or_closed_case_does_not_stop_an_emergency():
    """A refusal at step 7 or 8 is not final for step 9."""
    assert ask(facts(opt_in(), emergency(), denial())).reason == "emergency"
    closed = facts(opt_in(), emergency(), cases=(case_of(participant(vera), closed=NOW),))
    assert ask(closed, case=CASE).reason == "emergency"


def test_an_unreviewed_emergency_blocks_the_next():
    """Who has an earlier declaration without review gets no second one; others do."""
    earlier = emergency("e0", period=Period(NOW - 9 * DAY, NOW - 8 * DAY))
    decision = ask(facts(opt_in(), earlier, emergency()))
    assert (decision.reason, decision.step, decision.rules) == ("emergency-unreviewed", 9, (ident("e1"),))
    assert ask(facts(opt_in(), replace(earlier, reviewed=True), emergency())).permitted
    assert ask(facts(opt_in(), replace(earlier, person=PIM), emergency())).permitted
    assert ask(facts(opt_in(), earlier, emergency(), denial())).reason == "denied"


def test_the_third_emergency_in_thirty_days_needs_a_second_person():
    """Two within 30 days pass; the third only with an approver."""
    first = emergency("e8", reviewed=True, period=Period(NOW - 9 * DAY, NOW - 8 * DAY))
    second = emergency("e9", person=PIM, period=Period(NOW - 7 * DAY, NOW - 6 * DAY))
    assert ask(facts(opt_in(), first, emergency())).permitted
    assert ask(facts(opt_in(), first, second, emergency())).reason == "emergency-approval-needed"
    assert ask(facts(opt_in(), first, second, emergency(approver=PIM))).permitted
    long_ago = NOW - 3600 - 30 * DAY
    old = replace(first, period=Period(long_ago, long_ago + DAY))
    assert ask(facts(opt_in(), old, second, emergency())).permitted
    recent = replace(first, period=Period(long_ago + 1, long_ago + DAY))
    assert ask(facts(opt_in(), recent, second, emergency())).reason == "emergency-approval-needed"


def test_an_emergency_never_lasts_beyond_the_opt_in():
    """The opt-in's end ends the decision."""
    around = facts(opt_in(period=Period(0, NOW + 5)), emergency())
    assert ask(around).holds_until == NOW + 5
    assert not ask(around, now=NOW + 5).permitted


# What the tables above leave open: order between steps, denials that miss, several catalogues.


def test_the_first_step_that_speaks_is_heard():
    """Where several steps have an answer, the earlier one gives it."""
    gone = {(VERA, TOWN): Standing("key", Period(0, NOW), vera_roles(), frozenset({"p1"}))}
    related = {(VERA, TOWN): Standing("key", Period(), vera_roles(), frozenset({"p1"}))}
    kin = frozenset({"p1"})
    apart = item(quarantined=True)
    assert ask(facts(standings=gone), purpose="curiosity").reason == "indeterminate"
    assert ask(facts(standings=gone), about=apart).reason == "not-attested"
    assert ask(facts(standings=related, pseudonyms=kin), about=apart).reason == "quarantined"
    assert ask(facts(block(), standings=related, pseudonyms=kin)).reason == "own-or-relative"
    assert ask(facts(order(grantee=to_team), cases=(case_of(participant(owner)),)), owner).reason == "order"
    assert ask(facts(opt_in(), emergency(), consent())).reason == "consent"


def test_a_delivery_does_not_end_with_a_denial_to_come():
    """Step 6 speaks before the denials are looked at: they neither stop nor shorten it."""
    later = denial(grantee=Grantee("system"), period=Period(NOW + 5, FOREVER))
    decision = ask(facts(admission(), later), system, "add")
    assert (decision.reason, decision.holds_until) == ("source-delivery", NOW + DAY)


@pytest.mark.parametrize(
    "change",
    [
        {"actions": frozenset({"download"})},
        {"scope": Scope(sections=frozenset({"health"}))},
        {"scope": Scope(items=frozenset({ident("other")}))},
        {"scope": Scope(case=CASE)},
        {"scope": Scope(label_ceiling="open")},
        {"scope": Scope(data_from=151)},
        {"scope": Scope(data_until=100)},
        {"period": Period(NOW - DAY, NOW)},
        {"case": CASE},
        {"later_items": False, "seq": 2},
        {"grantee": Grantee("person", person=PIM)},
        {"grantee": replace(to_vera, role="social-worker")},
        {"grantee": Grantee("system")},
        {"grantee": Grantee("network")},
    ],
)
def test_a_denial_that_misses_in_one_thing_denies_nothing(change):
    """A denial bars what it names and nothing else."""
    about = item(data_from=100, data_until=150)
    assert ask(facts(consent(), denial(**change)), about=about).permitted


@pytest.mark.parametrize(
    "scope",
    [
        Scope(data_from=150),
        Scope(data_until=101),
        Scope(data_from=120, data_until=130),
        Scope(data_from=1, data_until=9000),
        Scope(label_ceiling="unheard"),
        Scope(items=frozenset({ident("bill")})),
        Scope(lanes=frozenset({"ordinary"})),
    ],
)
def test_a_denial_bars_all_that_it_touches(scope):
    """Any overlap of data periods is enough, and what is unknown counts as touched."""
    about = item(data_from=100, data_until=150)
    assert ask(facts(consent(), denial(scope=scope)), about=about).reason == "denied"


@pytest.mark.parametrize("about", [item(), item(data_from=5), item(data_until=5)])
def test_an_item_without_dates_is_barred_by_every_data_period(about):
    """Unknown dates are inside no permit's period and touched by every denial's."""
    assert ask(facts(consent(), denial(scope=Scope(data_from=7, data_until=9))), about=about).reason == "denied"


@pytest.mark.parametrize("kind", ["person", "role", "team", "network"])
def test_a_denial_of_people_says_nothing_of_systems(kind):
    """Only a denial of kind system meets a system, though every field be empty."""
    around = facts(consent(grantee=to_system), denial(grantee=Grantee(kind)))
    assert ask(around, system).permitted
    barred = facts(consent(grantee=to_system), denial(grantee=Grantee("system")))
    assert ask(barred, system).reason == "denied"


def test_a_person_is_not_the_system_of_the_same_id():
    """Kinds never mix: a grant to a system is none to a person, and the other way round."""
    twin = Actor("person", system.id, TOWN, "debt-counsellor")
    standing = {(system.id, TOWN): Standing("key", Period(), vera_roles())}
    assert not ask(facts(consent(grantee=to_system), standings=standing), twin).permitted


def test_a_denial_of_a_grantee_of_unknown_kind_hits_everybody():
    """A denial that cannot be read is met; a permit that cannot be read is not."""
    assert ask(facts(consent(), denial(grantee=Grantee("everybody")))).reason == "denied"


def test_a_denial_of_an_unheard_purpose_bars_every_purpose():
    """A purpose that the denial's own catalogue does not know cannot be told apart from any other."""
    assert ask(facts(consent(), denial(purpose="unheard"))).reason == "denied"


def test_one_exception_that_fits_is_enough():
    """Exceptions are joined by OR."""
    other = exception(grantee=Grantee("person", person=PIM))
    assert ask(facts(consent(), denial(exceptions=(other, exception())))).permitted


def test_a_denial_of_a_team_bars_later_members_whatever_the_label():
    """The rule on high labels makes permits smaller, never denials."""
    late = participant(vera, period=Period(NOW, FOREVER))
    around = facts(consent(), denial(grantee=to_team_and_later), cases=(case_of(late),))
    assert ask(around, about=item(label="special")).reason == "denied"


def test_no_consent_does_not_depend_on_taking_part():
    """Where no permit could apply, the end of a participation changes nothing."""
    around = facts(cases=(case_of(participant(vera)),))
    assert ask(around, case=CASE).holds_until == FOREVER


def test_obligations_of_several_catalogues_are_united():
    """The shortest lease and any wish for a reason win, whichever catalogue they come from."""
    milder = replace(
        CATALOGUE,
        hash="11" * 32,
        labels={**CATALOGUE.labels, "special": replace(CATALOGUE.labels["special"], due=Obligations())},
    )
    both = Catalogues({CATALOGUE.hash: CATALOGUE, milder.hash: milder}, CATALOGUE)
    for first, second in ((milder, CATALOGUE), (CATALOGUE, milder)):
        around = facts(consent("c1", catalogue=first.hash), consent("c2", catalogue=second.hash), catalogues=both)
        decision = ask(around, about=item(label="special"))
        assert decision.obligations == Obligations(reason_wanted=True, lease_seconds=30)


def test_codes_match_in_the_catalogue_that_the_consent_names():
    """A later tree or label list changes neither an old permit nor an old denial in the actor's favour."""
    older = replace(
        CATALOGUE,
        hash="11" * 32,
        purposes={code: parent for code, parent in CATALOGUE.purposes.items() if code != "debt-intake"},
        labels={code: label for code, label in CATALOGUE.labels.items() if code != "special"},
    )
    both = Catalogues({CATALOGUE.hash: CATALOGUE, older.hash: older}, CATALOGUE)
    old_permit = consent(catalogue=older.hash, scope=Scope(label_ceiling="sensitive"))
    assert ask(facts(old_permit, catalogues=both)).permitted
    assert ask(facts(old_permit, catalogues=both), purpose="debt-intake").reason == "purpose-mismatch"
    assert not ask(facts(old_permit, catalogues=both), about=item(label="special")).permitted
    boundless = facts(consent(catalogue=older.hash), catalogues=both)
    assert ask(boundless, about=item(label="special")).obligations == Obligations(reason_wanted=True, lease_seconds=30)
    late = participant(pim, period=Period(NOW - DAY + 1, NOW + DAY))
    team = consent(catalogue=older.hash, grantee=to_team_and_later)
    assert ask(facts(team, catalogues=both, cases=(case_of(late),)), pim).permitted
    unknown = ask(facts(team, catalogues=both, cases=(case_of(late),)), pim, about=item(label="special"))
    assert (unknown.permitted, unknown.reason) == (False, "no-consent")
    old_denial = denial(catalogue=older.hash, scope=Scope(label_ceiling="open"))
    assert ask(facts(consent(), old_denial, catalogues=both)).permitted
    assert ask(facts(consent(), old_denial, catalogues=both), about=item(label="special")).reason == "denied"
