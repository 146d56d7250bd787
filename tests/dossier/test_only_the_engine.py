"""P2: nothing but the engine decides. With an engine that always says no, or that fails, nothing is released.

The engine is replaced at its steps, which nothing else may call: whoever decided by anything else would still say yes.
"""

import ast
import secrets
from pathlib import Path
from types import SimpleNamespace

import pytest

from consent.clock import deny
from crypto.capsules import KeyId, seal_capsule
from crypto.encoding import new_id
from crypto.statements import sign
from dossier.auditing.service import Auditing
from dossier.auditing.store import EventStore, open_row
from dossier.dossiers.addresses import Ask
from dossier.dossiers.govern import Govern, Submission
from dossier.dossiers.service import Dossiers
from dossier.dossiers.stopping import StopAuthority
from dossier.dossiers.store import DossierStore
from dossier.epochs.service import Epochs
from dossier.epochs.store import EpochStore
from dossier.errors import NotFoundError
from dossier.items.listing import ListRequest
from dossier.items.objects import StoredObjects
from dossier.items.service import ItemLists
from dossier.items.store import ItemStore
from dossier.items.unadmitted import take_in
from dossier.parties.store import PartyStore
from dossier.parties.streamkeys import require_may_check
from dossier.reading.leases import Leases, ReadingStoppedError
from dossier.reading.store import ReadingStore
from dossier.requests.asking import Ask as AskForAccess
from dossier.requests.service import Requests
from dossier.requests.store import RequestStore
from dossier.sharing.previews import PreviewConsent
from dossier.sharing.service import Sharing
from tests.audit.town import KEYS
from tests.dossier.casework import CATALOGUE, request_of
from tests.dossier.test_succession import change, holder, next_list
from tests.dossier.town import claim, now, running_town, seal_delivery

ROOT = Path(__file__).parents[2]
ASKS_THE_ENGINE = {
    "consent/search.py",
    "dossier/auditing/judges.py",
    "dossier/items/admitting.py",
    "dossier/reading/context.py",
    "dossier/reading/entry.py",
    "dossier/sharing/opening.py",
}
"""Modules that call `decide`; all others decide by asking one of them."""


@pytest.fixture(scope="module")
async def town(pool):
    async with running_town(pool, replays=False) as running:
        yield running


@pytest.fixture(scope="module")
async def world(town, tmp_path_factory):
    """A dossier where everything is permitted to somebody, and everything that answers questions about it."""
    agency, owner = await town.agency(), await town.person("Sanne")
    system, reader = await town.system(agency), await town.person("Ahmed", agency, "debt-counsellor")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    item = await town.deliver(home, system)
    consent = await town.give(home, reader)
    pool, writer = town.pool, town.writer
    answer = await town.read(reader, item)
    asked = request_of(home, reader)
    await writer.submit(AskForAccess(reader.actor, asked, b"", CATALOGUE, claim(reader.actor)))
    parties = PartyStore(pool)
    return SimpleNamespace(
        town=town,
        home=home,
        owner=owner,
        reader=reader,
        system=system,
        item=item,
        consent=consent,
        reading=bytes.fromhex(answer.reading),
        lists=ItemLists(ItemStore(pool), writer),
        leases=Leases(writer, ReadingStore(pool), StoredObjects.in_folder(tmp_path_factory.mktemp("o")), town.uses),
        dossiers=Dossiers(DossierStore(pool), parties, writer, Epochs(EpochStore(pool), town.sharing, ItemStore(pool))),
        auditing=Auditing(EventStore(pool), parties, writer, KEYS),
        sharing=Sharing(town.sharing, writer),
        requests=Requests(RequestStore(pool), parties, writer),
    )


async def read(world):
    return await world.town.read(world.reader, world.item)


async def read_own(world):
    return await world.town.read(world.owner, world.item, purpose="", reason="")


async def listed(world):
    return await world.lists.page(
        world.reader.actor, ListRequest(world.home.id, role=world.reader.role, purpose="debt-help")
    )


async def listed_own(world):
    return await world.lists.page(world.owner.actor, ListRequest(world.home.id))


async def delivered(world):
    delivery = seal_delivery(world.home, world.system, b"x", "debts", item=new_id(world.home.id[:2]))
    return await take_in(world.town.writer, world.system.actor, delivery, claim(world.system.actor))


async def upload(world):
    await world.dossiers.may_add(world.system.actor, world.home.id)
    return True


async def addressed(world):
    if await world.town.writer.submit(Ask(world.system.actor, world.home.id, secrets.token_bytes(16))) is None:
        raise NotFoundError
    return True


async def previewed(world):
    entry = PreviewConsent(world.owner.actor, world.home.id, None, world.consent.hex(), [], claim(world.owner.actor))
    return await world.town.writer.submit(entry)


async def shown(world):
    return await world.dossiers.show(world.owner.actor, world.home.id)


async def statements(world):
    return await world.dossiers.statements(world.owner.actor, world.home.id)


async def rotations(world):
    return await world.dossiers.rotations(world.owner.actor, world.home.id)


async def events(world):
    return await world.auditing.of_dossier(world.owner.actor, world.home.id, 0, 100)


async def stream_keys(world):
    view = await world.town.writer.look((world.home.id, world.owner.id))
    require_may_check(view, world.owner.actor, world.home.id)
    return True


async def consents(world):
    return await world.sharing.consents(world.owner.actor, world.home.id)


