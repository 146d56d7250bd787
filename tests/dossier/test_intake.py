"""Taking in items: what is refused, and that a refusal stores nothing."""

import dataclasses
import json
import secrets

import pytest

from audit.entry import Fact
from crypto.encoding import encode_base64, new_id, sha256
from crypto.headers import parse_header
from crypto.statements import parse_statement
from dossier.dossiers.govern import Govern, Submission
from dossier.dossiers.statements import read_statement
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from dossier.items.delivery import SealedPart
from dossier.items.intake import Deliver
from dossier.items.store import ItemStore, ItemWant
from dossier.items.unadmitted import take_in
from tests.dossier.town import Seed, claim, now, seal_delivery
from tests.values import replace


@pytest.fixture
async def agency(town):
    """An agency of its own."""
    return await town.agency()


@pytest.fixture
async def system(town, agency, home):
    """A system of the agency, admitted to the dossier."""
    await town.admit(home, agency)
    return await town.system(agency)


def sealed(home, author, **options):
    """Something sealed for the debts section."""
    item = options.pop("item", None) or new_id(home.id[:2])
    return seal_delivery(home, author, options.pop("content", b"een brief"), options.pop("section", "debts"), item=item)


async def send(town, actor, delivery, **options):
    """Hand a delivery to the writer."""
    return await town.writer.submit(Deliver(actor, delivery, claim(actor, **options)))


async def stored(town, home):
    """How many events, versions and parts there are."""
    head = (await town.writer.look((home.id,))).head(home.id)
    rows = await town.pool.fetchrow(
        "SELECT (SELECT count(*) FROM dossier.item_version) AS versions, (SELECT count(*) FROM dossier.part) AS parts"
    )
    return head.seq, rows["versions"], rows["parts"]


async def assert_refused(town, home, actor, delivery, error, code=None):
    """Assert that a delivery is refused with this error and that nothing was stored."""
    before = await stored(town, home)
    with pytest.raises(error) as caught:
        await send(town, actor, delivery)
    assert code is None or caught.value.code == code
    assert await stored(town, home) == before


async def test_delivered_item_stands_in_the_dossier(town, home, system):
    """A delivery makes a version with its header hash as a fact of the dossier's own stream (P5)."""
    delivery = sealed(home, system)
    answer = await send(town, system.actor, delivery)
    header = parse_header(delivery.header)
    async with town.pool.acquire() as connection:
        want = ItemWant(home.id, header.core.item)
        state = (await ItemWant.load(connection, [want]))[want]
    assert (answer.item, answer.version) == (header.core.item.hex(), 1)
    assert (state.header, state.facts.section, state.facts.source) == (
        header.hash.hex(),
        "debts",
        system.organisation.hex(),
    )


async def test_same_key_and_body_is_one_record(town, home, system):
    """N72: the same idempotency key and body give the same answer and one record."""
    delivery, key = sealed(home, system), secrets.token_bytes(16)
    first = await send(town, system.actor, delivery, key=key, body=b"same")
    before = await stored(town, home)
    again = await send(town, system.actor, delivery, key=key, body=b"same")
    assert again == first
    assert await stored(town, home) == before


async def test_same_version_under_another_key_is_refused(town, home, system):
    """F15: a duplicate that comes under another idempotency key is one record all the same."""
    delivery = sealed(home, system)
    await send(town, system.actor, delivery)
    await assert_refused(town, home, system.actor, delivery, ConflictError, "wrong-version")


async def test_agency_without_admission_learns_nothing(town, home, agency):
    """N71: not admitted and a guessed dossier give the same not-found (P6)."""
    stranger, before = await town.system(agency), await stored(town, home)
    guessed = dataclasses.replace(home, id=new_id(), items={})
    refusals = []
    for place in (home, guessed):
        with pytest.raises(NotFoundError) as caught:
            await take_in(town.writer, stranger.actor, sealed(place, stranger), claim(stranger.actor))
        refusals.append((type(caught.value), caught.value.code, str(caught.value)))
    assert refusals[0] == refusals[1]
    assert (await stored(town, home))[1:] == before[1:]


