"""Who may have signed for an owner: what readers make of authority lists, and of those whom no list names."""

from __future__ import annotations

import pytest

from crypto.capsules import KeyId, seal_capsule
from crypto.encoding import encode_base64
from crypto.errors import PinError, SignatureError
from crypto.keys import SigningKey
from crypto.statements import cosign, sign
from crypto.unlock import Identity as Pairs
from dossier.client.authority import SLACK, check_authority_lists
from dossier.client.enrolment import first_keys
from dossier.client.opened import OpenedItem, RejectedItem
from dossier.client.parties import Pins
from dossier.client.reading import Asked
from dossier.client.signers import Signers
from tests.dossier.shownworld import NOW, World, citizen


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def helper(world):
    """Somebody who holds the debts section under a mandate."""
    return citizen(world.answers)


def entry(person, **changes):
    """A holder of the debts section, now."""
    return {
        "person": person.id.hex(),
        "chainHead": person.chain.hash.hex(),
        "capacity": "mandate",
        "sections": ["debts"],
        "full": False,
        "threshold": 1,
        "from": NOW - 10**6,
        "until": NOW + 10**6,
    } | changes


def appoint(world, *entries, key=None, actors=None, **changes):
    """Put the next authority list among what the dossier shows: the owner, and these."""
    lists = [one for one in world.statements if one.kind == "authority-list"]
    acting = actors or [world.owner]
    payload = {
        "dossier": world.dossier.hex(),
        "sequence": len(lists),
        "previous": lists[-1].hash.hex(),
        "holders": [lists[0].payload["holders"][0], *entries],
        "actors": [{"person": each.id.hex(), "keyHash": each.identity.key_hash} for each in acting],
        "after": {"seq": 2 * len(lists), "leaf": "11" * 32},
        "issuedAt": NOW,
        "signer": world.dossier.hex(),
    } | changes
    statement = sign("authority-list", payload, key or SigningKey.from_seed(world.made.keys.signing_seed))
    for each in acting:
        statement = cosign(statement, each.identity.signing)
    world.statements.append(statement)
    return statement


def given(world, signer, position=4, **changes):
    """A consent by a holder under a mandate."""
    after = {"seq": position, "leaf": "22" * 32}
    return world.consent(signer, capacity="mandate", after=after, **changes)


def listed(world, author, at=NOW):
    """What a reader makes of a record by this author."""
    _sealed, shown = world.record(author, at)
    world.answers.paths[f"/v1/dossiers/{world.dossier.hex()}/items"] = {"items": [shown]}
    (found,) = world.client().items(world.dossier, Asked("debt-help"))
    return found


def reason(found):
    """Why a record was refused."""
    assert isinstance(found, RejectedItem)
    return found.reason


def lists_of(world):
    """The lists as a client verifies them."""
    return check_authority_lists(world.statements, world.chain, Signers(world.answers, Pins()).chain)


def test_a_holder_writes_and_gives(world, helper):
    """Somebody on a list that the dossier's key signed may author a record, and give a consent, in their section."""
    appoint(world, entry(helper))
    world.show(given(world, helper))
    assert isinstance(listed(world, helper), OpenedItem)
    assert isinstance(listed(world, world.owner), OpenedItem)


def test_an_invented_representative_is_refused(world, helper):
    """A citizen whom no list names can neither write nor give, whatever the service says of them (R9, P6)."""
    world.show(world.consent(world.owner), given(world, helper))
    assert len(world.fetch().given) == 1
    assert "neither owner nor a holder" in reason(listed(world, helper))
    world.show(given(world, helper))
    assert "no key of this item" in reason(listed(world, world.owner))


