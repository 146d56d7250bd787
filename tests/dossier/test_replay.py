from __future__ import annotations

import json
import secrets
from types import SimpleNamespace

import pytest

from audit.entry import Append, Entry, Fact, Outcome
from audit.event import make_event
from audit.payload import open_payload, open_seed, seal_payload
from consent.catalogue import shipped_catalogues
from crypto.encoding import new_id
from crypto.statements import parse_statement, sign
from dossier.auditing.looking import LookAtEvents
from dossier.auditing.replaying import Replayer
from dossier.auditing.store import EventStore, open_row
from dossier.errors import ForbiddenError, NotFoundError
from dossier.items.listing import ListRequest
from dossier.items.service import ItemLists
from dossier.items.store import ItemStore
from dossier.replay import NotReplayableError, Seen, catalogues_of, is_decision, replay
from tests.audit.town import KEYS

CATALOGUES = shipped_catalogues()


@pytest.fixture(scope="module")
async def story(town):
    """Deliver, grant, list, read, withdraw, be refused; and an auditor who looks."""
    agency, supervisor = await town.agency(), await town.agency()
    owner = await town.person("Sanne")
    system = await town.system(agency)
    reader = await town.person("Ahmed", agency, "debt-counsellor")
    auditor = await town.person("Iris", supervisor, "auditor")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    items = [await town.deliver(home, system) for _ in range(3)]
    lists = ItemLists(ItemStore(town.pool), town.writer)
    with pytest.raises(NotFoundError):
        await town.read(reader, items[0])
    consent = await town.give(home, reader)
    await town.read(reader, items[0])
    await town.read(owner, items[1], purpose="", reason="")
    await lists.page(owner.actor, ListRequest(home.id, size=2))
    page = ListRequest(home.id, role=reader.role, purpose="debt-help", section="debts", size=2)
    await lists.page(reader.actor, page)
    await town.read(reader, items[2])
    with pytest.raises(ForbiddenError):
        await town.read(reader, items[2], action="download")
    await town.withdraw(home, consent)
    with pytest.raises(NotFoundError):
        await town.read(reader, items[2])
    with pytest.raises(NotFoundError):
        await town.read(reader, new_id())
    assert await town.writer.submit(LookAtEvents(auditor.actor, home.id, [new_id()], secrets.token_bytes(16)))
    return SimpleNamespace(home=home, owner=owner, reader=reader, auditor=auditor, supervisor=supervisor, items=items)


@pytest.fixture
def replayer(pool):
    return Replayer(EventStore(pool), KEYS, CATALOGUES)


async def decisions(pool, stream, schema="decision/v1"):
    """Return (row, opened) of the decisions of a stream that are of a schema."""
    rows = await EventStore(pool).of_stream(stream, 0, 500)
    opened = [(row, open_row(row, KEYS)) for row in rows]
    return [(row, each) for row, each in opened if each and is_decision(each.event) and each.event.schema.id == schema]


async def test_every_decision_comes_out_the_same(story, replayer):
    """P8: permits, refusals, hidden answers, lists and looks are decided again from the facts of their time."""
    found = await replayer.run()
    assert [str(each) for each in found.findings] == []
    assert found.gone == []
    assert found.decisions == 13
    assert found.ok


async def test_facts_of_the_time_decide(story, pool, replayer):
    """P8: what was permitted before the withdrawal is so still, and with the facts of today it would not be."""
    row, opened = next(
        (row, each)
        for row, each in await decisions(pool, story.home.id)
        if each.event["decision"] == "permit" and each.event["actor"] == story.reader.id.hex()
    )
    seen = Seen.of(opened.event)
    histories = await replayer._of(seen, CATALOGUES)
    assert replay(opened.event, opened.evidence, histories) == []
    head = (await EventStore(pool).heads([story.home.id]))[story.home.id]
    now = [[story.home.id.hex(), head.seq, head.seq], *opened.event.items("positions")[1:]]
    values = {field.name: opened.event[field.name] for field in opened.event.schema.fields[1:]}
    values = {name: value for name, value in values.items() if value} | {"positions": now}
    for name in ("subjects", "rules", "consents"):
        if name in values:
            values[name] = opened.event.items(name)
    later = make_event("decision/v1", values)
    fields = {each.field for each in replay(later, opened.evidence, histories)}
    assert {"decision", "code"} <= fields
    assert row.stream == story.home.id