async def capsules(world):
    return await world.sharing.capsules(world.owner.actor, world.consent)


async def capsules_of_grantee(world):
    return await world.sharing.capsules(world.reader.actor, world.consent)


async def consents_of_grantee(world):
    return await world.sharing.consents(world.reader.actor, world.home.id)


async def requests(world):
    return await world.requests.of_dossier(world.owner.actor, world.home.id)


async def requests_of_mine(world):
    found = (await world.requests.mine(world.owner.actor)).requests
    if not found:
        raise NotFoundError
    return found


RELEASES = [
    read,
    read_own,
    listed,
    listed_own,
    delivered,
    upload,
    addressed,
    previewed,
    shown,
    statements,
    rotations,
    events,
    stream_keys,
    consents,
    consents_of_grantee,
    capsules,
    capsules_of_grantee,
    requests,
    requests_of_mine,
]


def always_no(_request, _facts, clock):
    """A step that refuses everything."""
    return deny(10, "no-consent", clock)


def broken(_request, _facts, _clock):
    """A step that fails."""
    raise RuntimeError("broken")


@pytest.mark.parametrize("release", RELEASES, ids=lambda each: each.__name__)
async def test_permitted_by_the_engine(world, release):
    """P2: with the engine as it is, each of these gives what is asked (else their refusals below would say nothing)."""
    assert await release(world)


@pytest.mark.parametrize("step", [always_no, broken], ids=lambda each: each.__name__)
@pytest.mark.parametrize("release", RELEASES, ids=lambda each: each.__name__)
async def test_nothing_without_the_engine(world, monkeypatch, release, step):
    """P2, P9: whatever answers with content, lists or state refuses when the engine says no, and when it fails."""
    monkeypatch.setattr("consent.engine.STEPS", (step,))
    with pytest.raises(NotFoundError):
        await release(world)


async def test_failing_engine_is_written_down(world, monkeypatch):
    """P9: an engine that fails is a refusal with reason `indeterminate`, written down as any other (P4)."""
    monkeypatch.setattr("consent.engine.STEPS", (broken,))
    for release in (read, listed, delivered):
        with pytest.raises(NotFoundError):
            await release(world)
    store = EventStore(world.town.pool)
    for stream, kinds in (
        (world.reader.id, ["decision/v1", "listing/v1"]),
        (world.system.organisation, ["decision/v1"]),
    ):
        rows = await store.of_stream(stream, 0, 500)
        events_ = [open_row(row, KEYS).event for row in rows][-len(kinds) :]
        assert [event.schema.id for event in events_] == kinds
        assert {(event["decision"], event["code"]) for event in events_} == {("deny", "indeterminate")}


@pytest.mark.parametrize("step", [always_no, broken], ids=lambda each: each.__name__)
async def test_reading_under_way_is_stopped(world, monkeypatch, step):
    """P2: the next range of a reading is decided again once a fact has moved, and stops when the engine says no."""
    answer = await read(world)
    reading = bytes.fromhex(answer.reading)
    await world.leases.open_range(world.reader.actor, reading, 0, (0, None))
    await world.town.deliver(world.home, world.system)
    monkeypatch.setattr("consent.engine.STEPS", (step,))
    with pytest.raises(ReadingStoppedError):
        await world.leases.open_range(world.reader.actor, reading, 0, (0, None))


async def test_blocked_mandate_shows_nothing(town):
    """Who is blocked sees nothing of a dossier under a mandate either, and can still end their own part (P2, P7)."""
    home, helper = await town.dossier(await town.person("Ruth")), await town.person("Vera")
    dossiers = Dossiers(DossierStore(town.pool), PartyStore(town.pool), town.writer, None)
    statement = await next_list(town, home, [holder(home.owner, "owner"), holder(helper, "mandate")], [home.owner])
    keys = {KeyId.dossier_key(home.id, 0): home.key.seed, KeyId.dossier_root(home.id, 0): home.root}
    await change(town, home, statement, [seal_capsule(statement.hash, helper.id, helper.sealing.public, keys)])
    assert await dossiers.statements(helper.actor, home.id)
    signer = {"signer": home.owner.id.hex(), "issuedAt": now(), "capacity": "owner", "dossier": home.id.hex()}
    fields = {"block": new_id(home.id[:2]).hex(), "person": helper.id.hex(), "from": 0, "until": now() + 3600}
    block = sign("block", signer | fields, home.owner.signing)
    await town.writer.submit(Govern(home.owner.actor, home.id, Submission(block), claim(home.owner.actor)))
    with pytest.raises(NotFoundError):
        await dossiers.statements(helper.actor, home.id)
    ended = await town.writer.submit(StopAuthority(helper.actor, home.id, helper.id, claim(helper.actor)))
    assert ended.subject == helper.id.hex()


def test_few_ask_the_engine():
    """P2: `decide` is called in few places, all known; and its steps are nobody else's."""
    asking, stepping = set(), set()
    for package in ("consent", "dossier", "web"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            tree = ast.parse(path.read_text("utf-8"))
            imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            names = {alias.name for node in imports if node.module == "consent.engine" for alias in node.names}
            if "decide" in names and not name.startswith(("web/bench/", "consent/__init__")):
                asking.add(name)
            if names - {"decide", "ENGINE_VERSION"}:
                stepping.add(name)
    assert asking == ASKS_THE_ENGINE
    assert stepping == set()
