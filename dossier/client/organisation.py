"""What an organisation's people do for it: entering the register, managing members, attesting keys and systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crypto.encoding import decode_base64, encode_base64, new_id
from crypto.keys import SealingKey, SigningKey
from crypto.register import MAX_ATTESTATION, RegisterKeys
from crypto.statements import Statement, cosign, parse_statement, sign
from dossier.client.assertion import SignInKey
from dossier.client.errors import UntrustedError
from dossier.client.session import Session

YEARS_10 = 10 * 366 * 86_400
YEAR = 366 * 86_400
SLACK = 60


def register_entry(
    shown: dict[str, Any], organisation: bytes, name: str, key: bytes, signers: Sequence[SigningKey], now: int
) -> Statement:
    """The next entry of the register (`GET /v1/register`), signed by enough of its keys."""
    keys = RegisterKeys(tuple(decode_base64(each) for each in shown["keys"]), shown["threshold"])
    last = parse_statement(decode_base64(shown["entries"][-1])) if shown["entries"] else None
    payload = {
        "sequence": len(shown["entries"]),
        "previous": last.hash.hex() if last else "",
        "organisation": organisation.hex(),
        "name": name,
        "key": encode_base64(key),
        "from": now - SLACK,
        "until": now + YEARS_10,
        "keysHash": keys.hash.hex(),
        "issuedAt": now,
    }
    statement = sign("register-entry", payload, signers[0])
    for signer in signers[1:]:
        statement = cosign(statement, signer)
    return statement


def enter_organisation(
    registrar: Session,
    name: str,
    key: SigningKey,
    signers: Sequence[SigningKey],
    *,
    administrator: tuple[str, str],
    kind: str = "agency",
) -> bytes:
    """Enter a new organisation with its first administrator (subject, name); return its id."""
    registrar.step_up()
    organisation = new_id()
    shown = registrar.get("/v1/register")
    entry = register_entry(shown, organisation, name, key.public, signers, registrar.now())
    subject, person_name = administrator
    body = {
        "statement": encode_base64(entry.envelope),
        "kind": kind,
        "administrator": {"subject": subject, "name": person_name},
    }
    registrar.post("/v1/organisations", body)
    return organisation


def add_member(
    administrator: Session, organisation: bytes, subject: str, name: str, roles: Sequence[str], until: int = 0
) -> bytes:
    """Enter a member, or change one; return the person's id."""
    administrator.step_up()
    body = {"subject": subject, "name": name, "roles": list(roles), "until": until}
    return bytes.fromhex(administrator.post(f"/v1/organisations/{organisation.hex()}/members", body)["id"])


def attest(
    administrator: Session,
    organisation: bytes,
    key: SigningKey,
    person: bytes,
    roles: Sequence[str],
    *,
    seconds: int = MAX_ATTESTATION - SLACK,
) -> Statement:
    """Attest the keys and roles of a member whose chain the service shows, by the organisation's key.

    The one who holds the key answers for having the chain from the right person (compare it at their desk).
    """
    administrator.step_up()
    head = _chain_head(administrator, organisation, person)
    now = administrator.now()
    payload = {
        "organisation": organisation.hex(),
        "person": person.hex(),
        "chainHead": head,
        "roles": list(roles),
        "conflicts": [],
        "from": now - SLACK,
        "until": now + seconds,
        "counter": _next_counter(administrator, organisation, person),
        "signer": organisation.hex(),
        "issuedAt": now,
    }
    statement = sign("person-attestation", payload, key)
    body = {"statement": encode_base64(statement.envelope)}
    administrator.post(f"/v1/organisations/{organisation.hex()}/attestations", body)
    return statement


def add_system(
    administrator: Session,
    organisation: bytes,
    key: SigningKey,
    name: str,
    signing: SigningKey,
    sealing: SealingKey,
    sign_in_key: SignInKey,
) -> bytes:
    """Enter a system: its keys attested by the organisation's, its public JWKS; return its id, its client id."""
    administrator.step_up()
    system, now = new_id(organisation[:2]), administrator.now()
    payload = {
        "organisation": organisation.hex(),
        "system": system.hex(),
        "signingKey": encode_base64(signing.public),
        "sealingKey": encode_base64(sealing.public),
        "from": now - SLACK,
        "until": now + YEAR,
        "counter": 1,
        "signer": organisation.hex(),
        "issuedAt": now,
    }
    statement = sign("system-attestation", payload, key)
    body = {
        "statement": encode_base64(statement.envelope),
        "name": name,
        "keySet": {"keys": [sign_in_key.as_dict(private=False)]},
    }
    administrator.post(f"/v1/organisations/{organisation.hex()}/systems", body)
    return system


def _chain_head(session: Session, organisation: bytes, person: bytes) -> str:
    chains = session.get(f"/v1/persons/{person.hex()}/keys")["chains"]
    texts: list[str] = next((each["statements"] for each in chains if each["organisation"] == organisation.hex()), [])
    if not texts:
        raise UntrustedError("the member has no keys for this organisation yet")
    return parse_statement(decode_base64(texts[-1])).hash.hex()


def _next_counter(session: Session, organisation: bytes, person: bytes) -> int:
    """One more than the highest the service shows; an ended attestation is not shown, so time keeps it rising."""
    texts = session.get(f"/v1/organisations/{organisation.hex()}/attestations")["attestations"]
    shown = [parse_statement(decode_base64(text)).payload for text in texts]
    counters = [int(each["counter"]) for each in shown if each["person"] == person.hex()]
    return max([session.now(), *(counter + 1 for counter in counters)])
