"""How a decision is written down: the fields that let it be read by the owner and decided again by an auditor. Pure.

A decision event names the position of every stream whose facts were used, the catalogue and the engine; together with
the fact rows, which are never changed, that is all a replay needs (dossier.replay).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from audit.entry import View
from consent.catalogue import Catalogue
from consent.engine import ENGINE_VERSION
from consent.terms import FOREVER, Decision
from dossier.events import Values
from dossier.facts.dossiers import DossierState


def decision_fields(decision: Decision) -> Values:
    """What was decided, by which rules; `holdsUntil` is absent when no known fact ever flips it."""
    return {
        "decision": "permit" if decision.permitted else "deny",
        "code": decision.reason,
        "rules": list(decision.rules),
        "basis": decision.basis,
        "engine": ENGINE_VERSION,
        "holdsUntil": 0 if decision.holds_until == FOREVER else decision.holds_until,
    }


def decided_fields(decision: Decision, view: View, dossier: bytes, foreign: Iterable[bytes]) -> Values:
    """What was decided, and on which facts and catalogue; a decision on a dossier that is not there names none."""
    state = view.facts(dossier).value if view.exists(dossier) else None
    if not isinstance(state, DossierState):
        return decision_fields(decision)
    return decision_fields(decision) | {
        "positions": positions(view, dossier, foreign),
        "catalogue": state.rules.catalogues.current.hash,
    }


def positions(view: View, dossier: bytes, foreign: Iterable[bytes]) -> list[Any]:
    """The streams whose facts were used: [stream, rules seq, items seq] of the dossier, [stream, rules seq] of others."""
    head = view.head(dossier)
    own: list[Any] = [dossier.hex(), head.rules.seq, head.items.seq]
    others = [[stream.hex(), view.head(stream).rules.seq] for stream in foreign if view.exists(stream)]
    return [own, *others]


READS: Final = frozenset({"reading", "emergency"})
"""The kinds of reasons for which something is read; the others say why something ends or is refused."""


def with_reason(decision: Decision, reason: str, catalogue: Catalogue) -> Decision:
    """The decision as it is carried out: a permit that wants a reason is a refusal without one to read for.

    A replay applies this to the engine's answer too, before comparing.
    """
    given = catalogue.reasons.get(reason) in READS
    if not decision.permitted or given or not decision.obligations.reason_wanted:
        return decision
    return Decision(
        permitted=False,
        reason="reason-wanted",
        step=decision.step,
        rules=decision.rules,
        holds_until=decision.holds_until,
    )
