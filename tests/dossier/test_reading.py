from __future__ import annotations

import asyncio
import secrets

import pytest

from audit.errors import RepeatedError, UnavailableError
from audit.note import ED25519, VerifierKey
from audit.promise import verify_promise
from crypto.capsules import KeyId, parse_capsule, pick_key
from crypto.encoding import new_id
from crypto.headers import parse_header
from crypto.items import open_item_key, open_metadata, open_part
from crypto.keys import SigningKey
from crypto.sections import section_sealing_key
from crypto.statements import parse_statement
from dossier.auditing.replaying import Replayer
from dossier.auditing.store import EventStore
from dossier.errors import ForbiddenError, InvalidRequestError, NotFoundError, StaleError
from dossier.reading.entry import ReadingEndedError
from dossier.reading.service import ReadingRefusedError
from tests.audit.town import KEYS, ORIGIN, PROMISE_KEY, PROMISE_NAME
from tests.dossier.town import CATALOGUES, DENIED, consent_payload, now, reading_request, running_town

PROMISE = VerifierKey(PROMISE_NAME, ED25519, PROMISE_KEY.public)


def opened(answer, reader, home):
    """Open an answer as a grantee's client does: capsule, section key, item key, content."""
    header = parse_header(parse_statement(answer.header))
    key_id = KeyId.section(home.place(answer.section))
    capsule = next(each for each in map(parse_capsule, answer.capsules) if key_id in each.key_ids)
    secret = pick_key(capsule, reader.sealing, key_id, header.core.section_key_hash)
    item_key = open_item_key(header, section_sealing_key(secret, home.place(answer.section)), answer.sealed_key)
    title = open_metadata(header, item_key, answer.sealed_metadata)["title"]
    return title, open_part(header, item_key, 0, answer.parts[0].content)


def verified(promise):
    leaf, path = promise.leaf, promise.path
    return verify_promise(promise.note.encode(), PROMISE, ORIGIN, leaf, promise.index, path)


def fields(promise):
    return {each.name: each.value for each in promise.openings if each.name}


async def hidden(town, reader, item, **changes):
    """Whether reading finds nothing."""
    try:
        await town.read(reader, item, **changes)
    except NotFoundError:
        return True
    return False


async def test_consent_reading_withdrawal(town, world):
    """A consent lets its grantee read and open, and once it is withdrawn the next reading finds nothing (P2, P7)."""
    _agency, _system, reader, home, item = world
    assert await hidden(town, reader, item)
    consent = await town.give(home, reader)
    answer = await town.read(reader, item)
    assert opened(answer, reader, home) == ("Brief", b"een brief")
    ended = await town.withdraw(home, consent)
    assert ended.state == "withdrawn"
    assert await hidden(town, reader, item)


async def test_release_comes_with_its_event(town, world, owner_pool):
    """The answer's promise is of a stored event that names actor, purpose, item and the signed request (P3, P4)."""
    _agency, _system, reader, home, item = world
    consent = await town.give(home, reader)
    nonce = secrets.token_bytes(16)
    envelope = reading_request(reader, item, nonce)
    answer = await town.send(reader, item, nonce, envelope)
    verified(answer.promise)
    shown = fields(answer.promise)
    assert (shown["actor"], shown["purpose"], shown["decision"]) == (reader.id.hex(), "debt-help", "permit")
    assert shown["statement"] == parse_statement(envelope).hash.hex()
    assert item.hex() in shown["subjects"]
    assert "rules" not in shown
    leaf = await owner_pool.fetchval("SELECT leaf FROM audit.event WHERE event = $1", bytes.fromhex(answer.reading))
    assert leaf == answer.promise.leaf
    await town.withdraw(home, consent)


async def test_no_event_no_bytes(pool, world):
    """When the transaction cannot end well, nothing is released and nothing is stored (P3)."""
    _agency, _system, reader, home, item = world

    class BrokenError(Exception):
        pass

    broken: list[bool] = []

    def point(name):
        if broken and name == "writer.before-commit":
            raise BrokenError

    async with running_town(pool, on_point=point) as town:
        consent = await town.give(home, reader)
        await town.read(reader, item)
        before = await pool.fetchval("SELECT count(*) FROM dossier.reading")
        broken.append(True)
        with pytest.raises(BrokenError):
            await town.read(reader, item)
        broken.clear()
        assert await pool.fetchval("SELECT count(*) FROM dossier.reading") == before
        await town.withdraw(home, consent)


