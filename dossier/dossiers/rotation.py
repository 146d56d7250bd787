"""A new epoch of a section key: once somebody who had the old key no longer may read, deliveries get a new one.

The new key is usable at once and for all: it comes with a capsule for every remaining grantee of the old one, or names
those that were skipped. Two rotations at once: the table's primary key lets one of them through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View
from crypto.capsules import Capsule, KeyId
from crypto.encoding import decode_base64, sha256
from crypto.errors import CryptoError
from crypto.keys import key_hash
from crypto.sections import SectionPlace
from crypto.statements import Statement, verify
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers import store
from dossier.dossiers.authority import check_act
from dossier.dossiers.store import ConsentWant, KeyHoldersWant, SectionKeyRow, SectionWant
from dossier.errors import ConflictError, InvalidRequestError
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


class Rotate(Entry[Rotated]):
    """Begin a new epoch; refuse with InvalidRequest-, Forbidden- or ConflictError."""

    alone = True

    def __init__(self, actor: Actor, dossier: bytes, new: NewEpoch, claim: Claim) -> None:
        self._actor, self._dossier, self._new = actor, dossier, new
        self.claim = claim
        payload = new.section_key.payload
        self._place = (payload["section"], payload["lane"])
        self.streams = (dossier,)
        self.foreign = (actor.id,)
        self._current = SectionWant(dossier, *self._place)
        self._holders = KeyHoldersWant(dossier, *self._place)
        self._consents = tuple(
            {each.statement_hash: ConsentWant(dossier, each.statement_hash) for each in new.capsules}.values()
        )
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
        place = SectionPlace(self._dossier, *self._place, key["epoch"])
        if any(tuple(each.key_ids) != (KeyId.section(place),) for each in self._new.capsules):
            raise InvalidRequestError("a capsule holds something else than the new key", code="invalid-capsule")

    def judge(self, view: View) -> Outcome[Rotated]:
        """Check both signatures, the epoch, and that nobody who still may read is left out unnamed."""
        sections = [self._place[0]]
        if not check_act(self._new.rotation, self._actor, view, self._dossier, sections):
            raise InvalidRequestError("a rotation needs one signature within scope")
        state: DossierState = view.facts(self._dossier).value
        self._check_key(state, view.rows(self._current))
        self._check_capsules(state, view)
        self._check_grantees(state, view.rows(self._holders) or {})
        key, rotation = self._new.section_key, self._new.rotation
        request = self.claim.key if self.claim else b""
        subjects = [self._dossier.hex()]
        appends = (
            Append(
                self._dossier,
                statement_event(key, self._actor, request, view.now, subjects),
                (Fact("keys", key.kind, self._dossier, key.payload),),
            ),
            Append(self._dossier, statement_event(rotation, self._actor, request, view.now, subjects)),
        )
        first = view.head(self._dossier).seq + 1
        return Outcome(
            appends,
            answer=lambda receipts: Rotated(*self._place, key.payload["epoch"], promise(receipts[0], "owner")),
            writes=(
                store.statement_write(self._dossier, key, self._dossier, first),
                store.statement_write(self._dossier, rotation, self._dossier, first + 1),
                store.section_write(self._dossier, key, self._new.wrapped),
                *shared_writes(self._dossier, self._new.capsules, view.now),
            ),
            keep=keep,
        )

    def recall(self, claimed: Claimed, view: View) -> Rotated:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Rotated)

    def _check_key(self, state: DossierState, row: SectionKeyRow | None) -> None:
        payload = self._new.section_key.payload
        if row is None:
            raise InvalidRequestError("this dossier has no such section", code="unknown-section")
        if (payload["epoch"], payload["previous"]) != (row.epoch + 1, row.statement.hex()):
            raise ConflictError("the section has another key by now", code="retired-epoch")
        if key_hash(decode_base64(payload["publicKey"])) == row.public_hash:
            raise InvalidRequestError("a new epoch has a new key", code="same-key")
        try:
            verify(self._new.section_key, state.key)
        except CryptoError as error:
            raise InvalidRequestError("the section key is not signed by the dossier key") from error

    def _check_capsules(self, state: DossierState, view: View) -> None:
        """Every capsule is for a grantee of a consent that stands and covers the place."""
        standing = {bytes.fromhex(each.id): each for each in state.rules.permits}
        ids = {want.hash: view.rows(want) for want in self._consents}
        for capsule in self._new.capsules:
            consent = standing.get(ids[capsule.statement_hash] or b"")
            if consent is None or view.now >= consent.period.end:
                raise InvalidRequestError("a capsule is for a consent that does not stand", code="invalid-capsule")
            catalogue = state.rules.catalogues.versions.get(consent.catalogue)
            check_capsules(consent, capsule.statement_hash, self._dossier, [capsule], {}, catalogue)

    def _check_grantees(self, state: DossierState, holders: Mapping[bytes, frozenset[bytes]]) -> None:
        """Everybody with a capsule of the old key under a consent that stands gets a new one, or is named as skipped."""
        rotation = self._new.rotation.payload
        served = {each.grantee.hex() for each in self._new.capsules} | set(rotation["skipped"])
        missing = remaining(state, holders) - {bytes.fromhex(each) for each in served}
        if missing:
            raise InvalidRequestError("somebody who still may read is neither served nor skipped", code="left-out")


def remaining(state: DossierState, holders: Mapping[bytes, frozenset[bytes]]) -> set[bytes]:
    """Who holds a section key under a consent that still stands; `holders` maps grantees to their consents."""
    standing = {bytes.fromhex(consent.id) for consent in state.rules.permits}
    return {grantee for grantee, consents in holders.items() if consents & standing}


def pending(state: DossierState, held: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether somebody holds the key under consents of which none stands; `held` are (grantee, consent)."""
    standing = {bytes.fromhex(consent.id) for consent in state.rules.permits}
    pairs = list(held)
    still = {grantee for grantee, consent in pairs if consent in standing}
    return any(grantee not in still for grantee, _ in pairs)
