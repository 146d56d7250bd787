"""An agency that sends what nobody can open, or far too much: over HTTP, beside one that does its work."""

from __future__ import annotations

import pytest

from crypto import items
from crypto.errors import CryptoError
from crypto.keys import SealingKey, SigningKey
from dossier.client.agency import Agency
from dossier.client.assertion import new_sign_in_key
from dossier.client.delivering import Content, Record
from dossier.client.errors import RefusedError
from dossier.client.opened import OpenedItem, RejectedItem
from dossier.client.organisation import add_system
from dossier.client.reading import Asked
from tests.scenarios.story import ASKED, LETTER, content_of, deliver, grant, tell
from web.api import delivery
from web.signin.limits import Limit


async def test_content_that_nobody_can_open(cast, monkeypatch):
    """Validly signed but sealed to no key of the dossier: stored, marked when it is opened, all else stays good (N73)."""

    def story():
        lost, genuine = SealingKey.generate().public, items.seal
        with monkeypatch.context() as patched:
            patched.setattr(items, "seal", lambda label, context, _public, data: genuine(label, context, lost, data))
            bad = deliver(cast, b"onleesbaar", "Onleesbaar").hex()
        held = cast.owner.hold(cast.dossier)
        listed = {each.item: each for each in cast.owner.items(held)}
        assert isinstance(listed[bad], RejectedItem)
        assert isinstance(listed[cast.item.hex()], OpenedItem)
        grant(cast)
        seen = {each.item: type(each) for each in cast.reader.items(cast.dossier, ASKED)}
        assert seen == {bad: RejectedItem, cast.item.hex(): OpenedItem}
        with pytest.raises(CryptoError):
            cast.owner.read(held, bytes.fromhex(bad), Asked(), cast.log)
        assert content_of(cast.reader, cast.reader.read(cast.item, ASKED)) == LETTER

    await tell(story)


async def test_a_flood_of_deliveries(cast, monkeypatch):
    """Beyond its limit a system is told when to come back, by every route that brings something; another goes on (N77)."""

    def story():
        key, sign_in, signing = cast.agency_key, new_sign_in_key("t-1"), SigningKey.generate()
        with cast.session("farida-amrani") as clerk:
            other = add_system(clerk, cast.organisation, key, "Ander", signing, SealingKey.generate(), sign_in)
        session = cast.session()
        session.sign_in_system(other.hex(), sign_in)
        beside = Agency(session, cast.organisation, other, signing, cast.agency.directory_key)
        monkeypatch.setattr(delivery, "DELIVERIES", Limit("few deliveries", 3, 3_600))
        monkeypatch.setattr(delivery, "UPLOADS", Limit("few uploads", 1, 3_600))
        monkeypatch.setattr(delivery, "ADDRESSES", Limit("many addresses", 600, 60))
        for _ in range(3):
            deliver(cast, LETTER)
        large = bytes(70_000)
        for content in (LETTER, large, large):
            with pytest.raises(RefusedError) as caught:
                deliver(cast, content)
            assert (caught.value.status, caught.value.code) == (429, "too-many-requests")
        record = Record("debts", "ordinary", "decision", "personal", "Van een ander")
        assert beside.deliver(cast.bsn, record, [Content("brief.txt", "text/plain", LETTER)])["item"]

    await tell(story)
