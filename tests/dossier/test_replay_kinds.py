"""Every kind of decision: honest ones come out again, and a lie about the outcome or about a fact is named (P8).

The story makes at least one event of each kind. The lies are told by a store that gives one event, or the facts of one
stream, otherwise than they are, with a leaf that commits to the lie: what a hostile service would have written.
"""

import ast
import secrets
from pathlib import Path
from types import SimpleNamespace

import pytest

from audit.entry import FactRecord
from audit.event import SCHEMAS, make_event
from audit.payload import seal_payload
from audit.stream import commitment, event_digests
from consent.catalogue import shipped_catalogues
from crypto.encoding import new_id
from dossier.auditing.judges import JUDGES
from dossier.auditing.looking import LookAtEvents
from dossier.auditing.replaying import Replayer
from dossier.auditing.store import EventStore, open_row
from dossier.dossiers.addresses import Ask
from dossier.errors import NotFoundError
from dossier.items.listing import ListRequest
from dossier.items.objects import StoredObjects
from dossier.items.service import ItemLists
from dossier.items.store import ItemStore
from dossier.items.unadmitted import refuse_upload, take_in
from dossier.reading.leases import Leases, ReadingStoppedError
from dossier.reading.store import ReadingStore
from dossier.replay import Seen, is_decision, kind_of, replay, replay_corrected
from dossier.sharing.previews import PreviewConsent
from tests.audit.town import KEYS
from tests.dossier.casework import Work, case_id
from tests.dossier.town import claim, consent_payload, seal_delivery

CATALOGUES = shipped_catalogues()
ROOT = Path(__file__).parents[2]

NO_DECISION = {("stopped/v1", "consent"), ("stopped/v1", "authority"), ("stopped/v1", "admission")}
"""Types of a schema with a decision whose events record an act of somebody instead: a stop without signature."""


@pytest.fixture(scope="module")
async def story(town, tmp_path_factory):
    """One event of every kind, in the streams of one owner, one reader, two agencies and a supervisor."""
    agency, stranger, supervisor = await town.agency(), await town.agency(), await town.agency()
    system, knocking = await town.system(agency), await town.system(stranger)
    owner, reader = await town.person("Sanne"), await town.person("Ahmed", agency, "debt-counsellor")
    auditor = await town.person("Iris", supervisor, "auditor")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    item = await town.deliver(home, system)
    await town.deliver(home, owner)
    await address(town, system, home)
    await knock(town, knocking, home)
    lists = ItemLists(ItemStore(town.pool), town.writer)
    asked = ListRequest(home.id, role=reader.role, purpose="debt-help")
    with pytest.raises(NotFoundError):
        await lists.page(reader.actor, asked)
    with pytest.raises(NotFoundError):
        await lists.page(reader.actor, ListRequest(new_id(), role=reader.role, purpose="debt-help"))
    await preview(town, home, reader)
    consent = await town.give(home, reader)
    await lists.page(reader.actor, asked)
    answer = await town.read(reader, item)
    await town.withdraw(home, consent)
    folder = tmp_path_factory.mktemp("objects")
    leases = Leases(town.writer, ReadingStore(town.pool), StoredObjects.in_folder(folder), town.uses)
    with pytest.raises(ReadingStoppedError):
        await leases.open_range(reader.actor, bytes.fromhex(answer.reading), 0, (0, None))
    with pytest.raises(NotFoundError):
        await town.read(reader, item)
    await look_at_case(town, home, reader, knocking)
    assert await town.writer.submit(LookAtEvents(auditor.actor, home.id, [new_id()], secrets.token_bytes(16)))
    return SimpleNamespace(home=home, owner=owner, reader=reader, item=item, stranger=stranger, agency=agency)


async def address(town, system, home):
    """Ask for the address of a dossier and of one that is not there."""
    assert await town.writer.submit(Ask(system.actor, home.id, secrets.token_bytes(16)))
    assert await town.writer.submit(Ask(system.actor, None, secrets.token_bytes(16))) is None


async def knock(town, system, home):
    """Deliver without being admitted, to a dossier that is there and to one that is not."""
    delivery = seal_delivery(home, system, b"ongevraagd", "debts", item=new_id(home.id[:2]))
    with pytest.raises(NotFoundError):
        await take_in(town.writer, system.actor, delivery, claim(system.actor))
    for dossier in (home.id, new_id()):
        with pytest.raises(NotFoundError):
            await refuse_upload(town.writer, system.actor, dossier)


