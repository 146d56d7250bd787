"""Who takes part in a case, as signed statements alone prove it: nothing that the service says of a member counts. Pure.

The fold begins at the opening that the owner of the dossier concerned accepted by its hash. From there it follows the
links of the case and the reins: who coordinates brings people in, each with the keys they joined with, and hands over
by two signatures. The links are whole (crypto.casechain); an end after the last of them is what the service shows.
Page: docs/spec/cases.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from consent.terms import FOREVER
from crypto.casechain import LINKS
from crypto.chains import DossierChain
from crypto.errors import CryptoError
from crypto.statements import Statement, verify, verify_threshold
from dossier.client.cases import Capacity
from dossier.client.signers import SLACK, owners

Keys = Callable[[Capacity, str, int, Statement | None], bytes]
"""The signing key of this hash (hex) that somebody had in a capacity at a time (UTC seconds); raises CryptoError.

The statement, if there is one, lets them take part: their keys must be those that it names, or follow from them.
"""


@dataclass(frozen=True)
class Part:
    """Somebody's proved part in a case: in which capacity, from when until when (UTC seconds), and by which statement."""

    capacity: Capacity
    start: int
    end: int
    joined: Statement

    def holds(self, at: int) -> bool:
        """Whether a statement of this time may have been taken in while the part stood."""
        return self.start - SLACK <= at < self.end + SLACK


@dataclass(frozen=True)
class Concerned:
    """For whose dossier a case is looked at: `accepters` may accept it, and bring people in, by their own signature."""

    dossier: bytes
    accepters: Collection[bytes]

    @classmethod
    def by(cls, chain: DossierChain, holder: bytes = b"") -> Concerned:
        """For the dossier of a verified chain: its owner may, and `holder`, who looks with their own key."""
        return cls(chain.dossier, owners(chain) | ({holder} if holder else set()))


@dataclass(frozen=True)
class Membership:
    """What statements prove of a case; `coordinator` is None where the reins went on in a way that is not proved.

    `accepted` is until when each accepter has accepted it.
    """

    coordinator: Capacity | None = None
    parts: tuple[Part, ...] = ()
    accepted: Mapping[bytes, int] | None = None

    def part_of(self, capacity: Capacity, now: int) -> Part | None:
        """The part in which somebody takes part now in exactly this capacity, the last one if there are several.

        Nobody takes part in a case that nobody concerned accepts now.
        """
        standing = [part for part in self.parts if part.capacity == capacity and part.start <= now < part.end]
        accepted = any(now < until for until in (self.accepted or {}).values())
        return standing[-1] if standing and accepted else None

    def without(self, ended: Collection[str]) -> Membership:
        """The same without those whose part ended (hex ids), whoever says so: the service could end it by itself."""
        return replace(self, parts=tuple(each for each in self.parts if each.capacity.person.hex() not in ended))


def prove(statements: Sequence[Statement], ended: Collection[str], concerned: Concerned, keys: Keys) -> Membership:
    """Fold the statements of a case, the opening first, in the order of its stream; what does not verify proves nothing.

    Its links have been checked (`follow`); `ended` are those whose part ended after the last link (hex ids).
    """
    opening, *later = statements
    found = _opened(opening, keys)
    for one in later:
        step = _STEPS.get(one.kind)
        if step is not None and one.payload["case"] == opening.payload["case"]:
            # Whether a link counts or not, an end that it names took place.
            standing = found.without(one.payload["ended"]) if one.kind in LINKS else found
            found = step(standing, one, _Case(opening, concerned, keys))
    return found.without(ended)


@dataclass(frozen=True)
class _Case:
    opening: Statement
    concerned: Concerned
    keys: Keys


def _opened(opening: Statement, keys: Keys) -> Membership:
    payload = opening.payload
    signer, coordinator = _signer(payload), _capacity(payload["coordinator"])
    # A system names a professional of its own organisation; anybody else begins with the reins in their own hands.
    by_system = not signer.role and signer.organisation and signer.organisation == coordinator.organisation
    own = opening if signer == coordinator else None
    if (own is None and not by_system) or not _is_signed(opening, signer, keys, own):
        return Membership()
    return Membership(coordinator, (Part(coordinator, int(payload["issuedAt"]), FOREVER, opening),), {})


