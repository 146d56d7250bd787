"""Which consents can concern a request at all, remembered per actor and per class of items.

An aid to speed only: a rule is left out when actor, action, purpose or the item's place alone rule it out, and those
that name somebody else are not even looked at. What it remembers follows from the facts it stands in and nothing else,
so it never changes an answer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from consent.catalogue import Catalogues
from consent.grant import Consent
from consent.matching import grantee_fits, place_fits, purpose_fits
from consent.naming import by_name, naming
from consent.questions import Question, open_questions
from consent.terms import NO_OBLIGATIONS, STRICT_OBLIGATIONS, Obligations, Request

MAX_REMEMBERED = 1024
"""Entries per table; a full table is emptied, so that many strange requests cannot fill the memory."""

FEW = 8
"""Up to so many rules only the last request is remembered: looking at them anew costs less than a memory per dossier."""


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

    __slots__ = ("_by_class", "_by_section", "_candidates", "_catalogues", "_denials", "_permits", "_room")

    def __init__(self, permits: tuple[Consent, ...], denials: tuple[Consent, ...], catalogues: Catalogues) -> None:
        self._permits, self._denials, self._catalogues = by_name(permits), by_name(denials), catalogues
        self._room = MAX_REMEMBERED if len(permits) + len(denials) > FEW else 1
        self._candidates: dict[str, Candidate] = {}
        self._by_section: dict[tuple[str, ...], Candidates] = {}
        self._by_class: dict[tuple[str, ...], Candidates] = {}

    def candidates(self, request: Request) -> Candidates:
        """The consents worth examining for this request."""
        actor, item = request.actor, request.item
        asked = (actor.kind, actor.id, actor.organisation, actor.role, request.action, request.purpose, item.section)
        key = (*asked, item.lane, item.type, item.source, item.label)
        found = self._by_class.get(key)
        if found is None:
            wider = self._by_section.get(asked)
            if wider is None:
                wider = self._in_section(request)
                self._remember(self._by_section, asked, wider)
            found = self._in_class(wider, request)
            self._remember(self._by_class, key, found)
        return found

    def _in_section(self, request: Request) -> Candidates:
        """Those that fit actor, action and section, and the purpose."""
        permits = [each for each in naming(self._permits, request.actor) if self._is_meant(each, request, strict=True)]
        denials = [each for each in naming(self._denials, request.actor) if self._is_meant(each, request, strict=False)]
        return Candidates(
            denials=tuple(self._candidate(each) for each in denials if self._has_purpose(each, request, strict=False)),
            permits=tuple(self._candidate(each) for each in permits if self._has_purpose(each, request, strict=True)),
            near=tuple(map(self._candidate, permits)),
        )

    def _candidate(self, consent: Consent) -> Candidate:
        """What there is to ask of a consent, worked out when it is first met: most of a large dossier never is."""
        found = self._candidates.get(consent.id)
        if found is None:
            found = self._candidates[consent.id] = Candidate(consent, open_questions(consent), NO_OBLIGATIONS)
        return found

    def _in_class(self, wider: Candidates, request: Request) -> Candidates:
        """Those of them that fit the whole place of the item."""
        return Candidates(
            denials=tuple(each for each in wider.denials if self._is_in_place(each, request, strict=False)),
            permits=self._due(wider.permits, request),
            near=self._due(wider.near, request),
        )

    def _due(self, permits: tuple[Candidate, ...], request: Request) -> tuple[Candidate, ...]:
        fitting = (each for each in permits if self._is_in_place(each, request, strict=True))
        return tuple(each._replace(due=self._obligations(each.consent, request)) for each in fitting)

    def _obligations(self, consent: Consent, request: Request) -> Obligations:
        label = self._catalogues.versions[consent.catalogue].labels.get(request.item.label)
        return label.due if label else STRICT_OBLIGATIONS

    def _is_meant(self, consent: Consent, request: Request, *, strict: bool) -> bool:
        sections = consent.scope.sections
        return (
            request.action in consent.actions
            and (not sections or request.item.section in sections)
            and grantee_fits(consent.grantee, request.actor, strict=strict)
            and (not strict or consent.catalogue in self._catalogues.versions)
        )

    def _is_in_place(self, candidate: Candidate, request: Request, *, strict: bool) -> bool:
        catalogue = self._catalogues.versions.get(candidate.consent.catalogue)
        return place_fits(candidate.consent.scope, request.item, catalogue, strict=strict)

    def _has_purpose(self, consent: Consent, request: Request, *, strict: bool) -> bool:
        catalogue = self._catalogues.versions.get(consent.catalogue)
        return purpose_fits(consent.purpose, request.purpose, catalogue, strict=strict)

    def _remember(self, table: dict[Any, Any], key: object, value: object) -> None:
        if len(table) >= self._room:
            table.clear()
        table[key] = value