def test_keys_of_an_invented_consent_open_nothing(world, helper):
    """A key that comes with an answer counts only if its consent was given by somebody who could (P6)."""
    world.show(world.consent(world.owner), capsules=False)
    _sealed, shown = world.record(world.owner)
    keys = {KeyId.section(world.section.place): world.secret}
    capsule = seal_capsule(given(world, helper).hash, world.reader.id, world.reader.identity.sealing.public, keys)
    shown["capsules"] = [encode_base64(capsule.encode())]
    world.answers.paths[f"/v1/dossiers/{world.dossier.hex()}/items"] = {"items": [shown]}
    (found,) = world.client().items(world.dossier, Asked("debt-help"))
    assert "nobody with authority" in reason(found)


@pytest.mark.parametrize("period", [{"until": NOW - SLACK}, {"from": NOW + SLACK + 1}])
def test_a_holder_out_of_time_is_refused(world, helper, period):
    """Whose time on the list was over, or had not begun, signed nothing that counts (P6)."""
    appoint(world, entry(helper, **period))
    world.show(world.consent(world.owner, after={"seq": 4, "leaf": "22" * 32}), given(world, helper))
    assert len(world.fetch().given) == 1
    assert "neither owner nor a holder" in reason(listed(world, helper))


def test_a_holder_of_another_section_is_refused(world, helper):
    """A mandate for health says nothing of debts (P6)."""
    appoint(world, entry(helper, sections=["health"]))
    world.show(world.consent(world.owner), given(world, helper))
    assert len(world.fetch().given) == 1
    assert "neither owner nor a holder" in reason(listed(world, helper))


def test_a_list_by_another_key_blocks(world, helper):
    """A list that no key of the dossier signed is no list: all of what it comes with is refused (P6)."""
    appoint(world, entry(helper), key=SigningKey.generate())
    world.show(world.consent(world.owner))
    with pytest.raises(PinError, match="no key of the dossier"):
        world.fetch()
    assert isinstance(listed(world, helper), RejectedItem)


def test_a_list_by_others_than_full_holders_blocks(world, helper):
    """Who holds a section alone does not change the list, though somebody lent them the dossier's key (P6)."""
    appoint(world, entry(helper))
    appoint(world, entry(helper, full=True), actors=[helper])
    world.show(world.consent(world.owner))
    with pytest.raises(PinError, match="full holders"):
        world.fetch()


def test_a_list_without_a_signature_of_who_acts_blocks(world, helper):
    """The dossier's key alone changes no list: those who act sign it too (P6)."""
    made = appoint(world, entry(helper))
    world.statements[-1] = sign("authority-list", made.payload, SigningKey.from_seed(world.made.keys.signing_seed))
    world.show(world.consent(world.owner))
    with pytest.raises(SignatureError):
        world.fetch()


def test_a_stale_list_blocks(world, helper):
    """Once a newer list was seen, an older one alone does not bring an ended holder back (P6)."""
    pins, old = Pins(), [*world.statements]
    appoint(world, entry(helper))
    before = [*world.statements]
    appoint(world)
    world.show(world.consent(world.owner))
    world.fetch(pins)
    for statements in (before, old):
        world.show(world.consent(world.owner), statements=statements)
        with pytest.raises(PinError, match="do not follow"):
            world.fetch(pins)
    assert Pins.from_state(pins.to_state()) == pins


def test_what_was_signed_before_the_end_counts(world, helper):
    """A consent stands by the list of its position: before the next list it counts, after it no more (P6)."""
    appoint(world, entry(helper))
    appoint(world)
    world.show(given(world, helper, position=4))
    assert len(world.fetch().given) == 1
    world.show(given(world, helper, position=5))
    assert world.fetch().given == {}


def test_a_former_holder_writes_nothing_new(world, helper):
    """A record authored long after the list that ended its author is refused."""
    appoint(world, entry(helper))
    appoint(world, issuedAt=NOW + 10**4)
    world.show(world.consent(world.owner))
    assert isinstance(listed(world, helper), OpenedItem)
    assert isinstance(listed(world, world.owner, NOW + 10**5), OpenedItem)
    assert "neither owner nor a holder" in reason(listed(world, helper, NOW + 10**5))


