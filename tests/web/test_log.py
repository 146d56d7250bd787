"""Facts of web/api/log.py, web/api/audit.py and the clients that check them, through the running application."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.errors import SplitViewError
from audit.note import parse_verifier_key
from audit.proof import parse_proof, verify_proof
from audit.verify import verify_log
from crypto.encoding import decode_base64
from crypto.keys import SigningKey
from dossier.client.auditor import Auditor, audited
from dossier.client.carrier import Request
from dossier.client.delivering import Content, Record
from dossier.client.enrolment import enrol
from dossier.client.errors import RefusedError, UntrustedError
from dossier.client.history import LoggedTags, dossier_history, read_tags
from dossier.client.organisation import add_member, attest, enter_organisation
from dossier.client.owner import Owner
from dossier.client.parties import Pins, check_register
from dossier.client.publiclog import FolderLog, WebLog
from dossier.client.session import Session
from dossier.monthkeys import FileMonthKeys
from tests.web.browsing import ORIGIN, LoopTransport
from web.cli import main
from web.commands import events
from web.demo.founding import register_signers
from web.publishing import log_folder


@dataclass
class Town:
    """An owner with a dossier, a supervisor with an auditor, an agency with a professional; and the log."""

    app: Any
    personas: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    signers: list[SigningKey]
    folder: Path
    held: Any = None
    identity: Any = None

    def session(self, subject=None):
        session = Session(ORIGIN, transport=LoopTransport(self.app, self.loop))
        if subject is not None:
            session.sign_in(subject, self.personas[subject].secret)
        return session

    def log(self):
        return WebLog(f"{ORIGIN}/log", LoopTransport(self.app, self.loop))

    def key(self):
        with self.log() as log:
            return parse_verifier_key(log.read("vkey").decode().strip())

    def tags(self):
        with self.log() as log:
            return read_tags(log, self.key())

    def found(self, name, kind, administrator, member, role):
        """Enter an organisation with one attested member."""
        key = SigningKey.generate()
        with self.session("registrar") as registrar:
            person = (administrator, self.personas[administrator].name)
            organisation = enter_organisation(registrar, name, key, self.signers[:2], administrator=person, kind=kind)
        with self.session(administrator) as session:
            added = add_member(session, organisation, member, self.personas[member].name, [role])
            with self.session(member) as own:
                enrol(own)
            attest(session, organisation, key, added, [role])


def settle(town):
    town.found("Toezicht", "supervisor", "wim-scholten", "joris-van-vliet", "auditor")
    town.found("Kredietbank", "agency", "farida-amrani", "noor-hoekstra", "debt-counsellor")
    with town.session("hanneke-de-wit") as session:
        made = enrol(session)
        town.identity = made.identity
        owner = Owner(session, made.identity, check_register(session.get("/v1/register"), Pins(), session.now()))
        dossier = owner.create("private", ("debts", "income")).dossier
        town.held = owner.hold(dossier)
        record = Record("debts", "ordinary", "document", "personal", "Brief")
        owner.add(town.held, record, [Content("brief.txt", "text/plain", b"een brief")])
        list(owner.items(town.held))


@pytest.fixture(scope="module")
async def town(app, personas, settings):
    signers = register_signers(settings.data_dir, 3)
    built = Town(app, personas, asyncio.get_running_loop(), signers, log_folder(settings))
    await asyncio.to_thread(settle, built)
    return built


def once(act, *, seconds=20):
    """Do something that waits for the sequencer."""
    until = time.monotonic() + seconds
    while True:
        try:
            return act()
        except (RefusedError, AssertionError):
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


async def test_files_of_the_log(client):
    """The published files come as they are; a checkpoint is good for seconds and a tile for ever."""
    answer = await client.get("/log/checkpoint")
    while answer.status_code == 404:
        await asyncio.sleep(0.05)
        answer = await client.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=5"
    size = int(answer.text.splitlines()[1])
    assert size >= 1
    for path in (f"/log/tile/0/000.p/{size}", f"/log/tile/entries/000.p/{size}"):
        answer = await client.get(path)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    key = parse_verifier_key((await client.get("/log/vkey")).text.strip())
    assert key.name == "localhost/test"
    assert (await client.get("/log/promise-vkey")).text.startswith("localhost/test/promise+")


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/64/000",
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/0/..%2f..%2fcheckpoint",
        ".lock",
        "tile/entries",
        "tile/00/000",
    ],
)
async def test_nothing_else_is_served(client, path):
    """What is not a published file, under its one spelling, is not there."""
    assert (await client.get(f"/log/{path}")).status_code == 404


async def test_log_verifies_over_http_and_from_its_folder(town):
    """P5: anybody with the verifier key finds the log in order, over HTTP and from a copy of its files."""

    def check():
        with town.log() as log, FolderLog(town.folder) as copy:
            first = verify_log(log, town.key())
            assert first.ok
            assert first.size > 5
            assert [control.kind for _, control in first.controls] == ["log"]
            assert verify_log(copy, town.key(), first.state).ok

    await asyncio.to_thread(check)


async def test_owner_checks_the_own_history(town):
    """P4, P5: the owner's client finds the list of events whole, and every event in the log once it is sequenced."""

    def check():
        with town.session("hanneke-de-wit") as session:
            history = dossier_history(session, town.held, town.tags())
            assert history.waiting == ()
        return history.checked.events

    events = await asyncio.to_thread(once, check)
    schemas = [fields["schema"] for fields in events.values()]
    assert schemas[0] == "statement/v1"
    assert {"delivery/v1", "listing/v1"} <= set(schemas)
    assert all("positions" not in fields and "rules" not in fields for fields in events.values())


