"""What the edge asks of sharing: finding consents, showing them, and the capsules that belong to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.entry import View
from audit.writer import Writer
from consent.grant import Consent, parse_consent
from crypto.capsules import parse_capsule
from crypto.encoding import encode_base64
from crypto.statements import parse_statement
from dossier.answers import Answer
from dossier.dossiers.authority import is_holder
from dossier.errors import NotFoundError
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_streams
from dossier.parties.actor import Actor
from dossier.sharing.shown import ConsentList, case_streams, is_blocked, names, shown
from dossier.sharing.store import SharedRow, SharingStore


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

    async def find(self, consent: bytes) -> SharedRow:
        """Return a consent, ended or not; raise NotFoundError. Whether the actor may know is for the entry to say."""
        row = await self.store.consent(consent)
        if row is None:
            raise NotFoundError
        return row

    async def consents(self, actor: Actor, dossier: bytes) -> ConsentList:
        """List the consents that the actor may know of; raise NotFoundError if there are none for a stranger."""
        view, state = await self._look(actor, dossier)
        rows = [(row, _consent(row)) for row in await self.store.consents(dossier)]
        if not is_holder(state.rules, actor, view.now):
            view = await self._with_cases(view, actor, [consent for _, consent in rows])
            rows = [(row, consent) for row, consent in rows if names(consent, actor, view, view.now)]
            if not rows or is_blocked(state.rules, actor, view.now):
                raise NotFoundError
        ends: Mapping[str, tuple[int, str]] = await self.store.ends(dossier)
        used = await self.store.last_uses([row.consent for row, _ in rows])
        return ConsentList(
            [shown(row, consent, state.rules, ends, used.get(row.consent, 0), view.now) for row, consent in rows]
        )

    async def capsules(self, actor: Actor, consent: bytes) -> CapsuleList:
        """List a consent's capsules: all for a holder of the dossier, their own for a grantee while it stands."""
        row = await self.find(consent)
        view, state = await self._look(actor, row.dossier)
        found = await self.store.capsules(row.dossier, row.hash)
        if not is_holder(state.rules, actor, view.now):
            standing = any(each.id == consent.hex() and each.period.holds(view.now) for each in state.rules.permits)
            view = await self._with_cases(view, actor, [_consent(row)])
            named = names(_consent(row), actor, view, view.now) and not is_blocked(state.rules, actor, view.now)
            if not standing or not named:
                raise NotFoundError
            found = [(grantee, body) for grantee, body in found if grantee == actor.id]
        listed = [ShownCapsule(grantee.hex(), encode_base64(body)) for grantee, body in found]
        statements = await self._key_statements(row, [body for _, body in found])
        return CapsuleList(consent.hex(), row.hash.hex(), listed, [encode_base64(each) for each in statements])

    async def _key_statements(self, shared: SharedRow, capsules: Sequence[bytes]) -> list[bytes]:
        """What tells who could give a consent, and the statements of the section keys in these capsules."""
        held = {key_id for body in capsules for key_id in parse_capsule(body).key_ids if key_id.kind == "section"}
        wanted = {(key_id.fields[1].decode(), key_id.fields[2].decode()) for key_id in held}
        return await self.store.key_statements(shared.dossier, shared.hash, sorted(wanted))

    async def _with_cases(self, view: View, actor: Actor, consents: Sequence[Consent]) -> View:
        """The actor and the cases whose people these consents name; the same view where they name none."""
        cases = case_streams(consents)
        return await self.writer.look((*foreign_streams(actor), *sorted(cases))) if cases else view

    async def _look(self, actor: Actor, dossier: bytes) -> tuple[View, DossierState]:
        view = await self.writer.look((dossier, *foreign_streams(actor)))
        state = view.facts(dossier).value if view.exists(dossier) else None
        if not isinstance(state, DossierState):
            raise NotFoundError
        return view, state


def _consent(row: SharedRow) -> Consent:
    return parse_consent(parse_statement(row.envelope).payload, row.seq)
