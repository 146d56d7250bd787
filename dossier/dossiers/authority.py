"""Who signs for a dossier: one check for every statement of a holder, whatever it is about.

The signature must be by the newest key of the signer's chain, the signer the person who is signed in, and the authority
list as it stands must cover the act (design 4, item 5). A widening statement counts only for the very position that
its signer saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audit.entry import View
from consent.errors import ConsentError, NotAuthorisedError, StaleStatementError
from consent.facts import DossierFacts, Facts
from consent.terms import Request
from consent.verification import WIDENING, check_authority, check_fresh
from crypto.errors import CryptoError
from crypto.statements import Statement, verify
from dossier.dossiers.statements import check_fresh as check_time
from dossier.errors import DossierError, ForbiddenError, InvalidRequestError, NotFoundError, StaleError
from dossier.facts.dossiers import DossierState
from dossier.facts.foreign import foreign_facts, subject_of
from dossier.facts.parties import PersonFacts
from dossier.items.admitting import decide_somewhere, somewhere
from dossier.parties.actor import Actor


def holder_state(view: View, dossier: bytes, actor: Actor) -> DossierState:
    """Return the dossier as it stands; raise NotFoundError unless the actor may know that it exists as a holder.

    Who stands on the list is for the list to say, whether they may see anything for the engine (P2): a mandate helps
    nobody who is blocked.
    """
    state = listed_state(view, dossier, actor)
    asked = Request(subject_of(actor, ""), "list", somewhere(state))
    facts = Facts(state.rules, foreign_facts(actor, view))
    if not decide_somewhere(asked, state.rules.catalogues.current.sections, facts, view.now).permitted:
        raise NotFoundError
    return state


def is_seen(view: View, dossier: bytes, actor: Actor) -> bool:
    """Whether the actor may know, as a holder, that the dossier exists."""
    try:
        holder_state(view, dossier, actor)
    except NotFoundError:
        return False
    return True


def listed_state(view: View, dossier: bytes, actor: Actor) -> DossierState:
    """Return the dossier to its owner and to whoever is on the list: enough for what ends access, and is never refused."""
    if not view.exists(dossier):
        raise NotFoundError
    state = view.facts(dossier).value
    if not isinstance(state, DossierState) or not is_holder(state.rules, actor, view.now):
        raise NotFoundError
    return state


def is_holder(rules: DossierFacts, actor: Actor, now: int) -> bool:
    """Whether a citizen is the owner or stands on the authority list now."""
    if actor.kind != "person" or actor.organisation is not None:
        return False
    person = actor.id.hex()
    return person == rules.owner or any(h.person == person and h.period.holds(now) for h in rules.holders)


def full_holders(rules: DossierFacts, now: int) -> set[str]:
    """The ids (hex) of those who have the keys of the whole dossier: listed in full and not over, begun or not.

    Keys come with the list, so whoever begins later has them already.
    """
    return {each.person for each in rules.holders if each.full and each.period.end > now}


def holds_section(rules: DossierFacts, actor: Actor, section: str, now: int) -> bool:
    """Whether a holder holds this section now: in full, by name, or as the owner."""
    person = actor.id.hex()
    mine = [h for h in rules.holders if h.person == person and h.period.holds(now)]
    return person == rules.owner or any(h.full or section in h.sections for h in mine)


def check_signature(statement: Statement, actor: Actor, view: View) -> None:
    """Raise ForbiddenError unless the person who is signed in signed this, with their newest key in this capacity."""
    if statement.payload["signer"] != actor.id.hex():
        raise ForbiddenError("the statement is signed by another than its sender", code="wrong-signer")
    person = view.facts(actor.id).value if view.exists(actor.id) else None
    organisation = actor.organisation.hex() if actor.organisation else ""
    chain = person.chains.get(organisation) if isinstance(person, PersonFacts) and not person.revoked else None
    if chain is None:
        raise ForbiddenError("publish your keys before you sign", code="no-keys")
    try:
        verify(statement, chain.signing_key)
    except CryptoError as error:
        raise ForbiddenError("the statement is not signed with the signer's key", code="wrong-signer") from error


def check_position(statement: Statement, view: View, dossier: bytes) -> None:
    """Raise StaleError unless a widening statement was made for the rules as they stand, at most 15 minutes ago."""
    head = view.head(dossier)
    check_time(statement.payload["issuedAt"], view.now)
    if statement.payload["after"]["leaf"] != head.rules.leaf.hex():
        raise StaleError("the facts changed after the signer looked")
    try:
        check_fresh(statement.payload, head.rules.seq, view.now)
    except StaleStatementError as error:
        raise StaleError(str(error)) from error


def check_act(
    statement: Statement,
    actor: Actor,
    view: View,
    dossier: bytes,
    sections: Iterable[str] | None,
    cosigners: Iterable[Statement] = (),
) -> bool:
    """Check signature, position and authority of one statement; `sections` it touches, None for the whole dossier.

    Return whether enough have signed. A statement that widens nothing needs one holder within scope and no position.
    Raise ForbiddenError, StaleError, NotFoundError.
    """
    rules = holder_state(view, dossier, actor).rules
    check_signature(statement, actor, view)
    widening = statement.kind in WIDENING
    if widening:
        check_position(statement, view, dossier)
    else:
        check_time(statement.payload["issuedAt"], view.now, seconds=24 * 3600)
    signed = [statement.payload, *(each.payload for each in cosigners)]
    return _authority(signed, sections, rules, view.now, widening=widening)


def _authority(
    signed: Sequence[Mapping[str, Any]],
    sections: Iterable[str] | None,
    rules: DossierFacts,
    now: int,
    *,
    widening: bool,
) -> bool:
    first, *others = signed
    scope = None if sections is None else list(sections)
    try:
        check_authority(first, scope, rules, now, cosigners=others, needs_threshold=False)
    except NotAuthorisedError as error:
        raise ForbiddenError(str(error), code="no-authority") from error
    try:
        check_authority(first, scope, rules, now, cosigners=others, needs_threshold=widening)
    except NotAuthorisedError:
        return False
    return True


def refusal(error: ConsentError) -> DossierError:
    """Turn a refusal of the consent package into one of the application's."""
    if isinstance(error, StaleStatementError):
        return StaleError(str(error))
    if isinstance(error, NotAuthorisedError):
        return ForbiddenError(str(error), code="not-authorised")
    return InvalidRequestError(str(error), code="invalid-statement")
