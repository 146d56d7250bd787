"""The owner's side of sharing: choosing what a consent covers, sealing its keys, giving, listing and ending it.

A capsule holds a section key only where the consent covers the whole lane, later items included and nothing excluded;
otherwise the keys of the items that are there now, and later ones wait for a holder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from consent.grant import Consent, parse_consent
from crypto.capsules import Capsule, KeyId, parse_capsule, seal_capsule
from crypto.encoding import BUCKET_SIZE, decode_base64, encode_base64, new_id
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement, sign
from dossier.client.holding import HeldDossier
from dossier.client.owner import OpenedItem, Owner
from dossier.client.session import Session
from dossier.client.signers import Signers

LANES = ("ordinary", "confidential")
TEXT_VERSION = "1"


@dataclass(frozen=True)
class Recipient:
    """Whom a consent is for: a verified person or system, and the key to seal to (from an attested chain)."""

    kind: str
    id: bytes
    organisation: bytes
    role: str
    sealing_key: bytes = field(repr=False)


@dataclass(frozen=True)
class Terms:
    """What a consent permits or denies. Without items and with later items it covers whole lanes."""

    sections: Sequence[str] = ()
    lanes: Sequence[str] = ("ordinary",)
    items: Sequence[bytes] = ()
    types: Sequence[str] = ()
    actions: Sequence[str] = ("list", "read")
    purpose: str = ""
    basis: str = "consent"
    start: int = 0
    end: int = 0
    later_items: bool = True
    label_ceiling: str = ""
    effect: str = "permit"
    case: str = ""
    ends_with_case: bool = False
    unused_months: int = 0
    replaces: str = ""


@dataclass(frozen=True)
class Shown:
    """A consent of a list whose statement was read: its terms, its state, and the statement."""

    consent: Consent
    statement: Statement
    state: str
    ended_at: int
    last_used: int


def consent_payload(
    owner: Owner, held: HeldDossier, recipient: Recipient, terms: Terms, catalogue: str, text: str
) -> dict[str, Any]:
    """The payload of a consent; `catalogue` is the hash of the catalogue shown, `text` the words that were shown."""
    now = owner.session.now()
    person = recipient.id.hex() if recipient.kind in {"person", "network"} else ""
    return {
        "consent": new_id(held.dossier[:BUCKET_SIZE]).hex(),
        "dossier": held.dossier.hex(),
        "effect": terms.effect,
        "grantee": {
            "kind": recipient.kind,
            "person": person,
            "organisation": recipient.organisation.hex(),
            "role": recipient.role,
            "case": terms.case if recipient.kind == "network" else "",
            "system": recipient.id.hex() if recipient.kind == "system" else "",
            "laterMembers": False,
        },
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
        "text": {"hash": hashlib.sha256(text.encode()).hexdigest(), "language": "nl", "version": TEXT_VERSION},
        "replaces": terms.replaces,
        "after": dict(held.after),
        "signer": owner.identity.person.hex(),
        "issuedAt": now,
        "capacity": "owner",
    }


def _scope(terms: Terms) -> dict[str, Any]:
    return {
        "items": sorted(item.hex() for item in terms.items),
        "sections": sorted(terms.sections),
        "lanes": sorted(terms.lanes),
        "types": sorted(terms.types),
        "sources": [],
        "case": "",
        "labelCeiling": terms.label_ceiling,
        "dataFrom": 0,
        "dataUntil": 0,
    }


def preview(owner: Owner, held: HeldDossier, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Ask who would see what if this consent were given."""
    unsigned = {name: value for name, value in payload.items() if name not in {"signer", "keyHash"}}
    answer: dict[str, Any] = owner.session.post(
        f"/v1/dossiers/{held.dossier.hex()}/consent-previews", {"consent": unsigned}
    )
    return answer


