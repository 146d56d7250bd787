"""P2: nothing but the engine decides. With an engine that always says no, or that fails, nothing is released.

The engine is replaced at its steps, which nothing else may call: whoever decided by anything else would still say yes.
"""

import ast
import json
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
from dossier.errors import ForbiddenError, NotFoundError
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
from dossier.requests.asking import HiddenRequest
from dossier.requests.service import Requests
from dossier.requests.store import RequestStore
from dossier.sharing.adding import AddCapsules
from dossier.sharing.previews import PreviewConsent
from dossier.sharing.service import Sharing
from tests.audit.town import KEYS
from tests.dossier.casework import CATALOGUE, Work, case_id, request_of
from tests.dossier.test_succession import change, holder, next_list
from tests.dossier.town import claim, now, running_town, seal_delivery

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "adr" / "0444-who-decides-each-route.md"
ASKS_THE_ENGINE = {
    "consent/search.py",
    "dossier/auditing/looking.py",
    "dossier/auditing/judges.py",
    "dossier/cases/knowing.py",
    "dossier/items/admitting.py",
    "dossier/reading/context.py",
    "dossier/reading/entry.py",
    "dossier/sharing/opening.py",
}
"""Modules that call `decide`; all others decide by asking one of them."""


DECIDES = {"decide", "decide_case", "decide_audit"}
VALUES = {"ENGINE_VERSION", "ASK", "SEE", "AUDITOR", "CaseFacts", "CaseRequest"}


@pytest.fixture(scope="module")
async def town(pool):
    async with running_town(pool, replays=False) as running:
        yield running


@pytest.fixture(scope="module")
async def world(town, tmp_path_factory):
    """A dossier where everything is permitted to somebody, and everything that answers questions about it."""
    agency, owner, supervisor = await town.agency(), await town.person("Sanne"), await town.agency()
    auditor = await town.person("Iris", supervisor, "auditor")
    await town.pool.execute(
        "INSERT INTO dossier.organisation VALUES (audit.bucket($1), $1, 'Toezicht', 'supervisor', '', $2)",
        supervisor.id,
        now(),
    )
    system, reader = await town.system(agency), await town.person("Ahmed", agency, "debt-counsellor")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    item = await town.deliver(home, system)
    consent = await town.give(home, reader)
    pool, writer = town.pool, town.writer
    answer = await town.read(reader, item)
    asked = request_of(home, reader)
    await writer.submit(AskForAccess(reader.actor, asked, b"", CATALOGUE, claim(reader.actor)))
    parties, work = PartyStore(pool), Work(town)
    colleague = await town.person("Fatima", agency, "debt-counsellor")
    role = {"kind": "role", "person": "", "organisation": agency.id.hex(), "role": reader.role, "case": ""}
    of_role = await work.give(home, reader, grantee=role | {"system": "", "laterMembers": True})
    await work.vouch(home)
    case, invitation = await work.open(reader, home), await work.open(reader, home)
    await work.accept(home, case)
    return SimpleNamespace(
        work=work,
        case=case,
        invitation=invitation,
        auditor=auditor,
        colleague=colleague,
        of_role=of_role,
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


async def holder_capsules(world):
    return await world.dossiers.capsules(world.owner.actor, world.home.id)


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


async def asked(world):
    return await ask(world)


async def asked_in_a_case(world):
    return await ask(world, case=world.case.payload["case"])


async def ask(world, **context):
    """Ask for access; the service answers one whom it hides the dossier from as if there were none."""
    done = (await world.work.ask(world.home, world.reader, **context))[0]
    if isinstance(done, HiddenRequest):
        raise NotFoundError
    return done


async def case_of_participant(world):
    return await show_case(world, world.reader, world.case, "participant", 1)


async def case_of_owner(world):
    return await show_case(world, world.owner, world.case, "owner", 1)


async def case_of_the_invited(world):
    return await show_case(world, world.owner, world.invitation, "invited", 0)


async def show_case(world, who, case, relation, dossiers):
    """Show a case to somebody, as what they are to it and with as many dossiers."""
    shown = await world.work.cases.show(who.actor, case_id(case))
    assert (shown.relation, len(shown.dossiers)) == (relation, dossiers)
    return shown


async def cases(world):
    found = [*(await world.work.cases.mine(world.reader.actor)).cases]
    found += (await world.work.cases.mine(world.owner.actor)).cases
    if not found:
        raise NotFoundError
    return found


async def keys_added(world):
    return await add_keys(world, world.owner)


async def keys_passed_on(world):
    return await add_keys(world, world.reader)


async def add_keys(world, who):
    """Add keys for a colleague to a consent for their role."""
    row, colleague = await world.town.sharing.consent(world.of_role), world.colleague
    keys = {KeyId.section(world.home.place("debts")): world.home.secrets["debts", "ordinary"]}
    capsule = seal_capsule(row.hash, colleague.id, colleague.sealing.public, keys)
    return await world.town.writer.submit(AddCapsules(who.actor, row, [capsule], claim(who.actor)))


async def audited(world):
    try:
        return await world.auditing.of_all(world.auditor.actor, 0, 10, world.home.id)
    except ForbiddenError as error:
        raise NotFoundError from error


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
    holder_capsules,
    rotations,
    events,
    stream_keys,
    consents,
    consents_of_grantee,
    capsules,
    capsules_of_grantee,
    requests,
    requests_of_mine,
    asked,
    asked_in_a_case,
    case_of_participant,
    case_of_owner,
    case_of_the_invited,
    cases,
    keys_added,
    keys_passed_on,
    audited,
]


