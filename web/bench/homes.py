"""Dossiers to measure in: one section with its key, an admitted source, consents, and items as an agency seals them.

They go into the database through the group writer, as everything does, in the format of every other row; only the
signatures of rules that nobody verifies again are left out.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.entry import Append, Entry, Fact, Opening, Outcome, Receipt, View, Write
from audit.event import make_event
from consent.catalogue import shipped_catalogues
from crypto.core import Core
from crypto.encoding import BUCKET_SIZE, encode_base64, new_id
from crypto.headers import Header, parse_header
from crypto.items import seal_item
from crypto.keys import SigningKey, key_hash
from crypto.sections import SectionPlace, section_sealing_key
from crypto.statements import Statement, sign
from dossier.dossiers.store import INSERT_DOSSIER, section_write
from dossier.items.delivery import Delivery, SealedPart
from dossier.items.state import version_fact
from dossier.items.store import version_writes

ROLE, PURPOSE, SECTION, REASON = "debt-counsellor", "debt-help", "debts", "intake"
ITEM_BYTES = 2_048
DAY = 86_400
CATALOGUE = shipped_catalogues().current.hash


@dataclass(frozen=True)
class Source:
    """The system of an agency that delivers: its id, its organisation, the key that signs its headers."""

    system: bytes
    organisation: bytes
    signing: SigningKey = field(repr=False)


@dataclass(frozen=True)
class Home:
    """A dossier: its owner, the first item, the section's public key, and the first consent as it was signed."""

    dossier: bytes
    owner: bytes
    item: bytes
    public: bytes
    consent: bytes
    envelope: bytes

    def core(self, source: Source) -> Core:
        """The core of a new item of one part."""
        return _core(self.dossier, new_id(self.dossier[:BUCKET_SIZE]), self.public, source)

    def seal(self, source: Source) -> tuple[Header, Delivery]:
        """Seal a new item of one part, 2 KiB of noise, as the source's client does."""
        return _seal(self.core(source), self.public, source)


class Seed(Entry[Receipt]):
    """Open a stream with some facts and rows."""

    def __init__(self, stream: bytes, kind: str, facts: Sequence[Fact], writes: Sequence[Write] = ()) -> None:
        self.streams = (stream,)
        self._stream, self._kind, self._facts, self._writes = stream, kind, tuple(facts), tuple(writes)

    def judge(self, view: View) -> Outcome[Receipt]:
        """Append one event with all facts."""
        event = make_event("key/v1", {"actor": self._stream.hex(), "kind": "seed", "time": view.now})
        openings = () if view.exists(self._stream) else (Opening(self._stream, self._kind, secrets.token_bytes(32)),)
        append = Append(self._stream, event, self._facts)
        return Outcome((append,), lambda receipts: receipts[0], writes=self._writes, openings=openings)


class Fill(Entry[int]):
    """Take in many items at once: the event, the fact and the rows of each are those of a delivery."""

    def __init__(self, home: Home, source: Source, sealed: Sequence[tuple[Header, Delivery]]) -> None:
        self.streams = (home.dossier,)
        self._source, self._sealed = source, sealed

    def judge(self, view: View) -> Outcome[int]:
        """Append an event for each."""
        dossier, source = self.streams[0], self._source.organisation
        seq = view.head(dossier).seq
        appends, writes = [], list[Write]()
        for at, (header, delivery) in enumerate(self._sealed, 1):
            appends.append(Append(dossier, _delivered(header, self._source, view.now), (version_fact(header, source),)))
            writes += version_writes(delivery, header, source, seq + at)
        return Outcome(tuple(appends), len, writes=writes)


def make_home(source: Source, reading: bytes, consents: int, *, signed: bool = False) -> tuple[Home, Seed]:
    """A dossier with one item, and the entry that makes it.

    Of its consents the first lets those read who have the role in the organisation `reading`, the others let others;
    with `signed` the first is kept as the owner would have signed it.
    """
    dossier, owner, item = new_id(), new_id(), new_id()
    item = dossier[:BUCKET_SIZE] + item[BUCKET_SIZE:]
    public = section_sealing_key(secrets.token_bytes(32), SectionPlace(dossier, SECTION, "ordinary", 0)).public
    payloads = [_consent(dossier, owner, reading if at == 0 else new_id(), at) for at in range(consents)]
    envelope = sign("consent", payloads[0], SigningKey.generate()).envelope if signed and payloads else b""
    header, delivery = _seal(_core(dossier, item, public, source), public, source)
    facts = [Fact("rules", "dossier-key", dossier, _dossier_key(dossier, owner)), _admission(dossier, owner, source)]
    facts += [
        Fact("rules", "consent", bytes.fromhex(each["consent"]), {**each, "keyHash": "00" * 32}) for each in payloads
    ]
    facts.append(version_fact(header, source.organisation))
    writes = [
        Write(INSERT_DOSSIER, (dossier, owner, "private", int(time.time()))),
        section_write(dossier, _section_key(dossier, public), bytes(60)),
        *version_writes(delivery, header, source.organisation, 1),
    ]
    consent = bytes.fromhex(payloads[0]["consent"]) if payloads else b""
    return Home(dossier, owner, item, public, consent, envelope), Seed(dossier, "dossier", facts, writes)


