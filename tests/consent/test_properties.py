"""Facts that must hold for every dossier, request and moment, on generated ones."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.engine import decide
from consent.errors import ConsentError
from consent.facts import FactRecord, Facts, Holder
from consent.folding import compile_facts
from consent.grant import Consent
from consent.preview import with_consent, without_consent
from consent.search import decide_items, known_actors, permitted_actions, permitted_actors
from consent.terms import FOREVER, Grantee, Period, Request, Scope
from tests.consent.casebook import consent_payload, order_payload
from tests.consent.world import (
    CASE,
    CATALOGUE,
    CATALOGUES,
    DAY,
    NOW,
    OWNER,
    TOWN,
    VERA,
    admission,
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

MOMENTS = [NOW + hours * 3600 for hours in (-500, -30, -24, -1, 0, 1, 24, 100, 240, 337, 500)]
SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

moments = st.sampled_from(MOMENTS)
periods = st.builds(Period, moments, moments | st.just(FOREVER))
actors = st.sampled_from(
    [vera, vera_as_social_worker, vera_elsewhere, pim, aunt, neighbour, owner, owner_at_work, system]
)
grantees = st.sampled_from(
    [
        to_vera,
        to_counsellors,
        to_team,
        to_team_and_later,
        to_system,
        to_neighbour,
        Grantee("role"),
        Grantee("team"),
        Grantee("network"),
        Grantee("person", person=VERA),
        Grantee("role", organisation=TOWN),
    ]
)


def some(*values):
    """No constraint, or one or two of these."""
    return st.frozensets(st.sampled_from(values), max_size=2)


scopes = st.builds(
    Scope,
    items=some(ident("bill"), ident("other")),
    sections=some("debts", "health"),
    lanes=some("ordinary", "confidential"),
    types=some("debt-record", "letter"),
    sources=some(TOWN, "elsewhere"),
    case=st.sampled_from(["", "", CASE]),
    label_ceiling=st.sampled_from(["", "personal", "special", "unheard"]),
    data_from=st.sampled_from([0, 0, 50]),
    data_until=st.sampled_from([0, 0, 150]),
)
actions = st.frozensets(st.sampled_from(sorted(CATALOGUE.actions)), min_size=1)
purposes = st.sampled_from(["", "support", "debt-help", "debt-intake", "care-support"])
exceptions = st.lists(
    st.builds(exception, grantee=grantees, scope=scopes, actions=actions, purpose=purposes), max_size=2
).map(tuple)
common = {
    "grantee": grantees,
    "scope": scopes,
    "actions": actions,
    "purpose": purposes,
    "period": periods,
    "later_items": st.booleans(),
    "case": st.sampled_from(["", "", CASE]),
    "issued": moments,
    "catalogue": st.sampled_from([CATALOGUE.hash, CATALOGUE.hash, "00" * 32]),
}
permits = st.builds(consent, **common)
denials = st.builds(denial, exceptions=exceptions, **common)
authorities = st.builds(
    holder,
    st.sampled_from([aunt.id, neighbour.id, VERA]),
    st.sampled_from(["owner", "legal-representative", "mandate"]),
    full=st.booleans(),
    period=periods,
)
others = st.one_of(
    authorities,
    st.builds(block, st.sampled_from([VERA, aunt.id, OWNER]), period=periods),
    st.builds(
        order,
        grantee=grantees,
        actions=actions,
        period=periods,
        notice_from=st.sampled_from([0, NOW + DAY]),
        overrides_block=st.booleans(),
    ),
    st.builds(admission, period=periods, sections=some("debts", "health")),
    st.builds(opt_in, period=periods),
    st.builds(emergency, period=periods, reviewed=st.booleans()),
)
people = st.builds(participant, st.sampled_from([vera, pim, neighbour, aunt]), period=periods)
states = st.builds(
    lambda members, closed: (case_of(*members, closed=closed),),
    st.lists(people, max_size=3),
    moments | st.just(FOREVER),
)
items = st.builds(
    item,
    st.sampled_from(["bill", "other", "third"]),
    section=st.sampled_from(["debts", "health"]),
    lane=st.sampled_from(["ordinary", "confidential", "vault"]),
    label=st.sampled_from(["personal", "special"]),
    data_from=st.sampled_from([0, 60, 100]),
    data_until=st.sampled_from([0, 100, 200]),
    delivered=st.sampled_from([3, 5, 8]),
    cases=st.sampled_from([frozenset(), frozenset({CASE})]),
    quarantined=st.sampled_from([False, False, False, True]),
)


@st.composite
def worlds(draw):
    """Facts with a handful of rules of every kind."""
    rules = draw(st.lists(permits | permits | denials | others, max_size=7))
    numbered = [
        replace(rule, id=ident(f"r{number}"), seq=number + 2)
        if isinstance(rule, Consent)
        else rule
        if isinstance(rule, Holder)
        else replace(rule, id=ident(f"r{number}"))
        for number, rule in enumerate(rules)
    ]
    return facts(*numbered, cases=draw(states))


@st.composite
def requests(draw):
    """A question about one item."""
    return Request(
        draw(actors),
        draw(st.sampled_from(sorted(CATALOGUE.actions))),
        draw(items),
        draw(purposes),
        draw(st.sampled_from(["", "", CASE])),
    )


@SOME
@given(worlds(), requests(), moments, denials)
def test_a_denial_more_never_permits_more(world, request, now, extra):
    """Adding a denial never turns a no into a yes (P6)."""
    after = with_consent(world, replace(extra, id=ident("extra"), seq=99))
    assert decide(request, world, now).permitted or not decide(request, after, now).permitted


@SOME
@given(worlds(), requests(), moments)
def test_a_permit_less_never_permits_more(world, request, now):
    """Withdrawing any permit never turns a no into a yes (P7)."""
    for each in world.dossier.permits:
        after = without_consent(world, each.id)
        assert decide(request, world, now).permitted or not decide(request, after, now).permitted


@SOME
@given(worlds(), requests(), moments, periods)
def test_a_shorter_permit_never_permits_more(world, request, now, shorter):
    """Narrowing the period of a permit never turns a no into a yes."""
    for each in world.dossier.permits:
        start, end = max(each.period.start, shorter.start), min(each.period.end, shorter.end)
        after = with_consent(without_consent(world, each.id), replace(each, period=Period(start, end)))
        assert decide(request, world, now).permitted or not decide(request, after, now).permitted


@SOME
@given(worlds(), requests(), permits)
def test_a_permit_outside_its_period_is_nothing(world, request, extra):
    """A permit before its start and from its end on changes no answer."""
    extra = replace(extra, id=ident("extra"), seq=99)
    after = with_consent(world, extra)
    for now in (extra.period.start - 1, extra.period.end, extra.period.end + DAY):
        assert decide(request, world, now).permitted == decide(request, after, now).permitted


@SOME
@given(worlds(), requests(), moments)
def test_the_owner_always_reads_their_own(world, request, now):
    """No rule whatever keeps owners from their own items; only quarantine does."""
    own = replace(request, actor=owner, item=replace(request.item, quarantined=False))
    decision = decide(own, world, now)
    assert (decision.permitted, decision.step) == (True, 4)


@SOME
@given(worlds(), requests(), moments)
def test_the_vault_is_the_owners_alone(world, request, now):
    """Whoever gets at a vault item got there as an owner."""
    decision = decide(replace(request, item=replace(request.item, lane="vault")), world, now)
    assert not decision.permitted or decision.reason == "own-dossier"


@SOME
@given(worlds(), requests(), moments, st.sampled_from(["action", "purpose", "reason", "case"]), st.text(min_size=1))
def test_an_unknown_code_is_never_permitted(world, request, now, field, code):
    """Any word that is no code denies everybody, the owner included (P9)."""
    if code in CATALOGUE.texts[{"action": "actions", "purpose": "purposes"}.get(field, "reasons")]:
        return
    decision = decide(replace(request, **{field: code}), world, now)
    assert (decision.permitted, decision.reason) == (False, "indeterminate")


@SOME
@given(worlds(), requests(), moments)
def test_a_decision_holds_until_it_says(world, request, now):
    """Nothing in the decision changes before `holds_until`, and that lies in the future."""
    decision = decide(request, world, now)
    assert decision.holds_until > now
    later = [moment for moment in (*MOMENTS, decision.holds_until - 1) if now < moment < decision.holds_until]
    for moment in later:
        assert decide(request, world, moment) == decision


@SOME
@given(worlds(), requests(), moments)
def test_every_reason_has_its_sentences(world, request, now):
    """A decision never carries a reason that the catalogue has no words for, nor rules that do not exist."""
    decision = decide(request, world, now)
    outcome = CATALOGUE.texts["outcomes"][decision.reason]
    assert outcome["permit"] == decision.permitted
    assert bool(decision.basis) == decision.permitted
    assert list(decision.rules) == sorted(set(decision.rules))


@SOME
@given(worlds(), actors, st.lists(items, max_size=12), moments, purposes, st.sampled_from(["", CASE]))
def test_a_list_says_what_each_decision_says(world, actor, several, now, purpose, case):
    """The shared decisions of a list equal the decision on each item alone."""
    listed = list(decide_items(actor, "read", several, world, now, purpose=purpose, case=case))
    assert listed == [(each, decide(Request(actor, "read", each, purpose, case), world, now)) for each in several]


@SOME
@given(worlds(), requests(), moments)
def test_searches_agree_with_decisions(world, request, now):
    """Who is found may, who is not found may not; the same for actions."""
    found = dict(permitted_actors(known_actors(world), request, world, now))
    for actor in known_actors(world):
        assert decide(replace(request, actor=actor), world, now).permitted == (actor in found)
    allowed = permitted_actions(request, world, now)
    for action in CATALOGUE.actions:
        assert decide(replace(request, action=action), world, now).permitted == (action in allowed)


@SOME
@given(worlds(), requests(), moments)
def test_what_was_asked_before_changes_no_answer(world, request, now):
    """Facts that have answered other questions answer like fresh ones (P8)."""
    fresh = Facts(replace(world.dossier), world.foreign)
    for actor in known_actors(world):
        decide(replace(request, actor=actor), world, now - 1)
    assert decide(request, world, now) == decide(request, fresh, now)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@SOME
@given(st.sampled_from(["consent", "order", "block", "authority-list", "unheard"]), json_values, st.integers())
def test_only_our_errors_leave_the_compiler(kind, value, seed):
    """A record of any shape is compiled or refused with an error of this package."""
    words = {"kind": "consent", "id": "t1", "to": "vera", "items": ["rekening"], "approvers": ["hoofd"]}
    payload = order_payload(words) if kind == "order" else consent_payload(words)
    chosen = random.Random(seed).choice(sorted(payload))
    records = [FactRecord(1, "dossier-key", "", {"owner": OWNER}), FactRecord(2, kind, "", payload | {chosen: value})]
    try:
        compiled = compile_facts(records, CATALOGUES)
    except ConsentError:
        return
    assert compiled.owner == OWNER