async def test_gate_closes_release(pool, world):
    """While the log lags, no new reading is released, and ending a consent still works (P3, P7; N42)."""
    _agency, _system, reader, home, item = world
    reason: list[str] = []
    async with running_town(pool, gate=lambda: reason[0] if reason else None) as town:
        consent = await town.give(home, reader)
        reason.append("the log is behind")
        with pytest.raises(UnavailableError):
            await town.read(reader, item)
        assert (await town.withdraw(home, consent)).state == "withdrawn"
        reason.clear()
        assert await hidden(town, reader, item)


async def test_owner_reads_own_items(town, world):
    """The owner reads without consent or purpose; the look is an event all the same (P4)."""
    home, item = world[3:]
    answer = await town.read(home.owner, item, purpose="", reason="")
    assert answer.lease_until > now()
    assert fields(answer.promise)["actor"] == home.owner.id.hex()


async def test_repeated_request_gives_the_same_reading(town, world):
    """A request sent again under its key is the same reading with a fresh promise of the same leaf (P10)."""
    _agency, _system, reader, home, item = world
    consent = await town.give(home, reader)
    nonce = secrets.token_bytes(16)
    envelope = reading_request(reader, item, nonce)
    first = await town.send(reader, item, nonce, envelope)
    again = await town.send(reader, item, nonce, envelope)
    assert (again.reading, again.parts, again.lease_until) == (first.reading, first.parts, first.lease_until)
    assert again.promise.leaf == first.promise.leaf
    verified(again.promise)
    with pytest.raises(RepeatedError):
        await town.send(reader, item, nonce, reading_request(reader, item, nonce, reason="assessment"))
    await town.withdraw(home, consent)
    with pytest.raises(ReadingEndedError) as ended:
        await town.send(reader, item, nonce, envelope)
    assert ended.value.extra["event"] == first.reading


async def test_absent_is_hidden(town, world):
    """An item that does not exist gets the same answer as one that is hidden (N54)."""
    reader, item = world[2], world[4]
    for each in (new_id(), new_id(item[:2]), item):
        assert await hidden(town, reader, each)


async def test_hidden_request_stands_in_the_actors_stream(town, world, pool):
    """A hidden refusal is an event of the actor's own stream; the dossier's stream does not move (P4)."""
    reader, home, item = world[2:]

    async def seqs():
        view = await town.writer.look((reader.id, home.id))
        return view.head(reader.id).seq, view.head(home.id).seq

    own, theirs = await seqs()
    assert await hidden(town, reader, item)
    assert await seqs() == (own + 1, theirs)


async def test_hidden_waits_for_its_tick(town, world):
    """A hidden answer leaves no sooner than 50 ms after it came in, absent or not (N52)."""
    reader, item = world[2], world[4]
    loop = asyncio.get_running_loop()
    for each in (item, new_id()):
        begun = loop.time()
        assert await hidden(town, reader, each)
        assert loop.time() - begun >= 0.05


async def test_who_may_list_gets_a_reason(town, world):
    """A consent to list is no consent to read: refused with 403 and how to ask, as an event of the dossier (N55)."""
    reader, home, item = world[2:]
    consent = await town.give(home, reader, actions=["list"], capsules=False)
    with pytest.raises(ReadingRefusedError) as refused:
        await town.read(reader, item)
    assert refused.value.code == "no-consent"
    assert refused.value.extra["ask"] == "/v1/access-requests"
    await town.withdraw(home, consent)


@pytest.mark.parametrize(
    "changes",
    [{"purpose": "care-support"}, {"purpose": "nonsense"}, {"role": "social-worker"}, {"action": "download"}],
)
async def test_wider_than_consented_is_refused(town, world, changes):
    """Another purpose, role or action than consented finds nothing (N58, P9)."""
    reader, home, item = world[2:]
    consent = await town.give(home, reader)
    with pytest.raises((NotFoundError, ReadingRefusedError)):
        await town.read(reader, item, **changes)
    await town.withdraw(home, consent)


