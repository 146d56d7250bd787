from __future__ import annotations

import asyncio

import pytest

from crypto.capsules import KeyId, seal_capsule
from crypto.encoding import new_id
from dossier.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StaleError,
    UnavailableError,
)
from dossier.hiding.absent import Absent
from dossier.sharing import adding
from dossier.sharing.adding import AddCapsules
from dossier.sharing.consents import GiveConsent, NewConsent
from dossier.sharing.ending import Sweeper
from dossier.sharing.service import Sharing
from dossier.sharing.withdrawal import Withdraw
from tests.dossier.town import DENIED, claim, consent_payload, now, running_town


async def give(town, home, payload, capsules=(), person=None):
    statement = await town.sign(home, "consent", person, **payload)
    made = [seal_capsule(statement.hash, *capsule) for capsule in capsules]
    actor = (person or home.owner).actor
    return await town.writer.submit(GiveConsent(actor, NewConsent(home.id, statement, made), claim(actor)))


async def state_of(town, home, consent):
    listed = await Sharing(town.sharing, town.writer).consents(home.owner.actor, home.id)
    return next(each for each in listed.consents if each.consent == consent.hex())


async def test_ending_without_a_key(town, world):
    """The owner ends a consent by sign-in alone: one event "stopped without key", and it is over (P7)."""
    reader, home, item = world[2:]
    consent = await town.give(home, reader)
    ended = await town.withdraw(home, consent, signed=False)
    shown = {each.name: each.value for each in ended.promise.openings if each.name}
    assert (shown["schema"], shown["flag"], shown["capacity"]) == ("stopped/v1", "without-key", "owner")
    assert not ended.by_key
    with pytest.raises(NotFoundError):
        await town.read(reader, item)
    listed = await state_of(town, home, consent)
    assert (listed.state, listed.ended_at) == ("withdrawn", ended.promise.seq)


async def test_grantee_hands_back(town, world):
    """The person whom a consent names may end it too, and sees that it is theirs (P7)."""
    reader, home, _item = world[2:]
    consent = await town.give(home, reader)
    ended = await town.withdraw(home, consent, reader, capacity="grantee")
    assert ended.by_key
    assert (await state_of(town, home, consent)).state == "withdrawn"


async def test_stranger_finds_nothing_to_end(town, world):
    """Whoever is neither holder nor grantee learns nothing of the consent."""
    agency, _system, reader, home, _item = world
    consent = await town.give(home, reader)
    stranger = await town.person("Vreemd", agency, "debt-counsellor")
    for signed in (True, False):
        with pytest.raises(NotFoundError):
            await town.withdraw(home, consent, stranger, signed=signed, capacity="grantee")
    await town.withdraw(home, consent)


async def test_a_writer_that_is_behind_tells_nothing(pool):
    """While nothing new is taken, ending what is hidden and ending what is not there are still answered alike (N54)."""
    behind = []
    async with running_town(pool, gate=lambda: behind[0] if behind else None) as town:
        agency = await town.agency()
        reader = await town.person("Ahmed", agency, "debt-counsellor")
        stranger = await town.person("Vreemd")
        home = await town.dossier(await town.person("Sanne"))
        consent = await town.give(home, reader)
        denial = await town.give(home, reader, effect="deny", actions=DENIED)
        behind.append("the log is behind")
        for wanted in (consent, denial, new_id(consent[:2])):
            key = claim(stranger.actor)
            absent = Absent(stranger.actor, key, Withdraw.kinds(wanted), narrowing=True)
            with pytest.raises(NotFoundError):
                await Sharing(town.sharing, town.writer).act(
                    wanted, lambda shared, key=key: Withdraw(stranger.actor, shared, None, key), absent
                )
        assert (await town.withdraw(home, consent)).state == "withdrawn"
        # A denial's end opens something: whoever may know of it is told that nothing is opened now.
        with pytest.raises(UnavailableError, match=behind[0]):
            await town.withdraw(home, denial)
        behind.clear()
        assert (await town.withdraw(home, denial)).state == "withdrawn"


async def test_ending_twice_is_no_error(town, world):
    """An ended consent ends again without effect: the rules do not move (P7)."""
    reader, home, _item = world[2:]
    consent = await town.give(home, reader)
    await town.withdraw(home, consent)
    before = await town.after(home)
    assert (await town.withdraw(home, consent)).state == "withdrawn"
    assert await town.after(home) == before


async def test_ending_a_denial_takes_a_key(town, world):
    """Ending a denial widens access: it takes a signature, of the last fifteen minutes (P6)."""
    reader, home, _item = world[2:]
    denial = await town.give(home, reader, effect="deny", actions=DENIED)
    with pytest.raises(ForbiddenError):
        await town.withdraw(home, denial, signed=False)
    old = await town.sign(
        home,
        "withdrawal",
        consent=denial.hex(),
        consentHash=(await town.sharing.consent(denial)).hash.hex(),
        reason="",
        issuedAt=now() - 16 * 60,
    )
    shared, actor = await town.sharing.consent(denial), home.owner.actor
    with pytest.raises(StaleError):
        await town.writer.submit(Withdraw(actor, shared, old, claim(actor)))
    assert (await town.withdraw(home, denial)).by_key


