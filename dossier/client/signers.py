"""Who must have signed what a dossier shows: its own chain of keys, its owner, the holder who gave a consent.

First contact trusts the service; from then on the chain of each dossier and of each person is pinned, and what does not
follow from it blocks. A key that was replaced stays good for what was signed while it stood, and for nothing later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crypto.chains import DossierChain, KeyChain, verify_dossier_chain
from crypto.encoding import decode_base64
from crypto.errors import PinError, SignatureError
from crypto.keys import key_hash
from crypto.statements import Statement, verify
from dossier.client.making import Identity
from dossier.client.parties import Pins, check_person
from dossier.client.session import Session

SLACK = 30 * 60
"""Seconds that two statements of one person may disagree about the time: each may be a quarter of an hour off."""


def check_dossier(statements: Iterable[Statement], dossier: bytes, pins: Pins) -> DossierChain:
    """Verify the chain among these statements and pin it; raise PinError when it does not follow from the one seen."""
    keys = sorted((one for one in statements if one.kind == "dossier-key"), key=lambda one: one.payload["sequence"])
    known = pins.dossiers.get(dossier.hex())
    chain = verify_dossier_chain(keys, dossier, pinned=bytes.fromhex(known) if known else None)
    pins.dossiers[dossier.hex()] = chain.head.hex()
    return chain


def owners(chain: DossierChain) -> frozenset[bytes]:
    """The ids of those whom the dossier's own statements name as its owner."""
    return frozenset(bytes.fromhex(one.payload["owner"]) for one in chain.statements)


def key_then(chain: KeyChain, name: str, issued: int = 0) -> bytes:
    """The signing key of this hash (hex) in a person's chain, as it stood at `issued` (UTC seconds; 0: at any time).

    Raise SignatureError for a key that is not in the chain, PinError for one that stood before or after only.
    """
    keys = [decode_base64(one.payload["signingKey"]) for one in chain.statements]
    starts = [int(one.payload["issuedAt"]) for one in chain.statements]
    found = [at for at, key in enumerate(keys) if key_hash(key).hex() == name]
    if not found:
        raise SignatureError("signed by no key of the signer")
    if issued and not any(_stood(starts, at, issued) for at in found):
        raise PinError("signed with a key that did not stand then")
    return keys[found[-1]]


def _stood(starts: Sequence[int], at: int, issued: int) -> bool:
    ends = starts[at + 1] if at + 1 < len(starts) else issued
    return starts[at] - SLACK <= issued <= ends + SLACK


@dataclass
class Signers:
    """The chains of persons who sign, each fetched once; `pins` outlive it."""

    session: Session
    pins: Pins
    _chains: dict[bytes, KeyChain] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, identity: Identity, pins: Pins | None = None) -> Signers:
        """For a citizen, who needs no first contact for their own chain."""
        seen = pins if pins is not None else Pins()
        if not identity.organisation:
            seen.heads.setdefault(f"-{identity.person.hex()}", identity.head.hex())
        return cls(session, seen)

    def chain(self, person: bytes) -> KeyChain:
        """The verified chain of a citizen; raise PinError for a replaced one."""
        if person not in self._chains:
            self._chains[person] = check_person(self.session.get(f"/v1/persons/{person.hex()}/keys"), self.pins)
        if self._chains[person].person != person:
            raise PinError("the chain is another person's")
        return self._chains[person]

    def check_consent(self, statement: Statement, dossier: bytes, chain: DossierChain | None = None) -> None:
        """Verify a consent of this dossier with the key that its signer had then.

        `chain` tells who the owner is. Raise PinError for another dossier or a signer who is not the owner they say
        they are, SignatureError for a signature that is not the signer's.
        """
        payload = statement.payload
        if statement.kind != "consent" or payload["dossier"] != dossier.hex():
            raise PinError("not a consent of this dossier")
        signer, issued = bytes.fromhex(payload["signer"]), int(payload["issuedAt"])
        if chain is not None and payload["capacity"] == "owner" and signer not in owners(chain):
            raise PinError("the consent is signed by another than the owner")
        verify(statement, key_then(self.chain(signer), payload["keyHash"], issued))
