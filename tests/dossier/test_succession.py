"""Joint authority: changing who holds a dossier, and statements that wait for more signatures (P6)."""

import pytest

from crypto.encoding import new_id, sha256
from dossier.dossiers.govern import Govern, Submission
from dossier.dossiers.stopping import StopAuthority
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from dossier.sharing.consents import GiveConsent, NewConsent
from dossier.sharing.ending import Sweeper
from dossier.sharing.store import UsedIdWant
from tests.dossier.joint import capsule_for, change, cosigned, holder, next_list
from tests.dossier.town import claim, consent_payload, now


@pytest.fixture
async def partner(town):
    """The other parent."""
    return await town.person("Daniël")


@pytest.fixture
async def joint(town, home, partner):
    """A dossier that two hold together: giving needs both."""
    holders = [holder(home.owner, "owner", 2), holder(partner, "legal-representative", 2)]
    statement = await next_list(town, home, holders, [home.owner])
    await change(town, home, statement, [capsule_for(home, statement, partner)])
    return home


async def propose(town, home, person, capacity, grantee):
    """Sign and send a consent in a capacity; return the statement and the answer."""
    payload = consent_payload(home, grantee, await town.after(home)) | {"capacity": capacity}
    statement = await town.sign(home, "consent", person, **payload)
    given = await town.writer.submit(GiveConsent(person.actor, NewConsent(home.id, statement, []), claim(person.actor)))
    return statement, given


async def permits(town, home):
    """The ids of the permits that stand."""
    return [each.id for each in (await town.writer.look((home.id,))).facts(home.id).value.rules.permits]


async def test_one_of_two_only_proposes(town, joint, partner):
    """Mission 14: giving needs both parents; the first signature makes a proposal and permits nothing (P6)."""
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    statement, given = await propose(town, joint, joint.owner, "owner", reader)
    assert given.state == "proposed"
    assert await permits(town, joint) == []
    accepted = await cosigned(town, joint, partner, "legal-representative", statement.hash.hex())
    assert accepted.state == "accepted"
    assert await permits(town, joint) == [statement.payload["consent"]]


async def test_same_person_does_not_count_twice(town, joint):
    """A second signature of the same person completes nothing."""
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    statement, _ = await propose(town, joint, joint.owner, "owner", reader)
    with pytest.raises(ConflictError) as caught:
        await cosigned(town, joint, joint.owner, "owner", statement.hash.hex())
    assert caught.value.code == "signed-before"
    assert await permits(town, joint) == []


async def test_completed_proposal_is_gone(town, joint, partner):
    """What was completed cannot be completed again."""
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    statement, _ = await propose(town, joint, joint.owner, "owner", reader)
    await cosigned(town, joint, partner, "legal-representative", statement.hash.hex())
    with pytest.raises(ConflictError):
        await cosigned(town, joint, partner, "legal-representative", statement.hash.hex())


async def test_admission_waits_for_both(town, joint, partner):
    """Every widening statement waits for as many signatures as the list wants."""
    agency = await town.agency()
    statement = await town.sign(
        joint,
        "source-admission",
        admission=new_id(joint.id[:2]).hex(),
        organisation=agency.id.hex(),
        sections=[],
        after=await town.after(joint),
        **{"from": now() - 5, "until": now() + 1000},
    )
    owner = joint.owner.actor
    answer = await town.writer.submit(Govern(owner, joint.id, Submission(statement), claim(owner)))
    assert answer.state == "proposed"
    await cosigned(town, joint, partner, "legal-representative", statement.hash.hex())
    state = (await town.writer.look((joint.id,))).facts(joint.id).value
    assert [each.organisation for each in state.rules.admissions] == [agency.id.hex()]


async def test_stranger_cannot_cosign(town, joint):
    """To somebody who holds nothing there is no proposal and no dossier."""
    stranger = await town.person()
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    statement, _ = await propose(town, joint, joint.owner, "owner", reader)
    with pytest.raises(NotFoundError):
        await cosigned(town, joint, stranger, "mandate", statement.hash.hex())


