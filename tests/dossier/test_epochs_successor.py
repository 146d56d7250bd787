"""The next dossier key: what must come with it, and what is refused."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

import pytest

from crypto.capsules import KeyId, seal_capsule
from crypto.chains import verify_dossier_chain, verify_key_chain
from crypto.dossierkeys import DossierKeys
from crypto.encoding import new_id, sha256
from crypto.keys import SigningKey
from crypto.sections import SectionPlace, wrap_section
from crypto.statements import parse_statement, sign
from dossier.client.authority import check_authority_lists
from dossier.client.making import Identity, holder_capsule, next_authority, next_dossier_key, section_key
from dossier.dossiers.rotation import NewEpoch
from dossier.dossiers.statements import MAX_NUMBER
from dossier.dossiers.stopping import StopAuthority
from dossier.dossiers.store import DossierStore
from dossier.epochs.service import Epochs
from dossier.epochs.store import EpochStore
from dossier.epochs.successor import NewKey, Succeed, SucceededError
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError, StaleError
from dossier.items.store import ItemStore
from tests.dossier.test_succession import capsule_for, change, holder, next_list
from tests.dossier.town import LANES, SECTIONS, claim, now


def identity(person):
    """A person as their client holds their keys."""
    return Identity(person.id, b"", person.signing, person.sealing, person.chain.hash)


def entry(person, capacity="owner", **changes):
    """An entry as `holder` makes it."""
    return holder(person, capacity, **changes)


@dataclass
class Making:
    """A succession on its way: every part may be changed before it is put together."""

    home: object
    state: object
    after: dict
    by: object
    holders: list
    old: SigningKey
    fields: dict = field(default_factory=dict)
    keys: DossierKeys = field(default_factory=lambda: DossierKeys(secrets.token_bytes(32), secrets.token_bytes(32)))
    lanes: tuple = LANES
    signing_seed: bytes = b""
    full: list = field(default_factory=list)

    async def put_together(self, town):
        """The new key with all that belongs to it."""
        home, sequence = self.home, self.state.key_sequence + 1
        previous = await self.last(town, "dossier-key")
        stream = self.fields.pop("streamKeyHash", None) or sha256(home.stream_key).hex()
        key = next_dossier_key(previous, self.old.seed, self.keys, stream, now())
        if self.fields:
            key = sign("dossier-key", {**key.payload, **self.fields}, self.old)
        seed = self.signing_seed or self.keys.signing_seed
        listed = next_authority(
            await self.last(town, "authority-list"), self.holders, identity(self.by), seed, self.after, now()
        )
        capsules = [
            holder_capsule(listed, each.id, each.sealing.public, home.id, self.keys, sequence) for each in self.full
        ]
        places = [home.place(section, lane) for section in SECTIONS for lane in self.lanes]
        wraps = {
            (each.section, each.lane, each.epoch): wrap_section(
                self.keys.root, home.secrets[each.section, each.lane], each
            )
            for each in places
        }
        return NewKey(key, listed, capsules, wraps, [await self.epoch(town, each) for each in places])

    async def last(self, town, kind):
        return parse_statement((await DossierStore(town.pool).statements(self.home.id, [kind]))[-1])

    async def epoch(self, town, place):
        rows = await DossierStore(town.pool).section_keys(self.home.id)
        row = [each for each in rows if (each.section, each.lane) == (place.section, place.lane)][-1]
        following = SectionPlace(place.dossier, place.section, place.lane, row.epoch + 1)
        key, wrapped = section_key(self.keys, following, row.statement.hex(), now())
        rotation = await town.sign(
            self.home,
            "rotation",
            self.by,
            rotation=new_id(self.home.id[:2]).hex(),
            sectionKey=key.hash.hex(),
            capsules=[],
            skipped=[],
            resealed=0,
            capacity=next(each["capacity"] for each in self.holders if each["person"] == self.by.id.hex()),
        )
        return NewEpoch(key, rotation, (), wrapped)


async def making(town, home, by=None, holders=None, full=None, **changes):
    """Begin a succession by the owner, or somebody else, for those who stand."""
    state = (await town.writer.look((home.id,))).facts(home.id).value
    by = by or home.owner
    made = Making(home, state, await town.after(home), by, holders or [entry(home.owner)], home.key, **changes)
    made.full = full or [home.owner]
    return made


async def succeed(town, made, new=None, actor=None):
    """Hand it to the writer."""
    actor = actor or made.by.actor
    new = new or await made.put_together(town)
    return await town.writer.submit(Succeed(actor, made.home.id, new, claim(actor)))


async def state_of(town, home):
    return (await town.writer.look((home.id,))).facts(home.id).value


async def test_new_key_stands_with_all_that_belongs_to_it(town, home):
    """After it key, root and every section are new; a delivery to an old epoch is refused (P6)."""
    system = await town.system(agency := await town.agency())
    await town.admit(home, agency)
    made = await making(town, home)
    answer = await succeed(town, made)
    state = await state_of(town, home)
    assert (answer.state, state.key_sequence, state.authority_sequence) == ("accepted", 1, 1)
    assert state.key == SigningKey.from_seed(made.keys.signing_seed).public
    rows = await DossierStore(town.pool).section_keys(home.id)
    assert {(row.epoch, row.sequence) for row in rows} == {(0, 1), (1, 1)}
    assert len(state.rules.admissions) == 1
    with pytest.raises(ConflictError) as caught:
        await town.deliver(home, system)
    assert caught.value.code == "retired-epoch"


async def test_second_of_two_hears_which_key_stands(town, home):
    """Compare and swap on the statement before: the later of two is refused with the present key."""
    first, second = await making(town, home), await making(town, home)
    other = await second.put_together(town)
    await succeed(town, first)
    with pytest.raises(SucceededError) as caught:
        await succeed(town, second, other)
    state = await state_of(town, home)
    assert caught.value.extra == {"current": {"sequence": 1, "statement": state.key_head}}


async def test_successor_is_signed_by_the_key_before(town, home):
    """Another key's signature makes no successor, not even the new key's own (P6)."""
    for stranger in (SigningKey.generate(), None):
        made = await making(town, home)
        made.old = stranger or SigningKey.from_seed(made.keys.signing_seed)
        with pytest.raises(InvalidRequestError) as caught:
            await succeed(town, made)
        assert caught.value.code == "wrong-signer"


async def test_list_is_signed_by_the_new_key(town, home):
    """The list that comes with it counts under the new key alone."""
    with pytest.raises(ForbiddenError):
        await succeed(town, await making(town, home, signing_seed=home.key.seed))


@pytest.mark.parametrize(
    "change, code",
    [
        ({"owner": "ab" * 16}, "wrong-dossier"),
        ({"nature": "business"}, "wrong-dossier"),
        ({"previous": "ab" * 32}, "wrong-sequence"),
        ({"sequence": 2}, "wrong-sequence"),
        ({"streamKeyHash": "ab" * 32}, "other-stream-key"),
        ({"issuedAt": 1}, "stale-time"),
    ],
)
async def test_fields_of_the_successor(town, home, change, code):
    """It names the dossier's owner, nature, place in the chain, the stream key that stands, and its own time."""
    made = await making(town, home)
    made.fields = change
    with pytest.raises((InvalidRequestError, ConflictError)) as caught:
        await succeed(town, made)
    assert caught.value.code == code
    assert (await state_of(town, home)).key_sequence == 0


