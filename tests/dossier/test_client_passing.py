"""Keys that follow a consent: what each member lacks, what a colleague can pass on, and how it is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.capsules import KeyId, open_capsule, parse_capsule, seal_capsule
from crypto.encoding import decode_base64, encode_base64, new_id
from crypto.keys import SealingKey
from crypto.statements import sign
from dossier.client import passing
from dossier.client.groups import Group, Recipient
from dossier.client.listed import consents
from dossier.client.listing import list_named
from dossier.client.making import START
from dossier.client.owner import Owner
from dossier.client.parties import Pins
from dossier.client.passing import Missing, find_missing, pass_on, serve
from tests.dossier.shownworld import NOBODY, NOW, World


class Held:
    """A dossier whose section secret is in hand."""

    def __init__(self, world):
        self.dossier, self.world, self.statements = world.dossier, world, ()
        self.sections = {("debts", "ordinary", 0): world.section}

    def secret(self, place):
        assert place == self.world.section.place
        return self.world.secret


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.place = KeyId.section(made.section.place)
    made.actor = Owner(made.answers, made.owner.identity, NOBODY)
    return made


def given(world, *, later=True, **changes):
    """A consent that is shown and stands, with a capsule for the reader."""
    grantee = {"kind": "role", "person": "", "organisation": "44" * 16, "role": "debt-counsellor"}
    grantee |= {"case": "", "system": "", "laterMembers": later}
    world.show(world.consent(world.owner, **({"grantee": grantee} | changes)))
    (shown,) = consents(world.answers, world.dossier)
    return shown


def member(world, *, known=False, **changes):
    pair = world.reader.identity.sealing if known else SealingKey.generate()
    made = Recipient("person", world.reader.id if known else new_id(), b"", "", pair.public, b"\5" * 32)
    return replace(made, **changes), pair


def test_who_lacks_keys_is_found(world):
    """A member without a capsule waits; one with all keys does not."""
    shown, (late, _), (known, _) = given(world), member(world), member(world, known=True)
    (missing,) = find_missing(world.actor, Held(world), shown, [late, known], {})
    assert missing.member == late
    assert missing.keys == {world.place: world.secret}


def test_who_is_shut_out_gets_no_keys(world):
    """A block of a named person keeps every key from them, in whatever role they are; its end lets them wait again."""
    shown, (late, _), held = given(world), member(world), Held(world)
    common = {"block": "77" * 16, "dossier": world.dossier.hex(), "capacity": "owner"}
    common |= {"signer": world.owner.id.hex(), "issuedAt": NOW}
    fields = {"person": late.id.hex(), "from": NOW - 1, "until": NOW + 1}
    block = sign("block", common | fields, world.owner.identity.signing)
    held.statements = (block,)
    assert find_missing(world.actor, held, shown, [late], {}) == []
    assert Group("role", members=(late,)).without({late.id}).members == ()
    held.statements = (block, sign("block-end", common | {"after": START}, world.owner.identity.signing))
    assert len(find_missing(world.actor, held, shown, [late], {})) == 1


def test_new_keys_are_served_anew(world):
    """A member whose keys were replaced after the consent waits, until they were served from here."""
    shown, (new, _) = given(world), member(world, known=True, since=NOW + 1)
    (missing,) = find_missing(world.actor, Held(world), shown, [new], {})
    served = {missing.where: new.head.hex()}
    assert find_missing(world.actor, Held(world), shown, [new], served) == []
    again = replace(new, head=b"\6" * 32)
    assert len(find_missing(world.actor, Held(world), shown, [again], served)) == 1


def test_nothing_follows_what_has_ended(world):
    """An ended consent and a denial open nothing to anybody."""
    shown, (late, _) = given(world), member(world)
    for other in (replace(shown, state="withdrawn"), replace(shown, consent=replace(shown.consent, effect="deny"))):
        assert find_missing(world.actor, Held(world), other, [late], {}) == []


def test_listing_alone_needs_no_keys(world):
    """A consent that lets nobody read comes with no keys."""
    shown, (late, _) = given(world, actions=["list"]), member(world)
    assert find_missing(world.actor, Held(world), shown, [late], {}) == []


def test_a_colleague_passes_on_their_own(world):
    """A holder of the consent gives others the keys that verified for themselves, once; not themselves."""
    shown, (late, pair), (known, _) = given(world), member(world), member(world, known=True)
    shared = world.fetch()
    (missing,) = pass_on(world.reader.identity, shown, shared, [], [late, known], {})
    world.answers.paths[f"/v1/consents/{shown.consent.id}/capsules"] = {"added": 1}
    assert serve(world.answers, [missing]) == [{"added": 1}]
    (sent,) = world.answers.sent[0][1]["capsules"]
    capsule = parse_capsule(decode_base64(sent))
    assert (capsule.statement_hash, capsule.grantee) == (shown.statement.hash, late.id)
    assert open_capsule(capsule, pair, dict(shared.sections)) == {world.place: world.secret}
    assert pass_on(world.reader.identity, shown, shared, [], [late], {missing.where: late.head.hex()}) == []


def test_without_later_members_nothing_is_passed_on(world):
    """A consent that does not include later members is the holder's of the dossier alone to extend (P6)."""
    shown, (late, _) = given(world, later=False), member(world)
    assert pass_on(world.reader.identity, shown, world.fetch(), [], [late], {}) == []


def test_keys_that_do_not_verify_are_not_passed_on(world):
    """What came as a key and is not the one that the dossier signed goes to nobody (R14)."""
    shown, (late, _) = given(world), member(world)
    shared = world.fetch()
    public = world.reader.identity.sealing.public
    bogus = seal_capsule(shown.statement.hash, world.reader.id, public, {world.place: b"\7" * 32})
    shared.capsules[:] = [bogus]
    assert pass_on(world.reader.identity, shown, shared, [], [late], {}) == []


def test_many_keys_go_in_rounds(world, monkeypatch):
    """Who waits for more keys than a capsule holds gets several, each in a request of its own."""
    monkeypatch.setattr(passing, "MAX_KEYS", 2)
    shown, (late, _) = given(world), member(world)
    keys = {replace_epoch(world, epoch): bytes([epoch]) * 32 for epoch in range(5)}
    world.answers.paths[f"/v1/consents/{shown.consent.id}/capsules"] = {"added": 1}
    assert len(serve(world.answers, [Missing(shown, late, keys)])) == 3
    sent = [parse_capsule(decode_base64(each)) for _, body in world.answers.sent for each in body["capsules"]]
    assert [len(each.key_ids) for each in sent] == [2, 2, 1]
    assert {key_id for each in sent for key_id in each.key_ids} == set(keys)


def replace_epoch(world, epoch):
    return KeyId.section(replace(world.section.place, epoch=epoch))


def test_the_list_shows_the_same(world):
    """What is passed on belongs to a consent that verified in the list."""
    shown = given(world)
    entry = world.answers.paths[f"/v1/dossiers/{world.dossier.hex()}/consents"]["consents"][0]
    entry["consent"] = shown.consent.id
    (listed,) = list_named(world.answers, world.dossier, Pins())
    assert encode_base64(listed.statement.envelope) == encode_base64(shown.statement.envelope)
