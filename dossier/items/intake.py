"""Taking in an item version: from an agency's system, or from the owner.

Everything that the header says is checked against what came with it and against the dossier as it stands; then the
engine decides `add`. An agency that is not admitted learns no more than one that guessed an id: not found, and the
refusal is written down (dossier.items.unadmitted).
"""

from __future__ import annotations

from audit.entry import Append, Claim, Claimed, Entry, Outcome, View
from audit.event import Event, make_event
from consent.catalogue import shipped_catalogues
from consent.terms import Decision
from crypto.encoding import BUCKET_SIZE, sha256
from crypto.errors import CryptoError
from crypto.headers import Header, parse_header
from crypto.statements import verify
from crypto.stream import sealed_size
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.decisions import decided_fields
from dossier.dossiers.store import SectionKeyRow, SectionWant
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from dossier.events import Values, actor_fields
from dossier.facts.foreign import Reader, foreign_streams
from dossier.facts.parties import OrganisationFacts, PersonFacts
from dossier.items import store
from dossier.items.admitting import decide_add, source_of
from dossier.items.delivery import Delivery
from dossier.items.state import ItemState, version_fact
from dossier.parties.actor import Actor

INLINE_LIMIT = sealed_size(65_536)
"""Ciphertext bytes up to which a part comes in the request itself; larger ones are uploaded before."""

FUTURE_SECONDS = 300
"""How far ahead an author's clock may be."""


WRONG_AUTHOR = "wrong-author"
"""The code of a refusal because the header is not by its sender, or not under its sender's key."""

DECIDED = ("basis", "code", "rules", "positions", "catalogue", "engine")
"""What an event of a delivery says of its decision; that it is a permit goes without saying."""


class NotAdmittedError(NotFoundError):
    """The engine says no to `add`: the refusal is still to be written down."""


class Delivered(Answer, frozen=True):
    """The version that was taken in, and the promise of its event."""

    item: str
    version: int
    promise: Promise


