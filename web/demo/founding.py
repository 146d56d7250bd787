"""Founding the organisations of a world: the register, members and their keys, attestations, systems.

Every step may be done again after it was cut short: what is made is kept before it is sent, and what is there already
is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crypto.encoding import decode_base64, encode_base64
from crypto.keys import SealingKey, SigningKey
from crypto.statements import Statement, parse_statement
from dossier.client.assertion import SignInKey, new_sign_in_key
from dossier.client.enrolment import Enrolled, make_keys, publish_keys
from dossier.client.keys import identity_state, read_identity
from dossier.client.organisation import add_member, add_system, attest, enter_organisation
from dossier.sample import Agency, Professional, System
from web.demo.company import Company
from web.demo.record import REGISTRAR

ADMINISTRATOR = "administrator"
SUPERVISOR = "auditor"
"""The role by which an organisation is known as a supervisor: only those may have auditors."""


def register_signers(data_dir: Path, count: int = 2) -> list[SigningKey]:
    """The keys that sign the register of a development service: it keeps them beside its own."""
    folder = data_dir / "keys"
    seeds = [(folder / f"register-{number}.key").read_text(encoding="ascii") for number in range(1, count + 1)]
    return [SigningKey.from_seed(bytes.fromhex(seed.strip())) for seed in seeds]


def found(company: Company, agency: Agency, people: Sequence[Professional], signers: Sequence[SigningKey]) -> None:
    """Enter an organisation in the register, with its administrator."""
    if "key" not in company.state(agency.slug):
        company.keep(agency.slug, key=encode_base64(SigningKey.generate().seed), name=agency.name)
    key = SigningKey.from_seed(decode_base64(company.state(agency.slug)["key"]))
    registrar = company.session(REGISTRAR)
    organisation = _entered(registrar.get("/v1/register")["entries"], key.public)
    if not organisation:
        first = next(each for each in people if each.role == ADMINISTRATOR)
        kind = "supervisor" if any(each.role == SUPERVISOR for each in people) else "agency"
        organisation = enter_organisation(
            registrar, agency.name, key, signers, administrator=(first.slug, first.name), kind=kind
        ).hex()
    company.keep(agency.slug, organisation=organisation)


def employ(company: Company, person: Professional, administrator: str) -> None:
    """Make somebody a member in their role."""
    organisation, _ = company.organisation(person.organisation)
    add_member(company.session(administrator), organisation, person.slug, person.name, [person.role])


def enrol(company: Company, name: str) -> None:
    """Let a persona make their keys, keep them, and publish them."""
    session = company.session(name)
    if "identity" not in company.state(name):
        made = make_keys(session)
        company.keep(name, **_enrolled_state(made))
    publish_keys(session, _read_enrolled(company.state(name)))


def vouch(company: Company, person: Professional, administrator: str) -> None:
    """Attest a member's keys and role by the organisation's key."""
    organisation, key = company.organisation(person.organisation)
    attest(company.session(administrator), organisation, key, company.identity(person.slug).person, [person.role])


def install(company: Company, agency: str, system: System, administrator: str) -> None:
    """Enter a system of an organisation: its keys are made and kept first."""
    name, session = f"{agency}.{system.slug}", company.session(administrator)
    organisation, key = company.organisation(agency)
    if "signing" not in company.state(name):
        company.keep(name, **_system_state(system.slug))
    state = company.state(name)
    signing = SigningKey.from_seed(decode_base64(state["signing"]))
    sealing = SealingKey.from_seed(decode_base64(state["sealing"]))
    shown = session.get(f"/v1/organisations/{organisation.hex()}/systems")["systems"]
    entered = next((each["system"] for each in shown if _signs_with(each, signing.public)), "")
    if not entered:
        sign_in = SignInKey.from_jwk(state["signIn"])
        entered = add_system(session, organisation, key, system.name, signing, sealing, sign_in).hex()
    company.keep(name, system=entered)


def _entered(entries: Sequence[str], key: bytes) -> str:
    """The hex id of the organisation that stands in the register with this key, empty if there is none."""
    payloads = [parse_statement(decode_base64(text)).payload for text in entries]
    return next((str(each["organisation"]) for each in payloads if each["key"] == encode_base64(key)), "")


def _signs_with(shown: dict[str, Any], key: bytes) -> bool:
    attested: Statement = parse_statement(decode_base64(shown["attestation"]))
    return bool(attested.payload["signingKey"] == encode_base64(key))


def _system_state(slug: str) -> dict[str, Any]:
    return {
        "signing": encode_base64(SigningKey.generate().seed),
        "sealing": encode_base64(SealingKey.generate().seed),
        "signIn": new_sign_in_key(f"{slug}-1").as_dict(private=True),
    }


def _enrolled_state(made: Enrolled) -> dict[str, Any]:
    return {
        "identity": identity_state(made.identity),
        "chain": encode_base64(made.chain.envelope),
        "root": encode_base64(made.root),
        "streamKey": encode_base64(made.stream_key),
        "passphrase": made.passphrase,
        "recoveryCode": made.recovery_code,
    }


def _read_enrolled(state: dict[str, Any]) -> Enrolled:
    return Enrolled(
        read_identity(state["identity"]),
        parse_statement(decode_base64(state["chain"])),
        decode_base64(state["root"]),
        decode_base64(state["streamKey"]),
        state["passphrase"],
        state["recoveryCode"],
    )
