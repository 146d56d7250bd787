"""One delivered item and one dossier, for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings

from crypto import (
    Core,
    Header,
    SealedItem,
    SealingKey,
    SectionPlace,
    SigningKey,
    check_header,
    key_hash,
    open_item_key,
    seal_item,
    section_sealing_key,
)

settings.register_profile("crypto", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("crypto")


@dataclass(frozen=True)
class Delivery:
    """A sealed item with everything that its owner and its author hold."""

    author: SigningKey
    place: SectionPlace
    secret: bytes
    section: SealingKey
    core: Core
    metadata: dict[str, object]
    contents: list[bytes]
    sealed: SealedItem
    header: Header
    item_key: bytes


def make_delivery(contents: list[bytes] | None = None) -> Delivery:
    """Seal an item of two parts."""
    contents = [b"a claim of EUR 1,250", b""] if contents is None else contents
    author, place, secret = SigningKey.from_seed(b"a" * 32), SectionPlace(b"d" * 16, "debts", "ordinary", 3), b"s" * 32
    section = section_sealing_key(secret, place)
    core = Core(
        dossier=place.dossier,
        item=b"i" * 16,
        version=2,
        previous=b"p" * 32,
        section=place.section,
        lane=place.lane,
        epoch=place.epoch,
        section_key_hash=key_hash(section.public),
        author=b"s" * 16,
        author_key_id=key_hash(author.public),
        author_kind="system",
        type="debt-claim",
        label="normal",
        issued=1_800_000_000,
        data_from=1_700_000_000,
        data_until=1_750_000_000,
        part_count=len(contents),
    )
    parts = [{"name": f"part {n}", "mediaType": "text/plain"} for n in range(len(contents))]
    metadata: dict[str, object] = {"title": "Vordering", "parts": parts, "view": ""}
    sealed = seal_item(core, section.public, metadata, contents, author)
    header = check_header(sealed.header, author.public, dossier=place.dossier)
    item_key = open_item_key(header, section, sealed.sealed_key)
    return Delivery(author, place, secret, section, core, metadata, contents, sealed, header, item_key)


@pytest.fixture(scope="session")
def delivery() -> Delivery:
    """A small delivered item."""
    return make_delivery()
