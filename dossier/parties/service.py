"""Parties as the edge asks for them: reading rows and statements, and handing acts to the group writer.

Every answer is about what the actor may know. Members and roles are their own organisation's business; keys,
attestations and the register are open to whoever is signed in, since clients must check them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from audit.entry import Claim
from audit.writer import Writer
from crypto.encoding import decode_base64, encode_base64
from crypto.register import RegisterKeys
from crypto.statements import Statement, parse_statement
from dossier.answers import Answer
from dossier.errors import ForbiddenError, InvalidRequestError, NotFoundError
from dossier.hiding.knocking import tells
from dossier.monthkeys import FileMonthKeys
from dossier.parties import showing
from dossier.parties.actor import Actor
from dossier.parties.acts import Done, PartyAct, require_administrator, require_self
from dossier.parties.attestations import (
    PERSON,
    SYSTEM,
    AttestPerson,
    AttestSystem,
    EndAttestation,
    EndSystem,
    NewSystem,
)
from dossier.parties.keychains import NewKeys, PublishKeys
from dossier.parties.members import AddMember, EndMember, NewMember
from dossier.parties.register import KIND as REGISTER
from dossier.parties.register import Entered, EnterOrganisation, NewEntry
from dossier.parties.store import Member, Organisation, PartyStore
from dossier.parties.streamkeys import ShownStreamKeys, open_keys, require_may_check
from dossier.parties.unlocking import KIND as UNLOCK
from dossier.parties.unlocking import NewMethods, PutKeyring, PutUnlockMethods, SealedMethod

PAGE = 50
CHAIN = "key-chain"
T = TypeVar("T", bound=Answer)


@dataclass(frozen=True)
class Parties:
    """The party resources over their store and the writer."""

    store: PartyStore
    writer: Writer
    register_keys: RegisterKeys
    months: FileMonthKeys

    async def me(self, actor: Actor) -> showing.Me:
        """Show who is signed in."""
        employer = await self.store.organisation(actor.organisation) if actor.organisation else None
        dossiers = [] if employer else await self.store.dossiers_of(actor.id)
        return showing.Me(
            person=actor.id.hex(),
            kind=actor.kind,
            name=await self._name(actor),
            roles=list(actor.roles),
            assurance=str(actor.assurance),
            auth_time=actor.auth_time,
            dossiers=[showing.ShownDossierOf(dossier.hex(), nature) for dossier, nature in dossiers],
            organisation=showing.organisation(employer) if employer else None,
        )

    async def register(self) -> showing.ShownRegister:
        """Show the register, to anybody."""
        found = await self.store.of_kinds([REGISTER, SYSTEM])
        entries = [each for each in found if each.kind == REGISTER]
        present = {system.id for system in await self.store.all_systems()}
        systems = [each for each in found if each.kind == SYSTEM and each.subject in present]
        return showing.register(self.register_keys, entries, systems)

    async def organisations(self) -> list[showing.ShownOrganisation]:
        """Show all organisations, by name."""
        return [showing.organisation(each) for each in await self.store.organisations()]

    async def organisation(self, organisation: bytes) -> Organisation:
        """Return an organisation; raise NotFoundError."""
        found = await self.store.organisation(organisation)
        if found is None:
            raise NotFoundError
        return found

    async def enter(self, actor: Actor, new: NewEntry, claim: Claim) -> Entered:
        """Enter an organisation in the register."""
        return await self.writer.submit(EnterOrganisation(actor, new, self.register_keys, claim))

    async def members(self, actor: Actor, organisation: bytes, now: int) -> list[showing.ShownMember]:
        """Show the members of the actor's own organisation; of another's there is nothing to be seen."""
        _hide_from_others(actor, organisation)
        return [showing.member(each) for each in await self.store.members(organisation, now)]

    async def add_member(self, actor: Actor, organisation: bytes, new: NewMember, claim: Claim) -> Done:
        """Enter or change a member of the actor's own organisation."""
        _hide_from_others(actor, organisation)
        return await self.writer.submit(AddMember(actor, await self.organisation(organisation), new, claim))

    async def end_member(self, actor: Actor, organisation: bytes, person: bytes, claim: Claim) -> Done:
        """End a membership of the actor's own organisation."""
        _hide_from_others(actor, organisation)
        return await self.writer.submit(EndMember(actor, organisation, person, claim))

    async def systems(self, organisation: bytes) -> list[showing.ShownSystem]:
        """Show the systems of an organisation with their newest attestations."""
        await self.organisation(organisation)
        stored = await self.store.statements(organisation, SYSTEM)
        newest = {each.subject: each for each in stored}
        rows = await self.store.systems(organisation)
        return [showing.system(row, newest[row.id]) for row in rows if row.id in newest]

    async def attestations(self, organisation: bytes, now: int) -> list[str]:
        """Show the attestations of the present members of an organisation, newest of each, as base64."""
        await self.organisation(organisation)
        attested = {each.person for each in await self.store.members(organisation, now) if each.attested_until > now}
        stored = await self.store.statements(organisation, PERSON)
        newest = {each.subject: each for each in stored if each.subject in attested}
        return [encode_base64(each.envelope) for each in newest.values()]

    async def attest(self, actor: Actor, organisation: bytes, statement: Statement, claim: Claim) -> Done:
        """Take an attestation of a member by the organisation's key."""
        _hide_from_others(actor, organisation)
        key = await self._organisation_key(organisation)
        return await self.writer.submit(AttestPerson(actor, organisation, key, statement, claim))

    async def add_system(self, actor: Actor, organisation: bytes, new: NewSystem, claim: Claim) -> Done:
        """Enter a system with its attestation by the organisation's key."""
        _hide_from_others(actor, organisation)
        key = await self._organisation_key(organisation)
        return await self.writer.submit(AttestSystem(actor, organisation, key, new, claim))

    async def end_attestation(self, actor: Actor, organisation: bytes, person: bytes, claim: Claim) -> Done:
        """End an attestation without a key."""
        _hide_from_others(actor, organisation)
        return await self._submit(EndAttestation(actor, organisation, person, claim))

    async def end_system(self, actor: Actor, organisation: bytes, system: bytes, claim: Claim) -> Done:
        """Take a system away."""
        _hide_from_others(actor, organisation)
        return await self._submit(EndSystem(actor, organisation, system, claim))

    async def professionals(self, words: str, after: bytes, now: int) -> tuple[list[showing.ShownProfessional], str]:
        """Show a page of attested professionals by name, and the id after which the next page begins ("" for none)."""
        rows = await self.store.professionals(words, after, PAGE + 1, now)
        shown = [await self._professional(row) for row in rows[:PAGE]]
        return [each for each in shown if each is not None], rows[PAGE - 1].person.hex() if len(rows) > PAGE else ""

    async def keys(self, person: bytes) -> showing.ShownKeys:
        """Show the key chains of a person; raise NotFoundError when there are none."""
        found = await self.store.statements(person, CHAIN)
        if not found:
            raise NotFoundError
        return showing.keys(person, found)

    async def publish(self, actor: Actor, person: bytes, new: NewKeys, claim: Claim) -> Done:
        """Publish the actor's first or next keys."""
        previous = await self._chain_head(actor, person)
        return await self.writer.submit(PublishKeys(actor, person, new, previous, claim))

    async def methods(self, actor: Actor, person: bytes) -> showing.ShownMethods:
        """Show the actor's own unlock methods; raise NotFoundError when there are none."""
        require_self(actor, person)
        statement, document = await self.store.newest(person, UNLOCK, person), await self.store.unlock(person)
        if statement is None or document is None:
            raise NotFoundError
        return showing.methods(statement, msgspec.json.decode(document, type=dict[str, SealedMethod]))

    async def put_methods(
        self, actor: Actor, person: bytes, statement: Statement, sealed: dict[str, SealedMethod], claim: Claim
    ) -> Done:
        """Replace the actor's unlock methods."""
        head = await self._chain_head(actor, person)
        if head is None:
            raise ForbiddenError("publish your keys first", code="no-keys")
        return await self.writer.submit(PutUnlockMethods(actor, person, NewMethods(statement, head, sealed), claim))

    async def keyring(self, actor: Actor, person: bytes) -> showing.ShownKeyring:
        """Show the actor's own wrapped identity; raise NotFoundError when there is none."""
        require_self(actor, person)
        found = await self.store.keyring(person, actor.organisation or b"")
        if found is None:
            raise NotFoundError
        return showing.ShownKeyring(encode_base64(found.document), found.version)

    async def put_keyring(self, actor: Actor, person: bytes, wrapped: bytes, version: int, claim: Claim) -> Done:
        """Replace the actor's wrapped identity."""
        return await self.writer.submit(PutKeyring(actor, person, wrapped, version, claim))

    @tells
    async def stream_keys(self, actor: Actor, stream: bytes) -> ShownStreamKeys:
        """Give the keys of a stream's epochs to those who may check it; raise NotFoundError."""
        require_may_check(await self.writer.look((stream, actor.id)), actor, stream)
        return open_keys(stream, await self.store.stream_keys(stream), self.months)

    async def _submit(self, act: PartyAct[T]) -> T:
        return await self.writer.submit(act)

    async def _name(self, actor: Actor) -> str:
        if actor.kind == "system":
            system = await self.store.system(actor.id)
            return system.name if system else ""
        return await self.store.person_name(actor.id) or ""

    async def _organisation_key(self, organisation: bytes) -> bytes:
        entry = await self.store.newest(organisation, REGISTER, organisation)
        if entry is None:
            raise NotFoundError
        return decode_base64(parse_statement(entry.envelope).payload["key"])

    async def _chain_head(self, actor: Actor, person: bytes) -> Statement | None:
        require_self(actor, person)
        stored = await self.store.newest(person, CHAIN, actor.organisation or person)
        return parse_statement(stored.envelope) if stored is not None else None

    async def _professional(self, row: Member) -> showing.ShownProfessional | None:
        attestation = await self.store.newest(row.organisation, PERSON, row.person)
        chain = await self.store.statements(row.person, CHAIN, row.organisation)
        return None if attestation is None or not chain else showing.professional(row, attestation, chain)


def _hide_from_others(actor: Actor, organisation: bytes) -> None:
    """Raise NotFoundError for who does not work there, ForbiddenError for a member who does not administer it."""
    if actor.organisation != organisation or actor.kind != "person":
        raise NotFoundError
    require_administrator(actor, organisation)


def check_name(text: str, limit: int = 200) -> str:
    """Return a name of 1 to `limit` printable characters; raise InvalidRequestError."""
    if not 0 < len(text) <= limit or not text.isprintable():
        raise InvalidRequestError("a name is 1 to 200 printable characters")
    return text