async def test_narrower_purpose_is_fine(town, world):
    """A purpose below the consented one in the tree is within it."""
    reader, home, item = world[2:]
    consent = await town.give(home, reader)
    assert (await town.read(reader, item, purpose="debt-plan")).item == item.hex()
    await town.withdraw(home, consent)


async def test_over_consent_is_refused(town, world):
    """A consent whose period is over permits nothing, with its capsule kept (N56)."""
    reader, home, item = world[2:]
    until = now() + 3
    consent = await town.give(home, reader, until=until)
    await town.read(reader, item)
    await asyncio.sleep(until - now() + 0.2)
    assert await hidden(town, reader, item)
    await town.withdraw(home, consent)


async def test_denial_beats_consent(town, world):
    """A denial stands above every consent, and its exception gives back what it names."""
    reader, home, item = world[2:]
    consent = await town.give(home, reader)
    denial = await town.give(home, reader, effect="deny", actions=DENIED, laterItems=True)
    assert await hidden(town, reader, item)
    await town.withdraw(home, denial)
    payload = consent_payload(home, reader, {})
    spared = {
        "grantee": payload["grantee"],
        "scope": {**payload["scope"], "items": [item.hex()], "sections": [], "lanes": []},
        "actions": ["list", "read"],
        "purpose": "debt-help",
    }
    denial = await town.give(home, reader, effect="deny", actions=DENIED, exceptions=[spared])
    assert (await town.read(reader, item)).item == item.hex()
    for each in (denial, consent):
        await town.withdraw(home, each)


async def test_later_items(town, world):
    """A consent without later items covers what was there; one with them covers what comes."""
    _agency, system, reader, home, item = world
    consent = await town.give(home, reader, laterItems=False)
    later = await town.deliver(home, system, b"later")
    assert (await town.read(reader, item)).item == item.hex()
    assert await hidden(town, reader, later)
    await town.withdraw(home, consent)
    consent = await town.give(home, reader)
    last = await town.deliver(home, system, b"nog later")
    assert opened(await town.read(reader, last), reader, home)[1] == b"nog later"
    await town.withdraw(home, consent)


async def test_ended_attestation(town, world):
    """Nobody reads by an attestation that is over, whatever consent stands (N65)."""
    agency, _system, _reader, home, item = world
    leaver = await town.person("Vertrekker", agency, "debt-counsellor")
    consent = await town.give(home, leaver)
    await town.read(leaver, item)
    await town.attest(agency, leaver, until=now() - 1)
    assert await hidden(town, leaver, item)
    await town.attest(agency, leaver, roles=["care-adviser"])
    assert await hidden(town, leaver, item)
    await town.withdraw(home, consent)


async def test_sensitive_items_want_a_reason(town, world):
    """Where the label asks for a reason, a reading without one is refused as such (N61)."""
    _agency, system, reader, home, _item = world
    item = await town.deliver(home, system, label="sensitive")
    consent = await town.give(home, reader)
    with pytest.raises(ReadingRefusedError) as refused:
        await town.read(reader, item, reason="")
    assert refused.value.code == "reason-wanted"
    assert (await town.read(reader, item)).item == item.hex()
    await town.withdraw(home, consent)


async def test_request_is_bound_to_signer_and_call(town, world):
    """A request signed by another key or person, for another item, call or time, is refused and stores nothing."""
    agency, _system, reader, home, item = world
    consent = await town.give(home, reader)
    other = await town.person("Ander", agency, "debt-counsellor")
    nonce = secrets.token_bytes(16)
    good = reading_request(reader, item, nonce)
    before = await town.pool.fetchval("SELECT count(*) FROM audit.event")
    with pytest.raises(InvalidRequestError):
        await town.send(reader, new_id(), nonce, good)
    with pytest.raises(InvalidRequestError):
        await town.send(reader, item, secrets.token_bytes(16), good)
    with pytest.raises(ForbiddenError):
        await town.send(other, item, nonce, good)
    with pytest.raises(ForbiddenError):
        await town.send(reader, item, nonce, _with_key(reader, item, nonce))
    with pytest.raises(InvalidRequestError):
        await town.send(reader, item, nonce, good[:-2] + b"}}")
    for late in (-301, 60):
        with pytest.raises(StaleError):
            await town.read(reader, item, issuedAt=now() + late)
    assert await town.pool.fetchval("SELECT count(*) FROM audit.event") == before
    await town.withdraw(home, consent)


