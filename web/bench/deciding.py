"""Decisions: one with 50, 500 and 2,000 consents, and which of 10,000 items somebody may read (T6, T7)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from consent.catalogue import shipped_catalogues
from consent.engine import decide
from consent.facts import DossierFacts, FactRecord, Facts, ForeignFacts, Standing
from consent.folding import compile_facts
from consent.search import permitted_items
from consent.terms import ALWAYS, Actor, ItemFacts, Request
from web.bench import cedar
from web.bench.rounds import Measure, Work, rate

NOW = 1_800_000_000
CATALOGUES = shipped_catalogues()
SECTIONS = sorted(CATALOGUES.current.sections)
PURPOSES = sorted(CATALOGUES.current.purposes)
ROLE, SECTION, PURPOSE = "debt-counsellor", "debts", "debt-help"
LIST_ITEMS = 10_000


def measures() -> list[Measure]:
    """Decisions a second by number of consents, and lists in ms; both against cedarpy where it is installed."""
    found = [Measure("empty call", "1/s", _empty)]
    found += [
        Measure(f"decision, {count:,} consents", "1/s", _deciding(count), "empty call", limit=least, goal=goal)
        for count, least, goal in ((50, 100_000, "T6"), (500, None, ""), (2_000, 40_000, "T6"))
    ]
    found.append(Measure("compile 500 consents", "1/s", _compiling(500)))
    name = f"who may read, {LIST_ITEMS:,} items"
    found.append(Measure(name, "ms", _listing(LIST_ITEMS), inverse=True, limit=10, goal="T7"))
    return found + (_against_cedar() if cedar.HERE else [])


def _against_cedar() -> list[Measure]:
    """The same decision and the same list by cedarpy, policies and entities parsed beforehand."""
    items = LIST_ITEMS // 10
    names = ("cedarpy, 50 consents, all parsed", f"cedarpy, list of {items:,} items")
    return [
        Measure(names[0], "1/s", _cedar_deciding(50)),
        Measure("decision against cedarpy", "1/s", _deciding(50), names[0], 15, goal="T6"),
        Measure(names[1], "ms", _cedar_listing(items), inverse=True),
        Measure(f"list of {items:,} against cedarpy", "ms", _listing(items), names[1], 100, inverse=True, goal="T7"),
    ]


@dataclass(frozen=True)
class Decided:
    """A dossier's consents, compiled and as records; somebody who asks; an item that one of the consents lets them read."""

    facts: Facts
    consents: Sequence[FactRecord]
    actor: Actor
    item: ItemFacts