async def test_items_that_nobody_signed_are_refused(town, home, system):
    """N34: correctly sealed and addressed, a header without signature, or with another's, is no item."""
    delivery = sealed(home, system)
    envelope = json.loads(delivery.header.envelope)
    for signatures in ([], [{"sig": ""}], [{"sig": "AAAA"}], None):
        bare = json.dumps(envelope | {"signatures": signatures}, separators=(",", ":"), sort_keys=True).encode()
        with pytest.raises(InvalidRequestError):
            read_statement(encode_base64(bare), "item-header")
    stranger = parse_statement(sealed(home, await town.system(await town.agency())).header.envelope)
    for taken in (stranger.signatures, ()):
        bad = dataclasses.replace(delivery, header=replace(delivery.header, signatures=taken))
        await assert_refused(town, home, system.actor, bad, ForbiddenError, "wrong-author")


async def test_items_signed_by_another_system_are_refused(town, home, system, agency):
    """N70: a token of one system with items signed by another is refused."""
    other = await town.system(agency)
    await assert_refused(town, home, other.actor, sealed(home, system), ForbiddenError, "wrong-author")


@pytest.mark.parametrize("age", [0, 3_600, 10**7])
async def test_items_signed_after_the_keys_end_are_refused(town, home, system, agency, age):
    """N79: replaced, over or taken away, a key signs nothing from that event on, whatever time the header claims."""
    before = sealed(home, system, issued=now() - age)
    await send(town, system.actor, before)
    late = [sealed(home, system, issued=now() - age) for _ in range(3)]
    newer = await town.system(agency, system)
    await assert_refused(town, home, system.actor, late[0], NotFoundError)
    await send(town, newer.actor, sealed(home, newer))
    over = await town.system(agency, system, until=now() - 1)
    await assert_refused(town, home, over.actor, sealed(home, over, issued=now() - age), NotFoundError)
    gone = Fact("rules", "system-end", system.id, {"system": system.id.hex()})
    await town.writer.submit(Seed(agency.id, "organisation", (gone,)))
    await assert_refused(town, home, system.actor, late[1], NotFoundError)
    with pytest.raises(NotFoundError):
        await take_in(town.writer, system.actor, late[2], claim(system.actor))


async def test_ciphertext_under_a_new_signature_is_refused(town, home, system):
    """N74: somebody else's ciphertext does not become mine by signing it: the header's author is in the core."""
    agency = await town.agency()
    await town.admit(home, agency)
    thief = await town.system(agency)
    taken = sealed(home, system)
    mine = sealed(home, thief, item=parse_header(taken.header).core.item)
    mixed = dataclasses.replace(mine, sealed_key=taken.sealed_key, parts=taken.parts)
    await assert_refused(town, home, thief.actor, mixed, InvalidRequestError, "wrong-hash")


@pytest.mark.parametrize("field", ["sealed_key", "sealed_metadata"])
async def test_changed_bytes_are_refused(town, home, system, field):
    """One changed byte in what is sealed differs from the signed header."""
    delivery = sealed(home, system)
    changed = bytearray(getattr(delivery, field))
    changed[-1] ^= 1
    bad = dataclasses.replace(delivery, **{field: bytes(changed)})
    await assert_refused(town, home, system.actor, bad, InvalidRequestError, "wrong-hash")


@pytest.mark.parametrize("parts", [[], [SealedPart(b"x")], [SealedPart(b"x"), SealedPart(b"y")]])
async def test_other_parts_are_refused(town, home, system, parts):
    """Missing, other and surplus parts differ from the signed header."""
    bad = dataclasses.replace(sealed(home, system), parts=parts)
    await assert_refused(town, home, system.actor, bad, InvalidRequestError, "wrong-hash")


async def test_item_of_another_bucket_is_refused(town, home, system):
    """An item's id carries the bucket of its dossier."""
    wrong = bytes([home.id[0] ^ 1]) + home.id[1:2] + secrets.token_bytes(14)
    await assert_refused(
        town, home, system.actor, sealed(home, system, item=wrong), InvalidRequestError, "wrong-dossier"
    )


async def test_first_version_is_number_one(town, home, system):
    """A version without the one before it is refused."""
    delivery = sealed(home, system)
    header = parse_header(delivery.header)
    assert header.core.version == 1
    await send(town, system.actor, delivery)
    other = sealed(home, system, item=header.core.item)
    await assert_refused(town, home, system.actor, other, ConflictError, "wrong-version")


async def follow_up(town, home, author, item, **options):
    """The next version of an item as its source seals it."""
    options = {"section": "debts", **options}
    return seal_delivery(home, author, b"verbeterd", options.pop("section"), item=item, **options)