async def test_history_that_ends_early_is_refuted(town):
    """P5: events that the log has and the list leaves out are seen by the tag of the next one."""

    def check():
        with town.session("hanneke-de-wit") as session:
            tags = once(lambda: _all_logged(session, town))

            honest = session.get

            def short(path, query=None):
                answer = honest(path, query)
                if path.endswith("/events"):
                    answer["events"].pop()
                return answer

            session.get = short
            with pytest.raises(SplitViewError, match="it is in the log and was not shown"):
                dossier_history(session, town.held, tags)

    await asyncio.to_thread(check)


def _all_logged(session, town):
    tags = town.tags()
    assert dossier_history(session, town.held, tags).waiting == ()
    return tags


async def test_others_see_no_history(town):
    """Who does not hold a dossier finds nothing there, whether or not it exists."""

    def check():
        for subject in ("noor-hoekstra", "yusuf-kaya"):
            with town.session(subject) as session:
                for dossier in (town.held.dossier.hex(), "ab" * 16):
                    with pytest.raises(RefusedError) as refused:
                        session.get(f"/v1/dossiers/{dossier}/events")
                    assert refused.value.status == 404

    await asyncio.to_thread(check)


async def test_auditor_sees_fields_and_is_seen(town):
    """An auditor sees the fields of every event under its leaf, and each look is an event of the supervisor."""

    def check():
        with town.session("joris-van-vliet") as session:
            seen = list(Auditor(session).events(stream=town.held.dossier.hex(), logged=town.tags()))
            assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
            listing = next(event for event in seen if event.fields["schema"] == "listing/v1")
            assert listing.fields["positions"]
            organisation = session.get("/v1/me")["organisation"]["organisation"]

            def looks():
                own = Auditor(session).events(stream=organisation)
                found = [e.fields for e in own if e.fields["schema"] == "query/v1" and e.fields["subjects"]]
                assert any(town.held.dossier.hex() in fields["subjects"] for fields in found)
                return found

            first = once(looks)[0]
            assert (first["type"], first["decision"], first["count"]) == ("events", "permit", str(len(seen)))

    await asyncio.to_thread(check)


async def test_only_auditors_look(town):
    """Who is no auditor of a supervisor is refused."""

    def check():
        for subject in ("noor-hoekstra", "hanneke-de-wit", "wim-scholten"):
            with town.session(subject) as session, pytest.raises(RefusedError) as refused:
                session.get("/v1/events")
            assert (refused.value.status, refused.value.code) == (403, "not-an-auditor")

    await asyncio.to_thread(check)


async def test_what_an_auditor_is_shown_is_checked(town):
    """A field that is not the leaf's, and a leaf that is not the log's, are refused by the auditor's client."""

    def check():
        with town.session("joris-van-vliet") as session:
            tags = town.tags()
            shown = session.get("/v1/events", {"stream": town.held.dossier.hex()})["events"][0]
        assert audited(shown, tags).seq == 1
        openings = [dict(field) for field in shown["openings"]]
        openings[2]["value"] = "ee" * 16
        with pytest.raises(UntrustedError):
            audited({**shown, "openings": openings}, tags)
        with pytest.raises(UntrustedError):
            audited(shown, LoggedTags(tags.checkpoint, {}))

    await asyncio.to_thread(check)


