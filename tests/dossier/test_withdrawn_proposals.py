"""Ending a consent that still waits for signatures: it is over, and no signature that comes later brings it back (P7)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from consent.lifecycle import TRANSITIONS, Event, State
from crypto.encoding import decode_base64, new_id
from crypto.statements import parse_statement
from dossier.dossiers.govern import Govern, Submission
from dossier.dossiers.stopping import StopAdmission
from dossier.errors import ConflictError, ForbiddenError, NotFoundError
from dossier.sharing.consents import GiveConsent, NewConsent
from dossier.sharing.service import Sharing
from dossier.sharing.withdrawal import REMAINS_DENIED
from tests.dossier.joint import cosigned, shared_home
from tests.dossier.town import DENIED, claim, consent_payload, now, running_town


@pytest.fixture(scope="module")
async def world(pool):
    """Two parents who give together, and a professional; every decision is replayed at the end."""
    async with running_town(pool) as town:
        owner, partner = await town.person("Ruth"), await town.person("Daniël")
        agency = await town.agency()
        reader = await town.person("Ahmed", agency, "debt-counsellor")
        home = await shared_home(town, owner, partner)
        yield SimpleNamespace(town=town, owner=owner, partner=partner, reader=reader, home=home, agency=agency)


async def propose(world, **changes):
    """The owner's signature alone: the consent waits. Return its id and the hash of its statement."""
    town, home = world.town, world.home
    payload = consent_payload(home, world.reader, await town.after(home), **changes)
    statement = await town.sign(home, "consent", **payload)
    actor = home.owner.actor
    given = await town.writer.submit(GiveConsent(actor, NewConsent(home.id, statement), claim(actor)))
    assert given.state == "proposed"
    return bytes.fromhex(given.consent), statement.hash.hex()


async def shown(world, consent):
    listed = await Sharing(world.town.sharing, world.town.writer).consents(world.owner.actor, world.home.id)
    return next(each for each in listed.consents if each.consent == consent.hex())


async def standing(world):
    return {
        each.id for each in (await world.town.writer.look((world.home.id,))).facts(world.home.id).value.rules.permits
    }


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("who", ["owner", "partner", "reader"])
async def test_what_was_withdrawn_is_not_completed(world, who, signed):
    """By either holder or by the one it names, with or without a key: the last signature then finds nothing (P6, P7)."""
    consent, digest = await propose(world)
    capacity = {"owner": "owner", "partner": "legal-representative", "reader": "grantee"}[who]
    ended = await world.town.withdraw(world.home, consent, getattr(world, who), signed=signed, capacity=capacity)
    assert ended.state == "withdrawn"
    with pytest.raises(ConflictError) as caught:
        await cosigned(world.town, world.home, world.partner, "legal-representative", digest)
    assert caught.value.code == "not-standing"
    assert consent.hex() not in await standing(world)
    found = await shown(world, consent)
    assert (found.state, found.ended_at) == (TRANSITIONS[State.PROPOSED, Event.WITHDRAW], ended.promise.seq)


async def test_what_was_completed_first_ends_too(world):
    """The other way round: completed and then withdrawn, it is over as well."""
    consent, digest = await propose(world)
    await cosigned(world.town, world.home, world.partner, "legal-representative", digest)
    assert consent.hex() in await standing(world)
    await world.town.withdraw(world.home, consent)
    assert consent.hex() not in await standing(world)


async def test_a_proposed_denial_ends_by_nobody_alone(world):
    """A denial that waits shuts nobody out yet; ending it takes a key, as ending one that stands does (P6)."""
    consent, _digest = await propose(world, effect="deny", actions=DENIED)
    with pytest.raises(ForbiddenError):
        await world.town.withdraw(world.home, consent, signed=False)
    # Whom it names does not learn of it, whatever its id.
    with pytest.raises(NotFoundError):
        await world.town.withdraw(world.home, consent, world.reader, signed=False)


