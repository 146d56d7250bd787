from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from crypto.encoding import new_id, sha256
from crypto.statements import parse_statement, sign
from dossier.dossiers.govern import Govern, Submission
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError, StaleError
from dossier.parties.store import PartyStore
from dossier.requests.asking import HiddenRequest
from dossier.requests.expiring import RequestSweeper
from dossier.requests.service import Requests
from dossier.requests.store import ANSWER_SECONDS
from tests.dossier.town import claim, now


@pytest.fixture(scope="module")
async def world(work):
    """A case that a dossier accepted, with a counsellor in it."""
    town = work.town
    agency = await town.agency()
    owner = await town.person("Sanne")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    ahmed = await town.person("Ahmed", agency, "debt-counsellor")
    case = await work.open(ahmed, home)
    await work.accept(home, case)
    return SimpleNamespace(
        agency=agency,
        owner=owner,
        home=home,
        item=await town.deliver(home, await town.system(agency)),
        ahmed=ahmed,
        els=await town.person("Els", agency, "social-worker"),
        case=case.payload["case"],
    )


@pytest.fixture(autouse=True)
async def nothing_waits(owner_pool):
    """Requests of an earlier test are out of the way."""
    yield
    await owner_pool.execute("UPDATE dossier.access_request SET state = 'refused' WHERE state = 'open'")


def service(work):
    return Requests(work.requests, PartyStore(work.pool), work.writer)


async def head(work, stream):
    return (await work.writer.look((stream,))).head(stream).seq


async def test_ask_grant_read(work, world):
    """A participant asks, the owner grants, and in the same transaction the reading is permitted (P6)."""
    asked, statement = await work.ask(world.home, world.ahmed, case=world.case)
    assert asked.state == "open"
    with pytest.raises(NotFoundError):
        await work.town.read(world.ahmed, world.item)
    consent = await work.consent(world.home, world.ahmed)
    answered = await work.answer(world.home, statement, "granted", consents=[consent])
    assert (answered.state, [each.state for each in answered.consents]) == ("granted", ["active"])
    assert (await work.town.read(world.ahmed, world.item)).item == world.item.hex()
    row = await work.requests.find(bytes.fromhex(asked.request))
    assert row.state == "granted"
    assert parse_statement(row.answer).payload["consents"] == [consent.statement.hash.hex()]
    await work.town.withdraw(world.home, bytes.fromhex(consent.statement.payload["consent"]))


async def test_both_sides_see_it(work, world):
    """The asker sees what they asked, the owner what was asked of them, and nobody else either."""
    asked, _ = await work.ask(world.home, world.ahmed, case=world.case)
    requests = service(work)
    mine = await requests.mine(world.ahmed.actor)
    assert asked.request in [each.request for each in mine.requests]
    assert asked.request in [each.request for each in (await requests.mine(world.owner.actor)).requests]
    assert asked.request in [
        each.request for each in (await requests.of_dossier(world.owner.actor, world.home.id)).requests
    ]
    assert (await requests.mine(world.els.actor)).requests == []
    with pytest.raises(NotFoundError):
        await requests.of_dossier(world.ahmed.actor, world.home.id)


async def test_refusal_is_recorded(work, world):
    """A refusal is an event of the dossier, and opens nothing; it cannot be taken back by a second answer (P4)."""
    _, statement = await work.ask(world.home, world.ahmed, case=world.case)
    before = await head(work, world.home.id)
    assert (await work.answer(world.home, statement, "refused", reason="not-needed")).consents == []
    assert await head(work, world.home.id) == before + 1
    with pytest.raises(NotFoundError):
        await work.town.read(world.ahmed, world.item)
    consent = await work.consent(world.home, world.ahmed)
    with pytest.raises(ConflictError):
        await work.answer(world.home, statement, "granted", consents=[consent])


async def test_several_consents_at_once(work, world):
    """An answer may bring several consents, all signed for the same position, and all stand or none does."""
    _, statement = await work.ask(world.home, world.ahmed, case=world.case)
    first = await work.consent(world.home, world.ahmed)
    second = await work.consent(world.home, world.ahmed, purpose="debt-intake")
    answered = await work.answer(world.home, statement, "granted-in-part", consents=[first, second])
    assert [each.state for each in answered.consents] == ["active", "active"]
    assert answered.consents[1].promise.seq == answered.consents[0].promise.seq + 1
    rows = await work.pool.fetch(
        "SELECT seq FROM dossier.statement WHERE hash = ANY($1) ORDER BY seq",
        [first.statement.hash, second.statement.hash],
    )
    assert [row["seq"] for row in rows] == [each.promise.seq for each in answered.consents]
    for each in (first, second):
        await work.town.withdraw(world.home, bytes.fromhex(each.statement.payload["consent"]))


