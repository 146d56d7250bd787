"""Which consents can concern a request at all, remembered per actor and per class of items.

An aid to speed only: a rule is left out when actor, action, purpose or the item's place alone rule it out. What it
remembers follows from the facts it stands in and nothing else, so it never changes an answer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from consent.catalogue import Catalogues
from consent.grant import Consent
from consent.matching import grantee_fits, place_fits, purpose_fits
from consent.questions import Question, open_questions
from consent.terms import NO_OBLIGATIONS, STRICT_OBLIGATIONS, Actor, Obligations, Request

MAX_REMEMBERED = 8192
"""Entries per table; a full table is emptied, so that many strange requests cannot fill the memory."""


class Candidate(NamedTuple):
    """A consent that may apply, what is left to ask of it, and what its permit would oblige to."""

    consent: Consent
    questions: tuple[Question, ...]
    due: Obligations


class Candidates(NamedTuple):
    """The candidates for one class of requests, in id order; `near` are permits whatever their purpose."""

    denials: tuple[Candidate, ...]
    permits: tuple[Candidate, ...]
    near: tuple[Candidate, ...]


class Index:
    """The memory of one `DossierFacts`; used by one thread at a time."""

    __slots__ = ("_by_actor", "_by_class", "_catalogues", "_denials", "_permits")

    def __init__(self, permits: tuple[Consent, ...], denials: tuple[Consent, ...], catalogues: Catalogues) -> None:
        self._permits, self._denials, self._catalogues = permits, denials, catalogues
        self._by_actor: dict[Actor, tuple[tuple[Consent, ...], tuple[Consent, ...]]] = {}
        self._by_class: dict[tuple[str, ...], Candidates] = {}

    def candidates(self, request: Request) -> Candidates:
        """The consents worth examining for this request."""
        actor, item = request.actor, request.item
        key = (
            *(actor.kind, actor.id, actor.organisation, actor.role, request.action, request.purpose),
            *(item.section, item.lane, item.type, item.source, item.label),
        )
        found = self._by_class.get(key)
        if found is None:
            found = self._select(request)
            _remember(self._by_class, key, found)
        return found

    def _select(self, request: Request) -> Candidates:
        permits, denials = self._of_actor(request.actor)
        in_place = [each for each in permits if self._is_in_place(each, request, strict=True)]
        barring = [each for each in denials if self._is_in_place(each, request, strict=False)]
        return Candidates(
            denials=tuple(
                Candidate(each, open_questions(each), NO_OBLIGATIONS)
                for each in barring
                if self._has_purpose(each, request, strict=False)
            ),
            permits=tuple(
                self._permit(each, request) for each in in_place if self._has_purpose(each, request, strict=True)
            ),
            near=tuple(self._permit(each, request) for each in in_place),
        )

    def _permit(self, consent: Consent, request: Request) -> Candidate:
        label = self._catalogues.versions[consent.catalogue].labels.get(request.item.label)
        return Candidate(consent, open_questions(consent), label.due if label else STRICT_OBLIGATIONS)

    def _of_actor(self, actor: Actor) -> tuple[tuple[Consent, ...], tuple[Consent, ...]]:
        found = self._by_actor.get(actor)
        if found is None:
            found = (
                tuple(each for each in self._permits if grantee_fits(each.grantee, actor, strict=True)),
                tuple(each for each in self._denials if grantee_fits(each.grantee, actor, strict=False)),
            )
            _remember(self._by_actor, actor, found)
        return found

    def _is_in_place(self, consent: Consent, request: Request, *, strict: bool) -> bool:
        catalogue = self._catalogues.versions.get(consent.catalogue)
        if strict and catalogue is None:
            return False
        fits = place_fits(consent.scope, request.item, catalogue, strict=strict)
        return request.action in consent.actions and fits

    def _has_purpose(self, consent: Consent, request: Request, *, strict: bool) -> bool:
        catalogue = self._catalogues.versions.get(consent.catalogue)
        return purpose_fits(consent.purpose, request.purpose, catalogue, strict=strict)


def _remember(table: dict[Any, Any], key: object, value: object) -> None:
    if len(table) >= MAX_REMEMBERED:
        table.clear()
    table[key] = value