def _seal(core: Core, public: bytes, source: Source) -> tuple[Header, Delivery]:
    metadata = {"title": "brief", "parts": [{"name": "brief", "mediaType": "text/plain"}], "view": ""}
    sealed = seal_item(core, public, metadata, [secrets.token_bytes(ITEM_BYTES)], source.signing)
    parts = [SealedPart(part) for part in sealed.parts]
    delivery = Delivery(core.dossier, sealed.header, sealed.sealed_key, sealed.sealed_metadata, parts)
    return parse_header(sealed.header), delivery


def _core(dossier: bytes, item: bytes, public: bytes, source: Source) -> Core:
    return Core(
        dossier=dossier,
        item=item,
        version=1,
        previous=b"",
        section=SECTION,
        lane="ordinary",
        epoch=0,
        section_key_hash=key_hash(public),
        author=source.system,
        author_key_id=key_hash(source.signing.public),
        author_kind="system",
        type="debt-record",
        label="personal",
        issued=0,
        data_from=0,
        data_until=0,
        part_count=1,
    )


def _delivered(header: Header, source: Source, now: int) -> Any:
    core = header.core
    values: dict[str, str | int | list[str]] = {
        "type": "delivered",
        "actor": source.system.hex(),
        "organisation": source.organisation.hex(),
        "item": core.item.hex(),
        "version": core.version,
        "section": core.section,
        "lane": core.lane,
        "itemType": core.type,
        "label": core.label,
        "source": source.organisation.hex(),
        "header": header.hash.hex(),
        "time": now,
    }
    return make_event("delivery/v1", values)


def _dossier_key(dossier: bytes, owner: bytes) -> dict[str, Any]:
    return {
        "dossier": dossier.hex(),
        "owner": owner.hex(),
        "nature": "private",
        "sequence": 0,
        "previous": "",
        "key": encode_base64(bytes(32)),
        "inboxKey": encode_base64(bytes(1_216)),
        "streamKeyHash": "00" * 32,
        "signer": dossier.hex(),
        "keyHash": "00" * 32,
        "issuedAt": 0,
    }


def _section_key(dossier: bytes, public: bytes) -> Statement:
    fields = {
        "dossier": dossier.hex(),
        "section": SECTION,
        "lane": "ordinary",
        "epoch": 0,
        "previous": "",
        "publicKey": encode_base64(public),
        "signer": dossier.hex(),
        "issuedAt": 0,
    }
    return sign("section-key", fields, SigningKey.generate())


def _admission(dossier: bytes, owner: bytes, source: Source) -> Fact:
    admission, now = new_id(dossier[:BUCKET_SIZE]), int(time.time())
    payload = {
        "dossier": dossier.hex(),
        "admission": admission.hex(),
        "organisation": source.organisation.hex(),
        "sections": [],
        "after": {"seq": 0, "leaf": "00" * 32},
        "from": now - 60,
        "until": now + DAY,
        "signer": owner.hex(),
        "capacity": "owner",
        "keyHash": "00" * 32,
        "issuedAt": now,
    }
    return Fact("rules", "source-admission", admission, payload)


def _consent(dossier: bytes, owner: bytes, organisation: bytes, number: int) -> dict[str, Any]:
    consent, now = new_id(dossier[:BUCKET_SIZE]), int(time.time())
    grantee = {"kind": "role", "person": "", "organisation": organisation.hex(), "role": ROLE, "case": "", "system": ""}
    scope = {"items": [], "sections": [SECTION], "lanes": ["ordinary"], "types": [], "sources": [], "case": ""}
    return {
        "consent": consent.hex(),
        "dossier": dossier.hex(),
        "effect": "permit",
        "grantee": {**grantee, "laterMembers": True},
        "scope": {**scope, "labelCeiling": "", "dataFrom": 0, "dataUntil": 0},
        "actions": ["list", "read"],
        "purpose": PURPOSE,
        "basis": "consent",
        "from": now - 60,
        "until": now + DAY,
        "endsOn": {"caseClosed": False, "unusedMonths": 0},
        "laterItems": True,
        "exceptions": [],
        "case": "",
        "catalogue": CATALOGUE,
        "text": {"hash": "33" * 32, "language": "nl", "version": "1"},
        "replaces": "",
        "after": {"seq": number, "leaf": "00" * 32},
        "signer": owner.hex(),
        "capacity": "owner",
        "issuedAt": now,
    }
