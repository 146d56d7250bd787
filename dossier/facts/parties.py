"""What the streams of persons and organisations say: keys, attestations, and so how an actor stands.

Records are folded in order; a later one of the same subject takes the place of the earlier. Only verified statements
become records (dossier.parties), so nothing is verified again here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.facts import FactRecord, Standing
from consent.terms import ALWAYS, FOREVER, Period
from crypto.encoding import decode_base64
from crypto.keys import key_hash
from crypto.statements import statement_hash

NEVER = Period(0, 0)
"""A period without any instant."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The newest keys of one person in one capacity. `head` is the hex hash of the chain's last statement."""

    head: str
    sequence: int
    signing_key: bytes
    sealing_key: bytes
    key_hash: str


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """The chains of one person, by the organisation for which they act, "" for the citizen."""

    chains: Mapping[str, Chain] = field(default_factory=dict)
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Attestation:
    """What an organisation says of a person: the roles of whoever holds the chain that ends at `chain_head`."""

    person: str
    chain_head: str
    roles: frozenset[str]
    conflicts: frozenset[str]
    period: Period
    counter: int
    statement: str


@dataclass(frozen=True, slots=True)
class SystemKeys:
    """The attested keys of one system of an organisation."""

    system: str
    signing_key: bytes
    sealing_key: bytes
    key_hash: str
    period: Period
    statement: str


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """One organisation: its register entry (`key` empty before there is one), attested persons and systems.

    `attestations` are by person, `by_head` the same ones by the chain head that they attest: every reading looks there.
    """

    key: bytes = b""
    period: Period = NEVER
    attestations: Mapping[str, Attestation] = field(default_factory=dict)
    systems: Mapping[str, SystemKeys] = field(default_factory=dict)
    by_head: Mapping[str, Attestation] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_head", {each.chain_head: each for each in self.attestations.values()})


def compile_person(records: Iterable[FactRecord], before: PersonFacts) -> PersonFacts:
    """Fold a person's stream onto what it said before: key-chain and person-revoked; others have no effect on keys."""
    chains, revoked = dict(before.chains), before.revoked
    for record in records:
        if record.kind == "key-chain":
            payload: Mapping[str, Any] = record.payload
            chains[payload["organisation"]] = _chain(payload)
        elif record.kind == "person-revoked":
            revoked = True
    return PersonFacts(chains, revoked)


def compile_organisation(records: Iterable[FactRecord], before: OrganisationFacts) -> OrganisationFacts:
    """Fold an organisation's stream onto what it said before: register-entry, attestations, systems, their ends."""
    key, period = before.key, before.period
    attestations, systems = dict(before.attestations), dict(before.systems)
    for record in records:
        payload: Mapping[str, Any] = record.payload
        if record.kind == "register-entry":
            key, period = decode_base64(payload["key"]), _period(payload)
        elif record.kind == "person-attestation":
            attestations[payload["person"]] = _attestation(payload)
        elif record.kind in ("attestation-end", "member-end"):
            attestations.pop(record.subject, None)
        elif record.kind == "system-attestation":
            systems[payload["system"]] = _system(payload)
        elif record.kind == "system-end":
            systems.pop(record.subject, None)
    return OrganisationFacts(key, period, attestations, systems)


def person_standing(person: PersonFacts, organisation: str, employer: OrganisationFacts | None) -> Standing | None:
    """How a person stands as a citizen (`organisation` empty) or for an employer; None: not at all.

    A professional stands only with the very chain that the employer attested: a changed key blocks (design 4, item 3).
    """
    chain = person.chains.get(organisation)
    if chain is None or person.revoked:
        return None
    if not organisation:
        return Standing(chain.key_hash, ALWAYS)
    return _employed(chain, employer) if employer is not None else None


def system_standing(system: str, owner: OrganisationFacts) -> Standing | None:
    """How a system stands: by its attestation, within the time of its organisation's register entry."""
    keys = owner.systems.get(system)
    return None if keys is None else Standing(keys.key_hash, overlap(keys.period, owner.period))


def overlap(first: Period, second: Period) -> Period:
    """The instants that lie in both periods."""
    return Period(max(first.start, second.start), min(first.end, second.end))


def _employed(chain: Chain, employer: OrganisationFacts) -> Standing | None:
    attestation = employer.by_head.get(chain.head)
    if attestation is None:
        return None
    period = overlap(attestation.period, employer.period)
    return Standing(chain.key_hash, period, attestation.roles, attestation.conflicts)


def _period(payload: Mapping[str, Any]) -> Period:
    return Period(payload["from"], payload["until"] or FOREVER)


def _chain(payload: Mapping[str, Any]) -> Chain:
    signing_key = decode_base64(payload["signingKey"])
    return Chain(
        head=statement_hash("key-chain", payload).hex(),
        sequence=payload["sequence"],
        signing_key=signing_key,
        sealing_key=decode_base64(payload["sealingKey"]),
        key_hash=key_hash(signing_key).hex(),
    )


def _attestation(payload: Mapping[str, Any]) -> Attestation:
    return Attestation(
        person=payload["person"],
        chain_head=payload["chainHead"],
        roles=frozenset(payload["roles"]),
        conflicts=frozenset(payload["conflicts"]),
        period=_period(payload),
        counter=payload["counter"],
        statement=statement_hash("person-attestation", payload).hex(),
    )


def _system(payload: Mapping[str, Any]) -> SystemKeys:
    signing_key = decode_base64(payload["signingKey"])
    return SystemKeys(
        system=payload["system"],
        signing_key=signing_key,
        sealing_key=decode_base64(payload["sealingKey"]),
        key_hash=key_hash(signing_key).hex(),
        period=_period(payload),
        statement=statement_hash("system-attestation", payload).hex(),
    )