class Deliver(Entry[Delivered]):
    """Take in one version, or refuse: InvalidRequestError, ForbiddenError, NotFoundError, ConflictError."""

    def __init__(self, actor: Actor, delivery: Delivery, claim: Claim) -> None:
        self._actor, self._delivery = actor, delivery
        self.claim = claim
        self._header = _header(delivery)
        core = self._header.core
        self.streams = (delivery.dossier,)
        self.foreign = foreign_streams(actor)
        self._section = SectionWant(delivery.dossier, core.section, core.lane)
        self._item = store.ItemWant(delivery.dossier, core.item)
        self._uploads = [store.UploadWant(part.upload) for part in delivery.parts if part.upload]
        self.wants = (self._section, self._item, *self._uploads)

    def verify(self) -> None:
        """Check what came against what the header says of it."""
        delivery, header = self._delivery, self._header
        # Said before anything is looked up: it tells the sender nothing but what they sent.
        if (header.core.author, header.core.author_kind) != (self._actor.id, self._actor.kind):
            raise ForbiddenError("the item is signed by another than its sender", code=WRONG_AUTHOR)
        if header.core.dossier != delivery.dossier or header.core.item[:BUCKET_SIZE] != delivery.dossier[:BUCKET_SIZE]:
            raise InvalidRequestError("the item is sealed for another dossier", code="wrong-dossier")
        check_codes(header)
        hashes = (sha256(delivery.sealed_key), sha256(delivery.sealed_metadata))
        if hashes != (header.sealed_key_hash, header.metadata_hash) or len(delivery.parts) != len(header.parts):
            raise InvalidRequestError("header and sealed bytes do not belong together", code="wrong-hash")
        for part, info in zip(delivery.parts, header.parts, strict=True):
            if part.content is not None and (
                len(part.content) != sealed_size(info.length) or sha256(part.content) != info.hash
            ):
                raise InvalidRequestError("a part is not the one that the header names", code="wrong-hash")

    def judge(self, view: View) -> Outcome[Delivered]:
        """Decide `add`, then check author, section key, version and uploads as they stand."""
        decision = decide_add(self._actor, self._header.core, self._delivery.dossier, view, view.now)
        if not decision.permitted:
            raise NotAdmittedError
        self._check_author(view)
        self._check_section(view.rows(self._section))
        self._check_version(view.rows(self._item))
        for part, info in zip(self._delivery.parts, self._header.parts, strict=True):
            if part.upload:
                row = view.rows(store.UploadWant(part.upload))
                store.check_upload(row, self._delivery.dossier, self._actor.id, sealed_size(info.length), info.hash)
        if self._header.core.issued > view.now + FUTURE_SECONDS:
            raise InvalidRequestError("the item was issued in the future", code="issued-in-future")
        return self._outcome(view, decision)

    def recall(self, claimed: Claimed, view: View) -> Delivered:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Delivered)

    def _outcome(self, view: View, decision: Decision) -> Outcome[Delivered]:
        core, actor = self._header.core, self._actor
        organisation = actor.organisation if actor.kind == "system" else None
        audience = "actor" if organisation else "owner"
        fact = version_fact(self._header, organisation)
        seq = view.head(self._delivery.dossier).seq + 1
        return Outcome(
            appends=(
                Append(
                    self._delivery.dossier,
                    self._event(view, decision),
                    (fact,),
                    evidence=self._header.statement.envelope,
                ),
            ),
            answer=lambda receipts: Delivered(core.item.hex(), core.version, promise(receipts[0], audience)),
            writes=store.version_writes(self._delivery, self._header, organisation or actor.id, seq),
            keep=keep,
        )

    def _check_author(self, view: View) -> None:
        key = signing_key(self._actor, view)
        try:
            verify(self._header.statement, key)
        except CryptoError as error:
            raise ForbiddenError("the item is not signed with the sender's key", code=WRONG_AUTHOR) from error

    def _check_section(self, row: SectionKeyRow | None) -> None:
        core = self._header.core
        if row is None:
            raise InvalidRequestError("this dossier has no such section", code="unknown-section")
        if (row.epoch, row.public_hash) != (core.epoch, core.section_key_hash):
            raise ConflictError("the section has another key by now; ask for its address again", code="retired-epoch")

    def _check_version(self, state: ItemState | None) -> None:
        core = self._header.core
        if state is None:
            if core.version != 1:
                raise ConflictError("the version before is not here", code="wrong-version")
            return
        source = self._actor.organisation.hex() if self._actor.kind == "system" and self._actor.organisation else ""
        if (state.organisation, state.author if not source else "") != (source, "" if source else self._actor.id.hex()):
            raise NotFoundError
        if (state.version + 1, state.header) != (core.version, core.previous.hex()) or state.removed:
            raise ConflictError("there is another newest version", code="wrong-version")
        # Else one who may add to one section could put it in another, and readers there could not open it.
        stands = (state.facts.section, state.facts.lane, state.facts.label, state.facts.type)
        if (core.section, core.lane, core.label, core.type) != stands:
            raise ConflictError("the item stands in another place, or under another label or type", code="other-place")

    def _event(self, view: View, decision: Decision) -> Event:
        decided = decided_fields(decision, view, self._delivery.dossier, self.foreign)
        values = actor_fields(self._actor, self.claim.key if self.claim else b"", view.now)
        values |= {name: decided[name] for name in DECIDED}
        values |= version_fields(self._header)
        values |= {
            "type": "delivered" if self._actor.kind == "system" else "added",
            "source": source_of(self._actor).hex(),
        }
        return make_event("delivery/v1", values)


def check_codes(header: Header) -> None:
    """Raise InvalidRequestError for a code that no catalogue has: said to everybody alike, whoever may deliver here."""
    core, catalogue = header.core, shipped_catalogues().current
    known = core.type in catalogue.types and core.label in catalogue.labels
    if not (known and core.section in catalogue.sections and core.lane in catalogue.lanes):
        raise InvalidRequestError("a type, label, section or lane is unknown", code="unknown-code")


def version_fields(header: Header) -> Values:
    """What a header says of its version, as the event of a delivery has it."""
    core = header.core
    return {
        "item": core.item.hex(),
        "version": core.version,
        "section": core.section,
        "lane": core.lane,
        "itemType": core.type,
        "label": core.label,
        "header": header.hash.hex(),
        "parts": core.part_count,
        "bytes": sum(part.length for part in header.parts),
    }


def _header(delivery: Delivery) -> Header:
    try:
        return parse_header(delivery.header)
    except CryptoError as error:
        raise InvalidRequestError("not a well-formed item header", code="invalid-header") from error


def signing_key(actor: Actor, view: Reader) -> bytes:
    """The key that the actor signs items with now: a system's attested key, a person's newest."""
    if actor.kind == "system" and actor.organisation:
        organisation = view.facts(actor.organisation).value
        keys = organisation.systems.get(actor.id.hex()) if isinstance(organisation, OrganisationFacts) else None
        if keys is not None:
            return keys.signing_key
    elif view.exists(actor.id):
        person = view.facts(actor.id).value
        chain = person.chains.get("") if isinstance(person, PersonFacts) else None
        if chain is not None:
            return chain.signing_key
    raise ForbiddenError("the sender has no attested key", code="no-keys")
