"""Every kind of act: honest ones come out again; whoever forges one in the database is named where it stands (P6, P8).

The story does at least one act of each kind. The forgeries are told by a store that gives one event, one signature, or
the facts before it, otherwise than they are, with a leaf that commits to the lie: what a hostile service would write.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from audit.entry import FactRecord
from audit.payload import seal_payload
from audit.stream import commitment, event_digests
from crypto.encoding import encode_base64, new_id
from crypto.statements import parse_statement, sign
from dossier.auditing.deed import SCHEMAS, Line, group
from dossier.auditing.deeds import MAKERS, name_of
from dossier.auditing.remaking import ELSEWHERE
from dossier.auditing.replaying import BESIDE, Replayer
from dossier.auditing.store import EventStore, open_row
from dossier.cases.telling import CaseTeller
from dossier.dossiers.govern import Govern, Submission
from dossier.dossiers.stopping import StopAdmission, StopAuthority
from dossier.epochs.lapsing import LapseSweeper
from dossier.epochs.store import EpochStore
from dossier.requests.expiring import RequestSweeper
from dossier.sharing.ending import Sweeper
from tests.audit.town import KEYS
from tests.dossier.casework import Work
from tests.dossier.test_epochs_successor import making, succeed
from tests.dossier.test_registering import report
from tests.dossier.test_replay_kinds import CATALOGUES, changed
from tests.dossier.test_rotation import new_epoch, rotate
from tests.dossier.test_succession import capsule_for, change, cosigned, holder, next_list, propose
from tests.dossier.town import claim, now

SIGNED = sorted(
    name
    for name in MAKERS
    if name[1] == "statement/v1" or (name[0] == "case") or name[1:] in {("proposal/v1", ""), ("request/v1", "answered")}
)
"""Acts that begin with a signature."""

SWEPT = [
    ("dossier", "request/v1", "expired"),
    ("dossier", "stopped/v1", "consent"),
    ("dossier", "stopped/v1", "authority"),
]
WIDENING = [
    ("dossier", "statement/v1", kind)
    for kind in ("consent", "source-admission", "block-end", "emergency-opt-in", "placement", "case-acceptance")
]


@pytest.fixture(scope="module")
async def story(town):
    """An act of every kind: in a dossier that one holds, one that two hold, one whose keys change, and cases."""
    agency = await town.agency()
    reader = await town.person("Ahmed", agency, "debt-counsellor")
    home = await town.dossier(await town.person("Sanne"))
    await governed(town, home, agency)
    await consented(town, home, reader)
    await held_by_two(town, reader)
    await changing_keys(town, agency)
    await casework(town, reader)
    return home


async def govern(town, home, kind, **fields):
    """Have the owner's statement accepted; return it."""
    signer = {"dossier": home.id.hex(), "signer": home.owner.id.hex(), "issuedAt": now(), "capacity": "owner"}
    statement = sign(kind, signer | fields, home.owner.signing)
    await town.writer.submit(Govern(home.owner.actor, home.id, Submission(statement), claim(home.owner.actor)))
    return statement.payload


async def governed(town, home, agency):
    """Admissions, blocks, an opt-in, a placement and a removal, and what ends them."""
    system = await town.system(agency)
    await town.admit(home, agency)
    item = await town.deliver(home, system)
    until = {"from": 0, "until": now() + 3600}

    async def after():
        return {"after": await town.after(home)}

    blocked = new_id(home.id[:2]).hex()
    await govern(town, home, "block", block=blocked, person=new_id().hex(), **until)
    await govern(town, home, "block-end", block=blocked, **await after())
    await govern(
        town, home, "emergency-opt-in", optIn=new_id(home.id[:2]).hex(), sections=["health"], **until, **await after()
    )
    fields = {"section": "income", "lane": "ordinary", "epoch": 0, "label": "personal", "cases": [], "previous": ""}
    place = fields | {"placement": new_id(home.id[:2]).hex(), "item": item.hex(), "wrapHash": ""}
    await govern(town, home, "placement", **place, **await after())
    await govern(town, home, "removal", removal=new_id(home.id[:2]).hex(), item=item.hex(), reason="mistake")
    state = (await town.writer.look((home.id,))).facts(home.id).value
    await govern(town, home, "admission-end", admission=state.rules.admissions[0].id)
    await town.admit(home, agency)
    state = (await town.writer.look((home.id,))).facts(home.id).value
    stop = StopAdmission(
        home.owner.actor, home.id, bytes.fromhex(state.rules.admissions[0].id), claim(home.owner.actor)
    )
    await town.writer.submit(stop)


