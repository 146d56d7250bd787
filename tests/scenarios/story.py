"""The people of the story, and what they do in it: an agency delivers, a citizen lets a professional read, and ends it."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field
from typing import Any

import pytest

from consent.catalogue import shipped_catalogues
from crypto.keys import SealingKey, SigningKey
from dossier.client import listed, sharing
from dossier.client.agency import Agency
from dossier.client.assertion import new_sign_in_key
from dossier.client.delivering import Content, Record
from dossier.client.enrolment import enrol
from dossier.client.errors import RefusedError
from dossier.client.groups import as_recipient
from dossier.client.organisation import add_member, add_system, attest, enter_organisation
from dossier.client.owner import Owner
from dossier.client.parties import Pins, check_professional, check_register
from dossier.client.professional import Reader
from dossier.client.reading import Asked, fetch_log_keys, save_part
from dossier.client.session import Session
from tests.values import replace
from tests.web.browsing import ORIGIN, LoopTransport
from web.demo.founding import register_signers

CATALOGUE = shipped_catalogues().current.hash
LETTER = b"Beschikking schuldhulpverlening: uw aanvraag is toegekend."
MARKER = "ZEEKOE-7731"
ASKED = Asked(purpose="debt-help", reason="intake")


@dataclass
class Cast:
    """The people of the story, each with a session of their own; `settle` fills in the rest."""

    app: Any
    personas: dict
    loop: Any
    settings: Any
    sessions: list = field(default_factory=list)
    organisation: bytes = b""
    agency_key: Any = field(default=None, repr=False)
    dossier: bytes = b""
    item: bytes = b""
    stream_key: bytes = b""
    bsn: str = ""
    noor: Any = None
    owner: Any = None
    agency: Any = None
    reader: Any = None
    log: Any = None

    def connect(self):
        """A session of nobody yet."""
        return Session(ORIGIN, transport=LoopTransport(self.app, self.loop))

    def session(self, subject=None):
        """A session of nobody yet, or of somebody who signed in; kept, to be closed in the end."""
        session = self.connect()
        self.sessions.append(session)
        if subject is not None:
            session.sign_in(subject, self.personas[subject].secret)
        return session

    def register(self, pins=None):
        with self.session() as session:
            return check_register(httpx_json(session, "/v1/register"), pins or Pins(), session.now())


def httpx_json(session, path):
    return session.send("GET", path).json()


def settle(cast):
    """An agency with a system and a professional, a citizen with a dossier that admits the agency, one letter."""
    signers = register_signers(cast.settings.data_dir)
    key, signing, sign_in = SigningKey.generate(), SigningKey.generate(), new_sign_in_key("s-1")
    cast.agency_key = key
    administrator = cast.personas["farida-amrani"]
    with cast.session("registrar") as registrar:
        cast.organisation = enter_organisation(
            registrar, "Kredietbank", key, signers, administrator=("farida-amrani", administrator.name)
        )
    with cast.session("farida-amrani") as clerk:
        noor = add_member(clerk, cast.organisation, "noor-hoekstra", "Noor Hoekstra", ["debt-counsellor"])
        with cast.session("noor-hoekstra") as session:
            cast.noor = enrol(session).identity
        attest(clerk, cast.organisation, key, noor, ["debt-counsellor"])
        system = add_system(clerk, cast.organisation, key, "Koppeling", signing, SealingKey.generate(), sign_in)
    hanneke = cast.session("hanneke-de-wit")
    identity = enrol(hanneke).identity
    cast.owner = Owner(hanneke, identity, cast.register())
    made = cast.owner.create("private", ["debts", "income"])
    cast.dossier, cast.stream_key = made.dossier, made.stream_key
    cast.owner.admit(made.dossier, cast.organisation)
    delivering = cast.session()
    delivering.sign_in_system(system.hex(), sign_in)
    seed = (cast.settings.data_dir / "keys" / "directory.key").read_text().strip()
    directory = SigningKey.from_seed(bytes.fromhex(seed)).public
    cast.agency = Agency(delivering, cast.organisation, system, signing, directory)
    cast.bsn = next(each for each in cast.personas["hanneke-de-wit"].identifiers if each.startswith("bsn:"))
    cast.item = deliver(cast, LETTER)
    session = cast.session("noor-hoekstra")
    cast.log = fetch_log_keys(session)
    cast.reader = Reader(session, cast.noor, cast.owner.register, cast.log, "debt-counsellor")


def enrol_son(cast):
    """A son with keys, who can represent his mother."""
    session = cast.session("daniel-jansen")
    cast.son = Owner(session, enrol(session).identity, cast.register())


def deliver(cast, content, title=MARKER):
    record = Record("debts", "ordinary", "decision", "personal", title)
    return bytes.fromhex(cast.agency.deliver(cast.bsn, record, [Content("brief.txt", "text/plain", content)])["item"])


def professional(cast):
    """The professional as the owner verifies them: register, attestation, chain."""
    pins, session = Pins(), cast.owner.session
    register = check_register(httpx_json(session, "/v1/register"), pins, session.now())
    shown = session.get("/v1/professionals", {"name": "noor"})["professionals"]
    return check_professional(shown[0], register, pins, session.now())


def recipient(cast):
    """The professional as a consent names them."""
    return as_recipient(professional(cast))


def grant(cast, **changes):
    terms = sharing.Terms(sections=["debts"], purpose="debt-help", end=cast.owner.session.now() + 86_400)
    return sharing.grant(cast.owner, cast.dossier, recipient(cast), replace(terms, **changes), CATALOGUE, "Mag Noor?")


def content_of(reader, released):
    sink = io.BytesIO()
    save_part(reader.session, released, 0, sink)
    return sink.getvalue()


def standing(cast):
    return [each for each in listed.consents(cast.owner.session, cast.dossier) if each.state == "active"]


def refused(act, *arguments):
    with pytest.raises(RefusedError) as caught:
        act(*arguments)
    return caught.value.status, caught.value.code


async def tell(function, *arguments):
    return await asyncio.to_thread(function, *arguments)
