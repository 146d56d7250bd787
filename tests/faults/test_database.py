"""The database hangs, is killed under load, or has its clock set back: clear refusals, nothing released, recovery."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress

import httpx2

from dossier.client import sharing
from dossier.client.errors import RefusedError, UnreachableError
from tests.faults.database import clock_behind, family, hung, tell_all
from tests.faults.world import ASKED, Line, eventually, refusal
from tests.values import replace

UNAVAILABLE = (503, "unavailable")
HOUR = 3_600_000
READERS = 3
PATIENCE = 3.0
"""Seconds in which a refusal must be there while the database hangs: five times what it takes by itself."""


def health(world, name):
    return httpx2.get(f"{world.service.url}/health/{name}", timeout=20, trust_env=False).status_code


def test_hangs(world):
    """A database that hangs: each act is 503, readiness red, the process lives; then all goes on by itself (P3; F07, F08)."""
    world.ensure_consent()
    world.ledger.note("reading", world.read())
    with hung(world.service):
        for act in (world.read, lambda: world.deliver(b"brief"), world.grant, world.read, world.items):
            began = time.monotonic()
            assert refusal(act) == UNAVAILABLE
            assert time.monotonic() - began < PATIENCE
        assert (health(world, "ready"), health(world, "live")) == (503, 200)
    world.service.wait_ready()
    world.ledger.note("reading", eventually(world.read))
    world.check()


def test_hangs_for_many(world):
    """While the database hangs many may ask: all are refused, and afterwards no connection is lost (F08, F24)."""
    world.ensure_consent()
    found = []

    def ask():
        found.append(httpx2.get(f"{world.service.url}/v1/register", timeout=30, trust_env=False).status_code)

    with hung(world.service):
        askers = [threading.Thread(target=ask) for _ in range(40)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
    assert set(found) == {503}
    world.service.wait_ready()
    for _ in range(40):
        world.ledger.note("reading", eventually(world.read))
    world.check()


class Asker:
    """Reads all the time in a thread, and keeps what it was answered."""

    def __init__(self, world):
        self.world, self.line = world, world.line("noor-hoekstra")
        self.reader = replace(world.reader, session=self.line)
        self.answers, self.wrong, self.over = [], [], False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over:
            try:
                self.answers.append(self.world.read(self.reader))
            except RefusedError as error:
                if (error.status, error.code) != UNAVAILABLE:
                    self.wrong.append((error.status, error.code))
            except UnreachableError:
                self.wrong.append("unreachable")

    def wait(self, count):
        """Until it got so many answers more."""
        wanted, until = len(self.answers) + count, time.monotonic() + 30
        while len(self.answers) < wanted and not self.wrong:
            assert time.monotonic() < until
            time.sleep(0.02)

    def end(self):
        self.over = True
        self.thread.join()
        self.line.close()


def test_killed_under_load(world):
    """PostgreSQL killed while several read: every answer is a release with its event or a clear refusal (P3, P10; F01)."""
    world.ensure_consent()
    before, service = world.service.postmaster, world.service
    askers = [Asker(world) for _ in range(READERS)]
    for asker in askers:
        asker.wait(5)
    tell_all(family(service), signal.SIGKILL)
    eventually(lambda: _changed(service, before))
    for asker in askers:
        asker.wait(5)
        asker.end()
    assert [asker.wrong for asker in askers] == [[]] * READERS
    for asker in askers:
        for answer in asker.answers:
            world.ledger.note("reading", answer)
    world.check()


def _changed(service, before):
    if service.postmaster == before:
        raise UnreachableError("the database still lives")
    service.wait_ready()


def test_clock_behind(world):
    """The clock an hour back: reading and widening 503; ending access works and is flagged; then all goes on (P7, P9)."""
    assert isinstance(world.owner.session, Line)
    world.owner.session.step_up()
    first, second = world.ensure_consent(), None
    world.ledger.note("consent", world.grant())
    second = next(each for each in world.standing() if each.consent.id != first.consent.id)
    last = max(world.check().ids)
    with clock_behind(world.service, HOUR):
        assert refusal(world.read) == UNAVAILABLE
        assert refusal(world.grant) == UNAVAILABLE
        assert refusal(world.deliver, b"brief") == UNAVAILABLE
        world.ledger.note("withdrawal", sharing.withdraw(world.owner, first))
        world.ledger.note("withdrawal", sharing.withdraw(world.owner, second, with_key=False))
        assert world.standing() == []
        history = world.check()
    new = [history.checked.events[seq] for seq in sorted(history.ids) if seq > last]
    assert [each["schema"] for each in new] == ["statement/v1", "stopped/v1"]
    assert [each["flag"] for each in new] == ["clock-behind"] * 2
    times = [int(each["time"]) for each in history.checked.events.values()]
    assert times == sorted(times)
    world.ensure_consent()
    world.ledger.note("reading", eventually(world.read))
    with suppress(RefusedError):
        list(world.reader.items(world.dossier, ASKED))
    world.check()
