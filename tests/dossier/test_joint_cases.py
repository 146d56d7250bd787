"""Cases and access requests where two must sign: nothing happens outside the dossier before both have (P6)."""

from types import SimpleNamespace

import pytest

from consent.lifecycle import PROPOSAL_SECONDS
from crypto.capsules import KeyId, seal_capsule
from crypto.encoding import decode_base64
from crypto.statements import parse_statement
from dossier.countersigning import countersign
from dossier.dossiers.showing import show
from dossier.dossiers.store import DossierStore
from dossier.errors import ConflictError, NotFoundError
from dossier.requests.expiring import ExpireRequest, NothingDueError
from dossier.requests.service import Requests
from dossier.sharing.consents import NewConsent
from tests.dossier.casework import case_id
from tests.dossier.joint import cosigned, shared_home
from tests.dossier.town import claim, now


@pytest.fixture
async def world(work):
    """Two parents, their dossier, and a professional who opened a case about it."""
    town = work.town
    owner, partner = await town.person("Ruth"), await town.person("Daniël")
    agency = await town.agency()
    ahmed = await town.person("Ahmed", agency, "debt-counsellor")
    home = await shared_home(town, owner, partner)
    return SimpleNamespace(owner=owner, partner=partner, home=home, agency=agency, ahmed=ahmed)


async def sign_too(work, world, digest):
    """The other parent signs a proposal."""
    return await cosigned(work.town, world.home, world.partner, "legal-representative", digest)


async def proposed(work, home):
    """The hashes of what waits in a dossier."""
    proposals = (await work.writer.look((home.id,))).facts(home.id).value.proposals
    waiting = [each["statement"] for each in proposals.values() if each["statement"]]
    return [parse_statement(decode_base64(each)).hash.hex() for each in waiting]


async def kinds(work, stream):
    """The kinds of the facts of a stream."""
    rows = await work.pool.fetch("SELECT kind FROM audit.fact WHERE stream = $1 ORDER BY seq, ordinal", stream)
    return [row["kind"] for row in rows]


async def test_acceptance_waits_for_both(work, world):
    """The first signature files a proposal that the case does not see; the second lets the dossier take part (P6)."""
    case = await work.open(world.ahmed, world.home)
    done = await work.accept(world.home, case)
    assert done.state == "proposed"
    assert "case-acceptance" not in await kinds(work, case_id(case))
    assert (await work.cases.show(world.ahmed.actor, case_id(case))).dossiers == []
    (digest,) = await proposed(work, world.home)
    accepted = await sign_too(work, world, digest)
    assert (accepted.state, accepted.statement) == ("accepted", digest)
    shown = await work.cases.show(world.ahmed.actor, case_id(case))
    assert [each.dossier for each in shown.dossiers] == [world.home.id.hex()]
    assert await proposed(work, world.home) == []
    states = await work.pool.fetch("SELECT state FROM dossier.invitation WHERE case_id = $1", case_id(case))
    assert [row["state"] for row in states] == ["accepted"]
    assert case_id(case).hex() in [each.case for each in (await work.cases.mine(world.owner.actor)).cases]


async def test_acceptance_of_a_case_that_closed_is_not_completed(work, world):
    """A case that closed while the acceptance waited is not joined any more."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    (digest,) = await proposed(work, world.home)
    await work.close(case, world.ahmed)
    with pytest.raises(ConflictError) as caught:
        await sign_too(work, world, digest)
    assert caught.value.code == "case-closed"
    assert "case-acceptance" not in await kinds(work, case_id(case))


async def test_acceptance_without_its_invitation_is_not_completed(work, world, owner_pool):
    """An invitation that ran out while the acceptance waited lets nobody in."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    (digest,) = await proposed(work, world.home)
    await owner_pool.execute("UPDATE dossier.invitation SET expires = 0 WHERE case_id = $1", case_id(case))
    with pytest.raises(NotFoundError):
        await sign_too(work, world, digest)


async def test_one_person_does_not_complete_an_acceptance(work, world):
    """The same holder twice is one signature; a stranger finds nothing (P6)."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    (digest,) = await proposed(work, world.home)
    with pytest.raises(ConflictError):
        await cosigned(work.town, world.home, world.owner, "owner", digest)
    with pytest.raises(NotFoundError):
        await cosigned(work.town, world.home, await work.town.person(), "mandate", digest)
    assert (await work.cases.show(world.ahmed.actor, case_id(case))).dossiers == []


async def test_a_countersignature_twice_gives_the_same_answer(work, world):
    """Sent again under its key, the signature that completed an acceptance gives the same answer (P10)."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    (digest,) = await proposed(work, world.home)
    partner, home = world.partner, world.home
    fields = {"proposal": digest, "capacity": "legal-representative", "after": await work.town.after(home)}
    statement = await work.town.sign(home, "countersignature", partner, **fields)
    key = claim(partner.actor)
    first = await countersign(work.writer, partner.actor, home.id, statement, key)
    assert await countersign(work.writer, partner.actor, home.id, statement, key) == first


