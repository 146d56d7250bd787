"""Items that are validly signed and cannot be opened, each for another cause: kept, marked, and in nobody's way."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from crypto import items
from crypto.errors import CryptoError
from crypto.keys import SealingKey
from dossier.client.opened import OpenedItem, RejectedItem
from dossier.client.reading import Asked
from tests.scenarios.story import ASKED, LETTER, content_of, deliver, grant, tell

LOST, OTHER = SealingKey.generate().public, bytes(32)


def key_for_nobody(patched):
    """The item key is sealed to a pair that nobody has."""
    genuine = items.seal
    patched.setattr(items, "seal", lambda label, context, _public, data: genuine(label, context, LOST, data))


def metadata_under_another_key(patched):
    """Title and names are under another key than the committed one."""
    genuine = items.metadata_key
    patched.setattr(items, "metadata_key", lambda _key, digest: genuine(OTHER, digest))


def content_under_another_key(patched):
    """The content is under another key than the committed one."""
    genuine = items.content_key
    patched.setattr(items, "content_key", lambda _key, digest, index: genuine(OTHER, digest, index))


@contextmanager
def spoiled(monkeypatch, how):
    with monkeypatch.context() as patched:
        how(patched)
        yield


@pytest.mark.parametrize("how", [key_for_nobody, metadata_under_another_key])
async def test_marked_in_every_list(cast, monkeypatch, how):
    """What does not open is stored, a rejected item to owner and reader, and hides nothing beside it (N73)."""

    def story():
        with spoiled(monkeypatch, how):
            bad = deliver(cast, b"onleesbaar", "Onleesbaar").hex()
        grant(cast)
        after = deliver(cast, LETTER, "Daarna").hex()
        held = cast.owner.hold(cast.dossier)
        rows = cast.owner.session.get(f"/v1/dossiers/{cast.dossier.hex()}/items")["items"]
        assert bad in {row["item"] for row in rows}
        for listed in (cast.owner.items(held), cast.reader.items(cast.dossier, ASKED)):
            kinds = {each.item: type(each) for each in listed}
            assert kinds[bad] is RejectedItem
            assert kinds[cast.item.hex()] is kinds[after] is OpenedItem
        with pytest.raises(CryptoError):
            cast.owner.read(held, bytes.fromhex(bad), Asked(), cast.log)

    await tell(story)


async def test_marked_when_it_is_opened(cast, monkeypatch):
    """Content that does not open gives no byte of it, to owner and reader alike; the look is an event all the same (N73)."""

    def story():
        with spoiled(monkeypatch, content_under_another_key):
            bad = deliver(cast, b"onleesbaar", "Onleesbaar")
        grant(cast)
        held = cast.owner.hold(cast.dossier)
        before = looks(cast, bad)
        for session, released in (
            (cast.owner, cast.owner.read(held, bad, Asked(), cast.log)),
            (cast.reader, cast.reader.read(bad, ASKED)),
        ):
            assert released.metadata["title"] == "Onleesbaar"
            with pytest.raises(CryptoError):
                content_of(session, released)
        assert looks(cast, bad) == before + 2
        assert content_of(cast.reader, cast.reader.read(cast.item, ASKED)) == LETTER

    await tell(story)


def looks(cast, item):
    """How many decisions about an item stand in the owner's stream."""
    page = cast.owner.session.get(f"/v1/dossiers/{cast.dossier.hex()}/events", {"size": 200})
    opened = [{one.get("name"): one.get("value") for one in each["openings"]} for each in page["events"]]
    return sum(item.hex() in str(each.get("subjects")) for each in opened if each.get("schema") == "decision/v1")