class Withholding:
    """A session whose service shows one event without its payload, and says that another erased it."""

    def __init__(self, session, seq, erased_by):
        self._session, self._seq, self._told = session, seq, {"erasedBy": erased_by} if erased_by else {}

    def get(self, path, query):
        page = self._session.get(path, query)
        for number, each in enumerate(page["events"]):
            if each["seq"] == self._seq:
                kept = {name: value for name, value in each.items() if name != "openings"}
                page["events"][number] = kept | self._told
        return page


@pytest.mark.parametrize("erased_by, told", [(0, "no later event says why"), (4, "does not")])
async def test_a_payload_that_is_gone_without_an_erasure(town, erased_by, told):
    """P8: a payload that the service withholds or lost is a finding, also when it names an event that erased nothing."""

    def check():
        with town.session("joris-van-vliet") as session:
            auditor = Auditor(Withholding(session, 2, erased_by))
            with pytest.raises(UntrustedError, match=f"event 2: .*{told}"):
                list(auditor.events(stream=town.held.dossier.hex()))

    await asyncio.to_thread(check)


async def test_proof_of_an_event(town):
    """An event has an offline proof once it is sequenced; an id that is no event's has none, and signing in is needed."""

    def check():
        with town.session("hanneke-de-wit") as session:
            shown = session.get(f"/v1/dossiers/{town.held.dossier.hex()}/events")["events"][-1]
            proof = once(lambda: Auditor(session).proof(shown["event"]))
            leaf = decode_base64(shown["leaf"])
            checkpoint = verify_proof(parse_proof(proof), leaf, town.key())
            assert checkpoint.origin == "localhost/test"
            with pytest.raises(RefusedError) as refused:
                Auditor(session).proof("ab" * 16)
            assert refused.value.status == 404
        with town.session() as nobody, pytest.raises(RefusedError) as refused:
            nobody.send("GET", f"/v1/events/{shown['event']}/proof")
        assert refused.value.status == 401

    await asyncio.to_thread(check)


async def test_event_that_waits_has_no_proof_yet(town, app, owner_pool):
    """Before an event is sequenced its proof is refused with 409 and the time to ask again."""
    stream = town.held.dossier
    event = hashlib.sha256(b"later").digest()[:14]
    await owner_pool.execute(
        "INSERT INTO audit.event VALUES (audit.bucket($1), $2, 999, $1, $3, 0)", stream[:2] + event, stream, bytes(97)
    )

    def check():
        with town.session("hanneke-de-wit") as session:
            path = f"{ORIGIN}/v1/events/{(stream[:2] + event).hex()}/proof"
            return session._http.send(Request("GET", path, {"authorization": f"Bearer {session._bearer.access}"}))

    answer = await asyncio.to_thread(check)
    await owner_pool.execute("DELETE FROM audit.event WHERE seq = 999")
    assert (answer.status, answer.json()["code"], answer.header("retry-after")) == (409, "not-sequenced", "1")


async def test_events_command(town):
    """P4, P5: the owner's command lists every event and says that none is left out; the auditor's says who looks."""
    key = str(await asyncio.to_thread(town.key))
    arguments = Namespace(stream=town.held.dossier.hex(), dossier="", of="")

    def report(subject):
        with town.session(subject) as session:
            pins, seen = [], []
            company = SimpleNamespace(
                server=ORIGIN,
                keep_pins=lambda *pinned: pins.append(pinned),
                seen_log=lambda _name: None,
                keep_log=lambda *checked: seen.append(checked),
                log=lambda: WebLog(f"{ORIGIN}/log", LoopTransport(town.app, town.loop)),
            )
            owner = Owner(session, town.identity, check_register(session.get("/v1/register"), Pins(), session.now()))
            who: Any = SimpleNamespace(
                session=session,
                company=company,
                log_key=lambda: parse_verifier_key(key),
                name=subject,
                owner=lambda: owner,
                name_of=lambda party: party,
            )
            return events.report(who, arguments)

    own = await asyncio.to_thread(report, "hanneke-de-wit")
    rows = own.values["events"]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert all(len(row["event"]) == 32 for row in rows)
    assert f"{len(rows)} events, none left out" in own.lines[len(rows)]
    seen = await asyncio.to_thread(report, "joris-van-vliet")
    assert [row["seq"] for row in seen.values["events"]] == list(range(1, len(seen.values["events"]) + 1))
    assert "this look is an event too" in seen.lines[-1]
    assert any("items  permit" in line for line in seen.lines)


