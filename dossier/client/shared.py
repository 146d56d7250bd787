"""What consents brought a reader in one dossier, each held against the dossier's own keys and authority lists.

A consent counts only if those signed it who could: whoever stores statements can invent neither an owner nor somebody
who represents one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from consent.grant import Consent
from consent.verification import consent_sections
from crypto.capsules import Capsule, KeyId
from crypto.chains import verify_section_key
from crypto.encoding import decode_base64
from crypto.errors import CryptoError, PinError
from crypto.keys import key_hash
from crypto.statements import Statement, parse_statement
from dossier.client.authority import Authority, pinned_authority
from dossier.client.errors import RefusedError
from dossier.client.listed import Shown, consents, read_capsules
from dossier.client.parties import Pins
from dossier.client.session import Session
from dossier.client.signers import Signers, check_dossier

NOT_FOUND = 404


@dataclass
class SharedKeys:
    """What was shared with a reader in one dossier.

    `given` has the hash of each consent that counts; with it the sections of birth to which it does, where it lists
    items alone, else None. `capsules` are of those alone. `sections` are commitments of section keys that the dossier signed. `authority` is None where no
    consent stands: then nothing tells whose dossier it is.
    """

    capsules: list[Capsule] = field(default_factory=list, repr=False)
    sections: dict[KeyId, bytes] = field(default_factory=dict, repr=False)
    given: dict[bytes, frozenset[str] | None] = field(default_factory=dict)
    authority: Authority | None = None

    def add(self, capsules: Iterable[Capsule]) -> None:
        """Keep more capsules of consents that count."""
        known = set(self.capsules)
        self.capsules += [one for one in capsules if one.statement_hash in self.given and one not in known]

    def usable(self, capsules: Iterable[Capsule], section: str) -> list[Capsule]:
        """Those of consents that count for an item that was born in this section."""
        return [each for each in capsules if self._counts(each.statement_hash, section)]

    def _counts(self, statement: bytes, section: str) -> bool:
        if statement not in self.given:
            return False
        reach = self.given[statement]
        return reach is None or section in reach


def fetch_shared_keys(session: Session, dossier: bytes, pins: Pins) -> SharedKeys:
    """Fetch the capsules of all standing consents that name the one who is signed in, and what commits to their keys.

    A consent that nobody with authority signed gives nothing, and a capsule nothing that is not bound to its consent.
    Raise PinError, SignatureError or MalformedError for a chain of the dossier, or authority lists, that do not follow
    from those seen before.
    """
    signers, found = Signers(session, pins), SharedKeys()
    for shown in consents(session, dossier):
        if shown.state != "active" or shown.consent.effect != "permit":
            continue
        try:
            answer = session.get(f"/v1/consents/{shown.consent.id}/capsules")
        except RefusedError as refused:
            if refused.status != NOT_FOUND:
                raise
            continue  # one that opens nothing now, as in a case that was closed, must not keep the others from it
        statements = [parse_statement(decode_base64(text)) for text in answer["statements"]]
        chain = check_dossier(statements, dossier, pins)
        found.authority = pinned_authority(statements, chain, signers, pins)
        try:
            reach = check_given(shown, statements, found.authority)
        except CryptoError:  # one forged consent must not keep the others from being used
            continue
        found.given[shown.statement.hash] = reach
        read = read_capsules(each["capsule"] for each in answer["capsules"])
        found.capsules += [capsule for capsule in read if capsule.statement_hash == shown.statement.hash]
        keys = [verify_section_key(each, chain) for each in statements if each.kind == "section-key"]
        found.sections |= {KeyId.section(each.place): key_hash(each.public_key) for each in keys}
    return found


def check_given(shown: Shown, statements: Iterable[Statement], authority: Authority) -> frozenset[str] | None:
    """Verify that a consent was given by those who could; return the sections to which it counts, None for all.

    Raise PinError or SignatureError.
    """
    payload = shown.statement.payload
    if shown.statement.kind != "consent" or payload["dossier"] != authority.chain.dossier.hex():
        raise PinError("not a consent of this dossier")
    cosigned = [each for each in statements if each.kind == "countersignature"]
    return authority.check_signed(shown.statement, _reach(shown.consent), cosigned)


def _reach(consent: Consent) -> frozenset[str] | None:
    """The sections of a consent; where it lists items alone, those in which its signers can have given anything."""
    if consent.scope.items and not consent.scope.sections:
        return frozenset()
    return consent_sections(consent, dict[str, str]())
