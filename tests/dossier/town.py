"""A small town for tests of the application: people with keys, an agency with a system, a dossier with items.

Everything is made as clients make it, with real keys and statements, and goes through the real writer on PostgreSQL.
"""

from __future__ import annotations

import secrets
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from audit.entry import Append, Claim, Entry, Fact, Opening, Outcome
from audit.event import make_event
from audit.writer import Writer
from consent.catalogue import shipped_catalogues
from crypto.capsules import KeyId, seal_capsule
from crypto.core import Core
from crypto.dossierkeys import inbox_key
from crypto.encoding import encode_base64, new_id, sha256
from crypto.headers import parse_header
from crypto.items import seal_item
from crypto.keys import SealingKey, SigningKey, key_hash
from crypto.sections import SectionPlace, section_sealing_key, wrap_section
from crypto.statements import Statement, cosign, sign
from dossier.auditing.replaying import Replayer
from dossier.auditing.store import EventStore
from dossier.dossiers.creation import CreateDossier, NewDossier
from dossier.dossiers.govern import Govern, Submission
from dossier.facts.compiler import Compiler
from dossier.hiding.store import HiddenStore
from dossier.items.delivery import Delivery, SealedPart
from dossier.items.intake import Deliver
from dossier.parties.actor import Actor, Assurance
from dossier.parties.rows import statement_row
from dossier.reading.again import Promiser
from dossier.reading.service import Readings
from dossier.reading.store import ReadingStore
from dossier.reading.uses import Uses
from dossier.sharing.consents import GiveConsent, NewConsent
from dossier.sharing.store import SharingStore
from dossier.sharing.withdrawal import Withdraw
from dossier.store import Loader
from tests.audit.town import KEYS, PATIENT, SIGNER

CATALOGUES = shipped_catalogues()
DENIED = ["annotate", "download", "export", "list", "read", "share"]
SECTIONS = ("debts", "income", "health")
LANES = ("ordinary", "confidential", "vault")


def now():
    return int(time.time())


def claim(actor, key=None, body=b"", route=b"POST /v1/test"):
    return Claim(actor.id, sha256(route), key or secrets.token_bytes(16), sha256(body))


class Seed(Entry):
    """Open a stream with facts that no test is about; those of a statement are said, and kept, as it was signed."""

    def __init__(self, stream, kind, facts, statement=None, ordinal=0):
        self.streams = (stream,)
        self.stream, self.kind, self.facts = stream, kind, facts
        self.statement, self.ordinal = statement, ordinal

    @classmethod
    def of(cls, stream, kind, subject, statement, ordinal):
        return cls(stream, kind, (Fact("rules", statement.kind, subject, statement.payload),), statement, ordinal)

    def judge(self, view):
        values, writes = {"actor": self.stream.hex(), "kind": self.kind, "time": view.now}, ()
        if self.statement is not None:
            values |= {"kind": self.statement.kind, "statement": self.statement.hash.hex()}
            if self.statement.kind != "register-entry":  # a town's agencies are no links of the one register
                writes = (statement_row(self.stream, self.statement, self.facts[0].subject, self.ordinal, view.now),)
        append = Append(self.stream, make_event("key/v1", values), self.facts)
        openings = () if view.exists(self.stream) else (Opening(self.stream, self.kind, secrets.token_bytes(32)),)
        return Outcome((append,), lambda receipts: receipts[0], writes, openings)


@dataclass
class Person:
    """Somebody with keys, in one capacity."""

    id: bytes
    organisation: bytes | None
    role: str
    signing: SigningKey
    sealing: SealingKey
    chain: Statement
    name: str = ""

    @property
    def actor(self):
        roles = (self.role,) if self.role else ()
        return Actor("person", self.id, self.organisation, roles, Assurance.HIGH, now(), secrets.token_bytes(16))


@dataclass
class System:
    """A system of an agency."""

    id: bytes
    organisation: bytes
    signing: SigningKey
    sealing: SealingKey

    role = ""

    @property
    def actor(self):
        return Actor("system", self.id, self.organisation, (), Assurance.HIGH, now(), secrets.token_bytes(16))


@dataclass
class Agency:
    """An organisation that may attest."""

    id: bytes
    key: SigningKey
    counter: int = 0