STEPS = ("consent.engine.STEPS", "consent.looks.CASE_STEPS", "consent.looks.AUDIT_STEPS")
"""Where the engine's steps stand: those for items, for cases, for the log."""


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
    for steps in STEPS:
        monkeypatch.setattr(steps, (step,))
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
            modules = ("consent.engine", "consent.looks")
            names = {alias.name for node in imports if node.module in modules for alias in node.names}
            if names & DECIDES and not name.startswith(("web/bench/", "consent/__init__")):
                asking.add(name)
            if names - DECIDES - VALUES:
                stepping.add(name)
    assert asking == ASKS_THE_ENGINE
    assert stepping == set()


ENGINE, OWN, PUBLIC = "engine", "own", "public"


def classes():
    """What the table says: operation -> class."""
    rows = [line.split("|")[1:4] for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| `")]
    found = [(operation.strip(" `"), kind.strip()) for operation, kind, _ground in rows]
    assert len(dict(found)) == len(found), "an operation stands in the table twice"
    return dict(found)


def test_every_route_that_shows_something_has_a_class():
    """P2: each GET and HEAD of the description is public, one's own, or decided by the engine; the table says which."""
    paths = json.loads((ROOT / "web" / "openapi.json").read_text("utf-8"))["paths"]
    shown = {operation["operationId"] for path in paths.values() for name, operation in path.items() if name in SHOWS}
    told = classes()
    acts = {operation["operationId"] for path in paths.values() for name, operation in path.items() if name in ACTS}
    assert shown <= told.keys() <= shown | acts
    assert set(told.values()) == {ENGINE, OWN, PUBLIC}


def test_every_route_of_the_engine_is_tried():
    """P2: for each operation that the engine decides there is a release above that it refuses."""
    assert {name for name, kind in classes().items() if kind == ENGINE} == TRIED.keys()
    tried = {each for releases in TRIED.values() for each in releases}
    assert tried == {*RELEASES, test_reading_under_way_is_stopped}


SHOWS, ACTS = ("get", "head"), ("post", "put", "patch", "delete")
TRIED = {
    "openReading": [read, read_own],
    "listItems": [listed, listed_own],
    "deliverItem": [delivered],
    "beginUpload": [upload],
    "findDossier": [addressed],
    "previewConsent": [previewed],
    "showDossier": [shown],
    "listStatements": [statements],
    "listHolderCapsules": [holder_capsules],
    "listRotations": [rotations],
    "listDossierEvents": [events],
    "showStreamKeys": [stream_keys],
    "listConsents": [consents, consents_of_grantee],
    "listCapsules": [capsules, capsules_of_grantee],
    "addCapsules": [keys_added, keys_passed_on],
    "listAccessRequests": [requests, requests_of_mine],
    "askAccess": [asked, asked_in_a_case],
    "showCase": [case_of_participant, case_of_owner, case_of_the_invited],
    "listCases": [cases],
    "listEvents": [audited],
    "showReading": [test_reading_under_way_is_stopped],
    "readContent": [test_reading_under_way_is_stopped],
    "readPart": [test_reading_under_way_is_stopped],
}
"""The releases that stand for each operation."""
