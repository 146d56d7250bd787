"""A world to measure in: dossiers with one item and some consents, and professionals who may read them.

It goes into the database through the group writer, as everything does, but with bare facts: no client made its keys.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.entry import Append, Entry, Fact, Opening, Outcome, Receipt, View, Write
from audit.event import make_event
from audit.writer import Writer
from consent.catalogue import shipped_catalogues
from consent.terms import FOREVER
from crypto.core import Core
from crypto.encoding import encode_base64, new_id, sha256
from crypto.headers import parse_header
from crypto.items import SealedItem, seal_item
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.sections import SectionPlace, section_sealing_key
from crypto.statements import Statement, sign
from dossier.items import store as items
from dossier.items.state import version_fact
from dossier.parties.rows import attested_row, member_row
from web.signin.credentials import locate, new_secret
from web.signin.store import Session, SignInStore

ROLE, PURPOSE, SECTION = "debt-counsellor", "debt-help", "debts"
ITEM_BYTES = 2_048
TOKEN_SECONDS = 7_200
AT_ONCE = 64
CATALOGUE = shipped_catalogues().current.hash


@dataclass(frozen=True)
class Reader:
    """A professional with a signing key and a bearer token."""

    person: bytes
    organisation: bytes
    signing: SigningKey = field(repr=False)
    token: str = field(repr=False)

    def request(self, item: bytes, now: int) -> tuple[str, bytes]:
        """Sign a reading request; return its nonce as hex, and the envelope."""
        nonce = secrets.token_hex(16)
        fields = {
            "item": item.hex(),
            "version": 1,
            "action": "read",
            "purpose": PURPOSE,
            "case": "",
            "reason": "intake",
            "nonce": nonce,
            "signer": self.person.hex(),
            "organisation": self.organisation.hex(),
            "role": ROLE,
            "issuedAt": now,
        }
        return nonce, sign("reading-request", fields, self.signing).envelope


@dataclass(frozen=True)
class World:
    """Readers, and the items of dossiers by the number of consents that stand in each."""

    readers: Sequence[Reader]
    items: dict[int, Sequence[bytes]]
    dossiers: dict[bytes, bytes]


class Seed(Entry[Receipt]):
    """Open a stream with some facts and rows."""

    def __init__(self, stream: bytes, kind: str, facts: Sequence[Fact], writes: Sequence[Write] = ()) -> None:
        self.streams = (stream,)
        self._stream, self._kind, self._facts, self._writes = stream, kind, tuple(facts), tuple(writes)

    def judge(self, view: View) -> Outcome[Receipt]:
        """Append one event with all facts."""
        event = make_event("key/v1", {"actor": self._stream.hex(), "kind": "seed", "time": view.now})
        opening = Opening(self._stream, self._kind, secrets.token_bytes(32))
        append = Append(self._stream, event, self._facts)
        return Outcome((append,), lambda receipts: receipts[0], writes=self._writes, openings=(opening,))


async def build_world(
    writer: Writer, sessions: SignInStore, readers: int, dossiers: dict[int, int], progress: Callable[[str], None]
) -> World:
    """Make readers of one organisation, and so many dossiers for each number of consents."""
    organisation, people = await _organisation(writer, sessions, readers)
    found: dict[int, Sequence[bytes]] = {}
    owners: dict[bytes, bytes] = {}
    for consents, count in dossiers.items():
        made: list[bytes] = []
        for at in range(0, count, AT_ONCE):
            progress(f"dossiers with {consents} consents: {at}/{count}")
            homes = [_home(organisation, consents) for _ in range(min(AT_ONCE, count - at))]
            await asyncio.gather(*(writer.submit(seed) for _, _, seed in homes))
            made += [item for _, item, _ in homes]
            owners |= {item: dossier for dossier, item, _ in homes}
        found[consents] = made
    return World(people, found, owners)


async def _organisation(writer: Writer, sessions: SignInStore, count: int) -> tuple[bytes, list[Reader]]:
    organisation, key = new_id(), SigningKey.generate()
    entry = {"organisation": organisation.hex(), "key": encode_base64(key.public), "from": 0, "until": FOREVER}
    facts = [Fact("rules", "register-entry", organisation, entry)]
    sealing = encode_base64(SealingKey.generate().public)
    readers = []
    for _ in range(count):
        person, signing = new_id(), SigningKey.generate()
        chain = _chain(person, organisation, signing, sealing)
        rows = (
            member_row(organisation, person, "Lezer", (ROLE,), 0, FOREVER),
            attested_row(organisation, person, int(time.time()) + 86_400),
        )
        await writer.submit(Seed(person, "person", [Fact("rules", "key-chain", person, chain.payload)], rows))
        facts.append(Fact("rules", "person-attestation", person, _attestation(organisation, person, chain, key)))
        readers.append(Reader(person, organisation, signing, await _token(sessions, person, organisation)))
    for at in range(0, len(facts), 60):
        stream_facts = facts[at : at + 60]
        await writer.submit(
            Seed(organisation, "organisation", stream_facts) if at == 0 else _More(organisation, stream_facts)
        )
    return organisation, readers


class _More(Seed):
    """Add facts to a stream that is open."""

    def __init__(self, stream: bytes, facts: Sequence[Fact]) -> None:
        super().__init__(stream, "", facts)

    def judge(self, view: View) -> Outcome[Receipt]:
        """Append one event with all facts."""
        event = make_event("key/v1", {"actor": self._stream.hex(), "kind": "seed", "time": view.now})
        return Outcome((Append(self._stream, event, self._facts),), lambda receipts: receipts[0])


def _chain(person: bytes, organisation: bytes, signing: SigningKey, sealing: str) -> Statement:
    fields = {
        "person": person.hex(),
        "organisation": organisation.hex(),
        "sequence": 0,
        "previous": "",
        "signingKey": encode_base64(signing.public),
        "sealingKey": sealing,
        "streamKeyHash": "00" * 32,
        "signer": person.hex(),
        "issuedAt": 0,
    }
    return sign("key-chain", fields, signing)


def _attestation(organisation: bytes, person: bytes, chain: Statement, key: SigningKey) -> dict[str, Any]:
    now = int(time.time())
    fields = {
        "organisation": organisation.hex(),
        "person": person.hex(),
        "chainHead": chain.hash.hex(),
        "roles": [ROLE],
        "conflicts": [],
        "from": now - 60,
        "until": now + 86_400,
        "counter": 1,
        "signer": organisation.hex(),
        "issuedAt": now,
    }
    return dict(sign("person-attestation", fields, key).payload)


async def _token(sessions: SignInStore, person: bytes, organisation: bytes) -> str:
    now = int(time.time())
    ends = now + TOKEN_SECONDS
    session = Session(new_id(person[:2]), "client", person, organisation, (), "high", now, now, ends)
    secret = new_secret(session.id)
    await sessions.start_session(session, [("access", locate(secret), ends)])
    return secret


def _home(organisation: bytes, consents: int) -> tuple[bytes, bytes, Seed]:
    """A dossier with one item; of its consents one lets the role of this organisation read, the others are others'."""
    dossier, owner, system = new_id(), new_id(), SigningKey.generate()
    place = SectionPlace(dossier, SECTION, "ordinary", 0)
    public = section_sealing_key(secrets.token_bytes(32), place).public
    core, sealed = _item(dossier, public, system)
    header = parse_header(sealed.header)
    facts = [Fact("rules", "dossier-key", dossier, _dossier_key(dossier, owner))]
    facts += [_consent(dossier, owner, organisation if at == 0 else new_id(), at) for at in range(consents)]
    facts.append(version_fact(header, organisation))
    part = sealed.parts[0]
    row = (core.item, 1, 0, len(part), 1, sha256(part), part, None)
    version = (core.item, 1, header.hash, sealed.header.envelope, sealed.sealed_key, sealed.sealed_metadata)
    writes = [
        Write(items.INSERT_ITEM, (core.item, dossier, 1)),
        Write(items.INSERT_VERSION, (*version, organisation, 1)),
        Write(items.INSERT_PART, row),
    ]
    return dossier, core.item, Seed(dossier, "dossier", facts, writes)


