"""Loading a world into a running service: which steps, in which order, and which of them are done.

Done steps stand in a journal beside the keys, so that a load that was cut short goes on where it stopped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dossier.client.errors import RefusedError
from dossier.sample import Agency, CasePlan, Persona, Professional, Record, World
from web.demo import allowing, filling, founding, gathering
from web.demo.company import Company
from web.demo.progress import Teller

JOURNAL = "journal"
NETWORK_PURPOSE = "network-help"
TOO_MANY = 429
PATIENCE = 20
"""Times that a step waits because its limit is used up; a limit is given back within a minute."""

WAIT_SECONDS = 5.0
RENEW_SECONDS = 20 * 86_400
"""An attestation lasts 31 days; a demonstration that is started again renews them in time."""


@dataclass(frozen=True)
class Step:
    """One step: its name in the journal, what it is in words, and how it is done."""

    name: str
    text: str
    act: Callable[[], object]


class Journal:
    """The names of the steps that are done, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done = set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else set()

    def __contains__(self, name: str) -> bool:
        return name in self._done

    def add(self, name: str) -> None:
        """Write down, durably, that a step is done."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())
        self._done.add(name)


def load(company: Company, world: World, data_dir: Path, tell: Teller) -> int:
    """Take all steps that are not done yet; return how many were taken. Raise ClientError when one cannot be."""
    journal = Journal(company.store.home / JOURNAL)
    steps = list(plan(company, world, data_dir))
    taken = 0
    for number, step in enumerate(steps):
        if step.name not in journal:
            tell(number, len(steps), step.text)
            _take(step)
            journal.add(step.name)
            taken += 1
    if taken:
        tell(len(steps), len(steps), "the world is there")
    return taken


def renew(company: Company, world: World) -> bool:
    """Attest everybody again if the load, or the last renewal, is some weeks old; tell whether it was done."""
    journal = company.store.home / JOURNAL
    if time.time() - journal.stat().st_mtime < RENEW_SECONDS:
        return False
    for person in world.professionals:
        founding.vouch(company, person, world.administrator(person.organisation).slug)
    os.utime(journal)
    return True


def plan(company: Company, world: World, data_dir: Path) -> Iterator[Step]:
    """Yield every step: organisations with people and systems, owners, records, consents, cases."""
    for agency in world.agencies:
        yield from _organisation(company, world, agency, data_dir)
    for persona in world.personas:
        if persona.signs_in:
            yield from _citizen(company, world, persona)
    for record in world.records:
        yield Step(f"record {record.key}", record.title, partial(_bring, company, world, record))
    yield from _sharing(company, world)
    for case in world.cases:
        yield from _case(company, world, case)


def _organisation(company: Company, world: World, agency: Agency, data_dir: Path) -> Iterator[Step]:
    people = [each for each in world.professionals if each.organisation == agency.slug]
    first = world.administrator(agency.slug).slug

    def found() -> None:
        founding.found(company, agency, people, founding.register_signers(data_dir))

    yield Step(f"organisation {agency.slug}", f"{agency.name} enters the register", found)
    for person in people:
        yield from _professional(company, person, first)
    for system in agency.systems:
        install = partial(founding.install, company, agency.slug, system, first)
        yield Step(f"system {agency.slug}.{system.slug}", f"{agency.name}: {system.name}", install)


def _professional(company: Company, person: Professional, administrator: str) -> Iterator[Step]:
    if person.slug != administrator:
        member = partial(founding.employ, company, person, administrator)
        yield Step(f"member {person.slug}", f"{person.name} gets a role", member)
    yield Step(f"keys {person.slug}", f"{person.name} makes keys", partial(founding.enrol, company, person.slug))
    vouch = partial(founding.vouch, company, person, administrator)
    yield Step(f"attestation {person.slug}", f"{person.name} is attested", vouch)


def _citizen(company: Company, world: World, persona: Persona) -> Iterator[Step]:
    slug = persona.slug
    yield Step(f"keys {slug}", f"{persona.name} makes keys", partial(founding.enrol, company, slug))
    for made in persona.dossiers:
        name, text = f"{slug} {made.nature}", f"{persona.name}: {made.name.en}"
        yield Step(f"dossier {name}", text, partial(filling.settle, company, slug, made))
        agencies = sorted({each.agency for each in world.records_of(slug, made.nature) if each.agency})
        yield Step(f"admissions {name}", text, partial(filling.admit, company, slug, made.nature, agencies))


def _sharing(company: Company, world: World) -> Iterator[Step]:
    names = {each.slug for each in world.professionals}
    for each in allowing.allowances(world):
        text = f"{world.persona(each.owner.person).name} lets {world.professional(each.professional).name} look"
        yield Step(f"consent {each.name}", text, partial(allowing.allow, company, each))
    for owner, nature, professional in allowing.SHUT_OUT:
        if professional in names:
            text = f"{world.persona(owner).name} shuts somebody out"
            act = partial(allowing.shut_out, company, owner, nature, professional)
            yield Step(f"block {owner} {professional}", text, act)


def _case(company: Company, world: World, case: CasePlan) -> Iterator[Step]:
    name, text = f"case {case.slug}", f"{case.title.en}"
    yield Step(name, f"{text}: a case is opened", partial(gathering.open_case, company, world, case))
    for owner in case.owners:
        act = partial(gathering.accept_case, company, case, owner)
        yield Step(f"{name} owner {owner.person} {owner.nature}", f"{text}: an owner accepts", act)
    everybody = {each.professional: each.purpose for each in case.participants}
    everybody |= dict.fromkeys(case.network, NETWORK_PURPOSE)
    for who, purpose in everybody.items():
        act = partial(gathering.bring_in, company, case, who, purpose)
        if who != case.opened_by:
            yield Step(f"{name} participant {who}", f"{text}: somebody joins", act)
    yield Step(f"{name} coordinator", f"{text}: who holds the reins", partial(gathering.hand_over, company, case))


def _bring(company: Company, world: World, record: Record) -> None:
    """Deliver a record, or let its owner add it."""
    if not record.agency:
        filling.add(company, record)
        return
    made = next(each for each in world.persona(record.owner).dossiers if each.nature == record.dossier)
    filling.deliver(company, record, f"{made.scheme}:{made.number}")


def _take(step: Step) -> None:
    """Take a step; a limit that is used up is waited for."""
    for left in reversed(range(PATIENCE)):
        try:
            step.act()
        except RefusedError as error:
            if error.status != TOO_MANY or not left:
                raise
            time.sleep(WAIT_SECONDS)
        else:
            return
