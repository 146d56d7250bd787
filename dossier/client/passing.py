"""Keys that follow a consent: for later items, later members of a role or team, new epochs, and members with new keys.

A holder of the dossier finds what waits by what each member was given; a holder of the same consent cannot see that,
and passes on what they have themselves, once to each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto.capsules import MAX_KEYS, Capsule, KeyId, pick_key, seal_capsule
from crypto.encoding import encode_base64
from crypto.errors import CryptoError
from dossier.client.groups import Recipient
from dossier.client.holding import HeldDossier
from dossier.client.listed import Shown, read_capsules
from dossier.client.making import Identity
from dossier.client.opened import OpenedItem
from dossier.client.owner import Owner
from dossier.client.session import Session
from dossier.client.shared import SharedKeys
from dossier.client.sharing import Terms, covered, keys_of, shut_out, whole_lanes


@dataclass(frozen=True)
class Missing:
    """What one member of a consent does not have yet."""

    shown: Shown
    member: Recipient
    keys: Mapping[KeyId, bytes] = field(repr=False)

    @property
    def where(self) -> str:
        """Under what it is remembered that they were served."""
        return served_as(self.shown, self.member)


def served_as(shown: Shown, member: Recipient) -> str:
    """Under what it is kept which keys of a member were served for a consent; the value is their chain head in hex."""
    return f"{shown.consent.id}-{member.id.hex()}"


def terms_of(shown: Shown) -> Terms:
    """The terms of a consent that was given, as far as they tell which keys belong to it."""
    consent = shown.consent
    scope = consent.scope
    return Terms(
        sections=sorted(scope.sections),
        lanes=sorted(scope.lanes),
        items=[bytes.fromhex(item) for item in scope.items],
        types=sorted(scope.types),
        sources=sorted(scope.sources),
        actions=sorted(consent.actions),
        purpose=consent.purpose,
        later_items=consent.later_items,
        label_ceiling=scope.label_ceiling,
        item_case=scope.case,
        data_from=scope.data_from,
        data_until=scope.data_until,
        case=consent.case,
    )


def find_missing(
    owner: Owner, held: HeldDossier, shown: Shown, members: Iterable[Recipient], served: Mapping[str, str]
) -> list[Missing]:
    """What each of these members of a consent waits for, as one sees it who holds the dossier.

    `served` is what was remembered of earlier times. Capsules tell which keys they hold, not to which key of the member
    they are sealed: a member whose keys are newer than the consent, and not remembered, is served anew.
    """
    if shown.consent.effect != "permit" or shown.state != "active":
        return []
    given, out = _given(owner.session, shown), shut_out(held, owner.session.now())
    wanted = _wanted(owner, held, shown, given)
    found = []
    for member in (each for each in members if each.id not in out):
        had = set() if _has_new_keys(shown, member, served) else given.get(member.id, set())
        keys = {key_id: secret for key_id, secret in wanted.items() if key_id not in had}
        if keys:
            found.append(Missing(shown, member, keys))
    return found


def pass_on(
    identity: Identity,
    shown: Shown,
    shared: SharedKeys,
    items: Sequence[OpenedItem],
    members: Iterable[Recipient],
    served: Mapping[str, str],
) -> list[Missing]:
    """What a holder of a consent with later members can give the others: their own keys, to whom they did not yet.

    `shared` is what the consents of this dossier brought them, `items` those that they opened.
    """
    keys = _own_keys(identity, shown, shared, items)
    others = [each for each in members if each.id != identity.person]
    waiting = [each for each in others if served.get(served_as(shown, each)) != each.head.hex()]
    return [Missing(shown, each, keys) for each in waiting] if keys and shown.consent.grantee.later_members else []


def serve(session: Session, missing: Sequence[Missing]) -> list[dict[str, Any]]:
    """Send what waits under one consent, one request for each round; return the service's answers.

    A capsule holds only so many keys: who waits for more gets another in the next round.
    """
    answers, rest = [], [(each, sorted(each.keys.items())) for each in missing]
    while rest:
        body = {"capsules": [encode_base64(_seal(each, keys).encode()) for each, keys in rest]}
        answers.append(session.post(f"/v1/consents/{rest[0][0].shown.consent.id}/capsules", body))
        rest = [(each, keys[MAX_KEYS:]) for each, keys in rest if keys[MAX_KEYS:]]
    return answers


def _seal(each: Missing, keys: Sequence[tuple[KeyId, bytes]]) -> Capsule:
    return seal_capsule(each.shown.statement.hash, each.member.id, each.member.sealing_key, dict(keys[:MAX_KEYS]))


def _given(session: Session, shown: Shown) -> dict[bytes, set[KeyId]]:
    """Which keys each grantee was given under a consent, as its capsules say."""
    found: dict[bytes, set[KeyId]] = {}
    answer = session.get(f"/v1/consents/{shown.consent.id}/capsules")
    for capsule in read_capsules(each["capsule"] for each in answer["capsules"]):
        if capsule.statement_hash == shown.statement.hash:
            found.setdefault(capsule.grantee, set()).update(capsule.key_ids)
    return found


def _wanted(owner: Owner, held: HeldDossier, shown: Shown, given: Mapping[bytes, set[KeyId]]) -> dict[KeyId, bytes]:
    """All keys that a consent opens now. Without later items: those of the items it names, or that somebody got."""
    terms = terms_of(shown)
    wanted = keys_of(held, terms, () if whole_lanes(terms) else covered(owner, held, terms))
    if terms.later_items or terms.items:
        return wanted
    known = {key_id for key_ids in given.values() for key_id in key_ids}
    return {key_id: secret for key_id, secret in wanted.items() if key_id in known}


def _has_new_keys(shown: Shown, member: Recipient, served: Mapping[str, str]) -> bool:
    remembered = served.get(served_as(shown, member))
    if remembered is not None:
        return remembered != member.head.hex()
    return member.since >= shown.consent.issued


def _own_keys(identity: Identity, shown: Shown, shared: SharedKeys, items: Iterable[OpenedItem]) -> dict[KeyId, bytes]:
    """The keys that came to oneself under this very consent, each as a signed statement commits to it."""
    found: dict[KeyId, bytes] = {}
    opened = {KeyId.item(item.header): item.item_key for item in items}
    mine = [each for each in shared.capsules if each.grantee == identity.person]
    for capsule in (each for each in mine if each.statement_hash == shown.statement.hash):
        found |= {key_id: opened[key_id] for key_id in capsule.key_ids if key_id in opened}
        for key_id in (each for each in capsule.key_ids if each in shared.sections):
            try:
                found[key_id] = pick_key(capsule, identity.sealing, key_id, shared.sections[key_id])
            except CryptoError:  # a capsule that does not open is not passed on
                continue
    return found