async def deny(world):
    """A denial that both holders signed; return its id."""
    denial, digest = await propose(world, effect="deny", actions=DENIED)
    await cosigned(world.town, world.home, world.partner, "legal-representative", digest)
    assert denial.hex() in await denials(world)
    return denial


async def denials(world):
    state = (await world.town.writer.look((world.home.id,))).facts(world.home.id).value
    return {each.id for each in state.rules.denials}


async def waiting(world):
    """The hashes of withdrawals that wait for signatures."""
    state = (await world.town.writer.look((world.home.id,))).facts(world.home.id).value
    bodies = [each["statement"] for each in state.proposals.values() if each["statement"]]
    found = map(parse_statement, map(decode_base64, bodies))
    return [each.hash.hex() for each in found if each.kind == "withdrawal"]


async def test_two_end_a_denial_together(world):
    """Where giving takes two, so does ending a denial: one signs its end, the other co-signs it, and it is over (P6)."""
    denial = await deny(world)
    answer = await world.town.withdraw(world.home, denial)
    assert (answer.state, answer.remains) == ("proposed", REMAINS_DENIED)
    assert denial.hex() in await denials(world)
    (digest,) = await waiting(world)
    with pytest.raises(ConflictError):
        await cosigned(world.town, world.home, world.owner, "owner", digest)
    done = await cosigned(world.town, world.home, world.partner, "legal-representative", digest)
    assert done.state == "accepted"
    assert denial.hex() not in await denials(world)
    assert await waiting(world) == []
    assert (await shown(world, denial)).state == "withdrawn"


async def test_an_end_that_waits_ends_one_denial_once(world):
    """Two ends of one denial wait: the first that is complete ends it, the other is nothing any more (P6)."""
    denial = await deny(world)
    for who, capacity in ((world.owner, "owner"), (world.partner, "legal-representative")):
        assert (await world.town.withdraw(world.home, denial, who, capacity=capacity)).state == "proposed"
    first, second = await waiting(world)
    # Each holder co-signs the other's.
    await cosigned(world.town, world.home, world.partner, "legal-representative", first)
    with pytest.raises(ConflictError) as caught:
        await cosigned(world.town, world.home, world.owner, "owner", second)
    assert caught.value.code == "not-standing"
    # Ended, it ends again by one signature, without effect.
    assert (await world.town.withdraw(world.home, denial)).state == "withdrawn"


async def test_a_denial_that_waits_is_taken_back_by_one(world):
    """A denial that waits for signatures shuts nobody out: one signature takes it back, and none completes it (P6)."""
    denial, digest = await propose(world, effect="deny", actions=DENIED)
    assert (await world.town.withdraw(world.home, denial)).state == "withdrawn"
    with pytest.raises(ConflictError) as caught:
        await cosigned(world.town, world.home, world.partner, "legal-representative", digest)
    assert caught.value.code == "not-standing"
    assert denial.hex() not in await denials(world)


async def test_an_admission_that_waits_is_taken_back(world):
    """Whoever signed a source admission that waits takes it back without a key: nobody completes it any more (P6, P7)."""
    town, home = world.town, world.home
    fields = {"admission": new_id(home.id[:2]).hex(), "organisation": world.agency.id.hex(), "sections": []}
    statement = await town.sign(
        home, "source-admission", **fields, after=await town.after(home), **{"from": 0, "until": now() + 3600}
    )
    key = claim(home.owner.actor)
    assert (await town.writer.submit(Govern(home.owner.actor, home.id, Submission(statement), key))).state == "proposed"
    subject = bytes.fromhex(fields["admission"])
    ended = await town.writer.submit(StopAdmission(home.owner.actor, home.id, subject, claim(home.owner.actor)))
    assert ended.subject == fields["admission"]
    with pytest.raises(ConflictError) as caught:
        await cosigned(town, home, world.partner, "legal-representative", statement.hash.hex())
    assert caught.value.code == "not-standing"
