"""Whose signatures a reader accepts: those that the pinned chains of dossier and persons bear out."""

from __future__ import annotations

import pytest

from crypto.capsules import KeyId, seal_capsule
from crypto.encoding import encode_base64, new_id
from crypto.errors import MalformedError, PinError, SignatureError
from crypto.headers import parse_header
from crypto.keys import SealingKey, SigningKey
from crypto.statements import sign
from crypto.unlock import Identity as Pairs
from dossier.client import sharing
from dossier.client.enrolment import first_keys, next_keys
from dossier.client.errors import UntrustedError
from dossier.client.listed import consents
from dossier.client.making import Identity
from dossier.client.opened import OpenedItem, RejectedItem
from dossier.client.owner import Owner
from dossier.client.parties import Pins
from dossier.client.professional import item_key_from
from dossier.client.reading import Asked
from dossier.client.signers import SLACK, Signers
from tests.dossier.shownworld import NOBODY, NOW, Person, World, citizen

SEED = SigningKey.generate()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def listed(world, author, client=None):
    _sealed, shown = world.record(author)
    world.answers.paths[f"/v1/dossiers/{world.dossier.hex()}/items"] = {"items": [shown]}
    (found,) = (client or world.client()).items(world.dossier, Asked("debt-help"))
    return found


def test_only_the_owner_writes_as_a_person(world):
    """A record of the owner opens; one of a citizen whom the service invented is no record, keys or not (R9)."""
    world.show(world.consent(world.owner))
    assert isinstance(listed(world, world.owner), OpenedItem)
    found = listed(world, citizen(world.answers))
    assert isinstance(found, RejectedItem)
    assert "owner" in found.reason


def test_without_a_consent_nobody_writes_as_a_person(world):
    """Where nothing shows whose dossier it is, no person's record is accepted, not even the owner's (R9)."""
    assert isinstance(listed(world, world.owner), RejectedItem)


def test_another_chain_of_the_dossier_blocks(world):
    """A dossier chain of the service's own making, naming its own citizen as owner, blocks once the true one was seen."""
    client, stranger = world.client(), citizen(world.answers)
    world.show(world.consent(world.owner))
    assert isinstance(listed(world, world.owner, client), OpenedItem)
    other = sign("dossier-key", _invented(world, stranger), SEED)
    world.show(world.consent(stranger), statements=[other])
    client.keys.clear()
    assert isinstance(listed(world, stranger, client), RejectedItem)
    with pytest.raises(PinError):
        world.fetch(client.pins)


def _invented(world, stranger):
    payload = dict(world.chain.statements[0].payload)
    payload.pop("keyHash")
    return payload | {"owner": stranger.id.hex(), "key": encode_base64(SEED.public)}


def test_pins_of_dossiers_are_kept(world):
    """What was pinned of a dossier goes through the key store and back."""
    pins = Pins()
    world.show(world.consent(world.owner))
    world.fetch(pins)
    assert pins.dossiers == {world.dossier.hex(): world.chain.head.hex()}
    assert Pins.from_state(pins.to_state()) == pins


def test_an_answer_of_another_dossier_is_refused(world):
    """Who asks for an item of one dossier does not take an answer of another."""
    client = world.client()
    identifier = new_id()
    world.answers.paths[f"/v1/items/{identifier.hex()}/readings"] = {"dossier": new_id().hex()}
    with pytest.raises(UntrustedError, match="another dossier"):
        client.read(identifier, Asked("debt-help"), world.dossier)
    client.seen[identifier] = world.dossier
    with pytest.raises(UntrustedError, match="another dossier"):
        client.read(identifier, Asked("debt-help"))


def test_forged_consents_give_no_keys(world):
    """Keys are taken from consents that the owner's key signed; forged ones beside them change nothing (R2, R14)."""
    good, stranger = world.consent(world.owner), citizen(world.answers)
    forged = (
        world.consent(world.owner, SigningKey.generate()),
        world.consent(stranger),
        world.consent(world.owner, dossier=new_id().hex()),
    )
    world.show(*forged)
    assert world.fetch().capsules == []
    world.show(*forged[:1], good, *forged[1:])
    assert [each.statement_hash for each in world.fetch().capsules] == [good.hash]


def test_capsules_of_other_statements_give_no_keys(world):
    """A capsule that is bound to another statement than the consent it is shown with is passed over (R2)."""
    world.show(world.consent(world.owner), bound=b"\2" * 32)
    assert world.fetch().capsules == []


def test_malformed_capsules_hide_nothing(world):
    """A capsule that does not parse is passed over; the good one beside it counts."""
    statement = world.consent(world.owner)
    world.show(statement)
    shown = world.answers.paths[f"/v1/consents/{statement.payload['consent']}/capsules"]
    shown["capsules"].insert(0, {"grantee": world.reader.id.hex(), "capsule": encode_base64(b"no capsule")})
    assert len(world.fetch().capsules) == 1


