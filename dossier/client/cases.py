"""Cases from the client's side: opening, accepting, bringing people in, handing over, closing; asking and seeing.

What the service shows of a case is checked where a signed statement stands behind it: the opening, the links of who
takes part, and the chain of a dossier's key before words are sealed to its inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto.casechain import CaseChain
from crypto.chains import DossierChain, verify_dossier_chain, verify_key_chain
from crypto.encoding import BUCKET_SIZE, decode_base64, encode_base64, new_id, sha256
from crypto.errors import PinError
from crypto.messages import seal_message
from crypto.statements import Statement, cosign, parse_statement, sign
from dossier.client.errors import RefusedError, UntrustedError
from dossier.client.links import OTHER_KEYS, follow, named_keys, next_link, pin_end
from dossier.client.making import Identity
from dossier.client.owner import Owner
from dossier.client.parties import Pins, chain_of, check_keys
from dossier.client.session import Session

STALE, TRIES = "stale-case", 3
"""The code of a refusal because others changed who takes part meanwhile, and how often to sign anew."""

REQUEST_WORDS, ANSWER_WORDS = "access-request", "access-answer"


@dataclass(frozen=True)
class Capacity:
    """A person as a case names them: ids, and for a professional the organisation and role."""

    person: bytes
    organisation: bytes = b""
    role: str = ""

    def payload(self) -> dict[str, str]:
        """As statements hold it."""
        return {"person": self.person.hex(), "organisation": self.organisation.hex(), "role": self.role}


@dataclass(frozen=True)
class Wish:
    """What somebody asks the owner of a dossier for. Times are UTC seconds; `words` are for the owner's eyes only."""

    purpose: str
    end: int
    sections: Sequence[str] = ()
    items: Sequence[bytes] = ()
    lanes: Sequence[str] = ("ordinary",)
    actions: Sequence[str] = ("list", "read")
    basis: str = "consent"
    reason: str = "intake"
    later_items: bool = True
    words: str = ""


@dataclass(frozen=True)
class CaseView:
    """A case as the service shows it, its opening checked; `shown` is all that was said. Its links are not: `follow`."""

    opening: Statement
    shown: Mapping[str, Any] = field(repr=False)

    @property
    def case(self) -> bytes:
        """The id."""
        return bytes.fromhex(self.opening.payload["case"])

    def statements(self) -> list[Statement]:
        """The signed statements of who takes part, as the service shows them, unverified; raise CryptoError."""
        return [parse_statement(decode_base64(each["statement"])) for each in self.shown["statements"]]

    @property
    def ended(self) -> list[str]:
        """Whose part ended after the last link (hex ids), as the service says: it only takes away."""
        return [str(each) for each in self.shown["chain"]["ended"]]

    def follow(self, pins: Pins) -> CaseChain:
        """Its links, held against what was seen and pinned; raise MalformedError, PinError."""
        return follow(self.opening, self.shown, self.statements(), pins)

    def dossiers(self) -> list[DossierChain]:
        """The verified key chains of the dossiers that accepted; raise CryptoError."""
        return [_chain(each) for each in self.shown["dossiers"]]