@pytest.mark.parametrize(
    "name, value",
    [("decision", "deny"), ("code", "own-dossier"), ("purpose", "care"), ("reason", "support"), ("holdsUntil", 17)],
)
async def test_wrong_word_is_found(story, pool, replayer, name, value):
    """P8: an event that says another thing than what is decided, or than what was signed, is found by its field."""
    _, opened = next(
        pair for pair in await decisions(pool, story.home.id) if pair[1].event["actor"] == story.reader.id.hex()
    )
    event = opened.event
    lists = {field.name for field in event.schema.fields if field.kind == "list"}
    values = {f.name: event.items(f.name) if f.name in lists else event[f.name] for f in event.schema.fields[1:]}
    changed = make_event("decision/v1", {key: each for key, each in values.items() if each} | {name: value})
    found = replay(changed, opened.evidence, await replayer._of(Seen.of(event), CATALOGUES))
    assert [each.field for each in found] == [name]


async def test_reading_that_its_reader_did_not_sign_is_found(story, pool, replayer):
    """P8, N43: nobody can be framed: a permit whose request another key signed is a difference, words or no words."""
    _, opened = next(
        (row, each)
        for row, each in await decisions(pool, story.home.id)
        if each.event.schema.id == "decision/v1" and each.event["decision"] == "permit"
    )
    genuine = parse_statement(opened.evidence)
    fields = {name: value for name, value in genuine.payload.items() if name != "keyHash"}
    forged = sign(genuine.kind, fields, story.auditor.signing)
    envelope = forged.envelope
    histories = await replayer._of(Seen.of(opened.event), CATALOGUES)
    found = {each.field for each in replay(opened.event, envelope, histories)}
    assert {"statement", "decision"} <= found
    swapped = replace_signature(genuine.envelope, forged.envelope)
    assert [each.field for each in replay(opened.event, swapped, histories)] == ["signature"]


def replace_signature(envelope, other):
    """The envelope with the signature of another one."""
    kept = json.loads(envelope)
    kept["signatures"] = json.loads(other)["signatures"]
    return json.dumps(kept, separators=(",", ":"), sort_keys=True).encode()


async def test_auditor_must_be_attested(story, town, replayer):
    """An auditor whom nobody attests any more is refused, and the refusal is replayed too."""
    other = await town.person("Iris", story.supervisor, "auditor")
    fact = Fact("rules", "attestation-end", other.id, {})
    stream = story.supervisor.id

    class End(Entry):
        streams = (stream,)

        def judge(self, view):
            event = make_event("key/v1", {"actor": stream.hex(), "time": view.now})
            return Outcome((Append(stream, event, (fact,)),), lambda receipts: receipts[0])

    await town.writer.submit(End())
    assert await town.writer.submit(LookAtEvents(other.actor, None, [], secrets.token_bytes(16))) is None
    assert (await replayer.run(stream)).ok


def test_others_do_not_look(story):
    """Whoever did not sign in as an auditor is refused before anything is read."""
    for person in (story.owner, story.reader):
        with pytest.raises(ForbiddenError) as refused:
            LookAtEvents(person.actor, None, [], b"r" * 16)
        assert refused.value.code == "not-an-auditor"


async def test_rewritten_payload_is_found(story, pool, owner_pool, replayer):
    """P5, P8: a payload that somebody with the database and the month keys rewrote is not what its leaf commits to."""
    row, opened = (await decisions(pool, story.home.id))[0]
    key = KEYS.find(row.month)
    event, evidence = open_payload(key, row.stream, row.seq, row.sealed)
    assert open_seed(key, row.stream, row.seq, row.seed) == opened.seed
    lists = {field.name for field in event.schema.fields if field.kind == "list"}
    values = {f.name: event.items(f.name) if f.name in lists else event[f.name] for f in event.schema.fields[1:]}
    other = make_event(event.schema.id, {n: v for n, v in values.items() if v} | {"actor": "ee" * 16})
    await put_payload(owner_pool, row, seal_payload(key, row.stream, row.seq, other, evidence))
    found = await replayer.run(story.home.id)
    assert [(each.seq, each.text) for each in found.findings] == [
        (row.seq, "the payload is not what its leaf commits to: it was rewritten")
    ]
    await put_payload(owner_pool, row, b"x" * len(row.sealed))
    found = await replayer.run(story.home.id)
    assert [each.seq for each in found.findings] == [row.seq]
    await put_payload(owner_pool, row, row.sealed)
    assert (await replayer.run(story.home.id)).ok