def _accepted(found: Membership, one: Statement, case: _Case) -> Membership:
    payload = one.payload
    signer, named = bytes.fromhex(payload["signer"]), (payload["dossier"], payload["caseHash"])
    if signer not in case.concerned.accepters or named != (case.concerned.dossier.hex(), case.opening.hash.hex()):
        return found
    if not _is_signed(one, Capacity(signer), case.keys, None):
        return found
    return replace(found, accepted={**(found.accepted or {}), signer: int(payload["until"])})


def _joined(found: Membership, one: Statement, case: _Case) -> Membership:
    payload = one.payload
    signer, who, issued = _signer(payload), _capacity(payload["participant"]), int(payload["issuedAt"])
    kind = "professional" if who.organisation else "network"
    if payload["kind"] != kind or not _may_add(found, signer, issued):
        return found
    if not _is_signed(one, signer, case.keys, _joined_by(found, signer)):
        return found
    part = Part(who, max(int(payload["from"]), issued - SLACK), int(payload["until"]), one)
    return replace(found, parts=(*found.parts, part))


def _left(found: Membership, one: Statement, _: _Case) -> Membership:
    return found.without({one.payload["person"]})


def _transferred(found: Membership, one: Statement, case: _Case) -> Membership:
    """The reins go on by both signatures; a transfer that does not verify leaves nobody who is proved to hold them."""
    payload = one.payload
    issued, taker = int(payload["issuedAt"]), _capacity(payload["to"])
    giver = _giver(found, bytes.fromhex(payload["from"]), issued)
    stands = any(part.capacity == taker and part.holds(issued) for part in found.parts)
    if giver is None or not stands or not _both_signed(one, found, (giver, taker), case.keys):
        return replace(found, coordinator=None)
    return replace(found, coordinator=taker)


_STEPS: Mapping[str, Callable[[Membership, Statement, _Case], Membership]] = {
    "case-acceptance": _accepted,
    "case-participation": _joined,
    "participation-end": _left,
    "coordinator-transfer": _transferred,
}


def _may_add(found: Membership, signer: Capacity, issued: int) -> bool:
    """The coordinator, while they take part; or the owner concerned, whose own signed word opens their own dossier."""
    if signer == found.coordinator:
        return any(part.capacity == signer and part.holds(issued) for part in found.parts)
    return not signer.organisation and _has_accepted(found, signer.person, issued)


def _giver(found: Membership, person: bytes, issued: int) -> Capacity | None:
    if found.coordinator is not None and person == found.coordinator.person:
        return found.coordinator
    return Capacity(person) if _has_accepted(found, person, issued) else None


def _has_accepted(found: Membership, person: bytes, issued: int) -> bool:
    return issued < (found.accepted or {}).get(person, 0)


def _joined_by(found: Membership, who: Capacity) -> Statement | None:
    """The statement by which somebody takes part; None for an owner who only accepted."""
    return next((part.joined for part in reversed(found.parts) if part.capacity == who), None)


def _is_signed(one: Statement, signer: Capacity, keys: Keys, joined: Statement | None) -> bool:
    try:
        verify(one, keys(signer, one.payload["keyHash"], int(one.payload["issuedAt"]), joined))
    except CryptoError:
        return False
    return True


def _both_signed(one: Statement, found: Membership, both: Iterable[Capacity], keys: Keys) -> bool:
    actors: list[dict[str, Any]] = one.payload["actors"]
    issued, named = int(one.payload["issuedAt"]), list(both)
    if [each["person"] for each in actors] != [each.person.hex() for each in named]:
        return False
    try:
        known = [
            keys(who, each["keyHash"], issued, _joined_by(found, who)) for who, each in zip(named, actors, strict=True)
        ]
        verify_threshold(one, known, 2)
    except CryptoError:
        return False
    return True


def _capacity(payload: Mapping[str, Any]) -> Capacity:
    return Capacity(bytes.fromhex(payload["person"]), bytes.fromhex(payload["organisation"]), payload["role"])


def _signer(payload: Mapping[str, Any]) -> Capacity:
    return Capacity(bytes.fromhex(payload["signer"]), bytes.fromhex(payload["organisation"]), payload["role"])
