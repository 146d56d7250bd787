"""Who takes part in a case, as signed statements alone prove it: nothing that the service says of a member counts. Pure.

The fold begins at the opening that the owner of the dossier concerned accepted by its hash. From there it follows the
reins: who coordinates brings people in, and hands over by two signatures. The order is the service's, within what the
signed times allow; that something was left out cannot be seen here. Page: docs/spec/cases.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from consent.terms import FOREVER
from crypto.chains import DossierChain
from crypto.errors import CryptoError
from crypto.statements import Statement, verify, verify_threshold
from dossier.client.cases import Capacity
from dossier.client.signers import SLACK, owners

Keys = Callable[[Capacity, str, int], bytes]
"""The signing key of this hash (hex) that somebody had in a capacity at a time (UTC seconds); raises CryptoError."""


@dataclass(frozen=True)
class Part:
    """Somebody's proved part in a case: in which capacity, from when until when, and when it was signed (UTC seconds)."""

    capacity: Capacity
    start: int
    end: int
    signed: int

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

    `accepted` is until when each accepter has accepted it, `latest` when the reins last went on.
    """

    coordinator: Capacity | None = None
    parts: tuple[Part, ...] = ()
    accepted: Mapping[bytes, int] | None = None
    latest: int = 0

    def proves(self, capacity: Capacity, now: int) -> bool:
        """Whether somebody takes part now in exactly this capacity; never in a case that was not accepted so."""
        return bool(self.accepted) and any(
            part.capacity == capacity and part.start <= now < part.end for part in self.parts
        )


def prove(opening: Statement, statements: Iterable[Statement], concerned: Concerned, keys: Keys) -> Membership:
    """Fold the statements of a case in the order of its stream; what does not verify proves nothing."""
    found = _opened(opening, keys)
    # The service takes a statement once: one that is shown again, after an end, brings nobody back.
    for one in {each.hash: each for each in statements}.values():
        step = _STEPS.get(one.kind)
        if step is not None and one.payload["case"] == opening.payload["case"]:
            found = step(found, one, _Case(opening, concerned, keys))
    return found


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
    if (signer != coordinator and not by_system) or not _is_signed(opening, signer, keys):
        return Membership()
    issued = int(payload["issuedAt"])
    return Membership(coordinator, (Part(coordinator, issued, FOREVER, issued),), {}, issued)


def _accepted(found: Membership, one: Statement, case: _Case) -> Membership:
    payload = one.payload
    signer, named = bytes.fromhex(payload["signer"]), (payload["dossier"], payload["caseHash"])
    if signer not in case.concerned.accepters or named != (case.concerned.dossier.hex(), case.opening.hash.hex()):
        return found
    if not _is_signed(one, Capacity(signer), case.keys):
        return found
    return replace(found, accepted={**(found.accepted or {}), signer: int(payload["until"])})


def _joined(found: Membership, one: Statement, case: _Case) -> Membership:
    payload = one.payload
    signer, who, issued = _signer(payload), _capacity(payload["participant"]), int(payload["issuedAt"])
    kind = "professional" if who.organisation else "network"
    if payload["kind"] != kind or not _in_order(found, issued) or not _may_add(found, signer, issued):
        return found
    if not _is_signed(one, signer, case.keys):
        return found
    part = Part(who, max(int(payload["from"]), issued - SLACK), int(payload["until"]), issued)
    return replace(found, parts=(*found.parts, part))


def _left(found: Membership, one: Statement, _: _Case) -> Membership:
    """An end only takes away, as the service could by itself: it counts whoever signed it."""
    person = bytes.fromhex(one.payload["person"])
    return replace(found, parts=tuple(each for each in found.parts if each.capacity.person != person))


def _transferred(found: Membership, one: Statement, case: _Case) -> Membership:
    """The reins go on by both signatures; a transfer that does not verify leaves nobody who is proved to hold them."""
    payload = one.payload
    issued, taker = int(payload["issuedAt"]), _capacity(payload["to"])
    giver = _giver(found, bytes.fromhex(payload["from"]), issued)
    stands = any(part.capacity == taker and part.holds(issued) for part in found.parts)
    if giver is None or not stands or not _in_order(found, issued) or not _both_signed(one, (giver, taker), case.keys):
        return replace(found, coordinator=None)
    # What the giver signed after this was put before it.
    parts = tuple(each for each in found.parts if each.signed <= issued + SLACK)
    return replace(found, coordinator=taker, parts=parts, latest=max(found.latest, issued))


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


def _in_order(found: Membership, issued: int) -> bool:
    """A statement is taken in at once: what was signed long before the reins went on came before that."""
    return issued >= found.latest - SLACK


def _is_signed(one: Statement, signer: Capacity, keys: Keys) -> bool:
    try:
        verify(one, keys(signer, one.payload["keyHash"], int(one.payload["issuedAt"])))
    except CryptoError:
        return False
    return True


def _both_signed(one: Statement, both: Sequence[Capacity], keys: Keys) -> bool:
    actors: list[dict[str, Any]] = one.payload["actors"]
    if [each["person"] for each in actors] != [each.person.hex() for each in both]:
        return False
    named = zip(both, actors, strict=True)
    try:
        verify_threshold(one, [keys(who, each["keyHash"], int(one.payload["issuedAt"])) for who, each in named], 2)
    except CryptoError:
        return False
    return True


def _capacity(payload: Mapping[str, Any]) -> Capacity:
    return Capacity(bytes.fromhex(payload["person"]), bytes.fromhex(payload["organisation"]), payload["role"])


def _signer(payload: Mapping[str, Any]) -> Capacity:
    return Capacity(bytes.fromhex(payload["signer"]), bytes.fromhex(payload["organisation"]), payload["role"])