async def consented(town, home, reader):
    """A consent that is withdrawn, one that is ended without a key, and one whose time is over."""
    brief = await town.give(home, reader, until=now() + 2)
    await town.withdraw(home, await town.give(home, reader))
    await town.withdraw(home, await town.give(home, reader), signed=False)
    sweeper = Sweeper(town.writer, town.sharing)
    while brief.hex() in {each.id for each in await permits(town, home)}:
        await sweeper.run_once(now())
        await asyncio.sleep(0.1)


async def permits(town, home):
    """The permits that stand."""
    return (await town.writer.look((home.id,))).facts(home.id).value.rules.permits


async def held_by_two(town, reader):
    """A proposal and its countersignature, authority that ends by hand, by a register, and by time."""
    owner, partner, friend = [await town.person(name) for name in ("Ruth", "Daniel", "Vera")]
    home = await town.dossier(owner)
    both = [holder(owner, "owner", 2), holder(partner, "legal-representative", 2)]
    statement = await next_list(town, home, both, [owner])
    await change(town, home, statement, [capsule_for(home, statement, partner)])
    proposed, _ = await propose(town, home, owner, "owner", reader)
    await cosigned(town, home, partner, "legal-representative", proposed.hash.hex())
    await report(town, await town.system(await town.agency()), home, partner)
    # The highest threshold of those who act is one of a list where nobody else stands.
    alone = await town.dossier(await town.person("Els"))
    for seconds, end in ((3600, stop), (2, lapse)):
        listed = [holder(alone.owner, "owner"), holder(friend, "mandate", until=now() + seconds)]
        statement = await next_list(town, alone, listed, [alone.owner])
        await change(town, alone, statement, [capsule_for(alone, statement, friend)])
        await end(town, alone, friend)


async def stop(town, home, friend):
    """End somebody's authority without a key."""
    await town.writer.submit(StopAuthority(home.owner.actor, home.id, friend.id, claim(home.owner.actor)))


async def lapse(town, home, _friend):
    """Wait until authority is over, and have it written down."""
    sweeper = LapseSweeper(town.writer, EpochStore(town.pool))
    due = "SELECT count(*) FROM dossier.authority_due WHERE dossier = $1 AND look_at < $2"
    while await town.pool.fetchval(due, home.id, now() + 60):
        await sweeper.run_once(now())
        await asyncio.sleep(0.1)


async def changing_keys(town, _agency):
    """A new key of one section, and a new key of a dossier."""
    await rotate(town, home := await town.dossier(await town.person("Noor")), await new_epoch(town, home))
    home = await town.dossier(await town.person("Iris"))
    await succeed(town, await making(town, home))


async def casework(town, reader):
    """Cases with all that happens in them, and requests that are answered and that are not."""
    work = Work(town)
    home, colleague = await town.dossier(await town.person("Hanneke")), await town.person("Fatima")
    case = await work.open(reader, home)
    await work.accept(home, case)
    name = case.payload["case"]
    _, request = await work.ask(home, reader, case=name)
    given = await work.consent(home, reader, case=name, endsOn={"caseClosed": True, "unusedMonths": 0})
    await work.answer(home, request, "granted", consents=[given])
    await work.ask(home, reader, case=name, until=now() + 2)
    await work.add(case, reader, colleague)
    await work.transfer(case, reader, colleague)
    await work.leave(case, colleague, reader)
    await work.leave(case, colleague, colleague, key=False)
    await work.close(case, home.owner)
    await CaseTeller(work.writer, work.cases.store).run_once(now() + 1)
    sweeper = RequestSweeper(work.writer, work.requests)
    while not await sweeper.run_once(now()):  # noqa: ASYNC110 - time tells nobody that it passed
        await asyncio.sleep(0.1)


class Forged(EventStore):
    """A store that gives rows, signatures and facts otherwise than they are."""

    def __init__(self, pool, rows=(), resigned=None, alter=None):
        super().__init__(pool)
        self._rows = {(row.stream, row.seq): row for row in rows}
        self._resigned, self._alter = resigned, alter

    async def of_stream(self, stream, after, size):
        found = await super().of_stream(stream, after, size)
        return [self._rows.get((row.stream, row.seq), row) for row in found]

    async def kept(self, stream):
        kept = await super().kept(stream)
        if self._resigned is None:
            return kept
        statements = {digest: self._resigned(envelope) for digest, envelope in kept.statements.items()}
        cosigned_ = {seq: self._resigned(envelope) for seq, envelope in kept.countersigned.items()}
        return replace(kept, statements=statements, countersigned=cosigned_)

    async def facts(self, stream, cls):
        found = await super().facts(stream, cls)
        return self._alter(stream, cls, found) if self._alter else found


