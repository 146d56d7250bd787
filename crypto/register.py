"""Who speaks for an organisation: the register, signed k of n, and attestations of persons and systems.

A client seals to nobody whose chain head is not the attested one (R2): a changed key blocks, it does not warn.
Page: docs/spec/keys.md. Vectors: tests/vectors/register, tests/vectors/attestation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.chains import DossierChain, KeyChain, SectionKey, verify_section_key
from crypto.encoding import bind, decode_base64, encode_hex, sha256, u64
from crypto.errors import MalformedError, PinError
from crypto.keys import SIGNING_KEY_SIZE
from crypto.labels import Label
from crypto.statements import Statement, verify, verify_threshold

MAX_ATTESTATION = 31 * 86_400
MAX_ADDRESS = 15 * 60


@dataclass(frozen=True)
class RegisterKeys:
    """The keys that sign the register and how many must; pinned by clients, stated in control leaf 0 of the log."""

    keys: tuple[bytes, ...]
    threshold: int

    def __post_init__(self) -> None:
        if len(set(self.keys)) != len(self.keys) or any(len(key) != SIGNING_KEY_SIZE for key in self.keys):
            raise MalformedError("register keys repeat or have the wrong length")
        if not 1 <= self.threshold <= len(self.keys):
            raise MalformedError("register threshold out of range")

    @property
    def hash(self) -> bytes:
        """What a register entry names: SHA-256 of the threshold and the keys in sorted order."""
        return sha256(bind(Label.REGISTER_KEYS, u64(self.threshold), *sorted(self.keys)))


@dataclass(frozen=True)
class OrganisationKey:
    """A verified register entry: the key that attests for an organisation, from and until in UTC seconds."""

    organisation: bytes
    name: str
    key: bytes
    from_: int
    until: int
    hash: bytes


@dataclass(frozen=True)
class SystemKeys:
    """A verified attestation of a system: what verifies its headers and what is sealed to it."""

    organisation: bytes
    system: bytes
    signing_key: bytes
    sealing_key: bytes
    hash: bytes


def verify_register_entry(statement: Statement, register: RegisterKeys) -> OrganisationKey:
    """Verify one register entry.

    Raise MalformedError for another kind, PinError if it names other register keys than those pinned, SignatureError
    if fewer than the threshold of them signed it.
    """
    if statement.kind != "register-entry":
        raise MalformedError("not a register entry")
    payload = statement.payload
    if payload["keysHash"] != encode_hex(register.hash):
        raise PinError("register entry names other register keys")
    verify_threshold(statement, register.keys, register.threshold)
    organisation, key = bytes.fromhex(payload["organisation"]), decode_base64(payload["key"])
    return OrganisationKey(organisation, payload["name"], key, payload["from"], payload["until"], statement.hash)


def verify_register(statements: Sequence[Statement], register: RegisterKeys) -> tuple[OrganisationKey, ...]:
    """Verify the whole register, one chain over all organisations; the last entry of an organisation counts.

    Raise as for one entry, and MalformedError for a gap or another order.
    """
    previous = ""
    for at, statement in enumerate(statements):
        if statement.payload.get("sequence") != at or statement.payload["previous"] != previous:
            raise MalformedError("register has a gap or another order")
        previous = encode_hex(statement.hash)
    return tuple(verify_register_entry(statement, register) for statement in statements)


def check_attestation(
    statement: Statement, organisation: OrganisationKey, chain: KeyChain, now: int, *, counter: int = 0
) -> tuple[str, ...]:
    """Check that an organisation attests this person, with exactly this chain head, now; return the roles.

    `counter` is the highest seen before. Raise SignatureError for the signature; PinError for another person, another
    chain head, an older counter, or a time outside the attestation (31 days at most) or the organisation's own entry.
    """
    _check_issued(statement, "person-attestation", organisation, now, counter)
    payload = statement.payload
    if payload["until"] - payload["from"] > MAX_ATTESTATION:
        raise PinError("attestation lasts longer than 31 days")
    if payload["person"] != encode_hex(chain.person) or chain.organisation != organisation.organisation:
        raise PinError("attestation belongs to another person or organisation")
    if payload["chainHead"] != encode_hex(chain.head):
        raise PinError("key chain differs from the attested one")
    return tuple(payload["roles"])


def check_system_attestation(
    statement: Statement, organisation: OrganisationKey, now: int, *, counter: int = 0
) -> SystemKeys:
    """Check that an organisation attests a system now; return its keys. Errors as for a person."""
    _check_issued(statement, "system-attestation", organisation, now, counter)
    payload = statement.payload
    return SystemKeys(
        organisation.organisation,
        bytes.fromhex(payload["system"]),
        decode_base64(payload["signingKey"]),
        decode_base64(payload["sealingKey"]),
        statement.hash,
    )


def check_address(
    statement: Statement,
    directory_key: bytes,
    organisation: bytes,
    chain: DossierChain,
    section_statements: Sequence[Statement],
    now: int,
) -> tuple[SectionKey, ...]:
    """Check a dossier address: the directory's word that chain and section keys are current; return the section keys.

    Raise SignatureError for its signature or a section key's; PinError if it is for another organisation, older than
    15 minutes, or names another chain head or other section keys than those at hand.
    """
    if statement.kind != "dossier-address":
        raise MalformedError("not a dossier address")
    verify(statement, directory_key)
    payload = statement.payload
    if payload["organisation"] != encode_hex(organisation) or payload["dossier"] != encode_hex(chain.dossier):
        raise PinError("address is for another organisation or dossier")
    if not payload["issuedAt"] - MAX_ADDRESS <= now < min(payload["until"], payload["issuedAt"] + MAX_ADDRESS):
        raise PinError("address is not valid at this time")
    named = [encode_hex(section.hash) for section in section_statements]
    if payload["keyHead"] != encode_hex(chain.head) or sorted(payload["sectionKeys"]) != sorted(named):
        raise PinError("address names other keys")
    return tuple(verify_section_key(section, chain) for section in section_statements)


def _check_issued(statement: Statement, kind: str, organisation: OrganisationKey, now: int, counter: int) -> None:
    if statement.kind != kind:
        raise MalformedError("not such an attestation")
    payload = statement.payload
    verify(statement, organisation.key)
    if payload["organisation"] != encode_hex(organisation.organisation):
        raise PinError("attestation by another organisation")
    if payload["counter"] < counter:
        raise PinError("attestation is older than one seen before")
    if not payload["from"] <= now < payload["until"]:
        raise PinError("attestation is not valid at this time")
    if not organisation.from_ <= now < organisation.until:
        raise PinError("register entry is not valid at this time")
