"""What would change if a consent were given or withdrawn: who would see what, before anybody signs.

Nothing is stored but the event that somebody looked (each preview is one). The answer names the position of the rules
that it was made for: the statement that follows carries the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audit.entry import Append, Claim, Claimed, Entry, Outcome, View
from audit.event import make_event
from consent.engine import ENGINE_VERSION
from consent.errors import ConsentError
from consent.facts import DossierFacts, Facts, ForeignFacts, Standing
from consent.grant import Consent, parse_consent
from consent.preview import Change, changes, with_consent, without_consent
from consent.search import known_actors
from consent.verification import check_sense
from crypto.canonical import encode_json
from crypto.encoding import sha256
from crypto.errors import CryptoError
from crypto.kinds import check_payload
from dossier.answers import Answer, Promise, keep, kept, promise
from dossier.decisions import positions
from dossier.dossiers.authority import holder_state, refusal
from dossier.errors import ConflictError, InvalidRequestError
from dossier.events import actor_fields
from dossier.facts.parties import OrganisationFacts, PersonFacts, person_standing, system_standing
from dossier.items.state import ItemState
from dossier.parties.actor import Actor
from dossier.sharing.store import AllItemsWant

MOST_CHANGES = 10_000
"""Changes listed in one answer; `count` says how many there are."""

NOBODY = {"signer": "00" * 16, "keyHash": "00" * 32}


class ShownChange(Answer, frozen=True):
    """One answer that would turn: this actor, this item, this action, and whether it would be permitted."""

    actor: str
    organisation: str
    role: str
    item: str
    action: str
    permitted: bool
    code: str


class Preview(Answer, frozen=True):
    """What would change, and the position for which that is true (`after` of the statement)."""

    changes: list[ShownChange]
    count: int
    seq: int
    leaf: str
    promise: Promise


class PreviewConsent(Entry[Preview]):
    """Preview a consent that is not signed yet, or the end of one that stands."""

    def __init__(
        self,
        actor: Actor,
        dossier: bytes,
        proposed: Mapping[str, Any] | None,
        ending: str,
        people: Sequence[bytes],
        claim: Claim,
    ) -> None:
        self._actor, self._dossier, self.claim = actor, dossier, claim
        self._proposed = _parse(proposed, dossier) if proposed is not None else None
        self._ending, self._people = ending, tuple(people)
        self._evidence = _evidence(proposed, ending, people)
        self.streams = (dossier,)
        named = dict.fromkeys((actor.id, *people, *_named(self._proposed)))
        self.foreign = tuple(stream for stream in named if stream != dossier)
        self._items = AllItemsWant(dossier)
        self.wants = (self._items,)

    def judge(self, view: View) -> Outcome[Preview]:
        """Decide everything twice: as it is, and as it would be."""
        rules = holder_state(view, self._dossier, self._actor).rules
        consent = self._consent(rules, view.now)
        before = Facts(rules, ForeignFacts(self._standings(view)))
        after = without_consent(before, consent.id) if self._ending else with_consent(before, consent)
        states: Mapping[bytes, ItemState] = view.rows(self._items) or {}
        items = [state.facts for state in states.values() if not state.removed]
        found = changes(before, after, known_actors(before), items, consent, view.now)
        return self._outcome(view, consent, found)

    def recall(self, claimed: Claimed, view: View) -> Preview:  # noqa: ARG002 - the state of today changes nothing
        """Give the same answer again."""
        return kept(claimed.kept or b"", Preview)

    def _consent(self, rules: DossierFacts, now: int) -> Consent:
        if self._proposed is not None:
            try:
                check_sense(self._proposed, rules, now)
            except ConsentError as error:
                raise InvalidRequestError(str(error), code="senseless-consent") from error
            return self._proposed
        standing = (each for each in (*rules.permits, *rules.denials) if each.id == self._ending)
        consent = next(standing, None)
        if consent is None:
            raise ConflictError("the consent has ended or never began", code="not-standing")
        return consent

    def _standings(self, view: View) -> dict[tuple[str, str], Standing]:
        """How the people concerned stand, as citizens and for each organisation that is looked at."""
        values = {stream: view.facts(stream).value for stream in self.foreign if view.exists(stream)}
        employers = {stream.hex(): value for stream, value in values.items() if isinstance(value, OrganisationFacts)}
        found: dict[tuple[str, str], Standing | None] = {}
        for stream, value in values.items():
            if isinstance(value, PersonFacts):
                for organisation in value.chains:
                    standing = person_standing(value, organisation, employers.get(organisation))
                    found[stream.hex(), organisation] = standing
        for organisation, employer in employers.items():
            for system in employer.systems:
                found[system, organisation] = system_standing(system, employer)
        return {key: standing for key, standing in found.items() if standing is not None}

    def _outcome(self, view: View, consent: Consent, found: Sequence[Change]) -> Outcome[Preview]:
        values = actor_fields(self._actor, self.claim.key if self.claim else b"", view.now)
        items = sorted({change.item for change in found})
        values |= {
            "type": "preview",
            "subjects": [self._dossier.hex()],
            "count": len(found),
            "idsHash": sha256(b"".join(map(bytes.fromhex, items))).hex(),
            "purpose": consent.purpose,
            "case": consent.case,
            "positions": positions(view, self._dossier, self.foreign),
            "catalogue": view.facts(self._dossier).value.rules.catalogues.current.hash,
            "engine": ENGINE_VERSION,
        }
        rules = view.head(self._dossier).rules
        listed = [_shown(change) for change in found[:MOST_CHANGES]]
        return Outcome(
            appends=(Append(self._dossier, make_event("query/v1", values), evidence=self._evidence),),
            answer=lambda receipts: Preview(
                listed, len(found), rules.seq, rules.leaf.hex(), promise(receipts[0], "owner")
            ),
            keep=keep,
        )


def _evidence(proposed: Mapping[str, Any] | None, ending: str, people: Sequence[bytes]) -> bytes:
    """What was asked, kept beside the event so that a replay can ask it again; raise InvalidRequestError."""
    asked = {"consent": dict(proposed or {}), "ending": ending, "people": [person.hex() for person in people]}
    try:
        return encode_json(asked)
    except CryptoError as error:
        raise InvalidRequestError("not a well-formed consent", code="invalid-statement") from error


def _shown(change: Change) -> ShownChange:
    actor = change.actor
    permitted, code = change.after.permitted, change.after.reason
    return ShownChange(actor.id, actor.organisation, actor.role, change.item, change.action, permitted, code)


def _named(consent: Consent | None) -> Iterable[bytes]:
    """Streams of the person and organisation that a consent names."""
    if consent is None:
        return ()
    return [bytes.fromhex(each) for each in (consent.grantee.person, consent.grantee.organisation) if each]


def _parse(payload: Mapping[str, Any], dossier: bytes) -> Consent:
    """Read a consent that nobody has signed yet; raise InvalidRequestError."""
    whole = {**NOBODY, **payload}
    try:
        check_payload("consent", whole)
        consent = parse_consent(whole, 2**53 - 1)
    except CryptoError as error:
        raise InvalidRequestError("not a well-formed consent", code="invalid-statement") from error
    except ConsentError as error:
        raise refusal(error) from error
    if whole["dossier"] != dossier.hex():
        raise InvalidRequestError("the consent is about another dossier", code="wrong-dossier")
    return consent