def test_as_many_sign_as_the_list_wants(world, helper):
    """A consent under a threshold of two counts with the other's countersignature, and not with one's own (P6)."""
    other = citizen(world.answers)
    appoint(world, entry(helper, threshold=2), entry(other))
    consent = given(world, helper)
    world.show(consent)
    assert world.fetch().given == {}
    for signer, count in ((helper, 0), (other, 1)):
        fields = {
            "proposal": consent.hash.hex(),
            "dossier": world.dossier.hex(),
            "after": {"seq": 6, "leaf": "33" * 32},
            "signer": signer.id.hex(),
            "issuedAt": NOW,
            "capacity": "mandate",
        }
        countersigned = sign("countersignature", fields, signer.identity.signing)
        world.show(consent, statements=[*world.statements, countersigned])
        assert len(world.fetch().given) == count


def test_the_chain_of_a_holder_is_the_listed_one(world, helper):
    """Keys that the service made up for a listed holder do not count: the list names the chain (R2)."""
    other = citizen(world.answers)
    appoint(world, entry(helper, chainHead=other.chain.hash.hex()))
    world.show(world.consent(world.owner), given(world, helper))
    assert len(world.fetch().given) == 1
    assert "do not follow" in reason(listed(world, helper))


def test_a_consent_of_items_counts_where_its_signer_holds(world, helper):
    """Where a consent lists items alone, it counts in the sections of the one who gave it and in no other."""
    appoint(world, entry(helper))
    items = {name: [] for name in ("sections", "lanes", "types", "sources")} | {"items": ["ab" * 16]}
    scope = items | {"case": "", "labelCeiling": "", "dataFrom": 0, "dataUntil": 0}
    statement = given(world, helper, scope=scope)
    world.show(statement)
    assert world.fetch().given == {statement.hash: frozenset({"debts"})}
    assert world.fetch().usable(world.fetch().capsules, "health") == []


def test_lists_with_a_gap_are_refused(world, helper):
    """Every list names the one before it: none can be left out or put elsewhere."""
    made = appoint(world, entry(helper))
    signers = {person.id: person for person in (world.owner, helper)}
    assert made.payload["sequence"] == 1
    for statements in ([made], [], [*world.statements[:2], appoint(world, previous="00" * 32)]):
        with pytest.raises(PinError):
            check_authority_lists(statements, world.chain, signers.__getitem__)


def test_another_chain_of_the_owner_is_refused_at_first_contact(world):
    """Keys that the service made up for the owner count for nothing: the owner's own signed the first list (R2)."""
    stranger = citizen(world.answers)
    pairs = Pairs(stranger.identity.signing, stranger.identity.sealing)
    invented = first_keys(world.owner.id, b"", pairs, b"\0" * 32, NOW)
    shown = world.answers.paths[f"/v1/persons/{world.owner.id.hex()}/keys"]
    shown["chains"][0]["statements"] = [encode_base64(invented.envelope)]
    world.show(world.consent(world.owner, stranger.identity.signing))
    with pytest.raises(SignatureError):
        world.fetch()


def test_the_owner_stays_on_every_list(world, helper):
    """Nobody who must sign with others gets free of them by a list that leaves out the owner, or ends their entry (P6)."""
    own = world.statements[[one.kind for one in world.statements].index("authority-list")].payload["holders"][0]
    full = entry(helper, full=True, sections=[], capacity="legal-representative", threshold=2)
    appoint(world, full, holders=[own | {"threshold": 2}, full])
    kept = list(world.statements)
    appoint(world, holders=[full])
    with pytest.raises(PinError, match="leaves out the owner"):
        lists_of(world)
    world.statements[:] = kept
    appoint(world, holders=[own | {"threshold": 2, "until": NOW + 1}, full])
    with pytest.raises(PinError, match="others than enough"):
        lists_of(world)
    world.statements[:] = kept
    appoint(world, holders=[own | {"threshold": 2}])  # the other's authority ended: one holder may do that
    assert len(lists_of(world).lists) == 3