async def test_erase_command(town, settings, database_urls, monkeypatch, capsys):
    """An operator erases one payload by command; stream and log go on verifying, and what is not there is told."""
    monkeypatch.setenv("DOSSIER_DATABASE_URL", database_urls.service)
    more = ["--ground", "retention", "--data-dir", str(settings.data_dir)]
    stream = town.held.dossier.hex()
    assert await asyncio.to_thread(main, ["erase", stream, "2", *more]) == 1
    assert "DOSSIER_DATABASE_ERASER_URL" in capsys.readouterr().err
    monkeypatch.setenv("DOSSIER_DATABASE_ERASER_URL", database_urls.eraser)
    assert await asyncio.to_thread(main, ["erase", stream, "2", *more]) == 0
    assert "says so" in capsys.readouterr().out
    for wrong in ([stream, "2"], [stream, "999"], ["nothing", "1"]):
        assert await asyncio.to_thread(main, ["erase", *wrong, *more]) == 1

    def check():
        with town.session("hanneke-de-wit") as session:
            return dossier_history(session, town.held, town.tags()).checked.erased

    assert await asyncio.to_thread(once, check) == (2,)

    def audit():
        with town.session("joris-van-vliet") as session:
            return list(Auditor(session).events(stream=stream))

    seen = await asyncio.to_thread(audit)
    assert [each.seq for each in seen] == list(range(1, len(seen) + 1))
    (gone,) = [each for each in seen if not each.fields]
    assert (gone.seq, seen[gone.erased_by - 1].fields["seq"]) == (2, "2")


async def test_replay_command(town, settings, database_urls, monkeypatch, capsys):
    """P8: `dossier log replay` goes through the whole database and finds every decision as it was made."""
    monkeypatch.setenv("DOSSIER_DATABASE_URL", database_urls.service)
    arguments = ["log", "replay", "--data-dir", str(settings.data_dir)]
    assert await asyncio.to_thread(main, arguments) == 0, capsys.readouterr().out
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("ok: ")
    assert "no difference" in told
    assert await asyncio.to_thread(main, [*arguments, "--stream", "nothing"]) == 1
    assert FileMonthKeys(settings.data_dir / "keys" / "months").months()


async def test_replay_command_names_what_differs(town, settings, database_urls, owner_pool, monkeypatch, capsys):
    """P8: an item that somebody took out of the database makes the command exit with 1 and say where and why."""
    monkeypatch.setenv("DOSSIER_DATABASE_URL", database_urls.service)
    arguments = ["log", "replay", "--data-dir", str(settings.data_dir), "--stream", town.held.dossier.hex()]
    gone = await owner_pool.fetchrow(
        "DELETE FROM audit.fact WHERE stream = $1 AND kind = 'item-version' RETURNING *", town.held.dossier
    )
    try:
        assert await asyncio.to_thread(main, arguments) == 1
        lines = capsys.readouterr().out.splitlines()
        assert await asyncio.to_thread(main, [*arguments, "--json"]) == 1
        told = json.loads(capsys.readouterr().out)
    finally:
        marks = ", ".join(f"${at}" for at in range(1, len(gone) + 1))
        await owner_pool.execute(f"INSERT INTO audit.fact VALUES ({marks})", *gone.values())
    place = f"stream {town.held.dossier.hex()} event {gone['seq']}: "
    assert f"not ok  {place}the fact is not the version whose header the event names" in lines
    assert lines[-1].startswith("not ok: ")
    assert any(line.split() == ["listing/v1", "items", "1", "0", "1", "0", "0", "0"] for line in lines)
    assert not told["ok"]
    assert told["kinds"]["listing/v1 items"]["differing"] == 1
    assert "count is written as `1` and comes out as `0`" in {each["text"] for each in told["findings"]}