@dataclass
class Home:
    """A dossier with its owner's keys."""

    id: bytes
    owner: Person
    key: SigningKey
    root: bytes
    stream_key: bytes
    chain: Statement
    secrets: dict = field(default_factory=dict)
    items: dict = field(default_factory=dict)

    def place(self, section, lane="ordinary"):
        return SectionPlace(self.id, section, lane, 0)


@dataclass
class Town:
    """The running parts."""

    pool: object
    writer: Writer
    readings: Readings
    sharing: SharingStore
    hidden: HiddenStore
    uses: Uses
    forged: list = field(default_factory=list)

    async def person(self, name="", agency=None, role=""):
        person, signing, sealing = new_id(), SigningKey.generate(), SealingKey.generate()
        fields = {
            "person": person.hex(),
            "organisation": agency.id.hex() if agency else "",
            "sequence": 0,
            "previous": "",
            "signingKey": encode_base64(signing.public),
            "sealingKey": encode_base64(sealing.public),
            "streamKeyHash": "11" * 32,
            "signer": person.hex(),
            "issuedAt": now(),
        }
        chain = sign("key-chain", fields, signing)
        await self.writer.submit(Seed.of(person, "person", person, chain, 0))
        made = Person(person, agency.id if agency else None, role, signing, sealing, chain, name)
        if agency:
            await self.attest(agency, made)
        return made

    async def agency(self):
        agency = Agency(new_id(), SigningKey.generate())
        fields = {
            "sequence": 0,
            "previous": "",
            "organisation": agency.id.hex(),
            "name": "Gemeente",
            "key": encode_base64(agency.key.public),
            "from": 0,
            "until": now() + 10**6,
            "keysHash": "22" * 32,
            "issuedAt": now(),
        }
        entry = sign("register-entry", fields, agency.key)
        await self.writer.submit(Seed.of(agency.id, "organisation", agency.id, entry, 0))
        return agency

    async def attest(self, agency, person, until=None, roles=None):
        agency.counter += 1
        fields = {
            "organisation": agency.id.hex(),
            "person": person.id.hex(),
            "chainHead": person.chain.hash.hex(),
            "roles": [person.role] if roles is None else roles,
            "conflicts": [],
            "from": now() - 10,
            "until": until or now() + 86_400,
            "counter": agency.counter,
            "signer": agency.id.hex(),
            "issuedAt": now(),
        }
        statement = sign("person-attestation", fields, agency.key)
        await self.writer.submit(Seed.of(agency.id, "organisation", person.id, statement, agency.counter))

    async def system(self, agency, before=None, **changes):
        """A system with attested keys, or the next keys of one that has some."""
        system = before.id if before else new_id(agency.id[:2])
        made = System(system, agency.id, SigningKey.generate(), SealingKey.generate())
        agency.counter += 1
        fields = {
            "organisation": agency.id.hex(),
            "system": made.id.hex(),
            "signingKey": encode_base64(made.signing.public),
            "sealingKey": encode_base64(made.sealing.public),
            "from": now() - 10,
            "until": now() + 86_400,
            "counter": agency.counter,
            "signer": agency.id.hex(),
            "issuedAt": now(),
        } | changes
        statement = sign("system-attestation", fields, agency.key)
        await self.writer.submit(Seed.of(agency.id, "organisation", made.id, statement, agency.counter))
        return made

    async def dossier(self, owner):
        home, new = new_home(owner)
        await self.writer.submit(CreateDossier(owner.actor, new, claim(owner.actor)))
        return home

    async def after(self, home):
        view = await self.writer.look((home.id,))
        rules = view.head(home.id).rules
        return {"seq": rules.seq, "leaf": rules.leaf.hex()}

    async def sign(self, home, kind, person=None, **fields):
        """Sign a statement about a dossier as its owner or another holder does."""
        signer = person or home.owner
        fields = {"dossier": home.id.hex(), "signer": signer.id.hex(), "issuedAt": now(), "capacity": "owner"} | fields
        return sign(kind, fields, signer.signing)

    async def admit(self, home, agency):
        statement = await self.sign(
            home,
            "source-admission",
            admission=new_id(home.id[:2]).hex(),
            organisation=agency.id.hex(),
            sections=[],
            after=await self.after(home),
            **{"from": now() - 10, "until": now() + 86_400},
        )
        await self.writer.submit(Govern(home.owner.actor, home.id, Submission(statement), claim(home.owner.actor)))

    async def deliver(self, home, author, content=b"een brief", section="debts", **options):
        """Seal and deliver an item; return its id."""
        item = options.pop("item", None) or new_id(home.id[:2])
        delivery = seal_delivery(home, author, content, section, item=item, **options)
        await self.writer.submit(Deliver(author.actor, delivery, claim(author.actor)))
        home.items[item] = parse_header(delivery.header)
        return item

    async def give(self, home, grantee, *, capsules=True, person=None, **changes):
        """Give a consent to a person; return its id."""
        payload = consent_payload(home, grantee, await self.after(home)) | changes
        statement = await self.sign(home, "consent", person, **payload)
        sealed = []
        if capsules and payload["effect"] == "permit":
            keys = {
                KeyId.section(home.place(section)): home.secrets[section, "ordinary"]
                for section in payload["scope"]["sections"]
            }
            if keys and payload["laterItems"] and not payload["scope"]["items"]:
                sealed = [seal_capsule(statement.hash, grantee.id, grantee.sealing.public, keys)]
        signer = (person or home.owner).actor
        given = await self.writer.submit(GiveConsent(signer, NewConsent(home.id, statement, sealed), claim(signer)))
        return bytes.fromhex(given.consent)

    async def withdraw(self, home, consent, person=None, *, signed=True, capacity="owner"):
        person = person or home.owner
        shared = await self.sharing.consent(consent)
        assert shared is not None
        statement = None
        if signed:
            fields = {"consent": consent.hex(), "consentHash": shared.hash.hex(), "reason": "", "capacity": capacity}
            statement = await self.sign(home, "withdrawal", person, **fields)
        return await self.writer.submit(Withdraw(person.actor, shared, statement, claim(person.actor)))

    async def read(self, reader, item, **changes):
        """Read as a client does: sign a request and send it."""
        nonce = changes.pop("nonce_bytes", None) or secrets.token_bytes(16)
        envelope = reading_request(reader, item, nonce, **changes)
        return await self.send(reader, item, nonce, envelope)

    async def send(self, reader, item, nonce, envelope):
        import asyncio

        arrival = asyncio.get_running_loop().time()
        return await self.readings.read(reader.actor, item, nonce, encode_base64(envelope), arrival)


