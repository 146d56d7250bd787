"""Statements, items and keys made in Python for the other side, and how outcomes of both sides are compared."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from audit.errors import AuditError
from crypto.core import Core
from crypto.encoding import encode_base64, new_id
from crypto.errors import CryptoError
from crypto.items import SealedItem, seal_item
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.register import RegisterKeys
from crypto.sections import (
    SectionPlace,
    section_sealing_key,
)
from crypto.statements import Statement, cosign, sign

SECTION = SectionPlace(new_id(), "debts", "ordinary", 3)
SIZES = (0, 1, 65_535, 65_536, 65_537, 200_001)
METADATA = {
    "title": "Beschikking toeslag 2025, één ✓",
    "parts": [{"name": f"bijlage {size}.pdf", "mediaType": "application/pdf"} for size in SIZES],
    "view": "",
}


def outcome(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Return what a call on either side gives, bytes as hexadecimal, or the name of the error that it raises."""
    try:
        given = call(*args, **named)
    except (CryptoError, AuditError) as error:
        return type(error).__name__
    return given.hex() if isinstance(given, bytes) else given


def place(section: SectionPlace) -> dict[str, Any]:
    """Return a section place as the other side takes it."""
    return asdict(section)


def section_pair() -> tuple[bytes, SealingKey]:
    """Make a section secret and its pair."""
    secret = secrets.token_bytes(32)
    return secret, section_sealing_key(secret, SECTION)


def item_core(author: SigningKey, section_public: bytes) -> Core:
    """Return the core of a first version with a part for each of SIZES."""
    return Core(
        dossier=SECTION.dossier,
        item=new_id(SECTION.dossier[:2]),
        version=1,
        previous=b"",
        section=SECTION.section,
        lane=SECTION.lane,
        epoch=SECTION.epoch,
        section_key_hash=key_hash(section_public),
        author=new_id(),
        author_key_id=key_hash(author.public),
        author_kind="system",
        type="benefit-decision",
        label="normal",
        issued=1_790_000_000,
        data_from=0,
        data_until=1_791_000_000,
        part_count=len(SIZES),
    )


def camel(core: Core) -> dict[str, Any]:
    """Return the fields of a core under the names of the other side."""
    names = {name: name.split("_") for name in asdict(core)}
    return {first + "".join(map(str.title, rest)): getattr(core, name) for name, (first, *rest) in names.items()}


def sealed_item() -> tuple[SealedItem, SealingKey, SigningKey, list[bytes]]:
    """Seal an item in Python; return it with the section's pair, the author's key and the contents."""
    author, (_, section) = SigningKey.generate(), section_pair()
    contents = [secrets.token_bytes(size) for size in SIZES]
    return (
        seal_item(item_core(author, section.public), section.public, METADATA, contents, author),
        section,
        author,
        contents,
    )


def key_chain(person: bytes, organisation: bytes = b"", length: int = 3) -> list[Statement]:
    """Sign a key chain in Python, each statement by the key before it."""
    keys = [SigningKey.generate() for _ in range(length)]
    chain: list[Statement] = []
    for at, key in enumerate(keys):
        payload = {
            "person": person.hex(),
            "organisation": organisation.hex(),
            "sequence": at,
            "previous": chain[-1].hash.hex() if chain else "",
            "signingKey": encode_base64(key.public),
            "sealingKey": encode_base64(SealingKey.generate().public),
            "streamKeyHash": "00" * 32,
            "signer": person.hex(),
            "issuedAt": 1_790_000_000 + at,
        }
        chain.append(sign("key-chain", payload, keys[max(at - 1, 0)]))
    return chain


def reading_request(words_: str = "") -> dict[str, Any]:
    """Return the payload of a reading request."""
    ids = {name: new_id().hex() for name in ("item", "nonce", "signer")}
    codes = {"purpose": "debt-help", "case": "", "reason": words_, "action": "read", "organisation": "", "role": ""}
    return {**ids, **codes, "version": 1, "issuedAt": 1_790_000_000}


def register() -> tuple[RegisterKeys, Statement, SigningKey]:
    """Return register keys (2 of 3), an entry signed by two of them, and the organisation's key."""
    keys, organisation = [SigningKey.generate() for _ in range(3)], SigningKey.generate()
    pinned = RegisterKeys(tuple(key.public for key in keys), 2)
    payload = {
        "sequence": 0,
        "previous": "",
        "organisation": new_id().hex(),
        "name": "Gemeente Voorbeeld",
        "key": encode_base64(organisation.public),
        "from": 1_780_000_000,
        "until": 1_800_000_000,
        "keysHash": pinned.hash.hex(),
        "issuedAt": 1_780_000_000,
    }
    return pinned, cosign(sign("register-entry", payload, keys[2]), keys[0]), organisation


def section_statement(chain_key: SigningKey, epoch: int, previous: bytes, public: bytes) -> Statement:
    """Sign a section key of SECTION's dossier."""
    payload = {
        "dossier": SECTION.dossier.hex(),
        "section": "debts",
        "lane": "ordinary",
        "epoch": epoch,
        "previous": previous.hex(),
        "publicKey": encode_base64(public),
        "signer": new_id().hex(),
        "issuedAt": 1_790_000_000,
    }
    return sign("section-key", payload, chain_key)
