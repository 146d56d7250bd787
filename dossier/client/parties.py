"""Who is who, checked on the client's side: register, attestations, chains, and the pins that make changes show.

First contact trusts the service; from then on the register keys, the end of the register, counters and chain heads
that were seen are pinned, and what does not follow from them blocks (`PinError`), it does not warn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto.chains import KeyChain, verify_key_chain
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import PinError
from crypto.register import (
    OrganisationKey,
    RegisterKeys,
    SystemKeys,
    check_attestation,
    check_system_attestation,
    verify_register,
)
from crypto.statements import Statement, parse_statement


@dataclass
class Pins:
    """What this client saw of others. `register` is None before first contact; the others map hex ids.

    `end` is (sequence, hex hash) of the register's last entry, `heads` the hex chain head by person and organisation,
    `counters` the highest attestation counter by organisation and subject, `dossiers` the hex chain head by dossier,
    `authorities` the hex hash of the newest authority list by dossier. `cases` is the hex hash of the last link by case,
    `ends` by case and person that of the link after which this person's part was seen to have ended.
    """

    register: RegisterKeys | None = None
    end: tuple[int, str] = (-1, "")
    heads: dict[str, str] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    dossiers: dict[str, str] = field(default_factory=dict)
    authorities: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)

    def to_state(self) -> dict[str, Any]:
        """Return the pins as JSON values for the key store."""
        keys = [] if self.register is None else [encode_base64(key) for key in self.register.keys]
        threshold = 0 if self.register is None else self.register.threshold
        return {
            "keys": keys,
            "threshold": threshold,
            "sequence": self.end[0],
            "last": self.end[1],
            "heads": dict(self.heads),
            "counters": dict(self.counters),
            "dossiers": dict(self.dossiers),
            "authorities": dict(self.authorities),
            "cases": dict(self.cases),
            "ends": dict(self.ends),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Pins:
        """Rebuild pins from the key store."""
        keys = tuple(decode_base64(key) for key in state.get("keys", []))
        register = RegisterKeys(keys, state["threshold"]) if keys else None
        end = (state.get("sequence", -1), state.get("last", ""))
        named = ("heads", "counters", "dossiers", "authorities", "cases", "ends")
        maps = (dict(state.get(name, {})) for name in named)
        return cls(register, end, *maps)


@dataclass(frozen=True)
class Register:
    """A verified register: the present key of each organisation, and the attested systems by id."""

    organisations: Mapping[bytes, OrganisationKey]
    systems: Mapping[bytes, SystemKeys]

    def named(self, name: str) -> OrganisationKey:
        """Return the organisation of this name; raise PinError when there is none, or more than one."""
        found = [each for each in self.organisations.values() if each.name == name]
        if len(found) != 1:
            raise PinError("the register has no one organisation of this name")
        return found[0]


@dataclass(frozen=True)
class Professional:
    """A verified professional: their organisation, roles by attestation, and the keys to seal to."""

    person: bytes
    name: str
    organisation: OrganisationKey
    roles: tuple[str, ...]
    chain: KeyChain


def check_register(shown: Mapping[str, Any], pins: Pins, now: int) -> Register:
    """Verify what `GET /v1/register` answered, and pin it. Raise PinError for other keys or a register cut short."""
    keys = RegisterKeys(tuple(decode_base64(key) for key in shown["keys"]), shown["threshold"])
    if pins.register is not None and pins.register.hash != keys.hash:
        raise PinError("the register is signed by other keys than before")
    entries = [parse_statement(decode_base64(text)) for text in shown["entries"]]
    verified = verify_register(entries, keys)
    sequence, last = pins.end
    if sequence >= 0 and (len(entries) <= sequence or entries[sequence].hash.hex() != last):
        raise PinError("the register does not follow from the one seen before")
    pins.register = keys
    if entries:
        pins.end = (len(entries) - 1, entries[-1].hash.hex())
    organisations = {each.organisation: each for each in verified}
    return Register(organisations, _systems(shown["systems"], organisations, pins, now))


def check_professional(shown: Mapping[str, Any], register: Register, pins: Pins, now: int) -> Professional:
    """Verify one entry of `GET /v1/professionals`, and pin it.

    Raise PinError when the chain is not the attested one, does not follow from the chain seen before, or the
    attestation is older than one seen before, has ended, or is by an organisation that is not in the register.
    """
    person, organisation = bytes.fromhex(shown["person"]), bytes.fromhex(shown["organisation"])
    if organisation not in register.organisations:
        raise PinError("the organisation is not in the register")
    employer = register.organisations[organisation]
    where = f"{shown['organisation']}-{shown['person']}"
    pinned = bytes.fromhex(pins.heads[where]) if where in pins.heads else None
    chain = verify_key_chain(_parse(shown["keys"]), person, organisation, pinned=pinned)
    statement = parse_statement(decode_base64(shown["attestation"]))
    roles = check_attestation(statement, employer, chain, now, counter=pins.counters.get(where, 0))
    pins.heads[where], pins.counters[where] = chain.head.hex(), statement.payload["counter"]
    return Professional(person, shown["name"], employer, roles, chain)


def check_person(shown: Mapping[str, Any], pins: Pins) -> KeyChain:
    """Verify the citizen's chain of `GET /v1/persons/{id}/keys`, and pin it; raise PinError for a replaced one."""
    return check_keys(shown, b"", pins)