def reading_request(reader, item, nonce, **changes):
    fields = {
        "item": item.hex(),
        "version": 1,
        "action": "read",
        "purpose": "debt-help",
        "case": "",
        "reason": "intake",
        "nonce": nonce.hex(),
        "signer": reader.id.hex(),
        "organisation": reader.organisation.hex() if reader.organisation else "",
        "role": reader.role,
        "issuedAt": now(),
    } | changes
    return sign("reading-request", fields, changes.get("key") or reader.signing).envelope


def consent_payload(home, grantee, after, **changes):
    scope: dict = {name: [] for name in ("items", "sections", "lanes", "types", "sources")}
    scope |= {
        "sections": ["debts"],
        "lanes": ["ordinary"],
        "case": "",
        "labelCeiling": "",
        "dataFrom": 0,
        "dataUntil": 0,
    }
    kind = "system" if isinstance(grantee, System) else "person"
    return {
        "consent": new_id(home.id[:2]).hex(),
        "effect": "permit",
        "grantee": {
            "kind": kind,
            "person": grantee.id.hex() if kind == "person" else "",
            "organisation": grantee.organisation.hex() if grantee.organisation else "",
            "role": grantee.role,
            "case": "",
            "system": grantee.id.hex() if kind == "system" else "",
            "laterMembers": False,
        },
        "scope": scope,
        "actions": ["list", "read"],
        "purpose": "debt-help",
        "basis": "consent",
        "from": now() - 5,
        "until": now() + 86_400,
        "endsOn": {"caseClosed": False, "unusedMonths": 0},
        "laterItems": True,
        "exceptions": [],
        "case": "",
        "catalogue": CATALOGUES.current.hash,
        "text": {"hash": "33" * 32, "language": "nl", "version": "1"},
        "replaces": "",
        "after": after,
    } | changes


