"""What is left to ask of a consent once actor, action, purpose and place fit: case, item, time, taking part.

Each question is a small function; a consent gets only those that can come out as no for it, so that a plain one costs
a single look at its period. Questions that do not depend on time come first: a rule that is out anyway must not
shorten `holds_until`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from consent.catalogue import Catalogues
from consent.clock import Clock
from consent.grant import Consent, GrantException
from consent.matching import exception_fits, is_early_enough, item_fits
from consent.participation import takes_part
from consent.people import ForeignFacts
from consent.terms import Request


class _Rules(Protocol):
    """Of the dossier's rules: the catalogues that its consents were given under."""

    @property
    def catalogues(self) -> Catalogues: ...


class Context(Protocol):
    """As much of `consent.facts.Facts` as a question may look at: the facts hold the index, which holds questions."""

    @property
    def dossier(self) -> _Rules:
        """The rules of the dossier."""
        ...

    @property
    def foreign(self) -> ForeignFacts:
        """Facts of other streams."""
        ...


Question = Callable[[Consent, Request, Context, Clock], bool]


def open_questions(consent: Consent) -> tuple[Question, ...]:
    """The questions that this consent must answer with yes to apply."""
    return tuple(question for question, is_open in _QUESTIONS if is_open(consent))


def _is_same_case(consent: Consent, request: Request, _context: Context, _clock: Clock) -> bool:
    return consent.case == request.case


def _is_early(consent: Consent, request: Request, _context: Context, _clock: Clock) -> bool:
    return is_early_enough(consent, request)


def _covers_item(consent: Consent, request: Request, _context: Context, _clock: Clock) -> bool:
    return item_fits(consent.scope, request.item, strict=consent.effect == "permit")


def _is_in_period(consent: Consent, _request: Request, _context: Context, clock: Clock) -> bool:
    return clock.holds(consent.period)


def _takes_part(consent: Consent, request: Request, context: Context, clock: Clock) -> bool:
    strict = consent.effect == "permit"
    grantee = consent.grantee
    if strict and _is_high(consent, request, context):
        # a high label is never for members who came later, whatever the consent says
        grantee = msgspec.structs.replace(grantee, later_members=False)
    return takes_part(grantee, request, context.foreign, clock, consent.issued, strict=strict)


def _is_high(consent: Consent, request: Request, context: Context) -> bool:
    """Whether the label is high, or unknown to the consent's catalogue."""
    label = context.dossier.catalogues.versions[consent.catalogue].labels.get(request.item.label)
    return label is None or label.high


def _is_not_excepted(consent: Consent, request: Request, context: Context, clock: Clock) -> bool:
    return not any(_is_excepted(each, consent, request, context, clock) for each in consent.exceptions)


def _is_excepted(exception: GrantException, denial: Consent, request: Request, context: Context, clock: Clock) -> bool:
    catalogue = context.dossier.catalogues.versions.get(denial.catalogue)
    if not exception_fits(exception, request, catalogue):
        return False
    # without a case the exception is for whoever the denial is for
    no_case = not exception.grantee.case
    return no_case or takes_part(exception.grantee, request, context.foreign, clock, denial.issued, strict=True)


_QUESTIONS: tuple[tuple[Question, Callable[[Consent], bool]], ...] = (
    (_is_same_case, lambda consent: bool(consent.case)),
    (_is_early, lambda consent: not consent.later_items),
    (
        _covers_item,
        lambda consent: any(
            (consent.scope.items, consent.scope.case, consent.scope.data_from, consent.scope.data_until)
        ),
    ),
    (_is_in_period, lambda _consent: True),
    (_takes_part, lambda consent: consent.grantee.kind in {"team", "network"}),
    (_is_not_excepted, lambda consent: bool(consent.exceptions)),
)
