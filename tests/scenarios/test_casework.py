"""A case from invitation to closing sheet: a professional asks, the owner answers, and it ends with the case, over HTTP."""

from __future__ import annotations

import pytest

from crypto.errors import TamperedError
from crypto.keys import SealingKey
from crypto.messages import open_message
from dossier.cases.store import CaseStore
from dossier.cases.telling import CaseTeller
from dossier.client import answering, listed, sharing
from dossier.client.asked import answer_of
from dossier.client.cases import REQUEST_WORDS, CaseClient, Wish, accept
from dossier.client.errors import UntrustedError
from dossier.client.reading import Asked
from dossier.client.signers import Signers
from tests.scenarios.story import CATALOGUE, LETTER, content_of, professional, refused, tell
from tests.values import replace


@pytest.fixture(scope="module")
async def cast(cast):
    """The people of the story, and how two of them look at cases."""
    cast.worker = CaseClient(cast.reader.session, cast.noor, "debt-counsellor")
    cast.citizen = CaseClient(cast.owner.session, cast.owner.identity)
    return cast


def accepted(cast):
    """A case that the owner accepted."""
    case = cast.worker.open("debt-help", [cast.bsn])
    view = cast.citizen.show(case)
    accept(cast.owner, view, cast.dossier, cast.owner.session.now() + 86_400)
    return case


def wish(cast, **changes):
    return Wish(**({"purpose": "debt-help", "end": cast.owner.session.now() + 3600, "sections": ["debts"]} | changes))


async def test_from_invitation_to_closing(cast, app):
    """Invited, accepted, asked, granted, read in the case, closed, ended: each step over HTTP (P4, P6, P7)."""
    asked = []

    def story():
        worker, owner, item = cast.worker, cast.owner, cast.item
        case = worker.open("debt-help", [cast.bsn])
        assert [each["relation"] for each in cast.citizen.cases() if each["case"] == case.hex()] == ["invited"]
        assert worker.show(case).dossiers() == []
        accept(owner, cast.citizen.show(case), cast.dossier, owner.session.now() + 86_400)
        (chain,) = worker.show(case).dossiers()
        assert chain.dossier == cast.dossier
        request = worker.ask(chain, wish(cast, words="Wij bespreken dit dinsdag."), case)
        (waiting,) = [each for each in answering.requests(owner, cast.dossier) if each.state == "open"]
        assert waiting.id.hex() == request
        noor = professional(cast)
        answering.check_asker(waiting, noor)
        assert answering.words_of(waiting, owner.hold(cast.dossier)) == "Wij bespreken dit dinsdag."
        context = Asked("debt-help", "intake", case.hex())
        assert refused(cast.reader.read, item, context)[0] == 404
        answered = answering.grant_request(owner, waiting, noor, CATALOGUE, "Mag Noor meekijken?", words="Goed.")
        assert (answered["state"], answered["consents"][0]["state"]) == ("granted", "active")
        assert content_of(cast.reader, cast.reader.read(item, context)) == LETTER
        (mine,) = [each for each in worker.asked() if each["request"] == request]
        signers = Signers.of(worker.session, worker.identity)
        answer = answer_of(mine, worker.identity, signers)
        assert (answer.by, answer.word, answer.words) == (owner.identity.person.hex(), "granted", "Goed.")
        with pytest.raises(UntrustedError):
            answer_of({**mine, "answerWords": mine["words"]}, worker.identity, signers)
        worker.close(case)
        assert refused(cast.reader.read, item, context)[0] == 404
        asked.append(answered["consents"][0]["consent"])

    await tell(story)
    service = app.state.service
    teller = CaseTeller(service.writer, CaseStore(service.pool))
    assert await teller.run_once((await service.writer.look(())).now + 1) >= 1
    shown = await tell(listed.consents, cast.owner.session, cast.dossier)
    assert [each.state for each in shown if each.consent.id == asked[0]] == ["case-closed"]


async def test_refused_with_words(cast):
    """A refusal reaches the asker with its reason, and opens nothing."""

    def story():
        case = accepted(cast)
        (chain,) = cast.worker.show(case).dossiers()
        request = cast.worker.ask(chain, wish(cast), case)
        (waiting,) = [each for each in answering.requests(cast.owner, cast.dossier) if each.id.hex() == request]
        answered = answering.refuse(cast.owner, waiting, professional(cast), "too-much", "Liever niet.")
        assert answered["state"] == "refused"
        (mine,) = [each for each in cast.worker.asked() if each["request"] == request]
        signers = Signers.of(cast.worker.session, cast.worker.identity)
        answer = answer_of(mine, cast.worker.identity, signers)
        assert (answer.word, answer.reason, answer.words) == ("refused", "too-much", "Liever niet.")
        again = cast.worker.ask(chain, wish(cast), case)
        (other,) = [each for each in cast.worker.asked() if each["request"] == again]
        assert answer_of(other, cast.worker.identity, signers) is None
        with pytest.raises(UntrustedError):
            answer_of({**mine, "statement": other["statement"]}, cast.worker.identity, signers)
        assert refused(cast.reader.read, cast.item, Asked("debt-help", "intake", case.hex()))[0] == 404

    await tell(story)


