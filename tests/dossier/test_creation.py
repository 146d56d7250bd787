"""Making a dossier: what is taken is told apart."""

import asyncio
import secrets

import asyncpg
import pytest

from dossier.dossiers.creation import CreateDossier
from dossier.errors import ConflictError
from tests.dossier.town import claim, new_home
from tests.values import replace


async def refused(town, owner, new):
    """The code with which a dossier is refused."""
    with pytest.raises(ConflictError) as caught:
        await town.writer.submit(CreateDossier(owner.actor, new, claim(owner.actor)))
    return caught.value.code


async def test_taken_id_and_taken_address_differ(town):
    """An identifier that leads to a dossier is one thing, an id that is another stream's a different one."""
    owner = await town.person("Hanneke")
    _, first = new_home(owner)
    await town.writer.submit(CreateDossier(owner.actor, first, claim(owner.actor)))
    _, other = new_home(owner)
    assert await refused(town, owner, replace(other, identifier=first.identifier)) == "address-taken"
    assert await refused(town, owner, replace(first, identifier=secrets.token_bytes(32))) == "id-in-use"


async def test_one_dossier_for_an_identifier(town):
    """Of two claims to one identifier at once one makes a dossier; the other makes nothing, and the table says so too."""
    owners = [await town.person(name) for name in ("Hanneke", "Janneke")]
    first = new_home(owners[0])[1]
    both = [first, replace(new_home(owners[1])[1], identifier=first.identifier)]
    acts = [CreateDossier(owner.actor, new, claim(owner.actor)) for owner, new in zip(owners, both, strict=True)]
    done = await asyncio.gather(*map(town.writer.submit, acts), return_exceptions=True)
    assert [each.code for each in done if isinstance(each, ConflictError)] == ["address-taken"]
    found = "SELECT count(*) FROM dossier.address WHERE hmac = $1"
    assert await town.pool.fetchval(found, first.identifier) == 1
    again = "INSERT INTO dossier.address SELECT bucket, hmac, $2, kind, at FROM dossier.address WHERE hmac = $1"
    with pytest.raises(asyncpg.UniqueViolationError):
        await town.pool.execute(again, first.identifier, secrets.token_bytes(16))
