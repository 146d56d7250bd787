"""New epochs of section keys, and what is ended without a key."""

import secrets

import pytest

from crypto.capsules import KeyId, seal_capsule
from crypto.encoding import encode_base64, new_id, sha256
from crypto.sections import SectionPlace, section_sealing_key, wrap_section
from crypto.statements import sign
from dossier.dossiers.govern import Govern, Submission
from dossier.dossiers.rotation import NewEpoch, Rotate
from dossier.dossiers.service import Dossiers
from dossier.dossiers.stopping import StopAdmission, StopAuthority
from dossier.dossiers.store import DossierStore, SectionWant
from dossier.epochs.service import Epochs
from dossier.epochs.store import EpochStore
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from dossier.items.store import ItemStore
from dossier.parties.store import PartyStore
from tests.dossier.joint import change, holder, next_list
from tests.dossier.town import claim, now


@pytest.fixture
async def reader(town):
    """A professional."""
    return await town.person("Milan", await town.agency(), "debt-counsellor")


def dossiers_of(town):
    """The service's reads around dossiers."""
    epochs = Epochs(EpochStore(town.pool), town.sharing, ItemStore(town.pool))
    return Dossiers(DossierStore(town.pool), PartyStore(town.pool), town.writer, epochs)


async def current(town, home):
    """The current key of the debts section."""
    async with town.pool.acquire() as connection:
        want = SectionWant(home.id, "debts", "ordinary")
        return (await SectionWant.load(connection, [want]))[want]


async def new_epoch(town, home, served=(), skipped=(), keys=None, **changes):
    """Sign a new epoch of the debts section; `served` are (consent hash, person), `keys` what they get instead."""
    row = await current(town, home)
    place, secret = SectionPlace(home.id, "debts", "ordinary", row.epoch + 1), secrets.token_bytes(32)
    fields = {
        "dossier": home.id.hex(),
        "section": "debts",
        "lane": "ordinary",
        "epoch": place.epoch,
        "previous": row.statement.hex(),
        "publicKey": encode_base64(section_sealing_key(secret, place).public),
        "issuedAt": now(),
        "signer": home.id.hex(),
    } | changes
    key = sign("section-key", fields, home.key)
    capsules = [
        seal_capsule(consent, person.id, person.sealing.public, keys or {KeyId.section(place): secret})
        for consent, person in served
    ]
    rotation = await town.sign(
        home,
        "rotation",
        rotation=new_id(home.id[:2]).hex(),
        sectionKey=key.hash.hex(),
        capsules=[{"grantee": each.grantee.hex(), "hash": sha256(each.encode()).hex()} for each in capsules],
        skipped=[person.id.hex() for person in skipped],
        resealed=0,
    )
    return NewEpoch(key, rotation, capsules, wrap_section(home.root, secret, place))


async def rotate(town, home, epoch, actor=None):
    """Hand a rotation to the writer."""
    actor = actor or home.owner.actor
    return await town.writer.submit(Rotate(actor, home.id, epoch, claim(actor)))


async def test_new_epoch_follows_the_old(town, home):
    """A rotation makes the next epoch the current one."""
    answer = await rotate(town, home, await new_epoch(town, home))
    assert (answer.epoch, (await current(town, home)).epoch) == (1, 1)


async def test_second_key_for_one_epoch_is_refused(town, home):
    """Of two rotations from the same epoch one is let through: compare and swap on the previous statement."""
    first, second = await new_epoch(town, home), await new_epoch(town, home)
    await rotate(town, home, first)
    with pytest.raises(ConflictError):
        await rotate(town, home, second)
    assert (await current(town, home)).statement == first.section_key.hash


async def test_grantee_may_not_be_left_out(town, home, reader):
    """F04: who still may read gets a capsule of the new key or is named as skipped."""
    consent = await town.give(home, reader)
    shared = await town.sharing.consent(consent)
    with pytest.raises(ConflictError) as caught:
        await rotate(town, home, await new_epoch(town, home))
    assert caught.value.code == "left-out"
    await rotate(town, home, await new_epoch(town, home, served=[(shared.hash, reader)]))
    await rotate(town, home, await new_epoch(town, home, skipped=[reader]))
    assert (await current(town, home)).epoch == 2


async def test_holder_who_begins_later_may_not_be_left_out(town, home):
    """Somebody listed for this section from a later date got its key with the list: served or named as skipped too."""
    helper = await town.person("Bea")
    entries = [
        holder(home.owner, "owner"),
        holder(helper, "mandate", full=False, sections=["debts"], **{"from": now() + 3600}),
    ]
    statement = await next_list(town, home, entries, [home.owner])
    key = {KeyId.section(home.place("debts")): home.secrets["debts", "ordinary"]}
    sealed = seal_capsule(statement.hash, helper.id, helper.sealing.public, key)
    await change(town, home, statement, [sealed])
    with pytest.raises(ConflictError) as caught:
        await rotate(town, home, await new_epoch(town, home))
    assert caught.value.code == "left-out"
    await rotate(town, home, await new_epoch(town, home, served=[(statement.hash, helper)]))
    assert (await current(town, home)).epoch == 1


async def test_capsules_hold_the_new_key_alone(town, home, reader):
    """What is sealed with a rotation is the new section key: no key of another kind, place or epoch (P6)."""
    shared = await town.sharing.consent(await town.give(home, reader))
    new = KeyId.section(SectionPlace(home.id, "debts", "ordinary", 1))
    old = KeyId.section(SectionPlace(home.id, "debts", "ordinary", 0))
    elsewhere = KeyId.section(SectionPlace(home.id, "income", "ordinary", 1))
    for names in ([KeyId.dossier_key(home.id, 0)], [old], [elsewhere], [new, KeyId.dossier_root(home.id, 0)]):
        keys = dict.fromkeys(names, b"k" * 32)
        with pytest.raises(InvalidRequestError) as caught:
            await rotate(town, home, await new_epoch(town, home, served=[(shared.hash, reader)], keys=keys))
        assert caught.value.code == "invalid-capsule"
    assert (await current(town, home)).epoch == 0


