"""A world to measure in: an organisation with professionals and a system, and dossiers that they may read or add to."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.entry import Fact
from audit.writer import Writer
from consent.terms import FOREVER
from crypto.encoding import encode_base64, new_id
from crypto.keys import SealingKey, SigningKey
from crypto.statements import Statement, sign
from dossier.parties.actor import Actor, Assurance
from dossier.parties.rows import attested_row, member_row
from web.bench.homes import DAY, PURPOSE, REASON, ROLE, Home, Seed, Source, make_home
from web.signin.credentials import locate, new_secret
from web.signin.store import Session, SignInStore

TOKEN_SECONDS = 14_400
AT_ONCE = 64
FACTS_AT_ONCE = 60


@dataclass(frozen=True)
class Reader:
    """A professional with a signing key and a bearer token."""

    person: bytes
    organisation: bytes
    signing: SigningKey = field(repr=False)
    token: str = field(repr=False)

    @property
    def actor(self) -> Actor:
        """Who this is once signed in."""
        session = secrets.token_bytes(16)
        return Actor("person", self.person, self.organisation, (ROLE,), Assurance.HIGH, int(time.time()), session)

    def request(self, item: bytes, now: int) -> tuple[str, bytes]:
        """Sign a reading request; return its nonce as hex, and the envelope."""
        nonce = secrets.token_hex(16)
        fields = {
            "item": item.hex(),
            "version": 1,
            "action": "read",
            "purpose": PURPOSE,
            "case": "",
            "reason": REASON,
            "nonce": nonce,
            "signer": self.person.hex(),
            "organisation": self.organisation.hex(),
            "role": ROLE,
            "issuedAt": now,
        }
        return nonce, sign("reading-request", fields, self.signing).envelope


@dataclass(frozen=True)
class World:
    """Readers of one organisation, its system with a bearer token, and dossiers by the number of consents in each."""

    readers: Sequence[Reader]
    source: Source
    token: str = field(repr=False)
    homes: dict[int, list[Home]]

    @property
    def organisation(self) -> bytes:
        """The organisation of everybody here."""
        return self.source.organisation

    def items(self, consents: int) -> list[bytes]:
        """The first items of the dossiers with so many consents."""
        return [home.item for home in self.homes[consents]]


async def build_world(
    writer: Writer, sessions: SignInStore, readers: int, dossiers: dict[int, int], progress: Callable[[str], None]
) -> World:
    """Make readers of one organisation, and so many dossiers for each number of consents."""
    source, key = Source(new_id(), new_id(), SigningKey.generate()), SigningKey.generate()
    progress(f"{readers} professionals")
    people = await _organisation(writer, sessions, source, key, readers)
    token = await _token(sessions, "system", source.system, source.organisation)
    homes = {}
    for consents, count in dossiers.items():
        progress(f"{count} dossiers with consents: {consents}")
        homes[consents] = await add_homes(writer, source, count, consents)
    return World(people, source, token, homes)


async def add_homes(
    writer: Writer, source: Source, count: int, consents: int = 1, *, signed: bool = False, keep: int | None = None
) -> list[Home]:
    """Make so many dossiers whose items the source's own organisation may read; return them, or `keep` among them."""
    kept: list[Home] = []
    stride = 1 if keep is None else max(count // max(keep, 1), 1)
    for at in range(0, count, AT_ONCE):
        some = min(AT_ONCE, count - at)
        made = [make_home(source, source.organisation, consents, signed=signed) for _ in range(some)]
        await asyncio.gather(*(writer.submit(seed) for _, seed in made))
        kept += [home for number, (home, _) in enumerate(made, at) if number % stride == 0]
    return kept[:keep]


async def _organisation(
    writer: Writer, sessions: SignInStore, source: Source, key: SigningKey, count: int
) -> list[Reader]:
    organisation = source.organisation
    entry = {"organisation": organisation.hex(), "key": encode_base64(key.public), "from": 0, "until": FOREVER}
    facts = [
        Fact("rules", "register-entry", organisation, entry),
        Fact("rules", "system-attestation", source.system, _attested_system(source, key)),
    ]
    sealing = encode_base64(SealingKey.generate().public)
    readers = []
    for _ in range(count):
        person, signing = new_id(), SigningKey.generate()
        chain = _chain(person, organisation, signing, sealing)
        rows = (
            member_row(organisation, person, "Lezer", (ROLE,), 0, FOREVER),
            attested_row(organisation, person, int(time.time()) + DAY),
        )
        await writer.submit(Seed(person, "person", [Fact("rules", "key-chain", person, chain.payload)], rows))
        facts.append(Fact("rules", "person-attestation", person, _attested_person(organisation, person, chain, key)))
        token = await _token(sessions, "client", person, organisation)
        readers.append(Reader(person, organisation, signing, token))
    for at in range(0, len(facts), FACTS_AT_ONCE):
        await writer.submit(Seed(organisation, "organisation", facts[at : at + FACTS_AT_ONCE]))
    return readers


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


def _attested_person(organisation: bytes, person: bytes, chain: Statement, key: SigningKey) -> dict[str, Any]:
    fields = {
        **_attested(organisation),
        "person": person.hex(),
        "chainHead": chain.hash.hex(),
        "roles": [ROLE],
        "conflicts": [],
    }
    return dict(sign("person-attestation", fields, key).payload)


def _attested_system(source: Source, key: SigningKey) -> dict[str, Any]:
    fields = {
        **_attested(source.organisation),
        "system": source.system.hex(),
        "signingKey": encode_base64(source.signing.public),
        "sealingKey": encode_base64(SealingKey.generate().public),
    }
    return dict(sign("system-attestation", fields, key).payload)


def _attested(organisation: bytes) -> dict[str, Any]:
    now = int(time.time())
    return {
        "organisation": organisation.hex(),
        "from": now - 60,
        "until": now + DAY,
        "counter": 1,
        "signer": organisation.hex(),
        "issuedAt": now,
    }


async def _token(sessions: SignInStore, kind: str, party: bytes, organisation: bytes) -> str:
    now = int(time.time())
    ends = now + TOKEN_SECONDS
    session = Session(new_id(party[:2]), kind, party, organisation, (), "high", now, now, ends)
    secret = new_secret(session.id)
    await sessions.start_session(session, [("access", locate(secret), ends)])
    return secret
