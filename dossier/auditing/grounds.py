"""Whether the facts that decisions rest on are those that events made: each fact held against its event. Pure.

Facts outlive payloads and no leaf commits to them by themselves. But a leaf commits to its event, an event names the
statement that was accepted, and the statement's hash is that of its payload: which is the fact. So a rule that somebody
with the database changed, put in or took out is found, as long as the payload of its event is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from audit.entry import FactRecord
from audit.event import Event
from crypto.errors import CryptoError
from crypto.headers import parse_header
from crypto.kinds import SCHEMAS as KINDS
from crypto.statements import parse_statement, statement_hash
from dossier.facts.dossiers import PROPOSAL
from dossier.items.state import version_fact
from dossier.sharing.countersigning import DONE

CHANGE_NOTHING: Final = frozenset(
    {"decision/v1", "listing/v1", "query/v1", "hidden/v1", "request/v1", "sign-in/v1", "erasure/v1", "system/v1"}
)
"""Schemas of events that never make a fact."""

NARROWING: Final = {
    "consent": ("consent-ended", "consent"),
    "authority": ("authority-ended", "person"),
    "admission": ("admission-end", "admission"),
}
"""What a stop without signature may make, by its type: it ends its subject, which the fact names, and never gives."""

MAY_MAKE_NOTHING: Final = frozenset({("authority", "expired"), ("consent", "withdrawn")})
"""Stops (type, cause) that need no fact: time has ended it already, or it was withdrawn before."""

ALWAYS_MAKE: Final = frozenset(
    {
        *("dossier-key", "authority-list", "section-key", "source-admission", "admission-end", "block", "block-end"),
        *("emergency-opt-in", "consent", "placement", "removal"),
    }
)
"""Kinds of statements of which an accepted one always makes a fact of its kind."""

SIGNED: Final = frozenset({"dossier", "person", "organisation"})
"""Kinds of streams whose facts of statements come with the event that names the statement, and no other."""

ENDS_CONSENT: Final = {"withdrawal": "consent", "consent-ended": "consent", "consent": "replaces"}
"""Kinds of facts that end a consent, and the field that names it."""


def ungrounded(kind: str, event: Event, evidence: bytes, facts: Sequence[FactRecord]) -> list[str]:
    """What is wrong with the facts that stand under an event of a stream of this kind; empty if nothing is."""
    schema = event.schema.id
    if schema in CHANGE_NOTHING:
        return [f"an event that changes nothing has a fact of kind {fact.kind}" for fact in facts]
    if schema == "delivery/v1":
        return _delivered(event, evidence, facts)
    if schema in ("statement/v1", "key/v1") and event["statement"]:
        return [*_named(event, facts), *_missing(event, facts)]
    if schema == "stopped/v1":
        return _stopped(kind, event, facts)
    made = [fact for fact in facts if kind in SIGNED and fact.kind in KINDS]
    return [f"no statement made the fact of kind {fact.kind}" for fact in made]


def ends_of_consents(facts: Iterable[FactRecord]) -> dict[str, int]:
    """Where in a dossier's stream each consent (hex) was ended first: withdrawn, ended otherwise, or replaced."""
    found: dict[str, int] = {}
    for fact in facts:
        name = ENDS_CONSENT.get(fact.kind)
        if name and fact.body.get(name):
            found[fact.body[name]] = min(fact.seq, found.get(fact.body[name], fact.seq))
    return found


def unended(event: Event, seq: int, ends: Mapping[str, int]) -> list[str]:
    """What is wrong with a withdrawal at this position; a repeated one makes no fact, so an earlier one must have."""
    withdrawn: list[str] = []
    if event.schema.id == "stopped/v1" and (event["type"], event["cause"]) == ("consent", "withdrawn"):
        withdrawn = [event["subject"]]
    elif event.schema.id == "statement/v1" and event["kind"] == "withdrawal":
        withdrawn = event.items("subjects")
    standing = (each for each in withdrawn if ends.get(each, seq + 1) > seq)
    return ["the consent that was withdrawn has not ended" for _ in standing]


def _named(event: Event, facts: Sequence[FactRecord]) -> list[str]:
    """Facts of statements must be of the one that the event names."""
    wrong = (fact for fact in facts if fact.kind in KINDS and not _is_named(event, fact))
    return [f"the fact of kind {fact.kind} is not the statement that the event names" for fact in wrong]


def _is_named(event: Event, fact: FactRecord) -> bool:
    try:
        digest = statement_hash(fact.kind, fact.body).hex()
    except CryptoError:
        return False
    return (fact.kind, digest) == (event["kind"], event["statement"])


def _missing(event: Event, facts: Sequence[FactRecord]) -> list[str]:
    kind = event["kind"]
    gone = kind in ALWAYS_MAKE and all(fact.kind != kind for fact in facts)
    return [f"the fact of kind {kind} that the event made is not there"] if gone else []


def _stopped(kind: str, event: Event, facts: Sequence[FactRecord]) -> list[str]:
    """A stop in a dossier ends what its event names: the fact is there, and ends nothing else."""
    ends, field = NARROWING.get(event["type"], ("", "")) if kind == "dossier" else ("", "")
    if ends and not facts and (event["type"], event["cause"]) not in MAY_MAKE_NOTHING:
        return [f"the fact of kind {ends} that the event made is not there"]
    at_once = event["cause"] == "stopped-without-key"
    return [
        f"a stop has a fact of kind {fact.kind} that its event does not say"
        for fact in facts
        if (fact.kind, fact.subject.hex(), fact.body.get(field)) != (ends, event["subject"], event["subject"])
        or (at_once and fact.body.get("until", event.number("time")) != event.number("time"))
        if not (event["type"] in ("consent", "admission") and _is_over(fact))
    ]


def _is_over(fact: FactRecord) -> bool:
    """Whether a fact says that a proposal waits no more: it gives nothing, and goes with what ends what it was for."""
    return fact.kind == PROPOSAL and fact.body == DONE


def _delivered(event: Event, evidence: bytes, facts: Sequence[FactRecord]) -> list[str]:
    """The one fact of a delivery is what its signed header says."""
    try:
        header = parse_header(parse_statement(evidence))
    except CryptoError:
        return []  # the judge of deliveries says so
    organisation = bytes.fromhex(event["organisation"]) if header.core.author_kind == "system" else None
    wanted = version_fact(header, organisation)
    if [(fact.kind, fact.subject, dict(fact.body)) for fact in facts] == [(wanted.kind, wanted.subject, wanted.body)]:
        return []
    return ["the fact is not the version whose header the event names"]