async def test_nothing_is_left_out(town, home):
    """A wrap, a section, a capsule that is missing, or one too many: refused, and nothing changed."""
    whole = await (await making(town, home)).put_together(town)
    some = dict(list(whole.wraps.items())[1:])
    parts = [
        replace(whole, wraps=some),
        replace(whole, wraps={**whole.wraps, ("debts", "ordinary", MAX_NUMBER): b"x"}),
        replace(whole, epochs=whole.epochs[1:]),
        replace(whole, epochs=[*whole.epochs, whole.epochs[0]]),
        replace(whole, capsules=()),
    ]
    for new in parts:
        with pytest.raises(InvalidRequestError):
            await succeed(town, await making(town, home), new)
    assert (await state_of(town, home)).key_sequence == 0


async def test_list_changes_nobody(town, home):
    """A list that adds somebody goes the ordinary way, not with a new key (P6)."""
    friend = await town.person("Daniël")
    holders = [entry(home.owner), entry(friend, "mandate")]
    with pytest.raises(ConflictError) as caught:
        await succeed(town, await making(town, home, holders=holders, full=[home.owner, friend]))
    assert caught.value.code == "other-holders"


async def test_every_full_holder_gets_the_keys(town, home):
    """Whoever makes the new key cannot leave out another full holder, nor slip the keys to a stranger."""
    friend = await town.person("Daniël")
    holders = [entry(home.owner), entry(friend, "mandate")]
    statement = await next_list(town, home, holders, [home.owner])
    await change(town, home, statement, [capsule_for(home, statement, friend)])
    made = await making(town, home, holders=holders, full=[home.owner])
    with pytest.raises(InvalidRequestError) as caught:
        await succeed(town, made)
    assert caught.value.code == "left-out"
    stranger = await town.person("Sam")
    made = await making(town, home, holders=holders, full=[home.owner, friend, stranger])
    with pytest.raises(InvalidRequestError) as caught:
        await succeed(town, made)
    assert caught.value.code == "invalid-capsule"