async def put_payload(pool, row, sealed):
    """Do what no role of the service may: rewrite a payload in place."""
    await pool.execute(
        "UPDATE audit.payload SET sealed = $3 WHERE bucket = audit.bucket($1) AND stream = $1 AND seq = $2",
        row.stream,
        row.seq,
        sealed,
    )


async def test_dropped_event_is_found(story, owner_pool, replayer):
    """P5: an event that was deleted leaves a hole that the next one shows; one rewritten in the log is found too."""
    stream = story.home.id
    async with owner_pool.acquire() as connection:
        where = "WHERE bucket = audit.bucket($1) AND stream = $1 AND seq = 5"
        gone = await connection.fetchrow(f"SELECT * FROM audit.event {where}", stream)
        await connection.execute(f"DELETE FROM audit.event {where}", stream)
        found = await replayer.run(stream)
        await connection.execute("INSERT INTO audit.event VALUES ($1, $2, $3, $4, $5, $6)", *gone.values())
    assert found.findings[0].seq == 6
    assert found.findings[0].text == "event 5 is not there"
    assert not found.ok


async def test_cut_end_is_found(story, owner_pool, replayer):
    """P5: a stream whose last event was deleted does not end where its head says."""
    stream = story.home.id
    async with owner_pool.acquire() as connection:
        last = await connection.fetchval("SELECT seq FROM audit.head WHERE stream = $1", stream)
        gone = await connection.fetchrow(
            "DELETE FROM audit.event WHERE stream = $1 AND seq = $2 RETURNING *", stream, last
        )
        found = await replayer.run(stream)
        await connection.execute("INSERT INTO audit.event VALUES ($1, $2, $3, $4, $5, $6)", *gone.values())
    assert [each.text for each in found.findings] == ["the stream does not end where its head says"]


async def test_payload_that_is_gone_without_a_word_is_found(story, pool, owner_pool, replayer):
    """A payload that was deleted without an event that says so is a finding, not an erasure."""
    row, _ = (await decisions(pool, story.home.id))[0]
    async with owner_pool.acquire() as connection:
        where = "WHERE bucket = audit.bucket($1) AND stream = $1 AND seq = $2"
        gone = await connection.fetchrow(f"DELETE FROM audit.payload {where} RETURNING *", row.stream, row.seq)
        found = await replayer.run(row.stream)
        await connection.execute("INSERT INTO audit.payload VALUES ($1, $2, $3, $4, $5, $6)", *gone.values())
    assert [each.text for each in found.findings] == ["the payload is gone and no event says why"]


async def test_what_cannot_be_decided_again_says_why(story, pool, replayer):
    """P8: without the request that was signed, the catalogue or a stream of that time, a replay says which is missing."""
    _, opened = next(pair for pair in await decisions(pool, story.home.id) if pair[1].evidence)
    event = opened.event
    histories = await replayer._of(Seen.of(event), CATALOGUES)
    with pytest.raises(NotReplayableError, match="signed request is not there"):
        replay(event, b"", histories)
    with pytest.raises(NotReplayableError, match="a stream that was used does not exist"):
        replay(event, opened.evidence, {})
    other = make_event("listing/v1", {"type": "items", "actor": "ab" * 16, "catalogue": "ab" * 32, "time": 1})
    with pytest.raises(NotReplayableError, match="catalogue of that time"):
        catalogues_of(other, CATALOGUES)
    with pytest.raises(NotReplayableError, match="which page was asked for"):
        replay(other, b"", {})
    odd = make_event("query/v1", {"type": "events", "actor": "operator", "time": 1})
    with pytest.raises(NotReplayableError, match="makes no sense"):
        replay(odd, b"", {})
    new = make_event("query/v1", {"type": "search", "actor": "ab" * 16, "engine": "1", "time": 1})
    assert is_decision(new)
    with pytest.raises(NotReplayableError, match="nobody knows how"):
        replay(new, b"", {})


@pytest.mark.parametrize("positions", [["x"], [["zz", 1]], [["ab", "x"]], [[1, 2]], [[]]])
def test_malformed_positions_are_no_positions(positions):
    """Positions that are not pairs of stream and number are refused and nothing else escapes."""
    event = make_event("query/v1", {"type": "events", "actor": "ab" * 16, "positions": positions, "time": 1})
    with pytest.raises(NotReplayableError):
        Seen.of(event)
