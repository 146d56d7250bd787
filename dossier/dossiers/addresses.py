"""Addresses: an agency asks where records about an identifier go, and gets a word signed by the directory key.

Whoever may add anything anywhere may know where; that is the engine's to say. No dossier and not admitted give the same
answer at the same cost: not found. Every question is an event in the organisation's own stream; it names no identifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.entry import Append, Claim, Claimed, Entry, Outcome, View
from audit.event import make_event
from consent.terms import Decision
from crypto.encoding import encode_base64
from crypto.keys import SigningKey
from crypto.statements import parse_statement, sign
from dossier.answers import Answer
from dossier.decisions import decided_fields, decision_fields
from dossier.dossiers.store import DossierStore
from dossier.errors import NotFoundError
from dossier.events import actor_fields
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_streams
from dossier.items.admitting import NO_DOSSIER, decide_any
from dossier.parties.actor import Actor

ADDRESS_SECONDS = 15 * 60
DECIDED = ("decision", "code", "basis", "positions", "catalogue", "engine")


class Address(Answer, frozen=True):
    """Where to seal to: the signed address, and the statements it names, dossier keys first."""

    address: str
    statements: list[str]


@dataclass(frozen=True, slots=True)
class Known:
    """A dossier that the organisation may know of, as it stands, and when it asked (UTC seconds)."""

    state: DossierState
    at: int


class Ask(Entry[Known | None]):
    """Write down that an organisation asked for an address, and find out whether it may have it."""

    def __init__(self, actor: Actor, dossier: bytes | None, request: bytes, claim: Claim | None = None) -> None:
        self._actor, self._dossier, self._request, self.claim = actor, dossier, request, claim
        self.streams = (actor.stream,)
        self.foreign = (*((dossier,) if dossier else ()), *foreign_streams(actor))

    def judge(self, view: View) -> Outcome[Known | None]:
        """Give the dossier as it stands if the organisation may add to it, else None; an event all the same."""
        decision = self._decide(view)
        decided = decision_fields(decision)
        if self._dossier is not None:
            decided = decided_fields(decision, view, self._dossier, foreign_streams(self._actor))
        values = actor_fields(self._actor, self._request, view.now)
        values |= {name: decided[name] for name in DECIDED if name in decided}
        values |= {"type": "address", "action": "add", "count": 1 if decision.permitted else 0}
        append = Append(self._actor.stream, make_event("query/v1", values))
        known = self._known(decision, view, view.now)
        return Outcome((append,), answer=lambda _receipts: known, keep=_position)

    def recall(self, claimed: Claimed, view: View) -> Known | None:
        """Give it again if the organisation may still add: as of then, which makes the same address, or as it is now.

        What was refused stays refused under this key: no event says that it was given.
        """
        if not claimed.kept:
            return None
        then, now = (self._known(self._decide(view), view, at) for at in (claimed.at_ms // 1000, view.now))
        return then if _position(then) == claimed.kept else now

    def _decide(self, view: View) -> Decision:
        return NO_DOSSIER if self._dossier is None else decide_any(self._actor, self._dossier, view, view.now)

    def _known(self, decision: Decision, view: View, at: int) -> Known | None:
        if self._dossier is None or not decision.permitted:
            return None
        return Known(view.facts(self._dossier).value, at)


async def make_address(known: Known, actor: Actor, store: DossierStore, directory: SigningKey) -> Address:
    """Sign the address of a dossier for one organisation, good for 15 minutes from the question; raise NotFoundError."""
    state = known.state
    dossier = bytes.fromhex(state.dossier)
    chain = await store.statements(dossier, ["dossier-key"])
    current = _current(await store.statements(dossier, ["section-key"]))
    if actor.organisation is None or not chain or not current:
        raise NotFoundError
    statement = sign(
        "dossier-address",
        {
            "dossier": state.dossier,
            "organisation": actor.organisation.hex(),
            "keyHead": parse_statement(chain[-1]).hash.hex(),
            "sectionKeys": sorted(current),
            "seq": state.rules.seq,
            "until": known.at + ADDRESS_SECONDS,
            "issuedAt": known.at,
            "signer": "00" * 16,
        },
        directory,
    )
    envelopes = [*chain, *(current[each] for each in sorted(current))]
    return Address(encode_base64(statement.envelope), [encode_base64(each) for each in envelopes])


def _position(known: Known | None) -> bytes:
    """What is kept of an answer: the position that it was given at."""
    return b"" if known is None else str(known.state.rules.seq).encode()


def _current(envelopes: Sequence[bytes]) -> dict[str, bytes]:
    """The newest epoch of every section and lane but the vault's, which no agency seals to: envelopes by hash."""
    newest = {}
    for envelope in envelopes:
        statement = parse_statement(envelope)
        payload = statement.payload
        if payload["lane"] != "vault":
            newest[payload["section"], payload["lane"]] = (statement.hash.hex(), envelope)
    return dict(newest.values())
