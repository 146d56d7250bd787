"""A signed reading request made wider on its way, and reasons that are none."""

from __future__ import annotations

import json
import secrets

import pytest

from crypto.canonical import encode_json
from crypto.encoding import decode_base64, encode_base64
from dossier.errors import ForbiddenError, InvalidRequestError, NotFoundError
from dossier.reading.service import ReadingRefusedError
from tests.dossier.town import CATALOGUES, reading_request


@pytest.fixture(scope="module")
async def world(world):
    """The system, the reader, the dossier and its item."""
    return world[1:]


def rewritten(envelope, **changes):
    """The envelope with other words under the same signature."""
    parsed = json.loads(envelope)
    payload = json.loads(decode_base64(parsed["payload"])) | changes
    return encode_json(parsed | {"payload": encode_base64(encode_json(payload))}, limit=98_304)


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "care-adviser"},
        {"purpose": "debt-plan"},
        {"action": "download"},
        {"version": 0},
        {"reason": "meeting-preparation"},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_words_that_were_not_signed(town, world, changes):
    """Role, purpose, action, version or reason changed after signing: refused by the signature, nothing stored (N58)."""
    _system, reader, home, item = world
    consent = await town.give(home, reader)
    nonce = secrets.token_bytes(16)
    signed = reading_request(reader, item, nonce)
    before = await town.pool.fetchval("SELECT count(*) FROM audit.event")
    with pytest.raises(ForbiddenError) as refused:
        await town.send(reader, item, nonce, rewritten(signed, **changes))
    assert refused.value.code == "wrong-signer"
    assert await town.pool.fetchval("SELECT count(*) FROM audit.event") == before
    assert (await town.send(reader, item, nonce, rewritten(signed))).item == item.hex()
    await town.withdraw(home, consent)


async def test_a_request_for_one_item_brought_to_another(town, world):
    """The item stands in what was signed: changed there too, it is another's word (N58)."""
    system, reader, home, item = world
    consent = await town.give(home, reader)
    other, nonce = await town.deliver(home, system), secrets.token_bytes(16)
    moved = rewritten(reading_request(reader, item, nonce), item=other.hex())
    with pytest.raises(ForbiddenError):
        await town.send(reader, other, nonce, moved)
    await town.withdraw(home, consent)


@pytest.mark.parametrize("label", ["sensitive", "special"])
async def test_only_a_reason_for_reading_is_a_reason(town, world, label):
    """Where a reason is wanted, none, a code of something else, an unknown one and free text are refused (N61)."""
    system, reader, home, _item = world
    item = await town.deliver(home, system, label=label)
    consent = await town.give(home, reader)
    kinds = CATALOGUES.current.reasons
    others = [code for code, kind in kinds.items() if kind not in {"reading", "emergency"}]
    assert len(others) > 10
    for reason in ("", *others):
        with pytest.raises(ReadingRefusedError) as refused:
            await town.read(reader, item, reason=reason)
        assert refused.value.code == "reason-wanted"
    nonce = secrets.token_bytes(16)
    signed = reading_request(reader, item, nonce)
    for words in ("intake ", "Intake", "omdat het moet", "x" * 200):
        with pytest.raises(InvalidRequestError):
            await town.send(reader, item, nonce, rewritten(signed, reason=words))
    with pytest.raises(NotFoundError):
        await town.read(reader, item, reason="because")
    for reason in (code for code, kind in kinds.items() if kind == "reading"):
        assert (await town.read(reader, item, reason=reason)).item == item.hex()
    await town.withdraw(home, consent)