async def acts_of(pool, name):
    """Every act of a kind: its rows with what is sealed beside them."""
    store, found = EventStore(pool), []
    for stream in await store.streams():
        if stream.kind not in ELSEWHERE:
            continue
        rows = {row.seq: row for row in await store.of_stream(stream.stream, 0, 500)}
        opened = {seq: open_row(row, KEYS) for seq, row in rows.items()}
        lines = [
            Line(seq, rows[seq].at, each.event, each.evidence, ())
            for seq, each in opened.items()
            if each.event.schema.id in SCHEMAS
        ]
        acts = (act for act in group(lines) if name_of(stream.kind, act[0].event) == name)
        found += [[(rows[line.seq], opened[line.seq]) for line in act] for act in acts]
    return found


def lie(row, opened, at=None, evidence=None, **fields):
    """The row of an event that says something else, at another time perhaps, with a leaf that commits to it."""
    event = changed(opened.event, **fields)
    commit = commitment(event_digests(opened.seed, event))
    sealed = seal_payload(
        KEYS.find(row.month), row.stream, row.seq, event, opened.evidence if evidence is None else evidence
    )
    return row._replace(leaf=row.leaf[:65] + commit, sealed=sealed, at=row.at if at is None else at)


async def named(store, row):
    """What a replay says of one event."""
    found = await Replayer(store, KEYS, CATALOGUES).run(row.stream)
    return [each.text for each in found.findings if each.seq == row.seq]


async def test_the_story_has_every_kind(story, pool):
    """Each kind that can be made again stands in the story, and comes out as it was written (P8)."""
    for name in MAKERS:
        if name[1] != "epoch/v1":
            assert await acts_of(pool, name), name
    found = await Replayer(EventStore(pool), KEYS, CATALOGUES).run()
    assert [str(each) for each in found.findings] == []


def forger(envelope):
    """The same statement with other signatures: its hash is that of what was signed, and stays."""
    for signature in parse_statement(envelope).signatures:
        envelope = envelope.replace(encode_base64(signature).encode(), encode_base64(bytes(64)).encode())
    return envelope


@pytest.mark.parametrize("name", SIGNED, ids="-".join)
async def test_signature_of_another_key_is_named(story, pool, name):
    """P6: an act that was not signed with the key that stood is named, whatever its event says."""
    acts = [act for act in await acts_of(pool, name) if act[0][1].event["statement"]]
    row, opened = acts[0][0]
    rows = [lie(row, opened, evidence=forger(opened.evidence))] if opened.evidence else []
    store = Forged(pool, rows, forger)
    assert [text for text in await named(store, row) if "refused" in text or "sense" in text]


@pytest.mark.parametrize(
    "name", sorted(set(MAKERS) - {("dossier", "epoch/v1", ""), ("dossier", "case/v1", "")}), ids="-".join
)
async def test_act_of_somebody_else_is_named(story, pool, name):
    """P6: an act in the name of somebody who could not do it is named; a sweeper does what is due, and nobody else's."""
    row, opened = (await acts_of(pool, name))[0][0]
    stranger = "ab" * 16
    store = Forged(pool, [lie(row, opened, actor=stranger)])
    assert await named(store, row)


@pytest.mark.parametrize("name", WIDENING, ids="-".join)
async def test_old_signature_is_named(story, pool, name):
    """P6: a widening statement counts for a quarter of an hour; one that was used later is named."""
    row, opened = (await acts_of(pool, name))[0][0]
    late = row.at // 1000 + 901
    store = Forged(pool, [lie(row, opened, at=row.at + 901_000, time=late)])
    [text] = await named(store, row)
    assert text.startswith("the act comes out as refused: ")


@pytest.mark.parametrize("name", WIDENING, ids="-".join)
async def test_other_rules_than_were_seen_are_named(story, pool, name):
    """P6: a widening statement counts for the rules that its signer saw; a rule put in before it is told by it."""
    row, _ = (await acts_of(pool, name))[0][0]

    def alter(stream, cls, facts):
        if (stream, cls) != (row.stream, "rules") or any(fact.seq == row.seq - 1 for fact in facts):
            return facts
        body = {"block": "cd" * 16, "person": "ef" * 16, "from": 0, "until": 1}
        return sorted([*facts, FactRecord(row.seq - 1, 0, "block", b"\xcd" * 16, body)], key=lambda fact: fact.seq)

    def other(_stream, cls, facts):
        return [fact for fact in facts if fact.seq != seen or cls != "rules"]

    facts = await EventStore(pool).facts(row.stream, "rules")
    seen = max(fact.seq for fact in facts if fact.seq < row.seq)
    texts = await named(Forged(pool, alter=alter if seen < row.seq - 1 else other), row)
    assert any("refused" in text or "sense" in text or "compile" in text for text in texts)


