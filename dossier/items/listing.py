"""Listing the items of a dossier: who may see that which items exist, one event for each page.

Which items is the engine's to say, item by item. The answer holds sealed titles, so it is a release like any other: the
event with count and hash of the ids is durable before a title leaves. What wants a reason is not listed without one.
Nothing tells how many items there are in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

from audit.entry import Append, Entry, Outcome, Receipt, View
from audit.event import Event, make_event
from consent.facts import Facts
from consent.search import decide_items
from consent.terms import Actor as Subject
from consent.terms import Decision, ItemFacts, Request
from crypto.canonical import encode_json
from crypto.encoding import sha256
from dossier.decisions import decided_fields, with_reason
from dossier.dossiers.authority import is_seen
from dossier.errors import ConflictError, NotFoundError
from dossier.events import actor_fields
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_facts, foreign_streams, subject_of
from dossier.items.admitting import NO_DOSSIER, decide_somewhere, somewhere
from dossier.items.state import ItemState
from dossier.parties.actor import Actor

PAGE_SIZE = 100


class CursorError(NotFoundError):
    """The item after which a page should begin is not among those that the caller may see."""


class ItemsMovedError(ConflictError):
    """Items changed between reading them and judging: read them again."""

    code = "items-moved"


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What is asked for: a page of a dossier's items, perhaps of one section, in a role, for a purpose and a case."""

    dossier: bytes
    role: str = ""
    purpose: str = ""
    case: bytes | None = None
    reason: str = ""
    section: str = ""
    after: bytes = b""
    size: int = PAGE_SIZE

    def page(self) -> bytes:
        """Which page is asked for, kept beside the event so that a replay can make the same one."""
        return encode_json({"section": self.section, "after": self.after.hex(), "size": self.size})


@dataclass(frozen=True)
class Items:
    """The states of all items of a dossier at its `items` position."""

    position: int
    states: Mapping[bytes, ItemState]

    @cached_property
    def newest(self) -> tuple[ItemFacts, ...]:
        """The items that are still there, newest delivery first: put in order once for all pages."""
        there = [each.facts for each in self.states.values() if not each.removed]
        return tuple(sorted(there, key=lambda item: item.delivered, reverse=True))


@dataclass(frozen=True, slots=True)
class Page:
    """The items of one page, newest delivery first; `more` says whether another page follows.

    `rules` are the ids of the rules that permitted them: capsules of those consents may go with the page. `holds` says
    whether the caller is a holder of the dossier, and `states` how its items stood.
    """

    items: Sequence[bytes]
    more: bool
    rules: frozenset[str]
    holds: bool
    states: Mapping[bytes, ItemState]
    receipt: Receipt


class NothingListedError(NotFoundError):
    """Somebody who may see no item may not know that there is a dossier: the refusal is still to be written down."""


class ListItems(Entry[Page]):
    """List one page, or refuse with NothingListedError."""

    def __init__(self, actor: Actor, request: ListRequest, items: Items, request_id: bytes) -> None:
        self._actor, self._request, self._items, self._request_id = actor, request, items, request_id
        self.streams = (request.dossier,)
        self.foreign = foreign_streams(actor, request.case)

    def judge(self, view: View) -> Outcome[Page]:
        """Decide for every item; a page is what follows the last one that the caller has."""
        permitted, decision = self.decide(view)
        if not decision.permitted:
            raise NothingListedError
        page, more = self._page(permitted)
        found, decisions = list(page), list(page.values()) or [decision]
        rules = frozenset(rule for each in decisions for rule in each.rules)
        holds, states = is_seen(view, self._request.dossier, self._actor), self._items.states
        return Outcome(
            appends=(Append(self._request.dossier, self.event(view, found, decisions), evidence=self._request.page()),),
            answer=lambda receipts: Page(found, more, rules, holds, states, receipts[0]),
        )

    def decide(self, view: View) -> tuple[Iterator[tuple[bytes, Decision]], Decision]:
        """The items that the actor may list, newest delivery first, and whether they may know of the list.

        Items are decided one by one as they are taken: a page costs what it shows and not what the dossier holds.

        Whoever may list something may; and whoever could, if only there were something in one of the sections.
        """
        asked = self._request
        state = view.facts(asked.dossier).value if view.exists(asked.dossier) else None
        if not isinstance(state, DossierState):
            return iter(()), NO_DOSSIER
        if view.head(asked.dossier).items.seq != self._items.position:
            raise ItemsMovedError("items changed meanwhile")
        facts = Facts(state.rules, foreign_facts(self._actor, view, asked.case))
        subject, case = subject_of(self._actor, asked.role), asked.case.hex() if asked.case else ""
        permitted = self._permitted(subject, case, facts, view.now)
        first = next(permitted, None)
        if first is not None:
            return chain((first,), permitted), first[1]
        question = Request(subject, "list", somewhere(state), asked.purpose, case, asked.reason)
        sections = (asked.section,) if asked.section else facts.dossier.catalogues.current.sections
        decision = decide_somewhere(question, sections, facts, view.now)
        return permitted, with_reason(decision, asked.reason, facts.dossier.catalogues.current)

    def _permitted(self, subject: Subject, case: str, facts: Facts, now: int) -> Iterator[tuple[bytes, Decision]]:
        asked = self._request
        wanted = (item for item in self._items.newest if asked.section in ("", item.section))
        decided = decide_items(subject, "list", wanted, facts, now, purpose=asked.purpose, case=case)
        for item, decision in decided:
            if with_reason(decision, asked.reason, facts.dossier.catalogues.current).permitted:
                yield bytes.fromhex(item.item), decision

    def _page(self, permitted: Iterator[tuple[bytes, Decision]]) -> tuple[dict[bytes, Decision], bool]:
        after = self._request.after
        if after and not any(item == after for item, _ in permitted):
            raise CursorError
        page = dict(islice(permitted, self._request.size))
        return page, next(permitted, None) is not None

    def event(self, view: View, found: Sequence[bytes], decisions: Sequence[Decision]) -> Event:
        """The event of a page, or of a refusal; the first decision stands for all, the rules are those of all."""
        asked = self._request
        values = actor_fields(self._actor, self._request_id, view.now)
        values |= decided_fields(decisions[0], view, asked.dossier, self.foreign)
        values |= {
            "type": "items",
            "role": asked.role if self._actor.organisation and self._actor.kind == "person" else "",
            "subjects": [asked.dossier.hex()],
            "count": len(found),
            "idsHash": sha256(b"".join(found)).hex() if decisions[0].permitted else "",
            "purpose": asked.purpose,
            "case": asked.case.hex() if asked.case else "",
            "reason": asked.reason,
            "rules": sorted({rule for decision in decisions for rule in decision.rules})[:200],
        }
        return make_event("listing/v1", values)