def check_keys(shown: Mapping[str, Any], organisation: bytes, pins: Pins) -> KeyChain:
    """Verify the chain of a person in one capacity, by `GET /v1/persons/{id}/keys`; raise PinError for a replaced one.

    It is pinned: a citizen's first contact trusts the service, a professional's needs the attestation and is none here.
    """
    where = f"{organisation.hex()}-{shown['person']}"
    pinned = bytes.fromhex(pins.heads[where]) if where in pins.heads else None
    person = bytes.fromhex(shown["person"])
    chain = verify_key_chain(_parse(chain_of(shown, organisation)), person, organisation, pinned=pinned)
    if pinned or not organisation:
        pins.heads[where] = chain.head.hex()
    return chain


def check_former(shown: Mapping[str, Any], organisation: bytes, pins: Pins) -> KeyChain:
    """Verify the chain of a professional who was seen attested before, by `GET /v1/persons/{id}/keys`.

    It verifies what they signed then, and is nothing to seal to. Raise PinError for one never seen, or a replaced chain.
    """
    where = f"{organisation.hex()}-{shown['person']}"
    if where not in pins.heads:
        raise PinError("the professional is not attested, and was not seen before")
    texts, pinned = chain_of(shown, organisation), bytes.fromhex(pins.heads[where])
    return verify_key_chain(_parse(texts), bytes.fromhex(shown["person"]), organisation, pinned=pinned)


def chain_of(shown: Mapping[str, Any], organisation: bytes) -> list[str]:
    """The statements of one chain of `GET /v1/persons/{id}/keys`, as texts; none if there is no such chain."""
    chains: Mapping[str, list[str]] = {each["organisation"]: each["statements"] for each in shown["chains"]}
    return chains.get(organisation.hex(), [])


def _systems(
    texts: Sequence[str], organisations: Mapping[bytes, OrganisationKey], pins: Pins, now: int
) -> dict[bytes, SystemKeys]:
    """Verify the attestations of systems that hold now; those that have ended are left out."""
    found: dict[bytes, SystemKeys] = {}
    for statement in _parse(texts):
        payload = statement.payload
        employer = organisations.get(bytes.fromhex(payload["organisation"]))
        if employer is None:
            raise PinError("a system's organisation is not in the register")
        if not payload["from"] <= now < payload["until"] or not employer.from_ <= now < employer.until:
            continue
        where = f"{payload['organisation']}-{payload['system']}"
        keys = check_system_attestation(statement, employer, now, counter=pins.counters.get(where, 0))
        pins.counters[where] = payload["counter"]
        if found.get(keys.system, keys).organisation != keys.organisation:
            raise PinError("two organisations attest one system")
        found[keys.system] = keys
    return found


def _parse(texts: Sequence[str]) -> list[Statement]:
    return [parse_statement(decode_base64(text)) for text in texts]
