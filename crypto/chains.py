"""Chains of key statements: of a person in one capacity, of a dossier, of a section key.

The first statement of a chain is signed by the key it names, each later one by the key before it; sequence numbers run
from 0 without gaps and each statement names the hash of the one before. A chain that does not extend what was pinned
blocks. Page: docs/spec/keys.md. Vectors: tests/vectors/key-chain, tests/vectors/dossier-chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.encoding import decode_base64, encode_hex
from crypto.errors import MalformedError, PinError, SignatureError
from crypto.keys import key_hash
from crypto.sections import SectionPlace
from crypto.statements import Statement, verify


@dataclass(frozen=True)
class KeyChain:
    """A verified key chain of a person; the keys are those of its head. `organisation` is empty for a citizen."""

    person: bytes
    organisation: bytes
    statements: tuple[Statement, ...]
    signing_key: bytes
    sealing_key: bytes

    @property
    def head(self) -> bytes:
        """The statement hash of the head: what attestations and pins hold."""
        return self.statements[-1].hash


@dataclass(frozen=True)
class DossierChain:
    """A verified chain of dossier keys; `keys` in order of their sequence, `inbox_key` of the head."""

    dossier: bytes
    statements: tuple[Statement, ...]
    keys: tuple[bytes, ...]
    inbox_key: bytes

    @property
    def head(self) -> bytes:
        """The statement hash of the head: what addresses and pins hold."""
        return self.statements[-1].hash


@dataclass(frozen=True)
class SectionKey:
    """A verified section key; `dossier_sequence` tells which key of the dossier's chain signed it."""

    place: SectionPlace
    public_key: bytes
    hash: bytes
    dossier_sequence: int


def verify_key_chain(
    statements: Sequence[Statement], person: bytes, organisation: bytes = b"", *, pinned: bytes | None = None
) -> KeyChain:
    """Verify the key chain of a person in one capacity.

    `pinned` is the head hash seen before, if any. Raise MalformedError for another person's, incomplete or reordered
    statements, SignatureError for a statement not signed by the key before it, PinError if the pinned head is not part
    of the chain.
    """
    wanted = {"person": encode_hex(person), "organisation": encode_hex(organisation), "signer": encode_hex(person)}
    keys = _walk(statements, "key-chain", wanted, "signingKey", pinned)
    sealing = decode_base64(statements[-1].payload["sealingKey"])
    return KeyChain(person, organisation, tuple(statements), keys[-1], sealing)


def verify_dossier_chain(
    statements: Sequence[Statement], dossier: bytes, *, pinned: bytes | None = None
) -> DossierChain:
    """Verify the chain of a dossier's keys; arguments and errors as for `verify_key_chain`."""
    keys = _walk(statements, "dossier-key", {"dossier": encode_hex(dossier)}, "key", pinned)
    return DossierChain(dossier, tuple(statements), keys, decode_base64(statements[-1].payload["inboxKey"]))


def verify_section_key(statement: Statement, chain: DossierChain) -> SectionKey:
    """Verify one section-key statement against a verified dossier chain.

    Raise MalformedError for another kind, PinError for another dossier, SignatureError if no key of the chain signed it.
    """
    if statement.kind != "section-key":
        raise MalformedError("not a section key")
    payload = statement.payload
    if payload["dossier"] != encode_hex(chain.dossier):
        raise PinError("section key belongs to another dossier")
    hashes = [encode_hex(key_hash(key)) for key in chain.keys]
    if payload["keyHash"] not in hashes:
        raise SignatureError("section key is signed by no key of the dossier")
    sequence = hashes.index(payload["keyHash"])
    verify(statement, chain.keys[sequence])
    place = SectionPlace(chain.dossier, payload["section"], payload["lane"], payload["epoch"])
    return SectionKey(place, decode_base64(payload["publicKey"]), statement.hash, sequence)


def verify_section_chain(statements: Sequence[Statement], chain: DossierChain) -> tuple[SectionKey, ...]:
    """Verify all epochs of one section and lane, the last being current; errors as for one, and MalformedError for gaps."""
    keys = tuple(verify_section_key(statement, chain) for statement in statements)
    if len({(key.place.section, key.place.lane) for key in keys}) != 1:
        raise MalformedError("section keys of several sections")
    _check_order(statements, "epoch")
    if [key.dossier_sequence for key in keys] != sorted(key.dossier_sequence for key in keys):
        raise SignatureError("section key is signed by an older dossier key than the one before")
    return keys


def _walk(
    statements: Sequence[Statement], kind: str, wanted: dict[str, str], key_field: str, pinned: bytes | None
) -> tuple[bytes, ...]:
    """Verify a chain in which each key signs the next; return the keys in order."""
    if not statements or any(statement.kind != kind for statement in statements):
        raise MalformedError("empty chain, or statements of another kind")
    if any(statement.payload[name] != value for statement in statements for name, value in wanted.items()):
        raise MalformedError("chain belongs to another")
    _check_order(statements, "sequence")
    keys = tuple(decode_base64(statement.payload[key_field]) for statement in statements)
    for statement, signer in zip(statements, (keys[0], *keys), strict=False):
        verify(statement, signer)
    if pinned is not None and pinned not in {statement.hash for statement in statements}:
        raise PinError("chain does not contain the pinned head")
    return keys


def _check_order(statements: Sequence[Statement], count_field: str) -> None:
    previous = ""
    for at, statement in enumerate(statements):
        if statement.payload[count_field] != at or statement.payload["previous"] != previous:
            raise MalformedError("chain has a gap or another order")
        previous = encode_hex(statement.hash)
