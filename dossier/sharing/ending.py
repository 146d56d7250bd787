"""Consents that end by time, by the closing of their case, or by disuse: each by an event of its own.

The engine does not wait for it where time alone decides; the event makes the end visible to the owner, and it is what
ends a consent that closes with its case or for want of use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.entry import Append, Entry, Fact, Outcome, View
from audit.event import make_event
from audit.writer import Writer
from consent.facts import CaseState
from consent.grant import Consent
from consent.lifecycle import PROPOSAL_SECONDS, Event, State, advance, due_ending, months_later
from consent.terms import FOREVER
from crypto.encoding import decode_base64
from crypto.statements import parse_statement
from dossier.facts.dossiers import DossierState
from dossier.rounds import Rounds
from dossier.sharing.store import SharingStore, drop_due

CASE_SECONDS = 60
MOST = 500
SWEEPER = "sweeper"


class NothingDueError(Exception):
    """The consent has ended already (`again` is 0), or is not due before the instant `again`."""

    def __init__(self, again: int) -> None:
        super().__init__("nothing is due")
        self.again = again


@dataclass(frozen=True, slots=True)
class EndWant:
    """When a consent was last used."""

    consent: bytes

    @classmethod
    async def load(cls, connection: object, wants: Sequence[EndWant]) -> Mapping[EndWant, int]:
        """Return last uses by want."""
        found = await SharingStore(connection).last_uses([want.consent for want in wants])
        return {cls(consent): used for consent, used in found.items()}


class End(Entry[str]):
    """End one consent that is due; the reason is found at the running position."""

    def __init__(self, dossier: bytes, consent: bytes, case: bytes | None) -> None:
        self._dossier, self._consent, self._case = dossier, consent, case
        self.streams = (dossier,)
        self.foreign = (case,) if case else ()
        self._want = EndWant(consent)
        self.wants = (self._want,)

    def judge(self, view: View) -> Outcome[str]:
        """Append the end, or raise NothingDueError."""
        state: DossierState = view.facts(self._dossier).value
        standing = (*state.rules.permits, *state.rules.denials)
        consent = next((each for each in standing if each.id == self._consent.hex()), None)
        if consent is None:
            raise NothingDueError(view.now + CASE_SECONDS if self._is_proposed(state, view.now) else 0)
        event = self._due(consent, view)
        if event is None:
            raise NothingDueError(next_look(consent, view.now, view.rows(self._want) or 0))
        reason = advance(State.ACTIVE, event).value
        values: dict[str, str | int] = {
            "type": "consent",
            "actor": SWEEPER,
            "subject": self._consent.hex(),
            "cause": reason,
            "time": view.now,
        }
        fact = Fact("rules", "consent-ended", self._consent, {"consent": self._consent.hex(), "reason": reason})
        return Outcome(
            appends=(Append(self._dossier, make_event("stopped/v1", values), (fact,)),),
            answer=lambda _receipts: reason,
            writes=(drop_due(self._consent),),
        )

    def _is_proposed(self, state: DossierState, now: int) -> bool:
        """Whether the consent waits for more signatures: it may stand one day, and must be looked at then."""
        bodies = (each for each in state.proposals.values() if each["statement"])
        waiting = (parse_statement(decode_base64(each["statement"])) for each in bodies if _is_young(each["at"], now))
        return any(each.kind == "consent" and each.payload["consent"] == self._consent.hex() for each in waiting)

    def _due(self, consent: Consent, view: View) -> Event | None:
        used = view.rows(self._want) or 0
        closed = FOREVER
        if self._case is not None and view.exists(self._case):
            case = view.facts(self._case).value
            closed = case.closed if isinstance(case, CaseState) else FOREVER
        return due_ending(consent, view.now, last_used=used, case_closed=closed)


def _is_young(proposed: int, now: int) -> bool:
    return now - proposed <= PROPOSAL_SECONDS


def next_look(consent: Consent, now: int, last_used: int = 0) -> int:
    """The instant at which to look whether a standing consent has ended; one that ends with its case every minute."""
    looks = [consent.period.end]
    if consent.unused_months:
        looks.append(months_later(max(last_used, consent.issued, consent.period.start), consent.unused_months))
    if consent.ends_on_case_closed:
        looks.append(now + CASE_SECONDS)
    return min(looks)


class Sweeper(Rounds):
    """Looks for consents that are due and ends them."""

    seconds = 30
    what = "ends of consents"

    def __init__(self, writer: Writer, store: SharingStore) -> None:
        super().__init__(writer)
        self._store = store

    async def run_once(self, now: int) -> int:
        """End all that is due at `now` (UTC seconds); return how many consents that were."""
        ended = 0
        for dossier, consent, case in await self._store.due(now, MOST):
            try:
                await self._writer.submit(End(dossier, consent, case))
            except NothingDueError as nothing:
                await self._store.look_again(consent, nothing.again)
            else:
                ended += 1
        return ended
