"""What the edge asks of sharing: finding consents, showing them, and the capsules that belong to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from audit.entry import Entry, View
from audit.writer import Writer
from consent.grant import Consent, parse_consent
from crypto.capsules import parse_capsule
from crypto.encoding import encode_base64
from crypto.statements import parse_statement
from dossier.answers import Answer
from dossier.dossiers.authority import is_seen
from dossier.errors import NotFoundError
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_streams
from dossier.hiding.absent import Absent
from dossier.hiding.knocking import tells
from dossier.parties.actor import Actor
from dossier.sharing.opening import opens
from dossier.sharing.shown import ConsentList, case_streams, names, shown
from dossier.sharing.store import SharedRow, SharingStore

T = TypeVar("T")


class ShownCapsule(Answer, frozen=True):
    """A capsule and for whom it is; the bytes name the keys in it."""

    grantee: str
    capsule: str


class CapsuleList(Answer, frozen=True):
    """Capsules of one consent, oldest first, with the signed statements that they are held against.

    These are the dossier's own key statements, which tell its owner, its authority lists, which tell who else could sign
    when, the countersignatures of the consent, and the statements of the section keys in the capsules.
    """

    consent: str
    statement: str
    capsules: list[ShownCapsule]
    statements: list[str]


@dataclass(frozen=True)
class Sharing:
    """Reads around consents; whatever changes one is an entry for the writer."""

    store: SharingStore
    writer: Writer

    async def act(self, consent: bytes, make: Callable[[SharedRow], Entry[T]], absent: Absent) -> T:
        """Do something about a consent, ended or not; raise what the entry raises, or NotFoundError for none.

        Whether the actor may know of it is for the entry to say; `absent` is what is done if there is none.
        """
        row = await self.store.consent(consent)
        entry: Entry[T] = absent if row is None else make(row)
        return await self.writer.submit(entry)

    @tells
    async def consents(self, actor: Actor, dossier: bytes) -> ConsentList:
        """List the consents that the actor may know of; raise NotFoundError if there are none for a stranger."""
        rows = [(row, _consent(row)) for row in await self.store.consents(dossier)]
        view, state = await self._look(actor, dossier, [consent for _, consent in rows])
        if not is_seen(view, dossier, actor):
            rows = [(row, consent) for row, consent in rows if names(consent, actor, view, view.now)]
            named = {consent.id for _, consent in rows}
            if not any(each.id in named and opens(each, state, actor, view, view.now) for each in state.rules.permits):
                raise NotFoundError
        ends: Mapping[str, tuple[int, str]] = await self.store.ends(dossier)
        used = await self.store.last_uses([row.consent for row, _ in rows])
        return ConsentList(
            [shown(row, consent, state.rules, ends, used.get(row.consent, 0), view.now) for row, consent in rows]
        )

    @tells
    async def capsules(self, actor: Actor, consent: bytes) -> CapsuleList:
        """List a consent's capsules: all for a holder of the dossier, their own for a grantee while it stands."""
        row = await self.store.consent(consent)
        # What is not there is looked at like what is: no stream has the id of a consent.
        view, state = await self._look(actor, row.dossier if row else consent, [_consent(row)] if row else [])
        if row is None:
            raise NotFoundError
        holds = is_seen(view, row.dossier, actor)
        if not holds:
            standing = next((each for each in state.rules.permits if each.id == consent.hex()), None)
            if standing is None or not opens(standing, state, actor, view, view.now):
                raise NotFoundError
        found = await self.store.capsules(row.dossier, row.hash)
        if not holds:
            found = [(grantee, body) for grantee, body in found if grantee == actor.id]
        listed = [ShownCapsule(grantee.hex(), encode_base64(body)) for grantee, body in found]
        statements = await self._key_statements(row, [body for _, body in found])
        return CapsuleList(consent.hex(), row.hash.hex(), listed, [encode_base64(each) for each in statements])

    async def _key_statements(self, shared: SharedRow, capsules: Sequence[bytes]) -> list[bytes]:
        """What tells who could give a consent, and the statements of the section keys in these capsules."""
        held = {key_id for body in capsules for key_id in parse_capsule(body).key_ids if key_id.kind == "section"}
        wanted = {(key_id.fields[1].decode(), key_id.fields[2].decode()) for key_id in held}
        return await self.store.key_statements(shared.dossier, shared.hash, sorted(wanted))

    async def _look(self, actor: Actor, dossier: bytes, consents: Sequence[Consent]) -> tuple[View, DossierState]:
        """A dossier with the actor and the cases whose people these consents name, in one look."""
        view = await self.writer.look((dossier, *foreign_streams(actor), *sorted(case_streams(consents))))
        state = view.facts(dossier).value if view.exists(dossier) else None
        if not isinstance(state, DossierState):
            raise NotFoundError
        return view, state


def _consent(row: SharedRow) -> Consent:
    return parse_consent(parse_statement(row.envelope).payload, row.seq)