async def test_granted_in_part(cast):
    """An owner who gives less than was asked grants in part, and only that part is read."""

    def story():
        case = accepted(cast)
        (chain,) = cast.worker.show(case).dossiers()
        request = cast.worker.ask(chain, wish(cast, sections=["debts", "income"]), case)
        (waiting,) = [each for each in answering.requests(cast.owner, cast.dossier) if each.id.hex() == request]
        terms = sharing.Terms(sections=["income"], purpose="debt-help", end=waiting.terms().end, case=case.hex())
        answered = answering.grant_request(
            cast.owner, waiting, professional(cast), CATALOGUE, "Alleen inkomen.", terms=terms
        )
        assert answered["state"] == "granted-in-part"
        assert refused(cast.reader.read, cast.item, Asked("debt-help", "intake", case.hex()))[0] == 404

    await tell(story)


async def test_opening_says_nothing(cast):
    """Opening a case for a number that nobody has gives the answer that it gives for a real one."""

    def story():
        nobody = "bsn:111222333"
        bodies = []
        for owner in (cast.bsn, nobody):
            case = cast.worker.open("debt-help", [owner])
            view = cast.worker.show(case)
            bodies.append((view.shown["dossiers"], len(view.shown["participants"]), view.shown["relation"]))
        assert bodies[0] == bodies[1]

    await tell(story)


async def test_strangers_find_nothing(cast):
    """A case, a dossier to ask of and a request of others are not there for a stranger (N54)."""

    def story():
        case = accepted(cast)
        (chain,) = cast.worker.show(case).dossiers()
        request = cast.worker.ask(chain, wish(cast), case)
        cast.worker.end(case, cast.noor.person, with_key=False)
        assert refused(cast.worker.show, case)[0] == 404
        assert refused(cast.worker.ask, chain, wish(cast), case)[0] == 404
        assert refused(cast.worker.session.get, "/v1/access-requests", {"dossier": cast.dossier.hex()})[0] == 404
        body = {"statement": "", "consents": []}
        assert refused(cast.worker.session.post, f"/v1/access-requests/{request}/answer", body)[0] == 400

    await tell(story)


async def test_words_are_for_one_request(cast):
    """Words sealed for one request open for no other, and not for another key."""

    def story():
        case = accepted(cast)
        (chain,) = cast.worker.show(case).dossiers()
        request = bytes.fromhex(cast.worker.ask(chain, wish(cast, words="Alleen voor u."), case))
        (waiting,) = [each for each in answering.requests(cast.owner, cast.dossier) if each.id == request]
        with pytest.raises(TamperedError):
            open_message(REQUEST_WORDS, cast.dossier, request, SealingKey.generate(), waiting.words)
        other = professional(cast)
        answering.check_asker(waiting, other)
        with pytest.raises(UntrustedError):
            answering.check_asker(waiting, replace(other, person=bytes(16)))

    await tell(story)


async def test_the_reins_go_over(cast):
    """The owner takes the reins that the professional offers, and no one takes an offer made to another."""

    def story():
        case, owner = accepted(cast), cast.citizen.capacity
        cast.worker.add(case, owner, "network-help", cast.owner.session.now() + 3600)
        early = cast.worker.offer(case, owner, bytes.fromhex(cast.citizen.identity.key_hash))
        cast.worker.add(case, owner, "network-help", cast.owner.session.now() + 3600)
        with pytest.raises(UntrustedError):
            cast.citizen.take(early)
        offered = cast.worker.offer(case, owner, bytes.fromhex(cast.citizen.identity.key_hash))
        with pytest.raises(UntrustedError):
            cast.worker.take(offered)
        assert cast.citizen.take(offered)["state"] == "transferred"
        assert cast.worker.show(case).shown["coordinator"] == owner.person.hex()
        assert refused(cast.worker.close, case) == (403, "not-coordinator")
        assert cast.citizen.close(case)["state"] == "closed"

    await tell(story)