async def test_capsules_need_a_standing_consent(town, home, reader):
    """Only a grantee of a consent that stands and covers the place is served: no stranger, nobody from before (P7)."""
    consent = await town.give(home, reader)
    shared = await town.sharing.consent(consent)
    stranger = await town.person("Sam")
    for served in ([(shared.hash, reader), (shared.hash, stranger)], [(shared.hash, reader), (b"n" * 32, stranger)]):
        with pytest.raises(InvalidRequestError) as caught:
            await rotate(town, home, await new_epoch(town, home, served=served))
        assert caught.value.code == "invalid-capsule"
    await town.withdraw(home, consent)
    with pytest.raises(ConflictError) as ended:
        await rotate(town, home, await new_epoch(town, home, served=[(shared.hash, reader)]))
    assert ended.value.code == "not-standing"
    assert (await current(town, home)).epoch == 0


async def test_withdrawal_leaves_a_rotation_pending(town, home, reader):
    """After a withdrawal the key that the grantee had waits for a new epoch, until there is one (P7)."""
    dossiers = dossiers_of(town)
    consent = await town.give(home, reader)
    assert (await dossiers.rotations(home.owner.actor, home.id)).rotations == []
    await town.withdraw(home, consent)
    waiting = (await dossiers.rotations(home.owner.actor, home.id)).rotations
    assert [(each.section, each.lane, each.epoch) for each in waiting] == [("debts", "ordinary", 0)]
    await rotate(town, home, await new_epoch(town, home))
    assert (await dossiers.rotations(home.owner.actor, home.id)).rotations == []


async def test_rotation_needs_the_dossier_key(town, home, reader):
    """A section key that another key signed is refused (P6)."""
    epoch = await new_epoch(town, home)
    stranger = await town.dossier(await town.person())
    forged = sign(
        "section-key", dict(epoch.section_key.payload) | {"keyHash": sha256(stranger.key.public).hex()}, stranger.key
    )
    rotation = await town.sign(
        home,
        "rotation",
        rotation=new_id(home.id[:2]).hex(),
        sectionKey=forged.hash.hex(),
        capsules=[],
        skipped=[],
        resealed=0,
    )
    with pytest.raises(InvalidRequestError):
        await rotate(town, home, NewEpoch(forged, rotation, (), b"x"))


async def test_professional_cannot_rotate(town, home, reader):
    """To somebody who holds nothing the dossier is not there (P6)."""
    with pytest.raises(NotFoundError):
        await rotate(town, home, await new_epoch(town, home), reader.actor)


async def test_delivery_to_a_retired_epoch_is_refused(town, home):
    """Deliveries sealed to the old key get a conflict that says to ask for the address again."""
    agency = await town.agency()
    await town.admit(home, agency)
    system = await town.system(agency)
    await rotate(town, home, await new_epoch(town, home))
    with pytest.raises(ConflictError) as caught:
        await town.deliver(home, system)
    assert caught.value.code == "retired-epoch"


async def test_admission_ends_without_a_key(town, home):
    """An admission ends in one step, without a signature; the agency delivers no more (P7)."""
    agency = await town.agency()
    await town.admit(home, agency)
    system = await town.system(agency)
    await town.deliver(home, system)
    state = (await town.writer.look((home.id,))).facts(home.id).value
    admission = bytes.fromhex(state.rules.admissions[0].id)
    owner = home.owner.actor
    await town.writer.submit(StopAdmission(owner, home.id, admission, claim(owner)))
    with pytest.raises(NotFoundError):
        await town.deliver(home, system)
    with pytest.raises(ConflictError):
        await town.writer.submit(StopAdmission(owner, home.id, admission, claim(owner)))


async def test_owner_does_not_step_down(town, home):
    """The owner always keeps authority; nobody else can end it."""
    owner = home.owner.actor
    with pytest.raises(ForbiddenError):
        await town.writer.submit(StopAuthority(owner, home.id, owner.id, claim(owner)))


async def test_stranger_ends_nothing(town, home, reader):
    """To somebody who holds nothing the dossier is not there."""
    actor = reader.actor
    with pytest.raises(NotFoundError):
        await town.writer.submit(StopAuthority(actor, home.id, home.owner.id, claim(actor)))


async def test_second_placement_follows_the_first(town, home):
    """An item that was placed is placed again by naming the statement that placed it; any other is overtaken."""
    item = await town.deliver(home, home.owner)

    async def place(previous, sealed):
        statement = await town.sign(
            home,
            "placement",
            placement=new_id(home.id[:2]).hex(),
            item=item.hex(),
            section="debts",
            lane="ordinary",
            epoch=0,
            label="personal",
            cases=[],
            previous=previous,
            wrapHash=sha256(sealed).hex(),
            after=await town.after(home),
        )
        owner = home.owner.actor
        answer = await town.writer.submit(Govern(owner, home.id, Submission(statement, (), sealed), claim(owner)))
        assert answer.state == "accepted"
        return statement.hash.hex()

    first = await place("", b"sealed once")
    for previous in ("", "ab" * 32):
        with pytest.raises(ConflictError) as caught:
            await place(previous, b"sealed twice")
        assert caught.value.code == "wrong-placement"
    await place(first, b"sealed twice")
    newest = (await ItemStore(town.pool).newest_versions([item]))[item]
    assert newest["placed"][-1][1] == b"sealed twice"
