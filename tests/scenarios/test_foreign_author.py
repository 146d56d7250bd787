"""Two systems of one organisation: what one signed, the other brings with its own token."""

from __future__ import annotations

import io
import json
import logging

import pytest

from crypto.keys import SealingKey, SigningKey
from dossier.client.agency import Agency
from dossier.client.assertion import new_sign_in_key
from dossier.client.organisation import add_system
from tests.scenarios.story import LETTER, deliver, refused, tell
from tests.values import replace
from web.logging import JsonFormatter, logger


@pytest.fixture
def logged():
    """What the service writes to its log meanwhile, line by line."""
    written = io.StringIO()
    handler, level = logging.StreamHandler(written), logger.level
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(level)


async def test_an_item_under_anothers_token(cast, pool, logged):
    """The token of one system with items signed by another: 403, nothing stored, both ids in the log (N70)."""

    def attempts():
        key, sign_in = SigningKey.generate(), new_sign_in_key("a-1")
        with cast.session("farida-amrani") as clerk:
            other = add_system(clerk, cast.organisation, cast.agency_key, "Ander", key, SealingKey.generate(), sign_in)
        mixed = Agency(cast.agency.session, cast.organisation, other, key, cast.agency.directory_key)
        assert refused(deliver, replace(cast, agency=mixed), LETTER) == (403, "wrong-author")
        return other

    assert await tell(deliver, cast, LETTER)
    assert lines(logged()) == []

    events = await pool.fetchval("SELECT count(*) FROM audit.event WHERE stream = $1", cast.dossier)
    other = await tell(attempts)
    assert await pool.fetchval("SELECT count(*) FROM audit.event WHERE stream = $1", cast.dossier) == events
    (line,) = lines(logged())
    assert (line["sender"], line["author"], line["level"]) == (cast.agency.system.hex(), other.hex(), "warning")


def lines(written):
    """What the log says of items whose author did not send them."""
    return [each for each in written if each["event"] == "an item signed by another"]
