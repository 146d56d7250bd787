from __future__ import annotations

import pytest

from crypto.capsules import open_capsule, parse_capsule
from crypto.encoding import decode_base64, new_id
from crypto.headers import parse_header
from crypto.items import open_item_key, open_metadata, open_part
from crypto.sections import section_sealing_key
from crypto.statements import parse_statement
from dossier.errors import NotFoundError
from tests.dossier.town import running_town


@pytest.fixture(scope="module")
async def town(pool):
    async with running_town(pool) as running:
        yield running


@pytest.fixture(scope="module")
async def world(town):
    agency = await town.agency()
    owner = await town.person("Sanne")
    system = await town.system(agency)
    reader = await town.person("Ahmed", agency, "debt-counsellor")
    home = await town.dossier(owner)
    await town.admit(home, agency)
    item = await town.deliver(home, system)
    return agency, system, reader, home, item


def opened(answer, reader, home):
    """Open an answer as a grantee's client does: capsule, section key, item key, content."""
    header = parse_header(parse_statement(decode_base64(answer.header)))
    capsule = parse_capsule(decode_base64(answer.capsules[0]))
    (key_id,) = capsule.key_ids
    keys = open_capsule(capsule, reader.sealing, {key_id: header.core.section_key_hash})
    pair = section_sealing_key(keys[key_id], home.place(answer.section))
    item_key = open_item_key(header, pair, decode_base64(answer.sealed_key))
    title = open_metadata(header, item_key, decode_base64(answer.sealed_metadata))["title"]
    return title, open_part(header, item_key, 0, decode_base64(answer.parts[0].content))


async def test_consent_reading_withdrawal(town, world):
    """A consent lets its grantee read and open, and once it is withdrawn the next reading finds nothing (P2, P7)."""
    _agency, _system, reader, home, item = world
    with pytest.raises(NotFoundError):
        await town.read(reader, item)
    consent = await town.give(home, reader)
    answer = await town.read(reader, item)
    assert opened(answer, reader, home) == ("Brief", b"een brief")
    ended = await town.withdraw(home, consent)
    assert ended.state == "withdrawn"
    with pytest.raises(NotFoundError):
        await town.read(reader, item)


async def test_absent_is_hidden(town, world):
    """An item that does not exist gets the same answer as one that is hidden (N54)."""
    reader = world[2]
    with pytest.raises(NotFoundError):
        await town.read(reader, new_id())
