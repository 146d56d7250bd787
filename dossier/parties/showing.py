"""What the service shows of parties: values that become JSON at the edge. Statements as base64 of what was signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crypto.encoding import encode_base64
from crypto.register import RegisterKeys
from dossier.answers import Answer
from dossier.parties.store import Member, Organisation, Stored, System
from dossier.parties.unlocking import SealedMethod


class ShownOrganisation(Answer, frozen=True):
    """An organisation: `kind` is agency or supervisor."""

    organisation: str
    name: str
    kind: str


class ShownRegister(Answer, frozen=True):
    """The register: the keys that sign it, how many must, its entries in order, and the attested systems."""

    keys: list[str]
    threshold: int
    entries: list[str]
    systems: list[str]


class ShownMember(Answer, frozen=True):
    """A member as their organisation's administrators see them; `attested_until` is 0 without attestation."""

    person: str
    name: str
    roles: list[str]
    since: int
    until: int
    attested_until: int


class ShownSystem(Answer, frozen=True):
    """A system of an organisation: its id is its client id at the token endpoint."""

    system: str
    organisation: str
    name: str
    attestation: str


class ShownChain(Answer, frozen=True):
    """The key chain of a person in one capacity; `organisation` is empty for a citizen."""

    organisation: str
    statements: list[str]


class ShownKeys(Answer, frozen=True):
    """The key chains of a person."""

    person: str
    chains: list[ShownChain]


class ShownProfessional(Answer, frozen=True):
    """Somebody who may be given consent: name, attestation, and the chain that it must match."""

    person: str
    name: str
    organisation: str
    roles: list[str]
    attestation: str
    keys: list[str]


class ShownMethods(Answer, frozen=True):
    """A person's signed list of unlock methods, with what belongs to each by hex id."""

    statement: str
    methods: dict[str, SealedMethod]


class ShownKeyring(Answer, frozen=True):
    """A person's wrapped identity in the capacity in which they are signed in; `version` from 1."""

    wrapped: str
    version: int


class ShownDossierOf(Answer, frozen=True):
    """A dossier that the person owns; `nature` is private or business."""

    dossier: str
    nature: str


class Me(Answer, frozen=True, omit_defaults=True):
    """Who is signed in: `organisation` is absent for a citizen, `person` is the system's id for a system."""

    person: str
    kind: str
    name: str
    roles: list[str]
    assurance: str
    auth_time: int
    dossiers: list[ShownDossierOf]
    organisation: ShownOrganisation | None = None


def organisation(row: Organisation) -> ShownOrganisation:
    """Show an organisation."""
    return ShownOrganisation(row.id.hex(), row.name, row.kind)


def register(keys: RegisterKeys, entries: Iterable[Stored], systems: Iterable[Stored]) -> ShownRegister:
    """Show the register; of each system the newest attestation."""
    newest = {each.subject: each for each in systems}
    return ShownRegister(
        keys=[encode_base64(key) for key in keys.keys],
        threshold=keys.threshold,
        entries=[encode_base64(each.envelope) for each in sorted(entries, key=lambda each: each.ordinal)],
        systems=[encode_base64(each.envelope) for each in newest.values()],
    )


def member(row: Member) -> ShownMember:
    """Show a member to their own organisation."""
    return ShownMember(row.person.hex(), row.name, list(row.roles), row.since, row.until, row.attested_until)


def system(row: System, attestation: Stored) -> ShownSystem:
    """Show a system."""
    return ShownSystem(row.id.hex(), row.organisation.hex(), row.name, encode_base64(attestation.envelope))


def keys(person: bytes, statements: Iterable[Stored]) -> ShownKeys:
    """Show the chains of a person; a chain is filed under its organisation, the citizen's under the person."""
    chains: dict[bytes, list[str]] = {}
    for each in statements:
        chains.setdefault(each.subject, []).append(encode_base64(each.envelope))
    return ShownKeys(
        person.hex(),
        [ShownChain("" if subject == person else subject.hex(), found) for subject, found in chains.items()],
    )


def professional(row: Member, attestation: Stored, chain: Iterable[Stored]) -> ShownProfessional:
    """Show a professional with the statements that vouch for them."""
    return ShownProfessional(
        person=row.person.hex(),
        name=row.name,
        organisation=row.organisation.hex(),
        roles=list(row.roles),
        attestation=encode_base64(attestation.envelope),
        keys=[encode_base64(each.envelope) for each in chain],
    )


def methods(statement: Stored, sealed: Mapping[str, SealedMethod]) -> ShownMethods:
    """Show unlock methods to their owner."""
    return ShownMethods(encode_base64(statement.envelope), dict(sealed))
