"""Filling a world: its owners make dossiers and admit agencies, agencies deliver, owners add what is theirs.

Every step may be done again after it was cut short: a record goes out under an idempotency key of its own, so that it
is delivered once.
"""

from __future__ import annotations

from collections.abc import Iterable

from crypto.encoding import sha256
from dossier.client.agency import Agency
from dossier.client.delivering import Content, Record
from dossier.client.errors import RefusedError
from dossier.client.session import Session
from dossier.sample import DossierPlan
from dossier.sample import Record as SampleRecord
from web.demo.company import Company

SECTIONS = (
    "business",
    "debts",
    "education",
    "family",
    "health",
    "housing",
    "identity",
    "income",
    "other",
    "permits",
)
REPEATED = 409


def settle(company: Company, name: str, plan: DossierPlan) -> None:
    """Make a dossier of an owner, if they have none of this nature yet."""
    owner = company.owner(name)
    if not dossier_of(owner.session, plan.nature):
        owner.create(plan.nature, SECTIONS)


def admit(company: Company, name: str, nature: str, agencies: Iterable[str]) -> None:
    """Let organisations deliver to a dossier, those that may not yet."""
    owner = company.owner(name)
    dossier = bytes.fromhex(dossier_of(owner.session, nature))
    held = owner.hold(dossier)
    company.keep_pins(name, owner.pins)
    admitted = {each.payload["organisation"] for each in held.statements if each.kind == "source-admission"}
    for agency in agencies:
        organisation, _ = company.organisation(agency)
        if organisation.hex() not in admitted:
            owner.admit(dossier, organisation)


def deliver(company: Company, record: SampleRecord, identifier: str) -> None:
    """Deliver a record as the system that has it."""
    name = f"{record.agency}.{record.system}"
    agency: Agency = company.agency(name)
    try:
        agency.deliver(identifier, sealable(record), contents(record), key=_once(identifier, record))
    except RefusedError as error:
        _unless_repeated(error)
    company.keep_pins(name, agency.pins)


def add(company: Company, record: SampleRecord) -> None:
    """Add a record to its owner's dossier as the owner."""
    owner = company.owner(record.owner)
    held = owner.hold(bytes.fromhex(dossier_of(owner.session, record.dossier)))
    try:
        owner.add(held, sealable(record), contents(record), key=_once(held.dossier.hex(), record))
    except RefusedError as error:
        _unless_repeated(error)


def dossier_of(session: Session, nature: str) -> str:
    """The hex id of the dossier of this nature of whoever is signed in, empty if there is none."""
    dossiers = session.get("/v1/me")["dossiers"]
    return next((str(each["dossier"]) for each in dossiers if each["nature"] == nature), "")


def sealable(record: SampleRecord) -> Record:
    """A sample record as the client seals it."""
    return Record(
        section=record.section,
        lane=record.lane,
        type=record.type,
        label=record.label,
        title=record.title,
        data_from=record.data_from,
        data_until=record.data_until,
    )


def contents(record: SampleRecord) -> list[Content]:
    """The parts of a sample record: the record itself, then its attachments."""
    first = Content(record.file_name, record.media_type, record.content)
    return [first, *(Content(each.file_name, each.media_type, each.content) for each in record.attachments)]


def _once(place: str, record: SampleRecord) -> str:
    return sha256(f"{place} {record.key}".encode()).hex()[:32]


def _unless_repeated(error: RefusedError) -> None:
    """Raise unless the refusal says that an earlier try, sealed with other keys, was taken in under this key."""
    if (error.status, error.code) != (REPEATED, "invalid-repeated"):
        raise error
