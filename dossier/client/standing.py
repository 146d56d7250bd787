"""What a case's signed statements say to one who is in it: what it is about, and until when their own part lasts.

The links are followed and held against those seen before (`CaseClient.show`); beyond that, each statement that counts
here is verified with the key that its signer had then. What the service says of subject and end counts for nothing.
Page: docs/spec/cases.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from consent.terms import FOREVER
from crypto.casechain import LINKS
from crypto.chains import KeyChain
from crypto.errors import PinError
from crypto.statements import Statement, verify
from dossier.client.cases import CaseClient, CaseView
from dossier.client.parties import check_keys
from dossier.client.signers import key_then


@dataclass(frozen=True)
class Standing:
    """The subject (a code) of a case, empty where a system opened it; and until when (UTC seconds) one is in it.

    `until` is 0 for a part without an end, None for who is only invited or whose part ended.
    """

    subject: str
    until: int | None


def standing(client: CaseClient, case: bytes) -> Standing:
    """Look at a case, and say so by its statements.

    Raise CryptoError or UntrustedError for what does not verify, RefusedError where it is not shown.
    """
    view = client.show(case)
    told = _Told(client, view)
    until = max(told.ends(), default=None)
    return Standing(told.subject(), 0 if until == FOREVER else until)


@dataclass
class _Told:
    client: CaseClient
    view: CaseView
    _chains: dict[tuple[str, str], KeyChain] = field(default_factory=dict)

    def subject(self) -> str:
        """What it is about, as whoever opened it signed. A system's keys stand in the register, which is not read here."""
        payload = self.view.opening.payload
        if payload["organisation"] and not payload["role"]:
            return ""
        self._check(self.view.opening)
        return str(payload["subject"])

    def ends(self) -> list[int]:
        """The ends of one's own parts and acceptances that stand, by who let one in, or by one's own signature."""
        me, found = self.client.identity.person.hex(), list[Statement]()
        for one in [self.view.opening, *self.view.statements()]:
            if me in self._ended_by(one):
                found = []
            if one.payload["case"] == self.view.case.hex() and self._lets_me_in(one):
                found.append(one)
        return list(self._checked(found)) if me not in self.view.ended else []

    def _checked(self, found: list[Statement]) -> Iterator[int]:
        for one in found:
            if one.kind != "case-opening":
                self._check(one)
            yield int(one.payload.get("until", FOREVER))

    def _ended_by(self, one: Statement) -> list[str]:
        if one.kind == "participation-end":
            return [str(one.payload["person"])]
        return list(one.payload["ended"]) if one.kind in LINKS else []

    def _lets_me_in(self, one: Statement) -> bool:
        own, payload = self.client.capacity.payload(), one.payload
        if one.kind == "case-acceptance":
            return (payload["signer"], payload["caseHash"]) == (own["person"], self.view.opening.hash.hex())
        return own == (payload.get("coordinator") if one.kind == "case-opening" else payload.get("participant"))

    def _check(self, one: Statement) -> None:
        """Verify a statement with the key that its signer had then; raise CryptoError."""
        payload = one.payload
        # An acceptance is signed by a citizen: it names a capacity in the dossier, and no organisation.
        who = (str(payload["signer"]), str(payload.get("organisation", "")))
        if who not in self._chains:
            shown = self.client.session.get(f"/v1/persons/{who[0]}/keys")
            self._chains[who] = check_keys(shown, bytes.fromhex(who[1]), self.client.pins)
        chain = self._chains[who]
        if chain.person.hex() != who[0]:
            raise PinError("the chain is another person's")
        verify(one, key_then(chain, str(payload["keyHash"]), int(payload["issuedAt"])))
