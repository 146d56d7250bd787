"""Reads the cases under tests/cases and turns their plain words into records, facts, questions and answers."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

from consent.catalogue import shipped_catalogues
from consent.facts import CaseState, FactRecord, Facts, ForeignFacts, Participant, Standing
from consent.folding import compile_facts
from consent.terms import FOREVER, Actor, ItemFacts, Period, Request

FOLDER = Path(__file__).parent.parent / "cases"
CAST = tomllib.loads((FOLDER / "cast.toml").read_text())
CATALOGUES = shipped_catalogues()
TODAY = dt.date(2027, 3, 1)
EARLY = dt.date(2027, 1, 1)
LATE = dt.date(2035, 1, 1)
LISTS = ("items", "sections", "lanes", "types", "sources")


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of one file."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())["case"]


def ident(word: str) -> str:
    """An id for a word."""
    return word.encode().hex().ljust(32, "0")[:32]


def instant(date: dt.date | dt.datetime) -> int:
    """UTC seconds; a bare date is its midnight."""
    if not isinstance(date, dt.datetime):
        date = dt.datetime.combine(date, dt.time(), dt.UTC)
    return int(date.timestamp())


def actor(who: str) -> Actor:
    """A member of the cast, in the capacity in which it is listed."""
    member = CAST[who]
    kind = "system" if member.get("system") else "person"
    organisation = member.get("organisation", "")
    return Actor(
        kind, ident(member.get("person", who)), organisation and ident(organisation), member.get("role", ""), "k"
    )


def standings() -> dict[tuple[str, str], Standing]:
    """How the whole cast stands; people in two roles at one organisation have both."""
    found: dict[tuple[str, str], Standing] = {}
    for who, member in CAST.items():
        one = actor(who)
        roles = frozenset({one.role} - {""})
        known = found.get((one.id, one.organisation))
        found[one.id, one.organisation] = Standing(
            "k",
            Period(0, instant(member["until"]) if "until" in member else FOREVER),
            roles | (known.roles if known else frozenset()),
            frozenset({"olga", who}) if member.get("related") else frozenset(),
        )
    return found


def period(words: dict[str, Any]) -> dict[str, int]:
    """The fields `from` and `until`."""
    return {"from": instant(words.get("from", EARLY)), "until": instant(words.get("until", LATE))}


def grantee(words: dict[str, Any]) -> dict[str, Any]:
    """The grantee that the words describe."""
    fields = dict.fromkeys(("person", "organisation", "role", "case", "system"), "") | {"kind": "person"}
    fields["laterMembers"] = words.get("later_members", False)
    organisation = words.get("at_organisation", "")
    if "to" in words:
        one = actor(words["to"])
        return fields | {"person": one.id, "organisation": one.organisation, "role": one.role}
    if "to_role" in words:
        return fields | {"kind": "role", "organisation": ident(organisation), "role": words["to_role"]}
    if "to_team" in words:
        return fields | {"kind": "team", "case": ident("zaak")}
    if "to_network" in words:
        return fields | {"kind": "network", "person": ident(words["to_network"]), "case": ident("zaak")}
    return fields | {"kind": words["to_anyone"], "organisation": organisation and ident(organisation)}


def scope(words: dict[str, Any], sections: list[str]) -> dict[str, Any]:
    """The scope that the words describe."""
    fields: dict[str, Any] = {name: words.get(name, []) for name in LISTS}
    fields["items"] = [ident(each) for each in fields["items"]]
    if not fields["items"] and not fields["sections"]:
        fields["sections"] = sections
    return fields | {
        "case": "",
        "labelCeiling": words.get("label_ceiling", ""),
        "dataFrom": instant(words["data_from"]) if "data_from" in words else 0,
        "dataUntil": instant(words["data_until"]) if "data_until" in words else 0,
    }


def consent_payload(words: dict[str, Any]) -> dict[str, Any]:
    """A consent or denial as it would be signed."""
    is_denial = words["kind"] == "denial"
    every = sorted(CATALOGUES.current.actions)
    exceptions = []
    if "except" in words:
        anyone = {"grantee": grantee({"to": words["except"]}), "scope": scope({}, []), "actions": every, "purpose": ""}
        exceptions.append(anyone)
    return period(words) | {
        "consent": ident(words["id"]),
        "dossier": ident("dossier"),
        "effect": "deny" if is_denial else "permit",
        "grantee": grantee(words),
        "scope": scope(words, [] if is_denial else ["debts"]),
        "actions": words.get("actions", every if is_denial else ["list", "read"]),
        "purpose": words.get("purpose", "" if is_denial else "debt-help"),
        "basis": "consent",
        "endsOn": {"caseClosed": False, "unusedMonths": 0},
        "laterItems": words.get("later_items", True),
        "exceptions": exceptions,
        "case": ident("zaak") if words.get("case") else "",
        "catalogue": CATALOGUES.current.hash,
        "text": {"hash": "00" * 32, "language": "nl", "version": "1"},
        "replaces": ident(words["replaces"]) if "replaces" in words else "",
        "after": {"seq": 0, "leaf": "00" * 32},
        "signer": ident(words.get("signed_by", "olga")),
        "keyHash": "00" * 32,
        "issuedAt": instant(words.get("issued", dt.date(2027, 2, 1))),
        "capacity": words.get("capacity", "owner"),
    }


def holder(words: dict[str, Any]) -> dict[str, Any]:
    """An entry of the authority list."""
    return period(words) | {
        "person": ident(words["who"]),
        "chainHead": "00" * 32,
        "capacity": words["capacity"],
        "sections": words.get("sections", []),
        "full": words.get("full", False),
        "threshold": words.get("threshold", 1),
    }


def order_payload(words: dict[str, Any]) -> dict[str, Any]:
    """A statutory order."""
    return period(words) | {
        "order": ident(words["id"]),
        "article": words.get("article", "artikel 7.3.11 Jeugdwet"),
        "grantee": grantee(words),
        "items": [ident(each) for each in words["items"]],
        "actions": ["list", "read"],
        "overridesBlock": words.get("overrides_block", False),
        "noticeFrom": instant(words["notice_from"]) if "notice_from" in words else 0,
        "approvers": [{"person": ident(each), "organisation": "", "keyHash": ""} for each in words["approvers"]],
        "issuedAt": instant(EARLY),
    }


def emergency_payload(words: dict[str, Any]) -> dict[str, Any]:
    """A declared emergency, by default since the evening before the question."""
    one = actor(words["who"])
    since = {"from": dt.datetime(2027, 2, 28, 20, tzinfo=dt.UTC), "until": dt.date(2027, 3, 2)}
    when = period(since | words)
    return when | {
        "issuedAt": when["from"],
        "emergency": ident(words["id"]),
        "sections": words["sections"],
        "reason": "danger-to-life",
        "signer": one.id,
        "organisation": one.organisation,
        "role": one.role,
    }


PAYLOADS = {
    "consent": consent_payload,
    "denial": consent_payload,
    "withdrawal": lambda words: {"consent": ident(words["of"])},
    "consent-ended": lambda words: {"consent": ident(words["of"]), "reason": words["reason"]},
    "block": lambda words: period(words) | {"block": ident(words["id"]), "person": ident(words["person"])},
    "block-end": lambda words: {"block": ident(words["of"])},
    "authority-list": lambda words: {"holders": [holder(each) for each in words["holders"]]},
    "authority-ended": lambda words: {"person": ident(words["who"]), "until": instant(words["until"])},
    "source-admission": lambda words: (
        period(words)
        | {
            "admission": ident(words["id"]),
            "organisation": ident(words["organisation"]),
            "sections": words["sections"],
        }
    ),
    "admission-end": lambda words: {"admission": ident(words["of"])},
    "order": order_payload,
    "order-ended": lambda words: {"order": ident(words["of"])},
    "emergency-opt-in": lambda words: period(words) | {"optIn": ident(words["id"]), "sections": words["sections"]},
    "emergency-use": emergency_payload,
    "emergency-review": lambda words: {"emergency": ident(words["of"])},
    "emergency-approval": lambda words: {"emergency": ident(words["of"]), "person": ident(words["person"])},
}


def records(case: dict[str, Any]) -> list[FactRecord]:
    """The dossier's stream: Olga is the owner, then what the case lays down."""
    found = [FactRecord(1, "dossier-key", "", {"owner": ident("olga")})]
    for number, words in enumerate(case.get("records", ()), start=10):
        kind = "consent" if words["kind"] == "denial" else words["kind"]
        found.append(FactRecord(number, kind, "", PAYLOADS[words["kind"]](words)))
    return found


