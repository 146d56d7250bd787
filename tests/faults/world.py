"""A small world over real HTTP: an agency, a professional, a citizen; and a ledger of what the service acknowledged."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx2

from audit.note import parse_verifier_key
from audit.verify import verify_log
from consent.catalogue import shipped_catalogues
from crypto.encoding import decode_base64
from crypto.statements import parse_statement
from dossier.client import listed, sharing
from dossier.client.agency import Agency
from dossier.client.delivering import Content, Record
from dossier.client.errors import RefusedError, UnreachableError
from dossier.client.groups import Recipient
from dossier.client.history import History, dossier_history, read_tags
from dossier.client.making import Identity
from dossier.client.owner import Owner
from dossier.client.professional import Reader
from dossier.client.publiclog import WebLog
from dossier.client.reading import Asked, LogKeys, Released, request_reading, save_part
from dossier.client.session import Session
from tests.faults.service import Service
from tests.scenarios import story
from web.signin.personas import Persona, PersonaFile

CATALOGUE = shipped_catalogues().current.hash
ASKED = Asked(purpose="debt-help", reason="intake", role="debt-counsellor")


@dataclass(frozen=True)
class Sent:
    """A request as it was sent, to be sent again."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


class Line(Session):
    """A session that remembers its last act, and tells when a request of some form is about to be sent."""

    last: Sent | None = None
    watched: tuple[re.Pattern[str], Callable[[], None]] | None = None

    def watch(self, form: str, then: Callable[[], None]) -> None:
        """Call this once, before the next request whose method and path have this form."""
        self.watched = (re.compile(form), then)

    def again(self) -> Any:
        """Send the last act again, under its key."""
        assert self.last is not None
        headers = dict(self.last.headers)
        return self._authorised(self.last.method, self.last.path, self.last.body, headers).json()

    def _authorised(self, method, path, body, headers, query=None, content=None):  # type: ignore[no-untyped-def]
        if "idempotency-key" in headers:
            self.last = Sent(method, path, body, dict(headers))
        if self.watched is not None and self.watched[0].fullmatch(f"{method} {path}"):
            self._renew()
            _, then = self.watched
            self.watched = None
            then()
        return super()._authorised(method, path, body, headers, query, content)


@dataclass(frozen=True)
class Acknowledged:
    """What the service promised: an event at a place of the dossier's stream, with its leaf."""

    act: str
    event: str
    seq: int
    leaf: bytes


@dataclass
class Ledger:
    """What clients hold: promises, and the statement hashes of readings whose content they got."""

    promised: list[Acknowledged] = field(default_factory=list)
    released: list[str] = field(default_factory=list)

    def note(self, act: str, answer: Mapping[str, Any]) -> None:
        """Note what an answer promises."""
        promise = answer["promise"]
        self.promised.append(Acknowledged(act, promise["event"], promise["seq"], decode_base64(promise["leaf"])))
        if act == "reading":
            fields = {each["name"]: each["value"] for each in promise["openings"] if "value" in each}
            assert fields["decision"] == "permit"
            assert answer["parts"]
            self.released.append(promise["event"])


