"""Who may act changes while they act, over HTTP: whatever comes first, nobody acts after their end (P6, P7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests

from dossier.client import sharing
from dossier.client.cases import Capacity, CaseClient
from dossier.client.cosigning import countersign, waiting
from dossier.client.enrolment import enrol
from dossier.client.governing import NewHolder, appoint, end_authority
from dossier.client.owner import Owner
from tests.scenarios import story
from tests.web.racing import anew, codes, held, race
from tests.web.serving import world

SON = "legal-representative"
ROLE = "debt-counsellor"


@pytest.fixture(scope="module")
def town(database_urls, tmp_path_factory):
    with world(database_urls, tmp_path_factory.mktemp("served")) as settled:
        session = settled.cast.session("daniel-jansen")
        settled.son = Owner(session, enrol(session).identity, settled.cast.register())
        for each in story.standing(settled.cast):
            sharing.withdraw(settled.cast.owner, each)
        yield settled


def given_by(town, owner, capacity):
    """A consent for the professional that a holder signed, on its way."""
    cast = town.cast
    terms = sharing.Terms(sections=["debts"], purpose="debt-help", end=owner.session.now() + 3_600)

    def payload(*arguments, inner=sharing.consent_payload):
        return inner(*arguments) | {"capacity": capacity}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "consent_payload", payload)
        give = partial(sharing.grant, owner, cast.dossier, story.recipient(cast), terms, story.CATALOGUE, "tekst")
        return held(owner.session, give, "/consents")


def test_a_representative_ends_while_consenting(town):
    """A consent of a representative stands only if it came before their end; after it, they find nothing (P6, P7)."""
    cast, son = town.cast, town.son
    for _ in range(4):
        appoint(cast.owner, cast.dossier, NewHolder(son.identity.person, SON))
        give = given_by(town, son, SON)
        end = held(cast.owner.session, partial(end_authority, cast.owner, cast.dossier, son.identity.person), "/end")
        given, ended, again = race(town, give, end, anew(end))
        assert codes([ended, again]) == {(200, ""): 1, (409, "not-standing"): 1}
        assert codes([given]) in ({(201, ""): 1}, {(404, "not-found"): 1})
        (late,) = race(town, anew(give))
        assert codes([late]) == {(404, "not-found"): 1}
        standing = story.standing(cast)
        assert len(standing) == given.ok
        for each in standing:
            sharing.withdraw(cast.owner, each)


def test_one_person_signs_twice_at_once(town):
    """Four signatures of one co-signer at once are one: where three must sign, two have (P6)."""
    cast, son = town.cast, town.son
    appoint(cast.owner, cast.dossier, NewHolder(son.identity.person, SON, threshold=3))
    appoint(cast.owner, cast.dossier, NewHolder(cast.owner.identity.person, "owner", threshold=3))
    _consent, given = story.grant(cast)
    assert given["state"] == "proposed"
    (proposal,) = waiting(son, cast.dossier)
    sign = partial(countersign, son, cast.dossier, proposal, SON)
    answers = race(town, *(held(son.session, sign, "/statements") for _ in range(4)))
    assert sum(each.ok for each in answers) == 1
    assert set(codes(answers)) <= {(201, ""), (409, "signed-before"), (409, "stale-position")}
    (proposal,) = waiting(son, cast.dossier)
    assert proposal.signatures == 2
    assert story.standing(cast) == []
    # The first signer takes it back without a key, while the other signs once more: it never stands.
    consent = given["consent"]
    cast.owner.session.step_up()
    back = held(cast.owner.session, lambda: cast.owner.session.post(f"/v1/consents/{consent}/withdrawal", {}))
    race(town, back, held(son.session, partial(countersign, son, cast.dossier, proposal, SON), "/statements"))
    assert waiting(son, cast.dossier) == []
    assert story.standing(cast) == []


def test_two_links_of_one_case_at_once(town):
    """Who joins a case is one chain: of several next links sent at once one counts, and each sender is told."""
    cast = town.cast
    work = CaseClient(cast.reader.session, cast.reader.identity, ROLE)
    case = work.open("debt-help", [cast.bsn])
    who = Capacity(town.son.identity.person)
    add = partial(work.add, case, who, "debt-help", cast.owner.session.now() + 3_600)
    answers = race(town, *(held(cast.reader.session, add, "/participants") for _ in range(4)))
    assert sum(each.ok for each in answers) == 1
    assert {each.status_code for each in answers if not each.ok} == {409}
    people = [each["person"] for each in work.show(case).shown["participants"]]
    assert sorted(people) == sorted({cast.reader.identity.person.hex(), who.person.hex()})
    # Leaving twice at once ends one part, once.
    inside = CaseClient(town.son.session, town.son.identity)
    leave = held(town.son.session, partial(inside.end, case, who.person, with_key=False), "/end")
    answers = race(town, leave, anew(leave))
    assert codes(answers) in ({(200, ""): 1, (409, "not-standing"): 1}, {(200, ""): 1, (404, "not-found"): 1})


def test_two_dossiers_for_one_person_at_once(town):
    """One identifier leads to one dossier: of four that are made at once one is, and its owner knows which (P10)."""
    session = town.cast.session("yusuf-kaya")
    owner = Owner(session, enrol(session).identity, town.cast.register())
    makes = [held(session, partial(owner.create, "private", ["debts"]), "/dossiers") for _ in range(4)]
    answers = race(town, *makes)
    assert sum(each.ok for each in answers) == 1
    assert {each.status_code for each in answers if not each.ok} == {409}
    (made,) = [each.json()["dossier"] for each in answers if each.ok]
    assert [each["dossier"] for each in session.get("/v1/me")["dossiers"]] == [made]


def test_a_token_is_worth_nothing_once_used_or_ended(town):
    """A refresh token presented six times at once renews once at most; a session that ended acts no more (N84)."""
    session = town.cast.session("daniel-jansen")
    bearer = session._bearer

    def renew(_):
        form = {"grant_type": "refresh_token", "refresh_token": bearer.refresh}
        return requests.post(f"{town.origin}/oauth/token", data=form, timeout=20)

    with ThreadPoolExecutor(6) as workers:
        answers = list(workers.map(renew, range(6)))
    assert [each.status_code for each in answers if each.status_code >= 500] == []
    assert sum(each.ok for each in answers) <= 1
    assert {each.status_code for each in answers if not each.ok} <= {400, 401}
