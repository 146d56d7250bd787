"""Who may do what in a case: signature, standing, and the place of the signer in the case. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.entry import View
from consent.terms import FOREVER
from crypto.errors import CryptoError
from crypto.statements import Statement, verify
from dossier.cases.file import Capacity, CaseFile, case_file, signer_of
from dossier.dossiers.authority import check_signature
from dossier.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError, StaleError
from dossier.facts.compiler import Compiled
from dossier.facts.foreign import foreign_facts
from dossier.facts.parties import OrganisationFacts, PersonFacts, person_standing
from dossier.parties.actor import Actor

STALE_CASE = "stale-case"
"""The code of a refusal because others changed who takes part: look again, and sign anew."""


def known_case(view: View, case: bytes) -> CaseFile:
    """Return a case as it stands; raise NotFoundError when there is none."""
    found = find_case(view, case)
    if found is None:
        raise NotFoundError
    return found


def find_case(view: View, case: bytes) -> CaseFile | None:
    """Return a case as it stands, None when there is none."""
    if not view.exists(case) or view.head(case).kind != "case":
        return None
    compiled: Compiled = view.facts(case)
    return case_file(compiled.records)


def require_open(file: CaseFile) -> None:
    """Raise ConflictError for a case that is closed."""
    if file.closed < FOREVER:
        raise ConflictError("the case is closed", code="case-closed")


def check_signer(statement: Statement, actor: Actor, view: View) -> Capacity:
    """Return the capacity in which the actor signed; raise InvalidRequest- or ForbiddenError unless it is theirs now.

    A professional signs in a role that the organisation attests, a system with its attested key, a citizen without
    role.
    """
    capacity = signer_of(statement.payload)
    organisation = actor.organisation.hex() if actor.organisation else ""
    if capacity.organisation != organisation:
        raise InvalidRequestError("the statement is signed in another capacity", code="wrong-capacity")
    if actor.kind == "system":
        _check_system(statement, actor, view)
        return capacity
    check_signature(statement, actor, view)
    if organisation:
        standing = foreign_facts(actor, view).standings.get((capacity.person, organisation))
        if standing is None or not standing.period.holds(view.now) or capacity.role not in standing.roles:
            raise ForbiddenError("the organisation does not attest this role now", code="not-attested")
    elif capacity.role:
        raise InvalidRequestError("a citizen has no role", code="wrong-capacity")
    return capacity


def check_link(file: CaseFile, payload: Mapping[str, Any]) -> None:
    """Raise StaleError unless a statement is the link that comes next: after the last, naming all who ended since."""
    wanted = (file.sequence + 1, file.head, sorted(file.ended))
    if (payload["sequence"], payload["previous"], payload["ended"]) != wanted:
        raise StaleError("who takes part has changed meanwhile", code=STALE_CASE)


def check_head(view: View, capacity: Capacity, head: str) -> None:
    """Raise ConflictError unless somebody's newest keys in a capacity are those that a statement names."""
    person = view.facts(bytes.fromhex(capacity.person)).value if view.exists(bytes.fromhex(capacity.person)) else None
    chain = person.chains.get(capacity.organisation) if isinstance(person, PersonFacts) else None
    if chain is None or chain.head != head:
        raise ConflictError("the keys of who takes part are others than the statement names", code="other-keys")


def chain_key(view: View, capacity: Capacity) -> bytes:
    """Return the newest signing key of a person in a capacity; raise ForbiddenError without one."""
    person = view.facts(bytes.fromhex(capacity.person)).value if view.exists(bytes.fromhex(capacity.person)) else None
    chain = person.chains.get(capacity.organisation) if isinstance(person, PersonFacts) and not person.revoked else None
    if chain is None:
        raise ForbiddenError("somebody who takes part has no keys", code="no-keys")
    return chain.signing_key


def require_standing(view: View, capacity: Capacity) -> None:
    """Raise InvalidRequestError unless this person exists in this capacity now: attested, or a citizen with keys."""
    id_ = bytes.fromhex(capacity.person)
    person = view.facts(id_).value if view.exists(id_) else None
    employer = None
    if capacity.organisation:
        stream = bytes.fromhex(capacity.organisation)
        found = view.facts(stream).value if view.exists(stream) else None
        employer = found if isinstance(found, OrganisationFacts) else None
    standing = person_standing(person, capacity.organisation, employer) if isinstance(person, PersonFacts) else None
    roles = standing.roles if standing and capacity.organisation else frozenset({""})
    if standing is None or not standing.period.holds(view.now) or capacity.role not in roles:
        raise InvalidRequestError("nobody stands in this capacity now", code="not-attested")


def streams_of(*capacities: Capacity) -> tuple[bytes, ...]:
    """The streams that tell whether these people stand in these capacities."""
    ids = (each for capacity in capacities for each in capacity[:2] if each)
    return tuple(bytes.fromhex(each) for each in dict.fromkeys(ids))


def _check_system(statement: Statement, actor: Actor, view: View) -> None:
    organisation = view.facts(actor.organisation).value if actor.organisation else None
    keys = organisation.systems.get(actor.id.hex()) if isinstance(organisation, OrganisationFacts) else None
    if keys is None or not keys.period.holds(view.now) or statement.payload["signer"] != actor.id.hex():
        raise ForbiddenError("the organisation does not attest this system now", code="not-attested")
    try:
        verify(statement, keys.signing_key)
    except CryptoError as error:
        raise ForbiddenError("the statement is not signed with the system's key", code="wrong-signer") from error
