"""Consents as they are shown: to those who hold the dossier all of them, to a grantee those that name them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from consent.facts import DossierFacts
from consent.grant import Consent
from consent.lifecycle import State
from consent.matching import grantee_fits
from consent.people import CaseState
from consent.terms import Actor as Subject
from crypto.encoding import encode_base64
from dossier.answers import Answer
from dossier.facts.foreign import Reader, foreign_facts, subject_of
from dossier.parties.actor import Actor
from dossier.sharing.store import SharedRow

PARTAKING = frozenset({"team", "network"})
"""The kinds of grantee that are whoever takes part in a case."""


class ShownConsent(Answer, frozen=True):
    """One consent: the statement as signed, its hash, and where it is in its life.

    `state` is proposed, active, or how it ended; `endedAt` is the number of the event that ended it, 0 for none;
    `lastUsed` is in UTC seconds, 0 for never.
    """

    consent: str
    statement: str
    hash: str
    state: str
    seq: int
    ended_at: int
    last_used: int


class ConsentList(Answer, frozen=True):
    """Consents in the order of their events."""

    consents: list[ShownConsent]


def shown(
    row: SharedRow,
    consent: Consent,
    rules: DossierFacts,
    ends: Mapping[str, tuple[int, str]],
    last_used: int,
    now: int,
) -> ShownConsent:
    """Show one consent as it stands."""
    ended = ends.get(consent.id)
    if ended is not None:
        state, ended_at = ended[1], ended[0]
    else:
        state, ended_at = _state(consent, rules, now), 0
    return ShownConsent(
        consent=consent.id,
        statement=encode_base64(row.envelope),
        hash=row.hash.hex(),
        state=state,
        seq=row.seq,
        ended_at=ended_at,
        last_used=last_used,
    )


def _state(consent: Consent, rules: DossierFacts, now: int) -> str:
    if all(each.id != consent.id for each in (*rules.permits, *rules.denials)):
        return State.PROPOSED
    return State.ACTIVE if now < consent.period.end else State.EXPIRED


def names(consent: Consent, actor: Actor, reader: Reader, now: int) -> bool:
    """Whether a permit names this actor, in any role in which they stand now: by attestation, not by membership."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    standing = foreign_facts(actor, reader).standings.get((actor.id.hex(), organisation))
    if consent.effect != "permit" or standing is None or not standing.period.holds(now):
        return False
    roles = sorted(standing.roles) if actor.kind == "person" and organisation else [""]
    return any(_fits(consent, subject_of(actor, role), reader, now) for role in roles)


def _fits(consent: Consent, subject: Subject, reader: Reader, now: int) -> bool:
    """Whether the grantee is this actor; of a team or network only whoever takes part in its case now."""
    grantee = consent.grantee
    if not grantee_fits(grantee, subject, strict=True):
        return False
    if grantee.kind not in PARTAKING:
        return True
    stream = bytes.fromhex(grantee.case)
    state = reader.facts(stream).value if stream and reader.exists(stream) else None
    if not isinstance(state, CaseState):
        return False
    entries = [each for each in state.participations(subject) if grantee.kind in {"team", each.kind}]
    early = grantee.kind != "team" or grantee.later_members
    return any(each.period.holds(now) and (early or each.period.start <= consent.issued) for each in entries)


def case_streams(consents: Iterable[Consent]) -> frozenset[bytes]:
    """The streams of the cases that these consents are about, or whose people they name."""
    given = list(consents)
    named = [each.grantee.case for each in given if each.grantee.kind in PARTAKING]
    return frozenset(bytes.fromhex(case) for case in (*named, *(each.case for each in given)) if case)
