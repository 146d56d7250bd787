"""The owner's side of sharing: choosing what a consent covers, sealing its keys, giving, listing and ending it.

A capsule holds a section key only where the consent covers the whole lane, later items included and nothing excluded;
otherwise the keys of the items that are there now, and later ones wait for a holder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consent.catalogue import shipped_catalogues
from consent.grant import parse_scope
from consent.matching import item_fits, place_fits
from consent.terms import VAULT, ItemFacts
from crypto.capsules import MAX_KEYS, Capsule, KeyId, seal_capsule
from crypto.encoding import BUCKET_SIZE, encode_base64, new_id
from crypto.statements import Statement, sign
from dossier.client.groups import Group, Recipient
from dossier.client.holding import HeldDossier
from dossier.client.listed import Shown
from dossier.client.opened import OpenedItem
from dossier.client.owner import Owner

LANES = ("ordinary", "confidential")
READING = frozenset({"read", "download"})
"""The actions that need keys."""

TEXT_VERSION = "1"
Grantees = Recipient | Group
"""Whom a consent can be for: one, or a role or team with its members."""


@dataclass(frozen=True)
class Terms:
    """What a consent permits or denies. Without items and with later items it covers whole lanes.

    `case` is where it must be used, `item_case` the case that items must belong to, `language` that of the words which
    the owner signs under.
    """

    sections: Sequence[str] = ()
    lanes: Sequence[str] = ("ordinary",)
    items: Sequence[bytes] = ()
    types: Sequence[str] = ()
    sources: Sequence[str] = ()
    actions: Sequence[str] = ("list", "read")
    purpose: str = ""
    basis: str = "consent"
    start: int = 0
    end: int = 0
    later_items: bool = True
    label_ceiling: str = ""
    item_case: str = ""
    data_from: int = 0
    data_until: int = 0
    effect: str = "permit"
    case: str = ""
    ends_with_case: bool = False
    unused_months: int = 0
    replaces: str = ""
    language: str = "nl"


def consent_payload(
    owner: Owner, held: HeldDossier, recipient: Grantees, terms: Terms, catalogue: str, text: str
) -> dict[str, Any]:
    """The payload of a consent; `catalogue` is the hash of the catalogue shown, `text` the words that were shown."""
    now = owner.session.now()
    return {
        "consent": new_id(held.dossier[:BUCKET_SIZE]).hex(),
        "dossier": held.dossier.hex(),
        "effect": terms.effect,
        "grantee": recipient.grantee(),
        "scope": _scope(terms),
        "actions": sorted(terms.actions),
        "purpose": terms.purpose,
        "basis": terms.basis,
        "from": terms.start or now,
        "until": terms.end,
        "endsOn": {"caseClosed": terms.ends_with_case, "unusedMonths": terms.unused_months},
        "laterItems": terms.later_items,
        "exceptions": [],
        "case": terms.case,
        "catalogue": catalogue,
        "text": {
            "hash": hashlib.sha256(text.encode()).hexdigest(),
            "language": terms.language,
            "version": TEXT_VERSION,
        },
        "replaces": terms.replaces,
        "after": dict(held.after),
        "signer": owner.identity.person.hex(),
        "issuedAt": now,
        "capacity": held.capacity(owner.identity.person),
    }


def _scope(terms: Terms) -> dict[str, Any]:
    return {
        "items": sorted(item.hex() for item in terms.items),
        "sections": sorted(terms.sections),
        "lanes": sorted(terms.lanes),
        "types": sorted(terms.types),
        "sources": sorted(terms.sources),
        "case": terms.item_case,
        "labelCeiling": terms.label_ceiling,
        "dataFrom": terms.data_from,
        "dataUntil": terms.data_until,
    }


def preview(owner: Owner, held: HeldDossier, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Ask who would see what if this consent were given."""
    unsigned = {name: value for name, value in payload.items() if name not in {"signer", "keyHash"}}
    answer: dict[str, Any] = owner.session.post(
        f"/v1/dossiers/{held.dossier.hex()}/consent-previews", {"consent": unsigned}
    )
    return answer