def _with_key(reader, item, nonce):
    stranger = SigningKey.generate()
    copied = type(reader)(reader.id, reader.organisation, reader.role, stranger, reader.sealing, reader.chain)
    return reading_request(copied, item, nonce)


async def test_statements_of_a_batch(town, world):
    """32 readings take at most four statements a batch, one verification each, one promise a batch (design 7)."""
    reader, home, item = world[2:]
    consent = await town.give(home, reader)
    await town.read(reader, item)
    counts = town.writer.counts
    before = (counts.batches, counts.statements, counts.verified, counts.promises, counts.loads)
    await asyncio.gather(*(town.read(reader, item) for _ in range(32)))
    batches, statements, verified_, promises, loads = (
        after - start
        for after, start in zip(
            (counts.batches, counts.statements, counts.verified, counts.promises, counts.loads), before, strict=True
        )
    )
    assert statements <= 4 * batches
    assert verified_ == 32
    assert promises == batches
    assert loads == 0
    assert batches <= 16
    await town.withdraw(home, consent)


async def test_no_permit_after_withdrawal(town, world, owner_pool):
    """1,000 readings raced against 20 withdrawals: no permit has a later seq than its withdrawal (P7, T5)."""
    agency, system, _reader, _home, _item = world
    owner = await town.person("Loper")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    readers = [await town.person(f"r{n}", agency, "debt-counsellor") for n in range(20)]
    item = await town.deliver(home, system)
    consents = [await town.give(home, reader) for reader in readers]
    await asyncio.gather(*(town.read(reader, item) for reader in readers))

    released: list[list[str]] = [[] for _ in readers]

    async def look(reader, done):
        for _ in range(50):
            try:
                done.append((await town.read(reader, item)).reading)
            except NotFoundError:
                break

    async def stop(at, consent):
        while sum(map(len, released)) < 10 * at:  # noqa: ASYNC110 - a count over several tasks
            await asyncio.sleep(0.005)
        return (await town.withdraw(home, consent, signed=False)).promise.seq

    looks = [asyncio.create_task(look(*each)) for each in zip(readers, released, strict=True)]
    stops = await asyncio.gather(*(stop(at, consent) for at, consent in enumerate(consents)))
    await asyncio.gather(*looks)
    rows = await owner_pool.fetch("SELECT event, seq FROM audit.event WHERE stream = $1", home.id)
    seqs = {row["event"].hex(): row["seq"] for row in rows}
    assert sum(map(len, released)) >= 190
    for readings, stopped in zip(released, stops, strict=True):
        assert all(seqs[reading] < stopped for reading in readings)


async def test_system_reads_by_its_key(town, world):
    """A system that a consent names reads with its attested key; the event names it (P4)."""
    home, item = world[3:]
    machine = await town.system(await town.agency())
    assert await hidden(town, machine, item)
    consent = await town.give(home, machine)
    answer = await town.read(machine, item)
    assert fields(answer.promise)["actor"] == machine.id.hex()
    assert len(answer.capsules) == 1
    await town.withdraw(home, consent)


async def test_source_knows_its_own_items(town, world):
    """The source's own system may know of the item it delivered, and so is refused with a reason (403, not 404)."""
    system, item = world[1], world[4]
    with pytest.raises(ReadingRefusedError) as refused:
        await town.read(system, item)
    assert refused.value.code == "no-consent"


async def test_case_that_is_not_known(town, world):
    """A reading in the context of a case that does not exist finds nothing, with every consent in place (P9)."""
    reader, home, item = world[2:]
    consent = await town.give(home, reader)
    assert await hidden(town, reader, item, case=new_id().hex())
    assert await hidden(town, reader, item, case=home.id.hex())
    await town.withdraw(home, consent)


async def test_all_of_it_replays(town, world):
    """Every decision of this module, made again from the facts as they stood, is the same (P8)."""
    assert world
    replayer = Replayer(EventStore(town.pool), KEYS, CATALOGUES)
    result = await replayer.run()
    assert [str(each) for each in result.findings] == []
    assert result.decisions > 100
    assert result.gone == []