@dataclass
class World:
    """The parties of one service, each with a session; made by `settle`."""

    service: Service
    owner: Owner
    dossier: bytes
    agency: Agency
    bsn: str
    noor: Identity
    reader: Reader
    log: LogKeys
    recipient: Recipient
    item: bytes
    personas: Mapping[str, Persona]
    ledger: Ledger = field(default_factory=Ledger)

    def line(self, subject: str) -> Line:
        """A session of somebody."""
        line = Line(self.service.url)
        line.sign_in(subject, self.personas[subject].secret)
        return line

    def grant(self) -> dict[str, Any]:
        """Give the professional the debts, for a day; the service's answer."""
        terms = sharing.Terms(sections=["debts"], purpose="debt-help", end=self.owner.session.now() + 86_400)
        return sharing.grant(self.owner, self.dossier, self.recipient, terms, CATALOGUE, "Mag Noor?")[1]

    def standing(self) -> list[listed.Shown]:
        """Consents in force."""
        return [one for one in listed.consents(self.owner.session, self.dossier) if one.state == "active"]

    def ensure_consent(self) -> listed.Shown:
        """One consent in force."""
        if not self.standing():
            self.ledger.note("consent", self.grant())
        return self.standing()[0]

    def deliver(self, content: bytes, key: str = "") -> dict[str, Any]:
        """Deliver a record to the debts."""
        record = Record("debts", "ordinary", "decision", "personal", "Beschikking")
        return self.agency.deliver(self.bsn, record, [Content("brief.txt", "text/plain", content)], key=key)

    def read(self, reader: Reader | None = None) -> dict[str, Any]:
        """Read the first item; the answer as it came."""
        asking = reader or self.reader
        return request_reading(asking.session, asking.identity, self.item, ASKED)[1]

    def content(self, released: Released) -> bytes:
        """The plaintext of the first part."""
        sink = io.BytesIO()
        save_part(self.reader.session, released, 0, sink)
        return sink.getvalue()

    def items(self) -> list[str]:
        """The items that the owner finds, each opened."""
        return [one.item for one in self.owner.items(self.owner.hold(self.dossier))]

    def history(self) -> History:
        """All events of the dossier as the owner verifies them, against keys and the public log."""
        with Session(self.service.url) as anybody:
            key = parse_verifier_key(anybody.send("GET", "/log/vkey").text.strip())
        with WebLog(f"{self.service.url}/log") as log:
            logged = read_tags(log, key)
        return dossier_history(self.owner.session, self.owner.hold(self.dossier), logged)

    def verify_log(self) -> list[str]:
        """What `dossier log verify` finds; the log has caught up with the stream first."""
        with Session(self.service.url) as anybody:
            key = parse_verifier_key(anybody.send("GET", "/log/vkey").text.strip())
        with WebLog(f"{self.service.url}/log") as log:
            return [f"{one.code}: {one}" for one in verify_log(log, key).findings]

    def wait_sequenced(self, patience: float = 10.0) -> History:
        """The history once every event of it stands in the log."""
        until = time.monotonic() + patience
        while (history := self.history()).waiting:
            assert time.monotonic() < until, f"events {history.waiting} do not come into the log"
            time.sleep(0.1)
        return history

    def check(self, seed: str = "") -> History:
        """Hold everything that clients were told against the owner's verified list (P3, P4, P10)."""
        history = self.history()
        leaves = history.ids
        for one in self.ledger.promised:
            assert leaves.get(one.seq) == one.event, f"{seed}: acknowledged {one.act} is lost at {one.seq}"
        permits = {
            history.ids[seq]
            for seq, fields in history.checked.events.items()
            if fields["schema"] == "decision/v1" and fields["decision"] == "permit" and fields["action"] == "read"
        }
        missing = set(self.ledger.released) - permits
        assert not missing, f"{seed}: released without an event"
        assert sorted(history.ids) == list(range(1, len(history.ids) + 1)), f"{seed}: numbers with a gap"
        return history

    def count(self, history: History, **wanted: str) -> int:
        """How many events have these fields."""
        events = history.checked.events.values()
        return sum(all(fields.get(name) == value for name, value in wanted.items()) for fields in events)


class LinedCast(story.Cast):
    """The people of the story before a service in another process, each with a line."""

    def connect(self) -> Line:
        return Line(self.app)


def settle(service: Service) -> World:
    """The story's agency with a system and a professional, and its citizen who admits it and has one letter."""
    personas = {one.subject: one for one in PersonaFile(service.data / "personas.json").load()}
    cast = LinedCast(service.url, personas, None, SimpleNamespace(data_dir=service.data))
    story.settle(cast)
    return World(
        service,
        owner=cast.owner,
        dossier=cast.dossier,
        agency=cast.agency,
        bsn=cast.bsn,
        noor=cast.noor,
        reader=cast.reader,
        log=cast.log,
        recipient=story.recipient(cast),
        item=cast.item,
        personas=personas,
    )


def refusal(act: Callable[..., Any], *arguments: Any) -> tuple[int, str]:
    """How an act is refused: status and code; (0, "unreachable") without an answer, (200, "") if it is done."""
    try:
        act(*arguments)
    except RefusedError as error:
        return error.status, error.code
    except UnreachableError:
        return 0, "unreachable"
    return 200, ""


def eventually(act: Callable[[], Any], patience: float = 20.0) -> Any:
    """Try until the service does it: what is answered by 503 or not at all is asked again."""
    until = time.monotonic() + patience
    while True:
        with suppress(UnreachableError, httpx2.TransportError):
            try:
                return act()
            except RefusedError as error:
                if error.status != httpx2.codes.SERVICE_UNAVAILABLE or time.monotonic() > until:
                    raise
        assert time.monotonic() < until, "the service does not come back"
        time.sleep(0.05)


def header_of(sent: Sent) -> tuple[str, int]:
    """Item and version of a delivery that was sent."""
    payload = parse_statement(decode_base64(sent.body["header"])).payload
    return str(payload.get("item", "")), int(payload.get("version", 0))