async def test_old_signature_still_ends(town, world):
    """A withdrawal is never refused for its age or for a position that has moved (P7)."""
    reader, home, _item = world[2:]
    consent = await town.give(home, reader)
    shared = await town.sharing.consent(consent)
    fields = {"consent": consent.hex(), "consentHash": shared.hash.hex(), "reason": "", "issuedAt": now() - 10**6}
    statement = await town.sign(home, "withdrawal", **fields)
    other = await town.give(home, reader)
    actor = home.owner.actor
    ended = await town.writer.submit(Withdraw(actor, shared, statement, claim(actor)))
    assert ended.state == "withdrawn"
    await town.withdraw(home, other)


async def test_stale_consent_is_refused(town, world):
    """What was previewed is what was signed: a consent for another position, or too old, is refused (P6)."""
    reader, home, _item = world[2:]
    stale = consent_payload(home, reader, await town.after(home))
    await town.withdraw(home, await town.give(home, reader))
    with pytest.raises(StaleError):
        await give(town, home, stale)
    late = consent_payload(home, reader, await town.after(home), issuedAt=now() - 16 * 60)
    with pytest.raises(StaleError):
        await give(town, home, late)


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": []},
        {"actions": ["read"]},
        {"purpose": ""},
        {"purpose": "nonsense"},
        {"basis": "nonsense"},
        {"until": 2**53 - 1},
        {"until": 1},
        {"catalogue": "00" * 32},
        {"actions": ["list", "nonsense"]},
    ],
)
async def test_senseless_consents(town, world, changes):
    """A consent without end, purpose or known codes is refused and stores nothing (P9)."""
    reader, home, _item = world[2:]
    before = await town.after(home)
    with pytest.raises(InvalidRequestError):
        await give(town, home, consent_payload(home, reader, before, **changes))
    assert await town.after(home) == before


async def test_only_the_holder_consents(town, world):
    """Neither a professional nor another citizen can sign a consent for a dossier (N59, P6)."""
    agency, _system, reader, home, _item = world
    citizen = await town.person("Buur")
    for person in (reader, citizen):
        with pytest.raises(NotFoundError):
            await give(town, home, consent_payload(home, reader, await town.after(home)), person=person)
    assert agency.id


async def test_ids_are_used_once(town, world):
    """The id of a consent is never used again, not even after its end."""
    reader, home, _item = world[2:]
    payload = consent_payload(home, reader, await town.after(home))
    given = await give(town, home, payload)
    await town.withdraw(home, bytes.fromhex(given.consent))
    with pytest.raises(ConflictError):
        await give(town, home, payload | {"after": await town.after(home)})


async def test_capsules_hold_what_the_consent_covers(town, world):
    """A key beyond the consent, or for another grantee, is refused with the whole request (P6)."""
    agency, _system, reader, home, item = world
    other = await town.person("Ander", agency, "debt-counsellor")
    income = {KeyId.section(home.place("income")): home.secrets["income", "ordinary"]}
    debts = {KeyId.section(home.place("debts")): home.secrets["debts", "ordinary"]}
    vault = {KeyId.section(home.place("debts", "vault")): home.secrets["debts", "vault"]}
    root = {KeyId.dossier_root(home.id, 0): home.root}
    single = {KeyId.item(home.items[item]): bytes(32)}
    payload = consent_payload(home, reader, await town.after(home))
    narrowed = payload | {"laterItems": False}
    refused = [
        (payload, reader, income),
        (payload, reader, vault),
        (payload, reader, root),
        (payload, other, debts),
        (narrowed, reader, debts),
        (payload | {"scope": {**payload["scope"], "types": ["letter"]}}, reader, single),
        (payload | {"effect": "deny", "actions": DENIED}, reader, debts),
    ]
    for changed, grantee, keys in refused:
        with pytest.raises(InvalidRequestError):
            await give(town, home, changed, [(grantee.id, grantee.sealing.public, keys)])
    given = await give(town, home, narrowed, [(reader.id, reader.sealing.public, single)])
    await town.withdraw(home, bytes.fromhex(given.consent))


