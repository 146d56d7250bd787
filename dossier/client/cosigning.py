"""Signing what another holder proposed: a statement that counts once enough different holders have signed it.

Each signs for the dossier as they see it; what they sign is the hash of the other's statement, which is verified first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement, sign, verify
from dossier.client.errors import UntrustedError
from dossier.client.holding import capacity_of, statements_of
from dossier.client.owner import Owner
from dossier.client.signers import Signers, key_then


@dataclass(frozen=True)
class Waiting:
    """A statement that waits: since when (UTC seconds), and how many persons have signed it by now."""

    statement: Statement
    at: int
    signatures: int


def waiting(owner: Owner, dossier: bytes) -> list[Waiting]:
    """What waits for signatures in a dossier that one holds; raise UntrustedError for what its signer did not sign."""
    signers = Signers.of(owner.session, owner.identity)
    shown = owner.session.get(f"/v1/dossiers/{dossier.hex()}")["proposals"]
    return [_checked(each, dossier, signers) for each in shown]


def countersign(owner: Owner, dossier: bytes, proposal: Waiting, capacity: str = "") -> str:
    """Sign a proposal too, in the capacity that the authority list names unless another is given; return "accepted" once enough have signed it, "proposed" before. Raise RefusedError."""
    owner.session.step_up()
    shown = owner.session.get(f"/v1/dossiers/{dossier.hex()}")
    payload = {
        "proposal": proposal.statement.hash.hex(),
        "dossier": dossier.hex(),
        "after": dict(shown["rules"]),
        "signer": owner.identity.person.hex(),
        "issuedAt": owner.session.now(),
        "capacity": capacity or capacity_of(statements_of(shown), owner.identity.person),
    }
    statement = sign("countersignature", payload, owner.identity.signing)
    body = {"statement": encode_base64(statement.envelope)}
    return str(owner.session.post(f"/v1/dossiers/{dossier.hex()}/statements", body)["state"])


def _checked(shown: Mapping[str, Any], dossier: bytes, signers: Signers) -> Waiting:
    try:
        statement = parse_statement(decode_base64(shown["statement"]))
        payload = statement.payload
        chain = signers.chain(bytes.fromhex(payload["signer"]))
        verify(statement, key_then(chain, payload["keyHash"], payload["issuedAt"]))
    except (CryptoError, KeyError) as error:
        raise UntrustedError("a proposal is not signed by the one who is said to have made it") from error
    if payload["dossier"] != dossier.hex():
        raise UntrustedError("a proposal is about another dossier")
    return Waiting(statement, shown["at"], shown["signatures"])
