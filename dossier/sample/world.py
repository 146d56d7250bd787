"""The sample world as frozen values. Slugs name things among themselves; codes are codes of the consent catalogue."""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same words in Dutch and in English."""

    nl: str
    en: str


class DossierPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One dossier of a person. `scheme` is "bsn" for a private and "kvk" for a business one."""

    nature: str
    scheme: str
    number: str
    name: Text


class Persona(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A citizen. `kind` is citizen, entrepreneur, network-member or child; a child does not sign in.

    `born` is an ISO date; `household` is the same for those who live together, empty for others.
    """

    slug: str
    name: str
    kind: str
    bsn: str
    born: str
    household: str
    signs_in: bool
    about: Text
    dossiers: tuple[DossierPlan, ...]


class System(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One system of an agency, with the sections and item types that it delivers."""

    slug: str
    name: str
    sections: tuple[str, ...]
    types: tuple[str, ...]


class Agency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An organisation: it delivers through its systems (none for oversight) and employs professionals."""

    slug: str
    name: str
    about: Text
    kvk: str
    oin: str
    systems: tuple[System, ...]


class Professional(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person acting for an organisation in one role; administrators and the auditor are professionals too."""

    slug: str
    name: str
    organisation: str
    role: str
    email: str
    about: Text


class OwnerRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One dossier, by its owner and nature."""

    person: str
    nature: str


class ParticipantPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A professional's place in a case: for what purpose, which sections, and why in words."""

    professional: str
    purpose: str
    sections: tuple[str, ...]
    why: Text


class CasePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case to be opened: one question of one or more owners. `network` holds the personas who help."""

    slug: str
    title: Text
    question: Text
    purpose: str
    owners: tuple[OwnerRef, ...]
    opened_by: str
    coordinator: str
    participants: tuple[ParticipantPlan, ...]
    network: tuple[str, ...]
    goals: tuple[Text, ...]


class Attachment(msgspec.Struct, frozen=True):
    """A further part of a record."""

    title: str
    file_name: str
    media_type: str
    content: bytes


class Record(msgspec.Struct, frozen=True):
    """One record, ready to be sealed. `key` is its file's path without suffix, for instance `own/04-tess-school`.

    `agency` and `system` are empty if the owner added it. `data_from` and `data_until` are UTC seconds, the period
    [from, until) that the data describe.
    """

    key: str
    owner: str
    dossier: str
    agency: str
    system: str
    section: str
    lane: str
    type: str
    label: str
    title: str
    data_from: int
    data_until: int
    media_type: str
    file_name: str
    content: bytes
    attachments: tuple[Attachment, ...]


class World(msgspec.Struct, frozen=True):
    """All of it, in the order of the files."""

    personas: tuple[Persona, ...]
    agencies: tuple[Agency, ...]
    professionals: tuple[Professional, ...]
    cases: tuple[CasePlan, ...]
    records: tuple[Record, ...]

    def persona(self, slug: str) -> Persona:
        """The persona of that slug; KeyError if there is none."""
        return {persona.slug: persona for persona in self.personas}[slug]

    def agency(self, slug: str) -> Agency:
        """The agency of that slug; KeyError if there is none."""
        return {agency.slug: agency for agency in self.agencies}[slug]

    def professional(self, slug: str) -> Professional:
        """The professional of that slug; KeyError if there is none."""
        return {professional.slug: professional for professional in self.professionals}[slug]

    def case(self, slug: str) -> CasePlan:
        """The case of that slug; KeyError if there is none."""
        return {case.slug: case for case in self.cases}[slug]

    def administrator(self, agency: str) -> Professional:
        """The administrator of that agency; KeyError if there is none."""
        return {p.organisation: p for p in self.professionals if p.role == "administrator"}[agency]

    def records_of(self, owner: str, dossier: str = "private") -> tuple[Record, ...]:
        """The records of one dossier."""
        return tuple(record for record in self.records if (record.owner, record.dossier) == (owner, dossier))