async def test_capsules_follow(town, world):
    """A holder adds keys to a standing consent; the grantee finds them, nobody else does."""
    agency, system, reader, home, _item = world
    consent = await town.give(home, reader, capsules=False)
    later = await town.deliver(home, system, b"later")
    shared = await town.sharing.consent(consent)
    keys = {KeyId.item(home.items[later]): bytes(32)}
    capsule = seal_capsule(shared.hash, reader.id, reader.sealing.public, keys)
    actor = home.owner.actor
    added = await town.writer.submit(AddCapsules(actor, shared, [capsule], claim(actor)))
    assert added.added == 1
    sharing = Sharing(town.sharing, town.writer)
    assert [each.grantee for each in (await sharing.capsules(reader.actor, consent)).capsules] == [reader.id.hex()]
    assert len((await town.read(reader, later)).capsules) == 1
    other = await town.person("Ander", agency, "debt-counsellor")
    for act in (sharing.capsules(other.actor, consent), sharing.consents(other.actor, home.id)):
        with pytest.raises(NotFoundError):
            await act
    with pytest.raises(NotFoundError):
        await town.writer.submit(AddCapsules(other.actor, shared, [capsule], claim(other.actor)))
    await town.withdraw(home, consent)
    with pytest.raises(ConflictError):
        await town.writer.submit(AddCapsules(actor, shared, [capsule], claim(actor)))
    with pytest.raises(NotFoundError):
        await sharing.capsules(reader.actor, consent)


async def test_colleagues_pass_on_so_many_capsules(town, world, monkeypatch):
    """Who passes keys on cannot fill a colleague's list without end; another colleague and a holder still add (P6)."""
    monkeypatch.setattr(adding, "MOST_PASSED_ON", 2)
    agency, _system, reader, home, _item = world
    other = await town.person("Ander", agency, "debt-counsellor")
    payload = consent_payload(home, reader, await town.after(home))
    grantee = payload["grantee"] | {"kind": "role", "person": "", "laterMembers": True}
    given = await give(town, home, payload | {"grantee": grantee})
    shared = await town.sharing.consent(bytes.fromhex(given.consent))

    async def add(person):
        keys = {KeyId.section(home.place("debts")): bytes(32)}
        capsule = seal_capsule(shared.hash, other.id, other.sealing.public, keys)
        return await town.writer.submit(AddCapsules(person.actor, shared, [capsule], claim(person.actor)))

    assert [(await add(reader)).added for _ in range(2)] == [1, 1]
    with pytest.raises(ConflictError) as refused:
        await add(reader)
    assert refused.value.code == "too-many-capsules"
    assert (await add(home.owner)).added == 1
    # Sent at once they are no more than one after the other.
    fourth = await town.person("Vierde", agency, "debt-counsellor")
    ends = await asyncio.gather(*(add(fourth) for _ in range(6)), return_exceptions=True)
    assert [each.code for each in ends if isinstance(each, ConflictError)] == ["too-many-capsules"] * 4
    # Whoever fills a list stands in nobody's way but their own.
    colleague = await town.person("Derde", agency, "debt-counsellor")
    assert (await add(colleague)).added == 1
    await town.withdraw(home, bytes.fromhex(given.consent))


async def test_sweeper_ends_what_is_over(town, world):
    """A consent whose time is over ends by an event of its own, once; others stay (P4)."""
    reader, home, _item = world[2:]
    short = await town.give(home, reader, until=now() + 1)
    long = await town.give(home, reader)
    await asyncio.sleep(1.2)
    sweeper = Sweeper(town.writer, town.sharing)
    assert await sweeper.run_once(now()) == 1
    assert await sweeper.run_once(now()) == 0
    assert (await state_of(town, home, short)).state == "expired"
    assert (await state_of(town, home, long)).state == "active"
    await town.withdraw(home, long)


async def test_sweeper_ends_what_is_not_used(town, world):
    """Disuse is counted from the last reading: a consent that is used stays, and is looked at again later."""
    reader, home, item = world[2:]
    consent = await town.give(home, reader, endsOn={"caseClosed": False, "unusedMonths": 1})
    await town.read(reader, item)
    await town.uses.flush()
    await town.pool.execute("UPDATE dossier.consent_due SET look_at = 0 WHERE consent = $1", consent)
    assert await Sweeper(town.writer, town.sharing).run_once(now()) == 0
    shown = await state_of(town, home, consent)
    assert (shown.state, now() - shown.last_used < 60) == ("active", True)
    looked = await town.pool.fetchval("SELECT look_at FROM dossier.consent_due WHERE consent = $1", consent)
    assert looked > now()
    await town.withdraw(home, consent)


async def test_ending_a_consent_of_single_items(town, world):
    """A consent that lists items ends in one step too, signed or not (P7)."""
    reader, home, item = world[2:]
    scope = consent_payload(home, reader, {})["scope"] | {"items": [item.hex()], "sections": [], "lanes": []}
    for signed in (True, False):
        consent = await town.give(home, reader, scope=scope, laterItems=False, capsules=False)
        assert (await town.withdraw(home, consent, signed=signed)).state == "withdrawn"
        assert (await state_of(town, home, consent)).state == "withdrawn"


async def test_signed_for_another_history_is_stale(town, world):
    """P6: a consent is for the rules that its signer saw: the same number with another leaf is another history."""
    _, _, reader, home, _ = world
    after = await town.after(home)
    with pytest.raises(StaleError):
        await town.give(home, reader, after=after | {"leaf": "ab" * 32})
    assert await town.give(home, reader, after=after)
