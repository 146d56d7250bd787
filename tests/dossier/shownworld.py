"""A dossier with one record and one consent, as a service shows it to a reader; no service runs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from crypto.capsules import KeyId, seal_capsule
from crypto.chains import verify_dossier_chain, verify_section_key
from crypto.encoding import decode_base64, encode_base64, new_id
from crypto.keys import SealingKey, SigningKey
from crypto.sections import unwrap_section
from crypto.statements import parse_statement, sign
from crypto.unlock import Identity as Pairs
from dossier.client import sharing
from dossier.client.delivering import Content, Record, Sender, seal_record
from dossier.client.enrolment import first_keys
from dossier.client.errors import RefusedError
from dossier.client.groups import Recipient
from dossier.client.holding import HeldDossier
from dossier.client.making import START, Identity, make_dossier
from dossier.client.owner import Owner
from dossier.client.parties import Pins, Register
from dossier.client.professional import Reader
from dossier.client.shared import fetch_shared_keys

NOW = 1_800_000_000
NOBODY = Register({}, {})


@dataclass
class Answers:
    """A session whose answers are laid down by path; what is sent is kept."""

    paths: dict = field(default_factory=dict)
    sent: list = field(default_factory=list)

    def now(self):
        return NOW

    def get(self, path, query=None, **headers):
        if path not in self.paths:
            raise RefusedError(404, "not-found", "")
        return self.paths[path]

    def post(self, path, body, **more):
        self.sent.append((path, body))
        return self.paths.get(path, {})


@dataclass(frozen=True)
class Person:
    """A citizen and the first statement of their chain."""

    identity: Identity
    chain: object

    @property
    def id(self):
        return self.identity.person


def citizen(answers, organisation=b""):
    pairs = Pairs(SigningKey.generate(), SealingKey.generate())
    person = new_id()
    chain = first_keys(person, organisation, pairs, secrets.token_bytes(32), NOW)
    texts = [encode_base64(chain.envelope)]
    answers.paths[f"/v1/persons/{person.hex()}/keys"] = {
        "person": person.hex(),
        "chains": [{"organisation": organisation.hex(), "statements": texts}],
    }
    return Person(Identity(person, organisation, pairs.signing, pairs.sealing, chain.hash), chain)


class World:
    """A dossier of one citizen, one record in it by the owner, and a consent for a reader, as a service shows them."""

    def __init__(self, folder: Path):
        self.answers = Answers()
        self.owner, self.reader = citizen(self.answers), citizen(self.answers)
        self.folder = folder
        self.made = made = make_dossier(self.owner.identity, "private", ["debts"], NOW)
        self.dossier = made.dossier
        self.statements = [parse_statement(decode_base64(text)) for text in made.body["statements"]]
        self.chain = verify_dossier_chain(self.statements[:1], made.dossier)
        sections = [verify_section_key(one, self.chain) for one in self.statements if one.kind == "section-key"]
        self.section = next(one for one in sections if one.place.lane == "ordinary")
        wrapped = next(each["wrapped"] for each in made.body["sections"] if each["lane"] == "ordinary")
        self.secret = unwrap_section(
            made.keys.root, decode_base64(wrapped), self.section.place, self.section.public_key
        )
        after = START | {"seq": 2}
        self.held = HeldDossier(made.dossier, self.chain, made.keys, {}, after, {}, {}, tuple(self.statements))

    def record(self, author, at=NOW):
        """A list entry: a record that this person signed and sealed for the dossier."""
        sender = Sender(author.id, "person", author.identity.signing)
        record = Record("debts", "ordinary", "decision", "personal", "Brief")
        sealed = seal_record(record, [Content("a", "text/plain", b"a")], self.section, sender, self.folder, at)
        return sealed, {
            "item": sealed.item.hex(),
            "section": "debts",
            "lane": "ordinary",
            "label": "personal",
            "type": "decision",
            "source": author.id.hex(),
            "cases": [],
            "standsBy": "",
            "header": encode_base64(sealed.header.envelope),
            "sealedKey": encode_base64(sealed.sealed_key),
            "sealedMetadata": encode_base64(sealed.sealed_metadata),
            "capsules": [],
        }

    def consent(self, signer, key=None, **changes):
        """A consent of the whole lane for the reader, signed by `key`."""
        recipient = Recipient("person", self.reader.id, b"", "", self.reader.identity.sealing.public)
        owner = Owner(self.answers, signer.identity, NOBODY)
        terms = sharing.Terms(["debts"], purpose="debt-help", end=NOW + 9)
        payload = sharing.consent_payload(owner, self.held, recipient, terms, "00" * 32, "tekst")
        return sign("consent", payload | changes, key or signer.identity.signing)

    def show(self, *consents, bound=None, statements=None, capsules=True):
        """Lay down what the service says of these consents."""
        listed = []
        for statement in consents:
            identifier = statement.payload["consent"]
            keys = {KeyId.section(self.section.place): self.secret}
            public = self.reader.identity.sealing.public
            capsule = seal_capsule(bound or statement.hash, self.reader.id, public, keys)
            envelope = encode_base64(statement.envelope)
            listed.append(
                {"statement": envelope, "seq": 5, "state": "active", "endedAt": 0, "lastUsed": 0, "effect": "permit"}
            )
            shown = statements or self.statements
            self.answers.paths[f"/v1/consents/{identifier}/capsules"] = {
                "capsules": [{"grantee": self.reader.id.hex(), "capsule": encode_base64(capsule.encode())}]
                if capsules
                else [],
                "statements": [encode_base64(one.envelope) for one in shown],
            }
        self.answers.paths[f"/v1/dossiers/{self.dossier.hex()}/consents"] = {"consents": listed}

    def client(self, pins=None):
        return Reader(self.answers, self.reader.identity, NOBODY, None, pins=pins or Pins())

    def fetch(self, pins=None):
        return fetch_shared_keys(self.answers, self.dossier, pins or Pins())
