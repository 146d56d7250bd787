"""Questions about many: which items may X read, who may read this item, which actions; and the dossier as X sees it.

Every answer is made of decisions of the one engine. Items of one class, which differ in nothing that any rule looks
at, share one decision; that is what makes a list of ten thousand cheap. "View as" is `permitted_items` for somebody
else's actor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from operator import attrgetter

from consent.engine import decide
from consent.facts import Facts
from consent.grant import Consent
from consent.terms import Actor, Decision, ItemFacts, Request, Scope


def decide_items(
    actor: Actor, action: str, items: Iterable[ItemFacts], facts: Facts, now: int, *, purpose: str = "", case: str = ""
) -> Iterator[tuple[ItemFacts, Decision]]:
    """The decision on each item, in the order given; none is made before it is taken."""
    key_of = _Classes(facts).key
    known: dict[Hashable, Decision] = {}
    for item in items:
        key = key_of(item)
        decision = known.get(key)
        if decision is None:
            decision = known[key] = decide(Request(actor, action, item, purpose, case), facts, now)
        yield item, decision


def permitted_items(
    actor: Actor, action: str, items: Iterable[ItemFacts], facts: Facts, now: int, *, purpose: str = "", case: str = ""
) -> list[ItemFacts]:
    """The items on which the answer is yes."""
    decided = decide_items(actor, action, items, facts, now, purpose=purpose, case=case)
    return [item for item, decision in decided if decision.permitted]


def permitted_actors(actors: Iterable[Actor], asked: Request, facts: Facts, now: int) -> list[tuple[Actor, Decision]]:
    """Who of these may do what `asked` asks; its own actor is ignored."""
    decided = ((actor, decide(_asked_by(asked, actor), facts, now)) for actor in actors)
    return [(actor, decision) for actor, decision in decided if decision.permitted]


def permitted_actions(asked: Request, facts: Facts, now: int) -> list[str]:
    """Which actions of the current catalogue `asked` may be made with, sorted; its own action is ignored."""
    actions = sorted(facts.dossier.catalogues.current.actions)
    return [action for action in actions if decide(_asked_for(asked, action), facts, now).permitted]


def known_actors(facts: Facts) -> list[Actor]:
    """Everybody whose standing is among the facts, once in each role; sorted."""
    found = []
    for (identity, organisation), standing in sorted(facts.foreign.standings.items()):
        if not organisation:
            found.append(Actor("person", identity))
        elif standing.roles:
            found.extend(Actor("person", identity, organisation, role) for role in sorted(standing.roles))
        else:
            found.append(Actor("system", identity, organisation))
    return found


def _asked_by(asked: Request, actor: Actor) -> Request:
    return Request(actor, asked.action, asked.item, asked.purpose, asked.case, asked.reason)


def _asked_for(asked: Request, action: str) -> Request:
    return Request(asked.actor, action, asked.item, asked.purpose, asked.case, asked.reason)


_SEEN_BY_ALL = attrgetter("section", "lane", "type", "source", "label", "quarantined", "subjects")


class _Classes:
    """Which differences between items any rule of these facts can see."""

    def __init__(self, facts: Facts) -> None:
        consents = facts.dossier.permits + facts.dossier.denials
        scopes = [scope for consent in consents for scope in _scopes(consent)]
        named = [scope.items for scope in scopes] + [order.items for order in facts.dossier.orders]
        self._named = frozenset[str]().union(*named)
        self._cases = frozenset(scope.case for scope in scopes if scope.case)
        self._is_dated = any(scope.data_from or scope.data_until for scope in scopes)
        self._positions = sorted({consent.seq for consent in consents if not consent.later_items})

        self._is_plain = not (self._named or self._cases or self._is_dated or self._positions)

    def key(self, item: ItemFacts) -> Hashable:
        """Equal for two items only if no rule can tell them apart."""
        seen = _SEEN_BY_ALL(item)
        if self._is_plain and item.item:
            return seen
        name = item.item
        return (
            seen,
            name if name in self._named else bool(name),
            item.cases & self._cases,
            (item.data_from, item.data_until) if self._is_dated else None,
            bisect_right(self._positions, item.delivered),
        )


def _scopes(consent: Consent) -> Iterator[Scope]:
    yield consent.scope
    for exception in consent.exceptions:
        yield exception.scope
