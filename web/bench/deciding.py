"""Decisions: one with 50, 500 and 2,000 consents, and which of 10,000 items somebody may read (T6, T7)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

from consent.catalogue import shipped_catalogues
from consent.engine import decide
from consent.facts import DossierFacts, FactRecord, Facts, ForeignFacts, Standing
from consent.folding import compile_facts
from consent.search import permitted_items
from consent.terms import ALWAYS, Actor, ItemFacts, Request
from web.bench.rounds import Measure, rate

NOW = 1_800_000_000
CATALOGUES = shipped_catalogues()
SECTIONS = sorted(CATALOGUES.current.sections)
PURPOSES = sorted(CATALOGUES.current.purposes)


def measures() -> list[Measure]:
    """Decisions a second by number of consents, against the same loop around an empty function; lists in ms."""
    found = [Measure("empty call", "1/s", _empty)]
    found += [
        Measure(f"decision, {count} consents", "1/s", _deciding(count), "empty call") for count in (50, 500, 2000)
    ]
    found += [Measure("compile 500 consents", "1/s", _compiling(500))]
    found += [Measure("who may read, 10,000 items", "ms", _listing(10_000), inverse=True, target=10)]
    return found


def world(count: int) -> tuple[Facts, Actor, ItemFacts]:
    """A dossier with so many consents to as many professionals in twenty organisations; the last one asks."""
    organisations = [secrets.token_hex(16) for _ in range(20)]
    people = [(secrets.token_hex(16), organisations[at % 20]) for at in range(max(count // 2, 1))]
    owner = secrets.token_hex(16)
    records = [FactRecord(1, "dossier-key", owner, _key(owner))]
    records += [_consent(at + 2, *people[at % len(people)]) for at in range(count)]
    standings = {person: Standing("", ALWAYS, frozenset({"debt-counsellor"})) for person in people}
    dossier: DossierFacts = compile_facts(records, CATALOGUES)
    actor = Actor("person", *people[-1], "debt-counsellor")
    item = ItemFacts(
        secrets.token_hex(16), "debts", "ordinary", "personal", "debt-record", organisations[0], delivered=1
    )
    return Facts(dossier, ForeignFacts(standings)), actor, item


async def _empty(seconds: float) -> float:
    return rate(lambda: None, seconds)


def _deciding(count: int) -> Any:
    async def work(seconds: float) -> float:
        facts, actor, item = world(count)
        request = Request(actor, "read", item, "debt-help")
        if decide(request, facts, NOW).reason == "indeterminate":
            raise AssertionError("the measured decision is none")
        return rate(lambda: decide(request, facts, NOW), seconds)

    return work


def _compiling(count: int) -> Any:
    async def work(seconds: float) -> float:
        owner = secrets.token_hex(16)
        records = [FactRecord(1, "dossier-key", owner, _key(owner))]
        records += [_consent(at + 2, secrets.token_hex(16), secrets.token_hex(16)) for at in range(count)]
        return rate(lambda: compile_facts(records, CATALOGUES), seconds)

    return work


def _listing(count: int) -> Any:
    async def work(_seconds: float) -> float:
        facts, actor, _ = world(50)
        items = _items(count)
        begun = time.perf_counter()
        permitted_items(actor, "read", items, facts, NOW, purpose="debt-help")
        return (time.perf_counter() - begun) * 1000

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


def _consent(seq: int, person: str, organisation: str) -> FactRecord:
    identity = secrets.token_hex(16)
    grantee = {"kind": "person", "person": person, "organisation": organisation, "role": "debt-counsellor"}
    scope = {
        "items": [],
        "sections": [SECTIONS[seq % len(SECTIONS)]],
        "lanes": ["ordinary"],
        "types": [],
        "sources": [],
    }
    payload = {
        "consent": identity,
        "dossier": secrets.token_hex(16),
        "effect": "permit" if seq % 10 else "deny",
        "grantee": {**grantee, "case": "", "system": "", "laterMembers": False},
        "scope": {**scope, "case": "", "labelCeiling": "", "dataFrom": 0, "dataUntil": 0},
        "actions": ["list", "read"],
        "purpose": PURPOSES[seq % len(PURPOSES)],
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