@pytest.mark.parametrize(
    "other", [{"section": "income"}, {"lane": "confidential"}, {"label": "special"}, {"kind": "decision"}]
)
async def test_later_version_stays_where_the_item_stands(town, home, system, other):
    """A correction carries an item to no other section, lane, label or type: only its holders move it (P6)."""
    first = sealed(home, system)
    await send(town, system.actor, first)
    before = parse_header(first.header)
    moved = await follow_up(town, home, system, before.core.item, before=before, **other)
    await assert_refused(town, home, system.actor, moved, ConflictError, "other-place")
    same = await follow_up(town, home, system, before.core.item, before=before)
    assert (await send(town, system.actor, same)).version == 2


async def test_later_version_follows_the_item_to_its_new_place(town, home, system):
    """Where a holder moved an item its next version is sealed too: readers there could open no other (design 4)."""
    first = sealed(home, system)
    await send(town, system.actor, first)
    before = parse_header(first.header)
    await place(town, home, before, section="income")
    old = await follow_up(town, home, system, before.core.item, before=before)
    await assert_refused(town, home, system.actor, old, ConflictError, "other-place")
    new = await follow_up(town, home, system, before.core.item, before=before, section="income")
    assert (await send(town, system.actor, new)).version == 2


async def place(town, home, header, **changes):
    """Move an item as its owner does."""
    fields = {
        "placement": new_id(home.id[:2]).hex(),
        "item": header.core.item.hex(),
        "section": "debts",
        "lane": "ordinary",
        "label": "personal",
        "cases": [],
        "epoch": 0,
        "previous": "",
        "wrapHash": sha256(b"sealed").hex(),
        "after": await town.after(home),
    } | changes
    statement = await town.sign(home, "placement", **fields)
    owner = home.owner.actor
    await town.writer.submit(Govern(owner, home.id, Submission(statement, (), b"sealed"), claim(owner)))


async def test_other_agency_cannot_follow_up(town, home, system):
    """N75: nobody but the source makes the next version; to others the item is not there."""
    delivery = sealed(home, system)
    await send(town, system.actor, delivery)
    agency = await town.agency()
    await town.admit(home, agency)
    other = await town.system(agency)
    follow = sealed(home, other, item=parse_header(delivery.header).core.item)
    await assert_refused(town, home, other.actor, follow, NotFoundError)


async def test_unknown_section_is_refused(town, home, system):
    """A section that the dossier has no key for takes nothing."""
    home.secrets["housing", "ordinary"] = secrets.token_bytes(32)
    delivery = sealed(home, system, section="housing")
    await assert_refused(town, home, system.actor, delivery, InvalidRequestError, "unknown-section")


@pytest.mark.parametrize("code", [{"kind": "unheard-of"}, {"label": "unheard-of"}, {"section": "unheard-of"}])
@pytest.mark.parametrize("admitted", [True, False])
async def test_unknown_code_is_malformed(town, home, system, admitted, code):
    """A type, label or section that no catalogue has is 400 for an admitted agency and for a stranger alike (N54, P9)."""
    home.secrets["unheard-of", "ordinary"] = secrets.token_bytes(32)
    sender = system if admitted else await town.system(await town.agency())
    delivery = seal_delivery(home, sender, b"x", **({"section": "debts"} | code), item=new_id(home.id[:2]))
    await assert_refused(town, home, sender.actor, delivery, InvalidRequestError, "unknown-code")


async def test_key_that_the_dossier_never_had_is_refused(town, home, system):
    """N23: a section key other than the dossier's current one is refused, with a code that says to ask again."""
    home.secrets["debts", "ordinary"] = secrets.token_bytes(32)
    await assert_refused(town, home, system.actor, sealed(home, system), ConflictError, "retired-epoch")


async def test_owner_adds_an_item(town, home):
    """The owner adds items without anybody's leave."""
    answer = await send(town, home.owner.actor, sealed(home, home.owner))
    assert answer.version == 1


async def test_unknown_upload_is_refused(town, home, system):
    """A part that names an upload which never was is refused."""
    delivery = seal_delivery(home, system, b"x", "debts", item=new_id(home.id[:2]), uploads=[new_id(home.id[:2])])
    await assert_refused(town, home, system.actor, delivery, InvalidRequestError, "unknown-upload")


async def test_states_are_read_from_facts(town, home, system):
    """Items that were delivered are found again from the fact rows alone."""
    item = await town.deliver(home, system)
    position = (await town.writer.look((home.id,))).head(home.id).items.seq
    assert item in await ItemStore(town.pool).since(home.id, 0, position)