async def test_new_full_holder_gets_the_keys_at_once(town, home, partner):
    """A list with a full holder who has no capsule is refused."""
    statement = await next_list(
        town, home, [holder(home.owner, "owner"), holder(partner, "legal-representative")], [home.owner]
    )
    with pytest.raises(InvalidRequestError) as caught:
        await change(town, home, statement)
    assert caught.value.code == "left-out"


async def test_owner_stays_on_the_list(town, home, partner):
    """Nobody writes the owner off the list, not even the owner."""
    statement = await next_list(town, home, [holder(partner, "legal-representative")], [home.owner])
    with pytest.raises(InvalidRequestError) as caught:
        await change(town, home, statement, [capsule_for(home, statement, partner)])
    assert caught.value.code == "owner-stays"


async def test_changed_keys_block(town, home, partner):
    """R2: somebody who is named with another chain than their own is not put on the list."""
    wrong = holder(partner, "legal-representative", chainHead="ab" * 32)
    statement = await next_list(town, home, [holder(home.owner, "owner"), wrong], [home.owner])
    with pytest.raises(ConflictError):
        await change(town, home, statement, [capsule_for(home, statement, partner)])


async def test_one_of_two_cannot_change_the_list(town, joint):
    """With a threshold of two, one full holder alone does not write the other off."""
    statement = await next_list(town, joint, [holder(joint.owner, "owner")], [joint.owner])
    with pytest.raises(ForbiddenError):
        await change(town, joint, statement)


async def test_list_follows_the_present_one(town, home, partner):
    """A list for another place in the chain is refused."""
    holders = [holder(home.owner, "owner")]
    for changes in ({"sequence": 5}, {"previous": "ab" * 32}):
        with pytest.raises(ConflictError):
            await change(town, home, await next_list(town, home, holders, [home.owner], **changes))


async def test_list_without_the_dossier_key_is_refused(town, home):
    """Signed by the owner alone, a list does not count."""
    statement = await next_list(town, home, [holder(home.owner, "owner")], [])
    with pytest.raises(ForbiddenError):
        await change(town, home, statement)


async def test_sweep_does_not_forget_a_proposal(town, joint, partner, owner_pool):
    """A consent that waits for its second signature is looked at after it has it, so that it ends when it must (P7)."""
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    statement, _ = await propose(town, joint, joint.owner, "owner", reader)
    consent = bytes.fromhex(statement.payload["consent"])
    await owner_pool.execute("UPDATE dossier.consent_due SET look_at = 0 WHERE consent = $1", consent)
    sweeper = Sweeper(town.writer, town.sharing)
    assert await sweeper.run_once(now()) == 0
    await cosigned(town, joint, partner, "legal-representative", statement.hash.hex())
    due = await town.pool.fetchval("SELECT look_at FROM dossier.consent_due WHERE consent = $1", consent)
    assert due is not None
    assert due > now()


async def placement(town, home, item, sealed, **changes):
    """Sign and propose moving an item to the income section; return the statement."""
    fields = {
        "placement": new_id(home.id[:2]).hex(),
        "item": item.hex(),
        "section": "income",
        "lane": "ordinary",
        "epoch": 0,
        "label": "personal",
        "cases": [],
        "previous": "",
        "wrapHash": sha256(sealed).hex(),
        "after": await town.after(home),
    }
    statement = await town.sign(home, "placement", **(fields | changes))
    owner = home.owner.actor
    answer = await town.writer.submit(Govern(owner, home.id, Submission(statement, (), sealed), claim(owner)))
    assert answer.state == "proposed"
    return statement


async def test_completed_placement_has_its_key(town, joint, partner):
    """The item key for the new place is kept with the proposal, and is there once both have signed, not before."""
    item = await town.deliver(joint, joint.owner)
    statement = await placement(town, joint, item, b"sealed to the new place")
    count = "SELECT array_agg(sealed) FROM dossier.placed_key WHERE item = $1 AND version = 1 AND placement = $2"
    assert await town.pool.fetchval(count, item, statement.hash) is None
    await cosigned(town, joint, partner, "legal-representative", statement.hash.hex())
    assert await town.pool.fetchval(count, item, statement.hash) == [b"sealed to the new place"]


