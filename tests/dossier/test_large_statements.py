"""The largest statements that parse are taken in, wait for signatures, and stand in the log like small ones."""

from __future__ import annotations

import pytest

from crypto.encoding import new_id
from crypto.statements import MAX_ENVELOPE
from dossier.sharing.consents import GiveConsent, NewConsent
from tests.dossier.joint import capsule_for, change, cosigned, holder, next_list
from tests.dossier.town import claim, consent_payload

SOURCES = 1_840
"""So many organisations in one scope come close to the 64 KiB that a payload may have."""


@pytest.fixture
async def reader(town):
    """A professional."""
    return await town.person("Milan", await town.agency(), "debt-counsellor")


async def give(town, home, reader):
    """Give a consent that names as many sources as fit; return its statement and the answer."""
    payload = consent_payload(home, reader, await town.after(home))
    payload["scope"] |= {"sources": sorted(new_id().hex() for _ in range(SOURCES))}
    statement = await town.sign(home, "consent", **payload)
    assert 80_000 < len(statement.envelope) <= MAX_ENVELOPE
    actor = home.owner.actor
    return statement, await town.writer.submit(GiveConsent(actor, NewConsent(home.id, statement, []), claim(actor)))


async def stands(town, home, statement):
    """Whether a consent is among the permits, as it was signed."""
    rules = (await town.writer.look((home.id,))).facts(home.id).value.rules
    sources = frozenset(statement.payload["scope"]["sources"])
    return [each.id for each in rules.permits if each.scope.sources == sources] == [statement.payload["consent"]]


async def test_large_consent_is_given(town, home, reader):
    """A consent with as much in it as a statement can hold is given."""
    statement, given = await give(town, home, reader)
    assert given.state == "active"
    assert await stands(town, home, statement)


async def test_large_consent_waits(town, home, reader):
    """Such a consent waits for a second signature like any other, and then stands (P6)."""
    partner = await town.person("Daniël")
    holders = [holder(home.owner, "owner", 2), holder(partner, "legal-representative", 2)]
    listed = await next_list(town, home, holders, [home.owner])
    await change(town, home, listed, [capsule_for(home, listed, partner)])
    statement, given = await give(town, home, reader)
    assert given.state == "proposed"
    assert not await stands(town, home, statement)
    done = await cosigned(town, home, partner, "legal-representative", statement.hash.hex())
    assert done.state == "accepted"
    assert await stands(town, home, statement)