def facts(case: dict[str, Any]) -> Facts:
    """The facts of a case."""
    states = {}
    if "team" in case:
        closed = instant(case["closed"]) if "closed" in case else FOREVER
        members = tuple(member(words) for words in case["team"])
        states[ident("zaak")] = CaseState(ident("zaak"), members, closed)
    foreign = ForeignFacts(standings(), states, frozenset({"olga"}))
    return Facts(compile_facts(records(case), CATALOGUES), foreign)


def member(words: dict[str, Any]) -> Participant:
    """Somebody who takes part in the case."""
    one, since = actor(words["who"]), period(words)
    kind = "professional" if one.organisation else "network"
    return Participant(one.id, one.organisation, one.role, kind, Period(since["from"], since["until"]))


def question(case: dict[str, Any]) -> tuple[Request, int]:
    """The request of a case and when it is made."""
    words = case["question"]
    about = words.get("item", {})
    item = ItemFacts(
        item="" if words.get("action") == "add" else ident(about.get("id", "rekening")),
        section=about.get("section", "debts"),
        lane=about.get("lane", "ordinary"),
        label=about.get("label", "personal"),
        type="debt-record",
        source=ident("gemeente"),
        data_from=instant(about["data_from"]) if "data_from" in about else 0,
        data_until=instant(about["data_until"]) if "data_until" in about else 0,
        delivered=about.get("delivered", 2),
        quarantined=about.get("quarantined", False),
        subjects=frozenset({about["names"]}) if "names" in about else frozenset(),
    )
    case_id = ident("zaak") if words.get("in_case") else ""
    request = Request(
        actor(words["who"]), words.get("action", "read"), item, words.get("purpose", "debt-help"), case_id
    )
    return request, instant(words.get("at", TODAY))