@pytest.mark.parametrize("name", WIDENING, ids="-".join)
async def test_missing_signature_is_named(story, pool, name):
    """P6: where the authority list wants two signatures, an act with one comes out as a proposal."""
    row, _ = (await acts_of(pool, name))[0][0]

    def alter(_stream, _cls, facts):
        return [
            FactRecord(fact.seq, fact.ordinal, fact.kind, fact.subject, {**fact.body, "holders": two(fact.body)})
            if fact.kind == "authority-list"
            else fact
            for fact in facts
        ]

    def two(body):
        return [{**each, "threshold": 2} for each in body["holders"]]

    texts = await named(Forged(pool, alter=alter), row)
    assert "schema is written as `statement/v1` and comes out as `proposal/v1`" in texts


@pytest.mark.parametrize("name", SWEPT, ids="-".join)
async def test_sweep_before_it_was_due_is_named(story, pool, name):
    """A sweeper that ended something before its time is named: nobody decided that (P7, P8)."""
    acts = await acts_of(pool, name)
    row, opened = next(act[0] for act in acts if act[0][1].event["actor"] == "sweeper")
    early = row.at - 1_000 * 3_600
    store = Forged(pool, [lie(row, opened, at=early, time=early // 1000)])
    assert [text for text in await named(store, row) if "due" in text or "no authority" in text]


async def test_case_that_did_not_close_ends_nothing(story, pool):
    """A consent that ended with its case did so because the case was closed: else its end is named."""
    acts = [act for act in await acts_of(pool, ("dossier", "case/v1", "")) if len(act) > 1]
    row = acts[0][0][0]

    def alter(_stream, _cls, facts):
        return [fact for fact in facts if fact.kind != "case-closure"]

    found = await Replayer(Forged(pool, alter=alter), KEYS, CATALOGUES).run(row.stream)
    assert any("comes out as 1" in each.text for each in found.findings)


async def test_forged_act_beside_an_erased_payload_is_told(story, pool):
    """P8: an act that does not come out is not passed over because its neighbour was erased: it is not replayable."""
    row, opened = (await acts_of(pool, ("dossier", "statement/v1", "block")))[0][0]
    [before] = await EventStore(pool).of_stream(row.stream, row.seq - 2, 1)
    erased = before._replace(month=None, seed=None, sealed=None, erased_by=row.seq + 1)
    honest = await Replayer(Forged(pool, [erased]), KEYS, CATALOGUES).run(row.stream)
    forged = Forged(pool, [erased, lie(row, opened, actor="ab" * 16)])
    found = await Replayer(forged, KEYS, CATALOGUES).run(row.stream)
    assert [[each.seq for each in told.gone if each.text == BESIDE] for told in (honest, found)] == [[], [row.seq]]


class Careless(Govern):
    """What a service that does not look would take."""

    def verify(self):
        """Look at nothing."""


@pytest.mark.parametrize("kind", ["block", "removal"])
async def test_statement_about_another_dossier_is_named(town, pool, kind):
    """P8: what the same holder signed about their other dossier is no act of this one, though it only takes away."""
    owner = await town.person("Ilse")
    private, business = await town.dossier(owner), await town.dossier(owner)
    item = await town.deliver(business, owner)
    fields = {
        "block": {"block": new_id(private.id[:2]).hex(), "person": new_id().hex(), "from": 0, "until": now() + 3600},
        "removal": {"removal": new_id(private.id[:2]).hex(), "item": item.hex(), "reason": "mistake"},
    }[kind]
    signer = {"dossier": private.id.hex(), "signer": owner.id.hex(), "issuedAt": now(), "capacity": "owner"}
    statement = sign(kind, signer | fields, owner.signing)
    await town.writer.submit(Careless(owner.actor, business.id, Submission(statement), claim(owner.actor)))
    found = await Replayer(EventStore(pool), KEYS, CATALOGUES).run(business.id)
    town.forged += [each.text for each in found.findings]
    assert town.forged[-1:] == ["not replayable: the statement is about something else"]