async def preview(town, home, reader):
    """Look what a consent would change."""
    payload = consent_payload(home, reader, await town.after(home))
    proposed = (await town.sign(home, "consent", **payload)).payload
    entry = PreviewConsent(home.owner.actor, home.id, proposed, "", [reader.id], claim(home.owner.actor))
    assert (await town.writer.submit(entry)).count > 0


async def look_at_case(town, home, reader, system):
    """Look at a case as one who takes part, as its owner, as a stranger, and at one that is not there."""
    work = Work(town)
    await work.vouch(home)
    case = await work.open(reader, home)
    assert (await work.cases.show(home.owner.actor, case_id(case))).relation == "invited"
    await work.accept(home, case)
    for person in (reader, home.owner):
        assert len((await work.cases.show(person.actor, case_id(case))).dossiers) == 1
    stranger = await town.person("Els")
    for actor, wanted in ((stranger.actor, case_id(case)), (system.actor, case_id(case)), (stranger.actor, new_id())):
        with pytest.raises(NotFoundError):
            await work.cases.show(actor, wanted)


class Lying(EventStore):
    """A store that tells one event, or the facts of streams, otherwise than they are."""

    def __init__(self, pool, row=None, alter=None):
        super().__init__(pool)
        self._row, self._alter = row, alter

    async def of_stream(self, stream, after, size):
        rows = await super().of_stream(stream, after, size)
        lie = self._row
        return [lie if lie and (row.stream, row.seq) == (lie.stream, lie.seq) else row for row in rows]

    async def facts(self, stream, cls):
        found = await super().facts(stream, cls)
        return self._alter(found) if self._alter else found


def changed(event, **fields):
    """The event with other values."""
    lists = {field.name for field in event.schema.fields if field.kind == "list"}
    values = {f.name: event.items(f.name) if f.name in lists else event[f.name] for f in event.schema.fields[1:]}
    return make_event(event.schema.id, {name: each for name, each in values.items() if each} | fields)


def lie_about(row, opened, **fields):
    """The row of an event that says something else, with a leaf that commits to it."""
    event = changed(opened.event, **fields)
    commit = commitment(event_digests(opened.seed, event))
    sealed = seal_payload(KEYS.find(row.month), row.stream, row.seq, event, opened.evidence)
    return row._replace(leaf=row.leaf[:65] + commit, sealed=sealed)


async def events_of(pool, kind):
    """Every event of a kind: (row, opened)."""
    store = EventStore(pool)
    rows = [row for stream in await store.streams() for row in await store.of_stream(stream.stream, 0, 500)]
    opened = [(row, open_row(row, KEYS)) for row in rows]
    return [(row, each) for row, each in opened if each and kind_of(each.event) == kind]


async def found_by(store, row):
    """What a replay of the stream says of one event, and the counts."""
    found = await Replayer(store, KEYS, CATALOGUES).run(row.stream)
    return [each.text for each in found.findings if each.seq == row.seq], found


@pytest.mark.parametrize("kind", sorted(JUDGES), ids="-".join)
async def test_honest_decisions_come_out_again(story, pool, kind):
    """P8: all decisions of this kind are made again and none comes out otherwise."""
    found = await Replayer(EventStore(pool), KEYS, CATALOGUES).run()
    assert [str(each) for each in found.findings] == []
    tally = found.kinds[" ".join(kind)]
    assert tally.same > 0
    assert (tally.differing, tally.impossible, tally.erased) == (0, 0, 0)


OUTCOMES = {
    ("decision/v1", "reading"): {"decision": "deny"},
    ("decision/v1", "delivery"): {"code": "blocked"},
    ("decision/v1", "upload"): {"decision": "permit"},
    ("listing/v1", "items"): {"count": 77},
    ("delivery/v1", "delivered"): {"rules": ["ab" * 16]},
    ("delivery/v1", "added"): {"label": "special"},
    ("query/v1", "address"): {"decision": "deny"},
    ("query/v1", "preview"): {"count": 77},
    ("query/v1", "events"): {"decision": "deny"},
    ("query/v1", "case"): {"count": 77},
    ("stopped/v1", "reading"): {"cause": "denied"},
}


@pytest.mark.parametrize("kind", sorted(JUDGES), ids="-".join)
async def test_wrong_outcome_is_named(story, pool, kind):
    """P8: an event of this kind that says another outcome than comes out is named, with the field."""
    row, opened = (await events_of(pool, kind))[0]
    [(field, value)] = OUTCOMES[kind].items()
    if opened.event[field] == str(value):
        value = "permit"
    texts, found = await found_by(Lying(pool, lie_about(row, opened, **{field: value})), row)
    assert any(text.startswith(f"{field} is written as") for text in texts)
    assert found.kinds[" ".join(kind)].differing == 1
    assert not found.ok