def test_a_consent_outlives_its_key(world):
    """What was signed before the owner replaced their keys still verifies."""
    statement, pairs = world.consent(world.owner), Pairs(SigningKey.generate(), SealingKey.generate())
    later = next_keys(world.owner.chain, world.owner.identity.signing, pairs, NOW + 1)
    shown = world.answers.paths[f"/v1/persons/{world.owner.id.hex()}/keys"]
    shown["chains"][0]["statements"].append(encode_base64(later.envelope))
    world.show(statement)
    assert len(world.fetch().capsules) == 1


def test_nothing_is_signed_about_a_forged_consent(world):
    """The owner's client signs no withdrawal over a statement that is not what it says (R2); a sign-in still ends it."""
    owner = Owner(world.answers, world.owner.identity, NOBODY)
    world.show(world.consent(world.owner), world.consent(world.owner, SigningKey.generate()))
    good, forged = consents(world.answers, world.dossier)
    with pytest.raises(SignatureError):
        sharing.withdraw(owner, forged)
    assert world.answers.sent == []
    sharing.withdraw(owner, good)
    assert len(world.answers.sent) == 1


def test_ones_own_chain_is_pinned_from_the_start(world):
    """A replaced chain of the one who signs blocks, though nothing was fetched before."""
    signers = Signers.of(world.answers, world.owner.identity)
    other = citizen(world.answers)
    path = f"/v1/persons/{world.owner.id.hex()}/keys"
    pairs = Pairs(SigningKey.generate(), SealingKey.generate())
    replaced = first_keys(world.owner.id, b"", pairs, b"\0" * 32, NOW)
    world.answers.paths[path]["chains"][0]["statements"] = [encode_base64(replaced.envelope)]
    with pytest.raises(PinError):
        signers.chain(world.owner.id)
    world.answers.paths[path] = world.answers.paths[f"/v1/persons/{other.id.hex()}/keys"]
    with pytest.raises((PinError, MalformedError)):
        signers.chain(world.owner.id)


def test_a_bad_capsule_hides_no_good_one(world):
    """A capsule that opens to nothing, or to another key, does not keep the next one from being used (P1, R14)."""
    sealed, shown = world.record(world.owner)
    header, place = parse_header(sealed.header), KeyId.section(world.section.place)
    public, grantee = world.reader.identity.sealing.public, world.reader.id
    statement = world.consent(world.owner)
    bogus = seal_capsule(statement.hash, grantee, public, {KeyId.item(header): b"\4" * 32})
    other = seal_capsule(statement.hash, grantee, SealingKey.generate().public, {place: b"\4" * 32})
    good = seal_capsule(statement.hash, grantee, public, {place: world.secret})
    found = item_key_from([bogus, other, good], world.reader.identity, header, shown)
    assert found is not None
    assert item_key_from([bogus, other], world.reader.identity, header, shown) is None
    shown["capsules"] = [encode_base64(b"none"), encode_base64(bogus.encode()), encode_base64(good.encode())]
    world.show(statement, capsules=False)
    assert world.client()._item_key(header, shown) == found


def replaced(world, person, at):
    """Give a citizen new keys as of an instant; return the person with the new identity."""
    pairs = Pairs(SigningKey.generate(), SealingKey.generate())
    later = next_keys(person.chain, person.identity.signing, pairs, at)
    shown = world.answers.paths[f"/v1/persons/{person.id.hex()}/keys"]
    shown["chains"][0]["statements"].append(encode_base64(later.envelope))
    return Person(Identity(person.id, b"", pairs.signing, pairs.sealing, later.hash), later)


def test_a_replaced_key_signs_nothing_new(world):
    """A key that was replaced counts for what was signed while it stood, and for nothing signed later (R2, R14)."""
    old = world.owner
    before, after = world.consent(old), world.consent(old, issuedAt=NOW + 2 * SLACK + 2)
    replaced(world, old, NOW + SLACK)
    signers = Signers(world.answers, Pins())
    signers.check_consent(before, world.dossier, world.chain)
    with pytest.raises(PinError, match="did not stand"):
        signers.check_consent(after, world.dossier, world.chain)


def test_a_new_key_signs_nothing_old(world):
    """A key that did not stand yet does not count for what says that it is older."""
    new = replaced(world, world.owner, NOW + 2 * SLACK)
    with pytest.raises(PinError, match="did not stand"):
        Signers(world.answers, Pins()).check_consent(world.consent(new), world.dossier, world.chain)


def test_ones_own_records_outlive_ones_keys(world):
    """What an owner wrote before their keys were replaced is still a record, to the owner and to a reader."""
    sealed, shown = world.record(world.owner)
    new = replaced(world, world.owner, NOW + 1)
    world.show(world.consent(new, issuedAt=NOW + 1))
    owner = Owner(world.answers, new.identity, NOBODY)
    assert owner._author_key(sealed.header.payload, world.held) == world.owner.identity.signing.public
    assert world.client()._author_key(sealed.header.payload) == world.owner.identity.signing.public
    stranger = citizen(world.answers)
    forged, _shown = world.record(stranger)
    with pytest.raises(PinError):
        owner._author_key(forged.header.payload, world.held)
    assert shown["item"] == sealed.item.hex()
