"""P7: whatever ends access goes first and is refused neither for a log that is behind nor for a queue, key or no key."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from audit.errors import UnavailableError
from crypto.encoding import new_id
from dossier.dossiers.stopping import StopAdmission, StopAuthority
from dossier.parties.actor import ADMINISTRATOR, Actor, Assurance
from dossier.parties.attestations import EndAttestation, EndSystem
from dossier.parties.members import EndMember
from tests.dossier.casework import Work
from tests.dossier.test_registering import report
from tests.dossier.test_succession import capsule_for, change, holder, next_list
from tests.dossier.town import claim, running_town

BEHIND = "the log is behind"


@pytest.fixture(scope="module")
async def gate():
    """Why nothing new is let in, None while all is well."""
    return SimpleNamespace(reason=None)


@pytest.fixture(scope="module")
async def town(pool, gate):
    async with running_town(pool, gate=lambda: gate.reason) as running:
        yield running


@pytest.fixture(scope="module")
async def world(town):
    """A dossier with somebody who holds it too, an admission, two consents, and a case in which three take part."""
    agency, register = await town.agency(), await town.system(await town.agency())
    reader, colleague = [await town.person(name, agency, "debt-counsellor") for name in ("Ahmed", "Fatima")]
    owner, friend, other = [await town.person(name) for name in ("Ruth", "Vera", "Bram")]
    home, work = await town.dossier(owner), Work(town)
    people = [holder(owner, "owner"), *(holder(each, "mandate") for each in (friend, other))]
    statement = await next_list(town, home, people, [owner])
    await change(town, home, statement, [capsule_for(home, statement, each) for each in (friend, other)])
    await town.admit(home, agency)
    case, closing = await work.open(reader, home), await work.open(reader, home)
    await work.accept(home, case)
    await work.accept(home, closing)
    await work.add(case, reader, colleague)
    consents = [await town.give(home, reader) for _ in range(2)]
    return SimpleNamespace(**locals())


async def withdrawal(world):
    return await world.town.withdraw(world.home, world.consents[0])


async def withdrawal_without_key(world):
    return await world.town.withdraw(world.home, world.consents[1], signed=False)


async def own_authority(world):
    entry = StopAuthority(world.friend.actor, world.home.id, world.friend.id, claim(world.friend.actor))
    return await world.town.writer.submit(entry)


async def authority_by_a_register(world):
    return await report(world.town, world.register, world.home, world.other)


async def admission(world):
    rules = (await world.town.writer.look((world.home.id,))).facts(world.home.id).value.rules
    ended = bytes.fromhex(rules.admissions[0].id)
    return await world.town.writer.submit(
        StopAdmission(world.owner.actor, world.home.id, ended, claim(world.owner.actor))
    )


async def own_part_without_key(world):
    return await world.work.leave(world.case, world.colleague, world.colleague, key=False)


async def acceptance_without_key(world):
    return await world.work.leave(world.case, world.owner, world.owner, key=False)


async def part_by_the_coordinator(world):
    return await world.work.leave(world.case, world.reader, world.reader)


async def closing(world):
    return await world.work.close(world.closing, world.reader)


ENDINGS = [
    withdrawal,
    withdrawal_without_key,
    own_authority,
    authority_by_a_register,
    admission,
    own_part_without_key,
    acceptance_without_key,
    part_by_the_coordinator,
    closing,
]


@pytest.mark.parametrize("end", ENDINGS, ids=lambda each: each.__name__)
async def test_what_ends_access_is_let_in(world, gate, end):
    """P7: with the gate closed nothing is given, and everything is ended."""
    gate.reason = BEHIND
    try:
        with pytest.raises(UnavailableError, match=BEHIND):
            await world.town.give(world.home, world.reader, consent=new_id(world.home.id[:2]).hex())
        assert await end(world)
    finally:
        gate.reason = None


@pytest.mark.parametrize("entry", [EndMember, EndAttestation, EndSystem])
def test_what_ends_standing_goes_first(entry):
    """P7: an organisation ends a membership, an attestation or a system before everything else, too."""
    organisation = new_id()
    administrator = Actor("person", new_id(), organisation, (ADMINISTRATOR,), Assurance.HIGH, 0, b"")
    assert entry(administrator, organisation, new_id(), None).narrowing
