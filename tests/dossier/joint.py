"""Dossiers that several people hold: authority lists and countersignatures as clients sign them."""

from __future__ import annotations

from crypto.capsules import KeyId, seal_capsule
from crypto.keys import key_hash
from crypto.statements import cosign, sign
from dossier.countersigning import countersign
from dossier.dossiers.succession import ChangeAuthority, NewList
from tests.dossier.town import claim, now


def holder(person, capacity, threshold=1, **changes):
    """One entry of an authority list."""
    return {
        "person": person.id.hex(),
        "chainHead": person.chain.hash.hex(),
        "capacity": capacity,
        "sections": [],
        "full": True,
        "threshold": threshold,
        "from": 0,
        "until": 2**53 - 1,
    } | changes


async def next_list(town, home, holders, acting, **changes):
    """Sign the next authority list by the dossier key and the acting persons."""
    state = (await town.writer.look((home.id,))).facts(home.id).value
    fields = {
        "dossier": home.id.hex(),
        "sequence": state.authority_sequence + 1,
        "previous": state.authority_head,
        "holders": holders,
        "actors": [{"person": each.id.hex(), "keyHash": key_hash(each.signing.public).hex()} for each in acting],
        "after": await town.after(home),
        "issuedAt": now(),
        "signer": home.id.hex(),
    } | changes
    statement = sign("authority-list", fields, home.key)
    for each in acting:
        statement = cosign(statement, each.signing)
    return statement


def capsule_for(home, statement, person):
    """The dossier's keys, sealed to a new full holder."""
    keys = {KeyId.dossier_key(home.id, 0): home.key.seed, KeyId.dossier_root(home.id, 0): home.root}
    return seal_capsule(statement.hash, person.id, person.sealing.public, keys)


async def change(town, home, statement, capsules=(), actor=None):
    """Hand a list to the writer."""
    actor = actor or home.owner.actor
    return await town.writer.submit(ChangeAuthority(actor, home.id, NewList(statement, capsules), claim(actor)))


async def cosigned(town, home, person, capacity, digest, **changes):
    """Sign a proposal too."""
    statement = await town.sign(
        home, "countersignature", person, proposal=digest, capacity=capacity, after=await town.after(home), **changes
    )
    return await countersign(town.writer, person.actor, home.id, statement, claim(person.actor))


async def shared_home(town, owner, partner):
    """A dossier that two hold together: giving needs both."""
    home = await town.dossier(owner)
    holders = [holder(owner, "owner", 2), holder(partner, "legal-representative", 2)]
    statement = await next_list(town, home, holders, [owner])
    await change(town, home, statement, [capsule_for(home, statement, partner)])
    return home
