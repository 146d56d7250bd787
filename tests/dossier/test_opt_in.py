"""Emergency access begins with the owner's own signature: nobody is enrolled in silence (N48, P6)."""

from __future__ import annotations

import pytest

from audit.entry import Fact, FactRecord
from audit.event import make_event
from crypto.encoding import new_id
from crypto.keys import SigningKey
from crypto.statements import sign
from dossier.auditing.grounds import ungrounded
from dossier.dossiers.govern import Govern, Submission
from dossier.dossiers.showing import GOVERNING
from dossier.dossiers.store import DossierStore
from dossier.errors import ForbiddenError, InvalidRequestError, NotFoundError
from tests.dossier.town import claim, now


@pytest.fixture(scope="module")
async def home(town):
    return await town.dossier(await town.person("Hanneke"))


async def opt_in(town, home, person=None, **changes):
    """The payload of an opt-in for one section, and its statement as somebody signs it."""
    fields = {
        "optIn": new_id(home.id[:2]).hex(),
        "sections": ["debts"],
        "from": now() - 10,
        "until": now() + 86_400,
        "after": await town.after(home),
    }
    return await town.sign(home, "emergency-opt-in", person, **(fields | changes))


async def send(town, home, statement, actor):
    return await town.writer.submit(Govern(actor, home.id, Submission(statement), claim(actor)))


async def opted_in(town, home):
    return (await town.writer.look((home.id,))).facts(home.id).value.rules.opt_in


async def test_nobody_else_opts_in(town, home):
    """Neither a professional, nor another citizen, nor the owner's session with another key enrols the owner (N48, P6)."""
    agency = await town.agency()
    others = [await town.person("Ahmed", agency, "debt-counsellor"), await town.person("Buur")]
    for other in others:
        with pytest.raises(NotFoundError):
            await send(town, home, await opt_in(town, home, other), other.actor)
        with pytest.raises(ForbiddenError):
            await send(town, home, await opt_in(town, home, other), home.owner.actor)
    genuine = await opt_in(town, home)
    payload = {name: value for name, value in genuine.payload.items() if name != "keyHash"}
    with pytest.raises(ForbiddenError):
        await send(town, home, sign("emergency-opt-in", payload, SigningKey.generate()), home.owner.actor)
    with pytest.raises(InvalidRequestError):
        await send(town, home, await opt_in(town, home, until=now() - 1), home.owner.actor)
    assert await opted_in(town, home) is None


async def test_what_the_owner_signed_is_shown(town, home):
    """The opt-in stands as the owner signed it and is among the statements that holders are shown (N48)."""
    statement = await opt_in(town, home)
    await send(town, home, statement, home.owner.actor)
    assert (await opted_in(town, home)).sections == frozenset({"debts"})
    shown = await DossierStore(town.pool).statements(home.id, GOVERNING)
    assert statement.envelope in shown


async def test_an_opt_in_that_nobody_signed_is_found(town, home):
    """A fact that was put in behind the service's back has no statement, and replay says so (N48, P8)."""
    payload = (await opt_in(town, home)).payload
    fact = Fact("rules", "emergency-opt-in", bytes.fromhex(payload["optIn"]), payload)
    record = FactRecord(9, 0, fact.kind, fact.subject, fact.body)
    event = make_event("key/v1", {"actor": home.owner.id.hex(), "kind": "adoption", "time": now()})
    assert ungrounded("dossier", event, b"", [record]) == ["no statement made the fact of kind emergency-opt-in"]
