"""A new epoch of a section key: once somebody who had the old key no longer may read, deliveries get a new one.

The new key is usable at once and for all: it comes with a capsule for everybody else who holds the old one, or names
those that were skipped. Two rotations at once: the table's primary key lets one of them through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View, Write
from consent.terms import VAULT
from crypto.capsules import Capsule, KeyId
from crypto.encoding import decode_base64, sha256
from crypto.errors import CryptoError
from crypto.keys import key_hash
from crypto.sections import SectionPlace
from crypto.statements import Statement, verify
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers import store
from dossier.dossiers.authority import check_act, holder_state
from dossier.dossiers.store import ConsentWant, KeyHoldersWant, SectionKeyRow, SectionWant
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError
from dossier.events import statement_event
from dossier.facts.dossiers import DossierState
from dossier.parties.actor import Actor
from dossier.sharing.coverage import check_capsules
from dossier.sharing.store import shared_writes


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """What a holder sends: the new section key (by the dossier key), the rotation (by the holder), capsules, wrap."""

    section_key: Statement
    rotation: Statement
    capsules: Sequence[Capsule]
    wrapped: bytes


class Rotated(Answer, frozen=True):
    """The new epoch of a section and lane."""

    section: str
    lane: str
    epoch: int
    promise: Promise


@dataclass(frozen=True, slots=True)
class Standing:
    """What a new epoch is judged by: the dossier's state, its key, and the authority list that capsules may be for.

    `key` is public, `sequence` its number, `authority` the hash of the list.
    """

    state: DossierState
    key: bytes
    sequence: int
    authority: bytes


def standing(state: DossierState) -> Standing:
    """The dossier as it is."""
    return Standing(state, state.key, state.key_sequence, bytes.fromhex(state.authority_head))


class Epoch:
    """One new epoch of a dossier on its way: what it wants to know, its checks, its events and rows."""

    def __init__(self, dossier: bytes, new: NewEpoch) -> None:
        self._dossier, self._new = dossier, new
        payload = new.section_key.payload
        self.section, self.lane, self.number = payload["section"], payload["lane"], payload["epoch"]
        self._current = SectionWant(dossier, self.section, self.lane)
        self._holders = KeyHoldersWant(dossier, self.section, self.lane)
        hashes = {each.statement_hash for each in new.capsules}
        self._consents = tuple(ConsentWant(dossier, each) for each in sorted(hashes))
        self.wants = (self._current, self._holders, *self._consents)

    def verify(self) -> None:
        """Check that the parts belong together and every capsule is named in the rotation."""
        key, rotation = self._new.section_key.payload, self._new.rotation.payload
        if {key["dossier"], rotation["dossier"]} != {self._dossier.hex()}:
            raise InvalidRequestError("the statements are about another dossier", code="wrong-dossier")
        if rotation["sectionKey"] != self._new.section_key.hash.hex():
            raise InvalidRequestError("the rotation names another section key")
        named = {(each["grantee"], each["hash"]) for each in rotation["capsules"]}
        if named != {(each.grantee.hex(), sha256(each.encode()).hex()) for each in self._new.capsules}:
            raise InvalidRequestError("the rotation names other capsules", code="invalid-capsule")
        place = SectionPlace(self._dossier, self.section, self.lane, self.number)
        if any(tuple(each.key_ids) != (KeyId.section(place),) for each in self._new.capsules):
            raise InvalidRequestError("a capsule holds something else than the new key", code="invalid-capsule")

    def check(self, view: View, actor: Actor, stand: Standing) -> None:
        """Check both signatures, the epoch, and that nobody who still may read is left out unnamed."""
        if not check_act(self._new.rotation, actor, view, self._dossier, [self.section]):
            raise InvalidRequestError("a rotation needs one signature within scope")
        if self.lane == VAULT and actor.id.hex() != stand.state.owner:
            raise ForbiddenError("the keys of the vault are the owner's alone", code="no-authority")
        self._check_key(stand, view.rows(self._current))
        self._check_capsules(stand, view)
        self._check_grantees(stand.state, view.rows(self._holders) or {}, view.now)

    def appends(self, actor: Actor, request: bytes, now: int) -> tuple[Append, Append]:
        """The events: of the section key, of the rotation."""
        key, rotation = self._new.section_key, self._new.rotation
        subjects = [self._dossier.hex()]
        fact = Fact("keys", key.kind, self._dossier, key.payload)
        return (
            Append(self._dossier, statement_event(key, actor, request, now, subjects), (fact,)),
            Append(self._dossier, statement_event(rotation, actor, request, now, subjects)),
        )

    def writes(self, seq: int, sequence: int, now: int) -> tuple[Write, ...]:
        """The rows; `seq` is that of the first event, `sequence` that of the dossier key whose root wraps the secret."""
        key, rotation = self._new.section_key, self._new.rotation
        return (
            store.statement_write(self._dossier, key, self._dossier, seq),
            store.statement_write(self._dossier, rotation, self._dossier, seq + 1),
            store.section_write(self._dossier, key, self._new.wrapped, sequence),
            *shared_writes(self._dossier, self._new.capsules, now),
        )

    def _check_key(self, stand: Standing, row: SectionKeyRow | None) -> None:
        payload = self._new.section_key.payload
        if row is None:
            raise InvalidRequestError("this dossier has no such section", code="unknown-section")
        if (payload["epoch"], payload["previous"]) != (row.epoch + 1, row.statement.hex()):
            raise ConflictError("the section has another key by now", code="retired-epoch")
        if key_hash(decode_base64(payload["publicKey"])) == row.public_hash:
            raise InvalidRequestError("a new epoch has a new key", code="same-key")
        try:
            verify(self._new.section_key, stand.key)
        except CryptoError as error:
            raise InvalidRequestError("the section key is not signed by the dossier key") from error

    def _check_capsules(self, stand: Standing, view: View) -> None:
        """Every capsule is for a grantee of a consent that stands and covers the place, or for a holder of the section."""
        permits = {bytes.fromhex(each.id): each for each in stand.state.rules.permits}
        ids = {want.hash: view.rows(want) for want in self._consents}
        for capsule in self._new.capsules:
            if capsule.statement_hash == stand.authority:
                self._check_holder(stand.state, capsule, view.now)
                continue
            named = ids[capsule.statement_hash]
            if named is None:
                raise InvalidRequestError("a capsule is for no consent of this dossier", code="invalid-capsule")
            consent = permits.get(named)
            if consent is None or view.now >= consent.period.end:
                raise ConflictError("a capsule is for a consent that does not stand", code="not-standing")
            catalogue = stand.state.rules.catalogues.versions.get(consent.catalogue)
            check_capsules(consent, capsule.statement_hash, self._dossier, [capsule], {}, catalogue)

    def _check_holder(self, state: DossierState, capsule: Capsule, now: int) -> None:
        if self.lane == VAULT or not is_section_holder(state, capsule.grantee, self.section, now):
            raise InvalidRequestError("a capsule is for somebody who does not hold the section", code="invalid-capsule")

    def _check_grantees(self, state: DossierState, holders: Mapping[bytes, frozenset[bytes]], now: int) -> None:
        """Everybody who has the old key by capsule and still may read gets a new one, or is named as skipped."""
        rotation = self._new.rotation.payload
        served = {each.grantee.hex() for each in self._new.capsules} | set(rotation["skipped"])
        missing = remaining(state, holders, self.section, now) - {bytes.fromhex(each) for each in served}
        if missing:
            # Mostly a consent that was given after the client looked: looked again, it is served.
            raise ConflictError("somebody who still may read is neither served nor skipped", code="left-out")


class Rotate(Entry[Rotated]):
    """Begin a new epoch; refuse with InvalidRequest-, Forbidden- or ConflictError."""

    alone = True

    def __init__(self, actor: Actor, dossier: bytes, new: NewEpoch, claim: Claim) -> None:
        self._actor, self._dossier = actor, dossier
        self._epoch = Epoch(dossier, new)
        self.claim = claim
        self.streams = (dossier,)
        self.foreign = (actor.id,)
        self.wants = self._epoch.wants

    def verify(self) -> None:
        """See `Epoch.verify`."""
        self._epoch.verify()

    def judge(self, view: View) -> Outcome[Rotated]:
        """See `Epoch.check`."""
        epoch, request = self._epoch, self.claim.key if self.claim else b""
        stand = standing(holder_state(view, self._dossier, self._actor))
        epoch.check(view, self._actor, stand)
        return Outcome(
            epoch.appends(self._actor, request, view.now),
            answer=lambda receipts: Rotated(epoch.section, epoch.lane, epoch.number, promise(receipts[0], "owner")),
            writes=epoch.writes(view.head(self._dossier).seq + 1, stand.sequence, view.now),
            keep=keep,
        )

    def recall(self, claimed: Claimed, view: View) -> Rotated:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Rotated)


def is_section_holder(state: DossierState, person: bytes, section: str, now: int) -> bool:
    """Whether a person holds this section, now or from a later date: their keys come with the list that names them.

    A limited holder, that is: a full one has the root, and needs no capsule.
    """
    mine = [each for each in state.rules.holders if each.person == person.hex() and each.period.end > now]
    return any(section in each.sections for each in mine)


def remaining(state: DossierState, holders: Mapping[bytes, frozenset[bytes]], section: str, now: int) -> set[bytes]:
    """Who has a section's key and still may: under a consent that stands, or as a holder of the section.

    `holders` maps grantees to what their capsules are for: consents, or the dossier itself for a holder's.
    """
    permits = {bytes.fromhex(consent.id) for consent in state.rules.permits}
    return {
        grantee
        for grantee, subjects in holders.items()
        if subjects & permits
        or (bytes.fromhex(state.dossier) in subjects and is_section_holder(state, grantee, section, now))
    }