def _item(dossier: bytes, public: bytes, system: SigningKey) -> tuple[Core, SealedItem]:
    core = Core(
        dossier=dossier,
        item=new_id(dossier[:2]),
        version=1,
        previous=b"",
        section=SECTION,
        lane="ordinary",
        epoch=0,
        section_key_hash=key_hash(public),
        author=new_id(),
        author_key_id=key_hash(system.public),
        author_kind="system",
        type="debt-record",
        label="personal",
        issued=0,
        data_from=0,
        data_until=0,
        part_count=1,
    )
    metadata = {"title": "brief", "parts": [{"name": "brief", "mediaType": "text/plain"}], "view": ""}
    return core, seal_item(core, public, metadata, [secrets.token_bytes(ITEM_BYTES)], system)


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


def _consent(dossier: bytes, owner: bytes, organisation: bytes, number: int) -> Fact:
    consent, now = new_id(dossier[:2]), int(time.time())
    grantee = {"kind": "role", "person": "", "organisation": organisation.hex(), "role": ROLE, "case": "", "system": ""}
    scope = {"items": [], "sections": [SECTION], "lanes": ["ordinary"], "types": [], "sources": [], "case": ""}
    payload = {
        "consent": consent.hex(),
        "dossier": dossier.hex(),
        "effect": "permit",
        "grantee": {**grantee, "laterMembers": True},
        "scope": {**scope, "labelCeiling": "", "dataFrom": 0, "dataUntil": 0},
        "actions": ["list", "read"],
        "purpose": PURPOSE,
        "basis": "consent",
        "from": now - 60,
        "until": now + 86_400,
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
        "keyHash": "00" * 32,
        "issuedAt": now,
    }
    return Fact("rules", "consent", consent, payload)
