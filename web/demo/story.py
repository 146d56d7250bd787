"""The whole story, step by step: deliver, grant, read, withdraw, refused read, verify, replay.

Each step does what its people would do, with their own keys and over HTTP, and holds what came back against what was
promised. What does not hold ends the story: it is told with the step's name.
"""

from __future__ import annotations

import io
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from audit.note import parse_verifier_key
from audit.proof import parse_proof, verify_proof
from audit.verify import verify_log
from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from dossier.client import listed, sharing
from dossier.client.auditor import Auditor
from dossier.client.errors import RefusedError, UntrustedError
from dossier.client.history import History, dossier_history, read_tags
from dossier.client.opened import OpenedItem
from dossier.client.professional import Reader
from dossier.client.reading import Asked, LogKeys, Released, check_promise, save_part
from dossier.sample import Record
from web.demo.allowing import DAY, find_professional, give
from web.demo.cast import AUDITOR, IDENTIFIER, OWNER, PROFESSIONAL
from web.demo.company import Company
from web.demo.filling import contents, dossier_of, sealable
from web.demo.launching import command, environment

ASKED = Asked(purpose="debt-plan", reason="intake")
HIDDEN = "hidden"
"""What the owner sees of a request that was answered as if there were nothing."""

HIDDEN_SECONDS = 60.0
"""How long the owner's client waits for a refusal to be told; the service tells within a minute."""

MERGE_SECONDS = 30.0
REFUSED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


class BrokenPromiseError(Exception):
    """Something did not hold; the message says what."""


@dataclass
class Stage:
    """What the steps hand on to each other."""

    company: Company
    records: tuple[Record, ...]
    data_dir: Path
    item: bytes = b""
    dossier: bytes = b""
    consent: str = ""
    reading: str = ""
    log: LogKeys | None = field(default=None)

    def keys(self) -> LogKeys:
        """What promises are verified with, from the log's own first entry."""
        if self.log is None:
            identity = self.company.log_identity()
            self.log = LogKeys(identity.origin, identity.promise_key)
        return self.log

    def reader(self) -> Reader:
        """The professional."""
        company, name = self.company, PROFESSIONAL
        role = company.session(name).get("/v1/me")["roles"][0]
        pins = company.seen(name)
        return Reader(company.session(name), company.identity(name), company.register(name), self.keys(), role, pins)


@dataclass(frozen=True)
class Step:
    """One step: a name for programs, a title for people, and what it does; it yields a line for each thing that held."""

    name: str
    title: str
    act: Callable[[Stage], Iterator[str]]


def deliver(stage: Stage) -> Iterator[str]:
    """An agency's system delivers sealed records; the owner opens one."""
    first = stage.records[0]
    agency = stage.company.agency(f"{first.agency}.{first.system}")
    for record in stage.records:
        answer = agency.deliver(IDENTIFIER, sealable(record), contents(record))
        check_promise(answer["promise"], stage.keys())
        stage.item = stage.item or bytes.fromhex(answer["item"])
    yield f"{len(stage.records)} records sealed and delivered; a signed promise for each"
    owner = stage.company.owner(OWNER)
    stage.dossier = bytes.fromhex(dossier_of(owner.session, "private"))
    held = owner.hold(stage.dossier)
    listed = [each for each in owner.items(held) if isinstance(each, OpenedItem)]
    _hold({each.title for each in listed} == {each.title for each in stage.records}, "the owner sees other titles")
    released = owner.read(held, stage.item, Asked(), stage.keys())
    _hold(_content(stage, OWNER, released) == first.content, "the owner gets other bytes than were delivered")
    yield f"the owner alone can open them: `{released.metadata['title']}`, byte for byte the same"


def grant(stage: Stage) -> Iterator[str]:
    """Nobody else may look; then the owner lets one professional read one section, for a purpose, until a date."""
    _refused(stage, "the item was released before anybody allowed it")
    yield "before: the professional asks, and is told that there is nothing"
    owner = stage.company.owner(OWNER)
    who = find_professional(stage.company, OWNER, stage.company.identity(PROFESSIONAL).person)
    terms = sharing.Terms(sections=["debts"], purpose=ASKED.purpose, end=owner.session.now() + 30 * DAY)
    stage.consent, answer = give(owner, stage.dossier, who, terms)
    check_promise(answer["promise"], stage.keys())
    _hold(answer["state"] == "active", "the consent does not stand")
    yield f"{who.name} of {who.organisation.name} may read debts, for {ASKED.purpose}, for 30 days; signed by the owner"


def read(stage: Stage) -> Iterator[str]:
    """The professional reads; the event is promised before a byte is released."""
    reader = stage.reader()
    listed = [each for each in reader.items(stage.dossier, ASKED) if isinstance(each, OpenedItem)]
    _hold(bool(listed), "the professional sees nothing")
    released = reader.read(stage.item, ASKED)
    stage.reading = released.reading
    _hold(_content(stage, PROFESSIONAL, released) == stage.records[0].content, "the professional gets other bytes")
    yield f"the professional reads `{released.metadata['title']}`; signatures, keys and promise verified"


def withdraw(stage: Stage) -> Iterator[str]:
    """The owner ends it, in one step."""
    owner = stage.company.owner(OWNER)
    shown = next(each for each in listed.consents(owner.session, stage.dossier) if each.consent.id == stage.consent)
    answer = sharing.withdraw(owner, shown, "owner-wish")
    check_promise(answer["promise"], stage.keys())
    _hold(answer["state"] == "withdrawn", "the consent still stands")
    yield f"withdrawn; the service says honestly: {answer['remains']}"


