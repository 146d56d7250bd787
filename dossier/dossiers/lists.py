"""What an authority list must agree with: its signatures, everybody on it, and the keys that come with it. Pure.

Whoever is on the list is there with the very key chain that stands in their own stream. The owner never leaves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audit.entry import View
from consent.terms import VAULT
from crypto.capsules import Capsule, KeyId
from crypto.errors import CryptoError
from crypto.statements import Statement, verify_threshold
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.facts.dossiers import DossierState
from dossier.facts.parties import Chain, PersonFacts
from dossier.parties.actor import Actor

DATED = "dated-by-register"


def check_signatures(
    statement: Statement, actor: Actor, state: DossierState, key: bytes, chains: Mapping[str, Chain], now: int
) -> None:
    """Check that the dossier key and full holders signed a list, as many as the highest of their thresholds.

    `key` is the public dossier key that must have signed. A list on which nobody is new and nobody's entry changed needs
    one of them. Raise ForbiddenError.
    """
    payload = statement.payload
    acting = [each["person"] for each in payload["actors"]]
    if actor.id.hex() not in acting or len(set(acting)) != len(acting):
        raise ForbiddenError("the sender acts on the list, and each person once", code="wrong-signer")
    full = {h.person: h for h in state.rules.holders if h.full and h.period.holds(now)}
    if any(person not in full for person in acting):
        raise ForbiddenError("only full holders change who holds", code="no-authority")
    needed = 1 if is_standing(payload["holders"], state, now) else max(full[person].threshold for person in acting)
    if len(acting) < needed:
        raise ForbiddenError("too few full holders act", code="no-authority")
    if any(chains[each["person"]].key_hash != each["keyHash"] for each in payload["actors"]):
        raise ForbiddenError("an acting person is named with another key", code="wrong-signer")
    keys = [key, *(chains[person].signing_key for person in acting)]
    try:
        verify_threshold(statement, keys, len(keys))
    except CryptoError as error:
        raise ForbiddenError("the list is not signed by all who act and the dossier key") from error


def is_standing(holders: Iterable[Mapping[str, Any]], state: DossierState, now: int) -> bool:
    """Whether a list names just those who stand on the present one, ended entries left out; key chains may have grown."""
    names = ("person", "capacity", "full", "threshold", "from", "until")
    new = [(*(each[name] for name in names), frozenset(each["sections"])) for each in holders]
    standing = [
        (h.person, h.capacity, h.full, h.threshold, h.period.start, h.period.end, h.sections)
        for h in state.rules.holders
        if h.period.end > now
    ]
    return len(new) == len(set(new)) and set(new) == set(standing)


def check_holders(payload: Mapping[str, Any], state: DossierState, chains: Mapping[str, Chain], now: int) -> None:
    """Check everybody on a list: the owner in full, newest chains, periods. Raise InvalidRequest- or ConflictError."""
    holders: list[dict[str, Any]] = payload["holders"]
    owner = [each for each in holders if each["person"] == state.owner and each["capacity"] == "owner"]
    if not owner or not owner[0]["full"]:
        raise InvalidRequestError("the owner stays on the list, in full", code="owner-stays")
    if any(chains[each["person"]].head != each["chainHead"] for each in holders):
        raise ConflictError("somebody on the list has other keys by now", code="other-keys")
    if any(each["threshold"] < 1 or each["until"] <= max(each["from"], now) for each in holders):
        raise InvalidRequestError("a threshold is at least one and a period neither empty nor over")


def check_ends(payload: Mapping[str, Any], state: DossierState, now: int) -> None:
    """Check that nobody whom a register ends at a date stays longer by such persons' signatures alone.

    Else they would list themselves anew, without end, before the date comes. Raise ConflictError.
    """
    ending = {person: until for person, until in state.ends.items() if until > now}
    longer = any(each["until"] > ending.get(each["person"], each["until"]) for each in payload["holders"])
    if longer and all(each["person"] in ending for each in payload["actors"]):
        raise ConflictError("a register ends this authority at a date: another holder lists it longer", code=DATED)


def check_keys(
    capsules: Iterable[Capsule], dossier: bytes, sequence: int, holders: Iterable[Mapping[str, Any]]
) -> None:
    """Check that capsules of a list hold no more than their grantees' entries cover; raise InvalidRequestError.

    `sequence` is that of the dossier key whose seed and root they may hold.
    """
    listed = list(holders)
    own, full = own_keys(dossier, sequence), full_persons(listed)
    for capsule in capsules:
        person = capsule.grantee.hex()
        fits = (
            each in own if person in full else _in_scope(each, dossier, person, listed)
            for each in capsule.key_ids
            if each.kind != "stream" or person not in full
        )
        if not all(fits):
            raise InvalidRequestError("a capsule holds more than its grantee may hold", code="invalid-capsule")


def _in_scope(key_id: KeyId, dossier: bytes, person: str, holders: Iterable[Mapping[str, Any]]) -> bool:
    if key_id.kind != "section" or key_id.fields[0] != dossier or key_id.fields[2] == VAULT.encode():
        return False
    return any(each["person"] == person and key_id.fields[1].decode() in each["sections"] for each in holders)


def own_keys(dossier: bytes, sequence: int) -> frozenset[KeyId]:
    """The dossier's own keys of one sequence: what a full holder gets."""
    return frozenset({KeyId.dossier_key(dossier, sequence), KeyId.dossier_root(dossier, sequence)})


def served(capsules: Iterable[Capsule], dossier: bytes, sequence: int) -> set[str]:
    """The persons (hex) who get the dossier's own keys."""
    return {each.grantee.hex() for each in capsules if own_keys(dossier, sequence) <= set(each.key_ids)}


def full_persons(holders: Iterable[Mapping[str, Any]]) -> set[str]:
    """The persons (hex) whom a list names in full."""
    return {each["person"] for each in holders if each["full"]}


def newest_chain(person: str, view: View) -> Chain:
    """The key chain of a citizen (hex id) as it stands; raise InvalidRequestError without one."""
    stream = bytes.fromhex(person)
    facts = view.facts(stream).value if view.exists(stream) else None
    chain = facts.chains.get("") if isinstance(facts, PersonFacts) and not facts.revoked else None
    if chain is None:
        raise InvalidRequestError("somebody on the list has no keys", code="no-keys")
    return chain