async def test_a_placement_is_overtaken_by_a_newer_version(town, joint, partner):
    """A version that comes while a placement waits has no key for the new place: the placement is refused, nothing moves."""
    item = await town.deliver(joint, joint.owner)
    statement = await placement(town, joint, item, b"sealed to the new place")
    await town.deliver(joint, joint.owner, b"een verbetering", item=item, before=joint.items[item])
    with pytest.raises(ConflictError) as caught:
        await cosigned(town, joint, partner, "legal-representative", statement.hash.hex())
    assert caught.value.code == "newer-version"
    assert await town.pool.fetchval("SELECT count(*) FROM dossier.placed_key WHERE item = $1", item) == 0
    placed = "SELECT count(*) FROM audit.fact WHERE subject = $1 AND kind = 'placement'"
    assert await town.pool.fetchval(placed, item) == 0


async def test_capsules_of_a_proposal_are_kept(town, joint, partner):
    """What was sealed to somebody with a proposal is there when it is completed."""
    agency = await town.agency()
    fields = {
        "admission": new_id(joint.id[:2]).hex(),
        "organisation": agency.id.hex(),
        "sections": [],
        "after": await town.after(joint),
    }
    period = {"from": now() - 5, "until": now() + 1000}
    statement = await town.sign(joint, "source-admission", **fields, **period)
    capsule = capsule_for(joint, statement, partner)
    owner = joint.owner.actor
    await town.writer.submit(Govern(owner, joint.id, Submission(statement, [capsule]), claim(owner)))
    await cosigned(town, joint, partner, "legal-representative", statement.hash.hex())
    assert await town.sharing.capsules(joint.id, statement.hash) == [(partner.id, capsule.encode())]


async def test_completed_consent_must_still_make_sense(town, joint, partner):
    """A consent that replaces one which was withdrawn while it waited is not completed (P7)."""
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    first, _ = await propose(town, joint, joint.owner, "owner", reader)
    await cosigned(town, joint, partner, "legal-representative", first.hash.hex())
    payload = consent_payload(joint, reader, await town.after(joint), replaces=first.payload["consent"])
    second = await town.sign(joint, "consent", **payload)
    owner = joint.owner.actor
    await town.writer.submit(GiveConsent(owner, NewConsent(joint.id, second, []), claim(owner)))
    await town.withdraw(joint, bytes.fromhex(first.payload["consent"]))
    with pytest.raises(ConflictError) as caught:
        await cosigned(town, joint, partner, "legal-representative", second.hash.hex())
    assert caught.value.code == "not-standing"
    assert await permits(town, joint) == []


async def test_id_of_a_consent_is_one_dossiers(town, joint):
    """The id of a consent that waits is in use, here and in every other dossier: nobody stands in its way."""
    reader = await town.person("Milan", await town.agency(), "debt-counsellor")
    first, _ = await propose(town, joint, joint.owner, "owner", reader)
    payload = consent_payload(joint, reader, await town.after(joint), consent=first.payload["consent"])
    second = await town.sign(joint, "consent", **payload)
    owner = joint.owner.actor
    with pytest.raises(ConflictError) as caught:
        await town.writer.submit(GiveConsent(owner, NewConsent(joint.id, second, []), claim(owner)))
    assert caught.value.code == "id-in-use"
    elsewhere = UsedIdWant(new_id(joint.id[:2]), bytes.fromhex(first.payload["consent"]))
    async with town.pool.acquire() as connection:
        assert await UsedIdWant.load(connection, [elsewhere]) == {elsewhere: True}


async def test_authority_that_has_not_begun_can_be_ended(town, home, partner):
    """Who begins later has the keys from the list on: it ends in one step all the same, and the stream key with it (P7)."""
    later = holder(partner, "mandate", **{"from": now() + 10_000})
    statement = await next_list(town, home, [holder(home.owner, "owner"), later], [home.owner])
    await change(town, home, statement, [capsule_for(home, statement, partner)])
    again = await next_list(town, home, [holder(home.owner, "owner"), later], [home.owner])
    await change(town, home, again)  # what they have already need not be sent again
    owner = home.owner.actor
    await town.writer.submit(StopAuthority(owner, home.id, partner.id, claim(owner)))
    view = await town.writer.look((home.id,))
    assert [each.person for each in view.facts(home.id).value.rules.holders if each.period.end > view.now] == [
        home.owner.id.hex()
    ]
    assert view.head(home.id).key_epoch == 1