async def test_nothing_stands_of_a_bad_answer(work, world):
    """One consent that does not stand refuses the whole answer: the request still waits (P6, P9)."""
    asked, statement = await work.ask(world.home, world.ahmed, case=world.case)
    good = await work.consent(world.home, world.ahmed)
    stale = await work.consent(world.home, world.ahmed, after={"seq": 1, "leaf": "00" * 32})
    with pytest.raises(StaleError):
        await work.answer(world.home, statement, "granted", consents=[good, stale])
    used = good.statement.payload["consent"]
    same = await work.consent(world.home, world.ahmed, consent=used, purpose="debt-intake")
    with pytest.raises(InvalidRequestError):
        await work.answer(world.home, statement, "granted", consents=[good, same])
    assert (await work.requests.find(bytes.fromhex(asked.request))).state == "open"
    state = (await work.writer.look((world.home.id,))).facts(world.home.id).value
    assert all(each.id != good.statement.payload["consent"] for each in state.rules.permits)


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": ["list", "read", "download"]},
        {"purpose": "support"},
        {"effect": "deny"},
        {"until": 2**40},
    ],
)
async def test_an_answer_gives_no_more(work, world, changes):
    """A consent in an answer permits the one who asked, and no more actions or wider purpose than was asked."""
    _, statement = await work.ask(world.home, world.ahmed, case=world.case)
    consent = await work.consent(world.home, world.ahmed, **changes)
    with pytest.raises(InvalidRequestError):
        await work.answer(world.home, statement, "granted", consents=[consent])


async def test_an_answer_is_for_the_asker(work, world):
    """A consent for another than the asker answers nothing."""
    _, statement = await work.ask(world.home, world.ahmed, case=world.case)
    with pytest.raises(InvalidRequestError):
        await work.answer(world.home, statement, "granted", consents=[await work.consent(world.home, world.els)])


async def test_only_a_holder_answers(work, world):
    """Nobody but who holds the dossier answers, and only about this very request (P6)."""
    _, statement = await work.ask(world.home, world.ahmed, case=world.case)
    stranger = await work.town.person("Bea")
    with pytest.raises(NotFoundError):
        await work.answer(world.home, statement, "refused", person=stranger)
    with pytest.raises(InvalidRequestError):
        await work.answer(world.home, statement, "refused", requestHash="00" * 32)
    with pytest.raises(InvalidRequestError):
        await work.answer(world.home, statement, "granted")


async def test_hidden_from_strangers(work, world):
    """Who takes part in no case of the dossier gets the same outcome as for a dossier that does not exist (N54, P4)."""
    outcome, _ = await work.ask(world.home, world.els)
    assert outcome == HiddenRequest()
    nowhere = new_id()
    absent, _ = await work.ask(world.home, world.els, dossier=nowhere.hex(), request=new_id(nowhere[:2]).hex())
    assert absent == HiddenRequest()
    outcome, _ = await work.ask(world.home, world.els, case=world.case)
    assert outcome == HiddenRequest()
    rows = await work.pool.fetch("SELECT target FROM dossier.outbox WHERE kind = 'hidden' ORDER BY id DESC LIMIT 3")
    assert [row["target"] for row in rows] == [world.home.id, nowhere, world.home.id]


