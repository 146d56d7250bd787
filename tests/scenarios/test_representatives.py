"""Somebody represents an owner: others see that they may, both sign where both must, and a register ends it, over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consent.catalogue import shipped_catalogues
from dossier.auditing.replaying import Replayer
from dossier.auditing.store import EventStore
from dossier.client import answering, listed, sharing
from dossier.client.cases import CaseClient, Wish, accept
from dossier.client.cosigning import countersign, waiting
from dossier.client.delivering import Content, Record
from dossier.client.errors import RefusedError
from dossier.client.governing import NewHolder, appoint, dismiss
from dossier.client.opened import OpenedItem
from dossier.monthkeys import FileMonthKeys
from tests.scenarios.story import ASKED, CATALOGUE, LETTER, content_of, enrol_son, grant, professional, tell

SON = "legal-representative"


@pytest.fixture(scope="module")
async def cast(cast):
    """The people of the story, and a son."""
    await tell(enrol_son, cast)
    return cast


def titles(items):
    """The titles of those that opened."""
    return {each.title for each in items if isinstance(each, OpenedItem)}


async def test_a_reader_accepts_a_representative_and_no_one_else(cast):
    """What a listed representative wrote opens for mother and professional; before and after the list it does not (R9)."""

    def story():
        owner, son, dossier = cast.owner, cast.son, cast.dossier
        grant(cast)
        with pytest.raises(RefusedError):
            son.add(owner.hold(dossier), Record("debts", "ordinary", "decision", "personal", "Te vroeg"), _text())
        appoint(owner, dossier, NewHolder(son.identity.person, SON))
        son.add(son.hold(dossier), Record("debts", "ordinary", "decision", "personal", "Van de zoon"), _text())
        assert "Van de zoon" in titles(cast.reader.items(dossier, ASKED))
        assert "Van de zoon" in titles(owner.items(owner.hold(dossier)))
        fresh = replace(cast.reader, keys={}, asked=set())
        dismiss(owner, dossier, son.identity.person)
        assert "Van de zoon" in titles(fresh.items(dossier, ASKED))  # it was written while he stood on the list
        assert len(fresh._shared(dossier).authority.lists) == 3
        for each in listed.consents(owner.session, dossier):
            if each.state == "active":
                sharing.withdraw(owner, each)

    await tell(story)


def _text():
    return [Content("brief.txt", "text/plain", b"Beste mevrouw")]


async def test_both_accept_a_case(cast):
    """Where two must sign, a case is joined with the second signature, and the professional sees nothing before (P6)."""

    def story():
        owner, son, dossier = cast.owner, cast.son, cast.dossier
        appoint(owner, dossier, NewHolder(son.identity.person, SON, threshold=2))
        appoint(owner, dossier, NewHolder(owner.identity.person, "owner", threshold=2))
        worker = CaseClient(cast.reader.session, cast.noor, "debt-counsellor")
        case = worker.open("debt-help", [cast.bsn])
        view = CaseClient(owner.session, owner.identity).show(case)
        assert accept(owner, view, dossier, owner.session.now() + 3600)["state"] == "proposed"
        assert worker.show(case).dossiers() == []
        (proposal,) = waiting(son, dossier)
        assert (proposal.statement.kind, proposal.signatures) == ("case-acceptance", 1)
        assert countersign(son, dossier, proposal, SON) == "accepted"
        assert [chain.dossier for chain in worker.show(case).dossiers()] == [dossier]
        assert waiting(owner, dossier) == []

    await tell(story)


async def test_both_give_a_consent(cast):
    """A consent that two signed opens for its reader, who holds both signatures against the list (P6)."""

    def story():
        owner, son, dossier = cast.owner, cast.son, cast.dossier
        reader = replace(cast.reader, keys={}, asked=set())
        _consent, given = grant(cast)
        assert given["state"] == "proposed"
        with pytest.raises(RefusedError):
            titles(reader.items(dossier, ASKED))
        (proposal,) = waiting(son, dossier)
        assert countersign(son, dossier, proposal, SON) == "accepted"
        assert "Van de zoon" in titles(reader.items(dossier, ASKED))
        assert content_of(reader, reader.read(cast.item, ASKED)) == LETTER
        for each in listed.consents(owner.session, dossier):
            if each.state == "active":
                sharing.withdraw(owner, each)

    await tell(story)


async def test_both_answer_a_request(cast):
    """An answer is one only when both have signed the consent in it; then it is told, and opens (P6)."""

    def story():
        owner, son, dossier = cast.owner, cast.son, cast.dossier
        worker = CaseClient(cast.reader.session, cast.noor, "debt-counsellor")
        case = worker.open("debt-help", [cast.bsn])
        view = CaseClient(owner.session, owner.identity).show(case)
        accept(owner, view, dossier, owner.session.now() + 3600)
        (acceptance,) = waiting(son, dossier)
        countersign(son, dossier, acceptance, SON)
        wish = Wish("debt-help", owner.session.now() + 3600, sections=["debts"], words="Mag ik meekijken?")
        worker.ask(worker.show(case).dossiers()[0], wish, case)
        (request,) = [each for each in answering.requests(owner, dossier) if each.state == "open"]
        answer = answering.grant_request(owner, request, professional(cast), CATALOGUE, "tekst", words="Ja hoor")
        assert answer["state"] == "proposed"
        (shown,) = worker.asked()
        assert (shown["state"], shown["answer"], shown["answerWords"]) == ("open", "", "")
        (proposal,) = [each for each in waiting(son, dossier) if each.statement.kind == "consent"]
        assert countersign(son, dossier, proposal, SON) == "accepted"
        (shown,) = worker.asked()
        assert shown["state"] == "granted"
        assert shown["answerWords"]
        asked = replace(ASKED, case=case.hex())
        assert "Van de zoon" in titles(replace(cast.reader, keys={}, asked=set()).items(dossier, asked))

    await tell(story)


async def test_a_register_ends_it(cast, app):
    """Only what the operator named as a register reports; then the son holds nothing, and any report is answered alike."""

    def story():
        owner, son, session = cast.owner, cast.son, cast.agency.session
        assert son.hold(cast.dossier)
        number = next(each for each in cast.personas["daniel-jansen"].identifiers if each.startswith("bsn:"))
        event = {"owner": cast.bsn, "holder": number, "until": 0}
        with pytest.raises(RefusedError) as caught:
            session.post("/v1/register-events", event)
        assert (caught.value.status, caught.value.code) == (403, "not-a-register")
        service = app.state.service
        service.settings = replace(service.settings, authority_registers=(cast.organisation.hex(),))
        with pytest.raises(RefusedError) as caught:
            owner.session.post("/v1/register-events", event)
        assert caught.value.code == "not-a-register"
        answers = [session.post("/v1/register-events", event | {"owner": "bsn:123456782"})]
        assert son.hold(cast.dossier)
        answers.append(session.post("/v1/register-events", event))
        assert [(each["state"], sorted(each)) for each in answers] == [("noted", ["promise", "state"])] * 2
        with pytest.raises(RefusedError) as caught:
            son.hold(cast.dossier)
        assert caught.value.status == 404
        assert owner.hold(cast.dossier)

    await tell(story)


async def test_all_of_it_is_decided_again(cast, pool):
    """Every decision of these stories is decided again alike, and every fact has the event that made it (P8)."""
    months = FileMonthKeys(cast.settings.data_dir / "keys" / "months")
    found = await Replayer(EventStore(pool), months, shipped_catalogues()).run()
    assert [str(each) for each in found.findings] == []