async def test_stale_rules_are_refused(town, home):
    """What changed after the signer looked makes the list stale: look again."""
    made = await making(town, home)
    new = await made.put_together(town)
    await town.admit(home, await town.agency())
    with pytest.raises(StaleError):
        await succeed(town, made, new)


async def test_who_was_ended_replaces_no_key(town, home):
    """A former full holder, who has the old key, makes no successor: to them there is no dossier (P6)."""
    friend = await town.person("Daniël")
    holders = [entry(home.owner), entry(friend, "mandate")]
    statement = await next_list(town, home, holders, [home.owner])
    await change(town, home, statement, [capsule_for(home, statement, friend)])
    made = await making(town, home, by=friend, holders=holders, full=[home.owner, friend])
    new = await made.put_together(town)
    await town.writer.submit(StopAuthority(home.owner.actor, home.id, friend.id, claim(home.owner.actor)))
    with pytest.raises(NotFoundError):
        await succeed(town, made, new)


async def test_one_of_two_is_enough_where_nothing_changes(town, home):
    """With a threshold of two one holder makes the new key: the list says what it said, and readers take it so."""
    partner = await town.person("Daniël")
    holders = [entry(home.owner, threshold=2), entry(partner, "legal-representative", threshold=2)]
    statement = await next_list(town, home, holders, [home.owner])
    await change(town, home, statement, [capsule_for(home, statement, partner)])
    made = await making(town, home, holders=holders, full=[home.owner, partner])
    await succeed(town, made)
    read = [
        parse_statement(each)
        for each in await DossierStore(town.pool).statements(home.id, ["dossier-key", "authority-list"])
    ]
    chain = verify_dossier_chain([each for each in read if each.kind == "dossier-key"], home.id)
    people = {each.id: verify_key_chain([each.chain], each.id) for each in (home.owner, partner)}
    authority = check_authority_lists(read, chain, people.__getitem__)
    assert len(authority.lists) == 3


async def test_representative_has_no_say_over_the_vault(town, home):
    """A full holder who is not the owner brings no vault key, and is not asked for one."""
    friend = await town.person("Daniël")
    holders = [entry(home.owner), entry(friend, "legal-representative")]
    statement = await next_list(town, home, holders, [home.owner])
    await change(town, home, statement, [capsule_for(home, statement, friend)])
    both = [home.owner, friend]
    with pytest.raises((ForbiddenError, InvalidRequestError)):
        await succeed(town, await making(town, home, by=friend, holders=holders, full=both))
    made = await making(town, home, by=friend, holders=holders, full=both, lanes=("ordinary", "confidential"))
    assert (await succeed(town, made)).state == "accepted"
    rows = await DossierStore(town.pool).section_keys(home.id)
    assert {(row.epoch, row.sequence) for row in rows if row.lane == "vault"} == {(0, 0)}


async def test_limited_holder_gets_sections_in_scope_alone(town, home):
    """A capsule that comes with a list holds no more than the entry covers: no root, no other section, no vault (P6)."""
    friend = await town.person("Daniël")
    holders = [entry(home.owner), entry(friend, "mandate", full=False, sections=["debts"])]
    statement = await next_list(town, home, holders, [home.owner])
    bad = [
        KeyId.dossier_root(home.id, 0),
        KeyId.section(home.place("income")),
        KeyId.section(home.place("debts", "vault")),
    ]
    for key_id in bad:
        capsule = seal_capsule(statement.hash, friend.id, friend.sealing.public, {key_id: b"k" * 32})
        with pytest.raises(InvalidRequestError) as caught:
            await change(town, home, statement, [capsule])
        assert caught.value.code == "invalid-capsule"
    good = {KeyId.section(home.place("debts")): home.secrets["debts", "ordinary"]}
    await change(town, home, statement, [seal_capsule(statement.hash, friend.id, friend.sealing.public, good)])
    epochs = Epochs(EpochStore(town.pool), town.sharing, ItemStore(town.pool))
    found = await epochs.rotations(await town.writer.look((home.id,)), home.id, vault=True)
    assert [(each.section, each.lane, each.grantee, each.subject) for each in found.holders] == [
        ("debts", "ordinary", friend.id.hex(), home.id.hex())
    ]
    assert found.rotations == []