@dataclass
class CaseClient:
    """Somebody who works in cases, signed in, with their keys; `role` is the professional's, `pins` what they saw."""

    session: Session
    identity: Identity
    role: str = ""
    pins: Pins = field(default_factory=Pins)

    @property
    def capacity(self) -> Capacity:
        """In which capacity they act."""
        return Capacity(self.identity.person, self.identity.organisation, self.role)

    def open(
        self, purpose: str, owners: Iterable[str], *, subject: str = "support", basis: str = "legal-task"
    ) -> bytes:
        """Open a case and invite owners by identifier (`bsn:…`, `rsin:…`, `kvk:…`); return its id.

        The answer says nothing of whether these owners have a dossier.
        """
        case = new_id()
        fields = {"case": case.hex(), "subject": subject, "purpose": purpose, "basis": basis}
        fields["chainHead"] = self.identity.head.hex()
        statement = self._sign("case-opening", fields | {"coordinator": self.capacity.payload()})
        parted = (each.partition(":") for each in owners)
        named = [{"identifierType": scheme, "identifier": number} for scheme, _, number in parted]
        self.session.post("/v1/cases", {"statement": _encoded(statement), "owners": named})
        return case

    def cases(self) -> list[dict[str, Any]]:
        """The cases one takes part in, accepted, or is invited to."""
        listed: list[dict[str, Any]] = self.session.get("/v1/cases")["cases"]
        return listed

    def show(self, case: bytes) -> CaseView:
        """Show a case; raise UntrustedError if its opening is not the one it is said to be.

        Raise PinError if it lacks what was seen before, or names keys for oneself that are not one's own.
        """
        return self._look(case)[0]

    def _look(self, case: bytes) -> tuple[CaseView, CaseChain]:
        shown = self.session.get(f"/v1/cases/{case.hex()}")
        opening = parse_statement(decode_base64(shown["statement"]))
        said = (shown["case"], shown["hash"], shown["purpose"])
        if opening.kind != "case-opening" or said != (case.hex(), opening.hash.hex(), opening.payload["purpose"]):
            raise UntrustedError("the case is not what its opening says")
        view = CaseView(opening, shown)
        chain = view.follow(self.pins)
        self._check_own(chain)
        return view, chain

    def add(self, case: bytes, who: Capacity, purpose: str, end: int, head: bytes = b"") -> dict[str, Any]:
        """Bring somebody in until `end`, with the keys that the service shows as theirs; also again, with new keys.

        `head` is the hash of these keys as they told it themselves, if they did. Raise PinError for others, and for keys
        that do not follow from those seen before.
        """
        shown = self.session.get(f"/v1/persons/{who.person.hex()}/keys")
        chain = check_keys(shown, who.organisation, self.pins)
        if chain.person != who.person or (head and head != chain.head):
            raise PinError("the keys are not those that you were told")

        def linked(link: Mapping[str, Any]) -> Statement:
            fields: dict[str, Any] = {
                "case": case.hex(),
                "participant": who.payload(),
                "chainHead": chain.head.hex(),
                "kind": "professional" if who.organisation else "network",
                "purpose": purpose,
                "from": self.session.now() - 60,
                "until": end,
            }
            return self._sign("case-participation", {**fields, **link})

        return self._link(case, "participants", linked)

    def end(self, case: bytes, person: bytes, reason: str = "left", *, with_key: bool = True) -> dict[str, Any]:
        """End somebody's part; one's own also by a recent sign-in alone. Nothing that the service shows is asked first."""
        statement = ""
        if with_key:
            fields = {"case": case.hex(), "person": person.hex(), "reason": reason}
            statement = _encoded(self._sign("participation-end", fields))
        else:
            self.session.step_up()
        path = f"/v1/cases/{case.hex()}/participants/{person.hex()}/end"
        answer: dict[str, Any] = self.session.post(path, {"statement": statement})
        pin_end(case, person, self.pins)
        return answer

    def offer(self, case: bytes, to: Capacity, key_hash: bytes) -> bytes:
        """Sign a transfer of the reins; `key_hash` is of the other's signing key. The envelope goes to them.

        It holds as long as nobody joins or leaves.
        """
        view, chain = self._look(case)
        actors = [
            {"person": self.identity.person.hex(), "keyHash": self.identity.key_hash},
            {"person": to.person.hex(), "keyHash": key_hash.hex()},
        ]
        payload = {
            "case": case.hex(),
            "from": self.identity.person.hex(),
            "to": to.payload(),
            "actors": actors,
            **next_link(chain, view.ended),
            "issuedAt": self.session.now(),
        }
        return sign("coordinator-transfer", payload, self.identity.signing).envelope

    def take(self, offered: bytes) -> dict[str, Any]:
        """Take the reins that were offered to oneself.

        Raise UntrustedError for another's offer, or where others have changed who takes part since.
        """
        statement = parse_statement(offered)
        if statement.kind != "coordinator-transfer" or statement.payload["to"] != self.capacity.payload():
            raise UntrustedError("this is no offer to you")
        case = bytes.fromhex(statement.payload["case"])
        view, chain = self._look(case)
        wanted = next_link(chain, view.ended)
        if any(statement.payload[name] != value for name, value in wanted.items()):
            raise UntrustedError("who takes part has changed since the offer: ask for a new one")
        return self._sent(case, "coordinator-transfers", cosign(statement, self.identity.signing))

    def close(self, case: bytes, reason: str = "solved") -> dict[str, Any]:
        """Close a case: every consent that ends with it ends."""
        return self._send(case, "closure", self._sign("case-closure", {"case": case.hex(), "reason": reason}))

    def ask(self, chain: DossierChain, wish: Wish, case: bytes = b"") -> str:
        """Ask the owner of a dossier for access; return the request's id. Words are sealed to the dossier's inbox."""
        request = new_id(chain.dossier[:BUCKET_SIZE])
        inbox = chain.inbox_key
        words = seal_message(REQUEST_WORDS, chain.dossier, request, inbox, wish.words) if wish.words else b""
        fields = {
            "request": request.hex(),
            "dossier": chain.dossier.hex(),
            "scope": _scope(wish),
            "actions": sorted(wish.actions),
            "purpose": wish.purpose,
            "basis": wish.basis,
            "from": self.session.now(),
            "until": wish.end,
            "laterItems": wish.later_items,
            "case": case.hex(),
            "reason": wish.reason,
            "words": sha256(words).hex() if words else "",
        }
        body = {"statement": _encoded(self._sign("access-request", fields)), "words": encode_base64(words)}
        return str(self.session.post("/v1/access-requests", body)["request"])

    def asked(self) -> list[dict[str, Any]]:
        """What one asked, and what became of it, newest first."""
        listed: list[dict[str, Any]] = self.session.get("/v1/access-requests")["requests"]
        return listed

    def _check_own(self, chain: CaseChain) -> None:
        """Raise PinError where the case names keys as one's own that one never had: somebody put them there."""
        person, organisation = self.identity.person, self.identity.organisation
        earlier = named_keys(chain, person, organisation) - {self.identity.head.hex()}
        if not earlier:
            return
        shown = self.session.get(f"/v1/persons/{person.hex()}/keys")
        statements = [parse_statement(decode_base64(text)) for text in chain_of(shown, organisation)]
        own = verify_key_chain(statements, person, organisation, pinned=self.identity.head)
        if not earlier <= {each.hash.hex() for each in own.statements}:
            raise PinError(OTHER_KEYS)

    def _link(self, case: bytes, resource: str, linked: Callable[[Mapping[str, Any]], Statement]) -> dict[str, Any]:
        """Send the next link; signed anew after another look when somebody else's came first."""
        for _ in range(TRIES - 1):
            try:
                return self._next(case, resource, linked)
            except RefusedError as refused:
                if refused.code != STALE:
                    raise
        return self._next(case, resource, linked)

    def _next(self, case: bytes, resource: str, linked: Callable[[Mapping[str, Any]], Statement]) -> dict[str, Any]:
        view, chain = self._look(case)
        return self._sent(case, resource, linked(next_link(chain, view.ended)))

    def _sent(self, case: bytes, resource: str, link: Statement) -> dict[str, Any]:
        answer = self._send(case, resource, link)
        self.pins.cases[case.hex()] = link.hash.hex()
        return answer

    def _sign(self, kind: str, fields: Mapping[str, Any]) -> Statement:
        signer = {
            "signer": self.identity.person.hex(),
            "organisation": self.identity.organisation.hex(),
            "role": self.role,
            "issuedAt": self.session.now(),
        }
        return sign(kind, {**fields, **signer}, self.identity.signing)

    def _send(self, case: bytes, resource: str, statement: Statement) -> dict[str, Any]:
        path = f"/v1/cases/{case.hex()}/{resource}"
        answer: dict[str, Any] = self.session.post(path, {"statement": _encoded(statement)})
        return answer