async def waits(work, world, later=0):
    """What a holder is shown to be waiting, `later` seconds from now."""
    home = world.home.id
    view = await work.writer.look((home,))
    store, who = DossierStore(work.pool), world.partner.id
    shown = await show(store, view.facts(home).value, view.head(home), who, [], now() + later)
    return [(parse_statement(decode_base64(each.statement)).hash.hex(), each.signatures) for each in shown.proposals]


async def test_holders_see_what_waits(work, world):
    """A holder is shown what waits for a signature, and nothing that was completed or is too old."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    (digest,) = await proposed(work, world.home)
    assert await waits(work, world) == [(digest, 1)]
    assert await waits(work, world, PROPOSAL_SECONDS + 60) == []
    await sign_too(work, world, digest)
    assert await waits(work, world) == []


async def asked(work, world):
    """A request of the professional's, in a case that both parents accepted."""
    case = await work.open(world.ahmed, world.home)
    await work.accept(world.home, case)
    await sign_too(work, world, (await proposed(work, world.home))[0])
    _answer, request = await work.ask(world.home, world.ahmed, case=case.payload["case"])
    return request


async def sealed_consent(work, world):
    """A consent to the professional with the key of the lane."""
    home = world.home
    new = await work.consent(home, world.ahmed)
    keys = {KeyId.section(home.place("debts")): home.secrets["debts", "ordinary"]}
    capsule = seal_capsule(new.statement.hash, world.ahmed.id, world.ahmed.sealing.public, keys)
    return NewConsent(home.id, new.statement, [capsule])


async def permits(work, home):
    """The ids of the permits that stand."""
    return [each.id for each in (await work.writer.look((home.id,))).facts(home.id).value.rules.permits]


async def seen(work, world):
    """What the one who asked is shown."""
    (shown,) = (await Requests(work.requests, work.cases.parties, work.writer).mine(world.ahmed.actor)).requests
    return shown


async def test_an_answer_waits_with_its_consent(work, world):
    """A request is open, and its answer unseen, until both have signed; then the key is there as well (P6)."""
    item = await work.town.deliver(world.home, world.owner)
    request = await asked(work, world)
    new = await sealed_consent(work, world)
    answer = await work.answer(world.home, request, "granted", consents=[new])
    assert (answer.state, answer.consents[0].state) == ("proposed", "proposed")
    assert await permits(work, world.home) == []
    shown = await seen(work, world)
    assert (shown.state, shown.answer, shown.answer_words) == ("open", "", "")
    accepted = await sign_too(work, world, new.statement.hash.hex())
    assert accepted.state == "accepted"
    assert await permits(work, world.home) == [new.statement.payload["consent"]]
    shown = await seen(work, world)
    assert shown.state == "granted"
    assert parse_statement(decode_base64(shown.answer)).kind == "access-answer"
    released = await work.town.read(world.ahmed, item)
    assert released.capsules == [new.capsules[0].encode()]


async def test_an_answer_with_two_consents_waits_for_both(work, world):
    """The request is answered only when the last of the consents that the answer names is complete."""
    request = await asked(work, world)
    both = [await sealed_consent(work, world), await sealed_consent(work, world)]
    await work.answer(world.home, request, "granted", consents=both)
    await sign_too(work, world, both[0].statement.hash.hex())
    assert (await seen(work, world)).state == "open"
    await sign_too(work, world, both[1].statement.hash.hex())
    assert (await seen(work, world)).state == "granted"
    assert len(await permits(work, world.home)) == 2


async def test_a_refusal_meanwhile_ends_the_proposal(work, world):
    """A request that one holder refused while a consent waited is not granted by the signature that was missing."""
    request = await asked(work, world)
    new = await sealed_consent(work, world)
    await work.answer(world.home, request, "granted", consents=[new])
    await work.answer(world.home, request, "refused", person=world.partner, capacity="legal-representative")
    with pytest.raises(ConflictError) as caught:
        await sign_too(work, world, new.statement.hash.hex())
    assert caught.value.code == "already-answered"
    assert await permits(work, world.home) == []
    assert (await seen(work, world)).state == "refused"


async def test_a_request_that_waits_too_long_ends(work, world, owner_pool):
    """An answer that nobody completed does not keep a request from ending, nor complete it afterwards."""
    request = await asked(work, world)
    new = await sealed_consent(work, world)
    await work.answer(world.home, request, "granted", consents=[new])
    await owner_pool.execute(
        "UPDATE dossier.access_request SET expires = $2 WHERE request = $1",
        bytes.fromhex(request.payload["request"]),
        now() - 1,
    )
    work.town.forged.append("nothing was due when this was written")
    (row,) = [each for each in await work.requests.overdue(now(), 99) if each.dossier == world.home.id]
    await work.writer.submit(ExpireRequest(row))
    with pytest.raises(ConflictError):
        await sign_too(work, world, new.statement.hash.hex())
    assert (await seen(work, world)).state == "expired"
    with pytest.raises(NothingDueError):
        await work.writer.submit(ExpireRequest(row))
