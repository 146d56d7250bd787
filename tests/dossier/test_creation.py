"""Making a dossier: what is taken is told apart."""

import secrets

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
