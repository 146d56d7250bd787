"""What a register of representation reports: somebody's authority has ended, or will at a date. It never widens.

No signature of a holder is wanted, and nobody but the register says so: the system of an organisation that the operator
named as such a register. It names owner and holder by identifier, and hears nothing of whether there is such a dossier;
its own stream keeps one event whatever was found.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.entry import Append, Claim, Claimed, Entry, Fact, Outcome, View, Write
from audit.event import make_event
from crypto.canonical import encode_json
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.dossiers.authority import full_holders
from dossier.epochs.store import due_writes
from dossier.epochs.streamkey import next_epoch
from dossier.errors import ForbiddenError
from dossier.events import Values, actor_fields
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_facts, foreign_streams
from dossier.parties.actor import Actor

CAUSE = "register-event"


class Noted(Answer, frozen=True):
    """A report that was taken in, whatever there was to end, and the promise of its event in the register's stream."""

    state: str
    promise: Promise


class EndByRegister(Entry[Noted]):
    """End authority of `holders` over a dossier at `until` (UTC seconds), at once if that is past.

    `dossier` and `holders` are what the identifiers led to: None and empty where there is nothing. Raise ForbiddenError
    for a system that its organisation does not attest now.
    """

    narrowing = True

    def __init__(self, actor: Actor, dossier: bytes | None, holders: Sequence[bytes], until: int, claim: Claim) -> None:
        self._actor, self._dossier, self._holders, self._until = actor, dossier, holders, until
        self.claim = claim
        self.streams = (actor.stream, *((dossier,) if dossier else ()))
        self.foreign = foreign_streams(actor)

    def judge(self, view: View) -> Outcome[Noted]:
        """Write down that the register said so, and in the dossier what it ends; of the owner it ends nothing."""
        self._check_system(view)
        appends = [Append(self._actor.stream, make_event("stopped/v1", self._values(view.now)))]
        writes: tuple[Write, ...] = ()
        if self._dossier is not None and (ended := self._ended(self._dossier, view)):
            appends += self._ends(self._dossier, ended, view)
            lasting = [{"person": person, "until": self._until} for person in ended if self._until > view.now]
            writes = due_writes(self._dossier, lasting)
        return Outcome(
            appends=tuple(appends),
            answer=lambda receipts: Noted("noted", promise(receipts[0], "actor")),
            writes=writes,
            keep=keep,
        )

    def recall(self, claimed: Claimed, view: View) -> Noted:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Noted)

    def _check_system(self, view: View) -> None:
        organisation = self._actor.organisation.hex() if self._actor.organisation else ""
        standing = foreign_facts(self._actor, view).standings.get((self._actor.id.hex(), organisation))
        if self._actor.kind != "system" or standing is None or not standing.period.holds(view.now):
            raise ForbiddenError("the organisation does not attest this system now", code="not-attested")

    def _ended(self, dossier: bytes, view: View) -> list[str]:
        """Those whose entries would last longer: what ends before stays as it is, and an owner does not step down."""
        state, until = view.facts(dossier).value, max(self._until, view.now)
        if not isinstance(state, DossierState):
            return []
        longer = {each.person for each in state.rules.holders if each.period.end > until}
        named = (holder.hex() for holder in self._holders)
        return [person for person in named if person in longer and person != state.owner]

    def _ends(self, dossier: bytes, ended: Sequence[str], view: View) -> list[Append]:
        until = max(self._until, view.now)
        appends = []
        for person in ended:
            event = make_event("stopped/v1", self._values(view.now) | {"subject": person})
            fact = Fact("rules", "authority-ended", bytes.fromhex(person), {"person": person, "until": until})
            report = encode_json({"person": person, "reported": self._until, "until": until})
            appends.append(Append(dossier, event, (fact,), evidence=report))
        # Whoever loses full authority ends the epoch of the stream's key; one who loses it later does so then.
        full = full_holders(view.facts(dossier).value.rules, view.now)
        if until == view.now and not full.isdisjoint(ended):
            appends.append(next_epoch(view.head(dossier), self._who(view.now), "authority-ended"))
        return appends

    def _who(self, now: int) -> Values:
        return actor_fields(self._actor, self.claim.key if self.claim else b"", now)

    def _values(self, now: int) -> Values:
        return self._who(now) | {"type": "authority", "cause": CAUSE}