def without(*kinds):
    """Facts of these kinds were taken out."""
    return lambda facts: [fact for fact in facts if fact.kind not in kinds]


def admitting(organisation):
    """An admission of this organisation was put in where another one was given."""

    def alter(facts):
        real = next((fact for fact in facts if fact.kind == "source-admission"), None)
        if real is None:
            return facts
        body = {**real.body, "admission": "ab" * 16, "organisation": organisation.hex()}
        new = FactRecord(real.seq, real.ordinal + 1, real.kind, bytes.fromhex("ab" * 16), body)
        return sorted([*facts, new], key=lambda fact: (fact.seq, fact.ordinal))

    return alter


FACTS = {
    ("decision/v1", "reading"): without("consent"),
    ("decision/v1", "delivery"): None,
    ("decision/v1", "upload"): None,
    ("listing/v1", "items"): without("consent"),
    ("delivery/v1", "delivered"): without("source-admission"),
    ("delivery/v1", "added"): without("key-chain"),
    ("query/v1", "address"): without("source-admission"),
    ("query/v1", "preview"): without("item-version"),
    ("query/v1", "events"): without("person-attestation"),
    ("query/v1", "case"): without("case-acceptance"),
    ("stopped/v1", "reading"): without("withdrawal"),
}


@pytest.mark.parametrize("kind", sorted(JUDGES), ids="-".join)
async def test_changed_fact_is_seen(story, pool, kind):
    """P8: when a fact that a decision of this kind rested on is taken out or put in, the decision is named."""
    alter = FACTS[kind] or admitting(story.stranger.id)
    named = []
    for row in {each.stream: each for each, _ in await events_of(pool, kind)}.values():
        found = await Replayer(Lying(pool, alter=alter), KEYS, CATALOGUES).run(row.stream)
        named += [found.kinds[" ".join(kind)]]
    assert sum(tally.differing + tally.impossible for tally in named) > 0


@pytest.mark.parametrize("alter", [without("consent"), without("source-admission")], ids=["consent", "admission"])
async def test_fact_that_is_gone_is_named_where_it_was_made(story, pool, alter):
    """A rule that was taken out of the facts is missed under the event that made it (P8)."""
    found = await Replayer(Lying(pool, alter=alter), KEYS, CATALOGUES).run(story.home.id)
    assert any("that the event made is not there" in each.text for each in found.findings)


@pytest.mark.parametrize("signed, kind", [(True, "withdrawal"), (False, "consent-ended")])
async def test_withdrawal_that_ended_nothing_is_named(town, story, signed, kind):
    """Whoever takes a withdrawal out of the facts gives the consent back: its event says so, also with no fact (P7, P8)."""
    home = await town.dossier(await town.person("Hanneke"))
    consent = await town.give(home, story.reader)
    for _ in range(2):
        await town.withdraw(home, consent, signed=signed)
    honest = await Replayer(EventStore(town.pool), KEYS, CATALOGUES).run(home.id)
    assert [str(each) for each in honest.findings] == []
    found = await Replayer(Lying(town.pool, alter=without(kind)), KEYS, CATALOGUES).run(home.id)
    texts = [each.text for each in found.findings]
    assert [each for each in texts if "withdrawn" in each] == ["the consent that was withdrawn has not ended"] * 2
    assert "the facts are not those that the act makes" in texts


async def test_fact_that_was_changed_or_put_in_is_named(story, pool):
    """A rule of another statement than its event names, or of none, is no rule (P6, P8)."""
    put_in = await Replayer(Lying(pool, alter=admitting(story.stranger.id)), KEYS, CATALOGUES).run(story.home.id)
    wanted = "the fact of kind source-admission is not the statement that the event names"
    assert wanted in [each.text for each in put_in.findings]

    def wider(facts):
        return [
            FactRecord(f.seq, f.ordinal, f.kind, f.subject, {**f.body, "purpose": "care"}) if f.kind == "consent" else f
            for f in facts
        ]

    found = await Replayer(Lying(pool, alter=wider), KEYS, CATALOGUES).run(story.home.id)
    assert "the fact of kind consent is not the statement that the event names" in [e.text for e in found.findings]


async def test_refusal_in_another_stream_is_named(story, pool):
    """A refusal belongs where its owner looks: moved into another stream it is a difference (P4, P8)."""
    replayer = Replayer(EventStore(pool), KEYS, CATALOGUES)
    for kind in sorted(JUDGES):
        row, opened = (await events_of(pool, kind))[0]
        histories = await replayer._of(Seen.of(opened.event), CATALOGUES)
        assert replay(opened.event, opened.evidence, histories, row.stream) == []
        moved = replay(opened.event, opened.evidence, histories, new_id())
        assert [each.field for each in moved] == ["stream"]


