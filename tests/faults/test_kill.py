"""Killed with -9 at a named point: the service, or the database under it, in the middle of an act."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from dossier.client import listed, sharing
from dossier.client.delivering import Content, Previous, Record
from dossier.client.errors import RefusedError, UnreachableError
from dossier.client.groups import People
from dossier.client.holding import HeldDossier
from dossier.client.opened import OpenedItem
from dossier.client.rotating import Run
from tests.faults.plan import ACTS, SEED, UPLOADS, Trial, successions, trials
from tests.faults.world import Line, World, eventually

ID = "[0-9a-f]{32}"
LARGE = 5_000_000


@dataclass
class Act:
    """Something to be killed in: who sends it, which request it is, and what tells how often it was done."""

    line: Line
    form: str
    do: Callable[[], Any]
    done: Callable[[], int]


def prepare(world: World, trial: Trial) -> Act:
    """Bring the world to where the act can be done, and say how often it was done since."""
    source = random.Random(trial.seed)
    makers: Mapping[str, Callable[[], Act]] = {
        "delivery": lambda: _delivery(world, source.randbytes(source.randrange(60_000))),
        "large-delivery": lambda: _delivery(world, source.randbytes(LARGE)),
        "correction": lambda: _correction(world, source.randbytes(100)),
        "consent": lambda: _consent(world),
        "withdrawal": lambda: _withdrawal(world),
        "reading": lambda: _reading(world),
        "listing": lambda: _listing(world),
        "succession": lambda: _succession(world),
    }
    return makers[trial.act]()


def _counted(world: World, **fields: str) -> Callable[[], int]:
    before = world.count(world.history(), **fields)
    return lambda: world.count(world.history(), **fields) - before


def _delivery(world: World, content: bytes) -> Act:
    line = world.agency.session
    assert isinstance(line, Line)
    before = len(world.items())
    events = _counted(world, schema="delivery/v1")

    def done() -> int:
        # The item and its event stand in one transaction: neither is there without the other.
        found = events()
        assert len(world.items()) - before == found
        return found

    return Act(line, f"POST /v1/dossiers/{ID}/items", lambda: world.deliver(content), done)


def _correction(world: World, content: bytes) -> Act:
    act = _delivery(world, b"brief")
    made = act.do()
    world.ledger.note("delivery", made)
    opened = next(one for one in world.owner.items(world.owner.hold(world.dossier)) if one.item == made["item"])
    assert isinstance(opened, OpenedItem)
    previous = Previous(bytes.fromhex(made["item"]), 1, opened.header.hash)
    record = Record("debts", "ordinary", "decision", "personal", "Verbeterd")

    def correct() -> Any:
        return world.agency.deliver(world.bsn, record, [Content("brief.txt", "text/plain", content)], previous)

    return Act(act.line, act.form, correct, _counted(world, schema="delivery/v1"))


def _consent(world: World) -> Act:
    line = world.owner.session
    assert isinstance(line, Line)
    before = len(listed.consents(line, world.dossier))
    events = _counted(world, schema="statement/v1", kind="consent")

    def done() -> int:
        found = events()
        consents = listed.consents(line, world.dossier)
        assert len(consents) - before == found
        for each in consents[before:]:
            shown = line.get(f"/v1/consents/{each.consent.id}/capsules")
            assert len(shown["capsules"]) == 1  # never a consent without its keys
        return found

    return Act(line, f"POST /v1/dossiers/{ID}/consents", world.grant, done)


def _withdrawal(world: World) -> Act:
    line = world.owner.session
    assert isinstance(line, Line)
    shown = world.ensure_consent()

    def done() -> int:
        states = {each.consent.id: each.state for each in listed.consents(line, world.dossier)}
        ended = states[shown.consent.id] == "withdrawn"
        assert events() == ended
        return int(ended)

    events = _counted(world, schema="statement/v1", kind="withdrawal")
    return Act(line, f"POST /v1/consents/{ID}/withdrawal", lambda: sharing.withdraw(world.owner, shown), done)


def _reading(world: World) -> Act:
    line = world.reader.session
    assert isinstance(line, Line)
    world.ensure_consent()
    events = _counted(world, schema="decision/v1", decision="permit", action="read")
    return Act(line, f"POST /v1/items/{ID}/readings", world.read, events)


def _listing(world: World) -> Act:
    """A list releases titles: a get, so each that is asked is one of its own."""
    line = world.reader.session
    assert isinstance(line, Line)
    world.ensure_consent()
    path = f"/v1/dossiers/{world.dossier.hex()}/items"

    def ask() -> Any:
        return line.get(path, Dossier_Purpose="debt-help", Dossier_Reason="intake", Dossier_Role="debt-counsellor")

    return Act(line, f"GET {path}", ask, lambda: 1)


def _succession(world: World) -> Act:
    """The next dossier key: with its list, a new epoch of every section, wraps, and capsules for who may read still."""
    line = world.owner.session
    assert isinstance(line, Line)
    world.ensure_consent()
    people = People(line, world.owner.register, world.owner.seen)
    before, items, events = world.owner.hold(world.dossier), world.items(), _counted(world, kind="dossier-key")
    epochs = _epochs(before)

    def do() -> Any:
        Run(world.owner, world.dossier, people, lambda _step: None).succeed()
        return line.again()

    def done() -> int:
        found, after = events(), world.owner.hold(world.dossier)
        assert len(after.chain.statements) - len(before.chain.statements) == found
        # One key, one list, and each section: all of them or none, and everything still opens.
        assert _epochs(after) == {place: epoch + found for place, epoch in epochs.items()}
        assert world.items() == items
        return found

    return Act(line, f"POST /v1/dossiers/{ID}/statements", do, done)


def _epochs(held: HeldDossier) -> dict[tuple[str, str], int]:
    """The newest epoch of each section and lane."""
    places = [key.place for key in held.sections.values()]
    return {
        (place.section, place.lane): max(
            each.epoch for each in places if (each.section, each.lane) == (place.section, place.lane)
        )
        for place in places
    }


def attempt(act: Act) -> Mapping[str, Any] | None:
    """Do the act once; None if it was refused as unavailable or not answered."""
    try:
        answer: Mapping[str, Any] = act.do()
    except UnreachableError:
        return None
    except RefusedError as error:
        if error.status != httpx2.codes.SERVICE_UNAVAILABLE:
            raise
        return None
    return answer


def order(world: World, trial: Trial) -> Callable[[], object]:
    """Write the order to kill: effective at once."""
    victim = world.service.postmaster if trial.victim == "database" else ""
    return lambda: world.service.order.write_text(f"{trial.point} {victim}")


@pytest.mark.parametrize("trial", [*trials(), *successions()], ids=str)
def test_killed(world, trial):
    """Killed at a point: wholly done or not at all, one result for one key, nothing acknowledged lost (P3, P10; F01-F03)."""
    seed, service = str(trial), world.service
    before = service.process.pid, service.postmaster
    act = prepare(world, trial)
    form = f"PATCH /v1/uploads/{ID}" if trial.point == UPLOADS else act.form
    act.line.watch(form, order(world, trial))
    answer = attempt(act)
    recover(world, trial, before, seed)
    done = eventually(act.done)
    assert done in (0, 1), f"{seed}: done {done} times"
    if answer is not None:
        assert done == 1, f"{seed}: acknowledged and not there"
        world.ledger.note(trial.act, answer)
    again = (
        eventually(act.do if answer is None and trial.point == UPLOADS else act.line.again) if _is_post(act) else None
    )
    if again is not None:
        world.ledger.note(trial.act, again)
        assert answer is None or trial.act == "reading" or again == answer, f"{seed}: another answer for the same key"
    assert eventually(act.done) == 1, f"{seed}: not done once after asking again"
    eventually(lambda: world.check(seed))


def _is_post(act: Act) -> bool:
    return act.form.startswith("POST")


def recover(world: World, trial: Trial, before: tuple[int, int], seed: str) -> None:
    """Wait for the kill and for what comes after it."""
    service = world.service
    if trial.victim == "service":
        assert service.wait_dead(), f"{seed}: the point was not passed"
        service.start()
        return
    eventually(lambda: _other(service.postmaster, before[1]))
    service.wait_ready()
    assert service.process is not None
    assert service.process.pid == before[0]


def _other(pid: int, before: int) -> None:
    if pid == before:
        raise UnreachableError("the database still lives")


def test_log_and_decisions_after_all_kills(world):
    """After every kill the public log verifies and each decision made again is the same (P5, P8)."""
    world.wait_sequenced()
    assert world.verify_log() == [], f"DOSSIER_TEST_SEED={SEED}"
    replayed = world.service.replay()
    assert replayed["findings"] == [], f"DOSSIER_TEST_SEED={SEED}"
    assert replayed["decisions"] > 0


def test_plan():
    """A seed draws the same run again, and the full run has every act at every point of the writer (F01)."""
    assert trials(7, every=False) == trials(7, every=False)
    whole = {(each.act, each.point, each.victim) for each in trials(7, every=True)}
    assert len([each for each in whole if each[1].startswith("writer.")]) == len(ACTS) * 7 * 2
    assert len({each.point for each in successions(7, every=False)}) == 7