def accept(owner: Owner, case: CaseView, dossier: bytes, end: int) -> dict[str, Any]:
    """Let a dossier that one holds take part in a case until `end`; it opens nothing by itself."""
    owner.session.step_up()
    held = owner.hold(dossier)
    payload = {
        "case": case.case.hex(),
        "caseHash": case.opening.hash.hex(),
        "dossier": dossier.hex(),
        "until": end,
        "after": dict(held.after),
        "signer": owner.identity.person.hex(),
        "issuedAt": owner.session.now(),
        "capacity": held.capacity(owner.identity.person),
    }
    statement = sign("case-acceptance", payload, owner.identity.signing)
    answer: dict[str, Any] = owner.session.post(
        f"/v1/cases/{case.case.hex()}/acceptances", {"statement": _encoded(statement)}
    )
    return answer


def _scope(wish: Wish) -> dict[str, Any]:
    return {
        "items": sorted(item.hex() for item in wish.items),
        "sections": sorted(wish.sections),
        "lanes": sorted(wish.lanes),
        "types": [],
        "sources": [],
        "case": "",
        "labelCeiling": "",
        "dataFrom": 0,
        "dataUntil": 0,
    }


def _chain(shown: Mapping[str, Any]) -> DossierChain:
    statements = [parse_statement(decode_base64(text)) for text in shown["statements"]]
    return verify_dossier_chain(statements, bytes.fromhex(shown["dossier"]))


def _encoded(statement: Statement) -> str:
    return encode_base64(statement.envelope)