def grant(
    owner: Owner, dossier: bytes, recipient: Recipient, terms: Terms, catalogue: str, text: str
) -> tuple[str, dict[str, Any]]:
    """Give a consent with its keys; return its id and the service's answer. The dossier is looked at afresh."""
    owner.session.step_up()
    # Items first: listing is an event, and moves no rules; `after` must be what was last seen.
    listed = owner.hold(dossier)
    items = [] if _whole_lanes(terms) else covered(owner, listed, terms)
    held = owner.hold(dossier)
    payload = consent_payload(owner, held, recipient, terms, catalogue, text)
    statement = sign("consent", payload, owner.identity.signing)
    capsules = [] if terms.effect == "deny" else [seal_keys(statement, recipient, held, terms, items)]
    body = {
        "statement": encode_base64(statement.envelope),
        "capsules": [encode_base64(capsule.encode()) for capsule in capsules if capsule is not None],
    }
    answer: dict[str, Any] = owner.session.post(f"/v1/dossiers/{dossier.hex()}/consents", body)
    return str(payload["consent"]), answer


def _whole_lanes(terms: Terms) -> bool:
    narrowed = terms.items or terms.types or terms.label_ceiling or terms.case
    return terms.later_items and not narrowed and bool(terms.sections)


def covered(owner: Owner, held: HeldDossier, terms: Terms) -> list[OpenedItem]:
    """The items that stand in the terms' reach now; what does not verify is left out."""
    return [item for item in owner.items(held) if isinstance(item, OpenedItem) and _covers(terms, item)]


def _covers(terms: Terms, item: OpenedItem) -> bool:
    shown = item.shown
    return (
        (not terms.items or item.header.core.item in terms.items)
        and (not terms.sections or shown["section"] in terms.sections)
        and (not terms.lanes or shown["lane"] in terms.lanes)
        and (not terms.types or shown["type"] in terms.types)
        and shown["lane"] != "vault"
    )


def seal_keys(
    statement: Statement, recipient: Recipient, held: HeldDossier, terms: Terms, items: Iterable[OpenedItem]
) -> Capsule | None:
    """Seal what the consent opens to its recipient; None when there is nothing to open yet."""
    if _whole_lanes(terms):
        places = [held.current(section, lane).place for section in terms.sections for lane in terms.lanes or LANES]
        keys = {KeyId.section(place): held.secret(place) for place in places}
    else:
        keys = {KeyId.item(item.header): item.item_key for item in items}
    return seal_capsule(statement.hash, recipient.id, recipient.sealing_key, keys) if keys else None


def consents(session: Session, dossier: bytes) -> list[Shown]:
    """List the consents of a dossier that one may know of, as the service shows them: signatures are NOT verified."""
    listed = session.get(f"/v1/dossiers/{dossier.hex()}/consents")["consents"]
    return [_shown(each) for each in listed]


def _shown(each: Mapping[str, Any]) -> Shown:
    statement = parse_statement(decode_base64(each["statement"]))
    consent = parse_consent(statement.payload, each["seq"])
    return Shown(consent, statement, each["state"], each["endedAt"], each["lastUsed"])


def withdraw(
    owner: Owner, shown: Shown, reason: str = "", *, with_key: bool = True, capacity: str = "owner"
) -> dict[str, Any]:
    """End a consent: signed, or by a recent sign-in alone; return the service's answer.

    Nothing is signed about a consent whose own signature does not hold: raise PinError or SignatureError.
    """
    statement = ""
    if with_key:
        dossier = bytes.fromhex(shown.statement.payload["dossier"])
        Signers.of(owner.session, owner.identity).check_consent(shown.statement, dossier)
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


def finish(owner: Owner, dossier: bytes, shown: Shown, recipient: Recipient) -> dict[str, Any] | None:
    """Send the keys of items that came after a consent of single items; None when there are none."""
    held = owner.hold(dossier)
    scope = shown.consent.scope
    terms = Terms(sections=sorted(scope.sections), lanes=sorted(scope.lanes), types=sorted(scope.types))
    terms = replace(terms, items=[bytes.fromhex(item) for item in scope.items])
    items = covered(owner, held, terms)
    if not items:
        return None
    keys = {KeyId.item(item.header): item.item_key for item in items}
    capsule = seal_capsule(shown.statement.hash, recipient.id, recipient.sealing_key, keys)
    body = {"capsules": [encode_base64(capsule.encode())]}
    answer: dict[str, Any] = owner.session.post(f"/v1/consents/{shown.consent.id}/capsules", body)
    return answer


def read_capsules(texts: Iterable[str]) -> list[Capsule]:
    """The capsules among these; what is malformed is left out."""
    found = []
    for text in texts:
        try:
            found.append(parse_capsule(decode_base64(text)))
        except CryptoError:  # a bad capsule never hides a good one
            continue
    return found
