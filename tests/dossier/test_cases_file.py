from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.facts import FactRecord
from consent.people import CaseRecord, compile_case
from consent.terms import FOREVER
from consent.terms import Actor as Subject
from dossier.cases.file import Capacity, case_file

PEOPLE = tuple(Capacity(f"{n:032x}", "", "") for n in range(3)) + tuple(
    Capacity(f"{n:032x}", "ee" * 16, "social-worker") for n in range(3, 6)
)
people = st.sampled_from(PEOPLE)
times = st.integers(1, 100)


def named(capacity):
    return {"person": capacity.person, "organisation": capacity.organisation, "role": capacity.role}


def opened(coordinator=PEOPLE[3]):
    return (
        "case-opening",
        {
            "case": "cc" * 16,
            "subject": "debts",
            "purpose": "debt-help",
            "basis": "consent",
            "coordinator": named(coordinator),
            "chainHead": "aa" * 32,
            "signer": coordinator.person,
            "keyHash": "dd" * 32,
            "issuedAt": 1,
            "organisation": coordinator.organisation,
            "role": coordinator.role,
        },
    )


def joined(capacity, start, length):
    kind = "professional" if capacity.organisation else "network"
    return (
        "case-participation",
        {"participant": named(capacity), "kind": kind, "purpose": "support", "from": start, "until": start + length}
        | link(start),
    )


def link(number):
    return {"sequence": number, "previous": "bb" * 32, "ended": [], "statement": f"{number:064x}"}


steps = st.one_of(
    st.builds(joined, people, times, times),
    st.builds(lambda who, at: ("participation-end", {"person": who.person, "issuedAt": at}), people, times),
    st.builds(lambda who: ("coordinator-transfer", {"to": named(who)} | link(1)), people),
    st.builds(lambda at: ("case-closure", {"issuedAt": at, "reason": "solved"}), times),
    st.builds(
        lambda who, until: ("case-acceptance", {"dossier": "bb" * 16, "signer": who.person, "until": until}),
        people,
        times,
    ),
)


def both(changes):
    rows = [opened(), *changes]
    file = case_file([FactRecord(seq, kind, "", payload) for seq, (kind, payload) in enumerate(rows, 1)])
    engine = compile_case("cc" * 16, [CaseRecord(seq, kind, payload) for seq, (kind, payload) in enumerate(rows, 1)])
    return file, engine


@settings(max_examples=150)
@given(st.lists(steps, max_size=12), times)
def test_agrees_with_the_engine(changes, now):
    """Whoever is shown as taking part takes part for the engine too, and a case is closed for both at one instant."""
    file, engine = both(changes)
    assert file.closed == engine.closed
    for who in PEOPLE:
        subject = Subject("person", *who)
        assert file.takes_part(who, now) is any(each.period.holds(now) for each in engine.participations(subject))


@settings(max_examples=100)
@given(st.lists(steps, max_size=12))
def test_one_coordinator_always(changes):
    """Whatever happens, a case has exactly one coordinator: whom the last transfer names, else the opener's."""
    file, _ = both(changes)
    transfers = [payload["to"]["person"] for kind, payload in changes if kind == "coordinator-transfer"]
    assert file.coordinator.person == (transfers[-1] if transfers else PEOPLE[3].person)


@settings(max_examples=100)
@given(st.lists(steps, max_size=12))
def test_the_next_link_names_who_ended_since_the_last(changes):
    """The last link is the one that was taken last, and nobody who ended after it is left out of what comes next."""
    file, _ = both(changes)
    links = [at for at, (kind, _) in enumerate(changes) if kind in {"case-participation", "coordinator-transfer"}]
    last = links[-1] if links else -1
    ended = {payload["person"] for kind, payload in changes[last + 1 :] if kind == "participation-end"}
    assert file.ended == ended
    head = changes[last][1]["statement"] if links else file.hash
    assert (file.head, file.sequence) == (head, changes[last][1]["sequence"] if links else 0)


def test_nothing_before_the_opening():
    """Records without an opening make no case."""
    assert case_file([]) is None
    kind, payload = joined(PEOPLE[0], 1, 1)
    assert case_file([FactRecord(1, kind, "", payload)]) is None


def test_an_acceptance_replaces_the_one_before():
    """A dossier accepts again to stay longer, and stands once; after its time it takes part no longer."""
    changes = [
        ("case-acceptance", {"dossier": "bb" * 16, "signer": PEOPLE[0].person, "until": until}) for until in (10, 20)
    ]
    file, _ = both(changes)
    assert [each.until for each in file.acceptances] == [20]
    assert file.has_accepted("bb" * 16, 19)
    assert not file.has_accepted("bb" * 16, 20)
    assert file.accepted_by(PEOPLE[0].person, 19)
    assert not file.accepted_by(PEOPLE[1].person, 19)


@pytest.mark.parametrize("capacity", [PEOPLE[0], Capacity(PEOPLE[3].person, "", ""), Capacity(PEOPLE[3].person)])
def test_a_capacity_is_a_whole(capacity):
    """The coordinator coordinates in their own capacity and in no other."""
    file, _ = both([])
    assert file.closed == FOREVER
    assert file.coordinates(PEOPLE[3], 5)
    assert not file.coordinates(capacity, 5)