def grant(
    owner: Owner, dossier: bytes, recipient: Grantees, terms: Terms, catalogue: str, text: str
) -> tuple[str, dict[str, Any]]:
    """Give a consent with its keys; return its id and the service's answer. The dossier is looked at afresh.

    A role or team gets one capsule for each member that verified, in the same request.
    """
    owner.session.step_up()
    # Items first: listing is an event, and moves no rules; `after` must be what was last seen.
    listed = owner.hold(dossier)
    items = [] if whole_lanes(terms) else covered(owner, listed, terms)
    held = owner.hold(dossier)
    payload = consent_payload(owner, held, recipient, terms, catalogue, text)
    statement = sign("consent", payload, owner.identity.signing)
    keys = {} if terms.effect == "deny" else keys_of(held, terms, items)
    out = shut_out(held, owner.session.now())
    capsules = seal_to(statement, [each for each in recipient.members if each.id not in out], keys)
    body = {
        "statement": encode_base64(statement.envelope),
        "capsules": [encode_base64(capsule.encode()) for capsule in capsules],
    }
    answer: dict[str, Any] = owner.session.post(f"/v1/dossiers/{dossier.hex()}/consents", body)
    return str(payload["consent"]), answer


def whole_lanes(terms: Terms) -> bool:
    """Whether all that stands and will stand in sections and lanes is covered, so that their keys may be given."""
    narrowed = terms.items or terms.types or terms.sources or terms.label_ceiling or terms.case or terms.item_case
    bounded = terms.data_from or terms.data_until
    return terms.later_items and not narrowed and not bounded and bool(terms.sections)


def covered(owner: Owner, held: HeldDossier, terms: Terms) -> list[OpenedItem]:
    """The items that stand in the terms' reach now, by signed statements; what does not verify is left out."""
    opened = (item for item in owner.items(held) if isinstance(item, OpenedItem))
    return [item for item in opened if covers(terms, item) and owner.stands(held, item)]


def covers(terms: Terms, item: OpenedItem) -> bool:
    """Whether the terms reach an item as it stands, by the rules by which the engine will judge."""
    scope, core, shown = parse_scope(_scope(terms)), item.header.core, item.shown
    facts = ItemFacts(
        item=item.item,
        section=shown["section"],
        lane=shown["lane"],
        label=shown["label"],
        type=shown["type"],
        source=shown["source"],
        data_from=core.data_from,
        data_until=core.data_until,
        cases=frozenset(shown["cases"]),
    )
    catalogue = shipped_catalogues().current
    return (
        facts.lane != VAULT
        and place_fits(scope, facts, catalogue, strict=True)
        and item_fits(scope, facts, strict=True)
    )


def keys_of(held: HeldDossier, terms: Terms, items: Iterable[OpenedItem]) -> dict[KeyId, bytes]:
    """The keys that the terms open: those of all epochs of whole lanes, else those of the items.

    Older epochs too: what was delivered before a rotation is sealed to them still.
    """
    if not READING & set(terms.actions):
        return {}
    if not whole_lanes(terms):
        return {KeyId.item(item.header): item.item_key for item in items}
    lanes = set(terms.lanes or LANES) - {VAULT}
    places = [key.place for key in held.sections.values() if key.place.section in terms.sections]
    return {KeyId.section(place): held.secret(place) for place in places if place.lane in lanes}


def shut_out(held: HeldDossier, now: int) -> frozenset[bytes]:
    """The persons whom a block shuts out of a dossier now: they get no key, whatever role or team they are in."""
    ended = {each.payload["block"] for each in held.statements if each.kind == "block-end"}
    blocks = [each.payload for each in held.statements if each.kind == "block" and each.payload["block"] not in ended]
    return frozenset(bytes.fromhex(each["person"]) for each in blocks if each["from"] <= now < each["until"])


def seal_to(statement: Statement, members: Iterable[Recipient], keys: Mapping[KeyId, bytes]) -> list[Capsule]:
    """One capsule for each member; none while there is nothing to open. Beyond what one holds, the rest waits."""
    first = dict(sorted(keys.items())[:MAX_KEYS])
    return [seal_capsule(statement.hash, each.id, each.sealing_key, first) for each in members] if first else []


def withdraw(
    owner: Owner, shown: Shown, reason: str = "", *, with_key: bool = True, capacity: str = "owner"
) -> dict[str, Any]:
    """End a consent: signed, or by a recent sign-in alone; return the service's answer.

    Nothing is signed about a consent whose own signature does not hold: raise PinError or SignatureError.
    """
    statement = ""
    if with_key:
        dossier = bytes.fromhex(shown.statement.payload["dossier"])
        owner.signers.check_consent(shown.statement, dossier)
        payload = {
            "consent": shown.consent.id,
            "consentHash": shown.statement.hash.hex(),
            "dossier": shown.statement.payload["dossier"],
            "reason": reason,
            "signer": owner.identity.person.hex(),
            "issuedAt": owner.session.now(),
            "capacity": capacity,
        }
        statement = encode_base64(sign("withdrawal", payload, owner.identity.signing).envelope)
    else:
        owner.session.step_up()
    answer: dict[str, Any] = owner.session.post(f"/v1/consents/{shown.consent.id}/withdrawal", {"statement": statement})
    return answer
