"""A citizen in the team of a case: let in with the keys that they showed, reads along, and leaves; over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crypto.casechain import LINKS
from crypto.encoding import encode_base64
from crypto.errors import PinError
from crypto.keys import SealingKey, SigningKey
from crypto.statements import sign
from crypto.unlock import Identity as Pairs
from dossier.client import listed, sharing
from dossier.client.cases import Capacity, CaseClient, accept
from dossier.client.enrolment import enrol, first_keys, next_keys
from dossier.client.errors import RefusedError
from dossier.client.groups import KEYS_WAIT, People
from dossier.client.links import HIDDEN_END, OTHER_KEYS
from dossier.client.membership import Concerned
from dossier.client.parties import Pins
from dossier.client.passing import find_missing, serve
from dossier.client.professional import Reader
from dossier.client.reading import Asked
from tests.scenarios.story import CATALOGUE, LETTER, MARKER, content_of, deliver, refused, tell
from tests.values import replace

LATER = b"Aanvullende beschikking."
HOUR = 3_600


class Lying:
    """A session to a service that says something else at some paths; all else passes."""

    def __init__(self, session: Any, **_: Any):
        self.session = session
        self.says: dict[str, Any] = {}

    def get(self, path, query=None, **headers):
        return self.says[path] if path in self.says else self.session.get(path, query, **headers)

    def __getattr__(self, name):
        return getattr(self.session, name)


@pytest.fixture(scope="module")
async def cast(cast):
    """The people of the story, a sister, and how two of them look at cases."""
    cast.els = await tell(cast.session, "els-de-wit")
    cast.enrolled = await tell(enrol, cast.els)
    cast.worker = CaseClient(cast.reader.session, cast.noor, "debt-counsellor")
    cast.owning = CaseClient(cast.owner.session, cast.owner.identity, pins=cast.owner.seen)
    return cast


def case_with_els(cast, head=b""):
    """A case that the owner accepted, with somebody of their own network, by the owner's word."""
    case = cast.worker.open("debt-help", [cast.bsn])
    accept(cast.owner, cast.owning.show(case), cast.dossier, cast.owner.session.now() + 86_400)
    bring_in(cast, case, head)
    return case


def bring_in(cast, case, head=b""):
    end = cast.owner.session.now() + HOUR
    return cast.owning.add(case, Capacity(cast.enrolled.identity.person), "network-help", end, head)


def team(cast, case, session=None, pins=None):
    """Who of the team the owner can seal to; at a service that may lie, with pins that may be new."""
    people = People(session or cast.owner.session, cast.register(), cast.owner.seen if pins is None else pins)
    concerned = Concerned.by(cast.owner.hold(cast.dossier).chain, cast.owner.identity.person)
    view = CaseClient(people.session, cast.owner.identity, pins=people.pins).show(case)
    return people.in_case(view, concerned, later_members=True)


def people_in(group):
    return {each.id for each in group.members}


def give(cast, group):
    terms = sharing.Terms(sections=["debts"], purpose="support", end=cast.owner.session.now() + HOUR)
    return sharing.grant(cast.owner, cast.dossier, group, terms, CATALOGUE, "Mag het team meekijken?")[0]


def reader(cast, identity=None):
    return Reader(cast.els, identity or cast.enrolled.identity, cast.owner.register, cast.log)


def asked(case):
    return Asked("support", "intake", case.hex())


def wait_for(cast, consent, group):
    """What members of a consent wait for, as the owner sees it."""
    (shown,) = [each for each in listed.consents(cast.owner.session, cast.dossier) if each.consent.id == consent]
    return find_missing(cast.owner, cast.owner.hold(cast.dossier), shown, group.members, {})


async def test_a_citizen_in_a_team_reads(cast):
    """Let in with the keys they told, a citizen gets a capsule by the team's consent and reads, later items too (P1, P2)."""

    def story():
        els = cast.enrolled.identity
        case = case_with_els(cast, els.head)
        group = team(cast, case)
        assert (people_in(group), group.waiting) == ({cast.noor.person, els.person}, ())
        give(cast, group)
        assert content_of(reader(cast), reader(cast).read(cast.item, asked(case))) == LETTER
        item = deliver(cast, LATER, "later")
        looking = reader(cast)
        assert {each.title for each in looking.items(cast.dossier, asked(case))} >= {MARKER, "later"}
        assert content_of(looking, looking.read(item, asked(case))) == LATER
        cast.worker.close(case)
        assert refused(looking.read, item, asked(case))[0] == 404

    await tell(story)


async def test_who_left_gets_nothing_more(cast):
    """An end without a key acts at once, is named by the next link, and cannot be taken back from who saw it (P1, P7)."""

    def story():
        els, case = cast.enrolled.identity, case_with_els(cast)
        consent = give(cast, team(cast, case))
        path = f"/v1/cases/{case.hex()}"
        before = cast.owner.session.get(path)
        CaseClient(cast.els, els).end(case, els.person, with_key=False)
        assert refused(reader(cast).read, cast.item, asked(case))[0] == 404
        group = team(cast, case)
        assert people_in(group) == {cast.noor.person}
        assert [each.member.id for each in wait_for(cast, consent, group)] == []
        assert cast.owning.show(case).ended == [els.person.hex()]
        lying = Lying(cast.owner.session)
        lying.says[path] = before
        with pytest.raises(PinError, match=HIDDEN_END):
            team(cast, case, lying)
        bring_in(cast, case)
        assert cast.owning.show(case).ended == []
        assert people_in(team(cast, case)) == {cast.noor.person, els.person}
        with pytest.raises(PinError):
            team(cast, case, lying)

    await tell(story)