def world(count: int) -> Decided:
    """A dossier with so many consents to half as many professionals in twenty organisations; the last one asks."""
    organisations = [secrets.token_hex(16) for _ in range(20)]
    people = [(secrets.token_hex(16), organisations[at % 20]) for at in range(max(count // 2, 1))]
    owner = secrets.token_hex(16)
    consents = [_consent(at + 2, *people[at % len(people)], wanted=at == count - 1) for at in range(count)]
    standings = {person: Standing("", ALWAYS, frozenset({ROLE})) for person in people}
    dossier: DossierFacts = compile_facts([FactRecord(1, "dossier-key", owner, _key(owner)), *consents], CATALOGUES)
    actor = Actor("person", *people[(count - 1) % len(people)], ROLE)
    item = ItemFacts(
        secrets.token_hex(16), SECTION, "ordinary", "personal", "debt-record", organisations[0], delivered=1
    )
    return Decided(Facts(dossier, ForeignFacts(standings)), consents, actor, item)


async def _empty(seconds: float) -> float:
    return rate(lambda: None, seconds)


def _deciding(count: int) -> Work:
    async def work(seconds: float) -> float:
        made = world(count)
        request = Request(made.actor, "read", made.item, PURPOSE)
        if not decide(request, made.facts, NOW).permitted:
            raise AssertionError("the measured decision is no permit")
        return rate(lambda: decide(request, made.facts, NOW), seconds)

    return work


def _cedar_deciding(count: int) -> Work:
    async def work(seconds: float) -> float:
        made = world(count)
        other = cedar.Cedar(made.consents, CATALOGUES.current)
        if not other.permits(made.actor, "read", made.item, PURPOSE, NOW):
            raise AssertionError("the measured decision is no permit")
        return rate(lambda: other.permits(made.actor, "read", made.item, PURPOSE, NOW), seconds)

    return work


def _cedar_listing(count: int) -> Work:
    async def work(_seconds: float) -> float:
        made, items = world(50), _items(count)
        other = cedar.Cedar(made.consents, CATALOGUES.current)
        begun = time.perf_counter()
        found = other.permitted(made.actor, "read", items, PURPOSE, NOW)
        took = time.perf_counter() - begun
        if found != permitted_items(made.actor, "read", items, made.facts, NOW, purpose=PURPOSE):
            raise AssertionError("the two engines answer differently")
        return took * 1000

    return work


def _compiling(count: int) -> Work:
    async def work(seconds: float) -> float:
        owner = secrets.token_hex(16)
        records = [FactRecord(1, "dossier-key", owner, _key(owner))]
        records += [_consent(at + 2, secrets.token_hex(16), secrets.token_hex(16)) for at in range(count)]
        return rate(lambda: compile_facts(records, CATALOGUES), seconds)

    return work


def _listing(count: int) -> Work:
    async def work(seconds: float) -> float:
        made, items = world(50), _items(count)
        asked = made.actor, "read", items, made.facts, NOW
        return 1000 / rate(lambda: permitted_items(*asked, purpose=PURPOSE), seconds)

    return work


def _items(count: int) -> Sequence[ItemFacts]:
    sources = [secrets.token_hex(16) for _ in range(4)]
    labels = sorted(CATALOGUES.current.labels)
    return [
        ItemFacts(
            secrets.token_hex(16),
            SECTIONS[at % len(SECTIONS)],
            "ordinary",
            labels[at % 2],
            "letter",
            sources[at % 4],
            delivered=at,
        )
        for at in range(count)
    ]


def _key(owner: str) -> dict[str, Any]:
    return {"dossier": secrets.token_hex(16), "owner": owner, "nature": "private"}


def _consent(seq: int, person: str, organisation: str, *, wanted: bool = False) -> FactRecord:
    """One of many different consents and denials; the wanted one permits to read the section for the purpose."""
    identity = secrets.token_hex(16)
    grantee = {"kind": "person", "person": person, "organisation": organisation, "role": ROLE}
    scope = {
        "items": [],
        "sections": [SECTION if wanted else SECTIONS[seq % len(SECTIONS)]],
        "lanes": ["ordinary"],
        "types": [],
        "sources": [],
    }
    payload = {
        "consent": identity,
        "dossier": secrets.token_hex(16),
        "effect": "permit" if wanted or seq % 10 else "deny",
        "grantee": {**grantee, "case": "", "system": "", "laterMembers": False},
        "scope": {**scope, "case": "", "labelCeiling": "", "dataFrom": 0, "dataUntil": 0},
        "actions": ["list", "read"],
        "purpose": PURPOSE if wanted else PURPOSES[seq % len(PURPOSES)],
        "basis": "consent",
        "from": NOW - 1000,
        "until": NOW + 100_000,
        "endsOn": {"caseClosed": False, "unusedMonths": 0},
        "laterItems": True,
        "exceptions": [],
        "case": "",
        "catalogue": CATALOGUES.current.hash,
        "text": {"hash": "33" * 32, "language": "nl", "version": "1"},
        "replaces": "",
        "after": {"seq": seq - 1, "leaf": "00" * 32},
        "signer": secrets.token_hex(16),
        "capacity": "owner",
        "keyHash": "44" * 32,
        "issuedAt": NOW - 1000,
    }
    return FactRecord(seq, "consent", identity, payload)