async def test_nothing_there_is_no_excuse(story, pool):
    """A refusal that pretends there was no such dossier or item is named: it was there (P9)."""
    pairs = [
        pair
        for kind in (("decision/v1", "delivery"), ("listing/v1", "items"))
        for pair in await events_of(pool, kind)
        if pair[1].event["decision"] == "deny" and pair[1].event.items("positions")
    ]
    assert len(pairs) == 2

    class Later(Lying):
        async def there_since(self, subject):
            since = await super().there_since(subject)
            return None if since is None else since - 10_000

    for row, opened in pairs:
        lie = lie_about(row, opened, positions=[], catalogue="", rules=[], code="no-consent", holdsUntil=0)
        texts, _ = await found_by(Later(pool, lie), row)
        assert any("was there" in text for text in texts)


async def test_item_of_another_person_is_a_correction(story, pool):
    """An item that turns out to be another person's makes the reading of then wrong, and the decision of then right."""
    row, opened = next(
        p for p in await events_of(pool, ("decision/v1", "reading")) if p[1].event["decision"] == "permit"
    )

    def quarantined(facts):
        last = [fact for fact in facts if fact.kind == "item-version" and fact.subject == story.item]
        return [*facts, *(FactRecord(10_000, 0, "quarantine", fact.subject, {"on": True}) for fact in last[:1])]

    found = await Replayer(Lying(pool, alter=quarantined), KEYS, CATALOGUES).run(row.stream)
    assert found.ok
    assert found.kinds["decision/v1 reading"].corrected == 1
    [line] = [each.text for each in found.corrected if each.seq == row.seq and "code" in each.text]
    assert "`quarantined`" in line
    histories = await Replayer(EventStore(pool), KEYS, CATALOGUES)._of(Seen.of(opened.event), CATALOGUES)
    assert replay_corrected(opened.event, opened.evidence, histories, row.stream) == []


def test_every_schema_with_a_decision_has_a_judge():
    """P8: no schema that can say what the engine decided is without a judge, and each says on which facts."""
    decided = {name for name, schema in SCHEMAS.items() if "engine" in schema.positions}
    assert decided == {schema for schema, _ in JUDGES}
    for name, schema in SCHEMAS.items():
        told = {"decision", "rules", "consents", "positions", "catalogue", "engine", "holdsUntil"} & set(
            schema.positions
        )
        assert not told or {"positions", "catalogue", "engine"} <= told, name
        assert len(schema.fields) <= 24
        assert all(schema.fields[schema.positions[each]].audience == {"auditor"} for each in told - {"decision"}), name


def test_every_event_that_the_code_makes_of_such_a_schema_has_a_judge():
    """P8: whoever writes a new kind of decision must say how it is made again: its type is found in the source."""
    decided = {name for name, schema in SCHEMAS.items() if "engine" in schema.positions}
    made = set()
    for path in sorted((ROOT / "dossier").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                made |= {(schema, name) for schema in schemas_in(node) & decided for name in types_in(node)}
    assert made - NO_DECISION <= JUDGES.keys()
    assert JUDGES.keys() <= made, "a judge whose events nobody makes"


def schemas_in(function):
    """The schemas of the events that a function makes."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    named = (call.args[0] for call in calls if getattr(call.func, "id", "") == "make_event" and call.args)
    return {node.value for node in named if isinstance(node, ast.Constant)}


def types_in(function):
    """The codes that a function gives for `type`."""
    tables = (node for node in ast.walk(function) if isinstance(node, ast.Dict))
    values = [v for table in tables for k, v in zip(table.keys, table.values, strict=True) if is_type(k)]
    chosen = [each for v in values for each in ((v.body, v.orelse) if isinstance(v, ast.IfExp) else (v,))]
    return {each.value for each in chosen if isinstance(each, ast.Constant)}


def is_type(node):
    """Whether a key of a table is the word `type`."""
    return isinstance(node, ast.Constant) and node.value == "type"


def test_unknown_decision_is_a_decision():
    """P8: an event that names the engine and has no judge is met, and not passed over."""
    event = make_event("query/v1", {"type": "search", "actor": "ab" * 16, "engine": "1", "time": 1})
    assert is_decision(event)
    assert not is_decision(make_event("stopped/v1", {"type": "consent", "actor": "ab" * 16, "time": 1}))