async def test_blocked_is_hidden(work, world):
    """A blocked participant's request finds nothing, though the case knows them."""
    fields = {
        "block": new_id(world.home.id[:2]).hex(),
        "dossier": world.home.id.hex(),
        "person": world.ahmed.id.hex(),
        "from": now() - 5,
        "until": now() + 60,
        "signer": world.owner.id.hex(),
        "issuedAt": now(),
        "capacity": "owner",
    }
    statement, owner = sign("block", fields, world.owner.signing), world.owner.actor
    await work.writer.submit(Govern(owner, world.home.id, Submission(statement), claim(owner)))
    outcome, _ = await work.ask(world.home, world.ahmed, case=world.case)
    assert outcome == HiddenRequest()
    end = await work.town.sign(
        world.home, "block-end", block=statement.payload["block"], after=await work.town.after(world.home)
    )
    await work.writer.submit(Govern(owner, world.home.id, Submission(end), claim(owner)))


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "no-such-purpose"},
        {"actions": []},
        {"actions": ["read"], "reason": "no-such-reason"},
        {"until": 1},
        {"until": 2**53 - 1},
    ],
)
async def test_senseless_requests(work, world, changes):
    """A request in unknown words, without action or without end is refused before the dossier is looked at (P9)."""
    with pytest.raises(InvalidRequestError):
        await work.ask(world.home, world.ahmed, case=world.case, **changes)


async def test_the_vault_is_not_asked_for(work, world):
    """Nobody asks for the vault, or for everything."""
    scope = {name: [] for name in ("items", "sections", "lanes", "types", "sources")}
    scope |= {"case": "", "labelCeiling": "", "dataFrom": 0, "dataUntil": 0}
    for changed in ({}, {"sections": ["debts"], "lanes": ["vault"]}):
        with pytest.raises(InvalidRequestError):
            await work.ask(world.home, world.ahmed, case=world.case, scope=scope | changed)


async def test_role_must_be_attested(work, world):
    """A request in a role that the organisation does not attest is refused."""
    with pytest.raises(ForbiddenError):
        await work.ask(world.home, world.ahmed, case=world.case, role="auditor")


async def test_words_are_sealed_and_bound(work, world):
    """Words travel sealed and are the ones that the statement names."""
    words = b"sealed words"
    asked, _ = await work.ask(world.home, world.ahmed, sealed=words, case=world.case, words=sha256(words).hex())
    assert (await work.requests.find(bytes.fromhex(asked.request))).sealed_reason == words
    with pytest.raises(InvalidRequestError):
        await work.ask(world.home, world.ahmed, sealed=words, case=world.case, words=sha256(b"other").hex())
    with pytest.raises(InvalidRequestError):
        await work.ask(world.home, world.ahmed, sealed=words, case=world.case)


async def test_requests_do_not_pile_up(work, world):
    """A sixth request that waits in one dossier is refused."""
    for _ in range(5):
        await work.ask(world.home, world.ahmed, case=world.case)
    with pytest.raises(ConflictError):
        await work.ask(world.home, world.ahmed, case=world.case)


async def test_requests_at_once_do_not_pile_up(work, world):
    """Ten that are sent at once are no more than ten one after the other: five wait, five are refused."""
    asks = [work.ask(world.home, world.ahmed, case=world.case) for _ in range(10)]
    ends = await asyncio.gather(*asks, return_exceptions=True)
    refused = [each for each in ends if isinstance(each, ConflictError)]
    assert [each.code for each in refused] == ["requests-waiting"] * 5


async def test_silence_is_a_refusal(work, world, owner_pool):
    """A request that nobody answers ends as a refusal, by an event, and cannot be granted after that."""
    asked, statement = await work.ask(world.home, world.ahmed, case=world.case)
    request = bytes.fromhex(asked.request)
    row = await work.requests.find(request)
    assert row.expires == min(row.at + ANSWER_SECONDS, statement.payload["until"])
    sweeper = RequestSweeper(work.writer, work.requests)
    assert await sweeper.run_once(now()) == 0
    await owner_pool.execute("UPDATE dossier.access_request SET expires = $2 WHERE request = $1", request, now() - 1)
    work.town.forged.append("nothing was due when this was written")
    before = await head(work, world.home.id)
    assert await sweeper.run_once(now()) == 1
    assert await head(work, world.home.id) == before + 1
    assert (await work.requests.find(request)).state == "expired"
    assert await sweeper.run_once(now()) == 0
    with pytest.raises(ConflictError):
        await work.answer(world.home, statement, "granted", consents=[await work.consent(world.home, world.ahmed)])


async def test_asking_leaves_the_rules(work, world):
    """A request moves no position of the rules: it cannot keep an owner from signing what they saw."""
    before = await work.town.after(world.home)
    await work.ask(world.home, world.ahmed, case=world.case)
    assert await work.town.after(world.home) == before
