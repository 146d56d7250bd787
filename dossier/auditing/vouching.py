"""Keys and attestations held against who signed them: every standing in a decision rests on these. Pure.

A key chain is signed by the key before it, an attestation by the key that the register gives its organisation. Who may
sign the register is pinned by clients, and known to no stream: its entries are held to their chain alone (crypto.register).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crypto.encoding import decode_base64
from crypto.errors import CryptoError
from crypto.statements import Statement, parse_statement, verify
from dossier.facts.parties import OrganisationFacts, PersonFacts

Problem = str


def unvouched(envelope: bytes, digest: str, before: PersonFacts | OrganisationFacts) -> list[Problem]:
    """What is wrong with a statement (`digest` is its hex hash) that an event of a person or organisation names.

    `before` are the facts of its stream before the event.
    """
    try:
        statement = parse_statement(envelope)
    except CryptoError:
        return ["not replayable: the signed statement is not there"]
    if statement.hash.hex() != digest:
        return ["not replayable: another statement is kept than the event names"]
    check = CHECKS.get(statement.kind)
    return check(statement, before) if check else []


def _chain(statement: Statement, before: Any) -> list[Problem]:
    payload: Mapping[str, Any] = statement.payload
    known = before.chains.get(payload["organisation"])
    place = (0, "") if known is None else (known.sequence + 1, known.head)
    if (payload["sequence"], payload["previous"]) != place:
        return ["the keys do not follow the ones before them"]
    key = decode_base64(payload["signingKey"]) if known is None else known.signing_key
    return _signed(statement, key)


def _attested(statement: Statement, before: Any) -> list[Problem]:
    earlier = before.attestations.get(statement.payload.get("person"))
    if earlier is not None and statement.payload["counter"] <= earlier.counter:
        return ["the attestation is older than the one before it"]
    return _signed(statement, before.key)


def _signed(statement: Statement, key: bytes) -> list[Problem]:
    try:
        verify(statement, key)
    except CryptoError:
        return ["the statement is not signed with the key that stood"]
    return []


CHECKS: Final[Mapping[str, Callable[[Statement, Any], list[Problem]]]] = {
    "key-chain": _chain,
    "person-attestation": _attested,
    "system-attestation": lambda statement, before: _signed(statement, before.key),
}
"""What is checked of each kind of statement; of others their facts are (dossier.auditing.grounds)."""