def new_home(owner):
    """A dossier as its owner's client makes it."""
    dossier, key, root, stream_key = new_id(), SigningKey.generate(), secrets.token_bytes(32), secrets.token_bytes(32)
    inbox = inbox_key(root, dossier, 0)
    common = {"dossier": dossier.hex(), "signer": owner.id.hex(), "issuedAt": now()}
    chain = sign(
        "dossier-key",
        common
        | {
            "owner": owner.id.hex(),
            "nature": "private",
            "sequence": 0,
            "previous": "",
            "key": encode_base64(key.public),
            "inboxKey": encode_base64(inbox.public),
            "streamKeyHash": sha256(stream_key).hex(),
        },
        key,
    )
    holder = {
        "person": owner.id.hex(),
        "chainHead": owner.chain.hash.hex(),
        "capacity": "owner",
        "sections": [],
        "full": True,
        "threshold": 1,
        "from": 0,
        "until": 2**53 - 1,
    }
    authority = sign(
        "authority-list",
        common
        | {
            "sequence": 0,
            "previous": "",
            "holders": [holder],
            "actors": [{"person": owner.id.hex(), "keyHash": key_hash(owner.signing.public).hex()}],
            "after": {"seq": 0, "leaf": "00" * 32},
        },
        key,
    )
    home = Home(dossier, owner, key, root, stream_key, chain)
    sections, wrapped = [], {}
    for section in SECTIONS:
        for lane in LANES:
            secret = home.secrets[section, lane] = secrets.token_bytes(32)
            public = section_sealing_key(secret, home.place(section, lane)).public
            fields = {"section": section, "lane": lane, "epoch": 0, "previous": "", "publicKey": encode_base64(public)}
            sections.append(sign("section-key", common | fields, key))
            wrapped[section, lane] = wrap_section(root, secret, home.place(section, lane))
    held = {KeyId.dossier_key(dossier, 0): key.seed, KeyId.dossier_root(dossier, 0): root}
    authority = cosign(authority, owner.signing)
    capsule = seal_capsule(authority.hash, owner.id, owner.sealing.public, held)
    new = NewDossier((chain, authority, *sections), (capsule,), wrapped, stream_key, secrets.token_bytes(32))
    return home, new


def seal_delivery(
    home,
    author,
    content,
    section,
    *,
    item,
    lane="ordinary",
    label="personal",
    kind="debt-record",
    uploads=(),
    before=None,
    issued=None,
):
    contents = content if isinstance(content, list) else [content]
    public = section_sealing_key(home.secrets[section, lane], home.place(section, lane)).public
    core = Core(
        dossier=home.id,
        item=item,
        version=before.core.version + 1 if before else 1,
        previous=before.statement.hash if before else b"",
        section=section,
        lane=lane,
        epoch=0,
        section_key_hash=key_hash(public),
        author=author.id,
        author_key_id=key_hash(author.signing.public),
        author_kind="system" if isinstance(author, System) else "person",
        type=kind,
        label=label,
        issued=now() if issued is None else issued,
        data_from=0,
        data_until=0,
        part_count=len(contents),
    )
    parts = [{"name": f"deel {at}", "mediaType": "text/plain"} for at in range(len(contents))]
    sealed = seal_item(core, public, {"title": "Brief", "parts": parts, "view": ""}, contents, author.signing)
    chosen = [SealedPart(None, uploads[at]) if uploads else SealedPart(part) for at, part in enumerate(sealed.parts)]
    return Delivery(home.id, sealed.header, sealed.sealed_key, sealed.sealed_metadata, chosen)


@asynccontextmanager
async def running_town(pool, **options):
    """The writer and what stands on it, as the service builds them; `replays` is whether all decisions come out again."""
    replays = options.pop("replays", True)
    options.setdefault("limits", PATIENT)
    writer = Writer(pool, KEYS, SIGNER, Compiler(CATALOGUES), Loader(), **options)
    await writer.start()
    store = ReadingStore(pool)
    uses = Uses(store)
    promiser = Promiser(store, SIGNER, KEYS)
    readings = Readings(writer, store, uses, promiser, CATALOGUES.current)
    try:
        town = Town(pool, writer, readings, SharingStore(pool), HiddenStore(pool), uses)
        yield town
        if replays:
            await everything_replays(pool, town.forged)
    finally:
        await writer.stop()


async def everything_replays(pool, forged):
    """Whatever a test did: its streams are whole, and all that was decided or done comes out again (P5, P8).

    `forged` are the texts of what tests wrote into the database themselves: a replay must say so.
    """
    found = await Replayer(EventStore(pool), KEYS, CATALOGUES).run()
    lines = [str(each) for each in found.findings]
    assert sorted(each.text for each in found.findings) == sorted(forged), lines