async def test_what_one_did_oneself_is_not_taken_back(cast):
    """A link and an end of one's own are held against the service from the answer on, before any other look (P1, R14)."""

    def story():
        els, case = cast.enrolled.identity, case_with_els(cast)
        path = f"/v1/cases/{case.hex()}"
        mine = replace(cast.owning, session=Lying(cast.owner.session), pins=Pins())
        mine.session.says[path] = mine.show(case).shown
        mine.end(case, els.person)
        with pytest.raises(PinError, match=HIDDEN_END):
            mine.show(case)
        mine.session.says.clear()
        mine.session.says[path] = mine.show(case).shown
        mine.add(case, Capacity(els.person), "network-help", cast.owner.session.now() + HOUR)
        with pytest.raises(PinError):
            mine.show(case)

    await tell(story)


async def test_several_who_change_a_case_at_once(cast):
    """Whoever comes second looks again and signs anew; an end in between is never refused, and is named (P7)."""
    case = await tell(case_with_els, cast)
    els, own = cast.enrolled.identity, Capacity(cast.owner.identity.person)
    end = cast.owner.session.now() + HOUR
    leaving = CaseClient(cast.els, els)
    answers = await asyncio.gather(
        tell(bring_in, cast, case),
        tell(cast.worker.add, case, own, "network-help", end),
        tell(lambda: leaving.end(case, els.person, with_key=False)),
    )
    assert [each["state"] for each in answers] == ["added", "added", "ended"]

    def story():
        cast.worker.add(case, own, "network-help", end)
        view = cast.owning.show(case)
        links = [each for each in view.statements() if each.kind in LINKS]
        assert [each.payload["sequence"] for each in links] == [1, 2, 3, 4]
        assert [each for link in links for each in link.payload["ended"]] == [els.person.hex()]
        assert view.ended == []

    await tell(story)


async def test_a_service_that_swaps_keys_is_caught(cast):
    """Other keys for a citizen block who knows them, get no capsule at first contact, and show to the citizen (P1, R2)."""

    def story():
        els = cast.enrolled.identity
        thief = Pairs(SigningKey.generate(), SealingKey.generate())
        forged = first_keys(els.person, b"", thief, b"\1" * 32, cast.owner.session.now())
        lying, path = Lying(cast.owner.session), f"/v1/persons/{els.person.hex()}/keys"
        chains = [{"organisation": "", "statements": [encode_base64(forged.envelope)]}]
        lying.says[path] = {"person": els.person.hex(), "chains": chains}
        case = case_with_els(cast)
        for pins in (cast.owner.seen, Pins()):
            group = team(cast, case, lying, pins)
            assert people_in(group) == {cast.noor.person}
            assert [each.person for each in group.waiting] == [els.person.hex()]
        fooled = replace(cast.owning, session=lying, pins=Pins())
        person = Capacity(els.person)
        with pytest.raises(PinError):
            fooled.add(case, person, "network-help", cast.owner.session.now() + HOUR, els.head)
        with pytest.raises(RefusedError) as caught:
            fooled.add(case, person, "network-help", cast.owner.session.now() + HOUR)
        assert caught.value.code == "other-keys"

    await tell(story)


async def test_a_citizen_sees_that_others_keys_stand_in_their_name(cast):
    """Whoever was led to sign for another's keys signed it: the citizen's own client stops and says so (P1, R2)."""

    def story():
        els, case = cast.enrolled.identity, case_with_els(cast)
        path, mine = f"/v1/cases/{case.hex()}", CaseClient(Lying(cast.els), els)
        mine.show(case)
        shown, (joined,) = cast.els.get(path), [each for each in mine.show(case).statements() if each.kind in LINKS]
        payload = {name: value for name, value in joined.payload.items() if name != "keyHash"}
        payload |= {"chainHead": "77" * 32, "sequence": 2, "previous": joined.hash.hex()}
        misled = sign("case-participation", payload, cast.owner.identity.signing)
        statements = [*shown["statements"], {"seq": 9, "statement": encode_base64(misled.envelope)}]
        chain = {"sequence": 2, "head": misled.hash.hex(), "ended": []}
        mine.session.says[path] = shown | {"statements": statements, "chain": chain}
        with pytest.raises(PinError, match=OTHER_KEYS):
            mine.show(case)

    await tell(story)


async def test_keys_replaced_after_joining_wait_for_a_word(cast):
    """A citizen's new keys get nothing until whoever brought them in signs for them; then they read again (P1, R2)."""

    def story():
        old, case = cast.enrolled.identity, case_with_els(cast)
        consent = give(cast, team(cast, case))
        pairs = Pairs(SigningKey.generate(), SealingKey.generate())
        later = next_keys(cast.enrolled.chain, old.signing, pairs, cast.els.now())
        cast.els.step_up()
        cast.els.post(f"/v1/persons/{old.person.hex()}/keys", {"statement": encode_base64(later.envelope)})
        new = replace(old, signing=pairs.signing, sealing=pairs.sealing, head=later.hash)
        item = deliver(cast, LATER, "after")
        group = team(cast, case)
        assert people_in(group) == {cast.noor.person}
        assert [each.reason for each in group.waiting] == [
            f"the keys were replaced after joining the case: {KEYS_WAIT}"
        ]
        with pytest.raises(PinError):
            reader(cast, new).read(item, asked(case))
        bring_in(cast, case, new.head)
        group = team(cast, case)
        assert people_in(group) == {cast.noor.person, old.person}
        serve(cast.owner.session, [each for each in wait_for(cast, consent, group) if each.member.id == old.person])
        assert content_of(reader(cast), reader(cast, new).read(item, asked(case))) == LATER
        assert CaseClient(cast.els, new).show(case).case == case

    await tell(story)