def refused(stage: Stage) -> Iterator[str]:
    """The same reading is asked for again, and refused."""
    _refused(stage, "the item was released after the owner had withdrawn")
    yield "the professional asks again, and gets nothing"


def verify(stage: Stage) -> Iterator[str]:
    """Anybody checks the log; the owner checks that their own list is whole; the reading has its proof."""
    key = parse_verifier_key(_text(stage, "vkey"))
    history = _history(stage)
    until = time.monotonic() + HIDDEN_SECONDS
    with stage.company.log() as log:
        report = verify_log(log, key)
        _hold(report.ok, "; ".join(str(each) for each in report.findings))
        yield f"the public log is in order: {report.size} entries, checked from its files alone"
    told = _looks(history)
    _hold(("permit", stage.reading) in told, "the reading is not in the owner's list")
    while not any(outcome == HIDDEN for outcome, _ in told) and time.monotonic() < until:
        time.sleep(0.5)
        told = _looks(history := _history(stage))
    _hold(any(outcome == HIDDEN for outcome, _ in told), "no refusal is in the owner's list")
    count = len(history.checked.events)
    yield f"the owner's list is whole: {count} events, the look and a refusal among them, none left out"
    _prove(stage)
    yield "the reading has its proof: it stands in the log under a signed checkpoint"


def replay(stage: Stage) -> Iterator[str]:
    """An auditor sees every event held against its leaf, and every decision is made again."""
    with stage.company.log() as log:
        logged = read_tags(log, parse_verifier_key(_text(stage, "vkey")))
    events = list(Auditor(stage.company.session(AUDITOR)).events(logged=logged))
    yield f"the auditor sees {len(events)} events, each what its leaf commits to, and no title or content"
    words = command("log", "replay", "--json", "--data-dir", str(stage.data_dir))
    made = subprocess.run(words, capture_output=True, text=True, env=environment(), check=False)  # noqa: S603 - ours
    try:
        result = json.loads(made.stdout)
    except ValueError as error:
        raise BrokenPromiseError("the replay did not come to an end") from error
    _hold(result["ok"], f"a decision comes out differently: {result['findings'][:1]}")
    _hold(result["decisions"] > 0, "there was no decision to make again")
    yield f"{result['decisions']} decisions made again from the facts as they stood: no difference"


STEPS = (
    Step("deliver", "An agency delivers, sealed to the owner", deliver),
    Step("grant", "The owner lets one professional look", grant),
    Step("read", "The professional reads", read),
    Step("withdraw", "The owner withdraws", withdraw),
    Step("refused read", "The next read is refused", refused),
    Step("verify", "Anyone verifies the log, the owner the own list", verify),
    Step("replay", "An auditor replays every decision", replay),
)


def _hold(held: object, otherwise: str) -> None:
    if not held:
        raise BrokenPromiseError(otherwise)


def _refused(stage: Stage, otherwise: str) -> None:
    """Let the professional ask, and expect no."""
    reader = stage.reader()
    try:
        reader.read(stage.item, ASKED)
    except RefusedError as error:
        _hold(error.status in REFUSED, f"refused, but with status {error.status}")
        return
    except (UntrustedError, CryptoError) as error:
        raise BrokenPromiseError(f"{otherwise}; {error}") from error
    raise BrokenPromiseError(otherwise)


def _content(stage: Stage, name: str, released: Released) -> bytes:
    sink = io.BytesIO()
    save_part(stage.company.session(name), released, 0, sink)
    return sink.getvalue()


def _text(stage: Stage, path: str) -> str:
    with stage.company.log() as log:
        return (log.read(path) or b"").decode("utf-8", "replace").strip()


def _history(stage: Stage) -> History:
    """The owner's own list, checked as the owner checks it."""
    owner = stage.company.owner(OWNER)
    held = owner.hold(stage.dossier)
    with stage.company.log() as log:
        logged = read_tags(log, parse_verifier_key(_text(stage, "vkey")))
    return dossier_history(owner.session, held, logged)


def _looks(history: History) -> set[tuple[str, str]]:
    """Outcome and event id of what others asked of the dossier: permit, deny, or hidden."""
    events = history.checked.events.items()
    return {
        (HIDDEN if each["schema"].startswith("hidden/") else each.get("decision", ""), history.ids.get(seq, ""))
        for seq, each in events
        if each.get("organisation")
    }


def _prove(stage: Stage) -> None:
    """Fetch the proof of the reading and hold it against the owner's copy of the leaf."""
    session = stage.company.session(OWNER)
    page = session.get(f"/v1/dossiers/{stage.dossier.hex()}/events")
    leaf = next(decode_base64(each["leaf"]) for each in page["events"] if each["event"] == stage.reading)
    until = time.monotonic() + MERGE_SECONDS
    while True:
        try:
            text = session.send("GET", f"/v1/events/{stage.reading}/proof").content
            break
        except RefusedError as error:
            if error.status != HTTPStatus.CONFLICT or time.monotonic() > until:
                raise
        time.sleep(0.5)
    verify_proof(parse_proof(text), leaf, parse_verifier_key(_text(stage, "vkey")))
